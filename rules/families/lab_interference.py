"""Laboratory tests that a drug in use, or stopped a short while ago, disturbs."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Final

from clinical.finding import Datum, Finding, Gap, Outcome
from clinical.logic import Unknown
from clinical.order import Order, OrderKind
from clinical.value import replace
from knowledge.model import Predicate, Standing, Statement
from rules.model import Case, Family, Use, fault, may_interrupt, order_datum, severity_of
from rules.saying import fitting

NAME = "lab-interference"
_LAB: Final = OrderKind.LAB  # bound once, as in ``rules.model``
SHOWN_AS = "interaction"
_DIRECTIONS = {
    "falsely-high": "假性升高",
    "falsely-low": "假性降低",
    "false-positive": "假阳性",
    "false-negative": "假阴性",
    "truly-high": "升高",
    "truly-low": "降低",
    "unreadable": "无法判读",
}
_FALSELY = {"falsely-high", "falsely-low", "false-positive", "false-negative", "unreadable"}


def check(case: Case) -> Iterator[Outcome]:
    """Every test under review against every drug in use: one finding for a drug and an order."""
    if _LAB not in case.kinds:
        return
    tests = [order for order in case.orders if order.kind is _LAB and order.what.concepts]
    if not tests:
        return
    disturbing = [(use, fit) for use in _taken(case) if (fit := fitting(case, Predicate.LAB_INTERFERENCE, use))]
    for order in tests:
        asked = _asked(case, order)
        if isinstance(case.patient.medications, Unknown):
            yield from _gap(case, order, asked)
        for use, fit in disturbing:
            held = [s for s in fit if s.object in asked and s.holds_on(case.iso_day) and _lasts(case, use, s)]
            if held and case.in_focus(order.id, use.order.id):
                try:
                    yield _finding(case, order, use, held)
                except Exception as error:  # one drug must not silence the others
                    yield fault(NAME, held[0].id, error)


def _taken(case: Case) -> tuple[Use, ...]:
    """Drugs in use, and those that were stopped and are not taken again."""
    again = {use.concept for use in case.uses}
    return (*case.uses, *(use for use in case.past_uses if use.concept not in again))


def _lasts(case: Case, use: Use, s: Statement) -> bool:
    """Whether the drug is taken, or was stopped so short a while ago that it still disturbs the test."""
    stop, today = use.order.stop, case.today
    if use.new or stop is None or stop >= today:
        return True
    return (today - stop) < timedelta(hours=s.qualifiers.get("lasting", 0))


def _asked(case: Case, order: Order) -> frozenset[str]:
    """The tests an order asks for: itself, and for a panel everything in it."""
    return case.snapshot.remember((NAME, order.what.concepts), lambda: _contents(case, order.what.concepts))


def _contents(case: Case, concepts: tuple[str, ...]) -> frozenset[str]:
    within = (s.object for concept in concepts for s in case.snapshot.statements(Predicate.CONTAINS, concept))
    return frozenset((*concepts, *within))


def _gap(case: Case, order: Order, asked: frozenset[str]) -> Iterator[Gap]:
    """The drugs in use are unknown and some would make the result false."""
    if case.in_focus(order.id) and any(_often_false(case, lab) for lab in asked):
        yield Gap(NAME, "medications", f"未提供在用药品，未能检查药物对{order.what.text}的干扰", (order.id,))


def _often_false(case: Case, lab: str) -> bool:
    """Whether a drug is known to falsify a test in a way that is more than a remark."""
    return case.snapshot.remember(
        (NAME, "often", lab), lambda: any(_serious(s) for s in case.snapshot.pointing_at(lab))
    )


def _serious(s: Statement) -> bool:
    if s.predicate is not Predicate.LAB_INTERFERENCE or s.standing is Standing.UNREVIEWED:
        return False
    return s.qualifiers["severity"] == "minor" and s.qualifiers["direction"] in _FALSELY


def _finding(case: Case, order: Order, use: Use, held: list[Statement]) -> Finding:
    worst = max(held, key=lambda s: severity_of(s).rank)
    changes = "、".join(f"{case.name(s.object)}{_DIRECTIONS[s.qualifiers['direction']]}" for s in held)
    return Finding(
        family=SHOWN_AS,
        rule_id=worst.id,
        rule_version=str(worst.revision),
        severity=severity_of(worst),
        summary=f"{case.name(use.concept)}影响{order.what.text}: {changes}",
        detail=" ".join(dict.fromkeys(s.qualifiers["effect"] for s in held)),
        orders=tuple(dict.fromkeys((order.id, use.order.id))),
        data=(_test_datum(order), _drug_datum(case, use)),
        references=tuple(dict.fromkeys(r for s in held for r in case.references(s))),
        advice=" ".join(dict.fromkeys(s.qualifiers["advice"] for s in held)),
        cause=f"{NAME}:{order.id}:{use.concept}",
        interruptive=any(may_interrupt(s) for s in held),
    )


def _test_datum(order: Order) -> Datum:
    return replace(order_datum(order), what="新开检验")


def _drug_datum(case: Case, use: Use) -> Datum:
    """The drug with its last day, when it was stopped."""
    stop = use.order.stop
    datum = order_datum(use.order)
    if use.new or stop is None or stop >= case.today:
        return datum
    return replace(datum, what="已停药品", value=f"{datum.value} (末次 {stop.isoformat()})")


FAMILY = Family(
    NAME, "药物干扰检验", check, reads=(Predicate.LAB_INTERFERENCE,), kinds=(OrderKind.LAB, OrderKind.DRUG)
)
