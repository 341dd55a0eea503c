"""Two concepts that may be one: somebody proposes, another person confirms, and all that was said of the one is said
of the other from then on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from msgspec import structs
from sqlalchemy import Connection, func, insert, or_, select, tuple_, update

from knowledge.identities import aliases
from knowledge.lending import lend
from knowledge.merge import candidates
from knowledge.model import Article, Concept, Statement, Status
from knowledge.review import WorkflowError
from knowledge.store import Change, Store, decoded, heads

_HELD: Final = (Status.APPROVED, Status.PUBLISHED)
_WHY: Final = "合并概念"


class Judged(StrEnum):
    """What was decided of a pair."""

    OPEN = "open"
    PROPOSED = "proposed"
    MERGED = "merged"
    DIFFERENT = "different"


@dataclass(frozen=True, slots=True)
class Candidate:
    """Two concepts that share a name. ``kept`` is the one that stays when they are the same."""

    a: str
    b: str
    reason: str
    state: Judged
    by: str
    confirmed_by: str
    kept: str
    note: str


class Joining:
    """Judging pairs of concepts."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def listed(self, state: Judged, after: tuple[str, str] = ("", ""), limit: int = 50) -> list[Candidate]:
        """Pairs of a state in order, from after a pair on."""
        query = select(candidates).where(
            candidates.c.state == state.value, tuple_(candidates.c.a, candidates.c.b) > tuple_(*after)
        )
        with self._store.engine.connect() as connection:
            rows = connection.execute(query.order_by(candidates.c.a, candidates.c.b).limit(limit))
            return [_candidate(row) for row in rows]

    def tallies(self) -> dict[str, int]:
        """How many pairs there are by state."""
        query = select(candidates.c.state, func.count()).group_by(candidates.c.state)
        with self._store.engine.connect() as connection:
            return {row[0]: row[1] for row in connection.execute(query)}

    def keep_apart(self, a: str, b: str, by: str, note: str) -> Candidate:
        """They are two things. Raises ``WorkflowError``."""
        _reason(note)
        return self._judge(a, b, (Judged.OPEN, Judged.PROPOSED), Judged.DIFFERENT, by=by, note=note, kept="")

    def propose(self, a: str, b: str, kept: str, by: str, note: str) -> Candidate:
        """They are one thing, to be known as ``kept``. Raises ``WorkflowError``."""
        _reason(note)
        if kept not in (a, b):
            raise WorkflowError("须指定保留两个概念中的哪一个")
        return self._judge(a, b, (Judged.OPEN,), Judged.PROPOSED, by=by, note=note, kept=kept)

    def reopen(self, a: str, b: str, by: str, note: str) -> Candidate:
        """Take back what was decided, as long as nothing was merged. Raises ``WorkflowError``."""
        before = (Judged.PROPOSED, Judged.DIFFERENT)
        return self._judge(a, b, before, Judged.OPEN, by=by, note=note, kept="")

    def confirm(self, a: str, b: str, by: str) -> int:
        """Merge what another person proposed to merge, all or nothing. Gives how many records changed. Raises
        ``WorkflowError``."""
        with self._store.engine.begin() as connection:
            pair = _pair(connection, a, b)
            if pair.state is not Judged.PROPOSED:
                raise WorkflowError("尚未有人提出合并这两个概念")
            if pair.by == by:
                raise WorkflowError(f"合并由 {by} 提出，须由他人确认")
            gone = pair.b if pair.kept == pair.a else pair.a
            _refuse_unfinished(connection, gone)
            changes = list(self._changes(connection, pair.kept, gone, by))
            _move(connection, pair, Judged.MERGED, {"confirmed_by": by})
            _rename(connection, gone, pair.kept)
            return self._store.write(changes, connection)

    def _judge(self, a: str, b: str, before: tuple[Judged, ...], state: Judged, **values: str) -> Candidate:
        with self._store.engine.begin() as connection:
            pair = _pair(connection, a, b)
            if pair.state not in before:
                raise WorkflowError("该合并候选已由他人处理，请刷新")
            _move(connection, pair, state, {"decided_by": values.pop("by"), "confirmed_by": "", **values})
            return _pair(connection, a, b)

    def _changes(self, connection: Connection, kept: str, gone: str, by: str) -> Iterator[Change]:
        """Names and codes go over; what was said of the one is said of the other; the one is retired."""
        home, other = (self._store.head(Concept, one) for one in (kept, gone))
        if home is None or other is None or Status.RETIRED in (home.status, other.status):
            raise WorkflowError("其中一个概念已停用，无需合并")
        assert isinstance(home.record, Concept)
        assert isinstance(other.record, Concept)
        yield _change(lend(home.record, other.record), home.status, by)
        yield Change(other.record, "retired", Status.RETIRED, by, f"{_WHY}：并入 {kept}", other.revision)
        for record, status in _about(connection, gone):
            moved = _moved(record, gone, kept)
            if isinstance(moved, Statement) and moved.subject == moved.object:
                yield Change(record, "retired", Status.RETIRED, by, _WHY, record.revision)
            else:
                yield _change(moved, status, by)


def _change(record: Concept | Statement | Article, status: Status, by: str) -> Change:
    """What was approved stays so under the other name: two people agreed that both mean the same."""
    return Change(record, "merged", Status.APPROVED if status in _HELD else status, by, _WHY, record.revision)


def _moved(record: Statement | Article, gone: str, kept: str) -> Statement | Article:
    if isinstance(record, Article):
        return structs.replace(record, concept=kept)
    swap = {gone: kept}
    subject, object_ = swap.get(record.subject, record.subject), swap.get(record.object, record.object)
    return structs.replace(record, subject=subject, object=object_)


def _about(connection: Connection, concept: str) -> list[tuple[Any, Status]]:
    either = or_(heads.c.subject == concept, heads.c.object == concept)
    rows = connection.execute(select(heads).where(either, heads.c.status != Status.RETIRED.value))
    return [(decoded(r.kind, r.body, r.revision), Status(r.status)) for r in rows]


def _refuse_unfinished(connection: Connection, concept: str) -> None:
    """What is approved and being edited would be lost: the approved revision speaks of what is gone."""
    either = or_(heads.c.subject == concept, heads.c.object == concept)
    edited = (heads.c.approved > 0) & (heads.c.approved != heads.c.revision)
    count = connection.execute(select(func.count()).select_from(heads).where(either, edited)).scalar_one()
    if count:
        raise WorkflowError(f"关于 {concept} 的 {count} 条知识正在修改，请先完成其审核")


def _rename(connection: Connection, gone: str, kept: str) -> None:
    """Whoever loads the one again gets the other."""
    connection.execute(update(aliases).where(aliases.c.concept == gone).values(concept=kept))
    connection.execute(insert(aliases).values(alias=gone, concept=kept, because=_WHY))


def _pair(connection: Connection, a: str, b: str) -> Candidate:
    query = select(candidates).where(candidates.c.a == a, candidates.c.b == b)
    row = connection.execute(query).first()
    if row is None:
        raise WorkflowError("没有该合并候选")
    return _candidate(row)


def _move(connection: Connection, pair: Candidate, state: Judged, values: dict[str, str]) -> None:
    """Only from the state that was seen: of two who decide at once one is told so."""
    this = (candidates.c.a == pair.a) & (candidates.c.b == pair.b) & (candidates.c.state == pair.state.value)
    if connection.execute(update(candidates).where(this).values(state=state.value, **values)).rowcount != 1:
        raise WorkflowError("该合并候选已由他人处理，请刷新")


def _candidate(row: Any) -> Candidate:
    return Candidate(
        row.a, row.b, row.reason, Judged(row.state), row.decided_by, row.confirmed_by, row.kept, row.note
    )


def _reason(note: str) -> None:
    if not note.strip():
        raise WorkflowError("须写明理由")


__all__ = ["Candidate", "Joining", "Judged"]
