"""What befell a patient, as FHIR resources of the visit tell it: who is critically ill, rescues, moves to another
department, handing over, consultations, procedures, transfusions, chemotherapy, radiotherapy.

A resource tells that something was, none that nothing was: what no resource speaks of stays unknown.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Final, NamedTuple

from clinical.medical_record import Event, EventKind
from supervision.record_qc.resource_parts import Json, codes_of, concepts_in, local_of, moment_of, words_of

TRANSFER: Final = "transfer"
"""The type of an Encounter that is a move to another department, part of the stay."""
_GRAVE: Final = {"危": EventKind.CRITICAL, "重": EventKind.SERIOUS}
_FLAG: Final = re.compile(r"病(?P<how>[危重])")
_GRAVE_ORDER: Final = re.compile(
    r"\s*(?P<stop>停止?|撤销?|解除|取消)?(?:[告报下]|下达)?病(?P<how>[危重])(?:通知书?|护理|医嘱)?\s*"
)
_HANDOVER: Final = re.compile(r"交接?班|handover", re.IGNORECASE)
_CONSULTATION: Final = re.compile(r"会诊|consultation", re.IGNORECASE)
_URGENT: Final = frozenset({"urgent", "asap", "stat"})
_TAKEN_BACK: Final = timedelta(hours=2)
_DONE: Final = (
    (EventKind.RESCUE, r"抢救|rescue|resuscitation", r"抢救(?!性)|心肺复苏|胸外(?:心脏)?按压", ("99.60", "99.63")),
    (EventKind.TRANSFUSION, r"输血|transfusion", r"输血", ("99.0",)),
    (EventKind.CHEMOTHERAPY, r"化疗|化学治疗|chemotherapy", None, ("99.25",)),
    (EventKind.RADIOTHERAPY, r"放疗|放射治疗|radiotherapy", None, ("92.2",)),
    (EventKind.INVASIVE, r"有创|invasive", None, ()),
)
"""Procedures that are events and no operations: by category, by name (not always told by it: 化疗栓塞术 is
an operation), or by the code in ICD-9-CM-3."""
_NO_OPERATION: Final = re.compile(r"(?:诊断|治疗)性操作|diagnostic|therapeutic|103693007|277132007")
"""Categories of what needs the papers of neither."""


class Past(NamedTuple):
    """An Encounter as it was sent at a time."""

    sent: datetime
    encounter: Json


def events_of(encounter: Json, of: Mapping[str, Sequence[Json]], past: Sequence[Past] = ()) -> tuple[Event, ...]:
    """The events of a visit: its Encounter, resources of the visit by type, earlier versions of the Encounter."""
    ends = moment_of((encounter.get("period") or {}).get("end"))
    orders = of.get("ServiceRequest", ())
    return (
        *(tuple(_flagged(of.get("Flag", ()))) or tuple(_ordered(orders, ends is not None))),
        *_moves(encounter, of.get("Encounter", ()), past),
        *filter(None, map(_handed_over, of.get("Communication", ()))),
        *(_asked(one) for one in orders if _speaks(one, _CONSULTATION, "category", "code")),
        *filter(None, map(_done, of.get("Procedure", ()))),
    )


def is_operation(procedure: Json) -> bool:
    """Whether a Procedure is none of what is an event, and no procedure of another sort."""
    return _sort_of(procedure) is None and not _speaks(procedure, _NO_OPERATION, "category")


# -- critically ill --------------------------------------------------------------------------


def _flagged(flags: Iterable[Json]) -> Iterator[Event]:
    """Flags 病危 and 病重, from the beginning of their period to its end."""
    for one in flags:
        match = _FLAG.search(words_of(one.get("code")))
        if match is not None:
            period = one.get("period") or {}
            at, end = moment_of(period.get("start")), moment_of(period.get("end"))
            over = one.get("status") == "inactive"
            yield Event(id=str(one["id"]), kind=_GRAVE[match["how"]], at=at, end=end or (at if over else None))


def _ordered(orders: Iterable[Json], over: bool) -> Iterator[Event]:
    """Orders 病危 and 病重, until they are stopped or the other is ordered. Of a stay that is over one that nobody
    stopped tells its beginning alone."""
    told = [(at, match, one) for one in orders if (match := _grave(one)) and (at := moment_of(one.get("authoredOn")))]
    told.sort(key=lambda each: each[0])
    for number, (at, match, one) in enumerate(told):
        if match["stop"]:
            continue
        later = (
            time for time, other, _ in told[number + 1 :] if other["stop"] is None or other["how"] == match["how"]
        )
        own = moment_of((one.get("occurrencePeriod") or {}).get("end"))
        end = own or next(later, at if over else None)
        yield Event(id=str(one["id"]), kind=_GRAVE[match["how"]], at=at, end=end)


def _grave(order: Json) -> re.Match[str] | None:
    return _GRAVE_ORDER.fullmatch(words_of(order.get("code")))


# -- another department, another doctor ------------------------------------------------------


def _moves(encounter: Json, parts: Iterable[Json], past: Sequence[Past]) -> Iterator[Event]:
    """Moves to another department: as Encounters of their own, else by the wards of the stay and their times, else by
    what was sent (ADT A02) when."""
    own = [one for one in parts if is_transfer(one) and local_of(one.get("partOf")) == str(encounter["id"])]
    yield from map(_transferred, own)
    if not own:
        yield from tuple(_through_wards(encounter)) or _sent(encounter, past)


def is_transfer(encounter: Json) -> bool:
    """Whether an Encounter is a move to another department and no visit of its own."""
    return any(TRANSFER in codes_of(concept) for concept in concepts_in(encounter, "type"))


def _transferred(encounter: Json) -> Event:
    at = moment_of((encounter.get("period") or {}).get("start"))
    return _move(str(encounter["id"]), at, words_of(encounter.get("serviceType")))


def _through_wards(encounter: Json) -> Iterator[Event]:
    """Wards one after another, each with its period."""
    told = [
        (at, str((one.get("location") or {}).get("display") or ""))
        for one in encounter.get("location") or ()
        if (at := moment_of((one.get("period") or {}).get("start"))) and _is_ward(one)
    ]
    for (_, before), (at, after) in pairwise(sorted(told)):
        if before and after and before != after:
            yield _move(f"{encounter['id']}.{at:%Y%m%d%H%M}", at, after)


def _is_ward(place: Json) -> bool:
    return "wa" in codes_of(place.get("physicalType"))


def _sent(encounter: Json, past: Sequence[Past]) -> Iterator[Event]:
    """Messages that name another service than the one before, and the place where the patient lay before. Who is back
    so soon was never moved (ADT A12)."""
    moves: list[tuple[datetime, str, str]] = []
    for before, after in pairwise(past):
        left, reached = words_of(before.encounter.get("serviceType")), words_of(after.encounter.get("serviceType"))
        lay = any(place.get("status") == "completed" for place in after.encounter.get("location") or ())
        if not left or not reached or left == reached:
            continue
        if moves and moves[-1][1] == reached and after.sent - moves[-1][0] <= _TAKEN_BACK:
            moves.pop()
        elif lay:
            moves.append((after.sent, left, reached))
    for at, _, department in moves:
        yield _move(f"{encounter['id']}.{at:%Y%m%d%H%M}", at, department)


def _move(id_: str, at: datetime | None, department: str) -> Event:
    return Event(id=id_, kind=EventKind.TRANSFER, at=at, department=department)


def _handed_over(one: Json) -> Event | None:
    if not _speaks(one, _HANDOVER, "category", "topic", "reasonCode"):
        return None
    return Event(id=str(one["id"]), kind=EventKind.HANDOVER, at=moment_of(one.get("sent") or one.get("received")))


# -- asked and done --------------------------------------------------------------------------


def _asked(order: Json) -> Event:
    return Event(
        id=str(order["id"]),
        kind=EventKind.CONSULTATION,
        at=moment_of(order.get("authoredOn")),
        text=words_of(order.get("code")),
        department=words_of(order.get("performerType")),
        urgent=order.get("priority") in _URGENT if order.get("priority") else None,
    )


def _done(procedure: Json) -> Event | None:
    kind = _sort_of(procedure)
    if kind is None:
        return None
    period = procedure.get("performedPeriod") or {}
    at = moment_of(procedure.get("performedDateTime") or period.get("start"))
    text = words_of(procedure.get("code"))
    return Event(id=str(procedure["id"]), kind=kind, at=at, end=moment_of(period.get("end")), text=text)


def _sort_of(procedure: Json) -> EventKind | None:
    name, codes = words_of(procedure.get("code")), tuple(codes_of(procedure.get("code")))
    for kind, category, named, prefixes in _DONE:
        told = any(code.startswith(prefixes) for code in codes) or bool(named and re.search(named, name))
        if told or _speaks(procedure, re.compile(category, re.IGNORECASE), "category"):
            return kind
    return None


def _speaks(resource: Json, words: re.Pattern[str], *members: str) -> bool:
    """Whether a concept of some members says such words, or has such a code."""
    return any(
        words.search(text)
        for concept in concepts_in(resource, *members)
        for text in (words_of(concept), *codes_of(concept))
    )
