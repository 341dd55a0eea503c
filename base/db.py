"""The database: SQLite (WAL) for one machine, PostgreSQL for a county; same tables, same code."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    DateTime,
    Dialect,
    Engine,
    Integer,
    MetaData,
    String,
    Table,
    create_engine,
    event,
    func,
    insert,
    inspect,
    select,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.exc import DataError, DisconnectionError

if TYPE_CHECKING:  # read when the schema is not the newest
    from alembic.config import Config

METADATA = MetaData()
"""All tables of all rooms, so that one migration history covers them."""
OWN: Final = {"tenant": "tenant"}
"""``info`` of a table whose rows belong to the tenant that their column of this name says: ``base.tenancy``."""
NUMBER: Final = BigInteger().with_variant(Integer, "sqlite")
"""A key that the database counts up; SQLite does so with its own integers alone."""

_PRAGMAS: Final = (
    *("journal_mode=WAL", "synchronous=NORMAL", "foreign_keys=ON", "busy_timeout=10000"),
    *("cache_size=-65536", "wal_autocheckpoint=8000"),  # 64 MB; checkpoints every 32 MB: loads are ten times that
)
_FEW: Final = 100
_REST_SECONDS: Final = 5.0
_MIGRATIONS: Final = Path(__file__).parent / "migrations"
_VERSIONS: Final = Table("alembic_version", MetaData(), Column("version_num", String(32)))


class _Moment(sqlite.DATETIME):
    """A moment in SQLite, which knows no zones: written in UTC and read as UTC."""

    def bind_processor(self, dialect: Dialect) -> Callable[[Any], Any] | None:
        write = super().bind_processor(dialect)
        assert write is not None
        return lambda value: write(value.astimezone(UTC) if getattr(value, "tzinfo", None) else value)

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[Any], Any] | None:
        return lambda text: None if text is None else datetime.fromisoformat(text).replace(tzinfo=UTC)


def insert_many(connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert rows that name the same columns, many thousands a second: COPY on PostgreSQL, one
    prepared statement on SQLite. Few rows go the ordinary way, whose errors say more."""
    if len(rows) <= _FEW:
        if rows:
            connection.execute(insert(table), [dict(row) for row in rows])
        return
    names, dialect = list(rows[0]), connection.dialect
    bound = [(name, table.c[name].type.dialect_impl(dialect).bind_processor(dialect)) for name in names]
    values = [tuple(bind(row[name]) if bind else row[name] for name, bind in bound) for row in rows]
    columns = ", ".join(names)
    cursor = connection.connection.cursor()
    try:
        if dialect.name == "postgresql":
            with cursor.copy(f"COPY {table.name} ({columns}) FROM STDIN") as copy:
                for value in values:
                    copy.write_row(value)
        else:
            marks = ", ".join("?" * len(names))
            cursor.executemany(f"INSERT INTO {table.name} ({columns}) VALUES ({marks})", values)
    finally:
        cursor.close()


def open_engine(url: str) -> Engine:
    """Engine for ``sqlite:///file`` or ``postgresql+psycopg://…``; SQLite runs in WAL mode
    with foreign keys on and waits up to ten seconds for a lock. Both give times with their zone."""
    if not url.startswith("sqlite"):
        return _asking_after_rest(create_engine(url, pool_size=5, max_overflow=10))
    engine = create_engine(url, connect_args={"timeout": 10})
    engine.dialect.colspecs = {**engine.dialect.colspecs, DateTime: _Moment}

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _: Any) -> None:
        for pragma in _PRAGMAS:
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "handle_error", retval=True)
    def foreseen(context: ExceptionContext) -> Exception | None:
        """A number beyond 64 bits is data that the database does not take, as PostgreSQL says it."""
        error = context.original_exception
        return DataError(context.statement, context.parameters, error) if isinstance(error, OverflowError) else None

    return engine


def _asking_after_rest(engine: Engine) -> Engine:
    """A connection that has rested is asked whether it still lives before it is used again; one that was used just
    now is not: that would be a tenth of the time of a record's arrival."""

    @event.listens_for(engine, "checkin")
    def rests(_: Any, record: Any) -> None:
        record.info["since"] = time.monotonic()

    @event.listens_for(engine, "checkout")
    def wakes(connection: Any, record: Any, _: Any) -> None:
        if time.monotonic() - record.info.get("since", time.monotonic()) > _REST_SECONDS:
            try:
                engine.dialect.do_ping(connection)
            except engine.dialect.loaded_dbapi.Error as error:
                raise DisconnectionError from error

    return engine


def _is_newest(engine: Engine) -> bool:
    """Whether the schema is what the last migration made (their files begin with their numbers): a worker then
    starts without alembic, a third of a second sooner."""
    newest = max(path.stem.partition("_")[0] for path in (_MIGRATIONS / "versions").glob("[0-9]*_*.py"))
    with engine.connect() as connection:
        if not inspect(connection).has_table(_VERSIONS.name):
            return False
        return connection.execute(select(_VERSIONS.c.version_num)).scalars().all() == [newest]


def alone(connection: Connection, lock: int = 0) -> None:
    """Until the transaction ends nobody else writes (SQLite), or does what has this lock (PostgreSQL; 0: none): what
    is read now and then written stays true."""
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("BEGIN IMMEDIATE")
    elif lock:
        connection.execute(select(func.pg_advisory_xact_lock(lock)))


def inserting(connection: Connection, table: Table) -> Any:
    """An insert of the dialect, which knows of conflicts."""
    return (sqlite if connection.dialect.name == "sqlite" else postgresql).insert(table)


def migrate(engine: Engine) -> None:
    """Bring the schema to the newest revision. Safe to call at every start and from several
    processes at once: the migration holds a lock."""
    if _is_newest(engine):
        return
    from alembic import command

    with engine.begin() as connection:
        if connection.dialect.name == "postgresql":
            connection.exec_driver_sql("SELECT pg_advisory_xact_lock(7195023)")
        else:
            connection.exec_driver_sql("BEGIN IMMEDIATE") if not connection.in_transaction() else None
        command.upgrade(migrations(connection), "head")


def migrations(connection: Connection) -> Config:
    """The revisions of the schema, over an open connection."""
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS))
    config.attributes["connection"] = connection
    return config
