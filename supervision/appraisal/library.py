"""The library of indicators that schemes choose from (绩效指标库): what each is, where its values come from, which
way is better."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from enum import StrEnum
from typing import Final, TypeAlias

from base.refusal import RefusedError
from clinical.value import Value
from supervision.figures.indicator import Direction

CODE: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,59}")
_LONGEST: Final = 200
_DEEPEST: Final = 5


class AppraisalError(RefusedError):
    """Something of an appraisal that cannot be."""


class Nature(StrEnum):
    """Whether an item is counted or judged."""

    QUANTITATIVE = "quantitative"
    QUALITATIVE = "qualitative"


NATURES: Final = {Nature.QUANTITATIVE: "定量", Nature.QUALITATIVE: "定性"}


class _Part(Value, frozen=True, forbid_unknown_fields=True, rename="camel"):
    pass


class Counted(_Part, frozen=True, tag="indicator", tag_field="kind"):
    """The value of an indicator of the installation (统计指标)."""

    indicator: str


class Entered(_Part, frozen=True, tag="entered", tag_field="kind"):
    """A value that somebody enters with its evidence (基本指标)."""


class Derived(_Part, frozen=True, tag="derived", tag_field="kind"):
    """Reckoned from other items (派生指标): their sum with coefficients, over another such sum where there is one,
    times ``scale``."""

    numerator: dict[str, float]
    denominator: dict[str, float] = {}
    scale: float = 1.0


Origin: TypeAlias = Counted | Entered | Derived
ORIGINS: Final[Mapping[type, str]] = {Counted: "统计指标", Entered: "基本指标", Derived: "派生指标"}


class Item(_Part, frozen=True):
    """An indicator of the library. ``category`` is where it is looked for, ``usage`` how it is meant, ``source``
    where it is laid down."""

    code: str
    title: str
    origin: Origin
    unit: str = ""
    direction: Direction = Direction.HIGHER
    nature: Nature = Nature.QUANTITATIVE
    category: str = ""
    usage: str = ""
    source: str = ""


def checked(item: Item) -> Item:
    """The item when it can be. Raises ``AppraisalError``."""
    if not CODE.fullmatch(item.code):
        raise AppraisalError("code", "须为小写字母、数字和连字符，至多 60 个")
    if not 0 < len(item.title.strip()) <= _LONGEST:
        raise AppraisalError("title", f"须有 1 到 {_LONGEST} 个字")
    if isinstance(item.origin, Derived):
        _reckonable(item.code, item.origin)
    return item


def _reckonable(code: str, derived: Derived) -> None:
    if not derived.numerator:
        raise AppraisalError("origin.numerator", "须至少有一项指标")
    for name, part in (("numerator", derived.numerator), ("denominator", derived.denominator)):
        if code in part:
            raise AppraisalError(f"origin.{name}", "指标不能由自身计算")
        if not all(map(math.isfinite, part.values())):
            raise AppraisalError(f"origin.{name}", "系数须为有限的数")
    if not math.isfinite(derived.scale) or not derived.scale:
        raise AppraisalError("origin.scale", "须为不等于 0 的数")


def needed(codes: tuple[str, ...], known: Mapping[str, Item]) -> dict[str, Item]:
    """Items with all that they are derived from. Raises ``AppraisalError`` for one that is not there, or that leads
    back to itself."""
    found: dict[str, Item] = {}
    for code in codes:
        _gather(code, known, found, ())
    return found


def _gather(code: str, known: Mapping[str, Item], found: dict[str, Item], above: tuple[str, ...]) -> None:
    if code not in known:
        raise AppraisalError("item", f"指标库中没有 {code[:60]}")
    if code in above or len(above) > _DEEPEST:
        raise AppraisalError("item", f"指标 {code} 的计算引用了自身或层次过深")
    item = known[code]
    if isinstance(item.origin, Derived):
        for part in (*item.origin.numerator, *item.origin.denominator):
            _gather(part, known, found, (*above, code))
    found[code] = item
