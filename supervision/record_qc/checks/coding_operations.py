"""Codes of operations: that they exist, fit the patient, and that diagnoses and notes bear them out."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from clinical.codes import Icd9Cm3
from clinical.medical_record import DocumentKind
from knowledge.snapshot import Snapshot
from supervision.record_qc.coding.tables import DocumentedOperation, Implied, Operated, Sexed, rows
from supervision.record_qc.meaning import COURSE_NOTES, LANGUAGE, clause, current
from supervision.record_qc.model import Gap, Said, Severity
from supervision.record_qc.page import ICD9, PAGE_NORM, Done, Page, page_check, page_place, wrong
from supervision.record_qc.subject import Saying

_CODED: Final = f"{PAGE_NORM}第六条、第二十五条"
_LISTED: Final = "icd-9-cm-3"
"""The source, and the system, under which a release holds the whole list of operations."""
_DONE_IN: Final = tuple(
    kind
    for kind in COURSE_NOTES
    if kind not in (DocumentKind.PREOP_SUMMARY, DocumentKind.PREOP_DISCUSSION, DocumentKind.FIRST_COURSE)
)


_NOT_DONE: Final = re.compile(
    "拒绝|放弃|不同意|未予|未行|暂不|拟|建议|必要时|准备|若|如需|考虑|随时|风险|停|拔除|拔管|撤|脱机"
)
"""Before a procedure: that it was not done, not yet, or is over."""


def _invalid(page: Page) -> Iterator[Said]:
    """The form always; whether there is such a code, when the release has the list."""
    for done in page.operations:
        written = done.operation.code.strip()
        if not written:
            continue
        if done.code is None or len(done.code.value) < 4:
            says = f"手术“{done.operation.name}”的编码“{written}”不是完整的ICD-9-CM-3编码"
            yield wrong(says, done.place, key=written)
        elif (release := page.subject.release) is None or release.source(_LISTED) is None:
            yield Gap("ICD-9-CM-3编码表(知识库未载入)")
        elif not _exists(release, done.code):
            yield wrong(f"手术“{done.operation.name}”的编码{written}不存在", done.place, key=written)


def _exists(release: Snapshot, code: Icd9Cm3) -> bool:
    """Whether the list has the code or, of a local extension, the one it extends."""
    value = code.value
    base = value[:4] if value[4:5] == "x" else f"{value[:5]}00"
    return any(release.by_code(_LISTED, one) for one in (value, value.split("x0")[0], base))


def _sex(page: Page) -> Iterator[Said]:
    if not page.sex:
        yield Gap("患者性别")
        return
    for row in rows(Sexed):
        if row.system == ICD9 and row.sex != page.sex:
            for done in page.operations:
                if done.within(row.codes):
                    says = f"{page.sex}性患者的手术“{done.operation.name}”({done.operation.code})仅限{row.sex}性"
                    yield wrong(says, done.place, key=done.operation.id)


def _unfounded(page: Page) -> Iterator[Said]:
    """No diagnosis of the page carries the operation."""
    if page.operations and not page.is_coded:
        yield Gap("出院诊断编码")
        return
    for done in page.operations:
        row = next((row for row in rows(Operated) if done.within(row.codes)), None)
        if row is not None and not page.carries(row.diagnoses):
            says = f"首页有手术“{done.operation.name}”（{row.what}），出院诊断中没有与之对应的疾病"
            yield wrong(says, done.place, key=done.operation.id)


def _implied(page: Page) -> Iterator[Said]:
    if _uncoded(page.operations):
        yield Gap("手术及操作编码")
        return
    for row in rows(Implied):
        coded = next((coded for coded in page.diagnoses if coded.within(row.codes)), None)
        if coded is not None and not any(done.within(row.operations) for done in page.operations):
            says = f"诊断{coded.called}表明本次行{row.what}，首页未填相应的手术及操作"
            yield wrong(says, coded.place, key=row.what)


def _uncoded(operations: tuple[Done, ...]) -> bool:
    """Whether some operation has no code, and so may be any."""
    return any(done.code is None for done in operations)


def _done(saying: Saying) -> bool:
    """Whether a procedure was done in the stay: not refused, planned, or only talked of; and not for anaesthesia."""
    before = re.split("[。；;\n]", saying.passage.text[: saying.fact.start])[-1]
    here = clause(saying.passage.text, saying.fact.start, saying.fact.end)
    return current(saying.fact) and not _NOT_DONE.search(before) and "麻" not in here


def _documented(page: Page) -> Iterator[Said]:
    """Procedures that notes tell of as done and the page has not."""
    said = page.subject.says(page.subject.of(*_DONE_IN))
    if said is None:
        yield LANGUAGE
        return
    if not page.is_coded or _uncoded(page.operations):
        yield Gap("手术及操作编码(首页尚未编码)")
        return
    wanted = {row.concept: row for row in rows(DocumentedOperation)}
    for one in said:
        row = wanted.get(one.fact.concept)
        if row is not None and _done(one) and not any(done.within(row.codes) for done in page.operations):
            del wanted[one.fact.concept]
            says = f"病程记录有“{one.fact.text}”，首页手术及操作未填{row.what}，如确已实施请补填"
            yield wrong(says, page_place("手术及操作", row.what), one.place, key=row.what)


CHECKS: Final = (
    page_check(
        "operation-code-invalid",
        "手术编码不存在或不完整",
        _invalid,
        f"{PAGE_NORM}第六条",
        "按ICD-9-CM-3重新编码",
        points=2.0,
        most=4.0,
    ),
    page_check(
        "operation-code-sex",
        "手术编码与性别矛盾",
        _sex,
        ICD9,
        "核对患者性别与手术编码",
        severity=Severity.SEVERE,
        points=2.0,
    ),
    page_check(
        "operation-unfounded",
        "手术没有对应的诊断",
        _unfounded,
        f"{PAGE_NORM}第五条、第二十条",
        "补填该手术所治疗的疾病，或核对手术编码",
        points=2.0,
    ),
    page_check(
        "operation-implied",
        "诊断表明的手术或操作首页未填",
        _implied,
        f"{PAGE_NORM}第二十二条",
        "补填相应的手术及操作，或核对诊断编码",
        points=2.0,
    ),
    page_check(
        "operation-documented",
        "病程记录的操作首页未填",
        _documented,
        f"{PAGE_NORM}第二十二条；{_CODED}",
        "如确已实施，补填操作名称和编码",
        severity=Severity.MINOR,
        most=2.0,
    ),
)
