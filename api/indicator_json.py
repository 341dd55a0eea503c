"""Indicators and figures as the API shows them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from supervision.figures.answers import Compared, Line, Lineage
from supervision.figures.catalogue import Catalogue
from supervision.figures.crosstab import Crosstab
from supervision.figures.datasets import Dataset
from supervision.figures.dimension import Dimension, dimensions
from supervision.figures.fact import Column, Fact
from supervision.figures.indicator import DIRECTIONS, THEMES, Indicator
from supervision.figures.lines import Drawn
from supervision.figures.manifest import Held, Loaded
from supervision.figures.tables import Name, titled


def indicator_json(one: Indicator, known: Catalogue) -> dict[str, Any]:
    """A declaration."""
    of_all = [dimensions(known.facts[measure.fact]) for measure in one.measures]
    return {
        "id": one.name,
        "title": one.title,
        "themes": [{"id": theme.value, "title": THEMES[theme]} for theme in one.themes],
        "unit": one.unit,
        "formula": one.formula,
        "source": str(one.source),
        "direction": one.direction.value,
        "directionTitle": DIRECTIONS[one.direction],
        "warningLine": one.warn,
        "limits": one.limits._asdict(),
        "unknown": one.unknown,
        "facts": sorted({measure.fact for measure in one.measures}),
        "usualDimensions": list(one.by),
        "dimensions": [_dimension(d) for d in of_all[0].values() if all(d.name in other for other in of_all)],
    }


def _dimension(one: Dimension) -> dict[str, Any]:
    told: dict[str, Any] = {"id": one.name, "title": one.title}
    return told | {"values": dict(one.choices)} if one.choices else told


def lines_json(lines: Iterable[Line], by: Sequence[Dimension], called: Name) -> list[dict[str, Any]]:
    return [_line(line, by, called) for line in lines]


def _line(line: Line, by: Sequence[Dimension], called: Name) -> dict[str, Any]:
    group = [
        {"dimension": one.name, "value": value, "title": titled(one, value, called)}
        for one, value in zip(by, line.group, strict=True)
    ]
    return {
        "group": group,
        "period": str(line.period),
        "value": line.now.value,
        "numerator": line.now.numerator,
        "denominator": line.now.denominator,
        "unknown": line.now.unknown,
        "samePeriod": _compared(line.same),
        "previousPeriod": _compared(line.previous),
        "rank": line.rank,
        "warns": line.warns,
        "limits": line.limits._asdict(),
    }


def _compared(told: Compared | None) -> dict[str, float | None] | None:
    return None if told is None else {"value": told.value, "changePercent": told.change}


def lineage_json(lineage: Lineage) -> dict[str, Any]:
    """Files and loads, the newest first."""
    parts = [
        {"fact": p.fact, "tenant": p.tenant, "month": f"{p.month:%Y-%m}", "version": p.version}
        | {"rows": p.rows, "load": p.load, "written": p.written.isoformat()}
        for p in lineage.parts
    ]
    return {"parts": parts, "loads": [_load(load) for load in lineage.loads]}


def _load(load: Loaded) -> dict[str, Any]:
    told = load.told
    counts = {"received": load.received, "replaced": load.replaced, "removed": load.removed}
    where = {"fact": told.fact, "tenant": told.tenant, "source": told.source, "watermark": told.mark}
    return {"id": load.id, "at": load.at.isoformat(), "by": told.actor} | where | counts


def held_json(held: Iterable[Held], known: Catalogue) -> list[dict[str, Any]]:
    """All facts of the catalogue with what there is of them."""
    there = {one.fact: one for one in held}
    return [
        {"id": name, "title": fact.title, "about": fact.about} | _held(there.get(name))
        for name, fact in known.facts.items()
    ]


def _held(one: Held | None) -> dict[str, Any]:
    if one is None:
        return {"rows": 0, "institutions": 0, "first": None, "last": None, "written": None}
    months = {"first": f"{one.first:%Y-%m}", "last": f"{one.last:%Y-%m}"}
    return {"rows": one.rows, "institutions": one.institutions, "written": one.written.isoformat()} | months


def fact_json(fact: Fact) -> dict[str, Any]:
    """A table that may be analysed."""
    columns = [_column(column) for column in fact.columns.values()]
    groups = [_dimension(one) for one in dimensions(fact).values()]
    head = {"id": fact.name, "title": fact.title, "about": fact.about, "kind": fact.kind.value}
    return head | {"columns": columns, "dimensions": groups}


def _column(column: Column) -> dict[str, Any]:
    told: dict[str, Any] = {"id": column.name, "title": column.title, "type": column.type.name.lower()}
    return told | {"values": dict(column.choices)} if column.choices else told


def crosstab_json(table: Crosstab, most: int) -> dict[str, Any]:
    """At most so many rows, and how many there are."""
    rows = [{"titles": row.titles, "values": row.values} for row in table.rows[:most]]
    return {"heads": table.heads, "columns": table.columns, "rows": rows, "total": len(table.rows)}


def dataset_json(one: Dataset, form: Any) -> dict[str, Any]:
    told = {"id": one.id, "tenant": one.tenant, "title": one.title, "by": one.author, "at": one.at.isoformat()}
    return told | {"form": form}


def drawn_json(one: Drawn) -> dict[str, Any]:
    told = {"indicator": one.indicator, "tenant": one.tenant, "value": one.value, "low": one.low}
    return told | {"by": one.author, "at": one.at.isoformat()}


__all__ = [
    "crosstab_json",
    "dataset_json",
    "drawn_json",
    "fact_json",
    "held_json",
    "indicator_json",
    "lineage_json",
    "lines_json",
]
