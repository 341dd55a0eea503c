"""What is measured of other engines is what is said of it."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import pytest

from benchmarks import engines
from rules.chaining import MOST_PER_FACT, Chain

DRUGS = ["x", "y", "z"]
OTHERS = [f"a{n:03}" for n in range(100)]
PAIRS = [*combinations(OTHERS, 2), *((other, drug) for other in OTHERS for drug in DRUGS), ("x", "y")]


def test_the_pairs_that_stand_in_durable_rules_are_of_the_request_s_drugs_and_no_more_than_it_takes() -> None:
    kept = engines._fitting(engines._nearest_first(PAIRS, DRUGS))
    assert kept[0] == ("x", "y")
    assert all(set(pair) & set(DRUGS) for pair in kept[:100])
    assert len({drug for pair in kept for drug in pair}) == MOST_PER_FACT
    assert len(kept) == engines._FEW


def test_durable_rules_is_asked_each_time_and_not_our_memory_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("durable", reason="durable_rules (extra `states`) is not installed")
    runs: list[int] = []
    told = Chain._run

    def counted(chain: Chain, session: str, facts: Any) -> Any:
        runs.append(len(facts))
        return told(chain, session, facts)

    monkeypatch.setattr(Chain, "_run", counted)
    ask: Any = engines._durable([("x", "y"), ("x", "z"), ("q", "z")], DRUGS)
    assert [len(ask()) for _ in range(3)] == [2, 2, 2]
    assert runs == [3, 3, 3]
