"""Which files hold which facts: loads, the parts they wrote, monthly sums, and how far each source was read.

A part is one file: rows of one fact, of one institution and month. It is never changed: a load that adds to it or
corrects it writes the next version and marks this one replaced, so that figures can be asked for as they stood
before. Rows of an institution lie in files of its own, and this table says which: who asks sees the parts of their
scope and through them the rows, and nothing else leads to rows.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final, NamedTuple

from sqlalchemy import (
    BigInteger,
    Column,
    Date,
    DateTime,
    Engine,
    Index,
    Integer,
    String,
    Table,
    delete,
    func,
    insert,
    or_,
    select,
    update,
)
from sqlalchemy.exc import IntegrityError

from base.db import METADATA, NUMBER, OWN
from base.refusal import RefusedError, TakenError
from base.tenancy import system
from clinical.coded import china_day

_STILL_READ: Final = timedelta(hours=1)
_TOGETHER: Final = 500

loads = Table(
    "figure_load",
    METADATA,
    Column("id", NUMBER, primary_key=True, autoincrement=True),
    Column("tenant", String(200), nullable=False),
    Column("fact", String(40), nullable=False),
    Column("source", String(120), nullable=False),
    Column("actor", String(120), nullable=False),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("mark", String(80), nullable=False),
    Column("received", BigInteger, nullable=False),
    Column("replaced", BigInteger, nullable=False),
    Column("removed", BigInteger, nullable=False),
    Index("figure_load_tenant", "tenant", "fact", "id"),
    info=OWN,
)
parts = Table(
    "figure_part",
    METADATA,
    Column("id", NUMBER, primary_key=True, autoincrement=True),
    Column("tenant", String(200), nullable=False),
    Column("fact", String(40), nullable=False),
    Column("month", Date, nullable=False),
    Column("version", Integer, nullable=False),
    Column("load", BigInteger, nullable=False),
    Column("rows", BigInteger, nullable=False),
    Column("shape", String(16), nullable=False),
    Column("file", String(120), nullable=False),
    Column("written", DateTime(timezone=True), nullable=False),
    Column("replaced", DateTime(timezone=True)),
    Index("figure_part_once", "tenant", "fact", "month", "version", unique=True),
    Index("figure_part_fact", "fact", "month"),
    info=OWN,
)
marks = Table(
    "figure_mark",
    METADATA,
    Column("tenant", String(200), primary_key=True),
    Column("source", String(120), primary_key=True),
    Column("mark", String(80), nullable=False),
    Column("at", DateTime(timezone=True), nullable=False),
    info=OWN,
)
cubes = Table(
    "figure_cube",
    METADATA,
    Column("fact", String(40), primary_key=True),
    Column("month", Date, primary_key=True),
    Column("grain", String(16), nullable=False),
    Column("newest", BigInteger, nullable=False),
    Column("file", String(120), nullable=False),
    Column("written", DateTime(timezone=True), nullable=False),
)
"""Sums of all institutions by month: ``newest`` is the last part that is in them, ``grain`` what they keep apart."""


class LoadError(RefusedError):
    """Rows that cannot be taken: the fact, and which column of it and what would be right."""


class Part(NamedTuple):
    """A file of rows as it stands."""

    id: int
    tenant: str
    fact: str
    month: date
    version: int
    load: int
    rows: int
    shape: str
    file: str
    written: datetime


class Load(NamedTuple):
    """What brought rows: from which source, by whom; ``mark`` is how far the source was read with them."""

    tenant: str
    fact: str
    source: str
    actor: str
    mark: str = ""


class Loaded(NamedTuple):
    """A load that was done: rows received, and how many of what was there it replaced or took away."""

    id: int
    told: Load
    at: datetime
    received: int
    replaced: int
    removed: int


class Held(NamedTuple):
    """What there is of a fact: rows, of how many institutions, the first and the last month, when that was last
    written."""

    fact: str
    rows: int
    institutions: int
    first: date
    last: date
    written: datetime


class Cube(NamedTuple):
    """A file of monthly sums."""

    fact: str
    month: date
    grain: str
    newest: int
    file: str


class Manifest:
    """Finds parts in the scope of whoever asks, and records new ones."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    # -- reading -----------------------------------------------------------------------------

    def parts(
        self,
        facts: Iterable[str],
        months: Iterable[date] | None = None,
        *,
        tenants: Sequence[str] = (),
        as_of: datetime | None = None,
    ) -> list[Part]:
        """Parts of facts, of some months, of these tenants and what is below them, as they stand or stood at a
        time."""
        query = select(*(parts.c[name] for name in Part._fields)).where(parts.c.fact.in_(sorted(set(facts))))
        if months is not None:
            query = query.where(parts.c.month.in_(sorted(set(months))))
        if tenants:
            below = [or_(parts.c.tenant == t, parts.c.tenant.startswith(f"{t}/", autoescape=True)) for t in tenants]
            query = query.where(or_(*below))
        if as_of is None:
            query = query.where(parts.c.replaced.is_(None))
        else:
            later = or_(parts.c.replaced.is_(None), parts.c.replaced > as_of)
            query = query.where(parts.c.written <= as_of, later)
        with self._engine.connect() as connection:
            found = connection.execute(query.order_by(parts.c.tenant, parts.c.month))
            return [Part._make(row)._replace(written=_utc(row.written)) for row in found]

    def held(self) -> list[Held]:
        """What there is, by fact."""
        c = parts.c
        counts = (func.sum(c.rows), func.count(c.tenant.distinct()), func.min(c.month), func.max(c.month))
        query = select(c.fact, *counts, func.max(c.written)).where(c.replaced.is_(None), c.rows > 0)
        with self._engine.connect() as connection:
            found = connection.execute(query.group_by(c.fact).order_by(c.fact))
            return [Held(row[0], int(row[1]), row[2], row[3], row[4], _utc(row[5])) for row in found]

    def loads(self, ids: Iterable[int]) -> list[Loaded]:
        """Loads by number, the newest first."""
        query = select(loads).where(loads.c.id.in_(sorted(set(ids)))).order_by(loads.c.id.desc())
        with self._engine.connect() as connection:
            return [_loaded(row) for row in connection.execute(query)]

    def mark(self, tenant: str, source: str) -> str:
        """How far a source was read; empty when it never was."""
        query = select(marks.c.mark).where(marks.c.tenant == tenant, marks.c.source == source)
        with self._engine.connect() as connection:
            return connection.execute(query).scalar() or ""

    def newest(self, fact: str) -> dict[date, int]:
        """The last part that was written of every month, of whatever institution."""
        query = select(parts.c.month, func.max(parts.c.id)).where(parts.c.fact == fact).group_by(parts.c.month)
        with system("monthly sums"), self._engine.connect() as connection:
            return {row[0]: row[1] for row in connection.execute(query)}

    def cubes(self, fact: str) -> dict[date, Cube]:
        """Monthly sums that are there."""
        query = select(*(cubes.c[name] for name in Cube._fields)).where(cubes.c.fact == fact)
        with self._engine.connect() as connection:
            return {row.month: Cube._make(row) for row in connection.execute(query)}

    # -- writing -----------------------------------------------------------------------------

    def record(
        self, told: Load, written: Sequence[Part], counts: tuple[int, int, int], before: Sequence[Part]
    ) -> Loaded:
        """A load with the parts it wrote, in place of those of ``before``. Raises ``TakenError`` when another load
        was quicker."""
        now = datetime.now(UTC)
        received, replaced, removed = counts
        row = told._asdict() | {"at": now, "received": received, "replaced": replaced, "removed": removed}
        try:
            with self._engine.begin() as connection:
                number = connection.execute(insert(loads).values(row).returning(loads.c.id)).scalar_one()
                ended = update(parts).where(parts.c.id.in_([p.id for p in before])).values(replaced=now)
                connection.execute(ended)
                made = [p._asdict() | {"load": number, "written": now} for p in written]
                for part in made:
                    del part["id"]
                if made:
                    connection.execute(insert(parts), made)
        except IntegrityError:
            raise TakenError(f"{told.fact}：{told.tenant} 的另一次装载抢先完成，请重新装载") from None
        return Loaded(number, told, now, received, replaced, removed)

    def keep_cube(self, cube: Cube) -> str:
        """Record monthly sums; gives the file that they take the place of."""
        here = (cubes.c.fact == cube.fact, cubes.c.month == cube.month)
        with self._engine.begin() as connection:
            before = connection.execute(select(cubes.c.file).where(*here)).scalar() or ""
            connection.execute(delete(cubes).where(*here))
            connection.execute(insert(cubes).values(cube._asdict() | {"written": datetime.now(UTC)}))
        return before

    def outlived(self, now: datetime, days: int) -> list[Part]:
        """Replaced parts that nobody can ask for any more: those that stood at the end of no day, and those that were
        replaced so many days ago. What was replaced within the hour may still be read."""
        query = select(parts).where(parts.c.replaced < now - _STILL_READ)
        with system("versions outlived"), self._engine.connect() as connection:
            rows = connection.execute(query).all()
        oldest = now - timedelta(days=days)
        return [
            Part._make(getattr(row, name) for name in Part._fields)
            for row in rows
            if _utc(row.replaced) < oldest or _day(row.written) == _day(row.replaced)
        ]

    def forget(self, gone: Sequence[Part]) -> None:
        """Take parts out of the record."""
        with system("versions outlived"), self._engine.begin() as connection:
            for start in range(0, len(gone), _TOGETHER):
                numbers = [part.id for part in gone[start : start + _TOGETHER]]
                connection.execute(delete(parts).where(parts.c.id.in_(numbers)))

    def remember(self, tenant: str, source: str, mark: str) -> None:
        """Note how far a source was read."""
        here, now = (marks.c.tenant == tenant, marks.c.source == source), datetime.now(UTC)
        with self._engine.begin() as connection:
            changed = connection.execute(update(marks).where(*here).values(mark=mark, at=now))
            if changed.rowcount == 0:
                row = {"tenant": tenant, "source": source, "mark": mark, "at": now}
                connection.execute(insert(marks).values(row))


def _loaded(row: Any) -> Loaded:
    told = Load(row.tenant, row.fact, row.source, row.actor, row.mark)
    return Loaded(row.id, told, _utc(row.at), row.received, row.replaced, row.removed)


def _day(time: datetime) -> date:
    return china_day(_utc(time))


def _utc(time: datetime) -> datetime:
    return time if time.tzinfo else time.replace(tzinfo=UTC)


__all__ = ["Cube", "Held", "Load", "LoadError", "Loaded", "Manifest", "Part"]
