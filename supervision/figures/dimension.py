"""What figures are broken down by: levels of institutions, time, and the columns of a fact that group."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from supervision.figures.fact import Fact, Kind, Type

YES_NO: Final = {"true": "是", "false": "否"}


@dataclass(frozen=True, slots=True)
class Dimension:
    """A dimension with its Chinese title. ``sql`` gives its value as text from a row; ``needs`` is the column it
    reads, ``daily`` whether it needs the day rather than the month."""

    name: str
    title: str
    sql: str
    needs: str
    daily: bool = False
    choices: Mapping[str, str] = field(default_factory=dict)

    def is_summed(self, fact: Fact) -> bool:
        """Whether monthly sums keep it apart."""
        return self.needs in ("date", *fact.grain) and not self.daily


def _level(name: str, title: str, parts: int) -> Dimension:
    """Institutions together up to a level of the tree; what hangs higher up stands for itself."""
    return Dimension(name, title, f"array_to_string(string_split(tenant, '/')[:{parts}], '/')", "tenant")


_COMMON: Final = (
    _level("league", "医共体", 1),
    _level("county", "旗县", 2),
    _level("hospital", "医院", 3),
    Dimension("institution", "机构", "tenant", "tenant"),
)
_DAILY: Final = (
    Dimension("day", "日", "strftime(date, '%Y-%m-%d')", "date", daily=True),
    Dimension(
        "weekday", "星期", "isodow(date)::VARCHAR", "date", True, dict(zip("1234567", "一二三四五六日", strict=True))
    ),
)
_BANDS: Final = {"0-6": "0–6 岁", "07-17": "7–17 岁", "18-44": "18–44 岁", "45-64": "45–64 岁", "65+": "65 岁及以上"}
_AGE_BAND: Final = Dimension(
    "age-band",
    "年龄段",
    "CASE WHEN age < 7 THEN '0-6' WHEN age < 18 THEN '07-17' WHEN age < 45 THEN '18-44' "
    "WHEN age < 65 THEN '45-64' WHEN age >= 65 THEN '65+' END",
    "age",
    choices=_BANDS,
)


def dimensions(fact: Fact) -> dict[str, Dimension]:
    """Everything that figures over a fact may be broken down by."""
    found = list(_COMMON)
    if fact.kind is Kind.EVENT:
        found += _DAILY
    if "age" in fact.columns:
        found.append(_AGE_BAND)
    for column in fact.columns.values():
        if (column.groups or column.choices or column.type is Type.FLAG) and column.name != "tenant":
            choices = YES_NO if column.type is Type.FLAG else column.choices
            sql = column.name if column.type is Type.TEXT else f"{column.name}::VARCHAR"
            found.append(Dimension(column.name, column.title, sql, column.name, choices=choices))
    return {one.name: one for one in found}


__all__ = ["Dimension", "dimensions"]
