"""Views of boards that people keep: a title for an address, for themselves or for their institution and all below.

An address holds what a board is narrowed to and never whom it is about: only these pages and only these parts of a
query are kept, none of which leads to a patient, a visit, a record or a message. A title is what its maker writes.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple
from urllib.parse import parse_qsl
from uuid import uuid4

from sqlalchemy import (
    Boolean,
    Column,
    DateTime,
    Engine,
    String,
    Table,
    UniqueConstraint,
    and_,
    delete,
    false,
    insert,
    or_,
    select,
)
from sqlalchemy.exc import IntegrityError

from base.db import METADATA, OWN
from base.refusal import MissingError, RefusedError, TakenError
from base.tenancy import system

_LONGEST_TITLE: Final = 60
_LONGEST_ADDRESS: Final = 500
_SPAN: Final = ("since", "until")
_OWNERS: Final = "views are their maker's own, and shared ones are for all below"

views = Table(
    "board_view",
    METADATA,
    Column("id", String(36), primary_key=True),
    Column("tenant", String(200), nullable=False),
    Column("page", String(40), nullable=False),
    Column("title", String(_LONGEST_TITLE), nullable=False),
    Column("address", String(_LONGEST_ADDRESS), nullable=False),
    Column("shared", Boolean, nullable=False),
    Column("author", String(120), nullable=False),
    Column("at", DateTime(timezone=True), nullable=False),
    UniqueConstraint("author", "page", "title", name="board_view_title"),
    info=OWN,
)


@dataclass(frozen=True, slots=True)
class Board:
    """A board whose views are kept: who may read it and share views of it, the paths that are its own, and what of
    their query a view may hold."""

    read: str
    share: str
    paths: str
    narrows: frozenset[str]


def _board(read: str, share: str, paths: str, *narrows: str) -> Board:
    return Board(read, share, paths, frozenset(narrows))


BOARDS: Final = {
    "boards": _board(
        *("indicator.read", "indicator.write", r"boards(/[a-z0-9-]{1,80})?"),
        *("theme", "period", "by", "only"),
    ),
    "governance": _board(
        *("review.read", "indicator.write", r"governance(/alerts)?"),
        *("days", "share", "answers", "noise", "rule", "family", "since", "outcome"),
    ),
    "dataquality": _board(
        *("quality.read", "quality.write", r"dataquality(/(scores|parts|faults))?", *_SPAN),
        *("tenant", "by", "dimension", "kind", "rule", "state", "severity", "overdue"),
    ),
    "recordqc": _board(
        *("qc.read", "qc.decide", r"recordqc(/(reports|defects|statistics|national))?", *_SPAN),
        *("kind", "stage", "grade", "department", "doctor", "state", "of", "by"),
    ),
    "queue": _board("review.read", "review.supervise", r"queue/figures", "days"),
}
"""By the first part of their paths below ``/ui/``."""


class View(NamedTuple):
    """A view: of which board, its address, whose it is (``tenant`` too, when it is ``shared``)."""

    id: str
    tenant: str
    page: str
    title: str
    address: str
    shared: bool
    author: str
    at: datetime


def page_of(address: str) -> str:
    """The board that an address is a view of. Raises ``RefusedError``."""
    if len(address) > _LONGEST_ADDRESS:
        raise RefusedError("address", f"最长 {_LONGEST_ADDRESS} 个字符")
    path, _, query = address.partition("?")
    page = path.removeprefix("/ui/").partition("/")[0]
    known = BOARDS.get(page)
    if known is None or not re.fullmatch(f"/ui/{known.paths}/?", path) or "#" in query or not query.isprintable():
        problem = "须为看板页面的地址，如 /ui/boards?theme=overview；关于某位患者、某份病历的页面不能存为视图"
        raise RefusedError("address", problem)
    unknown = {name for name, _ in parse_qsl(query, keep_blank_values=True)} - known.narrows
    if unknown:
        named = "、".join(sorted(unknown))
        raise RefusedError("address", f"视图不保存指向患者、病历或报文的条件及其他条件（{named}），请先清除再保存")
    return page


class Views:
    """Keeps views and offers them."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def keep(self, tenant: str, address: str, title: str, author: str, *, shared: bool) -> View:
        """Of one's own whoever one is, and for an institution in the scope that acts. Raises ``RefusedError``,
        ``TakenError`` when one has such a title on this board, ``TenancyError``."""
        if not 1 <= len(title) <= _LONGEST_TITLE or not title.isprintable():
            raise RefusedError("title", f"须为 1 至 {_LONGEST_TITLE} 个可显示的字符")
        made = View(str(uuid4()), tenant, page_of(address), title, address, shared, author, datetime.now(UTC))
        try:
            if shared:
                self._insert(made)
            else:
                with system(_OWNERS):
                    self._insert(made)
        except IntegrityError:
            raise TakenError(f"您已有名为“{title}”的视图，请换一个名称") from None
        return made

    def _insert(self, made: View) -> None:
        with self._engine.begin() as connection:
            connection.execute(insert(views).values(made._asdict()))

    def offered(self, page: str, author: str, tenants: Collection[str]) -> list[View]:
        """Of a board, by title: one's own first, then what these institutions share."""
        others = and_(views.c.shared, views.c.tenant.in_(tenants)) if tenants else false()
        query = select(views).where(views.c.page == page, or_(views.c.author == author, others))
        with system(_OWNERS), self._engine.connect() as connection:
            found = [_read(row) for row in connection.execute(query)]
        return sorted(found, key=lambda one: (one.author != author, one.title))

    def one(self, number: str) -> View:
        """Whoever's it is. Raises ``MissingError``."""
        with system(_OWNERS), self._engine.connect() as connection:
            row = connection.execute(select(views).where(views.c.id == number)).first()
        if row is None:
            raise missing()
        return _read(row)

    def remove(self, number: str) -> None:
        """Whoever's it is. Raises ``MissingError``."""
        with system(_OWNERS), self._engine.begin() as connection:
            if connection.execute(delete(views).where(views.c.id == number)).rowcount == 0:
                raise missing()


def missing() -> MissingError:
    """There is no such view, or it is none of whoever asks."""
    return MissingError("没有该视图")


def _read(row: Any) -> View:
    return View(**row._mapping)


__all__ = ["BOARDS", "Board", "View", "Views", "missing", "page_of", "views"]
