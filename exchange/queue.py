"""The queue of messages not yet stored as facts, in the database.

Workers take what is due for a while (``SKIP LOCKED`` on PostgreSQL, one writer at a time on SQLite), only such that
no earlier message of the same patient is still open, and delete it in the transaction that stores its facts. A
worker that dies loses its hold when the lease ends; what it had not committed never happened.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final, NamedTuple

import orjson
from sqlalchemy import Connection, Row, bindparam, delete, func, select, update

from base.db import insert_many
from exchange.ledger import (
    DEAD,
    DONE,
    NUMBERS,
    WAITING,
    Arrival,
    Claimed,
    Ended,
    Known,
    contents,
    facts,
    known,
    messages,
    steps,
    work,
)
from records import traffic

MOST_ATTEMPTS: Final = 10
MOST_CRASHES: Final = 5
"""So often may a worker die over a message before the message is taken for the cause: of 450 workers that were killed
at random two met the same message a third time."""
_FIRST_SECONDS: Final = 1.0
_LONGEST_SECONDS: Final = 600.0
_PARKED: Final = timedelta(seconds=0.5)


def backoff(attempts: int) -> timedelta:
    """How long to wait after so many attempts: twice as long each time up to ten minutes, and never the same for two
    messages that failed together."""
    longest = min(_FIRST_SECONDS * 2.0 ** (attempts - 1), _LONGEST_SECONDS)
    return timedelta(seconds=longest * random.uniform(0.5, 1.0))


def admit(connection: Connection, arrivals: Sequence[Arrival]) -> dict[str, Known]:
    """Keep messages that are new (their content too, unless it was kept before); gives what was known of the others,
    by key. Raises ``IntegrityError`` when another process was quicker with one: begin again."""
    before = known(connection, {a.key for a in arrivals})
    new: dict[str, Arrival] = {}
    for arrival in arrivals:
        if arrival.key not in before:
            new.setdefault(arrival.key, arrival)
    rows = list(zip(_numbers(connection, len(new)), new.values(), strict=True))
    insert_many(connection, messages, [_message_row(number, a) for number, a in rows])
    insert_many(connection, contents, [content_row(a, 1, a.source, a.received) for _, a in rows if a.sealed])
    insert_many(connection, work, [work_row(number, a.tenant, a.lane, a.other, a.received) for number, a in rows])
    if rows:
        came = (traffic.of_source(a.tenant, a.source) for _, a in rows)
        traffic.count_arrived(connection, came, rows[-1][1].received)
    return before


def bury(connection: Connection, arrival: Arrival, reason: str, field: str, problem: str) -> None:
    """Keep a message that can only be given up, once."""
    if known(connection, [arrival.key]):
        return
    number, told = _numbers(connection, 1)[0], {"reason": reason, "field": field, "problem": problem}
    row = _message_row(number, arrival) | told | {"state": DEAD, "finished": arrival.received}
    insert_many(connection, messages, [row])
    if arrival.sealed:
        insert_many(connection, contents, [content_row(arrival, 1, arrival.source, arrival.received)])
    step = step_row(number, arrival.tenant, arrival.received, "dead", arrival.source, {"reason": reason})
    insert_many(connection, steps, [step])
    system = traffic.of_source(arrival.tenant, arrival.source)
    traffic.count_arrived(connection, [system], arrival.received)
    traffic.count_ended(connection, [traffic.Ending(system, 0.0, good=False)], arrival.received)


def _numbers(connection: Connection, count: int) -> list[int]:
    """So many new numbers, above all given before."""
    if connection.dialect.name == "postgresql":
        series = func.generate_series(1, count).table_valued("n")
        return sorted(connection.execute(select(NUMBERS.next_value()).select_from(series)).scalars())
    last = connection.execute(select(func.max(messages.c.number))).scalar() or 0
    return list(range(last + 1, last + 1 + count))


def _message_row(number: int, arrival: Arrival) -> dict[str, Any]:
    said = {name: getattr(arrival, name) for name in Arrival.__struct_fields__ if name != "sealed"}
    new = {"state": WAITING, "revision": 1, "attempts": 0, "reason": "", "field": "", "problem": ""}
    return {"number": number, **said, **new}


def content_row(arrival: Arrival, revision: int, author: str, at: datetime) -> dict[str, Any]:
    """What a message says, as sent or corrected."""
    row = {"key": arrival.key, "revision": revision, "tenant": arrival.tenant, "digest": arrival.digest}
    return {**row, "at": at, "author": author, "sealed": arrival.sealed}


def work_row(number: int, tenant: str, lane: str, other: str, due: datetime) -> dict[str, Any]:
    """A message that waits."""
    row = {"number": number, "tenant": tenant, "lane": lane, "other": other, "due": due}
    return {**row, "owner": "", "attempts": 0, "crashes": 0}


def depth(connection: Connection) -> int:
    """How many messages wait or are being worked on."""
    return connection.execute(select(func.count()).select_from(work)).scalar() or 0


def is_due(connection: Connection, now: datetime) -> bool:
    """Whether there is anything to take, without a claim to the writer's place."""
    return connection.execute(select(work.c.number).where(work.c.due <= now).limit(1)).first() is not None


class Taken(NamedTuple):
    """What a worker got. ``seen`` is false when nothing at all was due."""

    claimed: list[Claimed]
    seen: bool


def claim(connection: Connection, owner: str, most: int, now: datetime, lease: timedelta) -> Taken:
    """Hold up to ``most`` due messages, the oldest first, none before an earlier open one of its patient. What died
    with its worker is taken alone, so that the next death harms nothing else."""
    due = select(work).where(work.c.due <= now).order_by(work.c.due, work.c.number).limit(most)
    rows = _not_beside_a_crash(connection.execute(due.with_for_update(skip_locked=True)).all())
    blockers = _blockers(connection, rows)
    free = _free(rows, blockers)
    _park(connection, [row for row in rows if row.number not in free], blockers, now)
    if free:
        counts = {"attempts": work.c.attempts + 1, "crashes": work.c.crashes + int(bool(rows[0].owner))}
        mine = update(work).where(work.c.number.in_(free)).values(owner=owner, due=now + lease, **counts)
        connection.execute(mine)
    return Taken(_claimed(connection, free), bool(rows))


def _not_beside_a_crash(rows: Sequence[Row[Any]]) -> Sequence[Row[Any]]:
    """Rows up to the first that a worker did not give back, by number; that one alone when it is the first."""
    ends = next((i for i, row in enumerate(rows) if row.owner), len(rows))
    return sorted(rows[: max(ends, 1)], key=lambda row: row.number)


class _Blocker(NamedTuple):
    number: int
    due: datetime
    owner: str


def _lanes(row: Any) -> set[str]:
    return {row.lane, row.other} - {""}


def _blockers(connection: Connection, rows: Sequence[Row[Any]]) -> dict[str, _Blocker]:
    """The earliest open message beside these, for each of their lanes."""
    lanes = sorted(set().union(*map(_lanes, rows)))
    if not lanes:
        return {}
    taken = [row.number for row in rows]
    found: dict[str, _Blocker] = {}
    for column in (work.c.lane, work.c.other):
        beside = (column.in_(lanes), work.c.number < taken[-1], work.c.number.not_in(taken))
        first = select(column.label("lane"), func.min(work.c.number).label("number")).where(*beside).group_by(column)
        earliest = first.subquery()
        # One look: had the earliest ended between two, the next one would be overlooked.
        query = select(earliest.c.lane, work.c.number, work.c.due, work.c.owner)
        for lane, number, due, owner in connection.execute(query.join(work, work.c.number == earliest.c.number)):
            if lane not in found or number < found[lane].number:
                found[lane] = _Blocker(number, due, owner)
    return found


def _free(rows: Sequence[Row[Any]], blockers: Mapping[str, _Blocker]) -> list[int]:
    """Numbers of rows that nothing open stands before; what stands behind a row that is not free is not free."""
    free, held = [], set[str]()
    for row in rows:
        lanes = _lanes(row)
        if lanes & held or any(lane in blockers and blockers[lane].number < row.number for lane in lanes):
            held |= lanes
        else:
            free.append(row.number)
    return free


def _park(connection: Connection, rows: Sequence[Row[Any]], blockers: Mapping[str, _Blocker], now: datetime) -> None:
    """Look at these again when what stands before them is due again, soon when somebody is at it."""
    if not rows:
        return
    soon = now + _PARKED
    parked = []
    for row in rows:
        waits = [blockers[lane].due for lane in _lanes(row) if lane in blockers and not blockers[lane].owner]
        parked.append({"at": max((soon, *waits)), "row": row.number})
    connection.execute(update(work).where(work.c.number == bindparam("row")).values(due=bindparam("at")), parked)


def _claimed(connection: Connection, numbers: Sequence[int]) -> list[Claimed]:
    if not numbers:
        return []
    columns = [_PLACES[name].c[name] for name in Claimed._fields]
    content = (contents.c.key == messages.c.key) & (contents.c.revision == messages.c.revision)
    here = work.join(messages, work.c.number == messages.c.number).outerjoin(contents, content)
    query = select(*columns).select_from(here).where(work.c.number.in_(numbers)).order_by(work.c.number)
    found = (Claimed(*row) for row in connection.execute(query))
    return [c._replace(sealed=c.sealed or b"") for c in found]


_PLACES: Final = {
    **dict.fromkeys(("number", "key", "tenant", "standard", "kind", "lane", "other", "source", "received"), messages),
    **dict.fromkeys(("attempts", "crashes"), work),
    **dict.fromkeys(("digest", "sealed"), contents),
}


def held(connection: Connection, owner: str, claimed: Sequence[Claimed]) -> list[Claimed]:
    """Those still held by this worker; until the transaction ends nobody else takes them, however long it lasts."""
    numbers = [c.number for c in claimed]
    mine = select(work.c.number).where(work.c.number.in_(numbers), work.c.owner == owner)
    still = set(connection.execute(mine.with_for_update()).scalars())
    return [c for c in claimed if c.number in still]


def finish(connection: Connection, ended: Sequence[Ended], now: datetime, actor: str) -> None:
    """Take what ended out of the queue, and write down how."""
    if not ended:
        return
    connection.execute(delete(work).where(work.c.number.in_([e.claimed.number for e in ended])))
    names = ("state", "attempts", "reason", "field", "problem", "finished", "record")
    new: dict[str, Any] = {name: bindparam(f"new_{name}") for name in names}
    change = update(messages).where(messages.c.number == bindparam("row")).values(new)
    connection.execute(change, [_end(e, now) for e in ended])
    insert_many(connection, facts, [row for e in ended for row in _fact_rows(e)])
    insert_many(connection, steps, [_step_of(e, now, actor) for e in ended])
    traffic.count_ended(connection, map(partial(_ending, now), ended), now)


def _end(ended: Ended, now: datetime) -> dict[str, Any]:
    given = {"state": ended.state, "attempts": ended.claimed.attempts, "reason": ended.reason[:20], "finished": now}
    given |= {"field": ended.field[:200], "problem": ended.problem[:500], "record": ended.record}
    return {"row": ended.claimed.number, **{f"new_{name}": value for name, value in given.items()}}


def _ending(now: datetime, ended: Ended) -> traffic.Ending:
    from_ = traffic.of_source(ended.claimed.tenant, ended.claimed.source)
    return traffic.Ending(from_, (now - ended.claimed.received).total_seconds(), ended.state == DONE)


def _fact_rows(ended: Ended) -> list[dict[str, Any]]:
    same = {"number": ended.claimed.number, "tenant": ended.claimed.tenant}
    return [{**same, "position": place, **fact._asdict()} for place, fact in enumerate(ended.facts)]


def _step_of(ended: Ended, now: datetime, actor: str) -> dict[str, Any]:
    act = {DONE: "stored", DEAD: "dead"}[ended.state]
    detail = {**ended.detail, "reason": ended.reason} if ended.reason else ended.detail
    return step_row(ended.claimed.number, ended.claimed.tenant, now, act, actor, detail)


def step_row(
    number: int, tenant: str, at: datetime, act: str, actor: str, detail: Mapping[str, Any]
) -> dict[str, Any]:
    """Something that happened to a message."""
    row = {"number": number, "tenant": tenant, "at": at, "act": act, "actor": actor[:120]}
    return {**row, "detail": orjson.dumps(detail).decode()}


def put_off(connection: Connection, claimed: Claimed, now: datetime, actor: str, error: str) -> None:
    """Try again later: something is away or in use that will come back."""
    again = now + backoff(claimed.attempts)
    connection.execute(update(work).where(work.c.number == claimed.number).values(owner="", due=again))
    detail = {"error": error, "attempt": claimed.attempts, "again": again.isoformat()}
    row = step_row(claimed.number, claimed.tenant, now, "put-off", actor, detail)
    insert_many(connection, steps, [row])


def give_back(connection: Connection, owner: str, claimed: Sequence[Claimed], now: datetime) -> None:
    """These were not tried: anybody may take them at once."""
    if not claimed:
        return
    mine = (work.c.number.in_([c.number for c in claimed]), work.c.owner == owner)
    connection.execute(update(work).where(*mine).values(owner="", due=now, attempts=work.c.attempts - 1))
