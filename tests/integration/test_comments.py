"""Prescription comment over HTTP: drawn from what was really submitted, judged on paper and on screen, counted."""

from __future__ import annotations

import copy
import json
from base64 import b64encode
from collections.abc import Iterator
from datetime import datetime
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from openpyxl import load_workbook
from starlette.testclient import TestClient
from typer.testing import CliRunner

from api.app import build
from api.cli import app
from api.comments import SPECIALS
from api.dispensary import staff
from api.openapi import EXAMPLES as HOOKS
from api.routes.comments import EXAMPLES, XLSX
from knowledge.snapshot import Snapshot
from records.comment_codes import CODES
from rules.model import Family
from tests.integration.conftest import opened

BASE = "/api/v1/comments"
BY = {"name": "王药师", "role": "pharmacist"}
SPAN = {"since": "2020-01-01", "until": "2100-01-01"}
SUBMITTED: dict[str, Any] = {
    "patient": {
        "id": "P-张三",
        "sex": "男",
        "birthDate": "1960-01-01",
        "conditions": [{"text": "心房颤动"}, {"text": "陈旧结核", "status": "inactive"}],
        "allergies": [],
        "observations": [],
        "medications": [
            {"id": "m1", "text": "华法林钠片", "dose": 2.5, "unit": "mg", "route": "口服", "frequency": "qd"}
        ],
    },
    "institution": "镇卫生院",
    "department": "内科",
    "prescriber": {"name": "李医生", "title": "主治医师", "antimicrobial": "restricted"},
    "visit": "outpatient",
    "orders": [
        {"id": "o1", "text": "甲硝唑片", "dose": 0.4, "unit": "g", "route": "口服", "frequency": "tid", "days": 5},
        {"id": "o2", "text": "0.9%氯化钠注射液", "dose": 100, "unit": "ml", "route": "静脉滴注", "frequency": "qd"},
        {"id": "o3", "text": "注射用泮托拉唑钠", "dose": 40, "unit": "mg", "route": "静脉滴注", "frequency": "qd"},
    ],
    "submit": {"prescription": "RX-1"},
}
HARMLESS = {"id": "o1", "text": "沐舒坦片", "dose": 30, "unit": "mg", "route": "口服", "frequency": "tid", "days": 3}


@pytest.fixture
def client(starter_dir: Path, tmp_path: Path) -> Iterator[TestClient]:
    """A service whose policy stops nothing but what is contraindicated, so that prescriptions are dispensed."""
    house = opened(starter_dir, tmp_path)
    house.settings.policies_dir.mkdir(parents=True, exist_ok=True)
    policy = {"dispensing": {"stops": [{"least": "contraindicated"}]}}
    (house.settings.policies_dir / "default.json").write_text(json.dumps(policy))
    with TestClient(build(house), client=("127.0.0.1", 1)) as made:
        yield made
    house.engine.dispose()


def submit(client: TestClient, **changed: Any) -> str:
    answer = client.post("/api/v1/reviews", json=SUBMITTED | changed).json()
    assert answer["decision"]["dispensable"], answer["decision"]
    return str(answer["id"])


def draw(client: TestClient, **changed: Any) -> dict[str, Any]:
    answer = client.post(f"{BASE}/rounds", json={"name": "11月", "by": BY, "size": 10} | SPAN | changed)
    assert answer.status_code == 201, answer.text
    return answer.json()  # type: ignore[no-any-return]


def worksheet(client: TestClient, found: dict[str, Any]) -> list[dict[str, Any]]:
    return client.get(f"{BASE}/rounds/{found['id']}/worksheet").json()["items"]  # type: ignore[no-any-return]


def judge(client: TestClient, found: dict[str, Any], number: int = 1, **changed: Any) -> Any:
    body = {"by": BY, "version": 1, "result": "合理"} | changed
    return client.post(f"{BASE}/rounds/{found['id']}/items/{number}/judgement", json=body)


def test_a_submitted_prescription_stands_on_the_worksheet_with_what_the_review_found(client: TestClient) -> None:
    review = submit(client)
    (item,) = worksheet(client, draw(client))
    sheet = item["prescription"]
    assert (item["review"], item["prescriber"], item["department"], sheet["number"]) == (
        review,
        "李医生",
        "内科",
        "RX-1",
    )
    assert (sheet["age"][-1], sheet["sex"], sheet["visit"], sheet["diagnoses"]) == ("岁", "男", "门诊", ["心房颤动"])
    metronidazole, saline, pantoprazole = sheet["lines"]
    assert (metronidazole["name"], metronidazole["directions"]) == ("甲硝唑", "0.4 g 口服 tid 5天")
    assert metronidazole["antimicrobial"]
    assert (saline["solvent"], pantoprazole["solvent"], pantoprazole["injection"]) == (True, False, True)
    assert all(line["generic"] for line in sheet["lines"])
    interaction = next(problem for problem in item["suggested"] if problem["code"] == "2-8")
    assert interaction["drug"] == "甲硝唑"
    assert "华法林" in interaction["text"]
    assert item["problems"] == []
    assert "张三" not in json.dumps(item, ensure_ascii=False)


def test_judged_counted_and_closed(client: TestClient) -> None:
    submit(client)
    submit(client, orders=[HARMLESS])
    found = draw(client)
    told = EXAMPLES["judgement"]
    assert judge(client, found, **told).json()["result"] == "不合理"
    assert client.post(f"{BASE}/rounds/{found['id']}/close", json={"by": BY, "version": 1}).status_code == 422
    judged = judge(client, found, 2, amount=18.5, essential=1).json()
    assert (judged["status"], judged["version"], judged["amount"]) == ("judged", 2, 18.5)
    results = client.get(f"{BASE}/rounds/{found['id']}/results").json()
    assert (results["whole"]["share"], results["groups"]["用药不适宜处方"]) == (0.5, 1)
    assert [(line["drug"], line["with_problem"]) for line in results["drugs"]] == [("甲硝唑", 1)]
    indicators = {one["letter"]: one["value"] for one in results["indicators"]}
    assert (indicators["A"], indicators["D"], indicators["F"], indicators["I"]) == (3, 50, 50, 2)
    assert (indicators["K"], indicators["P"]) == (18.5, 50)
    closed = client.post(f"{BASE}/rounds/{found['id']}/close", json={"by": BY, "version": 1})
    assert closed.json()["status"] == "closed"
    assert judge(client, found, 2, version=2).status_code == 422
    listed = client.get(f"{BASE}/rounds").json()["rounds"]
    assert [(one["name"], one["judged"], one["createdBy"]) for one in listed] == [("11月", 2, "王药师")]


def test_two_reviewers_never_judge_one_item(client: TestClient) -> None:
    submit(client)
    found = draw(client, reviewers=["王药师"])
    other = {"name": "赵药师", "role": "pharmacist"}
    assert judge(client, found, by=other).status_code == 409
    assert judge(client, found).status_code == 200
    assert judge(client, found, by=other, version=2).status_code == 409
    assert judge(client, found, version=1).status_code == 409
    assert judge(client, found, by={"name": "主任", "role": "supervisor"}, version=2).status_code == 200


def test_an_item_is_handed_on(client: TestClient) -> None:
    submit(client)
    found = draw(client, reviewers=["王药师"])
    path = f"{BASE}/rounds/{found['id']}/items/1/assignment"
    handed = client.post(path, json={"by": BY, "to": "赵药师", "version": 1}).json()
    assert (handed["assignee"], handed["version"]) == ("赵药师", 2)
    assert judge(client, found, version=2).status_code == 409
    listed = client.get(f"{BASE}/rounds/{found['id']}/worksheet", params={"assignee": "王药师"}).json()
    assert listed["items"] == []


def test_a_worksheet_is_filled_in_elsewhere_and_taken_back(client: TestClient) -> None:
    submit(client)
    submit(client, orders=[HARMLESS])
    found = draw(client)
    path = f"{BASE}/rounds/{found['id']}"
    answer = client.get(f"{path}/worksheet.xlsx")
    assert answer.headers["content-type"] == XLSX
    book = load_workbook(BytesIO(answer.content))
    sheet = book["点评工作表"]
    columns = {cell.value: cell.column for cell in sheet[1]}
    sheet.cell(2, columns["是否合理(0/1)"]).value = 0
    sheet.cell(2, columns["点评人"]).value = "赵药师"
    sheet.cell(2, columns["处方金额"]).value = 36.5
    sheet.cell(3, columns["是否合理(0/1)"]).value = 0
    sheet.cell(3, columns["存在问题(代码)"]).value = "2-5 华法林: 剂量"

    def send() -> Any:
        saved = BytesIO()
        book.save(saved)
        body = {"by": BY, "workbook": b64encode(saved.getvalue()).decode()}
        return client.post(f"{path}/import", json=body).json()

    first = send()
    assert (first["stored"], first["unchanged"]) == (1, 0)
    assert first["errors"] == [{"cell": "O3", "message": "处方中没有药品“华法林”"}]
    sheet.cell(3, columns["存在问题(代码)"]).value = datetime(2026, 2, 5)
    assert send() == {"stored": 1, "unchanged": 1, "errors": []}
    one, two = worksheet(client, found)
    assert one["assignee"] == "赵药师"
    assert {problem["code"] for problem in one["problems"]} == {problem["code"] for problem in one["suggested"]}
    assert (two["assignee"], [problem["code"] for problem in two["problems"]]) == ("王药师", ["2-5"])
    results = load_workbook(BytesIO(client.get(f"{path}/results.xlsx").content))
    assert results.sheetnames[:2] == ["点评工作表", "问题汇总"]
    amounts = {row[0].value: row[2].value for row in results["指标"].iter_rows(min_row=2)}
    assert amounts["K"] == 36.5


def test_what_is_sent_wrong_is_named(client: TestClient) -> None:
    submit(client)
    found = draw(client)

    def refused(path: str, body: Any) -> tuple[int, str]:
        answer = client.post(f"{BASE}/{path}", json=body)
        issue = answer.json()["issue"][0]
        return answer.status_code, issue.get("expression", [""])[0]

    asked = {"name": "x", "by": BY, "size": 1} | SPAN
    assert refused("rounds", asked | {"since": "去年"}) == (400, "since")
    assert refused("rounds", asked | {"method": "猜"}) == (400, "method")
    assert refused("rounds", asked | {"by": {"name": "x", "role": "prescriber"}}) == (400, "by.role")
    assert refused("rounds", asked | {"drugs": ["不存在的药"]}) == (400, "drugs")
    assert refused("rounds", asked | {"kind": "某某专项"}) == (400, "drugs")
    assert refused("rounds", asked | {"size": 0})[0] == 422
    assert refused("rounds", asked)[0] == 422, "all were drawn before"
    importing = f"rounds/{found['id']}/import"
    assert refused(importing, {"by": BY, "workbook": "张三"}) == (400, "workbook")
    assert refused(importing, {"by": BY, "workbook": b64encode(b"x").decode()}) == (400, "workbook")
    assert refused("rounds/x/import", {"by": BY, "workbook": ""})[0] == 404
    assert judge(client, found, 7).status_code == 404
    assert judge(client, found, result="不合理").status_code == 422
    assert client.get(f"{BASE}/rounds/x/results.xlsx").status_code == 404


def test_a_special_is_about_its_drugs(client: TestClient) -> None:
    with_antimicrobial = submit(client)
    harmless = submit(client, orders=[HARMLESS])
    (item,) = worksheet(client, draw(client, kind="抗菌药物专项"))
    assert item["review"] == with_antimicrobial
    (item,) = worksheet(client, draw(client, kind="氨溴索专项", drugs=["氨溴索"]))
    assert item["review"] == harmless
    assert item["prescription"]["lines"][0]["generic"] is False, "a brand alone"


def test_a_stay_is_drawn_as_one(client: TestClient) -> None:
    stay = {"visit": "inpatient", "admitted": "2026-11-01"}
    submit(client, **stay)
    submit(client, **stay, orders=[HARMLESS])
    found = draw(client, kind="医嘱")
    (item,) = worksheet(client, found)
    assert len(item["prescription"]["lines"]) == 4
    assert client.get(f"{BASE}/rounds/{found['id']}/results").json()["enough"] is True


def signed(orders: list[dict[str, Any]] | None = None) -> dict[str, Any]:
    body = copy.deepcopy(HOOKS["order-sign"])
    if orders is not None:
        body["context"]["draftOrders"]["entry"] = [{"resource": order} for order in orders]
    return body  # type: ignore[no-any-return]


def test_a_hospital_that_only_calls_hooks_has_its_signed_orders_commented_on(client: TestClient) -> None:
    for _ in range(2):
        assert client.post("/cds-services/yigong-order-sign", json=signed()).status_code == 200
    submit(client)
    assert client.app.state.front.reviewer.journal.flush()  # type: ignore[attr-defined]
    (item,) = worksheet(client, draw(client, source="journal"))
    assert [line["name"] for line in item["prescription"]["lines"]] == ["布洛芬"]
    assert item["prescription"]["diagnoses"] == ["心房颤动"]
    assert "2-8" in {problem["code"] for problem in item["suggested"]}
    assert all("【" not in problem["text"] for problem in item["suggested"])


def test_what_was_submitted_through_a_hook_or_as_a_bundle_is_read_whole(client: TestClient) -> None:
    body = copy.deepcopy(HOOKS["order-sign"])
    order = body["context"].pop("draftOrders")["entry"][0]["resource"]
    order["medicationCodeableConcept"] = {"text": "沐舒坦片"}
    body["hook"] = "medication-verify"
    body["context"]["medications"] = {"resourceType": "Bundle", "entry": [{"resource": order}]}
    body["extension"] = {"cn.yigong.submit": {"prescription": "RX-9"}}
    answer = client.post("/cds-services/yigong-medication-verify", json=body).json()
    assert answer["extension"]["cn.yigong.review"]["decision"]["dispensable"]
    bundle = {
        "resourceType": "Bundle",
        "identifier": {"value": "RX-10"},
        "entry": [{"resource": resource} for resource in (body["prefetch"]["patient"], order)],
    }
    assert client.post("/api/v1/reviews", json=bundle).json()["decision"]["dispensable"]
    assert client.app.state.front.reviewer.journal.flush()  # type: ignore[attr-defined]
    hooked, bundled = worksheet(client, draw(client))
    assert hooked["prescription"]["diagnoses"] == ["心房颤动"], "the queue keeps the context, the journal the rest"
    assert hooked["prescription"]["age"] == bundled["prescription"]["age"] != ""
    assert bundled["prescription"]["number"] == "RX-10"
    assert draw(client, again=True)["unreadable"] == 0


def test_only_those_on_the_list_comment_and_only_where_they_cover(client: TestClient, tmp_path: Path) -> None:
    file = tmp_path / "staff.json"
    members = {
        "王药师": {"role": "pharmacist", "institutions": ["县医院"]},
        "赵药师": {"role": "pharmacist", "institutions": ["镇卫生院"]},
        "李医生": {"role": "prescriber"},
    }
    file.write_text(json.dumps(members))
    client.app.state.office.comments._staff = staff(file)  # type: ignore[attr-defined]
    submit(client)
    mine = {"name": "赵药师", "role": "pharmacist"}
    asked = {"name": "x", "by": BY, "size": 1, "institutions": ["镇卫生院"]} | SPAN
    assert client.post(f"{BASE}/rounds", json=asked).status_code == 403
    everywhere = asked | {"by": mine, "institutions": []}
    assert client.post(f"{BASE}/rounds", json=everywhere).status_code == 403, "the whole league is not theirs"
    found = draw(client, by=mine, institutions=["镇卫生院"])
    assert judge(client, found).status_code == 403
    assert judge(client, found, by={"name": "李医生", "role": "pharmacist"}).status_code == 403
    assert judge(client, found, by={"name": "赵药师", "role": "supervisor"}).status_code == 403, "not their role"
    assert judge(client, found, by=mine).status_code == 200


def test_callers_must_prove_who_they_are(starter_dir: Path, tmp_path: Path) -> None:
    house = opened(starter_dir, tmp_path, api_keys=["pharmacy:secret"])
    with TestClient(build(house)) as stranger:
        for path in ("codes", "rounds", "rounds/x/worksheet", "rounds/x/results.xlsx"):
            assert stranger.get(f"{BASE}/{path}").status_code == 401
        for path in ("rounds", "rounds/x/import", "rounds/x/close", "rounds/x/items/1/judgement"):
            assert stranger.post(f"{BASE}/{path}", json={}).status_code == 401
    house.engine.dispose()


def test_codes_and_kinds_are_told_and_the_description_holds(client: TestClient) -> None:
    told = client.get(f"{BASE}/codes").json()
    assert len(told["codes"]) == 28
    assert told["kinds"][:3] == ["普通处方", "医嘱", "围手术期"]
    described = client.get("/openapi.json").json()
    body = described["paths"][f"{BASE}/rounds"]["post"]["requestBody"]["content"]["application/json"]
    assert "$ref" not in json.dumps(body)
    submit(client)
    now = {"since": "2020-01-01", "until": "2100-01-01"}
    assert client.post(f"{BASE}/rounds", json=body["example"] | now).status_code == 201


def test_specials_are_in_the_release(snapshot: Snapshot) -> None:
    for concepts in SPECIALS.values():
        assert [c for c in concepts if snapshot.concept(c) is None] == []


def test_every_family_that_suggests_something_exists() -> None:
    from base.plugins import discover
    from records.comment_codes import _OF_FAMILY, _OF_RULE

    families = set(discover("rules.families", "FAMILY", Family))
    assert set(_OF_FAMILY) <= families
    assert {rule.partition(":")[0] for rule in _OF_RULE} <= families
    assert set(_OF_FAMILY.values()) | set(_OF_RULE.values()) <= set(CODES)


def test_the_command_draws_counts_and_writes(client: TestClient, tmp_path: Path) -> None:
    submit(client)
    data, out = str(tmp_path / "data"), tmp_path / "r.xlsx"
    span = ["--since", "2020-01-01", "--until", "2100-01-01"]
    run = CliRunner().invoke
    assert run(app, ["comments", "results", "--data-dir", data]).exit_code == 1, "nothing was drawn yet"
    drawn = run(app, ["comments", "sample", "--size", "5", "--seed", "s", *span, "--data-dir", data])
    assert drawn.exit_code == 0, drawn.output
    found = client.get(f"{BASE}/rounds").json()["rounds"][0]
    assert (found["seed"], found["sampled"]) == ("s", 1)
    assert run(app, ["comments", "results", found["id"], "--data-dir", data]).exit_code == 0
    assert run(app, ["comments", "export", "--out", str(out), "--data-dir", data]).exit_code == 0
    assert "指标" in load_workbook(out).sheetnames
    assert run(app, ["comments", "sample", "--since", "去年", "--data-dir", data]).exit_code == 1


def test_days_are_chinese_days(client: TestClient) -> None:
    submit(client)
    found = draw(client, since="2026-01-01")
    assert found["since"] == "2025-12-31T16:00:00+00:00"
