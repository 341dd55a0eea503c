"""Maps from a hospital's codes to standards, with their workflow: proposed, confirmed or rejected by a person.

A hospital's map belongs to it; a map between standards belongs to the league and is for all below. Whoever proposed
a pair by hand does not confirm it. What was rejected is not proposed again; what was confirmed teaches the others.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, Engine, Select, func, insert, select, update

from base.tenancy import above, system
from records.code_systems import CodeSystem, TermError
from records.code_tables import map_events, maps, unmapped
from records.map_proposals import SURE, Method, Proposal

MACHINE: Final = "proposal"
"""Author of what was proposed by similarity."""
EQUIVALENCES: Final = ("equivalent", "wider", "narrower", "inexact", "unmatched")
_CHUNK: Final = 400
_MOST: Final = 5_000


class MapState(StrEnum):
    """Where a pair stands. ``PASSED`` was a proposal beside the one that was confirmed."""

    PROPOSED = "proposed"
    CONFIRMED = "confirmed"
    REJECTED = "rejected"
    PASSED = "passed-over"


class Pair(NamedTuple):
    """A code of a source and the code of a target that it may mean; both systems by URI."""

    tenant: str
    source: str
    code: str
    target: str
    target_code: str
    display: str = ""
    target_display: str = ""
    equivalence: str = "equivalent"
    state: MapState = MapState.PROPOSED
    method: str = Method.PERSON.value
    score: float = 0.0
    author: str = ""
    made: datetime | None = None
    decided_by: str = ""
    decided: datetime | None = None


class Translation(NamedTuple):
    """What ``$translate`` tells: a code of the target and how it relates."""

    system: str
    code: str
    display: str
    equivalence: str


class MapEvent(NamedTuple):
    at: datetime
    actor: str
    target_code: str
    state: str
    note: str


class Progress(NamedTuple):
    """How far a map is: pairs by state."""

    tenant: str
    source: str
    target: str
    counts: dict[str, int]


_KEY: Final = ("tenant", "source", "code", "target", "target_code")


class CodeMaps:
    """Maps within the scope of whoever acts; standards' maps are read by all below."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    # -- making ------------------------------------------------------------------------------

    def propose(
        self,
        tenant: str,
        source: str,
        target: CodeSystem,
        found: Iterable[tuple[str, str, Sequence[Proposal]]],
        at: datetime,
    ) -> int:
        """Keep proposals for (code, display); none for what a person decided. Older proposals of the machine for the
        same codes go. Gives how many are new."""
        given = [(code, display, tuple(proposals)) for code, display, proposals in found]
        total = 0
        with self._engine.begin() as connection:
            for start in range(0, len(given), _CHUNK):
                total += self._propose(connection, tenant, source, target, given[start : start + _CHUNK], at)
        return total

    def _propose(
        self, connection: Connection, tenant: str, source: str, target: CodeSystem, given: Any, at: datetime
    ) -> int:
        codes = [code for code, _, _ in given]
        here = _here(tenant, source, target.uri, codes)
        stale = (maps.c.state == MapState.PROPOSED.value, maps.c.author == MACHINE)
        connection.execute(maps.delete().where(*here, *stale))
        standing = list(connection.execute(select(maps).where(*here)))
        settled = {row.code for row in standing if row.state == MapState.CONFIRMED}
        known = {(row.code, row.target_code) for row in standing}
        rows = [
            _row(
                Pair(
                    tenant, source, code, target.uri, p.code, display[:400], p.display, method=p.method, score=p.score
                )
            )
            | {"author": MACHINE, "made": at}
            for code, display, proposals in given
            if code not in settled
            for p in proposals
            if (code, p.code) not in known
        ]
        if rows:
            connection.execute(insert(maps), rows)
        return len(rows)

    def add(self, pair: Pair, author: str, at: datetime) -> Pair:
        """A pair that a person proposes, in place of what the machine did. Raises ``TermError``."""
        if pair.equivalence not in EQUIVALENCES:
            raise TermError("equivalence", f"应为 {'、'.join(EQUIVALENCES)} 之一")
        made = pair._replace(state=MapState.PROPOSED, method=Method.PERSON.value, score=1.0)
        with self._engine.begin() as connection:
            here = [maps.c[name] == getattr(pair, name) for name in _KEY]
            known = connection.execute(select(maps).where(*here)).first()
            if known is not None and known.state == MapState.CONFIRMED:
                raise TermError("targetCode", "该对照已确认")
            row = _row(made) | {"author": author[:80], "made": at}
            if known is None:
                connection.execute(insert(maps).values(row))
            else:
                connection.execute(update(maps).where(*here).values(row))
            connection.execute(insert(map_events).values(_event(row, author, at, MapState.PROPOSED, "")))
        return self._one(pair)

    # -- deciding ----------------------------------------------------------------------------

    def decide(
        self, pair: Pair, confirmed: bool, actor: str, at: datetime, equivalence: str = "", note: str = ""
    ) -> Pair:
        """Confirm or reject a pair. Raises ``TermError`` that says why it is not possible."""
        if equivalence and equivalence not in EQUIVALENCES:
            raise TermError("equivalence", f"应为 {'、'.join(EQUIVALENCES)} 之一")
        after = MapState.CONFIRMED if confirmed else MapState.REJECTED
        with self._engine.begin() as connection:
            here = [maps.c[name] == getattr(pair, name) for name in _KEY]
            row = connection.execute(select(maps).where(*here)).first()
            if row is None:
                raise TermError("targetCode", "没有这条对照")
            if confirmed and row.author == actor:
                raise TermError("actor", "对照须由提出人以外的人确认")
            self._settle(connection, row, after, actor, at, note, equivalence or row.equivalence)
        return self._one(pair)

    def confirm_sure(self, tenant: str, source: str, target: str, actor: str, at: datetime, most: int = _MOST) -> int:
        """Confirm the machine's proposals whose name is the very same and means one code. Gives how many."""
        sure = (maps.c.method.in_([m.value for m in SURE]), maps.c.state == MapState.PROPOSED.value)
        whose = (maps.c.tenant == tenant, maps.c.source == source, maps.c.target == target)
        with self._engine.begin() as connection:
            query = select(maps).where(*whose, *sure, maps.c.author == MACHINE).order_by(maps.c.code).limit(most)
            locked = query.with_for_update() if connection.dialect.name == "postgresql" else query
            rows = connection.execute(locked).all()
            for row in rows:
                self._settle(connection, row, MapState.CONFIRMED, actor, at, "批量确认同名", row.equivalence)
            return len(rows)

    def _settle(
        self, connection: Connection, row: Any, after: MapState, actor: str, at: datetime, note: str, equivalence: str
    ) -> None:
        here = [maps.c[name] == getattr(row, name) for name in _KEY]
        values = {"state": after.value, "decided_by": actor[:80], "decided": at, "equivalence": equivalence}
        same = update(maps).where(*here, maps.c.state == row.state)
        if connection.execute(same.values(values)).rowcount != 1:
            raise TermError("targetCode", "该对照刚被他人处理，请刷新后再操作")
        connection.execute(insert(map_events).values(_event(dict(row._mapping), actor, at, after, note)))
        if after is MapState.CONFIRMED:
            others = _here(row.tenant, row.source, row.target, [row.code])
            passed = update(maps).where(*others, maps.c.state == MapState.PROPOSED.value)
            connection.execute(passed.values(state=MapState.PASSED.value))
            gone = (unmapped.c.tenant == row.tenant, unmapped.c.system == row.source, unmapped.c.code == row.code)
            connection.execute(unmapped.delete().where(*gone))

    # -- reading -----------------------------------------------------------------------------

    def listed(
        self,
        tenant: str,
        source: str = "",
        target: str = "",
        state: MapState | None = None,
        code: str = "",
        method: str = "",
        after: tuple[str, str] | None = None,
        limit: int = 100,
    ) -> list[Pair]:
        """Pairs of a tenant by code; ``after`` is (code, target code) of the last of the page before."""
        query = select(maps).where(maps.c.tenant == tenant)
        for column, value in (
            *((maps.c.source, source), (maps.c.target, target), (maps.c.code, code), (maps.c.method, method)),
            (maps.c.state, state.value if state else ""),
        ):
            query = query.where(column == value) if value else query
        if after is not None:
            query = query.where(
                (maps.c.code > after[0]) | ((maps.c.code == after[0]) & (maps.c.target_code > after[1]))
            )
        with self._engine.connect() as connection:
            rows = connection.execute(query.order_by(maps.c.code, maps.c.target_code).limit(limit))
            return [_pair(row) for row in rows]

    def progress(self, tenant: str) -> list[Progress]:
        """How far the maps of a tenant are."""
        key = (maps.c.source, maps.c.target)
        query = select(*key, maps.c.state, func.count().label("pairs")).where(maps.c.tenant == tenant)
        found: dict[tuple[str, str], dict[str, int]] = {}
        with self._engine.connect() as connection:
            for row in connection.execute(query.group_by(*key, maps.c.state)):
                found.setdefault((row.source, row.target), {})[row.state] = row.pairs
        return [Progress(tenant, source, target, counts) for (source, target), counts in sorted(found.items())]

    def history(self, tenant: str, source: str, code: str) -> list[MapEvent]:
        """What people did to the pairs of a code."""
        here = (map_events.c.tenant == tenant, map_events.c.source == source, map_events.c.code == code)
        with self._engine.connect() as connection:
            rows = connection.execute(select(map_events).where(*here).order_by(map_events.c.number).limit(_MOST))
            return [MapEvent(r.at, r.actor, r.target_code, r.state, r.note) for r in rows]

    def translate(self, tenant: str, source: str, code: str, target: str = "") -> list[Translation]:
        """What a code is confirmed to mean, by the map of the nearest tenant that has one (``$translate``)."""
        query = select(maps).where(
            maps.c.tenant.in_(above(tenant)),
            maps.c.source == source,
            maps.c.code == code,
            maps.c.state == MapState.CONFIRMED.value,
        )
        rows = self._confirmed(query.where(maps.c.target == target) if target else query)
        nearest: dict[str, int] = {}
        for row in rows:
            nearest[row.target] = max(nearest.get(row.target, 0), len(row.tenant))
        kept = [row for row in rows if len(row.tenant) == nearest[row.target]]
        return [Translation(r.target, r.target_code, r.target_display, r.equivalence) for r in kept]

    def confirmed(self, tenant: str) -> dict[tuple[str, str], tuple[Translation, ...]]:
        """All that holds for a tenant, by (source, code): what intake uses."""
        query = select(maps).where(maps.c.tenant.in_(above(tenant)), maps.c.state == MapState.CONFIRMED.value)
        by_target: dict[tuple[str, str], dict[str, list[Any]]] = {}
        for row in sorted(self._confirmed(query), key=lambda row: len(row.tenant)):
            held = by_target.setdefault((row.source, row.code), {}).setdefault(row.target, [])
            if held and held[0].tenant != row.tenant:
                held.clear()  # a nearer map stands in place of one further up
            held.append(row)
        return {
            key: tuple(
                Translation(r.target, r.target_code, r.target_display, r.equivalence)
                for rows in targets.values()
                for r in rows
                if r.equivalence != "unmatched"
            )
            for key, targets in by_target.items()
        }

    def changed(self) -> tuple[Any, ...]:
        """A mark that is another once anything was decided."""
        query = select(func.count(), func.max(maps.c.decided)).where(maps.c.state == MapState.CONFIRMED.value)
        with system("whether maps changed"), self._engine.connect() as connection:
            return tuple(connection.execute(query).one())

    def learned(self, target: str) -> dict[str, str]:
        """Names that were confirmed to mean a code of a target, anywhere in the league; of names that were confirmed
        to mean several codes none."""
        query = select(maps.c.display, maps.c.target_code).where(
            maps.c.target == target, maps.c.state == MapState.CONFIRMED.value, maps.c.equivalence == "equivalent"
        )
        found: dict[str, str] = {}
        for row in self._confirmed(query.distinct()):
            found[row.display] = row.target_code if found.get(row.display, row.target_code) == row.target_code else ""
        return {name: code for name, code in found.items() if name and code}

    def _confirmed(self, query: Select[Any]) -> list[Any]:
        """Rows of maps that were confirmed: names of things and their codes, nobody's data."""
        with system("maps of standards are for all below"), self._engine.connect() as connection:
            return list(connection.execute(query))

    def _one(self, pair: Pair) -> Pair:
        with self._engine.connect() as connection:
            here = [maps.c[name] == getattr(pair, name) for name in _KEY]
            return _pair(connection.execute(select(maps).where(*here)).one())


def _here(tenant: str, source: str, target: str, codes: Sequence[str]) -> list[Any]:
    return [maps.c.tenant == tenant, maps.c.source == source, maps.c.target == target, maps.c.code.in_(codes)]


def _row(pair: Pair) -> dict[str, Any]:
    row = {name: getattr(pair, name) for name in Pair._fields}
    return row | {"state": pair.state.value, "decided_by": "", "decided": None, "method": str(pair.method)}


def _proposed(
    tenant: str, source: str, code: str, target: CodeSystem, display: str, found: Proposal
) -> dict[str, Any]:
    pair = Pair(tenant, source, code, target.uri, found.code, display[:400], found.display)
    return _row(pair._replace(method=found.method, score=found.score))


def _event(row: dict[str, Any], actor: str, at: datetime, state: MapState, note: str) -> dict[str, Any]:
    event = {name: row[name] for name in _KEY}
    return event | {"at": at, "actor": actor[:80], "state": state.value, "note": note[:400]}


def _pair(row: Any) -> Pair:
    return Pair(**dict(row._mapping) | {"state": MapState(row.state)})
