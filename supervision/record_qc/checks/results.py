"""Whether results of the laboratory are followed: critical values, abnormal ones, what is abnormal at discharge."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from functools import partial
from typing import Final

from clinical.medical_record import Document, DocumentKind, Result, ResultKind
from supervision.record_qc.analytes import Analyte, analyte_of, concept_of, far_off, known_at, shown, spoken_of
from supervision.record_qc.followed import TEXTS, due
from supervision.record_qc.imaging import asked, told_of
from supervision.record_qc.meaning import COURSE_NOTES, between, finds, notes, written
from supervision.record_qc.model import (
    CORE_SYSTEMS,
    INPATIENT,
    LATER,
    NORM,
    Aspect,
    Check,
    Defect,
    Gap,
    Group,
    Reminder,
    Said,
    Severity,
)
from supervision.record_qc.places import Place, Stage
from supervision.record_qc.subject import Subject
from supervision.record_qc.timing import EARLY
from supervision.record_qc.timing import shown as at_time

_AT_FIRST: Final = timedelta(hours=48)
_ANSWER: Final = timedelta(hours=24)
_CRITICAL: Final = re.compile(r"危急值")
_AGAIN: Final = re.compile(r"复查(?P<what>[^，。；;\n]{0,30})|转(?:院|上级|外科|内科|其他)")
_ANYTHING: Final = re.compile(r"^(?:等|1次|一次)?$|生化|化验|相关|各项|指标|血液")


def _critical(subject: Subject) -> Iterator[Said]:
    """A critical value that no note of the day after speaks of."""
    results = subject.record.results
    if results is None or (results and all(result.critical is None for result in results)):
        yield Gap("危急值标识" if results else "检查检验结果")
        return
    end = subject.record.ended
    for result in results:
        at = known_at(result)
        if not result.critical or (at and end and at > end):
            continue
        if at is None:
            yield Gap("危急值报告时间")
        elif not _answered(subject, result, notes(subject, at - EARLY, at + _ANSWER)):
            if subject.now < at + _ANSWER and subject.stage is not Stage.FINAL:
                what = f"危急值{shown(result)}的处置记录"
                yield Reminder(what, f"{what}须立即完成", at)
                continue
            late = _answered(subject, result, notes(subject, at + _ANSWER))
            says = f"{at_time(at)}报告危急值{shown(result)}，"
            yield Defect(says + ("24小时后病程才有记录" if late else "病程中无处置记录"), key=result.id)


def _answered(subject: Subject, result: Result, documents: list[Document]) -> bool:
    if finds(subject, documents, _CRITICAL):
        return True
    if spoken_of(subject, documents, analyte_of(concept_of(subject, result)), result):
        return True
    one = asked(result.name)
    return result.kind is ResultKind.EXAM and one is not None and told_of(subject, documents, one)


def _abnormal(subject: Subject) -> Iterator[Said]:
    """A plainly abnormal result that no note speaks of: one for each sort of test."""
    if subject.record.results is None or subject.release is None:
        yield Gap("检验结果")
        return
    if not written(subject, subject.of(*COURSE_NOTES)):
        yield Gap("病程记录正文")
        return
    told: set[str] = set()
    for result, analyte in _far_off(subject):
        at = known_at(result)
        if at is None or analyte.called in told or result.critical or not due(subject, at):
            continue
        if not spoken_of(subject, between(subject.of(*TEXTS), at - EARLY), analyte, result):
            told.add(analyte.called)
            yield Defect(f"{at_time(at)}检验{shown(result)}明显异常，病程未记录和分析", key=analyte.called)


def _far_off(subject: Subject) -> Iterator[tuple[Result, Analyte]]:
    for result in subject.record.results or ():
        analyte = analyte_of(concept_of(subject, result)) if far_off(result) else None
        if analyte is not None:
            yield result, analyte


def _left_abnormal(subject: Subject) -> Iterator[Said]:
    """A test that was still plainly abnormal when it was last done, and that the discharge record leaves alone; what
    was only found on arrival was the reason to stay."""
    if subject.record.results is None or subject.release is None:
        yield Gap("检验结果")
        return
    last: dict[str, Result] = {}
    begun = subject.record.visit.admitted
    for result in sorted((r for r in subject.record.results if known_at(r)), key=lambda r: str(known_at(r))):
        analyte, at = analyte_of(concept_of(subject, result)), known_at(result)
        if analyte is not None and at and begun and at > begun + _AT_FIRST:
            last[analyte.called] = result
    for document in subject.judged(DocumentKind.DISCHARGE):
        for result in last.values():
            analyte, at = analyte_of(concept_of(subject, result)), known_at(result)
            before = at is not None and document.done is not None and at < document.done
            if not before or not far_off(result) or _is_followed_up(subject, document, analyte):
                continue
            others = [other for other in subject.of(*TEXTS) if other is not document]
            told = result.critical or spoken_of(subject, others, analyte, result)
            if told and not _is_told(subject, document, analyte, result):
                says = f"出院前{shown(result)}仍明显异常，出院记录未提及，也无复查要求"
                yield Defect(says, Place(document.id), key=analyte.called if analyte else result.id)


def _is_told(subject: Subject, document: Document, analyte: Analyte | None, result: Result) -> bool:
    """Whether a record of discharge speaks of a result; a critical one by its value."""
    if result.critical and result.value is not None and analyte is not None:
        value = re.escape(f"{result.value:g}")
        said = rf"(?:{analyte.words.pattern})[^，,。；;\n]{{0,10}}(?<![\d.]){value}(?!\d)"
        return finds(subject, [document], re.compile(said, re.IGNORECASE))
    return spoken_of(subject, [document], analyte, result)


def _is_followed_up(subject: Subject, document: Document, analyte: Analyte | None) -> bool:
    """Whether a record of discharge has a test done again, by name or among others, or sends the patient on."""
    for passage in subject.texts([document]):
        for match in _AGAIN.finditer(passage.text):
            what = match["what"]
            if what is None or _ANYTHING.search(what) or (analyte and analyte.words.search(what)):
                return True
    return False


_check = partial(Check, kinds=INPATIENT, aspect=Aspect.CLINICAL, stages=LATER)
CHECKS: Final = (
    _check(
        name="result-critical-unanswered",
        title="危急值无处置记录",
        group=Group.CORE,
        source=f"{CORE_SYSTEMS}危急值报告制度",
        mend="补记危急值的接收时间、分析、处置和复查结果",
        run=_critical,
        severity=Severity.SEVERE,
        points=5.0,
        most=10.0,
    ),
    _check(
        name="result-abnormal-unmentioned",
        title="明显异常的检验结果未记录分析",
        group=Group.COURSE,
        source=f"{NORM}第二十二条",
        mend="在病程中记录重要的检验结果及其临床意义，说明处理",
        run=_abnormal,
        points=2.0,
        most=6.0,
    ),
    _check(
        name="result-abnormal-at-discharge",
        title="出院时检验仍明显异常而出院记录无交代",
        group=Group.END,
        source=f"{NORM}第二十二条(二十)",
        mend="在出院记录写明异常结果，在出院医嘱写明复查项目和时间",
        run=_left_abnormal,
        points=1.0,
        most=3.0,
    ),
)
