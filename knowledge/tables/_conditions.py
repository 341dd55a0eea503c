"""Conditions that examinations and procedures share: what a patient must have for a row to hold."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from knowledge.building import Build, Values, key_of, statement
from knowledge.intake import by_name
from knowledge.model import Predicate, Record
from knowledge.tables._shape import (
    ADVICE,
    AGES,
    CITATION,
    REASON,
    SEVERITY,
    TRIMESTERS,
    Column,
    Kind,
    listed,
    number,
    text,
)

KINDS: Final[dict[str, object]] = {
    "疾病": "disease",
    "药品": "drug",
    "过敏": "allergy",
    "检验": "lab",
    "肾功能": "egfr",
    "妊娠": "pregnancy",
    "年龄": "age",
    "既往手术": "procedure",
    "近期检查": "exam",
}
_GROUPS: Final = {k: k for k in ("disease", "drug", "allergy", "lab", "procedure", "exam")}
CONDITION: Final = (
    Column("kind", "条件类型", Kind.ENUM, True, dict(KINDS)),
    text("condition", "条件", help="name of the disease, drug, allergen, test, operation or examination"),
    number("at_least", "下限", "included; of the test, or of the eGFR"),
    number("below", "上限", "excluded"),
    text("unit", "单位"),
    text("word", "文字结果", help="阳性 …, for tests that answer in words"),
    Column("days", "时限", Kind.INTEGER, help="how many days back a value, an examination or a stopped drug counts"),
    Column("trimesters", "孕期", Kind.ENUMS, False, dict(TRIMESTERS), "empty: the whole pregnancy"),
    *AGES,
    Column("dialysis", "含透析", Kind.YES, help="a row about the eGFR that concerns patients on dialysis too"),
    Column("severe", "仅重度过敏", Kind.YES, help="only when the recorded reaction was severe"),
    Column("elective", "仅择期", Kind.YES, help="does not hold for urgent orders"),
    listed("except_for", "除外项目", "members of a group that the row does not concern"),
)
SAID: Final = (SEVERITY, REASON, ADVICE, listed("alternatives", "替代检查"), *CITATION)
_KEY: Final = ("kind", "at_least", "below", "word", "trimesters", "age_min", "age_max", "severe", "dialysis")


def limited(predicate: Predicate, column: str) -> Build:
    """Statements that the thing in ``column`` (exam, procedure) should not be done under a condition."""

    def build(v: Values) -> Iterator[Record]:
        group = _GROUPS.get(v["kind"], "")
        if bool(group) != ("condition" in v):
            raise ValueError("条件: name it for diseases, drugs, allergies, tests, operations; else leave it empty")
        object_ = by_name(group, v["condition"]) if group else ""
        yield statement(v, predicate, by_name(column, v[column]), object_, key_of(v, *_KEY), column, "condition")

    return build


INDICATION: Final = (
    Column("diseases", "适应证", Kind.DISEASES, True),
    Column("icd10", "ICD10", Kind.ICD10, help="codes and ranges that are an indication too"),
    SEVERITY,
    REASON,
    ADVICE,
    *CITATION,
)


def indicated(predicate: Predicate, column: str) -> Build:
    """One statement a row: the diseases (by name and code) that justify an examination or procedure."""

    def build(v: Values) -> Iterator[Record]:
        yield statement(v, predicate, by_name(column, v[column]), "", (), column)

    return build
