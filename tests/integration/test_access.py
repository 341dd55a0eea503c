"""Logging in, and what one may do then."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import jwt
import pyotp
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from jwt.algorithms import ECAlgorithm
from sqlalchemy import update
from typer.testing import CliRunner

from api.cli import app
from api.openapi import EXAMPLES
from base import alerts, sessions
from base.tenancy import system
from tests.integration.staffed import COUNTY, HOSPITAL, LEAGUE, OTHER, PASSWORD, Staffed, staffed

REVIEWS = "/api/v1/reviews"
SESSION = "/api/v1/session"
RISKY: dict[str, Any] = EXAMPLES["review"] | {"submit": {"prescription": "RX-1"}}


@pytest.fixture
def league(starter_dir: Path, tmp_path: Path) -> Iterator[Staffed]:
    made = staffed(starter_dir, tmp_path)
    yield made
    made.client.__exit__(None, None, None)
    made.house.engine.dispose()


def _older(league: Staffed, **values: datetime) -> None:
    """Time passes for every session."""
    with league.house.engine.begin() as connection:
        connection.execute(update(sessions.sessions).values(values))


# -- the laptop --------------------------------------------------------------------------------


def test_without_accounts_the_machine_itself_may_everything_and_others_nothing(league: Staffed) -> None:
    assert league.client.get(REVIEWS).status_code == 200
    found = league.client.get(SESSION).json()
    assert (found["name"], found["kind"]) == ("local", "local")


def test_with_the_first_account_that_door_closes(league: Staffed) -> None:
    league.add("wang", HOSPITAL, "pharmacist")
    assert league.client.get(REVIEWS).status_code == 401
    sign = league.client.post("/cds-services/yigong-order-sign", json=EXAMPLES["order-sign"])
    assert sign.status_code == 200, "calls of CDS Hooks keep their own rule"
    assert league.client.get("/healthz").status_code == 200


def test_keys_of_the_settings_go_on_working(starter_dir: Path, tmp_path: Path) -> None:
    made = staffed(starter_dir, tmp_path, api_keys=["duty:s3cret"])
    made.add("wang", HOSPITAL, "pharmacist")
    headers = {"Authorization": "Bearer s3cret"}
    assert made.client.get(REVIEWS, headers=headers).status_code == 200
    assert made.client.get(SESSION, headers=headers).json()["kind"] == "key"
    assert made.client.get(REVIEWS, headers={"Authorization": "Bearer s3cre"}).status_code == 401
    made.client.__exit__(None, None, None)
    made.house.engine.dispose()


# -- sessions ----------------------------------------------------------------------------------


def test_logging_in_working_and_logging_out(league: Staffed) -> None:
    league.add("wang", HOSPITAL, "pharmacist")
    wang = league.bearer("Wang")
    told = league.client.get(SESSION, headers=wang).json()
    assert (told["name"], told["institution"], told["roles"]) == (
        "wang",
        HOSPITAL,
        [{"name": "pharmacist", "title": "审方药师"}],
    )
    assert "review.decide" in told["permissions"]
    assert league.client.get(REVIEWS, headers=wang).status_code == 200
    assert league.client.delete(SESSION, headers=wang).json() == {"ended": 1}
    assert league.client.get(REVIEWS, headers=wang).status_code == 401


def test_a_session_in_a_cookie_is_out_of_reach_of_scripts(league: Staffed) -> None:
    league.add("wang", HOSPITAL, "pharmacist", "clinician")
    answer = league.login("wang", cookie=True)
    assert "token" not in answer.json()
    cookie = answer.headers["set-cookie"]
    assert all(word in cookie for word in ("__Host-yigong=", "HttpOnly", "Secure", "SameSite=strict", "Path=/"))
    assert league.client.get(REVIEWS).status_code == 200
    csrf = {"X-CSRF-Token": answer.json()["csrf"]}
    assert league.client.post(REVIEWS, json=RISKY, headers=csrf).status_code == 200
    assert league.client.get(SESSION).json()["csrf"] == answer.json()["csrf"], "a page that was loaded anew finds it"
    assert "__Host-yigong=" in league.client.delete(SESSION, headers=csrf).headers["set-cookie"]
    assert league.client.get(REVIEWS).status_code == 401


def test_a_session_left_alone_ends_and_so_does_an_old_one(league: Staffed) -> None:
    league.add("wang", HOSPITAL, "pharmacist")
    wang = league.bearer("wang")
    _older(league, seen=datetime.now(UTC) - timedelta(minutes=31))
    assert league.client.get(REVIEWS, headers=wang).status_code == 401
    wang = league.bearer("wang")
    _older(league, expires=datetime.now(UTC) - timedelta(seconds=1))
    assert league.client.get(REVIEWS, headers=wang).status_code == 401


def test_using_a_session_keeps_it_alive(league: Staffed) -> None:
    league.add("wang", HOSPITAL, "pharmacist")
    wang = league.bearer("wang")
    for _ in range(3):
        _older(league, seen=datetime.now(UTC) - timedelta(minutes=29))
        assert league.client.get(REVIEWS, headers=wang).status_code == 200


def test_one_sees_where_else_one_is_logged_in_and_ends_it_all(league: Staffed) -> None:
    league.add("wang", HOSPITAL, "pharmacist")
    first, second = league.bearer("wang"), league.bearer("wang")
    listed = league.client.get("/api/v1/sessions", headers=first).json()["sessions"]
    assert [s["current"] for s in listed] == [False, True]
    assert all(set(s) == {"began", "seen", "expires", "source", "current"} for s in listed)
    assert league.client.delete("/api/v1/sessions", headers=first).json() == {"ended": 2}
    assert league.client.get(SESSION, headers=second).status_code == 401


def test_a_temporary_password_opens_nothing_but_its_change(league: Staffed) -> None:
    league.add("root", LEAGUE, "system-admin")
    root = league.bearer("root")
    made = league.client.post("/api/v1/accounts", json={"name": "zhao", "tenant": HOSPITAL}, headers=root)
    assert made.status_code == 201
    password = made.json()["temporaryPassword"]
    answer = league.login("zhao", password)
    assert answer.json()["mustChangePassword"]
    zhao = {"Authorization": f"Bearer {answer.json()['token']}"}
    assert "修改口令" in league.client.get(REVIEWS, headers=zhao).text
    assert league.client.get(SESSION, headers=zhao).json()["blocked"] == "password"
    weak = league.client.post(f"{SESSION}/password", json={"old": password, "new": "short"}, headers=zhao)
    assert weak.status_code == 422
    changed = league.client.post(f"{SESSION}/password", json={"old": password, "new": PASSWORD}, headers=zhao)
    assert changed.status_code == 200, changed.text
    assert league.client.get("/api/v1/concepts?name=华法林", headers=zhao).status_code == 403, "no role yet"
    assert league.login("zhao", password).status_code == 401
    assert league.login("zhao").status_code == 200


def test_changing_the_password_ends_all_other_sessions(league: Staffed) -> None:
    league.add("wang", HOSPITAL, "pharmacist")
    here, there = league.bearer("wang"), league.bearer("wang")
    given = {"old": PASSWORD, "new": "Winter-im-Garten-8"}
    assert league.client.post(f"{SESSION}/password", json=given, headers=here).status_code == 200
    assert league.client.get(REVIEWS, headers=here).status_code == 200
    assert league.client.get(REVIEWS, headers=there).status_code == 401


# -- the second factor -------------------------------------------------------------------------


def _enrolled(league: Staffed, headers: dict[str, str]) -> tuple[pyotp.TOTP, list[str]]:
    begun = league.client.post(f"{SESSION}/second-factor", json={}, headers=headers).json()
    assert begun["uri"].startswith("otpauth://totp/")
    totp = pyotp.TOTP(begun["secret"])
    earlier = totp.at(datetime.now(UTC) - timedelta(seconds=30))
    done = league.client.post(f"{SESSION}/second-factor/confirmation", json={"code": earlier}, headers=headers)
    assert done.status_code == 200, done.text
    return totp, done.json()["recoveryCodes"]


def test_with_a_second_factor_a_password_is_not_enough(league: Staffed) -> None:
    league.add("wang", HOSPITAL, "pharmacist")
    totp, recovery = _enrolled(league, league.bearer("wang"))
    without = league.login("wang")
    assert without.status_code == 401
    assert without.json()["issue"][0]["expression"] == ["code"]
    assert league.login("wang", code="000000").status_code == 401
    assert league.login("wang", code=totp.now()).status_code == 200
    assert league.login("wang", code=recovery[0]).status_code == 200
    assert league.login("wang", code=recovery[0]).status_code == 401


def test_a_role_that_asks_for_a_second_factor_does_nothing_without(starter_dir: Path, tmp_path: Path) -> None:
    made = staffed(starter_dir, tmp_path, second_factor_roles=["auditor"])
    made.add("shen", LEAGUE, "auditor")
    shen = made.bearer("shen")
    refused = made.client.get("/api/v1/audit", headers=shen)
    assert (refused.status_code, "动态口令" in refused.text) == (403, True)
    _enrolled(made, shen)
    assert made.client.get("/api/v1/audit", headers=shen).status_code == 200
    made.client.__exit__(None, None, None)
    made.house.engine.dispose()


def test_dangerous_acts_ask_again_who_it_is(league: Staffed) -> None:
    league.add("root", LEAGUE, "system-admin")
    root = league.bearer("root")
    _older(league, proved=datetime.now(UTC) - timedelta(minutes=11))
    given = {"name": "zhao", "tenant": HOSPITAL}
    asked = league.client.post("/api/v1/accounts", json=given, headers=root)
    assert asked.status_code == 401
    assert "insufficient_user_authentication" in asked.headers["www-authenticate"]
    assert league.client.get("/api/v1/accounts", headers=root).status_code == 200, "looking is not dangerous"
    assert league.client.post(f"{SESSION}/proof", json={"password": "wrong"}, headers=root).status_code == 401
    assert league.client.post(f"{SESSION}/proof", json={"password": PASSWORD}, headers=root).status_code == 200
    assert league.client.post("/api/v1/accounts", json=given, headers=root).status_code == 201


def test_an_export_asks_again_even_though_it_only_reads(league: Staffed) -> None:
    league.add("li", HOSPITAL, "lead-pharmacist")
    li = league.bearer("li")
    _older(league, proved=datetime.now(UTC) - timedelta(minutes=11))
    assert league.client.get("/api/v1/comments/rounds", headers=li).status_code == 200
    assert league.client.get("/api/v1/comments/rounds/x/results.xlsx", headers=li).status_code == 401


# -- acting in the queue ------------------------------------------------------------------------


def _pending(league: Staffed, tenant: str = HOSPITAL) -> str:
    """A prescription of a tenant that waits for a pharmacist."""
    name = "his-" + tenant.rpartition("/")[2]
    his = league.token(name, league.machine(name, tenant))
    grave = {"text": "甲硝唑"}
    body = EXAMPLES["review"] | {"submit": {"prescription": "RX-1"}}
    body["patient"] = body["patient"] | {"allergies": [grave]}
    order = {"id": "o9", "text": "甲硝唑片", "dose": 0.4, "unit": "g", "route": "口服", "frequency": "tid", "days": 5}
    made = league.client.post(REVIEWS, json=body | {"orders": [order]}, headers=his)
    assert made.json()["decision"]["status"] == "pending", made.text
    return str(made.json()["id"])


def _decide(
    league: Staffed, review: str, headers: dict[str, str], name: str, role: str = "pharmacist", **more: Any
) -> Any:
    body = {"action": "claim", "by": {"name": name, "role": role}, **more}
    return league.client.post(f"{REVIEWS}/{review}/decisions", json=body, headers=headers)


def test_a_pharmacist_acts_in_their_own_name(league: Staffed) -> None:
    review = _pending(league)
    league.add("wang", HOSPITAL, "pharmacist")
    wang = league.bearer("wang")
    assert _decide(league, review, wang, "赵药师").status_code == 403
    assert _decide(league, review, wang, "wang", "supervisor").status_code == 403
    assert _decide(league, review, wang, "wang", "prescriber", action="withdraw").status_code == 403
    claimed = _decide(league, review, wang, "wang")
    assert (claimed.status_code, claimed.json()["assignee"]) == (200, "wang")


def test_who_has_no_such_role_there_reviews_nothing(league: Staffed) -> None:
    review = _pending(league)
    league.add("doc", HOSPITAL, "clinician")
    league.add("far", OTHER, "pharmacist")
    assert _decide(league, review, league.bearer("doc"), "doc").status_code == 403
    assert _decide(league, review, league.bearer("far"), "far").status_code == 404, "it is not even there"


def test_a_prescription_is_handed_only_to_who_may_review_it(league: Staffed) -> None:
    review = _pending(league)
    league.add("li", HOSPITAL, "lead-pharmacist")
    league.add("wang", COUNTY, "pharmacist")
    league.add("far", OTHER, "pharmacist")
    li = league.bearer("li")
    for name in ("far", "nobody"):
        assert _decide(league, review, li, "li", "supervisor", action="reassign", to=name).status_code == 403
    given = _decide(league, review, li, "li", "supervisor", action="reassign", to="wang")
    assert (given.status_code, given.json()["assignee"]) == (200, "wang")


def test_a_pharmacist_of_the_county_sees_all_below_and_one_of_a_clinic_only_it(league: Staffed) -> None:
    here, elsewhere = _pending(league), _pending(league, OTHER)
    league.add("county", COUNTY, "pharmacist")
    league.add("all", LEAGUE, "pharmacist")
    league.add("clinic", f"{HOSPITAL}/c1", "pharmacist")

    def seen(name: str) -> set[str]:
        answer = league.client.get(f"{REVIEWS}?status=waiting", headers=league.bearer(name))
        return {case["id"] for case in answer.json()["reviews"]}

    assert seen("county") == {here}
    assert seen("all") == {here, elsewhere}
    assert seen("clinic") == set()


# -- hospital systems ---------------------------------------------------------------------------


def test_a_hospital_system_fetches_a_token_and_works_for_its_tenant(league: Staffed) -> None:
    league.add("wang", HOSPITAL, "pharmacist")
    secret = league.machine("his", HOSPITAL)
    basic = league.client.post("/api/v1/oauth/token", data={"grant_type": "client_credentials"}, auth=("his", secret))
    told = basic.json()
    assert (told["token_type"], told["expires_in"]) == ("Bearer", 1800)
    assert basic.headers["cache-control"] == "no-store"
    his = {"Authorization": f"Bearer {told['access_token']}"}
    made = league.client.post(REVIEWS, json=EXAMPLES["review"], headers=his)
    assert made.status_code == 200
    assert league.client.get(SESSION, headers=his).json()["institution"] == HOSPITAL
    assert league.client.get("/api/v1/accounts", headers=his).status_code == 403


def test_a_token_does_no_more_than_was_asked_for(league: Staffed) -> None:
    league.add("wang", HOSPITAL, "pharmacist")
    his = league.token("his", league.machine("his", HOSPITAL), scope="review.read")
    assert league.client.get(REVIEWS, headers=his).status_code == 200
    assert league.client.post(REVIEWS, json=EXAMPLES["review"], headers=his).status_code == 403


@pytest.mark.parametrize(
    ("form", "error"),
    [
        ({"grant_type": "password"}, "unsupported_grant_type"),
        ({"grant_type": "client_credentials"}, "invalid_client"),
        ({"grant_type": "client_credentials", "client_id": "his", "client_secret": "guess"}, "invalid_client"),
        ({"grant_type": "client_credentials", "client_id": "nobody", "client_secret": "x"}, "invalid_client"),
        ({"grant_type": "client_credentials", "client_id": "his", "client_secret": "SECRET", "scope": "account.grant"}, "invalid_scope"),
        ({"grant_type": "client_credentials", "client_id": "his", "client_secret": "SECRET", "client_assertion": "a.b.c"}, "invalid_client"),
    ],
)  # fmt: skip
def test_what_the_token_endpoint_refuses_is_said_in_its_own_terms(
    league: Staffed, form: dict[str, str], error: str
) -> None:
    secret = league.machine("his", HOSPITAL)
    sent = {k: v.replace("SECRET", secret) for k, v in form.items()}
    answer = league.client.post("/api/v1/oauth/token", data=sent)
    assert answer.status_code in (400, 401)
    assert answer.json()["error"] == error
    assert secret not in answer.text


class Signer:
    """A hospital system with a key pair."""

    def __init__(self) -> None:
        self.key = ec.generate_private_key(ec.SECP384R1())
        public = ECAlgorithm(ECAlgorithm.SHA384).to_jwk(self.key.public_key(), as_dict=True)
        self.jwks = {"keys": [public | {"kid": "k1", "alg": "ES384", "use": "sig"}]}

    def assertion(self, **changed: Any) -> str:
        now = int(datetime.now(UTC).timestamp())
        claims = {"iss": "lis", "sub": "lis", "aud": "https://testserver/api/v1/oauth/token", "exp": now + 240}
        return jwt.encode(claims | {"jti": "j1"} | changed, self.key, "ES384", {"kid": "k1"})


def _asked(league: Staffed, assertion: str) -> Any:
    kind = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
    form = {"grant_type": "client_credentials", "client_assertion_type": kind, "client_assertion": assertion}
    return league.client.post("/api/v1/oauth/token", data=form)


def test_a_hospital_system_may_prove_itself_by_its_key(league: Staffed) -> None:
    signer = Signer()
    assert league.machine("lis", HOSPITAL, keys=signer.jwks) == "", "it has no secret"
    answer = _asked(league, signer.assertion())
    assert answer.status_code == 200, answer.text
    assert _asked(league, signer.assertion()).status_code == 401, "each assertion works once"
    assert _asked(league, signer.assertion(jti="j2")).status_code == 200


@pytest.mark.parametrize(
    "changed",
    [
        {"aud": "https://elsewhere/token"},
        {"sub": "his"},
        {"exp": 1},
        {"exp": int(datetime.now(UTC).timestamp()) + 86_400},
        {"jti": None},
        {"iss": "his", "sub": "his"},
    ],
)
def test_an_assertion_that_is_not_for_us_now_is_refused(league: Staffed, changed: dict[str, Any]) -> None:
    signer = Signer()
    league.machine("lis", HOSPITAL, keys=signer.jwks)
    league.machine("his", HOSPITAL)
    given = {k: v for k, v in changed.items() if v is not None}
    now = int(datetime.now(UTC).timestamp())
    claims = {
        "iss": "lis",
        "sub": "lis",
        "aud": "https://testserver/api/v1/oauth/token",
        "exp": now + 240,
        "jti": "j",
    }
    left = {k: v for k, v in (claims | given).items() if k not in changed or changed[k] is not None}
    assert _asked(league, jwt.encode(left, signer.key, "ES384", {"kid": "k1"})).status_code == 401


def test_a_locked_client_is_out_at_once(league: Staffed) -> None:
    league.add("an", LEAGUE, "security-admin")
    his, an = league.token("his", league.machine("his", HOSPITAL)), league.bearer("an")
    assert league.client.get(REVIEWS, headers=his).status_code == 200
    assert league.client.post("/api/v1/clients/his/lock", json={}, headers=an).json()["tokensEnded"] == 1
    assert league.client.get(REVIEWS, headers=his).status_code == 401
    league.client.post("/api/v1/clients/his/unlock", json={}, headers=an)
    secret = league.client.post("/api/v1/clients/his/secret", json={}, headers=an).json()["secret"]
    assert league.client.get(REVIEWS, headers=league.token("his", secret)).status_code == 200


# -- break-glass, alerts, audit ------------------------------------------------------------------

GLASS = {"category": "emergency", "reason": "昏迷患者急诊抢救，需了解既往过敏史"}


def test_the_glass_is_broken_with_a_reason_and_security_staff_is_told(league: Staffed) -> None:
    person, number = league.person(OTHER, "p-1", "王建军")
    league.add("doc", HOSPITAL, "clinician")
    league.add("an", COUNTY, "security-admin")
    league.add("far", "league/county-b", "security-admin")
    doc, an = league.bearer("doc"), league.bearer("an")
    glass = GLASS | {"person": number}
    for bad in ({"reason": "急"}, {"category": "curiosity"}):
        assert league.client.post("/api/v1/break-glass", json=glass | bad, headers=doc).status_code == 422
    assert league.client.post("/api/v1/break-glass", json=glass | {"person": "YG1"}, headers=doc).status_code == 404
    broken = league.client.post("/api/v1/break-glass", json=glass, headers=doc)
    assert broken.status_code == 201, broken.text
    (alert,) = league.client.get("/api/v1/alerts", headers=an).json()["alerts"]
    assert (alert["actor"], alert["subject"], alert["reason"]) == ("doc", f"person/{person}", GLASS["reason"])
    assert league.client.get("/api/v1/alerts", headers=league.bearer("far")).json()["alerts"] == []
    seen = league.client.post(f"/api/v1/alerts/{alert['id']}/acknowledgement", json={}, headers=an)
    assert seen.status_code == 200
    assert league.client.get("/api/v1/alerts", headers=an).json()["alerts"] == []
    (event,) = league.audited("break-glass")
    assert (event["actor"], event["subject"], event["tenant"], event["why"]) == (
        "doc",
        f"person/{person}",
        HOSPITAL,
        "emergency",
    )
    assert "抢救" not in str(event), "the reason may name the patient: it stands sealed elsewhere"
    assert 'yigong_security_alerts_total{kind="break-glass"}' in league.client.get("/metrics").text


def test_behind_the_glass_is_one_person_and_for_a_while(league: Staffed) -> None:
    _, number = league.person(OTHER, "p-1", "王建军")
    _, another = league.person(OTHER, "p-2", "李强国")
    league.add("doc", HOSPITAL, "clinician")
    league.add("peer", HOSPITAL, "clinician")
    doc, peer = league.bearer("doc"), league.bearer("peer")
    everything, index = f"/fhir/Patient/{number}/$everything", f"/api/v1/persons/{number}"
    assert [league.client.get(path, headers=doc).status_code for path in (everything, index)] == [404, 404]
    assert league.client.post("/api/v1/break-glass", json=GLASS | {"person": number}, headers=doc).status_code == 201
    told = league.client.get(everything, headers=doc)
    assert (told.status_code, "青霉素" in told.text) == (200, True)
    assert "王建军" in league.client.get(index, headers=doc).text
    assert league.client.get(f"/fhir/Patient/{another}/$everything", headers=doc).status_code == 404
    assert league.client.get(everything, headers=peer).status_code == 404
    with system("test"), league.house.engine.begin() as connection:
        connection.execute(update(alerts.glasses).values(until=datetime.now(UTC)))
    assert league.client.get(everything, headers=doc).status_code == 404


def test_the_glass_is_broken_by_people_and_never_by_machines(league: Staffed) -> None:
    _, number = league.person(OTHER, "p-1", "王建军")
    secret = league.machine("his", HOSPITAL, permissions=["record.break-glass", "record.read"])
    his = league.token("his", secret)
    assert league.client.post("/api/v1/break-glass", json=GLASS | {"person": number}, headers=his).status_code == 403


def test_what_somebody_may_in_one_place_they_may_not_see_in_another(league: Staffed) -> None:
    """Full names in the own hospital, masked ones in the rest of the county."""
    league.person(f"{COUNTY}/h2", "p-1", "王建军")
    league.add("wang", HOSPITAL, "clinician", ("regulator", COUNTY))
    league.add("doc", COUNTY, "clinician")
    sought = {"patient": {"resourceType": "Patient", "name": [{"text": "王建军"}], "birthDate": "1980-05-12"}}
    sought["patient"]["telecom"] = [{"system": "phone", "value": "13512340001"}]
    told = league.client.post("/api/v1/persons/search", json=sought, headers=league.bearer("wang")).text
    assert ("王*军" in told, "王建军" in told) == (True, False), told
    assert "王建军" in league.client.post("/api/v1/persons/search", json=sought, headers=league.bearer("doc")).text


def test_the_audit_tells_who_did_what_from_where_and_is_told_by_tenant(league: Staffed) -> None:
    league.add("shen", COUNTY, "auditor")
    league.add("root", LEAGUE, "auditor")
    league.add("wang", HOSPITAL, "pharmacist")
    league.add("far", OTHER, "pharmacist")
    wang, far = league.bearer("wang"), league.bearer("far")
    league.client.get(REVIEWS, headers=wang)
    league.client.get("/api/v1/audit", headers=wang)
    league.client.get(REVIEWS, headers=far)
    league.login("wang", "wrong")
    league.client.delete(SESSION, headers=wang)
    assert league.client.app.state.front.audit.flush()  # type: ignore[attr-defined]
    told = league.client.get("/api/v1/audit?limit=1000", headers=league.bearer("shen")).json()["events"]
    assert {e["tenant"] for e in told} <= {COUNTY, HOSPITAL}
    acts = [(e["act"], e["why"]) if "why" in e else (e["act"], "") for e in told if e["actor"] == "wang"]
    assert {("login", ""), ("http.get", ""), ("access.refused", "audit.read"), ("logout", "")} <= set(acts)
    refused = next(e for e in told if e["act"] == "access.refused")
    assert (refused["actTitle"], refused["whyTitle"]) == ("无权访问，已拒绝", "缺少权限：查询审计记录")
    ended = next(e for e in told if e["act"] == "logout")
    assert ended["details"] == [{"title": "结束会话数", "text": str(ended["detail"]["sessions"])}]
    known = league.client.get("/api/v1/audit/acts", headers=league.bearer("shen")).json()["groups"]
    assert {"code": "login", "title": "登录"} in [one for group in known for one in group["acts"]]
    assert league.client.get("/api/v1/audit/acts", headers=far).status_code == 403
    root = league.bearer("root")
    assert league.client.app.state.front.audit.flush()  # type: ignore[attr-defined]  # no login comes between the pages
    page = league.client.get("/api/v1/audit?limit=1&act=login", headers=root).json()
    after = league.client.get(f"/api/v1/audit?limit=1&act=login&before={page['next']}", headers=root).json()
    assert after["events"][0]["number"] < page["events"][0]["number"]
    whole = league.client.get("/api/v1/audit?act=login", headers=root).json()["events"]
    assert {e["act"] for e in whole} == {"login", "login.failed"}
    assert "far" in {e["actor"] for e in whole}
    assert [e["number"] for e in whole[:2]] == [page["events"][0]["number"], after["events"][0]["number"]]


def test_overrides_and_decisions_are_recorded_without_what_was_said(league: Staffed) -> None:
    review = _pending(league)
    league.add("wang", HOSPITAL, "pharmacist")
    wang = league.bearer("wang")
    _decide(league, review, wang, "wang")
    _decide(league, review, wang, "wang", action="return", reason="张三的处方须修改")
    sign = "/cds-services/yigong-order-sign"
    card = league.client.post(sign, json=EXAMPLES["order-sign"]).json()["cards"][0]["uuid"]
    given = {"card": card, "outcome": "overridden", "outcomeTimestamp": "2026-11-24T00:00:00Z"}
    reason = {"reason": {"code": "benefit", "system": "x"}, "userComment": "张三须用此药"}
    answer = league.client.post(f"{sign}/feedback", json={"feedback": [given | {"overrideReason": reason}]})
    assert answer.status_code == 200, answer.text
    (override,) = league.audited("card.override")
    assert (override["subject"], override["why"]) == (f"card/{card}", "benefit")
    assert {e["act"] for e in league.audited("review")} == {"review.claim", "review.return"}
    assert "张三" not in str(league.audited())


def test_the_code_across_a_page_tells_whose_it_was(league: Staffed) -> None:
    league.add("wang", HOSPITAL, "pharmacist")
    mark = league.client.get(SESSION, headers=league.bearer("wang")).json()["watermark"]
    assert (mark["name"], mark["institution"]) == ("wang", HOSPITAL)
    assert league.client.app.state.front.audit.flush()  # type: ignore[attr-defined]
    (event,) = [e for e in league.audited("session.watermark") if e["subject"] == f"watermark/{mark['code']}"]
    assert event["actor"] == "wang"


# -- accounts over HTTP and on the command line ----------------------------------------------------


def test_one_opens_accounts_another_gives_roles(league: Staffed) -> None:
    league.add("sys", COUNTY, "system-admin")
    league.add("an", COUNTY, "security-admin")
    sys, an = league.bearer("sys"), league.bearer("an")
    new = league.client.post(
        "/api/v1/accounts", json={"name": "zhao", "fullName": "赵药师", "tenant": HOSPITAL}, headers=sys
    )
    path = f"/api/v1/accounts/{new.json()['id']}"
    given = {"role": "pharmacist", "tenant": HOSPITAL}
    assert league.client.post(f"{path}/grants", json=given, headers=sys).status_code == 403
    grant = league.client.post(f"{path}/grants", json=given, headers=an)
    assert grant.status_code == 201
    (zhao,) = [a for a in league.client.get("/api/v1/accounts", headers=an).json()["accounts"] if a["name"] == "zhao"]
    assert [g["title"] for g in zhao["grants"]] == ["审方药师"]
    assert league.client.delete(f"{path}/grants/{grant.json()['id']}", headers=an).status_code == 200
    assert league.client.post(f"{path}/lock", json={}, headers=sys).json()["locked"]
    assert league.login("zhao", new.json()["temporaryPassword"]).status_code == 403
    assert league.client.post(f"{path}/unlock", json={}, headers=sys).status_code == 200
    again = league.client.post(f"{path}/reset", json={}, headers=sys).json()["temporaryPassword"]
    assert league.login("zhao", again).status_code == 200
    acts = [e["act"] for e in league.audited()]
    for act in ("account.add", "grant.add", "grant.remove", "account.lock", "account.unlock", "account.reset"):
        assert act in acts


def test_a_role_of_ones_own_works_where_it_was_defined(league: Staffed) -> None:
    league.add("an", COUNTY, "security-admin")
    wang = league.add("wang", HOSPITAL)
    an = league.bearer("an")
    role = {"name": "night-shift", "title": "夜班药师", "tenant": COUNTY, "permissions": ["review.read"]}
    assert league.client.post("/api/v1/roles", json=role, headers=an).status_code == 200
    grant = {"role": "night-shift", "tenant": HOSPITAL}
    assert league.client.post(f"/api/v1/accounts/{wang}/grants", json=grant, headers=an).status_code == 201
    assert league.client.get(REVIEWS, headers=league.bearer("wang")).status_code == 200
    assert "夜班药师" in league.client.get("/api/v1/roles", headers=an).text


def test_the_first_administrators_are_made_on_the_command_line(league: Staffed) -> None:
    folder = ["--data-dir", str(league.house.settings.data_dir)]
    run = CliRunner()
    assert run.invoke(app, ["accounts", "add", "root", *folder]).exit_code == 2, "who does this must be said"
    done = run.invoke(app, ["accounts", "add", "root", "--role", "system-admin", "--by", "setup", *folder])
    assert done.exit_code == 0, done.output
    password = done.output.strip().rpartition(" ")[2]
    assert league.login("root", password).json()["mustChangePassword"]
    both = run.invoke(app, ["accounts", "roles", "root", "--role", "auditor", "--by", "setup", *folder])
    assert (both.exit_code, "三员分立" in both.output) == (1, True)
    assert run.invoke(app, ["accounts", "lock", "root", "--by", "setup", *folder]).exit_code == 0
    assert league.login("root", password).status_code == 403
    assert run.invoke(app, ["accounts", "unlock", "root", "--by", "setup", *folder]).exit_code == 0
    reset = run.invoke(app, ["accounts", "reset", "root", "--by", "setup", *folder])
    assert league.login("root", reset.output.strip().rpartition(" ")[2]).status_code == 200
    assert "root" in run.invoke(app, ["accounts", "list", *folder]).output
    assert "审方药师" in run.invoke(app, ["accounts", "roles", *folder]).output
    assert {e["act"] for e in league.audited("account")} >= {"account.add", "account.lock", "account.reset"}


def test_a_hospital_system_is_registered_on_the_command_line(league: Staffed) -> None:
    folder = ["--data-dir", str(league.house.settings.data_dir)]
    run = CliRunner()
    done = run.invoke(app, ["clients", "add", "his", "--tenant", HOSPITAL, "--by", "setup", *folder])
    assert done.exit_code == 0, done.output
    secret = "".join(done.output.split()).rpartition(":")[2]
    assert league.client.get(REVIEWS, headers=league.token("his", secret)).status_code == 200
    assert run.invoke(app, ["clients", "add", "his", "--tenant", HOSPITAL, "--by", "setup", *folder]).exit_code == 1
    assert "his" in run.invoke(app, ["clients", "list", *folder]).output
    assert run.invoke(app, ["clients", "lock", "his", "--by", "setup", *folder]).exit_code == 0
