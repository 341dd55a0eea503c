"""How often course notes are written (article 22 of the norm), by how ill the patient is; that they say something."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import partial
from typing import Final

from clinical.medical_record import DocumentKind, EventKind
from supervision.record_qc.days import NORM_NOTES, covered, day, days_of, silences, spells
from supervision.record_qc.items import text_of
from supervision.record_qc.model import EVERY_STAGE, INPATIENT, LATER, NORM, Aspect, Check, Defect, Gap, Group, Said
from supervision.record_qc.places import Place
from supervision.record_qc.subject import Subject
from supervision.record_qc.timing import shown, spoken

_SOURCE: Final = f"{NORM}第二十二条(二)"
_SUMMARIES: Final = (
    DocumentKind.STAGE_SUMMARY,
    DocumentKind.HANDING_OVER,
    DocumentKind.TAKING_OVER,
    DocumentKind.TRANSFER_OUT,
    DocumentKind.TRANSFER_IN,
)
_MONTH: Final = 33
"""A month, with a few days to write."""
_UNDATED: Final = Gap("病程记录的记录时间")


def _gaps_while(kind: EventKind, most: int, worse: tuple[EventKind, ...]) -> Callable[[Subject], Iterator[Said]]:
    """Stretches without a note while a patient was that ill; days on which he was worse are judged as such."""

    def run(subject: Subject) -> Iterator[Said]:
        if subject.events(kind) is None:
            yield Gap(f"{kind.value}起止时间")
            return
        found = spells(subject, kind)
        noted = days_of(subject.of(*NORM_NOTES))
        if found and noted is None:
            yield _UNDATED
            return
        beyond = covered(spells(subject, *worse)) if worse else set()
        for id_, first, last in found:
            for silence in silences(first, last, {*(noted or ()), *beyond}, most):
                says = f"{kind.value}期间{silence.said}之间{silence.days}天无病程记录"
                yield Defect(says, key=f"{id_} {silence.after}")

    return run


def _gaps_when_stable(subject: Subject) -> Iterator[Said]:
    admitted = subject.record.visit.admitted
    if admitted is None:
        yield Gap("入院时间")
        return
    noted = days_of(subject.of(*NORM_NOTES))
    if noted is None:
        yield _UNDATED
        return
    ill = covered(spells(subject, EventKind.CRITICAL, EventKind.SERIOUS))
    for silence in silences(day(admitted), day(subject.until), {*noted, *ill}, 3):
        says = f"{silence.said}之间{silence.days}天无病程记录，病情稳定者至少3天记录一次"
        yield Defect(says, key=str(silence.after))


def _without_summary(subject: Subject) -> Iterator[Said]:
    admitted = subject.record.visit.admitted
    if admitted is None:
        yield Gap("入院时间")
        return
    written = days_of(subject.of(*_SUMMARIES))
    if written is None:
        yield Gap("阶段小结的记录时间")
        return
    for silence in silences(day(admitted), day(subject.until), written, _MONTH):
        says = f"{silence.said}住院{silence.days + 1}天，无阶段小结"
        yield Defect(says, key=str(silence.after))


# -- what a note says ------------------------------------------------------------------------

_SET_PHRASE: Final = re.compile(
    r"患[者儿]|病[人情]|今日|昨日|今晨|目前|现|一般(?:情况|状况|状态)?|生命体征|尚|较|可|好|佳|平稳|稳定|"
    r"无(?:明显|特殊)?(?:变化|不适|异常)?|"
    r"同前|如前|余|查房|查体|未见|诉|继续|继观|予以?|给予|当前|原有?|目前|治疗|方案|观察|处理|护理|同上|续|未|"
    r"特殊|不适|主诉|[\W_\d]"
)
_WRITTEN: Final = (DocumentKind.COURSE, DocumentKind.ROUND)
_LEAST: Final = 2
_AFTERWARDS: Final = timedelta(hours=24)


def _empty(subject: Subject) -> Iterator[Said]:
    for document in subject.judged(*_WRITTEN):
        text = "".join(section.text for section in document.sections)
        if text.strip() and len(_SET_PHRASE.sub("", text)) < _LEAST:
            yield Defect("病程记录只有“病情平稳、继续治疗”一类套话", Place(document.id, quote=text[:60]))


def _backdated(subject: Subject) -> Iterator[Said]:
    for document in subject.judged(*_WRITTEN):
        if document.written is None or document.completed is None or "补记" in document.title + text_of(document):
            continue
        if document.completed - document.written > _AFTERWARDS:
            took = spoken(document.completed - document.written)
            says = f"记录时间{shown(document.written)}，实际于{shown(document.completed)}完成，相差{took}，未注明补记"
            yield Defect(says, Place(document.id))


_check: Final = partial(
    Check, group=Group.COURSE, aspect=Aspect.TIMELY, kinds=INPATIENT, source=_SOURCE, stages=LATER
)


CHECKS: Final = (
    _check(
        "course-gap-critical",
        "病危患者未每天记录病程",
        mend="病危患者随时记录病程，每天至少一次，时间具体到分钟",
        run=_gaps_while(EventKind.CRITICAL, 1, ()),
        points=3.0,
        most=9.0,
    ),
    _check(
        "course-gap-serious",
        "病重患者超过2天未记录病程",
        mend="病重患者至少2天记录一次病程",
        run=_gaps_while(EventKind.SERIOUS, 2, (EventKind.CRITICAL,)),
        points=2.0,
        most=6.0,
    ),
    _check(
        "course-gap-stable",
        "病情稳定患者超过3天未记录病程",
        mend="病情稳定的患者至少3天记录一次病程",
        run=_gaps_when_stable,
        points=2.0,
        most=6.0,
    ),
    _check(
        "stage-summary-missing",
        "住院超过一个月无阶段小结",
        source=f"{NORM}第二十二条(七)",
        mend="每月作一次阶段小结；交(接)班记录、转科记录可代替",
        run=_without_summary,
        points=2.0,
    ),
    _check(
        "course-note-empty",
        "病程记录无实质内容",
        aspect=Aspect.CLINICAL,
        mend="记录病情变化、检查结果及其意义、诊疗措施及效果、医嘱更改及理由",
        run=_empty,
        points=1.0,
        most=3.0,
        stages=EVERY_STAGE,
    ),
    _check(
        "course-note-backdated",
        "病程记录事后补写未注明",
        aspect=Aspect.GENUINE,
        source=f"{NORM}第三条",
        mend="按实际书写时间记录；确需补记的注明补记时间和原因",
        run=_backdated,
        points=1.0,
        most=3.0,
    ),
)
