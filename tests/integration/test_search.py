"""Searching over HTTP: what is found, who may, and what happens when the index is not what was published."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from api.app import build
from api.bootstrap import House, open_house
from api.indexing import index_beside
from api.routes.search import EXAMPLE
from api.search_desk import SEARCH, artefacts
from base.settings import Settings
from knowledge.model import Status
from knowledge.release import publish
from knowledge.store import Change
from tests import search_world as world
from tests.conftest import DATABASE, altered

SEARCHED = "/api/v1/search"


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory, blank: Path) -> Path:
    """A data folder with a small release published, its index beside it."""
    folder = tmp_path_factory.mktemp("small") / "data"
    folder.mkdir()
    shutil.copy(blank, folder / DATABASE)
    house = open_house(Settings(data_dir=folder))
    records = (*world.CONCEPTS, *world.SOURCES, *world.STATEMENTS, world.ARTICLE)
    house.store.write([Change(record, "created", Status.APPROVED, "li") for record in records])
    publish(house.store, house.releases, house.key, (), "li", artefacts=artefacts(house.settings))
    house.engine.dispose()
    return folder


@pytest.fixture
def house(small: Path, tmp_path: Path) -> Iterator[House]:
    made = open_house(Settings(data_dir=Path(shutil.copytree(small, tmp_path / "data"))))
    yield made
    made.engine.dispose()


@pytest.fixture
def client(house: House) -> Iterator[TestClient]:
    with TestClient(build(house), raise_server_exceptions=False) as made:
        yield made


def asked(client: TestClient, query: str, **more: Any) -> Any:
    answer = client.post(SEARCHED, json={"query": query, **more})
    assert answer.status_code == 200, answer.text
    return answer.json()


def issue(answer: Any) -> Any:
    return answer.json()["issue"][0]


def test_a_question_is_answered_with_passages_marks_and_sources(client: TestClient, house: House) -> None:
    told = asked(client, "阿莫西林成人剂量", limit=3)
    assert (told["release"], told["mode"]) == (house.releases.active(), "hybrid")
    hit = told["results"][0]
    assert hit["text"] == "阿莫西林：成人 口服 单次0.25–0.5 g，每日不超过2 g。"
    assert hit["concept"] == {"id": world.AMOXICILLIN, "name": "阿莫西林"}
    assert hit["source"]["title"] == "社区获得性肺炎指南"
    assert hit["source"]["edition"] == "2021版"
    assert (hit["evidence"], hit["standing"], hit["predicate"]) == ("high", "starter", "dose-range")
    assert hit["text"][hit["highlights"][0]["start"] : hit["highlights"][0]["end"]] == "阿莫西林"
    assert told["understood"]["mentions"][0]["concepts"][0]["name"] == "阿莫西林"
    assert "dose-range" in told["understood"]["predicates"]


def test_the_example_of_the_guide_works_as_it_stands(client: TestClient) -> None:
    assert client.post(SEARCHED, json=EXAMPLE).json()["results"]


def test_filters_narrow_what_is_found(client: TestClient) -> None:
    found = asked(client, "肺炎 阿莫西林", kinds=["disease"], departments=["儿科"], sources=["guideline"], since=2020)
    assert found["results"]
    assert {hit["kind"] for hit in found["results"]} == {"disease"}
    assert asked(client, "肺炎", sources=["nothing"])["results"] == []


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"query": "  "}, "query"),
        ({"query": "甲" * 501}, "query"),
        ({}, "query"),
        ({"query": "甲", "limit": 0}, "limit"),
        ({"query": "甲", "limit": 51}, "limit"),
        ({"query": "甲", "kinds": ["animal"]}, "kinds"),
        ({"query": "甲", "since": -1}, "since"),
        ({"query": "甲", "mode": "magic"}, "mode"),
        ({"query": "甲", "departmnts": []}, "departmnts"),
    ],
)
def test_a_wrong_field_is_named(client: TestClient, body: dict[str, Any], field: str) -> None:
    answer = client.post(SEARCHED, json=body)
    assert answer.status_code == 400
    assert field in answer.text


@pytest.mark.parametrize("typed", ["华法", "huaf", "hfl", "B01AA"])
def test_names_are_suggested_while_they_are_typed(client: TestClient, typed: str) -> None:
    told = client.get("/api/v1/suggest", params={"q": typed}).json()["suggestions"]
    assert (told[0]["id"], told[0]["name"]) == (world.WARFARIN, "华法林")


def test_suggestions_keep_to_a_kind_and_a_number(client: TestClient) -> None:
    told = client.get("/api/v1/suggest", params={"q": "hua", "kind": "disease", "limit": 1}).json()["suggestions"]
    assert [one["kind"] for one in told] == ["disease"]
    assert client.get("/api/v1/suggest", params={"q": "a", "limit": 99}).status_code == 400


def test_searching_takes_the_right_to_read_knowledge(house: House) -> None:
    settings = house.settings.model_copy(update={"api_keys": ["ops:" + "k" * 32]})
    closed = House(settings, house.engine, house.store, house.releases, house.key)
    with TestClient(build(closed)) as client:
        assert client.post(SEARCHED, json=EXAMPLE).status_code == 401
        assert client.get("/api/v1/suggest", params={"q": "a"}).status_code == 401
        headers = {"Authorization": "Bearer " + "k" * 32}
        assert client.post(SEARCHED, json=EXAMPLE, headers=headers).status_code == 200


def test_a_tampered_index_is_refused_and_reported_while_the_rest_goes_on(house: House) -> None:
    words = house.releases.folder / f"{house.releases.active()}.{SEARCH}" / "passages.bin"
    words.write_bytes(altered(words.read_bytes()))
    with TestClient(build(house), raise_server_exceptions=False) as client:
        answer = client.post(SEARCHED, json=EXAMPLE)
        assert answer.status_code == 503
        assert "检索暂不可用" in issue(answer)["details"]["text"]
        assert "not those that were published" in issue(answer)["details"]["text"]
        assert answer.headers["retry-after"]
        assert client.get("/api/v1/suggest", params={"q": "a"}).status_code == 503
        ready = client.get("/readyz")
        assert ready.status_code == 200
        assert "not those that were published" in ready.json()["searchFault"]
        assert client.get(f"/api/v1/concepts/{world.WARFARIN}").status_code == 200


def test_a_release_without_an_index_says_what_to_do(house: House) -> None:
    edited = world.said("new", world.METFORMIN, world.P.AGE_LIMIT, age_max=3652.5, **world.RISK)
    house.store.write([Change(edited, "created", Status.APPROVED, "li")])
    publish(house.store, house.releases, house.key, (), "li")
    with TestClient(build(house), raise_server_exceptions=False) as client:
        answer = client.post(SEARCHED, json=EXAMPLE)
        assert answer.status_code == 503
        assert "publish again" in issue(answer)["details"]["text"]


def test_while_the_index_is_built_beside_the_service_search_says_so_and_then_answers(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("YIGONG_DATA_DIR", str(house.settings.data_dir))
    monkeypatch.setattr("api.search_desk._PENDING_SECONDS", 0.0)
    edited = world.said("new", world.METFORMIN, world.P.AGE_LIMIT, age_max=3652.5, **world.RISK)
    house.store.write([Change(edited, "created", Status.APPROVED, "li")])
    publish(house.store, house.releases, house.key, (), "li", artefacts=artefacts(house.settings), later=True)
    with TestClient(build(house), raise_server_exceptions=False) as client:
        answer = client.post(SEARCHED, json=EXAMPLE)
        assert (answer.status_code, "检索索引正在建立" in answer.text) == (503, True)
        assert answer.headers["retry-after"]
        assert "searchFault" not in client.get("/readyz").json(), "what is still to come is no fault"
        building = index_beside(house)
        assert building is not None
        building.join(180)
        assert not building.is_alive()
        assert asked(client, "二甲双胍 儿童 年龄限制")["results"][0]["id"] == "new"
        assert index_beside(house) is None, "there is nothing left to build"


def test_an_index_whose_process_dies_twice_is_said_to_be_missing_and_begun_anew_at_the_next_start(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("YIGONG_DATA_DIR", str(house.settings.data_dir))
    edited = world.said("new", world.METFORMIN, world.P.AGE_LIMIT, age_max=3652.5, **world.RISK)
    house.store.write([Change(edited, "created", Status.APPROVED, "li")])
    publish(house.store, house.releases, house.key, (), "li", artefacts=artefacts(house.settings), later=True)
    with monkeypatch.context() as broken:
        broken.setenv("YIGONG_WORKERS", "none at all")  # what it reads first: it ends at once
        building = index_beside(house)
        assert building is not None
        building.join(180)
    with TestClient(build(house), raise_server_exceptions=False) as client:
        answer = client.post(SEARCHED, json=EXAMPLE)
        assert (answer.status_code, "重新启动服务" in issue(answer)["details"]["text"]) == (503, True)
        assert "searchFault" in client.get("/readyz").json()
    assert house.releases.lacks(house.releases.active())


def test_the_index_swaps_with_the_release(house: House) -> None:
    app = build(house)
    with TestClient(app) as client:
        before = asked(client, "二甲双胍 儿童 年龄限制")
        assert "new" not in [hit["id"] for hit in before["results"]]
        edited = world.said("new", world.METFORMIN, world.P.AGE_LIMIT, age_max=3652.5, **world.RISK)
        house.store.write([Change(edited, "created", Status.APPROVED, "li")])
        publish(house.store, house.releases, house.key, (), "li", artefacts=artefacts(house.settings))
        app.state.front.reviewer.serving.refresh()
        until = time.monotonic() + 10  # the old index answers while the watch opens the new one
        while (after := asked(client, "二甲双胍 儿童 年龄限制"))["release"] == before["release"]:
            assert time.monotonic() < until
            time.sleep(0.05)
        assert after["release"] == house.releases.active() != before["release"]
        assert after["results"][0]["id"] == "new"


def test_an_article_names_the_sources_of_each_section(client: TestClient) -> None:
    defined, prevented = client.get(f"/api/v1/articles/{world.ARTICLE.id}").json()["sections"]
    assert defined["sources"] == [{"title": "社区获得性肺炎指南", "section": "1"}]
    assert "sources" not in prevented


def test_a_concept_tells_its_attributes_in_the_words_of_the_tables(client: TestClient) -> None:
    told = client.get(f"/api/v1/concepts/{world.IBUPROFEN}").json()
    assert told["facts"] == [{"label": "商品名", "text": "芬必得"}]
    assert client.get(f"/api/v1/concepts/{world.PNEUMONIA}").json()["facts"] == []


def test_a_concept_says_how_many_statements_there_are_beside_those_given(client: TestClient) -> None:
    told = client.get(f"/api/v1/concepts/{world.PNEUMONIA}").json()
    assert told["total"] == len(told["statements"]) > 0
