"""Laboratory tests and examinations, with what was recognised from elsewhere and what was repeated."""

from __future__ import annotations

from typing import Final

from supervision.figures.fact import DEPARTMENT, DISEASE, DOCTOR, PERSON, Fact, choice, count, flag, number, text

FACTS: Final = (
    Fact(
        "tests",
        "检验检查",
        "每项检验或检查一行，日期为开单日期；互认而未做的项目也占一行",
        (
            choice("kind", "类别", {"lab": "检验", "exam": "检查"}, required=True),
            choice("setting", "场景", {"outpatient": "门诊", "emergency": "急诊", "inpatient": "住院"}),
            DEPARTMENT,
            DOCTOR,
            PERSON,
            DISEASE,
            text("item", "项目", groups=True),
            flag("large", "大型设备检查"),
            flag("positive", "结果阳性"),
            flag("eligible", "属互认项目且近期有可互认结果"),
            flag("recognised", "互认（未重复做）"),
            flag("repeated", "近期重复"),
            flag("reasoned", "重复且注明理由"),
            text("reason", "重复理由", groups=True),
            count("gap_days", "距上次同项目天数"),
            number("amount", "金额"),
            number("saved", "互认节省金额"),
            number("hours", "开单到报告时长（小时）"),
            flag("critical", "危急值"),
            flag("critical_handled", "危急值按时处置"),
        ),
        cube=("department", "doctor", "disease"),
    ),
)
