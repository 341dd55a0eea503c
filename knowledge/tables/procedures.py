"""Operations and interventions: what they are, when not to do them, what they need before."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from knowledge.building import Values, codes_in, concept, key_of, plain, statement
from knowledge.intake import by_name
from knowledge.model import ConceptKind, Predicate, Record
from knowledge.tables._conditions import CONDITION, INDICATION, SAID, indicated, limited
from knowledge.tables._shape import (
    ADVICE,
    CITATION,
    CONCEPTS,
    NAMED,
    REASON,
    ROUTES,
    SEVERITY,
    SOURCED,
    Column,
    Kind,
    Table,
    drug,
    listed,
    number,
    text,
)

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
ACTIONS: Final[dict[str, object]] = {
    "停用": "stop",
    "桥接": "bridge",
    "减量": "reduce",
    "手术日停用": "day",
    "继续": "continue",
    "应激补充": "cover",
    "评估": "assess",
}
GROUPS: Final = {
    ("wound", 1): "Ⅰ类切口手术",
    ("wound", 2): "Ⅱ类切口手术",
    ("wound", 3): "Ⅲ类切口手术",
    ("wound", 4): "Ⅳ类切口手术",
    ("bleeding", "low"): "低出血风险操作",
    ("bleeding", "moderate"): "中出血风险操作",
    ("bleeding", "high"): "高出血风险操作",
    ("anaesthesia", "general"): "全身麻醉下手术",
    ("anaesthesia", "neuraxial"): "椎管内麻醉下手术",
    ("anaesthesia", "block"): "神经阻滞下手术",
    ("anaesthesia", "sedation"): "镇静下操作",
    ("implant", True): "植入物手术",
}
"""The group (table procedure_groups) that a procedure with an attribute belongs to."""
_ATTRIBUTES = ("wound", "bleeding", "implant", "specialty", "anaesthesia")


def _groups(v: Values) -> Iterator[Record]:
    yield concept(ConceptKind.PROCEDURE, v, (), v.get("synonyms", ()))


def _procedures(v: Values) -> Iterator[Record]:
    codes = codes_in("icd-9-cm-3", v.get("icd9cm3", ()))
    made = concept(ConceptKind.PROCEDURE, v, codes, v.get("synonyms", ()), *_ATTRIBUTES)
    yield made
    groups = (GROUPS[key] for key in ((field, v.get(field)) for field in _ATTRIBUTES) if key in GROUPS)
    for parent in (*v.get("parents", ()), *groups):
        yield plain(made.id, Predicate.IS_A, by_name("procedure", parent), v)


def _needs(v: Values) -> Iterator[Record]:
    """The object is the first of the tests and examinations that do."""
    one, wanted = by_name("procedure", v["procedure"]), by_name("check", v["checks"][0])
    yield statement(v, Predicate.PROCEDURE_NEEDS, one, wanted, (), "procedure")


def _perioperative(v: Values) -> Iterator[Record]:
    other = by_name("procedure", v["procedure"]) if "procedure" in v else ""
    key = key_of(v, "bleeding", "anaesthesia", "crcl_min", "crcl_max", "action", "only", "routes")
    yield statement(v, Predicate.PERIOPERATIVE, by_name("drug", v["drug"]), other, key, "drug", "procedure")


TABLES: tuple[Table, ...] = (
    Table(
        "procedure_groups",
        "手术分组",
        "a group of operations that rows may name instead of each",
        (
            *NAMED,
            listed("synonyms", "别名"),
            *SOURCED,
        ),
        _groups,
        rank=CONCEPTS,
    ),
    Table(
        "procedures",
        "手术与操作",
        "an operation or intervention, its usual wound class, bleeding risk and anaesthesia",
        (
            *NAMED,
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
    Table(
        "procedure_limits",
        "手术禁忌",
        "an operation (or group of them) that should not be done under a condition",
        (text("procedure", "手术", True), *CONDITION, *SAID),
        limited(Predicate.PROCEDURE_LIMIT, "procedure"),
    ),
    Table(
        "procedure_indications",
        "手术适应证",
        "the diseases that an operation is done for",
        (text("procedure", "手术", True), *INDICATION),
        indicated(Predicate.PROCEDURE_INDICATED, "procedure"),
    ),
    Table(
        "procedure_needs",
        "术前检查",
        "a result that must be there before an operation (or group of them)",
        (
            text("procedure", "手术", True),
            listed("checks", "检查检验", "any one of these will do, the usual one first"),
            Column("days", "天数", Kind.INTEGER, True, help="how old the result may be on the day of the operation"),
            SEVERITY,
            REASON,
            ADVICE,
            *CITATION,
        ),
        _needs,
    ),
    Table(
        "perioperative",
        "围术期用药",
        "a drug to stop, bridge, reduce or keep before an operation",
        (
            drug(),
            text("procedure", "手术", help="only before this operation or group"),
            Column("bleeding", "出血风险", Kind.ENUMS, False, dict(BLEEDING), "only at these risks of bleeding"),
            Column("anaesthesia", "麻醉", Kind.ENUMS, False, dict(ANAESTHESIA), "only with these anaesthesias"),
            Column("only", "适用疾病", Kind.DISEASES, help="only in patients with one of these"),
            number("crcl_min", "CrCl下限", "ml/min, included"),
            number("crcl_max", "CrCl上限", "excluded"),
            Column("action", "处理", Kind.ENUM, True, dict(ACTIONS)),
            number("days", "术前天数", "days without the drug before the operation"),
            SEVERITY,
            REASON,
            ADVICE,
            text("urgent", "急诊建议", help="what to do when the operation cannot wait"),
            ROUTES,
            *CITATION,
        ),
        _perioperative,
    ),
)
