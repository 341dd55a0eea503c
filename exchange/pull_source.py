"""Where a pull reads: files, each once; a database, page by page behind a cursor. Nothing is changed there."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, Final, NamedTuple, TypeAlias
from zipfile import BadZipFile

import orjson
from sqlalchemy import Connection, NullPool, RowMapping, create_engine, text
from sqlalchemy.exc import NoSuchModuleError, OperationalError, ProgrammingError, SQLAlchemyError

from base.security import sm3
from base.tabular import TableError, read
from exchange.pull_config import MOST_PAGE, DatabaseSource, FileSource, PullError

At: TypeAlias = int | float | Decimal | str | date | datetime
"""A value of a cursor column."""
Cells = dict[str, str]
_DIGEST: Final = 32


class SourceAwayError(Exception):
    """The source does not answer now, and may later."""


# -- files -----------------------------------------------------------------------------------


class Found(NamedTuple):
    """A file as it lies there. ``digest`` is of its content."""

    path: Path
    digest: str
    size: int
    changed: int

    def is_same(self) -> bool:
        """Whether it is still what it was when it was found."""
        try:
            now = self.path.stat()
        except OSError:
            return False
        return (now.st_size, now.st_mtime_ns) == (self.size, self.changed)


class Files:
    """Files of a pull by name, which hospitals make of the date. Remembers what it has looked at."""

    def __init__(self, source: FileSource, folder: Path) -> None:
        self._source, self._folder = source, folder
        self._looked_at: dict[Path, Found] = {}

    def settled(self) -> tuple[list[Found], int]:
        """Files that nobody writes any more, and how many wait. Raises ``PullError`` when the folder is not there."""
        pattern = Path(self._source.files)
        base = Path(pattern.anchor) if pattern.is_absolute() else self._folder
        wanted = str(pattern.relative_to(pattern.anchor)) if pattern.is_absolute() else str(pattern)
        literal = base.joinpath(*_literal(Path(wanted).parent.parts))
        if not literal.is_dir():
            raise PullError("source.files", f"there is no folder {literal}")
        paths = sorted(path for path in base.glob(wanted) if path.is_file() and not path.name.startswith("."))
        ready = [found for path in paths if (found := self._found(path)) is not None]
        return ready, len(paths) - len(ready)

    def rows(self, found: Found) -> list[Cells]:
        """All rows of a file. Raises ``PullError``; ``SourceAwayError`` when it changed meanwhile."""
        try:
            rows = [row.cells for row in read(found.path, self._source.sheet, self._source.delimiter)]
        except (TableError, KeyError) as error:
            told = str(error) if isinstance(error, TableError) else f"has no sheet {self._source.sheet}"
            raise PullError(found.path.name, told.removeprefix(f"{found.path.name}: ")) from None
        except BadZipFile:
            raise PullError(found.path.name, "is no readable workbook: save it as .xlsx") from None
        except OSError as error:
            raise SourceAwayError(f"{found.path.name} cannot be read: {type(error).__name__}") from None
        if not found.is_same():
            raise SourceAwayError(f"{found.path.name} is being written")
        return rows

    def _found(self, path: Path) -> Found | None:
        """A file as it lies there; None while it is being written, or when it went away."""
        try:
            known, now = self._looked_at.get(path), path.stat()
            if time.time() - now.st_mtime < self._source.settle:
                return None
            if known is None or (known.size, known.changed) != (now.st_size, now.st_mtime_ns):
                known = Found(path, sm3(path.read_bytes()), now.st_size, now.st_mtime_ns)
                self._looked_at[path] = known
        except OSError:
            return None
        return known


def _literal(parts: Sequence[str]) -> Iterator[str]:
    """The parts of a pattern before the first that is one."""
    for part in parts:
        if any(mark in part for mark in "*?["):
            return
        yield part


# -- databases -------------------------------------------------------------------------------


class DatabaseRow(NamedTuple):
    """A row of a query: its place behind the cursor, its cells as text, and a digest of all it says."""

    at: At
    cells: Cells
    digest: str


class Database:
    """Pages of a query, each in the order of the cursor."""

    def __init__(self, source: DatabaseSource) -> None:
        self._source = source

    def page(self, since: At, last: At | None = None) -> tuple[list[DatabaseRow], bool]:
        """Rows from ``since`` on, and whether there may be more. Of the last value on a full page no row is given
        while others that share it may follow: they come with the next page, which goes beyond ``last``, where the one
        before ended. Raises ``PullError``, ``SourceAwayError``."""
        limit = self._source.page
        with self._connected() as connection:
            while True:
                rows = self._read(connection, since, limit)
                if len(rows) < limit:
                    return rows, False
                before = [row for row in rows if row.at != rows[-1].at]
                if before and (last is None or _before(last, before[-1].at)):
                    return before, True
                if limit >= MOST_PAGE:
                    told = f"more than {MOST_PAGE} rows share one value: order by a column that tells rows apart"
                    raise PullError("source.cursor", told)
                limit = min(2 * limit, MOST_PAGE)

    @contextmanager
    def _connected(self) -> Iterator[Connection]:
        """Reading only: nothing is ever committed there."""
        try:
            engine = create_engine(self._source.url(), poolclass=NullPool)
        except (NoSuchModuleError, ModuleNotFoundError) as error:
            raise PullError("source.database", f"there is no driver for it here: {error}") from None
        try:
            with engine.connect() as connection:
                yield connection
        except (ProgrammingError, OperationalError) as error:
            self._told(error)
        except SQLAlchemyError as error:
            raise PullError("source.query", f"fails with {type(error).__name__}: try it in the database") from None
        finally:
            engine.dispose()

    def _told(self, error: ProgrammingError | OperationalError) -> None:
        """Raise what the operator can act on: what the database says of the query, which holds nothing of a row."""
        said = str(error.orig).strip().partition("\n")[0]
        if isinstance(error, ProgrammingError) or "no such" in said or "syntax" in said:
            raise PullError("source.query", f"the database says: {said}") from None
        raise SourceAwayError("the database of the source does not answer") from None

    def _read(self, connection: Connection, since: At, limit: int) -> list[DatabaseRow]:
        # The query is the operator's own, over the hospital's own tables: of these we know no shape to build it from.
        with connection.execute(text(self._source.query), {"since": since, "limit": limit}) as answer:
            if self._source.cursor not in answer.keys():  # noqa: SIM118 (a result is no mapping)
                raise PullError("source.cursor", f"the query gives no column {self._source.cursor}")
            rows = [self._row(row) for row in answer.mappings()]
        if any(_before(after.at, row.at) for row, after in zip(rows, rows[1:], strict=False)):
            raise PullError("source.query", f"gives rows out of order: ORDER BY {self._source.cursor}")
        return rows

    def _row(self, row: RowMapping) -> DatabaseRow:
        at = row[self._source.cursor]
        if isinstance(at, bool) or not isinstance(at, int | float | Decimal | str | date):
            told = "is NULL somewhere" if at is None else f"is a {type(at).__name__}, not a number, text or time"
            raise PullError("source.cursor", f"{self._source.cursor} {told}: choose a column that every row has")
        cells = {name: _cell(value) for name, value in row.items()}
        return DatabaseRow(at, cells, sm3(orjson.dumps(cells, option=orjson.OPT_SORT_KEYS))[:_DIGEST])


def _cell(value: Any) -> str:
    if value is None:
        return ""
    return value.isoformat(" ") if isinstance(value, datetime) else str(value).strip()


def _before(one: Any, other: Any) -> bool:
    try:
        return bool(one < other)
    except TypeError:
        raise PullError("source.cursor", "holds values of several kinds: choose a column of one kind") from None


def behind(at: At, by: int) -> At:
    """A place so far before another. Raises ``PullError`` for a cursor that cannot be counted."""
    if not by:
        return at
    if isinstance(at, date):
        return at - (timedelta(seconds=by) if isinstance(at, datetime) else timedelta(days=-(-by // 86_400)))
    return _text_behind(at, by) if isinstance(at, str) else at - by


def _text_behind(at: str, by: int) -> str:
    """The same for a time that a database holds as text, as it writes it."""
    try:
        earlier = datetime.fromisoformat(at) - timedelta(seconds=by)
    except ValueError:
        raise PullError("source.overlap", "needs a cursor that is a time or a number; this one is text") from None
    return earlier.isoformat(at[10:11] or " ", "seconds" if len(at) > 10 else "auto")[: max(len(at), 10)]


def first(start: str) -> At:
    """Where a pull begins: a number, or what the column holds as text."""
    return int(start) if start.removeprefix("-").isdecimal() else start


_KINDS: Final[dict[str, Any]] = {
    "int": int,
    "float": float,
    "Decimal": Decimal,
    "str": str,
    "date": date.fromisoformat,
    "datetime": datetime.fromisoformat,
}


def place(at: At) -> list[str]:
    """A value of a cursor as it is kept."""
    return [type(at).__name__, at.isoformat() if isinstance(at, date) else str(at)]


def placed(kept: Sequence[str]) -> At:
    """The value that ``place`` kept."""
    made: At = _KINDS[kept[0]](kept[1])
    return made
