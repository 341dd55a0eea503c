"""How knowledge comes in: what a loader is and the rows it yields. Merging them is ``merge``."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path

from msgspec import structs

from knowledge.model import Article, Record, Source, Standing, Statement


@dataclass(frozen=True, slots=True)
class RowError:
    """A row that could not be read: where it stands, which field, what to do about it."""

    file: str
    line: int
    field: str
    message: str


@dataclass(frozen=True, slots=True)
class Row:
    """One record with the place it was read from.

    Of a ``many``, a name that is not known is reported once with how often it occurs, not once a row.
    """

    record: Record
    file: str = ""
    line: int = 0
    many: bool = False


@dataclass(frozen=True, slots=True)
class Loader:
    """A knowledge source. ``rows`` reads a file or folder and yields records and row errors, lazily.

    Records carry neither origin nor standing: ``stamp`` adds the loader's. ``total`` estimates
    how many rows there are, for the progress bar; ``standing`` is how far the source may be
    trusted. ``rows`` raises ``FileNotFoundError`` naming what it looked for. ``own`` marks an
    institution's own tables: a second person who accepts them has reviewed them. ``ordered`` promises
    that every name comes before what is said of it, so that one pass over the source is enough.
    """

    name: str
    title: str
    standing: Standing
    rows: Callable[[Path], Iterator[Row | RowError]]
    total: Callable[[Path], int]
    own: bool = False
    ordered: bool = False


def statement_id(predicate: str, *key: str) -> str:
    """A stable id from what makes a statement the same statement when it is loaded again."""
    return blake2b("\x1f".join((predicate, *key)).encode(), digest_size=10).hexdigest()


def stamp(record: Record, loader: Loader) -> Record:
    """The record marked with where it came from and how far that may be trusted.

    Ids of statements and articles of different loaders never meet: they carry the loader's name.
    """
    if isinstance(record, Source):
        return record
    stamped = structs.replace(record, origin=loader.name, standing=loader.standing)
    if isinstance(record, Statement | Article):
        return structs.replace(stamped, id=f"{loader.name}:{record.id}")
    return stamped


def by_name(group: str, name: str) -> str:
    """A reference that merging turns into a concept id: ``?drug:华法林``.

    Groups: drug (ingredient, class or product), disease, lab, exam, allergen, food,
    symptom, any. A name that matches no concept, or several, becomes a row error.
    """
    return f"?{group}:{name}"
