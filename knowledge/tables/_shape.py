"""What a table of knowledge is: columns, how each cell is read, and which statement a row makes."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from knowledge.building import Build

SEVERITIES = {"禁忌": "contraindicated", "严重": "major", "一般": "moderate", "提示": "minor", "信息": "info"}
EVIDENCE = {"高": "high", "中": "moderate", "低": "low", "专家意见": "expert"}
TRIMESTERS = {"早期": 1, "中期": 2, "晚期": 3}
SEXES = {"男": "male", "女": "female"}
SOURCE_KINDS = {
    "说明书": "label",
    "药典": "pharmacopoeia",
    "指南": "guideline",
    "处方集": "formulary",
    "法规": "regulation",
    "标准": "standard",
    "专著": "textbook",
}
ACTIONS = {
    "禁用": "avoid",
    "减量": "reduce",
    "延长间隔": "extend-interval",
    "监测": "monitor",
    "慎用": "caution",
}


class Kind(StrEnum):
    """How a cell is read."""

    TEXT = "text"
    LIST = "list"
    NUMBER = "number"
    INTEGER = "integer"
    AGE = "age"  # 28天, 6月, 12岁 → days
    DURATION = "duration"  # 12小时, 7天, 3月 → hours
    YES = "yes"  # 是 or empty
    DRUG = "drug"  # name of an ingredient, class or product
    DISEASE = "disease"
    LAB = "lab"
    DRUGS = "drugs"  # list of DRUG
    DISEASES = "diseases"  # list of DISEASE
    ICD10 = "icd10"  # list of codes and ranges: K25-K28;I20
    SOURCE = "source"  # id in the sources table, or 说明书:<药品名>
    ENUM = "enum"
    ENUMS = "enums"  # list of ENUM


@dataclass(frozen=True, slots=True)
class Column:
    """One column: field name, Chinese header, how to read it, whether it must be filled."""

    field: str
    label: str
    kind: Kind = Kind.TEXT
    required: bool = False
    choices: dict[str, object] | None = None
    help: str = ""


SOURCES, CONCEPTS, STATEMENTS = range(3)
"""Ranks of tables: sources are read before the names that cite them, names before what is said of them."""


@dataclass(frozen=True, slots=True)
class Table:
    """One table: file stem, Chinese title, columns, what one row says, and ``build``, which makes the
    records of a row (see ``knowledge.building``). ``section_of`` names the columns that tell which article a row is
    a section of: such rows make one record together."""

    name: str
    title: str
    says: str
    columns: tuple[Column, ...]
    build: Build
    rank: int = STATEMENTS
    section_of: tuple[str, ...] = ()


def text(field: str, label: str, required: bool = False, help: str = "") -> Column:
    return Column(field, label, Kind.TEXT, required, help=help)


def listed(field: str, label: str, help: str = "") -> Column:
    return Column(field, label, Kind.LIST, help=help)


def number(field: str, label: str, help: str = "") -> Column:
    return Column(field, label, Kind.NUMBER, help=help)


def drug(label: str = "药品", field: str = "drug") -> Column:
    return Column(field, label, Kind.DRUG, True)


SEVERITY = Column("severity", "严重程度", Kind.ENUM, True, dict(SEVERITIES))
REASON = text("reason", "原因", True, "why, one or two sentences of our own")
ADVICE = text("advice", "建议", True, "what to do instead; name the alternative or the check")
INSTEAD = Column("alternatives", "替代药品", Kind.DRUGS, help="ingredients to offer instead, the best first")
ROUTES = listed("routes", "途径", "only when the statement holds for some routes: 口服;静脉滴注 …")
EXCEPT_IN = Column("except_for", "例外疾病", Kind.DISEASES, help="diseases in which the row does not hold")
AGES = (
    Column("age_min", "年龄下限", Kind.AGE, help="from this age on (included)"),
    Column("age_max", "年龄上限", Kind.AGE, help="below this age (excluded)"),
)
CITATION = (
    Column("source", "来源", Kind.SOURCE, True),
    text("section", "章节", True, "section of the source, e.g. 【禁忌】"),
    Column("evidence", "证据", Kind.ENUM, True, dict(EVIDENCE)),
)
NAMED = (text("id", "编号", True), text("name", "名称", True), text("name_en", "英文名", True))
SOURCED = (Column("source", "来源", Kind.SOURCE, True), text("section", "章节"))
CAP = (
    number("single_max", "单次最大"),
    number("daily_max", "日最大"),
    text("unit", "单位"),
    number("times_per_day_max", "日次数最大"),
)
