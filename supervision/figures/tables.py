"""Figures as tables that people read: titles for names, codes and institutions."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from supervision.figures.answers import Compared, Line
from supervision.figures.dimension import Dimension
from supervision.figures.indicator import Indicator

Name = Callable[[str], str]
"""What people call an institution."""
_TENANTS = frozenset(("league", "county", "hospital", "institution"))


def titled(dimension: Dimension, value: str | None, called: Name) -> str:
    """A value of a dimension as people call it."""
    if value is None:
        return "未填"
    if dimension.name in _TENANTS:
        return called(value)
    return dimension.choices.get(value, value)


def rows_of(one: Indicator, lines: Iterable[Line], by: Sequence[Dimension], called: Name) -> Iterator[dict[str, Any]]:
    """Lines of an indicator as rows of a sheet."""
    for line in lines:
        row: dict[str, Any] = {"指标": one.title, "期间": str(line.period)}
        for dimension, value in zip(by, line.group, strict=True):
            row[dimension.title] = titled(dimension, value, called)
        row |= {"数值": line.now.value, "单位": one.unit, "分子": line.now.numerator, "分母": line.now.denominator}
        row |= _compared("同期", "同比%", line.same) | _compared("上期", "环比%", line.previous)
        yield row | {"名次": line.rank, "预警": "是" if line.warns else "", "未知条数": line.now.unknown}


def _compared(then: str, change: str, told: Compared | None) -> dict[str, float | None]:
    return {} if told is None else {then: told.value, change: told.change}


def sheets(
    told: Mapping[str, Sequence[Line]], known: Mapping[str, Indicator], by: Sequence[Dimension], called: Name
) -> dict[str, list[dict[str, Any]]]:
    """Several indicators: one sheet with all lines, the warnings apart."""
    rows = [row for name, lines in told.items() for row in rows_of(known[name], lines, by, called)]
    found = {"指标": rows}
    warned = [row for row in rows if row["预警"]]
    return found | {"预警": warned} if warned else found


__all__ = ["Name", "rows_of", "sheets", "titled"]
