"""The database: SQLite (WAL) for one machine, PostgreSQL for a county; same tables, same code."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sqlalchemy import Engine, MetaData, create_engine, event

METADATA = MetaData()
"""All tables of all rooms, so that one migration history covers them."""


def open_engine(url: str) -> Engine:
    """Engine for ``sqlite:///file`` or ``postgresql+psycopg://…``; SQLite runs in WAL mode
    with foreign keys on and waits up to ten seconds for a lock."""
    if not url.startswith("sqlite"):
        return create_engine(url, pool_pre_ping=True, pool_size=5, max_overflow=10)
    engine = create_engine(url, connect_args={"timeout": 10})

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _: Any) -> None:
        for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "foreign_keys=ON", "busy_timeout=10000"):
            connection.execute(f"PRAGMA {pragma}")

    return engine


def migrate(engine: Engine) -> None:
    """Bring the schema to the newest revision. Safe to call at every start and from several
    processes at once: the migration holds a lock."""
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    with engine.begin() as connection:
        if connection.dialect.name == "postgresql":
            connection.exec_driver_sql("SELECT pg_advisory_xact_lock(7195023)")
        else:
            connection.exec_driver_sql("BEGIN IMMEDIATE") if not connection.in_transaction() else None
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
