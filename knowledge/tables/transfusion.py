"""Blood products, and when they are indicated."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from knowledge.building import Values, concept, key_of, plain, statement
from knowledge.intake import by_name
from knowledge.model import ConceptKind, Predicate, Record
from knowledge.tables._shape import (
    ADVICE,
    AGES,
    CITATION,
    CONCEPTS,
    NAMED,
    REASON,
    SEVERITY,
    SOURCED,
    Column,
    Kind,
    Table,
    listed,
    number,
    text,
)

SITUATIONS: Final[dict[str, object]] = {
    "出血": "bleeding",
    "紧急": "urgent",
    "手术": "operation",
    "已注明理由": "reasoned",
}


def _products(v: Values) -> Iterator[Record]:
    made = concept(ConceptKind.BLOOD_PRODUCT, v, (), v.get("synonyms", ()), "ml_per_unit", "typed")
    yield made
    for parent in v.get("parents", ()):
        yield plain(made.id, Predicate.IS_A, by_name("blood", parent), v)


def _thresholds(v: Values) -> Iterator[Record]:
    lab = by_name("lab", v["lab"]) if "lab" in v else ""
    key = key_of(v, "at_least", "below", "only", "age_min", "age_max")
    yield statement(v, Predicate.TRANSFUSION_THRESHOLD, by_name("blood", v["product"]), lab, key, "product", "lab")


TABLES: tuple[Table, ...] = (
    Table(
        "blood_products",
        "血液成分",
        "a blood component that is ordered",
        (
            *NAMED,
            listed("synonyms", "别名"),
            listed("parents", "上级", "names of wider groups in this table"),
            number("ml_per_unit", "每单位毫升", "whole blood that one unit comes from; counts for the daily volume"),
            Column("typed", "配血", Kind.YES, help="needs the recipient's ABO and RhD group"),
            *SOURCED,
        ),
        _products,
        rank=CONCEPTS,
    ),
    Table(
        "transfusions",
        "输血指征",
        "a blood component that is not indicated at a value, or unsuitable in a disease",
        (
            text("product", "成分", True),
            text("lab", "检验"),
            number("at_least", "下限", "included: not indicated from here on"),
            number("below", "上限", "excluded"),
            text("unit", "单位"),
            Column("days", "时限", Kind.INTEGER, help="how many days old the value may be"),
            *AGES,
            Column("only", "适用疾病", Kind.DISEASES, help="only in patients with one of these"),
            Column("exempt", "例外疾病", Kind.DISEASES, help="not in patients with one of these"),
            Column("exempt_when", "例外情形", Kind.ENUMS, False, dict(SITUATIONS)),
            text("unless_lab", "另一检验", help="does not hold when this other test is high enough"),
            number("unless_at_least", "另一下限"),
            text("unless_unit", "另一单位"),
            SEVERITY,
            REASON,
            ADVICE,
            *CITATION,
        ),
        _thresholds,
    ),
)
