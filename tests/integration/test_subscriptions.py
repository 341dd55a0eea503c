"""Hospitals are told of what is new: over HTTP, by a real receiver, in order, once it takes it, and only what it may
know."""

from __future__ import annotations

import hmac
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import orjson
import pytest
from sqlalchemy import select, update

from api.bootstrap import key_ring
from api.intake import worker
from api.outbound import deliverer
from api.watching import Watcher
from base import clients
from base.audit import AuditLog, search
from base.tenancy import system
from exchange import delivery
from exchange.delivery import Deliverer
from exchange.outbound import events, subscriptions
from records.consent import Consents, Wishes
from records.identity import Identity
from records.privacy import Category
from records.registry import ORGANISATION, PRACTITIONER, Registry
from tests.integration.staffed import COUNTY, HOSPITAL, OTHER, Staffed, staffed

SECRET = "hospital-and-league"
CARD = "150102198005120026"
RIGHTS = ("exchange.send", "exchange.read", "record.read", "record.write", "person.read", "person.identify")


class Received(NamedTuple):
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return orjson.loads(self.body)

    @property
    def event(self) -> int:
        return int(self.headers["X-Yigong-Event"])


class Receiver:
    """A hospital's own server. ``answers`` are the next status codes; afterwards it takes everything."""

    def __init__(self) -> None:
        self.got: list[Received] = []
        self.answers: list[int] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                outer.got.append(Received(dict(self.headers), body))
                self.send_response(outer.answers.pop(0) if outer.answers else 200)
                self.end_headers()

            def log_message(self, *_: Any) -> None: ...

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/told"
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    def values(self) -> list[Any]:
        return [one.json["valueQuantity"]["value"] for one in self.got]


class Net:
    """An installation with two hospitals' machines, a worker at hand, and a receiver."""

    def __init__(self, made: Staffed, receiver: Receiver) -> None:
        self.made, self.receiver = made, receiver
        self.ring = key_ring(made.house)
        self.storing = worker(made.house, self.ring)
        self.audit = AuditLog(made.house.engine)
        self.telling: Deliverer = deliverer(made.house, self.ring, self.audit)
        self.tokens: dict[str, dict[str, str]] = {}
        for name, tenant in (("his-h1", HOSPITAL), ("his-h9", OTHER), ("county", COUNTY)):
            secret = made.machine(name, tenant, permissions=RIGHTS)
            self.tokens[name] = made.token(name, secret)

    def call(self, method: str, path: str, body: Any = None, by: str = "his-h1") -> Any:
        return self.made.client.request(method, path, json=body, headers=self.tokens[by])

    def subscribe(self, criteria: str, by: str = "his-h1", **channel: Any) -> str:
        answer = self.call("POST", "/fhir/Subscription", self.wish(criteria, **channel), by)
        assert answer.status_code == 201, answer.text
        assert answer.headers["location"].endswith(answer.json()["id"])
        return str(answer.json()["id"])

    def wish(self, criteria: str, status: str = "requested", **channel: Any) -> dict[str, Any]:
        told = {"type": "rest-hook", "endpoint": self.receiver.url, "payload": "application/fhir+json"}
        return {
            "resourceType": "Subscription",
            "status": status,
            "reason": "检验结果回传",
            "criteria": criteria,
            "channel": told | channel,
        }

    def send(self, *resources: dict[str, Any], by: str = "his-h1") -> None:
        """A message, stored at once."""
        sent = {"resourceType": "Bundle", "type": "transaction", "entry": [{"resource": r} for r in resources]}
        answer = self.made.client.post("/api/v1/exchange/fhir", json=sent, headers=self.tokens[by])
        assert answer.status_code in (200, 202), answer.text
        self.storing.drain()
        trace = self.call("GET", answer.json()["trace"], by=by).json()
        assert trace["state"] == "done", trace

    def tell(self, telling: Deliverer | None = None) -> int:
        """As often as anybody is due."""
        rounds = 0
        with httpx.Client(timeout=5) as web, ThreadPoolExecutor(4) as pool:
            while (telling or self.telling).step(web, pool):
                rounds += 1
        return rounds

    def later(self) -> None:
        """As if the waiting was over, and every lease."""
        with system("time passes"), self.made.house.engine.begin() as connection:
            past = datetime.now(UTC) - timedelta(seconds=1)
            connection.execute(update(subscriptions).values(due=past, until=past))

    def known(self, number: str, by: str = "his-h1") -> Any:
        return self.call("GET", f"/fhir/Subscription/{number}", by=by).json()

    def wishes(self, tenant: str, local_id: str, wishes: Wishes) -> None:
        identity = Identity(self.made.house.engine, self.ring, "league")
        with system("test"), self.made.house.engine.begin() as connection:
            record = identity.record_of(connection, tenant, local_id)
            assert record is not None
            Consents(identity).tell(connection, tenant, record, wishes, actor="t", why="test", at=datetime.now(UTC))


@pytest.fixture
def net(starter_dir: Path, tmp_path: Path) -> Iterator[Net]:
    receiver = Receiver()
    made = staffed(starter_dir, tmp_path, webhook_hosts=["127.0.0.1"], webhook_secret=SECRET, rate_limit="")
    yield Net(made, receiver)
    made.client.__exit__(None, None, None)
    made.house.engine.dispose()
    receiver.server.shutdown()
    receiver.server.server_close()


def patient(local_id: str = "P1", **more: Any) -> dict[str, Any]:
    return {
        "resourceType": "Patient",
        "id": local_id,
        "name": [{"text": "测试甲"}],
        "gender": "female",
        "birthDate": "1980-05-12",
        "identifier": [{"system": "urn:oid:2.16.156.10011.1.3", "value": CARD}],
    } | more


def potassium(value: float, local_id: str = "K1", of: str = "P1", **more: Any) -> dict[str, Any]:
    return {
        "resourceType": "Observation",
        "id": local_id,
        "status": "final",
        "category": [{"coding": [{"code": "laboratory"}]}],
        "code": {"text": "血钾", "coding": [{"system": "http://loinc.org", "code": "2823-3"}]},
        "subject": {"reference": f"Patient/{of}"},
        "effectiveDateTime": "2026-11-25T08:30:00+08:00",
        "valueQuantity": {"value": value, "unit": "mmol/L"},
    } | more


def test_a_hospital_is_told_of_what_it_asked_for_signed_and_with_its_own_header(net: Net) -> None:
    number = net.subscribe("Observation?code=2823-3&patient=P1", header=["Authorization: Bearer s3cret"])
    net.send(patient(), potassium(5.8), potassium(1, "N1", code={"text": "血钠", "coding": [{"code": "2951-2"}]}))
    net.send(patient("P2", identifier=[], birthDate="1991-01-01"), potassium(4, "K2", "P2"))
    net.tell()
    (one,) = net.receiver.got
    assert (one.json["id"], one.json["valueQuantity"]["value"]) == ("K1", 5.8)
    assert one.json["meta"]["source"] == f"urn:yigong:{HOSPITAL}"
    assert one.headers["Authorization"] == "Bearer s3cret"
    assert one.headers["X-Yigong-Signature"] == hmac.new(SECRET.encode(), one.body, sha256).hexdigest()
    known = net.known(number)
    assert known["status"] == "active"
    assert "s3cret" not in str(known)
    assert net.audit.flush()
    with system("look"):
        (read,) = search(net.made.house.engine, act="person.read", limit=1)
    assert (read["actor"], read["why"]) == ("his-h1", f"subscription/{number}")


def test_the_payload_may_be_the_id_alone_or_nothing(net: Net) -> None:
    url = "http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition/backport-payload-content"
    net.subscribe("Observation?code=2823-3", _payload={"extension": [{"url": url, "valueCode": "id-only"}]})
    net.send(patient(), potassium(5.8))
    net.tell()
    asked = net.receiver.got[0].json["entry"][0]["request"]["url"]
    assert asked == f"Observation/K1?_source=urn:yigong:{HOSPITAL}"
    assert net.call("GET", f"/fhir/{asked}").json()["valueQuantity"]["value"] == 5.8
    net.subscribe("Patient", payload=None)
    net.send(patient(birthDate="1980-05-13"))
    net.tell()
    assert net.receiver.got[1].body == b""


def test_versions_come_in_their_order_and_nothing_unchanged_is_told(net: Net) -> None:
    net.subscribe("Observation?code=2823-3")
    for value in (5.8, 5.8, 4.8, 4.1):
        net.send(patient(), potassium(value))
    net.receiver.answers = [500, 503]
    for _ in range(3):
        net.tell()
        net.later()
    assert net.receiver.values() == [5.8, 5.8, 5.8, 4.8, 4.1], "the first until it is taken, then the others"
    assert len({one.event for one in net.receiver.got}) == 3
    assert [one.json["meta"]["versionId"] for one in net.receiver.got[2:]] == ["1", "2", "3"]


def test_killed_after_the_receiver_took_it_the_same_event_comes_again_and_nothing_is_lost(
    net: Net, monkeypatch: pytest.MonkeyPatch
) -> None:
    net.subscribe("Observation?code=2823-3")
    net.send(patient(), potassium(5.8))
    net.send(patient(), potassium(4.8))

    def killed(*_: Any, **__: Any) -> bool:
        raise KeyboardInterrupt

    monkeypatch.setattr(Deliverer, "_done", killed)
    with pytest.raises(KeyboardInterrupt):
        net.tell(deliverer(net.made.house, net.ring, net.audit))
    monkeypatch.undo()
    assert net.tell() == 0, "the dead worker's lease lasts"
    net.later()
    net.tell()
    assert net.receiver.values() == [5.8, 5.8, 4.8]
    assert net.receiver.got[0].event == net.receiver.got[1].event


def test_workers_side_by_side_tell_each_event_once(net: Net) -> None:
    net.subscribe("Observation?code=2823-3")
    net.send(patient(), *(potassium(n, f"K{n}") for n in range(1, 31)))
    others = [deliverer(net.made.house, net.ring, net.audit) for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(net.tell, others))
    net.tell()
    assert net.receiver.values() == list(range(1, 31))


def test_a_receiver_that_never_answers_is_left_alone_until_somebody_sets_it_going_again(
    net: Net, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = net.subscribe("Observation?code=2823-3")
    net.send(patient(), potassium(5.8))
    object.__setattr__(net.telling._rules, "tries", 3)
    net.receiver.answers = [500] * 3
    for _ in range(3):
        net.tell()
        net.later()
    told = net.known(number)
    assert told["status"] == "error"
    assert "500，已连续 3 次" in told["error"]
    net.send(patient(), potassium(4.8))
    net.tell()
    assert len(net.receiver.got) == 3, "it is left alone"
    again = net.call("PUT", f"/fhir/Subscription/{number}", told | {"status": "requested"})
    assert again.json()["status"] == "active", again.text
    assert "error" not in again.json()
    net.tell()
    assert net.receiver.values()[3:] == [5.8, 4.8], "what happened meanwhile was kept"


def test_what_a_message_did_not_store_is_not_told(net: Net) -> None:
    net.subscribe("Observation?code=2823-3")
    net.send(patient())
    spoilt = {"resourceType": "Bundle", "type": "batch", "entry": [{"resource": potassium(5.8)}]}
    spoilt["entry"].append({"resource": potassium(5, "K2") | {"status": "done"}})
    net.made.client.post("/api/v1/exchange/fhir", json=spoilt, headers=net.tokens["his-h1"])
    net.storing.drain()
    net.tell()
    assert net.receiver.got == []


# -- who may know what -------------------------------------------------------------------------


def test_another_hospital_is_told_nothing_and_sees_no_others_subscription(net: Net) -> None:
    number = net.subscribe("Observation?code=2823-3")
    net.subscribe("Observation?code=2823-3", by="his-h9")
    net.send(patient(), potassium(5.8))
    net.tell()
    assert len(net.receiver.got) == 1
    path = f"/fhir/Subscription/{number}"
    assert net.call("GET", path, by="his-h9").status_code == 404
    assert net.call("PUT", path, net.wish("Observation"), by="his-h9").status_code == 404
    assert net.call("DELETE", path, by="his-h9").status_code == 404
    assert len(net.call("GET", "/fhir/Subscription", by="his-h9").json()["entry"]) == 1


def test_the_region_is_told_of_one_patient_as_far_as_the_patient_lets_others_see(net: Net) -> None:
    net.subscribe("Observation?patient=X7&_region=true", by="his-h9")
    net.send(patient("X7"), by="his-h9")
    net.send(patient(), potassium(5.8))
    net.send(
        patient("P2", identifier=[], name=[{"text": "测试乙"}], birthDate="1991-01-01"), potassium(4, "K2", "P2")
    )
    net.tell()
    assert net.receiver.values() == [5.8], "of her, and of nobody else"
    net.send(patient(), potassium(4.8))
    net.wishes(HOSPITAL, "P1", Wishes(closed=True))
    net.tell()
    assert net.receiver.values() == [5.8], "she decided before it went out"


def test_a_county_reads_its_hospitals_as_another_institution_does(net: Net) -> None:
    net.subscribe("Observation", by="county")
    net.send(patient(), potassium(5.8))
    net.wishes(HOSPITAL, "P1", Wishes(withheld=Category.MENTAL))
    net.tell()
    net.wishes(HOSPITAL, "P1", Wishes(closed=True))
    net.send(patient(), potassium(4.8))
    net.tell()
    assert net.receiver.values() == [5.8]


def test_who_is_locked_out_is_told_nothing_more(net: Net) -> None:
    number = net.subscribe("Observation?code=2823-3")
    net.send(patient(), potassium(5.8))
    with system("test"), net.made.house.engine.begin() as connection:
        clients.lock(connection, "his-h1", True)
    net.tell()
    assert net.receiver.got == []
    with system("look"), net.made.house.engine.connect() as connection:
        kept = connection.execute(select(subscriptions.c.status).where(subscriptions.c.id == number)).scalar()
        assert kept == "error"
        assert connection.execute(select(events.c.number)).all()


def test_who_may_not_read_patients_cannot_subscribe_to_them(net: Net) -> None:
    net.made.machine("lab", HOSPITAL, permissions=("exchange.send", "exchange.read", "record.read"))
    with system("test"), net.made.house.engine.begin() as connection:
        secret = clients.renew_secret(connection, "lab")
    net.tokens["lab"] = net.made.token("lab", secret)
    assert net.call("POST", "/fhir/Subscription", net.wish("Patient"), "lab").status_code == 403
    assert net.call("POST", "/fhir/Subscription", net.wish("Observation"), "lab").status_code == 201


# -- the resource ----------------------------------------------------------------------------


def test_what_is_wrong_is_told_by_field(net: Net) -> None:
    answer = net.call("POST", "/fhir/Subscription", net.wish("Observation?colour=red"))
    assert answer.status_code == 400, answer.text
    assert answer.json()["issue"][0]["expression"] == ["Subscription.criteria"]


def test_a_subscription_is_changed_switched_off_and_removed(net: Net) -> None:
    number = net.subscribe("Observation?code=2823-3", header=["Authorization: Bearer s3cret"])
    shown = net.known(number)
    off = net.call("PUT", f"/fhir/Subscription/{number}", shown | {"status": "off"})
    assert off.json()["status"] == "off", off.text
    net.send(patient(), potassium(5.8))
    net.tell()
    assert net.receiver.got == []
    net.call("PUT", f"/fhir/Subscription/{number}", shown | {"status": "active"})
    net.send(patient(), potassium(4.8))
    net.tell()
    assert net.receiver.got[0].headers["Authorization"] == "Bearer s3cret", "a hidden value stays what it was"
    assert net.call("DELETE", f"/fhir/Subscription/{number}").status_code == 204
    net.send(patient(), potassium(4.1))
    net.tell()
    assert net.receiver.values() == [4.8]


def test_a_subscription_ends_with_its_time(net: Net) -> None:
    soon = (datetime.now(UTC) + timedelta(seconds=0.3)).isoformat()
    answer = net.call("POST", "/fhir/Subscription", net.wish("Observation") | {"end": soon})
    net.send(patient(), potassium(5.8))
    time.sleep(0.4)
    net.tell()
    assert net.receiver.got == []
    assert net.known(answer.json()["id"])["status"] == "off"


def test_a_subscription_inside_a_message_is_refused_because_it_would_do_nothing(net: Net) -> None:
    sent = {"resourceType": "Bundle", "type": "batch", "entry": [{"resource": net.wish("Observation") | {"id": "s"}}]}
    answer = net.made.client.post("/api/v1/exchange/fhir", json=sent, headers=net.tokens["his-h1"])
    net.storing.drain()
    dead = net.call("GET", answer.json()["trace"]).json()["dead"]
    assert dead["reason"] == "refused"
    assert "POST /fhir/Subscription" in dead["problem"]


def test_organisations_and_practitioners_that_arrive_are_registered(net: Net) -> None:
    who = {"resourceType": "Practitioner", "id": "D1", "name": [{"text": "测试医师"}]}
    house = {"resourceType": "Organization", "id": "O1", "name": "甲县人民医院"}
    net.send(who, house)
    with net.made.house.engine.connect() as connection:
        assert [e.item.name for e in Registry().find(connection, PRACTITIONER, "测试医师")] == ["测试医师"]
        assert [e.item.tenant for e in Registry().find(connection, ORGANISATION, "甲县")] == [HOSPITAL]
    nameless = {"resourceType": "Organization", "id": "O2", "name": " "}
    sent = {"resourceType": "Bundle", "type": "batch", "entry": [{"resource": nameless}]}
    answer = net.made.client.post("/api/v1/exchange/fhir", json=sent, headers=net.tokens["his-h1"])
    net.storing.drain()
    dead: Callable[[], Any] = lambda: net.call("GET", answer.json()["trace"]).json()["dead"]  # noqa: E731
    assert (dead()["reason"], dead()["field"]) == ("refused", "name")


def test_the_worker_runs_on_its_own_and_survives_a_receiver_that_is_away(net: Net) -> None:
    number = net.subscribe("Observation?code=2823-3", endpoint="http://127.0.0.1:9/away")
    net.subscribe("Observation?code=2823-3")
    stop = threading.Event()
    thread = threading.Thread(target=net.telling.run, args=(stop,))
    thread.start()
    net.send(patient(), potassium(5.8))
    until = time.monotonic() + 20
    while not (net.receiver.got and net.known(number).get("error")) and time.monotonic() < until:
        time.sleep(0.05)
    stop.set()
    thread.join()
    assert net.receiver.values() == [5.8]
    assert net.known(number)["error"] == "ConnectError"
    assert delivery.TRIES > 10


def test_a_hospital_is_told_of_risks_of_its_patients_and_of_no_others(net: Net) -> None:
    net.subscribe("RiskAssessment?risk=high")
    net.subscribe("RiskAssessment?risk=high", by="his-h9")
    at = {"effectiveDateTime": datetime.now(UTC).isoformat(), "subject": {"reference": "Patient/P1"}}
    low = {"code": {"text": "收缩压"}, "valueQuantity": {"value": 84, "unit": "mmHg"}}
    fast = {"code": {"text": "呼吸频率"}, "valueQuantity": {"value": 30, "unit": "/min"}}
    signs = [
        {"resourceType": "Observation", "id": f"S{n}", "status": "final"} | at | s for n, s in enumerate((low, fast))
    ]
    net.send(patient(), *signs)
    Watcher(net.made.house, net.ring).step(datetime.now(UTC) + timedelta(seconds=5))
    net.tell()
    topics = {one.json["code"]["coding"][0]["code"]: one.json for one in net.receiver.got}
    assert topics["sepsis"]["resourceType"] == "RiskAssessment"
    assert topics["sepsis"]["meta"]["source"] == f"urn:yigong:{HOSPITAL}"
    assert len(topics) == len(net.receiver.got), "the other hospital heard nothing"
