"""Knowledge at rest: the current head of every record and an append-only history behind it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeVar

import msgspec
from sqlalchemy import (
    Column,
    Connection,
    DateTime,
    Engine,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    and_,
    delete,
    exists,
    func,
    insert,
    literal,
    select,
    update,
)
from sqlalchemy.exc import IntegrityError

from base.db import METADATA, insert_many
from knowledge.model import Article, Concept, Record, Rule, Source, Standing, Statement, Status
from knowledge.naming import normal_name

_R = TypeVar("_R", bound=Record)
_KINDS: dict[type, str] = {t: t.__name__.lower() for t in (Concept, Statement, Article, Rule, Source)}
_TYPES: dict[str, Any] = {kind: type_ for type_, kind in _KINDS.items()}


def _identity() -> list[Column[Any]]:
    return [Column("kind", String(12), primary_key=True), Column("id", String(160), primary_key=True)]


heads = Table(
    "knowledge_head",
    METADATA,
    *_identity(),
    Column("revision", Integer, nullable=False),
    Column("status", String(12), nullable=False),
    Column("standing", String(12), nullable=False),
    Column("origin", String(40), nullable=False),
    Column("subject", String(160), nullable=False, default=""),
    Column("predicate", String(40), nullable=False, default=""),
    Column("object", String(160), nullable=False, default=""),
    Column("approved", Integer, nullable=False, default=0),
    Column("body", LargeBinary, nullable=False),
    Index("knowledge_head_subject", "subject", "predicate"),
    Index("knowledge_head_object", "object"),
    Index("knowledge_head_status", "status", "kind"),
)
revisions = Table(
    "knowledge_revision",
    METADATA,
    *_identity(),
    Column("revision", Integer, primary_key=True),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("author", String(80), nullable=False),
    Column("reason", Text, nullable=False, default=""),
    Column("change", String(12), nullable=False),
    Column("status", String(12), nullable=False),
    Column("body", LargeBinary, nullable=False),
)
names = Table(
    "knowledge_name",
    METADATA,
    Column("concept", String(160), primary_key=True),
    Column("name", String(400), primary_key=True),
    Column("kind", String(20), nullable=False),
    Index("knowledge_name_name", "name"),
)
codes = Table(
    "knowledge_code",
    METADATA,
    Column("concept", String(160), primary_key=True),
    Column("system", String(40), primary_key=True),
    Column("code", String(80), primary_key=True),
    Column("kind", String(20), nullable=False),
    Index("knowledge_code_code", "code", "system"),
)


@dataclass(frozen=True, slots=True)
class Revision:
    """One entry of a record's history: who, when, why, what kind of change, and the record then."""

    kind: str
    id: str
    revision: int
    at: datetime
    author: str
    reason: str
    change: str
    status: Status
    record: Record


@dataclass(frozen=True, slots=True)
class Change:
    """A record to be written: ``change`` names what happened (created, edited, submitted …).

    ``expected`` is the revision the author saw; 0 when that does not matter. ``new``: there must be none yet.
    """

    record: Record
    change: str
    status: Status
    author: str
    reason: str = ""
    expected: int = 0
    new: bool = False


@dataclass(frozen=True, slots=True)
class Head:
    """The current state of a record."""

    record: Record
    status: Status
    revision: int


class StoreError(Exception):
    """Something about the store's content is not as asked; the message says what to do."""


class ConflictError(StoreError):
    """The record changed since it was read: read it again and repeat the edit."""


def kind_of(record: Record | type[Any]) -> str:
    """Name of the kind a record is stored under: concept, statement, article, rule, source."""
    return _KINDS[record if isinstance(record, type) else type(record)]


class Store:
    """All knowledge of one installation. Every write appends to the history in one transaction."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    # -- writing -----------------------------------------------------------------------

    def write(self, changes: Iterable[Change], connection: Connection | None = None) -> int:
        """Write records and their history; gives how many. All or nothing.

        A new record gets revision 1, an existing one its next. Raises ``ConflictError`` when somebody
        else wrote a record after its author saw it, or at this very moment.
        """
        if connection is not None:
            return self._write(connection, list(changes))
        with self.engine.begin() as fresh:
            return self._write(fresh, list(changes))

    def _write(self, connection: Connection, changes: list[Change]) -> int:
        if not changes:
            return 0
        now = datetime.now(UTC)
        known = self._known(connection, changes)
        new: list[dict[str, Any]] = []
        old: list[dict[str, Any]] = []
        history: list[dict[str, Any]] = []
        for change in changes:
            key = (kind_of(change.record), change.record.id)
            number, approved = known.get(key, (0, 0))
            number += 1
            if change.new and number > 1:
                raise ConflictError(_TAKEN)
            if change.expected and change.expected != number - 1:
                told = f"{key[1]} 已是第 {number - 1} 版，您看到的是第 {change.expected} 版，请重新读取后再改"
                raise ConflictError(told)
            row = _head_row(change, number, approved)
            known[key] = (number, row["approved"])
            (old if number > 1 else new).append(row)
            history.append(_history_row(change, row, number, now))
        try:
            insert_many(connection, heads, new)
        except IntegrityError:
            raise ConflictError(_TAKEN) from None
        for row in old:
            if connection.execute(_update_head(row)).rowcount != 1:
                raise ConflictError(f"{row['id']} 刚被他人修改，请重新读取后再改")
        insert_many(connection, revisions, history)
        self._index(connection, [c.record for c in changes if isinstance(c.record, Concept)])
        return len(changes)

    def _known(self, connection: Connection, changes: list[Change]) -> dict[tuple[str, str], tuple[int, int]]:
        """(revision, last approved revision) of the records that exist already."""
        known: dict[tuple[str, str], tuple[int, int]] = {}
        for kind in {kind_of(c.record) for c in changes}:
            ids = [c.record.id for c in changes if kind_of(c.record) == kind]
            for part in _parts(ids):
                columns = select(heads.c.id, heads.c.revision, heads.c.approved)
                found = connection.execute(columns.where(heads.c.kind == kind, heads.c.id.in_(part)))
                known |= {(kind, row.id): (row.revision, row.approved) for row in found}
        return known

    def _index(self, connection: Connection, concepts: list[Concept]) -> None:
        """Names and codes of these concepts, replacing what stood there."""
        if not concepts:
            return
        latest = {concept.id: concept for concept in concepts}
        for part in _parts(list(latest)):
            connection.execute(delete(names).where(names.c.concept.in_(part)))
            connection.execute(delete(codes).where(codes.c.concept.in_(part)))
        insert_many(connection, names, [row for concept in latest.values() for row in _name_rows(concept)])
        insert_many(connection, codes, [row for concept in latest.values() for row in _code_rows(concept)])

    # -- reading -----------------------------------------------------------------------

    def head(self, type_: type[_R], record_id: str) -> Head | None:
        """Current state of a record, or None."""
        query = select(heads).where(heads.c.kind == kind_of(type_), heads.c.id == record_id)
        with self.engine.connect() as connection:
            row = connection.execute(query).first()
        return None if row is None else _head(row)

    def get(self, type_: type[_R], record_id: str) -> _R:
        """The record itself. Raises ``StoreError`` when there is none."""
        found = self.head(type_, record_id)
        if found is None:
            raise StoreError(f"没有 {kind_of(type_)} {record_id}")
        assert isinstance(found.record, type_)
        return found.record

    def many(self, keys: Iterable[tuple[str, str]]) -> dict[tuple[str, str], Head]:
        """Current state of several records by (kind, id); those that do not exist are left out."""
        wanted: dict[str, list[str]] = {}
        for kind, record_id in keys:
            wanted.setdefault(kind, []).append(record_id)
        found: dict[tuple[str, str], Head] = {}
        with self.engine.connect() as connection:
            for kind, ids in wanted.items():
                for part in _parts(ids):
                    query = select(heads).where(heads.c.kind == kind, heads.c.id.in_(part))
                    found |= {(kind, row.id): _head(row) for row in connection.execute(query)}
        return found

    def heads(
        self, type_: type[_R], *, statuses: Sequence[Status] = (), origin: str = ""
    ) -> Iterator[tuple[_R, Status]]:
        """Current records of a kind in order of id, optionally of some statuses or one origin."""
        query = select(heads.c.id, heads.c.body, heads.c.revision, heads.c.status).where(
            heads.c.kind == kind_of(type_)
        )
        if statuses:
            query = query.where(heads.c.status.in_([s.value for s in statuses]))
        if origin:
            query = query.where(heads.c.origin == origin)
        with self.engine.connect() as connection:
            rows = connection.execute(query.order_by(heads.c.id).execution_options(yield_per=5000))
            for row in rows:
                yield decoded(kind_of(type_), row.body, row.revision), Status(row.status)

    def ids(self, type_: type[_R], origin: str) -> set[str]:
        """Ids of the records of a kind and origin that are not retired."""
        live = (heads.c.origin == origin) & (heads.c.status != Status.RETIRED.value)
        with self.engine.connect() as connection:
            return set(connection.execute(select(heads.c.id).where(heads.c.kind == kind_of(type_), live)).scalars())

    def history(self, type_: type[_R], record_id: str) -> list[Revision]:
        """Every revision of a record, oldest first."""
        query = select(revisions).where(revisions.c.kind == kind_of(type_), revisions.c.id == record_id)
        with self.engine.connect() as connection:
            return [_revision(row) for row in connection.execute(query.order_by(revisions.c.revision))]

    def as_of(self, type_: type[_R], record_id: str, at: datetime) -> Revision | None:
        """The record as it stood at a time, or None when it did not exist yet."""
        query = (
            select(revisions)
            .where(revisions.c.kind == kind_of(type_), revisions.c.id == record_id, revisions.c.at <= at)
            .order_by(revisions.c.revision.desc())
            .limit(1)
        )
        with self.engine.connect() as connection:
            row = connection.execute(query).first()
        return None if row is None else _revision(row)

    def about(self, concept_id: str) -> list[tuple[Statement, Status]]:
        """Statements with this concept as subject or object."""
        either = (heads.c.subject == concept_id) | (heads.c.object == concept_id)
        query = select(heads).where(heads.c.kind == "statement", either).order_by(heads.c.id)
        with self.engine.connect() as connection:
            return [(decoded("statement", r.body, r.revision), Status(r.status)) for r in connection.execute(query)]

    def named(self, texts: Iterable[str]) -> dict[str, list[tuple[str, str]]]:
        """For each normalised name: (concept id, kind) of the concepts that carry it."""
        wanted = list({normal_name(text) for text in texts})
        found: dict[str, list[tuple[str, str]]] = {}
        with self.engine.connect() as connection:
            for part in _parts(wanted):
                for row in connection.execute(select(names).where(names.c.name.in_(part)).order_by(names.c.concept)):
                    found.setdefault(row.name, []).append((row.concept, row.kind))
        return found

    def coded(self, system: str, code: str) -> list[str]:
        """Ids of the concepts that carry a code."""
        query = select(codes.c.concept).where(and_(codes.c.system == system, codes.c.code == code))
        with self.engine.connect() as connection:
            return sorted(connection.execute(query).scalars())

    def approved(self, connection: Connection) -> Iterator[Record]:
        """The last approved state of every record: what a release is made of."""
        same = select(heads.c.kind, heads.c.revision, heads.c.body).where(heads.c.approved == heads.c.revision)
        older = (
            select(revisions.c.kind, revisions.c.revision, revisions.c.body)
            .join(heads, and_(heads.c.kind == revisions.c.kind, heads.c.id == revisions.c.id))
            .where(heads.c.approved == revisions.c.revision, heads.c.approved != heads.c.revision)
        )
        for query in (same, older):
            for row in connection.execute(query.execution_options(yield_per=5000)):
                yield decoded(row.kind, row.body, row.revision)

    def advance(
        self,
        connection: Connection,
        before: Status,
        after: Status,
        author: str,
        reason: str,
        origin: str = "",
    ) -> int:
        """Move every record of a status (of one origin) to another in one step, history included."""
        which = heads.c.status == before.value
        if origin:
            which = and_(which, heads.c.origin == origin)
        now, next_ = datetime.now(UTC), heads.c.revision + 1
        constants = [literal(v) for v in (author, reason, after.value, after.value)]
        columns = ["kind", "id", "revision", "at", "author", "reason", "change", "status", "body"]
        copied = select(
            heads.c.kind, heads.c.id, next_, literal(now, DateTime(timezone=True)), *constants, heads.c.body
        )
        connection.execute(insert(revisions).from_select(columns, copied.where(which)))
        approved = next_ if after in _APPROVING else heads.c.approved
        moved = update(heads).where(which).values(status=after.value, revision=next_, approved=approved)
        return connection.execute(moved).rowcount

    def written_by(
        self, connection: Connection, author: str, origin: str, status: Status, changes: Sequence[str]
    ) -> list[str]:
        """Ids of the records of an origin and status that somebody made one of these changes to since they were last
        approved, in order."""
        mine, later = revisions.alias(), revisions.alias()
        approved_since = exists().where(
            later.c.kind == mine.c.kind,
            later.c.id == mine.c.id,
            later.c.revision >= mine.c.revision,
            later.c.status.in_([s.value for s in _APPROVING]),
        )
        wrote = exists().where(
            mine.c.kind == heads.c.kind,
            mine.c.id == heads.c.id,
            mine.c.author == author,
            mine.c.change.in_(changes),
            ~approved_since,
        )
        which = select(heads.c.id).where(heads.c.origin == origin, heads.c.status == status.value, wrote)
        return list(connection.execute(which.order_by(heads.c.id)).scalars())

    def counts(self) -> dict[str, int]:
        """Number of current records by kind, and of statements by origin (``statement:ddinter``)."""
        query = select(heads.c.kind, heads.c.origin, func.count()).group_by(heads.c.kind, heads.c.origin)
        counted: dict[str, int] = {}
        with self.engine.connect() as connection:
            for kind, origin, number in connection.execute(query):
                counted[kind] = counted.get(kind, 0) + number
                if origin:
                    counted[f"{kind}:{origin}"] = number
        return dict(sorted(counted.items()))


def _parts(values: list[Any], size: int = 900) -> Iterator[list[Any]]:
    """Slices small enough for one IN list."""
    return (values[at : at + size] for at in range(0, len(values), size))


_TAKEN = "刚由他人建立了同一编号的记录，请重新读取后再改"
_APPROVING = {Status.APPROVED, Status.PUBLISHED}


def _head_row(change: Change, revision: int, approved: int) -> dict[str, Any]:
    """``approved`` remembers which revision a release may use while a newer one is being edited."""
    record = change.record
    return {
        "kind": kind_of(record),
        "id": record.id,
        "revision": revision,
        "status": change.status.value,
        "standing": getattr(record, "standing", Standing.REVIEWED).value,
        "origin": getattr(record, "origin", ""),
        "subject": record.subject if isinstance(record, Statement) else getattr(record, "concept", ""),
        "predicate": record.predicate.value if isinstance(record, Statement) else "",
        "object": record.object if isinstance(record, Statement) else "",
        "approved": revision if change.status in _APPROVING else 0 if change.status is Status.RETIRED else approved,
        "body": msgspec.msgpack.encode(record),
    }


def _history_row(change: Change, row: dict[str, Any], revision: int, now: datetime) -> dict[str, Any]:
    return {
        "kind": row["kind"],
        "id": row["id"],
        "revision": revision,
        "at": now,
        "author": change.author,
        "reason": change.reason,
        "change": change.change,
        "status": row["status"],
        "body": row["body"],
    }


def _update_head(row: dict[str, Any]) -> Any:
    """Move the head on, but only from the revision just before: the guard against lost updates."""
    values = {k: v for k, v in row.items() if k not in ("kind", "id")}
    this = and_(heads.c.kind == row["kind"], heads.c.id == row["id"], heads.c.revision == row["revision"] - 1)
    return update(heads).where(this).values(**values)


def _name_rows(concept: Concept) -> list[dict[str, str]]:
    found = {normal_name(n)[:400] for n in (concept.name, concept.name_en, *concept.synonyms) if n}
    return [{"concept": concept.id, "name": name, "kind": concept.kind.value} for name in sorted(found)]


def _code_rows(concept: Concept) -> list[dict[str, str]]:
    found = sorted(set(concept.codes))
    return [{"concept": concept.id, "system": r.system, "code": r.code, "kind": concept.kind.value} for r in found]


def decoded(kind: str, body: bytes, revision: int) -> Any:
    """The record with its revision number, which is the store's to know."""
    record = msgspec.msgpack.decode(body, type=_TYPES[kind])
    return record if kind == "source" else msgspec.structs.replace(record, revision=revision)


def _head(row: Any) -> Head:
    return Head(decoded(row.kind, row.body, row.revision), Status(row.status), row.revision)


def _revision(row: Any) -> Revision:
    record = decoded(row.kind, row.body, row.revision)
    return Revision(
        row.kind, row.id, row.revision, row.at, row.author, row.reason, row.change, Status(row.status), record
    )
