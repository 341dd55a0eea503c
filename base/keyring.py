"""Data keys under a master key: what may name a person is sealed with SM4-GCM, found again by a keyed digest, and its
key replaced without stopping.

The master key stays outside the database and seals nothing but keys. Data keys stand in the database, wrapped by it.
What is sealed names its key, so that old and new are read side by side while a rotation goes on. What must be found
by its value (an identity card number) is stored beside as a blind index: HMAC-SM3 under a key of its own.
"""

from __future__ import annotations

import secrets
import threading
import unicodedata
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple

from cryptography.hazmat.primitives.hashes import SM3
from cryptography.hazmat.primitives.hmac import HMAC
from sqlalchemy import (
    Column,
    DateTime,
    Engine,
    LargeBinary,
    Row,
    String,
    Table,
    Update,
    func,
    insert,
    select,
    tuple_,
    update,
)
from sqlalchemy.exc import IntegrityError

from base.db import METADATA
from base.security import SealError, seal, unseal

_MARK: Final = b"\xa7K"
_ID_BYTES: Final = 4
_HEAD: Final = len(_MARK) + _ID_BYTES
_INDEX_BYTES: Final = 16
_BATCH: Final = 200
DATA, INDEX = "data", "index"
_FIRST: Final = {DATA: "00000001", INDEX: "00000002"}
NEWEST_DAYS: Final = 90
"""How old the key that seals may become before ``doctor`` asks for a rotation."""

keys = Table(
    "security_key",
    METADATA,
    Column("id", String(8), primary_key=True),
    Column("purpose", String(8), nullable=False),
    Column("wrapped", LargeBinary, nullable=False),
    Column("created", DateTime(timezone=True), nullable=False),
    Column("retired", DateTime(timezone=True)),
)


@dataclass(frozen=True, slots=True)
class _Key:
    id: str
    secret: bytes
    created: datetime


class KeyRing:
    """The keys of an installation. ``master`` (16 bytes) wraps them; ``before`` opens what was sealed with one key
    alone, before there was a ring. Raises ``SealError`` when the master key is not theirs."""

    def __init__(self, engine: Engine, master: bytes, before: bytes = b"") -> None:
        self._engine, self._master, self._before = engine, master, before
        self._lock = threading.Lock()
        self._data: dict[str, _Key] = {}
        self._newest: _Key
        self._index: bytes
        self.refresh()

    def refresh(self) -> None:
        """Read the keys again; makes the first ones."""
        with self._lock:
            found = self._read()
            for purpose, name in _FIRST.items():
                if not found[purpose]:
                    with suppress(IntegrityError):  # another process was first: its key is the one
                        self._make(purpose, name)
                    found = self._read()
            self._data = {key.id: key for key in found[DATA]}
            self._newest = max(found[DATA], key=lambda key: (key.created, key.id))
            self._index = min(found[INDEX], key=lambda key: (key.created, key.id)).secret

    def seal(self, plain: bytes, bound_to: bytes = b"") -> bytes:
        """Sealed with the newest key, which it names; ``bound_to`` is authenticated."""
        newest = self._newest
        return _MARK + bytes.fromhex(newest.id) + seal(newest.secret, plain, bound_to)

    def unseal(self, sealed: bytes, bound_to: bytes = b"") -> bytes:
        """The plain bytes. Raises ``SealError`` when anything was altered or the key is not here."""
        if sealed[: len(_MARK)] == _MARK:
            key = self._named(sealed[len(_MARK) : _HEAD].hex())
            if key is not None:
                try:
                    return unseal(key.secret, sealed[_HEAD:], bound_to)
                except SealError:
                    if not self._before:
                        raise
        if self._before:
            return unseal(self._before, sealed, bound_to)
        raise SealError("sealed data was altered, or its key is not here")

    def head(self) -> bytes:
        """How what is sealed with the newest key begins."""
        return _MARK + bytes.fromhex(self._newest.id)

    def blind(self, value: str, purpose: str) -> bytes:
        """A digest by which equal values are found and from which none is read. Width, case and blanks of the value
        do not count; ``purpose`` (``id-card``, ``phone``) keeps columns from being compared with each other."""
        plain = "".join(unicodedata.normalize("NFKC", value).split()).casefold()
        made = HMAC(self._index, SM3())
        made.update(f"{purpose}\0{plain}".encode())
        return made.finalize()[:_INDEX_BYTES]

    def rotate(self) -> str:
        """Begin to seal with a new key; what was sealed before is still read. Gives the id of the new key."""
        made = self._make(DATA, secrets.token_hex(_ID_BYTES))
        self.refresh()
        return made

    def retire(self, key_id: str) -> None:
        """Take a key out of use once nothing is sealed with it any more. Raises ``ValueError`` for the newest."""
        if key_id == self._newest.id:
            raise ValueError("the key that seals cannot be retired: rotate first")
        with self._engine.begin() as connection:
            connection.execute(update(keys).where(keys.c.id == key_id).values(retired=datetime.now(UTC)))
        self.refresh()

    def known(self) -> list[tuple[str, datetime]]:
        """Data keys in use, the newest last."""
        return sorted(((key.id, key.created) for key in self._data.values()), key=lambda pair: (pair[1], pair[0]))

    def carried(self) -> tuple[bytes, bytes]:
        """What a process of this installation needs to make the same ring."""
        return self._master, self._before

    def _named(self, key_id: str) -> _Key | None:
        """A key by its id; one that another process made meanwhile is fetched."""
        if key_id not in self._data:
            self.refresh()
        return self._data.get(key_id)

    def _read(self) -> dict[str, list[_Key]]:
        found: dict[str, list[_Key]] = {DATA: [], INDEX: []}
        with self._engine.connect() as connection:
            for row in connection.execute(select(keys).where(keys.c.retired.is_(None))):
                secret = unseal(self._master, row.wrapped, _place(row.id, row.purpose))
                found[row.purpose].append(_Key(row.id, secret, row.created))
        return found

    def _make(self, purpose: str, name: str) -> str:
        wrapped = seal(self._master, secrets.token_bytes(16), _place(name, purpose))
        row = {"id": name, "purpose": purpose, "wrapped": wrapped, "created": datetime.now(UTC)}
        with self._engine.begin() as connection:
            connection.execute(insert(keys).values(row))
        return name

    def rewrap(self, master: bytes) -> None:
        """Put all keys under another master key, in one transaction."""
        with self._engine.begin() as connection:
            for row in connection.execute(select(keys)).all():
                place = _place(row.id, row.purpose)
                wrapped = seal(master, unseal(self._master, row.wrapped, place), place)
                connection.execute(update(keys).where(keys.c.id == row.id).values(wrapped=wrapped))
        self._master = master


def sealed_columns() -> list[Column[Any]]:
    """Columns that hold what is sealed: their ``info`` says what a row's content is bound to."""
    return [column for table in METADATA.sorted_tables for column in table.c if "bound" in column.info]


class Resealed(NamedTuple):
    """How many values were sealed anew, and how many nobody can open: these stay as they are."""

    done: int
    unreadable: int


def reseal(engine: Engine, ring: KeyRing, progress: Callable[[int], None] = lambda rows: None) -> Resealed:
    """Seal everything with the newest key, a few rows at a time, while work goes on: a row that somebody changes
    meanwhile is left as they wrote it, one that cannot be opened is counted and does not stop the others."""
    ring.refresh()
    each = [_resealed(engine, ring, column, progress) for column in sealed_columns()]
    return Resealed(sum(one.done for one in each), sum(one.unreadable for one in each))


def _resealed(engine: Engine, ring: KeyRing, column: Column[Any], progress: Callable[[int], None]) -> Resealed:
    own = list(column.table.primary_key.columns)
    old = select(column.table).where(func.length(column) > 0, func.substr(column, 1, _HEAD) != ring.head())
    done = unreadable = 0
    last: tuple[Any, ...] | None = None
    while True:
        query = old.order_by(*own).limit(_BATCH)
        with engine.begin() as connection:
            rows = connection.execute(query if last is None else query.where(tuple_(*own) > last)).all()
            for row in rows:
                try:
                    done += connection.execute(_anew(ring, column, row)).rowcount
                except SealError:
                    unreadable += 1
        progress(len(rows))
        if len(rows) < _BATCH:
            return Resealed(done, unreadable)
        last = tuple(rows[-1]._mapping[key] for key in own)


def _anew(ring: KeyRing, column: Column[Any], row: Row[Any]) -> Update:
    """The change that seals one value anew, unless it changed. Raises ``SealError``."""
    sealed, bound = row._mapping[column], column.info["bound"](row)
    here = (key == row._mapping[key] for key in column.table.primary_key.columns)
    return (
        update(column.table)
        .where(*here, column == sealed)
        .values({column: ring.seal(ring.unseal(sealed, bound), bound)})
    )


def _place(key_id: str, purpose: str) -> bytes:
    return f"{key_id} {purpose}".encode()
