"""Operations and interventions."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from knowledge.building import Values, codes_in, concept, plain
from knowledge.intake import by_name
from knowledge.model import ConceptKind, Predicate, Record
from knowledge.tables._shape import CONCEPTS, SOURCED, Column, Kind, Table, listed, text

WOUNDS: Final[dict[str, object]] = {"Ⅰ": 1, "Ⅱ": 2, "Ⅲ": 3, "Ⅳ": 4}
BLEEDING: Final[dict[str, object]] = {"低": "low", "中": "moderate", "高": "high"}
ANAESTHESIA: Final[dict[str, object]] = {
    "全身麻醉": "general",
    "椎管内麻醉": "neuraxial",
    "神经阻滞": "block",
    "镇静": "sedation",
    "局部麻醉": "local",
    "无": "none",
}
_ATTRIBUTES = ("wound", "bleeding", "implant", "specialty", "anaesthesia")


def _procedures(v: Values) -> Iterator[Record]:
    codes = codes_in("icd-9-cm-3", v.get("icd9cm3", ()))
    made = concept(ConceptKind.PROCEDURE, v, codes, v.get("synonyms", ()), *_ATTRIBUTES)
    yield made
    for parent in v.get("parents", ()):
        yield plain(made.id, Predicate.IS_A, by_name("procedure", parent), v)


TABLES: tuple[Table, ...] = (
    Table(
        "procedures",
        "手术与操作",
        "an operation or intervention, its usual wound class, bleeding risk and anaesthesia",
        (
            text("id", "编号", True),
            text("name", "名称", True),
            text("name_en", "英文名", True),
            listed("synonyms", "别名"),
            listed("icd9cm3", "ICD9CM3", "codes with the Chinese extensions: 47.01;47.0100"),
            listed("parents", "上级", "names of wider operations in this table"),
            Column("wound", "切口", Kind.ENUM, False, dict(WOUNDS), "usual class; empty when there is no incision"),
            Column("bleeding", "出血风险", Kind.ENUM, True, dict(BLEEDING)),
            Column("implant", "植入物", Kind.YES),
            text("specialty", "专科", True),
            Column("anaesthesia", "麻醉", Kind.ENUM, True, dict(ANAESTHESIA), "usual anaesthesia"),
            *SOURCED,
        ),
        _procedures,
        rank=CONCEPTS,
    ),
)
