"""The dose of a plan for one patient: by weight, surface or day, held to its caps, rounded to what can be given.

Nothing is guessed: where weight, height or a frequency is missing, the answer names it and gives the rule instead.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import ceil, floor
from typing import Final

from clinical.administration import Frequency, frequency_of
from clinical.finding import Datum
from clinical.logic import UNKNOWN, Known, Unknown
from clinical.quantity import Quantity
from clinical.units import plain_unit, shown
from clinical.value import Value
from inference.plan import Amount, Plan
from inference.subject import Measure, Subject

_PER: Final = {"dose": "/次", "kg-dose": "/kg/次", "kg-day": "/kg/日", "m2-dose": "/m²/次", "day": "/日"}
_BY_WEIGHT: Final = ("kg-dose", "kg-day")
_A_DAY: Final = ("kg-day", "day")
_STEPS: Final = tuple(
    sorted((figure * 10.0**power for power in range(-3, 7) for figure in (1, 2.5, 5)), reverse=True)
)
_PIECES: Final = (1.0, 0.5, 0.25)
"""A tablet is divided in four at most."""
_SLACK: Final = 0.05
"""A figure without a range may be rounded down by so much: what a scored tablet or a syringe allows."""
_TINY: Final = 1e-9


class Dose(Value, frozen=True):
    """A single dose for this patient: what is proposed, the range it lies in, the amount a day (UNKNOWN when given as
    needed or at an unknown pace), how it was reckoned and from which data; ``capped`` when a limit took hold;
    ``pace`` is the frequency where it is not that of the row."""

    chosen: Quantity
    low: Quantity
    high: Quantity
    daily: Known[Quantity]
    capped: bool
    how: str
    data: tuple[Datum, ...] = ()
    pace: str = ""


class Need(Value, frozen=True):
    """Why no dose can be reckoned: what is missing (``体重``), and the rule as the source states it."""

    missing: tuple[str, ...]
    rule: str


def dose_of(plan: Plan, subject: Subject) -> Dose | Need | None:
    """The dose of a row for a patient; None for a row that states none."""
    amount = plan.amount
    if amount is None:
        return None
    scale, times = _scale(amount, subject), _times(plan)
    missing = (*_lacking(amount, scale), *(("频次",) if isinstance(times, Unknown) and _needs_times(amount) else ()))
    if missing or isinstance(scale, Unknown):
        return Need(missing, rule_of(amount))
    return _reckoned(plan, amount, scale, 1.0 if isinstance(times, Unknown) else times)


def rule_of(amount: Amount) -> str:
    """What a row states, as clinicians write it: 10~15 mg/kg/次，单次不超过 600 mg."""
    told = f"{_span(amount.low, amount.high)} {_unit(amount.unit)}{_PER[amount.per]}"
    limits = ((amount.single_limit, "单次"), (amount.daily_limit, "每日"))
    return "，".join([told, *(f"{what}不超过 {x:g} {_unit(amount.unit)}" for x, what in limits if x is not None)])


def frequency_in(plan: Plan) -> Known[Frequency]:
    """How often a row gives its drug."""
    return frequency_of(plan.frequency) if plan.frequency else UNKNOWN


def _times(plan: Plan) -> Known[float]:
    """Doses a day; at least one: of a drug given once a week the day's amount is one dose."""
    frequency = frequency_in(plan)
    return UNKNOWN if isinstance(frequency, Unknown) else max(frequency.times_per_day, 1.0)


def _needs_times(amount: Amount) -> bool:
    return amount.per in _A_DAY or amount.daily_limit is not None


def _scale(amount: Amount, subject: Subject) -> Known[Measure]:
    """What the figures are multiplied by."""
    if amount.per in _BY_WEIGHT:
        return subject.weight
    return subject.surface if amount.per == "m2-dose" else Measure(1.0, ())


def _lacking(amount: Amount, scale: Known[Measure]) -> tuple[str, ...]:
    if not isinstance(scale, Unknown):
        return ()
    return ("体重",) if amount.per in _BY_WEIGHT else ("体重", "身高")


def _reckoned(plan: Plan, amount: Amount, scale: Measure, times: float) -> Dose:
    doses = times if amount.per in _A_DAY else 1.0
    low, high = amount.low * scale.value / doses, amount.high * scale.value / doses
    cap = min(_caps(amount, times), default=float("inf"))
    capped = high > cap + _TINY
    low, high = min(low, cap), min(high, cap)
    exact = amount.per == "dose"
    chosen = low if exact else practical(low, high, amount.unit)
    frequency = frequency_in(plan)
    regular = isinstance(frequency, Frequency) and not frequency.as_needed and not frequency.once
    unit = amount.unit
    return Dose(
        Quantity(chosen, unit),
        Quantity(_tidy(low), unit),
        Quantity(_tidy(high), unit),
        Quantity(_tidy(chosen * times), unit) if regular else UNKNOWN,
        capped,
        _how(amount, scale, doses, (low, high), capped, chosen),
        scale.data,
    )


def _caps(amount: Amount, times: float) -> Iterator[float]:
    if amount.single_limit is not None:
        yield amount.single_limit
    if amount.daily_limit is not None:
        yield amount.daily_limit / times


def practical(low: float, high: float, unit: str) -> float:
    """The roundest amount between two, the least of them where there are several; of one figure, or where no round
    amount lies between, rounded down by no more than a twentieth."""
    steps = _PIECES if plain_unit(unit) == "片" else _STEPS
    least = low if high > low + _TINY else low * (1 - _SLACK)
    for step in steps:
        found = ceil(least / step - _TINY) * step
        if found <= high + _TINY and found > 0:
            if high <= low + _TINY:
                found = floor(high / step + _TINY) * step
            return _tidy(found)
    return _tidy(low)


def _tidy(value: float) -> float:
    return float(f"{value:.6g}")


def _how(
    amount: Amount, scale: Measure, doses: float, bounds: tuple[float, float], capped: bool, chosen: float
) -> str:
    """The reckoning in words; empty where there is none to show."""
    if amount.per == "dose" and not capped:
        return ""
    unit = _unit(amount.unit)
    parts = [f"{_span(amount.low, amount.high)} {unit}{_PER[amount.per]}"]
    if amount.per in _BY_WEIGHT:
        parts.append(f" × 体重 {scale.value:g} kg")
    elif amount.per == "m2-dose":
        parts.append(f" × 体表面积 {scale.value:.2f} m²")
    if doses != 1.0:
        parts.append(f" ÷ {doses:g} 次")
    parts.append(f" = {_span(_shown(bounds[0]), _shown(bounds[1]))} {unit}/次")
    if capped:
        parts.append("（已按上限封顶）")
    return "".join([*parts, f"，取 {chosen:g} {unit}"])


def _shown(value: float) -> float:
    return float(f"{value:.3g}") if value < 1000 else float(round(value))


def _span(low: float, high: float) -> str:
    return f"{low:g}" if low == high else f"{low:g}~{high:g}"


def _unit(unit: str) -> str:
    return shown(plain_unit(unit))
