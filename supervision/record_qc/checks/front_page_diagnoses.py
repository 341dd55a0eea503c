"""The diagnoses of the front page: that they are there, coded, and marked as present on admission or not."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from clinical.medical_record import DiagnosisKind
from supervision.record_qc import page_items as items
from supervision.record_qc.model import Aspect, Gap, Said, Severity
from supervision.record_qc.page import PAGE_GUIDE, PAGE_NORM, PAGE_SCORES, Page, page_check, page_place, wrong

_PRESENT: Final = {"1": "有", "2": "临床未确定", "3": "情况不明", "4": "无"}
_LASTING: Final = "C00-C97;E10-E14;I10-I15;Q00-Q99;I25;J44;K74;N18;B18;G20;M05-M06"
"""What nobody comes by within a stay: tumours, chronic and inborn diseases."""
_OF_STAY: Final = "O00-O99;P00-P96;T80-T88"
"""What comes with a birth or an operation is new in the stay by nature; other checks judge whether it may be the main
diagnosis."""


def _no_main(page: Page) -> Iterator[Said]:
    if page.main is None or not page.main.diagnosis.name.strip():
        yield wrong("首页未填主要诊断", page_place("主要诊断"))


def _several_mains(page: Page) -> Iterator[Said]:
    mains = [coded for coded in page.diagnoses if coded.diagnosis.main]
    if len(mains) > 1:
        names = "、".join(coded.called for coded in mains)
        yield wrong(f"首页有{len(mains)}个主要诊断：{names}", *(coded.place for coded in mains))


def _no_clinic(page: Page) -> Iterator[Said]:
    told = any(d.kind is DiagnosisKind.CLINIC and d.name.strip() for d in page.page.diagnoses)
    written = page.item(items.CLINIC)
    if not told and written is None:
        yield Gap("门(急)诊诊断")
    elif not told and not written:
        yield wrong("首页未填门(急)诊诊断", page.place(items.CLINIC))


def _main_uncoded(page: Page) -> Iterator[Said]:
    main = page.main
    if main is None or main.diagnosis.code.strip():
        return
    if page.is_coded or page.page.coder.strip():
        yield wrong(f"主要诊断“{main.diagnosis.name}”无疾病编码", main.place)
    else:
        yield Gap("出院诊断编码(首页尚未编码)")


def _others_uncoded(page: Page) -> Iterator[Said]:
    if page.others and not page.is_coded:
        yield Gap("出院诊断编码(首页尚未编码)")
        return
    for coded in page.others:
        if not coded.diagnosis.code.strip():
            yield wrong(f"其他诊断“{coded.diagnosis.name}”无疾病编码", coded.place, key=coded.diagnosis.name)


def _operations_uncoded(page: Page) -> Iterator[Said]:
    if page.operations and not page.is_coded and not any(done.operation.code for done in page.operations):
        yield Gap("手术及操作编码(首页尚未编码)")
        return
    for done in page.operations:
        if not done.operation.code.strip():
            yield wrong(f"手术及操作“{done.operation.name}”无编码", done.place, key=done.operation.id)


def _presence(page: Page) -> Iterator[Said]:
    """Of a page that marks no diagnosis at all nothing is known: many systems do not send the marks."""
    marks = [coded.diagnosis.present.strip() for coded in page.diagnoses]
    if page.diagnoses and not any(marks):
        yield Gap("入院病情")
        return
    for coded, mark in zip(page.diagnoses, marks, strict=True):
        if not mark:
            yield wrong(f"诊断{coded.called}未填入院病情", coded.place, key=coded.diagnosis.name)
        elif _presence_of(mark) is None:
            yield wrong(
                f"诊断{coded.called}的入院病情“{mark}”不在规定的选项内", coded.place, key=coded.diagnosis.name
            )


def _presence_of(mark: str) -> str | None:
    return _PRESENT.get(mark, mark if mark in _PRESENT.values() else None)


def _lasting_as_new(page: Page) -> Iterator[Said]:
    for coded in page.diagnoses:
        if coded.within(_LASTING) and _presence_of(coded.diagnosis.present.strip()) == "无":
            says = f"{coded.called}为慢性、先天性疾病或肿瘤，不会在住院数日内新发，入院病情填“无”不当"
            yield wrong(says, coded.place, key=coded.diagnosis.code)


def _main_as_new(page: Page) -> Iterator[Said]:
    main = page.main
    elsewhere = f"{_LASTING};{_OF_STAY}"
    if main is not None and not main.within(elsewhere) and _presence_of(main.diagnosis.present.strip()) == "无":
        yield wrong(f"主要诊断{main.called}的入院病情填“无”，住院理由应在入院时已存在", main.place)


CHECKS: Final = (
    page_check(
        "front-page-main-diagnosis",
        "首页主要诊断未填",
        _no_main,
        f"{PAGE_NORM}第九条、第十条",
        "由经治医师填写主要诊断",
        aspect=Aspect.COMPLETE,
        severity=Severity.SEVERE,
        points=5.0,
    ),
    page_check(
        "front-page-main-diagnosis-several",
        "首页主要诊断多于一个",
        _several_mains,
        f"{PAGE_NORM}第十条",
        "只保留一个主要诊断，其余列为其他诊断",
        aspect=Aspect.PROPER,
        points=2.0,
    ),
    page_check(
        "front-page-clinic-diagnosis",
        "首页门(急)诊诊断未填",
        _no_clinic,
        PAGE_GUIDE,
        "填写患者入院前的门(急)诊诊断",
        aspect=Aspect.COMPLETE,
    ),
    page_check(
        "front-page-main-diagnosis-uncoded",
        "首页主要诊断无编码",
        _main_uncoded,
        PAGE_SCORES,
        "由编码员按ICD-10编码",
        aspect=Aspect.COMPLETE,
        points=3.0,
    ),
    page_check(
        "front-page-other-diagnosis-uncoded",
        "首页其他诊断无编码",
        _others_uncoded,
        PAGE_SCORES,
        "由编码员按ICD-10编码",
        aspect=Aspect.COMPLETE,
        points=0.5,
        most=2.0,
    ),
    page_check(
        "front-page-operation-uncoded",
        "首页手术及操作无编码",
        _operations_uncoded,
        PAGE_SCORES,
        "由编码员按ICD-9-CM-3编码",
        aspect=Aspect.COMPLETE,
        points=1.0,
        most=3.0,
    ),
    page_check(
        "front-page-present-on-admission",
        "首页入院病情未填或不规范",
        _presence,
        PAGE_GUIDE,
        "对每个出院诊断填写入院病情：1有、2临床未确定、3情况不明、4无",
        aspect=Aspect.COMPLETE,
        points=0.5,
        most=2.0,
    ),
    page_check(
        "front-page-lasting-as-new",
        "慢性、先天性疾病或肿瘤的入院病情填“无”",
        _lasting_as_new,
        PAGE_GUIDE,
        "核对后改为“有”“临床未确定”或“情况不明”",
    ),
    page_check(
        "front-page-main-as-new",
        "主要诊断的入院病情填“无”",
        _main_as_new,
        f"{PAGE_NORM}第十条、第十二条",
        "核对入院病情；确为住院后新发的，核对其是否应作主要诊断",
        severity=Severity.MINOR,
    ),
)
