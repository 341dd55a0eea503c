"""What goes into a vein: what must not be mixed, how a bag is made and run, parenteral nutrition."""

from __future__ import annotations

from knowledge.building import about, pair
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

WHERE = {"同瓶": "bag", "同管路": "line", "任何": "any"}
LINES = {"外周": "peripheral", "中心": "central"}
MEASURES = {
    "一价阳离子": "monovalent",
    "二价阳离子": "divalent",
    "氨基酸终浓度": "amino-acids",
    "葡萄糖终浓度": "glucose",
    "葡萄糖输注速率": "glucose-rate",
    "非营养药物": "additives",
}

_TOLD_APART = ("words", "routes", "age_min", "age_max", "alone", "severity", "dose_above", "line", "except_for")

TABLES: tuple[Table, ...] = (
    Table(
        "iv_pairs",
        "静脉配伍",
        "two drugs (solvents too) that must not meet in one bag, in one line or in one patient",
        (
            drug("药品A", "a"),
            drug("药品B", "b"),
            Column("where", "范围", Kind.ENUM, True, dict(WHERE), "任何: in separate lines too"),
            SEVERITY,
            text("effect", "后果", True),
            ADVICE,
            *AGES,
            Column("never", "不可关闭", Kind.YES, help="on the never list: no policy hides it"),
            *CITATION,
        ),
        pair(Predicate.IV_INCOMPATIBLE, "where", "age_min", "age_max"),
    ),
    Table(
        "infusion",
        "静脉输注要求",
        "how a drug is dissolved, how concentrated and how fast it is given into a vein",
        (
            drug(),
            listed("words", "名称含", "only for products whose name holds one of these: 脂质体;白蛋白"),
            listed("unless", "名称不含", "not for products whose name holds one of these"),
            ROUTES,
            *AGES,
            Column("line", "静脉通路", Kind.ENUM, False, dict(LINES), "中心: a central line is told of; 外周: not"),
            Column("solvents", "允许溶媒", Kind.DRUGS, help="empty: any"),
            Column("forbidden", "禁用溶媒", Kind.DRUGS),
            number("dose_above", "剂量高于", "only where a bag holds more than this: maintenance, not loading"),
            text("dose_unit", "剂量单位"),
            number("conc_min", "浓度下限"),
            number("conc_max", "浓度上限"),
            text("conc_unit", "浓度单位", help="mg/ml, mmol/L, 单位/ml"),
            number("minutes_min", "最短分钟"),
            number("rate_max", "速度上限"),
            text("rate_unit", "速度单位", help="mg/min, ml/h, mmol/h, mg/kg/h"),
            Column("stable", "稳定时间", Kind.DURATION, help="from preparation to the end of the infusion"),
            Column("light", "避光", Kind.YES),
            Column("alone", "单独配制", Kind.YES, help="nothing but its solvent beside it in a bag"),
            EXCEPT_IN,
            text("handling", "器具要求", help="non-PVC set, in-line filter …: told who prepares and hangs it"),
            SEVERITY,
            REASON,
            ADVICE,
            *CITATION,
        ),
        about(Predicate.INFUSION_LIMIT, *_TOLD_APART),
    ),
    Table(
        "nutrition_limits",
        "肠外营养限度",
        "limits of a compounded parenteral nutrition bag that holds a drug",
        (
            drug("所含药品"),
            Column("measure", "指标", Kind.ENUM, True, dict(MEASURES)),
            number("at_least", "下限"),
            number("at_most", "上限"),
            text("unit", "单位"),
            Column("additives", "可加药品", Kind.DRUGS, help="of 非营养药物: what may be added"),
            *AGES,
            SEVERITY,
            REASON,
            ADVICE,
            *CITATION,
        ),
        about(Predicate.INFUSION_LIMIT, "measure", "age_min", "age_max"),
    ),
)
