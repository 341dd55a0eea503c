"""Facts gathered from what the service itself knows, again and again: only what changed, each row once.

A source tells rows and how far it was read. Rows are told whole and under the number of what they are about, so that
telling them again changes nothing, and what was corrected or taken back replaces what was told before.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any, Final, NamedTuple, Protocol

import orjson

from base.tenancy import system
from supervision.figures.duck import quoted
from supervision.figures.fact import Fact
from supervision.figures.lake import DELETED, Lake
from supervision.figures.manifest import Load

Row = dict[str, Any]
_ACTOR: Final = "system"


class Batch(NamedTuple):
    """Rows of a fact of an institution."""

    tenant: str
    fact: str
    rows: list[Row]


class Gathered(NamedTuple):
    """Batches, and how far a source was read with them; empty when that says nothing."""

    batches: list[Batch]
    mark: str


class Source(Protocol):
    """Where rows come from: what changed since a mark, and all that happened within a time."""

    @property
    def name(self) -> str: ...

    def changed(self, mark: str) -> Iterator[Gathered]: ...

    def sweep(self, since: datetime, until: datetime) -> Iterator[Gathered]: ...


class Collector:
    """Brings what sources tell into the lake; marks are kept under the league."""

    def __init__(self, lake: Lake, facts: Mapping[str, Fact], league: str) -> None:
        self._lake, self._facts, self._league = lake, facts, league

    def collect(
        self, source: Source, progress: Callable[[int], None] = lambda rows: None, most: int | None = None
    ) -> int:
        """What changed since the last time, at most so many turns of it; gives how many rows were told."""
        with system("facts collected"):
            mark = self._lake.manifest.mark(self._league, source.name)
            return self._bring(source.name, islice(source.changed(mark), most), progress)

    def sweep(
        self, source: Source, since: datetime, until: datetime, progress: Callable[[int], None] = lambda rows: None
    ) -> int:
        """All that happened within a time, told again."""
        with system("facts collected"):
            return self._bring(source.name, source.sweep(since, until), progress)

    def _bring(self, name: str, told: Iterable[Gathered], progress: Callable[[int], None]) -> int:
        rows = 0
        for some in told:
            for batch in some.batches:
                load = Load(batch.tenant, batch.fact, name, _ACTOR, some.mark)
                merge_rows(self._lake, self._facts[batch.fact], load, batch.rows)
                rows += len(batch.rows)
                progress(len(batch.rows))
            if some.mark:
                self._lake.manifest.remember(self._league, name, some.mark)
        return rows


def gathered(batches: Iterable[Batch]) -> list[Batch]:
    """One batch for each fact of an institution, each row once: the last that was told of it."""
    found: dict[tuple[str, str], dict[str, Row]] = {}
    for batch in batches:
        if batch.rows:
            found.setdefault((batch.tenant, batch.fact), {}).update((row["id"], row) for row in batch.rows)
    return [Batch(tenant, fact, [*rows.values()]) for (tenant, fact), rows in found.items()]


def merge_rows(lake: Lake, fact: Fact, told: Load, rows: Iterable[Row]) -> None:
    """Bring in rows of Python. Raises ``LoadError``, ``TakenError``."""
    columns = {name: column.type.value for name, column in fact.given.items()} | {DELETED: "BOOLEAN"}
    types = ", ".join(f"{name}: {quoted(kind)}" for name, kind in columns.items())
    with tempfile.NamedTemporaryFile(suffix=".jsonl") as file:
        file.writelines(orjson.dumps(row) + b"\n" for row in rows)
        file.flush()
        path = quoted(str(Path(file.name)))
        lake.merge(fact, told, f"SELECT * FROM read_json({path}, format='newline_delimited', columns={{{types}}})")


__all__ = ["Batch", "Collector", "Gathered", "Row", "Source", "gathered", "merge_rows"]
