"""Core systems (核心制度) where data and text show whether they were kept: rescue, care levels, rounds, referral."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from functools import partial
from typing import Final

from clinical.medical_record import Document, DocumentKind, Event, EventKind, Order, OrderKind, RecordKind, ResultKind
from nlp.assertion import Assertion
from supervision.record_qc.followed import TEXTS, due
from supervision.record_qc.imaging import asked, sentences_on
from supervision.record_qc.meaning import (
    COURSE_NOTES,
    LANGUAGE,
    between,
    clause,
    current,
    drug_orders,
    finds,
    notes,
    orders_gap,
    related,
    running,
    written,
)
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
from supervision.record_qc.ordered import ordered
from supervision.record_qc.parts import parts
from supervision.record_qc.subject import Saying, Subject
from supervision.record_qc.timing import shown

_RESCUED: Final = re.compile(r"抢救|心肺复苏|胸外(?:心脏)?按压|除颤|CPR", re.IGNORECASE)
_FOREGONE: Final = re.compile(
    r"(?:放弃|拒绝|不(?:予|同意|愿|行|再)(?:积极)?|要求停止)[^。；;\n]{0,10}(?:抢救|复苏|插管|治疗)|DNR|姑息|安宁|临终关怀|"
    r"(?:来院|到院|入院)时(?:已|呼吸心跳)|院前死亡"
)
_HIGH_CARE: Final = re.compile(r"特级护理|特护|(?<![IⅠ])[一Ⅰ1I]级护理|重症(?:监护)?护理|ICU护理")
_LOW_CARE: Final = re.compile(r"(?:[二三ⅡⅢ23]|I{2,3})级护理")
_SERIOUS_ORDER: Final = re.compile(r"^\s*(?:告|报|下)?病(?P<how>[危重])(?:通知|护理)?\s*$")
_SERIOUS: Final = re.compile(r"病[危重]|危重|病情(?:危|重|凶险)|告病|危及生命")
_ORDERING: Final = re.compile(r"指示|要求|处理|嘱|意见")
_ASKED: Final = re.compile(r"完善|(?:^|[：:、；;。\s])查|复查|[急加]查|加做|安排|预约|进一步行|给?予?行")
_IF: Final = re.compile(r"必要时|如|若|可考虑|酌情|择期|门诊|出院|以后|待|不|暂|已|外院|回报|结果|(?<!指)示")
_NOT_DONE: Final = re.compile(r"拒绝|取消|未做|未行|暂缓|不能配合|无法|拒做|放弃|改期|预约")
_SENT_AWAY: Final = re.compile(
    r"(?:建议|嘱)[^。；;\n]{0,10}转(?:院|诊|上级)|(?:建议|嘱|请)[^。；;\n]{0,12}(?:转|到|去|往|前往|至)[^。；;\n]{0,6}(?:上级|其他|外|专科|市|省|传染病|精神)[^。；;\n]{0,8}(?:医院|院)"
)
_TOLD: Final = re.compile(r"告知|知情|讲明|说明|交代|交待|理解|同意|签字|沟通|陪同|护送|联系|120")
_OPEN: Final = re.compile(r"待查|查因|原因待|原因不明|性质待|诊断不明|待诊")
_TALKED: Final = re.compile(r"讨论|会诊|MDT|多学科", re.IGNORECASE)
_LONG_STAY: Final = timedelta(days=7)
_DAY: Final = timedelta(days=1)
_SETTLING: Final = timedelta(hours=2)


def _death_without_rescue(subject: Subject) -> Iterator[Said]:
    """A death with neither a record of rescue nor a word that nobody wanted it."""
    if subject.record.visit.died is None or subject.of(DocumentKind.RESCUE, DocumentKind.DAY_DEATH):
        return
    if subject.events(EventKind.RESCUE):
        return  # that its record is missing is told by another check
    texts = subject.of(*TEXTS, DocumentKind.CONSENT_OTHER, DocumentKind.OTHER)
    if not written(subject, texts):
        yield Gap("病程记录正文")
    elif not finds(subject, texts, _FOREGONE):
        told = finds(subject, texts, _RESCUED)
        yield Defect("病历写有抢救而无抢救记录" if told else "患者死亡，既无抢救记录，也无放弃抢救的记录")


def _care_level(subject: Subject) -> Iterator[Said]:
    """The level of nursing that was ordered while the patient was in danger."""
    events, orders = subject.events(EventKind.CRITICAL, EventKind.SERIOUS), subject.record.orders
    if events is None or orders is None:
        yield Gap("病危(重)事件" if events is None else "医嘱")
        return
    care = [order for order in orders if _HIGH_CARE.search(order.text) or _LOW_CARE.search(order.text)]
    for event in events:
        held = [order for order in care if _held(order, event)]
        if held and not any(_HIGH_CARE.search(order.text) for order in held):
            says = f"{shown(event.at)}起{event.kind.value}，护理医嘱为“{held[-1].text}”" if event.at else ""
            yield Defect(says, key=event.id)


def _held(order: Order, event: Event) -> bool:
    if event.at is None or order.at is None:
        return False
    last = event.end or event.at + _DAY
    return running(order, event.at + _SETTLING) or event.at < order.at < last


def _critical_silent(subject: Subject) -> Iterator[Said]:
    """An order that the patient is critically ill, of which no note of the day speaks."""
    if subject.record.orders is None:
        yield Gap("医嘱")
        return
    for order in subject.record.orders:
        match = _SERIOUS_ORDER.match(order.text)
        if match is None or order.at is None or not due(subject, order.at):
            continue
        if not written(subject, subject.of(*COURSE_NOTES)):
            yield Gap("病程记录正文")
        elif not finds(subject, notes(subject, order.at - _DAY, order.at + _DAY), _SERIOUS):
            yield Defect(
                f"{shown(order.at)}下达病{match['how']}医嘱，病程未记录病情{match['how']}的依据", key=order.id
            )


def _advice_not_ordered(subject: Subject) -> Iterator[Said]:
    """An examination that a senior doctor asked for on the round, that was neither ordered nor said to be dropped."""
    orders, found = subject.record.orders, subject.says(subject.judged(DocumentKind.ROUND), "exam")
    if orders is None or found is None:
        yield Gap("医嘱") if orders is None else LANGUAGE
        return
    told: set[str] = set()
    for saying in found:
        at, concept = saying.passage.document.written, saying.fact.concept
        if at is None or not due(subject, at) or concept in told or not _is_asked(saying):
            continue
        told.add(concept)
        if not any(order.kind in (OrderKind.EXAM, OrderKind.LAB) for order in orders):
            yield Gap("检查医嘱")
        elif not _was_ordered(subject, saying) and not _was_done(subject, saying, between(subject.of(*TEXTS), at)):
            yield Defect(f"上级医师要求“{saying.fact.text}”，未见医嘱、报告或未做的说明", saying.place, key=concept)


def _is_asked(saying: Saying) -> bool:
    fact = saying.fact
    around = clause(saying.passage.text, fact.start, fact.end)
    planned = fact.assertion is Assertion.HYPOTHETICAL or _ORDERING.search(saying.place.quote) is not None
    return planned and bool(fact.concept) and bool(_ASKED.search(around)) and not _IF.search(around)


def _was_ordered(subject: Subject, saying: Saying) -> bool:
    names = [order.text for order in subject.record.orders or () if order.kind is OrderKind.EXAM]
    names += [result.name for result in subject.record.results or () if result.kind is ResultKind.EXAM]
    one = asked(saying.fact.text)
    for name in names:
        other = asked(name)
        if one is not None and other is not None and one.way == other.way and one.part in ("", other.part):
            return True
        if any(related(subject, saying.fact.concept, fact.concept) for fact in subject.facts(name) or ()):
            return True
    return False


def _was_done(subject: Subject, saying: Saying, documents: list[Document]) -> bool:
    """Whether later notes speak of it, or a note says why it was not done."""
    one, own = asked(saying.fact.text), saying.passage.document
    if one is None:
        return finds(subject, documents, _NOT_DONE)
    if any(_NOT_DONE.search(text) for text in sentences_on(subject, documents, one)):
        return True
    return any(True for _ in sentences_on(subject, [note for note in documents if note is not own], one))


def _rescue_drugs(subject: Subject) -> Iterator[Said]:
    """Drugs of a rescue that were never written down as orders."""
    found = subject.says(subject.judged(DocumentKind.RESCUE), "drug")
    if found is None or drug_orders(subject) is None:
        yield orders_gap(subject)
        return
    everything = ordered(subject, subject.record.orders or ())
    told: set[str] = set()
    for saying in found:
        fact = saying.fact
        if not current(fact) or not fact.concept or not fact.dose or fact.concept in told:
            continue
        told.add(fact.concept)
        if not everything.has(subject, fact):
            unread = len(everything.unread)
            missing = Defect(f"抢救使用“{fact.text}”，未见补记医嘱", saying.place, key=fact.concept)
            yield Gap(f"{unread}条药品医嘱的药名") if unread else missing


def _sent_away(subject: Subject) -> Iterator[Said]:
    """Somebody who is sent to another hospital, with no word that it was explained."""
    for document in subject.judged():
        for passage in subject.passages(document):
            match = _SENT_AWAY.search(passage.text)
            if match is not None and not finds(subject, [document], _TOLD):
                yield Defect("建议转往他院，未记录向患方告知的内容", passage.place(match.start(), match.end()))
                break


def _undiscussed(subject: Subject) -> Iterator[Said]:
    """A long stay that ends without a diagnosis and without a discussion."""
    admitted, ended = subject.record.visit.admitted, subject.record.ended
    if admitted is None or ended is None:
        yield Gap("入院与出院时间")
        return
    if ended - admitted < _LONG_STAY or subject.of(DocumentKind.DIFFICULT_CASE, DocumentKind.CONSULTATION):
        return
    for document in subject.judged(DocumentKind.DISCHARGE):
        first = next((p for p in parts(document, "出院诊断") if p.text.strip()), None)
        match = _OPEN.search(first.text[:30]) if first else None
        if first and match and not finds(subject, subject.of(*COURSE_NOTES), _TALKED):
            says = f"住院{(ended - admitted).days}天出院仍诊断不明，未见疑难病例讨论或会诊"
            yield Defect(says, first.place(match.start(), match.end()))


_check = partial(Check, group=Group.CORE, kinds=INPATIENT, aspect=Aspect.CLINICAL, stages=LATER, points=2.0, most=4.0)
CHECKS: Final = (
    _check(
        name="core-death-without-rescue",
        title="死亡患者无抢救记录",
        source=f"{CORE_SYSTEMS}急危重患者抢救制度;{NORM}第二十二条(八)",
        mend="补记抢救记录；家属放弃抢救的，补充告知内容及签字",
        run=_death_without_rescue,
        severity=Severity.SEVERE,
        points=5.0,
        stages=ENDED,
    ),
    _check(
        name="core-care-level",
        title="病危(病重)期间护理级别偏低",
        source=f"{CORE_SYSTEMS}分级护理制度;《护理分级标准》(WS/T 431—2023)",
        mend="按病情调整为特级或一级护理",
        run=_care_level,
        aspect=Aspect.CONSISTENT,
    ),
    _check(
        name="core-critical-silent",
        title="下达病危(病重)医嘱而病程未记录",
        source=f"{CORE_SYSTEMS}急危重患者抢救制度;{NORM}第二十二条",
        mend="在病程中记录病情危重的依据、处理和告知情况",
        run=_critical_silent,
    ),
    _check(
        name="core-round-advice-unordered",
        title="上级医师查房意见未执行也未说明",
        source=f"{CORE_SYSTEMS}三级查房制度",
        mend="按查房意见补开医嘱；未执行的在病程中说明原因",
        run=_advice_not_ordered,
    ),
    _check(
        name="core-rescue-drugs-unordered",
        title="抢救用药未补记医嘱",
        source=f"{NORM}第二十八条;{CORE_SYSTEMS}查对制度",
        mend="抢救结束后即刻据实补记口头医嘱",
        run=_rescue_drugs,
        aspect=Aspect.CONSISTENT,
    ),
    _check(
        name="core-referral-untold",
        title="建议转院未记录告知",
        group=Group.OUTPATIENT,
        kinds=frozenset({RecordKind.OUTPATIENT, RecordKind.EMERGENCY}),
        source=f"{CORE_SYSTEMS}首诊负责制度",
        mend="补记病情、转院理由及向患者或家属告知的内容",
        run=_sent_away,
    ),
    _check(
        name="core-undiagnosed-undiscussed",
        title="诊断不明未讨论",
        source=f"{CORE_SYSTEMS}疑难病例讨论制度",
        mend="组织疑难病例讨论或会诊并记录",
        run=_undiscussed,
        stages=ENDED,
    ),
)
