"""Routes by which a drug or a dosage form must not be given."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from clinical.administration import route_among, route_within
from clinical.finding import Datum, Gap, Outcome
from clinical.logic import Unknown
from knowledge.model import Predicate, Statement
from rules.model import Case, Family, Use, each_statement
from rules.saying import found, named, passed

NAME = "route"


def check(case: Case) -> Iterator[Outcome]:
    """Route limits of every new drug; a row for some forms needs the form to be known."""
    statements = (
        (use, s)
        for use in case.new_uses
        if case.in_focus(use.order.id)
        for s in case.said_of(Predicate.ROUTE_LIMIT, use)
        if not s.qualifiers.get("forms") or use.order.form in s.qualifiers["forms"]
    )
    yield from each_statement(NAME, statements, partial(_judge, case))


def _judge(case: Case, use: Use, s: Statement) -> Iterator[Outcome]:
    route = use.order.dosage.route
    if isinstance(route, Unknown):
        yield Gap(NAME, "route", f"{named(case, use)}的给药途径缺失或无法识别，未能检查途径", (use.order.id,))
        return
    forbidden, allowed = s.qualifiers.get("forbidden", ()), s.qualifiers.get("allowed", ())
    if not route_within(route, forbidden) and route_among(route, forbidden):
        ways = "、".join(forbidden)
        reason = f"{named(case, use)}的途径只写“{route}”，不能区分是否为{ways}，未能检查途径"
        yield Gap(NAME, "route", reason, (use.order.id,), s.id)
    elif route_within(route, forbidden) or (allowed and not route_among(route, allowed)):
        hint = f"，仅可{'、'.join(allowed)}" if allowed else ""
        summary = f"{named(case, use, s)} 不得{route}给药{hint}"
        yield found(case, NAME, s, (use,), summary, (Datum("给药途径", route),))
    elif case.explain:
        yield from passed(case, NAME, s, use, f"途径 {route} 未受限制")


FAMILY = Family(NAME, "给药途径", check, reads=(Predicate.ROUTE_LIMIT,), by_drug=True)
