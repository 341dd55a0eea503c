"""Doses against limits: which rows apply to this patient and order, and how an order compares."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import pairwise
from typing import Any, Final

from clinical.age import YEAR
from clinical.finding import Datum, Finding, Gap, Suggestion
from clinical.logic import UNKNOWN, Known, Unknown
from clinical.order import Order
from clinical.quantity import UnitMismatch
from clinical.units import conversion, plain_unit
from clinical.value import Value
from knowledge.model import Predicate, Statement
from rules.measures import Measured, height, weight
from rules.model import Case, Use, Way

_RANGE: Final = Predicate.DOSE_RANGE
_NEITHER: Final[tuple[Known[float], Known[float]]] = (UNKNOWN, UNKNOWN)
_MASSES: Final = frozenset({"ug", "mg", "g", "IU", "万IU", "MIU"})
"""Units of a dose that are neither counted nor a volume, as most are written."""
TOLERANCE = 1.05
"""Five per cent above a limit is rounding of tablets and vials, not an error."""
WELL_BELOW: Final = 0.5
"""A dose under half the least of all rows is worth a word."""


class Limits(Value, frozen=True):
    """Limits in absolute amounts for one patient, with what they were computed from.

    ``unit`` is the unit of all four; a missing limit is None.
    """

    unit: str
    single_min: float | None = None
    single_max: float | None = None
    daily_min: float | None = None
    daily_max: float | None = None
    data: tuple[Datum, ...] = ()


class Row(Value, frozen=True):
    """A dose row read for comparing: whom it concerns, and its limits where they hang on no measure of
    the patient. Ages are in days, weights in kg; ``weighed`` when it is for some weights only."""

    statement: Statement
    age_min: float
    age_max: float
    weight_min: float
    weight_max: float
    loading: bool
    names_form: bool
    limits: Limits | None
    disease: str
    weighed: bool


def rows_for(case: Case, use: Use, way: Way) -> list[Row]:
    """Dose rows that concern this patient, route, form and diagnosis; none when the age is unknown.

    Rows that name the form win over general ones, as do rows for a diagnosis the patient has
    when they allow less; loading doses count only for orders of a day or a single dose.
    """
    age = case.age
    if isinstance(age, Unknown):
        return []
    rows: Sequence[Row] = way.once("dose-rows", _read_all)
    if _RANGE in way.dated:
        rows = [row for row in rows if row.statement.holds_on(case.iso_day)]
    fit: list[Row] = []
    formed = False
    for row in rows:
        if (
            row.age_min <= age < row.age_max
            and (not row.loading or _may_be_loading(use))
            and (not row.disease or row.disease in case.conditions)
            and (not row.weighed or _fits_weight(case, row))
        ):
            fit.append(row)
            formed = formed or row.names_form
    return [row for row in fit if row.names_form] if formed else fit


def _read_all(way: Way) -> tuple[Row, ...]:
    return tuple(_read(s, way.form) for s in way[_RANGE])


def _read(s: Statement, form: str) -> Row:
    q = s.qualifiers
    lightest, heaviest = q.get("weight_min", 0.0), q.get("weight_max", float("inf"))
    return Row(
        s,
        q.get("age_min", _least_age(q["population"])),
        q.get("age_max", _top_age(q["population"])),
        lightest,
        heaviest,
        bool(q.get("loading")),
        bool(form) and form in q.get("forms", ()),
        None if q.get("per") else _scaled(q, 1.0, ()),
        s.object,
        lightest != 0 or heaviest != float("inf"),
    )


class Room(Value, frozen=True):
    """What rows that concern everybody between two ages (days) leave an order to move in, rounding included; closed
    (``single_most`` below 0) where that hangs on more than the age. ``means`` when some limit of a day is a mean."""

    age_min: float
    age_max: float
    unit: str
    single_least: float
    single_most: float
    day_most: float
    means: bool


def has_room(case: Case, use: Use, way: Way) -> bool:
    """Whether an order is surely within the limits, or no row is about this age: a few comparisons, for most orders.
    False where only the rows themselves, one by one, can tell."""
    age = case.age
    if isinstance(age, Unknown):
        return False
    if use.product and use.product in way.once("dose-subjects", _subjects):  # it is held against the whole dose
        return False
    rooms = way.once("dose-rooms", _rooms)
    if _RANGE in way.dated:
        return False
    for room in rooms:
        if room.age_min <= age < room.age_max:
            single, day = doses(case, use, room.unit)
            return (
                not isinstance(single, Unknown)
                and room.single_least <= single <= room.single_most
                and (isinstance(day, Unknown) or day <= room.day_most)
                and not (room.means and use.order.dosage.is_single())
            )
    return True


def _subjects(way: Way) -> frozenset[str]:
    return frozenset(s.subject for s in way[_RANGE])


def _rooms(way: Way) -> tuple[Room, ...]:
    rows = way.once("dose-rows", _read_all)
    ages = sorted({age for row in rows for age in (row.age_min, row.age_max)})
    between = [(a, b, [r for r in rows if r.age_min <= a and b <= r.age_max]) for a, b in pairwise(ages)]
    return tuple(_room(a, b, there) for a, b, there in between if there)


def _room(age_min: float, age_max: float, rows: list[Row]) -> Room:
    """What is allowed by rows that hang on nothing but age: others can only allow more."""
    sure = [row for row in rows if row.limits and not (row.loading or row.disease or row.weighed)]
    if any(row.names_form for row in rows):
        sure = [row for row in sure if row.names_form]
    units = {row.statement.qualifiers.get("unit", "") for row in rows}
    limits = [row.limits for row in sure if row.limits]
    if len(units) > 1 or not limits:
        return Room(age_min, age_max, "", 0.0, -1.0, -1.0, False)
    return Room(
        age_min,
        age_max,
        units.pop(),
        min(limit.single_min or 0 for limit in limits) * WELL_BELOW,
        _most("single", [limit.single_max for limit in limits], rows),
        _most("daily", [limit.daily_max for limit in limits], rows),
        any(map(is_mean, limits)),
    )


def _most(which: str, limits: list[float | None], rows: list[Row]) -> float:
    """The greatest of these limits; all the room there is where no row states one, none where only others do."""
    known = [limit for limit in limits if limit is not None]
    if known:
        return max(known) * TOLERANCE
    stated = any(f"{which}_{end}" in row.statement.qualifiers for row in rows for end in ("max", "cap"))
    return -1.0 if stated else float("inf")


def is_mean(limits: Limits) -> bool:
    """Whether the day's limit is a mean of doses taken days apart, which one dose cannot be held against."""
    single, day = limits.single_max, limits.daily_max
    return single is not None and day is not None and day < single


def limits_of(case: Case, row: Row) -> Known[Limits]:
    """A row as absolute limits; UNKNOWN when it is per kg or m² and the measure is missing."""
    if row.limits is not None:
        return row.limits
    measure = scale(case, row.statement.qualifiers["per"])
    return UNKNOWN if isinstance(measure, Unknown) else _scaled(row.statement.qualifiers, measure.value, measure.data)


def _scaled(q: dict[str, Any], factor: float, data: tuple[Datum, ...]) -> Limits:
    return Limits(
        unit=q["unit"],
        single_min=_times(q.get("single_min"), factor, None),
        single_max=_times(q.get("single_max"), factor, q.get("single_cap")),
        daily_min=_times(q.get("daily_min"), factor, None),
        daily_max=_times(q.get("daily_max"), factor, q.get("daily_cap")),
        data=data,
    )


def single_dose(case: Case, use: Use, unit: str) -> Known[float]:
    """Single dose of the ingredient in a unit; UNKNOWN when missing or not convertible."""
    return doses(case, use, unit)[0]


def daily_dose(case: Case, use: Use, unit: str) -> Known[float]:
    """Daily dose of the ingredient from this order in a unit."""
    return doses(case, use, unit)[1]


def doses(case: Case, use: Use, unit: str) -> tuple[Known[float], Known[float]]:
    """Single and daily dose of the ingredient from this order in a unit."""
    order = use.order
    dosage = order.dosage
    dose, times = dosage.dose, dosage.times_per_day
    # A mass ordered of a drug with one ingredient is that dose, as ``dose_of`` would find after other questions.
    if isinstance(dose, Unknown) or dose.unit not in _MASSES or len(order.ingredients) != 1:
        dose = order.dose_of(use.ingredient)
        if isinstance(dose, Unknown):
            return _NEITHER
    factor = _factor(dose.unit, unit) or _factor_of(case, use.concept, dose.unit, unit)
    if factor is None:
        return _NEITHER
    multiplier, divisor = factor
    single = dose.value * multiplier / divisor
    return single, UNKNOWN if isinstance(times, Unknown) else dose.value * times * multiplier / divisor


@lru_cache(maxsize=4096)
def _factor(source: str, target: str) -> tuple[float, float] | None:
    """Multiplier and divisor between two units of any substance; None when there are none."""
    try:
        return (1.0, 1.0) if source == target else conversion(source, plain_unit(target))
    except UnitMismatch:
        return None


def _factor_of(case: Case, concept: str, source: str, target: str) -> tuple[float, float] | None:
    """The same for a substance whose molar mass or activity is known."""
    substance = case.snapshot.substance(concept)
    try:
        return None if substance is None else conversion(source, plain_unit(target), substance)
    except UnitMismatch:
        return None


def whole_doses(order: Order, unit: str) -> tuple[Known[float], Known[float]]:
    """Single and daily dose of an order as a whole: of a compound whose label limits the sum of what is in it."""
    dose, times = order.dosage.dose, order.dosage.times_per_day
    try:
        single: Known[float] = UNKNOWN if isinstance(dose, Unknown) else dose.to(unit).value
    except UnitMismatch:
        return UNKNOWN, UNKNOWN
    return single, UNKNOWN if isinstance(single, Unknown) or isinstance(times, Unknown) else single * times


def amount(value: float, unit: str) -> str:
    """A dose as text: at most two decimals, no trailing zeros."""
    return f"{round(value, 2):g} {unit}"


def adjust(use: Use, value: float, unit: str) -> Suggestion:
    """The suggestion to set the single dose."""
    return Suggestion(f"单次剂量改为 {amount(value, unit)}", "adjust", use.order.id, dose_value=value, dose_unit=unit)


def over_cap(case: Case, use: Use, statement: Statement) -> Known[str]:
    """How an order exceeds the caps of a renal or hepatic row: a sentence, empty when it does not,
    UNKNOWN when dose or frequency is missing."""
    q = statement.qualifiers
    answers: list[Known[str]] = []
    single, day = _ordered(case, use, statement) if "unit" in q else (UNKNOWN, UNKNOWN)
    measure = scale(case, q["per"]) if "per" in q else Measured(1.0, "1", ())
    if isinstance(measure, Unknown):
        return UNKNOWN
    if "single_max" in q:
        answers.append(_exceeds(single, q["single_max"] * measure.value, "单次", q["unit"]))
    if "daily_max" in q and not use.order.dosage.is_single():  # the first dose is not reduced
        answers.append(_exceeds(day, q["daily_max"] * measure.value, "每日", q["unit"]))
    most_often = q.get("times_per_day_max", 1)
    if "times_per_day_max" in q and not (most_often < 1 and use.order.dosage.is_single()):
        answers.append(_exceeds(use.order.dosage.times_per_day, q["times_per_day_max"], "每日", "次"))
    told = [answer for answer in answers if not isinstance(answer, Unknown) and answer]
    if told:
        return "，".join(told)
    return UNKNOWN if any(isinstance(answer, Unknown) for answer in answers) else ""


def _ordered(case: Case, use: Use, s: Statement) -> tuple[Known[float], Known[float]]:
    """Single and daily dose in the unit of a row: of the ingredient, or of the whole where the row is about it."""
    unit = s.qualifiers["unit"]
    return whole_doses(use.order, unit) if s.subject == use.product else doses(case, use, unit)


def has_cap(statement: Statement) -> bool:
    """Whether a renal or hepatic row states a figure to hold the order against."""
    q = statement.qualifiers
    return "single_max" in q or "daily_max" in q or "times_per_day_max" in q


def unique(outcomes: Iterable[Finding | Gap]) -> Iterator[Finding | Gap]:
    """Outcomes without repeats, in order."""
    return iter(dict.fromkeys(outcomes))


def _exceeds(value: Known[float], limit: float, which: str, unit: str) -> Known[str]:
    if isinstance(value, Unknown):
        return UNKNOWN
    return f"{which} {amount(value, unit)}，上限 {amount(limit, unit)}" if value > limit * TOLERANCE else ""


def _times(value: float | None, factor: float, cap: float | None) -> float | None:
    if value is None:
        return cap
    return value * factor if cap is None else min(value * factor, cap)


def scale(case: Case, per: str) -> Known[Measured]:
    """Body weight (kg) or surface (m2) that a figure per kg or m² is multiplied by."""
    kg = weight(case)
    if per == "kg" or isinstance(kg, Unknown):
        return kg
    cm = height(case)
    if isinstance(cm, Unknown):
        return UNKNOWN
    # Mosteller 1987: sqrt(cm × kg / 3600)
    return Measured((cm.value * kg.value / 3600) ** 0.5, "m2", (*kg.data, *cm.data))


def _fits_weight(case: Case, row: Row) -> bool:
    """Weight bounds; an unknown weight keeps the row."""
    kg = weight(case)
    return isinstance(kg, Unknown) or row.weight_min <= kg.value < row.weight_max


def _least_age(population: str) -> float:
    """Where a row gives no age: adults from 18, the elderly from 65."""
    return {"adult": 18 * YEAR, "elderly": 65 * YEAR}.get(population, 0.0)


def _top_age(population: str) -> float:
    return 18 * YEAR if population == "child" else float("inf")


def _may_be_loading(use: Use) -> bool:
    days = use.order.dosage.duration_days
    return not isinstance(days, Unknown) and days <= 1
