"""Hints of diagnoses that a front page may lack: what notes call so, or results show.

Never a demand: whether the patient has such a disease is for the doctor to say."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import combinations
from math import inf
from typing import Final, NamedTuple, TypeAlias

from clinical.medical_record import Result, ResultKind
from clinical.quantity import Quantity
from clinical.units import QuantityError
from knowledge.model import ConceptKind
from knowledge.snapshot import Snapshot
from supervision.record_qc.meaning import COURSE_NOTES, current
from supervision.record_qc.model import Aspect, Check, Gap, Said, Severity
from supervision.record_qc.page import PAGE_NORM, Page, page_check, page_place, wrong
from supervision.record_qc.subject import Saying
from supervision.record_qc.timing import shown

_TOLD_APART: Final = re.compile(r"鉴别|排除|除外|不支持|不符")
"""In a sentence that weighs what else it may be."""
_FEARED: Final = re.compile(r"可能(?:出现|发生)|防范|风险|意外")
_DYING: Final = re.compile(r"呼吸[、及和]?循环[^，。]{0,2}衰竭")
"""How somebody dies, whatever of."""
_SENTENCE: Final = "。\n"


class Measured(NamedTuple):
    """A value of the laboratory in the unit that was asked for."""

    result: Result
    value: float


Shows: TypeAlias = Callable[[Page], str | Gap | None]
"""What results show, as a hint says it; None for nothing, a gap where they were not told."""


@dataclass(frozen=True, slots=True)
class Hint:
    """A condition (``called``) that the page holds by a code of ``codes``; ``concepts`` of the release that notes may
    tell of, ``shows`` what results may show."""

    name: str
    called: str
    codes: str
    concepts: frozenset[str]
    shows: Shows

    def check(self) -> Check:
        """The check of this row."""
        return page_check(
            self.name,
            f"可能漏填其他诊断：{self.called}",
            self._judge,
            f"{PAGE_NORM}第二十条",
            f"由经治医师判断：如临床已确认{self.called}并予诊治，补填其他诊断（影响DRG/DIP入组）；不符合的不填，不得仅凭检验值编码",
            aspect=Aspect.CODING,
            severity=Severity.MINOR,
            points=0.0,
        )

    def _judge(self, page: Page) -> Iterator[Said]:
        if not page.is_coded:
            yield Gap("出院诊断编码")
            return
        if page.carries(self.codes) or _named(page, self.called):
            return
        told = told_of(page, self.concepts)
        if told is not None:
            says = f"病程记录有“{told.fact.text}”，首页未填{self.called}；如临床已确认请补填"
            yield wrong(says, page_place("出院诊断"), told.place)
            return
        shown_by = self.shows(page)
        if isinstance(shown_by, Gap):
            yield shown_by
        elif shown_by:
            yield wrong(f"{shown_by}，首页未填{self.called}；如临床已确认请补填", page_place("出院诊断"))


def told_of(page: Page, concepts: frozenset[str]) -> Saying | None:
    """Where notes first tell that the patient has one of some conditions."""
    said = page.subject.says(page.subject.of(*COURSE_NOTES), "disease") or ()
    meant = (
        one for one in said if one.fact.concept in concepts and current(one.fact) and not _DYING.search(one.fact.text)
    )
    told = (one for one in meant if not _TOLD_APART.search(one.place.quote) and not _is_feared(one))
    return next((one for one in told if not _named(page, one.fact.text)), None)


def _named(page: Page, name: str) -> bool:
    """Whether the page has a diagnosis by name: that its code is another is told elsewhere."""
    return any(name in coded.diagnosis.name for coded in page.diagnoses)


def _is_feared(saying: Saying) -> bool:
    """Whether it is told among what an operation or a treatment may bring (可能出现的意外及防范措施), by the heading
    or by the sentence, of which each fear is but a clause."""
    text, at = saying.passage.text, saying.fact.start
    begin = max(text.rfind(mark, 0, at) for mark in _SENTENCE) + 1
    return _FEARED.search(f"{saying.passage.title}\n{text[begin:at]}\n{saying.place.quote}") is not None


# -- what results show -----------------------------------------------------------------------


def beyond(test: str, unit: str, called: str, *, below: float = -inf, above: float = inf) -> Shows:
    """That a value of a test lies beyond a limit: the one that lies farthest."""

    def shows(page: Page) -> str | Gap | None:
        values = measured(page, test, unit)
        if isinstance(values, Gap):
            return values
        worst = max(values, key=lambda one: max(below - one.value, one.value - above), default=None)
        if worst is None or below <= worst.value <= above:
            return None
        return f"检验{called}{worst.value:g}{unit}{_when(worst.result)}"

    return shows


def risen(test: str, unit: str, called: str, times: float, least: float, within: timedelta) -> Shows:
    """That a value rose to so many times an earlier one, by so much, within a span."""

    def shows(page: Page) -> str | Gap | None:
        values = measured(page, test, unit)
        if isinstance(values, Gap):
            return values
        for earlier, later in combinations(sorted(filter(_dated, values), key=_time), 2):
            if _time(later) - _time(earlier) > within or later.value - earlier.value < least:
                continue
            if later.value >= earlier.value * times:
                before = f"{earlier.value:g}{unit}{_when(earlier.result)}"
                return f"检验{called}由{before}升至{later.value:g}{unit}{_when(later.result)}"
        return None

    return shows


def _dated(one: Measured) -> bool:
    return one.result.at is not None


def _time(one: Measured) -> datetime:
    """When it was taken; asked of dated ones alone."""
    assert one.result.at is not None
    return one.result.at


def measured(page: Page, test: str, unit: str) -> Sequence[Measured] | Gap:
    """The values of a test (a concept of the release) in a unit; those whose unit is another thing are left out."""
    release, results = page.subject.release, page.record.results
    if release is None or results is None:
        return Gap("检验结果")
    found = (_in_unit(release, result, test, unit) for result in results)
    return [one for one in found if one is not None]


def _in_unit(release: Snapshot, result: Result, test: str, unit: str) -> Measured | None:
    if result.kind is not ResultKind.LAB or result.value is None or not _is_test(release, result.name, test):
        return None
    if not result.unit.strip():
        return Measured(result, result.value) if unit == "" else None
    try:
        return Measured(result, Quantity(result.value, result.unit).to(unit, release.substance(test)).value)
    except QuantityError:
        return None


def _is_test(release: Snapshot, name: str, test: str) -> bool:
    """Whether a result is of a test, as it is called or as its name in brackets has it: 血红蛋白(HGB)."""
    names = (name, name.split("(")[0].split("（")[0])
    return any(concept.id == test for one in names for concept in release.by_name(one, ConceptKind.LAB))


def _when(result: Result) -> str:
    return f"({shown(result.at)})" if result.at else ""
