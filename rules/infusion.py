"""What goes into a vein together: bags, their volume, how concentrated they are and how fast they run."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from clinical.finding import Datum
from clinical.logic import UNKNOWN, Known, Unknown
from clinical.order import Ingredient, Order
from clinical.quantity import Quantity, UnitMismatch, canonical_unit
from clinical.units import is_amount, is_volume
from clinical.value import replace
from knowledge.model import ConceptKind, Statement
from rules.dosing import single_dose
from rules.measures import weight
from rules.model import Case, Lazy, Use

VEIN: Final[frozenset[str | Unknown]] = frozenset({"静脉滴注", "静脉注射", "静脉泵入", "静脉给药"})
FLUID: Final = "drug-class:infusion-fluid"
GLUCOSE: Final = "ingredient:glucose"
SALINE: Final = "ingredient:sodium-chloride"
LIPID: Final = "ingredient:fat-emulsion"
_SUGARS: Final = frozenset({"ingredient:fructose", "ingredient:xylitol"})
DROPS_PER_ML: Final = 20.0
"""Drops of a common giving set (GB 8368) that make one millilitre."""
READY_MADE: Final = 50.0
"""Millilitres from which a liquid without a diluent is taken to be a bag or syringe of its own."""
_GLUCOSE: Final = re.compile(r"葡萄糖(?!酸)|(?<![a-z])gn?s(?![a-z])", re.IGNORECASE)
_SALINE: Final = re.compile(r"氯化钠|(?<![a-z])g?ns(?![a-z])", re.IGNORECASE)
_MILLILITRES: Final = re.compile(r"(\d+(?:\.\d+)?)\s*(?:ml|毫升)", re.IGNORECASE)
_PERCENT: Final = re.compile(r"(\d{1,2}(?:\.\d+)?)\s*[%％]")
_PLAIN: Final = re.compile(
    r"[\d.%％\s]*浓?(?:葡萄糖氯化钠|葡萄糖|氯化钠|gns|gs|ns)(?:注射液|溶液)?(?![一-鿿])", re.IGNORECASE
)
_SALT_OF_BOTH: Final = Quantity(9, "mg")
"""Sodium chloride in a millilitre of 葡萄糖氯化钠注射液 (0.9 %, Chinese Pharmacopoeia)."""


_CENTRAL: Final = re.compile(
    r"中心静脉|深静脉|锁骨下静脉|颈内静脉|股静脉|脐静脉|输液港|(?<![a-z])(?:picc|cvc|uvc|port)(?![a-z])",
    re.IGNORECASE,
)
"""How a line into a central vein is written."""
_NO_CENTRAL: Final = re.compile(
    r"(?:无|未|非|没有|拒绝|拟|建议|已拔|拔除|血栓)[^,，。;；]{0,6}(?:中心静脉|深静脉|picc|cvc|输液港)"
    r"|(?:深静脉|股静脉)[^,，。;；]{0,4}(?:血栓|取栓|滤器)|(?:picc|cvc|静脉导管|输液港)[^,，。;；]{0,6}(?:拔除|取出)",
    re.IGNORECASE,
)


class LackingError(Exception):
    """An input without which an infusion cannot be judged; ``needed`` is its name in a ``Gap``."""

    def __init__(self, needed: str) -> None:
        super().__init__(needed)
        self.needed = needed


@dataclass(frozen=True, eq=False)
class Bag:
    """Orders that run into a vein together: those of one group, or one that has no group. ``uses`` holds
    what ready-made infusions are dissolved in, too. What cannot be reckoned raises ``LackingError``."""

    case: Case
    orders: tuple[Order, ...]
    uses: tuple[Use, ...]
    grouped: bool

    @Lazy
    def runs(self) -> bool:
        """Whether it drips or is pumped, and is not injected at once."""
        return any(order.dosage.route in ("静脉滴注", "静脉泵入") for order in self.orders)

    @Lazy
    def fluids(self) -> frozenset[str]:
        """Ids of the orders that hold what other drugs are dissolved in."""
        return frozenset(use.order.id for use in self.uses if is_fluid(self.case, use))

    @Lazy
    def volume(self) -> float:
        """Millilitres. Powders add nothing; a fluid (or what may be one: 1 瓶 of something unknown) without
        a volume, or no fluid at all, leaves the volume unknown."""
        total = ready = 0.0
        for order in self.orders:
            part = millilitres(order)
            if not isinstance(part, Unknown):
                total += part
                ready += part if _by_volume(order) else 0.0
            elif order.id in self.fluids or _may_be_fluid(order):
                raise LackingError("volume")
        if total <= 0 or not (self.fluids or ready >= READY_MADE):
            raise LackingError("volume")
        return total

    @Lazy
    def flow(self) -> float:
        """ml/h: the greatest rate that its orders state."""
        found = [speed for order in self.orders if (speed := self._ml_per_hour(order)) is not None]
        if not found:
            raise LackingError("rate")
        return max(found)

    @Lazy
    def central(self) -> bool:
        """Whether it runs into a central vein, as a route, a note or a line placed before tells."""
        done = self.case.patient.procedures
        texts = [t for order in self.orders for t in (order.dosage.route_text, order.note, order.what.text)]
        texts += () if isinstance(done, Unknown) else [procedure.what.text for procedure in done]
        return any(_CENTRAL.search(text) and not _NO_CENTRAL.search(text) for text in texts)

    @property
    def minutes(self) -> float:
        """How long it runs."""
        return 60 * self.volume / self.flow

    @property
    def by_drops(self) -> bool:
        """Whether its rate was ordered in drops."""
        rates = (order.dosage.rate for order in self.orders)
        return any(not isinstance(rate, Unknown) and rate.unit.startswith("滴/") for rate in rates)

    def concentration(self, use: Use, unit: str) -> float:
        """How much of an ingredient is in it, in a unit such as mg/mL or mmol/L; two orders of potassium add up."""
        part, _, per = canonical_unit(unit).partition("/")
        held = sum(dose(self.case, other, part) for other in self.alike(use))
        return held / self.volume * (1000 if per == "L" else 1)

    def pace(self, use: Use, unit: str) -> float:
        """How fast an ingredient runs in, in a unit such as mg/min, mmol/h, mL/h or mg/kg/h: as ordered,
        else from the flow and the concentration."""
        unit, ordered = canonical_unit(unit), use.order.dosage.rate
        part, whole = unit.partition("/")[0], unit.replace("/kg", "")
        if not isinstance(ordered, Unknown) and _is_of_drug(use, ordered) and is_amount(part):
            return self._as_ordered(use, ordered, unit)
        hourly = self.flow if is_volume(part) else self.flow * self.concentration(use, f"{part}/mL")
        value = Quantity(hourly, "mL/h" if is_volume(part) else f"{part}/h").to(whole).value
        return value if whole == unit else value / kilograms(self.case)

    def alike(self, use: Use) -> tuple[Use, ...]:
        """All uses of one ingredient in it."""
        return tuple(other for other in self.uses if other.concept == use.concept)

    def evidence(self, by_weight: bool) -> tuple[Datum, ...]:
        """What a limit was held against: the volume, the ordered rates and, where it counts, the weight."""
        rates = [(o, o.dosage.rate) for o in self.orders]
        found = [Datum.at("输注速度", str(r), o.origin) for o, r in rates if not isinstance(r, Unknown)]
        kg = weight(self.case)
        if not isinstance(kg, Unknown) and (by_weight or any("kg" in datum.value for datum in found)):
            found += kg.data
        try:
            return (Datum("输液体积", f"{self.volume:g} ml"), *found)
        except LackingError:
            return tuple(found)

    def _as_ordered(self, use: Use, ordered: Quantity, unit: str) -> float:
        """A rate that was ordered as an amount of the drug, per kg or for the whole body."""
        substance = self.case.snapshot.substance(use.concept)
        if ("/kg" in ordered.unit) == ("/kg" in unit):
            return ordered.to(unit, substance).value
        whole = _of_whole_body(self.case, ordered).to(unit.replace("/kg", ""), substance).value
        return whole / kilograms(self.case) if "/kg" in unit else whole

    def _ml_per_hour(self, order: Order) -> float | None:
        """From millilitres, drops or the amount of drug in a time."""
        rate = order.dosage.rate
        if isinstance(rate, Unknown) or rate.value <= 0:
            return None
        if rate.unit == "mL/h":
            return rate.value
        part = rate.unit.partition("/")[0]
        try:
            hourly = _of_whole_body(self.case, rate).to(f"{part}/h").value
        except UnitMismatch:
            return None
        if is_volume(part):
            return Quantity(hourly, part).to("mL").value
        if part == "滴":
            return hourly / DROPS_PER_ML
        if len(order.ingredients) != 1 or not is_amount(part):
            return None
        (ingredient,) = order.ingredients
        return hourly / self.concentration(Use(order, ingredient, True, ingredient.concept), f"{part}/mL")


def bags(case: Case) -> Iterator[Bag]:
    """The bags that the orders under review make."""
    together: dict[tuple[bool, str], list[Order]] = {}
    for order in case.drugs:
        route, group = order.dosage.route, order.group
        if route in VEIN or (group and isinstance(route, Unknown)):
            together.setdefault((bool(group), group or order.id), []).append(order)
    for (grouped, _), orders in together.items():
        bag = Bag(case, tuple(orders), tuple([use for order in orders for use in uses_of(case, order)]), grouped)
        if not VEIN.isdisjoint([order.dosage.route for order in orders]) or bag.fluids:
            yield bag


def uses_of(case: Case, order: Order) -> list[Use]:
    """The ingredients of an order and, when its name says so, what they are dissolved in."""
    named = case.snapshot.remember(("vehicles", order.what.text), lambda: tuple(_vehicles(order.what.text)))
    product = order.what.concepts[0] if order.what.concepts else ""
    made = [Use(order, i, True, i.concept) for i in order.ingredients]
    if made and product != made[0].concept:  # the first speaks for the product too
        made[0] = replace(made[0], product=product)
    if named:
        known = {ingredient.concept for ingredient in order.ingredients}
        extra = (v for v in named if v.concept not in known and (v.concept != LIPID or not known))
        made += [Use(order, v, True, v.concept) for v in extra]
    return made


def _vehicles(text: str) -> Iterator[Ingredient]:
    """Glucose, saline and lipid that a name mentions: 葡萄糖氯化钠注射液, 5%GS, 左氧氟沙星氯化钠注射液."""
    sweet, salty, percent = _GLUCOSE.search(text), _SALINE.search(text), _PERCENT.search(text)
    strength: Known[Quantity] = UNKNOWN
    if percent and _PLAIN.match(text):
        strength = Quantity(float(percent[1]) * 10, "mg")
    if sweet:
        yield Ingredient(GLUCOSE, UNKNOWN, strength)
    if salty:
        yield Ingredient(SALINE, UNKNOWN, _SALT_OF_BOTH if sweet and _PLAIN.match(text) else strength)
    if "脂肪乳" in text:
        yield Ingredient(LIPID)


def is_fluid(case: Case, use: Use) -> bool:
    """Whether it is what other drugs are dissolved in."""
    return FLUID in case.snapshot.ancestors(use.concept)


def dissolves(case: Case, use: Use) -> bool:
    """Whether it serves to dissolve other drugs: infusion fluids and the sugars used in their place."""
    return use.concept in _SUGARS or is_fluid(case, use)


def concepts_in(case: Case, s: Statement, field: str) -> frozenset[str]:
    """The drugs and classes that a column of a statement names."""
    kinds = (ConceptKind.INGREDIENT, ConceptKind.DRUG_CLASS)
    return case.snapshot.remember(
        ("infusion", field, s.id),
        lambda: frozenset(c.id for name in s.qualifiers.get(field, ()) for c in case.snapshot.by_name(name, *kinds)),
    )


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


def _by_volume(order: Order) -> bool:
    """Whether the order names a volume or pieces: grams of a drug say nothing of what it is diluted in."""
    dose = order.dosage.dose
    return not isinstance(dose, Unknown) and (is_volume(dose.unit) or dose.is_counted())


def _may_be_fluid(order: Order) -> bool:
    dose = order.dosage.dose
    return not order.ingredients and (isinstance(dose, Unknown) or dose.unit in ("袋", "瓶"))


def dose(case: Case, use: Use, unit: str) -> float:
    """The single dose of a use in a unit: as ordered, else from the volume and the strength."""
    stated = UNKNOWN if is_vehicle(use) else single_dose(case, use, unit)
    if not isinstance(stated, Unknown):
        return stated
    held, per_ml = millilitres(use.order), use.ingredient.per_ml
    if isinstance(held, Unknown) or isinstance(per_ml, Unknown):
        raise LackingError("dose")
    try:
        return per_ml.scale(held).to(unit, case.snapshot.substance(use.concept)).value
    except UnitMismatch:
        raise LackingError("dose") from None


def is_vehicle(use: Use) -> bool:
    """Whether it is only what a ready-made infusion is dissolved in: the dose is not of it."""
    return use.ingredient not in use.order.ingredients


def _is_of_drug(use: Use, rate: Quantity) -> bool:
    """Whether a rate is an amount of the only drug of its order."""
    return len(use.order.ingredients) == 1 and not is_vehicle(use) and is_amount(rate.unit.partition("/")[0])


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


def shown(value: float, unit: str) -> str:
    """A figure as a clinician reads it, to three digits."""
    return str(Quantity(float(f"{value:.3g}"), unit))
