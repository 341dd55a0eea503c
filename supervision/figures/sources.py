"""Documents that lay indicators down."""

from __future__ import annotations

from supervision.figures.indicator import Source


def medical_statistics(place: str) -> Source:
    return Source("卫生统计指标 第7部分：医疗服务", 2018, f"WS/T 598.7—2018 {place}")


def supply_statistics(place: str) -> Source:
    return Source("卫生统计指标 第8部分：药品与卫生材料供应保障", 2018, f"WS/T 598.8—2018 {place}")


def resource_statistics(place: str) -> Source:
    return Source("卫生统计指标 第9部分：卫生资源", 2018, f"WS/T 598.9—2018 {place}")


def tender(place: str) -> Source:
    """What the league asked for in its own words."""
    return Source("盟域医共体平台招标技术要求", None, place)


def hospital_appraisal(place: str) -> Source:
    return Source("国务院办公厅关于加强三级公立医院绩效考核工作的意见", 2019, f"国办发〔2019〕4 号附件 {place}")


def pharmacy_quality(place: str) -> Source:
    return Source("药事管理专业医疗质量控制指标（2020 年版）", 2020, f"国卫办医函〔2020〕654 号 {place}")


def antimicrobial_notice(place: str) -> Source:
    return Source("关于进一步加强抗菌药物临床应用管理工作的通知", 2015, f"国卫办医发〔2015〕42 号附件 {place}")


def league_monitoring(place: str) -> Source:
    return Source("紧密型县域医疗卫生共同体建设监测指标体系（试行）", 2020, f"国卫办基层发〔2020〕12 号附件 {place}")


def tiered_care(place: str) -> Source:
    return Source("国务院办公厅关于推进分级诊疗制度建设的指导意见", 2015, f"国办发〔2015〕70 号 {place}")


def general_practice(place: str) -> Source:
    return Source("国务院办公厅关于改革完善全科医生培养与使用激励机制的意见", 2018, f"国办发〔2018〕3 号 {place}")


def record_quality(place: str) -> Source:
    return Source("病案管理质量控制指标（2021 年版）", 2021, f"国卫办医函〔2021〕28 号 {place}")


def public_health_norms(place: str) -> Source:
    return Source("国家基本公共卫生服务规范（第三版）", 2017, f"国卫基层发〔2017〕13 号 {place}")


__all__ = [
    "antimicrobial_notice",
    "general_practice",
    "hospital_appraisal",
    "league_monitoring",
    "medical_statistics",
    "pharmacy_quality",
    "public_health_norms",
    "record_quality",
    "resource_statistics",
    "supply_statistics",
    "tender",
    "tiered_care",
]
