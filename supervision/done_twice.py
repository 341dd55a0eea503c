"""What two institutions did twice in one patient's history, each act with the one it repeats: tests and examinations
within the interval that holds where they were made, operations within the same, drugs whose courses overlap.

Compared is what the release understands an act to be; what it does not understand, by its exact name. One act that
two systems tell of is not done twice. What is measured at the bedside, what somebody only states to take and what was
never done do not count.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from itertools import islice, takewhile
from typing import Final, NamedTuple

from clinical.coded import CHINA, Coded, china_day, zoned
from clinical.logic import Unknown
from clinical.order import Order, OrderStatus, Span
from clinical.patient import Observation, PatientContext, Procedure, Report
from inference.picture_parts import Repeated, Stored
from inference.picture_timeline import codes_of, item_of, listed, reference_of
from knowledge.model import Predicate
from knowledge.naming import normal_name
from knowledge.snapshot import Snapshot
from rules.ingredients import may_be_twice, reaches
from rules.repeats import chosen, including, same_side

WITHOUT_INTERVAL: Final = timedelta(days=30)
"""Within which an act repeats another for which the release gives no interval. A working assumption."""
_KINDS: Final = {
    "Observation": "results",
    "DiagnosticReport": "results",
    "ImagingStudy": "results",
    "MedicationRequest": "drugs",
    "MedicationDispense": "drugs",
    "Procedure": "operations",
}
_NOT_DONE: Final = frozenset(
    {"entered-in-error", "cancelled", "declined", "draft", "not-done", "preparation", "registered"}
)
_AT_THE_BEDSIDE: Final = frozenset({"vital-signs", "exam", "survey", "social-history", "activity"})
"""Categories of observations that are no tests."""
_NO_SPECIMENS: Final = ("体征", "评估")
"""What the release calls the specimen of what is measured or scored at the bedside."""
_NEVER_TAKEN: Final = (OrderStatus.DRAFT, OrderStatus.STOPPED)
"""A stopped order may never have been taken (cancelled, revoked), and until when it was nobody says."""
_Fact = Observation | Report | Procedure | Order


class _Act(NamedTuple):
    """What an institution did. ``numbers`` are those under which another system would know the same act."""

    at: datetime
    reference: str
    kind: str
    stored: Stored
    what: Coded
    numbers: frozenset[str]
    order: Order | None

    @property
    def tenant(self) -> str:
        return self.stored.tenant

    def named(self) -> Repeated:
        """What something else repeats, as it is shown there."""
        shown = item_of(self.stored)
        return Repeated(shown.title, shown.at, shown.institution, self.reference)


def done_twice(stored: Iterable[Stored], ever: PatientContext, snapshot: Snapshot) -> dict[str, Repeated]:
    """Acts that repeat one of another institution, by reference. ``ever`` holds what ``stored`` tells as nouns,
    understood by the release, the same thing from each who tells it."""
    facts = {fact.origin.reference: fact for fact in _facts(ever)}
    acts = sorted(filter(None, (_act(one, facts, ever.as_of, snapshot) for one in stored)), key=_when)
    made = (act for act in acts if act.kind != "drugs")
    return {
        act.reference: last.named() for act, last in (*_made_again(made, snapshot), *_taken_at_once(acts, snapshot))
    }


def _facts(ever: PatientContext) -> Iterator[_Fact]:
    for known in (ever.observations, ever.reports, ever.procedures, ever.medications):
        yield from () if isinstance(known, Unknown) else known


def _act(one: Stored, facts: dict[str, _Fact], now: datetime, snapshot: Snapshot) -> _Act | None:
    """A resource as an act; None for what is none, was not done, or is yet to be."""
    kind = _KINDS.get(str(one.resource.get("resourceType")))
    if kind is None or one.resource.get("status") in _NOT_DONE:
        return None
    reference = reference_of(one)
    fact = facts.get(reference)
    what = fact.what if fact is not None else Coded()
    ahead = isinstance(fact, Procedure) and fact.lies_ahead(now)
    if ahead or (kind == "results" and _is_measured(one, what, snapshot)):
        return None
    order = fact if isinstance(fact, Order) else None
    return _Act(zoned(one.at), reference, kind, one, what, _numbers(one, kind), order)


def _is_measured(one: Stored, what: Coded, snapshot: Snapshot) -> bool:
    categories = {code for told in listed(one.resource.get("category")) for code in codes_of(told)}
    known = (snapshot.concept(concept) for concept in what.concepts)
    signs = any(c is not None and c.attributes.get("specimen") in _NO_SPECIMENS for c in known)
    return signs or not _AT_THE_BEDSIDE.isdisjoint(categories)


def _numbers(one: Stored, kind: str) -> frozenset[str]:
    """Numbers that are the same wherever the act is told: in a system that has a name; of a prescription, which is
    handed out elsewhere, any."""
    known = one.resource
    told = [*listed(known.get("identifier"))]
    told += [ref.get("identifier") for ref in listed(known.get("authorizingPrescription")) if isinstance(ref, dict)]
    pairs = ((i.get("system") or "", i.get("value")) for i in told if isinstance(i, dict))
    return frozenset(f"{system}|{value}" for system, value in pairs if value and (system or kind == "drugs"))


def _when(act: _Act) -> tuple[datetime, str]:
    return act.at, act.reference


def _is_same(a: _Act, b: _Act) -> bool:
    """Whether two systems tell of one act: under one number, as of one minute (a bare day is none), or of an
    operation on one day."""
    if not a.numbers.isdisjoint(b.numbers):
        return True
    if a.kind == "operations" and china_day(a.at) == china_day(b.at):
        return True
    minute = a.at.replace(second=0, microsecond=0)
    return minute == b.at.replace(second=0, microsecond=0) and f"{minute.astimezone(CHINA):%H%M}" != "0000"


# -- tests, examinations, operations -----------------------------------------------------------


def _made_again(acts: Iterable[_Act], snapshot: Snapshot) -> Iterator[tuple[_Act, _Act]]:
    """Each act, the oldest first, with the last before it, where that is another institution's: what an institution
    does after an act of its own is its follow-up."""
    before: dict[str, dict[str, list[_Act]]] = {}
    for act in acts:
        keys = act.what.concepts or (_called(act),)
        known = [one for key in keys for one in _earlier(act, key, before, snapshot)]
        last = max(known, key=lambda one: (one.at, one.tenant != act.tenant, one.reference), default=act)
        if last.tenant != act.tenant:
            yield act, last
        for key in keys:
            before.setdefault(key, {}).setdefault(act.tenant, []).append(act)


def _called(act: _Act) -> str:
    """What is compared where the release does not understand."""
    return f"{act.kind} {normal_name(item_of(act.stored).title)}"


def _earlier(act: _Act, key: str, before: dict[str, dict[str, list[_Act]]], snapshot: Snapshot) -> Iterator[_Act]:
    """Of every institution the newest of the same, or of a panel that includes it, within the interval."""
    since = act.at - _interval(act, key, snapshot)
    panels = snapshot.remember(("panels", key), lambda: including(snapshot, key))
    for name in (key, *panels):
        for done in before.get(name, {}).values():
            recent = takewhile(lambda one: one.at > since, reversed(done))
            yield from islice((one for one in recent if _is_another(act, one)), 1)


def _is_another(act: _Act, one: _Act) -> bool:
    """Whether an act came before and is not the same, nor of the other side of the body."""
    told_again = one.at == act.at if one.tenant == act.tenant else _is_same(act, one)
    return not told_again and same_side(act.what, one.what)


def _interval(act: _Act, concept: str, snapshot: Snapshot) -> timedelta:
    """The repeat interval of an item where and when it was done."""
    rows = snapshot.in_force(Predicate.REPEAT_INTERVAL, concept, china_day(act.at).isoformat())
    held = chosen(rows, act.stored.institution)
    return WITHOUT_INTERVAL if held is None else timedelta(hours=held.qualifiers["hours"])


# -- drugs -------------------------------------------------------------------------------------


def _taken_at_once(acts: Iterable[_Act], snapshot: Snapshot) -> Iterator[tuple[_Act, _Act]]:
    """Each course with the last begun of another institution that it overlaps: both are too much."""
    courses: dict[str, list[tuple[_Act, Span]]] = {}
    for act in acts:
        span = None if act.order is None or act.order.status in _NEVER_TAKEN else act.order.span()
        if act.order is not None and span is not None:
            for key in _substances(act, act.order, snapshot):
                courses.setdefault(key, []).append((act, span))
    for same in courses.values():
        for act, mine in same:
            others = (one for one, theirs in reversed(same) if one.tenant != act.tenant and _overlap(mine, theirs))
            last = next((one for one in others if not _is_same(act, one)), None)
            if last is not None:
                yield act, last


def _substances(act: _Act, order: Order, snapshot: Snapshot) -> set[str]:
    """What a drug brings where; by its name where the release knows no ingredient."""
    known = [one.concept for one in order.ingredients]
    counted = [concept for concept in known if not may_be_twice(snapshot.lineage[concept])]
    return {f"{reaches(order)} {key}" for key in (counted if known else [_called(act)])}


def _overlap(a: Span, b: Span) -> bool:
    """Whether two courses go on at once: one that begins on the other's last day goes on from it."""
    return a[0] == b[0] or max(a[0], b[0]) < min(a[1], b[1])


__all__ = ["WITHOUT_INTERVAL", "done_twice"]
