"""Codes that stand beside the diagnoses: external causes, morphology, outcome of delivery."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from clinical.codes import Icd10
from supervision.record_qc import page_items as items
from supervision.record_qc.model import Gap, Said, Severity
from supervision.record_qc.page import ICD10, PAGE_GUIDE, Page, icd10, page_check, wrong
from supervision.record_qc.page_items import Item

_CAUSES: Final = "V01-Y98"
_TUMOURS: Final = "C00-D48"
_BEHAVIOURS: Final = {
    "0": ("良性", "D10-D36"),
    "1": ("动态未定", "D37-D48"),
    "2": ("原位", "D00-D09"),
    "3": ("原发恶性", "C00-C76;C80-C97"),
    "6": ("转移性恶性", "C77-C79"),
}
"""The fifth digit of a morphology code, and the codes of diagnoses that go with it."""
_BLOOD: Final = "959"
"""From M959 on (lymphoma, leukaemia and kin) ICD-10 and the morphology disagree on what is malignant."""
_DELIVERY: Final = "O80-O84"
_OUTCOME: Final = "Z37"


def _written(page: Page, item: Item) -> tuple[str, Icd10 | None]:
    """What stands in an item of a code, and the code."""
    written = page.item(item) or ""
    return written, icd10(written)


def _cause_kind(page: Page) -> Iterator[Said]:
    written, code = _written(page, items.EXTERNAL_CODE)
    if written and not (code is not None and code.within(_CAUSES)):
        says = f"损伤、中毒外部原因的编码“{written}”不在V01至Y98内"
        yield wrong(says, page.place(items.EXTERNAL_CODE))


def _morphology_kind(page: Page) -> Iterator[Said]:
    """Of a tumour; other findings of pathology have no morphology code."""
    written, code = _written(page, items.PATHOLOGY_CODE)
    if written and page.carries(_TUMOURS) and not (code is not None and "/" in code.value):
        says = f"肿瘤的病理诊断编码“{written}”不是形态学编码(M8000/0至M9989/3)"
        yield wrong(says, page.place(items.PATHOLOGY_CODE))


def _behaviour(page: Page) -> Iterator[Said]:
    written, code = _written(page, items.PATHOLOGY_CODE)
    if code is None or "/" not in code.value or code.value[1:4] >= _BLOOD:
        return
    behaviour = _BEHAVIOURS.get(code.value.split("/")[1][0])
    tumours = [coded for coded in page.diagnoses if coded.within(_TUMOURS)]
    if behaviour is not None and tumours and not any(tumour.within(behaviour[1]) for tumour in tumours):
        says = f"病理编码{written}为{behaviour[0]}肿瘤，与诊断{tumours[0].called}的性质不符"
        yield wrong(says, page.place(items.PATHOLOGY_CODE), tumours[0].place)


def _outcome(page: Page) -> Iterator[Said]:
    delivered = next((coded for coded in page.diagnoses if coded.within(_DELIVERY)), None)
    if not page.is_coded:
        yield Gap("出院诊断编码")
    elif delivered is not None and not page.carries(_OUTCOME):
        yield wrong(f"分娩住院（{delivered.called}）未填分娩结局(Z37)", delivered.place)


CHECKS: Final = (
    page_check(
        "external-cause-code-kind",
        "损伤、中毒外部原因的编码不是外因编码",
        _cause_kind,
        f"{PAGE_GUIDE}；{ICD10}",
        "按ICD-10第二十章(V01至Y98)编码",
    ),
    page_check(
        "pathology-code-kind",
        "肿瘤病理诊断编码不是形态学编码",
        _morphology_kind,
        f"{PAGE_GUIDE}；ICD-10肿瘤形态学编码",
        "按肿瘤形态学编码(M码)填写",
    ),
    page_check(
        "pathology-behaviour",
        "病理编码的肿瘤性质与诊断编码不符",
        _behaviour,
        "ICD-10第二章说明与肿瘤形态学编码",
        "核对病理报告，改正诊断编码或形态学编码",
        points=2.0,
    ),
    page_check(
        "delivery-outcome",
        "分娩住院未填分娩结局",
        _outcome,
        "ICD-10类目Z37说明(母亲记录的附加编码)",
        "补填分娩结局Z37",
        severity=Severity.MINOR,
        points=0.5,
    ),
)
