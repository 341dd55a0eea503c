"""Findings about orders that are no drugs: examinations, procedures, blood; and about several orders at once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from clinical.finding import Datum, Finding, Gap, Outcome, Reference, Severity, Suggestion
from clinical.order import Order, OrderKind
from knowledge.model import ConceptKind, Predicate, Statement
from rules.model import Case, may_interrupt, order_datum, severity_of


def in_hand(case: Case, kind: OrderKind) -> list[Order]:
    """Orders of a kind under review that the user works on and that were understood."""
    return [o for o in case.orders if o.kind is kind and o.what.concepts and case.in_focus(o.id)]


def said_of(case: Case, predicate: Predicate, order: Order) -> list[Statement]:
    """Statements about what is ordered and about the groups it belongs to."""
    found = {s.id: s for concept in order.what.concepts for s in case.statements(predicate, concept)}
    return list(found.values())


def lineage(case: Case, order: Order) -> frozenset[str]:
    """What is ordered and everything it is a kind of."""
    return frozenset().union(*(case.snapshot.ancestors(concept) for concept in order.what.concepts))


def called(case: Case, order: Order) -> str:
    """The order as it was written, else its preferred name."""
    return order.what.text or (case.name(order.what.concepts[0]) if order.what.concepts else "")


def concerning(
    case: Case,
    family: str,
    statement: Statement,
    orders: tuple[Order, ...],
    summary: str,
    data: tuple[Datum, ...] = (),
    cause: str = "",
    severity: Severity | None = None,
    detail: str = "",
    advice: str = "",
    suggestions: tuple[Suggestion, ...] = (),
    also: Iterable[Statement] = (),
) -> Finding:
    """A finding that rests on one statement (and ``also`` on others) and concerns some orders."""
    resting = (statement, *(s for s in also if s is not statement))
    references: tuple[Reference, ...] = tuple(r for s in resting for r in case.references(s))
    return Finding(
        family=family,
        rule_id=statement.id,
        rule_version=str(statement.revision),
        severity=severity or severity_of(statement),
        summary=summary,
        detail=detail or statement.qualifiers.get("reason", ""),
        orders=tuple(dict.fromkeys(order.id for order in orders)),
        data=(*(order_datum(order) for order in orders), *data),
        references=references,
        advice=advice or statement.qualifiers.get("advice", ""),
        suggestions=suggestions,
        cause=cause or f"{family}:{orders[0].id}:{statement.id}",
        interruptive=may_interrupt(statement),
        never=bool(statement.qualifiers.get("never")),
    )


def other_exams(case: Case, statement: Statement, order: Order) -> Iterator[Suggestion]:
    """The examinations that a statement offers in place of an order."""
    for name in statement.qualifiers.get("alternatives", ()):
        for known in case.snapshot.by_name(name, ConceptKind.EXAM)[:1]:
            yield Suggestion(f"改用 {known.name}", "replace", order.id, concept=known.id, name=known.name)


def take_back(case: Case, statement: Statement, order: Order) -> Iterator[Suggestion]:
    """To take the order back, unless it is merely worth knowing."""
    if severity_of(statement).rank >= Severity.MODERATE.rank:
        yield Suggestion(f"取消 {called(case, order)}", "delete", order.id)


def settled(outcomes: Iterable[Outcome]) -> Iterator[Outcome]:
    """Of the findings of one cause the worst, and one gap for each missing input."""
    worst: dict[str, Finding] = {}
    by_need: dict[tuple[str, str], list[Gap]] = {}
    for outcome in outcomes:
        if isinstance(outcome, Finding):
            known = worst.setdefault(outcome.cause, outcome)
            if outcome.severity.rank > known.severity.rank:
                worst[outcome.cause] = outcome
        elif isinstance(outcome, Gap):
            by_need.setdefault((outcome.family, outcome.needed), []).append(outcome)
        else:
            yield outcome
    yield from worst.values()
    for (family, needed), same in by_need.items():
        yield Gap(family, needed, same[0].reason, tuple(dict.fromkeys(o for gap in same for o in gap.orders)))
