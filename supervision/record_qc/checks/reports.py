"""Whether reports are followed: of imaging, pathology and cultures, as the national indicators of records ask."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Final, TypeAlias

from clinical.medical_record import Document, Order, OrderKind, Result, ResultKind
from supervision.record_qc.analytes import known_at
from supervision.record_qc.followed import TEXTS, due
from supervision.record_qc.imaging import asked, is_tomography, told_of
from supervision.record_qc.meaning import (
    COURSE_NOTES,
    DENIAL,
    between,
    drug_orders,
    drugs_of,
    finds,
    orders_gap,
    related,
    running,
    written,
)
from supervision.record_qc.model import (
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
from supervision.record_qc.subject import Subject
from supervision.record_qc.timing import EARLY, shown

_SHOWN: Final = re.compile(
    r"减弱|增厚|[增扩肿]大|扩张|狭窄|占位|结节|肿块|包块|积液|结石|血栓|斑块|反流|骨折|溃疡|息肉|出血|糜烂|抬高|压低|倒置|颤动|阻滞|早搏|脓|穿孔"
)
_CLAUSE_END: Final = re.compile(r"[，,。；;\n]")
_PATHOLOGY: Final = re.compile(r"病理|病检|冰冻|活检")
_CULTURE: Final = re.compile(r"培养|药敏|细菌学|病原|检出|(?<![抗杀抑])菌(?!病|痢|药|素|凝集)")
"""By which a note speaks of a culture: by its name, or by what grew; the name of a disease (布鲁菌病) is neither."""
_GROWN: Final = re.compile(r"检出|生长|阳性|(?:球|杆|真|酵母)菌")
_NOT_GROWN: Final = re.compile(r"未检出|未见|无(?:细)?菌生长|未生长|无菌生长|阴性|正常菌群|未培养")
_SENSITIVE: Final = re.compile(r"([\u4e00-\u9fa5/、和及]{3,30}?)\s*(?:[:：(（]?\s*S\b|均?敏感)")
_STERILE: Final = re.compile(r"血(?:液)?(?:细菌|真菌|需氧|厌氧)?\s*培养|脑脊液")
_WEIGHED: Final = re.compile(r"污染|定植|抗感染|抗生素|抗菌|暂不(?:用|予)")
_CANCELLED: Final = re.compile(r"未做|未行|取消|拒绝|暂缓|无法|不能配合|未完成|外院|拒做|改期")
_TREATED: Final = timedelta(hours=48)
_BEFORE: Final = timedelta(days=1)
_INDICATORS: Final = "《病案管理质量控制指标(2021年版)》"

Spoken: TypeAlias = Callable[[Subject, list[Document], Result], bool]


@dataclass(frozen=True, slots=True)
class _Unmentioned:
    """A row: reports that some note must speak of, and how one does."""

    name: str
    called: str
    meant: Callable[[Result], bool]
    spoken: Spoken
    source: str
    points: float = 2.0

    def check(self) -> Check:
        """The check of this row."""
        return Check(
            name=self.name,
            title=f"{self.called}报告未在病程中记录分析",
            group=Group.COURSE,
            aspect=Aspect.CLINICAL,
            kinds=INPATIENT,
            source=self.source,
            mend="在病程中记录报告结果及其临床意义，说明据此采取的诊疗措施",
            run=self._run,
            points=self.points,
            most=self.points * 3,
            stages=LATER,
        )

    def _run(self, subject: Subject) -> Iterator[Said]:
        if subject.record.results is None:
            yield Gap("检查检验报告")
            return
        reports = [result for result in subject.record.results if self.meant(result)]
        if reports and not written(subject, subject.of(*COURSE_NOTES)):
            yield Gap("病程记录正文")
            return
        for result in reports:
            at = known_at(result)
            if at is None:
                yield Gap("报告时间")
            elif due(subject, at) and not self.spoken(subject, between(subject.of(*TEXTS), at - EARLY), result):
                yield Defect(f"{shown(at)}报告的{result.name}在其后的病程中未见记录", key=result.id)


def _tomography(result: Result) -> bool:
    return result.kind is ResultKind.EXAM and is_tomography(asked(result.name)) and not result.critical


def _other_imaging(result: Result) -> bool:
    one = asked(result.name)
    told = result.kind is ResultKind.EXAM and one is not None and not is_tomography(one) and not result.critical
    return told and (result.abnormal is True or (result.abnormal is None and _shows(result.text)))


def _shows(text: str) -> bool:
    """Whether a report that nobody flagged names something that should not be there."""
    return any(not DENIAL.search(_CLAUSE_END.split(text[: match.start()])[-1]) for match in _SHOWN.finditer(text))


def _imaging_spoken(subject: Subject, documents: list[Document], result: Result) -> bool:
    one = asked(result.name)
    return one is None or told_of(subject, documents, one)


def _words(pattern: re.Pattern[str]) -> Spoken:
    return lambda subject, documents, result: finds(subject, documents, pattern)


def _not_reported(subject: Subject) -> Iterator[Said]:
    """CT or magnetic resonance that was ordered and is reported nowhere."""
    orders, results = subject.record.orders, subject.record.results
    if orders is None or results is None:
        yield Gap("医嘱" if orders is None else "检查报告")
        return
    reported = [(r, one) for r in results if r.kind is ResultKind.EXAM and (one := asked(r.name))]
    for order in orders:
        one = asked(order.text) if order.kind is OrderKind.EXAM else None
        if one is None or not is_tomography(one) or finds(subject, subject.of(*TEXTS), _CANCELLED):
            continue
        own = [r for r, other in reported if other.way == one.way and (other.part == one.part or not other.part)]
        if all(_is_earlier(result, order) for result in own):
            yield Defect(f"医嘱“{order.text}”无检查报告", key=order.id)


def _is_earlier(result: Result, order: Order) -> bool:
    """Whether a report is that of an examination before: known a day and more before the order."""
    at = known_at(result)
    return at is not None and order.at is not None and result.order != order.id and at < order.at - _BEFORE


def _untreated(subject: Subject) -> Iterator[Said]:
    """Bacteria in blood or spinal fluid, with neither treatment nor a word on it."""
    if subject.record.results is None:
        yield Gap("培养结果")
        return
    grown = [result for result in subject.record.results if _is_grown(result)]
    orders = drug_orders(subject, "drug-class:antibacterial", "drug-class:antifungal")
    if orders is None:
        yield orders_gap(subject)
        return
    for result in grown:
        at = known_at(result)
        if at is None:
            yield Gap("培养报告时间")
        elif due(subject, at):
            effective = [order for order in orders if _may_work(subject, order, result)]
            treated = any(running(order, moment) for order in effective for moment in (at, at + _TREATED))
            weighed = finds(subject, between(subject.of(*COURSE_NOTES), at - EARLY, at + _TREATED), _WEIGHED)
            if not treated and not weighed:
                yield Defect(f"{shown(at)}{result.name}阳性，其后48小时无抗感染治疗，也无分析", key=result.id)


def _may_work(subject: Subject, order: Order, result: Result) -> bool:
    """Whether what is given is among what the report calls effective, where it names any."""
    words = "；".join(match[1] for match in _SENSITIVE.finditer(result.text))
    named = {fact.concept for fact in subject.facts(words) or () if fact.kind == "drug" and fact.concept}
    return not named or any(related(subject, drug, other) for drug in drugs_of(subject, order) for other in named)


def _is_grown(result: Result) -> bool:
    sterile = result.kind is ResultKind.CULTURE and _STERILE.search(result.name) is not None
    return sterile and bool(_GROWN.search(result.text)) and not _NOT_GROWN.search(result.text)


_ROWS: Final = (
    _Unmentioned(
        "report-tomography-unmentioned",
        "CT、磁共振",
        _tomography,
        _imaging_spoken,
        f"{_INDICATORS}指标八(CT/MRI检查记录符合率)",
    ),
    _Unmentioned(
        "report-imaging-unmentioned",
        "异常的超声、X线、心电图、内镜",
        _other_imaging,
        _imaging_spoken,
        f"{NORM}第二十二条",
    ),
    _Unmentioned(
        "report-pathology-unmentioned",
        "病理",
        lambda result: result.kind is ResultKind.PATHOLOGY,
        _words(_PATHOLOGY),
        f"{_INDICATORS}指标九(病理检查记录符合率)",
        3.0,
    ),
    _Unmentioned(
        "report-culture-unmentioned",
        "细菌培养",
        lambda result: result.kind is ResultKind.CULTURE,
        _words(_CULTURE),
        f"{_INDICATORS}指标十(细菌培养检查记录符合率)",
    ),
)
_check = partial(Check, kinds=INPATIENT, aspect=Aspect.CLINICAL)
CHECKS: Final = (
    *(row.check() for row in _ROWS),
    _check(
        name="report-tomography-missing",
        title="CT、磁共振有医嘱而无报告",
        group=Group.ORDERS,
        source=f"{_INDICATORS}指标八(CT/MRI检查记录符合率)",
        mend="归档检查报告；未做检查的在病程中说明原因并停止医嘱",
        run=_not_reported,
        stages=ENDED,
        points=2.0,
        most=4.0,
    ),
    _check(
        name="report-culture-untreated",
        title="血或脑脊液培养阳性无处理",
        group=Group.CORE,
        source=f"《抗菌药物临床应用指导原则(2015年版)》(国卫办医发〔2015〕43号);{NORM}第二十二条",
        mend="分析培养结果：致病菌的按药敏治疗，污染或定植的写明依据",
        run=_untreated,
        severity=Severity.SEVERE,
        points=3.0,
        stages=LATER,
    ),
)
