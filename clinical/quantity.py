"""A number with its unit, and the texts that hospitals write for it."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from math import isfinite, prod
from typing import overload

from msgspec.structs import force_setattr

from clinical.logic import UNKNOWN, Known, Unknown
from clinical.units import (
    SUPERSCRIPTS,
    QuantityError,
    Substance,
    UnitMismatch,
    UnknownUnit,
    canonical_unit,
    clean,
    conversion,
    is_amount,
    is_counted,
    is_volume,
    plain_unit,
    shown,
)
from clinical.value import Value

__all__ = [
    "Quantity",
    "QuantityError",
    "Strength",
    "Substance",
    "UnitMismatch",
    "UnknownUnit",
    "canonical_unit",
    "parse_quantity",
    "parse_strength",
    "per_kg",
    "per_m2",
]

# Two figures that differ by less came from the same figure by another way of conversion.
_TOLERANCE = 1e-9


class Quantity(Value, frozen=True):
    """A finite number and a unit; the unit is brought to its canonical name (毫克 → mg).

    A unit that nobody knows is kept as sent and converts to nothing but itself.
    ``==`` is exact in value and unit; ``same_as`` compares through conversion.
    ``<``, ``<=``, ``>``, ``>=`` and ``+`` convert, and raise ``UnitMismatch`` where that is impossible.
    """

    value: float
    unit: str

    def __post_init__(self) -> None:
        if not isfinite(self.value):
            raise QuantityError(f"数值必须是有限数 (value must be a finite number, got {self.value})")
        unit = plain_unit(self.unit)
        if unit != self.unit:
            force_setattr(self, "unit", unit)

    def to(self, unit: str, substance: Substance | None = None) -> Quantity:
        """The same amount in another unit; ``substance`` opens the way between mg, mmol, mEq and IU.

        Raises ``UnitMismatch`` naming both units.
        """
        target = plain_unit(unit)
        if target == self.unit:
            return self
        multiplier, divisor = conversion(self.unit, target, substance)
        return Quantity(self.value * multiplier / divisor, target)

    def scale(self, factor: float) -> Quantity:
        """This amount ``factor`` times."""
        return Quantity(self.value * factor, self.unit)

    def add(self, other: Quantity, substance: Substance | None = None) -> Quantity:
        """The sum in this quantity's unit. Raises ``UnitMismatch``."""
        return Quantity(self.value + other.to(self.unit, substance).value, self.unit)

    def __add__(self, other: Quantity) -> Quantity:
        return self.add(other)

    def __mul__(self, factor: float) -> Quantity:
        return self.scale(factor)

    def less_than(self, other: Quantity, substance: Substance | None = None) -> bool:
        """Strictly less, beyond rounding of the conversion. Raises ``UnitMismatch``."""
        limit = other.to(self.unit, substance).value
        return self.value < limit - _TOLERANCE * abs(limit)

    def more_than(self, other: Quantity, substance: Substance | None = None) -> bool:
        """Strictly more, beyond rounding of the conversion. Raises ``UnitMismatch``."""
        limit = other.to(self.unit, substance).value
        return self.value > limit + _TOLERANCE * abs(limit)

    def same_as(self, other: Quantity, substance: Substance | None = None) -> bool:
        """The same amount, whatever the units: 1 g and 1000 mg. Raises ``UnitMismatch``."""
        return not self.less_than(other, substance) and not self.more_than(other, substance)

    def __lt__(self, other: Quantity) -> bool:
        return self.less_than(other)

    def __gt__(self, other: Quantity) -> bool:
        return self.more_than(other)

    def __le__(self, other: Quantity) -> bool:
        return not self.more_than(other)

    def __ge__(self, other: Quantity) -> bool:
        return not self.less_than(other)

    def is_counted(self) -> bool:
        """True for 2 片, 1 支, 20 滴/min: what is in it depends on the product."""
        return is_counted(self.unit)

    def __str__(self) -> str:
        """As a clinician reads it: ``160 万单位``, ``0.1 mg/(kg·d)``."""
        unit = shown(self.unit)
        return f"{self.value:.10g}{unit}" if unit in ("", "%", "‰") else f"{self.value:.10g} {unit}"


@overload
def per_kg(quantity: Quantity, weight_kg: float) -> Quantity: ...
@overload
def per_kg(quantity: Known[Quantity], weight_kg: Known[float]) -> Known[Quantity]: ...
def per_kg(quantity: Known[Quantity], weight_kg: Known[float]) -> Known[Quantity]:
    """``quantity`` for each kg of body weight; UNKNOWN when either is unknown.

    Raises ``ValueError`` for a weight outside 0.2–500 kg and ``UnitMismatch`` for an amount
    that is already per kg or per m².
    """
    return _per(quantity, weight_kg, "kg", "weight_kg (体重)", 0.2, 500)


@overload
def per_m2(quantity: Quantity, bsa_m2: float) -> Quantity: ...
@overload
def per_m2(quantity: Known[Quantity], bsa_m2: Known[float]) -> Known[Quantity]: ...
def per_m2(quantity: Known[Quantity], bsa_m2: Known[float]) -> Known[Quantity]:
    """``quantity`` for each m² of body surface; errors as for ``per_kg``, area within 0.05–4 m²."""
    return _per(quantity, bsa_m2, "m2", "bsa_m2 (体表面积)", 0.05, 4)


def _per(
    quantity: Known[Quantity], size: Known[float], unit: str, field: str, low: float, high: float
) -> Known[Quantity]:
    if isinstance(quantity, Unknown) or isinstance(size, Unknown):
        return UNKNOWN
    if not low <= size <= high:
        raise ValueError(f"{field} must be within {low}–{high} {unit}, got {size}")
    if {"kg", "m2"}.intersection(quantity.unit.split("/")[1:]):
        raise UnitMismatch(quantity.unit, f"{quantity.unit}/{unit}", "已按体重或体表面积计算")
    return Quantity(quantity.value / size, f"{quantity.unit}/{unit}")


# Texts

_LONGEST = 200
_NUMBER = r"(?:[0-9]{1,3}(?:,[0-9]{3})+(?:\.[0-9]+)?|[0-9]+(?:\.[0-9]+)?|\.[0-9]+)"
_WORDS = {"半": 0.5, "一": 1, "二": 2, "两": 2, "三": 3, "四": 4, "五": 5, "六": 6, "七": 7, "八": 8, "九": 9}
_QUANTITY = re.compile(rf"(?P<number>[+-]?{_NUMBER}|[{''.join(_WORDS)}]|[1-9]/[2-8])(?P<unit>(?!/[0-9]).*)")


def parse_quantity(text: str) -> Quantity:
    """``0.25g``, ``1万单位``, ``0.1mg/kg``, ``半片``, ``1/2片``, ``1,000 IU``, also in full-width characters.

    A number alone has unit ``1``. Raises ``QuantityError`` for anything else: no number, a
    range, a comparison such as ``<5``, a fraction of what is not counted, an unknown unit.
    """
    # Blanks inside stay for now: 5 10*9/L is not 510*9/L.
    plain = unicodedata.normalize("NFKC", text.translate(SUPERSCRIPTS)).strip()
    match = _QUANTITY.fullmatch(plain) if len(text) <= _LONGEST else None
    if match is None:
        raise _no_quantity(text)
    number, unit = match["number"], canonical_unit(match["unit"])
    if "/" not in number:
        return Quantity(_number(number), unit)
    if not is_counted(unit):  # 5/5mg is two ingredients, not one milligram
        raise _no_quantity(text)
    above, below = number.split("/")
    return Quantity(int(above) / int(below), unit)


def _number(text: str) -> float:
    return _WORDS[text] if text in _WORDS else float(text.replace(",", ""))


def _no_quantity(text: str) -> QuantityError:
    text = text[:40]
    return QuantityError(f"“{text}”应为数值加单位，如 0.25g (want a number and a unit like 0.25g, got {text!r})")


def _no_strength(text: str) -> QuantityError:
    text = text[:40]
    return QuantityError(f"“{text}”不是含量规格，如 0.25g*24片 (want a strength like 0.25g*24片, got {text!r})")


@dataclass(frozen=True, slots=True)
class Strength:
    """What a product contains.

    ``amounts`` has one entry for each active ingredient named, ``names`` what the text called
    them (empty text where it did not), ``per`` the volume or the piece that holds them
    (100 mL, 1 片; None when the text does not say), ``pack`` the number of pieces (24 片).
    ``ratio`` marks ``10g:0.1g``, which may be a cream or a compound of two: ask ``of``.
    """

    amounts: tuple[Quantity, ...]
    per: Quantity | None = None
    pack: Quantity | None = None
    names: tuple[str, ...] = ()
    ratio: bool = False

    @property
    def amount(self) -> Known[Quantity]:
        """The amount of the only ingredient; UNKNOWN when there are several."""
        return self.amounts[0] if len(self.amounts) == 1 else UNKNOWN

    def of(self, ingredients: int) -> Known[Strength]:
        """Read in the light of how many active ingredients the product has; UNKNOWN when it does not fit.

        ``10g:0.1g`` is a cream of 0.1 g in 10 g when there is one ingredient, and a
        compound of two when there are two: the text alone cannot tell.
        """
        if len(self.amounts) == ingredients:
            return self
        if self.ratio and ingredients == 1 and _holds(*self.amounts):
            return Strength(self.amounts[1:], self.amounts[0], self.pack, self.names[1:])
        return UNKNOWN

    def within(self, measure: Quantity) -> Known[tuple[Quantity, ...]]:
        """Amounts contained in a volume or a number of pieces: 5 mL of ``2ml:80mg`` hold 200 mg.

        UNKNOWN when the text does not say per what. Raises ``UnitMismatch`` for 5 mL of ``5mg*7片``.
        """
        if self.per is None:
            return UNKNOWN
        times = measure.to(self.per.unit).value / self.per.value
        return tuple(amount.scale(times) for amount in self.amounts)


def _holds(whole: Quantity, part: Quantity) -> bool:
    """Whether ``whole`` can be the cream that ``part`` is in: a mass, and not the lesser one."""
    try:
        whole.to("g")
        return part <= whole
    except UnitMismatch:
        return whole.unit in ("mg", "g", "kg")  # 10g:5万单位


_Part = tuple[str, Quantity]  # what the text calls it, how much

_REMARK = re.compile(r"\(([^()]*)\)")
_TIMES = re.compile(r"[xX×](?=[0-9])(?!10[\^*])")
_EACH = re.compile(r"每([0-9.]*[^0-9含:,]+?)(?:含有?|:|,)?([^含:,]*[0-9].*)")
_LISTING = ("、", ",", ";")
_JOINERS = "与和及+" + "".join(_LISTING)
_PART = re.compile(rf"(?P<name>[^0-9.]*)(?P<number>{_NUMBER})(?P<unit>[^0-9]*?)(?=[{_JOINERS}]|$)")
_PIECES = re.compile(rf"({_NUMBER})'?([sST])")  # 0.5mg*100s


def parse_strength(text: str) -> Strength:
    """What a product contains, from the text of its 规格.

    Understands ``0.25g*24片``, ``5ml:10mg``, ``160万单位``, ``20mg/12.5mg*7片``, ``0.9%*100ml``,
    ``100ml:左氧氟沙星0.5g与氯化钠0.9g``, ``1.0g(头孢哌酮0.5g与舒巴坦0.5g)``, ``每片含0.3g``.
    Raises ``QuantityError`` when the text names no amount, or holds something that is none.
    """
    plain = _TIMES.sub("*", clean(text)) if len(text) <= _LONGEST else ""
    remarks = [_remark(remark) for remark in _REMARK.findall(plain)]
    head, *packs = _EACH.sub(r"\1:\2", _REMARK.sub("", plain)).split("*")
    parts = _parts(head)
    components = [remark for remark in remarks if sum(is_amount(found.unit) for _, found in remark) > 1]
    if components:  # the total stands first: 1.0g(头孢哌酮0.5g与舒巴坦0.5g)
        parts = components[0] + [part for part in parts if not is_amount(part[1].unit)]
    elif not any(is_amount(found.unit) or found.unit == "%" for _, found in parts):
        parts += [part for remark in remarks for part in remark]
    counts = [count for pack in packs for count in _pack(pack)]
    return _strength(parts, counts, text)


def _parts(token: str) -> list[_Part]:
    """Quantities of ``20mg/12.5mg``, ``葡萄糖25g与氯化钠4.5g``, ``100ml:0.9g``, ``10mg/ml``, in order."""
    found: list[_Part] = []
    unit = ""
    for piece in reversed([piece for piece in re.split("[:/]", token) if piece]):
        if not re.search("[0-9]", piece):
            found.append(("", Quantity(1, canonical_unit(piece))))
            continue
        for name, number, written in reversed(_written(piece)):
            unit = canonical_unit(written) if written else unit  # 160/4.5μg: one unit for both
            if not unit:
                raise _no_strength(token)
            found.append((name, Quantity(_number(number), unit)))
    return found[::-1]


def _remark(text: str) -> list[_Part]:
    """What stands in brackets, when it is amounts; nothing when it is a word (笔芯, 按无水物计)."""
    try:
        return _parts(text)
    except QuantityError:
        return []


def _written(piece: str) -> list[tuple[str, str, str]]:
    """(name, number, unit) as written, one for each component."""
    found = []
    position = 0
    while position < len(piece):
        match = _PART.match(piece, position)
        # 维生素B110mg was perhaps "B1 10mg": a name that ends in a letter swallows digits.
        if match is None or re.search("[A-Za-z]$", match["name"]):
            raise _no_strength(piece)
        name = match["name"].lstrip(_JOINERS + "含装")
        if not name and match["name"][:1] in _LISTING:  # 0.25g;0.5g lists two products
            raise _no_strength(piece)
        found.append((name, match["number"], match["unit"]))
        position = match.end()
    return found


def _pack(text: str) -> list[Quantity]:
    """``24片/盒`` → 24 片; ``100s`` and a bare number are pieces without a name (unit ``1``)."""
    first = text.partition("/")[0]
    pieces = _PIECES.fullmatch(first)
    found = Quantity(_number(pieces[1]), "1") if pieces else parse_quantity(first)
    if found.unit != "1" and not found.is_counted() and not is_volume(found.unit) and not is_amount(found.unit):
        raise _no_strength(text)
    return [found]


def _strength(parts: list[_Part], packs: list[Quantity], text: str) -> Strength:
    amounts = [part for part in parts if is_amount(part[1].unit)]
    percents = [found for _, found in parts if found.unit == "%"]
    volumes = [found for found in (*(part for _, part in parts), *packs) if is_volume(found.unit)]
    pieces = [found for _, found in parts if found.is_counted()]
    counts = [found for found in packs if found.is_counted() or found.unit == "1"]
    if len(volumes) > 1 or len(amounts) + len(percents) + len(volumes) + len(pieces) < len(parts):
        raise _no_strength(text)
    per = next(iter(volumes), None) or next(iter(pieces), None) or _one_of(counts)
    pack = Quantity(prod(count.value for count in counts), counts[0].unit) if counts else None
    if percents and (volumes or len(amounts) == 1) and not (volumes and amounts):
        whole = volumes[0] if volumes else amounts[0][1]
        if whole.value <= 0:
            raise _no_strength(text)
        grams = whole.to("mL" if volumes else "g").value / 100  # 1% of a liquid is w/v, of an ointment w/w
        return Strength((Quantity(percents[0].value * grams, "g"),), whole, pack, ("",))
    if not amounts:
        amounts = [("", percents[0])] if percents else [("", volume) for volume in volumes]
        per = next(iter(pieces), None) or _one_of(counts)
    if not amounts or (per is not None and per.value <= 0):
        raise _no_strength(text)
    names = tuple(name for name, _ in amounts)
    ratio = len(amounts) == 2 and volumes == pieces == [] and ":" in clean(text) and not any(names)
    return Strength(tuple(found for _, found in amounts), per, pack, names, ratio)


def _one_of(counts: list[Quantity]) -> Quantity | None:
    """One piece of the first pack that says what its pieces are."""
    return next((Quantity(1, count.unit) for count in counts if count.is_counted()), None)
