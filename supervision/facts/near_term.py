"""Drugs that repeat what was dispensed a short while ago, and training before work."""

from __future__ import annotations

from typing import Final

from supervision.figures.fact import DEPARTMENT, DISEASE, DOCTOR, PERSON, Fact, choice, count, flag, number, text

FACTS: Final = (
    Fact(
        "repeated_drugs",
        "重复用药提醒",
        "每条重复用药提醒一行，日期为开具日期；范围为门急诊用药和出院带药中的医保药品，判断到通用名",
        (
            choice("setting", "场景", {"outpatient": "门诊", "emergency": "急诊", "discharge": "出院带药"}),
            choice("kind", "类别", {"same": "同通用名", "alike": "同类功能", "excess": "超量"}),
            DEPARTMENT,
            DOCTOR,
            PERSON,
            DISEASE,
            text("drug", "药品通用名", groups=True),
            flag("antimicrobial", "抗菌药物"),
            flag("avoided", "提醒后未再开具"),
            flag("reasoned", "仍开具且注明理由"),
            text("reason", "重复理由", groups=True),
            count("gap_days", "距上次同药天数"),
            number("amount", "金额"),
        ),
        cube=("department", "doctor", "disease", "kind"),
    ),
    Fact(
        "trainings",
        "行为规范培训与考核",
        "每人每次岗前或在岗培训一行，日期为培训日期",
        (
            DEPARTMENT,
            DOCTOR,
            text("subject", "培训内容", groups=True),
            flag("induction", "岗前培训"),
            flag("read", "已阅培训单"),
            flag("examined", "参加考核"),
            flag("passed", "考核合格"),
            number("score", "考核得分"),
        ),
        cube=("department", "subject"),
    ),
)
