"""The core: compiling and swapping releases, reviews, noise, other engines, HTTP, names of drugs."""

from __future__ import annotations

import tempfile
from pathlib import Path

from api.bootstrap import AUTHOR, House, ensure_release, open_house
from api.front import Front
from api.gates import GATES
from api.review import Reviewer
from base.log import setup
from base.settings import Settings
from benchmarks import SHARED, engines, http, noise, release, resolution, review
from benchmarks.sample import ACTIVE, NEW
from benchmarks.timing import Times, machine
from knowledge.release import publish
from knowledge.snapshot import Snapshot
from records.terminology import Terminology


def report() -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as folder:
        house = open_house(Settings(data_dir=Path(folder) / "data"))
        ensure_release(house, GATES)
        starter = house.releases.active()
        _knowledge(house, Path(folder))
        reviewer: Reviewer = Front.open(house).reviewer
        _reviews(reviewer)
        print("\nNoise: the two first audits, all families, default policy, full knowledge")
        print(noise.report(noise.measure(reviewer)), flush=True)
        _engines(reviewer)
        _http(house)
        _resolution(house.releases.open(starter), Path(folder))


def _knowledge(house: House, scratch: Path) -> None:
    print("\nKnowledge" + ("" if SHARED.exists() else " (starter content only: no shared data here)"))
    if SHARED.exists():
        release.load_shared(house, SHARED, lambda line: print(line, flush=True))
    seconds, counts = release.compile_seconds(house, scratch)
    print(f"  compile {counts['concepts']:,} concepts, {counts['statements']:,} statements: {seconds:.1f} s (≤ 60)")
    publish(house.store, house.releases, house.key, GATES, AUTHOR, "benchmark")
    print(f"  worker start, interpreter included: {release.start_seconds(house.settings.data_dir):.2f} s (≤ 3)")
    print(f"  swap, off the request path: {release.swap_seconds(house.releases):.2f} s (≤ 5)", flush=True)


def _reviews(reviewer: Reviewer) -> None:
    print("\nReview inside the process, 10 active drugs, 3 new (p99 ≤ 2 000 µs)")
    for name, times in review.measure(reviewer).items():
        print(f"  {name}: {times}", flush=True)
        print(f"    the machine alone, work of that length that is always the same: {machine(times.p50)}", flush=True)


def _engines(reviewer: Reviewer) -> None:
    terminology: Terminology = reviewer.serving.now.terminology
    texts = [text for text, *_ in (*ACTIVE, *NEW)]
    drugs = [i.concept for text in texts for i in terminology.drug(text, ()).ingredients]
    print(f"\nInteractions of {len(drugs)} ingredients on other engines")
    base: Times | None = None
    for name, times in engines.measure(terminology.snapshot, drugs).items():
        if isinstance(times, str):
            print(f"  {name}: {times}", flush=True)
            continue
        base = base or times
        print(f"  {name}: {times}, ratio {times.p50 / base.p50:,.1f}", flush=True)


def _http(house: House) -> None:
    print("\nHTTP, one worker, load generator beside it (order-sign ≥ 30 % of echo; p99 ≤ 25 ms at half load)")
    for name, load in http.measure(house.settings.data_dir).items():
        print(
            f"  {name}: {load.rate:,.0f}/s ({load.share:.0%} of echo), p50 {load.p50_ms:.1f} ms, "
            f"p99 {load.p99_ms:.1f} ms, {load.errors} errors",
            flush=True,
        )


def _resolution(starter: Snapshot, scratch: Path) -> None:
    if not (SHARED / "medical_kg").exists():
        return
    print("\nDrug names")
    print(resolution.report(resolution.measure(SHARED / "medical_kg", starter, scratch)))


if __name__ == "__main__":
    setup("ERROR")
    report()
