"""Institutions, staff, beds and rooms, devices, money."""

from __future__ import annotations

from typing import Final

from supervision.figures.fact import DEPARTMENT, Fact, Kind, choice, count, day, flag, number, text

STAFF: Final = {
    "physician": "执业医师",
    "assistant": "执业助理医师",
    "nurse": "注册护士",
    "pharmacist": "药师（士）",
    "technician": "技师（士）",
    "other-technical": "其他卫生技术人员",
    "village-doctor": "乡村医生",
    "manager": "管理人员",
    "support": "工勤技能人员",
}
REPORTED: Final = {
    "new-projects": "开展新项目数",
    "new-techniques": "帮助基层开展新技术数",
    "posted-down": "向基层下派人次",
    "training-above": "去上级医院进修人次",
    "insurance-appraisal": "医保考核得分",
}
"""Items that indicators read; institutions may report others."""
RANKS: Final = {"senior": "正高", "associate": "副高", "middle": "中级", "junior": "初级", "none": "未定级"}

FACTS: Final = (
    Fact(
        "institutions",
        "医疗卫生机构",
        "每机构每月末一行；机构层级、类型和等级由此写入该机构以后的全部数据",
        (
            text("name", "机构名称", required=True),
            text("district", "所在旗县", groups=True),
            text("town", "所在苏木乡镇（街道），连旗县名", groups=True),
            choice(
                "own_tier", "机构层级", {"city": "盟市级", "county": "旗县级", "primary": "基层", "other": "其他"}
            ),
            text("own_facility", "机构类型（同“机构类型”维度的代码）"),
            count("own_level", "医院等级（1–3）"),
            flag("member", "医共体成员"),
            count("posts", "编制人数"),
            flag("telemedicine", "已开通远程医疗"),
            flag("family_doctor_team", "已组建家庭医生团队"),
            count("teams", "家庭医生团队数"),
            count("team_doctors", "参与签约的家庭医生人数"),
        ),
        Kind.STOCK,
    ),
    Fact(
        "staff",
        "卫生人员",
        "每人每月末一行",
        (
            DEPARTMENT,
            choice("role", "人员类别", STAFF, required=True),
            choice("rank", "专业技术资格", RANKS),
            flag("permanent", "在编"),
            flag("general_practitioner", "全科医生"),
            flag("posted", "由上级医院下派"),
            flag("trained_above", "本月在上级医院进修"),
            number("salary", "本月薪酬"),
        ),
        Kind.STOCK,
        ("department",),
    ),
    Fact(
        "facilities",
        "卫生设施",
        "每机构每月末一行",
        (
            number("area", "业务用房面积（平方米）"),
            count("planned_beds", "编制床位数"),
            count("beds", "实有床位数"),
            count("observation_beds", "观察床位数"),
            count("home_beds", "本年累计开设家庭病床数"),
            count("theatres", "手术间数"),
            number("theatre_hours", "手术间本月使用时长（小时）"),
            number("theatre_open", "手术间本月开放时长（小时）"),
            count("laboratories", "检验室数"),
            number("laboratory_hours", "检验室本月使用时长（小时）"),
            number("laboratory_open", "检验室本月开放时长（小时）"),
            count("ambulances", "急救车辆数"),
        ),
        Kind.STOCK,
    ),
    Fact(
        "devices",
        "卫生设备",
        "万元以上设备每台每月末一行",
        (
            DEPARTMENT,
            text("device", "设备名称", groups=True),
            number("value", "购置价值（元）"),
            flag("large", "大型医用设备"),
            day("bought", "购置日期"),
            number("used_hours", "本月使用时长（小时）"),
            number("open_hours", "本月可用时长（小时）"),
            count("examinations", "本月检查人次"),
            number("income", "本月检查收入"),
            count("repairs", "本月故障维修次数"),
        ),
        Kind.STOCK,
    ),
    Fact(
        "finance",
        "收支月报",
        "每机构每月一行，日期为该月任一日",
        (
            number("income", "总收入"),
            number("medical_income", "医疗收入"),
            number("service_income", "医疗服务收入（不含药品、耗材、检查、检验）"),
            number("subsidy", "财政补助收入"),
            number("fund_income", "医保基金收入"),
            number("public_health_income", "基本公共卫生服务经费"),
            number("expenditure", "业务支出"),
            number("staff_cost", "人员经费"),
        ),
    ),
    Fact(
        "reported",
        "填报数据",
        "信息系统里没有的数，由机构按项目填报：每机构每月每项目一行；指标所用项目："
        + "、".join(f"`{item}` {title}" for item, title in REPORTED.items()),
        (text("item", "项目代码", groups=True, required=True), number("value", "数值", required=True)),
        cube=("item",),
    ),
)
