"""What people and rules change about who is who: merge, split, decide. Everything is told in the history, nothing is
undone silently, and what somebody decided is never asked again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import Connection, insert, select, update
from sqlalchemy.sql.dml import Update

from base.keyring import KeyRing
from records.identity_store import (
    Happened,
    Kept,
    add_person,
    between,
    common_path,
    of_persons,
    persons,
    records,
    reviews,
    tell,
)
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
        query = select(persons.c.merged_into).where(persons.c.id == person).with_for_update()
        row = connection.execute(query).first()
        if row is None:
            raise MissingPersonError("没有此人的主索引")
        if row.merged_into is None:
            return person
        person = row.merged_into


def merge(connection: Connection, ring: KeyRing, league: str, survivor: int, retired: int, cause: Cause) -> None:
    """Give all records of one person to another. Raises ``IdentityError`` for the same or for one merged before."""
    if survivor == retired:
        raise IdentityError("两个主索引是同一个人，无须合并")
    _hold(connection, survivor, retired)
    ours, theirs = _records(connection, survivor), _records(connection, retired)
    connection.execute(update(records).where(records.c.person == retired).values(person=survivor))
    gone = (persons.c.id == retired) | (persons.c.merged_into == retired)
    connection.execute(update(persons).where(gone).values(merged_into=survivor, version=persons.c.version + 1))
    connection.execute(_older(survivor))
    settled = (between(ours, theirs), reviews.c.status.in_((OPEN, DIFFERENT)))
    connection.execute(update(reviews).where(*settled).values(_closed(SETTLED, cause)))
    told = [_event(MERGED, survivor, league, cause, other=retired)]
    told += [_event(MOVED, survivor, tenant, cause, other=retired, record=i) for i, tenant in theirs.items()]
    tell(connection, ring, *told)


def split(connection: Connection, ring: KeyRing, league: str, person: int, taken: Sequence[int], cause: Cause) -> int:
    """Take some records from a person and give them to a new one; the two are known to be different from now on.
    Gives the new person. Raises ``IdentityError`` when records are not theirs, or none would stay."""
    _hold(connection, person)
    theirs, out = _records(connection, person), set(taken)
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
    query = select(persons).where(persons.c.id.in_(wanted)).order_by(persons.c.id).with_for_update()
    rows = connection.execute(query).all()
    if len(rows) != len(wanted):
        raise MissingPersonError("没有此人的主索引")
    if any(row.merged_into is not None for row in rows):
        raise DecidedError("该主索引已被合并，请刷新后再操作")


def _records(connection: Connection, person: int) -> dict[int, str]:
    """Records of a person, with their tenants."""
    query = select(records.c.id, records.c.tenant).where(records.c.person == person).order_by(records.c.id)
    return {row.id: row.tenant for row in connection.execute(query)}


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
    ours, theirs = _records(connection, person), _records(connection, other)
    return set(connection.execute(select(reviews.c.status).where(between(ours, theirs))).scalars())


def may_join(connection: Connection, ring: KeyRing, person: int, other: int) -> bool:
    """Whether a rule may join two persons: nobody said that they are different, and their cards do not say so."""
    if DIFFERENT in standings(connection, person, other):
        return False
    cards = [
        {card.number for one in of_persons(connection, ring, [whose]) if (card := one.given.id_card())}
        for whose in (person, other)
    ]
    return not all(cards) or not cards[0].isdisjoint(cards[1])


def ask(
    connection: Connection, ring: KeyRing, league: str, mine: Kept, other: Kept, judged: Judged, at: datetime
) -> bool:
    """Put a pair into the queue, unless it or its two persons were asked about before. Says whether it was put."""
    first, second = sorted((mine.id, other.id))
    if mine.person == other.person:
        asked = connection.execute(select(reviews.c.status).where(between([first], [second]))).scalars().all()
    else:
        asked = list(standings(connection, mine.person, other.person))
    if asked:
        return False
    score = judged.comparison.score
    row = {
        "tenant": common_path(mine.tenant, other.tenant) or league,
        "first": first,
        "second": second,
        "status": OPEN,
        "rule": judged.rule.value,
        "score": score,
        "fields": msgspec.json.encode(judged.comparison.fields).decode(),
        "opened": at,
    }
    connection.execute(insert(reviews).values(row))
    cause = Cause("system", at, rule=judged.rule.value, score=score, detail=levels(judged.comparison.fields))
    tell(connection, ring, _event(ASKED, mine.person, mine.tenant, cause, other=other.person, record=mine.id))
    return True


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
