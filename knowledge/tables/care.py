"""Care around the patient: nursing risks, ways a form must not be given, critical values, reports, pathways."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from knowledge.building import Values, about, key_of, statement
from knowledge.intake import by_name
from knowledge.model import Predicate, Record
from knowledge.tables._shape import (
    ADVICE,
    AGES,
    CITATION,
    INSTEAD,
    REASON,
    SEVERITY,
    Column,
    Kind,
    Table,
    drug,
    listed,
    number,
    text,
)

RISKS: Final[dict[str, object]] = {
    "跌倒": "fall",
    "压力性损伤": "pressure",
    "误吸": "aspiration",
    "VTE内科": "vte-medical",
    "VTE外科": "vte-surgical",
}
FACTORS: Final[dict[str, object]] = {
    "药品": "drug",
    "疾病": "disease",
    "检验": "lab",
    "手术": "procedure",
    "年龄": "age",
    "评分": "score",
}
_FACTOR_GROUPS: Final[dict[str, str]] = {"age": "lab", "score": "lab"}
WAYS: Final[dict[str, object]] = {"鼻饲": "tube", "研磨": "crush", "掰开": "split", "嚼碎": "chew"}
REPORTS: Final[dict[str, object]] = {
    "甲类传染病": "class-a",
    "按甲类管理": "as-class-a",
    "乙类传染病": "class-b",
    "丙类传染病": "class-c",
    "其他监测传染病": "other-infection",
    "食源性疾病": "foodborne",
    "职业病": "occupational",
    "疫苗相关": "vaccine",
    "登记管理": "register",
    "急危重症": "emergency",
}
STEPS: Final[dict[str, object]] = {"应做": "do", "应用": "give", "不宜": "avoid"}
ITEMS: Final[dict[str, object]] = {"药品": "drug", "检验": "lab", "检查": "exam", "操作": "procedure"}
DIRECTIONS: Final[dict[str, object]] = {"低": "low", "高": "high"}


def _nursing_risk(v: Values) -> Iterator[Record]:
    """The factor is the subject; of an age or a score that is the test which records the score of the risk."""
    kind: str = v["kind"]
    subject = by_name(_FACTOR_GROUPS.get(kind, kind), v["factor"])
    key = key_of(v, "risk", "kind", "level", "at_least", "below", "age_min", "age_max")
    yield statement(v, Predicate.NURSING_RISK, subject, "", key, "factor")


def _pathway_step(v: Values) -> Iterator[Record]:
    """From the disease to the first of the items; the others are alternatives that do as well."""
    disease, first = by_name("disease", v["disease"]), by_name(v["kind"], v["items"][0])
    key = key_of(v, "step", "hours", "age_min", "age_max")
    yield statement(v, Predicate.PATHWAY_STEP, disease, first, key, "disease")


TABLES: tuple[Table, ...] = (
    Table(
        "nursing_risks",
        "护理风险因素",
        "what adds points to a nursing risk, and which score counts as a moderate or high risk",
        (
            Column("risk", "风险", Kind.ENUM, True, dict(RISKS)),
            Column("kind", "因素类型", Kind.ENUM, True, dict(FACTORS)),
            text(
                "factor",
                "因素",
                True,
                "of 年龄 and 评分 the test that records the score",
            ),
            text("item", "评分项目", True, "factors of one item count once, with the most points"),
            number("points", "分值", "of 评分: the derived sum from which the level holds"),
            Column("level", "等级", Kind.ENUM, False, {"中": "moderate", "高": "high"}, "only of 评分"),
            number("at_least", "下限", "included; of a test or a recorded score"),
            number("below", "上限", "excluded"),
            text("unit", "单位"),
            *AGES,
            SEVERITY,
            REASON,
            ADVICE,
            *CITATION,
        ),
        _nursing_risk,
    ),
    Table(
        "administration",
        "给药方式限制",
        "a form of a drug that must not be tube-fed, crushed, split or chewed",
        (
            drug(),
            Column("forms", "剂型", Kind.LIST, help="forms it holds for; empty: every solid form by mouth"),
            Column("ways", "禁止方式", Kind.ENUMS, True, dict(WAYS)),
            SEVERITY,
            REASON,
            ADVICE,
            INSTEAD,
            *CITATION,
        ),
        about(Predicate.ADMINISTRATION_LIMIT, "forms", "ways"),
    ),
    Table(
        "critical_values",
        "危急值处置",
        "what to do at a critical value; its limits stand in the table lab_ranges",
        (
            Column("lab", "检验", Kind.LAB, True),
            Column("direction", "方向", Kind.ENUM, True, dict(DIRECTIONS)),
            Column("only", "适用疾病", Kind.DISEASES, help="of patients with one of these, not of the general row"),
            Column("except_for", "例外疾病", Kind.DISEASES, help="not of patients with one of these"),
            number("at_least", "下限", "included, in the unit of the critical limit; only of results from here on"),
            number("below", "上限", "excluded"),
            Column("standing", "在用亦可", Kind.YES, help="是: what answers it counts whenever it was begun"),
            listed("same", "同类检验", "tests whose newer result speaks for this one too"),
            Column("responses", "应答药品", Kind.DRUGS, help="drugs or classes whose order answers the value"),
            listed("response_words", "应答医嘱", "words in the name of other orders that answer it: 红细胞;透析"),
            SEVERITY,
            REASON,
            ADVICE,
            *CITATION,
        ),
        about(Predicate.CRITICAL_ACTION, "direction", "only", "at_least", "below", subject="lab"),
    ),
    Table(
        "disease_alerts",
        "疾病报告与预警",
        "a diagnosis to report, to register or to act on within hours",
        (
            Column("disease", "疾病", Kind.DISEASE, True),
            text("title", "病名", True, "as the regulation or the emergency plan calls it"),
            Column("kind", "类别", Kind.ENUM, True, dict(REPORTS)),
            Column("hours", "时限", Kind.DURATION, help="from the diagnosis; empty: no fixed time"),
            text("deadline", "时限说明", True, "as clinicians read it: 2小时内网络直报"),
            text("department", "联系部门", True),
            *AGES,
            Column(
                "recent",
                "有效时间",
                Kind.DURATION,
                True,
                help="how old the diagnosis may be: 7天, 1天",
            ),
            SEVERITY,
            REASON,
            ADVICE,
            *CITATION,
        ),
        about(Predicate.DISEASE_ALERT, "kind", "age_min", "age_max", subject="disease"),
    ),
    Table(
        "pathways",
        "诊疗路径要点",
        "what a disease calls for, or what does not suit it, within hours of admission",
        (
            Column("disease", "疾病", Kind.DISEASE, True),
            Column("principal", "仅主要诊断", Kind.YES, help="是: only when it is the first diagnosis"),
            Column("step", "要求", Kind.ENUM, True, dict(STEPS)),
            Column("kind", "项目类型", Kind.ENUM, True, dict(ITEMS)),
            Column("items", "项目", Kind.LIST, True, help="any one of them satisfies the step"),
            text("label", "要点", True, "what the finding calls it: 24小时内完成胃镜"),
            Column("hours", "时限", Kind.DURATION, help="since admission; required of 应做 and 应用"),
            Column(
                "lookback",
                "可用既往",
                Kind.DURATION,
                help="before admission; empty: 72小时",
            ),
            Column("unless", "除外疾病", Kind.DISEASES, help="diagnoses that excuse the step"),
            *AGES,
            SEVERITY,
            REASON,
            ADVICE,
            *CITATION,
        ),
        _pathway_step,
    ),
)
