"""What doctors asked, answered and wrote becomes facts: by department, doctor and disease, with clues, repeats, money
and whether we would have said the same; held against a count of the same calls by hand."""

from __future__ import annotations

import asyncio
from base64 import b64encode
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import pytest
from starlette.testclient import TestClient

from api.app import build
from api.bootstrap import House, key_ring
from api.indicator_desk import IndicatorDesk
from api.intake import open_intake, worker
from base.tenancy import system
from clinical.coded import china_day
from demo import messages
from exchange.intake import Intake, Sent
from supervision.figures.answers import Line
from supervision.figures.indicator import Indicator, Source, Theme, counted
from supervision.figures.periods import period_of
from supervision.figures.sums import Asked
from tests.integration.conftest import opened

SIGN: Final = "/cds-services/yigong-order-sign"
TENANT: Final = "league/hospital"
NOW: Final = datetime.now(UTC)
TODAY: Final = str(china_day(NOW))
_WAIT: Final = timedelta(minutes=20)
"""From asking for a scan to its being done."""
PERIOD: Final = period_of(TODAY)
HERE, ELSEWHERE = "本县人民医院", "市第一医院"
MONEY: Final = "https://his.example/StructureDefinition/order-amount"


def _drug(number: str, text: str, amount: float | None = None) -> dict[str, Any]:
    priced = [] if amount is None else [{"url": MONEY, "valueMoney": {"value": amount, "currency": "CNY"}}]
    timing = {"timing": {"code": {"text": "tid"}, "repeat": {"boundsDuration": {"value": 7, "unit": "d"}}}}
    dose = {"route": {"text": "口服"}, "doseAndRate": [{"doseQuantity": {"value": 0.2, "unit": "g"}}]}
    return {"resourceType": "MedicationRequest", "id": number, "status": "draft", "intent": "order"} | {
        "medicationCodeableConcept": {"text": text},
        "dosageInstruction": [timing | dose],
        "extension": priced,
    }


def _scan(number: str, amount: float) -> dict[str, Any]:
    made = {"resourceType": "ServiceRequest", "id": number, "status": "draft", "intent": "order"}
    price = [{"url": MONEY, "valueDecimal": amount}]
    return made | {"category": [{"text": "检查"}], "code": {"text": "胸部CT"}, "extension": price}


def _report(where: str) -> dict[str, Any]:
    done = (NOW - timedelta(days=3)).isoformat()
    told = {"resourceType": "DiagnosticReport", "id": "R1", "status": "final", "code": {"text": "胸部CT"}}
    return told | {"effectiveDateTime": done, "performer": [{"display": where, "type": "Organization"}]}


class Ward:
    """A service with what was asked of it, noted beside."""

    def __init__(self, client: TestClient, house: House) -> None:
        self.client, self.house, self.desk = client, house, IndicatorDesk(house, key_ring(house))
        self.noted: Counter[tuple[str, str, str]] = Counter()

    def sign(
        self, doctor: str, department: str, diagnosis: tuple[str, str], *orders: dict[str, Any], **lists: Any
    ) -> list[dict[str, Any]]:
        """Order-sign; gives the cards."""
        code, words = diagnosis
        coding = {"coding": [{"system": "http://hl7.org/fhir/sid/icd-10", "code": code}]} if code else {}
        condition = {"resourceType": "Condition", "id": "C1", "code": coding | {"text": words}}
        visit: dict[str, Any] = {"resourceType": "Encounter", "id": "V1", "class": {"code": "AMB"}}
        visit |= {"serviceType": {"text": department}, "serviceProvider": {"display": HERE}}
        visit["extension"] = [{"url": "https://his.example/insurance-type", "valueString": "职工医保"}]
        given = {name: _bundle(*lists.get(name, ())) for name in ("medications", "observations", "reports")}
        body = {
            "hook": "order-sign",
            "hookInstance": "1f9d6c7e-0000-4000-8000-000000000001",
            "context": {
                "userId": f"Practitioner/{doctor}",
                "patientId": f"P{doctor}",
                "draftOrders": _bundle(*orders),
            },
            "prefetch": {
                "patient": {
                    "resourceType": "Patient",
                    "id": f"P{doctor}",
                    "gender": "male",
                    "birthDate": "1960-01-01",
                }
            }
            | {"encounter": visit, "conditions": _bundle(condition)}
            | dict.fromkeys(("allergies", "procedures"), _bundle())
            | given,
        }
        answer = self.client.post(SIGN, json=body)
        assert answer.status_code == 200, answer.text
        cards: list[dict[str, Any]] = answer.json()["cards"]
        self.noted.update((_family(card), department, doctor) for card in cards)
        return cards

    def answer(self, card: dict[str, Any], outcome: str, reason: str = "") -> None:
        at = (datetime.now(UTC) + timedelta(seconds=30)).isoformat()
        told: dict[str, Any] = {"card": card["uuid"], "outcome": outcome, "outcomeTimestamp": at}
        if reason:
            told["overrideReason"] = {"reason": {"code": reason}}
        if outcome == "accepted":
            told["acceptedSuggestions"] = [{"id": card["suggestions"][0]["uuid"]}] if card.get("suggestions") else []
        answer = self.client.post(f"{SIGN}/feedback", json={"feedback": [told]})
        assert answer.status_code == 200, answer.text

    def collect(self) -> None:
        assert self.client.app.state.front.reviewer.journal.flush()  # type: ignore[attr-defined]
        assert self.desk.collect()

    def rows(self, fact: str) -> list[dict[str, Any]]:
        shown = tuple(self.desk.known.facts[fact].given)
        one = Indicator("x", "x", (Theme.OVERVIEW,), "", Source("", None, ""), counted(fact, "条"), rows=shown)
        with system("test"):
            return [row.shown for row in self.desk.answers.rows(one, PERIOD, Asked(), limit=1_000)]

    def figures(self, name: str, *by: str) -> dict[tuple[str | None, ...], Line]:
        with system("test"):
            lines = self.desk.answers.ask([self.desk.known.indicator(name)], PERIOD, Asked(by=by), compare=False)
        return {line.group: line for line in lines[name]}


def _bundle(*resources: dict[str, Any]) -> dict[str, Any]:
    return {"resourceType": "Bundle", "type": "searchset", "entry": [{"resource": one} for one in resources]}


def _family(card: dict[str, Any]) -> str:
    return str(card["extension"]["cn.yigong.finding"]["family"])


def _of(cards: list[dict[str, Any]], family: str) -> dict[str, Any]:
    return next(card for card in cards if _family(card) == family)


@pytest.fixture(scope="module")
def ward(starter_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ward]:
    house = opened(starter_dir, tmp_path_factory.mktemp("journal-facts"))
    with TestClient(build(house), raise_server_exceptions=False) as client:
        made = Ward(client, house)
        _happened(made)
        _visited(made)
        made.collect()
        yield made
    house.engine.dispose()


APPENDIX: Final = "转移性右下腹痛1天，伴恶心、发热。体格检查：体温38.2℃，麦氏点压痛、反跳痛阳性。"
URTICARIA: Final = "全身散在风团伴瘙痒2天，无发热，无呼吸困难。"
VISITS: Final = (
    ("V11", "2001", "K35.900", "急性阑尾炎", APPENDIX, ("头孢呋辛钠", "甲硝唑氯化钠注射液")),
    ("V12", "2001", "I10.x00", "高血压", APPENDIX, ()),
    ("V13", "2002", "L50.900", "荨麻疹", URTICARIA, ("氯雷他定片",)),
    ("V14", "2002", "L50.900", "荨麻疹", "", ("氯雷他定片",)),
    ("V15", "2002", "L50.900", "荨麻疹", URTICARIA, ("布洛芬片",)),
)
"""Visits: doctor, diagnosis, what was written of how the patient came, what was given."""

PRESSURE, DIABETES, STROKE = ("I10.x00", "高血压"), ("", "2型糖尿病"), ("I63.900", "急性脑梗死")


def _happened(ward: Ward) -> None:
    """A morning: two departments, three doctors."""
    limited = ward.sign("1001", "心内科", PRESSURE, _drug("M1", "丁苯酞软胶囊", 120.5))
    ward.answer(_of(limited, "insurance-limit"), "overridden", "risk-benefit-ratio")
    heeded = ward.sign("1001", "心内科", PRESSURE, _drug("M1", "丁苯酞软胶囊", 99.0))
    ward.answer(_of(heeded, "insurance-limit"), "accepted")
    ward.sign("1002", "心内科", PRESSURE, _drug("M1", "丁苯酞软胶囊"))
    ward.sign("1003", "神经内科", STROKE, _drug("M1", "丁苯酞软胶囊", 120.5))
    taken = ward.sign("1003", "神经内科", STROKE, _scan("S1", 260.0), reports=[_report(ELSEWHERE)])
    ward.answer(_of(taken, "duplicate-exam"), "accepted")
    again = ward.sign("1003", "神经内科", DIABETES, _scan("S1", 260.0), reports=[_report(ELSEWHERE)])
    ward.answer(_of(again, "duplicate-exam"), "overridden", "need-more-info")
    own = ward.sign("1002", "心内科", DIABETES, _scan("S1", 260.0), reports=[_report(HERE)])
    ward.answer(_of(own, "duplicate-exam"), "accepted")
    twice = ward.sign("1002", "心内科", DIABETES, _drug("M1", "布洛芬缓释胶囊", 20), _drug("M2", "布洛芬片", 8.5))
    ward.answer(_of(twice, "duplicate-therapy"), "accepted")


def _visited(ward: Ward) -> None:
    """Visits that the hospital sent when they were over."""
    letters = []
    for number, doctor, code, diagnosis, text, drugs in VISITS:
        of = {"subject": {"reference": "Patient/P9"}, "encounter": {"reference": f"Encounter/{number}"}}
        attending = {"display": "某医师", "identifier": {"value": doctor}}
        begun = f"{TODAY}T00:30:00+08:00"
        visit = {"resourceType": "Encounter", "id": number, "status": "finished", "class": {"code": "AMB"}}
        visit |= {"subject": of["subject"], "period": {"start": begun}, "serviceType": {"text": "普外科"}}
        visit["participant"] = [{"type": [{"coding": [{"code": "ATND"}]}], "individual": attending}]
        coding = [{"system": "http://hl7.org/fhir/sid/icd-10", "code": code}]
        made = [
            {"resourceType": "Patient", "id": "P9", "gender": "female", "birthDate": "1996-01-01"},
            visit,
            {"resourceType": "Condition", "id": f"{number}-D", "code": {"coding": coding, "text": diagnosis}} | of,
        ]
        made += [
            {"resourceType": "MedicationRequest", "id": f"{number}-{n}", "status": "active", "intent": "order"}
            | {"medicationCodeableConcept": {"text": drug}, "authoredOn": begun}
            | of
            for n, drug in enumerate(drugs)
        ]
        if text:
            made.append(_note(number, text, begun))
        letters.append(Sent(TENANT, "fhir", messages.bundle(number, *made), source="test"))
    now, league = datetime.now(UTC), ward.house.settings.league
    letters += [_scanned(league, "V20", now - timedelta(days=3) - _WAIT), _scanned(league, "V21", now)]
    ring = key_ring(ward.house)
    with system("test"):
        asyncio.run(_accepted(open_intake(ward.house, ring), letters))
        worker(ward.house, ring).drain()


def _scanned(tenant: str, visit: str, at: datetime) -> Sent:
    """A visit with a scan that was ordered and made, of the patient about whom an alert was set aside."""
    of = {"subject": {"reference": "Patient/P1003"}, "encounter": {"reference": f"Encounter/{visit}"}}
    said = {"code": {"text": "胸部CT"}, "category": [{"coding": [{"code": "imaging"}]}]} | of
    begun = {"resourceType": "Encounter", "id": visit, "status": "finished", "class": {"code": "AMB"}}
    asked = {"resourceType": "ServiceRequest", "id": f"{visit}-S", "status": "completed", "intent": "order"}
    done = (at + _WAIT).isoformat()
    found = {"resourceType": "DiagnosticReport", "id": f"{visit}-R", "status": "final", "effectiveDateTime": done}
    made = (
        {"resourceType": "Patient", "id": "P1003", "gender": "male", "birthDate": "1960-01-01"},
        begun | {"subject": of["subject"], "period": {"start": at.isoformat()}},
        asked | said | {"authoredOn": at.isoformat(), "extension": [{"url": MONEY, "valueDecimal": 260}]},
        found | said | {"issued": done, "basedOn": [{"reference": f"ServiceRequest/{visit}-S"}]},
    )
    return Sent(tenant, "fhir", messages.bundle(visit, *made), source="test")


def _note(visit: str, text: str, at: str) -> dict[str, Any]:
    data = b64encode(f"现病史：{text}".encode()).decode()
    return {
        "resourceType": "DocumentReference",
        "id": f"{visit}-N",
        "status": "current",
        "type": {"text": "门诊初诊病历"},
        "subject": {"reference": "Patient/P9"},
        "date": at,
        "author": [{"display": "某医师"}],
        "content": [{"attachment": {"contentType": "text/plain", "data": data}}],
        "context": {"encounter": [{"reference": f"Encounter/{visit}"}]},
    }


async def _accepted(intake: Intake, letters: list[Sent]) -> None:
    for letter in letters:
        await intake.accept(letter)
    await intake.close()


def test_whether_we_would_have_suggested_the_diagnosis_and_the_plan_was_followed(ward: Ward) -> None:
    told = {row["id"]: row for row in ward.rows("concordance")}
    assert told.keys() == {"V11", "V12", "V13", "V15"}, "V14 tells nothing of how the patient came"
    for number, _, _, diagnosis, text, _ in VISITS:
        if number in told:
            body = {"text": text, "ageYears": 30, "sex": "女", "limit": 10}
            ranked = ward.client.post("/api/v1/inference/diagnoses", json=body).json()["candidates"]
            names = [{one["name"], *one.get("synonyms", ())} for one in ranked]
            assert told[number]["first"] == (diagnosis in names[0])
            assert told[number]["among"] == any(diagnosis in some for some in names)
    assert (told["V11"]["first"], told["V12"]["among"]) == (True, False)
    assert {n: told[n]["plan_followed"] for n in ("V13", "V15")} == {"V13": True, "V15": False}
    assert ward.figures("plans-followed", "doctor")["2002",].now.value == 50.0


def test_alerts_are_counted_by_department_and_doctor_as_they_were_shown(ward: Ward) -> None:
    told = {(row["family"], row["department"], row["doctor"]) for row in ward.rows("findings")}
    assert told == set(ward.noted)
    figures = ward.figures("alerts", "family", "department", "doctor")
    assert {group: line.now.value for group, line in figures.items()} == dict(ward.noted)
    asked = {group: line.now.value for group, line in ward.figures("support-requests", "doctor").items()}
    assert asked == {("1001",): 2, ("1002",): 3, ("1003",): 3}


def test_the_disease_is_known_by_code_or_by_what_it_is_called(ward: Ward) -> None:
    asked = {group[0]: line.now.value for group, line in ward.figures("support-requests", "disease").items()}
    assert asked == {"I10": 3, "I63": 2, "E11": 3}


def test_an_order_beyond_what_is_paid_is_a_clue_with_its_amount_unless_the_alert_was_heeded(ward: Ward) -> None:
    clues = {row["doctor"]: (row["stage"], row["amount"], row["confirmed"]) for row in ward.rows("violations")}
    assert clues == {"1001": ("during", 120.5, None), "1002": ("during", None, None)}
    [line] = ward.figures("violations-amount").values()
    assert (line.now.value, line.now.unknown) == (120.5, 1)


def test_a_test_that_was_not_repeated_is_recognised_with_the_money_it_saved(ward: Ward) -> None:
    [row] = [row for row in ward.rows("tests") if row["recognised"]]
    told = {name: row[name] for name in ("kind", "setting", "item", "eligible", "recognised", "gap_days", "saved")}
    assert told == {
        "kind": "exam",
        "setting": "outpatient",
        "item": "胸部CT",
        "eligible": True,
        "recognised": True,
        "gap_days": 3,
        "saved": 260.0,
    }
    assert (row["doctor"], row["disease"]) == ("1003", "I63"), "the hospital's own result is no recognition"


def test_a_test_that_was_made_again_is_a_repeat_with_the_reason_that_was_given_to_the_alert(ward: Ward) -> None:
    [row] = [row for row in ward.rows("tests") if not row["recognised"]]
    told = {name: row[name] for name in ("id", "repeated", "eligible", "reasoned", "reason", "gap_days", "amount")}
    assert told == {
        "id": "V21-S",
        "repeated": True,
        "eligible": False,
        "reasoned": True,
        "reason": "need-more-info",
        "gap_days": 3,
        "amount": 260.0,
    }
    asked = ("repeats-reasoned", "repeat-gap", "examinations-repeated", "repeats-cost")
    figures = {name: ward.figures(name)[()].now for name in asked}
    assert {name: figure.value for name, figure in figures.items()} == {
        "repeats-reasoned": 100.0,
        "repeat-gap": 3.0,
        "examinations-repeated": 1,
        "repeats-cost": 260.0,
    }


def test_a_drug_ordered_twice_is_a_repeat_with_its_outcome(ward: Ward) -> None:
    [row] = [row for row in ward.rows("repeated_drugs") if row["kind"] == "same"]
    assert (row["avoided"], row["reasoned"], row["department"], row["amount"]) == (True, None, "心内科", 8.5)


def test_an_answer_that_comes_later_takes_the_clue_away(ward: Ward) -> None:
    cards = ward.sign("1004", "急诊科", PRESSURE, _drug("M1", "丁苯酞软胶囊", 50))
    ward.collect()
    assert "1004" in {row["doctor"] for row in ward.rows("violations")}
    ward.answer(_of(cards, "insurance-limit"), "accepted")
    ward.collect()
    assert "1004" not in {row["doctor"] for row in ward.rows("violations")}
    [finding] = [
        row for row in ward.rows("findings") if row["doctor"] == "1004" and row["family"] == "insurance-limit"
    ]
    assert finding["response"] == "accepted"
