"""Reports of checks in the database: one for each content of a record, and the defects that stand in it.

Checking the same content again gives the same report. A defect is one thing wrong in one place: found again it is the
same one, not found any more it is mended, withdrawn it stays so. What could not be judged this time stays as it was.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final, NamedTuple

import msgspec
import orjson
from sqlalchemy import Connection, Engine, Select, func, insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from base.keyring import KeyRing
from base.security import sm3
from clinical.coded import china_day
from clinical.medical_record import MedicalRecord, RecordKind
from records.qc_faults import MissingQcError, QcError, TakenQcError
from supervision.record_qc.asides import appeal_asides
from supervision.record_qc.engine import Examination
from supervision.record_qc.model import Check, Defect
from supervision.record_qc.places import Place, Stage
from supervision.record_qc.scheme import Score, score
from supervision.record_qc.schemes import Edition
from supervision.record_qc.states import STANDING, Action, State, event_row
from supervision.record_qc.tables import bound, defects, events, reports
from supervision.record_qc.timing import called

_AGAIN: Final = frozenset({State.CORRECTED, State.MENDED})
"""What is found again after it was said to be put right is open again."""
_OVER: Final = frozenset({State.WITHDRAWN, State.MENDED})


class Report(NamedTuple):
    """A stored report; ``current`` when there is no newer one of the record."""

    id: int
    tenant: str
    record: str
    kind: RecordKind
    stage: Stage
    at: datetime
    by: str
    department: str
    doctor: str
    day: str
    scheme: str
    first_score: float
    score: float
    grade: str
    current: bool
    gaps: list[dict[str, str]]
    measures: dict[str, str]


class Standing(NamedTuple):
    """A defect as it stands; ``report`` is the newest of its record, ``revision`` counts what happened to it,
    ``handler`` is who was the last to act."""

    id: int
    tenant: str
    record: str
    report: int
    check: str
    version: str
    severity: str
    document: str
    department: str
    doctor: str
    state: State
    revision: int
    handler: str
    found: datetime
    seen: datetime
    said: Defect


@dataclass(frozen=True, slots=True)
class Checked:
    """A record that was checked, to be kept: by what scheme, what it adds to national indicators, who asked."""

    tenant: str
    record: MedicalRecord
    stage: Stage
    examination: Examination
    measures: Mapping[str, str]
    edition: Edition
    by: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Query:
    """Which reports are asked for; empty fields ask for all. ``tenant`` includes all below it; ``before`` is the id
    of the last of the page before; without ``past`` only the newest of each record."""

    tenant: str = ""
    record: str = ""
    kind: str = ""
    stage: str = ""
    department: str = ""
    doctor: str = ""
    grade: str = ""
    check: str = ""
    since: str = ""
    until: str = ""
    past: bool = False
    before: int | None = None
    limit: int = 50


class Reports:
    """Keeps and finds reports, within the scope of whoever acts."""

    def __init__(self, engine: Engine, ring: KeyRing, checks: Mapping[str, Check]) -> None:
        self._engine, self._ring, self._checks = engine, ring, checks
        self._catalogue = catalogue_digest(checks.values())

    def digest(self, checked: Checked) -> str:
        """What a report stands for: this content, at this stage, by these checks and this scheme. Of a stay that goes
        on it is good for a day, since what is due changes."""
        day = "" if checked.stage is Stage.FINAL else china_day(checked.at).isoformat()
        parts = (checked.record.id, checked.stage.value, day, self._catalogue, checked.edition.id)
        return sm3("\0".join(parts).encode() + b"\0" + msgspec.json.encode(checked.record))

    def keep(self, checked: Checked) -> tuple[int, bool]:
        """Store a report; gives its id and whether it is new. Raises ``QcError``, ``TakenQcError``."""
        digest = self.digest(checked)
        try:
            with self._engine.begin() as connection:
                here = (reports.c.tenant == checked.tenant, reports.c.current == checked.record.id)
                # The first statement writes, so that whoever comes second waits here.
                connection.execute(update(reports).where(*here, reports.c.digest != digest).values(current=None))
                same = (reports.c.tenant == checked.tenant, reports.c.digest == digest)
                row = connection.execute(select(reports.c.id, reports.c.current).where(*same)).first()
                if row is not None and row.current is not None:
                    return int(row.id), False
                report = self._place(connection, checked, digest, None if row is None else int(row.id))
                self._defects(connection, checked, report)
                rescore(connection, report, checked.edition, self._checks, first=True)
                return report, True
        except IntegrityError:
            raise TakenQcError("同一病历刚由他人提交质控，请重试") from None

    def _place(self, connection: Connection, checked: Checked, digest: str, known: int | None) -> int:
        """The row of the report; a content that comes back takes up the report that it had."""
        row = _report_row(checked, digest)
        if known is not None:
            connection.execute(update(reports).where(reports.c.id == known).values(row))
            return known
        made = connection.execute(insert(reports).values(row)).inserted_primary_key
        assert made is not None
        return int(made[0])

    def _defects(self, connection: Connection, checked: Checked, report: int) -> None:
        """New ones, those found again, those that are no longer there."""
        here = (defects.c.tenant == checked.tenant, defects.c.record == checked.record.id)
        connection.execute(update(defects).where(*here).values(report=report))
        known = {row.key: row for row in connection.execute(select(defects).where(*here))}
        found = dict(keyed(checked.examination))
        answered = {o.check.name for o in checked.examination.outcomes if not (o.failed or o.gaps)}
        new = [
            self._row(checked, report, key, check, said) for key, (check, said) in found.items() if key not in known
        ]
        if new:
            connection.execute(insert(defects), new)
        self._journal_new(connection, checked, report, [row["key"] for row in new])
        for key, row in known.items():
            if key in found:
                self._see(connection, checked, report, row, found[key][1])
            elif row.check in answered and State(row.state) not in _OVER:
                self._mend(connection, checked, report, row)
        appeal_asides(connection, self._ring, checked.tenant, checked.record.id)

    def _row(self, checked: Checked, report: int, key: str, check: Check, said: Defect) -> dict[str, Any]:
        visit = checked.record.visit
        authors = {d.id: d.author for d in checked.record.documents}
        doctor = authors.get(said.place.document) or visit.attending
        return {
            "tenant": checked.tenant,
            "record": checked.record.id,
            "report": report,
            "key": key,
            "check": check.name,
            "version": check.version,
            "severity": check.severity.value,
            "document": said.place.document[:128],
            "department": visit.department[:120],
            "doctor": _doctor(doctor),
            "state": State.FOUND.value,
            "revision": 1,
            "handler": "",
            "found": checked.at,
            "seen": checked.at,
            "said": self._sealed(checked, key, said),
        }

    def _sealed(self, checked: Checked, key: str, said: Defect) -> bytes:
        names = {document.id: called(document) for document in checked.record.documents}

        def named(place: Place) -> Place:
            return replace(place, called=names.get(place.document, ""))

        told = replace(said, place=named(said.place), others=tuple(map(named, said.others)))
        return self._ring.seal(msgspec.json.encode(told), bound(checked.tenant, checked.record.id, key))

    def _journal_new(self, connection: Connection, checked: Checked, report: int, keys: Sequence[str]) -> None:
        if not keys:
            return
        here = (defects.c.tenant == checked.tenant, defects.c.record == checked.record.id, defects.c.key.in_(keys))
        rows = connection.execute(select(defects).where(*here).order_by(defects.c.id))
        made = [
            event_row(row, checked.at, checked.by, Action.FIND, State.FOUND, report=report) | {"before": ""}
            for row in rows
        ]
        connection.execute(insert(events), made)

    def _see(self, connection: Connection, checked: Checked, report: int, row: Any, said: Defect) -> None:
        values: dict[str, Any] = {"seen": checked.at, "said": self._sealed(checked, row.key, said)}
        if State(row.state) in _AGAIN:
            values |= {"state": State.FOUND.value, "revision": row.revision + 1, "handler": checked.by[:80]}
            made = event_row(row, checked.at, checked.by, Action.AGAIN, State.FOUND, report=report)
            connection.execute(insert(events).values(made))
        connection.execute(update(defects).where(defects.c.id == row.id).values(values))

    def _mend(self, connection: Connection, checked: Checked, report: int, row: Any) -> None:
        values = {"state": State.MENDED.value, "revision": row.revision + 1, "handler": checked.by[:80]}
        connection.execute(update(defects).where(defects.c.id == row.id).values(values))
        made = event_row(row, checked.at, checked.by, Action.MEND, State.MENDED, report=report)
        connection.execute(insert(events).values(made))

    # -- reading ---------------------------------------------------------------------------

    def search(self, asked: Query) -> list[Report]:
        """Reports, the newest first."""
        query = narrowed(select(reports), asked).order_by(reports.c.id.desc()).limit(asked.limit)
        with self._engine.connect() as connection:
            return [_report(row) for row in connection.execute(query)]

    def count(self, asked: Query) -> int:
        """How many reports there are of a kind."""
        with self._engine.connect() as connection:
            query = narrowed(select(func.count()).select_from(reports), asked)
            return int(connection.execute(query).scalar_one())

    def one(self, report: int) -> tuple[Report, list[Standing]]:
        """A report, with the defects of its record when it is the newest. Raises ``MissingQcError``."""
        with self._engine.connect() as connection:
            found = _report(report_row(connection, report))
            query = select(defects).where(defects.c.report == report, defects.c.tenant == found.tenant)
            return found, [self.opened(row) for row in connection.execute(query.order_by(defects.c.id))]

    def opened(self, row: Any) -> Standing:
        """A defect of its row."""
        said = self._ring.unseal(row.said, bound(row.tenant, row.record, row.key))
        given = {name: getattr(row, name) for name in Standing._fields if name != "said"}
        given["state"] = State(row.state)
        return Standing(**given, said=msgspec.json.decode(said, type=Defect))


def rescore(
    connection: Connection, report: int, edition: Edition, checks: Mapping[str, Check], first: bool = False
) -> Score:
    """Score a report anew by what stands in it. Raises ``QcError`` where the scheme has no sheet for its kind."""
    row = report_row(connection, report)
    found = score(standing(connection, report), RecordKind(row.kind), edition.scheme, checks)
    if found is None:
        raise QcError(f"评分标准“{edition.scheme.title}”没有{row.kind}的评分表，请在标准中补充")
    values: dict[str, Any] = {"score": found.points, "grade": found.grade.value}
    values |= {"first_score": found.points} if first else {}
    connection.execute(update(reports).where(reports.c.id == report).values(values))
    return found


def standing(connection: Connection, report: int) -> Counter[str]:
    """How many defects of each check stand in a report."""
    here = (defects.c.report == report, defects.c.state.in_([state.value for state in STANDING]))
    query = select(defects.c.check, func.count()).where(*here).group_by(defects.c.check)
    return Counter({str(name): int(number) for name, number in connection.execute(query)})


def report_row(connection: Connection, report: int) -> Any:
    """The row of a report. Raises ``MissingQcError``."""
    row = connection.execute(select(reports).where(reports.c.id == report)).first()
    if row is None:
        raise MissingQcError(f"没有编号为 {report} 的质控报告")
    return row


def narrowed(query: Select[Any], asked: Query) -> Select[Any]:
    """A query over reports held to what is asked for."""
    equal = {name: getattr(asked, name) for name in ("record", "kind", "stage", "department", "doctor", "grade")}
    for name, value in equal.items():
        query = query.where(reports.c[name] == value) if value else query
    if asked.tenant:
        below = reports.c.tenant.startswith(f"{asked.tenant}/", autoescape=True)
        query = query.where(or_(reports.c.tenant == asked.tenant, below))
    if asked.check:
        query = query.where(reports.c.id.in_(select(defects.c.report).where(defects.c.check == asked.check)))
    query = query.where(reports.c.day >= asked.since) if asked.since else query
    query = query.where(reports.c.day <= asked.until) if asked.until else query
    query = query if asked.past else query.where(reports.c.current.is_not(None))
    return query if asked.before is None else query.where(reports.c.id < asked.before)


def _report_row(checked: Checked, digest: str) -> dict[str, Any]:
    visit, ended = checked.record.visit, checked.record.ended
    gaps = [{"check": check.name, "needed": gap.needed} for check, gap in checked.examination.gaps()]
    gaps += [{"check": o.check.name, "needed": "检查执行失败"} for o in checked.examination.outcomes if o.failed]
    return {
        "tenant": checked.tenant,
        "record": checked.record.id,
        "kind": checked.record.kind.value,
        "stage": checked.stage.value,
        "digest": digest,
        "current": checked.record.id,
        "at": checked.at,
        "by": checked.by[:80],
        "department": visit.department[:120],
        "doctor": _doctor(visit.attending),
        "day": china_day(ended or visit.arrived or checked.at).isoformat(),
        "scheme": checked.edition.id,
        "first_score": 0.0,
        "score": 0.0,
        "grade": "",
        "gaps": orjson.dumps(gaps).decode(),
        "measures": orjson.dumps(dict(checked.measures)).decode(),
    }


def _doctor(doctor: Any) -> str:
    """The number of a doctor, else the name: what statistics are told by."""
    return ((doctor.id or doctor.name) if doctor else "")[:80]


def keyed(examination: Examination) -> Iterable[tuple[str, tuple[Check, Defect]]]:
    """Defects by what tells them apart, the same when the record is checked again. Of those alike in all the second
    is another than the first."""
    times: Counter[str] = Counter()
    for check, said in examination.defects():
        place = said.place
        name = "\0".join((check.name, place.document, place.section, said.key or place.quote))
        times[name] += 1
        yield sm3(f"{name}\0{times[name]}".encode()), (check, said)


def _report(row: Any) -> Report:
    given = {name: getattr(row, name) for name in Report._fields}
    given |= {
        "kind": RecordKind(row.kind),
        "stage": Stage(row.stage),
        "current": row.current is not None,
        "gaps": orjson.loads(row.gaps),
        "measures": orjson.loads(row.measures),
    }
    return Report(**given)


def catalogue_digest(checks: Iterable[Check]) -> str:
    """What tells one set of checks from another: names and versions."""
    return sm3("\n".join(sorted(f"{check.name} {check.version}" for check in checks)).encode())
