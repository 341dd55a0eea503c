"""A running service over the starter release, called the way clients call it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
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


@pytest.fixture
def served(starter_dir: Path, tmp_path: Path) -> Iterator[TestClient]:
    """A client of a service with default settings."""
    house = opened(starter_dir, tmp_path)
    with TestClient(build(house), raise_server_exceptions=False) as client:
        yield client
    house.engine.dispose()
