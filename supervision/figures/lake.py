"""Rows of facts as files (parquet), one for each institution, fact and month, and how new rows get into them.

A row that comes again under its id replaces the one that was there, in whatever month that lay; one that is marked as
deleted takes it away. Only files of months that this touches are written anew.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

from base.security import sm3
from supervision.figures.duck import connect, files, quoted
from supervision.figures.fact import PLACE, Fact
from supervision.figures.manifest import Load, Loaded, LoadError, Manifest, Part

DELETED: Final = "deleted"
"""A column that may come with a load: true where the source took the row back."""


class Lake:
    """The files of an installation. Writing and finding are held to the scope of whoever asks by ``manifest``."""

    def __init__(self, folder: Path, manifest: Manifest) -> None:
        self.folder, self.manifest = folder, manifest

    def path(self, file: str) -> Path:
        return self.folder / file

    def rows(self, fact: Fact, parts: Sequence[Part]) -> str:
        """SQL that gives the rows of parts. What was stored before a column was known has it empty."""
        filled = [part for part in parts if part.rows]
        now = [part for part in filled if part.shape == shape(fact)]
        before = [part for part in filled if part.shape != shape(fact)]
        fresh = f"SELECT * FROM read_parquet({self._files(now)})"
        if now and not before:
            return fresh
        stale = f"SELECT * FROM read_parquet({self._files(before)}, union_by_name=true)"
        read = [select for select, some in ((fresh, now), (stale, before)) if some]
        return " UNION ALL BY NAME ".join([_nothing(fact), *read])

    def prune(self, now: datetime, days: int) -> int:
        """Remove versions that nobody can ask for any more; gives how many. The record goes first: a file that stays
        behind harms nobody."""
        gone = self.manifest.outlived(now, days)
        self.manifest.forget(gone)
        for part in gone:
            if part.file:
                self.path(part.file).unlink(missing_ok=True)
        return len(gone)

    def _files(self, parts: Sequence[Part]) -> str:
        return files([self.path(part.file) for part in parts])

    def merge(self, fact: Fact, told: Load, query: str) -> Loaded:
        """Bring in the rows that an SQL query gives, in columns of the fact; what is here already changes nothing and
        is no load. Raises ``LoadError``, ``TakenError``."""
        with connect() as database:
            received = _take(database, fact, query)
            standing = self.manifest.parts([fact.name], tenants=[told.tenant])
            own = [part for part in standing if part.tenant == told.tenant]
            self._forget_known(database, fact, own)
            touched = self._touched(database, fact, own)
            if not touched:
                return Loaded(0, told, datetime.now(UTC), received, 0, 0)
            before = [part for part in own if part.month in touched]
            replaced, removed = self._counted(database, fact, before)
            made = self._written(database, fact, told, before)
        try:
            return self.manifest.record(told, _versions(made, touched, before), (received, replaced, removed), before)
        except (
            Exception
        ):  # not theirs to write, somebody was quicker, the database is away: nobody will read the files
            for part in made:
                self.path(part.file).unlink(missing_ok=True)
            raise

    def _forget_known(self, database: Any, fact: Fact, own: Sequence[Part]) -> None:
        """Leave out rows that are here already as they come again, and those taken back that never were here."""
        if own:
            given, rows = ", ".join(fact.given), self.rows(fact, own)
            known = f"SELECT {given} FROM taken INTERSECT SELECT {given} FROM ({rows}) SEMI JOIN taken USING (id)"
            database.execute(f"DELETE FROM taken WHERE NOT deleted AND id IN (SELECT id FROM ({known}))")
            database.execute(f"DELETE FROM taken WHERE deleted AND id NOT IN (SELECT id FROM ({rows}))")
        else:
            database.execute("DELETE FROM taken WHERE deleted")

    def _touched(self, database: Any, fact: Fact, own: Sequence[Part]) -> set[date]:
        """Months that new rows lie in, or rows that they replace. Raises ``LoadError`` when that is too many."""
        months = f"SELECT DISTINCT {_MONTH} FROM taken WHERE NOT deleted"
        if own:
            months += f" UNION SELECT {_MONTH} FROM ({self.rows(fact, own)}) SEMI JOIN taken USING (id)"
        touched = {row[0] for row in database.execute(months).fetchall()}
        if len(touched) > _MOST_MONTHS:
            raise LoadError(fact.name, f"涉及 {len(touched)} 个月，一次最多装载 {_MOST_MONTHS} 个月，请分批")
        return touched

    def _counted(self, database: Any, fact: Fact, before: Sequence[Part]) -> tuple[int, int]:
        """How many rows are replaced, and how many taken away."""
        if not before:
            return 0, 0
        known = f"SELECT deleted, count(*) FROM taken SEMI JOIN ({self.rows(fact, before)}) USING (id) GROUP BY ALL"
        counts = dict(database.execute(known).fetchall())
        return int(counts.get(False, 0)), int(counts.get(True, 0))

    def _written(self, database: Any, fact: Fact, told: Load, before: Sequence[Part]) -> list[Part]:
        """What of months that are touched stays, with the new rows: a file for each month that has any."""
        columns = ", ".join(_stored(fact, self._place(database, told, fact)))
        rows = f"SELECT {columns} FROM taken WHERE NOT deleted"
        if before:
            rows += f" UNION ALL BY NAME SELECT * FROM ({self.rows(fact, before)}) ANTI JOIN taken USING (id)"
        folder = f"{fact.name}/{uuid4().hex}"
        self.path(folder).mkdir(parents=True)
        how = "FORMAT parquet, COMPRESSION zstd, PARTITION_BY (month), WRITE_PARTITION_COLUMNS false, RETURN_STATS"
        copy = f"COPY (SELECT *, {_MONTH} AS month FROM ({rows})) TO {quoted(str(self.path(folder)))} ({how})"
        told_of, now = [], datetime.now(UTC)
        for name, count, *_ in database.execute(copy).fetchall():
            file = str(Path(name).relative_to(self.folder))
            month = date.fromisoformat(Path(name).parent.name.partition("=")[2])
            told_of.append(Part(0, told.tenant, fact.name, month, 0, 0, count, shape(fact), file, now))
        return told_of

    def _place(self, database: Any, told: Load, fact: Fact) -> dict[str, str]:
        """Columns of the institution as SQL: from what it last said of itself, else unknown."""
        known = {"tenant": quoted(told.tenant)}
        own = {"tier": "own_tier", "facility": "own_facility", "level": "own_level"}
        if fact.name == _INSTITUTIONS:
            return known | own
        said = [p for p in self.manifest.parts([_INSTITUTIONS], tenants=[told.tenant]) if p.tenant == told.tenant]
        newest = max((part for part in said if part.rows), key=lambda part: part.month, default=None)
        if newest is None:
            return known | dict.fromkeys(own, "NULL")
        reading = f"SELECT {', '.join(own.values())} FROM read_parquet({self._files([newest])}) LIMIT 1"
        row = database.execute(reading).fetchone()
        return known | {name: _literal(value) for name, value in zip(own, row, strict=True)}


def _versions(made: Sequence[Part], touched: Iterable[date], before: Sequence[Part]) -> list[Part]:
    """The next version of every month that is touched; one whose rows were all taken away has no file."""
    last = {part.month: part for part in before}
    found = {part.month: part for part in made}
    for month in set(touched) - found.keys():
        found[month] = last[month]._replace(rows=0, file="")
    versions = {month: last[month].version if month in last else 0 for month in found}
    return [part._replace(version=versions[month] + 1) for month, part in sorted(found.items())]


_INSTITUTIONS: Final = "institutions"
_MOST_MONTHS: Final = 96
_MONTH: Final = "date_trunc('month', date)::DATE"


def shape(fact: Fact) -> str:
    """Tells whether a file has the columns that the fact has now."""
    return sm3(" ".join(f"{c.name}:{c.type}" for c in fact.columns.values()).encode())[:16]


def _nothing(fact: Fact) -> str:
    columns = ", ".join(f"NULL::{column.type} AS {column.name}" for column in fact.columns.values())
    return f"SELECT {columns} WHERE false"


def _take(database: Any, fact: Fact, query: str) -> int:
    """New rows as a table ``taken``, in the types of the fact; gives how many. Raises ``LoadError`` that names the
    column."""
    from duckdb import Error

    try:
        names = [str(row[0]) for row in database.execute(f"DESCRIBE {query}").fetchall()]
        _known(fact, names)
        told = [
            f"{name if name in names else 'NULL'}::{column.type} AS {name}" for name, column in fact.given.items()
        ]
        gone = f"coalesce({DELETED}::BOOLEAN, false)" if DELETED in names else "false"
        select = f"SELECT {', '.join(told)}, {gone} AS deleted FROM ({query})"
        database.execute(f"CREATE OR REPLACE TEMP TABLE taken AS {select}")
    except Error as error:
        raise LoadError(fact.name, f"无法读取：{str(error).splitlines()[0]}") from None
    return _complete(database, fact)


def _known(fact: Fact, names: Iterable[str]) -> None:
    extra = [name for name in names if name not in fact.given and name != DELETED]
    if extra:
        raise LoadError(fact.name, f"没有列 {'、'.join(extra)}，可用: {', '.join(fact.given)}")


def _complete(database: Any, fact: Fact) -> int:
    """The number of rows. Raises ``LoadError`` that names the column whose entries cannot be."""
    checks = {"count(*)": "", "count(*) - count(DISTINCT id)": "id 在本次装载中重复"}
    for name, column in fact.given.items():
        if column.required:
            checks[f"count(*) FILTER (WHERE {name} IS NULL AND NOT deleted)"] = f"{name} 不能为空"
        if column.choices:
            known = ", ".join(quoted(code) for code in column.choices)
            told = f"{name} 只能是 {', '.join(column.choices)}"
            checks[f"count(*) FILTER (WHERE {name} NOT IN ({known}))"] = told
    rows, *faults = database.execute(f"SELECT {', '.join(checks)} FROM taken").fetchone()
    found = [f"{told}（{count} 行）" for told, count in zip([*checks.values()][1:], faults, strict=True) if count]
    if found:
        raise LoadError(fact.name, "；".join(found))
    return int(rows)


def _stored(fact: Fact, place: dict[str, str]) -> list[str]:
    added = {column.name: column.type for column in PLACE}
    return [f"({place[name]})::{added[name]} AS {name}" if name in added else name for name in fact.columns]


def _literal(value: Any) -> str:
    return "NULL" if value is None else quoted(value) if isinstance(value, str) else str(int(value))


__all__ = ["DELETED", "Lake", "shape"]
