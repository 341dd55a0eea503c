"""How a patient fits the clinical pathways of the release: whether they enter, how far each step is, what deviates.

A release holds the steps of a pathway, each with its time from admission; that somebody enters is decided by what all
of them rest on: an inpatient with a known day of admission, and an active diagnosis of this stay.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from clinical.finding import Reference
from clinical.logic import Unknown
from clinical.patient import ClinicalStatus, Condition, Visit
from knowledge.model import Predicate, Statement
from rules.model import Case
from rules.pathways import (
    acts,
    deadline,
    is_done,
    is_due,
    is_excepted,
    is_excused,
    missing_input,
    present,
    steps,
    uses_of,
)


class Entry(StrEnum):
    """Whether a patient enters a pathway."""

    MET = "met"
    UNMET = "unmet"
    UNKNOWN = "unknown"


class State(StrEnum):
    """How far a step is. ``BROKEN``: a drug is given that the path advises against; ``KEPT``: none is."""

    DONE = "done"
    OPEN = "open"
    OVERDUE = "overdue"
    EXCUSED = "excused"
    UNKNOWN = "unknown"
    KEPT = "kept"
    BROKEN = "broken"


DEVIATIONS: Final = (State.OVERDUE, State.BROKEN)


@dataclass(frozen=True, slots=True)
class Step:
    """One step with its state. ``until``: when its time is over; ``needed``: the list that nobody sent."""

    statement: Statement
    state: State
    until: datetime | None
    references: tuple[Reference, ...]
    needed: str = ""


@dataclass(frozen=True, slots=True)
class Fit:
    """One diagnosis against its pathway; ``reasons`` say why it is not entered, or cannot be said to be. Steps stand
    in the order of their times."""

    condition: Condition
    disease: str
    entry: Entry
    reasons: tuple[str, ...]
    steps: tuple[Step, ...]

    @property
    def next(self) -> Step | None:
        """The step to be done next."""
        return next((step for step in self.steps if step.state in (State.OVERDUE, State.OPEN)), None)


def fits(case: Case) -> Iterator[Fit]:
    """Every active diagnosis that the release has a pathway for."""
    entered = {id(condition): rows for condition, rows in steps(case)}
    here = {id(condition) for condition in present(case)}
    for condition in _active(case):
        known = [s for c in condition.what.concepts for s in case.statements(Predicate.PATHWAY_STEP, c)]
        if known:
            rows = entered.get(id(condition), [])
            entry, reasons = _entry(case, id(condition) in here, bool(rows))
            made = _steps(case, rows) if entry is not Entry.UNMET else ()
            yield Fit(condition, known[0].subject, entry, reasons, made)


def _active(case: Case) -> Iterator[Condition]:
    conditions = case.patient.conditions
    for condition in () if isinstance(conditions, Unknown) else conditions:
        if condition.status is ClinicalStatus.ACTIVE:
            yield condition


def _entry(case: Case, of_this_stay: bool, concerned: bool) -> tuple[Entry, tuple[str, ...]]:
    visit, admitted = case.patient.visit, case.patient.admitted
    unmet = [
        *(["不是住院患者"] if not isinstance(visit, Unknown) and visit is not Visit.INPATIENT else []),
        *([] if of_this_stay else ["诊断早于本次入院一周以上，按既往病史处理"]),
        *(
            ["路径要点只适用于主要诊断或其他年龄的患者，或已列在靠前的诊断下"]
            if of_this_stay and not concerned
            else []
        ),
    ]
    if unmet:
        return Entry.UNMET, tuple(unmet)
    unknown = [
        *(["未提供就诊类别，不知是否住院"] if isinstance(visit, Unknown) else []),
        *(["未提供入院日期，不能核对时限"] if isinstance(admitted, Unknown) else []),
    ]
    return (Entry.UNKNOWN, tuple(unknown)) if unknown else (Entry.MET, ())


def _steps(case: Case, rows: list[Statement]) -> tuple[Step, ...]:
    timed = sorted(rows, key=lambda s: s.qualifiers.get("hours") or float("inf"))
    return tuple(_step(case, s) for s in timed)


def _step(case: Case, s: Statement) -> Step:
    state = _avoided(case, s) if s.qualifiers["step"] == "avoid" else _wanted(case, s)
    needed = missing_input(case, s) if state is State.UNKNOWN else ""
    return Step(s, state, deadline(case, s), case.references(s), needed)


def _avoided(case: Case, s: Statement) -> State:
    if missing_input(case, s):
        return State.UNKNOWN
    given = any(map(acts, uses_of(case, s))) and not is_excepted(case, s)
    return State.BROKEN if given else State.KEPT


def _wanted(case: Case, s: Statement) -> State:
    if is_excused(case, s):
        return State.EXCUSED
    if is_done(case, s):
        return State.DONE
    if missing_input(case, s):
        return State.UNKNOWN
    return State.OVERDUE if is_due(case, s) else State.OPEN
