"""A worker starts with a sound release or not at all."""

from __future__ import annotations

from pathlib import Path

import pytest
from starlette.testclient import TestClient

from api.worker import create
from base.security import sm3_file
from knowledge.release import ReleaseError
from tests.conftest import altered


@pytest.fixture(autouse=True)
def _folder(starter_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("YIGONG_DATA_DIR", str(tmp_path))
    for part in ("keys", "releases"):
        (tmp_path / part).mkdir()
        for file in (starter_dir / part).iterdir():
            (tmp_path / part / file.name).write_bytes(file.read_bytes())
            (tmp_path / part / file.name).chmod(0o600)


def test_a_worker_answers() -> None:
    with TestClient(create()) as client:
        assert client.get("/cds-services").json()["services"]


def test_a_worker_refuses_a_release_that_was_altered(tmp_path: Path) -> None:
    active = tmp_path / "releases" / (tmp_path / "releases" / "ACTIVE").read_text().strip()
    file = active.with_suffix(".ygr")
    file.write_bytes(altered(file.read_bytes()))
    with pytest.raises(ReleaseError, match="not the one that was published"):
        create()
    assert sm3_file(file) != active.name


def test_a_worker_without_a_release_says_so(tmp_path: Path) -> None:
    (tmp_path / "releases" / "ACTIVE").unlink()
    with pytest.raises(ReleaseError):
        create()
