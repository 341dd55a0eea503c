"""Whether the fees of the front page add up and agree with what was done."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from clinical.medical_record import EventKind
from supervision.record_qc import page_items as items
from supervision.record_qc.model import Aspect, Check, Gap, Said, Severity
from supervision.record_qc.page import PAGE_NORM, Judge, Page, page_check, untold, wrong

_SOURCE: Final = f"{PAGE_NORM}第二十六条"
_ROUNDING: Final = 0.1
"""Yuan by which sums may differ: each kind is rounded to a fen."""
_PARTS: Final = (
    (items.DRUGS, (items.ANTIMICROBIALS,)),
    (items.OPERATION_FEE, (items.ANAESTHESIA_FEE, items.SURGERY_FEE)),
    (items.NON_OPERATION_FEE, (items.PHYSICAL_FEE,)),
    (items.TOTAL, (items.OWN_PART,)),
)


def _total(page: Page) -> Iterator[Said]:
    """The 24 kinds against the total. While some were not told, they may only not exceed it."""
    total = page.number(items.TOTAL)
    told = [fee for fee in items.FEES if page.item(fee) is not None]
    if total is None or not told:
        yield untold(items.TOTAL)
        return
    if not total:
        return  # told as no total at all
    added = sum(page.number(fee) or 0.0 for fee in told)
    if added > total + _ROUNDING:
        yield wrong(f"各项费用合计{added:.2f}元，多于总费用{total:.2f}元", page.place(items.TOTAL))
    elif len(told) < len(items.FEES):
        yield Gap("首页全部费用分类")
    elif added < total - _ROUNDING:
        yield wrong(f"各项费用合计{added:.2f}元，少于总费用{total:.2f}元", page.place(items.TOTAL))


def _parts(page: Page) -> Iterator[Said]:
    for whole, parts in _PARTS:
        most, added = page.number(whole), sum(page.number(part) or 0.0 for part in parts)
        if most is not None and added > most + _ROUNDING:
            names = "、".join(part.name for part in parts)
            says = f"{names}共{added:.2f}元，多于{whole.name}{most:.2f}元"
            yield wrong(says, page.place(whole), *(page.place(part) for part in parts), key=whole.name)


def _no_total(page: Page) -> Iterator[Said]:
    written = page.item(items.TOTAL)
    if written is None:
        yield untold(items.TOTAL)
    elif not page.number(items.TOTAL):
        yield wrong(f"总费用填写“{written}”，应为大于0的金额", page.place(items.TOTAL))


def _fee_without_operation(page: Page) -> Iterator[Said]:
    """A fee for surgery, whereas neither page nor record has an operation."""
    fee = page.number(items.SURGERY_FEE)
    if fee is None:
        yield untold(items.SURGERY_FEE)
    elif fee > 0 and not page.operations and not page.record.operations:
        yield wrong(f"有手术费{fee:.2f}元，首页未填手术及操作", page.place(items.SURGERY_FEE))


def _transfusion_without_fee(page: Page) -> Iterator[Said]:
    events, fee = page.subject.events(EventKind.TRANSFUSION), page.item(items.BLOOD_FEE)
    if events is None or fee is None:
        yield Gap("输血事件或首页血费")
    elif events and not page.number(items.BLOOD_FEE):
        yield wrong("本次住院有输血，首页血费为0", page.place(items.BLOOD_FEE))


def _check(name: str, title: str, judge: Judge, mend: str, severity: Severity = Severity.MINOR) -> Check:
    return page_check(name, title, judge, _SOURCE, mend, aspect=Aspect.CONSISTENT, severity=severity)


CHECKS: Final = (
    _check("front-page-fee-total", "首页总费用未填或为0", _no_total, "补填住院总费用", Severity.MAJOR),
    _check(
        "front-page-fees-sum",
        "首页费用分类之和与总费用不符",
        _total,
        "核对费用归类，使各类之和等于总费用",
        Severity.MAJOR,
    ),
    _check("front-page-fees-parts", "首页费用分项多于所属类别", _parts, "核对分项与所属类别的金额"),
    _check(
        "front-page-fee-without-operation",
        "有手术费而首页未填手术",
        _fee_without_operation,
        "补填手术及操作，或核对费用归类",
    ),
    _check("front-page-transfusion-without-fee", "有输血而首页血费为0", _transfusion_without_fee, "核对血费归类"),
)
