"""Policies in the database, in versions; the nearest above an institution holds for it."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final, NamedTuple

import msgspec
from sqlalchemy import Engine, func, insert, select
from sqlalchemy.exc import IntegrityError

from base.keyring import KeyRing
from base.refusal import TakenError
from base.tenancy import above, system
from supervision.operations.policy import DEFAULT, Policy
from supervision.operations.tables import policies

_read: Final = msgspec.json.Decoder(Policy).decode


class Held(NamedTuple):
    """A policy with whose it is; version 0 of no tenant is what we ship."""

    tenant: str
    version: int
    policy: Policy


SHIPPED: Final = Held("", 0, DEFAULT)


class Policies:
    """Policies of whoever acts."""

    def __init__(self, engine: Engine, ring: KeyRing) -> None:
        self._engine, self._ring = engine, ring

    def put(self, tenant: str, policy: Policy, author: str, at: datetime, version: int) -> Held:
        """Another version of a tenant's policy; ``version`` is the one that was looked at (0: there was none). Raises
        ``TakenError`` when somebody else was quicker."""
        made = version + 1
        sealed = self._ring.seal(msgspec.json.encode(policy), _bound(tenant, made))
        row = {"tenant": tenant, "version": made, "author": author[:80], "at": at, "sealed": sealed}
        try:
            with self._engine.begin() as connection:
                newest = select(func.max(policies.c.version)).where(policies.c.tenant == tenant)
                if (connection.execute(newest).scalar() or 0) != version:
                    raise _moved()
                connection.execute(insert(policies).values(row))
        except IntegrityError:
            raise _moved() from None
        return Held(tenant, made, policy)

    def of(self, tenant: str) -> Held:
        """The policy that holds for a tenant: its own, else that of the nearest above it."""
        over = above(tenant)
        with system("policies of operations hold for all below"):
            held = self._newest(over)
        return next((held[path] for path in reversed(over) if path in held), SHIPPED)

    def _newest(self, tenants: list[str]) -> dict[str, Held]:
        c = policies.c
        query = select(policies).where(c.tenant.in_(tenants)).order_by(c.tenant, c.version)
        with self._engine.connect() as connection:
            rows = {row.tenant: row for row in connection.execute(query)}
        return {tenant: self._opened(row) for tenant, row in rows.items()}

    def _opened(self, row: Any) -> Held:
        raw = self._ring.unseal(row.sealed, _bound(row.tenant, row.version))
        return Held(row.tenant, row.version, _read(raw))


def _moved() -> TakenError:
    return TakenError("告警策略已被他人修改，请重新读取后再改")


def _bound(tenant: str, version: int) -> bytes:
    return f"operations_policy/{tenant}/{version}".encode()
