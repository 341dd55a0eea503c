"""The index of persons over HTTP: looked up by name, decided in the queue, merged and split, by whom it is theirs."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from api.bootstrap import key_ring, who_is_who
from api.cli import app
from clinical.patient import Sex
from clinical.person import Demographics, Document, DocumentKind, check_digit
from records.identity import Match
from tests.integration.staffed import COUNTY, HOSPITAL, LEAGUE, OTHER, Staffed, staffed

PERSONS = "/api/v1/persons"
NOW = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)
CARD = "15250119800512011" + check_digit("15250119800512011")
SECRETS = ("王建军", "李强国", CARD, "13512340001")


@pytest.fixture
def league(starter_dir: Path, tmp_path: Path) -> Iterator[Staffed]:
    made = staffed(starter_dir, tmp_path)
    yield made
    made.client.__exit__(None, None, None)
    made.house.engine.dispose()


def registered(league: Staffed, tenant: str, local_id: str, name: str = "王建军") -> Match:
    given = Demographics(
        name=name,
        sex=Sex.MALE,
        birth="1980-05-12",
        documents=(Document(DocumentKind.ID_CARD, CARD),),
        phones=("13512340001",),
    )
    identity = who_is_who(league.house, key_ring(league.house))
    with identity.engine.begin() as connection:
        return identity.arrive(connection, tenant, local_id, given, at=NOW, source="message/1")


def pair(league: Staffed, manager: dict[str, str]) -> dict[str, Any]:
    """Two hospitals of a county registered one card under two names."""
    registered(league, HOSPITAL, "17")
    registered(league, f"{COUNTY}/h2", "42", "李强国")
    (found,) = league.client.get(f"{PERSONS}/reviews", headers=manager).json()["reviews"]
    return dict(found)


def test_a_doubtful_pair_is_shown_with_both_sides_decided_and_gone(league: Staffed) -> None:
    league.add("wang", COUNTY, "data-manager")
    manager = league.bearer("wang")
    found = pair(league, manager)
    assert found["reason"] == "身份证号一致但姓名明显不同"
    assert {one["patient"]["name"][0]["text"] for one in found["records"]} == {"王建军", "李强国"}
    name = next(one for one in found["fields"] if one["field"] == "name")
    assert (name["title"], name["says"], name["bits"]) == ("姓名", "不同", -9.0)
    decision = f"{PERSONS}/reviews/{found['number']}/decision"
    refused = league.client.post(decision, headers=manager, json={"verdict": "same", "reason": " "})
    assert (refused.status_code, "理由" in refused.text) == (422, True)
    for expected in (200, 409):
        given = {"verdict": "same", "reason": "电话核实，曾用名"}
        assert league.client.post(decision, headers=manager, json=given).status_code == expected
    assert league.client.get(f"{PERSONS}/reviews", headers=manager).json()["reviews"] == []
    numbers = [one["person"] for one in found["records"]]
    whole = league.client.get(f"{PERSONS}/{numbers[1]}", headers=manager).json()
    assert whole["number"] in numbers
    assert {one["tenant"] for one in whole["records"]} == {HOSPITAL, f"{COUNTY}/h2"}
    history = league.client.get(f"{PERSONS}/{whole['number']}/history", headers=manager).json()["events"]
    decided = next(one for one in history if one["act"] == "decided")
    assert (decided["actor"], decided["why"], decided["role"]) == ("wang", "电话核实，曾用名", "data-manager")


def test_persons_are_searched_by_what_is_in_the_body_and_reading_is_audited(league: Staffed) -> None:
    match = registered(league, HOSPITAL, "17")
    league.add("wang", HOSPITAL, "data-manager")
    manager = league.bearer("wang")
    by_name = {"patient": {"name": [{"text": "王建军"}], "gender": "male"}}
    (found,) = league.client.post(f"{PERSONS}/search", headers=manager, json=by_name).json()["persons"]
    assert found["records"][0]["localId"] == "17"
    again = league.client.post(f"{PERSONS}/search", headers=manager, json={"number": found["number"]}).json()
    assert again["persons"] == [found]
    assert [one["subject"] for one in league.audited("person.read")] == [f"person/{match.person}"] * 2
    for wrong, status in (
        ({}, 400),
        ({"patient": {"gender": "male"}}, 422),
        ({"number": "YG1"}, 404),
        ({"x": 1}, 400),
    ):
        assert league.client.post(f"{PERSONS}/search", headers=manager, json=wrong).status_code == status
    nobody = {"patient": {"name": [{"text": "赵敏"}]}}
    assert league.client.post(f"{PERSONS}/search", headers=manager, json=nobody).json() == {"persons": []}


def test_who_need_not_know_sees_masked_names(league: Staffed) -> None:
    registered(league, HOSPITAL, "17")
    league.add("jian", HOSPITAL, "regulator")
    answer = league.client.post(
        f"{PERSONS}/search", headers=league.bearer("jian"), json={"patient": {"name": [{"text": "王建军"}]}}
    )
    assert answer.json()["persons"][0]["records"][0]["patient"]["name"][0]["text"] == "王*军"
    assert all(secret not in answer.text for secret in SECRETS)


def test_other_institutions_see_and_change_nothing_of_it(league: Staffed) -> None:
    first, second = registered(league, HOSPITAL, "17"), registered(league, OTHER, "99")
    assert first.person == second.person
    number = who_is_who(league.house, key_ring(league.house)).number(first.person)
    for name, tenant in (("wang", COUNTY), ("zhao", "league/county-c")):
        league.add(name, tenant, "data-manager")
    wang, zhao = league.bearer("wang"), league.bearer("zhao")
    assert [one["tenant"] for one in league.client.get(f"{PERSONS}/{number}", headers=wang).json()["records"]] == [
        HOSPITAL
    ]
    assert league.client.get(f"{PERSONS}/{number}", headers=zhao).status_code == 404
    taken = {"records": [{"tenant": OTHER, "localId": "99"}], "reason": "误合并"}
    assert league.client.post(f"{PERSONS}/{number}/split", headers=wang, json=taken).status_code == 404
    own = {"records": [{"tenant": HOSPITAL, "localId": "17"}], "reason": "误合并"}
    assert league.client.post(f"{PERSONS}/{number}/split", headers=wang, json=own).status_code == 403
    league.add("root", LEAGUE, "data-manager")
    split = league.client.post(f"{PERSONS}/{number}/split", headers=league.bearer("root"), json=taken)
    assert (split.status_code, split.json()["from"]) == (201, number)


def test_split_and_merge_lead_back_to_one_person(league: Staffed) -> None:
    registered(league, HOSPITAL, "17")
    match = registered(league, HOSPITAL, "18")
    number = who_is_who(league.house, key_ring(league.house)).number(match.person)
    league.add("wang", COUNTY, "data-manager")
    manager = league.bearer("wang")
    taken = {"records": [{"tenant": HOSPITAL, "localId": "18"}], "reason": "误合并"}
    made = league.client.post(f"{PERSONS}/{number}/split", headers=manager, json=taken).json()["number"]
    merged = league.client.post(
        f"{PERSONS}/{number}/merge", headers=manager, json={"retired": made, "reason": "核实"}
    )
    assert merged.json() == {"number": number}
    assert league.client.get(f"{PERSONS}/{made}", headers=manager).json()["number"] == number
    again = league.client.post(f"{PERSONS}/{number}/merge", headers=manager, json={"retired": made, "reason": "核实"})
    assert again.status_code == 422
    assert {one["act"] for one in league.audited("person")} == {"person.split", "person.merge", "person.read"}


def test_only_data_managers_decide(league: Staffed) -> None:
    league.add("yi", HOSPITAL, "clinician")
    doctor = league.bearer("yi")
    assert league.client.get(f"{PERSONS}/reviews", headers=doctor).status_code == 403
    for path, body in (
        ("reviews/1/decision", {"verdict": "same", "reason": "x"}),
        ("YG1/merge", {}),
        ("YG1/split", {}),
    ):
        assert league.client.post(f"{PERSONS}/{path}", headers=doctor, json=body).status_code == 403
    assert league.client.get(f"{PERSONS}/statistics").status_code == 401


def test_statistics_and_weights_are_served_and_name_nobody(league: Staffed) -> None:
    league.add("wang", LEAGUE, "data-manager")
    manager = league.bearer("wang")
    pair(league, manager)
    answer = league.client.get(f"{PERSONS}/statistics?period=month&since=2026-11-01", headers=manager)
    found = answer.json()
    assert (found["persons"], found["records"], found["queue"]) == (2, 2, {"open": 1})
    assert found["growth"] == [{"period": 202611, "persons": 2, "records": 2, "updates": 0}]
    assert "身份证号一致但姓名明显不同" in [one["says"] for one in found["rules"]]
    assert all(secret not in answer.text for secret in SECRETS)
    assert league.client.get(f"{PERSONS}/statistics?since=x", headers=manager).status_code == 400
    assert league.client.get(f"{PERSONS}/weights", headers=manager).json()["idCard"]["same"] == 19.0


def test_the_command_links_and_counts(league: Staffed) -> None:
    registered(league, HOSPITAL, "17")
    folder = str(league.house.settings.data_dir)
    shown = CliRunner().invoke(app, ["persons", "figures", "--json", "--data-dir", folder])
    assert '"persons": 1' in shown.output, shown.output
    assert "1 records" in CliRunner().invoke(app, ["persons", "link", "--data-dir", folder]).output
