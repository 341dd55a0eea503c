"""Turning a statement that holds into a finding: the same shape for every family."""

from __future__ import annotations

from collections.abc import Iterator

from clinical.administration import route_among
from clinical.finding import Datum, Finding, Passed, Severity, Suggestion
from clinical.logic import Unknown
from knowledge.model import ConceptKind, Predicate, Statement
from rules.model import Case, Use, may_interrupt, order_datum, severity_of


def found(
    case: Case,
    family: str,
    statement: Statement,
    uses: tuple[Use, ...],
    summary: str,
    data: tuple[Datum, ...] = (),
    suggestions: tuple[Suggestion, ...] | None = None,
    cause: str = "",
) -> Finding:
    """A finding that rests on one statement and concerns the orders of some uses.

    The orders themselves are always part of the evidence. Unless told otherwise the
    suggestions are the statement's alternatives to the first order, when it is under
    review, and to drop it.
    """
    orders = tuple(dict.fromkeys(use.order.id for use in uses))
    if suggestions is None:
        first = uses[:1] if uses[0].new else ()
        dropping = [drop(use) for use in first if worth_dropping(statement)]
        suggestions = (*(s for use in first for s in instead(case, statement, use)), *dropping)
    return Finding(
        family=family,
        rule_id=statement.id,
        rule_version=str(statement.revision),
        severity=severity_of(statement),
        summary=summary,
        detail=statement.qualifiers.get("reason", ""),
        orders=orders,
        data=(*(order_datum(use.order) for use in uses), *data),
        references=case.references(statement),
        advice=statement.qualifiers.get("advice", ""),
        suggestions=suggestions,
        cause=cause or f"{family}:{uses[0].concept}:{statement.object}",
        interruptive=may_interrupt(statement),
        never=bool(statement.qualifiers.get("never")),
    )


def instead(case: Case, statement: Statement, use: Use, field: str = "alternatives") -> Iterator[Suggestion]:
    """The drugs a statement offers in place of an order under review; ``rules.alternatives`` later
    drops those that would alert themselves. A compound is not replaced for one of its ingredients."""
    if len(use.order.ingredients) > 1:
        return
    names = statement.qualifiers.get(field, ())
    if not names:
        return
    found = case.snapshot.remember(
        ("instead", field, statement.id),
        lambda: [known for name in names for known in case.snapshot.by_name(name, ConceptKind.INGREDIENT)[:1]],
    )
    for known in found:
        yield Suggestion(f"改用 {known.name}", "replace", use.order.id, concept=known.id, name=known.name)


def worth_dropping(statement: Statement) -> bool:
    """Whether to offer taking the order back: not for what is merely worth knowing."""
    return severity_of(statement).rank >= Severity.MODERATE.rank


def drop(use: Use) -> Suggestion:
    """The suggestion to take an order back."""
    return Suggestion(f"取消 {use.order.what.text}", "delete", use.order.id)


def passed(case: Case, family: str, statement: Statement, use: Use, reason: str) -> Iterator[Passed]:
    """What an explained review says of a rule that was evaluated and did not fire."""
    if case.explain:
        yield Passed(family, statement.id, reason, (use.order.id,))


def route_fits(statement: Statement, use: Use) -> bool:
    """Whether a statement that names routes (途径) or forms (剂型) concerns this use.

    An unknown route or form does not take a use out of a statement: better one alert
    too many than a missed one for want of a field.
    """
    routes, forms = statement.qualifiers.get("routes"), statement.qualifiers.get("forms")
    route = use.order.dosage.route
    if routes and not isinstance(route, Unknown) and not route_among(route, routes):
        return False
    return not (forms and use.order.form and use.order.form not in forms)


def fitting(case: Case, predicate: Predicate, use: Use) -> tuple[Statement, ...]:
    """Statements in force about the ingredient of a use that fit its route and form. Which do depends on
    the release alone, so it is worked out once for each way a drug is given."""
    if not (case.snapshot.statements(predicate, use.concept) or use.product):
        return ()
    key = (predicate, use.concept, use.product, use.order.dosage.route, use.order.form)
    fit, dated = case.snapshot.remember(key, lambda: _fitting(case, predicate, use))
    return tuple(s for s in fit if s.holds_on(case.iso_day)) if dated else fit


def _fitting(case: Case, predicate: Predicate, use: Use) -> tuple[tuple[Statement, ...], bool]:
    """With whether any of them holds for a time only."""
    subjects = (use.concept, use.product) if use.product else (use.concept,)
    said = (s for subject in subjects for s in case.snapshot.statements(predicate, subject))
    fit = tuple(s for s in said if route_fits(s, use))
    return fit, any(s.valid_from or s.valid_to for s in fit)


def named(case: Case, use: Use) -> str:
    """The ingredient, with the product it is in when that is called differently."""
    name, text = case.name(use.concept), use.order.what.text
    return name if not text or name in text else f"{name} ({text})"


def degree(statement: Statement) -> str:
    """The verb of a warning, by severity: 禁用, 避免使用, 慎用, 用药提示."""
    words = {"contraindicated": "禁用", "major": "避免使用", "moderate": "慎用"}
    return words.get(statement.qualifiers["severity"], "用药提示")
