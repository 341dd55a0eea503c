"""Persons and their records as they are stored: tables, sealing, blind keys, and the statements over them.

What names anybody is sealed with SM4, each record bound to its institution and number there. Candidates are found by
keyed digests of what two records may have in common (``person_key``): the digests tell nothing and belong to no
tenant, and lead nobody to a record but through ``person_record``, which is held to the scope.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import lru_cache, partial
from typing import Any, Final, NamedTuple, TypeAlias

import msgspec
from sqlalchemy import (
    BigInteger,
    BindParameter,
    Column,
    Connection,
    DateTime,
    Float,
    Index,
    Integer,
    LargeBinary,
    Row,
    String,
    Table,
    Text,
    and_,
    bindparam,
    delete,
    func,
    insert,
    literal_column,
    or_,
    select,
    true,
    union,
    union_all,
    update,
)
from sqlalchemy.dialects.postgresql import ARRAY

from base.db import METADATA, insert_many
from base.keyring import KeyRing
from base.security import SealError
from clinical.coded import CHINA
from clinical.logic import UNKNOWN
from clinical.patient import Sex
from clinical.person import Demographics
from records.profiles import MOST_BLOCKS, Block, Profile, blocks

_log = logging.getLogger(__name__)
Reads: TypeAlias = "Callable[[Row[Any]], Demographics]"
"""Opens what a row of ``person_record`` seals. Raises ``SealError``."""
_ID: Final = BigInteger().with_variant(Integer, "sqlite")
"""SQLite counts rows up only in a column that is called INTEGER."""
_OF_TENANT: Final = {"tenant": "tenant"}
PER_KEY: Final = 32
"""Candidates taken of one key: what more records share tells nobody apart."""
MOST_CANDIDATES: Final = 20
"""Candidates that are opened and compared. Those that share what tells most come first: of 4 500 arrivals at a
million persons not one was decided otherwise with 32 or with 16, of 3 200 none with 96."""
_COMMON_NAME: Final = 500
_CHUNK: Final = 500


def _bound(row: Any) -> bytes:
    return f"person-record {row.tenant} {row.local_id}".encode()


persons = Table(
    "person",
    METADATA,
    Column("id", _ID, primary_key=True, autoincrement=True),
    Column("tenant", String(200), nullable=False),
    Column("created", DateTime(timezone=True), nullable=False),
    Column("version", Integer, nullable=False, default=1),
    Column("merged_into", BigInteger, index=True),
    info=_OF_TENANT,
)
records = Table(
    "person_record",
    METADATA,
    Column("id", _ID, primary_key=True, autoincrement=True),
    Column("tenant", String(200), nullable=False),
    Column("local_id", String(200), nullable=False),
    Column("person", BigInteger, nullable=False, index=True),
    Column("sealed", LargeBinary, nullable=False, info={"bound": _bound}),
    Column("version", Integer, nullable=False, default=1),
    Column("created", DateTime(timezone=True), nullable=False),
    Column("updated", DateTime(timezone=True), nullable=False),
    Column("source", String(80), nullable=False, default=""),
    Index("person_record_local", "tenant", "local_id", unique=True),
    info=_OF_TENANT,
)
versions = Table(
    "person_record_version",
    METADATA,
    Column("record", BigInteger, primary_key=True, autoincrement=False),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("tenant", String(200), nullable=False),
    Column("local_id", String(200), nullable=False),
    Column("sealed", LargeBinary, nullable=False, info={"bound": _bound}),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("source", String(80), nullable=False, default=""),
    info=_OF_TENANT,
)
keys = Table(
    "person_key",
    METADATA,
    Column("key", BigInteger, primary_key=True, autoincrement=False),
    Column("record", BigInteger, primary_key=True, autoincrement=False),
)
events = Table(
    "person_event",
    METADATA,
    Column("number", _ID, primary_key=True, autoincrement=True),
    Column("tenant", String(200), nullable=False),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("day", Integer, nullable=False),
    Column("actor", String(80), nullable=False),
    Column("role", String(40), nullable=False, default=""),
    Column("act", String(12), nullable=False),
    Column("rule", String(30), nullable=False, default=""),
    Column("person", BigInteger, nullable=False, index=True),
    Column("other", BigInteger, index=True),
    Column("record", BigInteger),
    Column("score", Float),
    Column("detail", Text, nullable=False, default=""),
    Column("why", LargeBinary, nullable=False, default=b"", info={"bound": lambda row: _place_of(row.person)}),
    Index("person_event_day", "day", "act"),
    info=_OF_TENANT,
)
reviews = Table(
    "person_review",
    METADATA,
    Column("number", _ID, primary_key=True, autoincrement=True),
    Column("tenant", String(200), nullable=False),
    Column("first", BigInteger, nullable=False),
    Column("second", BigInteger, nullable=False, index=True),
    Column("status", String(10), nullable=False),
    Column("rule", String(30), nullable=False),
    Column("score", Float, nullable=False),
    Column("fields", Text, nullable=False),
    Column("opened", DateTime(timezone=True), nullable=False),
    Column("decided", DateTime(timezone=True)),
    Column("decided_by", String(80), nullable=False, default=""),
    Index("person_review_pair", "first", "second", unique=True),
    Index("person_review_status", "status", "score"),
    info=_OF_TENANT,
)


class Kept(NamedTuple):
    """A stored record of a person, opened."""

    id: int
    tenant: str
    local_id: str
    person: int
    version: int
    updated: datetime
    source: str
    given: Demographics


class Entry(NamedTuple):
    """A record to store. ``person`` is whose it is, 0 for somebody new; ``at`` when it was reported."""

    tenant: str
    local_id: str
    given: Demographics
    at: datetime
    person: int = 0
    source: str = ""


# -- sealing -----------------------------------------------------------------------------------

_FIELDS: Final = Demographics.__struct_fields__
_Packed = msgspec.defstruct(
    "_Packed",
    [
        ("sex", str, "") if f.name == "sex" else (f.name, f.type, f.default)
        for f in msgspec.structs.fields(Demographics)
    ],
    omit_defaults=True,
)
_PACKER: Final = msgspec.json.Encoder()
_UNPACKER: Final = msgspec.json.Decoder(_Packed)


def packed(given: Demographics) -> bytes:
    """Demographics as bytes, without what is empty."""
    values = {name: getattr(given, name) for name in _FIELDS}
    return _PACKER.encode(_Packed(**{**values, "sex": values["sex"].value if isinstance(given.sex, Sex) else ""}))


def unpacked(content: bytes) -> Demographics:
    """What ``packed`` wrote."""
    found = _UNPACKER.decode(content)
    values = {name: getattr(found, name) for name in _FIELDS}
    return Demographics(**{**values, "sex": Sex(values["sex"]) if values["sex"] else UNKNOWN})


def sealed(ring: KeyRing, tenant: str, local_id: str, given: Demographics) -> bytes:
    """Demographics that open only with the ring, and only as those of this record."""
    return ring.seal(packed(given), f"person-record {tenant} {local_id}".encode())


def opened(ring: KeyRing, row: Row[Any]) -> Demographics:
    """The demographics of a row of ``person_record`` or ``person_record_version``. Raises ``SealError``."""
    return unpacked(ring.unseal(row.sealed, _bound(row)))


class Opener:
    """Opens records and remembers those it opened lately: who bears a common name is looked at again and again."""

    def __init__(self, ring: KeyRing, most: int = 20_000) -> None:
        @lru_cache(most)
        def open_(place: bytes, content: bytes) -> Demographics:
            return unpacked(ring.unseal(content, place))

        self._open = open_

    def __call__(self, row: Row[Any]) -> Demographics:
        """The demographics of a row of ``person_record``. Raises ``SealError``."""
        return self._open(_bound(row), row.sealed)


def _place_of(person: int) -> bytes:
    return f"person-event {person}".encode()


def key_of(ring: KeyRing, block: Block) -> int:
    """The blind key of a value, a signed 64-bit number; that two values may share one does no harm."""
    return int.from_bytes(ring.blind(block.value, f"person {block.purpose}")[:8], "big", signed=True)


# -- one after the other --------------------------------------------------------------------------


def alone(connection: Connection, taken: Iterable[int]) -> None:
    """Until the transaction ends nobody else takes in records that share one of these keys. They are taken in one
    order, so that two who need the same ones do not wait for each other."""
    if connection.dialect.name != "postgresql":
        connection.execute(_BEGIN_TO_WRITE)
        return
    connection.execute(_LOCKS, {"taken": sorted(set(taken))})


_BEGIN_TO_WRITE: Final = update(persons).where(persons.c.id == -1).values(version=0)
"""Changes nothing, but SQLite has one writer at a time."""
_LOCKS: Final = select(func.pg_advisory_xact_lock(func.unnest(bindparam("taken", type_=ARRAY(BigInteger)))))


# -- finding --------------------------------------------------------------------------------------


def _candidates(sharing: Any) -> Any:
    """Records that share keys, those that share what tells most first, with how many bear the name: one way to the
    database."""
    weight = func.sum(sharing.c.weight)
    ranked = select(sharing.c.record).group_by(sharing.c.record).order_by(weight.desc(), sharing.c.record.desc())
    first = ranked.limit(MOST_CANDIDATES).subquery()
    own = select(records.c.id.label("record")).where(
        records.c.tenant == bindparam("own_tenant"), records.c.local_id == bindparam("own_id")
    )
    wanted = union(select(first.c.record), own).subquery()
    named = (
        select(keys.c.record).where(keys.c.key == bindparam("name", type_=BigInteger)).limit(_COMMON_NAME).subquery()
    )
    bearers = select(func.count()).select_from(named).scalar_subquery()
    return select(records, bearers.label("bearers")).join(wanted, wanted.c.record == records.c.id)


def _sharing_each() -> Any:
    """Records by each of some keys with a weight: a key counts for more than all that come after it."""
    each = [
        select(keys.c.record, literal_column(str(1 << MOST_BLOCKS - place)).label("weight"))
        .where(keys.c.key == bindparam(f"k{place}", type_=BigInteger))
        .order_by(keys.c.record.desc())
        .limit(PER_KEY)
        .subquery()
        for place in range(MOST_BLOCKS)
    ]
    return union_all(*(select(one.c.record, one.c.weight) for one in each)).subquery()


def _sharing_all() -> Any:
    """The same on PostgreSQL, which takes all keys in one list: half the work of sending the question."""
    taken = func.unnest(bindparam("taken", type_=ARRAY(BigInteger)))
    given = taken.table_valued("key", with_ordinality="place").render_derived(name="given")
    newest = select(keys.c.record).where(keys.c.key == given.c.key).order_by(keys.c.record.desc()).limit(PER_KEY)
    each = newest.lateral("each")
    weight = func.power(2.0, -given.c.place).label("weight")
    return select(each.c.record, weight).select_from(given.join(each, true())).subquery()


_ASKED: Final = {"postgresql": _candidates(_sharing_all()), "sqlite": _candidates(_sharing_each())}


def candidates(
    connection: Connection, reads: Reads, taken: Sequence[int], name: int, own: tuple[str, str] = ("", "")
) -> tuple[list[Kept], int]:
    """Records that share keys, given the most telling first (of a key that many share only the newest), and how many
    bear a name, by its key; no more than 500 are counted. With them comes the institution's own record of that number
    (``own``), if there is one."""
    dialect = connection.dialect.name
    given: dict[str, Any] = {"taken": list(taken)}
    if dialect != "postgresql":
        given = {f"k{place}": taken[place] if place < len(taken) else 0 for place in range(MOST_BLOCKS)}
    given |= {"name": name, "own_tenant": own[0], "own_id": own[1]}
    rows = connection.execute(_ASKED[dialect], given).all()
    return list(_readable(reads, rows)), rows[0].bearers if rows else 0


def _readable(reads: Reads, rows: Iterable[Row[Any]]) -> Iterator[Kept]:
    """Rows, opened. One that nobody can open must not stop others from being found; it is reported."""
    for row in rows:
        try:
            yield _kept(row, reads(row))
        except SealError:
            _log.error("a person's record cannot be opened", extra={"record": row.id})


def bearers(connection: Connection, name: int) -> int:
    """How many records bear a name, by its key; no more than 500 are counted."""
    some = select(keys.c.record).where(keys.c.key == name).limit(_COMMON_NAME).subquery()
    return connection.execute(select(func.count()).select_from(some)).scalar() or 0


def sharing_all(connection: Connection, ring: KeyRing, taken: Sequence[int], limit: int) -> list[Kept]:
    """Records that the scope reaches and that share all of these keys, the newest first."""
    shared = select(keys.c.record).where(keys.c.key.in_(taken)).group_by(keys.c.record)
    every = shared.having(func.count() == len(set(taken)))
    query = select(records).where(records.c.id.in_(every)).order_by(records.c.id.desc()).limit(limit)
    return list(_readable(partial(opened, ring), connection.execute(query)))


def highest(connection: Connection) -> tuple[int, int]:
    """The highest ids given: about how many persons and records there are."""
    found = (connection.execute(select(func.max(table.c.id))).scalar() or 0 for table in (persons, records))
    people, their_records = found
    return people, their_records


def kept(ring: KeyRing, row: Row[Any]) -> Kept:
    """A row of ``person_record``, opened."""
    return _kept(row, opened(ring, row))


def _kept(row: Row[Any], given: Demographics) -> Kept:
    return Kept(row.id, row.tenant, row.local_id, row.person, row.version, row.updated, row.source, given)


def by_ids(connection: Connection, ring: KeyRing, ids: Sequence[int]) -> list[Kept]:
    """Records by their ids, in no order."""
    if not ids:
        return []
    return list(_readable(partial(opened, ring), connection.execute(_BY_IDS, {"ids": ids})))


_BY_IDS: Final = select(records).where(records.c.id.in_(bindparam("ids", expanding=True)))


def of_persons(
    connection: Connection, ring: KeyRing, whose: Sequence[int], besides: Container[int] = ()
) -> list[Kept]:
    """All records of some persons, by id, but for those that are known already."""
    if not whose:
        return []
    rows = connection.execute(_OF_PERSONS, {"whose": whose})
    return list(_readable(partial(opened, ring), (row for row in rows if row.id not in besides)))


_WHOSE: Final = records.c.person.in_(bindparam("whose", expanding=True))
_OF_PERSONS: Final = select(records).where(_WHOSE).order_by(records.c.id)


def holding(
    connection: Connection, reads: Reads, whose: Sequence[int], besides: Container[int] = ()
) -> tuple[list[Kept], set[int]]:
    """The same, and the persons: held until the transaction ends, so that nobody merges them away meanwhile. Those
    that somebody merged a moment ago are not among them."""
    if not whose:
        return [], set()
    rows = connection.execute(_HOLDING, {"whose": whose}).all()
    found = list(_readable(reads, (row for row in rows if row.id not in besides)))
    return found, {row.person for row in rows if row.merged_into is None}


_HOLDING: Final = (
    select(records, persons.c.merged_into)
    .join(persons, persons.c.id == records.c.person)
    .where(_WHOSE)
    .order_by(persons.c.id, records.c.id)
    .with_for_update(of=persons)
)


class Page(NamedTuple):
    """Some records; ``last`` is the id to go on after, None at the end."""

    kept: list[Kept]
    last: int | None


def page(connection: Connection, ring: KeyRing, after: int, size: int) -> Page:
    """Records by id, some at a time."""
    rows = connection.execute(select(records).where(records.c.id > after).order_by(records.c.id).limit(size)).all()
    return Page(list(_readable(partial(opened, ring), rows)), rows[-1].id if len(rows) == size else None)


def by_local_id(connection: Connection, ring: KeyRing, tenant: str, local_id: str) -> Kept | None:
    """The record that an institution knows under a number."""
    row = connection.execute(_BY_LOCAL_ID, {"of": tenant, "number": local_id}).first()
    return None if row is None else kept(ring, row)


_BY_LOCAL_ID: Final = select(records).where(
    records.c.tenant == bindparam("of"), records.c.local_id == bindparam("number")
)


# -- writing ---------------------------------------------------------------------------------------


def add_person(connection: Connection, league: str, at: datetime) -> int:
    """A new person; gives the internal id."""
    return _inserted(connection, persons, {"tenant": league, "created": at, "version": 1})


def add_record(connection: Connection, ring: KeyRing, entry: Entry, taken: Sequence[int], told: Happened) -> int:
    """A new record with its keys and the beginning of its history; gives its id."""
    row, event = _record_row(ring, entry), event_row(ring, told)
    if connection.dialect.name == "postgresql":
        given = {f"record_{name}": value for name, value in row.items()}
        given |= {f"event_{name}": value for name, value in event.items() if name != "record"}
        return int(connection.execute(_ADDED, {**given, "taken": list(dict.fromkeys(taken))}).scalar_one())
    record = _inserted(connection, records, row)
    add_keys(connection, record, taken)
    connection.execute(insert(events), event | {"record": record})
    return record


def _added() -> Any:
    """All three in one way to the database, which costs more than what it does there."""
    bound = {c.name: bindparam(f"record_{c.name}", type_=c.type) for c in records.c if c.name != "id"}
    new = insert(records).values(bound).returning(records.c.id).cte("new_record")
    each = select(func.unnest(bindparam("taken", type_=ARRAY(BigInteger))), new.c.id)
    told = {
        c.name: bindparam(f"event_{c.name}", type_=c.type) for c in events.c if c.name not in ("number", "record")
    }
    event = select(*told.values(), new.c.id)
    return select(new.c.id).add_cte(
        insert(keys).from_select(["key", "record"], each).cte("new_keys"),
        insert(events).from_select([*told, "record"], event).cte("new_event"),
    )


_ADDED: Final = _added()


def _inserted(connection: Connection, table: Table, row: Mapping[str, Any]) -> int:
    made = connection.execute(insert(table), row).inserted_primary_key
    assert made is not None
    return int(made[0])


def _record_row(ring: KeyRing, entry: Entry) -> dict[str, Any]:
    return {
        "tenant": entry.tenant,
        "local_id": entry.local_id,
        "person": entry.person,
        "sealed": sealed(ring, entry.tenant, entry.local_id, entry.given),
        "version": 1,
        "created": entry.at,
        "updated": entry.at,
        "source": entry.source[:80],
    }


def add_keys(connection: Connection, record: int, taken: Iterable[int]) -> None:
    """Let a record be found by keys."""
    rows = [{"key": key, "record": record} for key in dict.fromkeys(taken)]
    if rows:
        connection.execute(insert(keys), rows)


def drop_keys(connection: Connection, record: int, taken: Sequence[int]) -> None:
    """Let a record be found by keys no more."""
    if taken:
        connection.execute(delete(keys).where(keys.c.record == record, keys.c.key.in_(taken)))


def replace_given(
    connection: Connection, ring: KeyRing, old: Kept, given: Demographics, at: datetime, source: str
) -> None:
    """Write what an institution says now; what it said before stays as a version."""
    before = select(
        records.c.id, records.c.version, records.c.tenant, records.c.local_id, records.c.sealed, records.c.updated,
        records.c.source,
    ).where(records.c.id == old.id)  # fmt: skip
    row = connection.execute(before).one()
    values = dict(zip(("record", "version", "tenant", "local_id", "sealed", "at", "source"), row, strict=True))
    connection.execute(insert(versions).values(values))
    changed = {
        "sealed": sealed(ring, old.tenant, old.local_id, given),
        "version": old.version + 1,
        "updated": max(at, old.updated),
        "source": source[:80],
    }
    connection.execute(update(records).where(records.c.id == old.id).values(changed))


def confirm(connection: Connection, record: int, at: datetime) -> None:
    """What a record says was said again."""
    connection.execute(update(records).where(records.c.id == record, records.c.updated < at).values(updated=at))


class Happened(NamedTuple):
    """Something that happened to a person. ``act`` is created, linked, updated, moved, merged, split or decided;
    ``detail`` tells levels of fields or names of changed ones, never values."""

    act: str
    person: int
    at: datetime
    tenant: str
    rule: str = ""
    other: int | None = None
    record: int | None = None
    score: float | None = None
    detail: Mapping[str, Any] = {}
    actor: str = "system"
    role: str = ""
    why: str = ""


def tell(connection: Connection, ring: KeyRing, *happened: Happened) -> None:
    """Append to the history."""
    if happened:
        connection.execute(insert(events), [event_row(ring, one) for one in happened])


def event_row(ring: KeyRing, one: Happened) -> dict[str, Any]:
    """An event as it is stored; the reason may name somebody and is sealed."""
    return {
        "tenant": one.tenant,
        "at": one.at,
        "day": day_of(one.at),
        "actor": one.actor[:80],
        "role": one.role[:40],
        "act": one.act,
        "rule": one.rule,
        "person": one.person,
        "other": one.other,
        "record": one.record,
        "score": one.score,
        "detail": msgspec.json.encode(one.detail).decode() if one.detail else "",
        "why": ring.seal(one.why.encode(), _place_of(one.person)) if one.why else b"",
    }


def why_of(ring: KeyRing, row: Row[Any]) -> str:
    """The reason of an event, opened."""
    return ring.unseal(row.why, _place_of(row.person)).decode() if row.why else ""


def day_of(at: datetime) -> int:
    """The day in China, 20261101: what statistics count by."""
    return int(f"{at.astimezone(CHINA):%Y%m%d}")


# -- many at once -----------------------------------------------------------------------------------


def enrol(
    connection: Connection, ring: KeyRing, league: str, entries: Sequence[Entry], profiles: Sequence[Profile]
) -> list[int]:
    """Store many records at once, each of a new person unless its entry says whose it is; nobody is matched. Gives
    their ids. The institution's numbers must be new: a repeated one fails the transaction."""
    whose = iter(_numbers(connection, persons, sum(not entry.person for entry in entries)))
    entries = [entry if entry.person else entry._replace(person=next(whose)) for entry in entries]
    ids = _numbers(connection, records, len(entries))
    made = [{"id": e.person, "tenant": league, "created": e.at, "version": 1} for e in entries]
    known = _existing(connection, [entry.person for entry in entries])
    insert_many(connection, persons, list({row["id"]: row for row in made if row["id"] not in known}.values()))
    insert_many(connection, records, [{"id": i, **_record_row(ring, e)} for i, e in zip(ids, entries, strict=True)])
    taken = [
        {"key": key, "record": i}
        for i, given in zip(ids, profiles, strict=True)
        for key in dict.fromkeys(key_of(ring, block) for block in blocks(given))
    ]
    insert_many(connection, keys, taken)
    told = [
        Happened("created", e.person, e.at, e.tenant, "enrolled", record=i) for i, e in zip(ids, entries, strict=True)
    ]
    numbers = _numbers(connection, events, len(told), "number")
    insert_many(
        connection, events, [{"number": n, **event_row(ring, one)} for n, one in zip(numbers, told, strict=True)]
    )
    return ids


def _existing(connection: Connection, ids: Sequence[int]) -> set[int]:
    known: set[int] = set()
    for start in range(0, len(ids), _CHUNK):
        query = select(persons.c.id).where(persons.c.id.in_(ids[start : start + _CHUNK]))
        known.update(connection.execute(query).scalars())
    return known


def _numbers(connection: Connection, table: Table, count: int, column: str = "id") -> list[int]:
    """Numbers that nobody else is given: of the sequence on PostgreSQL; SQLite has one writer at a time."""
    if connection.dialect.name == "postgresql":
        sequence = f"{table.name}_{column}_seq"
        one = func.generate_series(1, count).table_valued("n")
        return list(connection.execute(select(func.nextval(sequence)).select_from(one)).scalars())
    alone(connection, ())
    last = connection.execute(select(func.max(table.c[column]))).scalar() or 0
    return list(range(last + 1, last + 1 + count))


# -- pairs that a person looks at ------------------------------------------------------------------


def between(first: Sequence[int] | BindParameter[Any], second: Sequence[int] | BindParameter[Any]) -> Any:
    """The condition that a review is between records of two groups."""
    there = and_(reviews.c.first.in_(first), reviews.c.second.in_(second))
    return or_(there, and_(reviews.c.first.in_(second), reviews.c.second.in_(first)))


def common_path(a: str, b: str) -> str:
    """The tenant that two institutions have in common, the league at the top."""
    shared = []
    for one, other in zip(a.split("/"), b.split("/"), strict=False):
        if one != other:
            break
        shared.append(one)
    return "/".join(shared)
