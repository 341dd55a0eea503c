"""Sums by month, kept so that nobody waits for rows: of each fact and month one file with the sums of all measures
that add up, apart by institution and the columns of the fact's ``cube``.

A month is summed again when a part of it was written since, or when measures were added. Until then what asks for it
reads the rows: the figures are the same, only later.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import date
from uuid import uuid4

from base.security import sm3
from base.tenancy import system
from supervision.figures.catalogue import Catalogue
from supervision.figures.duck import connect, quoted
from supervision.figures.fact import Fact
from supervision.figures.indicator import Measure
from supervision.figures.lake import Lake
from supervision.figures.manifest import Cube


def unknown(measure: Measure) -> str:
    """The column that counts rows which a measure could not judge."""
    return f"{measure.key}_u"


def summing(measures: Mapping[str, Measure]) -> list[str]:
    """SQL that sums measures over rows: each with the number of rows that it could not judge."""
    found = []
    for key, one in measures.items():
        where = f"({one.where})" if one.where else "true"
        # Rows that do not count are nothing; only when no row could be judged is the sum unknown.
        found.append(f"sum(CASE WHEN {where} THEN ({one.value}) WHEN NOT {where} THEN 0 END)::DOUBLE AS {key}")
        lost = f"count(*) FILTER (WHERE {where} IS NULL OR ({where} AND ({one.value}) IS NULL))"
        found.append(f"{lost} AS {unknown(one)}")
    return found


def grain(fact: Fact, measures: Iterable[str]) -> str:
    """Tells sums that keep the same things apart."""
    return sm3(" ".join((*fact.grain, "", *sorted(measures))).encode())[:16]


def usable(lake: Lake, fact: Fact, measures: Mapping[str, Measure]) -> dict[date, Cube]:
    """Monthly sums that hold all that was written."""
    wanted, newest = grain(fact, measures), lake.manifest.newest(fact.name)
    found = lake.manifest.cubes(fact.name)
    return {month: c for month, c in found.items() if c.grain == wanted and c.newest == newest.get(month)}


def refresh(lake: Lake, known: Catalogue, progress: Callable[[int], None] = lambda months: None) -> int:
    """Sum up what was written since the last time; gives how many months that was."""
    done = 0
    for fact in known.facts.values():
        measures = known.sums(fact.name)
        fresh = usable(lake, fact, measures)
        for month, newest in sorted(lake.manifest.newest(fact.name).items()):
            if month not in fresh:
                _sum(lake, fact, measures, month, newest)
                done += 1
                progress(1)
    return done


def _sum(lake: Lake, fact: Fact, measures: Mapping[str, Measure], month: date, newest: int) -> None:
    with system("monthly sums"):
        parts = [part for part in lake.manifest.parts([fact.name], [month]) if part.id <= newest]
    file = f"cubes/{fact.name}-{month:%Y-%m}-{uuid4().hex}.parquet"
    lake.path(file).parent.mkdir(parents=True, exist_ok=True)
    keys = ", ".join(fact.grain)
    sums = ", ".join((f"DATE '{month.isoformat()}' AS date", keys, *summing(measures)))
    select = f"SELECT {sums} FROM ({lake.rows(fact, parts)}) GROUP BY {keys} ORDER BY tenant"
    with connect() as database:
        database.execute(f"COPY ({select}) TO {quoted(str(lake.path(file)))} (FORMAT parquet, COMPRESSION zstd)")
    before = lake.manifest.keep_cube(Cube(fact.name, month, grain(fact, measures), newest, file))
    if before:
        # Whoever reads it has it open; who finds it gone looks again.
        lake.path(before).unlink(missing_ok=True)


__all__ = ["grain", "refresh", "summing", "unknown", "usable"]
