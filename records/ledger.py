"""The account of every rule: how often its cards were shown, taken, overridden and why, and how long that took.
It tells which rules are ignored, which is where tuning begins."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from statistics import median
from typing import Any

from sqlalchemy import Engine, func, select

from records.journal import cards, feedback, requests


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
    def override_share(self) -> float | None:
        """Overridden among those answered; None when nobody answered."""
        answered = self.accepted + self.overridden
        return self.overridden / answered if answered else None


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
