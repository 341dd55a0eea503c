"""Administration over HTTP: roles of one's own, hospital systems and their keys, institutions."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from uuid import uuid4

import jwt
import orjson
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from jwt.algorithms import ECAlgorithm

from api.openapi import EXAMPLES
from tests.integration.staffed import BASE, COUNTY, HOSPITAL, LEAGUE, OTHER, OTHER_COUNTY, Staffed, staffed

ROLES, CLIENTS, INSTITUTIONS, TOKEN = (
    "/api/v1/roles",
    "/api/v1/clients",
    "/api/v1/institutions",
    "/api/v1/oauth/token",
)
REVIEWS = "/api/v1/reviews"


@pytest.fixture(scope="module")
def league(starter_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Staffed]:
    made = staffed(starter_dir, tmp_path_factory.mktemp("administration"))
    made.add("sys", COUNTY, "system-admin")
    made.add("an", COUNTY, "security-admin")
    made.add("above", LEAGUE, "system-admin")
    yield made
    made.client.__exit__(None, None, None)
    made.house.engine.dispose()


class As:
    """Somebody who logged in, at work."""

    def __init__(self, league: Staffed, name: str) -> None:
        self._client, self._headers = league.client, league.bearer(name)

    def asks(self, method: str, path: str, body: Any = None) -> Any:
        sent = {} if body is None and method != "GET" else body
        return self._client.request(method, path, json=sent, headers=self._headers)


@pytest.fixture
def safety(league: Staffed) -> As:
    return As(league, "an")


@pytest.fixture
def system(league: Staffed) -> As:
    return As(league, "sys")


# -- roles ----------------------------------------------------------------------------------------


def test_a_role_is_copied_changed_and_given_up_when_nobody_holds_it(league: Staffed, safety: As) -> None:
    known = {one["name"]: one for one in safety.asks("GET", ROLES).json()["roles"]}
    copy = {"name": "ward-doctor", "title": "病区医师", "tenant": COUNTY}
    copy |= {"permissions": known["clinician"]["permissions"]}
    assert safety.asks("POST", ROLES, copy).status_code == 200
    less = copy | {"permissions": ["record.read"]}
    assert safety.asks("POST", ROLES, less).json()["permissions"] == ["record.read"]
    somebody = league.add("qian", HOSPITAL)
    grant = {"role": "ward-doctor", "tenant": HOSPITAL}
    given = safety.asks("POST", f"/api/v1/accounts/{somebody}/grants", grant).json()
    refused = safety.asks("DELETE", f"{ROLES}/ward-doctor")
    assert (refused.status_code, "请先收回" in refused.text) == (422, True)
    assert safety.asks("DELETE", f"/api/v1/accounts/{somebody}/grants/{given['id']}").status_code == 200
    assert safety.asks("DELETE", f"{ROLES}/ward-doctor").status_code == 200
    assert "病区医师" not in safety.asks("GET", ROLES).text
    assert {"role.define", "role.remove"} <= {event["act"] for event in league.audited("role")}


def test_what_is_fixed_or_another_countys_stays(league: Staffed, safety: As) -> None:
    league.add("far", OTHER_COUNTY, "security-admin")
    theirs = {"name": "theirs", "title": "他县角色", "tenant": OTHER_COUNTY, "permissions": ["record.read"]}
    assert As(league, "far").asks("POST", ROLES, theirs).status_code == 200
    assert safety.asks("DELETE", f"{ROLES}/theirs").status_code == 422
    assert safety.asks("DELETE", f"{ROLES}/clinician").status_code == 422
    assert safety.asks("DELETE", f"{ROLES}/security-admin").status_code == 403, "one's own"


def test_permissions_of_administrators_are_named_apart(safety: As) -> None:
    told = safety.asks("GET", ROLES).json()
    assert {"account.grant", "audit.read", "institution.manage"} <= set(told["apart"])
    mixed = {"name": "mixed", "title": "x", "tenant": COUNTY, "permissions": ["record.read", "audit.read"]}
    assert safety.asks("POST", ROLES, mixed).status_code == 422


# -- hospital systems -----------------------------------------------------------------------------


class Signer:
    """A key pair of a hospital system."""

    def __init__(self, kid: str) -> None:
        self.kid, self.key = kid, ec.generate_private_key(ec.SECP384R1())
        public = ECAlgorithm(ECAlgorithm.SHA384).to_jwk(self.key.public_key(), as_dict=True)
        self.jwks: dict[str, Any] = {"keys": [public | {"kid": kid}]}
        self.used = 0

    def token(self, league: Staffed, client: str) -> int:
        """What the token endpoint answers to an assertion."""
        self.used += 1
        now = int(datetime.now(UTC).timestamp())
        claims = {
            "iss": client,
            "sub": client,
            "aud": f"{BASE}{TOKEN}",
            "exp": now + 240,
            "jti": f"{self.kid}{self.used}",
        }
        form = {
            "grant_type": "client_credentials",
            "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
            "client_assertion": jwt.encode(claims, self.key, "ES384", {"kid": self.kid}),
        }
        return int(league.client.post(TOKEN, data=form).status_code)


def test_a_system_goes_over_from_secret_to_keys_and_its_tokens_end(league: Staffed, safety: As) -> None:
    made = safety.asks("POST", CLIENTS, {"id": "his", "tenant": HOSPITAL, "title": "县医院 HIS"}).json()
    his = league.token("his", made["secret"])
    assert league.client.get(REVIEWS, headers=his).status_code == 200
    signer = Signer("k1")
    assert safety.asks("POST", f"{CLIENTS}/his/keys", {"keys": signer.jwks}).json()["tokensEnded"] == 1
    assert league.client.get(REVIEWS, headers=his).status_code == 401
    old = {"grant_type": "client_credentials", "client_id": "his", "client_secret": made["secret"]}
    assert league.client.post(TOKEN, data=old).status_code == 401
    assert signer.token(league, "his") == 200
    (told,) = [one for one in safety.asks("GET", CLIENTS).json()["clients"] if one["id"] == "his"]
    assert (told["proves"], told["kids"], told["title"], told["by"]) == ("keys", ["k1"], "县医院 HIS", "an")
    assert datetime.now(UTC).isoformat()[:10] == told["used"][:10]
    assert "secret" not in told
    again = safety.asks("POST", f"{CLIENTS}/his/secret").json()["secret"]
    assert signer.token(league, "his") == 401, "one proof at a time"
    assert league.token("his", again)
    assert {"client.add", "client.keys", "client.secret"} <= {event["act"] for event in league.audited("client")}


def test_a_system_that_was_never_there_was_never_used(safety: As) -> None:
    safety.asks("POST", CLIENTS, {"id": "quiet", "tenant": HOSPITAL})
    (told,) = [one for one in safety.asks("GET", CLIENTS).json()["clients"] if one["id"] == "quiet"]
    assert "used" not in told


@pytest.fixture
def published() -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """Where a system publishes its keys, and what stands there now (the last of the list)."""
    keys: list[dict[str, Any]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(orjson.dumps(keys[-1]))

        def log_message(self, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/jwks.json", keys
    server.shutdown()
    server.server_close()


def test_a_system_that_publishes_its_keys_changes_them_by_itself(
    league: Staffed, safety: As, published: tuple[str, list[dict[str, Any]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.oauth._KEPT_SECONDS", -1.0)
    url, keys = published
    first, second = Signer("p1"), Signer("p2")
    keys.append(first.jwks)
    assert safety.asks("POST", CLIENTS, {"id": "lis", "tenant": HOSPITAL, "jku": url}).status_code == 201
    assert first.token(league, "lis") == 200
    keys.append(second.jwks)
    assert (first.token(league, "lis"), second.token(league, "lis")) == (401, 200)


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"jku": "http://lis.example.org/keys"},
        {"jku": "file:///etc/passwd"},
        {"keys": {"keys": [{"kty": "oct", "k": "x", "kid": "a"}]}},
        {"keys": {"keys": [{"kty": "EC", "d": "private", "kid": "a"}]}},
        {"keys": {"keys": []}, "jku": ""},
    ],
)
def test_keys_that_are_none_or_not_public_are_refused(safety: As, given: dict[str, Any]) -> None:
    safety.asks("POST", CLIENTS, {"id": "pacs", "tenant": HOSPITAL})
    assert safety.asks("POST", f"{CLIENTS}/pacs/keys", given).status_code == 400


# -- clients of CDS Hooks -------------------------------------------------------------------------

SIGN = "/cds-services/yigong-order-sign"
ISSUER = "https://his.example.org/cds"


@pytest.fixture
def hooks(league: Staffed) -> Callable[[Signer, dict[str, Any]], int]:
    """What a call with a client's token answers, once workers looked who is trusted."""

    def call(signer: Signer, claims: dict[str, Any]) -> int:
        league.client.app.state.front.trusted.refresh()  # type: ignore[attr-defined]
        now = int(datetime.now(UTC).timestamp())
        told = {"iss": ISSUER, "aud": f"{BASE}{SIGN}", "iat": now, "exp": now + 240, "jti": str(uuid4())} | claims
        token = jwt.encode(told, signer.key, "ES384", {"kid": signer.kid})
        answer = league.client.post(SIGN, json=EXAMPLES["order-sign"], headers={"Authorization": f"Bearer {token}"})
        return int(answer.status_code)

    return call


def test_a_cds_client_is_believed_from_its_registration_until_it_is_refused(
    league: Staffed, safety: As, hooks: Callable[..., int]
) -> None:
    signer, other = Signer("c1"), Signer("c1")
    pem = signer.key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    asked = {"id": "his-cds", "tenant": HOSPITAL, "issuer": ISSUER, "pem": pem, "kid": "c1"}
    made = safety.asks("POST", CLIENTS, asked)
    assert (made.status_code, made.json()) == (201, {"id": "his-cds"}), "its key is its proof: no secret"
    assert hooks(signer, {"tenant": HOSPITAL}) == 200
    assert hooks(other, {"tenant": HOSPITAL}) == 401, "signed by somebody else"
    assert hooks(signer, {"tenant": OTHER}) == 401, "it speaks for its own institution"
    (told,) = [one for one in safety.asks("GET", CLIENTS).json()["clients"] if one["id"] == "his-cds"]
    assert (told["issuer"], told["kids"], told["tenant"]) == (ISSUER, ["c1"], HOSPITAL)
    assert safety.asks("POST", CLIENTS, asked | {"id": "again"}).status_code == 422, "an issuer is one system"
    assert safety.asks("POST", f"{CLIENTS}/his-cds/keys", {"keys": Signer("c2").jwks}).status_code == 200
    assert hooks(signer, {}) == 401, "another key holds now"
    assert safety.asks("POST", f"{CLIENTS}/his-cds/keys", {"keys": signer.jwks}).status_code == 200
    assert hooks(signer, {}) == 200
    assert safety.asks("POST", f"{CLIENTS}/his-cds/lock").status_code == 200
    acts = {event["act"] for event in league.audited("client") if event["subject"] == "client/his-cds"}
    assert acts == {"client.add", "client.keys", "client.lock"}
    other_issuer = {"iss": "https://elsewhere.example.org"}
    assert safety.asks("POST", CLIENTS, asked | {"id": "x", "issuer": other_issuer["iss"]}).status_code == 201
    assert hooks(signer, {}) == 401, "refused"
    assert hooks(signer, other_issuer) == 200


def test_a_cds_client_that_publishes_its_keys_is_asked_for_them(
    safety: As, hooks: Callable[..., int], published: tuple[str, list[dict[str, Any]]]
) -> None:
    url, keys = published
    signer, issuer = Signer("p9"), "https://lis.example.org/cds"
    keys.append(signer.jwks)
    asked = {"id": "lis-cds", "tenant": HOSPITAL, "issuer": issuer, "jku": url}
    assert safety.asks("POST", CLIENTS, asked).status_code == 201
    assert hooks(signer, {"iss": issuer}) == 200
    assert hooks(Signer("p9"), {"iss": issuer}) == 401


@pytest.mark.parametrize("given", [{"pem": "no key"}, {"keys": {"keys": [{"kty": "EC", "kid": "a", "x": "x"}]}}])
def test_keys_that_cannot_be_read_are_refused(safety: As, given: dict[str, Any]) -> None:
    asked = {"id": "unreadable", "tenant": HOSPITAL, "issuer": "https://x.example.org"}
    assert safety.asks("POST", CLIENTS, asked | given).status_code == 400


def test_a_cds_client_without_keys_is_none(safety: As) -> None:
    asked = {"id": "keyless", "tenant": HOSPITAL, "issuer": "https://y.example.org"}
    assert safety.asks("POST", CLIENTS, asked).status_code == 422


def test_keys_of_another_countys_system_are_not_changed(league: Staffed, safety: As) -> None:
    league.machine("far-his", OTHER)
    for act in ("lock", "secret"):
        assert safety.asks("POST", f"{CLIENTS}/far-his/{act}").status_code == 422
    assert safety.asks("POST", f"{CLIENTS}/far-his/keys", {"keys": Signer("x").jwks}).status_code == 422


# -- institutions ---------------------------------------------------------------------------------


def _hospital(code: str) -> dict[str, Any]:
    return {"parent": COUNTY, "code": code, "name": f"{code}医院", "kind": "hospital", "level": 2}


@pytest.fixture(scope="module")
def above(league: Staffed) -> As:
    """Whoever administers the league, in which the county is registered."""
    made = As(league, "above")
    county = {"parent": LEAGUE, "code": "county-a", "name": "甲县", "kind": "county"}
    assert made.asks("POST", INSTITUTIONS, county).status_code == 201
    return made


def test_an_institution_is_registered_below_another_and_described_anew(
    league: Staffed, above: As, system: As
) -> None:
    made = system.asks("POST", INSTITUTIONS, _hospital("h5")).json()
    assert (made["tenant"], made["parent"], made["level"], made["active"]) == (f"{COUNTY}/h5", COUNTY, 2, True)
    assert system.asks("POST", INSTITUTIONS, _hospital("h5")).status_code == 409
    named = {
        "name": "甲县人民医院",
        "kind": "hospital",
        "level": 3,
        "aliases": ["县医院"],
        "version": made["version"],
    }
    assert system.asks("PUT", f"{INSTITUTIONS}/{made['key']}", named).json()["name"] == "甲县人民医院"
    assert system.asks("PUT", f"{INSTITUTIONS}/{made['key']}", named | {"name": "x"}).status_code == 409
    listed = {one["tenant"]: one for one in system.asks("GET", INSTITUTIONS).json()["institutions"]}
    assert listed[f"{COUNTY}/h5"]["aliases"] == ["县医院"]
    assert {"institution.register", "institution.change"} <= {event["act"] for event in league.audited("institution")}


@pytest.mark.parametrize(
    ("given", "status"),
    [
        ({"parent": OTHER_COUNTY}, 403),
        ({"parent": f"{COUNTY}/nowhere"}, 400),
        ({"code": "no path"}, 400),
        ({"name": ""}, 422),
        ({"kind": "county"}, 400),
    ],
)
def test_what_does_not_fit_is_not_registered(above: As, system: As, given: dict[str, Any], status: int) -> None:
    assert system.asks("POST", INSTITUTIONS, _hospital("h6") | given).status_code == status


def test_nobody_gets_into_a_closed_institution_until_it_is_opened_again(
    league: Staffed, above: As, system: As
) -> None:
    key = system.asks("POST", INSTITUTIONS, _hospital("h7")).json()["key"]
    ward = f"{COUNTY}/h7/ward"
    league.add("sun", ward, "pharmacist")
    secret = league.machine("h7-his", f"{COUNTY}/h7")
    people, machine = league.bearer("sun"), league.token("h7-his", secret)
    assert league.client.get(REVIEWS, headers=people).status_code == 200
    assert system.asks("POST", f"{INSTITUTIONS}/{key}/lock").json()["active"] is False
    for headers in (people, machine):
        assert league.client.get(REVIEWS, headers=headers).status_code == 401
    assert (league.login("sun").status_code, "停用" in league.login("sun").text) == (403, True)
    form = {"grant_type": "client_credentials", "client_id": "h7-his", "client_secret": secret}
    assert league.client.post(TOKEN, data=form).status_code == 401
    assert system.asks("POST", f"{INSTITUTIONS}/{key}/unlock").json()["active"] is True
    for headers in (people, machine):
        assert league.client.get(REVIEWS, headers=headers).status_code == 200


def test_nobody_closes_where_they_themselves_stand(above: As, system: As) -> None:
    above.asks("POST", INSTITUTIONS, {"parent": "", "code": LEAGUE, "name": "全盟", "kind": "league"})
    keys = {one["tenant"]: one["key"] for one in system.asks("GET", INSTITUTIONS).json()["institutions"]}
    assert system.asks("POST", f"{INSTITUTIONS}/{keys[COUNTY]}/lock").status_code == 403
    assert above.asks("POST", f"{INSTITUTIONS}/{keys[LEAGUE]}/lock").status_code == 403
    assert system.asks("POST", f"{INSTITUTIONS}/none/lock").status_code == 404


def test_security_staff_registers_no_institutions(safety: As) -> None:
    assert safety.asks("POST", INSTITUTIONS, _hospital("h8")).status_code == 403


# -- what institutions offer ----------------------------------------------------------------------


def _registered(who: As, code: str) -> str:
    """The path of the list of a hospital that is registered anew."""
    return f"{INSTITUTIONS}/{who.asks('POST', INSTITUTIONS, _hospital(code)).json()['key']}/examinations"


def test_an_institution_lists_what_it_offers_and_a_doctor_elsewhere_is_told_where_to_refer(
    league: Staffed, above: As, system: As
) -> None:
    small, large = _registered(system, "h20"), _registered(system, "h21")
    assert system.asks("PUT", small, {"items": ["血常规", "718-7", "exam:ecg", "胸片"]}).status_code == 200
    told = system.asks("GET", small).json()
    assert {one["said"]: one["name"] for one in told["items"]} == {
        "血常规": "血常规",
        "718-7": "血红蛋白",
        "exam:ecg": "心电图",
        "胸片": "胸部X线",
    }
    assert {one["by"] for one in told["items"]} == {"sys"}
    assert league.audited("institution.offers")[0]["subject"] == f"institution/{COUNTY}/h20"
    assert system.asks("PUT", large, {"items": ["腹部彩超", "腹部CT"]}).status_code == 200

    league.add("zhao", f"{COUNTY}/h20/ward", "clinician")
    league.client.app.state.front.region.refresh()  # type: ignore[attr-defined]
    asked = {"ageYears": 25, "sex": "女", "text": "右下腹痛1天，伴恶心、发热。", "institutionLevel": 2, "limit": 50}

    def placed() -> dict[str, Any]:
        found = As(league, "zhao").asks("POST", "/api/v1/inference/examinations", asked).json()["examinations"]
        return {one["name"]: [one["available"], one["availableBy"], one.get("elsewhere")] for one in found}

    assert placed()["血常规"] == [True, "list", None]
    assert placed()["腹部超声"] == [False, "list", ["h21医院"]]
    assert system.asks("PUT", small, {"items": []}).json()["items"] == []
    assert placed()["腹部超声"] == [True, "grade", None], "without a list the grade says it"


def test_of_a_list_with_a_row_that_is_nothing_nothing_is_kept(above: As, system: As) -> None:
    path = _registered(system, "h22")
    assert system.asks("PUT", path, {"items": ["心电图"]}).status_code == 200
    refused = system.asks("PUT", path, {"items": ["血常规", "肌钙蛋白", "", "阿司匹林"]})
    assert refused.status_code == 400
    (issue,) = refused.json()["issue"]
    assert issue["expression"] == ["items[1]"]
    for told in ("共 2 行", "第2行“肌钙蛋白”（可选：肌钙蛋白", "第4行“阿司匹林”"):
        assert told in issue["details"]["text"]
    assert [one["name"] for one in system.asks("GET", path).json()["items"]] == ["心电图"]


def test_who_does_not_manage_an_institution_lists_nothing_for_it(above: As, system: As, safety: As) -> None:
    path, given = _registered(system, "h23"), {"items": ["心电图"]}
    assert safety.asks("PUT", path, given).status_code == 403
    far = above.asks("POST", INSTITUTIONS, _hospital("h24") | {"parent": LEAGUE}).json()["key"]
    assert system.asks("PUT", f"{INSTITUTIONS}/{far}/examinations", given).status_code == 403
    keys = {one["tenant"]: one["key"] for one in system.asks("GET", INSTITUTIONS).json()["institutions"]}
    assert system.asks("PUT", f"{INSTITUTIONS}/{keys[COUNTY]}/examinations", given).status_code == 400
    assert system.asks("GET", f"{INSTITUTIONS}/none/examinations").status_code == 404
