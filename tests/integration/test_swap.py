"""A worker that takes up release after release does not grow: the one that was left goes, with all worked out of it."""

from __future__ import annotations

import gc
import shutil
from collections.abc import Iterator
from pathlib import Path
from time import monotonic, sleep
from typing import Any
from weakref import ref

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from api import serving as serving_module
from api import similar_desk
from api.app import build
from api.bootstrap import House, open_house
from api.openapi import EXAMPLES
from api.serving import Serving
from base.settings import Settings
from inference.profiles import Profiles
from knowledge.model import Concept, ConceptKind, Status
from knowledge.release import publish
from knowledge.snapshot import Snapshot
from knowledge.store import Change
from tests.conftest import DATABASE

_DIAGNOSES = {"ageYears": 5, "sex": "male", "text": "发热、咳嗽三天"}
_TERMS = {"texts": ["阑尾切除"], "system": "icd-9-cm-3"}


@pytest.fixture
def house(starter_dir: Path, tmp_path: Path) -> Iterator[House]:
    """The starter release in a folder of its own, so that another can be published beside it."""
    data = tmp_path / "data"
    shutil.copytree(starter_dir / "releases", data / "releases")
    shutil.copytree(starter_dir / "keys", data / "keys")
    shutil.copy(starter_dir / "blank" / DATABASE, data)
    made = open_house(Settings(data_dir=data))
    yield made
    made.engine.dispose()


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """No grace, and similar cases look for another release all the time."""
    for wait in ("_GRACE_SECONDS", "_AGAIN_SECONDS"):
        monkeypatch.setattr(serving_module, wait, -1.0)
    monkeypatch.setattr(similar_desk, "_REST", 0.01)


def _publish_another(house: House) -> str:
    aspirin = Concept("ingredient:aspirin", ConceptKind.INGREDIENT, "阿司匹林")
    house.store.write([Change(aspirin, "created", Status.APPROVED, "li")])
    return publish(house.store, house.releases, house.key, [], "li").release


def _use(client: TestClient) -> None:
    """What works out most of a release: orders, a diagnosis, names."""
    asked = {
        "reviews": EXAMPLES["review"],
        "inference/diagnoses": _DIAGNOSES,
        "terms/normalize": _TERMS,
    }
    for path, body in asked.items():
        assert client.post(f"/api/v1/{path}", json=body).status_code == 200, path


def _is_gone(left: ref[Any], serving: Serving) -> bool:
    """Soon: what still reads it in the background ends first."""
    until = monotonic() + 30
    while left() is not None and monotonic() < until:
        serving.refresh()
        sleep(0.05)
    return left() is None


def test_a_release_that_was_left_goes_with_all_that_was_worked_out_of_it(house: House) -> None:
    app: FastAPI = build(house)
    with TestClient(app) as client:
        serving: Serving = app.state.front.serving
        _use(client)
        left, profiles = ref(serving.now.snapshot), ref(Profiles.of(serving.now.snapshot))
        gc.disable()  # nobody walks in circles, as with what a worker was told to keep
        try:
            newer = _publish_another(house)
            assert _is_gone(profiles, serving)
            assert _is_gone(left, serving)
            assert serving.now.snapshot.release == newer
        finally:
            gc.enable()


def test_who_still_asks_a_release_that_was_left_is_answered(snapshot: Snapshot, starter: House) -> None:
    mine = starter.releases.open(snapshot.release)
    before = Profiles.of(mine)
    mine.forget()
    again = Profiles.of(mine)
    assert again is not before
    assert Profiles.of(mine) is again
    assert again.diseases == before.diseases
    assert mine.ancestors("ingredient:aspirin") == snapshot.ancestors("ingredient:aspirin")


def test_a_release_that_says_of_no_disease_how_it_shows_says_so(house: House) -> None:
    _publish_another(house)
    with TestClient(build(house)) as client:
        answer = client.post("/api/v1/inference/diagnoses", json=_DIAGNOSES)
        assert answer.status_code == 422
        assert "未说明任何疾病有哪些表现" in answer.json()["issue"][0]["details"]["text"]
        assert client.post("/api/v1/reviews", json=EXAMPLES["review"]).status_code == 200
