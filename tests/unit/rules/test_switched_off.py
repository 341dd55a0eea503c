"""The cases of a family are about that family: with it switched off they fail."""

from __future__ import annotations

import pytest

from base.plugins import discover
from knowledge.snapshot import Snapshot
from rules.model import Family
from tests.case_tables import Told, fits, reviewed_by, tables

FAMILIES = discover("rules.families", "FAMILY", Family)
TABLES = tables()


@pytest.mark.parametrize("family", sorted(TABLES))
def test_without_the_family_its_cases_fail(family: str, snapshot: Snapshot) -> None:
    others = [f for name, f in FAMILIES.items() if name != family]
    positive = [told for told in TABLES[family] if told.findings]
    still = [told.name for told in positive if _holds(told, snapshot, others)]
    assert positive
    assert len(still) <= len(positive) / 3, f"said by others too: {still}"


def _holds(told: Told, snapshot: Snapshot, families: list[Family]) -> bool:
    """Whether every expected finding is still given, and no gap is missing."""
    answer = reviewed_by(snapshot, families, told.request)
    return all(any(fits(finding, expected) for finding in answer.findings) for expected in told.findings)
