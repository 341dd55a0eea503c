"""Whether times agree: with the stay, with the operation, between complaint and history, between text and data."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import date, datetime, timedelta
from functools import partial
from typing import Final

from clinical.medical_record import Document, DocumentKind
from nlp.durations import Kind, durations
from supervision.record_qc.dates import count, nth_day, stated
from supervision.record_qc.days import day
from supervision.record_qc.meaning import ADMISSION_NOTES, DAILY_NOTES, clause, finds, operations_of
from supervision.record_qc.model import (
    CORE_SYSTEMS,
    NORM,
    Defect,
    Gap,
    Group,
    Said,
    Severity,
    disagreement,
)
from supervision.record_qc.parts import parts, searched
from supervision.record_qc.places import Place
from supervision.record_qc.subject import Passage, Subject
from supervision.record_qc.timing import EARLY, shown

_WRITTEN_IN_HOSPITAL: Final = (*ADMISSION_NOTES, DocumentKind.FIRST_COURSE, *DAILY_NOTES)
_ENDED: Final = (*DAILY_NOTES, DocumentKind.CONSULTATION, DocumentKind.STAGE_SUMMARY, DocumentKind.PREOP_SUMMARY)
_OPERATIVE: Final = (
    *(DocumentKind.OPERATION, DocumentKind.ANAESTHESIA, DocumentKind.SAFETY, DocumentKind.COUNT),
    DocumentKind.POSTOP_COURSE,
)
_DEATHS: Final = (DocumentKind.DEATH, DocumentKind.DAY_DEATH, DocumentKind.DEATH_DISCUSSION)
_LEAVING: Final = (DocumentKind.DISCHARGE, DocumentKind.DAY_STAY, DocumentKind.DEATH)
_DAYS: Final = re.compile(r"(?:共|实际)?住院(?:天数|日数|治疗)?[:：]?\s*(?P<days>\d{1,3})\s*[天日](?![后前内])")
_POSTOPERATIVE: Final = nth_day("术后")
_HOSPITAL: Final = nth_day("(?:入院|住院)(?:治疗)?")
_HEADER: Final = re.compile(r"^\s*(?:记录(?:日期|时间)?|时间|日期)?[:：]?\s*(?=20\d\d)")
_OPENING: Final = 60
"""So many characters of a note tell which day it is."""
_DEATH: Final = re.compile(r"补记|死亡|抢救")
_TOLD_LATER: Final = timedelta(minutes=30)
_SOON: Final = timedelta(minutes=5)
_ALIKE: Final = (0.6, 1.7)
"""Spans whose quotient lies between these are the same, as people say them."""
_AHEAD: Final = re.compile(r"预产|预约|拟|计划|复诊|到期")
_CALENDAR: Final = re.compile(
    r"\d{1,2}\s*月\s*\d{1,2}|(?:19|20)\d\d|昨|今[日晨天早]|当[日晚天]|自幼|出生|生后|凌晨|儿时|年轻"
)


# -- the stay --------------------------------------------------------------------------------


def _operation_outside(subject: Subject) -> Iterator[Said]:
    visit, end = subject.record.visit, subject.record.ended
    if subject.record.operations is None or visit.admitted is None:
        yield Gap("手术信息" if visit.admitted else "入院时间")
        return
    start = min(visit.arrived or visit.admitted, visit.admitted)
    for one in subject.record.operations:
        slack = timedelta(days=1) if one.emergency and visit.arrived is None else EARLY
        if one.at and one.at < start - slack:
            yield Defect(f"{one.name}于{shown(one.at)}开始，早于入院{shown(visit.admitted)}", key=one.id)
        elif one.at and end and one.at > end:
            yield Defect(f"{one.name}于{shown(one.at)}开始，晚于出院(死亡){shown(end)}", key=one.id)


def _operation_reversed(subject: Subject) -> Iterator[Said]:
    if subject.record.operations is None:
        yield Gap("手术信息")
    for one in subject.record.operations or ():
        if one.at and one.end and one.end <= one.at:
            yield Defect(f"{one.name}结束时间{shown(one.end)}不晚于开始时间{shown(one.at)}", key=one.id)


def _before_admission(subject: Subject) -> Iterator[Said]:
    visit = subject.record.visit
    if visit.admitted is None:
        yield Gap("入院时间")
        return
    start = min(visit.arrived or visit.admitted, visit.admitted)
    for document in subject.judged(*_WRITTEN_IN_HOSPITAL):
        if document.written and document.written < start - EARLY:
            says = f"{document.kind.value}的时间{shown(document.written)}早于入院{shown(visit.admitted)}"
            yield Defect(says, Place(document.id))


def _after_end(subject: Subject) -> Iterator[Said]:
    end = subject.record.ended
    for document in subject.judged(*_ENDED) if end else ():
        if end and document.written and _is_after(subject, document, document.written, end):
            says = f"{document.kind.value}的时间{shown(document.written)}晚于出院(死亡){shown(end)}"
            yield Defect(says, Place(document.id))


def _is_after(subject: Subject, document: Document, written: datetime, end: datetime) -> bool:
    """Whether a note bears a later day than the end, or tells of somebody who is dead."""
    if day(written) > day(end):
        return True
    dead = subject.record.visit.died is not None and written > end + _TOLD_LATER
    return dead and document.kind in DAILY_NOTES and not finds(subject, [document], _DEATH)


def _stay_stated(subject: Subject) -> Iterator[Said]:
    visit = subject.record.visit
    pairs = (("入院(?:日期|时间)", "入院", visit.admitted), ("出院(?:日期|时间)", "出院", visit.discharged))
    for document in subject.judged(*_LEAVING):
        for heading, called, actual in pairs:
            for passage in parts(document, heading) if actual else ():
                yield from _another_day(passage, [actual], called)


def _another_day(passage: Passage, actual: Iterable[datetime | None], called: str) -> Iterator[Defect]:
    """A date that is none of those on which it really was."""
    days = {day(time) for time in actual if time is not None}
    first = next(stated(passage.text), None)
    if days and first is not None and first.day not in days:
        known = "、".join(map(str, sorted(days)))
        says = f"{passage.document.kind.value}写{called}日期为{first.day}，系统记录为{known}"
        yield Defect(says, passage.place(first.start, first.end))


def _stay_days(subject: Subject) -> Iterator[Said]:
    admitted, ended = subject.record.visit.admitted, subject.record.ended
    if admitted is None or ended is None:
        yield Gap("入院与出院时间")
        return
    days = max(1, (day(ended) - day(admitted)).days)
    for document in subject.judged(*_LEAVING):
        for match, place in searched(document, _DAYS):
            if abs(int(match["days"]) - days) > 1:
                yield Defect(f"{document.kind.value}写住院{match['days']}天，实际为{days}天", place)


def _death_stated(subject: Subject) -> Iterator[Said]:
    died = subject.record.visit.died
    for document in subject.judged(*_DEATHS) if died else ():
        for passage in parts(document, "死亡(?:时间|日期)"):
            first = next(stated(passage.text), None)
            if died is None or first is None:
                continue
            if first.day != day(died) or (first.time and abs(first.time - died) > _SOON):
                says = f"{document.kind.value}所写死亡时间与系统记录{shown(died)}不一致"
                yield Defect(says, passage.place(first.start, first.end))


# -- operations and days ---------------------------------------------------------------------


def _operation_stated(subject: Subject) -> Iterator[Said]:
    for document in subject.judged(*_OPERATIVE):
        for passage in parts(document, "手术(?:日期|时间|开始时间)"):
            if subject.record.operations is None:
                yield Gap("手术信息")
            else:
                times = [time for one in operations_of(subject, document) for time in (one.at, one.end) if time]
                yield from _another_day(passage, times, "手术")


def _postoperative_day(subject: Subject) -> Iterator[Said]:
    operations = subject.record.operations
    times = [one.end or one.at for one in operations or ()]
    yield from _nth(subject, _POSTOPERATIVE, times if operations is not None else None, "术后")


def _hospital_day(subject: Subject) -> Iterator[Said]:
    yield from _nth(subject, _HOSPITAL, [subject.record.visit.admitted], "入院")


def _nth(
    subject: Subject, pattern: re.Pattern[str], times: list[datetime | None] | None, called: str
) -> Iterator[Said]:
    """The how manieth day a note says it is; the first day may count or not."""
    for document in subject.judged(*DAILY_NOTES, DocumentKind.POSTOP_COURSE):
        passage = next(iter(subject.passages(document)), None)
        match = pattern.search(passage.text[:_OPENING]) if passage else None
        if passage is None or match is None or document.written is None:
            continue
        if times is None or not any(times):
            yield Gap(f"{called}计算的起点(手术或入院时间)")
            continue
        days = [(day(document.written) - day(time)).days for time in times if time]
        if not any(nth <= count(match) <= nth + 1 for nth in days):
            says = f"记录于{day(document.written)}，写为{called}第{count(match)}天，实际为{called}第{_last(days)}天"
            yield Defect(says, passage.place(match.start(), match.end()))


def _last(days: list[int]) -> int:
    return min((nth for nth in days if nth >= 0), default=max(days))


def _header(subject: Subject) -> Iterator[Said]:
    """The date that stands at the head of a note, against the time that the system gives the note."""
    for document in subject.judged(*DAILY_NOTES, DocumentKind.FIRST_COURSE):
        passage = next(iter(subject.passages(document)), None)
        head = _HEADER.match(passage.text) if passage else None
        first = next(stated(passage.text), None) if passage and head else None
        if passage is None or head is None or first is None or first.start != head.end():
            continue
        days = {day(time) for time in (document.written, document.completed) if time}
        if days and first.day not in days:
            says = f"文中记录日期为{first.day}，文书时间为{'、'.join(map(str, sorted(days)))}"
            yield Defect(says, passage.place(first.start, first.end))


# -- the history -----------------------------------------------------------------------------


def _onset(subject: Subject) -> Iterator[Said]:
    admitted = subject.record.visit.admitted
    if admitted is None:
        yield Gap("入院时间")
        return
    for document in subject.judged(*ADMISSION_NOTES):
        times = (admitted, document.written, document.completed)
        latest: date = max(day(time) for time in times if time)
        for passage in subject.passages(document):
            for one in stated(passage.text) if passage.name in ("主诉", "现病史", "既往史") else ():
                if one.day > latest and not _AHEAD.search(clause(passage.text, one.start, one.end)):
                    says = f"“{passage.title or passage.name}”中的日期{one.day}晚于入院及记录时间"
                    yield Defect(says, passage.place(one.start, one.end))


def _duration(subject: Subject) -> Iterator[Said]:
    """How long the complaint has lasted, against when the history lets it begin."""
    for document in subject.judged(*ADMISSION_NOTES):
        complaint = subject.section(document, "主诉")
        history = subject.section(document, "现病史")
        if complaint is None or history is None or _CALENDAR.search(history.text):
            continue
        lasting = [one.days for one in durations(complaint.text) if one.kind in (Kind.LASTING, Kind.RECENT, Kind.AGO)]
        told = [one for one in durations(history.text) if one.kind in (Kind.LASTING, Kind.RECENT, Kind.AGO)]
        longest = max(lasting, default=0.0)
        begun = next((one for one in told if one.kind is Kind.AGO), None)
        if longest and begun and not any(_ALIKE[0] <= one.days / longest <= _ALIKE[1] for one in told):
            says = f"主诉“{complaint.text.strip()[:30]}”与现病史起病时间“{history.text[begun.start : begun.end]}”不符"
            yield Defect(says, history.place(begun.start, begun.end), (complaint.place(),))


_TRUE: Final = f"{NORM}第三条、第九条"
_ADMISSION: Final = f"{NORM}第十八条(二)(三)"
_OPERATION: Final = f"{NORM}第二十二条(十五)"
_LEAVING_NOTE: Final = f"{NORM}第二十二条(二十)(二十一)"
_check: Final = partial(disagreement, mend="与原始记录核对时间，按规定更正并签名，不得掩盖原记录")
CHECKS: Final = (
    _check(
        "time-operation-outside-stay", "手术时间不在住院期间内", Group.OPERATION, _OPERATION, _operation_outside, 3.0
    ),
    _check("time-operation-reversed", "手术结束时间不晚于开始时间", Group.OPERATION, _OPERATION, _operation_reversed),
    _check("time-note-before-admission", "文书时间早于入院时间", Group.WRITING, _TRUE, _before_admission, 3.0),
    _check(
        "time-note-after-end", "病程记录时间晚于出院(死亡)时间", Group.COURSE, _TRUE, _after_end, 3.0, Severity.SEVERE
    ),
    _check("time-stay-stated", "出院(死亡)记录所写入出院日期与实际不符", Group.END, _LEAVING_NOTE, _stay_stated),
    _check("time-stay-days", "出院记录所写住院天数与实际不符", Group.END, _LEAVING_NOTE, _stay_days, 1.0),
    _check(
        "time-death-stated",
        "死亡时间前后不一致",
        Group.END,
        f"{NORM}第二十二条(二十一);{CORE_SYSTEMS}死亡病例讨论制度",
        _death_stated,
        3.0,
        Severity.SEVERE,
    ),
    _check("time-operative-date", "手术文书所写手术日期与实际不符", Group.OPERATION, _OPERATION, _operation_stated),
    _check("time-postoperative-day", "病程所写术后天数与手术日期不符", Group.COURSE, _TRUE, _postoperative_day, 1.0),
    _check("time-hospital-day", "病程所写住院天数与入院日期不符", Group.COURSE, _TRUE, _hospital_day, 1.0),
    _check("time-header", "文中记录日期与文书时间不符", Group.COURSE, _TRUE, _header, 1.0),
    _check("time-history-after-admission", "病史中的日期晚于入院", Group.ADMISSION, _ADMISSION, _onset),
    _check("time-complaint-onset", "主诉时间与现病史起病时间不符", Group.ADMISSION, _ADMISSION, _duration),
)
