"""Institutions of the league: registered under one another, described, closed and opened again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Literal

from sqlalchemy import Connection, Engine

from api.access import Principal
from api.administering import reached
from api.bodies import Body
from api.errors import ApiError, bad_field
from base import roles
from records.registry import KINDS, ORGANISATION, Entry, Organisation, Registry, RegistryError

_MOST: Final = 5_000
Kind = Literal["league", "county", "hospital", "clinic"]


class Described(Body, frozen=True, kw_only=True):
    """What is known of an institution; ``level`` is 1 to 3 (一级 to 三级), ``recognition`` names the groups within
    which results count for each other (互认)."""

    name: str
    kind: Kind = "hospital"
    level: Literal[1, 2, 3] | None = None
    aliases: tuple[str, ...] = ()
    recognition: tuple[str, ...] = ()


class InstitutionBody(Described, frozen=True, kw_only=True):
    """``parent`` is the tenant path of what it belongs to, ``code`` its own part of the path."""

    parent: str
    code: str


class ChangeBody(Described, frozen=True, kw_only=True):
    """``version`` is the one that was looked at."""

    version: int


class InstitutionDesk:
    """Does what the routes ask, in the caller's scope."""

    def __init__(self, engine: Engine, league: str) -> None:
        self._engine, self._league, self._registry = engine, league, Registry()

    def listed(self) -> list[Entry]:
        """Every institution of the league, by path."""
        with self._engine.connect() as connection:
            found = self._registry.find(connection, ORGANISATION, limit=_MOST)
        return sorted(found, key=lambda one: one.item.tenant)

    def register(self, found: Principal, given: InstitutionBody) -> Entry:
        """Raises ``ApiError`` 400, 403, and ``RegistryError``."""
        tenant = f"{given.parent}/{given.code}" if given.parent else given.code
        reached(found, tenant, "code")
        with self._engine.begin() as connection:
            known = {one.item.tenant: one for one in self._registry.find(connection, ORGANISATION, limit=_MOST)}
            if tenant in known:
                raise ApiError(409, "conflict", f"机构 {tenant} 已登记", "code")
            self._fits(given, known.get(given.parent))
            return self._registry.register(connection, _organisation(tenant, given), actor=found.name)

    def change(self, found: Principal, key: str, given: ChangeBody) -> Entry:
        """Raises ``ApiError`` 403, 404, 409."""
        return self._changed(found, key, lambda connection, entry: self._described(connection, found, entry, given))

    def close(self, found: Principal, key: str, closed: bool) -> Entry:
        """Who works in a closed institution, or below it, is not let in. Raises ``ApiError`` 403, 404."""

        def change(connection: Connection, entry: Entry) -> Entry:
            tenant = entry.item.tenant
            if tenant == self._league or not (
                found.scope.everything or roles.strictly_below(tenant, found.scope.writes)
            ):
                raise ApiError(403, "forbidden", "本级及上级机构须由上级管理员停用", "key")
            return self._registry.update(connection, key, entry.item, actor=found.name, active=not closed)

        return self._changed(found, key, change)

    def _described(self, connection: Connection, found: Principal, entry: Entry, given: ChangeBody) -> Entry:
        tenant, active = entry.item.tenant, entry.active
        item = _organisation(tenant, given)
        try:
            return self._registry.update(
                connection, entry.key, item, actor=found.name, version=given.version, active=active
            )
        except RegistryError as error:
            if error.field == "version":
                raise ApiError(409, "conflict", "机构信息已被他人修改，请刷新后重试", "version") from None
            raise

    def _changed(self, found: Principal, key: str, change: Callable[[Connection, Entry], Entry]) -> Entry:
        with self._engine.begin() as connection:
            entry, item = organisation(connection, key)
            reached(found, item.tenant)
            return change(connection, entry)

    def _fits(self, given: InstitutionBody, parent: Entry | None) -> None:
        """Raises ``ApiError`` 400 for a county below a hospital."""
        if parent is None or not isinstance(parent.item, Organisation):
            if given.parent and given.parent != self._league:
                raise bad_field("parent", f"上级机构 {given.parent} 未登记")
        elif KINDS.index(given.kind) <= KINDS.index(parent.item.kind):
            raise bad_field("kind", "机构类别须低于其上级机构")


def organisation(connection: Connection, key: str) -> tuple[Entry, Organisation]:
    """An institution by its key. Raises ``ApiError`` 404."""
    entry = Registry().get(connection, key)
    if entry is None or not isinstance(entry.item, Organisation):
        raise ApiError(404, "not-found", "没有该机构")
    return entry, entry.item


def _organisation(tenant: str, given: Described) -> Organisation:
    fields = {name: getattr(given, name) for name in Described.__struct_fields__}
    return Organisation(tenant, **fields)
