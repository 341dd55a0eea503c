"""A client that behaves as the public CDS Hooks sandbox does: a page in a browser, in another origin,
with a key registered beforehand, that fills prefetch from our templates and reports what the user did."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from starlette.testclient import TestClient

from api.app import build
from api.openapi import EXAMPLES
from base.tenancy import system
from records.ledger import rule_use
from tests.integration.conftest import opened

ORIGIN = "https://sandbox.example"
ISSUER = "https://sandbox.example/issuer"
KID = "sandbox-1"
SIGN = "/cds-services/yigong-order-sign"


class Sandbox:
    """The page: its origin, its key, its FHIR server (a dictionary of query to answer)."""

    def __init__(self, web: TestClient, key: ec.EllipticCurvePrivateKey, records: dict[str, Any]) -> None:
        self.web, self._key, self.records = web, key, records

    def bearer(self, path: str, **claims: Any) -> dict[str, str]:
        now = int(time.time())
        payload = {
            "iss": ISSUER,
            "aud": f"http://testserver{path}",
            "iat": now,
            "exp": now + 300,
            "jti": str(uuid4()),
        }
        headers = {"kid": KID, "typ": "JWT"}
        token = jwt.encode({**payload, **claims}, self._key, algorithm="ES384", headers=headers)
        return {"Authorization": f"Bearer {token}", "Origin": ORIGIN}

    def services(self) -> dict[str, Any]:
        answer = self.web.get("/cds-services", headers={"Origin": ORIGIN})
        assert answer.headers["access-control-allow-origin"] in ("*", ORIGIN)
        return {service["id"]: service for service in answer.json()["services"]}

    def prefetch(self, service: dict[str, Any], context: dict[str, Any]) -> dict[str, Any]:
        """Fill every template from the context; what the server does not have is left out."""
        filled = {}
        for key, template in service["prefetch"].items():
            query = re.sub(r"\{\{context\.(\w+)\}\}", lambda m: _joined(context.get(m[1], "")), template)
            kind, _, ids = query.partition("?_id=")
            if ids and kind in self.records:
                entries = [
                    e for e in self.records[kind]["entry"] if f"{kind}/{e['resource']['id']}" in ids.split(",")
                ]
                filled[key] = {"resourceType": "Bundle", "type": "searchset", "entry": entries}
            elif query.partition("?")[0].partition("/")[0] in self.records:
                filled[key] = self.records[query.partition("?")[0].partition("/")[0]]
        return filled

    def call(self, service_id: str, hook: str, context: dict[str, Any]) -> dict[str, Any]:
        service = self.services()[service_id]
        path = f"/cds-services/{service_id}"
        body = {
            "hook": hook,
            "hookInstance": str(uuid4()),
            "context": context,
            "prefetch": self.prefetch(service, context),
        }
        answer = self.web.post(path, json=body, headers=self.bearer(path))
        assert answer.status_code == 200, answer.text
        assert answer.headers["access-control-allow-origin"] in ("*", ORIGIN)
        return answer.json()


def _joined(value: Any) -> str:
    return ",".join(value) if isinstance(value, list) else str(value)


@pytest.fixture
def features() -> list[str]:
    """Optional CDS Hooks features the client declares when its key is registered."""
    return []


@pytest.fixture
def sandbox(starter_dir: Path, tmp_path: Path, features: list[str]) -> Iterator[Sandbox]:
    key = ec.generate_private_key(ec.SECP384R1())
    house = opened(starter_dir, tmp_path, require_client_auth=True)
    jwk = json.loads(jwt.algorithms.ECAlgorithm.to_jwk(key.public_key()))
    registered = {ISSUER: {"keys": [{**jwk, "kid": KID, "alg": "ES384", "use": "sig"}], "features": features}}
    (house.settings.data_dir / "keys" / "clients.json").write_text(json.dumps(registered))
    fetched = EXAMPLES["order-sign"]["prefetch"]
    records = {
        "Patient": fetched["patient"],
        "Condition": fetched["conditions"],
        "AllergyIntolerance": fetched["allergies"],
        "MedicationRequest": fetched["medications"],
        "Observation": fetched["observations"],
    }
    with TestClient(build(house), raise_server_exceptions=False) as web:
        yield Sandbox(web, key, records)
    house.engine.dispose()


def context() -> dict[str, Any]:
    return json.loads(json.dumps(EXAMPLES["order-sign"]["context"]))


def test_the_browser_asks_first_and_may_send_its_token(sandbox: Sandbox) -> None:
    asks = {
        "Origin": ORIGIN,
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "authorization,content-type",
    }
    answer = sandbox.web.options(SIGN, headers=asks)
    assert answer.status_code == 200
    assert answer.headers["access-control-allow-origin"] in ("*", ORIGIN)
    assert "authorization" in answer.headers["access-control-allow-headers"].lower()
    assert "POST" in answer.headers["access-control-allow-methods"]


def test_discovery_lists_the_services_of_the_public_contract(sandbox: Sandbox) -> None:
    services = sandbox.services()
    hooks = {
        "patient-view",
        "order-select",
        "order-sign",
        "order-dispatch",
        "encounter-start",
        "encounter-discharge",
        "medication-verify",
    }
    writing = services.pop("yigong-record-writing")
    assert writing["hook"] == "yigong-record-writing", "a hook of our own, beside those of the public contract"
    assert set(services) == {*(f"yigong-{hook}" for hook in hooks), "yigong-treatment"}
    for service in services.values():
        assert service["hook"] in hooks
        assert service["description"]
        assert service["hookVersion"]
        assert service["prefetch"]


def test_order_sign_gives_a_card_whose_suggestion_takes_the_order_back(sandbox: Sandbox) -> None:
    answer = sandbox.call("yigong-order-sign", "order-sign", context())
    card = next(c for c in answer["cards"] if "华法林" in c["summary"])
    assert card["indicator"] == "critical"
    assert len(card["summary"]) < 140
    assert card["source"]["label"]
    assert card["source"]["topic"]["code"] == "interaction"
    action = card["suggestions"][0]["actions"][0]
    assert action["type"] == "delete"
    assert action["resourceId"] == "MedicationRequest/103"
    assert card["selectionBehavior"] == "at-most-one"
    assert all(reason["display"] for reason in card["overrideReasons"])


@pytest.mark.parametrize("features", [[], ["actionSelectionBehavior"]])
def test_a_client_that_knows_action_selection_is_told_that_actions_belong_together(
    sandbox: Sandbox, features: list[str]
) -> None:
    cards = sandbox.call("yigong-order-sign", "order-sign", context())["cards"]
    told = {s.get("actionSelectionBehavior") for card in cards for s in card["suggestions"]}
    assert told == ({"all"} if features else {None})


def test_feedback_is_taken_with_a_suggestion_and_without_a_reason(sandbox: Sandbox) -> None:
    card = sandbox.call("yigong-order-sign", "order-sign", context())["cards"][0]
    path = f"{SIGN}/feedback"
    accepted = {
        "card": card["uuid"],
        "outcome": "accepted",
        "acceptedSuggestions": [{"id": card["suggestions"][0]["uuid"]}],
        "outcomeTimestamp": "2026-11-24T09:31:00Z",
    }
    overridden = {"card": card["uuid"], "outcome": "overridden", "outcomeTimestamp": "2026-11-24T09:32:00Z"}
    answer = sandbox.web.post(path, json={"feedback": [accepted, overridden]}, headers=sandbox.bearer(path))
    assert answer.status_code == 200
    reviewer = sandbox.web.app.state.front.reviewer  # type: ignore[attr-defined]
    assert reviewer.journal.flush()
    rule = card["extension"]["cn.yigong.finding"]["ruleId"]
    with system("test"):
        use = next(u for u in rule_use(reviewer.journal._engine) if u.rule == rule)
    assert (use.shown, use.accepted, use.overridden) == (1, 1, 1)


def test_order_select_whose_draft_has_no_medication_yet_is_answered_without_fuss(sandbox: Sandbox) -> None:
    selecting = context()
    draft = selecting["draftOrders"]["entry"][0]["resource"]
    del draft["medicationCodeableConcept"]
    selecting["selections"] = ["MedicationRequest/103"]
    answer = sandbox.call("yigong-order-select", "order-select", selecting)
    assert answer["cards"] == []
    unmapped = answer["extension"]["cn.yigong.review"]["unmapped"]
    assert any(item["reference"] == "MedicationRequest/103" for item in unmapped)


def test_order_select_speaks_only_of_what_is_selected(sandbox: Sandbox) -> None:
    selecting = context()
    selecting["selections"] = ["MedicationRequest/none-of-these"]
    assert sandbox.call("yigong-order-select", "order-select", selecting)["cards"] == []
    selecting["selections"] = ["MedicationRequest/103"]
    assert sandbox.call("yigong-order-select", "order-select", selecting)["cards"]


@pytest.mark.parametrize("service", ["patient-view", "encounter-start", "encounter-discharge"])
def test_other_hooks_review_what_the_patient_takes(sandbox: Sandbox, service: str) -> None:
    taking = json.loads(json.dumps(sandbox.records["MedicationRequest"]))
    second = json.loads(json.dumps(EXAMPLES["order-sign"]["context"]["draftOrders"]["entry"][0]))
    second["resource"]["status"] = "active"
    taking["entry"].append(second)
    sandbox.records["MedicationRequest"] = taking
    about = {"userId": "Practitioner/1", "patientId": "P-0001", "encounterId": "E-1"}
    answer = sandbox.call(f"yigong-{service}", service, about)
    assert any("华法林" in card["summary"] for card in answer["cards"])


def _dispatched(*references: str) -> dict[str, Any]:
    return {"patientId": "P-0001", "dispatchedOrders": list(references), "performer": "Organization/imaging"}


def _searchset(*resources: dict[str, Any]) -> dict[str, Any]:
    return {"resourceType": "Bundle", "type": "searchset", "entry": [{"resource": one} for one in resources]}


def _ct(id_: str = "ct", text: str = "胸部CT") -> dict[str, Any]:
    category = [{"coding": [{"code": "363679005"}]}]
    request = {"resourceType": "ServiceRequest", "id": id_, "status": "active", "intent": "order"}
    return request | {"category": category, "code": {"text": text}, "subject": {"reference": "Patient/P-0001"}}


def _report(text: str = "胸部CT平扫") -> dict[str, Any]:
    yesterday = (datetime.now(UTC) - timedelta(days=1)).isoformat()
    report = {"resourceType": "DiagnosticReport", "id": "R1", "status": "final", "effectiveDateTime": yesterday}
    report |= {"extension": [{"url": "https://yigong.cn/fhir/recognised", "valueBoolean": True}]}
    return report | {"code": {"text": text}, "conclusion": "右肺上叶小结节"}


def _ibuprofen() -> dict[str, Any]:
    resource: dict[str, Any] = context()["draftOrders"]["entry"][0]["resource"]
    return resource | {"status": "active"}


def _families(answer: dict[str, Any]) -> list[str]:
    return [card["source"]["topic"]["code"] for card in answer["cards"]]


def test_order_dispatch_tells_of_yesterdays_ct_before_it_is_made_again(sandbox: Sandbox) -> None:
    sandbox.records |= {
        "ServiceRequest": _searchset(_ct(), _ct("us", "腹部超声")),
        "DiagnosticReport": _searchset(_report()),
    }
    answer = sandbox.call("yigong-order-dispatch", "order-dispatch", _dispatched("ServiceRequest/ct"))
    (card,) = [card for card in answer["cards"] if card["source"]["topic"]["code"] == "duplicate-exam"]
    assert "胸部CT" in card["summary"]
    assert card["extension"]["cn.yigong.finding"]["orders"] == ["ServiceRequest/ct"]
    other = sandbox.call("yigong-order-dispatch", "order-dispatch", _dispatched("ServiceRequest/us"))
    assert "duplicate-exam" not in _families(other), "of what is not dispatched nothing is said"


def test_order_dispatch_tells_of_a_drug_that_does_not_go_with_what_the_patient_takes(sandbox: Sandbox) -> None:
    taken = sandbox.records["MedicationRequest"]
    sandbox.records["MedicationRequest"] = taken | {"entry": [*taken["entry"], {"resource": _ibuprofen()}]}
    answer = sandbox.call("yigong-order-dispatch", "order-dispatch", _dispatched("MedicationRequest/103"))
    assert any("华法林" in card["summary"] for card in answer["cards"])
    assert not [f for f in _families(answer) if f.startswith("duplicate")], "the order on file is the one dispatched"
    assert not [i for i in answer["extension"]["cn.yigong.review"].get("incomplete", ()) if i["needed"] == "orders"]


def test_order_dispatch_takes_orders_of_all_kinds_under_one_key_and_names_those_not_sent(sandbox: Sandbox) -> None:
    path = "/cds-services/yigong-order-dispatch"
    prefetch = {
        "patient": sandbox.records["Patient"],
        "medications": sandbox.records["MedicationRequest"],
        "reports": _searchset(_report()),
        "orders": _searchset(_ct(), _ibuprofen()),
    }
    named = _dispatched("ServiceRequest/ct", "MedicationRequest/103", "MedicationRequest/9", "NutritionOrder/1")
    body = {"hook": "order-dispatch", "hookInstance": str(uuid4()), "context": named, "prefetch": prefetch}
    answer = sandbox.web.post(path, json=body, headers=sandbox.bearer(path)).json()
    assert {"duplicate-exam", "interaction"} <= set(_families(answer))
    (gap,) = [i for i in answer["extension"]["cn.yigong.review"]["incomplete"] if i["needed"] == "orders"]
    assert gap["orders"] == ["MedicationRequest/9", "NutritionOrder/1"]
    assert "MedicationRequest/9、NutritionOrder/1" in gap["reason"]


def test_order_dispatch_without_any_of_its_orders_is_412(sandbox: Sandbox) -> None:
    path = "/cds-services/yigong-order-dispatch"
    body = {"hook": "order-dispatch", "hookInstance": str(uuid4()), "context": _dispatched("ServiceRequest/ct")}
    for prefetch in ({}, {"orders": None, "medicationOrders": None}):
        answer = sandbox.web.post(path, json=body | {"prefetch": prefetch}, headers=sandbox.bearer(path))
        assert answer.status_code == 412
        assert answer.json()["issue"][0]["expression"] == ["prefetch.orders"]


def _denied(sandbox: Sandbox, headers: dict[str, str]) -> str:
    answer = sandbox.web.post(SIGN, json=EXAMPLES["order-sign"], headers=headers)
    assert answer.status_code == 401
    assert answer.json()["resourceType"] == "OperationOutcome"
    return answer.json()["issue"][0]["details"]["text"]


def test_without_a_token_the_door_stays_shut(sandbox: Sandbox) -> None:
    assert "required" in _denied(sandbox, {})


def test_a_token_for_another_service_is_refused(sandbox: Sandbox) -> None:
    assert "aud" in _denied(sandbox, sandbox.bearer("/cds-services/yigong-patient-view"))


def test_a_token_works_once(sandbox: Sandbox) -> None:
    headers = sandbox.bearer(SIGN)
    assert sandbox.web.post(SIGN, json=EXAMPLES["order-sign"], headers=headers).status_code == 200
    assert "used before" in _denied(sandbox, headers)


def test_an_expired_token_is_refused(sandbox: Sandbox) -> None:
    past = int(time.time()) - 4000
    assert "expired" in _denied(sandbox, sandbox.bearer(SIGN, iat=past, exp=past + 300))


def test_a_token_signed_with_a_stranger_s_key_is_refused(sandbox: Sandbox) -> None:
    stranger = Sandbox(sandbox.web, ec.generate_private_key(ec.SECP384R1()), {})
    assert "not valid" in _denied(sandbox, stranger.bearer(SIGN))


@pytest.mark.parametrize("algorithm", ["none", "HS256"])
def test_unsigned_and_symmetric_tokens_are_refused(sandbox: Sandbox, algorithm: str) -> None:
    key = "" if algorithm == "none" else "x" * 32
    token = jwt.encode({"iss": ISSUER}, key or None, algorithm=algorithm, headers={"kid": KID})
    assert "not accepted" in _denied(sandbox, {"Authorization": f"Bearer {token}"})
