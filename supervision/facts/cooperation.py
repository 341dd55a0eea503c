"""Settlements with the insurance, referrals between institutions, services from afar."""

from __future__ import annotations

from typing import Final

from supervision.figures.fact import DEPARTMENT, DISEASE, DOCTOR, PERSON, Fact, choice, flag, number, text

FACTS: Final = (
    Fact(
        "settlements",
        "医保结算",
        "每次医保结算一行，日期为结算日期；域外就医结算记在参保地旗县名下",
        (
            choice("insurance", "险种", {"employee": "职工医保", "resident": "居民医保"}, required=True),
            choice("setting", "医疗类别", {"outpatient": "门诊", "inpatient": "住院", "pharmacy": "药店购药"}),
            choice("place", "就医地", {"inside": "旗县域内", "league": "盟内域外", "outside": "盟外"}),
            text("home", "参保地（旗县机构路径）", groups=True),
            DEPARTMENT,
            PERSON,
            DISEASE,
            number("total", "医药费用合计"),
            number("eligible", "政策范围内费用"),
            number("fund", "统筹基金支付"),
            number("out_of_pocket", "个人支付"),
            number("refused", "审核拒付金额"),
            number("cycle_days", "申报到拨付天数"),
        ),
        cube=("setting", "place", "disease"),
    ),
    Fact(
        "referrals",
        "双向转诊",
        "每次转诊一行，记在转出机构名下，日期为申请日期",
        (
            choice("direction", "方向", {"up": "上转", "down": "下转"}, required=True),
            choice("setting", "类别", {"outpatient": "门诊", "inpatient": "住院"}),
            text("to_tenant", "转入机构", groups=True),
            choice(
                "to_tier", "转入机构层级", {"city": "盟市级", "county": "旗县级", "primary": "基层", "other": "其他"}
            ),
            DEPARTMENT,
            DOCTOR,
            PERSON,
            DISEASE,
            flag("accepted", "申请通过"),
            flag("complete", "资料完整"),
            flag("standard", "符合转诊规范"),
            number("hours", "申请到接诊时长（小时）"),
            flag("followed", "下转后基层随访"),
            flag("readmitted", "下转后再入院"),
        ),
        cube=("disease", "direction"),
    ),
    Fact(
        "remote",
        "远程医疗",
        "每次远程服务申请一行，记在申请机构名下",
        (
            choice(
                "service",
                "服务类别",
                {
                    "consultation": "远程会诊",
                    "outpatient": "远程门诊",
                    "imaging": "远程影像诊断",
                    "ecg": "远程心电诊断",
                    "laboratory": "远程检验诊断",
                    "pathology": "远程病理诊断",
                },
                required=True,
            ),
            text("by_tenant", "服务机构", groups=True),
            DEPARTMENT,
            DISEASE,
            flag("completed", "完成"),
            flag("expert_present", "专家按时到位"),
            flag("timely", "报告按时出具"),
            number("response_minutes", "响应时间（分钟）"),
            number("report_hours", "报告出具时长（小时）"),
        ),
        cube=("service", "disease"),
    ),
)
