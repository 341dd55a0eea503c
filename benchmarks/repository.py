"""The repository at size: persons and events in PostgreSQL, what it takes to gather one patient's context, and how fast
messages are put.

``python -m benchmarks.repository [persons] [events]`` loads so many (1 million and 50 million take some 20 GB) and measures ``Region.history`` of random persons, right after every cache of the server was
emptied and then again. ``python -m benchmarks.repository train`` makes the dictionary that packs resources anew.
"""

from __future__ import annotations

import os
import random
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import psycopg
from sqlalchemy import Engine
from sqlalchemy.dialects import postgresql
from sqlalchemy.schema import CreateIndex

from base.db import migrate
from base.keyring import KeyRing
from base.tenancy import system
from benchmarks.histories import Institution, histories, institutions, resource
from benchmarks.postgres import MEMORY, Server
from clinical.patient import Sex
from clinical.person import Demographics
from records import packing
from records.context import Ask, Region
from records.identity import Identity
from records.identity_tables import sealed
from records.kinds import key_of
from records.packing import pack, written
from records.privacy import category_of
from records.registry import Organisation, Registry
from records.resource_rows import heads
from records.store import Repository

NOW: Final = datetime(2026, 6, 1, tzinfo=UTC)
_SPAN: Final = timedelta(days=5 * 365)
_RECORDS: Final = 2
"""Records of a person, in two institutions."""
_STEP: Final = 1_000_000
_SAMPLES: Final = 100_000
"""Different resources: enough that none of them stays in the processor's memory."""


@dataclass(frozen=True, slots=True)
class Figures:
    """Bytes and rates of a load, and milliseconds (p50, p95, p99) to gather one person's context."""

    persons: int
    events: int
    load_seconds: float
    bytes_each: float
    gigabytes: float
    cold: tuple[float, float, float]
    warm: tuple[float, float, float]
    facts: float
    puts: float


def _forgotten() -> None:
    """Empty the system's memory of files, where we may."""
    os.sync()
    try:
        Path("/proc/sys/vm/drop_caches").write_text("1")
    except OSError:
        print("  (the system's cache of files could not be emptied: what is called cold is not)", flush=True)


def _size(server: Server) -> int:
    """Bytes of the facts of patients, indexes included."""
    with psycopg.connect(server.url) as connection:
        row = connection.execute(b"SELECT pg_total_relation_size('record_resource')").fetchone()
        assert row is not None
        return int(row[0])


def measure(folder: Path, persons: int = 20_000, events: int = 1_000_000, asked: int = 2_000) -> Figures:
    """Load so much into a server of its own in a folder, and measure it."""
    server = Server(folder, {**MEMORY, "synchronous_commit": "off"})
    try:
        engine = server.engine()
        migrate(engine)
        ring = KeyRing(engine, bytes(16))
        started = time.perf_counter()
        _enrol(engine, ring, persons)
        _fill(server, persons, events)
        seconds, size = time.perf_counter() - started, _size(server)
        engine.dispose()
        server.run("ALTER SYSTEM RESET synchronous_commit")
        server.restart(_forgotten)
        engine = server.engine()
        region = Region(engine, Identity(engine, ring, "league"), Repository(engine, ring))
        cold, facts = _asked(region, persons, asked, seed=1)
        _asked(region, persons, asked, seed=2)
        warm, _ = _asked(region, persons, asked, seed=2)
        puts = _put(engine, ring)
        region.close()
        engine.dispose()
    finally:
        server.close()
    return Figures(persons, events, seconds, size / events, size / 1e9, cold, warm, facts, puts)


# -- loading -------------------------------------------------------------------------------------


def _records(person: int, houses: Sequence[Institution]) -> list[tuple[int, Institution, str]]:
    """Records of a person: number, institution, its number of the patient. The same in SQL: ``_EVENTS``."""
    chosen = [(n, houses[(person + 7 * n) % len(houses)]) for n in range(_RECORDS)]
    return [(person * _RECORDS + n + 1, house, f"{house.prefix}P{person:08d}") for n, house in chosen]


def _enrol(engine: Engine, ring: KeyRing, persons: int) -> None:
    """Persons and their records, as the identity service stores them; nobody is matched here."""
    houses, columns = institutions(), "id, tenant, local_id, person, sealed, version, created, updated, source"
    with system("benchmark"), engine.begin() as connection:
        for house in houses:
            Registry().register(connection, Organisation(house.tenant, house.name, recognition=("盟域",)), actor="b")
        cursor = connection.connection.cursor()
        with cursor.copy("COPY person (id, tenant, created, version) FROM STDIN") as copy:
            for person in range(persons):
                copy.write_row((person + 1, "league", NOW, 1))
        with cursor.copy(f"COPY person_record ({columns}) FROM STDIN") as copy:
            for person in range(persons):
                for record, house, local in _records(person, houses):
                    content = sealed(ring, house.tenant, local, _described(person))
                    copy.write_row((record, house.tenant, local, person + 1, content, 1, NOW, NOW, "benchmark"))


def _described(person: int) -> Demographics:
    born = f"{1935 + person % 80}-{person % 12 + 1:02d}-{person % 28 + 1:02d}"
    return Demographics(name=f"某人{person}", sex=Sex.MALE, birth=born)


_EVENTS: Final = """
INSERT INTO record_resource (record, at, sent, message, version, kind, category, deleted, tenant, local, status, code,
                             encounter, resource)
SELECT d.person * 2 + d.n + 1, d.at, d.at, d.g / 4, 1, s.kind, s.category, false,
       ('{tenants}'::text[])[d.house + 1], 'H' || lpad(d.house::text, 2, '0') || lpad(d.g::text, 12, '0'),
       s.status, s.code, 'H' || lpad(d.house::text, 2, '0') || 'V' || lpad((d.g / 8)::text, 10, '0'), s.resource
FROM (SELECT g, person, n, (person + 7 * n) % {houses} AS house, at, drawn
      FROM (SELECT g, floor({persons} * power(random(), 1.6))::bigint AS person, floor(2 * random())::bigint AS n,
                   '{first}'::timestamptz + g * interval '{step} microseconds' AS at,
                   floor({samples} * random())::int AS drawn
            FROM generate_series({start}::bigint, {end}::bigint) AS g) AS r) AS d
JOIN sample AS s ON s.number = d.drawn"""
"""Events in the order of time, as they come in, each a resource of the sample; some people come far more often."""


def _fill(server: Server, persons: int, events: int) -> None:
    """Events made in the server from a sample of resources; indexes of another order than theirs are made after."""
    server.run(*(f"DROP INDEX {index.name}" for index in heads.indexes))
    _sample(server)
    houses = institutions()
    values = {
        "tenants": "{" + ",".join(house.tenant for house in houses) + "}",
        "houses": len(houses),
        "persons": persons,
        "first": (NOW - _SPAN).isoformat(),
        "step": int(_SPAN / timedelta(microseconds=1)) // events,
        "samples": _SAMPLES,
    }
    for start in range(0, events, _STEP):
        server.run(_EVENTS.format(start=start, end=min(start + _STEP, events) - 1, **values))
        print(f"  {min(start + _STEP, events):,} of {events:,} events", flush=True)
    dialect = postgresql.dialect()  # type: ignore[no-untyped-call]
    indexes = (str(CreateIndex(index).compile(dialect=dialect)) for index in heads.indexes)
    server.run("SET maintenance_work_mem = '1GB'", *indexes, "VACUUM (ANALYZE, PARALLEL 0)", "CHECKPOINT")


def _sample(server: Server) -> None:
    """So many different resources, packed as ``Repository.put`` packs them."""
    server.run(
        "CREATE TABLE sample (number int PRIMARY KEY, kind smallint, category smallint, status text, code text, "
        "resource bytea)"
    )
    rng, houses = random.Random(7), institutions()
    with psycopg.connect(server.url) as connection, connection.cursor().copy(b"COPY sample FROM STDIN") as copy:
        for number in range(_SAMPLES):
            house, at = rng.choice(houses), NOW - _SPAN * rng.random()
            made = resource(rng, house, f"{house.prefix}P{rng.randrange(10**6):08d}", rng.randrange(10**8), at)
            key, plain = key_of(made), written(made)
            category = int(category_of(made, plain.decode()))
            copy.write_row((number, key.kind, category, key.status, key.code, pack(plain)))


def _somebody(rng: random.Random, persons: int) -> int:
    """A person; some come far more often than others."""
    return int(persons * rng.random() ** 1.6)


# -- measuring -----------------------------------------------------------------------------------


def _asked(region: Region, persons: int, times: int, seed: int) -> tuple[tuple[float, float, float], float]:
    """Milliseconds (p50, p95, p99) to gather the context of people as they come, and how many facts each has."""
    rng, houses = random.Random(seed), institutions()
    taken, facts = [], 0
    for _ in range(times):
        person = _somebody(rng, persons)
        _, house, local = rng.choice(_records(person, houses))
        ask = Ask(house.tenant, local, NOW, _described(person))
        started = time.perf_counter()
        found = region.history(ask)
        taken.append((time.perf_counter() - started) * 1000)
        facts += sum(len(part.resources) for part in found.parts)
    ordered = sorted(taken)
    return (ordered[times // 2], ordered[times * 95 // 100], ordered[times * 99 // 100]), facts / times


def _put(engine: Engine, ring: KeyRing, messages: int = 2_000) -> float:
    """Resources put a second by one process: messages of five, each committed."""
    rng, houses = random.Random(9), institutions()
    repository = Repository(engine, ring)
    sent = [
        [resource(rng, houses[n % 24], "new", 10**11 + n * 5 + i, NOW) for i in range(5)] for n in range(messages)
    ]
    started = time.perf_counter()
    with system("benchmark"):
        for n, resources in enumerate(sent):
            with engine.begin() as connection:
                repository.put(connection, houses[n % 24].tenant, n + 1, resources, message=n, at=NOW)
    return messages * 5 / (time.perf_counter() - started)


def report(persons: int = 1_000_000, events: int = 50_000_000) -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory(dir=os.environ.get("YIGONG_BENCH_DIR")) as folder:
        print(_lines(measure(Path(folder), persons, events)), flush=True)


def _lines(found: Figures) -> str:
    cold, warm = (f"p50 {p[0]:.1f} ms, p95 {p[1]:.1f} ms, p99 {p[2]:.1f} ms" for p in (found.cold, found.warm))
    return "\n".join(
        (
            f"  {found.persons:,} persons, {found.events:,} events: loaded in {found.load_seconds:,.0f} s, "
            f"{found.gigabytes:.1f} GB, {found.bytes_each:.0f} bytes an event with indexes",
            f"  context of one person, {found.facts:.0f} facts, caches empty: {cold}",
            f"  context of one person, read before: {warm} (p95 ≤ 10)",
            f"  put, one process, a commit for five resources: {found.puts:,.0f} resources/s",
        )
    )


def main() -> None:
    """Run as the module says."""
    if sys.argv[1:] == ["train"]:
        target = Path(packing.__file__).parent / "dictionaries" / f"{packing.NEWEST}.zdict"
        target.write_bytes(packing.train((written(r) for _, r in histories(1, 20_000)), packing.NEWEST))
        return
    report(*map(int, sys.argv[1:]))


if __name__ == "__main__":
    main()
