"""The library, schemes and what was entered, in the database. Nothing is overwritten: what changes is a new version,
and a scheme that was published holds its items as they stood then."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from enum import StrEnum
from typing import Any, Final, NamedTuple

import msgspec
from sqlalchemy import Connection, Engine, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from base.db import insert_many
from base.keyring import KeyRing
from base.refusal import MissingError, TakenError
from base.tenancy import above, system
from clinical.value import Value
from supervision.appraisal import library
from supervision.appraisal import scheme as schemes_of
from supervision.appraisal.library import AppraisalError, Item
from supervision.appraisal.scheme import Scheme, lines
from supervision.appraisal.tables import entries, items, schemes

_TAKEN: Final = "已被他人修改，请重新读取后再改"
_LONGEST: Final = 2_000


class Entry(StrEnum):
    """What was entered: a value of an item, the share that somebody gave it, its target."""

    VALUE = "value"
    SHARE = "share"
    TARGET = "target"


class Definition(Value, frozen=True):
    """A scheme; once published with its items."""

    scheme: Scheme
    items: dict[str, Item] = {}


class Held(NamedTuple):
    """A version of a scheme with whose it is and how it stands."""

    tenant: str
    version: int
    definition: Definition
    author: str
    at: datetime
    published_by: str
    published: datetime | None


class Put(NamedTuple):
    """Something entered of a subject and an item; ``period`` is empty for a target that holds in all."""

    kind: Entry
    scheme: str
    period: str
    subject: str
    item: str
    amount: float
    evidence: str = ""


class Entered(NamedTuple):
    """What counts of it."""

    amount: float
    evidence: str
    author: str


_read_item: Final = msgspec.json.Decoder(Item).decode
_read_scheme: Final = msgspec.json.Decoder(Definition).decode


class Definitions:
    """Definitions of whoever acts (``base.tenancy``)."""

    def __init__(self, engine: Engine, ring: KeyRing) -> None:
        self._engine, self._ring = engine, ring

    # -- the library -------------------------------------------------------------------------

    def put_item(self, tenant: str, item: Item, author: str, at: datetime) -> int:
        """A new item, or another version of one: its number. Raises ``AppraisalError``."""
        library.needed((item.code,), self.items(tenant) | {item.code: library.checked(item)})
        row = {"tenant": tenant, "code": item.code, "author": author[:80], "at": at}
        with _quicker(), self._engine.begin() as connection:
            number = _next(connection, items, tenant, item.code)
            connection.execute(insert(items).values(row | {"version": number, "body": msgspec.json.encode(item)}))
        return number

    def items(self, tenant: str) -> dict[str, Item]:
        """The library of a tenant: its own items, and those of all above it that it has no own of."""
        over = above(tenant)
        c = items.c
        newest = select(c.tenant, c.code, func.max(c.version).label("version")).where(c.tenant.in_(over))
        last = newest.group_by(c.tenant, c.code).subquery()
        same = (c.tenant == last.c.tenant) & (c.code == last.c.code) & (c.version == last.c.version)
        with system("libraries hold for all below"), self._engine.connect() as connection:
            rows = connection.execute(select(items).join(last, same)).all()
        found: dict[str, Item] = {}
        for row in sorted(rows, key=lambda row: (row.code, over.index(row.tenant))):
            found[row.code] = _read_item(row.body)
        return found

    # -- schemes -----------------------------------------------------------------------------

    def put_scheme(self, tenant: str, scheme: Scheme, author: str, at: datetime) -> Held:
        """A draft: a new scheme, or the next version of one. Raises ``AppraisalError``."""
        schemes_of.checked(scheme)
        library.needed(tuple(p.line.item for p in lines(scheme)), self.items(tenant))
        row = {"tenant": tenant, "code": scheme.code, "author": author[:80], "at": at, "published_by": ""}
        body = msgspec.json.encode(Definition(scheme))
        with _quicker(), self._engine.begin() as connection:
            number = _next(connection, schemes, tenant, scheme.code)
            connection.execute(insert(schemes).values(row | {"version": number, "body": body}))
        return self.scheme(tenant, scheme.code, number)

    def publish(self, tenant: str, code: str, version: int, by: str, at: datetime) -> Held:
        """Put a version into force, by somebody else than its author, with its items as they stand now."""
        held = self.scheme(tenant, code, version)
        if held.author == by:
            raise AppraisalError("by", "方案须由编制人以外的人发布")
        scheme = held.definition.scheme
        needed = library.needed(tuple(p.line.item for p in lines(scheme)), self.items(tenant))
        body = msgspec.json.encode(Definition(scheme, needed))
        c = schemes.c
        here = (c.tenant == tenant, c.code == code, c.version == version, c.published.is_(None))
        change = update(schemes).where(*here).values(body=body, published_by=by[:80], published=at)
        with self._engine.begin() as connection:
            if connection.execute(change).rowcount != 1:
                raise TakenError("该版本已经发布")
        return self.scheme(tenant, code, version)

    def scheme(self, tenant: str, code: str, version: int = 0) -> Held:
        """A version of a scheme; without one the newest that is published. Raises ``MissingError``."""
        c = schemes.c
        query = select(schemes).where(c.tenant == tenant, c.code == code).order_by(c.version.desc())
        query = query.where(c.version == version) if version else query.where(c.published.is_not(None))
        with self._engine.connect() as connection:
            row = connection.execute(query.limit(1)).first()
        if row is None:
            raise MissingError("没有该考核方案，或尚未发布")
        return _held(row)

    def schemes(self, tenant: str = "") -> list[Held]:
        """Every version within reach, the newest first."""
        query = select(schemes).order_by(schemes.c.tenant, schemes.c.code, schemes.c.version.desc())
        if tenant:
            query = query.where(schemes.c.tenant == tenant)
        with self._engine.connect() as connection:
            return [_held(row) for row in connection.execute(query)]

    # -- what was entered ------------------------------------------------------------------------

    def enter(self, tenant: str, puts: Sequence[Put], author: str, at: datetime) -> None:
        """Values, shares or targets, all or none. Raises ``AppraisalError``, ``MissingError``."""
        rows: list[dict[str, Any]] = []
        for put in puts:
            _enterable(put, self.scheme(tenant, put.scheme).definition)
            sealed = self._ring.seal(put.evidence.encode(), _bound(put.subject, put.item))
            said = {"kind": put.kind.value, "evidence": sealed, "tenant": tenant, "author": author[:80], "at": at}
            rows.append(put._asdict() | said)
        with self._engine.begin() as connection:
            insert_many(connection, entries, rows)

    def entered(self, tenant: str, scheme: str, kind: Entry) -> dict[tuple[str, str, str], Entered]:
        """What counts of what was entered, by period, subject and item."""
        c = entries.c
        query = select(entries).where(c.tenant == tenant, c.scheme == scheme, c.kind == kind.value)
        with self._engine.connect() as connection:
            rows = connection.execute(query.order_by(c.number)).all()
        return {
            (r.period, r.subject, r.item): Entered(
                r.amount, self._ring.unseal(r.evidence, _bound(r.subject, r.item)).decode(), r.author
            )
            for r in rows
        }


@contextmanager
def _quicker() -> Iterator[None]:
    """Somebody else may write the same version at the same moment. Raises ``TakenError``."""
    try:
        yield
    except IntegrityError:
        raise TakenError(_TAKEN) from None


def _next(connection: Connection, table: Any, tenant: str, code: str) -> int:
    newest = select(func.max(table.c.version)).where(table.c.tenant == tenant, table.c.code == code)
    return (connection.execute(newest).scalar() or 0) + 1


def _enterable(put: Put, definition: Definition) -> None:
    known: Mapping[str, Item] = definition.items
    if put.item not in known:
        raise AppraisalError("item", f"方案中没有指标 {put.item[:60]}")
    if not math.isfinite(put.amount):
        raise AppraisalError("amount", "须为有限的数")
    if put.kind is Entry.VALUE and not isinstance(known[put.item].origin, library.Entered):
        raise AppraisalError("item", f"{known[put.item].title} 的数值不是人工填报的")
    if put.kind is Entry.SHARE and not 0 <= put.amount <= 1:
        raise AppraisalError("amount", "评议得分比例须在 0 到 1 之间")
    if put.kind is Entry.SHARE and not put.evidence.strip():
        raise AppraisalError("evidence", "评议须写明依据")
    if len(put.evidence) > _LONGEST:
        raise AppraisalError("evidence", f"至多 {_LONGEST} 个字")


def _bound(subject: str, item: str) -> bytes:
    return f"appraisal_entry/{subject}/{item}".encode()


def _held(row: Any) -> Held:
    body = _read_scheme(row.body)
    return Held(row.tenant, row.version, body, row.author, row.at, row.published_by, row.published)
