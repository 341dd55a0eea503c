"""Facts from record QC: scores of records, and the defects in them.

A record is told by its newest report, again whenever it was checked or something became of a defect of it. How far it
was read is a time.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Engine, func, select

from clinical.coded import china_day
from clinical.medical_record import RecordKind
from supervision.figures.collect import Batch, Gathered, Row, gathered
from supervision.figures.reading import pages, start_of
from supervision.record_qc.model import Check, Grade, Severity, coded
from supervision.record_qc.states import STANDING, State
from supervision.record_qc.tables import defects, events, reports

_PAGE: Final = 10_000
_STATES: Final = [state.value for state in STANDING]


class FromRecordQc:
    """Reads reports and defects; ``checks`` tell what part of a record a defect is about."""

    name = "record-qc"

    def __init__(self, engine: Engine, checks: Mapping[str, Check]) -> None:
        self._engine, self._checks = engine, checks

    def changed(self, mark: str) -> Iterator[Gathered]:
        """Records that were checked, or of whose defects something became, since a mark."""
        now = datetime.now(UTC)
        since = start_of(mark)
        moved = select(defects.c.report).join(events, events.c.defect == defects.c.id).where(events.c.at >= since)
        yield from self._told((reports.c.at >= since) | reports.c.id.in_(moved))
        yield Gathered([], now.isoformat())

    def sweep(self, since: datetime, until: datetime) -> Iterator[Gathered]:
        """Records whose day lies within a time."""
        first, last = (china_day(at).isoformat() for at in (since, until))
        yield from self._told(reports.c.day.between(first, last))

    def _told(self, touched: ColumnElement[bool]) -> Iterator[Gathered]:
        here = touched & reports.c.current.is_not(None)
        counts = select(func.count()).where(defects.c.report == reports.c.id, defects.c.state.in_(_STATES))
        scores = select(reports, counts.scalar_subquery().label("defects")).where(here).order_by(reports.c.id)
        found = select(defects, reports.c.kind, reports.c.stage, reports.c.day)
        found = found.join(reports, reports.c.id == defects.c.report).where(here).order_by(defects.c.id)
        for page in pages(self._engine, scores, _PAGE):
            yield Gathered(gathered(Batch(row.tenant, "record_scores", [_score(row)]) for row in page), "")
        for page in pages(self._engine, found, _PAGE):
            yield Gathered(gathered(Batch(row.tenant, "record_defects", [self._defect(row)]) for row in page), "")

    def _defect(self, row: Any) -> Row:
        check = self._checks.get(
            row.check
        )  # None of a check that is no longer installed: what it was about is unknown
        about = {"part": check and coded(check.group), "aspect": check and coded(check.aspect)}
        state = "standing" if State(row.state).stands else row.state
        told = {"id": f"D-{row.id}", "severity": coded(Severity(row.severity)), "rule": row.check, "state": state}
        return _common(row) | about | told


def _score(row: Any) -> Row:
    return _common(row) | {
        "id": row.record,
        "score": row.score,
        "grade": Grade(row.grade).name if row.grade else None,
        "defects": row.defects,
    }


def _common(row: Any) -> Row:
    told = {"date": row.day, "kind": coded(RecordKind(row.kind)), "stage": row.stage}
    return told | {"department": row.department or None, "doctor": row.doctor or None}


__all__ = ["FromRecordQc"]
