"""Every family against its table of cases."""

from __future__ import annotations

import pytest

from base.plugins import discover
from knowledge.snapshot import Snapshot
from rules.model import Family
from tests.case_tables import Told, fits, reviewed, tables

FAMILIES = discover("rules.families", "FAMILY", Family)
TABLES = tables()
ALL = [told for table in TABLES.values() for told in table]


@pytest.mark.parametrize("told", ALL, ids=lambda t: f"{t.family}: {t.name}")
def test_case(told: Told, snapshot: Snapshot) -> None:
    answer = reviewed(snapshot, FAMILIES[told.family], told.request)
    assert not answer.faults
    said = [f"{f.severity.value} {f.summary}" for f in answer.findings]
    assert len(answer.findings) == len(told.findings), said
    for expected in told.findings:
        assert any(fits(finding, expected) for finding in answer.findings), (expected, said)
    assert {gap.needed for gap in answer.gaps} == set(told.gaps), answer.gaps


@pytest.mark.parametrize("family", sorted(FAMILIES))
def test_every_family_has_positive_negative_and_missing_data_cases(family: str) -> None:
    kinds = {told.kind for told in TABLES.get(family, ())}
    assert {"positive", "negative", "missing"} <= kinds, f"tests/cases/{family}.yaml lacks some"


@pytest.mark.parametrize("told", [t for t in ALL if t.findings], ids=lambda t: t.name)
def test_every_alert_explains_itself(told: Told, snapshot: Snapshot) -> None:
    for finding in reviewed(snapshot, FAMILIES[told.family], told.request).findings:
        assert finding.orders or not FAMILIES[told.family].kinds, "an alert names the orders it concerns"
        assert finding.data, "an alert names the data it rests on"
        assert finding.advice, "an alert says what to do instead"
        assert finding.rule_id
        assert finding.rule_version
