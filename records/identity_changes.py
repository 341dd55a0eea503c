"""What people and rules change about who is who: merge, split, decide. Everything is told in the history, nothing is
undone silently, and what somebody decided is never asked again.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple

import msgspec
from sqlalchemy import BigInteger, Connection, bindparam, case, insert, literal, select, union, update
from sqlalchemy.sql.dml import Update

from base.db import insert_many
from base.keyring import KeyRing
from records.identity_store import add_person, between, common_path, of_persons, tell
from records.identity_tables import Happened, Kept, persons, records, reviews
from records.judging import Judged
from records.matching import Field

OPEN, SAME, DIFFERENT, SETTLED = "open", "same", "different", "settled"
"""Where a review stands; ``SETTLED`` when what was asked became clear without it."""
MERGED, SPLIT, MOVED, DECIDED, ASKED = "merged", "split", "moved", "decided", "asked"


class IdentityError(Exception):
    """Something that cannot be done to a person; the message is Chinese, says why, and names nobody."""


class MissingPersonError(IdentityError):
    """There is no such person, record or review, or not for whoever asks."""


class DecidedError(IdentityError):
    """Somebody else was first."""


class Cause(NamedTuple):
    """Who changes something, when and why. ``rule`` and ``score`` when it was a rule."""

    actor: str
    at: datetime
    why: str = ""
    role: str = ""
    rule: str = ""
    score: float | None = None
    detail: Mapping[str, Any] = {}


def levels(fields: Iterable[Field]) -> dict[str, str]:
    """Fields by their level, for the history."""
    return {field.name: field.level for field in fields}


def present(connection: Connection, person: int) -> int:
    """Who a person is now, after merges; held until the transaction ends, so that nobody merges them away meanwhile.
    Raises ``MissingPersonError``."""
    while True:
        row = connection.execute(_PRESENT, {"person": person}).first()
        if row is None:
            raise MissingPersonError("没有此人的主索引")
        if row.merged_into is None:
            return person
        person = row.merged_into


_PRESENT: Final = select(persons.c.merged_into).where(persons.c.id == bindparam("person")).with_for_update()


def merge(connection: Connection, ring: KeyRing, league: str, survivor: int, retired: int, cause: Cause) -> None:
    """Give all records of one person to another. Raises ``IdentityError`` for the same or for one merged before."""
    if survivor == retired:
        raise IdentityError("两个主索引是同一个人，无须合并")
    _hold(connection, survivor, retired)
    each = _records(connection, survivor, retired)
    ours, theirs = each[survivor], each[retired]
    both = {"survivor": survivor, "retired": retired}
    connection.execute(_MOVE, both)
    connection.execute(_RETIRE, both)
    closed = {f"now_{name}": value for name, value in _closed(SETTLED, cause).items()}
    connection.execute(_SETTLE, {"ours": list(ours), "theirs": list(theirs), **closed})
    told = [_event(MERGED, survivor, league, cause, other=retired)]
    told += [_event(MOVED, survivor, tenant, cause, other=retired, record=i) for i, tenant in theirs.items()]
    tell(connection, ring, *told)


_SURVIVOR, _RETIRED = (bindparam(name, type_=BigInteger) for name in ("survivor", "retired"))
_MOVE: Final = update(records).where(records.c.person == _RETIRED).values(person=_SURVIVOR)
_GONE: Final = (persons.c.id == _RETIRED) | (persons.c.merged_into == _RETIRED)
_RETIRE: Final = (
    update(persons)
    .where(_GONE | (persons.c.id == _SURVIVOR))
    .values(merged_into=case((_GONE, _SURVIVOR), else_=persons.c.merged_into), version=persons.c.version + literal(1))
)
_SETTLE: Final = (
    update(reviews)
    .where(
        between(bindparam("ours", expanding=True), bindparam("theirs", expanding=True)),
        reviews.c.status.in_((OPEN, DIFFERENT)),
    )
    .values({name: bindparam(f"now_{name}") for name in ("status", "decided", "decided_by")})
)


def split(connection: Connection, ring: KeyRing, league: str, person: int, taken: Sequence[int], cause: Cause) -> int:
    """Take some records from a person and give them to a new one; the two are known to be different from now on.
    Gives the new person. Raises ``IdentityError`` when records are not theirs, or none would stay."""
    _hold(connection, person)
    theirs, out = _records(connection, person)[person], set(taken)
    if not out or not out <= theirs.keys():
        raise IdentityError("要拆出的档案不都属于此人")
    if out == theirs.keys():
        raise IdentityError("至少须为原主索引保留一份档案")
    made = add_person(connection, league, cause.at)
    connection.execute(update(records).where(records.c.id.in_(out)).values(person=made))
    connection.execute(_older(person))
    for one in sorted(out):
        for other in sorted(theirs.keys() - out):
            _part(connection, league, (one, theirs[one]), (other, theirs[other]), cause)
    told = [_event(SPLIT, made, league, cause, other=person)]
    told += [_event(MOVED, made, theirs[i], cause, other=person, record=i) for i in sorted(out)]
    tell(connection, ring, *told)
    return made


def _hold(connection: Connection, *wanted: int) -> None:
    """Nobody else changes these persons until the transaction ends. Raises ``IdentityError``."""
    rows = connection.execute(_HELD, {"wanted": wanted}).all()
    if len(rows) != len(wanted):
        raise MissingPersonError("没有此人的主索引")
    if any(row.merged_into is not None for row in rows):
        raise DecidedError("该主索引已被合并，请刷新后再操作")


def _records(connection: Connection, *whose: int) -> dict[int, dict[int, str]]:
    """Records of each of some persons, with their tenants."""
    found: dict[int, dict[int, str]] = {person: {} for person in whose}
    for person, record, tenant in connection.execute(_RECORDS, {"whose": whose}):
        found[person][record] = tenant
    return found


_WANTED: Final = bindparam("wanted", type_=BigInteger, expanding=True)
_WHOSE: Final = bindparam("whose", type_=BigInteger, expanding=True)
_HELD: Final = select(persons.c.merged_into).where(persons.c.id.in_(_WANTED)).order_by(persons.c.id).with_for_update()
_RECORDS: Final = (
    select(records.c.person, records.c.id, records.c.tenant)
    .where(records.c.person.in_(_WHOSE))
    .order_by(records.c.id)
)


def _older(person: int) -> Update:
    return update(persons).where(persons.c.id == person).values(version=persons.c.version + 1)


def _event(act: str, person: int, tenant: str, cause: Cause, **more: Any) -> Happened:
    told = Happened(act, person, cause.at, tenant, cause.rule, score=cause.score, detail=cause.detail)
    return told._replace(actor=cause.actor, role=cause.role, why=cause.why, **more)


def _closed(status: str, cause: Cause) -> dict[str, Any]:
    return {"status": status, "decided": cause.at, "decided_by": cause.actor[:80]}


def _part(connection: Connection, league: str, one: tuple[int, str], other: tuple[int, str], cause: Cause) -> None:
    """Remember that two records are of different people."""
    (first, a), (second, b) = sorted((one, other))
    pair = (reviews.c.first == first, reviews.c.second == second)
    if connection.execute(update(reviews).where(*pair).values(_closed(DIFFERENT, cause))).rowcount == 0:
        row = {"first": first, "second": second, "tenant": common_path(a, b) or league, "rule": "split", "score": 0.0}
        empty = {"fields": "[]", "opened": cause.at}
        connection.execute(insert(reviews).values(row | empty | _closed(DIFFERENT, cause)))


# -- the grey zone ---------------------------------------------------------------------------------


def standings(connection: Connection, person: int, other: int) -> set[str]:
    """What was asked and decided between the records of two persons."""
    return _standings(connection, person, [other])[other]


def _standings(connection: Connection, person: int, others: Collection[int]) -> dict[int, set[str]]:
    """The same of one person and each of some others."""
    found: dict[int, set[str]] = {other: set() for other in others}
    if found:
        for other, status in connection.execute(_BETWEEN, {"person": person, "others": list(found)}):
            found[other].add(status)
    return found


def _one_way(mine: str, yours: str) -> Any:
    own, their = records.alias("own"), records.alias("their")
    sides = reviews.join(own, own.c.id == reviews.c[mine]).join(their, their.c.id == reviews.c[yours])
    meant = own.c.person == bindparam("person"), their.c.person.in_(bindparam("others", expanding=True))
    return select(their.c.person, reviews.c.status).select_from(sides).where(*meant)


_BETWEEN: Final = union(_one_way("first", "second"), _one_way("second", "first"))
"""Each way by an index of its own."""


def may_join(connection: Connection, ring: KeyRing, person: int, other: int) -> bool:
    """Whether a rule may join two persons: nobody said that they are different, and their cards do not say so."""
    if DIFFERENT in standings(connection, person, other):
        return False
    cards: dict[int, set[str]] = {person: set(), other: set()}
    for one in of_persons(connection, ring, list(cards)):
        card = one.given.id_card()
        if card is not None:
            cards[one.person].add(card.number)
    return not all(cards.values()) or not cards[person].isdisjoint(cards[other])


def ask(
    connection: Connection,
    ring: KeyRing,
    league: str,
    mine: Kept,
    doubtful: Sequence[tuple[Kept, Judged]],
    at: datetime,
) -> int:
    """Put a record and others that it may be one with into the queue, but for those whose two persons were asked
    about before. Gives how many were put."""
    asked = _standings(connection, mine.person, {other.person for other, _ in doubtful} - {mine.person})
    rows, told = [], []
    for other, judged in doubtful:
        before = asked.setdefault(other.person, set())
        if before or (other.person == mine.person and _asked(connection, mine, other)):
            continue
        before.add(OPEN)
        rows.append(_question(league, mine, other, judged, at))
        compared = judged.comparison
        cause = Cause("system", at, rule=judged.rule.value, score=compared.score, detail=levels(compared.fields))
        told.append(_event(ASKED, mine.person, mine.tenant, cause, other=other.person, record=mine.id))
    insert_many(connection, reviews, rows)
    tell(connection, ring, *told)
    return len(rows)


def _asked(connection: Connection, mine: Kept, other: Kept) -> bool:
    """Whether two records of one person were asked about."""
    query = select(reviews.c.number).where(between([mine.id], [other.id])).limit(1)
    return connection.execute(query).first() is not None


def _question(league: str, mine: Kept, other: Kept, judged: Judged, at: datetime) -> dict[str, Any]:
    first, second = sorted((mine.id, other.id))
    return {
        "tenant": common_path(mine.tenant, other.tenant) or league,
        "first": first,
        "second": second,
        "status": OPEN,
        "rule": judged.rule.value,
        "score": judged.comparison.score,
        "fields": msgspec.json.encode(judged.comparison.fields).decode(),
        "opened": at,
        "decided_by": "",
    }


def decide(connection: Connection, ring: KeyRing, league: str, review: int, same: bool, cause: Cause) -> None:
    """Somebody says whether two records mean one person. Raises ``MissingPersonError`` or ``DecidedError``."""
    row = connection.execute(select(reviews).where(reviews.c.number == review).with_for_update()).first()
    if row is None:
        raise MissingPersonError("没有该条待审核记录")
    if row.status != OPEN:
        raise DecidedError("该条记录已被处理，请刷新后再操作")
    found = select(records.c.id, records.c.person).where(records.c.id.in_((row.first, row.second)))
    whose = {one.id: one.person for one in connection.execute(found)}
    first, second = whose[row.first], whose[row.second]
    cause = cause._replace(rule=row.rule, score=row.score, detail={"review": review, "same": same})
    tell(connection, ring, _event(DECIDED, first, row.tenant, cause, other=second))
    connection.execute(
        update(reviews).where(reviews.c.number == review).values(_closed(SAME if same else DIFFERENT, cause))
    )
    if same and first != second:
        survivor, retired = sorted((first, second))
        merge(connection, ring, league, survivor, retired, cause)
    elif not same and first == second:
        split(connection, ring, league, first, [row.second], cause)
