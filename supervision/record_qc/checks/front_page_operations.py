"""The operations of the front page: whether all are there, in the right order, with level, incision and people."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from clinical.coded import china_day
from clinical.medical_record import DocumentKind, Operation
from supervision.record_qc.model import Aspect, Gap, Said, Severity
from supervision.record_qc.page import PAGE_GUIDE, PAGE_NORM, Done, Page, page_check, page_place, wrong

_DETAILED: Final = 2
"""Details with which an operation must have come for what is missing to count as left blank."""
_PROCEDURES: Final = "87-99;03.31;33.22-33.24;34.91;38.9;39.95;41.31;45.13-45.16;45.23-45.25;54.91;57.32;57.94;86.07"
"""What is a procedure (操作) in any hospital."""
_INCISION: Final = re.compile(
    r"(?P<kind>0|[ⅠI1]|[Ⅱ2]|II|[Ⅲ3]|III)\s*(?:类)?(?:切口)?\s*(?:[/／\-、,，]?\s*(?P<healed>甲|乙|丙|其他|[1-59])(?:级)?(?:愈合)?)?"
)
_CLEAN: Final = frozenset("ⅠI1")
_OPENED: Final = (
    "42.4-42.6;43.5-43.9;45.6-45.9;46.0-46.5;47.0-47.1;48.4-48.6;51.2-51.5;57.6-57.7;60.3-60.6;68.3-68.8;"
    "74.0-74.2;74.4"
)
"""Operations that open the digestive, biliary, urinary or genital tract: clean-contaminated at best."""
_ANTIMICROBIAL: Final = "《抗菌药物临床应用指导原则(2015年版)》(国卫办医发〔2015〕43号)手术切口分类"


def _details(operation: Operation) -> int:
    return sum(
        (
            operation.level is not None,
            bool(operation.anaesthesia.strip()),
            bool(operation.incision.strip()),
            operation.surgeon is not None,
        )
    )


def _surgery(page: Page) -> Iterator[Done]:
    """Operations that surely are such."""
    return (done for done in page.operations if done.is_surgery)


def _missing(page: Page) -> Iterator[Said]:
    """Level, anaesthesia, incision, surgeon and date of operations that came with some of them."""
    for done in _surgery(page):
        operation = done.operation
        if _details(operation) < _DETAILED:
            yield Gap("首页手术的级别、麻醉、切口和术者")
            continue
        lacking = {
            "手术级别": operation.level is None,
            "麻醉方式": not operation.anaesthesia.strip(),
            "切口愈合等级": not operation.incision.strip(),
            "术者": operation.surgeon is None,
            "手术日期": operation.at is None,
        }
        names = "、".join(name for name, lacks in lacking.items() if lacks)
        if names:
            yield wrong(f"手术“{operation.name}”未填{names}", done.place, key=operation.id)


def _domains(page: Page) -> Iterator[Said]:
    for done in page.operations:
        level, incision = done.operation.level, done.operation.incision.strip()
        if level is not None and not 1 <= level <= 4:
            yield wrong(
                f"手术“{done.operation.name}”级别填{level}，应为1至4级", done.place, key=f"{done.operation.id}级别"
            )
        if incision.strip("-—") and _incision(incision) is None:
            says = f"手术“{done.operation.name}”切口愈合等级填“{incision}”，不合填写说明"
            yield wrong(says, done.place, key=f"{done.operation.id}切口")


def _incision(written: str) -> re.Match[str] | None:
    """An incision as pages print it: 0, Ⅰ/甲, II类/乙级."""
    return _INCISION.fullmatch(written)


def _healing(page: Page) -> Iterator[Said]:
    """An incision of classes I to III without how it healed (其他 stands for what is not yet known)."""
    for done in page.operations:
        found = _incision(done.operation.incision.strip())
        if found is not None and found["kind"] != "0" and not found["healed"]:
            says = f"手术“{done.operation.name}”只填切口类别“{done.operation.incision}”，未填愈合情况"
            yield wrong(says, done.place, key=done.operation.id)


def _too_clean(page: Page) -> Iterator[Said]:
    for done in page.operations:
        found = _incision(done.operation.incision.strip())
        if found is not None and found["kind"] in _CLEAN and done.within(_OPENED):
            says = f"手术“{done.operation.name}”切开消化道、胆道或泌尿生殖道，切口填Ⅰ类不当，至少为Ⅱ类"
            yield wrong(says, done.place, key=done.operation.id)


def _procedure_first(page: Page) -> Iterator[Said]:
    if page.operations and page.operations[0].within(_PROCEDURES):
        first = page.operations[0]
        operated = next(_surgery(page), None)
        if operated is not None:
            says = f"首行填操作“{first.operation.name}”，手术“{operated.operation.name}”列在其后，应手术优先"
            yield wrong(says, first.place, operated.place)


def _unlisted(page: Page) -> Iterator[Said]:
    """Operations that the record tells of, of which the page has none of that code, name or day."""
    if page.record.operations is None and not page.subject.of(DocumentKind.OPERATION):
        yield Gap("手术信息")
        return
    for operation in page.record.operations or ():
        if _is_one(operation) and not any(_same(operation, done) for done in page.operations):
            says = f"病历中有手术“{operation.name}”，首页未填"
            yield wrong(says, page_place("手术及操作", operation.name), key=operation.id)
    if page.record.operations is None and not page.operations:
        note = page.subject.of(DocumentKind.OPERATION)[0]
        yield wrong("病历中有手术记录，首页未填手术及操作", page_place("手术及操作"), key=note.id)


def _is_one(operation: Operation) -> bool:
    """Whether it is an operation or procedure that belongs on a page: dressings and nursing do not."""
    return operation.level is not None or bool(operation.anaesthesia) or operation.name.rstrip(")）").endswith("术")


def _same(operation: Operation, done: Done) -> bool:
    """Whether the page's operation is, or may be, this one: names differ more than days do."""
    other = done.operation
    if operation.at is not None and other.at is not None:
        apart = china_day(operation.at) - china_day(other.at)
        return abs(apart.days) <= 1
    same_code = bool(operation.code) and operation.code[:5] == other.code[:5]
    return same_code or operation.name == other.name or operation.at is None or other.at is None


CHECKS: Final = (
    page_check(
        "front-page-operation-items",
        "首页手术项目未填全",
        _missing,
        PAGE_GUIDE,
        "补填手术级别、麻醉方式、切口愈合等级、术者和手术日期",
        aspect=Aspect.COMPLETE,
        most=3.0,
    ),
    page_check(
        "front-page-operation-domain",
        "首页手术级别或切口愈合等级填写不规范",
        _domains,
        PAGE_GUIDE,
        "手术级别填1至4级；切口填0、Ⅰ、Ⅱ、Ⅲ类，愈合填甲、乙、丙或其他",
        aspect=Aspect.PROPER,
        most=2.0,
    ),
    page_check(
        "front-page-operation-healing",
        "首页手术切口未填愈合等级",
        _healing,
        PAGE_GUIDE,
        "按切口愈合情况填甲、乙、丙；尚未拆线或愈合未明的填其他",
        aspect=Aspect.COMPLETE,
        most=2.0,
    ),
    page_check(
        "front-page-operation-too-clean",
        "进入消化道、胆道或泌尿生殖道的手术填为Ⅰ类切口",
        _too_clean,
        f"{_ANTIMICROBIAL}；{PAGE_GUIDE}",
        "核对切口类别后改正",
        aspect=Aspect.PROPER,
    ),
    page_check(
        "front-page-procedure-first",
        "首页操作列在手术之前",
        _procedure_first,
        f"{PAGE_NORM}第二十二条",
        "按手术优先原则，主要手术填在第一行",
        points=2.0,
    ),
    page_check(
        "front-page-operation-unlisted",
        "病历中的手术首页未填",
        _unlisted,
        f"{PAGE_NORM}第二十二条",
        "补填手术及操作并编码",
        aspect=Aspect.COMPLETE,
        severity=Severity.SEVERE,
        points=3.0,
        most=6.0,
    ),
)
