"""Later audits, each written without sight of the knowledge after it was finished: what is missed and what is
falsely said stands in them and must not grow."""

from __future__ import annotations

from typing import Any

import pytest

from clinical.finding import Finding, Severity
from knowledge.snapshot import Snapshot
from tests.case_tables import audit, shown

LIMITS = {
    "second": (0.13, 0.03),
    "third": (0.02, 0.01),
    "fourth": (0.01, 0.0),
    "fifth": (0.0, 0.0),
    "sixth": (0.0, 0.0),
    "seventh": (0.01, 0.0),
    "eighth": (0.0, 0.0),
    "ninth": (0.01, 0.0),
}
"""By audit the greatest share of planted errors missed, and of false alarms to orders."""
OF_ERRORS_ALONE = {"ninth"}


def _all(kind: str) -> list[Any]:
    names = [name for name in LIMITS if kind == "caught" or name not in OF_ERRORS_ALONE]
    return [
        pytest.param(told, id=f"{name}: {told['name']}") for name in names for told in audit(f"{name}_{kind}.yaml")
    ]


def _loud(snapshot: Snapshot, told: dict[str, Any]) -> list[Finding]:
    """Findings at moderate or above, with the default policy."""
    return [f for f in shown(snapshot, told["request"]) if f.severity.rank >= Severity.MODERATE.rank]


@pytest.mark.parametrize("told", _all("caught"))
def test_a_planted_error_is_caught(told: dict[str, Any], snapshot: Snapshot) -> None:
    at = set(told["at_fault"])
    hit = [f for f in _loud(snapshot, told) if not at or at.intersection(f.orders)]
    if told.get("missed"):
        assert not hit, "caught now: strike `missed` from the case"
    else:
        assert hit, told["about"]


@pytest.mark.parametrize("told", _all("quiet"))
def test_a_right_prescription_is_let_pass(told: dict[str, Any], snapshot: Snapshot) -> None:
    known = {*told.get("notice", ()), *told.get("wrong", ())}
    said = {f.summary for f in _loud(snapshot, told)}
    assert said <= known
    assert set(told.get("wrong", ())) <= said, "mended: strike `wrong` from the case"


@pytest.mark.parametrize("name", LIMITS)
def test_what_is_missed_and_falsely_said_stays_rare(name: str) -> None:
    missed, wrong = LIMITS[name]
    caught = audit(f"{name}_caught.yaml")
    assert sum(bool(told.get("missed")) for told in caught) / len(caught) <= missed
    if name not in OF_ERRORS_ALONE:
        quiet = audit(f"{name}_quiet.yaml")
        orders = sum(len(told["request"]["orders"]) for told in quiet)
        assert sum(len(told.get("wrong", ())) for told in quiet) / orders <= wrong
