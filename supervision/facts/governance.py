"""What our own service saw: requests, alerts and what was done with them, prescriptions reviewed."""

from __future__ import annotations

from typing import Final

from records.uses import KINDS
from supervision.figures.fact import DEPARTMENT, DISEASE, DOCTOR, PERSON, Fact, choice, count, flag, number, text

_CUBE: Final = ("department", "doctor", "disease")

FACTS: Final = (
    Fact(
        "requests",
        "决策支持调用",
        "每次审查或提示请求一行",
        (
            text("service", "服务", groups=True),
            DEPARTMENT,
            DOCTOR,
            DISEASE,
            count("findings", "提示条数"),
            count("gaps", "因资料缺失未能检查的项数"),
            count("faults", "规则故障数"),
            number("elapsed_ms", "耗时（毫秒）"),
        ),
        cube=(*_CUBE, "service"),
    ),
    Fact(
        "findings",
        "决策支持提示",
        "每条提示一行，日期为提示日期",
        (
            choice(
                "severity",
                "严重程度",
                {"contraindicated": "禁忌", "major": "严重", "moderate": "一般", "minor": "轻微", "info": "提示"},
            ),
            text("family", "规则类别", groups=True),
            text("rule", "规则", groups=True),
            DEPARTMENT,
            DOCTOR,
            DISEASE,
            choice(
                "response",
                "医师响应",
                {"accepted": "采纳", "overridden": "忽略", "none": "未响应"},
            ),
            flag("reasoned", "忽略且注明理由"),
            text("reason", "忽略理由", groups=True),
            number("response_seconds", "响应用时（秒）"),
        ),
        cube=(*_CUBE, "family"),
    ),
    Fact(
        "uses",
        "推理应用",
        "每次诊断、治疗、评分、风险等推理或临床问答一行",
        (
            choice("kind", "推理类别", {kind.value: title for kind, title in KINDS.items()}),
            DEPARTMENT,
            DOCTOR,
            DISEASE,
            flag("answered", "给出结果"),
            number("elapsed_ms", "耗时（毫秒）"),
        ),
        cube=(*_CUBE, "kind"),
    ),
    Fact(
        "concordance",
        "诊断与方案符合",
        "每个有推荐可比的就诊一行",
        (
            DEPARTMENT,
            DOCTOR,
            DISEASE,
            PERSON,
            flag("first", "首位推荐与确诊一致"),
            flag("among", "确诊在推荐之列"),
            flag("plan_offered", "给出诊疗方案"),
            flag("plan_followed", "依方案执行"),
        ),
        cube=_CUBE,
    ),
    Fact(
        "violations",
        "医保与行为违规",
        "每条违规线索一行",
        (
            DEPARTMENT,
            DOCTOR,
            DISEASE,
            PERSON,
            text("rule", "规则", groups=True),
            choice("stage", "环节", {"before": "事前", "during": "事中", "after": "事后"}),
            flag("confirmed", "核实"),
            number("amount", "涉及金额"),
        ),
        cube=(*_CUBE, "stage"),
    ),
    Fact(
        "gaps",
        "知识缺口",
        "每次未能对上的名称或没有答案的问题一行",
        (
            choice("kind", "类别", {"term": "未映射名称", "question": "无答案问题"}),
            text("subject", "名称类别", groups=True),
            DEPARTMENT,
            text("name", "内容", groups=True),
        ),
        cube=("department", "kind"),
    ),
    Fact(
        "incidents",
        "医疗安全（不良）事件",
        "每起事件一行，日期为发生日期",
        (
            DEPARTMENT,
            choice("grade", "事件等级", {"1": "Ⅰ级", "2": "Ⅱ级", "3": "Ⅲ级", "4": "Ⅳ级"}),
            choice("kind", "类别", {"event": "不良事件", "accident": "医疗事故", "risk": "安全隐患"}),
            flag("mended", "整改完成"),
        ),
        cube=("department", "kind"),
    ),
)
