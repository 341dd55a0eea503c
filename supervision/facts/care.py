"""Visits, admissions, stays, operations, beds."""

from __future__ import annotations

from typing import Final

from supervision.figures.fact import (
    AGE,
    DEPARTMENT,
    DISEASE,
    DOCTOR,
    PERSON,
    SEX,
    Fact,
    choice,
    count,
    day,
    flag,
    number,
    text,
)

PAYERS: Final = {"employee": "职工医保", "resident": "居民医保", "self": "自费", "other": "其他"}
PAYER: Final = choice("payer", "付费方式", PAYERS)
HOME: Final = text("home", "参保地（旗县机构路径）", groups=True)
VISITOR: Final = flag("visitor", "参保地为其他旗县")
DIRECTIONS: Final = {"up": "上转", "down": "下转"}
REFERRED: Final = choice("referred", "转入方式", DIRECTIONS | {"none": "非转诊"})
FEES: Final = (
    number("fee", "医药费用合计"),
    number("fee_western", "西药费"),
    number("fee_patent", "中成药费"),
    number("fee_herbal", "中草药费"),
    number("fee_lab", "检验费"),
    number("fee_exam", "检查费"),
    number("fee_treatment", "治疗与手术费"),
    number("fee_material", "卫生材料费"),
    number("fee_service", "诊察、护理、床位等服务费"),
    number("fund", "医保基金支付"),
)
_WHO: Final = (DEPARTMENT, DOCTOR, PERSON, SEX, AGE, DISEASE, PAYER, HOME)
_CUBE: Final = ("department", "doctor", "disease")

FACTS: Final = (
    Fact(
        "visits",
        "门急诊就诊",
        "每次门诊、急诊、体检、互联网诊疗一行，日期为就诊日期",
        (
            choice(
                "kind",
                "就诊类别",
                {
                    "outpatient": "门诊",
                    "emergency": "急诊",
                    "checkup": "体检",
                    "online": "互联网诊疗",
                    "home": "出诊",
                },
                required=True,
            ),
            count("hour", "就诊时刻（时）", groups=True),
            flag("first", "初诊"),
            flag("first_contact", "首诊（本次患病首次就医）"),
            flag("appointed", "预约就诊"),
            choice(
                "registration", "挂号类别", {"general": "普通", "expert": "专家", "special": "特需", "none": "免挂号"}
            ),
            flag("checkup_group", "团体体检"),
            *_WHO,
            VISITOR,
            REFERRED,
            flag("drugs", "开具药品"),
            count("drug_kinds", "处方药品品种数"),
            flag("antimicrobial", "使用抗菌药物"),
            flag("injection", "使用注射剂"),
            flag("hormone", "使用糖皮质激素"),
            flag("tcm", "提供中医药（蒙医药）服务"),
            flag("rescue", "抢救"),
            flag("rescued", "抢救成功"),
            flag("followup", "转诊后随访"),
            number("saved", "较上级机构节省医药费用"),
            number("saved_registration", "较上级机构节省挂号费"),
            *FEES,
        ),
        cube=_CUBE,
    ),
    Fact(
        "admissions",
        "入院",
        "每次入院一行，日期为入院日期",
        (*_WHO, REFERRED, flag("urgent", "急诊入院")),
        cube=_CUBE,
    ),
    Fact(
        "stays",
        "出院",
        "每次出院一行，日期为出院日期",
        (
            *_WHO,
            VISITOR,
            REFERRED,
            day("admitted", "入院日期"),
            number("days", "住院天数"),
            choice(
                "outcome",
                "离院方式",
                {
                    "discharged": "医嘱离院",
                    "up": "医嘱转院（上转）",
                    "down": "转基层机构",
                    "left": "非医嘱离院",
                    "died": "死亡",
                },
            ),
            count("operation_grade", "最高手术级别（0 为无手术）", groups=True),
            text("drg", "DRG/DIP 病组", groups=True),
            flag("critical", "急危重症"),
            flag("rescue", "抢救"),
            flag("rescued", "抢救成功"),
            flag("difficult", "疑难病例"),
            flag("discussed", "疑难病例讨论"),
            flag("rounds_regular", "上级医师查房记录规范"),
            flag("readmitted", "31 天内非计划再入院"),
            flag("followed", "下转后基层随访"),
            flag("antimicrobial", "使用抗菌药物"),
            number("antimicrobial_ddds", "抗菌药物累计 DDD 数"),
            number("out_of_pocket", "个人支付"),
            *FEES,
        ),
        cube=_CUBE,
    ),
    Fact(
        "operations",
        "手术",
        "每台手术一行，日期为手术日期",
        (
            choice("setting", "来源", {"outpatient": "门诊手术", "inpatient": "住院手术"}),
            *_WHO,
            text("code", "手术编码（ICD-9-CM-3）", groups=True),
            count("grade", "手术级别", groups=True),
            flag("elective", "择期手术"),
            flag("minimally_invasive", "微创手术"),
            flag("complication", "手术并发症"),
            flag("died", "围手术期死亡"),
            count("incision", "切口类别", groups=True),
            flag("prophylaxis", "预防使用抗菌药物"),
        ),
        cube=_CUBE,
    ),
    Fact(
        "bed_days",
        "床位日报",
        "每科室每日一行",
        (
            DEPARTMENT,
            number("open", "实际开放床日"),
            number("occupied", "实际占用床日"),
            number("observed", "观察床占用床日"),
            number("observation", "观察床开放床日"),
            number("discharged", "出院者占用床日"),
            number("present", "在院人数"),
        ),
        cube=("department",),
    ),
    Fact(
        "consultations",
        "院内急会诊",
        "每次急会诊一行",
        (DEPARTMENT, DOCTOR, DISEASE, flag("timely", "10 分钟内到位")),
        cube=_CUBE,
    ),
)
