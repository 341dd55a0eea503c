"""Merging what loaders read into the store: idempotent, resumable, never by guess.

A concept that carries a strong code or, alone among its kind, the exact name of a known
concept becomes that concept. Everything less certain is listed for curators. A record
that a person reviewed is never overwritten: the newcomer is listed beside it instead.
"""

from __future__ import annotations

import gc
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

from sqlalchemy import Column, DateTime, Integer, String, Table, Text, insert, select, update

from base.db import METADATA, insert_many
from knowledge.identities import KnownNames, aliases
from knowledge.intake import Loader, Row, RowError, stamp
from knowledge.lending import retold
from knowledge.model import Article, Concept, Record, Source, Standing, Statement, Status, same_content
from knowledge.store import Change, Store, kind_of

BATCH = 20_000
loads = Table(
    "knowledge_load",
    METADATA,
    Column("id", String(36), primary_key=True),
    Column("loader", String(40), nullable=False),
    Column("path", Text, nullable=False),
    Column("author", String(80), nullable=False),
    Column("started", DateTime(timezone=True), nullable=False),
    Column("finished", DateTime(timezone=True)),
    Column("position", Integer, nullable=False, default=0),
    Column("written", Integer, nullable=False, default=0),
    Column("unchanged", Integer, nullable=False, default=0),
    Column("kept", Integer, nullable=False, default=0),
    Column("errors", Integer, nullable=False, default=0),
)
load_errors = Table(
    "knowledge_load_error",
    METADATA,
    Column("number", Integer, primary_key=True, autoincrement=True),
    Column("load", String(36), nullable=False, index=True),
    Column("file", Text, nullable=False),
    Column("line", Integer, nullable=False),
    Column("field", Text, nullable=False),
    Column("message", Text, nullable=False),
)
candidates = Table(
    "knowledge_merge_candidate",
    METADATA,
    Column("a", String(160), primary_key=True),
    Column("b", String(160), primary_key=True),
    Column("reason", Text, nullable=False),
    Column("state", String(12), nullable=False, default="open"),
    Column("decided_by", String(80), nullable=False, default=""),
    Column("confirmed_by", String(80), nullable=False, default=""),
    Column("kept", String(160), nullable=False, default=""),
    Column("note", Text, nullable=False, default=""),
)
_UNDECIDED = {"confirmed_by": "", "kept": "", "note": ""}


@dataclass(slots=True)
class LoadReport:
    """What a load did. ``kept`` counts incoming records that a reviewed one stood in the way of,
    ``left_out`` statements about names nobody knows, of sources that are read by name."""

    id: str
    loader: str
    position: int = 0
    written: int = 0
    unchanged: int = 0
    kept: int = 0
    merged: int = 0
    candidates: int = 0
    seconds: float = 0.0
    left_out: int = 0
    kinds: dict[str, int] = field(default_factory=dict)
    errors: list[RowError] = field(default_factory=list)


def load(
    store: Store,
    loader: Loader,
    path: Path,
    author: str,
    progress: Callable[[int], None] = lambda rows: None,
    resume: bool = True,
) -> LoadReport:
    """Read a source into the store. Running it again changes nothing; a run that broke off goes on
    where it stopped. Row errors are stored and returned; good rows around them are kept."""
    with without_cycle_search():
        return _Loading(store, loader, path, author, progress).run(resume)


@contextmanager
def without_cycle_search() -> Iterator[None]:
    """Millions of short-lived records make the search for reference cycles a third of a load's time."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def open_candidates(store: Store, limit: int = 100) -> list[tuple[str, str, str]]:
    """(a, b, reason) of concepts that may be the same thing and that nobody judged yet."""
    query = select(candidates.c.a, candidates.c.b, candidates.c.reason).where(candidates.c.state == "open")
    with store.engine.connect() as connection:
        rows = connection.execute(query.order_by(candidates.c.a, candidates.c.b).limit(limit))
        return [(row.a, row.b, row.reason) for row in rows]


class _Loading:
    def __init__(
        self, store: Store, loader: Loader, path: Path, author: str, progress: Callable[[int], None]
    ) -> None:
        self.store, self.loader, self.path, self.author, self.progress = store, loader, path, author, progress
        self.report = LoadReport(str(uuid4()), loader.name)
        self.names = KnownNames(store, loader.name)
        self.unknown: Counter[tuple[str, str]] = Counter()
        self.new_aliases: list[dict[str, str]] = []
        self.new_candidates: dict[tuple[str, str], str] = {}

    def run(self, resume: bool) -> LoadReport:
        """Two passes over the source: first what is named, then what is said of it, so that a
        statement may name a concept that comes later (one pass when the source is ordered)."""
        started = time.perf_counter()
        done = self._begin(resume)
        passes = (self._take_all,) if self.loader.ordered else (self._take_records, self._take_statements)
        for take in passes:
            for batch in _batches(self.loader.rows(self.path)):
                self.report.position += len(batch)
                self.progress(len(batch))
                if self.report.position > done:
                    take(batch)
                    self._mark()
        self._finish()
        self.report.seconds = time.perf_counter() - started
        return self.report

    def _begin(self, resume: bool) -> int:
        """Continue the last unfinished run of this loader on this path, or open a new one."""
        this = (loads.c.loader == self.loader.name) & (loads.c.path == str(self.path)) & loads.c.finished.is_(None)
        with self.store.engine.begin() as connection:
            open_run = connection.execute(select(loads).where(this).order_by(loads.c.started.desc())).first()
            if open_run and resume:
                self.report.id = open_run.id
                return int(open_run.position)
            connection.execute(
                insert(loads).values(
                    id=self.report.id,
                    loader=self.loader.name,
                    path=str(self.path),
                    author=self.author,
                    started=datetime.now(UTC),
                )
            )
        return 0

    def _take_all(self, batch: list[Row | RowError]) -> None:
        self._take_records(batch)
        self._take_statements(batch)

    def _take_records(self, batch: list[Row | RowError]) -> None:
        self._errors([row for row in batch if isinstance(row, RowError)])
        rows = [row for row in batch if isinstance(row, Row) and not isinstance(row.record, Statement | Article)]
        records = [stamp(row.record, self.loader) for row in rows]
        concepts = self._identify([r for r in records if isinstance(r, Concept)])
        self._write_identities()
        self._write([*concepts, *(r for r in records if not isinstance(r, Concept))])

    def _take_statements(self, batch: list[Row | RowError]) -> None:
        resolved: list[Record] = []
        for row in batch:
            if isinstance(row, Row) and isinstance(row.record, Statement | Article):
                outcome = self.names.resolve(Row(stamp(row.record, self.loader), row.file, row.line))
                if isinstance(outcome, RowError) and row.many:
                    self.unknown[(outcome.file, outcome.message)] += 1
                elif isinstance(outcome, RowError):
                    self._errors([outcome])
                else:
                    resolved.append(outcome)
        self._write(resolved)

    def _identify(self, concepts: list[Concept]) -> list[Concept]:
        """Each concept under the id it will live under; what joins an existing one lends its names."""
        joined: dict[str, Concept] = {}
        places = [self.names.same_as(concept) for concept in concepts]
        current = self.store.many(("concept", known) for known, _ in places if known)
        for concept in concepts:
            known, because = self.names.same_as(concept)
            home = known or concept.id
            head = current.get(("concept", home))
            base = joined.get(home) or (head.record if head and isinstance(head.record, Concept) else None)
            if home != concept.id:
                self._alias(concept, home, because)
            elif base is None:
                self._candidates(concept)
            joined[home] = concept if base is None else retold(base, concept)
            self.names.learn(joined[home])
            self.names.own.add(home)
        return list(joined.values())

    def _alias(self, concept: Concept, known: str, because: str) -> None:
        self.report.merged += 1
        if concept.id not in self.names.aliases:
            self.names.aliases[concept.id] = known
            self.new_aliases.append({"alias": concept.id, "concept": known, "because": because})

    def _candidates(self, concept: Concept) -> None:
        """Concepts that share a name but are not certainly the same: for curators to judge."""
        for other, reason in self.names.rivals(concept):
            a, b = sorted((concept.id, other))
            self.new_candidates[(a, b)] = reason

    def _write_identities(self) -> None:
        """Aliases and merge candidates that a batch found; pairs that were listed before stay as judged."""
        with self.store.engine.begin() as connection:
            insert_many(connection, aliases, self.new_aliases)
            known = {(row.a, row.b) for row in connection.execute(select(candidates.c.a, candidates.c.b))}
            fresh = [
                {"a": a, "b": b, "reason": reason, "state": "open", "decided_by": "", **_UNDECIDED}
                for (a, b), reason in self.new_candidates.items()
                if (a, b) not in known
            ]
            insert_many(connection, candidates, fresh)
        self.report.candidates += len(fresh)
        self.new_aliases.clear()
        self.new_candidates.clear()

    def _write(self, records: list[Record]) -> None:
        """Write what is new or changed; leave alone what is equal or reviewed."""
        unique = {(kind_of(r), r.id): r for r in records}
        current = self.store.many(unique)
        changes: list[Change] = []
        for key, record in unique.items():
            head = current.get(key)
            if head is not None and same_content(head.record, record):
                self.report.unchanged += 1
            elif head is not None and not _may_replace(head.record):
                self.report.kept += 1
            else:
                self.report.kinds[key[0]] = self.report.kinds.get(key[0], 0) + 1
                word = "created" if head is None else "edited"
                status = Status.APPROVED if isinstance(record, Source) else Status.DRAFT
                changes.append(Change(record, word, status, self.author, f"载入自{self.loader.title}"))
        self.report.written += self.store.write(changes)

    def _errors(self, errors: list[RowError]) -> None:
        self.report.errors += errors
        if errors:
            rows = [
                {
                    "load": self.report.id,
                    "file": e.file,
                    "line": e.line,
                    "field": e.field,
                    "message": e.message,
                }
                for e in errors
            ]
            with self.store.engine.begin() as connection:
                connection.execute(insert(load_errors), rows)

    def _mark(self) -> None:
        r = self.report
        values = {
            "position": r.position,
            "written": r.written,
            "unchanged": r.unchanged,
            "kept": r.kept,
            "errors": len(r.errors),
        }
        with self.store.engine.begin() as connection:
            connection.execute(update(loads).where(loads.c.id == r.id).values(**values))

    def _finish(self) -> None:
        left_out = [
            RowError(file, 0, "", f"{message}（略去 {count} 行）")
            for (file, message), count in sorted(self.unknown.items())
        ]
        self.report.left_out = sum(self.unknown.values())
        self._errors(left_out)
        self._mark()
        with self.store.engine.begin() as connection:
            done = update(loads).where(loads.c.id == self.report.id)
            connection.execute(done.values(finished=datetime.now(UTC)))


def _may_replace(current: Record) -> bool:
    return getattr(current, "standing", Standing.STARTER) is not Standing.REVIEWED


def _batches(rows: Iterable[Row | RowError]) -> Iterator[list[Row | RowError]]:
    batch: list[Row | RowError] = []
    for row in rows:
        batch.append(row)
        if len(batch) == BATCH:
            yield batch
            batch = []
    if batch:
        yield batch
