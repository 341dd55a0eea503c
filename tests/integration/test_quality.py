"""Data quality over HTTP and on the command line: from a checked message to a confirmed standard."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from openpyxl import load_workbook
from pypdf import PdfReader
from starlette.testclient import TestClient
from typer.testing import CliRunner

from api.app import build
from api.cli import app
from api.routes import quality, quality_faults
from base.tenancy import system
from records.quality_tables import day_of, days_before
from tests.integration.conftest import opened

BASE = "/api/v1/quality"
HOSPITAL, OTHER = "league/county-a/hospital-1", "league/county-a/hospital-2"
SOUND = {
    "resourceType": "Patient",
    "id": "p1",
    "name": [{"text": "王小明"}],
    "gender": "female",
    "birthDate": "1949-12-31",
    "identifier": [{"system": "urn:oid:2.16.156.10011.1.3", "value": "11010519491231002X"}],
    "telecom": [{"system": "phone", "value": "13800138000"}],
    "address": [{"text": "阿拉善左旗巴彦浩特镇西花园街1号"}],
}


@pytest.fixture
def client(starter_dir: Path, tmp_path: Path) -> Iterator[TestClient]:
    house = opened(starter_dir, tmp_path, survey_hour=-1)
    with TestClient(build(house), client=("127.0.0.1", 1)) as made:
        yield made
    house.engine.dispose()


def receive(client: TestClient, number: int, *resources: dict[str, Any], tenant: str = HOSPITAL) -> None:
    """A message as intake lands it."""
    desk, now = client.app.state.office.quality, datetime.now(UTC)  # type: ignore[attr-defined]
    checked = desk.inspector.check(tenant, SimpleNamespace(resources=resources, sent=None), now)
    claimed = SimpleNamespace(number=number, tenant=tenant, received=now)
    with system("intake"), desk.engine.begin() as connection:
        desk.inspector.keep(connection, claimed, checked)


def test_a_hospital_checks_before_it_sends(client: TestClient) -> None:
    answer = client.post(f"{BASE}/check", json=quality.EXAMPLES["check"])
    assert answer.status_code == 200, answer.text
    told = answer.json()
    assert told["accepted"] is False
    assert {"patient-sex-code", "patient-birth-future"} <= {fault["rule"] for fault in told["faults"]}
    assert client.post(f"{BASE}/check", json={"resources": [SOUND]}).json() == {"accepted": True, "faults": []}


def test_from_fault_to_message_and_resource_to_put_right(client: TestClient) -> None:
    receive(client, 41, {k: v for k, v in SOUND.items() if k != "telecom"})
    listed = client.get(f"{BASE}/faults", params={"tenant": "league/county-a", "rule": "patient-phone"}).json()
    (fault,) = listed["faults"]
    assert (fault["message"], fault["resource"], fault["state"]) == (41, "Patient/p1", "open")
    notice = client.post(f"{BASE}/faults/notices", json=quality_faults.EXAMPLES["notice"])
    assert notice.json()["notified"] == 1, notice.text
    moved = client.post(f"{BASE}/faults/{fault['id']}/moves", json=quality_faults.EXAMPLES["move"])
    assert moved.json()["state"] == "explained", moved.text
    again = client.post(f"{BASE}/faults/{fault['id']}/moves", json={"action": "confirm"})
    assert (again.status_code, "另一人" in again.text) == (422, True)
    receive(client, 42, SOUND)
    told = client.get(f"{BASE}/faults/{fault['id']}").json()
    assert told["state"] == "corrected"
    assert [(event["action"], event["message"]) for event in told["history"]][-1] == ("correct", 42)
    assert told["history"][-1]["actionTitle"] == "更正"
    assert told["source"].startswith("WS 365")
    assert client.get(f"{BASE}/faults/999999").status_code == 404


def test_scores_ranking_trend_and_report(client: TestClient) -> None:
    receive(client, 1, SOUND)
    receive(client, 2, SOUND | {"gender": "男"}, tenant=OTHER)
    ranking = client.get(f"{BASE}/ranking").json()["institutions"]
    assert [(one["rank"], one["tenant"]) for one in ranking] == [(1, HOSPITAL), (2, OTHER)]
    assert ranking[0]["score"] == 100.0
    assert [one["institution"] for one in ranking] == ["hospital-1", "hospital-2"]
    trend = client.get(f"{BASE}/scores", params={"by": "day", "tenant": OTHER}).json()["scores"]
    assert len(trend) == 1
    assert trend[0]["score"] < 100
    assert client.get(f"{BASE}/scores", params={"by": "beauty"}).status_code == 400
    volume = client.get(f"{BASE}/volume", params={"by": "tenant"}).json()["volume"]
    assert volume == [{"tenant": HOSPITAL, "resources": 1}, {"tenant": OTHER, "resources": 1}]
    book = load_workbook(BytesIO(client.get(f"{BASE}/report.xlsx").content))
    assert book.sheetnames == ["机构排名", "数据类型得分", "规则得分", "每日趋势", "问题明细"]
    details = [[cell.value for cell in row] for row in book["问题明细"].iter_rows()]
    assert "patient-sex-code" in details[1]
    assert not any("王小明" in str(cell) for row in details for cell in row)
    pages = PdfReader(BytesIO(client.get(f"{BASE}/report.pdf").content)).pages
    report = "".join(page.extract_text() for page in pages)
    assert all(words in report for words in ("机构排名", "hospital-1", "每日趋势"))
    text = client.get(f"{BASE}/faults.csv").content.decode("utf-8-sig")
    assert "patient-sex-code" in text.splitlines()[1]


def test_faults_until_a_day_are_those_of_that_day_too(client: TestClient) -> None:
    receive(client, 1, SOUND | {"gender": "男"})
    (fault,) = client.get(f"{BASE}/faults").json()["faults"]
    day = day_of(datetime.fromisoformat(fault["found"]))
    for since, until, found in (("", day, 1), (day, day, 1), ("", days_before(day, 1), 0)):
        listed = client.get(f"{BASE}/faults", params={"since": since, "until": until}).json()["faults"]
        assert len(listed) == found, (since, until)


def test_a_change_is_drafted_tested_activated_published_and_confirmed(client: TestClient) -> None:
    drafted = client.post(f"{BASE}/edits", json=quality.EXAMPLES["edit"])
    assert drafted.status_code == 201, drafted.text
    told = drafted.json()
    assert told["problems"] == []
    wrong = client.post(f"{BASE}/edits", json={"body": {"rule": "patient-birth-old", "parameters": {"within": "9y"}}})
    assert wrong.json()["problems"] == ["patient-birth-old.cases.passed[0]: 结果为 failed"]
    path = f"{BASE}/edits/patient-birth-old/{wrong.json()['version']}/activation"
    assert client.post(path, json={}).status_code == 422
    assert (
        client.post(f"{BASE}/edits/patient-birth-old/{told['version']}/activation", json={}).json()["state"]
        == "active"
    )
    published = client.post(f"{BASE}/standards", json=quality.EXAMPLES["publication"])
    assert published.status_code == 201, published.text
    fetched = client.get(f"{BASE}/standards/1")
    assert "1+1" in {rule["version"] for rule in fetched.json()["rules"]}
    held = {"If-None-Match": fetched.headers["etag"]}
    assert client.get(f"{BASE}/standards/1", headers=held).status_code == 304
    refused = client.post(f"{BASE}/standards/1/receipts", json=quality.EXAMPLES["receipt"])
    assert (refused.status_code, "摘要" in refused.text) == (422, True)
    receive(client, 1, SOUND, tenant=OTHER)
    client.get(f"{BASE}/ranking")
    receipt = quality.EXAMPLES["receipt"] | {"digest": published.json()["digest"]}
    assert client.post(f"{BASE}/standards/1/receipts", json=receipt).json()["confirmed"]
    told = client.get(f"{BASE}/standards/1/receipts").json()
    assert [one["tenant"] for one in told["receipts"]] == [HOSPITAL]
    assert told["missing"] == [OTHER]
    assert client.post(f"{BASE}/standards", json={"note": "第二版"}).json()["number"] == 2
    assert client.get(f"{BASE}/standards/2/changes", params={"since": 1}).json()["changed"] == []
    assert client.post(f"{BASE}/standards/2/withdrawal", json={}).json() == {"withdrawn": True}
    assert [one["number"] for one in client.get(f"{BASE}/standards").json()["standards"]] == [2, 1]


def test_rules_and_their_language_are_listed(client: TestClient) -> None:
    rules = client.get(f"{BASE}/rules", params={"dimension": "timeliness", "kind": "Message"}).json()["rules"]
    assert {"message-clock", "message-delay", "store-silent"} == {rule["id"] for rule in rules}
    language = client.get(f"{BASE}/language").json()
    assert "present" in language["operators"]
    every = client.get(f"{BASE}/rules").json()["rules"]
    assert {kind for rule in every for kind in rule["types"]} - {"*"} <= set(language["kinds"])
    survey = client.post(f"{BASE}/surveys", json=quality_faults.EXAMPLES["survey"])
    assert survey.json()["rules"]["store-duplicate"] == {"checked": 0, "failed": 0}


@pytest.mark.parametrize(
    ("path", "field"),
    [
        ("faults?state=lost", "state"),
        ("faults?tenant=../x", "tenant"),
        ("faults?message=abc", "message"),
        ("scores?since=2026-12-01&until=2026-11-01", "since"),
        ("ranking?dimension=beauty", "dimension"),
    ],
)
def test_a_bad_parameter_is_named(client: TestClient, path: str, field: str) -> None:
    answer = client.get(f"{BASE}/{path}")
    assert answer.status_code == 400
    assert answer.json()["issue"][0]["expression"] == [field]


def test_the_command_checks_a_file(starter_dir: Path, tmp_path: Path) -> None:
    opened(starter_dir, tmp_path).engine.dispose()
    file = tmp_path / "bundle.ndjson"
    bundle = {"resourceType": "Bundle", "entry": [{"resource": SOUND | {"gender": "男"}}]}
    file.write_text(json.dumps(bundle) + "\n" + json.dumps(SOUND) + "\n")
    ran = CliRunner().invoke(app, ["quality", "check", str(file), "--data-dir", str(tmp_path / "data")])
    assert ran.exit_code == 1
    assert "1: Patient/p1 gender [拒收]" in ran.output
    assert "2 messages, 1 would be refused" in ran.output
    shown = CliRunner().invoke(app, ["quality", "rules", "--data-dir", str(tmp_path / "data")])
    assert shown.exit_code == 0
