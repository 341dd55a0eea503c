"""What is known of patients: FHIR resources by institution, type and the sender's id, each version kept.

A resource hangs on the patient's record in an institution, not on a person: linking and parting persons moves no row.
Of each there is one head; what it replaced stands in the history, what the sender took back leaves a tombstone.
The same content again is no new version, and what was sent earlier never replaces what was sent later.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from enum import StrEnum
from functools import cache
from itertools import islice
from typing import Any, Final, NamedTuple, Protocol, TypeAlias

import orjson
from sqlalchemy import (
    Connection,
    Engine,
    Integer,
    Select,
    bindparam,
    insert,
    or_,
    select,
    tuple_,
    union_all,
    update,
)
from sqlalchemy.exc import IntegrityError

from base.db import insert_many, inserting
from base.keyring import KeyRing
from base.tenancy import may_write, system
from records.kinds import MORE, NAMES, Json, ResourceError, number_of
from records.packing import pack, unpack
from records.privacy import Category, names_in
from records.resource_rows import (
    Arrived,
    bound_at,
    bound_to,
    heads,
    is_part,
    lasting,
    made_ready,
    old,
    sealed,
    tombstone,
)

_CHUNK: Final = 500
_MANY: Final = 100
"""New rows from which on they are copied rather than inserted."""
_PLACE: Final = (heads.c.tenant, heads.c.kind, heads.c.local)
_SHOWN: Final = (
    *(heads.c.tenant, heads.c.kind, heads.c.local, heads.c.version, heads.c.record),
    *(heads.c.at, heads.c.category, heads.c.deleted, heads.c.resource),
)
Spans: TypeAlias = tuple[tuple[str, ...], ...]
"""Groups of resource types."""


class Outcome(StrEnum):
    """What became of a resource that was put. ``STALE``: something sent later is here already."""

    NEW = "new"
    CHANGED = "changed"
    SAME = "same"
    STALE = "stale"
    DELETED = "deleted"


class Placed(NamedTuple):
    """Where a resource was put, and what became of it."""

    kind: str
    local_id: str
    version: int
    outcome: Outcome


class Kept(NamedTuple):
    """A stored resource as JSON; ``at`` is when it was true, ``category`` how private it is."""

    tenant: str
    kind: str
    local_id: str
    version: int
    at: datetime
    record: int | None
    resource: bytes
    category: Category


class Version(NamedTuple):
    """One version of a resource; ``resource`` is empty where it says that the sender took it back."""

    version: int
    sent: datetime
    message: int
    deleted: bool
    resource: bytes


class Seer(Protocol):
    """Holds what is read to what the persons let others see (``records.consent.Consents``)."""

    def visible(self, connection: Connection, found: Sequence[Kept]) -> list[Kept]: ...


class Repository:
    """Puts and finds resources, in the caller's transaction and scope; without ``seer`` what is read across
    institutions is not held to the wishes of persons, which is for the system's own work."""

    def __init__(self, engine: Engine, ring: KeyRing, seer: Seer | None = None) -> None:
        self._engine, self._ring, self._seer = engine, ring, seer

    def is_empty(self) -> bool:
        """Whether nothing is known of any patient yet."""
        of_somebody = select(heads.c.record).where(heads.c.record.is_not(None)).limit(1)
        with system("whether there is anything to look up"), self._engine.connect() as connection:
            return connection.execute(of_somebody).first() is None

    # -- writing -----------------------------------------------------------------------------

    def put(
        self,
        connection: Connection,
        tenant: str,
        record: int | None,
        resources: Sequence[Json],
        *,
        message: int,
        at: datetime,
    ) -> list[Placed]:
        """Keep resources of one institution as they stand in a message, in their order. ``at`` is when it was sent,
        which a resource's own ``meta.lastUpdated`` overrides. Raises ``ResourceError`` before anything is written."""
        naming = names_in(resources)
        ready = [made_ready(tenant, record, r, message, at, naming) for r in resources]
        return [placed for batch in _batches(ready) for placed in self._put(connection, tenant, batch)]

    def remove(
        self, connection: Connection, tenant: str, references: Sequence[str], *, message: int, at: datetime
    ) -> list[Placed]:
        """Take resources (``Observation/17``) back. Of one that is not known a tombstone stays all the same, so
        that it does not come to life when an earlier message arrives late. Raises ``ResourceError``."""
        gone = [tombstone(tenant, reference, message, at) for reference in references]
        return [placed for batch in _batches(gone) for placed in self._put(connection, tenant, batch)]

    def _put(self, connection: Connection, tenant: str, arrived: Sequence[Arrived]) -> list[Placed]:
        """Heads are read and locked, compared and replaced; one that another transaction made meanwhile is met in
        the next round."""
        heads_now = self._heads(connection, tenant, [a.place for a in arrived])
        placed: dict[tuple[int, str], Placed] = {}
        new, changed = [], []
        for one in arrived:
            head = heads_now.get(one.place)
            outcome = Outcome.NEW if head is None else self._compared(connection, one, head)
            version = 1 if head is None else head.version + (outcome in (Outcome.CHANGED, Outcome.DELETED))
            kept = Placed(NAMES[one.place[0]], one.place[1], version, outcome)
            if head is None:
                kept = kept._replace(outcome=Outcome.DELETED) if one.row["deleted"] else kept
                new.append(one)
            elif version > head.version:
                changed.append((one, head, version))
            placed[one.place] = kept
        taken = self._insert(connection, new)
        self._replace(connection, changed)
        self._seal(connection, [(one, 1) for one in new if one.place not in taken] + [(o, v) for o, _, v in changed])
        if taken:
            again = self._put(connection, tenant, [one for one in new if one.place in taken])
            placed |= {(number_of(p.kind), p.local_id): p for p in again}
        return [placed[one.place] for one in arrived]

    def _heads(self, connection: Connection, tenant: str, places: Sequence[tuple[int, str]]) -> dict[Any, Any]:
        query = select(heads).where(heads.c.tenant == tenant, tuple_(heads.c.kind, heads.c.local).in_(places))
        locked = query.with_for_update() if connection.dialect.name == "postgresql" else query
        return {(row.kind, row.local): row for row in connection.execute(locked)}

    def _compared(self, connection: Connection, one: Arrived, head: Any) -> Outcome:
        if one.row["sent"] < head.sent:
            return Outcome.STALE
        if one.row["deleted"]:
            return Outcome.SAME if head.deleted else Outcome.DELETED
        if head.deleted or one.row["record"] not in (None, head.record):
            return Outcome.CHANGED
        before = orjson.loads(self._contents(connection, [head])[_at(head)])
        if is_part(orjson.loads(one.content)) and not is_part(before):
            return Outcome.SAME  # a message that only mentions it knows less than the one that was about it
        same = lasting(before) == lasting(orjson.loads(one.content))
        return Outcome.SAME if same else Outcome.CHANGED

    def _insert(self, connection: Connection, new: Sequence[Arrived]) -> set[tuple[int, str]]:
        """Insert first versions. Gives the places that another transaction took meanwhile."""
        rows = [one.row | {"version": 1} for one in new]
        if len(rows) > _MANY:
            may_write(heads, rows)
            try:
                with connection.begin_nested():
                    insert_many(connection, heads, rows)
            except IntegrityError:
                pass  # somebody took one of the places: each for itself
            else:
                return set()
        if not rows:
            return set()
        made = inserting(connection, heads)
        each = made.on_conflict_do_nothing().returning(heads.c.kind, heads.c.local)
        return {one.place for one in new} - {(row.kind, row.local) for row in connection.execute(each, rows)}

    def _replace(self, connection: Connection, changed: Sequence[tuple[Arrived, Any, int]]) -> None:
        if not changed:
            return
        connection.execute(insert(old), [dict(head._mapping) for _, head, _ in changed])
        names = [c.name for c in heads.c if not c.primary_key]
        here = [column == bindparam(f"_{column.name}") for column in _PLACE]
        change = update(heads).where(*here).values({name: bindparam(f"new_{name}") for name in names})
        for one, head, version in changed:
            row = one.row | {"version": version, "record": one.row["record"] or head.record}
            values = {f"new_{name}": row[name] for name in names}
            connection.execute(change, values | {f"_{column.name}": row[column.name] for column in _PLACE})

    def _seal(self, connection: Connection, made: Sequence[tuple[Arrived, int]]) -> None:
        rows = []
        for one, version in made:
            if one.is_sealed and one.content:
                row = {name: one.row[name] for name in ("tenant", "kind", "local")} | {"version": version}
                place = bound_at(one.row["tenant"], one.row["kind"], one.row["local"], version)
                rows.append(row | {"content": self._ring.seal(pack(one.content), place)})
        if rows:
            connection.execute(insert(sealed), rows)

    # -- reading -----------------------------------------------------------------------------

    def get(self, connection: Connection, tenant: str, kind: str, local_id: str) -> Kept | None:
        """A resource as it stands now; None when it is not known, was taken back, or is not for whoever asks."""
        here = (heads.c.tenant == tenant, heads.c.kind == number_of(kind), heads.c.local == local_id)
        return next(iter(self._read(connection, select(*_SHOWN).where(*here, heads.c.deleted.is_(False)))), None)

    def of_records(
        self,
        connection: Connection,
        records: Iterable[int],
        kinds: Iterable[str] = (),
        since: datetime | None = None,
        until: datetime | None = None,
        limit: int = 1000,
    ) -> list[Kept]:
        """What is known through the records of a person, the newest first: one range of an index for each record.
        Without ``kinds`` of every type."""
        query = _within(select(*_SHOWN).where(heads.c.record.in_(list(records))), kinds, since, until)
        return self._read(connection, query.order_by(heads.c.at.desc()).limit(limit))

    def of_spans(
        self,
        connection: Connection,
        records: Iterable[int],
        spans: Spans,
        since: Sequence[datetime],
        limit: int = 1000,
    ) -> list[Kept]:
        """What is known through records, of each group of types from its own time on, in one statement: a range of an
        index for each record and group. The newest of all of them first."""
        given: dict[str, Any] = {f"since_{n}": moment.astimezone(UTC) for n, moment in enumerate(since)}
        return self._read(connection, _spanning(spans), given | {"records": list(records), "most": limit})

    def search(
        self,
        connection: Connection,
        kind: str,
        *,
        records: Iterable[int] | None = None,
        local_ids: Iterable[str] | None = None,
        tenant: str = "",
        status: str = "",
        code: str = "",
        since: datetime | None = None,
        until: datetime | None = None,
        after: tuple[str, str] | None = None,
        limit: int = 100,
    ) -> list[Kept]:
        """Resources of a type by place: ``after`` is the (tenant, local id) of the last of the page before. A code
        finds what it is the first code of, and what has codes beyond its first, which the reader has to look at."""
        query = _within(select(*_SHOWN), (kind,), since, until)
        if records is not None:
            query = query.where(heads.c.record.in_(list(records)))
        if local_ids is not None:
            query = query.where(heads.c.local.in_(list(local_ids)))
        if tenant:
            query = query.where(heads.c.tenant == tenant)
        if status:
            query = query.where(heads.c.status == status)
        if code:
            query = query.where(or_(heads.c.code == code, heads.c.code.endswith(MORE)))
        if after is not None:
            query = query.where(tuple_(heads.c.tenant, heads.c.local) > after)
        return self._read(connection, query.order_by(heads.c.tenant, heads.c.local).limit(limit))

    def from_before(
        self, connection: Connection, tenant: str, kinds: Iterable[str], moment: datetime
    ) -> datetime | None:
        """A time before another at which an institution knew something of these types; None when there is none. The
        first that is met: that is soon where much is known."""
        query = _within(select(heads.c.at).where(heads.c.tenant == tenant), kinds, None, moment)
        found: datetime | None = connection.execute(query.limit(1)).scalar()
        return found

    def history(self, connection: Connection, tenant: str, kind: str, local_id: str) -> list[Version]:
        """Every version of a resource, the oldest first; empty where it is not for whoever asks."""
        place = (tenant, number_of(kind), local_id)
        rows: list[Any] = []
        for table in (old, heads):
            here = (table.c.tenant == place[0], table.c.kind == place[1], table.c.local == place[2])
            rows += connection.execute(select(table).where(*here).order_by(table.c.version))
        found = self._contents(connection, rows)
        kept = [_kept(row, found.get(_at(row), b"")) for row in rows]
        if len(self._shown(connection, kept)) < len(kept):  # what a person withholds now was not for others before
            return []
        return [Version(r.version, r.sent, r.message, r.deleted, found.get(_at(r), b"")) for r in rows]

    def _read(self, connection: Connection, query: Select[Any], given: Mapping[str, Any] | None = None) -> list[Kept]:
        rows = connection.execute(query, dict(given or {})).all()
        found = self._contents(connection, rows)
        return self._shown(connection, [_kept(row, found[_at(row)]) for row in rows])

    def _shown(self, connection: Connection, kept: list[Kept]) -> list[Kept]:
        return kept if self._seer is None else self._seer.visible(connection, kept)

    def _contents(self, connection: Connection, rows: Sequence[Any]) -> dict[Any, bytes]:
        """Content of rows by place and version; what is sealed is fetched beside them."""
        found = {_at(row): unpack(row.resource) for row in rows if row.resource}
        hidden = [_at(row) for row in rows if not row.resource and not row.deleted]
        for batch in _batches(hidden):
            place = tuple_(sealed.c.tenant, sealed.c.kind, sealed.c.local, sealed.c.version)
            for row in connection.execute(select(sealed).where(place.in_(batch))):
                found[_at(row)] = unpack(self._ring.unseal(row.content, bound_to(row)))
        return found


@cache
def _spanning(spans: Spans) -> Select[Any]:
    """The statement of ``of_spans``, made once: making it costs as much as running it."""
    of_person = heads.c.record.in_(bindparam("records", expanding=True))
    parts = [
        select(*_SHOWN).where(
            of_person,
            heads.c.deleted.is_(False),
            heads.c.at >= bindparam(f"since_{n}", type_=heads.c.at.type),
            heads.c.kind.in_([number_of(kind) for kind in kinds]),
        )
        for n, kinds in enumerate(spans)
    ]
    found = union_all(*parts).subquery()
    return select(found).order_by(found.c.at.desc()).limit(bindparam("most", type_=Integer))


def _within(query: Select[Any], kinds: Iterable[str], since: datetime | None, until: datetime | None) -> Select[Any]:
    numbers = [number_of(kind) for kind in kinds]
    query = query.where(heads.c.deleted.is_(False))
    if numbers:
        query = query.where(heads.c.kind.in_(numbers) if len(numbers) > 1 else heads.c.kind == numbers[0])
    if since is not None:
        query = query.where(heads.c.at >= since.astimezone(UTC))
    return query if until is None else query.where(heads.c.at < until.astimezone(UTC))


def _batches(items: Sequence[Any]) -> Iterable[Sequence[Any]]:
    """A few hundred at a time; the same place never twice in one, so that later ones meet what earlier ones left."""
    waiting = iter(items)
    while batch := list(islice(waiting, _CHUNK)):
        seen: set[Any] = set()
        part: list[Any] = []
        for item in batch:
            place = getattr(item, "place", item)
            if place in seen:
                yield part
                part, seen = [], set()
            seen.add(place)
            part.append(item)
        yield part


def _kept(row: Any, content: bytes) -> Kept:
    return Kept(
        row.tenant,
        NAMES[row.kind],
        row.local,
        row.version,
        row.at,
        row.record,
        content,
        Category(row.category),
    )


def _at(row: Any) -> tuple[str, int, str, int]:
    return row.tenant, row.kind, row.local, row.version


__all__ = ["Kept", "Outcome", "Placed", "Repository", "ResourceError", "Seer", "Version"]
