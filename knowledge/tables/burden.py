"""What adds up over a whole list of drugs, and drugs with food, tests and each other's after-effects."""

from __future__ import annotations

from knowledge.building import about, between
from knowledge.model import Predicate
from knowledge.tables._shape import (
    ADVICE,
    AGES,
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
    text,
)

BURDENS = {
    "QT间期延长": "qt",
    "5-羟色胺": "serotonin",
    "出血": "bleeding",
    "中枢抑制": "sedation",
    "高钾": "hyperkalaemia",
    "肾毒性": "nephrotoxicity",
    "抗胆碱能": "anticholinergic",
    "低血压": "hypotension",
    "低血糖": "hypoglycaemia",
    "低钠": "hyponatraemia",
    "惊厥": "seizure",
    "骨髓抑制": "myelosuppression",
}
FOODS = {
    "酒精": "alcohol",
    "吸烟": "smoking",
    "葡萄柚": "grapefruit",
    "富含酪胺食物": "tyramine",
    "高钾饮食": "potassium",
    "乳制品/钙": "dairy",
    "富含维生素K食物": "vitamin-k",
    "高脂餐": "fatty-meal",
    "进食": "meal",
    "空腹": "fasting",
    "高蛋白餐": "protein",
    "咖啡因": "caffeine",
    "茶": "tea",
    "钠盐": "salt",
    "甘草": "liquorice",
    "果汁": "juice",
    "饮水": "water",
}
DIRECTIONS = {
    "假性升高": "falsely-high",
    "假性降低": "falsely-low",
    "假阳性": "false-positive",
    "假阴性": "false-negative",
    "真实升高": "truly-high",
    "真实降低": "truly-low",
    "无法判读": "unreadable",
}
EFFECT = text("effect", "影响", True, "what happens, one sentence of our own")

TABLES = (
    Table(
        "burdens",
        "累积风险",
        "a drug or class adds points to a risk that grows with the number of such drugs; how many points alert, "
        "and how loudly, is stated in rules/burdens.py",
        (
            drug(),
            Column("burden", "风险", Kind.ENUM, True, dict(BURDENS)),
            Column("points", "分值", Kind.INTEGER, True, help="1 weak, 2 moderate, 3 strong"),
            ROUTES,
            *CITATION,
        ),
        about(Predicate.BURDEN, "burden", "routes"),
    ),
    Table(
        "food",
        "饮食与烟酒",
        "a drug with food, alcohol or tobacco; 空腹 is harm of taking it without food, 进食 of taking it with food",
        (
            drug(),
            Column("food", "饮食", Kind.ENUM, True, dict(FOODS)),
            SEVERITY,
            EFFECT,
            ADVICE,
            *AGES,
            ROUTES,
            *CITATION,
        ),
        about(Predicate.DRUG_FOOD, "food", "routes"),
    ),
    Table(
        "lab_interference",
        "药物干扰检验",
        "a drug disturbs a test: its method, or what it measures",
        (
            drug(),
            Column("lab", "检验", Kind.LAB, True),
            Column("direction", "方向", Kind.ENUM, True, dict(DIRECTIONS)),
            Column("severity", "严重程度", Kind.ENUM, True, {"提示": "minor", "信息": "info"}),
            EFFECT,
            ADVICE,
            Column("lasting", "停药后持续", Kind.DURATION, help="how long it goes on after the last dose"),
            ROUTES,
            *CITATION,
        ),
        between(Predicate.LAB_INTERFERENCE, ("drug", "drug"), ("lab", "lab"), "direction", "routes"),
    ),
    Table(
        "washouts",
        "停药间隔",
        "a drug that was stopped acts on: how long to wait before another is started",
        (
            drug("停用药品", "stopped"),
            drug("新开药品", "started"),
            Column("wait", "间隔", Kind.DURATION, True, help="from the last dose: 14天, 36小时"),
            SEVERITY,
            REASON,
            ADVICE,
            INSTEAD,
            listed("routes", "途径", "only when the stopped drug was given so"),
            *CITATION,
        ),
        between(Predicate.WASHOUT, ("stopped", "drug"), ("started", "drug")),
    ),
)
