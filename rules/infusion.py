"""What goes into a vein together: bags, their volume, how concentrated they are and how fast they run."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from clinical.finding import Datum
from clinical.logic import UNKNOWN, Known, Unknown
from clinical.order import Ingredient, Order, OrderKind
from clinical.quantity import Quantity, UnitMismatch, canonical_unit
from clinical.units import is_volume
from clinical.value import Value
from rules.dosing import amount, single_dose, substance_of
from rules.measures import weight
from rules.model import Case, Use

VEIN: Final = frozenset({"静脉滴注", "静脉注射", "静脉泵入", "静脉给药"})
FLUID: Final = "drug-class:infusion-fluid"
GLUCOSE: Final = "ingredient:glucose"
SALINE: Final = "ingredient:sodium-chloride"
LIPID: Final = "ingredient:fat-emulsion"
DROPS_PER_ML: Final = 20.0
"""Drops of a common giving set (GB 8368) that make one millilitre."""
READY_MADE: Final = 50.0
"""Millilitres from which a liquid without a diluent is taken to be a bag or syringe of its own."""
_GLUCOSE: Final = re.compile(r"葡萄糖(?!酸)|(?<![a-z])gn?s(?![a-z])", re.IGNORECASE)
_SALINE: Final = re.compile(r"氯化钠|(?<![a-z])g?ns(?![a-z])", re.IGNORECASE)
_MILLILITRES: Final = re.compile(r"(\d+(?:\.\d+)?)\s*(?:ml|毫升)", re.IGNORECASE)
_PERCENT: Final = re.compile(r"(\d{1,2}(?:\.\d+)?)\s*[%％]")
_SALT_OF_BOTH: Final = Quantity(9, "mg")
"""Sodium chloride in a millilitre of 葡萄糖氯化钠注射液 (0.9 %, Chinese Pharmacopoeia)."""


class LackingError(Exception):
    """An input without which an infusion cannot be judged; ``needed`` is its name in a ``Gap``."""

    def __init__(self, needed: str) -> None:
        super().__init__(needed)
        self.needed = needed


class Bag(Value, frozen=True):
    """Orders that run into a vein together: those of one group, or one that has no group. ``uses`` holds
    what ready-made infusions are dissolved in, too; ``runs`` that it drips or is pumped."""

    key: str
    orders: tuple[Order, ...]
    uses: tuple[Use, ...]
    grouped: bool
    runs: bool


def into_vein(order: Order) -> bool:
    """Whether an order is known to go into a vein."""
    route = order.dosage.route
    return not isinstance(route, Unknown) and route in VEIN


def bags(case: Case) -> tuple[Bag, ...]:
    """The bags that the orders under review make."""
    return case.once("bags", lambda: tuple(_bags(case)))


def _bags(case: Case) -> Iterator[Bag]:
    together: dict[tuple[bool, str], list[Order]] = {}
    for order in case.orders:
        unsaid = bool(order.group) and isinstance(order.dosage.route, Unknown)
        if order.kind is OrderKind.DRUG and (unsaid or into_vein(order)):
            together.setdefault((bool(order.group), order.group or order.id), []).append(order)
    for (grouped, key), orders in together.items():
        if any(into_vein(order) or _holds_fluid(case, order) for order in orders):
            uses = tuple(use for order in orders for use in uses_of(case, order))
            runs = any(order.dosage.route in ("静脉滴注", "静脉泵入") for order in orders)
            yield Bag(key, tuple(orders), uses, grouped, runs)


def uses_of(case: Case, order: Order, new: bool = True) -> list[Use]:
    """The ingredients of an order and, when its name says so, what they are dissolved in."""
    named = case.snapshot.remember(("vehicles", order.what.text), lambda: tuple(_vehicles(order.what.text)))
    known = {ingredient.concept for ingredient in order.ingredients}
    extra = [v for v in named if v.concept not in known and (v.concept != LIPID or not known)]
    return [Use(order, i, new, i.concept) for i in (*order.ingredients, *extra)]


def _vehicles(text: str) -> Iterator[Ingredient]:
    """Glucose, saline and lipid that a name mentions: 葡萄糖氯化钠注射液, 5%GS, 左氧氟沙星氯化钠注射液."""
    sweet, salty, percent = _GLUCOSE.search(text), _SALINE.search(text), _PERCENT.search(text)
    strength: Known[Quantity] = Quantity(float(percent[1]) * 10, "mg") if percent else UNKNOWN
    if sweet:
        yield Ingredient(GLUCOSE, UNKNOWN, strength if _is_bare(text) else UNKNOWN)
    if salty:
        alone = strength if _is_bare(text) else UNKNOWN
        yield Ingredient(SALINE, UNKNOWN, _SALT_OF_BOTH if sweet else alone)
    if "脂肪乳" in text:
        yield Ingredient(LIPID)


def _is_bare(text: str) -> bool:
    """Whether a name is of a plain solution, so that its percentage is that of the solution."""
    return not _MIXED.search(text)


_MIXED: Final = re.compile(r"氨基酸|脂肪乳|复方|[一-鿿]{3,}(?:葡萄糖|氯化钠)(?!氯化钠)(?<!葡萄糖氯化钠)")


def is_fluid(case: Case, use: Use) -> bool:
    """Whether it is what other drugs are dissolved in."""
    return FLUID in case.snapshot.ancestors(use.concept)


def _holds_fluid(case: Case, order: Order) -> bool:
    return any(is_fluid(case, use) for use in uses_of(case, order))


def millilitres(order: Order) -> Known[float]:
    """Volume of one dose: as ordered, from the pieces and what one holds, or from the mass and strength."""
    dose = order.dosage.dose
    if isinstance(dose, Unknown):
        return UNKNOWN
    if is_volume(dose.unit):
        return dose.to("mL").value
    if dose.is_counted():
        held = _MILLILITRES.findall(order.what.text)
        return dose.value * float(held[0]) if len(held) == 1 else UNKNOWN
    per_ml = order.ingredients[0].per_ml if len(order.ingredients) == 1 else UNKNOWN
    if isinstance(per_ml, Unknown) or per_ml.value <= 0:
        return UNKNOWN
    try:
        return dose.to(per_ml.unit).value / per_ml.value
    except UnitMismatch:
        return UNKNOWN


def volume(case: Case, bag: Bag) -> float:
    """Millilitres in the bag. Powders add nothing. Raises ``LackingError`` when a fluid (or what may be
    one: 1 瓶 of something unknown) has no volume, or when there is no fluid."""
    total, fluid = 0.0, False
    for order in bag.orders:
        part, holds = millilitres(order), _holds_fluid(case, order)
        if isinstance(part, Unknown) and (holds or _may_be_fluid(order)):
            raise LackingError("volume")
        total += 0.0 if isinstance(part, Unknown) else part
        fluid = fluid or holds
    if total <= 0 or not (fluid or total >= READY_MADE):
        raise LackingError("volume")
    return total


def _may_be_fluid(order: Order) -> bool:
    dose = order.dosage.dose
    return not order.ingredients and (isinstance(dose, Unknown) or dose.unit in ("袋", "瓶"))


def concentration(case: Case, bag: Bag, use: Use, unit: str) -> float:
    """How much of an ingredient is in the bag, in a unit such as mg/mL or mmol/L."""
    part = canonical_unit(unit).partition("/")[0]
    return Quantity(_content(case, bag, use, part) / volume(case, bag), f"{part}/mL").to(unit).value


def _content(case: Case, bag: Bag, use: Use, unit: str) -> float:
    """All of an ingredient in the bag: two orders of potassium add up."""
    return sum(dose(case, other, unit) for other in bag.uses if other.concept == use.concept)


def dose(case: Case, use: Use, unit: str) -> float:
    """The single dose of a use in a unit."""
    found = single_dose(case, use, unit)
    if isinstance(found, Unknown):
        raise LackingError("dose")
    return found


def flow(case: Case, bag: Bag) -> float:
    """How fast the bag runs in ml/h: the greatest rate that its orders state."""
    found = [speed for order in bag.orders if (speed := _ml_per_hour(case, bag, order)) is not None]
    if not found:
        raise LackingError("rate")
    return max(found)


def _ml_per_hour(case: Case, bag: Bag, order: Order) -> float | None:
    """From millilitres, drops or the amount of drug in a time."""
    rate = order.dosage.rate
    if isinstance(rate, Unknown) or rate.value <= 0:
        return None
    rate = _of_whole_body(case, rate)
    part, _, time = rate.unit.partition("/")
    if not time:
        return None
    hourly = Quantity(rate.value, f"{part}/{time}").to(f"{part}/h").value
    if is_volume(part):
        return Quantity(hourly, part).to("mL").value
    if part == "滴":
        return hourly / DROPS_PER_ML
    if len(order.ingredients) != 1:
        return None
    use = Use(order, order.ingredients[0], True, order.ingredients[0].concept)
    return hourly / concentration(case, bag, use, f"{part}/mL")


def _of_whole_body(case: Case, rate: Quantity) -> Quantity:
    """A rate per kg as that of the patient."""
    if "/kg" not in rate.unit:
        return rate
    return Quantity(rate.value * kilograms(case), rate.unit.replace("/kg", ""))


def kilograms(case: Case) -> float:
    """The patient's weight."""
    kg = weight(case)
    if isinstance(kg, Unknown):
        raise LackingError("weight")
    return kg.value


def pace(case: Case, bag: Bag, use: Use, unit: str) -> float:
    """How fast an ingredient runs in, in a unit such as mg/min, mmol/h, mL/h or mg/kg/h: as ordered,
    else from the flow and the concentration."""
    ordered = use.order.dosage.rate
    if not isinstance(ordered, Unknown) and len(use.order.ingredients) == 1:
        try:
            return ordered.to(unit, substance_of(case, use.concept)).value
        except UnitMismatch:
            pass
    unit = canonical_unit(unit)
    whole = unit.replace("/kg", "")
    found = _by_order(case, use, whole)
    value = _by_flow(case, bag, use, whole) if found is None else found
    return value / kilograms(case) if whole != unit else value


def _by_order(case: Case, use: Use, unit: str) -> float | None:
    """The ordered rate in a unit without kg, where it is an amount of the ingredient in a time."""
    ordered = use.order.dosage.rate
    if isinstance(ordered, Unknown) or len(use.order.ingredients) != 1:
        return None
    try:
        return _of_whole_body(case, ordered).to(unit, substance_of(case, use.concept)).value
    except UnitMismatch:
        return None


def _by_flow(case: Case, bag: Bag, use: Use, unit: str) -> float:
    part = unit.partition("/")[0]
    hourly = flow(case, bag)
    if is_volume(part):
        return Quantity(hourly, "mL/h").to(unit).value
    return Quantity(hourly * concentration(case, bag, use, f"{part}/mL"), f"{part}/h").to(unit).value


def minutes(case: Case, bag: Bag) -> float:
    """How long the bag runs."""
    return 60 * volume(case, bag) / flow(case, bag)


def by_drops(bag: Bag) -> bool:
    """Whether its rate was ordered in drops."""
    rates = (order.dosage.rate for order in bag.orders)
    return any(not isinstance(rate, Unknown) and rate.unit.startswith("滴/") for rate in rates)


def evidence(case: Case, bag: Bag) -> tuple[Datum, ...]:
    """What a limit was held against: the volume, the ordered rates and the weight they were reckoned by."""
    found = [Datum.at("输注速度", str(r), o.origin) for o in bag.orders if not isinstance(r := o.dosage.rate, Unknown)]
    if any("kg" in datum.value for datum in found):
        kg = weight(case)
        found += () if isinstance(kg, Unknown) else kg.data
    try:
        return (Datum("输液体积", amount(volume(case, bag), "ml")), *found)
    except LackingError:
        return tuple(found)
