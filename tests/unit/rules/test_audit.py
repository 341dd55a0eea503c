"""Whole reviews by every family: right prescriptions stay quiet, planted errors are caught.

``tests/audit/quiet.yaml`` and ``caught.yaml`` were written by two auditors who did not write the knowledge.
"""

from __future__ import annotations

from typing import Any

import pytest

from clinical.finding import Finding, Severity
from knowledge.snapshot import Snapshot
from tests.case_tables import audit, shown


def _findings(snapshot: Snapshot, told: dict[str, Any]) -> tuple[Finding, ...]:
    patient = {"id": "p", **told["patient"]}
    taking = patient.get("medications", ())
    patient["medications"] = [{"id": f"m{n}", **drug} for n, drug in enumerate(taking, 1)]
    orders = [{"id": f"o{n}", **order} for n, order in enumerate(told["orders"], 1)]
    return shown(snapshot, {"patient": patient, "orders": orders})


def _names(rows: tuple[dict[str, Any], ...]) -> list[str]:
    return [row["name"] for row in rows]


@pytest.mark.parametrize("told", audit("caught.yaml"), ids=_names(audit("caught.yaml")))
def test_a_planted_error_is_caught(told: dict[str, Any], snapshot: Snapshot) -> None:
    least = Severity(told["least"]).rank
    said = _findings(snapshot, told)
    hit = [
        f
        for f in said
        if f.family in told["by"]
        and f.severity.rank >= least
        and any(word in f.summary + f.advice for word in told["says"])
    ]
    if told.get("missed"):
        assert not hit, "caught now: strike `missed` from the case"
    else:
        assert hit, [f"{f.severity.value} {f.family} {f.summary}" for f in said]


def test_nearly_all_planted_errors_are_caught() -> None:
    rows = audit("caught.yaml")
    missed = [row["name"] for row in rows if row.get("missed")]
    assert len(rows) >= 400
    assert len(missed) / len(rows) <= 0.02, missed


@pytest.mark.parametrize("told", audit("quiet.yaml"), ids=_names(audit("quiet.yaml")))
def test_a_right_prescription_is_let_pass(told: dict[str, Any], snapshot: Snapshot) -> None:
    loud = [f for f in _findings(snapshot, told) if f.severity.rank >= Severity.MODERATE.rank]
    allowed = told.get("notice", ())
    unexpected = [
        f"{f.severity.value} {f.family} {f.summary}" for f in loud if not any(word in f.summary for word in allowed)
    ]
    assert unexpected == []


def test_right_prescriptions_are_quiet_by_the_hundred() -> None:
    """What `notice` lets through is right to say, and must stay rare."""
    rows = audit("quiet.yaml")
    orders = sum(len(row["orders"]) for row in rows)
    notices = sum(len(row.get("notice", ())) for row in rows)
    assert orders >= 850
    assert notices / orders <= 0.015
