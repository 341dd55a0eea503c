"""Synthetic patients are there at a click, for whoever sits at the machine before anybody has an account."""

from __future__ import annotations

import time
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from api.app import build
from api.demo_desk import DemoDesk
from demo.fill import Doing
from tests.integration.conftest import opened
from tests.integration.staffed import LEAGUE, QUICK, Staffed

_PATIENTS = ("--no-figures", "--telling")  # figures: tests/integration/test_demo_figures.py
_FIRST = (Doing.SENDING, Doing.STORING)
_STEPS = ("starting", *_FIRST, Doing.SUBMITTING, "")


@pytest.fixture
def staffed(starter_dir: Path, tmp_path: Path) -> Iterator[Staffed]:
    house = opened(starter_dir, tmp_path, **QUICK)
    with TestClient(build(house), base_url=QUICK["public_url"], client=("127.0.0.1", 1)) as client:
        yield Staffed(house, client)
    house.engine.dispose()


def test_a_newcomer_is_offered_the_demo_and_gets_it(staffed: Staffed, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("api.demo_desk.PEOPLE", 1)
    monkeypatch.setattr("api.demo_desk.OPTIONS", _PATIENTS)
    client = staffed.client
    engine = {"installed": True, "install": "pip install 'yigong[screen]'"}
    idle = {"filling": False, "doing": "", "fault": ""}
    nothing = {"possible": True, "filled": False, "figures": False, "engine": engine} | idle
    assert client.get("/api/v1/demo").json() == nothing
    answer = client.post("/api/v1/demo", json={})
    assert answer.status_code == 202, answer.text
    assert answer.json() == nothing | {"filling": True, "doing": "starting"}
    said = _heard(client)
    assert said[-1] == nothing | {"filled": True}
    steps = [one for one, _ in groupby(told["doing"] for told in said)]
    assert steps == [one for one in _STEPS if one in steps], "what is told goes forward, never back"
    assert not any(told["filled"] for told in said if told["doing"] in ("starting", *_FIRST))
    waiting = client.get("/api/v1/reviews", params={"status": "waiting"}).json()["reviews"]
    assert len(waiting) == 5
    launch = {"patient": "P0006", "user": "张医生", "tenant": "league/anding/hospital"}
    assert client.post("/api/v1/panel/launches", json=launch).status_code == 201


def test_without_duckdb_the_demo_says_that_there_will_be_no_indicators(
    staffed: Staffed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(DemoDesk, "begin", lambda _: None)
    monkeypatch.setattr("supervision.figures.duck.find_spec", lambda name: None)
    engine = staffed.client.post("/api/v1/demo", json={}).json()["engine"]
    assert engine["installed"] is False
    assert "yigong[screen]" in engine["install"]


@pytest.mark.parametrize(
    ("broken", "by"),
    [
        pytest.param("api.demo_desk.OPTIONS", ("--no-such-option",), id="it fails"),
        pytest.param("sys.executable", "/no/such/program", id="it cannot be begun"),
    ],
)
def test_a_demo_that_cannot_be_filled_in_says_what_to_do(
    staffed: Staffed, monkeypatch: pytest.MonkeyPatch, broken: str, by: object
) -> None:
    monkeypatch.setattr(broken, by)
    assert staffed.client.post("/api/v1/demo", json={}).json()["fault"] == ""
    told = _heard(staffed.client)[-1]
    assert "make demo-data" in told["fault"]
    assert (told["filled"], told["filling"]) == (False, False)


def _heard(client: TestClient) -> list[dict[str, Any]]:
    """What is told of the demo until it is at nothing any more."""
    said, until = [client.get("/api/v1/demo").json()], time.monotonic() + 120
    while said[-1]["filling"] and time.monotonic() < until:
        time.sleep(0.05)
        said.append(client.get("/api/v1/demo").json())
    return said


def test_where_people_have_accounts_nobody_fills_in_a_demo(staffed: Staffed) -> None:
    staffed.add("root1", LEAGUE, "data-manager")
    headers = staffed.bearer("root1")
    assert staffed.client.get("/api/v1/demo", headers=headers).json()["possible"] is False
    assert staffed.client.post("/api/v1/demo", headers=headers, json={}).status_code == 403
    assert not (staffed.house.settings.data_dir / "demo").exists()
