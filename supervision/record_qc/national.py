"""The national indicators of record quality (病案管理质量控制指标, 2021), each declared once.

A record counts in the numerator or only in the denominator, not at all (it is not about the record), or is unknown:
unknown is told beside the indicator and is in neither number. What only people can judge (whether a main diagnosis is
right) comes from assessments; how many people there are from figures of staff.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Final

from clinical.medical_record import DocumentKind, EventKind, OrderKind, RecordKind, ResultKind
from supervision.record_qc.measures import (
    Measured,
    antimicrobial,
    archived,
    consented,
    examined,
    front_page,
    implants,
    operation_documents,
    rounds,
    transfused,
    treated,
    whole,
    within,
)
from supervision.record_qc.subject import Subject
from supervision.record_qc.timing import admission, discharge, ends_of, operations

DOCUMENT: Final = "《病案管理质量控制指标(2021年版)》(国卫办医函〔2021〕28号)"


class Basis(StrEnum):
    """Where an indicator comes from: documents of each record, standing defects and grades, assessments by coders,
    figures of staff."""

    RECORD = "record"
    DEFECTS = "defects"
    ASSESSMENT = "assessment"
    STAFF = "staff"


@dataclass(frozen=True, slots=True)
class Indicator:
    """One national indicator. ``item`` names the assessment, the figure of staff, or what it counts of defects;
    ``falling``: less is better."""

    number: int
    title: str
    numerator: str
    denominator: str
    basis: Basis
    measure: Measured | None = None
    item: str = ""
    unit: str = "%"
    falling: bool = False

    @property
    def name(self) -> str:
        return f"national-{self.number:02}"

    @property
    def source(self) -> str:
        return f"{DOCUMENT}指标{self.number}"


def measured(subject: Subject) -> dict[str, str]:
    """What a record adds to the indicators that documents tell; nothing of a record whose stay goes on."""
    if subject.record.kind is not RecordKind.INPATIENT or subject.record.ended is None:
        return {}
    found = ((i.name, i.measure(subject)) for i in INDICATORS if i.measure is not None)
    return {name: part.value for name, part in found if part is not None}


def _staffed(number: int, title: str, records: str, item: str) -> Indicator:
    return Indicator(number, title, records, f"{STAFFED[item]}×月数", Basis.STAFF, item=item, unit="份/人月")


def _told(number: int, title: str, numerator: str, denominator: str, measure: Measured) -> Indicator:
    return Indicator(number, title, f"{numerator}的病历数", denominator, Basis.RECORD, measure)


def _assessed(number: int, title: str, item: str) -> Indicator:
    right = title.removesuffix("率")
    return Indicator(number, title, f"{right}的病历数", "已评价的病历数", Basis.ASSESSMENT, item=item)


STAFFED: Final = {
    "inpatient-managers": "住院病案管理人员数",
    "outpatient-managers": "门诊病案管理人员数",
    "coders": "病案编码人员数",
    "outpatient-records": "门诊患者病历数",
}
"""Figures of a month that an institution tells by itself."""
_ENDED, _STAYED = "同期出院患者病历总数", "同期住院患者病历总数"
_DAY: Final = timedelta(hours=24)
_SCANS: Final = examined(("CT", "MRI", "磁共振", "核磁"), ResultKind.EXAM, OrderKind.EXAM)
_RESCUES: Final = within(ends_of(EventKind.RESCUE, called="抢救"), timedelta(hours=6), DocumentKind.RESCUE)
_ADMITTED: Final = within(admission, _DAY, DocumentKind.ADMISSION, DocumentKind.READMISSION)
_DISCHARGED: Final = within(discharge, _DAY, DocumentKind.DISCHARGE, DocumentKind.DAY_STAY)
INDICATORS: Final = (
    _staffed(1, "住院病案管理人员月均负担出院患者病历数", "出院患者病历总数", "inpatient-managers"),
    _staffed(2, "门诊病案管理人员月均负担门诊患者病历数", "门诊患者病历总数", "outpatient-managers"),
    _staffed(3, "病案编码人员月均负担出院患者病历数", "出院患者病历总数", "coders"),
    _told(4, "入院记录24小时内完成率", "入院24小时内完成入院记录", _STAYED, _ADMITTED),
    _told(
        *(5, "手术记录24小时内完成率", "手术记录均在术后24小时内完成", "同期有手术的病历总数"),
        within(operations, _DAY, DocumentKind.OPERATION),
    ),
    _told(6, "出院记录24小时内完成率", "出院24小时内完成出院记录", _ENDED, _DISCHARGED),
    _told(7, "病案首页24小时内完成率", "出院24小时内完成病案首页", _ENDED, front_page),
    _told(8, "CT/MRI检查记录符合率", "CT/MRI医嘱、报告、病程相对应", "同期有CT/MRI检查的病历总数", _SCANS),
    _told(
        *(9, "病理检查记录符合率", "病理医嘱、报告、病程相对应", "同期有病理检查的病历总数"),
        examined(("病理",), ResultKind.PATHOLOGY, OrderKind.EXAM),
    ),
    _told(
        *(10, "细菌培养检查记录符合率", "细菌培养医嘱、报告、病程相对应", "同期有细菌培养的病历总数"),
        examined(("培养",), ResultKind.CULTURE, OrderKind.LAB),
    ),
    _told(11, "抗菌药物使用记录符合率", "抗菌药物医嘱与病程相对应", "同期使用抗菌药物的病历总数", antimicrobial),
    _told(
        *(12, "恶性肿瘤化学治疗记录符合率", "化疗医嘱与病程相对应", "同期有化疗的病历总数"),
        treated(EventKind.CHEMOTHERAPY, ("化疗", "化学治疗")),
    ),
    _told(
        *(13, "恶性肿瘤放射治疗记录符合率", "放疗医嘱与病程相对应", "同期有放疗的病历总数"),
        treated(EventKind.RADIOTHERAPY, ("放疗", "放射治疗")),
    ),
    _told(14, "手术相关记录完整率", "手术相关记录齐全", "同期有手术的病历总数", operation_documents),
    _told(15, "植入物相关记录符合率", "手术记录载明植入物", "同期有植入物的病历总数", implants),
    _told(16, "临床用血相关记录符合率", "用血同意、医嘱、记录、病程相对应", "同期有临床用血的病历总数", transfused),
    _told(17, "医师查房记录完整率", "各级医师查房记录完整", _STAYED, rounds),
    _told(18, "患者抢救记录及时完成率", "抢救记录均在6小时内完成", "同期有抢救的病历总数", _RESCUES),
    _told(19, "出院患者病历2日归档率", "2个工作日内归档", _ENDED, archived),
    _told(20, "出院患者病历归档完整率", "归档内容完整", _ENDED, whole),
    _assessed(21, "主要诊断填写正确率", "main-diagnosis-chosen"),
    _assessed(22, "主要诊断编码正确率", "main-diagnosis-coded"),
    _assessed(23, "主要手术填写正确率", "main-operation-chosen"),
    _assessed(24, "主要手术编码正确率", "main-operation-coded"),
    Indicator(25, "不合理复制病历发生率", "有不合理复制的病历数", _ENDED, Basis.DEFECTS, item="copied", falling=True),
    _told(26, "知情同意书规范签署率", "知情同意书均规范签署", "同期有知情同意书的病历总数", consented),
    Indicator(27, "甲级病历率", "甲级病历数", _ENDED, Basis.DEFECTS, item="grade-a"),
)
BY_NAME: Final[Mapping[str, Indicator]] = {indicator.name: indicator for indicator in INDICATORS}
ASSESSED: Final = {i.item: i.title for i in INDICATORS if i.basis is Basis.ASSESSMENT}
