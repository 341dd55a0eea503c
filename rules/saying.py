"""Turning a statement that holds into a finding: the same shape for every family."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from clinical.finding import Datum, Finding, Outcome, Passed, Severity, Suggestion
from knowledge.model import ConceptKind, Predicate, Statement
from rules.model import Case, Use, given_so, may_interrupt, severity_of


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
        data=(*[case.datum(use.order) for use in uses], *data),
        references=case.references(statement),
        advice=statement.qualifiers.get("advice", ""),
        suggestions=suggestions,
        cause=cause or f"{family}:{uses[0].concept}:{statement.object}",
        interruptive=may_interrupt(statement),
        never=bool(statement.qualifiers.get("never")),
    )


def worst(outcomes: Iterable[Outcome]) -> Iterator[Outcome]:
    """Of findings of one cause and the same orders the worst; everything else as it comes."""
    gravest: dict[tuple[str, tuple[str, ...]], Finding] = {}
    for outcome in outcomes:
        if isinstance(outcome, Finding):
            place = (outcome.cause, outcome.orders)
            if place not in gravest or gravest[place].severity.rank < outcome.severity.rank:
                gravest[place] = outcome
        else:
            yield outcome
    yield from gravest.values()


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


def passed(case: Case, family: str, statement: Statement, use: Use, reason: str) -> tuple[Passed, ...]:
    """What an explained review says of a rule that was evaluated and did not fire."""
    return (Passed(family, statement.id, reason, (use.order.id,)),) if case.explain else ()


def route_fits(statement: Statement, use: Use) -> bool:
    """Whether a statement that names routes or forms concerns this use."""
    return given_so(statement, use.order.dosage.route, use.order.form)


def fitting(case: Case, predicate: Predicate, use: Use) -> tuple[Statement, ...]:
    """Statements in force about the ingredient of a use that fit its route and form."""
    return case.way(use).in_force(predicate, case.iso_day)


def named(case: Case, use: Use, s: Statement | None = None) -> str:
    """The ingredient, with the product it is in when that is called differently; the product where the
    statement is about it."""
    about_product = s is not None and use.product and s.subject == use.product
    name, text = case.name(use.product if about_product else use.concept), use.order.what.text
    return name if not text or name in text else f"{name} ({text})"


def meant(s: Statement, use: Use) -> bool:
    """Whether a statement for some products of an ingredient (liposomes, albumin-bound) is about this one."""
    words, unless, text = s.qualifiers.get("words"), s.qualifiers.get("unless"), use.order.what.text
    return (not words or any(w in text for w in words)) and not (unless and any(w in text for w in unless))


def degree(statement: Statement) -> str:
    """The verb of a warning, by severity: 禁用, 避免使用, 慎用, 用药提示."""
    words = {"contraindicated": "禁用", "major": "避免使用", "moderate": "慎用"}
    return words.get(statement.qualifiers["severity"], "用药提示")
