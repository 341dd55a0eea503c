"""What every answer tells a browser, and what happens to a client that calls too often."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

import orjson
import pytest
from pydantic import ValidationError
from starlette.testclient import TestClient
from starlette.types import ASGIApp, Receive, Scope, Send

from api.app import build
from api.door import Door
from api.openapi import EXAMPLES
from base.settings import Settings
from tests.integration.conftest import opened

DATA = ["/cds-services", "/healthz", "/api/v1/releases", "/no/such/page", "/openapi.json"]


@pytest.mark.parametrize("path", DATA)
def test_answers_may_not_be_run_framed_or_kept_by_a_browser(served: TestClient, path: str) -> None:
    headers = served.get(path).headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["content-security-policy"] == "default-src 'none'; frame-ancestors 'none'"
    assert headers["cache-control"] == "no-store"
    assert headers["referrer-policy"] == "no-referrer"
    assert "strict-transport-security" not in headers


def test_the_pages_of_the_api_run_only_scripts_from_here(served: TestClient) -> None:
    answer = served.get("/docs")
    assert "script-src 'self'" in answer.headers["content-security-policy"]
    assert "https://" not in answer.text


def test_behind_https_browsers_are_told_to_stay_there(starter_dir: Path, tmp_path: Path) -> None:
    house = opened(starter_dir, tmp_path, public_url="https://cds.example.org")
    with TestClient(build(house)) as client:
        assert client.get("/cds-services").headers["strict-transport-security"].startswith("max-age=31536000")
    house.engine.dispose()


def test_a_client_that_calls_too_often_is_told_when_to_call_again(starter_dir: Path, tmp_path: Path) -> None:
    house = opened(starter_dir, tmp_path, rate_limit="5/hour")
    with TestClient(build(house)) as client:
        statuses = [client.get("/cds-services").status_code for _ in range(6)]
        assert statuses == [200] * 5 + [429]
        refused = client.post("/cds-services/yigong-order-sign", json={})
        assert refused.status_code == 429
        assert refused.json()["issue"][0]["code"] == "throttled"
        assert 0 < int(refused.headers["retry-after"]) <= 3600
        assert client.get("/healthz").status_code == 200, "what watches over the service is never refused"
    house.engine.dispose()


@pytest.mark.parametrize(
    ("said", "way"),
    [
        ({}, "line"),
        ({"headers": [(b"origin", b"https://his.example.org")]}, "all"),
        ({"headers": [(b"origin", b"null")]}, "all"),
        ({"method": "OPTIONS"}, "all"),
        ({"method": "GET"}, "all"),
        ({"path": "/cds-services/other"}, "all"),
        ({"path": "/cds-services/sign/feedback"}, "all"),
        ({"type": "websocket"}, "all"),
        ({"type": "lifespan"}, "all"),
    ],
)
def test_only_calls_of_systems_go_past_what_browsers_need(said: dict[str, Any], way: str) -> None:
    gone: list[str] = []

    def through(name: str) -> ASGIApp:
        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            gone.append(name)

        return app

    async def unused(*_: Any) -> Any:
        raise AssertionError

    call = {"type": "http", "method": "POST", "path": "/cds-services/sign", "headers": [(b"host", b"here")]}
    scope = {key: value for key, value in (call | said).items() if key == "type" or said.get("type") != "lifespan"}
    asyncio.run(Door(through("all"), through("line"), ["/cds-services/sign"])(scope, unused, unused))
    assert gone == [way]


def test_a_worker_forgets_in_time_and_its_calls_go_past_what_browsers_need(served: TestClient) -> None:
    app: Any = served.app
    assert isinstance(app.middleware_stack, Door)
    assert "_forget" in {one.__qualname__ for one in _closed(app.state.front.watching())}


def _closed(waiting: list[Coroutine[Any, Any, None]]) -> list[Coroutine[Any, Any, None]]:
    for one in waiting:
        one.close()
    return waiting


@pytest.mark.parametrize(
    ("path", "content", "kind", "status"),
    [
        ("yigong-order-sign", orjson.dumps(EXAMPLES["order-sign"]), "application/json", 200),
        ("yigong-order-sign", b"{}", "application/json", 400),
        ("yigong-order-sign", b"{}", "text/plain", 415),
        ("yigong-order-sign", b" " * 6_000_000, "application/json", 413),
        ("no-such-service", b"{}", "application/json", 404),
    ],
)
def test_a_call_out_of_a_page_is_answered_as_one_of_a_hospitals_system(
    served: TestClient, path: str, content: bytes, kind: str, status: int
) -> None:
    own, paged = (
        served.post(f"/cds-services/{path}", content=content, headers={"Content-Type": kind, **origin})
        for origin in ({}, {"Origin": "https://his.example.org"})
    )
    assert own.status_code == paged.status_code == status
    said = [(card["summary"], card["indicator"]) for card in own.json().get("cards", ())]
    assert said == [(card["summary"], card["indicator"]) for card in paged.json().get("cards", ())]
    assert own.json().get("issue") == paged.json().get("issue")
    of_browsers = {"vary", "access-control-allow-origin", "content-length"}
    assert dict(own.headers).items() - dict(paged.headers).items() <= {
        ("content-length", own.headers["content-length"])
    }
    more = {name for name in paged.headers if name not in own.headers}
    assert "access-control-allow-origin" in more <= of_browsers


def test_a_client_has_one_limit_wherever_it_calls_from_and_others_are_not_held_up(
    starter_dir: Path, tmp_path: Path
) -> None:
    first, second = "a" * 32, "b" * 32
    house = opened(starter_dir, tmp_path, client_rate_limit="3/hour", api_keys=[f"his-a:{first}", f"his-b:{second}"])
    app = build(house)
    with (
        TestClient(app),
        TestClient(app, client=("10.0.0.1", 1)) as here,
        TestClient(app, client=("10.0.0.2", 1)) as there,
    ):

        def asked(client: TestClient, key: str) -> int:
            headers = {"Authorization": f"Bearer {key}"}
            return client.get("/api/v1/exchange/messages", headers=headers).status_code

        answers = [asked(client, first) for client in (here, there, here, there)]
        assert answers == [200, 200, 200, 429]
        assert asked(here, second) == 200
    house.engine.dispose()


def test_a_limit_that_cannot_be_read_stops_the_start_and_says_why() -> None:
    with pytest.raises(ValidationError, match="5000/second"):
        Settings(rate_limit="often")
