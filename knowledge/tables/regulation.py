"""What law, high-alert lists and insurance say of a drug: controlled drugs, high-alert drugs, payment limits."""

from __future__ import annotations

from knowledge.building import about
from knowledge.model import Predicate
from knowledge.tables._shape import (
    ADVICE,
    AGES,
    CITATION,
    REASON,
    ROUTES,
    SEVERITY,
    SEXES,
    Column,
    Kind,
    Table,
    drug,
    listed,
    number,
    text,
)

CATEGORIES = {
    "麻醉药品": "narcotic",
    "第一类精神药品": "psychotropic-1",
    "第二类精神药品": "psychotropic-2",
    "医疗用毒性药品": "toxic",
}
GRADES = {"A": "A", "B": "B", "C": "C"}
NEEDS = {"泵速": "rate", "胰岛素单位": "units", "明确途径": "route", "稀释": "dilution"}
LIMITS = {
    "性别": "sex",
    "年龄": "age",
    "机构等级": "grade",
    "就医方式": "visit",
    "险种": "insurance",
    "疗程": "course",
    "疾病": "disease",
}
VISITS = {"住院": "inpatient", "门诊": "outpatient"}

TABLES: tuple[Table, ...] = (
    Table(
        "controlled",
        "特殊管理药品",
        "a narcotic, psychotropic or toxic drug, and what of it is under control",
        (
            drug(),
            Column("category", "类别", Kind.ENUM, True, dict(CATEGORIES)),
            listed("forms", "剂型", "only when the category holds for some forms"),
            ROUTES,
            Column("compounds", "含复方", Kind.YES, help="是: compound products of it too, not only single ones"),
            Column("single_dose", "限一次量", Kind.YES, help="是: one dose for each prescription, at any visit"),
            text("indication", "适应症", help="a disease for which a prescription may cover more days"),
            number("days", "该适应症天数", "days that a prescription for that disease may cover"),
            SEVERITY,
            REASON,
            ADVICE,
            *CITATION,
        ),
        about(Predicate.CONTROLLED, "category", "forms", "routes", "indication"),
    ),
    Table(
        "high_alert",
        "高警示药品",
        "a drug that harms badly when it is used wrongly, and what its orders must say",
        (
            drug(),
            Column("grade", "级别", Kind.ENUM, True, dict(GRADES), "A: gravest; B; C"),
            listed("forms", "剂型"),
            ROUTES,
            Column("needs", "必备信息", Kind.ENUMS, False, dict(NEEDS), "what an order must not leave out"),
            text("reason", "风险", True, "what goes wrong, one or two sentences of our own"),
            ADVICE,
            *CITATION,
        ),
        about(Predicate.HIGH_ALERT, "forms", "routes"),
    ),
    Table(
        "insurance_limits",
        "医保支付限制",
        "what national insurance restricts payment for a drug to; decides about payment, never about care",
        (
            drug(),
            Column("limit", "限制类型", Kind.ENUM, True, dict(LIMITS)),
            text("phrase", "支付范围", True, "限…, in our own words"),
            listed("forms", "剂型"),
            ROUTES,
            Column("sex", "性别", Kind.ENUM, False, dict(SEXES)),
            *AGES,
            Column("grade_min", "最低机构等级", Kind.INTEGER, help="1 to 3 for 一级 to 三级"),
            Column("visit", "就医方式", Kind.ENUM, False, dict(VISITS)),
            listed("insurance", "险种", "words of the type of cover: 工伤;生育"),
            number("course_days", "最长支付天数"),
            Column("diseases", "疾病", Kind.DISEASES, help="any of these, by name"),
            Column("lab", "检验", Kind.LAB, help="a test that must be below a value too"),
            number("lab_below", "检验低于"),
            text("lab_unit", "检验单位"),
            *CITATION,
        ),
        about(Predicate.INSURANCE_LIMIT, "limit", "phrase", "forms", "routes"),
    ),
)
