"""What other hospitals know reaches the doctor who signs an order: over HTTP, with real persons and stored facts."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from api.app import build
from api.bootstrap import House, key_ring
from api.replay import replay
from base.tenancy import system
from clinical.coded import CHINA
from clinical.patient import Sex
from clinical.person import Demographics, Document, DocumentKind, check_digit
from records.consent import Wishes
from records.context import Region
from records.identity import Identity
from records.privacy import Category
from records.registry import Organisation, Registry
from records.store import Repository
from tests.integration.conftest import opened

SIGN, REVIEWS = "/cds-services/yigong-order-sign", "/api/v1/reviews"
COUNTY, TOWN, FAR = "league/county-a/hospital-1", "league/county-a/clinic-7", "league/county-b/hospital-2"
NAMES = {COUNTY: "甲县人民医院", TOWN: "乌兰镇中心卫生院", FAR: "乙县中医医院"}
CARD, OTHER_CARD = (f"{body}{check_digit(body)}" for body in ("11010119530412001", "11010119880307001"))
NOW = datetime.now(UTC)
WARFARIN = {
    "resourceType": "MedicationDispense",
    "id": "d1",
    "status": "completed",
    "subject": {"reference": "Patient/T-9"},
    "medicationCodeableConcept": {"text": "华法林钠片"},
    "daysSupply": {"value": 28, "unit": "d"},
}
IBUPROFEN = {
    "resourceType": "MedicationRequest",
    "id": "103",
    "status": "draft",
    "medicationCodeableConcept": {"text": "布洛芬缓释胶囊"},
    "dosageInstruction": [
        {
            "timing": {"code": {"text": "bid"}},
            "route": {"text": "口服"},
            "doseAndRate": [{"doseQuantity": {"value": 0.3, "unit": "g"}}],
        }
    ],
}


def ago(days: float) -> str:
    return (NOW - timedelta(days=days)).isoformat()


def ct(days: float = 1, **more: Any) -> dict[str, Any]:
    return {
        "resourceType": "DiagnosticReport",
        "id": "R1",
        "status": "final",
        "code": {"text": "胸部CT平扫"},
        "effectiveDateTime": ago(days),
        "conclusion": "右肺上叶小结节",
    } | more


def hba1c(days: float = 25) -> dict[str, Any]:
    return {
        "resourceType": "Observation",
        "id": "O1",
        "status": "final",
        "code": {"text": "糖化血红蛋白", "coding": [{"system": "http://loinc.org", "code": "4548-4"}]},
        "effectiveDateTime": ago(days),
        "valueQuantity": {"value": 8.1, "unit": "%"},
    }


def ordered(text: str, category: str) -> dict[str, Any]:
    return {
        "resourceType": "ServiceRequest",
        "id": "S1",
        "status": "draft",
        "intent": "order",
        "category": [{"text": category}],
        "code": {"text": text},
    }


def bundle(*resources: dict[str, Any]) -> dict[str, Any]:
    return {"resourceType": "Bundle", "entry": [{"resource": r} for r in resources]}


LISTS = ("conditions", "allergies", "medications", "observations", "reports", "procedures")


def signed(*drafts: dict[str, Any], patient: str = "P-1", sent: tuple[str, ...] = LISTS, **prefetch: Any) -> Any:
    """A call of order-sign from the county hospital, whose own lists are empty unless given, unknown unless sent."""
    person = {"resourceType": "Patient", "id": patient, "gender": "male", "birthDate": "1953-04-12"}
    visit = {"resourceType": "Encounter", "id": "E1", "class": {"code": "AMB"}}
    visit["serviceProvider"] = {"reference": "Organization/1", "display": NAMES[COUNTY]}
    return {
        "hook": "order-sign",
        "hookInstance": "1",
        "context": {"userId": "Practitioner/1", "patientId": patient, "draftOrders": bundle(*drafts)},
        "prefetch": {"patient": person, "encounter": visit} | {name: bundle() for name in sent} | prefetch,
    }


class League:
    """Three institutions, one man with a record in each, and the running service."""

    def __init__(self, house: House, client: TestClient) -> None:
        self.house, self.client = house, client
        ring = key_ring(house)
        self.persons = Identity(house.engine, ring, "league")
        self.repository = Repository(house.engine, ring)
        self.region: Region = client.app.state.front.region  # type: ignore[attr-defined]
        self.records: dict[str, int] = {}
        with system("tests"), house.engine.begin() as connection:
            for tenant, name in NAMES.items():
                item = Organisation(tenant, name, recognition=("盟域",))
                Registry().register(connection, item, actor="admin")
        for tenant, local_id in ((COUNTY, "P-1"), (TOWN, "T-9"), (FAR, "F-4")):
            self.records[tenant] = self.enrol(tenant, local_id, "巴特尔", CARD, "1953-04-12")

    def enrol(self, tenant: str, local_id: str, name: str, card: str, birth: str) -> int:
        given = Demographics(name=name, sex=Sex.MALE, birth=birth, documents=(Document(DocumentKind.ID_CARD, card),))
        with system("tests"), self.house.engine.begin() as connection:
            return self.persons.arrive(connection, tenant, local_id, given, at=NOW, source="test").record

    def knows(self, tenant: str, *resources: dict[str, Any], record: int = 0) -> None:
        with system("tests"), self.house.engine.begin() as connection:
            whose = record or self.records[tenant]
            self.repository.put(connection, tenant, whose, resources, message=1, at=datetime.now(UTC))
        self.region.refresh()

    def wish(self, wishes: Wishes) -> None:
        with system("tests"), self.house.engine.begin() as connection:
            record = self.records[FAR]
            self.region.consents.tell(connection, FAR, record, wishes, actor="x", why="y", at=NOW)

    def sign(self, body: dict[str, Any]) -> dict[str, Any]:
        answer = self.client.post(SIGN, json=body)
        assert answer.status_code == 200, answer.text
        return answer.json()


@pytest.fixture
def league(starter_dir: Path, tmp_path: Path) -> Iterator[League]:
    house = opened(starter_dir, tmp_path, region_budget_ms=20_000)
    with TestClient(build(house), raise_server_exceptions=False) as client:
        yield League(house, client)
    house.engine.dispose()


def told(answer: dict[str, Any], family: str) -> list[dict[str, Any]]:
    return [c for c in answer["cards"] if c["extension"]["cn.yigong.finding"]["family"] == family]


def evidence(card: dict[str, Any]) -> list[dict[str, Any]]:
    return [e for e in card["extension"]["cn.yigong.finding"]["evidence"] if e["type"] == "datum"]


def gaps(answer: dict[str, Any]) -> set[tuple[str, str]]:
    return {(g["family"], g["needed"]) for g in answer["extension"]["cn.yigong.review"].get("incomplete", ())}


def test_yesterdays_ct_of_another_hospital_is_not_made_again(league: League) -> None:
    """With hospital, date, result, and that it is recognised here."""
    league.knows(FAR, ct())
    (card,) = told(league.sign(signed(ordered("胸部CT", "检查"))), "duplicate-exam")
    day = (NOW - timedelta(days=1)).astimezone(CHINA).date().isoformat()
    assert f"{day} 已于乙县中医医院完成，结果已互认" in card["summary"]
    (datum,) = evidence(card)
    assert (datum["value"], datum["institution"]) == ("右肺上叶小结节", "乙县中医医院")
    assert datum["reference"] == f"{FAR}/DiagnosticReport/R1"


def test_last_months_hba1c_of_another_hospital_is_not_made_again(league: League) -> None:
    league.knows(FAR, hba1c())
    (card,) = told(league.sign(signed(ordered("糖化血红蛋白测定", "检验"))), "duplicate-lab")
    (datum,) = evidence(card)
    assert (datum["value"], datum["institution"]) == ("8.1 %", "乙县中医医院")
    assert datum["time"].startswith((NOW - timedelta(days=25)).date().isoformat())


def test_an_hba1c_of_half_a_year_ago_may_be_made_again(league: League) -> None:
    league.knows(FAR, hba1c(days=180))
    assert told(league.sign(signed(ordered("糖化血红蛋白测定", "检验"))), "duplicate-lab") == []


def test_warfarin_of_the_township_clinic_meets_ibuprofen_of_the_county_hospital(league: League) -> None:
    league.knows(TOWN, WARFARIN | {"whenHandedOver": ago(10)})
    (card,) = told(league.sign(signed(IBUPROFEN)), "interaction")
    assert "华法林" in card["summary"]
    assert ("华法林钠片", "乌兰镇中心卫生院") in {(e["value"], e.get("institution")) for e in evidence(card)}
    assert card["indicator"] == "critical"


def test_what_was_handed_out_is_taken_until_the_supply_ends(league: League) -> None:
    league.knows(TOWN, WARFARIN | {"whenHandedOver": ago(40)})
    assert told(league.sign(signed(IBUPROFEN)), "interaction") == []


def test_the_hospital_that_sends_a_drug_itself_is_not_told_of_it_twice(league: League) -> None:
    league.knows(TOWN, WARFARIN | {"whenHandedOver": ago(10)})
    own = IBUPROFEN | {"id": "1", "status": "active", "medicationCodeableConcept": {"text": "华法林钠片"}}
    (card,) = told(league.sign(signed(IBUPROFEN, medications=bundle(own))), "interaction")
    assert {e.get("reference") for e in evidence(card)} == {"MedicationRequest/1", "MedicationRequest/103"}


def test_a_drug_known_elsewhere_alerts_although_the_list_was_not_sent_and_the_list_stays_missing(
    league: League,
) -> None:
    league.knows(TOWN, WARFARIN | {"whenHandedOver": ago(10)})
    without = tuple(name for name in LISTS if name != "medications")
    answer = league.sign(signed(IBUPROFEN, sent=without))
    assert len(told(answer, "interaction")) == 1
    assert ("interaction", "medications") in gaps(answer)


def test_a_part_of_the_diagnoses_proves_no_want_of_an_indication(league: League) -> None:
    """Whether a drug has no indication can only be said of all diagnoses."""
    league.knows(
        FAR, {"resourceType": "Condition", "id": "c", "code": {"text": "2型糖尿病"}, "recordedDate": ago(20)}
    )
    warfarin = IBUPROFEN | {"medicationCodeableConcept": {"text": "华法林钠片"}}
    assert told(league.sign(signed(warfarin)), "indication"), "of a whole list it is said"
    without = tuple(name for name in LISTS if name != "conditions")
    assert told(league.sign(signed(warfarin, sent=without)), "indication") == []


def test_an_allergy_of_another_hospital_alerts(league: League) -> None:
    league.knows(FAR, {"resourceType": "AllergyIntolerance", "id": "a", "code": {"text": "青霉素"}})
    amoxicillin = IBUPROFEN | {"medicationCodeableConcept": {"text": "阿莫西林胶囊"}}
    for sent in (LISTS, tuple(name for name in LISTS if name != "allergies")):
        (card,) = told(league.sign(signed(amoxicillin, sent=sent)), "allergy")
        assert "乙县中医医院" in {e.get("institution") for e in evidence(card)}


def test_who_opted_out_is_not_told_of_but_by_his_own_hospital(league: League) -> None:
    league.knows(FAR, ct())
    league.knows(TOWN, WARFARIN | {"whenHandedOver": ago(10)})
    league.wish(Wishes(closed=True))
    answer = league.sign(signed(ordered("胸部CT", "检查"), IBUPROFEN))
    assert told(answer, "duplicate-exam") == told(answer, "interaction") == []
    league.knows(COUNTY, ct(2))
    (card,) = told(league.sign(signed(ordered("胸部CT", "检查"))), "duplicate-exam")
    assert [e["reference"] for e in evidence(card)] == ["DiagnosticReport/R1"], "the hospital's own"


def test_a_withheld_kind_of_facts_is_not_told_of(league: League) -> None:
    sertraline = WARFARIN | {"id": "d2", "medicationCodeableConcept": {"text": "盐酸舍曲林片"}}
    league.knows(TOWN, *({**d, "whenHandedOver": ago(5)} for d in (WARFARIN, sertraline)))
    league.wish(Wishes(withheld=Category.MENTAL))
    cards = told(league.sign(signed(IBUPROFEN)), "interaction")
    assert len(cards) == 1
    assert "舍曲林" not in str(cards)


def test_another_persons_facts_never_show_even_under_the_same_number(league: League) -> None:
    stranger = league.enrol(FAR, "P-1", "其木格", OTHER_CARD, "1988-03-07")
    league.knows(FAR, ct(), record=stranger)
    assert told(league.sign(signed(ordered("胸部CT", "检查"))), "duplicate-exam") == []
    unknown = signed(ordered("胸部CT", "检查"), patient="nobody")
    assert told(league.sign(unknown), "duplicate-exam") == []


def test_a_new_patient_is_known_by_the_number_of_the_identity_card(league: League) -> None:
    league.knows(FAR, ct())
    body = signed(ordered("胸部CT", "检查"), patient="just-registered")
    body["prefetch"]["patient"] |= {"identifier": [{"value": CARD}], "name": [{"text": "巴特尔"}]}
    assert len(told(league.sign(body), "duplicate-exam")) == 1


def test_a_patient_of_odd_shape_is_reviewed_all_the_same(league: League) -> None:
    league.knows(FAR, ct())
    body = signed(ordered("胸部CT", "检查"))
    body["prefetch"]["patient"] |= {"contact": [{"name": ["x"]}], "identifier": [{"value": 7, "type": []}]}
    assert len(told(league.sign(body), "duplicate-exam")) == 1


def test_the_plain_review_is_told_the_same(league: League) -> None:
    league.knows(FAR, ct())
    patient = {"id": "P-1", "sex": "男", "birthDate": "1953-04-12", "reports": []}
    body = {"patient": patient, "orders": [{"id": "1", "kind": "exam", "text": "胸部CT"}]}
    answer = league.client.post(REVIEWS, json=body | {"institution": NAMES[COUNTY]})
    assert answer.status_code == 200, answer.text
    (finding,) = [f for f in answer.json()["findings"] if f["family"] == "duplicate-exam"]
    assert "乙县中医医院" in finding["summary"]


def test_asking_again_gives_the_same_findings_whatever_the_region_knows_by_then(league: League) -> None:
    league.knows(TOWN, WARFARIN | {"whenHandedOver": ago(10)})
    without = tuple(name for name in LISTS if name != "medications")
    for body in (signed(IBUPROFEN), signed(IBUPROFEN, sent=without)):
        first = league.sign(body)
        reviewer = league.client.app.state.front.reviewer  # type: ignore[attr-defined]
        assert reviewer.journal.flush()
        with system("tests"):
            (stored,) = reviewer.journal.latest(1)
            before = replay(reviewer, stored)
            league.repository = Repository(league.house.engine, key_ring(league.house))
            with league.house.engine.begin() as connection:
                league.repository.remove(connection, TOWN, ["MedicationDispense/d1"], message=2, at=datetime.now(UTC))
            after = replay(reviewer, stored)
        assert before["digest"] == after["digest"]
        assert (after["appeared"], after["vanished"]) == ([], [])
        assert {f["rule_id"] for f in after["findings"]} == {
            c["extension"]["cn.yigong.finding"]["ruleId"] for c in first["cards"]
        }
        league.knows(TOWN, WARFARIN | {"whenHandedOver": ago(10)})


def test_when_the_region_does_not_answer_in_time_the_answer_says_what_is_missing(
    starter_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    house = opened(starter_dir, tmp_path, region_budget_ms=5)
    with TestClient(build(house), raise_server_exceptions=False) as client:
        league = League(house, client)
        league.knows(FAR, ct())
        slow = Region.history
        monkeypatch.setattr(Region, "history", lambda self, ask: (time.sleep(0.3), slow(self, ask))[1])
        answer = league.sign(signed(ordered("胸部CT", "检查")))
        (gap,) = [
            g for g in answer["extension"]["cn.yigong.review"]["incomplete"] if g["needed"] == "regional-history"
        ]
        assert "未能在限定时间内取得" in gap["reason"]
        assert told(answer, "duplicate-exam") == []
        reviewer = client.app.state.front.reviewer  # type: ignore[attr-defined]
        assert reviewer.journal.flush()
        with system("tests"):
            assert replay(reviewer, reviewer.journal.latest(1)[0])["vanished"] == []
    house.engine.dispose()


def test_who_must_prove_their_tenant_is_told_nothing_on_their_word(starter_dir: Path, tmp_path: Path) -> None:
    """A caller that names a hospital without being it could read strangers' histories off the cards."""
    house = opened(starter_dir, tmp_path, region_budget_ms=20_000)
    app = build(house)
    with TestClient(app, raise_server_exceptions=False) as client:
        league = League(house, client)
        league.knows(FAR, ct())
        from api.regional import Regional

        asked = Regional(league.region, strict=True)
        assert asked.asking("", NAMES[COUNTY]) == ""
        assert asked.asking("league/county-b", NAMES[COUNTY]) == "", "nor on another county's"
        assert asked.asking("league/county-a", NAMES[COUNTY]) == COUNTY
        assert asked.asking(FAR, NAMES[COUNTY]) == FAR
        assert asked.asking(NAMES[FAR], "") == FAR
    house.engine.dispose()
