"""Terminology over HTTP and on the command line: a standard published, a dictionary mapped, codes used at intake."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient
from typer.testing import CliRunner

from api.app import build
from api.cli import app
from api.routes import terms, terms_maps
from api.terms_desk import TermsDesk
from base.tenancy import system
from records.code_intake import CodedFacts
from tests.integration.conftest import opened

BASE = "/api/v1/terms"
KEYS = {"甲": "a" * 32, "乙": "b" * 32}


@pytest.fixture
def client(starter_dir: Path, tmp_path: Path) -> Iterator[TestClient]:
    """A service with two operators, since nobody confirms what they made themselves."""
    keys = [f"{name}:{key}" for name, key in (("jia", KEYS["甲"]), ("yi", KEYS["乙"]))]
    house = opened(starter_dir, tmp_path, api_keys=keys, survey_hour=-1)
    with TestClient(build(house), client=("127.0.0.1", 1)) as made:
        yield made
    house.engine.dispose()


def ask(client: TestClient, method: str, path: str, who: str = "甲", **more: Any) -> Any:
    headers = {"Authorization": f"Bearer {KEYS[who]}"}
    return client.request(method, f"{BASE}/{path}", headers=headers, **more)


@pytest.fixture
def standard(client: TestClient) -> TestClient:
    """A published standard."""
    assert ask(client, "POST", "systems", json=terms.EXAMPLES["system"]).status_code == 201
    drafted = ask(client, "POST", "systems/icd-10-gl/versions", json=terms.EXAMPLES["version"])
    assert drafted.status_code == 201, drafted.text
    own = ask(client, "POST", "systems/icd-10-gl/versions/2.0/activation", json={})
    assert own.status_code == 422
    assert own.json()["issue"][0]["expression"] == ["actor"]
    assert ask(client, "POST", "systems/icd-10-gl/versions/2.0/activation", "乙", json={}).json()["state"] == "active"
    return client


def test_a_standard_is_looked_up_validated_and_exported(standard: TestClient) -> None:
    found = ask(standard, "GET", "lookup", params={"system": "2.16.156.10011.2.3.3.11", "code": "J18.9"}).json()
    assert (found["display"], found["properties"]) == ("肺炎", {"章": "X"})
    assert ask(standard, "GET", "lookup", params={"system": "icd-10-gl", "code": "Q"}).status_code == 404
    wrong = ask(standard, "GET", "validate", params={"system": "icd-10-gl", "code": "I10", "display": "肺炎"}).json()
    assert (wrong["result"], wrong["outcome"]) == (False, "wrong-display")
    listed = ask(standard, "GET", "systems/icd-10-gl/concepts", params={"text": "fy"}).json()["concepts"]
    assert [one["code"] for one in listed] == ["J18.9"]
    made = ask(standard, "GET", "systems/icd-10-gl/export.json").json()
    assert made["resourceType"] == "CodeSystem"
    table = ask(standard, "GET", "systems/icd-10-gl/export.csv")
    again = {"version": "2.1", "name": "icd.csv", "file": b64encode(table.content).decode()}
    assert ask(standard, "POST", "systems/icd-10-gl/versions", json=again).json()["size"] == 2
    changed = {"version": "3.0", "base": "2.1", "concepts": [{"code": "J18.9", "display": "未特指的肺炎"}]}
    assert ask(standard, "POST", "systems/icd-10-gl/versions", json=changed).json()["size"] == 2
    told = ask(standard, "GET", "systems/icd-10-gl/changes", params={"old": "2.1", "new": "3.0"}).json()
    assert [one["new"]["display"] for one in told["changed"]] == ["未特指的肺炎"]


def test_a_value_set_is_published_and_expanded(standard: TestClient) -> None:
    assert ask(standard, "POST", "value-sets", json=terms.EXAMPLES["set"]).status_code == 201
    path = "value-sets/chronic/versions/1/activation"
    assert ask(standard, "POST", path, json={}).status_code == 422
    assert ask(standard, "POST", path, "乙", json={}).json()["state"] == "active"
    made = ask(standard, "GET", "value-sets/chronic/expansion").json()
    assert [one["code"] for one in made["expansion"]["contains"]] == ["I10"]
    params = {"value_set": "urn:yigong:vs:chronic", "code": "J18.9"}
    assert ask(standard, "GET", "validate", params=params).json()["result"] is False


class Kept:
    """A repository that remembers what it was given."""

    def __init__(self) -> None:
        self.resources: list[Any] = []

    def put(
        self, connection: Any, tenant: str, record: Any, resources: Any, *, message: int, at: datetime
    ) -> list[Any]:
        self.resources += resources
        return []

    def remove(self, connection: Any, tenant: str, references: Any, *, message: int, at: datetime) -> list[Any]:
        return []


def land(desk: TermsDesk, *codes: tuple[str, str]) -> list[Any]:
    """Diagnoses of a message as they are stored."""
    kept = Kept()
    sent = [
        {"resourceType": "Condition", "code": {"coding": [{"system": "urn:his:dx", "code": c, "display": d}]}}
        for c, d in codes
    ]
    with system("intake"), desk.engine.begin() as connection:
        CodedFacts(kept, desk.coder).put(connection, desk.league, None, sent, message=1, at=datetime.now(UTC))
    return [resource["code"]["coding"] for resource in kept.resources]


def test_from_an_unmapped_code_to_the_standard_beside_it(standard: TestClient) -> None:
    desk: TermsDesk = standard.app.state.office.terms  # type: ignore[attr-defined]
    land(desk, ("D1", "肺炎"), ("D1", "肺炎"), ("D2", "原发性高血压病"), ("D7", "血压高"))
    codes = ask(standard, "GET", "unmapped").json()["codes"]
    assert [(one["code"], one["seen"]) for one in codes] == [("D1", 2), ("D2", 1), ("D7", 1)]
    pages = [ask(standard, "GET", "unmapped", params={"limit": 2, "offset": at}).json() for at in (0, 2)]
    assert [one["code"] for page in pages for one in page["codes"]] == ["D1", "D2", "D7"]
    assert [page["next"] for page in pages] == [2, None]
    proposed = ask(standard, "POST", "maps/proposals", json=terms_maps.EXAMPLES["proposals"])
    assert proposed.json()["codes"] == 3, proposed.text
    first = ask(standard, "GET", "maps", params={"code": "D1"}).json()["maps"]
    assert ("J18.9", "exact") in {(one["targetCode"], one["method"]) for one in first}
    assert ask(standard, "POST", "maps/sure", json=terms_maps.EXAMPLES["sure"]).json() == {"confirmed": 1}
    assert ask(standard, "POST", "maps", json=terms_maps.EXAMPLES["pair"]).status_code == 201
    decision = {"code": "D7", "targetCode": "I10", "confirmed": True, "equivalence": "inexact"}
    body = terms_maps.EXAMPLES["decisions"] | {"decisions": [decision]}
    assert "提出人以外" in ask(standard, "POST", "maps/decisions", json=body).json()["refused"][0]["problem"]
    assert ask(standard, "POST", "maps/decisions", "乙", json=body).json() == {"decided": 1, "refused": []}
    told = ask(standard, "GET", "translate", params={"system": "urn:his:dx", "code": "D7"}).json()
    assert told["matches"][0]["equivalence"] == "inexact"
    desk.coder._looked = 0.0  # what takes seconds in life
    assert land(desk, ("D1", "肺炎"))[0][1]["code"] == "J18.9"
    assert [one["code"] for one in ask(standard, "GET", "unmapped").json()["codes"]] == ["D2"]
    history = ask(standard, "GET", "maps/history", params={"source": "urn:his:dx", "code": "D7"}).json()["history"]
    assert [(one["actor"], one["state"]) for one in history] == [("jia", "proposed"), ("yi", "confirmed")]
    exported = ask(standard, "GET", "maps/export.json").json()
    assert {e["code"] for group in exported["group"] for e in group["element"]} == {"D1", "D7"}
    assert ask(standard, "GET", "maps/export.csv").text.startswith("\ufeff院内编码")


def test_a_map_comes_in_from_elsewhere_and_waits_for_another_person(standard: TestClient) -> None:
    taken = ask(standard, "POST", "maps/import", json=terms_maps.EXAMPLES["import"])
    assert taken.json() == {"taken": 1, "refused": []}, taken.text
    table = "院内编码,院内名称,标准编码\nD1,肺炎,J18.9\nD2,不存在,Q99\n".encode()
    body = {"name": "map.csv", "file": b64encode(table).decode(), "source": "urn:his:dx", "target": "icd-10-gl"}
    told = ask(standard, "POST", "maps/import", json=body).json()
    assert (told["taken"], len(told["refused"])) == (1, 1)
    assert "没有编码" in told["refused"][0]
    assert ask(standard, "GET", "maps/progress").json()["maps"][0]["counts"] == {"proposed": 2}


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("GET", "maps?state=lost", None, 400),
        ("GET", "validate?code=x", None, 400),
        ("GET", "systems/none/versions", None, 404),
        ("POST", "systems", {"id": "X Y", "uri": "urn:x", "title": "x"}, 422),
        ("POST", "maps/import", {"file": "!", "name": "x.csv", "source": "a", "target": "b"}, 400),
    ],
)
def test_what_is_wrong_is_said(client: TestClient, method: str, path: str, body: Any, status: int) -> None:
    answer = ask(client, method, path, **({} if body is None else {"json": body}))
    assert (answer.status_code, answer.json()["resourceType"]) == (status, "OperationOutcome")


def test_the_command_publishes_and_proposes(starter_dir: Path, tmp_path: Path) -> None:
    opened(starter_dir, tmp_path).engine.dispose()
    data, run = ["--data-dir", str(tmp_path / "data")], CliRunner().invoke
    assert "5 code systems published" in run(app, ["terms", "starter", *data]).output
    assert "0 code systems published" in run(app, ["terms", "starter", *data]).output
    file = tmp_path / "dx.csv"
    file.write_text("编码,名称\nD1,汉族人\nD2,蒙古族\n")
    own = ["--uri", "urn:his:nation", "--title", "院内民族", "--tenant", "league/a/h1"]
    assert "2 codes, a draft" in run(app, ["terms", "import", "his-nation", "--file", str(file), *own, *data]).output
    assert run(app, ["terms", "activate", "his-nation", "--tenant", "league/a/h1", *data]).exit_code == 0
    made = run(app, ["terms", "propose", "urn:his:nation", "--target", "gb-t-3304", "--tenant", "league/a/h1", *data])
    assert "2 codes" in made.output, made.output
    refused = run(app, ["terms", "activate", "nobody", *data])
    assert refused.exit_code == 1
