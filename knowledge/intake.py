"""How knowledge comes in: what a loader is and the rows it yields. Merging them is ``merge``."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from knowledge.model import Record, Standing


@dataclass(frozen=True, slots=True)
class RowError:
    """A row that could not be read: where it stands, which field, what to do about it."""

    file: str
    line: int
    field: str
    message: str


@dataclass(frozen=True, slots=True)
class Row:
    """One record with the place it was read from."""

    record: Record
    file: str = ""
    line: int = 0


@dataclass(frozen=True, slots=True)
class Loader:
    """A knowledge source. ``rows`` reads a file or folder and yields records and row errors, lazily.

    ``total`` estimates how many rows there are, for the progress bar. ``standing`` is how far
    the source may be trusted. Raises ``FileNotFoundError`` naming what it looked for.
    """

    name: str
    title: str
    standing: Standing
    rows: Callable[[Path], Iterator[Row | RowError]]
    total: Callable[[Path], int]
