"""Mutual recognition (检查检验结果互认): windows in which a repeat is one, by institution."""

from __future__ import annotations

from collections.abc import Iterator

from knowledge.building import Values, key_of, statement
from knowledge.intake import by_name
from knowledge.model import Predicate, Record
from knowledge.tables._shape import SOURCED, Column, Kind, Table, listed, text


def _build(v: Values) -> Iterator[Record]:
    key = key_of(v, "institutions", "recognised")
    yield statement(v, Predicate.REPEAT_INTERVAL, by_name("check", v["item"]), "", key, "item")


TABLES = (
    Table(
        "repeat_windows",
        "重复与互认窗口",
        "how long a result of a test or examination stands, for some institutions, and whether results of others are "
        "recognised there; rows for the ordering institution come before the general interval of the item",
        (
            text("item", "项目", True, "name of a test or examination"),
            listed("institutions", "机构", "where it is ordered; empty: everywhere"),
            Column("repeat_within", "重复间隔", Kind.DURATION, True),
            Column("recognised", "互认", Kind.YES, help="是: results of other institutions count as recognised"),
            *SOURCED,
        ),
        _build,
    ),
)
