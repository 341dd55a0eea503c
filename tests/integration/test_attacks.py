"""What attackers try: another hospital's rows, other people's sessions, more rights than they have."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyotp
import pytest
from starlette.testclient import TestClient

from api import access
from api.openapi import EXAMPLES
from base import accounts, alerts, clients, roles
from base.roles import PERMISSIONS
from base.tenancy import Scope, acting, system
from tests.integration.staffed import BASE, COUNTY, HOSPITAL, LEAGUE, OTHER, OTHER_COUNTY, PASSWORD, Staffed, staffed
from tests.integration.test_dispensing import harmless

REVIEWS = "/api/v1/reviews"
SESSION = "/api/v1/session"
WARD = "秘密病区甲"
"""Stands in everything that belongs to the attacked hospital."""
ROUND = {
    "name": WARD,
    "by": {"name": "lead"},
    "since": "2020-01-01",
    "until": "2100-01-01",
    "size": 1,
}


@pytest.fixture
def league(starter_dir: Path, tmp_path: Path) -> Iterator[Staffed]:
    made = staffed(starter_dir, tmp_path)
    yield made
    made.client.__exit__(None, None, None)
    made.house.engine.dispose()


# -- another hospital's rows ---------------------------------------------------------------------


class Attacked:
    """A hospital with something of every kind, and what it looks like."""

    def __init__(self, league: Staffed) -> None:
        self.league = league
        self.lead = league.add("lead", HOSPITAL, "lead-pharmacist")
        league.add("victim", HOSPITAL, "clinician")
        secret = league.machine("his-victim", HOSPITAL, title=WARD)
        his = league.token("his-victim", secret)
        body = EXAMPLES["review"] | {"submit": {"prescription": "RX-1"}, "department": WARD}
        self.review = league.client.post(REVIEWS, json=body, headers=his).json()["id"]
        passed = league.client.post(REVIEWS, json=harmless() | {"department": WARD}, headers=his).json()
        assert passed["decision"]["dispensable"], passed
        assert league.client.app.state.front.reviewer.journal.flush()  # type: ignore[attr-defined]
        made = league.client.post("/api/v1/comments/rounds", json=ROUND, headers=league.bearer("lead"))
        self.round = made.json().get("id", "")
        assert self.round, made.text
        with system("test"), league.house.engine.begin() as connection:
            (grant,) = roles.grants_of(connection, [self.lead])
            roles.define(connection, "secret-role", WARD, HOSPITAL, ["review.read"], "root")
            self.alert = alerts.sound(connection, "break-glass", HOSPITAL, "victim", "person/17", "10.0.0.1")
        self.ids = {
            "review_id": self.review,
            "round_id": self.round,
            "number": "1",
            "account_id": self.lead,
            "grant_id": grant.id,
            "client_id": "his-victim",
            "alert_id": self.alert,
            "kind": "AllergyIntolerance",
            "local_id": "ap-1",
        }
        _, self.person = league.person(HOSPITAL, "p-1", "王秘密", WARD)
        self.secrets = ("王秘密", WARD, self.review, self.round, self.lead, self.alert, "his-victim", "victim")

    def state(self) -> str:
        """Everything that must not change."""
        engine = self.league.house.engine
        with system("test"), engine.connect() as connection:
            told: list[Any] = [
                accounts.by_id(connection, self.lead),
                roles.grants_of(connection, [self.lead]),
                roles.roles(connection)["secret-role"],
                clients.by_id(connection, "his-victim"),
                alerts.listed(connection, waiting=True),
            ]
            served = self.league.client.app.state  # type: ignore[attr-defined]
            dispensary, comments = served.front.dispensary, served.office.comments
            told += [dispensary.reviews.history(self.review), dispensary.reviews.case(self.review)]
            told += [comments.comments.round(self.round), comments.comments.items(self.round)]
        return repr(told)


def _calls(league: Staffed, attacked: Attacked) -> Iterator[tuple[str, str]]:
    """Every route of the document under /api/v1 and /fhir, with the ids of the attacked hospital."""
    for path, verbs in league.client.get("/openapi.json").json()["paths"].items():
        if path.startswith(("/api/v1", "/fhir")) and not path.endswith("/events"):
            ids = attacked.ids
            if "/persons/" in path or "Patient" in path:
                ids = ids | {"number": attacked.person, "local_id": "p-1"}
            filled = re.sub(r"\{(\w+)\}", lambda found, ids=ids: ids.get(found[1], "1"), path)
            yield from ((verb.upper(), filled) for verb in verbs)


def _of_others(answer: Any) -> str:
    """What the audit tells of others than whoever asks: one's own attempts name what one tried."""
    return str([event for event in answer.json().get("events", ()) if event["actor"] != "mallory"])


BODIES: dict[str, list[dict[str, Any]]] = {
    "decisions": [
        {"action": "claim", "by": {"name": "NAME", "role": "pharmacist"}},
        {"action": "recall", "by": {"name": "NAME", "role": "supervisor"}},
        {"action": "withdraw", "by": {"name": "NAME", "role": "prescriber"}},
    ],
    "judgement": [{"by": {"name": "NAME", "role": "supervisor"}, "result": "合理", "version": 1}],
    "assignment": [{"by": {"name": "NAME"}, "to": "NAME", "version": 1}],
    "close": [{"by": {"name": "NAME"}, "version": 1}],
    "grants": [{"role": "pharmacist", "tenant": OTHER}, {"role": "pharmacist", "tenant": HOSPITAL}],
    "accounts": [{"name": "mole", "tenant": HOSPITAL}],
    "clients": [{"id": "mole", "tenant": HOSPITAL}],
    "roles": [
        {"name": "secret-role", "title": "x", "tenant": HOSPITAL, "permissions": ["record.read"]},
        {"name": "secret-role", "title": "x", "tenant": OTHER, "permissions": ["record.read"]},
    ],
}
"""What is sent to a path that ends so, beside an empty object."""


@pytest.mark.parametrize("who", ["staff", "system-admin", "security-admin", "auditor", "client"])
def test_nobody_of_another_hospital_reads_or_changes_anything_by_any_route(league: Staffed, who: str) -> None:
    attacked = Attacked(league)
    if who == "client":
        headers = league.token("mallory", league.machine("mallory", OTHER))
    else:
        staff = [name for name, role in roles.ROLES.items() if not role.administers]
        league.add("mallory", OTHER, *(staff if who == "staff" else [who]))
        headers = league.bearer("mallory")
    before, tried = attacked.state(), 0
    for method, path in _calls(league, attacked):
        for body in [{}, *BODIES.get(path.rpartition("/")[2], [])] if method in ("POST", "PUT", "PATCH") else [None]:
            if (method, path) in (("DELETE", SESSION), ("DELETE", "/api/v1/sessions"), ("POST", SESSION)):
                continue
            sent = json.loads(json.dumps(body).replace("NAME", "mallory"))
            answer = league.client.request(method, path, json=sent, headers=headers, follow_redirects=False)
            assert answer.status_code < 500, f"{method} {path} {answer.text}"
            told = _of_others(answer) if path == "/api/v1/audit" else answer.text.replace(path, "")
            found = [secret for secret in attacked.secrets if secret in told and secret not in path]
            assert not found, f"{method} {path} {sent}: {answer.text[:500]}"
            tried += 1
    assert tried > 50
    assert attacked.state() == before


PUBLIC = {
    ("GET", "/fhir/metadata"),
    ("GET", "/api/v1/services"),
    ("POST", SESSION),
    ("POST", "/api/v1/oauth/token"),
    ("GET", "/api/v1/oidc/login"),
    ("GET", "/api/v1/oidc/callback"),
    ("GET", "/api/v1/oidc"),
    ("GET", "/api/v1/smart/launch"),
    ("GET", "/api/v1/smart/callback"),
    ("GET", "/api/v1/smart/keys"),
}
"""What says nothing of anybody, or is how one says who one is."""


def test_nobody_gets_anything_without_saying_who_they_are(league: Staffed) -> None:
    attacked = Attacked(league)
    before = attacked.state()
    for method, path in _calls(league, attacked):
        if (method, path) in PUBLIC:
            continue
        for body in [{}, *BODIES.get(path.rpartition("/")[2], [])] if method in ("POST", "PUT", "PATCH") else [None]:
            answer = league.client.request(method, path, json=body)
            assert answer.status_code in (400, 401), f"{method} {path}: {answer.status_code} {answer.text[:300]}"
            assert not [secret for secret in attacked.secrets if secret in answer.text.replace(path, "")]
    assert attacked.state() == before


def test_every_permission_that_a_route_asks_for_exists() -> None:
    """A misspelt one would be nobody's."""
    folder = Path(access.__file__).parent
    asked = {
        name
        for file in folder.rglob("*.py")
        for name in re.findall(r'need\(\s*request,\s*"([^"]+)"', file.read_text())
    }
    assert len(asked) > 20
    assert asked <= PERMISSIONS.keys()


def test_the_stream_of_the_queue_carries_nothing_of_another_hospital(league: Staffed) -> None:
    attacked = Attacked(league)
    reviews = league.client.app.state.front.dispensary.reviews  # type: ignore[attr-defined]
    with acting(Scope("far", (OTHER,))):
        assert reviews.after(0) == []
    with acting(Scope("near", (HOSPITAL,))):
        assert attacked.review in [event.review for event in reviews.after(0)]


def test_a_hospital_whose_name_begins_like_anothers_is_another(league: Staffed) -> None:
    attacked = Attacked(league)
    league.add("near", f"{HOSPITAL}0", "pharmacist")
    near = league.bearer("near")
    assert league.client.get(f"{REVIEWS}/{attacked.review}/history", headers=near).status_code == 404
    assert league.client.get(REVIEWS, headers=near).json()["reviews"] == []


def test_a_prescription_of_another_hospital_is_not_superseded(league: Staffed) -> None:
    attacked = Attacked(league)
    mallory = league.token("mallory", league.machine("mallory", OTHER))
    body = EXAMPLES["review"] | {"submit": {"prescription": "RX-2", "replaces": attacked.review}}
    before = attacked.state()
    assert league.client.post(REVIEWS, json=body, headers=mallory).status_code == 404
    assert attacked.state() == before


def test_a_sample_for_comment_is_drawn_from_ones_own_prescriptions(league: Staffed) -> None:
    Attacked(league)
    league.add("mallory", OTHER, "lead-pharmacist")
    mallory = league.bearer("mallory")
    for source in ("submitted", "journal"):
        given = ROUND | {"by": {"name": "mallory"}, "source": source, "again": True}
        answer = league.client.post("/api/v1/comments/rounds", json=given, headers=mallory)
        assert (answer.status_code, "没有可抽取" in answer.text) == (422, True)


def test_figures_and_use_of_rules_count_ones_own(league: Staffed) -> None:
    Attacked(league)
    league.add("mallory", OTHER, "pharmacist")
    mallory = league.bearer("mallory")
    assert league.client.get(f"{REVIEWS}/figures", headers=mallory).json()["submitted"] == 0
    assert league.client.get("/api/v1/rules/usage", headers=mallory).json()["rules"] == []


# -- other people's sessions -----------------------------------------------------------------------


def test_a_session_planted_before_login_is_not_the_one_after_it(league: Staffed) -> None:
    league.add("wang", HOSPITAL, "pharmacist")
    league.add("mallory", OTHER, "pharmacist")
    planted = league.login("mallory").json()["token"]
    victim = TestClient(league.client.app, base_url=BASE, cookies={"__Host-yigong": planted})
    answer = victim.post(SESSION, json={"name": "wang", "password": PASSWORD, "cookie": True})
    given = re.search(r"__Host-yigong=([^;]+)", answer.headers["set-cookie"])
    assert given is not None
    assert given[1] != planted
    assert league.client.get(SESSION, headers={"Authorization": f"Bearer {planted}"}).status_code == 401
    made_up = {"Authorization": "Bearer ys_" + "A" * 43}
    assert league.client.get(SESSION, headers=made_up).status_code == 401


@pytest.mark.parametrize("token", ["", "0" * 32, "of another session"])
def test_a_page_of_somebody_else_changes_nothing_with_ones_cookie(league: Staffed, token: str) -> None:
    league.add("wang", HOSPITAL, "pharmacist")
    other = league.login("wang").json()["csrf"]
    league.login("wang", cookie=True)
    headers = {"X-CSRF-Token": other if token == "of another session" else token} if token else {}
    before = len(league.audited("logout"))
    for method, path in (
        ("POST", REVIEWS),
        ("DELETE", SESSION),
        ("POST", f"{SESSION}/password"),
        ("DELETE", "/api/v1/sessions"),
    ):
        answer = league.client.request(method, path, json={} if method == "POST" else None, headers=headers)
        assert answer.status_code == 403, f"{method} {path}"
    assert league.client.get(SESSION).status_code == 200
    assert len(league.audited("logout")) == before


def test_a_form_of_another_page_logs_nobody_in(league: Staffed) -> None:
    league.add("mallory", OTHER, "pharmacist")
    form = {"name": "mallory", "password": PASSWORD}
    assert league.client.post(SESSION, data=form).status_code == 415
    plain = {"Content-Type": "text/plain"}
    assert league.client.post(SESSION, content=json.dumps(form), headers=plain).status_code == 415


def test_a_locked_account_is_out_at_once(league: Staffed) -> None:
    wang = league.add("wang", HOSPITAL, "pharmacist")
    league.add("sys", COUNTY, "system-admin")
    stolen, sys = league.bearer("wang"), league.bearer("sys")
    assert league.client.post(f"/api/v1/accounts/{wang}/lock", json={}, headers=sys).json()["sessionsEnded"] == 1
    assert league.client.get(REVIEWS, headers=stolen).status_code == 401
    assert league.login("wang").status_code == 403


def test_rights_that_are_taken_are_gone_at_once(league: Staffed) -> None:
    wang = league.add("wang", HOSPITAL, "pharmacist")
    held = league.bearer("wang")
    with system("test"), league.house.engine.begin() as connection:
        (grant,) = roles.grants_of(connection, [wang])
        roles.revoke(connection, grant.id)
    assert league.client.get(REVIEWS, headers=held).status_code == 403


def test_an_account_that_expired_is_out(league: Staffed) -> None:
    with system("test"), league.house.engine.begin() as connection:
        from api.people import rules_of

        given = {"password": PASSWORD, "expires": datetime.now(UTC) - timedelta(seconds=1)}
        accounts.add(connection, "gone", HOSPITAL, "root", rules_of(league.house.settings), **given)  # type: ignore[arg-type]
    assert league.login("gone").status_code == 403


# -- guessing ----------------------------------------------------------------------------------------


def test_guessing_a_password_is_slowed_down_and_told(league: Staffed) -> None:
    league.add("wang", HOSPITAL, "pharmacist")
    league.add("zhao", HOSPITAL, "pharmacist")
    league.add("an", LEAGUE, "security-admin")
    assert [league.login("wang", f"guess-{n}").status_code for n in range(5)] == [401] * 5
    waits = league.login("wang")
    assert waits.status_code == 429, "the right password does not help either"
    assert int(waits.headers["retry-after"]) > 20
    assert league.login("zhao").status_code == 200, "others go on"
    told = league.client.get("/api/v1/alerts", headers=league.bearer("an")).json()["alerts"]
    assert [a["kind"] for a in told] == ["login.guessing"]
    assert "wang" not in str(league.audited("login.failed")), "what was typed as a name is not recorded"


def test_who_guesses_at_once_is_counted_all_the_same(league: Staffed) -> None:
    league.add("wang", HOSPITAL, "pharmacist")
    with ThreadPoolExecutor(8) as many:
        answers = list(many.map(lambda n: league.login("wang", f"guess-{n}").status_code, range(24)))
    assert answers.count(401) == 5
    assert set(answers) == {401, 429}


def test_who_guesses_many_names_from_one_place_is_slowed_down(starter_dir: Path, tmp_path: Path) -> None:
    made = staffed(starter_dir, tmp_path, login_source_failures=10)
    answers = [made.login(f"name-{n}").status_code for n in range(12)]
    assert answers == [401] * 10 + [429] * 2
    made.client.__exit__(None, None, None)
    made.house.engine.dispose()


def test_names_that_exist_are_not_told_from_those_that_do_not(league: Staffed) -> None:
    league.add("wang", HOSPITAL, "pharmacist")
    there, not_there = (league.login(name, "guess") for name in ("wang", "nobody"))
    assert (there.status_code, there.json()) == (not_there.status_code, not_there.json())


def test_a_client_secret_is_not_guessed_either(league: Staffed) -> None:
    league.machine("his", HOSPITAL)
    form = {"grant_type": "client_credentials", "client_id": "his"}
    answers = [
        league.client.post("/api/v1/oauth/token", data=form | {"client_secret": str(n)}).status_code for n in range(8)
    ]
    assert answers == [401] * 5 + [429] * 3


def test_a_code_that_was_overheard_works_for_nobody_else(league: Staffed) -> None:
    league.add("wang", HOSPITAL, "pharmacist")
    wang = league.bearer("wang")
    totp = pyotp.TOTP(league.client.post(f"{SESSION}/second-factor", json={}, headers=wang).json()["secret"])
    confirmation = {"code": totp.at(datetime.now(UTC) - timedelta(seconds=30))}
    assert (
        league.client.post(f"{SESSION}/second-factor/confirmation", json=confirmation, headers=wang).status_code
        == 200
    )
    code = totp.now()
    assert league.login("wang", code=code).status_code == 200
    assert league.login("wang", code=code).status_code == 401
    assert league.client.post(f"{SESSION}/proof", json={"code": code}, headers=wang).status_code == 401
    assert league.client.post(f"{SESSION}/proof", json={"password": PASSWORD}, headers=wang).status_code == 401


def test_codes_are_not_guessed_by_who_knows_the_password(league: Staffed) -> None:
    league.add("wang", HOSPITAL, "pharmacist")
    wang = league.bearer("wang")
    totp = pyotp.TOTP(league.client.post(f"{SESSION}/second-factor", json={}, headers=wang).json()["secret"])
    now = time.time()
    codes = {totp.at(int(now) + shift) for shift in (-60, -30, 0, 30, 60)}
    league.client.post(f"{SESSION}/second-factor/confirmation", json={"code": totp.at(int(now))}, headers=wang)
    wrong = (f"{n:06d}" for n in range(1_000_000) if f"{n:06d}" not in codes)
    answers = []
    for _ in range(8):
        answers.append(league.login("wang", code=next(wrong)).status_code)
        league.login("wang")  # the right password without a code must not forgive the guess
    assert answers.count(401) == 5
    assert answers[-1] == 429


# -- more rights than one has -------------------------------------------------------------------------


def _grant(league: Staffed, headers: dict[str, str], account: str, role: str, tenant: str) -> int:
    body = {"role": role, "tenant": tenant}
    return league.client.post(f"/api/v1/accounts/{account}/grants", json=body, headers=headers).status_code


def test_nobody_gives_themselves_anything(league: Staffed) -> None:
    me = league.add("an", COUNTY, "security-admin")
    an = league.bearer("an")
    assert _grant(league, an, me, "data-manager", HOSPITAL) == 403
    with system("test"), league.house.engine.begin() as connection:
        (grant,) = roles.grants_of(connection, [me])
    path = f"/api/v1/accounts/{me}/grants/{grant.id}"
    assert league.client.delete(path, headers=an).status_code == 403


def test_an_administrator_gives_nothing_beyond_their_own_part(league: Staffed) -> None:
    mine, foreign = league.add("wang", HOSPITAL), league.add("far", OTHER)
    league.add("an", COUNTY, "security-admin")
    an = league.bearer("an")
    assert _grant(league, an, mine, "pharmacist", OTHER) == 403
    assert _grant(league, an, mine, "pharmacist", LEAGUE) == 403
    assert _grant(league, an, mine, "pharmacist", "league/county-a/../county-b") == 400
    assert _grant(league, an, foreign, "pharmacist", HOSPITAL) == 404
    assert _grant(league, an, mine, "pharmacist", COUNTY) == 201


def test_administrators_are_appointed_from_above(league: Staffed) -> None:
    wang = league.add("wang", HOSPITAL)
    league.add("an", COUNTY, "security-admin")
    an = league.bearer("an")
    for role in ("system-admin", "security-admin", "auditor"):
        assert _grant(league, an, wang, role, COUNTY) == 403, "not as high as oneself"
    assert _grant(league, an, wang, "auditor", HOSPITAL) == 201
    assert _grant(league, an, wang, "system-admin", HOSPITAL) == 422, "三员分立"


def test_an_administrator_does_not_take_over_an_equal_or_higher_one(league: Staffed) -> None:
    above = league.add("shen", COUNTY, ("auditor", LEAGUE))
    equal = league.add("an", COUNTY, "security-admin")
    below = league.add("an-h1", HOSPITAL, "security-admin")
    plain = league.add("wang", HOSPITAL, "pharmacist")
    league.add("sys", COUNTY, "system-admin")
    sys = league.bearer("sys")

    def reset(account: str) -> int:
        return league.client.post(f"/api/v1/accounts/{account}/reset", json={}, headers=sys).status_code

    assert [reset(account) for account in (above, equal, below, plain)] == [403, 403, 200, 200]
    for path in ("second-factor", "sessions"):
        assert league.client.delete(f"/api/v1/accounts/{above}/{path}", headers=sys).status_code == 403


def test_a_role_one_holds_is_not_widened_by_oneself(league: Staffed) -> None:
    with system("test"), league.house.engine.begin() as connection:
        roles.define(connection, "helper", "助理", COUNTY, ["review.read"], "root")
    league.add("an", COUNTY, "security-admin", "helper")
    an = league.bearer("an")
    role = {"name": "helper", "title": "助理", "tenant": COUNTY, "permissions": ["record.read", "record.export"]}
    assert league.client.post("/api/v1/roles", json=role, headers=an).status_code == 403
    role |= {"name": "mine", "permissions": ["account.grant"]}
    assert league.client.post("/api/v1/roles", json=role, headers=an).status_code == 422
    role |= {"name": "pharmacist", "permissions": ["record.read"]}
    assert league.client.post("/api/v1/roles", json=role, headers=an).status_code == 422


def test_a_client_is_registered_for_ones_own_part_and_never_to_administer(league: Staffed) -> None:
    league.add("an", COUNTY, "security-admin")
    an = league.bearer("an")

    def registered(**body: Any) -> int:
        return league.client.post("/api/v1/clients", json={"id": "his"} | body, headers=an).status_code

    assert registered(tenant=OTHER_COUNTY) == 403
    assert registered(tenant=LEAGUE) == 403
    assert registered(tenant=HOSPITAL, permissions=["account.manage"]) == 422
    private = {"kty": "EC", "kid": "a", "crv": "P-256", "x": "…", "y": "…", "d": "…"}
    assert registered(tenant=HOSPITAL, keys={"keys": [private]}) == 400
    assert registered(tenant=HOSPITAL) == 201


def test_refused_acts_are_recorded_with_who_and_what(league: Staffed) -> None:
    league.add("wang", HOSPITAL, "pharmacist")
    league.client.get("/api/v1/accounts", headers=league.bearer("wang"))
    (event,) = league.audited("access.refused")
    assert (event["actor"], event["subject"], event["why"], event["tenant"]) == (
        "wang",
        "/api/v1/accounts",
        "account.grant",
        HOSPITAL,
    )
