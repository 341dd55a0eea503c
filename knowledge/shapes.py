"""What a row of a table makes, asked of the table itself with a row whose every cell is filled."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Final

from knowledge.building import CITING
from knowledge.model import Concept, Statement
from knowledge.tables import BY_NAME, CONCEPTS, TABLES, Column, Kind, Table

_LISTS: Final = (Kind.LIST, Kind.DRUGS, Kind.DISEASES, Kind.ICD10)
_FIGURES: Final = (Kind.NUMBER, Kind.AGE, Kind.DURATION)
_WORD: Final = "2000-01-01"
"""Any text; a date, because some texts must be one."""


@lru_cache
def said_of(name: str, predicate: str) -> tuple[Column, ...]:
    """Columns of a table whose cells are said by its statements of a predicate: they may be changed without the
    statement becoming another one about something else. Empty when its rows make no such statement."""
    table = BY_NAME[name]
    made = next((s for s in _made(table) if s.predicate == predicate), None)
    if made is None:
        return ()
    return tuple(c for c in table.columns if c.field in made.qualifiers and c.field not in CITING)


def _made(table: Table) -> list[Statement]:
    filled = {column.field: _cell(column) for column in table.columns}
    return [record for record in table.build(filled) if isinstance(record, Statement)]


def _cell(column: Column) -> Any:
    if column.choices:
        first = next(iter(column.choices.values()))
        return (first,) if column.kind is Kind.ENUMS else first
    if column.kind in _LISTS:
        return (_WORD,)
    if column.kind in _FIGURES:
        return 1.0
    return {Kind.INTEGER: 1, Kind.YES: True}.get(column.kind, _WORD)


@lru_cache
def attributes_of(kind: str) -> tuple[Column, ...]:
    """Columns of the tables of a kind of concept that say what is true of the thing itself."""
    found: dict[str, Column] = {}
    for table in TABLES:
        if table.rank == CONCEPTS:
            filled = {column.field: _cell(column) for column in table.columns}
            made = [record for record in table.build(filled) if isinstance(record, Concept) and record.kind == kind]
            kept = {field for concept in made for field in concept.attributes}
            found |= {column.field: column for column in table.columns if column.field in kept}
    return tuple(found.values())
