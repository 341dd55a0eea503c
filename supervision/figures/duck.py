"""DuckDB, where it is installed: one in memory for the process, which reads the files of facts."""

from __future__ import annotations

import os
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

from base.refusal import RefusedError

INSTALL: Final = "pip install 'yigong[screen]'"
"""What brings it."""


class MissingDuckError(RefusedError):
    """DuckDB is not installed; the message says how to install it."""


def engine() -> dict[str, str | bool]:
    """Whether figures can be reckoned here and what would bring that, as the API tells pages."""
    return {"installed": find_spec("duckdb") is not None, "install": INSTALL}


def connect() -> Any:
    """A cursor of one's own for a thread. Raises ``MissingDuckError``."""
    return _database(os.getpid()).cursor()


@lru_cache(maxsize=1)
def _database(process: int) -> Any:
    """One for a process: what it learned of files it keeps. Never shared with a forked child."""
    try:
        import duckdb
    except ImportError:
        raise MissingDuckError("", f"监管指标需要 DuckDB: {INSTALL}") from None
    made = duckdb.connect(config={"autoinstall_known_extensions": False, "autoload_known_extensions": False})
    made.execute("SET parquet_metadata_cache = true; SET preserve_insertion_order = false; SET TimeZone = 'UTC'")
    return made


def fetched(query: str) -> list[tuple[Any, ...]]:
    """All rows of a query. Raises ``OSError`` when a file is not there any more, ``MissingDuckError``."""
    with connect() as database:
        from duckdb import IOException

        try:
            rows: list[tuple[Any, ...]] = database.execute(query).fetchall()
        except IOException as error:
            raise OSError(str(error)) from None
        return rows


def quoted(text: str) -> str:
    """A text literal."""
    return "'" + text.replace("'", "''") + "'"


def files(paths: list[Path]) -> str:
    """A list of files as ``read_parquet`` takes it."""
    return "[" + ", ".join(quoted(str(path)) for path in paths) + "]"


__all__ = ["MissingDuckError", "connect", "engine", "fetched", "files", "quoted"]
