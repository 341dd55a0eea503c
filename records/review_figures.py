"""What managers ask of pre-dispensing review: flagged, changed, stopped in vain, and how long it took."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Engine, select

from records.review_moves import State
from records.reviews import cases, events, flags

_CHANGED = (State.SUPERSEDED.value, State.WITHDRAWN.value)


@dataclass(frozen=True, slots=True)
class RuleFigures:
    """One rule: prescriptions flagged and stopped by it, and what pharmacists said of it."""

    rule: str
    family: str
    flagged: int
    stopped: int
    right: int
    false: int

    @property
    def false_share(self) -> float | None:
        """Share of false alarms among those judged; None when none was."""
        judged = self.right + self.false
        return self.false / judged if judged else None


@dataclass(frozen=True, slots=True)
class Figures:
    """Counts over submitted prescriptions. ``changed`` counts flagged ones that were superseded or
    withdrawn (处方修改), ``intervened`` those a pharmacist returned and ``successes`` those of them that the
    prescriber then changed; waiting is from entry to the pharmacist's decision, in seconds."""

    submitted: int
    flagged: int
    stopped: int
    changed: int
    intervened: int
    successes: int
    by_state: dict[str, int]
    waiting_p50: float | None
    waiting_p90: float | None
    waiting_longest: float | None
    rules: tuple[RuleFigures, ...]


def figures(engine: Engine, since: datetime, until: datetime, institutions: Sequence[str] = ()) -> Figures:
    """Figures of prescriptions submitted in ``[since, until)``, of some institutions or all."""
    where = [cases.c.submitted >= since, cases.c.submitted < until]
    if institutions:
        where.append(cases.c.institution.in_(institutions))
    with engine.connect() as connection:
        found = connection.execute(select(cases.c.id, cases.c.state, cases.c.submitted).where(*where)).all()
        inside = select(cases.c.id).where(*where).scalar_subquery()
        told = connection.execute(select(flags).where(flags.c.review.in_(inside))).all()
        moves = connection.execute(
            select(events.c.review, events.c.action, events.c.at)
            .where(events.c.review.in_(inside), events.c.action.in_(("approve", "return")))
            .order_by(events.c.number)
        ).all()
    return _counted(found, told, moves)


def _counted(found: Sequence[Any], told: Sequence[Any], moves: Sequence[Any]) -> Figures:
    states = {row.id: row.state for row in found}
    flagged = {row.review for row in told}
    returned = {row.review for row in moves if row.action == "return"}
    first: dict[str, datetime] = {}
    for row in moves:
        first.setdefault(row.review, row.at)
    waits = sorted((first[row.id] - row.submitted).total_seconds() for row in found if row.id in first)
    return Figures(
        submitted=len(found),
        flagged=len(flagged),
        stopped=len({row.review for row in told if row.stopped}),
        changed=sum(states[review] in _CHANGED for review in flagged),
        intervened=len(returned),
        successes=sum(states[review] in _CHANGED for review in returned),
        by_state=dict(Counter(states.values())),
        waiting_p50=_share(waits, 0.5),
        waiting_p90=_share(waits, 0.9),
        waiting_longest=waits[-1] if waits else None,
        rules=tuple(_rules(told)),
    )


def _rules(told: Sequence[Any]) -> list[RuleFigures]:
    """By rule, the most false alarms first."""
    by_rule: dict[tuple[str, str], list[Any]] = {}
    for row in told:
        by_rule.setdefault((row.rule, row.family), []).append(row)
    made = [
        RuleFigures(
            rule,
            family,
            len({row.review for row in rows}),
            len({row.review for row in rows if row.stopped}),
            sum(row.verdict == "true" for row in rows),
            sum(row.verdict == "false" for row in rows),
        )
        for (rule, family), rows in by_rule.items()
    ]
    return sorted(made, key=lambda r: (-r.false, -r.stopped, -r.flagged, r.rule))


def _share(ordered: list[float], share: float) -> float | None:
    return ordered[min(int(len(ordered) * share), len(ordered) - 1)] if ordered else None
