"""The account of every rule: how often its cards were shown, taken, overridden and why, and how long that took.
It tells which rules are ignored, which is where tuning begins; and of each rule the alerts it is made of."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median
from typing import Any, Final

from sqlalchemy import ColumnElement, Engine, Select, func, select

from records.journal import cards, feedback, requests
from records.reviews import cases

UNANSWERED: Final = "unanswered"
_NEAR: Final = timedelta(days=1)
"""An alert at order entry is about a prescription that is reviewed no further from it than this."""


@dataclass(frozen=True, slots=True)
class RuleUse:
    """One rule in a span of time. ``unanswered`` cards drew no feedback; ``reasons`` counts override reasons
    by code; ``seconds`` is the median time from showing a card to the clinician's decision."""

    rule: str
    family: str
    severity: str
    shown: int
    accepted: int
    overridden: int
    unanswered: int
    reasons: dict[str, int]
    seconds: float | None

    @property
    def answers(self) -> int:
        """How many cards were accepted or overridden."""
        return self.accepted + self.overridden

    @property
    def override_share(self) -> float | None:
        """Overridden among those answered; None when nobody answered."""
        return self.overridden / self.answers if self.answers else None


def rule_use(engine: Engine, since: datetime | None = None, until: datetime | None = None) -> list[RuleUse]:
    """The account of every rule that showed a card in ``[since, until)``, the most shown first. A card counts
    once for each outcome, however often a client reports it."""
    span = [c for c in (_from(since), _to(until)) if c is not None]
    within = cards.join(requests, requests.c.id == cards.c.request)  # a card belongs to the tenant of its request
    counted = select(cards.c.rule, cards.c.family, func.min(cards.c.severity), func.count()).select_from(within)
    told = select(
        cards.c.rule, cards.c.family, cards.c.card, cards.c.at.label("shown"), feedback.c.outcome, feedback.c.reason,
        feedback.c.at.label("decided"),
    ).select_from(within.join(feedback, feedback.c.card == cards.c.card)).where(*span)  # fmt: skip
    with engine.connect() as connection:
        shown = connection.execute(counted.where(*span).group_by(cards.c.rule, cards.c.family)).all()
        answers = connection.execute(told).all()
    by_rule: dict[tuple[str, str], list[Any]] = {}
    for row in answers:
        by_rule.setdefault((row.rule, row.family), []).append(row)
    made = [_use(r[0], r[1], r[2], r[3], by_rule.get((r[0], r[1]), [])) for r in shown]
    return sorted(made, key=lambda use: (-use.shown, use.rule))


def _from(since: datetime | None) -> Any:
    return None if since is None else cards.c.at >= since


def _to(until: datetime | None) -> Any:
    return None if until is None else cards.c.at < until


def _use(rule: str, family: str, severity: str, shown: int, answers: Iterable[Any]) -> RuleUse:
    last = {(row.card, row.outcome): row for row in answers}
    accepted = {card for card, outcome in last if outcome == "accepted"}
    overridden = {card for card, outcome in last if outcome == "overridden"}
    reasons = Counter(row.reason for (_, outcome), row in last.items() if outcome == "overridden" and row.reason)
    waits = [(row.decided - row.shown).total_seconds() for row in last.values() if row.shown and row.decided]
    unanswered = shown - len(accepted | overridden)
    seconds = median(waits) if waits else None
    return RuleUse(rule, family, severity, shown, len(accepted), len(overridden), unanswered, dict(reasons), seconds)


@dataclass(frozen=True, slots=True)
class Alert:
    """A card that was shown: in which request, and its last answer (``outcome`` empty: nobody answered)."""

    card: str
    request: str
    tenant: str
    severity: str
    asked: datetime
    outcome: str
    reason: str
    answered: datetime | None


@dataclass(frozen=True, slots=True)
class Alerts:
    """Which alerts somebody looks through: those of a rule within ``[since, until)``. ``outcome`` is ``accepted``,
    ``overridden`` or ``UNANSWERED``; empty fields do not narrow."""

    rule: str
    family: str = ""
    since: datetime | None = None
    until: datetime | None = None
    outcome: str = ""


def alerts(engine: Engine, wanted: Alerts, limit: int, offset: int = 0) -> list[Alert]:
    """A page of the alerts of a rule, the newest first."""
    span = (_from(wanted.since), _to(wanted.until), cards.c.family == wanted.family if wanted.family else None)
    found = answered_cards(cards.c.rule == wanted.rule, *(one for one in span if one is not None)).subquery()
    query = select(found, requests.c.tenant).join(requests, requests.c.id == found.c.request)
    if wanted.outcome:
        query = query.where(func.coalesce(found.c.outcome, UNANSWERED) == wanted.outcome)
    newest = query.order_by(found.c.asked.desc(), found.c.card).limit(limit).offset(offset)
    with engine.connect() as connection:
        return [_alert(row) for row in connection.execute(newest)]


def _alert(row: Any) -> Alert:
    said = (row.outcome or "", row.reason or "", row.answered)
    return Alert(row.card, row.request, row.tenant, row.severity, row.asked, *said)


def answered_cards(*which: ColumnElement[bool]) -> Select[Any]:
    """Cards that are so (of ``cards`` and ``requests``), each with when it was asked for and its last answer."""
    concerned = select(cards.c.card).join(requests, requests.c.id == cards.c.request).where(*which)
    last = select(func.max(feedback.c.number)).where(feedback.c.card.in_(concerned)).group_by(feedback.c.card)
    told = select(feedback).where(feedback.c.number.in_(last)).subquery()
    return (
        select(cards, requests.c.at.label("asked"), told.c.outcome, told.c.reason, told.c.comment)
        .add_columns(told.c.at.label("answered"))
        .join(requests, requests.c.id == cards.c.request)
        .outerjoin(told, told.c.card == cards.c.card)
        .where(*which)
        .order_by(cards.c.card)
    )


def reviewed_as(engine: Engine, request: str) -> list[str]:
    """Prescriptions under review in which what a request was alerted to came up again: the same cause, of the same
    patient in the same institution, within a day."""
    shown, again = cards.alias("shown"), cards.alias("again")
    asked = requests.alias("asked")
    same = (again.c.patient == shown.c.patient, again.c.cause == shown.c.cause, again.c.request != shown.c.request)
    with engine.connect() as connection:
        at = connection.execute(select(requests.c.at).where(requests.c.id == request)).scalar()
        if at is None:
            return []
        query = (
            select(cases.c.id)
            .join(again, again.c.request == cases.c.id)
            .join(shown, same[0] & same[1] & same[2])
            .join(asked, (asked.c.id == shown.c.request) & (asked.c.tenant == cases.c.tenant))
            .where(shown.c.request == request, shown.c.patient != "")
            .where(cases.c.submitted >= at - _NEAR, cases.c.submitted <= at + _NEAR)
            .distinct()
        )
        return sorted(connection.execute(query).scalars())
