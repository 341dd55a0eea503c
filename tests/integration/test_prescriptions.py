"""From an alert or a prescription to the case, over HTTP: what is told of it, and to whom."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from pypdf import PdfReader
from sqlalchemy import delete

from api.bootstrap import key_ring
from api.indicator_desk import IndicatorDesk
from api.openapi import EXAMPLES
from base.tenancy import system
from records.journal import requests
from supervision.figures.cases import HIDDEN, UNKNOWN
from supervision.figures.collect import merge_rows
from supervision.figures.manifest import Load
from tests.integration.staffed import CLINIC, COUNTY, HOSPITAL, LEAGUE, OTHER_COUNTY, Staffed, staffed
from tests.integration.test_dispensing import RISKY

CASE, ALERTS = "/api/v1/prescriptions", "/api/v1/rules/alerts"
USAGE = "/api/v1/rules/usage"
SIGN = "/cds-services/yigong-order-sign"
MANAGER = "institution-manager"


@pytest.fixture(scope="module")
def site(starter_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Staffed]:
    made = staffed(starter_dir, tmp_path_factory.mktemp("prescriptions"))
    for name, tenant, role in (
        ("doctor", HOSPITAL, "clinician"),
        ("pharmacist", HOSPITAL, "pharmacist"),
        ("clinic", CLINIC, "quality-controller"),
        ("county", COUNTY, "regulator"),
        ("elsewhere", OTHER_COUNTY, "regulator"),
        ("league", LEAGUE, "regulator"),
        ("manager", COUNTY, MANAGER),
    ):
        made.add(name, tenant, role)
    yield made
    made.client.__exit__(None, None, None)
    made.house.engine.dispose()


@pytest.fixture(scope="module")
def prescription(site: Staffed) -> str:
    """A prescription that a pharmacist returned, of a patient on record."""
    site.person(HOSPITAL, "P-1", "乌云其木格")
    number: str = _post(site, "doctor", "/api/v1/reviews", RISKY)["id"]
    for body in ({"action": "claim"}, {"action": "return", "reason": "请换用其他抗菌药物"}):
        by = {"by": {"name": "pharmacist", "role": "pharmacist"}}
        _post(site, "pharmacist", f"/api/v1/reviews/{number}/decisions", body | by)
    assert site.client.app.state.front.reviewer.journal.flush()  # type: ignore[attr-defined]
    return number


def _post(site: Staffed, who: str, path: str, body: Any) -> Any:
    answer = site.client.post(path, json=body, headers=site.bearer(who))
    assert answer.status_code == 200, answer.text
    return answer.json()


def _get(site: Staffed, who: str, path: str, **query: Any) -> Any:
    return site.client.get(path, params=query, headers=site.bearer(who))


def test_a_prescription_is_told_whole_patient_orders_findings_and_every_move(
    site: Staffed, prescription: str
) -> None:
    told = _get(site, "pharmacist", f"{CASE}/{prescription}").json()
    patient = told["patient"]
    assert (patient["id"], patient["sex"], patient["allergies"]) == ("P-1", "male", [])
    assert [one["text"] for one in patient["medications"]] == ["华法林钠片"]
    assert "pregnancy" not in patient, "nobody said"
    assert told["orders"] == [
        {"id": "o1", "text": "甲硝唑片", "dose": 0.4, "unit": "g", "route": "口服", "frequency": "tid", "days": 5}
    ]
    worst = told["findings"][0]
    assert (worst["stopped"], worst["verdict"], bool(worst["ruleVersion"])) == (True, "true", True)
    assert "华法林" in worst["ruleTitle"]
    assert {one["type"] for one in worst["evidence"]} == {"datum", "statement"}
    assert [(one["action"], one["by"]) for one in told["review"]["history"]] == [
        ("submit", "李医生"),
        ("claim", "pharmacist"),
        ("return", "pharmacist"),
    ]
    assert told["review"]["history"][-1]["reason"] == "请换用其他抗菌药物"
    assert told["record"] == {"tenant": HOSPITAL, "patient": "P-1"}


@pytest.mark.parametrize(
    ("who", "status"), [("county", 200), ("league", 200), ("elsewhere", 404), ("clinic", 404), ("manager", 403)]
)
def test_a_case_is_for_those_who_may_see_reviews_of_that_institution(
    site: Staffed, prescription: str, who: str, status: int
) -> None:
    assert _get(site, who, f"{CASE}/{prescription}").status_code == status


def test_who_may_not_open_patients_is_not_led_to_the_record(site: Staffed, prescription: str) -> None:
    assert "record" not in _get(site, "county", f"{CASE}/{prescription}").json()


def test_looking_at_a_case_is_audited(site: Staffed, prescription: str) -> None:
    _get(site, "county", f"{CASE}/{prescription}")
    newest = site.audited("prescription.read")[0]
    assert (newest["actor"], newest["subject"]) == ("county", f"review/{prescription}")


def test_a_case_that_nobody_knows_is_said_to_be_unknown(site: Staffed) -> None:
    answer = _get(site, "league", f"{CASE}/nothing")
    assert (answer.status_code, "没有编号为 nothing" in answer.text) == (404, True)


def test_a_prescription_that_the_journal_lost_is_told_by_the_queue(site: Staffed) -> None:
    number = _post(site, "doctor", "/api/v1/reviews", RISKY)["id"]
    assert site.client.app.state.front.reviewer.journal.flush()  # type: ignore[attr-defined]
    with system("test"), site.house.engine.begin() as connection:
        connection.execute(delete(requests).where(requests.c.id == number))
    told = _get(site, "pharmacist", f"{CASE}/{number}").json()
    assert (told["orders"][0]["text"], told["review"]["status"]) == ("甲硝唑片", "pending")
    assert told["findings"]


def test_an_alert_leads_to_what_was_shown_and_answered_and_to_the_prescription_it_became(site: Staffed) -> None:
    body = copy.deepcopy(EXAMPLES["order-sign"])
    body["prefetch"]["patient"]["name"] = [{"text": "苏日娜"}]
    card = site.client.post(SIGN, json=body).json()["cards"][0]
    feedback = copy.deepcopy(EXAMPLES["feedback"]["feedback"])
    feedback[0]["card"] = card["uuid"]
    assert site.client.post(f"{SIGN}/feedback", json={"feedback": feedback}).status_code == 200
    verify = body | {"hook": "medication-verify", "extension": {"cn.yigong.submit": {}}}
    assert site.client.post("/cds-services/yigong-medication-verify", json=verify).status_code == 200
    assert site.client.app.state.front.reviewer.journal.flush()  # type: ignore[attr-defined]

    rule = card["extension"]["cn.yigong.finding"]["ruleId"]
    listed = _get(site, "league", ALERTS, rule=rule, outcome="overridden").json()
    [alert] = listed["alerts"]
    assert (alert["card"], alert["reason"], alert["outcome"]) == (card["uuid"], "risk-benefit-ratio", "overridden")
    assert _get(site, "county", ALERTS, rule=rule, outcome="overridden").json()["alerts"] == []

    account = _get(site, "league", USAGE, share=100, answers=1).json()["rules"]
    assert rule in {one["rule"] for one in account}
    assert all(one["overrideShare"] == 1 for one in account), "only what was set aside so often"
    csv = _get(site, "league", USAGE, share=100, answers=1, format="csv")
    lines = csv.content.decode("utf-8-sig").splitlines()
    assert len(lines) == 1 + len(account)
    assert lines[0].startswith("规则,规则编号,类别,程度,提示,采纳,忽略,未答复,忽略率（%）")
    assert "已权衡利弊，获益大于风险 1 次" in csv.text
    assert _get(site, "league", USAGE, format="xlsx").content.startswith(b"PK")
    pages = PdfReader(BytesIO(_get(site, "league", USAGE, share=100, answers=1, format="pdf").content)).pages
    assert "已权衡利弊" in pages[0].extract_text().replace("\n", "")
    assert _get(site, "league", USAGE, format="doc").status_code == 400

    answer = _get(site, "league", f"{CASE}/{alert['prescription']}")
    told = answer.json()
    finding = next(one for one in told["findings"] if one["findingId"] == card["uuid"])
    assert finding["summary"] == card["summary"].partition("】")[2]
    assert finding["advice"]
    assert "**" not in finding["advice"]
    [given] = finding["answers"]
    assert (given["reason"], given["comment"]) == ("已权衡利弊，获益大于风险", "已与患者沟通")
    assert told["orders"][0]["text"] == "布洛芬缓释胶囊 0.3g*20粒"
    assert "苏日娜" not in answer.text, "patients are not told by name"
    [became] = told["reviewedAs"]
    queued = _get(site, "league", f"{CASE}/{became}").json()
    assert queued["review"]["status"] == "pending"
    assert (queued["patient"], queued["orders"]) == (told["patient"], told["orders"]), "as of a plain submission"
    assert queued["patient"]["sex"]
    assert queued["patient"]["medications"]


def test_alerts_of_an_outcome_that_does_not_exist_are_refused(site: Staffed) -> None:
    assert _get(site, "league", ALERTS, rule="x", outcome="ignored").status_code == 400


@pytest.mark.parametrize(("who", "leads"), [("league", True), ("manager", False)])
def test_rows_behind_a_figure_lead_to_the_case_or_say_why_not(
    site: Staffed, prescription: str, who: str, leads: bool
) -> None:
    _count(site, prescription)
    told = _get(site, who, "/api/v1/indicators/support-requests/rows", period="2026-11", tenant=HOSPITAL)
    by_row = dict(zip([row["id"] for row in told.json()["rows"]], told.json()["cases"], strict=True))
    assert by_row[prescription] == ({"prescription": prescription} if leads else {"none": HIDDEN})
    assert by_row["their-own"] == {"none": UNKNOWN}


def _count(site: Staffed, number: str) -> None:
    """The request as a row of facts, beside one that the hospital loaded itself."""
    desk, at = IndicatorDesk(site.house, key_ring(site.house)), datetime(2026, 11, 20, tzinfo=UTC)
    rows = [{"id": one, "date": f"{at:%Y-%m-%d}", "service": "review"} for one in (number, "their-own")]
    with system("test"):
        merge_rows(desk.lake, desk.known.facts["requests"], Load(HOSPITAL, "requests", "test", "somebody"), rows)
