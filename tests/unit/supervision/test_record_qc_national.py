"""What records are to the national indicators that documents tell (``tests/record_qc/national.yaml``)."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any, Final

import pytest

from knowledge.snapshot import Snapshot
from supervision.record_qc.measures import working_days_after
from supervision.record_qc.national import INDICATORS, Basis, measured
from supervision.record_qc.places import Stage
from supervision.record_qc.subject import Subject
from tests.record_qc.tables import reader_of
from tests.record_qc.written import moment, record
from tests.yaml_tables import load

TABLE: Final = load(Path(__file__).parents[2] / "record_qc" / "national.yaml")
MEANT: Final = {True: "yes", False: "no"}
"""YAML takes yes and no for more than words."""


@pytest.mark.parametrize("case", TABLE["cases"], ids=lambda case: f"{case['number']}: {case['case']}")
def test_case(case: dict[str, Any], snapshot: Snapshot) -> None:
    given = record(TABLE["record"], case.get("record"))
    subject = Subject(given, Stage.FINAL, moment("2026-12-31 08:00"), reader_of(snapshot), release=snapshot)
    expected = MEANT.get(case["is"], case["is"])
    assert measured(subject).get(f"national-{case['number']:02}", "none") == expected


def test_every_indicator_that_documents_tell_has_cases_of_both_sides() -> None:
    for indicator in INDICATORS:
        if indicator.basis is Basis.RECORD:
            told = {MEANT.get(c["is"], c["is"]) for c in TABLE["cases"] if c["number"] == indicator.number}
            assert "no" in told, indicator.title
            assert told & {"yes", "none"}, indicator.title


def test_a_stay_that_goes_on_adds_nothing(snapshot: Snapshot) -> None:
    given = record(TABLE["record"], {"visit": {"discharged": None}})
    assert measured(Subject(given, Stage.RUNNING, moment("2026-11-05 08:00"))) == {}


@pytest.mark.parametrize(
    ("day", "number", "then"),
    [("2026-11-11", 2, "2026-11-13"), ("2026-11-13", 2, "2026-11-17"), ("2026-11-14", 2, "2026-11-17")],
)
def test_weekends_are_no_working_days(day: str, number: int, then: str) -> None:
    assert working_days_after(date.fromisoformat(day), number) == date.fromisoformat(then)
