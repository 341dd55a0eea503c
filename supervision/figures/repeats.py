"""Whether a test that was made repeated an earlier one: the question of the families ``duplicate-exam`` and
``duplicate-lab``, asked again of what the league stores.

Asked is as of when the test was ordered, by the interval that held where it was ordered. A test that nobody reported
on is not known to have been made, and of one without an interval nothing can be said. Nothing found within the
interval means "not repeated" only where the institution's own results reach back so far.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final, Protocol, TypeVar

from clinical.coded import china_day, zoned
from clinical.logic import Known, Unknown
from clinical.order import Order
from clinical.patient import Observation, PatientContext, Report
from clinical.value import replace
from knowledge.model import Predicate, Statement
from knowledge.snapshot import Snapshot
from records.terminology import Terminology
from rules.model import Case
from rules.repeats import Done, counts_here, held
from supervision.figures.collect import Row
from supervision.figures.visit_rows import TESTS
from supervision.record_qc.stored import Stored

_REQUEST: Final = "ServiceRequest/"
_MOMENT: Final = timedelta(seconds=1)
_T = TypeVar("_T", Report, Observation)
Answered = Callable[[str, str, Iterable[str], datetime], Row]
"""What was answered to alerts of some rules about a patient of an institution, nearest to a time."""


class Past(Protocol):
    """Stored orders and results as a review reads them."""

    def orders(self, tenant: str, numbers: Sequence[str]) -> tuple[Order, ...]:
        """Requests of an institution by their ids."""

    def known(self, tenant: str, patient: str, since: datetime, until: datetime) -> PatientContext:
        """A patient with the results between two times that the institution may see."""

    def reaches_back(self, tenant: str, to: datetime) -> bool:
        """Whether results of an institution are known from before a time."""


class Repeats:
    """Judges the tests of visits by a release."""

    def __init__(self, snapshot: Snapshot, terminology: Terminology, past: Past, reasons: Answered) -> None:
        self._snapshot, self._terminology, self._past, self._reasons = snapshot, terminology, past, reasons
        intervals = snapshot.saying(Predicate.REPEAT_INTERVAL, Statement)
        self._longest = timedelta(hours=max((_hours(s) for s in intervals), default=0))

    def __call__(self, stored: Stored) -> Mapping[str, Row]:
        """What is known of tests that were made, by order."""
        record = stored.record
        asked = {one.id: one.at for one in record.orders or () if one.kind in TESTS and one.id in stored.answered}
        made = {f"{_REQUEST}{number}": at for number, at in asked.items() if at is not None}
        if not made or not record.patient:
            return {}
        orders = self._past.orders(stored.tenant, [*asked])
        since, until = min(made.values()) - self._longest, max(made.values()) + _MOMENT
        known = self._past.known(stored.tenant, record.patient, since, until)
        patient, orders, _ = self._terminology.resolve(known, orders)
        found = {o.id: self._judged(stored, o, made[o.id], patient) for o in orders if o.id in made}
        return {number.removeprefix(_REQUEST): row for number, row in found.items()}

    def _judged(self, stored: Stored, order: Order, at: datetime, patient: PatientContext) -> Row:
        before = _before(patient, at, stored.answered[order.id.removeprefix(_REQUEST)])
        case = Case(before, (order,), self._snapshot, _day(at))
        found = [*held(case, order)]
        earlier = [(s, last) for s, last in found if last is not None]
        if earlier:
            return _repeat(case, earlier) | self._reasons(
                stored.tenant, stored.record.patient, {s.id for s, _ in earlier}, at
            )
        far = max((timedelta(hours=_hours(s)) for s, _ in found), default=None)
        if far is None or not self._past.reaches_back(stored.tenant, at - far):
            return {}
        return {"repeated": False, "eligible": False}


def _repeat(case: Case, earlier: Sequence[tuple[Statement, Done]]) -> Row:
    last = max(_time(done) for _, done in earlier)
    days = (_day(case.patient.as_of) - _day(last)).days
    counts = any(counts_here(case, s, done) for s, done in earlier)
    return {"repeated": True, "eligible": counts, "gap_days": days}


def _before(patient: PatientContext, at: datetime, own: frozenset[str]) -> PatientContext:
    """The patient when a test was ordered, without what was found on that very order."""
    reports, observations = _without(patient.reports, own), _without(patient.observations, own)
    return replace(patient, as_of=at, reports=reports, observations=observations)


def _without(known: Known[tuple[_T, ...]], own: frozenset[str]) -> Known[tuple[_T, ...]]:
    return known if isinstance(known, Unknown) else tuple(one for one in known if one.origin.reference not in own)


def _time(done: Done) -> datetime:
    return datetime.min.replace(tzinfo=UTC) if done.origin.time is None else zoned(done.origin.time)


def _hours(s: Statement) -> float:
    hours: Any = s.qualifiers["hours"]
    return float(hours)


def _day(at: datetime) -> date:
    return china_day(at)


__all__ = ["Answered", "Past", "Repeats"]
