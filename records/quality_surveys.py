"""What is looked for in all that an institution has sent: what no single message can show.

A survey names the resources that it looked at and those that fail. Surveys run on schedule or when somebody asks;
what fails no more is put right by itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from statistics import median
from typing import Any, Final

import orjson
from sqlalchemy import Connection, Engine, exists, func, insert, select, update

from base.db import inserting
from base.tenancy import system
from records.kinds import NAMES, NUMBERS
from records.quality import RESOURCES
from records.quality_figures import replace_counts, roll_up
from records.quality_forms import listed
from records.quality_rules import ANY, Rule
from records.quality_standards import Standards
from records.quality_store import settle
from records.quality_tables import day_of, days, days_before, surveyed
from records.resource_rows import heads as stored
from records.store import Kept, Repository

_PAGE: Final = 500
_LONGEST: Final = timedelta(hours=2)
"""After which a survey that did not end is taken to have stopped."""
_INPATIENT: Final = frozenset({"IMP", "ACUTE", "NONAC"})
_SUMMARY_WORDS: Final = ("出院", "离院", "死亡记录")
_SUMMARY_CODES: Final = frozenset({"EMR-SD-54", "EMR-SD-55", "HSDC01.61", "18842-5", "11490-0"})
_PERSONAL: Final = tuple(
    NUMBERS[name]
    for name in (
        *("Encounter", "Condition", "Observation", "DiagnosticReport", "MedicationRequest", "MedicationDispense"),
        *("MedicationStatement", "ServiceRequest", "Procedure", "AllergyIntolerance", "Immunization"),
        *("DocumentReference", "Composition"),
    )
)


@dataclass(slots=True)
class Surveyed:
    """How many resources of each type were looked at, and those that fail as (type, reference)."""

    checked: dict[str, int] = field(default_factory=dict)
    failing: list[tuple[str, str]] = field(default_factory=list)

    def add(self, kind: str, local: str, fails: bool) -> None:
        self.checked[kind] = self.checked.get(kind, 0) + 1
        if fails:
            self.failing.append((kind, f"{kind}/{local}"))


@dataclass(frozen=True, slots=True)
class Ground:
    """What a survey looks at: one institution's data as it stands ``now``."""

    connection: Connection
    repository: Repository
    tenant: str
    rule: Rule
    now: datetime

    def number(self, name: str) -> float:
        return float(self.rule.parameters[name])

    def ago(self, name: str) -> datetime:
        """The moment so many days ago."""
        return (self.now - timedelta(days=self.number(name))).astimezone(UTC)

    def kinds(self) -> tuple[int, ...]:
        """Numbers of the rule's types; of all that are about a patient when it is about any."""
        return _PERSONAL if ANY in self.rule.types else tuple(NUMBERS[name] for name in self.rule.types)

    def heads(self, *columns: Any, kinds: Sequence[int], since: datetime) -> Iterator[Any]:
        """Rows of the institution's resources that were true since then."""
        here = (stored.c.tenant == self.tenant, stored.c.kind.in_(kinds), stored.c.deleted.is_(False))
        query = select(*columns).where(*here, stored.c.at >= since)
        yield from self.connection.execute(query)

    def resources(self, kind: str, since: datetime, until: datetime, status: str = "") -> Iterator[tuple[Kept, Any]]:
        """Resources of a type with their content."""
        after: tuple[str, str] | None = None
        while True:
            page = self.repository.search(
                self.connection,
                kind,
                tenant=self.tenant,
                status=status,
                since=since,
                until=until,
                after=after,
                limit=_PAGE,
            )
            for kept in page:
                yield kept, orjson.loads(kept.resource)
            if len(page) < _PAGE:
                return
            after = (page[-1].tenant, page[-1].local_id)


def _unknown_subject(ground: Ground) -> Surveyed:
    """Resources about a patient whom the institution never registered."""
    found = Surveyed()
    columns = (stored.c.kind, stored.c.local, stored.c.record)
    for row in ground.heads(*columns, kinds=ground.kinds(), since=ground.ago("days")):
        found.add(NAMES[row.kind], row.local, row.record is None)
    return found


def _unknown_encounter(ground: Ground) -> Surveyed:
    """Resources that belong to a visit that was never sent."""
    visits = stored.alias("visit")
    there = exists().where(
        visits.c.tenant == stored.c.tenant,
        visits.c.kind == NUMBERS["Encounter"],
        visits.c.local == stored.c.encounter,
        visits.c.deleted.is_(False),
    )
    found = Surveyed()
    columns = (stored.c.kind, stored.c.local, stored.c.encounter, there.label("there"))
    for row in ground.heads(*columns, kinds=ground.kinds(), since=ground.ago("days")):
        if row.encounter:
            found.add(NAMES[row.kind], row.local, not row.there)
    return found


def _late(ground: Ground) -> Surveyed:
    """First versions that came long after what they tell of was done."""
    allowed = timedelta(hours=ground.number("hours"))
    found = Surveyed()
    columns = (stored.c.kind, stored.c.local, stored.c.at, stored.c.sent, stored.c.version)
    for row in ground.heads(*columns, kinds=ground.kinds(), since=ground.ago("days")):
        if row.version == 1:
            found.add(NAMES[row.kind], row.local, row.sent - row.at > allowed)
    return found


def _belonging(ground: Ground, *names: str) -> set[str]:
    """Visits that have a resource of one of the types."""
    kinds = [NUMBERS[name] for name in names]
    here = (stored.c.tenant == ground.tenant, stored.c.kind.in_(kinds), stored.c.deleted.is_(False))
    query = select(stored.c.encounter).where(*here, stored.c.encounter != "").distinct()
    return set(ground.connection.execute(query).scalars())


def _undiagnosed(ground: Ground) -> Surveyed:
    """Visits that ended some days ago without any diagnosis."""
    diagnosed, found = _belonging(ground, "Condition"), Surveyed()
    for kept, visit in ground.resources("Encounter", ground.ago("days"), ground.ago("after_days"), "finished"):
        named = bool(visit.get("diagnosis") or visit.get("reasonCode"))
        found.add("Encounter", kept.local_id, not named and kept.local_id not in diagnosed)
    return found


def _unsummed(ground: Ground) -> Surveyed:
    """Stays that ended some days ago without a discharge summary."""
    since, until, found = ground.ago("days"), ground.ago("after_days"), Surveyed()
    summed = {
        visit
        for kind in ("DocumentReference", "Composition")
        for _, document in ground.resources(kind, since, ground.now + timedelta(days=1))
        if _is_summary(document)
        for visit in _visits_of(document)
    }
    for kept, visit in ground.resources("Encounter", since, until, "finished"):
        if _class(visit) in _INPATIENT:
            found.add("Encounter", kept.local_id, kept.local_id not in summed)
    return found


def _is_summary(document: Mapping[str, Any]) -> bool:
    kind = document.get("type") or {}
    codes = {coding.get("code") for coding in kind.get("coding") or ()}
    texts = [kind.get("text") or "", document.get("title") or "", document.get("description") or ""]
    texts += [coding.get("display") or "" for coding in kind.get("coding") or ()]
    return bool(codes & _SUMMARY_CODES) or any(word in text for word in _SUMMARY_WORDS for text in texts)


def _visits_of(document: Mapping[str, Any]) -> Iterator[str]:
    for holder in (document, document.get("context") or {}):
        for one in listed(holder.get("encounter")):
            yield str(one.get("reference", "")).rpartition("/")[2]


def _class(visit: Mapping[str, Any]) -> str:
    return str((visit.get("class") or {}).get("code", ""))


def _unanswered(ground: Ground) -> Surveyed:
    """Requests still active some days later, to which no result refers."""
    since, found = ground.ago("days"), Surveyed()
    answered = {
        reference.get("reference")
        for kind in ("DiagnosticReport", "Observation", "Procedure")
        for _, result in ground.resources(kind, since, ground.now + timedelta(days=1))
        for reference in result.get("basedOn") or ()
    }
    for kept, _ in ground.resources("ServiceRequest", since, ground.ago("after_days"), "active"):
        found.add("ServiceRequest", kept.local_id, f"ServiceRequest/{kept.local_id}" not in answered)
    return found


def _not_closed(ground: Ground) -> Surveyed:
    """Stays that are said to go on although they began long ago."""
    found, long_ago = Surveyed(), ground.ago("days")
    for kept, visit in ground.resources("Encounter", datetime(1900, 1, 1, tzinfo=UTC), ground.now, "in-progress"):
        if _class(visit) in _INPATIENT:
            found.add("Encounter", kept.local_id, kept.at < long_ago)
    return found


def _duplicate(ground: Ground) -> Surveyed:
    """Resources that say the same of the same patient at the same time under another id; the first is right."""
    since, found = ground.ago("days"), Surveyed()
    for kind in ground.kinds():
        alike = _alike(ground, kind, since)
        for row in ground.heads(stored.c.local, kinds=(kind,), since=since):
            found.add(NAMES[kind], row.local, row.local in alike)
    return found


def _alike(ground: Ground, kind: int, since: datetime) -> set[str]:
    """Ids of resources that repeat another: candidates by patient, time and code, then by their whole content."""
    key = (stored.c.record, stored.c.at, stored.c.code)
    here = (stored.c.tenant == ground.tenant, stored.c.kind == kind, stored.c.deleted.is_(False))
    groups = (
        select(*key)
        .where(*here, stored.c.at >= since, stored.c.record.is_not(None))
        .group_by(*key)
        .having(func.count() > 1)
        .subquery()
    )
    same = (stored.c.record == groups.c.record, stored.c.at == groups.c.at, stored.c.code == groups.c.code)
    rows = ground.connection.execute(select(stored.c.local).where(*here, *same).order_by(stored.c.message)).scalars()
    seen: set[bytes] = set()
    repeated: set[str] = set()
    for local in rows.all():
        kept = ground.repository.get(ground.connection, ground.tenant, NAMES[kind], local)
        content = b"" if kept is None else _content(kept.resource)
        if content in seen:
            repeated.add(local)
        seen.add(content)
    return repeated


def _content(resource: bytes) -> bytes:
    told = {k: v for k, v in orjson.loads(resource).items() if k not in ("id", "meta", "identifier", "text")}
    return orjson.dumps(told, option=orjson.OPT_SORT_KEYS)


def _volume_drop(ground: Ground) -> Surveyed:
    """Types of which yesterday far less came than on the same weekday of the weeks before."""
    weeks, share, least = (int(ground.number("weeks")), ground.number("share"), ground.number("least"))
    yesterday, found = days_before(day_of(ground.now), 1), Surveyed()
    same = [days_before(yesterday, 7 * week) for week in range(weeks + 1)]
    counts = _received(ground, same)
    for kind in ground.rule.types:
        before = [counts.get((kind, day), 0) for day in same[1:]]
        usual = median(before)
        if usual >= least:
            found.checked[kind] = 1
            if counts.get((kind, yesterday), 0) < usual * share:
                found.failing.append((kind, f"{kind}?day={yesterday}"))
    return found


def _received(ground: Ground, wanted: Iterable[str]) -> dict[tuple[str, str], int]:
    here = (days.c.tenant == ground.tenant, days.c.rule == RESOURCES, days.c.day.in_(list(wanted)))
    rows = ground.connection.execute(select(days.c.kind, days.c.day, days.c.checked).where(*here))
    return {(row.kind, row.day): row.checked for row in rows}


def _silence(ground: Ground) -> Surveyed:
    """An institution that sent data lately and now has been silent for days."""
    here = (days.c.tenant == ground.tenant, days.c.rule == RESOURCES)
    newest = ground.connection.execute(select(func.max(days.c.day)).where(*here)).scalar()
    today, found = day_of(ground.now), Surveyed()
    if newest is None or newest < days_before(today, int(ground.number("within_days"))):
        return found
    found.checked["Message"] = 1
    if newest < days_before(today, int(ground.number("days"))):
        found.failing.append(("Message", f"Message?since={newest}"))
    return found


Survey = Callable[[Ground], Surveyed]
_SURVEYS: Final[Mapping[str, tuple[Survey, tuple[str, ...]]]] = {
    "unknown-subject": (_unknown_subject, ("days",)),
    "unknown-encounter": (_unknown_encounter, ("days",)),
    "late-arrival": (_late, ("days", "hours")),
    "undiagnosed-encounter": (_undiagnosed, ("days", "after_days")),
    "discharge-without-summary": (_unsummed, ("days", "after_days")),
    "request-without-report": (_unanswered, ("days", "after_days")),
    "stay-not-closed": (_not_closed, ("days",)),
    "duplicate": (_duplicate, ("days",)),
    "volume-drop": (_volume_drop, ("weeks", "share", "least")),
    "silence": (_silence, ("days", "within_days")),
}
SURVEYS: Final[Mapping[str, tuple[str, ...]]] = {name: needed for name, (_, needed) in _SURVEYS.items()}
"""The surveys there are, with the parameters that each needs."""


class Surveyor:
    """Runs the surveys of the rules that hold for an institution."""

    def __init__(self, engine: Engine, repository: Repository, standards: Standards) -> None:
        self._engine, self._repository, self._standards = engine, repository, standards

    def institutions(self) -> list[str]:
        """Tenants that ever sent anything."""
        with system("institutions to survey"), self._engine.connect() as connection:
            return list(connection.execute(select(days.c.tenant).distinct().order_by(days.c.tenant)).scalars())

    def due(self, now: datetime) -> list[str]:
        """Institutions that nobody surveyed, or is surveying, on this day."""
        with system("institutions to survey"), self._engine.connect() as connection:
            stopped = surveyed.c.finished.is_(None) & (surveyed.c.started < now - _LONGEST)
            query = select(surveyed.c.tenant).where(surveyed.c.day == day_of(now), ~stopped)
            done = set(connection.execute(query).scalars())
        return [tenant for tenant in self.institutions() if tenant not in done]

    def claim(self, tenant: str, now: datetime) -> bool:
        """Take an institution's survey of this day; False when another worker has it."""
        row = {"tenant": tenant, "day": day_of(now), "started": now, "finished": None, "checked": 0, "failed": 0}
        with system("institutions to survey"), self._engine.begin() as connection:
            here = (surveyed.c.tenant == tenant, surveyed.c.day == row["day"])
            stopped = (surveyed.c.finished.is_(None), surveyed.c.started < now - _LONGEST)
            again = update(surveyed).where(*here, *stopped).values(started=now)
            if connection.execute(again).rowcount == 1:
                return True
            made = inserting(connection, surveyed)
            mine = made.on_conflict_do_nothing().returning(surveyed.c.tenant)
            return connection.execute(mine, row).first() is not None

    def run(self, tenant: str, now: datetime) -> dict[str, Surveyed]:
        """Survey one institution, each rule in a transaction of its own. Gives what was found by rule."""
        roll_up(self._engine)
        found: dict[str, Surveyed] = {}
        with system("survey of an institution's data"):
            for rule in self._standards.rules(tenant):
                if rule.scope == "store" and not rule.off:
                    with self._engine.begin() as connection:
                        found[rule.id] = self._one(connection, tenant, rule, now)
            with self._engine.begin() as connection:
                self._finish(connection, tenant, found, now)
        return found

    def _one(self, connection: Connection, tenant: str, rule: Rule, now: datetime) -> Surveyed:
        survey, _ = _SURVEYS[rule.survey]
        made = survey(Ground(connection, self._repository, tenant, rule, now))
        failed: dict[str, int] = {}
        for kind, _ in made.failing:
            failed[kind] = failed.get(kind, 0) + 1
        counts = {kind: (number, failed.get(kind, 0)) for kind, number in made.checked.items()}
        settle(connection, tenant, rule, made.failing, now)
        replace_counts(connection, tenant, day_of(now), rule.id, counts)
        return made

    def _finish(self, connection: Connection, tenant: str, found: Mapping[str, Surveyed], now: datetime) -> None:
        done = {
            "finished": now,
            "checked": sum(sum(one.checked.values()) for one in found.values()),
            "failed": sum(len(one.failing) for one in found.values()),
        }
        here = (surveyed.c.tenant == tenant, surveyed.c.day == day_of(now))
        if connection.execute(update(surveyed).where(*here).values(done)).rowcount == 0:
            row = {"tenant": tenant, "day": day_of(now), "started": now}
            connection.execute(insert(surveyed).values(row | done))
