"""Questions and prompts over HTTP: server-sent events, the rules for the patient at hand, prompts from draft to use."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import select
from starlette.testclient import TestClient

from api.access import Principal
from api.answer_desk import AnswerBody
from api.app import build
from api.bodies import decoded
from api.errors import ApiError
from api.routes import answers, prompts
from base.audit import search
from base.tenancy import Scope, system
from knowledge.snapshot import Snapshot
from records.unanswered import questions
from tests.answer_site import Retrieve, stand_in
from tests.chat_server import Reply, chat_server, chunk, letters, raw
from tests.integration.conftest import opened

ASK, PROMPTS = "/api/v1/answers", "/api/v1/prompts"
KEYS = {"甲": "a" * 32, "乙": "b" * 32}


@pytest.fixture(scope="module")
def retrieve(snapshot: Snapshot) -> Retrieve:
    return stand_in(snapshot)


@dataclass
class Site:
    """A service with two operators, since nobody approves what they wrote themselves."""

    client: TestClient

    def call(self, method: str, path: str, who: str = "甲", **more: Any) -> Any:
        headers = {"Authorization": f"Bearer {KEYS[who]}"}
        return self.client.request(method, path, headers=headers, **more)

    def ask(self, body: dict[str, Any]) -> list[tuple[str, Any]]:
        """The events of an answer."""
        told = self.call("POST", ASK, json=body)
        assert told.status_code == 200, told.text
        assert told.headers["content-type"].startswith("text/event-stream")
        return events(told.text)


def events(text: str) -> list[tuple[str, Any]]:
    parts = [part.split("\n", 1) for part in text.strip().split("\n\n") if part.startswith("event: ")]
    return [(name.removeprefix("event: "), json.loads(data.removeprefix("data: "))) for name, data in parts]


@pytest.fixture
def site(starter_dir: Path, tmp_path: Path, retrieve: Retrieve, snapshot: Snapshot) -> Iterator[Any]:
    """Opens a service, with a model when it is given replies."""
    open_: list[Any] = []

    def made(*replies: Reply) -> tuple[Site, Any]:
        server = chat_server(*replies) if replies else None
        model = server.__enter__() if server is not None else None
        keys = [f"{name}:{key}" for name, key in (("jia", KEYS["甲"]), ("yi", KEYS["乙"]))]
        settings: dict[str, Any] = {"api_keys": keys, "survey_hour": -1, "rate_limit": ""}
        if model is not None:
            settings |= {"llm_url": model.url, "llm_model": "m", "llm_key": "sk-secret", "llm_seconds": 10}
        house = opened(starter_dir, tmp_path, **settings)
        app = build(house)
        meta = SimpleNamespace(release=snapshot.release)
        index = SimpleNamespace(snapshot=snapshot, meta=meta, answer=lambda query, limit: retrieve(query, limit))
        app.state.office.understanding.answers._search = SimpleNamespace(index=lambda: index)
        client = TestClient(app, client=("127.0.0.1", 1), raise_server_exceptions=False)
        client.__enter__()
        open_.append((client, house, server))
        return Site(client), model

    yield made
    for client, house, server in open_:
        client.__exit__(None, None, None)
        house.engine.dispose()
        if server is not None:
            server.__exit__(None, None, None)


# -- answers -------------------------------------------------------------------------------------


def test_an_answer_is_streamed_sources_first_and_done_last(site: Any) -> None:
    service, _ = site()
    told = service.ask(answers.EXAMPLES["plain"])
    names = [name for name, _ in told]
    assert "sources" in names
    assert "sentence" in names
    assert names[-1] == "done"
    assert names.index("sources") < names.index("sentence")
    sources = next(data for name, data in told if name == "sources")
    numbers = {one["number"] for one in sources["passages"]}
    for name, data in told:
        if name == "sentence":
            assert data["citations"]
            assert set(data["citations"]) <= numbers
    assert all(one["source"].get("title") for one in sources["passages"])
    assert told[-1][1]["by"] == "passages"


def test_the_patient_at_hand_is_taken_into_account(site: Any) -> None:
    service, _ = site()
    told = service.ask(answers.EXAMPLES["patient"])
    findings = [data for name, data in told if name == "finding"]
    assert any(one["drug"] == "布洛芬" and "华法林" in str(one["finding"]) for one in findings), findings


def test_what_a_question_says_of_a_patient_counts_too(site: Any) -> None:
    service, _ = site()
    told = service.ask({"question": "青霉素过敏的患者能用阿莫西林吗"})
    findings = [data for name, data in told if name == "finding"]
    assert any(one["finding"]["family"] == "allergy" for one in findings), told


def test_what_nothing_carries_is_refused_in_chinese(site: Any) -> None:
    service, _ = site()
    told = service.ask({"question": "青霉素多少钱一支"})
    assert [name for name, _ in told if name in ("refused", "sentence")] == ["refused"]
    assert told[-1][0] == "done"


def test_a_question_asked_in_vain_is_kept_for_curators_without_the_patient(site: Any) -> None:
    service, _ = site()
    service.ask({"question": "张建国(电话13512340001)的青霉素多少钱一支", "hide": ["张建国"]})
    engine = service.client.app.state.front.house.engine
    with system("test"), engine.connect() as connection:
        [row] = connection.execute(select(questions)).all()
    assert "青霉素多少钱一支" in row.question
    assert "张建国" not in row.question
    assert "13512340001" not in row.question


def test_who_hangs_up_before_the_end_is_recorded_as_having_asked(site: Any) -> None:
    here, _ = site()
    state = here.client.app.state
    operator = Principal("jia", Scope("jia", everything="operator key"))

    async def hung_up() -> None:
        desk = state.office.understanding.answers
        begun = await desk.begin(decoded(AnswerBody, '{"question": "华法林"}'.encode()), operator)
        stream: Any = desk.stream(begun)
        await anext(stream)
        await stream.aclose()

    asyncio.run(hung_up())
    assert state.front.audit.flush()
    with system("what was asked"):
        assert [event["actor"] for event in search(state.front.house.engine, act="answer.ask")] == ["jia"]


def test_a_model_answers_under_the_prompt_of_the_tenant_and_uses_are_counted(site: Any) -> None:
    service, model = site(letters("华法林与布洛芬合用出血风险升高[1]。一次50mg[1]。"))
    told = service.ask(answers.EXAMPLES["plain"])
    done = told[-1][1]
    assert done["prompt"]["name"] == "智能问答"
    assert done["dropped"], "the invented dose"
    usage = service.call("GET", f"{PROMPTS}/{done['prompt']['id']}/usage").json()["versions"]
    assert usage[0]["uses"] == 1
    assert usage[0]["dropped"] == len(done["dropped"])
    assert "sk-secret" not in str(told)
    assert model.calls[0].headers["Authorization"] == "Bearer sk-secret"


def test_a_model_that_breaks_off_is_told_and_the_stream_still_ends(site: Any) -> None:
    service, _ = site(raw(chunk("华法林与"), hang_up=True))
    told = service.ask(answers.EXAMPLES["plain"])
    assert [name for name, _ in told][-1] == "done"
    assert any(name == "error" and data["recovered"] for name, data in told)


def test_the_releases_own_words_may_be_asked_for(site: Any) -> None:
    service, model = site(letters("可以[1]。"))
    assert service.ask({"question": "华法林能和布洛芬一起吃吗", "mode": "passages"})[-1][1]["by"] == "passages"
    assert model.calls == []


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"question": " "}, "question"),
        ({"question": "长" * 3000}, "question"),
        ({"question": "问", "turns": [{"role": "system", "text": "x"}]}, "turns[0].role"),
        ({"question": "问", "mode": "fast"}, "mode"),
        ({"question": "问", "context": {"drug": "没有这种药"}}, "context.drug"),
        ({"question": "问", "quesion": "x"}, ""),
        ({}, ""),
    ],
)
def test_a_bad_question_is_told_by_field(site: Any, body: dict[str, Any], field: str) -> None:
    service, _ = site()
    told = service.call("POST", ASK, json=body)
    assert told.status_code == 400, told.text
    if field:
        assert told.json()["issue"][0]["expression"] == [field]


def test_without_an_index_it_is_said_that_answers_are_away(site: Any) -> None:
    service, _ = site()

    def away() -> Any:
        raise ApiError(503, "transient", "检索暂不可用")

    service.client.app.state.office.understanding.answers._search = SimpleNamespace(index=away)
    assert service.call("POST", ASK, json={"question": "问"}).status_code == 503


def test_an_unknown_purpose_is_told(site: Any) -> None:
    service, _ = site()
    told = service.call("POST", ASK, json={"question": "华法林怎么吃", "purpose": "没有的用途"})
    assert told.status_code == 404


def test_nobody_asks_without_saying_who_they_are(site: Any) -> None:
    service, _ = site()
    assert service.client.post(ASK, json={"question": "问"}).status_code == 401
    assert service.client.get(PROMPTS).status_code == 401


# -- prompts -------------------------------------------------------------------------------------


def test_a_prompt_from_draft_to_use_and_back(site: Any) -> None:
    service, _ = site()
    made = service.call("POST", PROMPTS, json=prompts.EXAMPLES["prompt"])
    assert made.status_code == 201, made.text
    path = f"{PROMPTS}/{made.json()['id']}"
    assert service.call("POST", f"{path}/versions/1/preview", json=prompts.EXAMPLES["preview"]).json()["message"]
    assert service.call("POST", f"{path}/versions/1/submission", json={}).json()["state"] == "submitted"
    early = service.call("POST", f"{path}/versions/1/decision", "乙", json=prompts.EXAMPLES["decision"])
    assert early.status_code == 422
    assert "尚未运行" in early.text
    assert service.call("POST", f"{path}/versions/1/runs", json={}).json()["passed"]
    own = service.call("POST", f"{path}/versions/1/decision", json=prompts.EXAMPLES["decision"])
    assert own.status_code == 422
    assert own.json()["issue"][0]["expression"] == ["by"]
    assert (
        service.call("POST", f"{path}/versions/1/decision", "乙", json={"approved": True}).json()["state"]
        == "approved"
    )
    hospital = {"tenant": "league/county-a/h1"}
    used = service.call("POST", f"{path}/versions/1/activation", "乙", json=hospital).json()
    assert (used["tenant"], used["purpose"]) == (hospital["tenant"], "慢病随访")
    assert service.call("POST", f"{path}/ratings", json=prompts.EXAMPLES["rating"]).status_code == 201
    (figures,) = service.call("GET", f"{path}/usage").json()["versions"]
    assert (figures["ratings"], figures["score"]) == (1, 5.0)
    listed = service.call("GET", PROMPTS, params=hospital).json()
    assert any(one["purpose"] == "慢病随访" for one in listed["inUse"])
    assert len({one["purpose"] for one in listed["prompts"]}) == 10, "ours for each purpose, and theirs"
    off = service.call("POST", f"{PROMPTS}/deactivation", "乙", json={"purpose": "慢病随访", **hospital})
    assert off.json()["inUse"] is None
    whole = service.call("GET", path).json()
    assert [one["action"] for one in whole["history"]][:3] == ["create", "submitted", "approved"]


def test_polishing_makes_a_draft_with_its_difference_that_a_person_decides_about(site: Any) -> None:
    better = {
        "system": "你是随访助手。",
        "template": "{% for p in passages %}[{{ loop.index }}] {{ p }}{% endfor %}{{ question }}",
    }
    service, _ = site(letters(json.dumps(better | {"changes": ["写明角色"]}, ensure_ascii=False), 20))
    made = service.call("POST", PROMPTS, json=prompts.EXAMPLES["prompt"]).json()
    path = f"{PROMPTS}/{made['id']}"
    draft = service.call("POST", f"{path}/polish", json=prompts.EXAMPLES["polish"])
    assert draft.status_code == 201, draft.text
    told = draft.json()
    assert (told["number"], told["state"], told["origin"], told["base"]) == (2, "draft", "polish", 1)
    assert "+你是随访助手。" in told["diff"]
    assert told["changes"] == ["写明角色"]
    assert service.call("GET", f"{path}/versions/2/diff").json()["diff"] == told["diff"]
    refused = service.call("POST", f"{path}/versions/2/activation", "乙", json={})
    assert refused.status_code == 422


def test_without_a_model_polishing_says_what_is_missing(site: Any) -> None:
    service, _ = site()
    made = service.call("POST", PROMPTS, json=prompts.EXAMPLES["prompt"]).json()
    told = service.call("POST", f"{PROMPTS}/{made['id']}/polish", json={})
    assert told.status_code == 503
    assert "YIGONG_LLM_URL" in told.text


def test_a_faulty_template_is_told_by_field(site: Any) -> None:
    service, _ = site()
    body = prompts.EXAMPLES["prompt"] | {"content": {"template": "{{ x.__class__ }}", "variables": [{"name": "x"}]}}
    told = service.call("POST", PROMPTS, json=body)
    assert told.status_code == 422
    assert told.json()["issue"][0]["expression"] == ["template"]
    assert service.call("GET", f"{PROMPTS}/nothing").status_code == 404
