"""病历质量, reckoned a second time."""

from __future__ import annotations

from typing import Any

from tests.unit.supervision.references.reckoning import Reference, each, percent


def _ended(d: Any) -> Any:
    rows = d.record_scores
    return rows[rows.kind.eq("inpatient") & rows.stage.eq("final")]


def _in(d: Any, *states: str) -> Any:
    return d.record_defects[d.record_defects.state.isin(states)]


def _severe(d: Any) -> Any:
    return _in(d, "standing")[_in(d, "standing").severity == "severe"]


REFERENCES: dict[str, Reference] = {
    "records-checked": lambda d: len(d.record_scores),
    "grade-a-records": lambda d: percent(_ended(d).grade.eq("A").sum(), len(_ended(d))),
    "record-score": lambda d: each(d.record_scores.score.sum(), d.record_scores.score.notna().sum()),
    "record-defects-each": lambda d: each(d.record_scores.defects.sum(), len(d.record_scores)),
    "record-defects": lambda d: len(_in(d, "standing")),
    "record-defects-severe": lambda d: percent(len(_severe(d)), len(_in(d, "standing"))),
    "record-defects-mended": lambda d: percent(len(_in(d, "mended")), len(_in(d, "standing", "mended"))),
}
