"""Record QC over HTTP and on the command line: a record from the check to the statistics."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import Any

import msgspec
import pytest
from openpyxl import load_workbook
from pypdf import PdfReader
from starlette.testclient import TestClient
from typer.testing import CliRunner

from api.app import build
from api.bootstrap import key_ring
from api.cli import app
from api.record_qc_desk import RecordQcDesk, Result
from api.record_runs import Job, Mark, of_file, run
from api.routes import record_qc, record_qc_figures
from base.tenancy import system
from supervision.record_qc.reports import Query
from tests.integration.conftest import opened
from tests.integration.staffed import CLINIC, COUNTY, HOSPITAL, OTHER, Staffed, staffed

BASE = "/api/v1/qc"
EXAMPLE = record_qc.EXAMPLES["record"]
PERIOD = {"since": "2026-11-01", "until": "2026-11-30"}


@contextmanager
def serving(starter_dir: Path, folder: Path) -> Iterator[TestClient]:
    house = opened(starter_dir, folder, survey_hour=-1)
    with TestClient(build(house), client=("127.0.0.1", 1)) as made:
        yield made
    house.engine.dispose()


@pytest.fixture
def client(starter_dir: Path, tmp_path: Path) -> Iterator[TestClient]:
    with serving(starter_dir, tmp_path) as made:
        yield made


@pytest.fixture(scope="module")
def reader(starter_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    """A service in which nothing is kept, for tests that keep nothing."""
    with serving(starter_dir, tmp_path_factory.mktemp("reader")) as made:
        yield made


@pytest.fixture
def staff(starter_dir: Path, tmp_path: Path) -> Iterator[Staffed]:
    made = staffed(starter_dir, tmp_path)
    yield made
    made.client.__exit__(None, None, None)
    made.house.engine.dispose()


def found(answer: dict[str, Any], check: str) -> list[dict[str, Any]]:
    return [defect for defect in answer["defects"] if defect["check"] == check]


def test_a_record_is_checked_without_being_kept(reader: TestClient) -> None:
    answer = reader.post(f"{BASE}/records", json=EXAMPLE | {"store": False})
    assert answer.status_code == 200, answer.text
    told = answer.json()
    (late,) = found(told, "first-course-late")
    assert late["place"] == {"document": "doc-2"}
    assert late["source"].endswith("第二十二条(一)")
    assert late["mend"]
    (complaint,) = found(told, "admission-note-complaint-duration")
    assert complaint["place"]["quote"] == "反复胸闷、气促"
    assert {"check": "admission-note-signature", "needed": "入院记录的签名"} not in told["gaps"]
    assert told["failed"] == []
    assert told["score"]["points"] < 100
    assert reader.get(f"{BASE}/reports").json()["reports"] == []


def test_a_report_is_kept_once_and_explains_its_score(client: TestClient) -> None:
    made = client.post(f"{BASE}/records", json=EXAMPLE)
    assert made.status_code == 201, made.text
    again = client.post(f"{BASE}/records", json=EXAMPLE)
    assert (again.status_code, again.json()["report"]) == (200, made.json()["report"])
    (listed,) = client.get(f"{BASE}/reports", params=PERIOD | {"department": "心内科"}).json()["reports"]
    one = client.get(f"{BASE}/reports/{listed['id']}").json()
    scoring = one["scoring"]
    assert scoring["points"] == one["score"] == scoring["of"] - sum(item["lost"] for item in scoring["items"])
    assert {d["check"] for d in one["defects"]} == {d["check"] for d in scoring["deductions"]}
    places = [
        place for d in one["defects"] for place in (d.get("place", {}), *d.get("others", ())) if "document" in place
    ]
    kinds = {d["id"]: d["kind"] for d in EXAMPLE["record"]["documents"]}
    assert places, "people read which document is meant, not its number"
    assert all(place["called"].startswith(kinds[place["document"]]) for place in places)
    assert client.get(f"{BASE}/reports", params={"grade": "甲级", "check": "no-such"}).json()["reports"] == []
    assert client.get(f"{BASE}/reports/999999").status_code == 404


def test_while_a_document_is_written_only_it_is_judged(reader: TestClient) -> None:
    running = json.loads(json.dumps(EXAMPLE["record"]))
    del running["visit"]["discharged"]
    running["documents"].append(
        {"id": "doc-3", "kind": "日常病程记录", "sections": [{"text": "患者××，一般情况可。"}]}
    )
    body = {"record": running, "stage": "writing", "writing": "doc-3"}
    told = reader.post(f"{BASE}/records", json=body).json()
    assert {d["place"]["document"] for d in told["defects"] if "place" in d} == {"doc-3"}
    assert found(told, "wording-placeholder")
    assert "score" not in told
    refused = reader.post(f"{BASE}/records", json=body | {"writing": "doc-9"})
    assert (refused.status_code, refused.json()["issue"][0]["expression"]) == (400, ["writing"])
    assert reader.post(f"{BASE}/records", json=body | {"store": True}).status_code == 422


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "body"),
        ({"record": {"id": "x"}}, "record"),
        ({"record": {"id": "x", "kind": "住院"}}, "record.kind"),
        (
            {"record": {"id": "x", "kind": "住院病历", "documents": [{"id": "d", "kind": "随笔"}]}},
            "record.documents[0].kind",
        ),
        ({"record": {"id": "x", "kind": "住院病历", "visit": {"admitted": "昨天"}}}, "record.visit.admitted"),
        ({"record": {"id": "x", "kind": "住院病历", "visits": {}}}, "record"),
    ],
)
def test_a_misshapen_record_is_refused_with_the_field(reader: TestClient, body: dict[str, Any], field: str) -> None:
    answer = reader.post(f"{BASE}/records", json=body)
    assert answer.status_code == 400
    assert answer.json()["issue"][0]["expression"] == [field]


def test_from_appeal_to_decision_between_two_people(staff: Staffed) -> None:
    staff.add("zhang", HOSPITAL, "clinician")
    staff.add("qc", HOSPITAL, "quality-controller")
    doctor, reviewer = staff.bearer("zhang"), staff.bearer("qc")
    kept = staff.client.post(f"{BASE}/records", json=EXAMPLE, headers=doctor)
    assert kept.status_code == 201, kept.text
    listed = staff.client.get(f"{BASE}/defects", params={"check": "first-course-late"}, headers=doctor).json()
    (defect,) = listed["defects"]
    path = f"{BASE}/defects/{defect['id']}"
    move = record_qc.EXAMPLES["move"] | {"revision": defect["revision"]}
    appealed = staff.client.post(f"{path}/moves", json=move, headers=doctor)
    assert appealed.json()["state"] == "appealed", appealed.text
    decide = {"action": "withdraw", "reason": "属实", "revision": appealed.json()["revision"]}
    assert staff.client.post(f"{path}/moves", json=decide, headers=doctor).status_code == 403
    late = staff.client.post(f"{path}/moves", json=decide | {"revision": 1}, headers=reviewer)
    assert late.status_code == 409
    assert staff.client.post(f"{path}/moves", json=decide, headers=reviewer).json()["state"] == "withdrawn"
    told = staff.client.get(path, headers=reviewer).json()
    assert [event["action"] for event in told["history"]] == ["find", "appeal", "withdraw"]
    before = kept.json()["score"]["points"]
    (report,) = staff.client.get(f"{BASE}/reports", headers=reviewer).json()["reports"]
    assert (report["firstScore"], report["score"]) == (before, before + 2)
    assert {e["act"] for e in staff.audited()} >= {"qc.report.keep", "qc.defect.appeal", "qc.defect.withdraw"}


def test_institutions_see_their_own_and_regulators_no_words_of_records(staff: Staffed) -> None:
    staff.add("zhang", HOSPITAL, "clinician")
    staff.add("other", OTHER, "quality-controller")
    staff.add("county", COUNTY, "regulator")
    report = staff.client.post(f"{BASE}/records", json=EXAMPLE, headers=staff.bearer("zhang")).json()["report"]
    other, county = staff.bearer("other"), staff.bearer("county")
    assert staff.client.get(f"{BASE}/reports/{report}", headers=other).status_code == 404
    assert staff.client.get(f"{BASE}/reports", headers=other).json()["reports"] == []
    assert staff.client.get(f"{BASE}/reports", params={"tenant": HOSPITAL}, headers=other).status_code == 403
    elsewhere = EXAMPLE | {"tenant": OTHER}
    assert staff.client.post(f"{BASE}/records", json=elsewhere, headers=staff.bearer("zhang")).status_code == 403
    told = staff.client.get(f"{BASE}/reports/{report}", headers=county)
    assert told.status_code == 200
    assert told.json()["defects"]
    assert "胸闷" not in told.text
    assert staff.client.post(f"{BASE}/records", json=EXAMPLE, headers=county).status_code == 403


def test_a_scheme_of_the_county_holds_for_its_hospitals(staff: Staffed) -> None:
    staff.add("lead", COUNTY, "quality-controller")
    staff.add("zhang", CLINIC, "clinician")
    lead, doctor = staff.bearer("lead"), staff.bearer("zhang")
    made = staff.client.post(f"{BASE}/schemes", json=record_qc_figures.EXAMPLES["scheme"], headers=lead)
    assert made.status_code == 201, made.text
    assert staff.client.get(f"{BASE}/schemes/active", headers=doctor).json()["id"] == f"{COUNTY}#1"
    wrong = {"scheme": made.json()["scheme"] | {"changes": {"no-such-check": {}}}}
    refused = staff.client.post(f"{BASE}/schemes", json=wrong, headers=lead)
    assert (refused.status_code, "no-such-check" in refused.text) == (422, True)
    assert staff.client.post(f"{BASE}/schemes", json=wrong, headers=doctor).status_code == 403
    done = staff.client.post(f"{BASE}/schemes/1/withdrawal", json={}, headers=lead)
    assert done.json() == {"withdrawn": True}
    ids = [one["id"] for one in staff.client.get(f"{BASE}/schemes", headers=lead).json()["schemes"]]
    assert ids == [f"{COUNTY}#1", "shipped"]


def test_statistics_national_indicators_and_the_workbook(client: TestClient) -> None:
    client.post(f"{BASE}/records", json=EXAMPLE)
    rows = client.get(f"{BASE}/statistics", params=PERIOD | {"by": "department,doctor"}).json()["rows"]
    assert [(row["科室"], row["医师"], row["病历数"]) for row in rows] == [("心内科", "D07", 1)]
    counted = client.get(f"{BASE}/statistics", params={"of": "defects", "by": "check"}).json()["rows"]
    assert {"first-course-late", "admission-note-complaint-duration"} <= {row["检查项目"] for row in counted}
    lines = client.get(f"{BASE}/statistics.csv", params={"of": "defects", "by": "doctor"}).content.decode("utf-8-sig")
    assert lines.splitlines()[0].startswith("医师,缺陷数")
    pages = client.get(f"{BASE}/statistics.pdf", params=PERIOD | {"by": "department,doctor"})
    text = PdfReader(BytesIO(pages.content)).pages[0].extract_text()
    assert all(words in text for words in (PERIOD["since"], "心内科", "D07", "平均分"))
    assert client.get(f"{BASE}/statistics", params={"by": "beauty"}).status_code == 422
    assert client.get(f"{BASE}/statistics", params={"of": "beauty"}).status_code == 400
    posted = [
        client.post(f"{BASE}/{name}", json=record_qc_figures.EXAMPLES[key])
        for name, key in (("assessments", "assessment"), ("staffing", "staffing"))
    ]
    assert [one.status_code for one in posted] == [200, 200]
    indicators = {one["number"]: one for one in client.get(f"{BASE}/national", params=PERIOD).json()["indicators"]}
    assert len(indicators) == 27
    assert (indicators[4]["value"], indicators[22]["value"], indicators[3]["value"]) == (100.0, 0.0, 0.5)
    assert indicators[7]["value"] is None
    assert indicators[7]["note"]
    (behind,) = client.get(f"{BASE}/national/national-04/records", params=PERIOD).json()["records"]
    assert (behind["record"], behind["part"]) == ("ZY20261101001", "yes")
    assert client.get(f"{BASE}/national").status_code == 400
    book = load_workbook(BytesIO(client.get(f"{BASE}/statistics.xlsx", params=PERIOD).content))
    assert "国家病案质控指标" in book.sheetnames
    assert not any("胸闷" in str(cell.value) for sheet in book for row in sheet.iter_rows() for cell in row)


def test_the_catalogue_names_source_and_mending_of_every_check(reader: TestClient) -> None:
    told = reader.get(f"{BASE}/checks").json()
    assert len(told["checks"]) >= 30
    assert all(check["source"] and check["mend"] and check["title"] for check in told["checks"])
    assert told["states"]["withdrawn"] == "申诉通过，已撤销"


def test_the_example_is_a_record_in_the_words_of_the_model() -> None:
    body = msgspec.convert(EXAMPLE, record_qc.RecordBody, strict=False)
    assert body.record.documents[0].sections[0].title == "主诉"


# -- the command -----------------------------------------------------------------------------


def ran(*arguments: str, data: Path) -> Any:
    return CliRunner().invoke(app, ["qc", *arguments, "--data-dir", str(data)])


def test_the_command_checks_a_file_and_names_what_it_cannot_read(starter_dir: Path, tmp_path: Path) -> None:
    opened(starter_dir, tmp_path).engine.dispose()
    data, file = tmp_path / "data", tmp_path / "records.ndjson"
    file.write_text(f"{json.dumps(EXAMPLE['record'])}\n{json.dumps(EXAMPLE['record'] | {'kind': '住院'})}\n", "utf-8")
    found_ = ran(str(file), data=data)
    assert found_.exit_code == 1
    assert "ZY20261101001 doc-2" in found_.output
    assert "first-course-late" in found_.output
    assert "line 2: kind" in found_.output
    file.write_text(json.dumps(EXAMPLE["record"]), "utf-8")
    kept = ran(str(file), "--keep", data=data)
    assert "1 records, 1 new reports" in kept.output
    assert "1 records, 0 new reports" in ran(str(file), "--keep", data=data).output
    assert ran(data=data).exit_code == 2
    assert "0 records" in ran("--stored", data=data).output


def test_a_run_that_was_stopped_goes_on_where_it_was(starter_dir: Path, tmp_path: Path) -> None:
    house = opened(starter_dir, tmp_path)
    desk = RecordQcDesk(house.engine, key_ring(house), house.settings.league, lambda: None)
    file, done = tmp_path / "records.ndjson", []
    lines = [json.dumps(EXAMPLE["record"] | {"id": f"R-{n}"}) for n in range(50)]
    file.write_text("\n".join(lines), "utf-8")

    def after(job: Job, made: Result) -> None:
        done.append(job.record.id)
        if len(done) == 45:
            raise KeyboardInterrupt

    mark = Mark(tmp_path / "marks", "test")
    with system("test"), pytest.raises(KeyboardInterrupt):
        run(desk, of_file(file, "league", mark.place), True, mark, "test", after)
    assert mark.place == "40"
    with system("test"):
        tally = run(desk, of_file(file, "league", mark.place), True, mark, "test", lambda job, made: None)
        assert (tally.records, tally.new) == (10, 5)
        assert desk.reports.count(Query()) == 50
    assert mark.place == ""
    house.engine.dispose()
