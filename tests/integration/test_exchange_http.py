"""Hospitals send messages over HTTP; operators follow and repair them."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from api.bootstrap import key_ring
from api.intake import worker
from tests.exchange_site import bundle
from tests.integration.staffed import CLINIC, HOSPITAL, OTHER, Staffed, staffed

FHIR = {"Content-Type": "application/fhir+json"}
SEND, OPERATE = ("exchange.send",), ("exchange.send", "exchange.read", "exchange.replay", "record.read")


@pytest.fixture
def league(starter_dir: Path, tmp_path: Path) -> Iterator[Staffed]:
    made = staffed(starter_dir, tmp_path)
    made.add("somebody", HOSPITAL)  # from now on nobody is recognised by sitting at the machine
    yield made
    made.client.__exit__(None, None, None)
    made.house.engine.dispose()


@pytest.fixture
def his(league: Staffed) -> dict[str, str]:
    """Headers of a hospital's system that may send, read and replay."""
    secret = league.machine("his", HOSPITAL, permissions=frozenset(OPERATE))
    return league.token("his", secret) | FHIR


def work(league: Staffed) -> None:
    worker(league.house, key_ring(league.house)).drain()


def send(league: Staffed, headers: dict[str, str], raw: bytes, query: str = "", standard: str = "fhir") -> Any:
    return league.client.post(f"/api/v1/exchange/{standard}{query}", content=raw, headers=headers)


def test_a_message_is_taken_followed_and_known_again(league: Staffed, his: dict[str, str]) -> None:
    taken = send(league, his, bundle("m1", "p1", "o1"))
    assert taken.status_code == 202
    assert taken.json()["state"] == "waiting"
    work(league)
    again = send(league, his, bundle("m1", "p1", "o1"))
    assert (again.status_code, again.json()["state"], again.json()["duplicate"]) == (200, "done", True)
    told = league.client.get(taken.json()["trace"], headers=his).json()
    assert [fact["resource"] for fact in told["facts"]] == ["Patient/p1", "Observation/o1"]
    assert (told["tenant"], told["institution"]) == (HOSPITAL, "h1")
    assert told["source"] == "his"
    numbered = f"/api/v1/exchange/messages/{told['number']}"
    assert league.client.get(numbered, headers=his).json()["id"] == told["id"]
    assert league.client.get(f"{numbered}/content", headers=his).content == bundle("m1", "p1", "o1")
    assert league.client.get("/api/v1/exchange/messages/999999", headers=his).status_code == 404
    assert send(league, his, bundle("m1", "p1", "o2")).status_code == 409


def test_hl7_v2_is_taken_as_it_is(league: Staffed, his: dict[str, str]) -> None:
    raw = "MSH|^~\\&|HIS|H|Y|H|20260501080000||ADT^A28|17|P|2.4\rEVN||20260501080000\rPID|1||p1^^^H^MR||赵测试||19800512|F\r"
    taken = send(league, his | {"Content-Type": "application/hl7-v2"}, raw.encode("gb18030"), standard="hl7v2")
    assert taken.status_code == 202, taken.text
    work(league)
    told = league.client.get(taken.json()["trace"], headers=his).json()
    assert told["state"] == "done", told["dead"]


def test_a_client_sends_for_its_own_hospital_and_what_is_below_and_for_no_other(
    league: Staffed, his: dict[str, str]
) -> None:
    assert send(league, his, bundle("m1"), f"?tenant={CLINIC}").status_code == 202
    for other in (OTHER, "league", "league/county-a"):
        refused = send(league, his, bundle("m2"), f"?tenant={other}")
        assert refused.status_code == 403, refused.text
    secret = league.machine("reader", HOSPITAL, permissions=frozenset({"exchange.read"}))
    assert send(league, league.token("reader", secret) | FHIR, bundle("m3")).status_code == 403
    assert send(league, FHIR, bundle("m4")).status_code == 401


def test_messages_of_one_hospital_are_not_seen_from_another(league: Staffed, his: dict[str, str]) -> None:
    taken = send(league, his, b"nonsense").json()
    work(league)
    secret = league.machine("elsewhere", OTHER, permissions=frozenset(OPERATE))
    there = league.token("elsewhere", secret)
    assert league.client.get(taken["trace"], headers=there).status_code == 404
    assert league.client.get(f"{taken['trace']}/content", headers=there).status_code == 404
    assert league.client.get("/api/v1/exchange/dead", headers=there).json()["messages"] == []
    done = league.client.post(f"{taken['trace']}/replay", json={"why": "mine now"}, headers=there)
    assert done.status_code == 404
    body = {"why": "all of them", "reason": "unreadable"}
    assert league.client.post("/api/v1/exchange/replays", json=body, headers=there).json() == {"replayed": 0}


def test_what_was_given_up_is_listed_corrected_and_settled(league: Staffed, his: dict[str, str]) -> None:
    first, second = send(league, his, b"no json").json(), send(league, his, b"none either").json()
    work(league)
    dead = league.client.get("/api/v1/exchange/dead?reason=unreadable", headers=his).json()
    assert {m["id"] for m in dead["messages"]} == {first["id"], second["id"]}
    assert dead["messages"][0]["dead"]["title"] == "报文内容有误"
    spoilt = league.client.get(f"{first['trace']}/content", headers=his)
    assert spoilt.content == b"no json"
    given = {"why": "重发", "content": b64encode(bundle("m1", "p1", "o1")).decode()}
    url = f"{first['trace']}/correction"
    assert league.client.post(url, json=given | {"why": " "}, headers=his).status_code == 400
    assert league.client.post(url, json=given, headers=his).status_code == 200
    assert (
        league.client.post(f"{second['trace']}/close", json={"why": "作废"}, headers=his).json()["state"] == "closed"
    )
    work(league)
    assert league.client.get(first["trace"], headers=his).json()["state"] == "done"
    again = league.client.post(f"{first['trace']}/replay", json={"why": "again"}, headers=his)
    assert again.status_code == 409
    assert league.client.post(f"{first['trace']}/replay", json={"why": " "}, headers=his).status_code == 400


def test_figures_say_what_came_what_waits_and_what_was_given_up(league: Staffed, his: dict[str, str]) -> None:
    send(league, his, bundle("m1", "p1", "o1"))
    send(league, his, b"no json")
    work(league)
    send(league, his, bundle("m2", "p2"))
    told = league.client.get("/api/v1/exchange/figures", headers=his).json()
    counted = {(row["state"]): row["count"] for row in told["messages"]}
    assert counted == {"done": 1, "dead": 1, "waiting": 1}
    assert told["dead"][0]["reason"] == "unreadable"
    assert told["waiting"] == 1
    assert told["oldestWaiting"]
    listed = league.client.get("/api/v1/exchange/messages?state=done", headers=his).json()["messages"]
    assert [(m["messageId"], m["institution"]) for m in listed] == [("m1", "h1")]


def test_what_is_sent_and_looked_at_is_in_the_audit_and_no_name_is(league: Staffed, his: dict[str, str]) -> None:
    taken = send(league, his, bundle("m1", "p1", "o1")).json()
    league.client.get(f"{taken['trace']}/content", headers=his)
    told = league.audited("exchange")
    assert [(e["act"], e["subject"], e["actor"]) for e in reversed(told)] == [
        ("exchange.send", f"message/{taken['id']}", "his"),
        ("exchange.content", f"message/{taken['id']}", "his"),
    ]
    assert "欧阳" not in str(league.audited())


@pytest.mark.parametrize(
    ("query", "standard", "kind", "raw", "status"),
    [
        ("", "fhir", "text/plain", b"{}", 415),
        ("", "fhir", "application/x-www-form-urlencoded", b"{}", 415),
        ("", "dicom", "application/json", b"{}", 404),
        ("", "fhir", "application/json", b"  ", 400),
        ("?id=" + "x" * 201, "fhir", "application/json", b"{}", 400),
        ("?tenant=..", "fhir", "application/json", b"{}", 403),
    ],
)
def test_what_cannot_be_taken_is_told(
    league: Staffed, his: dict[str, str], query: str, standard: str, kind: str, raw: bytes, status: int
) -> None:
    assert send(league, his | {"Content-Type": kind}, raw, query, standard).status_code == status


def test_a_busy_store_asks_to_send_again(league: Staffed, his: dict[str, str]) -> None:
    league.client.app.state.office.intake._backlog = 0  # type: ignore[attr-defined]
    told = send(league, his, bundle("m1"))
    assert told.status_code == 503
    assert int(told.headers["retry-after"]) > 0
