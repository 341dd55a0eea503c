"""Cases to train a risk model on, from the repository: stays in hospital with what was known at the time of the
prediction and what happened after it."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any, Final

import msgspec
import orjson
from sqlalchemy import Connection, Engine

from api.regional import merged, read_list
from base.keyring import KeyRing
from base.tenancy import system
from clinical.coded import CHINA, zoned
from clinical.logic import Unknown
from clinical.medical_record import EventKind
from clinical.patient import Condition, PatientContext
from clinical.quantity import Quantity
from clinical.units import is_known
from clinical.value import replace
from inference.kidney_course import creatinine_course
from inference.learned import AGE, FEMALE, LAB, WINDOW_DAYS, Feature, read
from inference.learning import Case, TrainingError
from inference.risk_outcomes import SEPSIS, VTE, Illness, Told, came_after, is_sure
from inference.score_form import concepts_named
from knowledge.model import ConceptKind
from knowledge.snapshot import Snapshot
from records.context import History, Part
from records.identity_store import by_ids
from records.store import Kept, Repository
from records.terminology import Terminology
from supervision.record_qc.happenings import Past, events_of, is_transfer
from supervision.record_qc.resource_parts import codes_of, local_of, moment_of, words_of

_INPATIENT: Final = frozenset({"IMP", "ACUTE", "NONAC"})
_DIED: Final = frozenset({"exp", "死亡", "Expired"})
"""Dispositions at discharge: FHIR's code, and 离院方式 in words."""
_DAY: Final = timedelta(days=1)
_AGAIN: Final = timedelta(days=30)
_AFTER: Final = timedelta(days=7)
_INJURED: Final = 1.5
"""Times the baseline (KDIGO 2012)."""
_PAGE: Final = 500
_OFTEN: Final = 0.2
"""A test is a feature when so many of the cases have it."""
_KINDS: Final = ("Observation",)
_ALL: Final = 20_000
_IN_DOUBT: Final = frozenset({"unconfirmed", "provisional", "differential"})
_ROOMS: Final = frozenset({"ro", "bd"})
_INTENSIVE: Final = re.compile(
    r"ICU(?![A-Z])|(?<![A-Z])CCU(?![A-Z])|重症(?:医学|监护|病[房区]|[一二三四五]?[科区])|(?<!胎心)(?<!胎儿)监护(?:病[房区]|室|单元|中心)",
    re.IGNORECASE,
)
"""What a department of intensive care is called."""


@dataclass(frozen=True, slots=True)
class Stay:
    """A stay in hospital that is over."""

    record: int
    tenant: str
    local: str
    start: datetime
    end: datetime
    died: bool


@dataclass(frozen=True, slots=True)
class Outcome:
    """What is predicted: when in a stay, and whether it happened (None: the stay tells nothing of it)."""

    title: str
    text: str
    when: Callable[[Stay], datetime]
    happened: Callable[[_Reader, Stay, list[Stay]], bool | None]


class _Reader:
    """Patients of records as they were known at a time."""

    def __init__(self, engine: Engine, ring: KeyRing, terminology: Terminology) -> None:
        self._engine, self._ring, self._terminology = engine, ring, terminology
        self._repository = Repository(engine, ring)
        self.snapshot: Snapshot = terminology.snapshot

    def stays(self) -> list[Stay]:
        """Every stay that is over, in order of its start."""
        found: list[Stay] = []
        after: tuple[str, str] | None = None
        with self._engine.connect() as connection:
            while True:
                page = self._repository.search(connection, "Encounter", after=after, limit=_PAGE)
                for kept in page:
                    stay = (
                        None if kept.record is None else _stay(kept.record, kept.tenant, orjson.loads(kept.resource))
                    )
                    found += [] if stay is None else [stay]
                if len(page) < _PAGE:
                    return sorted(found, key=lambda stay: stay.start)
                after = (page[-1].tenant, page[-1].local_id)

    def patient(self, stay: Stay, since: datetime, until: datetime) -> PatientContext:
        """The patient with the results of a time, seen from its end."""
        with self._engine.connect() as connection:
            (person,) = by_ids(connection, self._ring, [stay.record])
            kept = self._repository.of_records(connection, [stay.record], _KINDS, since, until)
        who = person.given
        parts = (Part(stay.tenant, "", True, False, tuple(msgspec.Raw(k.resource) for k in kept)),)
        base = PatientContext(person.local_id, until, sex=who.sex, birth_date=who.birth_date())
        resolved, _, _ = self._terminology.resolve(merged(base, History(parts))[0], ())
        return resolved

    def diagnosed(self, stay: Stay, illness: Illness) -> list[Told]:
        """Diagnoses of an illness in the record, whenever made."""
        with self._engine.connect() as connection:
            found = self._repository.of_records(connection, [stay.record], ("Condition",), limit=_ALL)
            told = (self._told(connection, kept, stay, illness) for kept in found)
            return [one for one in told if one is not None]

    def _told(self, connection: Connection, kept: Kept, stay: Stay, illness: Illness) -> Told | None:
        """What a Condition says of an illness. Every version of it is read: what is told again with a later date was
        known at the earlier one."""
        resource, condition = orjson.loads(kept.resource), self._read(kept.resource, stay)
        # A thing of the past (既往) is inactive; what was treated in the stay is resolved.
        if condition is None or "inactive" in codes_of(resource.get("clinicalStatus")):
            return None
        sure = is_sure(illness, condition.what, self._terminology.disease, self.snapshot)
        if sure is None:
            return None
        versions = self._repository.history(connection, kept.tenant, kept.kind, kept.local_id)
        read = (self._read(one.resource, stay) for one in versions if one.resource)
        since = (_since(one) for one in read if one is not None)
        in_doubt = not _IN_DOUBT.isdisjoint(codes_of(resource.get("verificationStatus")))
        return Told(
            min(filter(None, since), default=None), sure and not in_doubt, local_of(resource.get("encounter"))
        )

    @staticmethod
    def _read(resource: bytes, stay: Stay) -> Condition | None:
        """A Condition; None for one that was refuted, or cannot be read."""
        return next(iter(read_list("conditions", [msgspec.Raw(resource)], stay.end)), None)

    def places(self, stay: Stay) -> list[tuple[datetime, str]]:
        """The departments of a stay in order, each with when it was entered, as far as the records tell: by
        Encounters of type ``transfer``, by periods of its places, or by what was sent when (ADT A02)."""
        with self._engine.connect() as connection:
            kept = self._repository.of_records(connection, [stay.record], ("Encounter",), limit=_ALL)
            versions = self._repository.history(connection, stay.tenant, "Encounter", stay.local)
        others = [orjson.loads(one.resource) for one in kept if one.tenant == stay.tenant]
        past = [Past(one.sent, orjson.loads(one.resource)) for one in versions if one.resource]
        now = past[-1].encounter
        events = events_of(now, {"Encounter": others}, past)
        moves = [(one.at, one.department) for one in events if one.kind is EventKind.TRANSFER]
        entered = sorted({(at, name) for at, name in (*moves, *_wards(now)) if at is not None and name})
        # Sent once, after the stay, its department may be the one it ended in.
        first = words_of(past[0].encounter.get("serviceType"))
        known = first if first not in [name for _, name in entered] else ""
        return [(stay.start, known), *entered]


def _stay(record: int, tenant: str, encounter: Mapping[str, Any]) -> Stay | None:
    """A stay of an Encounter; None for what is no stay in hospital, or is not over."""
    period, kind = encounter.get("period") or {}, encounter.get("class") or {}
    if kind.get("code") not in _INPATIENT or not period.get("start") or not period.get("end"):
        return None
    if is_transfer(encounter):  # a part of a stay
        return None
    start, end = (_moment(period[name]) for name in ("start", "end"))
    left = (encounter.get("hospitalization") or {}).get("dischargeDisposition") or {}
    words = {left.get("text"), *(c.get(key) for c in left.get("coding") or () for key in ("code", "display"))}
    local = str(encounter["id"])
    return Stay(record, tenant, local, start, end, not _DIED.isdisjoint(words)) if start < end else None


def _since(condition: Condition) -> datetime | None:
    """When it began or was recorded, whichever is said to be earlier; a day alone begins at midnight."""
    recorded = condition.origin.time
    onset = None if condition.onset is None else datetime.combine(condition.onset, time(), CHINA)
    return min(filter(None, (onset, None if recorded is None else zoned(recorded))), default=None)


def _wards(encounter: Mapping[str, Any]) -> Iterator[tuple[datetime | None, str]]:
    """When which place was entered; a room or a bed is a part of one."""
    for one in encounter.get("location") or ():
        if _ROOMS.isdisjoint(codes_of(one.get("physicalType"))):
            at = moment_of((one.get("period") or {}).get("start"))
            yield at, str((one.get("location") or {}).get("display") or "")


def _moment(text: str) -> datetime:
    return zoned(datetime.fromisoformat(text))


# -- what happened ---------------------------------------------------------------------------


def _died(reader: _Reader, stay: Stay, all_stays: list[Stay]) -> bool | None:
    return stay.died if stay.end > stay.start + _DAY else None


def _came_again(reader: _Reader, stay: Stay, all_stays: list[Stay]) -> bool | None:
    """Another stay of the same record within 30 days; None for who died, or where 30 days are not over yet."""
    if stay.died or all_stays[-1].start < stay.end + _AGAIN:
        return None
    later = all_stays[bisect_left(all_stays, stay.end, key=lambda s: s.start) :]
    return any(s.record == stay.record and s.start <= stay.end + _AGAIN for s in later)


def _kidneys_failed(reader: _Reader, stay: Stay, all_stays: list[Stay]) -> bool | None:
    """Creatinine rose as KDIGO defines injury within a week of the prediction; None where it had before, or was never
    measured after."""
    begin, until = stay.start + _DAY, min(stay.end, stay.start + _DAY + _AFTER)
    whole = reader.patient(stay, begin - _AFTER, until)
    later = [time for time in _measured_at(whole, reader.snapshot) if begin < time <= until]
    if not later or _injured(whole, begin, reader.snapshot):
        return None
    return any(_injured(whole, time, reader.snapshot) for time in later)


def _diagnosed(illness: Illness) -> Callable[[_Reader, Stay, list[Stay]], bool | None]:
    """Whether an illness was diagnosed after the first day; None where it was before, or where nobody says when."""

    def happened(reader: _Reader, stay: Stay, all_stays: list[Stay]) -> bool | None:
        at = stay.start + _DAY
        if stay.end <= at:
            return None
        return came_after(illness, reader.diagnosed(stay, illness), stay.local, stay.start, at, stay.end)

    return happened


def _got_worse(reader: _Reader, stay: Stay, all_stays: list[Stay]) -> bool | None:
    """Moved to intensive care, or dead, within a day of the prediction; None where the patient lay there already."""
    begin, until = stay.start + _DAY, stay.start + 2 * _DAY
    if stay.end <= begin:
        return None
    places = reader.places(stay)
    if _INTENSIVE.search([name for at, name in places if at <= begin][-1]):
        return None
    moved = any(begin < at <= until and _INTENSIVE.search(name) for at, name in places)
    return moved or (stay.died and stay.end <= until)


def _injured(patient: PatientContext, at: datetime, snapshot: Snapshot) -> bool:
    then = replace(patient, as_of=at)
    course = creatinine_course(then, snapshot)
    return course is not None and (bool(course.risen) or course.newest >= _INJURED * course.baseline)


def _measured_at(patient: PatientContext, snapshot: Snapshot) -> list[datetime]:
    wanted = concepts_named(snapshot, ("血肌酐",), (ConceptKind.LAB,))
    observations = () if isinstance(patient.observations, Unknown) else patient.observations
    times = (o.origin.time for o in observations if not wanted.isdisjoint(o.what.concepts))
    return [zoned(time) for time in times if time is not None]


OUTCOMES: Final[Mapping[str, Outcome]] = {
    "mortality": Outcome("住院死亡", "入院24小时后在院死亡", lambda stay: stay.start + _DAY, _died),
    "readmission": Outcome("再入院", "出院30天内再次住院", lambda stay: stay.end, _came_again),
    "aki": Outcome(
        "急性肾损伤", "入院24小时后一周内急性肾损伤(KDIGO)", lambda stay: stay.start + _DAY, _kidneys_failed
    ),
    "sepsis": Outcome("脓毒症", "入院24小时后至出院新诊断脓毒症", lambda stay: stay.start + _DAY, _diagnosed(SEPSIS)),
    "vte": Outcome(
        "静脉血栓栓塞",
        "入院24小时后至出院新诊断深静脉血栓或肺栓塞",
        lambda stay: stay.start + _DAY,
        _diagnosed(VTE),
    ),
    "deterioration": Outcome(
        "病情恶化", "入院24小时后的24小时内转入重症监护或死亡", lambda stay: stay.start + _DAY, _got_worse
    ),
}
"""What the repository knows the outcome of; anything else is trained from a table."""


# -- the cases -------------------------------------------------------------------------------


def repository_cases(
    engine: Engine,
    ring: KeyRing,
    terminology: Terminology,
    topic: str,
    features: tuple[Feature, ...] = (),
    progress: Callable[[int], None] = lambda cases: None,
) -> tuple[list[Case], list[Feature]]:
    """Cases of a topic, with the tests that are there often enough as features unless they are given. Raises
    ``TrainingError``."""
    outcome = OUTCOMES.get(topic)
    if outcome is None:
        known = ", ".join(OUTCOMES)
        raise TrainingError(f"the repository does not tell the outcome of {topic!r} (it does of {known}): give a CSV")
    reader = _Reader(engine, ring, terminology)
    with system("a risk model is trained"):
        found = list(_seen(reader, outcome, progress))
    if not found:
        raise TrainingError("the repository holds no stay in hospital that is over and tells the outcome")
    chosen = list(features) or _features([patient for _, patient, _ in found], reader.snapshot)
    cases = [
        Case(at, f"{patient.id}", tuple(read(f, patient, reader.snapshot)[0] for f in chosen), event)
        for at, patient, event in found
    ]
    return cases, chosen


def _seen(
    reader: _Reader, outcome: Outcome, progress: Callable[[int], None]
) -> Iterator[tuple[datetime, PatientContext, bool]]:
    stays = reader.stays()
    for stay in stays:
        progress(1)
        event = outcome.happened(reader, stay, stays)
        if event is not None:
            at = outcome.when(stay)
            yield at, reader.patient(stay, at - timedelta(days=WINDOW_DAYS), at), event


def _features(patients: list[PatientContext], snapshot: Snapshot) -> list[Feature]:
    """Age, sex and every test that a fifth of the patients have, in its most usual unit."""
    units: dict[str, Counter[str]] = {}
    for patient in patients:
        for name, unit in _measured(patient, snapshot):
            units.setdefault(name, Counter())[unit] += 1
    least = _OFTEN * len(patients)
    tests = [Feature(LAB, name, c.most_common(1)[0][0]) for name, c in sorted(units.items()) if c.total() >= least]
    return [Feature(AGE), Feature(FEMALE), *tests]


def _measured(patient: PatientContext, snapshot: Snapshot) -> set[tuple[str, str]]:
    """Tests with a number, each once, with the unit it was reported in."""
    observations = () if isinstance(patient.observations, Unknown) else patient.observations
    found: dict[str, str] = {}
    for one in observations:
        concept = snapshot.concept(one.what.concepts[0]) if one.what.concepts else None
        is_test = concept is not None and concept.kind is ConceptKind.LAB
        if concept is not None and is_test and isinstance(one.value, Quantity) and is_known(one.value.unit):
            found.setdefault(concept.name, one.value.unit)
    return set(found.items())
