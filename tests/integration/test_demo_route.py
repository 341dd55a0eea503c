"""Synthetic patients are there at a click, for whoever sits at the machine before anybody has an account."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from api.app import build
from tests.integration.conftest import opened
from tests.integration.staffed import LEAGUE, QUICK, Staffed


@pytest.fixture
def staffed(starter_dir: Path, tmp_path: Path) -> Iterator[Staffed]:
    house = opened(starter_dir, tmp_path, **QUICK)
    with TestClient(build(house), base_url=QUICK["public_url"], client=("127.0.0.1", 1)) as client:
        yield Staffed(house, client)
    house.engine.dispose()


def test_a_newcomer_is_offered_the_demo_and_gets_it(staffed: Staffed, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("api.routes.demo.PEOPLE", 1)
    monkeypatch.setattr("api.routes.demo._figures", _nothing)  # tests/integration/test_demo_figures.py
    client = staffed.client
    engine = {"installed": True, "install": "pip install 'yigong[screen]'"}
    nothing = {"possible": True, "filled": False, "figures": False, "filling": False, "engine": engine}
    assert client.get("/api/v1/demo").json() == nothing
    answer = client.post("/api/v1/demo", json={})
    assert answer.status_code == 200, answer.text
    assert answer.json() == nothing | {"filled": True, "filling": True}
    assert client.get("/api/v1/demo").json() == nothing | {"filled": True}
    waiting = client.get("/api/v1/reviews", params={"status": "waiting"}).json()["reviews"]
    assert len(waiting) == 5
    launch = {"patient": "P0006", "user": "张医生", "tenant": "league/anding/hospital"}
    assert client.post("/api/v1/panel/launches", json=launch).status_code == 201


def test_without_duckdb_the_demo_says_that_there_will_be_no_indicators(
    staffed: Staffed, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def filled(data_dir: Path, *options: str) -> bool:
        return True

    monkeypatch.setattr("api.routes.demo._run", filled)
    monkeypatch.setattr("supervision.figures.duck.find_spec", lambda name: None)
    engine = staffed.client.post("/api/v1/demo", json={}).json()["engine"]
    assert engine["installed"] is False
    assert "yigong[screen]" in engine["install"]


async def _nothing(data_dir: Path) -> None:
    """In place of what goes on in the background."""


def test_where_people_have_accounts_nobody_fills_in_a_demo(staffed: Staffed) -> None:
    staffed.add("root1", LEAGUE, "data-manager")
    headers = staffed.bearer("root1")
    assert staffed.client.get("/api/v1/demo", headers=headers).json()["possible"] is False
    assert staffed.client.post("/api/v1/demo", headers=headers, json={}).status_code == 403
    assert not (staffed.house.settings.data_dir / "demo").exists()
