"""Every check of records against its table of cases."""

from __future__ import annotations

import pytest

from knowledge.snapshot import Snapshot
from supervision.record_qc.engine import checks
from supervision.record_qc.model import Check
from tests.record_qc.tables import Told, outcome, reader_of, tables

TABLES = tables()
ALL = [told for table in TABLES.values() for told in table]


@pytest.mark.parametrize("told", ALL, ids=lambda t: f"{t.check}: {t.case}")
def test_case(told: Told, snapshot: Snapshot) -> None:
    found = outcome(told, reader_of(snapshot), snapshot)
    assert not found.failed
    said = {
        "defect": [f"{d.says} {d.place.quote}" for d in found.defects],
        "gap": [gap.needed for gap in found.gaps],
        "reminder": [reminder.says for reminder in found.reminders],
    }
    assert {kind for kind, texts in said.items() if texts} == ({told.expect} - {"none"}), said
    if told.expect != "none":
        texts = said[told.expect]
        assert len(texts) == told.times, texts
        assert all(any(word in text for text in texts) for word in told.says), texts


@pytest.mark.parametrize("check", checks().values(), ids=lambda check: check.name)
def test_every_check_has_a_case_that_it_finds_and_one_that_it_leaves_alone(check: Check) -> None:
    kinds = {told.expect for told in ALL if told.check == check.name}
    assert {"defect", "none"} <= kinds, "see docs/record-qc.md"
