"""A whole installation in one sealed file, and back: database, releases, keys, policies, audit anchors.

The file is a compressed tar, cut into pieces that are sealed with SM4-GCM under the master key. Each piece is bound
to its number and to the head of the file, the last one says that it is the last: what was altered, reordered or cut
off is refused. The master key itself is not in it: whoever finds the file finds nothing.

SQLite is copied by its own online backup, consistent while the service writes. Of PostgreSQL a base backup is taken;
with an archive of its write-ahead log it is brought to any moment after.
"""

from __future__ import annotations

import io
import os
import secrets
import shutil
import sqlite3
import subprocess
import tarfile
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any, Final, cast

import orjson
import zstandard
from sqlalchemy import make_url

from base.security import SealError, seal, unseal

SAFELY: Final[dict[str, Any]] = {"filter": "data"} if hasattr(tarfile, "data_filter") else {}
"""How archives are unpacked: nothing outside of the folder, where Python knows how: from 3.11.4 on (Debian 12: .2).
What is unpacked is ours either way: sealed with the master key, or just made."""
_MAGIC: Final = b"YIGONG-BACKUP-1\n"
_PIECE: Final = 4_000_000
_LEFT_OUT: Final = frozenset({"cache", "master.key", "yigong.sqlite", "yigong.sqlite-wal", "yigong.sqlite-shm"})
DATABASE, CLUSTER = "yigong.sqlite", "postgresql"
Told = Callable[[int], None]


def _unheard(taken: int) -> None:
    """Nobody listens how far it is."""


class BackupError(Exception):
    """A backup that cannot be made or used; the message says what to do."""


def back_up(
    data_dir: Path, database: str, master: bytes, target: Path, programs: str = "", told: Told = _unheard
) -> int:
    """Write everything into a new file ``target``; ``told`` hears the bytes taken. Gives the size of the file.

    ``programs`` is the folder of PostgreSQL's ``pg_basebackup``; empty: from the path. Raises ``BackupError``.
    """
    if target.exists():
        raise BackupError(f"{target.name} exists: choose another name")
    target.parent.mkdir(parents=True, exist_ok=True)
    half = target.with_name(f".{target.name}.{secrets.token_hex(4)}")
    try:
        with tempfile.TemporaryDirectory(dir=target.parent, prefix=".backup-") as scratch:
            copied = _database(database, Path(scratch), programs)
            with os.fdopen(os.open(half, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
                _write(file, master, data_dir, copied, told)
                os.fsync(file.fileno())
        half.rename(target)
    finally:
        half.unlink(missing_ok=True)
    return target.stat().st_size


def restore(source: Path, master: bytes, data_dir: Path, told: Told = _unheard) -> dict[str, Any]:
    """Unpack a backup into an empty folder; gives what it says of itself (``madeAt``, ``database``). Nothing is left
    when the file is not sound. Raises ``BackupError``."""
    if data_dir.exists() and any(data_dir.iterdir()):
        raise BackupError(f"{data_dir} is not empty: restore into a new folder")
    data_dir.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=data_dir.parent, prefix=".restore-") as scratch:
        whole = Path(scratch) / "data"
        with source.open("rb") as file:
            head = _head(file)
            _unpack(_Opened(file, master, head), whole, told)
        if data_dir.exists():
            data_dir.rmdir()
        whole.rename(data_dir)
    said: dict[str, Any] = orjson.loads(head)
    return said


def recover(cluster: Path, archive: Path, at: datetime | None) -> None:
    """Make a restored PostgreSQL cluster replay archived log up to a moment (None: all of it) at its next start."""
    lines = [f'restore_command = \'cp "{archive.resolve()}/%f" "%p"\'']
    if at is not None:
        lines += [f"recovery_target_time = '{at.isoformat()}'", "recovery_target_action = 'promote'"]
    with (cluster / "postgresql.auto.conf").open("a", encoding="utf-8") as file:
        file.write("\n".join(["# recovery", *lines, ""]))
    (cluster / "recovery.signal").touch()


def _database(url: str, scratch: Path, programs: str) -> Path:
    """A consistent copy: a SQLite file, or the folder of a PostgreSQL cluster."""
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite":
        copy = scratch / DATABASE
        with closing(sqlite3.connect(str(parsed.database))) as live, closing(sqlite3.connect(copy)) as made:
            live.backup(made)
        return copy
    program = shutil.which("pg_basebackup", path=programs or None)
    if program is None:
        raise BackupError("pg_basebackup is not found: set YIGONG_POSTGRES_PROGRAMS to its folder")
    plain = parsed.set(drivername="postgresql").render_as_string(hide_password=False)
    command = [program, "-d", plain, "-D", str(scratch / CLUSTER), "-X", "stream", "-c", "fast"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise BackupError(f"pg_basebackup failed: {done.stderr.strip().rpartition(chr(10))[2]}")
    for lock in (scratch / CLUSTER).glob(".s.PGSQL.*"):  # of the running server, where its socket lies in the folder
        lock.unlink()
    return scratch / CLUSTER


def _write(file: IO[bytes], master: bytes, data_dir: Path, database: Path, told: Told) -> None:
    said = {"madeAt": datetime.now(UTC).isoformat(), "database": database.name, "salt": secrets.token_hex(16)}
    head = orjson.dumps(said)
    file.write(_MAGIC + len(head).to_bytes(4, "big") + head)
    with _Sealing(file, master, head) as sealing:
        packed = zstandard.ZstdCompressor(level=3).stream_writer(cast(IO[bytes], sealing), closefd=False)
        with packed, tarfile.open(fileobj=packed, mode="w|") as tar:
            for path, name in _files(data_dir, database):
                tar.add(path, name, recursive=False)
                told(path.stat().st_size if path.is_file() else 0)


def _files(data_dir: Path, database: Path) -> Iterator[tuple[Path, str]]:
    """Everything of the data folder but what is made again and the master key; then the database."""
    for root, folder in ((data_dir, ""), (database, database.name)):
        if root.is_file():
            yield root, folder
            continue
        for path in sorted(root.rglob("*")):
            inner = path.relative_to(root)
            if root is database or not (_LEFT_OUT & {*inner.parts} or inner.name.startswith(".")):
                yield path.resolve(), "/".join((folder, *inner.parts)).lstrip("/")


def _head(file: IO[bytes]) -> bytes:
    if file.read(len(_MAGIC)) != _MAGIC:
        raise BackupError("this is no backup of Yigong")
    return file.read(min(int.from_bytes(file.read(4), "big"), _PIECE))


def _unpack(opened: _Opened, whole: Path, told: Told) -> None:
    whole.mkdir()
    whole.chmod(0o700)
    try:
        with closing(zstandard.ZstdDecompressor().stream_reader(cast(IO[bytes], opened), closefd=False)) as plain:
            with tarfile.open(fileobj=plain, mode="r|") as tar:
                for member in tar:
                    tar.extract(member, whole, **SAFELY)
                    told(member.size)
            while plain.read(_PIECE):  # to the last piece, which says that it is the last
                pass
        opened.ended()
    except (tarfile.TarError, zstandard.ZstdError, EOFError) as error:
        raise BackupError("the backup is not whole") from error


class _Sealing(io.RawIOBase):
    """Cuts what is written into sealed pieces."""

    def __init__(self, file: IO[bytes], key: bytes, head: bytes) -> None:
        self._file, self._key, self._head = file, key, head
        self._number, self._held = 0, bytearray()

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self._held += data
        while len(self._held) > _PIECE:
            self._put(bytes(self._held[:_PIECE]), last=False)
            del self._held[:_PIECE]
        return len(data)

    def close(self) -> None:
        if not self.closed:
            self._put(bytes(self._held), last=True)
        super().close()

    def _put(self, piece: bytes, last: bool) -> None:
        sealed = seal(self._key, piece, _bound(self._head, self._number, last))
        self._file.write((b"\1" if last else b"\0") + len(sealed).to_bytes(4, "big") + sealed)
        self._number += 1


class _Opened(io.RawIOBase):
    """Reads sealed pieces. Raises ``BackupError`` for one that is not as it was written."""

    def __init__(self, file: IO[bytes], key: bytes, head: bytes) -> None:
        self._file, self._key, self._head = file, key, head
        self._number, self._held, self._last = 0, b"", False

    def readable(self) -> bool:
        return True

    def readinto(self, into: Any) -> int:
        while not self._held and not self._last:
            self._next()
        taken = self._held[: len(into)]
        into[: len(taken)] = taken
        self._held = self._held[len(taken) :]
        return len(taken)

    def ended(self) -> None:
        """Raises ``BackupError`` unless the last piece was read and nothing follows it."""
        if not self._last or self._file.read(1):
            raise BackupError("the backup is not whole")

    def _next(self) -> None:
        mark, length = self._file.read(1), int.from_bytes(self._file.read(4), "big")
        sealed = self._file.read(min(length, 2 * _PIECE))
        self._last = mark == b"\1"
        try:
            self._held = unseal(self._key, sealed, _bound(self._head, self._number, self._last))
        except (SealError, ValueError):
            text = "the backup was altered or cut off, or the master key is not the one it was made with"
            raise BackupError(text) from None
        self._number += 1


def _bound(head: bytes, number: int, last: bool) -> bytes:
    return head + number.to_bytes(8, "big") + (b"\1" if last else b"\0")


def check(source: Path, master: bytes) -> None:
    """Read a backup to its end and write nothing. Raises ``BackupError`` when it is not sound."""
    with source.open("rb") as file:
        opened = _Opened(file, master, _head(file))
        while opened.read(_PIECE):
            pass
        opened.ended()
