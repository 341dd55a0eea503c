"""Two more audits, written without sight of the knowledge after it was finished: what is missed and what is falsely
said stands in them and must not grow."""

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
def _made(snapshot: Snapshot) -> tuple[Terminology, States]:
    return Terminology(snapshot), States.start()


def _loud(snapshot: Snapshot, told: dict[str, Any]) -> list[Finding]:
    """Findings at moderate or above, with the default policy."""
    terminology, states = _made(snapshot)
    incoming = read(msgspec.convert(told["request"], PlainReview, strict=False), NOW)
    context, orders, _ = terminology.resolve(incoming.context, incoming.orders)
    case = Case(context, orders, snapshot, NOW.date(), derive=states.derive)
    outcome = states.apply(review(case, FAMILIES), case)
    assert not outcome.faults
    shown = policy.apply(outcome, policy.DEFAULT, policy.Moment.of(context)).findings
    return [f for f in shown if f.severity.rank >= Severity.MODERATE.rank]


@pytest.mark.parametrize("told", _table("second_caught.yaml"), ids=lambda told: told["name"])
def test_a_planted_error_is_caught(told: dict[str, Any], snapshot: Snapshot) -> None:
    at = set(told["at_fault"])
    hit = [f for f in _loud(snapshot, told) if not at or at.intersection(f.orders)]
    if told.get("missed"):
        assert not hit, "caught now: strike `missed` from the case"
    else:
        assert hit, told["about"]


@pytest.mark.parametrize("told", _table("second_quiet.yaml"), ids=lambda told: told["name"])
def test_a_right_prescription_is_let_pass(told: dict[str, Any], snapshot: Snapshot) -> None:
    known = {*told.get("notice", ()), *told.get("wrong", ())}
    said = {f.summary for f in _loud(snapshot, told)}
    assert said <= known
    assert set(told.get("wrong", ())) <= said, "mended: strike `wrong` from the case"


def test_what_is_missed_and_falsely_said_stays_rare() -> None:
    caught, quiet = _table("second_caught.yaml"), _table("second_quiet.yaml")
    orders = sum(len(told["request"]["orders"]) for told in quiet)
    assert sum(bool(told.get("missed")) for told in caught) / len(caught) <= 0.13
    assert sum(len(told.get("wrong", ())) for told in quiet) / orders <= 0.03
