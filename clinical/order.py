"""Orders: what somebody wants done for a patient, drugs with their dosage."""

from __future__ import annotations

from datetime import date, timedelta
from enum import StrEnum
from typing import Final

from clinical.coded import Coded, Origin
from clinical.logic import UNKNOWN, Known, Unknown
from clinical.quantity import Quantity, UnitMismatch
from clinical.value import Value


class OrderKind(StrEnum):
    DRUG = "drug"
    LAB = "lab"
    EXAM = "exam"
    PROCEDURE = "procedure"
    BLOOD = "blood"
    OTHER = "other"


class OrderStatus(StrEnum):
    """FHIR request status, folded to what a review needs to know."""

    DRAFT = "draft"
    ACTIVE = "active"
    ON_HOLD = "on-hold"
    STOPPED = "stopped"
    COMPLETED = "completed"


class Purpose(StrEnum):
    """Why an antimicrobial is given."""

    PROPHYLAXIS = "prophylaxis"
    TREATMENT = "treatment"


class Ingredient(Value, frozen=True):
    """One active ingredient of an ordered product: concept id, amount in one counted unit (片, 支) and
    ``per_ml``, the amount in one millilitre of a liquid."""

    concept: str
    amount: Known[Quantity] = UNKNOWN
    per_ml: Known[Quantity] = UNKNOWN


_VOLUMES: Final = frozenset({"mL", "L", "uL"})


class Dosage(Value, frozen=True):
    """How a drug is to be taken. Unknown parts stay UNKNOWN; nothing is assumed.

    ``route`` is the canonical Chinese word (口服, 静脉滴注). ``times_per_day`` is a mean:
    once a week is 1/7. ``as_needed`` makes ``times_per_day`` an upper limit. ``route_text`` is the route as written.
    """

    dose: Known[Quantity] = UNKNOWN
    route: Known[str] = UNKNOWN
    times_per_day: Known[float] = UNKNOWN
    interval_hours: Known[float] = UNKNOWN
    duration_days: Known[float] = UNKNOWN
    rate: Known[Quantity] = UNKNOWN
    as_needed: bool = False
    frequency_text: str = ""
    route_text: str = ""

    def is_single(self) -> bool:
        """Whether this is one dose and no course: it says nothing of how often the drug is given."""
        days, times = self.duration_days, self.times_per_day
        return not isinstance(days, Unknown) and not isinstance(times, Unknown) and days <= 1 and times <= 1


Span = tuple[date, date]
UNSTATED: Final = timedelta(days=30)
"""How long a drug is taken to last of which nobody wrote for how long it was meant."""


class Order(Value, frozen=True):
    """One order. ``id`` is the FHIR reference (``MedicationRequest/103``); ``what`` the thing ordered.

    For a drug ``ingredients`` lists what is in it (one for a single-ingredient drug) and
    ``form`` its dosage form (缓释片). ``stop`` is the last day it is taken, when known. Orders of one
    ``group`` (组号) are given together, into a vein from one bag. ``quantity`` is what is dispensed,
    ``purpose`` why an antimicrobial is given, ``consulted`` whether a required consultation is recorded,
    ``note`` the reason a prescriber recorded (repeat examination, excess, off-label use).
    """

    id: str
    kind: OrderKind
    what: Coded
    status: OrderStatus = OrderStatus.DRAFT
    ingredients: tuple[Ingredient, ...] = ()
    form: str = ""
    dosage: Dosage = Dosage()
    start: date | None = None
    stop: date | None = None
    department: str = ""
    prescriber: str = ""
    reason: tuple[Coded, ...] = ()
    origin: Origin = Origin()
    group: str = ""
    quantity: Known[Quantity] = UNKNOWN
    purpose: Known[Purpose] = UNKNOWN
    urgent: bool = False
    consulted: Known[bool] = UNKNOWN
    note: str = ""

    def is_active(self) -> bool:
        """Whether it goes on, as far as its status says."""
        return self.status in (OrderStatus.ACTIVE, OrderStatus.ON_HOLD)

    def span(self) -> Span | None:
        """First and last day it is taken; None when nobody wrote when it begins."""
        return None if self.start is None else (self.start, self.stop or self.start + UNSTATED)

    def renews(self, other: Order) -> bool:
        """Whether this is the same drug, called the same, in the same known dose, way and frequency: a
        prescription continued rather than a second one."""
        mine, theirs = self.dosage, other.dosage
        same_drug = bool(self.what.concepts) and self.what.concepts == other.what.concepts
        known = not isinstance(mine.dose, Unknown) and not isinstance(mine.times_per_day, Unknown)
        return (
            same_drug
            and known
            and self.what.text == other.what.text
            and (mine.dose, mine.route, mine.times_per_day) == (theirs.dose, theirs.route, theirs.times_per_day)
        )

    def dose_of(self, ingredient: Ingredient) -> Known[Quantity]:
        """Single dose of one ingredient: a mass dose counts for the only ingredient,
        a counted dose (2 片) is multiplied by the amount in each, a volume by that in a millilitre.

        UNKNOWN when dose or strength is missing, or a mass was ordered of a compound.
        """
        dose = self.dosage.dose
        if isinstance(dose, Unknown):
            return UNKNOWN
        if not dose.is_counted():
            if dose.unit in _VOLUMES and not isinstance(ingredient.per_ml, Unknown):
                return ingredient.per_ml.scale(dose.to("mL").value)
            return dose if len(self.ingredients) == 1 else UNKNOWN
        if isinstance(ingredient.amount, Unknown):
            return dose if len(self.ingredients) == 1 else UNKNOWN
        return Quantity(ingredient.amount.value * dose.value, ingredient.amount.unit)


def daily(dose: Known[Quantity], times_per_day: Known[float]) -> Known[Quantity]:
    """Amount a day from a single dose and a mean number of doses a day."""
    if isinstance(dose, Unknown) or isinstance(times_per_day, Unknown):
        return UNKNOWN
    return Quantity(dose.value * times_per_day, dose.unit)


def total(parts: list[Quantity]) -> Known[Quantity]:
    """Sum in the unit of the first part; UNKNOWN when there is none or units cannot be added."""
    if not parts:
        return UNKNOWN
    unit = parts[0].unit
    try:
        return Quantity(sum(part.to(unit).value for part in parts), unit)
    except UnitMismatch:
        return UNKNOWN
