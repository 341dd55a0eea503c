"""Notes of a stay of up to 24 hours (articles 17, 20 and 21 of the norm): what they tell, and when they will do."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Final

from clinical.medical_record import DocumentKind
from supervision.record_qc.items import Form, Item
from supervision.record_qc.model import (
    ENDED,
    INPATIENT,
    NORM,
    Aspect,
    Check,
    Defect,
    Gap,
    Grade,
    Group,
    Said,
    Severity,
)
from supervision.record_qc.places import Place
from supervision.record_qc.subject import Subject
from supervision.record_qc.timing import spoken

_DAY: Final = timedelta(hours=24)
_GRACE: Final = timedelta(hours=1)
"""Between leaving the ward and the entry of the discharge."""

_COMPLAINT: Final = Item("complaint", "主诉", "主诉")
_CONDITION: Final = Item(
    "condition", "入院情况", "入院情况|入院时情况|病史|现病史|病史摘要", r"入院时(?!间)|入院查体|查体|体格检查"
)
_AT_ADMISSION: Final = Item("admission-diagnosis", "入院诊断", "入院诊断|初步诊断", r"入院诊断|初步诊断")
_STAY: Final = Form(
    "day-stay-note",
    (DocumentKind.DAY_STAY,),
    f"{NORM}第二十条",
    Group.ADMISSION,
    (
        _COMPLAINT,
        _CONDITION,
        _AT_ADMISSION,
        Item("treatment", "诊疗经过", "(?:住院)?诊[疗治]经过|治疗经过|处理经过", r"(?:入院后|予|给予|行)[^。\n]{2,}"),
        Item(
            "discharge-condition", "出院情况", "出院(?:时)?情况", r"出院时(?!间)|(?:好转|治愈|要求)[^。\n]{0,10}出院"
        ),
        Item("discharge-diagnosis", "出院诊断", "出院诊断"),
        Item("advice", "出院医嘱", "出院医嘱|出院(?:后)?建议|医嘱|注意事项", r"出院(?:后)?(?:医嘱|建议|带药)"),
    ),
)
_DEATH: Final = Form(
    "day-death-note",
    (DocumentKind.DAY_DEATH,),
    f"{NORM}第二十一条",
    Group.END,
    (
        _COMPLAINT,
        _CONDITION,
        _AT_ADMISSION,
        Item("rescue", "诊疗(抢救)经过", "(?:诊[疗治]|治疗|抢救|诊疗抢救|诊疗（抢救）)经过|抢救", r"抢救|心肺复苏"),
        Item("cause", "死亡原因", "死亡原因|死因", r"死亡原因|死因|死于", 2.0),
        Item("diagnosis", "死亡诊断", "死亡诊断", r"死亡诊断", 2.0),
    ),
)


def _too_long(subject: Subject) -> Iterator[Said]:
    notes = subject.judged(DocumentKind.DAY_STAY, DocumentKind.DAY_DEATH)
    if not notes or subject.of(DocumentKind.ADMISSION, DocumentKind.READMISSION):
        return
    admitted, ended = subject.record.visit.admitted, subject.record.ended
    if admitted is None or ended is None:
        yield Gap("入院和出院(死亡)时间")
    elif ended - admitted > _DAY + _GRACE:
        says = f"住院{spoken(ended - admitted)}，超过24小时，不能以{notes[0].kind.value}代替入院记录"
        yield Defect(says, Place(notes[0].id))


CHECKS: Final = (
    *_STAY.checks(),
    *_DEATH.checks(),
    Check(
        name="day-stay-note-for-longer-stay",
        title="住院超过24小时却以24小时内入出院(死亡)记录代替入院记录",
        group=Group.ADMISSION,
        aspect=Aspect.COMPLETE,
        kinds=INPATIENT,
        source=f"{NORM}第十七条",
        mend="按入院记录、病程记录、出院(死亡)记录分别书写",
        run=_too_long,
        severity=Severity.SEVERE,
        points=10.0,
        veto=Grade.C,
        stages=ENDED,
    ),
)
