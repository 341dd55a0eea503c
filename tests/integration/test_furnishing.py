"""A worker answers order entry before all else is opened, and everybody else as soon as it is."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

import api.furnishing
import api.office
from api.again import again
from api.app import build, early
from api.front import Front
from api.openapi import EXAMPLES
from tests.integration.conftest import opened

SIGN = "/cds-services/yigong-order-sign"


@pytest.fixture
def app(starter_dir: Path, tmp_path: Path) -> Iterator[FastAPI]:
    house = opened(starter_dir, tmp_path)
    yield early(house)
    house.engine.dispose()


def asked(app: FastAPI) -> TestClient:
    """A client of a worker whose time beside requests has not come: nothing is opened but for whoever asks."""
    return TestClient(app, raise_server_exceptions=False)


def test_order_entry_is_answered_before_the_office_is_open(app: FastAPI) -> None:
    web = asked(app)
    assert web.post(SIGN, json=EXAMPLES["order-sign"]).json()["cards"]
    assert web.get("/readyz").json()["status"] == "ready"
    assert not hasattr(app.state, "office")


def test_whoever_asks_early_for_something_else_waits_for_it(app: FastAPI) -> None:
    assert asked(app).get("/api/v1/concepts", params={"name": "华法林"}).status_code == 200
    assert app.state.office is app.state.furnishing.office()


def test_many_who_ask_early_open_one_office(app: FastAPI) -> None:
    with ThreadPoolExecutor(8) as clients:
        offices = {id(one) for one in clients.map(lambda _: app.state.furnishing.office(), range(8))}
    assert len(offices) == 1
    paths = [path for path in app.openapi()["paths"] if path == "/api/v1/concepts"]
    assert paths == ["/api/v1/concepts"]


def test_a_path_that_nobody_has_is_not_found(app: FastAPI) -> None:
    assert [asked(app).get("/api/v1/nothing").status_code for _ in range(2)] == [404, 404]


def test_the_worker_opens_all_by_itself(app: FastAPI) -> None:
    with TestClient(app) as web:
        while not hasattr(app.state, "office"):
            assert web.get("/healthz").status_code == 200


def test_a_worker_opened_early_offers_what_one_opened_whole_does(
    app: FastAPI, starter_dir: Path, tmp_path: Path
) -> None:
    whole = build(opened(starter_dir, tmp_path / "whole"))
    assert app.openapi() == whole.openapi()


def test_an_office_that_cannot_open_leaves_order_entry_alone(app: FastAPI, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(front: object) -> None:
        raise OSError("away")

    web, sound = asked(app), api.office.Office
    monkeypatch.setattr(api.office, "Office", broken)
    assert web.get("/api/v1/concepts").status_code == 500
    assert web.get("/readyz").json()["officeFault"] == "OSError"
    assert web.post(SIGN, json=EXAMPLES["order-sign"]).json()["cards"]
    monkeypatch.setattr(api.office, "Office", sound)
    assert web.get("/api/v1/concepts", params={"name": "华法林"}).status_code == 200
    assert "officeFault" not in web.get("/readyz").json()


def test_what_goes_on_in_an_office_that_could_not_open_at_first_begins_when_it_does(
    app: FastAPI, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried, begun, sound = [], threading.Event(), api.office.Office

    def at_the_second_try(front: Front) -> api.office.Office:
        tried.append(front)
        if len(tried) == 1:
            raise OSError("away")
        return sound(front)

    async def watch() -> None:
        begun.set()

    def watching(office: api.office.Office) -> list[Coroutine[Any, Any, None]]:
        return [watch()]

    monkeypatch.setattr(api.furnishing, "_AGAIN_SECONDS", 0.01)
    monkeypatch.setattr(api.office, "Office", at_the_second_try)
    monkeypatch.setattr(sound, "watching", watching)
    with TestClient(app):
        assert begun.wait(30)


def test_what_goes_wrong_once_does_not_end_what_goes_on_beside_requests() -> None:
    turns: list[int] = []

    def work() -> None:
        turns.append(len(turns))
        if len(turns) == 1:
            raise ValueError("a row that nobody can read")

    async def watched() -> None:
        task = asyncio.create_task(again(work, 0.0, "rows not read"))
        while len(turns) < 3:
            await asyncio.sleep(0)
        task.cancel()

    asyncio.run(asyncio.wait_for(watched(), 10))
    assert len(turns) >= 3
