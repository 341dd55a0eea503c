"""What is written of an implanted device about magnetic resonance: that it allows it, in which field, or not."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from typing import Final

from clinical.finding import Severity
from clinical.logic import Unknown
from clinical.order import Order
from rules.model import Case

_MR: Final = r"(?:(?<![EG])MR(?!SA)I?|磁共振|核磁)"
_SAFE_WORDS: Final = (
    r"(?:兼容|条件(?!受限|限制|差|欠|不)|安全(?!筛|注意|须知|问卷|告知|评估|宣教|核查|知情|检查)"
    r"|CONDITIONAL|SAFE|可行|允许)"
)
_SAFE_BEFORE: Final = r"(?<![不非未无])(?:兼容|支持|允许|可行)"
_NOT: Final = r"(?:非|不|未|无|没|勿|UN|NON-?)"
_MAY: Final = r"(?:能|可以?|宜|得|建议|允许|支持|兼容|适[合宜用]|具备|具有)"
_CONCERNED: Final = re.compile(_MR)
_OPEN: Final = re.compile(
    r"未知|不明|不详|不清|待|是否|核实|核对|不确定|未提供|(?:无法|不能|未能|尚未|未)(?:确认|确定|判断|明确|证实)"
)
_NO_OBJECTION: Final = re.compile(r"(?:无|没有|未见|未发现|非|排除)[^,;。]{0,8}禁忌[证症]?|相对禁忌[证症]?")
_UNSAFE: Final = re.compile(
    rf"{_NOT}{_MAY}[^,;。]{{0,6}}{_MR}|禁止?(?:行|做|进行|接受|用于)*{_MR}"
    rf"|{_NOT}[^,;。]{{0,5}}{_MR}[^,;。]{{0,6}}{_SAFE_WORDS}"
    rf"|{_MR}[^,;。]{{0,8}}?(?:{_NOT}(?:{_MAY}|{_SAFE_WORDS})|禁忌|禁止|禁用)|{_NOT}兼容"
)
_SAFE: Final = re.compile(rf"{_MR}[^,;。]{{0,8}}{_SAFE_WORDS}|{_SAFE_BEFORE}[^,;。]{{0,6}}{_MR}")
_DENIED: Final = re.compile(rf"{_NOT}{_MAY}|禁")
_LOST_LEADS: Final = re.compile(r"(?<!无)(?<!未见)(?:废弃|遗留|残留|断裂)的?(?:起搏)?(?:电极|导线)")
"""Leads left behind make of an allowed device one that is not."""
_FIELD: Final = re.compile(r"(\d(?:\.\d+)?)T(?!(?!MR)[A-Z0-9])")
_DEVICES: Final = tuple(
    map(
        re.compile,
        (r"(?<!脑)起搏", r"除颤|ICD", r"CRT", r"耳蜗", r"刺激|DBS|脑起搏|神经调", r"动脉瘤.{0,6}夹", r"扩张器"),
    )
)


def device_severity(case: Case, order: Order, device: str) -> Severity | None:
    """How grave an examination by magnetic resonance is by what diagnoses, operations, reports and the order's
    remark say of a device (named in ``device``): contraindicated when it does not allow it, minor when it does
    in that field; None when nobody says."""
    kind = _kinds(device)
    said = (order.note, device, *(text for text in _written(case) if kind & _kinds(text)))
    concerned = [plain for plain in map(_plain, said) if _CONCERNED.search(plain)]
    clauses = [part for text in concerned for part in re.split(r"[,;。]", _NO_OBJECTION.sub("", text))]
    clauses = [part for part in clauses if not _OPEN.search(part)]
    asked = _fields(_plain(order.what.text))
    if any(_UNSAFE.search(part) and _reaches(asked, _fields(part)) for part in clauses):
        return Severity.CONTRAINDICATED
    if not any(_SAFE.search(part) and not _UNSAFE.search(part) for part in clauses):
        return None
    if any(_LOST_LEADS.search(part) for part in clauses):
        return None
    allowed = [field for part in clauses if not _DENIED.search(part) for field in _fields(part)]
    denied = [field for part in clauses if _DENIED.search(part) for field in _fields(part)]
    too_strong = asked and ((allowed and max(asked) > max(allowed)) or (denied and max(asked) >= min(denied)))
    return None if too_strong else Severity.MINOR


def _kinds(text: str) -> set[int]:
    """Which devices a text speaks of."""
    plain = _plain(text)
    return {at for at, pattern in enumerate(_DEVICES) if pattern.search(plain)}


def _fields(text: str) -> list[float]:
    return [float(field) for field in _FIELD.findall(text)]


def _reaches(asked: list[float], denied: list[float]) -> bool:
    """Whether what is not allowed in some fields is asked for in one of them; without a field, in none."""
    return not denied or (bool(asked) and max(asked) >= min(denied))


def _written(case: Case) -> Iterator[str]:
    """Diagnoses, operations, and reports with their names."""
    p = case.patient
    for named in (p.conditions, p.procedures):
        yield from () if isinstance(named, Unknown) else (item.what.text for item in named)
    yield from () if isinstance(p.reports, Unknown) else (f"{r.what.text}:{r.conclusion}" for r in p.reports)


def _plain(text: str) -> str:
    return re.sub(r"\s", "", unicodedata.normalize("NFKC", text)).upper()
