"""The front page of a record as checks see it: its items, diagnoses and operations, read once."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property, lru_cache
from typing import Final, TypeAlias

from clinical.age import YEAR, age_at
from clinical.coded import china_day
from clinical.codes import Icd9Cm3, Icd10
from clinical.medical_record import Diagnosis, DiagnosisKind, FrontPage, Operation
from supervision.record_qc.model import ENDED, FRONT_PAGE, Aspect, Check, Defect, Gap, Group, Said, Severity
from supervision.record_qc.page_items import AGE, BIRTH, SEX, WAY_OUT, Item, bare
from supervision.record_qc.places import Place
from supervision.record_qc.subject import Subject

PAGE_NORM: Final = "《住院病案首页数据填写质量规范(暂行)》(国卫办医发〔2016〕24号)"
PAGE_GUIDE: Final = "《住院病案首页部分项目填写说明》(卫医政发〔2011〕84号附件2)"
PAGE_SCORES: Final = "《住院病案首页数据质量评分标准》(国卫办医发〔2016〕24号附件)"
ICD10: Final = "ICD-10第二卷(指导手册)"
ICD9: Final = "ICD-9-CM-3"
SURGERY: Final = "01-86"
"""The chapters of operations of ICD-9-CM-3."""
PROCEDURES: Final = (
    "01.0;01.1;03.3;03.8;03.9;04.1;04.8;05.1;05.3;06.0;06.1;08.0;09.1;09.4;11.2;12.2;14.1;16.2;18.1;20.3;20.8;21.0-21.2;"
    "22.0-22.1;23;24.1;25.0;26.0-26.1;27.2;28.1;29.1;31.1;31.4;31.9;33.2;34.0;34.2;34.9;37.0;37.2;38.2;38.9;39.9;40.1;"
    "41.0;41.3;41.9;42.2-42.3;42.8;42.9;43.0;43.1;43.4;44.1;44.4;44.9;45.1-45.4;46.8;48.2-48.3;49.2;50.1;50.9;51.1;51.8;"
    "51.9;52.1;52.9;54.2;54.9;55.2;55.9;56.2-56.3;57.0;57.1;57.3;57.9;58.2;58.6;59.8;59.9;60.1;60.9;61.0-61.1;61.9;62.1;"
    "62.9;63.0;63.9;64.1;64.9;65.1;65.9;66.1;66.9;67.0-67.1;68.1;69.0-69.1;69.5-69.9;70.0-70.2;71.1;73;75;76.1;77.4;"
    "78.4;79.0;80.2-80.3;81.9;82.9;83.2;83.9;85.1;85.9;86.0-86.2;86.5"
)
"""Within these chapters: punctures, catheters, endoscopy, biopsy, dialysis, dressing and closed reduction, which are
procedures, or are so in many hospitals."""
_SECTION: Final = "病案首页"
_LEFT: Final = (DiagnosisKind.DISCHARGE, DiagnosisKind.DEATH)
_DATE: Final = re.compile(r"(\d{4})\s*[-年/.]?\s*(\d{1,2})\s*[-月/.]?\s*(\d{1,2})")
_NUMBER: Final = re.compile(r"\d+(?:\.\d+)?")
_UNITS: Final = {"月": 1 / 12, "个月": 1 / 12, "天": 1 / YEAR, "日": 1 / YEAR}
"""Years of the units of a small child's age."""


@dataclass(frozen=True, slots=True)
class Coded:
    """A diagnosis of the page with its code; ``code`` None where there is none or it has not the form of one."""

    diagnosis: Diagnosis
    code: Icd10 | None

    @property
    def place(self) -> Place:
        return page_place("出院诊断", f"{self.diagnosis.name} {self.diagnosis.code}".strip())

    @property
    def called(self) -> str:
        """The name with the code, as a defect says it."""
        return (
            f"“{self.diagnosis.name}”({self.diagnosis.code})" if self.diagnosis.code else f"“{self.diagnosis.name}”"
        )

    def within(self, ranges: str) -> bool:
        """Whether the code lies in some ranges."""
        return self.code is not None and self.code.within(ranges)


@dataclass(frozen=True, slots=True)
class Done:
    """An operation of the page with its code."""

    operation: Operation
    code: Icd9Cm3 | None

    @property
    def place(self) -> Place:
        return page_place("手术及操作", f"{self.operation.name} {self.operation.code}".strip())

    def within(self, ranges: str) -> bool:
        """Whether the code lies in some ranges (``47.0;51.2-51.3``)."""
        return self.code is not None and operation_within(self.code.value, ranges)

    @property
    def is_surgery(self) -> bool:
        """Whether it surely is an operation, not a procedure (操作); False for what has no code."""
        return self.within(SURGERY) and not self.within(PROCEDURES)


class Page:
    """The front page of a subject; make one by ``page_of``."""

    def __init__(self, subject: Subject, page: FrontPage) -> None:
        self.subject, self.record, self.page = subject, subject.record, page

    # -- items -------------------------------------------------------------------------------

    @cached_property
    def _fields(self) -> Mapping[str, str]:
        return {_bare(name): value.strip() for name, value in self.page.fields.items()}

    def item(self, item: Item) -> str | None:
        """What stands in an item; empty when it was left blank (or holds a dash), None when it was not told."""
        for name in item.names():
            if name in self._fields:
                return "" if not bare(self._fields[name]) else self._fields[name]
        return None

    def choice(self, item: Item) -> str | None:
        """Which option was chosen; None when the item was not told, left blank, or says something else."""
        return item.meaning(self.item(item) or "") or None

    def number(self, item: Item) -> float | None:
        """The number in an item; None when there is none."""
        found = _NUMBER.search((self.item(item) or "").replace(",", ""))
        return float(found[0]) if found else None

    def place(self, item: Item) -> Place:
        return page_place(item.name, self.item(item) or "")

    # -- the patient -------------------------------------------------------------------------

    @cached_property
    def sex(self) -> str:
        """男, 女, or empty."""
        said = self.choice(SEX) or SEX.meaning(self.record.visit.sex)
        return said if said in ("男", "女") else ""

    @cached_property
    def birth(self) -> date | None:
        return as_date(self.item(BIRTH) or "")

    @cached_property
    def admitted(self) -> date | None:
        at = self.record.visit.admitted
        return china_day(at) if at else None

    @cached_property
    def discharged(self) -> date | None:
        at = self.record.ended
        return china_day(at) if at else None

    @cached_property
    def age_days(self) -> float | None:
        """Age at admission in days as ``clinical.age`` counts them: by the date of birth, else as told in years.
        Nought years may be any age below one."""
        if self.birth and self.admitted and self.birth <= self.admitted:
            return age_at(self.birth, self.admitted)
        years = self.record.visit.age or self._stated_age()
        return years * YEAR if years else None

    @property
    def age(self) -> float | None:
        """Age at admission in years."""
        return None if self.age_days is None else self.age_days / YEAR

    def _stated_age(self) -> float | None:
        match = re.fullmatch(r"(\d{1,3})\s*(岁|周岁|个?月|天|日)?", self.item(AGE) or "")
        return float(match[1]) * _UNITS.get(match[2] or "岁", 1.0) if match else None

    @cached_property
    def died(self) -> bool | None:
        """Whether the patient died, as the visit tells or else the page; None when neither does."""
        if self.record.visit.died:
            return True
        way = self.choice(WAY_OUT)
        return (way == "死亡") if way else (False if self.record.visit.discharged else None)

    # -- diagnoses and operations ------------------------------------------------------------

    @cached_property
    def diagnoses(self) -> tuple[Coded, ...]:
        """Discharge diagnoses, the main one first."""
        left = (d for d in self.page.diagnoses if d.kind in _LEFT)
        return tuple(Coded(d, icd10(d.code)) for d in sorted(left, key=lambda d: not d.main))

    @property
    def main(self) -> Coded | None:
        """The main diagnosis: the one marked so, else the first, as the page prints it."""
        return self.diagnoses[0] if self.diagnoses else None

    @property
    def others(self) -> tuple[Coded, ...]:
        return self.diagnoses[1:]

    @cached_property
    def operations(self) -> tuple[Done, ...]:
        """Operations, the main one first."""
        return tuple(Done(o, icd9(o.code)) for o in sorted(self.page.operations, key=lambda o: not o.main))

    def carries(self, ranges: str) -> bool:
        """Whether a discharge diagnosis lies in some ranges."""
        return any(coded.within(ranges) for coded in self.diagnoses)

    @property
    def is_coded(self) -> bool:
        """Whether somebody has coded the diagnoses."""
        return any(coded.diagnosis.code for coded in self.diagnoses)


Judge: TypeAlias = Callable[[Page], Iterable[Said]]


def page_of(subject: Subject) -> Page | None:
    """The front page of a subject; None when it has none."""
    return None if subject.record.front_page is None else Page(subject, subject.record.front_page)


def page_check(
    name: str,
    title: str,
    judge: Judge,
    source: str,
    mend: str,
    *,
    aspect: Aspect = Aspect.CODING,
    severity: Severity = Severity.MAJOR,
    points: float = 1.0,
    most: float | None = None,
) -> Check:
    """A check of the front page, made when the stay has ended."""

    def run(subject: Subject) -> Iterator[Said]:
        page = page_of(subject)
        if page is not None:
            yield from judge(page)

    return Check(
        name=name,
        title=title,
        group=Group.FRONT_PAGE,
        aspect=aspect,
        kinds=FRONT_PAGE,
        source=source,
        mend=mend,
        run=run,
        severity=severity,
        points=points,
        most=most,
        stages=ENDED,
    )


def page_place(item: str, quote: str = "") -> Place:
    """An item of the front page."""
    return Place(section=f"{_SECTION}·{item}", quote=quote)


def wrong(says: str, *places: Place, key: str = "") -> Defect:
    """A defect at some places of the page, the first of which it is at."""
    return Defect(says, places[0], places[1:], key)


def untold(item: Item) -> Gap:
    """That an item of the page was not told."""
    return Gap(f"首页“{item.name}”")


# -- reading what stands there ---------------------------------------------------------------


def as_date(text: str) -> date | None:
    """A date as pages print it: 1960-05-01, 1960年5月1日, 19600501."""
    match = _DATE.match(text.strip())
    try:
        return date(int(match[1]), int(match[2]), int(match[3])) if match else None
    except ValueError:
        return None


@lru_cache(maxsize=4096)
def icd10(code: str) -> Icd10 | None:
    """The code of a diagnosis, or None for what has not the form of one."""
    try:
        return Icd10(code) if code.strip() else None
    except ValueError:
        return None


@lru_cache(maxsize=4096)
def icd9(code: str) -> Icd9Cm3 | None:
    """The code of an operation, or None for what has not the form of one."""
    try:
        return Icd9Cm3(code) if code.strip() else None
    except ValueError:
        return None


@lru_cache(maxsize=8192)
def operation_within(code: str, ranges: str) -> bool:
    """Whether a code of an operation lies in one of some ranges or below one of some codes: ``47.0;51.2-51.3``."""
    for part in ranges.split(";"):
        low, _, high = part.strip().partition("-")
        if low <= code[: len(low)] and code[: len(high or low)] <= (high or low):
            return True
    return False


_bare = lru_cache(maxsize=1024)(bare)
