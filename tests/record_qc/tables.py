"""Case tables of record QC: ``tests/record_qc/cases/<file of checks>.yaml``. See docs/record-qc.md."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from clinical.medical_record import MedicalRecord
from knowledge.snapshot import Snapshot
from nlp.facts import read
from nlp.lexicon import Lexicon
from supervision.record_qc.engine import Outcome, checks, examine
from supervision.record_qc.places import Stage
from supervision.record_qc.subject import Reader, Subject
from tests.record_qc.written import moment, record
from tests.yaml_tables import load

FOLDER: Final = Path(__file__).parent / "cases"
KINDS: Final = ("defect", "none", "gap", "reminder")


@dataclass(frozen=True, slots=True)
class Told:
    """One case: of which check, the record at its stage and moment, and what is expected: a kind, with words that must
    be said, and how often."""

    file: str
    case: str
    check: str
    record: MedicalRecord
    stage: Stage
    now: datetime
    writing: str
    expect: str
    says: tuple[str, ...]
    times: int


def tables() -> dict[str, list[Told]]:
    """All cases by file."""
    loaded = ((path.stem, load(path)) for path in sorted(FOLDER.glob("*.yaml")))
    return {name: [t for case in document["cases"] for t in _told(name, document, case)] for name, document in loaded}


def _told(file: str, document: dict[str, Any], case: dict[str, Any]) -> list[Told]:
    """The case of each check that it names: one or a list."""
    names = [case["check"]] if isinstance(case["check"], str) else case["check"]
    return [_one(file, document, {**case, "check": name}) for name in names]


def _one(file: str, document: dict[str, Any], case: dict[str, Any]) -> Told:
    expect, words = case["expect"], case.get("says", ())
    assert expect in KINDS, f"{file}: {case['case']}: expect one of {KINDS}"
    return Told(
        file=file,
        case=case["case"],
        check=case["check"],
        record=record(document.get("record", {}), case.get("record")),
        stage=Stage(case.get("stage", document.get("stage", "final"))),
        now=moment(case.get("now", document.get("now", "2026-12-31 08:00"))),
        writing=case.get("writing", ""),
        expect=expect,
        says=(words,) if isinstance(words, str) else tuple(words),
        times=case.get("times", 1),
    )


def reader_of(snapshot: Snapshot) -> Reader:
    """Reads texts by a release."""
    lexicon = Lexicon.of(snapshot)
    return lambda text, section: read(text, lexicon, section)


def outcome(told: Told, reader: Reader | None, release: Snapshot | None = None) -> Outcome:
    """What the check of a case says."""
    subject = Subject(told.record, told.stage, told.now, reader, told.writing, release)
    found = examine(subject, [checks()[told.check]]).outcomes
    assert found, f"{told.check} does not concern this record at this stage"
    return found[0]
