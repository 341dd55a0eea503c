"""Analysis by hand (自助分析): sums over any fact that nobody declared an indicator for, in a closed form.

A form names columns and codes, never SQL. What it asks for becomes measures like those of indicators and is answered
by the same engine, in the same scope.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final, Literal

import msgspec

from supervision.figures.catalogue import Catalogue
from supervision.figures.crosstab import PERIOD
from supervision.figures.duck import quoted
from supervision.figures.fact import Column, Fact, Type
from supervision.figures.indicator import Indicator, Measure, Source, Sum, Theme
from supervision.figures.sums import AskError

_NUMERIC: Final = (Type.NUMBER, Type.COUNT)
_TITLES: Final = {"count": "条数", "sum": "合计", "mean": "平均", "distinct": "去重计数"}
_MOST_MEASURES, _MOST_DIMENSIONS, _MOST_VALUES = 12, 4, 200
_OWN: Final = Source("自助分析", None, "")


class Wanted(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="camel", kw_only=True):
    """Something to add up: rows (``count``), a column's sum or mean over the rows that have it, its different values;
    of rows in which columns have one of some values (``only``)."""

    sum: Literal["count", "sum", "mean", "distinct"] = "count"
    column: str = ""
    title: str = ""
    only: dict[str, list[str | bool | float]] = {}


class Form(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="camel", kw_only=True):
    """What is analysed: a fact, what is added up of it, how that is broken down, and of which rows. ``across`` are
    those of ``by`` (and ``period``, when it is cut up) that make columns of a table, not rows."""

    fact: str
    measures: list[Wanted]
    by: list[str] = []
    across: list[str] = []
    only: dict[str, list[str]] = {}
    each: Literal["", "month", "quarter", "year"] = ""


def indicators(form: Form, known: Catalogue) -> list[Indicator]:
    """A form as indicators that are nowhere declared. Raises ``AskError`` that names the field."""
    fact = known.facts.get(form.fact)
    if fact is None:
        raise AskError("fact", f"没有名为 {form.fact[:40]} 的数据表，可用: {', '.join(known.facts)}")
    if not 1 <= len(form.measures) <= _MOST_MEASURES:
        raise AskError("measures", f"须有 1 至 {_MOST_MEASURES} 项")
    if len(form.by) > _MOST_DIMENSIONS:
        raise AskError("by", f"最多 {_MOST_DIMENSIONS} 个维度")
    if lost := set(form.across).difference(form.by, [PERIOD] if form.each else []):
        raise AskError("across", f"列中的 {', '.join(sorted(lost))[:80]} 不在 by 中；时间分段后可用 {PERIOD}")
    return [_indicator(place, wanted, fact) for place, wanted in enumerate(form.measures)]


def _indicator(place: int, wanted: Wanted, fact: Fact) -> Indicator:
    path = f"measures[{place}]"
    where = " AND ".join(_conditions(wanted.only, fact, path))
    title, numerator, denominator = _measured(wanted, fact, where, path)
    shown = wanted.title or title
    return Indicator(f"m{place + 1}", shown, (Theme.OVERVIEW,), "", _OWN, numerator, denominator)


def _measured(wanted: Wanted, fact: Fact, where: str, path: str) -> tuple[str, Measure, Measure | None]:
    """The title of what is wanted, and what it is reckoned from."""
    if wanted.sum == "count":
        return f"{fact.title}{_TITLES['count']}", Measure(fact.name, _TITLES["count"], where=where), None
    column = _column(wanted.column, fact, f"{path}.column")
    title = f"{column.title}{_TITLES[wanted.sum]}"
    if wanted.sum == "distinct":
        return title, Measure(fact.name, title, column.name, where, Sum.DISTINCT), None
    if column.type not in _NUMERIC:
        raise AskError(f"{path}.column", f"“{column.title}”不是数值，可用: {', '.join(_numeric(fact))}")
    whole = Measure(fact.name, title, column.name, where)
    if wanted.sum == "sum":
        return title, whole, None
    filled = " AND ".join(filter(None, (where, f"{column.name} IS NOT NULL")))
    return title, whole, Measure(fact.name, "有值的条数", where=filled)


def _conditions(only: Mapping[str, list[str | bool | float]], fact: Fact, path: str) -> Iterator[str]:
    for name, values in only.items():
        column = _column(name, fact, f"{path}.only")
        if not 1 <= len(values) <= _MOST_VALUES:
            raise AskError(f"{path}.only.{name}", f"须有 1 至 {_MOST_VALUES} 个值")
        yield f"{column.name} IN ({', '.join(_literal(value, column, f'{path}.only.{name}') for value in values)})"


def _column(name: str, fact: Fact, path: str) -> Column:
    """Raises ``AskError``."""
    found = fact.columns.get(name)
    if found is None:
        raise AskError(path, f"“{fact.title}”没有列 {name[:40]}，可用: {', '.join(fact.columns)}")
    return found


def _literal(value: str | bool | float, column: Column, path: str) -> str:
    """A value as SQL. Raises ``AskError`` when a column cannot have it."""
    if column.type is Type.FLAG and isinstance(value, bool):
        return str(value).lower()
    if column.type in _NUMERIC and isinstance(value, int | float) and not isinstance(value, bool):
        return repr(value)
    if column.type is Type.TEXT and isinstance(value, str) and value in (column.choices or (value,)):
        return quoted(value)
    known = ", ".join(column.choices) or {Type.FLAG: "true, false", Type.DAY: "（日期请用期间）"}.get(
        column.type, "数值"
    )
    raise AskError(path, f"“{column.title}”不能是该值，可用: {known}")


def _numeric(fact: Fact) -> list[str]:
    return [column.name for column in fact.columns.values() if column.type in _NUMERIC]


__all__ = ["Form", "Wanted", "indicators"]
