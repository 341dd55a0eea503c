"""Consultations (article 22, 10 of the norm; the system of consultations): asked for, answered, acted upon."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from clinical.coded import CHINA
from clinical.medical_record import Document, DocumentKind, Event, EventKind, Signer
from supervision.record_qc.content import Signed
from supervision.record_qc.days import NORM_NOTES
from supervision.record_qc.items import Form, Item, text_of
from supervision.record_qc.model import CORE_SYSTEMS, INPATIENT, LATER, NORM, Aspect, Check, Defect, Gap, Group, Said
from supervision.record_qc.places import Place
from supervision.record_qc.subject import Subject
from supervision.record_qc.timing import Anchor, Limit, matched, shown, starts_of

_CONSULTATION: Final = DocumentKind.CONSULTATION
_ARTICLE: Final = f"{NORM}第二十二条(十)"
_SYSTEM: Final = f"{CORE_SYSTEMS}三、会诊制度"
_FORM: Final = Form(
    "consultation",
    (_CONSULTATION,),
    _ARTICLE,
    Group.COURSE,
    (
        Item(
            "state", "申请会诊的病情及诊疗情况",
            "(?:申请会诊的?)?(?:简要)?(?:病情|病史|病历)[^：:]{0,10}|申请会诊记录|邀请[^：:]{0,6}",
            r"患者|因[“\"]|主因|入院|病史",
        ),
        Item(
            "reason", "申请会诊的理由和目的", "(?:申请)?会诊(?:的)?(?:理由|目的|原因)[^：:]{0,8}|申请(?:理由|目的)",
            r"目的|理由|(?<!申)请(?:贵科)?[^。\n]{0,20}(?:会诊|协助|指导|评估|明确)|协助(?:诊治|诊疗|诊断|治疗)|[是能]否",
        ),
        Item(
            "opinion", "会诊意见", "会诊(?:医师)?(?:意见|建议|记录|结论)|(?:处理)?意见|建议",
            r"建议|考虑|同意|意见|可予|暂不|予[^。\n]{2,}", 3.0,
        ),
        Item(
            "department", "会诊医师所在科别或医疗机构", "会诊(?:医师)?(?:所在)?(?:科[别室]|单位|医疗机构)[^：:]{0,4}",
            r"[一-龥]{1,6}科|医院|中心", 0.5,
        ),
    ),
)  # fmt: skip
ANSWER: Final = Limit(
    "consultation", "会诊记录", (_CONSULTATION,), starts_of(EventKind.CONSULTATION, called="会诊申请于"),
    timedelta(hours=24), _SYSTEM, missing_points=3.0,
)  # fmt: skip

_OUTSIDE: Final = re.compile(r"院外|外院|院际|远程|医院|多学科|MDT")


def _inside(subject: Subject) -> Iterator[Anchor | Gap]:
    """Requests within the house; other houses have their own time."""
    outside = {e.id for e in subject.events(EventKind.CONSULTATION) or () if _OUTSIDE.search(e.department + e.text)}
    yield from (one for one in ANSWER.after(subject) if isinstance(one, Gap) or one.id not in outside)


INSIDE: Final = replace(ANSWER, after=_inside)

# -- an urgent one ---------------------------------------------------------------------------

_ARRIVED: Final = re.compile(
    r"(?:到达|到场|到位|抵达|到科)(?:时间|"
    r"现场)?[^\d\n]{0,16}(?:\d{4}[-年]\d{1,2}[-月]\d{1,2}日?\s*)?(?P<hour>\d{1,2})\s*[:：时点]\s*(?P<minute>\d{1,2})"
)
_AT_ONCE: Final = timedelta(minutes=10)
_DAY: Final = timedelta(days=1)


def _late_arrivals(subject: Subject) -> Iterator[Said]:
    """Urgent consultations, where the note tells when the doctor came."""
    for event, document in _consulted(subject):
        if isinstance(event, Gap):
            yield event
            continue
        if not event.urgent or event.at is None or document is None or document not in subject.judged():
            continue
        came = _arrival(document, event.at)
        if came is None:
            yield Gap("急会诊医师到场时间")
        elif came > event.at + _AT_ONCE:
            says = f"急会诊于{shown(event.at)}申请，会诊医师{came.astimezone(CHINA):%H:%M}到场，超过10分钟"
            yield Defect(says, Place(document.id), key=event.id)


def _arrival(document: Document, asked: datetime) -> datetime | None:
    """When the doctor came, by the hour that the note tells: the first such hour after the request."""
    match = _ARRIVED.search(text_of(document))
    if match is None or int(match["hour"]) > 23 or int(match["minute"]) > 59:
        return None
    time = asked.astimezone(CHINA).replace(hour=int(match["hour"]), minute=int(match["minute"]), second=0)
    return time + _DAY if time < asked - _DAY / 2 else time


def _consulted(subject: Subject) -> Iterator[tuple[Event | Gap, Document | None]]:
    events = subject.events(EventKind.CONSULTATION)
    if events is None:
        yield Gap("会诊申请事件"), None
    timed = [event for event in events or () if event.at]
    anchors = [Anchor(event.at, event.id) for event in timed if event.at]
    yield from zip(timed, matched(anchors, subject.of(_CONSULTATION)), strict=True)


# -- what came of it -------------------------------------------------------------------------

_LATER: Final = timedelta(hours=48)


def _unmentioned(subject: Subject) -> Iterator[Said]:
    """Consultations, of which no course note of the days after says how the advice was carried out."""
    notes = [d for d in subject.of(*NORM_NOTES, DocumentKind.DISCHARGE) if d.kind is not _CONSULTATION]
    for document in subject.judged(_CONSULTATION):
        answered = document.written
        if answered is None:
            yield Gap("会诊时间")
        elif subject.until < answered + _LATER:
            continue
        elif not any("会诊" in text_of(d) for d in notes if d.written is None or d.written >= answered - _LATER):
            yield Defect(f"{shown(answered)}会诊后，病程记录未记录会诊意见执行情况", Place(document.id))


CHECKS: Final = (
    *_FORM.checks(),
    INSIDE.late(),
    ANSWER.missing(),
    Check(
        name="consultation-urgent-arrival",
        title="急会诊超过10分钟到场",
        group=Group.COURSE,
        aspect=Aspect.TIMELY,
        kinds=INPATIENT,
        source=f"{_SYSTEM}；{_ARTICLE}",
        mend="急会诊在申请发出后10分钟内到场",
        run=_late_arrivals,
        points=2.0,
        stages=LATER,
    ),
    Check(
        name="consultation-advice-unmentioned",
        title="病程未记录会诊意见执行情况",
        group=Group.COURSE,
        aspect=Aspect.CLINICAL,
        kinds=INPATIENT,
        source=_ARTICLE,
        mend="申请会诊医师在病程记录中记录会诊意见执行情况",
        run=_unmentioned,
        points=1.0,
        most=3.0,
        stages=LATER,
    ),
    Signed(
        "consultation-signature", (_CONSULTATION,), (Signer.AUTHOR, Signer.SUPERIOR), _ARTICLE, Group.COURSE
    ).check(),
)
