"""The clinician panel over HTTP: launched for one patient, and for nobody and nothing else."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import select, update
from starlette.testclient import TestClient

from api.app import build
from api.bootstrap import House, key_ring
from api.intake import open_intake, worker
from api.journal_reading import JournalReader
from api.panel_watch import PanelWatch
from api.replay import replay
from base import accounts, clients, launches
from base.tenancy import system
from demo import messages as say
from demo.bedside import NUMBER
from demo.fill import fill
from demo.people import CENTRE, CHART, CLINIC, HOSPITAL, WARFARIN
from exchange.arrivals import Arrivals
from exchange.intake import Sent
from knowledge.snapshot import Snapshot
from nlp.llm import Message
from records.identity_store import by_local_id
from records.journal import cards, requests
from records.ledger import rule_use
from records.notices import Notice
from records.notices import Told as Said
from records.unanswered import questions
from records.uses import uses
from tests.answer_site import stand_in
from tests.integration.conftest import opened
from tests.integration.staffed import PASSWORD, QUICK, Staffed
from tests.integration.test_answers import events

SECTIONS = ("cards", "diagnoses", "examinations", "treatments", "scores", "history")


@pytest.fixture(scope="module")
def house(starter_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    made = opened(starter_dir, tmp_path_factory.mktemp("panel"), **QUICK, rate_limit="")
    fill(made, datetime.now(UTC), count=2)
    yield made
    made.engine.dispose()


@pytest.fixture(scope="module")
def staffed(house: House) -> Iterator[Staffed]:
    with TestClient(build(house), base_url=QUICK["public_url"], client=("127.0.0.1", 1)) as client:
        client.app.state.front.region.refresh()  # type: ignore[attr-defined]
        yield Staffed(house, client)


class Panel:
    """A panel that was launched."""

    def __init__(
        self, client: TestClient, patient: str = NUMBER, tenant: str = HOSPITAL, department: str = "", **by: Any
    ) -> None:
        body = {"patient": patient, "user": "张医生", "tenant": tenant, "department": department}
        answer = client.post("/api/v1/panel/launches", json=body, **by)
        assert answer.status_code == 201, answer.text
        self.told = answer.json()
        self.client, self.headers = client, {"Authorization": f"Bearer {self.told['token']}"}

    def get(self, path: str) -> Any:
        answer = self.client.get(f"/api/v1/{path}", headers=self.headers)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def status(self, method: str, path: str, **given: Any) -> int:
        return self.client.request(method, path, headers=self.headers, **given).status_code


@pytest.fixture(scope="module")
def panel(staffed: Staffed) -> Panel:
    return Panel(staffed.client)


def test_its_address_carries_the_token_where_no_server_sees_it(panel: Panel) -> None:
    assert panel.told["url"] == f"/ui/panel#{panel.told['token']}"


def test_without_a_patient_it_knows_nobody_and_searches(staffed: Staffed) -> None:
    panel = Panel(staffed.client, patient="")
    assert panel.told["url"] == f"/ui/panel?knowledge#{panel.told['token']}"
    assert {panel.status("GET", f"/api/v1/panel/{section}") for section in SECTIONS} == {404}
    asked = panel.status("POST", "/api/v1/search", json={"query": "华法林 布洛芬"})
    assert asked in (200, 503), "asking is its right; a release without an index cannot answer"


def test_the_gravest_comes_first_with_data_and_source(panel: Panel) -> None:
    cards = panel.get("panel/cards")
    assert cards["patient"] == {
        "id": NUMBER, "name": "苏日娜", "sex": "female", "birthDate": "1955-08-12", "ageYears": cards["patient"]["ageYears"],
    }  # fmt: skip
    found = cards["findings"]
    assert found[0]["severity"] == "contraindicated"
    assert any("二甲双胍" in one["summary"] and "eGFR" in one["summary"] for one in found)
    kinds = {evidence["type"] for evidence in found[0]["evidence"]}
    assert kinds == {"datum", "statement"}


def test_drugs_handed_out_elsewhere_are_looked_at_too(staffed: Staffed) -> None:
    told = Panel(staffed.client, "P0003").get("panel/cards")
    assert told["patient"]["name"] == WARFARIN.name
    assert "华法林" in str(told["findings"])


def test_every_part_answers(panel: Panel) -> None:
    told = {section: panel.get(f"panel/{section}") for section in SECTIONS}
    assert told["treatments"]["treatments"]
    assert told["examinations"]["examinations"]
    assert told["scores"]["suggestions"]
    done = [one for visit in told["history"]["timeline"] for one in visit.get("items", {}).get("results", [])]
    last, first = (one for one in done if one["title"] == "超声心动图")
    twin = {name: first[name] for name in ("title", "at", "institution", "reference")}
    assert (last["repeats"], "repeats" in first) == (twin, False)
    assert last["institution"] != twin["institution"]


def test_a_score_is_filled_from_the_record_and_by_hand(panel: Panel) -> None:
    name = panel.get("panel/scores")["suggestions"][0]["name"]
    answer = panel.client.post(f"/api/v1/panel/scores/{name}", headers=panel.headers, json={"values": {}})
    assert answer.status_code == 200, answer.text
    assert answer.json()["form"]["items"]


def test_what_it_tells_is_counted_for_the_department_and_doctor_it_was_launched_for(
    staffed: Staffed, house: House
) -> None:
    panel = Panel(staffed.client, department="全科医学科")
    for section in ("cards", "diagnoses", "treatments"):
        panel.get(f"panel/{section}")
    front, office = staffed.client.app.state.front, staffed.client.app.state.office  # type: ignore[attr-defined]
    assert front.reviewer.journal.flush()
    assert office.understanding.uses.flush()
    with system("test"), house.engine.connect() as connection:
        rows = connection.execute(select(uses).where(uses.c.department == "全科医学科")).all()
        newest = connection.execute(select(requests).order_by(requests.c.at.desc()).limit(1)).one()
        asked = front.reviewer.journal.entry(newest.id).request
    assert {row.kind for row in rows} == {"risks", "diagnoses", "treatments"}
    assert {(row.tenant, row.doctor) for row in rows} == {(HOSPITAL, "张医生")}
    assert all(row.disease for row in rows), "of the first diagnosis on record"
    call = JournalReader(None)(newest.service, asked, newest.at)
    assert (call.department, call.doctor) == ("全科医学科", "张医生"), "cards are counted likewise"


def test_a_card_is_accepted_or_set_aside_with_a_reason(panel: Panel, house: House) -> None:
    first, second = panel.get("panel/cards")["findings"][:2]
    said = {"card": first["findingId"], "outcome": "accepted"}
    assert panel.status("POST", "/api/v1/panel/feedback", json=said) == 200
    bare = {"card": second["findingId"], "outcome": "overridden"}
    assert panel.status("POST", "/api/v1/panel/feedback", json=bare) == 400
    assert panel.status("POST", "/api/v1/panel/feedback", json=bare | {"reason": "need-more-info"}) == 200


def test_what_was_answered_is_told_with_the_same_card_of_the_next_panel(staffed: Staffed) -> None:
    asked = Panel(staffed.client, "P0003").get("panel/cards")["findings"]
    assert not any("answer" in one for one in asked)
    _answered(staffed, asked[0]["findingId"], outcome="accepted")
    again = Panel(staffed.client, "P0003").get("panel/cards")["findings"]
    assert {one["summary"]: one["answer"] for one in again if "answer" in one} == {asked[0]["summary"]: "已采纳"}


def test_drugs_that_one_result_speaks_against_are_answered_each(staffed: Staffed) -> None:
    """Potassium is too high for spironolactone, for potassium chloride and for enalapril: three cards of one cause."""
    asked = Panel(staffed.client).get("panel/cards")["findings"]
    against = [one["findingId"] for one in asked if one["family"] == "lab-based"]
    assert len(against) == 3
    for card in against:
        _answered(staffed, card, outcome="accepted")
    again = Panel(staffed.client).get("panel/cards")["findings"]
    assert [one["findingId"] for one in again if one.get("answer") == "已采纳"] == against


def test_what_has_become_graver_since_it_was_answered_asks_again(staffed: Staffed, house: House) -> None:
    """A doctor accepted what was moderate; after the next result the same is major."""
    asked = Panel(staffed.client).get("panel/cards")["findings"]
    card = next(one["findingId"] for one in asked if one["severity"] == "major")
    _answered(staffed, card, outcome="accepted")
    assert _has_answer(staffed, card)
    with house.engine.begin() as connection:
        connection.execute(update(cards).where(cards.c.card == card).values(severity="moderate"))
    assert not _has_answer(staffed, card)


def _has_answer(staffed: Staffed, card: str) -> bool:
    told = Panel(staffed.client).get("panel/cards")["findings"]
    return next("answer" in one for one in told if one["findingId"] == card)


def test_a_panel_that_is_read_again_shows_nothing_more_to_count(staffed: Staffed, house: House) -> None:
    panel, front = Panel(staffed.client, "P0003"), staffed.client.app.state.front  # type: ignore[attr-defined]

    def shown() -> dict[str, int]:
        front.reviewer.journal.flush()
        with system("test"):
            return {one.rule: one.shown for one in rule_use(house.engine)}

    first = [one["findingId"] for one in panel.get("panel/cards")["findings"]]
    before = shown()
    assert len(set(first)) == len(first) > 0
    assert [one["findingId"] for one in panel.get("panel/cards")["findings"]] == first
    assert [one["findingId"] for one in Panel(staffed.client, "P0003").get("panel/cards")["findings"]] == first
    assert shown() == before
    other = {one["findingId"] for one in Panel(staffed.client).get("panel/cards")["findings"]}
    assert other.isdisjoint(first), "another patient's are other cards"


def test_an_alarm_of_a_risk_is_answered_like_a_card(staffed: Staffed) -> None:
    panel = Panel(staffed.client)
    risks = panel.get("panel/cards")["risks"]
    assert all(one["alarm"] == ("card" in one) for one in risks)
    alarm = next(one for one in risks if one["alarm"])
    _answered(staffed, alarm["card"], outcome="overridden", reason="need-more-info")
    answers = {one["topic"]: one["answer"] for one in panel.get("panel/cards")["risks"] if "answer" in one}
    assert answers == {alarm["topic"]: "未采纳：需等待更多结果后再定"}


def _answered(staffed: Staffed, card: str, **said: str) -> None:
    """Somebody answers a card in a panel, and the journal has it."""
    assert Panel(staffed.client).status("POST", "/api/v1/panel/feedback", json={"card": card} | said) == 200
    assert staffed.client.app.state.front.reviewer.journal.flush()  # type: ignore[attr-defined]


def writing(**visit: Any) -> dict[str, Any]:
    """An admission note being written six hours and forty minutes after the admission."""
    at = datetime.now(UTC) - timedelta(hours=6, minutes=40)
    note = {"id": "note", "kind": "入院记录", "sections": [{"title": "主诉", "text": "反复胸闷、××"}]}
    stay = {"admitted": at.isoformat(), **visit}
    record = {"id": "ZY77", "kind": "住院病历", "patient": NUMBER, "visit": stay, "events": [], "operations": []}
    return {"record": record | {"documents": [note]}, "documentId": "note"}


def judged(panel: Panel, given: dict[str, Any]) -> Any:
    answer = panel.client.post("/api/v1/panel/quality", headers=panel.headers, json=given)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_the_record_being_written_is_judged_where_why_and_how_to_mend(panel: Panel) -> None:
    told = judged(panel, writing())
    (flaw,) = [one for one in told["items"] if one.get("check") == "wording-placeholder"]
    assert (flaw["place"]["document"], flaw["place"]["quote"]) == ("note", "反复胸闷、××")
    assert told["documents"]["note"] == "入院记录"
    assert all(flaw[part] for part in ("says", "title", "severity", "source", "mend", "key"))
    tones = ["contraindicated", "major", "moderate", "minor", "info"]
    ranks = [tones.index(one["tone"]) for one in told["items"]]
    assert ranks == sorted(ranks)


def test_what_is_being_written_is_read_for_diagnoses_and_quoted(panel: Panel) -> None:
    given = writing()
    note = given["record"]["documents"][0]
    note["sections"] = [{"title": "主诉", "text": "咳嗽、咳黄痰、发热3天。无咯血，右侧胸痛。"}]
    answer = panel.client.post("/api/v1/panel/diagnoses", headers=panel.headers, json=given)
    assert answer.status_code == 200, answer.text
    (heart,) = [one for one in answer.json()["candidates"] if one["name"] == "心力衰竭"]
    assert ["主诉：", "咳嗽", "、", "咳黄痰", "、", "发热", "3天。"] in heart["quotes"]
    given["record"]["patient"] = "P0002"
    assert panel.status("POST", "/api/v1/panel/diagnoses", json=given) == 400


def test_what_is_soon_due_comes_with_the_time_that_is_left(panel: Panel) -> None:
    left = {one["what"]: one for one in judged(panel, writing())["items"] if "minutes" in one}
    assert left["首次病程记录"]["minutes"] in (79, 80)
    assert left["首次病程记录"]["tone"] == "major", "pressing"
    assert 17 * 60 <= left["主治医师首次查房记录"]["minutes"] <= 48 * 60
    assert left["主治医师首次查房记录"]["tone"] == "info"


def test_a_defect_set_aside_while_writing_stands_as_appealed_in_the_report(panel: Panel, house: House) -> None:
    given = writing(discharged=datetime.now(UTC).isoformat())
    (flaw,) = [one for one in judged(panel, given)["items"] if one.get("check") == "wording-placeholder"]
    said = {"record": "ZY77", "key": flaw["key"], "reason": ""}
    assert panel.status("POST", "/api/v1/panel/quality/asides", json=said) == 422
    assert panel.status("POST", "/api/v1/panel/quality/asides", json=said | {"reason": "长" * 501}) == 400
    assert (
        panel.status("POST", "/api/v1/panel/quality/asides", json=said | {"reason": "××为本院隐去姓名的标识"}) == 200
    )
    (again,) = [one for one in judged(panel, given)["items"] if one.get("check") == "wording-placeholder"]
    assert again["aside"] == "张医生：××为本院隐去姓名的标识"
    kept = {"record": given["record"], "store": True, "tenant": HOSPITAL}
    assert panel.client.post("/api/v1/qc/records", json=kept).status_code == 201
    asked = {"record": "ZY77", "check": "wording-placeholder", "tenant": HOSPITAL}
    (found,) = panel.client.get("/api/v1/qc/defects", params=asked).json()["defects"]
    assert (found["state"], found["handler"]) == ("appealed", "张医生")
    history = panel.client.get(f"/api/v1/qc/defects/{found['id']}").json()["history"]
    assert [(one["action"], one.get("reason", "")) for one in history] == [
        ("find", ""),
        ("appeal", "××为本院隐去姓名的标识"),
    ]
    other = next(one for one in judged(panel, given)["items"] if "aside" not in one and "key" in one)
    answer = panel.client.post(
        "/api/v1/panel/quality/asides", headers=panel.headers, json=said | {"key": other["key"], "reason": "不适用"}
    )
    assert answer.json() == {"appealed": True}, "it stands in the report already"


def test_a_panel_judges_records_of_its_patient_alone(panel: Panel) -> None:
    given = writing()
    assert (
        panel.status("POST", "/api/v1/panel/quality", json=given | {"record": given["record"] | {"patient": "P0003"}})
        == 400
    )
    others = given["record"] | {"id": "VP0003", "patient": ""}
    assert panel.client.get("/fhir/Encounter/VP0003").status_code == 200
    assert panel.status("POST", "/api/v1/panel/quality", json=given | {"record": others}) == 404
    said = {"record": "VP0003", "key": "a" * 64, "reason": "不适用"}
    assert panel.status("POST", "/api/v1/panel/quality/asides", json=said) == 404


def test_without_an_editor_the_stored_visit_is_judged(panel: Panel) -> None:
    told = panel.get("panel/quality")
    assert told["record"] == f"V{NUMBER}"
    assert told["unknown"]


def test_what_a_panel_showed_can_be_asked_again(panel: Panel) -> None:
    told = panel.get("panel/cards")
    front = panel.client.app.state.front  # type: ignore[attr-defined]
    front.reviewer.journal.flush()
    with system("test"):
        again = replay(front.reviewer, told["id"])
    assert (again["appeared"], again["vanished"]) == ([], [])
    assert len(again["findings"]) == len(told["findings"])


@pytest.fixture(scope="module")
def answering(staffed: Staffed, snapshot: Snapshot) -> Staffed:
    """With a small search in place of an index, which this release was built without."""
    retrieve, meta = stand_in(snapshot), SimpleNamespace(release=snapshot.release)
    index = SimpleNamespace(snapshot=snapshot, meta=meta, answer=lambda query, limit: retrieve(query, limit))
    office = staffed.client.app.state.office  # type: ignore[attr-defined]
    office.understanding.answers._search = SimpleNamespace(index=lambda: index)
    return staffed


def asked(panel: Panel, question: str, **more: Any) -> list[tuple[str, Any]]:
    """The events of an answer to a panel, which sends nothing of its patient."""
    answer = panel.client.post("/api/v1/answers", headers=panel.headers, json={"question": question} | more)
    assert answer.status_code == 200, answer.text
    return events(answer.text)


def found(told: list[tuple[str, Any]]) -> str:
    return " ".join(data["finding"]["summary"] for name, data in told if name == "finding")


def test_a_question_is_answered_with_the_patient_of_the_launch_in_view(answering: Staffed) -> None:
    """Warfarin was handed out by another institution; heart and kidneys are in the record of the other patient."""
    question = "布洛芬成人怎么吃"
    assert "布洛芬 + 华法林" in found(asked(Panel(answering.client, "P0003"), question))
    other = found(asked(Panel(answering.client), question))
    assert "心力衰竭患者避免使用" in other
    assert "eGFR" in other
    assert "华法林" not in other
    assert found(asked(Panel(answering.client, ""), question)) == "", "nobody's panel: nobody in view"


def test_whom_a_question_supposes_is_looked_at_beside_the_patient(answering: Staffed) -> None:
    panel = Panel(answering.client, "P0003")
    assert "青霉素" not in found(asked(panel, "能用阿莫西林吗"))
    assert "患者对青霉素类过敏" in found(asked(panel, "青霉素过敏的患者能用阿莫西林吗"))
    assert "布洛芬 + 华法林" in found(asked(panel, f"{WARFARIN.name}能用布洛芬吗")), (
        "their name is no word to look for"
    )
    both = found(asked(panel, "心力衰竭患者能用布洛芬吗"))
    assert "布洛芬 + 华法林" in both
    assert "心力衰竭患者避免使用" in both


def test_a_question_is_completed_from_what_was_said_and_what_it_is_asked_about(answering: Staffed) -> None:
    panel = Panel(answering.client, "P0003")
    said = [{"role": "user", "text": "布洛芬成人怎么吃"}, {"role": "assistant", "text": "单次不超过800 mg。"}]
    assert "布洛芬 + 华法林" in found(asked(panel, "儿童呢", turns=said))
    drug = panel.get("panel/cards")["findings"][0]["drug"]
    assert drug["name"] == "华法林"
    told = asked(panel, "能和布洛芬合用吗", context={"drug": drug["id"]})
    assert next(data["carried"] for name, data in told if name == "sources") == ["华法林"]


def test_a_note_of_the_visit_adds_to_the_patient(answering: Staffed) -> None:
    told = found(asked(Panel(answering.client, "P0003"), "布洛芬成人怎么吃", note="诊断：心力衰竭。"))
    assert "布洛芬 + 华法林" in told
    assert "心力衰竭患者避免使用" in told


def test_a_panel_asks_for_its_own_patient_alone(panel: Panel) -> None:
    given = {"question": "布洛芬成人怎么吃", "patient": {"id": "P0003"}}
    assert panel.status("POST", "/api/v1/answers", json=given) == 403


class Overheard:
    """A model that answers nothing and keeps what it was told."""

    def __init__(self) -> None:
        self.told = ""

    async def stream(self, messages: Sequence[Message]) -> AsyncGenerator[str, None]:
        self.told += "\n".join(one.content for one in messages)
        yield "布洛芬与华法林合用出血风险升高[1]。"


def test_a_model_is_told_of_the_patient_but_not_who_it_is(
    answering: Staffed, monkeypatch: pytest.MonkeyPatch
) -> None:
    model, office = Overheard(), answering.client.app.state.office  # type: ignore[attr-defined]
    monkeypatch.setattr(office.understanding.prompts, "model", lambda: model)
    said = [{"role": "user", "text": f"{WARFARIN.name}住{WARFARIN.address}，电话{WARFARIN.phones[0]}，编号P0003"}]
    asked(Panel(answering.client, "P0003"), f"{WARFARIN.name}能用布洛芬吗", turns=said)
    assert "男" in model.told
    assert "在用药品：华法林" in model.told
    for secret in (WARFARIN.name, WARFARIN.address, *WARFARIN.phones, WARFARIN.documents[0].number, "P0003"):
        assert secret not in model.told


def test_what_was_asked_in_vain_is_kept_without_the_patient(answering: Staffed, house: House) -> None:
    asked(Panel(answering.client, "P0003"), f"{WARFARIN.name}的青霉素多少钱一支")
    with system("test"), house.engine.connect() as connection:
        kept = connection.execute(select(questions.c.question)).scalars().all()
    assert any("青霉素多少钱一支" in one for one in kept)
    assert not any(WARFARIN.name in one for one in kept)


def test_questions_are_counted_for_the_department_and_the_patients_disease(answering: Staffed, house: House) -> None:
    asked(Panel(answering.client, department="心内科门诊"), "布洛芬成人怎么吃")
    assert answering.client.app.state.office.understanding.uses.flush()  # type: ignore[attr-defined]
    with system("test"), house.engine.connect() as connection:
        (row,) = connection.execute(select(uses).where(uses.c.department == "心内科门诊")).all()
    assert (row.kind, row.doctor, bool(row.disease)) == ("answers", "张医生", True)


def test_it_reads_knowledge_and_nothing_of_other_patients(panel: Panel) -> None:
    assert panel.status("GET", "/api/v1/concepts?name=螺内酯") == 200
    assert panel.status("GET", "/api/v1/patients/P0003/picture") == 403
    assert panel.status("GET", "/fhir/Observation") == 403
    assert panel.status("POST", "/api/v1/inference/risks", json={"patient": {"id": "P0003"}}) == 403
    again = {"patient": "P0003", "user": "张医生", "tenant": HOSPITAL}
    assert panel.status("POST", "/api/v1/panel/launches", json=again) == 403


def test_nobody_else_opens_what_only_a_panel_shows(staffed: Staffed) -> None:
    assert staffed.client.get("/api/v1/panel/cards").status_code == 403
    wrong = {"Authorization": "Bearer yp_" + "A" * 100}
    assert staffed.client.get("/api/v1/panel/cards", headers=wrong).status_code == 403


def test_a_patient_the_institution_does_not_know_is_not_opened(staffed: Staffed) -> None:
    body = {"patient": "P0006", "user": "张医生", "tenant": CLINIC}
    answer = staffed.client.post("/api/v1/panel/launches", json=body)
    assert answer.status_code == 404
    assert answer.json()["issue"][0]["expression"] == ["patient"]


def test_whoever_withholds_their_record_elsewhere_is_seen_by_their_own_hospital_alone(staffed: Staffed) -> None:
    own = Panel(staffed.client, "Z0005", CENTRE).get("panel/history")
    other = Panel(staffed.client, "P0005", HOSPITAL).get("panel/history")
    assert "头颅CT平扫" in str(own)
    assert "头颅CT平扫" not in str(other)


def test_a_ticket_opens_a_stream_of_that_person(panel: Panel) -> None:
    ticket = panel.client.post("/api/v1/panel/ticket", headers=panel.headers, json={}).json()["ticket"]
    office = panel.client.app.state.office  # type: ignore[attr-defined]
    held, records = office.understanding.panel.listener(ticket)
    assert (held.tenant, held.patient, len(records)) == (HOSPITAL, NUMBER, 2)
    assert panel.client.get("/api/v1/panel/events", params={"ticket": panel.told["token"]}).status_code == 401


def test_what_arrives_for_somebody_rings_their_panel_and_no_other(house: House) -> None:
    """The look finds the record of a message that is stored after it began."""
    arrivals = Arrivals(house.engine)
    assert arrivals.look() == set()
    at = datetime.now(UTC)
    lines = say.results("LATE", at, ("2823-3", "血钾", "5.9", "mmol/L", "3.5-5.3"))
    sent = Sent(
        HOSPITAL, "hl7v2", say.hl7("ORU^R01", f"late-{at:%f}", at, say.pid(NUMBER, CHART), *lines), source="t"
    )
    _stored(house, sent)
    with system("test"), house.engine.connect() as connection:
        kept = by_local_id(connection, key_ring(house), HOSPITAL, NUMBER)
    assert kept is not None
    assert arrivals.look() == {kept.id}
    assert arrivals.look() == set()


def _stored(house: House, sent: Sent) -> None:
    ring = key_ring(house)
    with system("test"):
        intake = open_intake(house, ring)

        async def accept() -> None:
            await intake.accept(sent)
            await intake.close()

        asyncio.run(accept())
        worker(house, ring).drain()


def test_a_bell_rings_for_its_records_alone() -> None:
    class Told:
        def look(self) -> set[int]:
            return {7}

        def raised(self, records: list[int], since: datetime) -> list[Notice]:
            return []

    async def heard() -> list[bytes]:
        watch = PanelWatch(Told(), Told())  # type: ignore[arg-type]
        until = datetime.now(UTC) + timedelta(seconds=30)
        mine, other = watch.events(frozenset({7, 8}), until), watch.events(frozenset({9}), until)
        first = [await anext(mine), await anext(other)]
        task, silent = asyncio.create_task(anext(mine)), asyncio.create_task(anext(other))  # type: ignore[arg-type]
        await asyncio.sleep(0)
        looking = asyncio.create_task(watch.keep_watch())
        told = await asyncio.wait_for(task, 5)
        assert not silent.done()
        for one in (silent, looking):
            one.cancel()
        return [*first, told]

    assert asyncio.run(heard())[-1] == b"event: record\ndata: {}\n\n"


def test_a_risk_that_is_told_rings_once_and_carries_nothing_of_it() -> None:
    at = datetime.now(UTC)
    words = Said("P1", "脓毒症", "评估感染", "脓毒症风险高：NEWS2 9 分")
    raised = Notice("n1", HOSPITAL, 7, "sepsis", "high", at, None, None, "", words)

    class Told:
        def look(self) -> set[int]:
            return set()

        def raised(self, records: list[int], since: datetime) -> list[Notice]:
            return [raised] if 7 in records and since <= at else []

    async def heard() -> list[bytes]:
        watch = PanelWatch(Told(), Told())  # type: ignore[arg-type]
        mine = watch.events(frozenset({7}), at + timedelta(seconds=30))
        await anext(mine)
        looking = asyncio.create_task(watch.keep_watch())
        told = [await asyncio.wait_for(anext(mine), 5)]
        with contextlib.suppress(TimeoutError):
            told.append(await asyncio.wait_for(anext(mine), 1.5))
        looking.cancel()
        return told

    assert asyncio.run(heard()) == [b"event: notice\ndata: {}\n\n"]


def test_a_panel_ends_with_the_rights_of_whoever_launched_it(staffed: Staffed, house: House) -> None:
    """The last of this file: from the first account on, the machine itself opens nothing."""
    staffed.add("zhangys", HOSPITAL, "clinician")
    secret = staffed.machine("his", HOSPITAL, permissions=("inference.use",))
    doctor, his = staffed.bearer("zhangys", password=PASSWORD), staffed.token("his", secret)
    opened_by = {
        "doctor": Panel(staffed.client, tenant="", headers=doctor),
        "his": Panel(staffed.client, tenant="", headers=his),
    }
    for one in opened_by.values():
        assert one.get("panel/cards")["patient"]["name"] == "苏日娜"
    body = {"patient": "Z0006", "user": "张医生", "tenant": CENTRE}
    for headers in (doctor, his):
        assert staffed.client.post("/api/v1/panel/launches", json=body, headers=headers).status_code == 403
    with system("test"), house.engine.begin() as connection:
        accounts.lock(connection, accounts.by_name(connection, "zhangys").id, True)
        clients.lock(connection, "his", True)
    for one in opened_by.values():
        assert one.status("GET", "/api/v1/panel/cards") == 401
    ring = staffed.client.app.state.front.ring  # type: ignore[attr-defined]
    for kind in ("local", "key"):  # the machine itself, and an operator whose key was taken away
        launch = launches.Launch(HOSPITAL, NUMBER, "x", kind, kind, datetime.now(UTC) + timedelta(minutes=5))
        token = {"Authorization": f"Bearer {launches.sealed(ring, launch)}"}
        assert staffed.client.get("/api/v1/panel/cards", headers=token).status_code == 401, kind
