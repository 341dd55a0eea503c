"""Compounded parenteral nutrition: what a bag of amino acids with glucose or lipid holds.

Ions are counted from the electrolytes that are ordered; what amino-acid solutions carry themselves is not
known here, so that a sum is the least there is.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Final

from clinical.finding import Finding
from clinical.order import Order
from knowledge.model import Statement
from rules.dosing import TOLERANCE
from rules.infusion import (
    GLUCOSE,
    LIPID,
    Bag,
    LackingError,
    concepts_in,
    dissolves,
    dose,
    kilograms,
    millilitres,
    shown,
    uses_of,
)
from rules.model import Case, Use
from rules.saying import found, named

_AMINO_ACIDS: Final = "氨基酸"
_PERCENT: Final = re.compile(r"(\d{1,2}(?:\.\d+)?)\s*[%％]")
_GRAMS: Final = re.compile(r"(\d+(?:\.\d+)?)\s*(?:ml|毫升)\s*[:：]\s*(\d+(?:\.\d+)?)\s*g(?![a-z])", re.IGNORECASE)
_MONOVALENT: Final = {
    "ingredient:sodium-chloride": 1000 / 58.44,
    "ingredient:potassium-chloride": 1000 / 74.55,
    "ingredient:potassium-dihydrogen-phosphate": 1000 / 136.09,
    "ingredient:sodium-lactate": 1000 / 112.06,
    "ingredient:sodium-glycerophosphate": 2 * 1000 / 216.04,
    "ingredient:sodium-bicarbonate": 1000 / 84.01,
}
_DIVALENT: Final = {
    "ingredient:calcium-gluconate": 1000 / 448.39,
    "ingredient:calcium-chloride": 1000 / 147.01,
    "ingredient:magnesium-sulfate": 1000 / 246.47,
}
"""Ions in mmol that one gram gives, from molar masses (g/mol) of the salts as they are sold."""


def is_nutrition(bag: Bag) -> bool:
    """Whether a bag is parenteral nutrition: amino acids with glucose or lipid."""
    if not bag.grouped:
        return False
    fed = any(use.concept in (GLUCOSE, LIPID) for use in bag.uses)
    return fed and any(holds_amino_acids(order) for order in bag.orders)


def holds_amino_acids(order: Order) -> bool:
    """By name: the many mixtures (18AA-Ⅱ, 19AA-Ⅰ …) are sold under one word."""
    return _AMINO_ACIDS in order.what.text


def _is_made_up(case: Case, bag: Bag) -> bool:
    """Whether amino acids and the rest are separate orders: shares of a ready-made bag are its maker's."""
    mixed = (use for o in bag.orders if holds_amino_acids(o) for use in uses_of(case, o))
    return not any(use.concept in (GLUCOSE, LIPID) for use in mixed)


def _ions(table: dict[str, float]) -> Callable[[Case, Bag], float]:
    """Known ions in mmol/L of the final volume."""

    def reckon(case: Case, bag: Bag) -> float:
        held = sum(_known(case, use) * table[use.concept] for use in bag.uses if use.concept in table)
        return 1000 * held / bag.volume

    return reckon


def _known(case: Case, use: Use) -> float:
    """Grams, nothing where the dose cannot be told: the sum is a least one."""
    try:
        return dose(case, use, "g")
    except LackingError:
        return 0.0


def _glucose_grams(case: Case, bag: Bag) -> float:
    return sum(dose(case, use, "g") for use in bag.uses if use.concept == GLUCOSE)


def _glucose(case: Case, bag: Bag) -> float:
    """Grams of glucose in 100 ml."""
    return 100 * _glucose_grams(case, bag) / bag.volume


def _glucose_rate(case: Case, bag: Bag) -> float:
    """Milligrams of glucose for each kg of body weight and minute."""
    return 1000 * _glucose_grams(case, bag) / kilograms(case) / bag.minutes


def _amino_acids(case: Case, bag: Bag) -> float:
    """Grams of amino acids in 100 ml."""
    grams = sum(_grams(order) for order in bag.orders if holds_amino_acids(order))
    return 100 * grams / bag.volume


def _grams(order: Order) -> float:
    """Amino acids of an order, from the percentage or the strength in its name and the volume ordered."""
    held, percent, strength = millilitres(order), _PERCENT.search(order.what.text), _GRAMS.search(order.what.text)
    if not isinstance(held, float) or not (percent or strength):
        raise LackingError("strength")
    if percent:
        return held * float(percent[1]) / 100
    return held * float(strength[2]) / float(strength[1]) if strength else 0.0


_FIGURES: Final[dict[str, tuple[str, Callable[[Case, Bag], float]]]] = {
    "monovalent": ("一价阳离子浓度", _ions(_MONOVALENT)),
    "divalent": ("二价阳离子浓度", _ions(_DIVALENT)),
    "amino-acids": ("氨基酸终浓度", _amino_acids),
    "glucose": ("葡萄糖终浓度", _glucose),
    "glucose-rate": ("葡萄糖输注速率", _glucose_rate),
}


def limits(case: Case, family: str, bag: Bag, use: Use, s: Statement) -> Iterator[Finding]:
    """What a statement about nutrition bags says of one. Raises ``LackingError``."""
    measure = s.qualifiers["measure"]
    if measure == "additives":
        yield from _foreign(case, family, bag, s)
    elif measure in ("monovalent", "divalent") or _is_made_up(case, bag):
        yield from _out_of_limits(case, family, bag, use, s)


def _out_of_limits(case: Case, family: str, bag: Bag, use: Use, s: Statement) -> Iterator[Finding]:
    (label, reckon), unit = _FIGURES[s.qualifiers["measure"]], s.qualifiers.get("unit", "")
    value, most, least = reckon(case, bag), s.qualifiers.get("at_most"), s.qualifiers.get("at_least")
    told = ""
    if most is not None and value > most * TOLERANCE:
        told = f"不应超过 {shown(most, unit)}"
    elif least is not None and value < least / TOLERANCE:
        told = f"不应低于 {shown(least, unit)}"
    if told:
        summary = f"肠外营养液(含{named(case, use)}){label} {shown(value, unit)}，{told}"
        cause = f"{family}:nutrition:{s.qualifiers['measure']}"
        yield found(case, family, s, _one_an_order(bag), summary, bag.evidence("kg" in unit), (), cause)


def _one_an_order(bag: Bag) -> tuple[Use, ...]:
    return tuple({use.order.id: use for use in reversed(bag.uses)}.values())[::-1]


def _foreign(case: Case, family: str, bag: Bag, s: Statement) -> Iterator[Finding]:
    """Drugs in a nutrition bag that are no part of it."""
    allowed = concepts_in(case, s, "additives")
    for other in _one_an_order(bag):
        own = (use for use in bag.uses if use.order.id == other.order.id)
        fits = any(dissolves(case, u) or not case.snapshot.ancestors(u.concept).isdisjoint(allowed) for u in own)
        if not fits and not holds_amino_acids(other.order):
            summary = f"{named(case, other)} 不宜加入肠外营养液"
            yield found(case, family, s, (other,), summary, (), (), f"{family}:{other.concept}:nutrition")
