"""How often a drug is given: greatest number a day or week, least interval."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Final

from clinical.finding import Finding, Gap, Outcome, Suggestion
from clinical.logic import Unknown
from knowledge.model import Predicate, Statement
from rules.model import Case, Family, Use, Way, each_statement
from rules.saying import found, named, passed

NAME = "frequency"
_LIMIT: Final = Predicate.FREQUENCY_LIMIT
_ROUNDING = 1.01


def check(case: Case) -> Iterator[Outcome]:
    """Frequency limits of every new drug; a row for an indication holds only with that diagnosis. Of
    several limits that an order passes, the worst speaks."""
    for use, way in case.ways:
        if not way[_LIMIT] or (not case.explain and _is_seldom(use, way)):
            continue
        rows = way.in_force(_LIMIT, case.iso_day)
        concerning = [(use, s) for s in rows if _concerns(case, use, s)]
        if concerning:
            outcomes = list(each_statement(NAME, concerning, partial(_judge, case)))
            findings = [outcome for outcome in outcomes if isinstance(outcome, Finding)]
            yield from (outcome for outcome in outcomes if not isinstance(outcome, Finding))
            yield from sorted(findings, key=lambda f: (-f.severity.rank, f.rule_id))[:1]


def _is_seldom(use: Use, way: Way) -> bool:
    """Whether the drug is known to be given no more often than every row allows, be it about this patient or not."""
    times = use.order.dosage.times_per_day
    return not isinstance(times, Unknown) and times <= way.once("fewest-times", _fewest)


def _fewest(way: Way) -> float:
    """The least of the limits a day; below zero where one cannot be read, for ``_judge`` to report."""
    try:
        return min(_limit(s)[0] for s in way[_LIMIT]) * _ROUNDING
    except (KeyError, TypeError, ZeroDivisionError):
        return -1.0


def _concerns(case: Case, use: Use, s: Statement) -> bool:
    """A row for some forms needs the form to be known: what holds for slow-release tablets says
    nothing of an order that may be for plain ones."""
    form_fits = not s.qualifiers.get("forms") or bool(use.order.form)
    return form_fits and (not s.object or s.object in case.conditions)


def _judge(case: Case, use: Use, s: Statement) -> Iterator[Outcome]:
    times = use.order.dosage.times_per_day
    if isinstance(times, Unknown):
        yield Gap(NAME, "frequency", f"{named(case, use)}的给药频次缺失或无法识别，未能检查频次", (use.order.id,))
        return
    most, words = case.snapshot.remember(("most-often", s.id), lambda: _limit(s))
    if times <= most * _ROUNDING or (most < 1 and use.order.dosage.is_single()):
        if case.explain:
            yield from passed(case, NAME, s, use, f"频次未超过{words}")
    else:
        asked = use.order.dosage.frequency_text or f"每日 {times:g} 次"
        text = f"改为{words}"
        change = Suggestion(text, "adjust", use.order.id, times_per_day=most)
        yield found(case, NAME, s, (use,), f"{named(case, use)} {asked}，超过{words}", suggestions=(change,))


def _limit(s: Statement) -> tuple[float, str]:
    """Greatest mean number of doses a day, and how to say it."""
    q = s.qualifiers
    if "per_week_max" in q:
        return q["per_week_max"] / 7, f"每周 {q['per_week_max']:g} 次"
    if "per_day_max" in q:
        return q["per_day_max"], f"每日 {q['per_day_max']:g} 次"
    return 24 / q["interval_hours_min"], f"每 {q['interval_hours_min']:g} 小时 1 次"


FAMILY = Family(NAME, "给药频次", check, reads=(Predicate.FREQUENCY_LIMIT,), by_drug=True)
