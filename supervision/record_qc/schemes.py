"""Which scheme of scores holds for an institution: the newest of the nearest tenant that published one, else ours."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final, NamedTuple

import msgspec
import orjson
from sqlalchemy import Engine, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from base.tenancy import system
from records.qc_faults import MissingQcError, TakenQcError
from supervision.record_qc.model import Check
from supervision.record_qc.scheme import Scheme, decode, shipped
from supervision.record_qc.tables import schemes

_WHY: Final = "schemes hold for all below"
_SHIPPED: Final = "shipped"
_MOST: Final = 200


class Edition(NamedTuple):
    """A published scheme. ``id`` is ``tenant#number``; that of ours is ``shipped``."""

    tenant: str
    number: int
    scheme: Scheme
    note: str
    author: str
    published: datetime | None
    withdrawn: datetime | None = None

    @property
    def id(self) -> str:
        return f"{self.tenant}#{self.number}" if self.number else _SHIPPED


def _ours() -> Edition:
    return Edition("", 0, shipped(), "", "", None)


class Schemes:
    """Schemes by tenant; versions are never overwritten."""

    def __init__(self, engine: Engine, checks: Mapping[str, Check]) -> None:
        self._engine, self._checks = engine, checks

    def of(self, tenant: str) -> Edition:
        """The scheme that holds for a tenant."""
        parts = tenant.split("/")
        paths = ["/".join(parts[:n]) for n in range(1, len(parts) + 1)]
        query = select(schemes).where(schemes.c.tenant.in_(paths), schemes.c.withdrawn.is_(None))
        with system(_WHY), self._engine.connect() as connection:
            found = [_edition(row) for row in connection.execute(query)]
        return max(found, key=lambda one: (len(one.tenant), one.number), default=_ours())

    def one(self, id_: str) -> Edition:
        """A scheme by its id, also one that holds no longer. Raises ``MissingQcError``."""
        if id_ == _SHIPPED:
            return _ours()
        tenant, _, number = id_.rpartition("#")
        here = (schemes.c.tenant == tenant, schemes.c.number == (int(number) if number.isdigit() else 0))
        with system(_WHY), self._engine.connect() as connection:
            row = connection.execute(select(schemes).where(*here)).first()
        if row is None:
            raise MissingQcError(f"没有评分标准 {id_}")
        return _edition(row)

    def listed(self) -> list[Edition]:
        """Schemes of the tenants in scope, the newest first, then ours."""
        query = select(schemes).order_by(schemes.c.published.desc(), schemes.c.number.desc()).limit(_MOST)
        with self._engine.connect() as connection:
            return [*(_edition(row) for row in connection.execute(query)), _ours()]

    def publish(self, tenant: str, given: Any, author: str, at: datetime, note: str) -> Edition:
        """Publish a scheme for a tenant and all below. Raises ``SchemeError``, ``TakenQcError``."""
        scheme = decode(given, self._checks)
        body = orjson.dumps(msgspec.to_builtins(scheme)).decode()
        row = {"tenant": tenant, "body": body, "note": note[:400], "author": author[:80], "published": at}
        with self._engine.begin() as connection:
            newest = select(func.coalesce(func.max(schemes.c.number), 0)).where(schemes.c.tenant == tenant)
            number = int(connection.execute(newest).scalar_one()) + 1
            try:
                connection.execute(insert(schemes).values(row | {"number": number, "withdrawn": None}))
            except IntegrityError:
                raise TakenQcError("刚有他人同时发布，请刷新后重试") from None
        return Edition(tenant, number, scheme, note[:400], author[:80], at)

    def withdraw(self, tenant: str, number: int, at: datetime) -> None:
        """Take a scheme back: the one before holds again. Raises ``MissingQcError``."""
        here = (schemes.c.tenant == tenant, schemes.c.number == number, schemes.c.withdrawn.is_(None))
        with self._engine.begin() as connection:
            if connection.execute(update(schemes).where(*here).values(withdrawn=at)).rowcount != 1:
                raise MissingQcError(f"没有第 {number} 版评分标准，或已撤回")


def _edition(row: Any) -> Edition:
    scheme = msgspec.convert(orjson.loads(row.body), Scheme)
    return Edition(row.tenant, row.number, scheme, row.note, row.author, row.published, row.withdrawn)
