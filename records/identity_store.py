"""The statements over persons and their records (``identity_tables``): finding, writing, many at once."""

from __future__ import annotations

import logging
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any, Final, NamedTuple, TypeAlias

from sqlalchemy import (
    BigInteger,
    BindParameter,
    Connection,
    Row,
    Table,
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

from base.db import insert_many
from base.keyring import KeyRing
from base.security import SealError
from clinical.person import Demographics
from records.identity_tables import (
    Entry,
    Happened,
    Kept,
    event_row,
    events,
    key_of,
    keys,
    opened,
    persons,
    record_row,
    records,
    reviews,
    sealed,
    versions,
)
from records.profiles import MOST_BLOCKS, Profile, blocks

_log = logging.getLogger(__name__)
Reads: TypeAlias = "Callable[[Row[Any]], Demographics]"
"""Opens what a row of ``person_record`` seals. Raises ``SealError``."""
PER_KEY: Final = 32
"""Candidates taken of one key: what more records share tells nobody apart."""
MOST_CANDIDATES: Final = 20
"""Candidates that are opened and compared. Those that share what tells most come first: of 4 500 arrivals at a
million persons not one was decided otherwise with 32 or with 16, of 3 200 none with 96."""
_COMMON_NAME: Final = 500
_CHUNK: Final = 500


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
            _log.error("a person's record cannot be opened")


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


def add_person(connection: Connection, league: str, at: datetime) -> int:
    """A new person; gives the internal id."""
    return _inserted(connection, persons, {"tenant": league, "created": at, "version": 1})


def add_record(connection: Connection, ring: KeyRing, entry: Entry, taken: Sequence[int], told: Happened) -> int:
    """A new record with its keys and the beginning of its history; gives its id."""
    row, event = record_row(ring, entry), event_row(ring, told)
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


def tell(connection: Connection, ring: KeyRing, *happened: Happened) -> None:
    """Append to the history."""
    if happened:
        connection.execute(insert(events), [event_row(ring, one) for one in happened])


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
    insert_many(connection, records, [{"id": i, **record_row(ring, e)} for i, e in zip(ids, entries, strict=True)])
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
