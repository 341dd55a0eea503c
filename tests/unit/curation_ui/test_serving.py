"""Pages come compressed, are kept by browsers where that is safe, and are framed by nobody who may not."""

from __future__ import annotations

from pathlib import Path

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from curation_ui.serving import router

PAGE = "<!doctype html><title>医共</title>"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    dist = tmp_path / "dist"
    (dist / "assets").mkdir(parents=True)
    (dist / "index.html").write_text(PAGE, "utf-8")
    (dist / "panel.html").write_text("panel", "utf-8")
    (dist / "ahead").mkdir()
    (dist / "ahead" / "boards.html").write_text("boards", "utf-8")
    (dist / "assets" / "main-1a2b.js").write_text("plain", "utf-8")
    (dist / "assets" / "main-1a2b.js.br").write_bytes(b"brotli")
    (dist / "assets" / "main-1a2b.js.gz").write_bytes(b"gzip")
    (tmp_path / "secret.json").write_text("{}", "utf-8")
    return dist


@pytest.fixture
def client(folder: Path) -> TestClient:
    app = FastAPI()
    app.include_router(router(["https://his.example.org"], folder))
    return TestClient(app)


def test_whoever_opens_the_service_in_a_browser_finds_the_pages(client: TestClient) -> None:
    assert client.get("/").text == PAGE
    assert client.get("/ui").text == PAGE


def test_a_page_within_the_pages_is_the_main_page_which_finds_it(client: TestClient) -> None:
    answer = client.get("/ui/queue/4711")
    assert answer.text == PAGE
    assert answer.headers["cache-control"] == "no-cache"


def test_a_page_comes_with_what_it_needs_named_from_the_first_answer_on(client: TestClient) -> None:
    assert client.get("/ui/boards/quality?month=2026-10").text == "boards"
    assert client.get("/ui/boardsandmore").text == PAGE


@pytest.mark.parametrize(("accepted", "coding"), [("gzip, deflate, br", "br"), ("gzip", "gzip"), ("identity", None)])
def test_files_come_as_small_as_the_browser_can_read(client: TestClient, accepted: str, coding: str | None) -> None:
    with client.stream("GET", "/ui/assets/main-1a2b.js", headers={"accept-encoding": accepted}) as answer:
        assert answer.headers.get("content-encoding") == coding
        assert answer.headers["content-type"] == "text/javascript; charset=utf-8"
        assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
        assert b"".join(answer.iter_raw()) == {"br": b"brotli", "gzip": b"gzip", None: b"plain"}[coding]


def test_a_file_of_an_earlier_build_is_not_the_main_page(client: TestClient) -> None:
    assert client.get("/ui/assets/main-0000.js").status_code == 404


def test_an_address_that_can_be_no_file_is_none(client: TestClient) -> None:
    assert client.get("/ui/assets/%00.js").status_code == 404


@pytest.mark.parametrize("path", ["/ui/..%2fsecret.json", "/ui/assets/..%2f..%2fsecret.json"])
def test_nothing_outside_of_the_build_is_handed_out(client: TestClient, path: str) -> None:
    assert "{}" not in client.get(path).text


def test_the_panel_is_framed_by_whom_the_setting_names_and_the_main_pages_by_nobody_else(client: TestClient) -> None:
    main, panel = (client.get(path).headers["content-security-policy"] for path in ("/ui/", "/ui/panel"))
    assert "frame-ancestors 'self' https://his.example.org" in panel
    assert main.endswith("frame-ancestors 'self'")


@pytest.mark.parametrize("path", ["/ui/", "/ui/panel", "/ui/boards", "/ui/index.html", "/ui/panel.html"])
def test_a_page_runs_no_script_that_is_not_a_file_of_ours(client: TestClient, path: str) -> None:
    rules = client.get(path).headers["content-security-policy"].split("; ")
    assert {"default-src 'none'", "script-src 'self'", "connect-src 'self'"} <= set(rules)


def test_without_a_build_it_is_said_how_to_make_one(tmp_path: Path) -> None:
    app = FastAPI()
    app.include_router(router((), tmp_path))
    answer = TestClient(app).get("/ui/")
    assert answer.status_code == 503
    assert "make pages" in answer.text
    assert 'http-equiv="refresh"' in answer.text, "what is being built opens by itself"
