"""Who may see and change which rows: institutions in a tree, and one place where every statement is held to it.

A tenant is a path from the league down: ``league/county-a/hospital-1``. A table whose rows belong to tenants names
its column in ``info={"tenant": "tenant"}``. Engines that ``guard`` watches then refuse any statement over such a
table outside of a ``Scope``, narrow what reads, updates and deletes see to the paths of the scope, and refuse rows
written elsewhere. Nothing that uses the database needs to remember it, and nothing can forget it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import ColumnElement, Engine, FromClause, Table, event, false, or_
from sqlalchemy.sql import Insert, visitors
from sqlalchemy.sql.elements import ClauseElement, TextClause
from sqlalchemy.sql.selectable import Alias, Join

_PART: Final = r"[A-Za-z0-9][A-Za-z0-9_.-]{0,39}"
_PATH: Final = re.compile(rf"{_PART}(?:/{_PART}){{0,7}}")
LEVELS: Final = ("league", "county", "hospital", "clinic")


class TenancyError(Exception):
    """A statement that no scope allows. The message names the table and what is missing, never a value."""


def tenant_path(text: str) -> str:
    """The path of a tenant, checked. Raises ``TenancyError`` when it is none: parts of letters, digits, ``_.-``."""
    if not _PATH.fullmatch(text):
        raise TenancyError("a tenant is a path like league/county-a/hospital-1")
    return text


def above(tenant: str) -> list[str]:
    """A tenant and all above it, the topmost first."""
    parts = tenant.split("/")
    return ["/".join(parts[: n + 1]) for n in range(len(parts))]


class UnscopedError(TenancyError):
    """A statement made where nobody said who asks: a fault of ours, never the caller's."""


@dataclass(frozen=True, slots=True)
class Scope:
    """What whoever acts may reach. ``reads`` and ``writes`` are tenant paths, each with all that is below it;
    ``everything`` is for the system's own work (migrations, retention, verification) and says why."""

    actor: str
    reads: tuple[str, ...] = ()
    writes: tuple[str, ...] = ()
    everything: str = ""

    def may_read(self, tenant: str) -> bool:
        return bool(self.everything) or _below(tenant, self.reads)

    def may_write(self, tenant: str) -> bool:
        return bool(self.everything) or _below(tenant, self.writes)


_SCOPE: Final[ContextVar[Scope | None]] = ContextVar("scope", default=None)


@contextmanager
def acting(scope: Scope) -> Iterator[Scope]:
    """Statements within are held to this scope."""
    for path in (*scope.reads, *scope.writes):
        tenant_path(path)
    token = _SCOPE.set(scope)
    try:
        yield scope
    finally:
        _SCOPE.reset(token)


@contextmanager
def system(reason: str) -> Iterator[Scope]:
    """The system's own work over all tenants; the reason is what an audit shows."""
    if not reason:
        raise TenancyError("the system's own work must say why")
    with acting(Scope("system", everything=reason)) as scope:
        yield scope


def current() -> Scope | None:
    """The scope that statements are held to now."""
    return _SCOPE.get()


def guard(engine: Engine) -> Engine:
    """Hold every statement of an engine to the scope it is made in."""

    @event.listens_for(engine, "before_execute", retval=True)
    def held(connection: Any, statement: Any, multi: Any, params: Any, options: Any) -> tuple[Any, Any, Any]:
        return _held(statement, _rows(multi, params)), multi, params

    return engine


def may_write(table: Table, rows: Iterable[Mapping[str, Any]]) -> None:
    """Hold rows that go past ``execute`` (COPY) to the scope. Raises ``TenancyError``."""
    scope = _SCOPE.get()
    if "tenant" not in table.info or (scope is not None and scope.everything):
        return
    if scope is None:
        raise UnscopedError(f"{table.name}: no scope says who asks")
    key = table.info["tenant"]
    if not all(isinstance(row.get(key), str) and scope.may_write(row[key]) for row in rows):
        raise TenancyError(f"{table.name}: a row of a tenant outside the scope")


def _rows(multi: Any, params: Any) -> list[Mapping[str, Any]]:
    given = list(multi) if isinstance(multi, list | tuple) else [multi] if multi else []
    return [row for row in (*given, params) if isinstance(row, Mapping) and row]


def _held(statement: Any, rows: Sequence[Mapping[str, Any]]) -> Any:
    """The statement, narrowed to the scope. Raises ``TenancyError``."""
    scope = _SCOPE.get()
    if not isinstance(statement, ClauseElement) or (scope is not None and scope.everything):
        return statement
    if isinstance(statement, TextClause):
        raise TenancyError("SQL as text cannot be held to a scope")
    tables = list(_owned(statement))
    if not tables:
        return statement
    if scope is None:
        raise UnscopedError(f"{tables[0].name}: no scope says who asks")
    if isinstance(statement, Insert):
        _may_insert(statement, rows, scope)
    return _narrowed(statement, scope, rows)


def _owned(statement: ClauseElement) -> Iterator[Table]:
    """Tables of tenants that a statement touches, however deep."""
    for element in visitors.iterate(statement):
        if isinstance(element, Table) and "tenant" in element.info:
            yield element
    table = getattr(statement, "table", None)
    if isinstance(table, Table) and "tenant" in table.info:
        yield table


def _narrowed(statement: Any, scope: Scope, rows: Sequence[Mapping[str, Any]]) -> Any:
    def select(element: Any) -> None:
        for column in _columns(element.get_final_froms()):
            element._where_criteria += (_within(column, scope.reads),)

    def change(element: Any) -> None:
        column = _column(element.table)
        if column is not None:
            element._where_criteria += (_within(column, scope.writes),)

    def update(element: Any) -> None:
        change(element)
        column = _column(element.table)
        if column is not None:
            _may_move(element, column, rows, scope)

    return visitors.cloned_traverse(statement, {}, {"select": select, "update": update, "delete": change})


def _columns(froms: Iterable[FromClause]) -> Iterator[ColumnElement[Any]]:
    """Tenant columns of what a select reads from directly; what nests narrows itself. A row that an outer join adds
    but the scope hides takes the whole row along: nobody learns that it is there."""
    for source in froms:
        if isinstance(source, Join):
            yield from _columns((source.left, source.right))
        else:
            column = _column(source)
            if column is not None:
                yield column


def _column(source: FromClause) -> ColumnElement[Any] | None:
    """The tenant column of a table, or of an alias of one."""
    table = source.element if isinstance(source, Alias) else source
    if isinstance(table, Table) and "tenant" in table.info:
        column: ColumnElement[Any] = source.c[table.info["tenant"]]
        return column
    return None


def _within(column: ColumnElement[Any], paths: Sequence[str]) -> ColumnElement[bool]:
    """The row is of one of the paths or below it; of none when there are none."""
    if not paths:
        return false()
    return or_(*(or_(column == path, column.startswith(f"{path}/", autoescape=True)) for path in paths))


def _below(tenant: str, paths: Sequence[str]) -> bool:
    return any(tenant == path or tenant.startswith(f"{path}/") for path in paths)


def _may_insert(statement: Insert, rows: Sequence[Mapping[str, Any]], scope: Scope) -> None:
    column = _column(statement.table)
    if column is None:
        return
    if statement.select is not None:
        raise TenancyError(f"{_name(statement)}: rows of tenants are not copied by a select")
    for tenant in _given(statement, column, rows):
        if not isinstance(tenant, str) or not scope.may_write(tenant):
            raise TenancyError(f"{_name(statement)}: a row of a tenant outside the scope")


def _may_move(statement: Any, column: ColumnElement[Any], rows: Sequence[Mapping[str, Any]], scope: Scope) -> None:
    """An update may give a row to another tenant only within the scope."""
    values = {getattr(k, "key", k): v for k, v in (statement._values or {}).items()}
    given = [getattr(values[column.key], "value", None)] if column.key in values else []
    given += [row[str(column.key)] for row in rows if str(column.key) in row]
    if any(not isinstance(tenant, str) or not scope.may_write(tenant) for tenant in given):
        raise TenancyError(f"{statement.table.name}: a row given to a tenant outside the scope")


def _given(statement: Any, column: ColumnElement[Any], rows: Sequence[Mapping[str, Any]]) -> Iterator[Any]:
    """The tenants of the rows that an insert writes."""
    key = str(column.key)
    if rows:
        yield from (row.get(key) for row in rows)
        return
    for group in statement._multi_values or ():
        for row in group:
            yield {getattr(k, "key", k): v for k, v in row.items()}.get(key) if isinstance(row, Mapping) else None
    if not statement._multi_values:
        values = {getattr(k, "key", k): v for k, v in (statement._values or {}).items()}
        yield getattr(values.get(key), "value", None)


def _name(statement: Any) -> str:
    return str(statement.table.name)


__all__ = [
    "LEVELS",
    "Scope",
    "TenancyError",
    "UnscopedError",
    "acting",
    "current",
    "guard",
    "may_write",
    "system",
    "tenant_path",
]
