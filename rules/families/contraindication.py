"""Drugs that should not be given, or only with care, in a disease the patient has or after a recent operation."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Final

from clinical.finding import Datum, Gap, Outcome, Severity
from clinical.logic import Unknown
from clinical.patient import Procedure
from clinical.value import replace
from knowledge.model import Predicate, Statement
from rules.courses import diseases_in
from rules.infusion import concepts_in
from rules.model import Case, Family, Use, each_statement, order_datum
from rules.saying import degree, found, named, passed, route_fits
from rules.stewardship import RECENT_SURGERY_DAYS, hours_since

NAME = "contraindication"
_FORBIDDEN: Final = Predicate.CONTRAINDICATED_IN
_RECENT_OPERATION: Final = "disease:recent-surgery"
_BLEEDING: Final = ("moderate", "high")


def check(case: Case) -> Iterator[Outcome]:
    """Every disease contraindication of every new drug against the active conditions."""
    if isinstance(case.patient.conditions, Unknown):
        yield from _gap(case)
        return
    known = {_RECENT_OPERATION, *case.conditions}
    statements = [
        (use, s)
        for use in case.new_uses
        if case.explain or not known.isdisjoint(_forbidding(case, use))
        for s in case.said_of(_FORBIDDEN, use)
        if case.explain or s.object in known
    ]
    if statements:
        yield from each_statement(NAME, statements, partial(_judge, case))


def _forbidding(case: Case, use: Use) -> frozenset[str]:
    """The diseases that some row, in force or not, forbids a drug in: most patients have none of them."""
    snapshot = case.snapshot
    subjects = (use.concept, use.product) if use.product else (use.concept,)
    return snapshot.remember(
        (NAME, subjects), lambda: frozenset(s.object for c in subjects for s in snapshot.statements(_FORBIDDEN, c))
    )


def _gap(case: Case) -> Iterator[Gap]:
    concerned = [use.order.id for use in case.new_uses if case.snapshot.statements(_FORBIDDEN, use.concept)]
    if concerned:
        yield Gap(NAME, "conditions", "未提供诊断，未能检查疾病禁忌", tuple(dict.fromkeys(concerned)))


def _judge(case: Case, use: Use, s: Statement) -> Iterator[Outcome]:
    condition = case.conditions.get(s.object) or _operation(case, s)
    if condition is None:
        if case.explain:
            yield from passed(case, NAME, s, use, f"无相关诊断: {case.name(s.object)}")
    elif not route_fits(s, use) or not case.in_focus(use.order.id):
        yield from passed(case, NAME, s, use, "给药途径或剂型不适用")
    else:
        guard = _guard(case, s)
        told = degree(s) if guard is None else f"用药提示，已合用{case.name(guard.concept)}"
        summary = f"{named(case, use, s)}: {case.name(s.object)}患者{told}"
        kind = "手术" if isinstance(condition, Procedure) else "诊断"
        datum = Datum.at(kind, condition.what.text or case.name(s.object), condition.origin)
        if guard is None:
            yield found(case, NAME, s, (use,), summary, (datum,))
        else:
            remark = found(case, NAME, s, (use,), summary, (datum, order_datum(guard.order)), ())
            yield replace(remark, severity=Severity.MINOR)


def _guard(case: Case, s: Statement) -> Use | None:
    """The drug in use that guards against the harm (保护药品), where the patient has what the drug that the
    row is about is needed for (指征疾病)."""
    guards, needs = concepts_in(case, s, "guarded_by"), diseases_in(case, s, "needed_in")
    if not guards or (needs and needs.isdisjoint(case.conditions)):
        return None
    return next((use for use in case.uses if not guards.isdisjoint(case.lineage[use.concept])), None)


def _operation(case: Case, s: Statement) -> Procedure | None:
    """Of a row about recent operations: one of the last days with an incision and a risk of bleeding, as the
    table of procedures tells; hospitals record it among the procedures, not the diagnoses."""
    done = case.patient.procedures
    if s.object != _RECENT_OPERATION or isinstance(done, Unknown):
        return None
    return next((p for p in done if _is_recent(case, p) and any(_cuts(case, c) for c in p.what.concepts)), None)


def _is_recent(case: Case, procedure: Procedure) -> bool:
    time = procedure.origin.time
    return time is not None and 0 <= hours_since(case, time) <= RECENT_SURGERY_DAYS * 24


def _cuts(case: Case, concept_id: str) -> bool:
    concept = case.snapshot.concept(concept_id)
    told = {} if concept is None else concept.attributes
    return bool(told.get("wound")) and told.get("bleeding") in _BLEEDING


FAMILY = Family(NAME, "疾病禁忌", check, reads=(Predicate.CONTRAINDICATED_IN,), by_drug=True)
