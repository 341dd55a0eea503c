"""What is stored can be shown as the cells it was typed as, and typed again comes out the same."""

from __future__ import annotations

import pytest

from knowledge.cells import read_cell, written
from knowledge.model import Predicate, Statement
from knowledge.shapes import said_of
from knowledge.snapshot import Snapshot
from knowledge.tables import Column, Kind
from nlp.sentences import FAMILIES


@pytest.mark.parametrize(
    ("kind", "value", "cell"),
    [
        (Kind.AGE, 28.0, "4周"),
        (Kind.AGE, 30.0, "30天"),
        (Kind.AGE, 4383.0, "12岁"),
        (Kind.DURATION, 12.0, "12小时"),
        (Kind.DURATION, 36.0, "36小时"),
        (Kind.NUMBER, 0.25, "0.25"),
        (Kind.YES, True, "是"),
        (Kind.LIST, ["口服", "静脉滴注"], "口服;静脉滴注"),
    ],
)
def test_a_value_is_written_as_people_type_it(kind: Kind, value: object, cell: str) -> None:
    assert written(Column("x", "项目", kind), value) == cell


@pytest.mark.parametrize("kind", [Kind.NUMBER, Kind.INTEGER])
@pytest.mark.parametrize("cell", ["nan", "inf", "1e999", "十", "-1"])
def test_what_is_no_figure_is_refused(kind: Kind, cell: str) -> None:
    with pytest.raises(ValueError, match="不是数字|不能为负数"):
        read_cell(Column("x", "单次极量", kind), cell)


OWN = sorted((p for p, family in FAMILIES.items() if family.tables and p is not Predicate.CONTAINS), key=str)
"""Predicates that have a table."""


@pytest.mark.parametrize("predicate", OWN)
def test_every_table_of_statements_says_which_cells_may_be_changed(predicate: Predicate) -> None:
    assert any(said_of(table, predicate) for table in FAMILIES[predicate].tables)


@pytest.mark.parametrize("predicate", OWN)
def test_what_we_ship_can_be_shown_as_cells_and_typed_again(snapshot: Snapshot, predicate: Predicate) -> None:
    columns = {c.field: c for table in FAMILIES[predicate].tables for c in said_of(table, predicate)}
    for number, s in enumerate(snapshot.saying(predicate, Statement)):
        for field in s.qualifiers.keys() & columns.keys():
            value, column = s.qualifiers[field], columns[field]
            again = read_cell(column, written(column, value))
            assert (list(again) if isinstance(again, tuple) else again) == pytest.approx(value), (s.id, field)
        if number == 300:
            break
