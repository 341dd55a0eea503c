"""Telling subscribers as the settings want it: whom we may call, and what whoever asked may still read."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy import Connection, Engine

from api.bootstrap import House, who_is_who
from api.fhir_rights import permission, shown
from base import accounts, clients
from base.audit import AuditLog, Event
from base.keyring import KeyRing
from base.roles import PERMISSIONS, below, grants_of, roles
from base.tenancy import system
from exchange.delivery import Deliverer, Rules, Told
from records.consent import Consents, is_group
from records.registry import Directory, Registry
from records.store import Repository

_FRESH_SECONDS: Final = 5.0


def deliverer(house: House, ring: KeyRing, audit: AuditLog) -> Deliverer:
    """One worker that tells subscribers."""
    settings, people = house.settings, who_is_who(house, ring)
    consents = Consents(people, _Groups(house.engine).is_group)

    def note(told: Told) -> None:
        name = told.author.partition(":")[2]
        subject, why = f"{told.source}/{told.reference}", f"subscription/{told.subscription}"
        audit.note(Event(name, "person.read", subject[:160], told.tenant, why=why))

    rules = Rules(settings.webhook_hosts, settings.webhook_secret, settings.league, sight(house.engine), note)
    return Deliverer(house.engine, ring, Repository(house.engine, ring, consents), people, rules)


class _Groups:
    """Which paths only hold institutions, as the registry says, read again from time to time."""

    def __init__(self, engine: Engine) -> None:
        self._engine, self._directory, self._read = engine, Directory(), float("-inf")

    def is_group(self, tenant: str) -> bool:
        if time.monotonic() - self._read > _FRESH_SECONDS:
            with system("who belongs to the league"), self._engine.connect() as connection:
                self._directory = Registry().directory(connection)
            self._read = time.monotonic()
        registered = self._directory.is_group(tenant)
        return is_group(tenant) if registered is None else registered


def sight(engine: Engine) -> Callable[[str, str, str], Callable[[dict[str, Any]], dict[str, Any]] | None]:
    """How the author of a subscription (``client:his-a``) sees a type of resources of a tenant today; None when they
    may not read it any more."""

    def see(author: str, tenant: str, kind: str) -> Callable[[dict[str, Any]], dict[str, Any]] | None:
        with system("may somebody"), engine.connect() as connection:
            held = _held(connection, author, tenant)
        return (lambda resource: shown(resource, held)) if permission(kind, "read") in held else None

    return see


def _held(connection: Connection, author: str, tenant: str) -> frozenset[str]:
    """What somebody may do to a tenant's rows; nothing when they are locked or gone. Operators may do all."""
    kind, _, name = author.partition(":")
    now = datetime.now(UTC)
    if kind == "client":
        known = clients.by_id(connection, name)
        usable = known is not None and known.usable(now) and below(tenant, [known.tenant])
        return known.permissions if known is not None and usable else frozenset()
    if kind != "account":
        return frozenset(PERMISSIONS)
    try:
        account = accounts.by_name(connection, name)
    except accounts.AccountError:
        return frozenset()
    if not account.usable(now):
        return frozenset()
    defined = roles(connection)
    granted = grants_of(connection, [account.id])
    fitting = (g.role for g in granted if g.role in defined and below(tenant, [g.tenant]))
    return frozenset().union(*(defined[role].permissions for role in fitting))
