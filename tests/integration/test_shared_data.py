"""Loading everything there is to develop against, ending with counts per kind. Skipped where it is not."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from api.bootstrap import AUTHOR, House, load_starter, loaders
from api.gates import GATES
from benchmarks.release import SOURCES
from benchmarks.resolution import disagreements, measure, report
from knowledge.merge import load
from knowledge.release import publish
from knowledge.review import Workflow
from knowledge.snapshot import Snapshot

SHARED = Path(os.environ.get("YIGONG_SHARED_DATA", Path(__file__).parents[3] / "shared" / "data"))
LEAST = {
    "medical-kg": 300_000,
    "icd-10": 25_000,
    "icd-9-cm-3": 18_000,
    "atc": 14_000,
    "hpo": 250_000,
    "insurance": 10_000,
    "brand-names": 1_500,
    "ddinter": 95_000,
}

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not (SHARED / "medical_kg").exists(), reason="no shared data here"),
]


def test_nearly_every_marketed_product_resolves_to_the_right_drug(snapshot: Snapshot, tmp_path: Path) -> None:
    found = measure(SHARED / "medical_kg", snapshot, tmp_path)
    print(report(found))
    assert found.products > 14_000
    assert found.share >= 0.97


def test_everything_loads_publishes_and_answers(fresh: House, snapshot: Snapshot) -> None:
    load_starter(fresh)
    for name, least in LEAST.items():
        done = load(fresh.store, loaders()[name], SHARED / SOURCES[name], "li")
        assert done.written >= least, name
        if name in ("brand-names", "ddinter"):
            matched = 1 - done.left_out / (done.left_out + done.kinds["statement"])
            print(f"{name}: {matched:.1%} of the rows name drugs we know")
            assert matched > 0.6
        Workflow(fresh.store).accept_load(name, "wang", "test")
    counts = publish(fresh.store, fresh.releases, fresh.key, GATES, AUTHOR).counts
    print(fresh.store.counts())
    assert counts["concepts"] > 100_000
    assert counts["statements"] > 650_000
    everything = fresh.releases.open(fresh.releases.active())
    differing = disagreements(SHARED / "medical_kg", snapshot, everything)
    print(f"{len(differing)} products mean something else once everything is loaded: {differing[:5]}")
    # What is left are names the graph knows as drugs of their own (三维制霉素栓 is not 制霉素).
    assert len(differing) <= 130
