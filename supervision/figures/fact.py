"""What is counted: tables of facts, a row for each thing that happened or that stood at the end of a month.

A file of ``supervision/facts`` ends with ``FACTS``. All facts share the columns of the institution (``PLACE``), which
are added when rows are stored: what an institution was then stays with them. A column that is empty is unknown.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final


class Type(StrEnum):
    """What a column holds, by its name in SQL."""

    TEXT = "VARCHAR"
    NUMBER = "DOUBLE"
    COUNT = "BIGINT"
    FLAG = "BOOLEAN"
    DAY = "DATE"


class Kind(StrEnum):
    """``EVENT``: rows lie at the day they happened, and periods add up. ``STOCK``: rows say what stood at the end of
    their month, and a period shows its last month or the mean of its months."""

    EVENT = "event"
    STOCK = "stock"


@dataclass(frozen=True, slots=True)
class Column:
    """A column with its Chinese title. ``choices``: its codes with their titles; ``groups``: figures may be broken
    down by it."""

    name: str
    title: str
    type: Type = Type.TEXT
    choices: Mapping[str, str] = field(default_factory=dict)
    required: bool = False
    groups: bool = False


def text(name: str, title: str, *, groups: bool = False, required: bool = False) -> Column:
    return Column(name, title, groups=groups, required=required)


def choice(name: str, title: str, choices: Mapping[str, str], *, required: bool = False) -> Column:
    """One of some codes; loads take the code or its title."""
    return Column(name, title, choices=choices, groups=True, required=required)


def flag(name: str, title: str) -> Column:
    return Column(name, title, Type.FLAG, groups=True)


def number(name: str, title: str, *, required: bool = False) -> Column:
    return Column(name, title, Type.NUMBER, required=required)


def count(name: str, title: str, *, groups: bool = False, required: bool = False) -> Column:
    return Column(name, title, Type.COUNT, groups=groups, required=required)


def day(name: str, title: str, *, required: bool = False) -> Column:
    return Column(name, title, Type.DAY, required=required)


TIERS: Final = {"city": "盟市级医院", "county": "旗县级医院", "primary": "基层医疗卫生机构", "other": "其他机构"}
FACILITIES: Final = {
    "lead": "牵头医院",
    "general": "综合医院",
    "tcm": "中医（蒙医）医院",
    "maternity": "妇幼保健机构",
    "township": "乡镇卫生院",
    "community": "社区卫生服务中心（站）",
    "village": "村卫生室",
    "disease-control": "疾病预防控制机构",
    "other": "其他",
}
PLACE: Final = (
    text("tenant", "机构"),
    choice("tier", "机构层级", TIERS),
    choice("facility", "机构类型", FACILITIES),
    count("level", "医院等级", groups=True),
)
"""What the store adds to every row: where it happened, and what that place was then."""
KEY: Final = text("id", "记录编号", required=True)
SEX: Final = choice("sex", "性别", {"male": "男", "female": "女"})
AGE: Final = count("age", "年龄")
DEPARTMENT: Final = text("department", "科室", groups=True)
DOCTOR: Final = text("doctor", "医师", groups=True)
DISEASE: Final = text("disease", "疾病（ICD-10 类目）", groups=True)
PERSON: Final = text("person", "人员（假名）")


@dataclass(frozen=True, slots=True)
class Fact:
    """A table of facts. ``date`` is the day of an event, or any day of the month of a stock; ``cube`` are the columns
    that monthly sums keep apart beside the institution: a breakdown by others reads the rows."""

    name: str
    title: str
    about: str
    own: tuple[Column, ...]
    kind: Kind = Kind.EVENT
    cube: tuple[str, ...] = ()

    @property
    def columns(self) -> dict[str, Column]:
        """All columns by name, as they are stored."""
        date = day("date", "日期" if self.kind is Kind.EVENT else "月末", required=True)
        return {column.name: column for column in (KEY, date, *PLACE, *self.own)}

    @property
    def given(self) -> dict[str, Column]:
        """Columns that a load brings."""
        added = {column.name for column in PLACE}
        return {name: column for name, column in self.columns.items() if name not in added}

    @property
    def grain(self) -> tuple[str, ...]:
        """Columns of the monthly sums."""
        return (*(column.name for column in PLACE), *self.cube)


__all__ = [
    "AGE",
    "DEPARTMENT",
    "DISEASE",
    "DOCTOR",
    "FACILITIES",
    "KEY",
    "PERSON",
    "PLACE",
    "SEX",
    "TIERS",
    "Column",
    "Fact",
    "Kind",
    "Type",
    "choice",
    "count",
    "day",
    "flag",
    "number",
    "text",
]
