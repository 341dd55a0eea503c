"""Patients as they come to a village, a ward, a delivery room, asked about as a hospital does: `vignettes.yaml`."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from fastapi.testclient import TestClient

from api.app import build
from api.bootstrap import House
from clinical.age import YEAR, birth_of
from clinical.coded import china_day

URL = "/api/v1/inference/"
VIGNETTES = yaml.safe_load((Path(__file__).parent / "vignettes.yaml").read_text("utf-8"))


@pytest.fixture(scope="module")
def client(starter: House) -> TestClient:
    return TestClient(build(starter), client=("127.0.0.1", 50000))


def patient(told: dict[str, Any]) -> dict[str, Any]:
    """The vignette as plain JSON; results are of an hour ago."""
    now = datetime.now(UTC)
    time = (now - timedelta(hours=1)).isoformat()
    results = [{"text": n, "value": v, "unit": u, "time": time} for n, v, u in told.get("results", ())]
    drugs = [{"id": f"m{n}", "text": text} for n, text in enumerate(told.get("drugs", ()))]
    born = birth_of(told["years"] * YEAR, china_day(now)).isoformat()
    record = {"id": "1", "sex": told["sex"], "birthDate": born, "allergies": [], "procedures": [], "reports": []}
    record |= {"observations": results, "medications": drugs}
    record |= {} if "note" in told else {"conditions": [{"text": text} for text in told.get("diagnoses", ())]}
    record |= {"weightKg": told["weight"]} if "weight" in told else {}
    return record | ({"pregnancy": {"pregnant": True}} if told.get("pregnant") else {})


def post(client: TestClient, what: str, body: dict[str, Any]) -> dict[str, Any]:
    answer = client.post(URL + what, json=body)
    assert answer.status_code == 200, answer.text
    return answer.json()


def names(found: list[dict[str, Any]]) -> set[str]:
    return {one["name"] for one in found}


@pytest.mark.parametrize("told", [v for v in VIGNETTES if "story" in v], ids=lambda v: v["name"])
def test_what_is_suspected_and_examined(client: TestClient, told: dict[str, Any]) -> None:
    body = {"patient": patient(told), "text": told["story"]}
    suspected = post(client, "diagnoses", body)
    assert told.get("first") in (None, suspected["candidates"][0]["name"])
    assert names(suspected["mustNotMiss"]) >= set(told.get("missed", ()))
    wanted = post(client, "examinations", body)
    assert names(wanted["examinations"]) >= set(told.get("examine", ()))
    assert told.get("foremost") in (None, wanted["examinations"][0]["name"])
    assert names(wanted["contraindicated"]) >= set(told.get("forbidden", ()))
    assert all(one["against"] and "resource" not in one for one in wanted["contraindicated"])
    assert {one["name"] for one in wanted["examinations"] if one.get("against")} >= set(told.get("against", ()))
    assert names(wanted["examinations"]).isdisjoint([*told.get("never", ()), *told.get("forbidden", ())])


@pytest.mark.parametrize("told", [v for v in VIGNETTES if "treat" in v], ids=lambda v: v["name"])
def test_how_it_is_treated(client: TestClient, told: dict[str, Any]) -> None:
    body = {"patient": patient(told), "diagnoses": [told["treat"]], "note": told.get("note", "")}
    (found,) = post(client, "treatments", body | ({"severity": told["severity"]} if "severity" in told else {}))[
        "treatments"
    ]
    options = [option for group in found["groups"] for option in group["options"]]
    for title, state in told.get("options", {}).items():
        states = {option["state"] for option in options if option["title"] == title} or {"absent"}
        assert states == {state}, title
    for title, dose in told.get("doses", {}).items():
        given = [[o["dose"]["value"], o["frequency"]] for o in options if o["title"] == title and o.get("order")]
        assert dose in given, title
    words = "".join(option["title"] + option.get("content", "") for option in options)
    assert told.get("says", "") in words
    assert not [said for said in told.get("silent", ()) if said in words]
