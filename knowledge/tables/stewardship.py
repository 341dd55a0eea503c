"""Antimicrobials and skin tests: grades, organisms a drug does not reach, prophylaxis around operations, drugs that
need a negative skin test."""

from __future__ import annotations

from typing import Final

from knowledge.building import about, between
from knowledge.model import Predicate
from knowledge.tables._shape import (
    ADVICE,
    CITATION,
    INSTEAD,
    REASON,
    ROUTES,
    SEVERITY,
    Column,
    Kind,
    Table,
    drug,
    listed,
    number,
    text,
)

GRADES: Final[dict[str, object]] = {
    "非限制使用级": "unrestricted",
    "限制使用级": "restricted",
    "特殊使用级": "special",
}
_NEEDS: Final[dict[str, object]] = {"推荐": "recommended", "视情况": "optional", "不推荐": "none"}
_REQUIREMENTS: Final[dict[str, object]] = {"必须": "required", "按说明书": "label"}
_POSITIVE: Final[dict[str, object]] = {"禁用": "contraindicated", "换药或脱敏": "major"}

TABLES: tuple[Table, ...] = (
    Table(
        "antimicrobial_grades",
        "抗菌药物分级",
        "the grade of an antimicrobial; set it by the list of your province",
        (
            drug(),
            listed("routes", "途径", "only when the grade holds for some routes; empty: all systemic ones"),
            listed("forms", "剂型"),
            Column("grade", "级别", Kind.ENUM, True, dict(GRADES)),
            Column("not_for", "不适用疾病", Kind.DISEASES, help="in these diseases the grade does not apply: 结核病"),
            SEVERITY,
            REASON,
            ADVICE,
            INSTEAD,
            *CITATION,
        ),
        about(Predicate.ANTIMICROBIAL_GRADE, "routes", "forms"),
    ),
    Table(
        "organisms",
        "天然与获得性耐药",
        "an antibacterial without reliable activity against an organism that a diagnosis or a result names",
        (
            drug(),
            text("organism", "病原体", True, "as the alert names it"),
            Column("written", "写法", Kind.LIST, True, help="how it is written; Latin as whole words: CRE"),
            Column("spared", "仍有效", Kind.DRUGS, help="members of the class that act all the same"),
            Column("inhibitor", "酶抑制剂除外", Kind.YES, help="是: not of compounds with a β-lactamase inhibitor"),
            SEVERITY,
            REASON,
            ADVICE,
            *CITATION,
        ),
        about(Predicate.ORGANISM_RESISTANCE, "organism"),
    ),
    Table(
        "prophylaxis",
        "围手术期预防用药",
        "whether an operation calls for antimicrobial prophylaxis, with which drugs, when and how long",
        (
            text("procedure", "手术", True, "a name in the table procedures"),
            Column("need", "预防用药", Kind.ENUM, True, dict(_NEEDS), "不推荐: only with risk factors"),
            Column("drugs", "首选药品", Kind.DRUGS, help="ingredients, classes or compounds, the best first"),
            Column("allergic", "过敏替代", Kind.DRUGS, help="for patients allergic to β-lactams"),
            Column("conditional", "有条件可用", Kind.DRUGS, help="accepted where local conditions ask for it: MRSA"),
            number("earliest_minutes", "最早分钟", "before the incision"),
            number("latest_minutes", "最迟分钟", "before the incision"),
            Column("longest_hours", "最长小时", Kind.NUMBER, True),
            SEVERITY,
            REASON,
            ADVICE,
            *CITATION,
        ),
        about(Predicate.PROPHYLAXIS, subject="procedure"),
    ),
    Table(
        "skin_tests",
        "用药前皮试",
        "a drug that needs a negative skin test before it is given",
        (
            drug(),
            Column("test", "皮试项目", Kind.LAB, True, help="the test as it is recorded: 青霉素皮试"),
            ROUTES,
            Column("requirement", "要求", Kind.ENUM, True, dict(_REQUIREMENTS)),
            Column("valid_hours", "有效时间", Kind.DURATION, True, help="then, or after such a pause, test again"),
            Column("per_batch", "按批号", Kind.YES, help="是: another batch calls for a new test"),
            text("reagent", "皮试液"),
            Column("positive", "阳性处理", Kind.ENUM, True, dict(_POSITIVE)),
            SEVERITY,
            REASON,
            ADVICE,
            INSTEAD,
            *CITATION,
        ),
        between(Predicate.SKIN_TEST, ("drug", "drug"), ("test", "lab"), "routes"),
    ),
)
