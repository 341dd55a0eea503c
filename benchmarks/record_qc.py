"""Record QC: how fast records are checked, and how well, on the gold records."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import Final, NamedTuple

from benchmarks.language import starter
from clinical.medical_record import Document, DocumentKind, MedicalRecord, Section
from clinical.value import replace
from supervision.record_qc.engine import checks
from tests.record_qc.gold import Gold, Measure, examined, gold, measures, told, total
from tests.record_qc.tables import reader_of

DOCUMENTS: Final = 30
BUDGET_MS: Final = 100.0
BLIND: Final = ("blind_*.yaml", "unseen_*.yaml")
"""Files of records that were written and listed before any check looked at them: the first set, the second."""


class Speed(NamedTuple):
    """Records of so many documents and characters, checked by so many checks: records a second of one core."""

    records: int
    documents: int
    characters: int
    checks: int
    per_second: float
    slowest_ms: float


class Quality(NamedTuple):
    """Gold records, over all checks and by check."""

    records: int
    whole: Measure
    by_check: dict[str, Measure]


def longer(record: MedicalRecord, documents: int = DOCUMENTS) -> MedicalRecord:
    """A record of so many documents: course notes of its own are written on, each with words of its own."""
    made = list(record.documents)
    notes = [d for d in made if d.kind in (DocumentKind.COURSE, DocumentKind.ROUND)]
    for number in range(documents - len(made)):
        made.append(_next(notes[number % len(notes)], number))
    return replace(record, documents=tuple(made))


def _next(note: Document, number: int) -> Document:
    written = note.written + timedelta(hours=6 * (number + 1)) if note.written else None
    said = f"第{number + 1}次记录：体温36.{number % 10}℃，脉搏{70 + number}次/分。"
    sections = tuple(Section(title=s.title, text=f"{said}{s.text}") for s in note.sections)
    return replace(note, id=f"{note.id}-{number}", written=written, completed=None, sections=sections)


def speed(rounds: int = 40) -> Speed:
    """Check long inpatient records by every check; time of one core, whatever else the machine does."""
    release = starter()
    reader, known, base = reader_of(release), list(checks().values()), gold()
    long = [one for one in base if len(one.record.documents) >= 5][:4]
    records = [Gold(one.id, "", longer(one.record), one.stage, one.now, one.defects) for one in long]
    characters = sum(len(s.text) for one in records for d in one.record.documents for s in d.sections)
    for one in records:
        examined(one, known, reader, release)
    took = []
    for number in range(rounds):
        begin = time.process_time()
        examined(records[number % len(records)], known, reader, release)
        took.append(time.process_time() - begin)
    return Speed(rounds, DOCUMENTS, characters // len(records), len(known), rounds / sum(took), 1000 * max(took))


def quality(files: str = "*.yaml") -> Quality:
    """Recall and precision of the checks on the gold records of some files."""
    release = starter()
    reader, known = reader_of(release), list(checks().values())
    records = gold(files)
    made = measures([(one, told(examined(one, known, reader, release))) for one in records])
    return Quality(len(records), total(made), made)


def report() -> None:
    """Measure and print."""
    fast = speed()
    print(
        f"  records of {fast.documents} documents, {fast.characters} characters, {fast.checks} checks: "
        f"{fast.per_second:.1f} records/s a core, slowest {fast.slowest_ms:.0f} ms (budget {BUDGET_MS:.0f} ms)",
        flush=True,
    )
    found = quality()
    print(f"  {found.records} gold records: {_said(found.whole)}", flush=True)
    for files in BLIND:
        blind = quality(files)
        print(f"  … {blind.records} of them written blind ({files}): {_said(blind.whole)}", flush=True)
    for name, one in sorted(found.by_check.items()):
        if one.missed or one.false:
            print(f"    {name}: {_said(one)}", flush=True)


def _said(one: Measure) -> str:
    recall, precision = ("—" if share is None else f"{share:.1%}" for share in (one.recall, one.precision))
    return f"recall {recall}, precision {precision} ({one.found} found, {one.missed} missed, {one.false} false)"


if __name__ == "__main__":
    report()
