"""Whole reviews by every family: right prescriptions stay quiet, planted errors are caught.

``tests/audit/quiet.yaml`` and ``caught.yaml`` were written by two auditors who did not write the knowledge.
"""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml

from base.plugins import discover
from clinical.finding import Finding, Severity
from exchange.plain import PlainReview, read
from knowledge.snapshot import Snapshot
from records.terminology import Terminology
from rules import policy
from rules.engine import review
from rules.model import Case, Family
from rules.states import States

FOLDER = Path(__file__).parents[2] / "audit"
NOW = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)
FAMILIES = tuple(discover("rules.families", "FAMILY", Family).values())


@lru_cache(maxsize=4)
def _table(name: str) -> tuple[dict[str, Any], ...]:
    return tuple(yaml.load((FOLDER / name).read_text("utf-8"), getattr(yaml, "CSafeLoader", yaml.SafeLoader)))


@lru_cache(maxsize=2)
def _terminology(snapshot: Snapshot) -> Terminology:
    return Terminology(snapshot)


@lru_cache(maxsize=1)
def _states() -> States:
    return States.start()


def _findings(snapshot: Snapshot, told: dict[str, Any]) -> tuple[Finding, ...]:
    patient = {"id": "p", **told["patient"]}
    taking = patient.get("medications", ())
    patient["medications"] = [{"id": f"m{n}", **drug} for n, drug in enumerate(taking, 1)]
    orders = [{"id": f"o{n}", **order} for n, order in enumerate(told["orders"], 1)]
    incoming = read(msgspec.convert({"patient": patient, "orders": orders}, PlainReview, strict=False), NOW)
    context, resolved, _ = _terminology(snapshot).resolve(incoming.context, incoming.orders)
    states = _states()
    case = Case(context, resolved, snapshot, NOW.date(), derive=states.derive)
    outcome = states.apply(review(case, FAMILIES), case)
    assert not outcome.faults
    return policy.apply(outcome, policy.DEFAULT, policy.Moment(NOW)).findings


def _names(rows: tuple[dict[str, Any], ...]) -> list[str]:
    return [row["name"] for row in rows]


@pytest.mark.parametrize("told", _table("caught.yaml"), ids=_names(_table("caught.yaml")))
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
    rows = _table("caught.yaml")
    missed = [row["name"] for row in rows if row.get("missed")]
    assert len(rows) >= 400
    assert len(missed) / len(rows) <= 0.02, missed


@pytest.mark.parametrize("told", _table("quiet.yaml"), ids=_names(_table("quiet.yaml")))
def test_a_right_prescription_is_let_pass(told: dict[str, Any], snapshot: Snapshot) -> None:
    loud = [f for f in _findings(snapshot, told) if f.severity.rank >= Severity.MODERATE.rank]
    allowed = told.get("notice", ())
    unexpected = [
        f"{f.severity.value} {f.family} {f.summary}" for f in loud if not any(word in f.summary for word in allowed)
    ]
    assert unexpected == []


def test_right_prescriptions_are_quiet_by_the_hundred() -> None:
    """What `notice` lets through is right to say, and must stay rare."""
    rows = _table("quiet.yaml")
    orders = sum(len(row["orders"]) for row in rows)
    notices = sum(len(row.get("notice", ())) for row in rows)
    assert orders >= 850
    assert notices / orders <= 0.015
