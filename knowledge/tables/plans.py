"""How diseases are treated: one row, one option, with whom it suits, its dose and its source."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from knowledge.building import Values, key_of, statement
from knowledge.intake import by_name
from knowledge.model import Predicate, Record
from knowledge.tables._shape import AGES, CITATION, SEXES, Column, Kind, Table, number, text

CLASSES: Final[dict[str, object]] = {
    "急救": "emergency",
    "首选": "first-line",
    "备选": "alternative",
    "联合": "add-on",
    "对症": "symptomatic",
    "非药物": "non-drug",
    "手术": "procedure",
    "中医": "tcm",
    "康复": "rehabilitation",
    "监测": "monitoring",
    "转诊": "referral",
    "预防": "prevention",
}
ITEMS: Final[dict[str, object]] = {
    "药品": "drug",
    "操作": "procedure",
    "检验": "lab",
    "检查": "exam",
    "措施": "measure",
}
STAGES: Final[dict[str, object]] = {"轻": "mild", "中": "moderate", "重": "severe", "危重": "critical"}
BASES: Final[dict[str, object]] = {
    "次": "dose",
    "kg/次": "kg-dose",
    "kg/日": "kg-day",
    "m2/次": "m2-dose",
    "日": "day",
}
_KEY: Final = (
    "situation",
    "stages",
    "class",
    "kind",
    "content",
    "age_min",
    "age_max",
    "sex",
    "pregnant",
    "with",
    "route",
    "dose",
    "per",
)


def _plan(v: Values) -> Iterator[Record]:
    kind: str = v["kind"]
    if kind == "measure":
        item = ""
        if "item" in v:
            raise ValueError(f"项目 {v['item']!r}: a 措施 has no 项目; say it in 内容")
    elif "item" not in v:
        raise ValueError("项目 is empty: name the drug, procedure, test or examination, or make it a 措施")
    else:
        item = by_name(kind, v["item"])
    if kind == "drug" and v["class"] not in ("tcm", "prevention") and "dose" not in v and "content" not in v:
        raise ValueError(f"{v['item']}: neither 剂量 nor 内容 says how it is given")
    if "dose" in v and not {"unit", "per", "frequency", "route"} <= v.keys():
        raise ValueError("剂量 needs 单位, 基准, 频次 and 途径 beside it")
    yield statement(v, Predicate.PLAN, by_name("disease", v["disease"]), item, key_of(v, *_KEY), "disease", "item")


TABLES: tuple[Table, ...] = (
    Table(
        "plans",
        "治疗方案",
        "one option in the treatment of a disease: for whom, in which place, how much, how long; the rule engine "
        "checks it for the patient before it is shown",
        (
            Column("disease", "疾病", Kind.DISEASE, True),
            text(
                "situation",
                "情形",
                help="stage, type or syndrome it is for: 门诊轻症, 风寒束表证; empty: all",
            ),
            Column("stages", "严重度", Kind.ENUMS, False, dict(STAGES), "empty: all"),
            *AGES,
            Column("sex", "性别", Kind.ENUM, False, dict(SEXES)),
            Column("pregnant", "妊娠", Kind.ENUM, False, {"是": "yes", "否": "no"}, "是: only then; 否: never then"),
            Column("with", "合并", Kind.DISEASES, help="only when one of these stands on record too"),
            Column("without", "除外", Kind.DISEASES, help="not when one of these stands on record"),
            Column("class", "类别", Kind.ENUM, True, dict(CLASSES)),
            number("rank", "次序", "order within the class, 1 first"),
            Column("kind", "项目类型", Kind.ENUM, True, dict(ITEMS)),
            text("item", "项目", help="drug, procedure, test or examination; empty for a 措施"),
            text("route", "途径"),
            number("dose", "剂量", "of a drug: amount by 基准"),
            number("dose_max", "剂量上限", "of 剂量 by range: the upper end"),
            number("single_limit", "单次上限", "of a dose by weight: no more than so much at once, in 单位"),
            number("daily_limit", "日上限", "no more than so much a day, in 单位"),
            text("unit", "单位"),
            Column("per", "基准", Kind.ENUM, False, dict(BASES), "what 剂量 is for; of kg/日 it is divided by 频次"),
            text("frequency", "频次", help="qd, bid, tid, q8h, q12h, prn, st"),
            Column("course", "疗程", Kind.DURATION, help="usual course"),
            Column("course_max", "疗程上限", Kind.DURATION),
            text("content", "内容", help="what a measure is; of a drug what must be known, in our own words"),
            text("monitoring", "监测", help="what to check, when"),
            *CITATION,
        ),
        _plan,
    ),
)
