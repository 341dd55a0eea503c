"""Transfusions: why, what became of it, whether text and order agree, whether the patient was tested before."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import partial
from typing import Final, NamedTuple

from clinical.medical_record import DocumentKind, EventKind, OrderKind, Result
from nlp.assertion import Assertion
from supervision.record_qc.analytes import concept_of, known_at, shown
from supervision.record_qc.meaning import (
    COURSE_NOTES,
    LANGUAGE,
    between,
    clause,
    current,
    finds,
    notes,
    written,
)
from supervision.record_qc.model import (
    CORE_SYSTEMS,
    INPATIENT,
    LATER,
    Aspect,
    Check,
    Defect,
    Gap,
    Group,
    Said,
    Severity,
)
from supervision.record_qc.places import Stage
from supervision.record_qc.subject import Subject
from supervision.record_qc.timing import shown as at_time

_BEFORE: Final = timedelta(hours=48)
_AFTER: Final = timedelta(hours=72)
_SOON: Final = timedelta(hours=24)
_START: Final = timedelta(hours=6)
"""A note of why may still be written so long after blood was begun."""
_ASSESSED: Final = re.compile(
    r"血红蛋白|血色素|贫血|血小板|出血|失血|凝血|纤维蛋白原|红细胞压积|输血(?:指[征证]|适应)|休克|Hb|HGB|PLT|INR|APTT|HCT",
    re.IGNORECASE,
)
_MEANT: Final = re.compile(r"输(?:血|注|悬|红|入)|备血|配血|红细胞|血浆|冷沉淀|用血")
"""What tells that a note speaks of a transfusion, not only of the patient's blood."""
_EVALUATED: Final = re.compile(
    r"输血(?:后|有效|效果)|贫血(?:貌)?(?:较前)?(?:好转|改善|纠正|减轻)|凝血(?:功能)?(?:较前)?(?:好转|改善|恢复)|"
    r"(?:血红蛋白|血色素|血小板|纤维蛋白原|Hb|HGB|PLT|INR|APTT)[^，,。；;\n]{0,8}\d",
    re.IGNORECASE,
)
_HANDLED: Final = re.compile(
    r"停止|停输|立即停|暂停|减慢|地塞米松|异丙嗪|抗过敏|甲泼尼龙|肾上腺素|报告|上报|处理|对症"
)
_GIVEN: Final = re.compile(r"输")
_NOT_NOW: Final = re.compile(r"拟|备|申请|建议|必要时|既往|曾|外院|未输|不输|拒绝|如|若")
_BLEEDS: Final = re.compile(
    r"出血|失血|呕血|便血|黑便|休克|手术|术中|术后|搭桥|创伤|换血|心绞痛|心肌梗|呼吸衰竭|放疗|化疗"
)
_TESTS: Final = re.compile(
    r"HBsAg|乙肝|乙型肝炎|丙肝|丙型肝炎|HCV|HIV|艾滋|梅毒|TPPA|RPR|TRUST|输血前[^，。；;\n]{0,6}(?:检查|检测|[四八]项)|"
    r"(?:感染|术前|传染病)(?:[四八]项|筛查|指标)",
    re.IGNORECASE,
)
_TYPES: Final = {
    "红细胞": re.compile(r"红细胞|红悬|悬红"),
    "血浆": re.compile(r"血浆"),
    "血小板": re.compile(r"血小板"),
    "冷沉淀": re.compile(r"冷沉淀"),
}
_ENOUGH: Final = {"红细胞": ("lab:hemoglobin", 100.0), "血小板": ("lab:platelets", 100.0)}
"""Above which value a component is not called for by itself."""


_BEFORE_BLOOD: Final = (*(k for k in COURSE_NOTES if k is not DocumentKind.TRANSFUSION), DocumentKind.OPERATION)


class _Given(NamedTuple):
    """Blood that was given: when, until when, what is known of which, its id."""

    at: datetime
    end: datetime
    text: str
    id: str


def _given(subject: Subject) -> Iterator[_Given | Gap]:
    """Every transfusion: as it was told to have befallen, else as it was ordered."""
    events = subject.events(EventKind.TRANSFUSION)
    if events is None and subject.record.orders is None:
        yield Gap("输血事件或输血医嘱")
        return
    told = [(event.at, event.end, event.text, event.id) for event in events or ()]
    if events is None:
        blood = [order for order in subject.record.orders or () if order.kind is OrderKind.BLOOD]
        told = [(order.at, None, order.text, order.id) for order in blood]
    for at, end, text, name in told:
        yield _Given(at, end or at, text, name) if at else Gap("输血时间")


def _unassessed(subject: Subject) -> Iterator[Said]:
    for one in _given(subject):
        if isinstance(one, Gap):
            yield one
        elif not written(subject, subject.of(*COURSE_NOTES)):
            yield Gap("病程记录正文")
        elif _past(subject, one.at + _SOON):
            texts = between(subject.of(*_BEFORE_BLOOD), one.at - _BEFORE, one.at + _START)
            texts += between(subject.of(DocumentKind.RESCUE), one.at - _BEFORE, one.at + _BEFORE)
            if not any(finds(subject, [note], _ASSESSED) and finds(subject, [note], _MEANT) for note in texts):
                yield Defect(f"{at_time(one.at)}输血，输血前病程未记录适应证评估", key=one.id)


def _past(subject: Subject, time: datetime) -> bool:
    return subject.stage is Stage.FINAL or subject.now >= time


def _unevaluated(subject: Subject) -> Iterator[Said]:
    ended = subject.record.ended
    for one in _given(subject):
        if isinstance(one, Gap):
            yield one
        elif not written(subject, subject.of(*COURSE_NOTES)):
            yield Gap("病程记录正文")
        elif not _past(subject, one.end + _AFTER) or (ended and ended < one.end + _SOON):
            continue
        elif not finds(subject, notes(subject, one.end, one.end + _AFTER), _EVALUATED):
            yield Defect(f"{at_time(one.at)}输血，输血后病程未记录疗效评价", key=one.id)


def _product_differs(subject: Subject) -> Iterator[Said]:
    """A component that a note says was given and that nobody ordered."""
    orders, found = subject.record.orders, subject.says(subject.judged(*COURSE_NOTES), "drug")
    if orders is None or found is None:
        yield Gap("医嘱") if orders is None else LANGUAGE
        return
    events = subject.events(EventKind.TRANSFUSION) or ()
    known = _types("\n".join([*(o.text for o in orders if o.kind is OrderKind.BLOOD), *(e.text for e in events)]))
    told: set[str] = set()
    for saying in found if known else ():
        fact = saying.fact
        around = clause(saying.passage.text, fact.start, fact.end)
        given = fact.concept.startswith("blood-product:") and current(fact) and _GIVEN.search(around)
        for one in _types(fact.text) - known if given and not _NOT_NOW.search(around) else ():
            if one not in told:
                told.add(one)
                yield Defect(f"病程写输注{one}，输血医嘱为{'、'.join(sorted(known))}", saying.place, key=one)


def _types(text: str) -> frozenset[str]:
    return frozenset(name for name, pattern in _TYPES.items() if pattern.search(text))


def _not_called_for(subject: Subject) -> Iterator[Said]:
    """Red cells or platelets at values that call for none, with nothing else that does."""
    if subject.record.results is None:
        yield Gap("检验结果")
        return
    for one in _given(subject):
        if isinstance(one, Gap):
            yield one
            continue
        texts = notes(subject, one.at - _BEFORE, one.at + _SOON)
        for name in sorted(_types(one.text) & _ENOUGH.keys()):
            last = _last(subject, _ENOUGH[name][0], one.at)
            if last is None or last.value is None or last.value <= _ENOUGH[name][1]:
                continue
            if not finds(subject, texts, _BLEEDS) and not subject.record.operations:
                yield Defect(f"{at_time(one.at)}输注{name}，输血前{shown(last)}，未记录输血理由", key=one.id)


def _last(subject: Subject, concept: str, before: datetime) -> Result | None:
    """The last result of a test in the days before a moment."""
    found = [
        (at, result)
        for result in subject.record.results or ()
        if (at := known_at(result)) and before - _BEFORE <= at <= before and concept_of(subject, result) == concept
    ]
    return max(found, key=lambda pair: pair[0])[1] if found else None


def _untested(subject: Subject) -> Iterator[Said]:
    given = list(_given(subject))
    yield from (one for one in given if isinstance(one, Gap))
    acts = [one for one in given if isinstance(one, _Given)]
    if not acts:
        return
    if not subject.record.results:
        yield Gap("检验结果")
        return
    tested = any(_TESTS.search(result.name) for result in subject.record.results)
    texts = subject.of(*COURSE_NOTES, DocumentKind.CONSENT_TRANSFUSION)
    if not tested and not finds(subject, texts, _TESTS):
        yield Defect("输血前未见感染性疾病筛查结果", key=acts[0].id)


def _reaction(subject: Subject) -> Iterator[Said]:
    found = subject.says(subject.judged(*COURSE_NOTES), "finding", "disease")
    if found is None:
        yield LANGUAGE
        return
    for saying in found:
        may_be = saying.fact.assertion is Assertion.POSSIBLE or current(saying.fact)
        reacted = "输血" in saying.fact.text and "反应" in saying.fact.text and may_be
        if reacted and not finds(subject, [saying.passage.document], _HANDLED):
            yield Defect("记录发生输血反应，未记录处理措施", saying.place)


_check = partial(Check, group=Group.CORE, kinds=INPATIENT, aspect=Aspect.CLINICAL, stages=LATER, points=2.0, most=4.0)
_MEASURES: Final = "《医疗机构临床用血管理办法》(卫生部令第85号)"
_TECHNIQUE: Final = "《临床输血技术规范》(卫医发〔2000〕184号)"
_DOCUMENTED: Final = f"{_MEASURES}第二十八条;{CORE_SYSTEMS}临床用血审核制度"
CHECKS: Final = (
    _check(
        name="transfusion-unassessed",
        title="输血前无适应证评估",
        source=_DOCUMENTED,
        mend="在输血前病程记录中写明输血指征和相关检验结果",
        run=_unassessed,
        severity=Severity.SEVERE,
        points=3.0,
        most=6.0,
    ),
    _check(
        name="transfusion-unevaluated",
        title="输血后无疗效评价",
        source=_DOCUMENTED,
        mend="在输血后病程记录中写明复查结果和疗效评价",
        run=_unevaluated,
    ),
    _check(
        name="transfusion-product-differs",
        title="病程所写血液成分与输血医嘱不符",
        source=f"《病案管理质量控制指标(2021年版)》指标十六(临床用血相关记录符合率);{_MEASURES}",
        mend="核对输血记录单，更正病程或补记医嘱",
        run=_product_differs,
        aspect=Aspect.CONSISTENT,
    ),
    _check(
        name="transfusion-not-called-for",
        title="输血指征不足且未说明理由",
        source=f"{_TECHNIQUE}附件三、附件四",
        mend="在病程中说明输血理由；无指征的不予输血",
        run=_not_called_for,
    ),
    _check(
        name="transfusion-untested",
        title="输血前未查感染性疾病指标",
        source=_TECHNIQUE,
        mend="输血前完成乙肝、丙肝、艾滋病、梅毒等检查；急诊先留血样，结果回报后归档",
        run=_untested,
    ),
    _check(
        name="transfusion-reaction-unhandled",
        title="输血反应无处理记录",
        source=f"{_TECHNIQUE};{_MEASURES}",
        mend="补记输血反应的表现、处理、上报及转归",
        run=_reaction,
        severity=Severity.SEVERE,
    ),
)
