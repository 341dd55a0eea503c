"""A running service over the starter release, called the way clients call it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from api.app import build
from api.bootstrap import House, open_house
from base.settings import Settings
from tests.conftest import DATABASE


def opened(starter_dir: Path, tmp_path: Path, **settings: object) -> House:
    """An installation of one's own that serves the starter release: its own database and keys."""
    data = tmp_path / "data"
    (data / "keys").mkdir(parents=True)
    shutil.copy(starter_dir / "blank" / DATABASE, data)
    (data / "releases").symlink_to(starter_dir / "releases")
    for key in (starter_dir / "keys").iterdir():
        copied = data / "keys" / key.name
        copied.write_bytes(key.read_bytes())
        copied.chmod(0o600)
    return open_house(Settings(data_dir=data, **settings))


@contextmanager
def _serving(starter_dir: Path, folder: Path) -> Iterator[TestClient]:
    house = opened(starter_dir, folder)
    with TestClient(build(house), raise_server_exceptions=False) as client:
        yield client
    house.engine.dispose()


@pytest.fixture
def served(starter_dir: Path, tmp_path: Path) -> Iterator[TestClient]:
    """A client of a service with default settings."""
    with _serving(starter_dir, tmp_path) as client:
        yield client


@pytest.fixture(scope="module")
def standing(starter_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    """One for all tests of a module, none of which minds what the others left there: a service of one's own takes
    half a second."""
    with _serving(starter_dir, tmp_path_factory.mktemp("standing")) as client:
        yield client
