"""Doses that are useless below or ruinous above a mark, and drugs that must not be given without another."""

from __future__ import annotations

from knowledge.building import about
from knowledge.model import Predicate
from knowledge.tables._shape import (
    ADVICE,
    AGES,
    CITATION,
    EXCEPT_IN,
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

OF: dict[str, object] = {
    "单次": "single",
    "每日": "daily",
    "疗程": "course",
    "次数": "times",
    "终生": "lifetime",
}
SIDES: dict[str, object] = {"不低于": "least", "不超过": "most"}
_WORDS = (
    listed("words", "名称含", "only for products whose name holds one of these"),
    listed("unless", "名称不含", "not for products whose name holds one of these: 脂质体;白蛋白"),
)
_ONLY = Column("only", "适应症", Kind.DISEASES, help="only in patients with one of these")

TABLES: tuple[Table, ...] = (
    Table(
        "dose_bounds",
        "剂量红线",
        "a dose that is useless below a mark or ruinous above it, with the severity it earns; all orders of the "
        "ingredient count together",
        (
            drug(),
            *_WORDS,
            ROUTES,
            *AGES,
            _ONLY,
            EXCEPT_IN,
            Column("instead_of", "例外药品", Kind.DRUGS, help="not while one of these is, or was just, in use"),
            Column("within", "确诊天数", Kind.INTEGER, help="only so many days after the diagnosis"),
            number("crcl_min", "CrCl下限", "ml/min; only from here on"),
            Column(
                "of",
                "剂量",
                Kind.ENUM,
                True,
                dict(OF),
                "次数: times a day, 单位 次; 终生: this order and what the record says was given before, as an "
                "observation, diagnosis, report or note that names the drug: 多柔比星累积剂量 510 mg/m²",
            ),
            Column("side", "界限", Kind.ENUM, True, dict(SIDES)),
            Column("value", "数值", Kind.NUMBER, True),
            text("unit", "单位", True),
            Column("per", "按", Kind.ENUM, False, {"kg": "kg", "m2": "m2"}, "the figure is per kg or per m²"),
            number("cap", "封顶", "in the same unit, not per kg or m²"),
            Column("days", "天数", Kind.INTEGER, help="of 疗程: all that is given within so many days"),
            SEVERITY,
            REASON,
            ADVICE,
            *CITATION,
        ),
        about(
            Predicate.DOSE_BOUND, "words", "routes", "age_min", "age_max", "only", "of", "side", "unit", "severity"
        ),
    ),
    Table(
        "companions",
        "必须合用",
        "a drug that must not be given without another",
        (
            drug(),
            *_WORDS,
            ROUTES,
            *AGES,
            _ONLY,
            EXCEPT_IN,
            number("dose_from", "单次不低于", "only from this single dose on"),
            text("dose_unit", "剂量单位"),
            Column("per", "按", Kind.ENUM, False, {"kg": "kg", "m2": "m2"}, "单次不低于 is per kg or per m²"),
            Column("starting", "仅起始", Kind.YES, help="是: holds only where the drug is not yet in use"),
            Column("companions", "合用药品", Kind.DRUGS, True, help="any of these will do"),
            listed("noted", "注明即可", "words of a note that tell it has been seen to: 预处理"),
            SEVERITY,
            REASON,
            ADVICE,
            *CITATION,
        ),
        about(Predicate.COMPANION, "routes", "only", "companions", "dose_from"),
    ),
)
