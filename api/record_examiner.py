"""Records checked by every check of this installation, read by the release that is served."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Final

from api.errors import bad_field
from api.metrics import METRICS
from clinical.medical_record import MedicalRecord, RecordKind
from knowledge.snapshot import Snapshot
from nlp.facts import Fact, read
from nlp.lexicon import Lexicon
from supervision.record_qc.engine import Examination, checks, examine
from supervision.record_qc.model import Check
from supervision.record_qc.national import measured
from supervision.record_qc.places import Stage
from supervision.record_qc.scheme import Scheme
from supervision.record_qc.subject import Subject

_PASSING: Final = frozenset({RecordKind.OUTPATIENT, RecordKind.EMERGENCY, RecordKind.FRONT_PAGE})


@dataclass(frozen=True, slots=True)
class Examined:
    """A record with what was found of it, and what it adds to national indicators."""

    record: MedicalRecord
    stage: Stage
    examination: Examination
    measures: Mapping[str, str]


class Examiner:
    """Checks records. ``release`` gives what names mean now; None where nothing is published."""

    def __init__(self, release: Callable[[], Snapshot | None]) -> None:
        self._release = release

    @cached_property
    def checks(self) -> Mapping[str, Check]:
        return checks()

    def examine(
        self, record: MedicalRecord, scheme: Scheme, now: datetime, stage: Stage | None = None, writing: str = ""
    ) -> Examined:
        """Check a record by the checks of a scheme. Raises ``ApiError`` 400 for a document that is not there."""
        at = stage or stage_of(record)
        if at is Stage.WRITING and writing not in {document.id for document in record.documents}:
            raise bad_field("writing", "须为正在书写的文书编号 (record.documents 中某项的 id)")
        release = self._release()
        subject = Subject(record, at, now, None if release is None else _reader(release), writing, release)
        found = examine(subject, [check for check in self.checks.values() if scheme.asks(check)])
        for outcome in found.outcomes:
            if outcome.failed:
                METRICS.check_faults.labels(outcome.check.name).inc()
        return Examined(record, at, found, measured(subject) if at is Stage.FINAL else {})


def stage_of(record: MedicalRecord) -> Stage:
    """What stage a record is at by itself: a stay goes on until it ended."""
    return Stage.FINAL if record.kind in _PASSING or record.ended is not None else Stage.RUNNING


def _reader(release: Snapshot) -> Callable[[str, str], list[Fact]]:
    lexicon = Lexicon.of(release)
    return lambda text, section: read(text, lexicon, section)
