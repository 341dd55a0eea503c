"""Whether the documents of an operation agree: surgeon, anaesthesia, level, blood, specimens, and why another one."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import timedelta
from functools import partial
from typing import Final

from clinical.medical_record import Document, DocumentKind, Event, EventKind, Operation, ResultKind
from supervision.record_qc.meaning import COURSE_NOTES, between, clause, finds, operations_of, written
from supervision.record_qc.model import (
    CORE_SYSTEMS,
    ENDED,
    INPATIENT,
    LATER,
    NORM,
    Aspect,
    Check,
    Defect,
    Gap,
    Group,
    Said,
    Severity,
)
from supervision.record_qc.parts import parts, searched
from supervision.record_qc.subject import Subject
from supervision.record_qc.timing import shown

_ANAESTHESIA: Final = {
    "全身麻醉": re.compile(r"全(?:身)?麻|静吸|插管|静脉复合|静脉麻醉|喉罩|吸入"),
    "椎管内麻醉": re.compile(r"腰麻|硬膜外|腰硬|椎管|蛛网膜下|骶管|腰-硬"),
    "神经阻滞": re.compile(r"阻滞|臂丛|颈丛"),
    "局部麻醉": re.compile(r"局(?:部)?麻|局部浸润|表面麻|表麻"),
}
_LEVEL: Final = re.compile(
    r"(?:手术(?:级别|等级|分级)[:：]?\s*(?P<one>[一二三四1-4ⅠⅡⅢⅣ])\s*级|(?P<two>[一二三四])级手术)"
)
_LEVELS: Final = {c: n for row in ("一二三四", "1234", "ⅠⅡⅢⅣ") for n, c in enumerate(row, 1)}
_LOSS: Final = re.compile(r"(?:出血|失血)(?:量)?(?:约|为|共)?[:：]?\s*(?P<ml>\d{1,5})\s*(?:ml|mL|ML|毫升)")
_TRANSFUSED: Final = re.compile(
    r"(?<![未不无])输(?:注)?(?:入)?(?:悬浮|浓缩|去白|同型|新鲜|冰冻)*(?:红细胞|血浆|血小板|全血|红悬)[^，,。；;\n]{0,6}\d"
)
_NOT_TRANSFUSED: Final = re.compile(
    r"(?:术中)?(?:未输血|未予输血|无输血|输血(?:量)?[:：]?\s*(?:无|未|0\s*ml|0mL|—|-))"
)
_SENT: Final = re.compile(r"(?:标本|组织|切除物|肿物|肿块|胆囊|阑尾|送)[^。；;\n]{0,12}(?:送|行)?(?:病理|病检|冰冻)")
_NOT_SENT: Final = re.compile(r"未|不送|无|拒绝")
_PATHOLOGY: Final = re.compile(r"(?:病理|病检|冰冻)[^，,。；;\n]{0,12}(?:未|待|尚|等|回报|示|结果|报告|领取|[:：])")
_AGAIN: Final = re.compile(
    r"拟[行施于在]|再次手术|二次手术|二期|手术(?:指征|治疗|探查)|急诊手术|剖腹|再手术|行[^。；;\n]{0,20}术"
)
_SEPARATE: Final = timedelta(hours=12)
_TIMES: Final = 2.0
_LEAST_ML: Final = 200


# -- surgeon, anaesthesia, level -------------------------------------------------------------


def _surgeon(subject: Subject) -> Iterator[Said]:
    for document in subject.judged(DocumentKind.OPERATION):
        passage = next((p for p in parts(document, "手术者|术者|主刀|手术医师") if p.text.strip()), None)
        if passage is None:
            continue
        surgeons = {one.surgeon.name for one in operations_of(subject, document) if one.surgeon}
        if not surgeons:
            yield Gap("手术者(手术登记)")
        elif not any(name in passage.text for name in surgeons):
            says = f"手术登记的手术者为{'、'.join(sorted(surgeons))}，手术记录写为“{passage.text.strip()[:10]}”"
            yield Defect(says, passage.place())


def _anaesthesia(subject: Subject) -> Iterator[Said]:
    """How the operation note says the patient was anaesthetised, against the anaesthetist's record and the data."""
    for document in subject.judged(DocumentKind.OPERATION):
        passage = next((p for p in parts(document, "麻醉(?:方式|方法)") if _ways(p.text)), None)
        others = [one.anaesthesia for one in operations_of(subject, document)]
        others += [p.text for d in subject.of(DocumentKind.ANAESTHESIA) for p in parts(d, "麻醉(?:方式|方法)")]
        known = frozenset[str]().union(*map(_ways, others))
        if passage is not None and not known:
            yield Gap("麻醉记录或手术登记的麻醉方式")
        elif passage is not None and known.isdisjoint(_ways(passage.text)):
            said = "、".join(sorted(_ways(passage.text)))
            yield Defect(f"手术记录麻醉方式为{said}，麻醉记录(登记)为{'、'.join(sorted(known))}", passage.place())


def _ways(text: str) -> frozenset[str]:
    return frozenset(way for way, pattern in _ANAESTHESIA.items() if pattern.search(text))


def _level(subject: Subject) -> Iterator[Said]:
    kinds = (DocumentKind.PREOP_SUMMARY, DocumentKind.PREOP_DISCUSSION, DocumentKind.OPERATION)
    for document in subject.judged(*kinds):
        levels = {one.level for one in operations_of(subject, document) if one.level}
        for match, place in searched(document, _LEVEL):
            said = _LEVELS[match["one"] or match["two"]]
            if levels and said not in levels:
                yield Defect(f"{document.kind.value}写{said}级手术，手术登记为{max(levels)}级", place)


# -- blood and specimens ---------------------------------------------------------------------


def _blood_loss(subject: Subject) -> Iterator[Said]:
    if len(subject.record.operations or ()) > 1:
        return
    told = [
        (int(match["ml"]), document, place)
        for document in subject.of(DocumentKind.OPERATION, DocumentKind.ANAESTHESIA, DocumentKind.POSTOP_COURSE)
        for match, place in searched(document, _LOSS)
    ]
    judged = {document.id for document in subject.judged()}
    for amount, document, place in told[1:]:
        first, other, where = told[0]
        low, high = sorted((amount, first))
        if document.id in judged and high - low >= _LEAST_ML and high > low * _TIMES:
            says = f"术中出血量{other.kind.value}为{first}ml，{document.kind.value}为{amount}ml"
            yield Defect(says, place, (where,))


def _transfusion_denied(subject: Subject) -> Iterator[Said]:
    events, records = subject.events(EventKind.TRANSFUSION), subject.of(DocumentKind.ANAESTHESIA)
    if events is None and not records:
        yield Gap("输血事件或麻醉记录")
        return
    for document in subject.judged(DocumentKind.OPERATION):
        given = _given_during(subject, document, events or ())
        given += [f"麻醉记录写“{match[0]}”" for record in records for match, _ in searched(record, _TRANSFUSED)]
        denied = next(searched(document, _NOT_TRANSFUSED), None)
        if given and denied is not None:
            yield Defect(f"{given[0]}，手术记录写“{denied[0][0]}”", denied[1])


def _given_during(subject: Subject, document: Document, events: Iterable[Event]) -> list[str]:
    spans = [(one.at, one.end) for one in operations_of(subject, document)]
    times = [event.at for event in events if event.at]
    return [f"术中{shown(at)}有输血" for at in times for start, end in spans if start and end and start <= at <= end]


def _specimen(subject: Subject) -> Iterator[Said]:
    if subject.record.results is None:
        yield Gap("病理报告")
        return
    reported = any(result.kind is ResultKind.PATHOLOGY for result in subject.record.results)
    after = subject.of(DocumentKind.DISCHARGE, DocumentKind.DEATH, DocumentKind.COURSE, DocumentKind.ROUND)
    for document in subject.judged(DocumentKind.OPERATION) if not reported else ():
        for passage in subject.passages(document):
            match = _SENT.search(passage.text)
            denied = match is not None and _NOT_SENT.search(clause(passage.text, match.start(), match.end()))
            if match and not denied and not finds(subject, between(after, document.written), _PATHOLOGY):
                says = "手术标本送病理，病历中既无病理报告，也未说明待报告"
                yield Defect(says, others=(passage.place(match.start(), match.end()),), key=document.id)
                break


# -- another operation -----------------------------------------------------------------------


def _again(subject: Subject) -> Iterator[Said]:
    """An operation after an operation, of which no note in between says why."""
    if subject.record.operations is None:
        yield Gap("手术信息")
        return
    dated = sorted((one for one in subject.record.operations if one.at), key=lambda one: (one.at, one.id))
    for before, one in zip(dated, dated[1:], strict=False):
        start = before.end or before.at
        if start is None or one.at is None or one.at - start < _SEPARATE:
            continue
        notes = [d for d in subject.of(*COURSE_NOTES) if d.written is None or start < d.written <= one.at]
        if not written(subject, subject.of(*COURSE_NOTES)):
            yield Gap("病程记录正文")
        elif not finds(subject, _not_of(before, notes), _AGAIN):
            says = f"{before.name}后又于{shown(one.at)}行{one.name}，其间病程未说明再次手术的原因"
            yield Defect(says, key=one.id)


def _not_of(operation: Operation, notes: Iterable[Document]) -> list[Document]:
    """Notes other than the one that tells of the operation before."""
    own = (DocumentKind.POSTOP_COURSE, DocumentKind.OPERATION)
    return [note for note in notes if note.kind not in own and note.about != operation.id]


_ARTICLE: Final = f"{NORM}第二十二条"
_check = partial(
    Check, group=Group.OPERATION, aspect=Aspect.CONSISTENT, kinds=INPATIENT, points=2.0, source=f"{_ARTICLE}(十五)"
)
CHECKS: Final = (
    _check(
        name="operation-surgeon-differs",
        title="手术记录的手术者与手术登记不符",
        mend="核对实际手术者，更正手术记录或手术登记",
        run=_surgeon,
        severity=Severity.SEVERE,
    ),
    _check(
        name="operation-anaesthesia-differs",
        title="手术记录与麻醉记录的麻醉方式不符",
        mend="核对麻醉记录，统一麻醉方式",
        run=_anaesthesia,
    ),
    _check(
        name="operation-level-differs",
        title="所写手术级别与手术登记不符",
        source=f"{CORE_SYSTEMS}手术分级管理制度",
        mend="按本院手术分级目录核定级别并更正",
        run=_level,
        points=1.0,
    ),
    _check(
        name="operation-blood-loss-differs",
        title="术中出血量各文书相差悬殊",
        source=f"{_ARTICLE}(十四)(十五)(十八)",
        mend="与麻醉医师核对出血量后统一",
        run=_blood_loss,
        points=1.0,
    ),
    _check(
        name="operation-transfusion-denied",
        title="术中已输血而手术记录写未输血",
        mend="核对输血记录，更正手术记录",
        run=_transfusion_denied,
    ),
    _check(
        name="operation-specimen-unreported",
        title="手术标本送病理而病历无病理结果",
        source="《病案管理质量控制指标(2021年版)》指标九(病理检查记录符合率)",
        mend="归档病理报告；出院时未回报的，在出院记录写明待报告及告知方式",
        run=_specimen,
        aspect=Aspect.CLINICAL,
        stages=ENDED,
    ),
    _check(
        name="operation-again-unexplained",
        title="再次手术而病程未说明原因",
        source=f"{_ARTICLE};{CORE_SYSTEMS}术前讨论制度、疑难病例讨论制度",
        mend="补记再次手术的原因、指征及讨论意见",
        run=_again,
        aspect=Aspect.CLINICAL,
        severity=Severity.SEVERE,
        points=3.0,
        stages=LATER,
    ),
)
