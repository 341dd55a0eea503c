"""How records are read, told in ``readings.yaml``: a text, and what is made of what it names."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from knowledge.snapshot import Snapshot
from nlp.facts import Fact, read
from nlp.lexicon import Lexicon

CASES: list[dict[str, Any]] = yaml.safe_load(Path(__file__).with_name("readings.yaml").read_text("utf-8"))


@pytest.fixture(scope="module")
def lexicon(snapshot: Snapshot) -> Lexicon:
    return Lexicon.of(snapshot)


@pytest.mark.parametrize("case", CASES, ids=[case["what"] for case in CASES])
def test_a_record_is_read_as_a_doctor_reads_it(case: dict[str, Any], lexicon: Lexicon) -> None:
    facts = read(case["text"], lexicon, case["section"])
    for named, wanted in case["means"].items():
        said = [_said(fact) for fact in facts if fact.text in (named, f"{named}史")]
        assert said, f"nothing is made of {named}: {[fact.text for fact in facts]}"
        assert all({str(one) for one in wanted} <= each for each in said), (named, said)
    assert not [fact.text for fact in facts if fact.text in case.get("not", ())]


def _said(fact: Fact) -> set[str]:
    """What a fact says, in the words of the cases."""
    said = {
        fact.kind,
        fact.assertion.value,
        fact.when.value,
        fact.who.value,
        fact.side,
        f"at {fact.site or 'nowhere'}",
    }
    if fact.days is not None:
        said.add(f"{round(fact.days, 3):g} days")
    if fact.value is not None:
        said.add(f"{fact.value:.12g} {fact.unit}".strip())
    if fact.low is not None and fact.high is not None:
        said.add(f"{fact.low:g} to {fact.high:g} {fact.unit}".strip())
    return said | ({f"by {fact.route}"} if fact.route else set())
