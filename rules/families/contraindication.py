"""Drugs that should not be given, or only with care, in a disease the patient has."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from clinical.finding import Datum, Gap, Outcome
from clinical.logic import Unknown
from knowledge.model import Predicate, Statement
from rules.model import Case, Family, Use, each_statement
from rules.saying import degree, found, named, passed, route_fits

NAME = "contraindication"


def check(case: Case) -> Iterator[Outcome]:
    """Every disease contraindication of every new drug against the active conditions."""
    if isinstance(case.patient.conditions, Unknown):
        yield from _gap(case)
        return
    predicate = Predicate.CONTRAINDICATED_IN
    statements = [
        (use, s)
        for use in case.new_uses
        for s in case.said_of(predicate, use)
        if case.explain or s.object in case.conditions
    ]
    yield from each_statement(NAME, statements, partial(_judge, case))


def _gap(case: Case) -> Iterator[Gap]:
    concerned = [
        use.order.id for use in case.new_uses if case.snapshot.statements(Predicate.CONTRAINDICATED_IN, use.concept)
    ]
    if concerned:
        yield Gap(NAME, "conditions", "未提供诊断，未能检查疾病禁忌", tuple(dict.fromkeys(concerned)))


def _judge(case: Case, use: Use, s: Statement) -> Iterator[Outcome]:
    condition = case.conditions.get(s.object)
    if condition is None:
        if case.explain:
            yield from passed(case, NAME, s, use, f"无相关诊断: {case.name(s.object)}")
    elif not route_fits(s, use) or not case.in_focus(use.order.id):
        yield from passed(case, NAME, s, use, "给药途径或剂型不适用")
    else:
        summary = f"{named(case, use, s)}: {case.name(s.object)}患者{degree(s)}"
        datum = Datum.at("诊断", condition.what.text or case.name(s.object), condition.origin)
        yield found(case, NAME, s, (use,), summary, (datum,))


FAMILY = Family(NAME, "疾病禁忌", check, reads=(Predicate.CONTRAINDICATED_IN,), by_drug=True)
