"""Numbers in texts: values that cannot be, and values that the laboratory reported otherwise."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from functools import partial
from typing import Final, NamedTuple

from clinical.medical_record import Result
from knowledge.model import Predicate
from nlp.facts import Fact
from nlp.values import unit_of
from supervision.record_qc.analytes import concept_of, far_off, known_at, shown
from supervision.record_qc.meaning import CONSENTS, DAILY_NOTES, LANGUAGE, current
from supervision.record_qc.model import (
    ANY_RECORD,
    INPATIENT,
    NORM,
    Aspect,
    Check,
    Defect,
    Gap,
    Group,
    Said,
)
from supervision.record_qc.subject import Saying, Subject


class _Bounds(NamedTuple):
    """Beyond which values a number that stands beside some words is a slip of the pen."""

    called: str
    pattern: re.Pattern[str]
    low: float
    high: float


_N: Final = r"(?P<value>\d{1,4}(?:\.\d{1,2})?)"
_BOUNDS: Final = (
    _Bounds("体温", re.compile(rf"(?<![A-Za-z0-9])(?:T|体温)[:：为约\s]*{_N}\s*(?:℃|°C)"), 20, 45),
    _Bounds(
        "心率(脉搏)", re.compile(rf"(?<![A-Za-z])(?:P|HR|心率|脉搏)[:：为约\s]*{_N}\s*(?:次/分|bpm|次／分)"), 0, 350
    ),
    _Bounds("呼吸", re.compile(rf"(?<![A-Za-z])(?:R|RR|呼吸)[:：为约\s]*{_N}\s*次/分"), 0, 120),
    _Bounds("血氧饱和度", re.compile(rf"(?:SpO2|SPO2|SaO2|血氧饱和度|氧饱和度)[:：为约\s]*{_N}\s*%"), 0, 100),
    _Bounds("GCS评分", re.compile(rf"GCS(?:评分)?[:：为约\s]*{_N}\s*分(?!钟)"), 3, 15),
    _Bounds("疼痛评分", re.compile(rf"(?:NRS|VAS)(?:评分)?[:：为约\s]*{_N}\s*分(?!钟)"), 0, 10),
    _Bounds("体重", re.compile(rf"体重[:：为约\s]*{_N}\s*(?:kg|KG|Kg|公斤)"), 0.3, 350),
    _Bounds("身高", re.compile(rf"身高[:：为约\s]*{_N}\s*(?:cm|CM|厘米)"), 20, 250),
)
_PRESSURE: Final = re.compile(r"(?:BP|Bp|血压)[:：为约\s]*(?P<high>\d{2,4})\s*/\s*(?P<low>\d{2,4})\s*mmHg")
_UNSPLIT: Final = re.compile(r"(?:BP|Bp|血压)[:：为约\s]*\d{4,6}\s*mmHg")
_MOST_PRESSURE: Final = 330
_LAB_BOUNDS: Final = {
    "lab:potassium": (0.8, 15.0, "mmol/L"),
    "lab:sodium": (80.0, 220.0, "mmol/L"),
    "lab:calcium": (0.3, 6.0, "mmol/L"),
    "lab:blood-ph": (6.3, 8.0, ""),
    "lab:hemoglobin": (5.0, 280.0, "g/L"),
    "lab:glucose": (0.1, 150.0, "mmol/L"),
}
_BEFORE: Final = timedelta(days=3)
_DAY: Final = timedelta(days=1)
_AFTER: Final = timedelta(hours=2)
_ALIKE: Final = 0.05
_NOT_LAB: Final = frozenset(
    f"lab:{name}" for name in ("glucose", "fasting-glucose", "poc-glucose", "lactate", "blood-ph", "po2", "pco2")
)
"""Measured at the bedside too: the laboratory does not know every value."""
_ELSEWHERE: Final = re.compile(r"血气|外院|院外|当地|门诊|入院前|既往|上次|目标|控制|维持")
_NORMAL: Final = re.compile(r"[^，,。；;\n异]{0,6}?(?:正常(?!值|范围|高)|未见(?:明显)?异常|无(?:明显)?异常)")


def _impossible(subject: Subject) -> Iterator[Said]:
    documents = [document for document in subject.judged() if document.kind not in CONSENTS]
    for passage in subject.texts(documents):
        for bounds in _BOUNDS:
            for match in bounds.pattern.finditer(passage.text):
                if not bounds.low <= float(match["value"]) <= bounds.high:
                    says = f"{bounds.called}“{match[0]}”不可能，疑为笔误"
                    yield Defect(says, passage.place(match.start(), match.end()))
        for match in _PRESSURE.finditer(passage.text):
            if int(match["high"]) <= int(match["low"]) or int(match["high"]) > _MOST_PRESSURE:
                yield Defect(f"血压“{match[0]}”不可能，疑为笔误", passage.place(match.start(), match.end()))
        for match in _UNSPLIT.finditer(passage.text):
            yield Defect(f"血压“{match[0]}”书写有误", passage.place(match.start(), match.end()))


def _lab_impossible(subject: Subject) -> Iterator[Said]:
    found = subject.says(subject.judged(), "test")
    if found is None:
        yield LANGUAGE
        return
    for saying in found:
        bounds, value = _LAB_BOUNDS.get(saying.fact.concept), saying.fact.value
        if bounds is None or value is None or unit_of(saying.fact.unit) != bounds[2]:
            continue
        if not bounds[0] <= value <= bounds[1]:
            yield Defect(f"化验值“{saying.fact.text}”不可能，疑为笔误", saying.place)


def _differs(subject: Subject) -> Iterator[Said]:
    """A value in a note that no result of the days before it has."""
    results, found = subject.record.results, subject.says(subject.judged(*DAILY_NOTES), "test")
    if results is None or found is None:
        yield LANGUAGE if results is not None else Gap("检验结果")
        return
    by_test: dict[str, list[Result]] = {}
    for result in results:
        if result.value is not None and (concept := concept_of(subject, result)):
            by_test.setdefault(concept, []).append(result)
    for saying in found:
        of_test = by_test.get(saying.fact.concept, [])
        if of_test and _comparable(saying) and not any(_equal(saying.fact, result) for result in of_test):
            recent = [result for result in of_test if _recent(saying, result)]
            if recent:
                says = f"病程写“{saying.fact.text}”，检验报告为{shown(recent[-1])}"
                yield Defect(says, saying.place)


def _comparable(saying: Saying) -> bool:
    fact = saying.fact
    around = saying.passage.text[max(0, fact.start - 12) : fact.end]
    plain = fact.value is not None and not fact.comparator and fact.concept not in _NOT_LAB
    return plain and current(fact) and not _ELSEWHERE.search(around)


def _recent(saying: Saying, result: Result) -> bool:
    at, written = known_at(result), saying.passage.document.written
    return at is not None and written is not None and written - _BEFORE <= at <= written + _AFTER


def _equal(fact: Fact, result: Result) -> bool:
    """Whether a value in a text may be a result: rounded, or in a unit that is not the result's."""
    if fact.value is None or result.value is None:
        return True
    if fact.unit and result.unit and unit_of(fact.unit).lower() != unit_of(result.unit).lower():
        return True
    return abs(fact.value - result.value) <= max(abs(result.value) * _ALIKE, 0.06)


def _called_normal(subject: Subject) -> Iterator[Said]:
    """A panel that a note calls normal while one of its tests is far off."""
    results, found = subject.record.results, subject.says(subject.judged(*DAILY_NOTES), "test")
    if results is None or found is None or subject.release is None:
        yield LANGUAGE if results is not None else Gap("检验结果")
        return
    for saying in found:
        fact, text = saying.fact, saying.passage.text
        if fact.value is not None or not current(fact) or not _NORMAL.match(text, fact.end):
            continue
        members = {s.object for s in subject.release.statements(Predicate.CONTAINS, fact.concept)} | {fact.concept}
        bad = next((result for result in _last_of(subject, saying, members) if far_off(result)), None)
        if bad is not None:
            yield Defect(f"病程写“{fact.text}”正常，检验报告{shown(bad)}明显异常", saying.place)


def _last_of(subject: Subject, saying: Saying, tests: set[str]) -> list[Result]:
    """The last result of each of some tests, of the day before a note."""
    last: dict[str, Result] = {}
    for result in sorted(subject.record.results or (), key=lambda one: str(known_at(one))):
        at, written, concept = known_at(result), saying.passage.document.written, concept_of(subject, result)
        if concept in tests and at and written and written - _DAY <= at <= written + _AFTER:
            last[concept] = result
    return list(last.values())


_check = partial(Check, kinds=INPATIENT, aspect=Aspect.CONSISTENT, points=1.0, most=3.0, group=Group.COURSE)
CHECKS: Final = (
    _check(
        name="number-vital-impossible",
        title="生命体征等数值不可能",
        group=Group.WRITING,
        kinds=ANY_RECORD,
        source=f"{NORM}第三条",
        mend="核对原始测量值后更正",
        run=_impossible,
    ),
    _check(
        name="number-lab-impossible",
        title="化验数值不可能",
        group=Group.WRITING,
        kinds=ANY_RECORD,
        source=f"{NORM}第三条",
        mend="核对检验报告后更正数值或单位",
        run=_lab_impossible,
    ),
    _check(
        name="number-result-differs",
        title="病程所写化验值与检验报告不符",
        source=f"{NORM}第三条、第二十二条",
        mend="核对检验报告后更正",
        run=_differs,
        points=2.0,
        most=4.0,
    ),
    _check(
        name="number-called-normal",
        title="化验明显异常而病程写正常",
        source=f"{NORM}第三条、第二十二条",
        mend="核对检验报告，如实记录异常结果并分析处理",
        run=_called_normal,
        points=2.0,
        most=4.0,
    ),
)
