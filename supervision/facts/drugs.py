"""Prescriptions, lines of drugs, stock and purchase."""

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
    Kind,
    choice,
    count,
    day,
    flag,
    number,
    text,
)

SETTINGS: Final = {"outpatient": "门诊", "emergency": "急诊", "inpatient": "住院", "discharge": "出院带药"}
CLASSES: Final = {"western": "西药", "patent": "中成药", "herbal": "中草药"}
GRADES: Final = {"none": "非抗菌药物", "free": "非限制使用级", "restricted": "限制使用级", "special": "特殊使用级"}
_SETTING: Final = choice("setting", "场景", SETTINGS, required=True)
_CLASS: Final = choice("drug_class", "药品类别", CLASSES)
_CUBE: Final = ("department", "doctor", "disease")
_GOODS: Final = (
    choice("goods", "物资类别", {"drug": "药品", "material": "耗材"}, required=True),
    text("item", "品种", groups=True),
    flag("essential", "国家基本药物"),
)

FACTS: Final = (
    Fact(
        "prescriptions",
        "处方",
        "每张处方一行，日期为开具日期",
        (
            _SETTING,
            _CLASS,
            DEPARTMENT,
            DOCTOR,
            PERSON,
            SEX,
            AGE,
            DISEASE,
            count("kinds", "药品品种数"),
            number("amount", "处方金额"),
            flag("antimicrobial", "含抗菌药物"),
            flag("injection", "含注射剂"),
            flag("hormone", "含糖皮质激素"),
            flag("essential", "含国家基本药物"),
            flag("reviewed", "已点评"),
            flag("rational", "点评合理"),
            flag("overdose", "超剂量"),
            flag("off_indication", "适应证不符"),
        ),
        cube=_CUBE,
    ),
    Fact(
        "drug_orders",
        "用药明细",
        "每条药品医嘱或处方明细一行，日期为开具日期",
        (
            _SETTING,
            _CLASS,
            DEPARTMENT,
            DOCTOR,
            PERSON,
            DISEASE,
            text("drug", "药品通用名", groups=True),
            text("atc", "ATC 编码", groups=True),
            flag("essential", "国家基本药物"),
            flag("insured", "医保目录内"),
            choice("antimicrobial", "抗菌药物分级", GRADES),
            flag("injection", "注射剂"),
            flag("hormone", "糖皮质激素"),
            flag("monitored", "重点监控药品"),
            flag("procured", "集中带量采购药品"),
            flag("traced", "已采集追溯码"),
            number("quantity", "数量"),
            number("amount", "金额"),
            number("ddds", "DDD 数"),
        ),
        cube=_CUBE,
    ),
    Fact(
        "stock",
        "库存",
        "每机构每品种每月末一行",
        (
            *_GOODS,
            number("incoming", "本月入库数量"),
            number("outgoing", "本月出库数量"),
            number("on_hand", "月末库存数量"),
            number("value", "月末库存金额"),
            number("outgoing_value", "本月出库金额"),
            flag("short", "短缺"),
            flag("expiring", "六个月内到期"),
            day("expires", "最近有效期"),
        ),
        Kind.STOCK,
    ),
    Fact(
        "purchases",
        "采购",
        "每笔采购入库一行，日期为入库日期",
        (
            *_GOODS,
            text("supplier", "供应商", groups=True),
            flag("procured", "集中带量采购"),
            number("price", "单价"),
            number("quantity", "数量"),
            number("amount", "金额"),
        ),
    ),
)
