"""Many records checked one after the other: of a file, or the visits that were sent. A run that was stopped goes on
where it was; what had been kept already is the same report again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, NamedTuple

import msgspec

from api.record_qc_desk import RecordQcDesk, Result
from base.security import sm3
from clinical.medical_record import MedicalRecord
from exchange.decoding import misread, shaped
from exchange.fhir.shapes import ReadError
from records.qc_faults import QcError

_BATCH: Final = 20
"""Records between two marks of how far a run is."""


class Job(NamedTuple):
    """A record to check: of which institution, and where to go on after it."""

    tenant: str
    record: MedicalRecord
    place: str


class Mark:
    """How far a run is, in a file of the data folder; one for each kind of run."""

    def __init__(self, folder: Path, run: str) -> None:
        self._path = folder / f"{sm3(run.encode())[:16]}.mark"

    @property
    def place(self) -> str:
        return self._path.read_text("utf-8") if self._path.exists() else ""

    def set(self, place: str) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        part = self._path.with_suffix(".part")
        part.write_text(place, "utf-8")
        part.replace(self._path)

    def clear(self) -> None:
        self._path.unlink(missing_ok=True)


@dataclass(slots=True)
class Tally:
    """What a run came to."""

    records: int = 0
    new: int = 0
    refused: list[str] = field(default_factory=list)
    grades: Counter[str] = field(default_factory=Counter)
    defects: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)

    def add(self, made: Result) -> None:
        self.records += 1
        self.new += made.new
        self.grades[made.score.grade.value if made.score else "未评分"] += 1
        outcomes = made.examined.examination.outcomes
        self.defects.update({o.check.name: len(o.defects) for o in outcomes if o.defects})
        self.faults.update(outcome.check.name for outcome in outcomes if outcome.failed)


def run(
    desk: RecordQcDesk, jobs: Iterable[Job], keep: bool, mark: Mark, by: str, after: Callable[[Job, Result], None]
) -> Tally:
    """Check each record and tell ``after`` of it; one that cannot be kept stops no other."""
    tally = Tally()
    for number, job in enumerate(jobs, start=1):
        now = datetime.now(UTC)
        try:
            made = desk.keep(job.record, job.tenant, by, now) if keep else desk.check(job.record, job.tenant, now)
        except QcError as error:
            tally.refused.append(f"{job.record.id}: {error}")
        else:
            tally.add(made)
            after(job, made)
        if number % _BATCH == 0:
            mark.set(job.place)
    mark.clear()
    return tally


def of_file(path: Path, tenant: str, place: str) -> Iterator[Job]:
    """Records of a file: one, or one a line (.ndjson), behind the line that was the last. Raises ``ReadError`` that
    names line and field."""
    raw = path.read_bytes()
    done = int(place or 0)
    for number, text in enumerate(raw.splitlines() if path.suffix == ".ndjson" else [raw], start=1):
        if number > done and text.strip():
            yield Job(tenant, _record(text, number), str(number))


def _record(text: bytes, line: int) -> MedicalRecord:
    try:
        return shaped(text, MedicalRecord)
    except msgspec.DecodeError as error:
        fault = misread(error)
        raise ReadError(f"line {line}: {fault.path}", fault.message) from None


def of_visits(
    desk: RecordQcDesk, tenant: str, since: datetime | None, until: datetime | None, place: str
) -> Iterator[Job]:
    """Visits that were sent, behind the one that was the last."""
    owner, _, visit = place.partition("\n")
    for one in desk.visits.of(tenant, since, until, (owner, visit) if place else None):
        yield Job(one.tenant, one.record, "\n".join(one.place))
