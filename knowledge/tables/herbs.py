"""Chinese herbs: what a piece is and how much of it is safe, what must not go together, what adds up."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from knowledge.building import Values, concept, pair, plain, statement
from knowledge.intake import by_name
from knowledge.model import ConceptKind, Predicate, Record
from knowledge.tables._shape import (
    ADVICE,
    CITATION,
    CONCEPTS,
    REASON,
    SEVERITIES,
    SEVERITY,
    Column,
    Kind,
    Table,
    drug,
    listed,
    number,
    text,
)

TOXICITY: Final = {"大毒": "great", "有毒": "toxic", "小毒": "slight"}
BY_MOUTH: Final = {"仅外用": "external", "生品": "raw", "停用": "withdrawn"}
PREGNANCY: Final = {"禁用": "forbidden", "忌用": "avoided", "慎用": "caution"}
RULES: Final = {"十八反": "十八反", "十九畏": "十九畏"}
_PIECE: Final = "中药饮片"
_CLASS_OF: Final = {"great": "有毒中药", "toxic": "有毒中药", "slight": "小毒中药"}
_NAMING: Final = ("id", "name", "pinyin", "synonyms", "classes")
_LIMITING: Final = ("daily_max", "by_mouth", "pregnancy")


def _herbs(v: Values) -> Iterator[Record]:
    """The herb, its classes and, where anything limits its use, the limit."""
    naming = {**v, "herb": True}
    made = concept(ConceptKind.INGREDIENT, naming, (), v.get("synonyms", ()), "herb", "pinyin")
    yield made
    by_toxicity = [_CLASS_OF[v["toxicity"]]] if "toxicity" in v else []
    for name in (_PIECE, *by_toxicity, *v.get("classes", ())):
        yield plain(made.id, Predicate.IS_A, by_name("drug", name), v)
    if any(field in v for field in _LIMITING):
        _complete(v)
        yield statement(v, Predicate.HERB_LIMIT, made.id, "", (), *_NAMING)


def _complete(v: Values) -> None:
    """A limit must say how bad it is, why and what to do instead."""
    missing = [
        label
        for field, label in (("severity", "严重程度"), ("reason", "原因"), ("advice", "建议"))
        if not v.get(field)
    ]
    if missing:
        raise ValueError(f"{v['name']}: has a limit, so {'、'.join(missing)} must be filled in")
    if v.get("daily_min", 0) > v.get("daily_max", float("inf")):
        raise ValueError(f"{v['name']}: 日最小 is greater than 日最大")


def _groups(v: Values) -> Iterator[Record]:
    """What should not be taken from two sources at once: the members that the row names, and the limit."""
    group = by_name("drug", v["group"])
    for member in v.get("members", ()):
        yield plain(by_name("drug", member), Predicate.IS_A, group, v)
    yield statement(v, Predicate.HERB_LIMIT, group, "", (), "group", "members")


TABLES: tuple[Table, ...] = (
    Table(
        "herbs",
        "中药饮片",
        "a herb as it is dispensed: names, toxicity, grams a day, use and pregnancy",
        (
            text("id", "编号", True, "herb-<pinyin>"),
            text("name", "名称", True, "the pharmacopoeia's name; processed forms with limits of their own are rows"),
            text("pinyin", "拼音", True),
            listed("synonyms", "别名", "处方别名 and processed forms with the same limits"),
            Column("toxicity", "毒性", Kind.ENUM, False, dict(TOXICITY)),
            number("daily_min", "日最小", "g a day"),
            number("daily_max", "日最大", "g a day, by mouth"),
            Column("by_mouth", "内服", Kind.ENUM, False, dict(BY_MOUTH), "empty: may be swallowed"),
            listed("preparation", "煎服法", "先煎;后下;包煎;另煎;烊化;入丸散 …"),
            Column("pregnancy", "妊娠", Kind.ENUM, False, dict(PREGNANCY)),
            listed("classes", "分类", "names from the classes table"),
            Column(
                "severity",
                "严重程度",
                Kind.ENUM,
                False,
                dict(SEVERITIES),
                "above the greatest dose (提示: above twice of it), or when swallowed though it must not be",
            ),
            text("reason", "原因"),
            text("advice", "建议"),
            Column("alternatives", "替代药品", Kind.DRUGS, help="herbs to offer instead, the best first"),
            *CITATION,
        ),
        _herbs,
        rank=CONCEPTS,
    ),
    Table(
        "herb_pairs",
        "中药配伍禁忌",
        "two herbs or classes of herbs that do not go together (十八反, 十九畏)",
        (
            drug("药A", "a"),
            drug("药B", "b"),
            Column("rule", "类别", Kind.ENUM, True, dict(RULES)),
            SEVERITY,
            REASON,
            ADVICE,
            *CITATION,
        ),
        pair(Predicate.HERB_INCOMPATIBLE),
    ),
    Table(
        "herb_groups",
        "中药叠加",
        "a class of herbs or patent medicines that should come from no more than so many sources",
        (
            drug("分类", "group"),
            Column("members", "成员", Kind.DRUGS, help="patent medicines or herbs to count besides those classed so"),
            Column("allowed_count", "允许个数", Kind.INTEGER, True),
            SEVERITY,
            REASON,
            ADVICE,
            *CITATION,
        ),
        _groups,
    ),
)
