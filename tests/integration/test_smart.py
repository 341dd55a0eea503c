"""A hospital's system launches the clinician panel (SMART App Launch): a small real one, over HTTP, with its FHIR
server."""

from __future__ import annotations

import io
import logging
from collections.abc import Iterator
from pathlib import Path
from time import time
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from sqlalchemy import select

from api.code_flow import Pending, sealed
from api.replay import replay
from base import clients
from base.settings import SmartIssuer
from base.tenancy import system
from records.launched import launched, lent
from tests.integration.staffed import BASE, COUNTY, HOSPITAL, OTHER, staffed
from tests.login_servers import CLIENT, SECRET, His, serving

LAUNCH, CALLBACK, KEYS = "/api/v1/smart/launch", "/api/v1/smart/callback", "/api/v1/smart/keys"
SYSTEM, FRAME = "his-county", "https://his.example.org"
NUMBER = "8800123"


def _drug(number: str, text: str) -> dict[str, Any]:
    return {
        "resourceType": "MedicationRequest",
        "id": number,
        "status": "active",
        "intent": "order",
        "subject": {"reference": f"Patient/{NUMBER}"},
        "medicationCodeableConcept": {"text": text},
    }


RECORDS: list[dict[str, Any]] = [
    {
        "resourceType": "Patient",
        "id": NUMBER,
        "name": [{"text": "阿古拉"}],
        "gender": "male",
        "birthDate": "1950-02-03",
    },
    {
        "resourceType": "Encounter",
        "id": "E7",
        "status": "in-progress",
        "class": {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "IMP"},
    },
    _drug("m1", "华法林钠片"),
    _drug("m2", "布洛芬缓释胶囊"),
]


class Site:
    """Our service, with a system that may launch."""

    def __init__(self, starter_dir: Path, folder: Path, his: His) -> None:
        self.ours = SmartIssuer(client_id=CLIENT, system=SYSTEM, client_secret=SECRET)
        self.league = staffed(starter_dir, folder, smart_issuers={his.fhir: self.ours}, frame_ancestors=[FRAME])
        self.league.machine(SYSTEM, HOSPITAL)
        self.league.add("somebody", HOSPITAL)
        self.client, self.his = self.league.client, his

    def registers(self, patched: pytest.MonkeyPatch, **changed: Any) -> None:
        """For one test the system is set up otherwise."""
        desk = self.client.app.state.office.understanding.smart  # type: ignore[attr-defined]
        issuer = self.his.fhir
        patched.setattr(desk, "_sites", {issuer: desk._site((issuer, self.ours.model_copy(update=changed)))})

    def locks(self, locked: bool) -> None:
        """Our administrator refuses the system, or lets it in again."""
        with system("test"), self.league.house.engine.begin() as connection:
            clients.lock(connection, SYSTEM, locked)

    def begin(self, **given: str) -> httpx.Response:
        asked = {"iss": self.his.fhir, "launch": "h-1"} | given
        answer: httpx.Response = self.client.get(LAUNCH, params=asked, follow_redirects=False)
        return answer

    def back(self, begun: httpx.Response) -> dict[str, str]:
        """The way to the system, over HTTP, and what it sends the browser back with."""
        assert begun.status_code == 302, begun.text
        sent = httpx.get(begun.headers["location"]).headers["location"]
        assert sent.partition("?")[0].endswith(CALLBACK)
        return dict(parse_qsl(urlsplit(sent).query))

    def finish(self, **changed: str) -> httpx.Response:
        answer: httpx.Response = self.client.get(CALLBACK, params=self.back(self.begin()) | changed)
        return answer

    def panel(self) -> dict[str, str]:
        """Headers of the panel that is opened."""
        page = self.finish()
        assert page.status_code == 200, page.text
        token = page.text.partition("/ui/panel#")[2].partition('"')[0]
        return {"Authorization": f"Bearer {token}"}


@pytest.fixture(scope="module")
def server() -> Iterator[His]:
    made = His()
    with serving(made):
        yield made


@pytest.fixture(scope="module")
def served(starter_dir: Path, tmp_path_factory: pytest.TempPathFactory, server: His) -> Iterator[Site]:
    made = Site(starter_dir, tmp_path_factory.mktemp("smart"), server)
    yield made
    made.client.__exit__(None, None, None)
    made.league.house.engine.dispose()


@pytest.fixture
def site(served: Site) -> Site:
    """A browser that remembers nothing, and a system that behaves."""
    served.his.__dict__ |= His(
        url=served.his.url,
        key=served.his.key,
        records=list(RECORDS),
        launches={"h-1": {"patient": NUMBER, "encounter": "E7"}},
        claims={"sub": "7", "fhirUser": f"{served.his.fhir}/Practitioner/7", "name": "张医生"},
    ).__dict__
    served.client.cookies.clear()
    return served


def test_the_system_is_asked_for_launch_user_and_patient_with_pkce(site: Site) -> None:
    begun = site.begin()
    asked = dict(parse_qsl(urlsplit(begun.headers["location"]).query))
    assert (asked["launch"], asked["aud"], asked["response_type"]) == ("h-1", site.his.fhir, "code")
    assert asked["scope"] == "launch openid fhirUser profile patient/*.rs"
    assert (asked["code_challenge_method"], bool(asked["state"]), bool(asked["nonce"])) == ("S256", True, True)
    cookie = begun.headers["set-cookie"]
    assert all(rule in cookie for rule in ("Secure", "HttpOnly", "SameSite=None", "Partitioned", "Max-Age=600"))


def test_an_older_system_is_asked_in_its_own_scopes(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    site.his.capabilities = ("launch-ehr",)
    site.registers(monkeypatch)
    asked = dict(parse_qsl(urlsplit(site.begin().headers["location"]).query))
    assert asked["scope"] == "launch openid fhirUser profile patient/*.read"


def test_the_panel_opens_for_the_patient_with_what_the_system_tells(site: Site) -> None:
    panel = site.panel()
    cards = site.client.get("/api/v1/panel/cards", headers=panel).json()
    who = cards["patient"]
    assert (who["id"], who["name"], who["sex"], who["birthDate"]) == (NUMBER, "阿古拉", "male", "1950-02-03")
    assert any("华法林" in one["summary"] and "布洛芬" in one["summary"] for one in cards["findings"])
    assert site.client.get("/api/v1/session", headers=panel).json()["fullName"] == "张医生"
    for part in ("diagnoses", "examinations", "treatments", "scores"):
        assert site.client.get(f"/api/v1/panel/{part}", headers=panel).status_code == 200, part
    assert site.client.post("/api/v1/panel/ticket", headers=panel, json={}).status_code == 200
    read = {path.removeprefix("/fhir/") for path in site.his.asked if path.startswith("/fhir/")}
    assert {f"Patient/{NUMBER}", "Encounter/E7", f"AllergyIntolerance?patient={NUMBER}&_count=100"} <= read


def test_what_the_panel_showed_can_be_asked_again(site: Site) -> None:
    told = site.client.get("/api/v1/panel/cards", headers=site.panel()).json()
    reviewer = site.client.app.state.front.reviewer  # type: ignore[attr-defined]
    reviewer.journal.flush()
    with system("test"):
        again = replay(reviewer, told["id"])
    assert (again["appeared"], again["vanished"], bool(again["findings"])) == ([], [], True)


def test_the_region_adds_what_it_knows_of_a_patient_on_record(site: Site) -> None:
    site.league.person(HOSPITAL, NUMBER, "阿古拉", "头孢菌素")
    site.client.app.state.front.region.refresh()  # type: ignore[attr-defined]
    site.his.withholds = {"AllergyIntolerance"}
    panel = site.panel()
    picture = site.client.get("/api/v1/panel/history", headers=panel)
    assert "头孢菌素" in picture.text
    ticket = site.client.post("/api/v1/panel/ticket", headers=panel, json={}).json()["ticket"]
    office = site.client.app.state.office  # type: ignore[attr-defined]
    assert len(office.understanding.panel.listener(ticket)[1]) == 2, "the record, and what was told"


def test_no_token_stands_in_addresses_logs_or_the_audit(site: Site) -> None:
    lines, root = io.StringIO(), logging.getLogger()
    handler, level = logging.StreamHandler(lines), root.level
    from base.log import JsonFormatter

    handler.setFormatter(JsonFormatter())
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    begun = site.begin()
    page = site.client.get(CALLBACK, params=site.back(begun))
    root.removeHandler(handler)
    root.setLevel(level)
    token = page.text.partition("/ui/panel#")[2].partition('"')[0]
    assert token.startswith("yp_")
    assert "location" not in page.headers
    events = site.league.audited()
    assert "panel.launch" in [event["act"] for event in events]
    for where in (
        lines.getvalue(),
        str(events),
        begun.headers["location"],
        " ".join(site.his.asked),
        str(page.headers),
    ):
        assert "secret-of-his" not in where
        assert token not in where
        assert "阿古拉" not in where
    with system("test"), site.league.house.engine.connect() as connection:
        kept = [*connection.execute(select(launched.c.sealed)).scalars()]
        kept += connection.execute(select(lent.c.sealed)).scalars()
    assert not [one for one in kept if NUMBER.encode() in one or b"secret-of-his" in one]


def test_a_system_that_is_not_named_opens_nothing_and_is_not_asked(site: Site) -> None:
    for stranger in ("https://elsewhere/fhir", site.his.url, "", f"{site.his.fhir}/../evil"):
        answer = site.begin(iss=stranger)
        assert answer.status_code == 403
        assert "未登记" in answer.text
        assert "location" not in answer.headers
    assert site.his.asked == []
    assert [event["why"] for event in site.league.audited("panel.refused")][:4] == ["issuer not allowed"] * 4


def test_a_launch_without_a_handle_is_refused(site: Site) -> None:
    assert site.begin(launch="").status_code == 400


def test_an_answer_that_this_browser_did_not_ask_for_opens_nothing(site: Site) -> None:
    assert site.finish(state="made up").status_code == 401
    back = site.back(site.begin())
    site.client.cookies.clear()
    assert site.client.get(CALLBACK, params=back).status_code == 401, "another browser"


@pytest.mark.parametrize(("back", "about"), [("/api/v1/oidc/callback", ""), (CALLBACK, "https://gone/fhir")])
def test_what_was_begun_for_a_login_or_a_system_of_the_past_opens_nothing(site: Site, back: str, about: str) -> None:
    state = "s" * 43
    pending = Pending(state, "n", "v", time() + 60, about or site.his.fhir)
    cookie = sealed(site.client.app.state.front.ring, pending, f"{BASE}{back}")  # type: ignore[attr-defined]
    site.client.cookies.set(f"__Host-yigong-smart-{state[:8]}", cookie)
    assert site.client.get(CALLBACK, params={"state": state, "code": "c"}).status_code == 401


def test_two_patients_may_be_opened_at_once(site: Site) -> None:
    first, second = site.back(site.begin()), site.back(site.begin())
    assert site.client.get(CALLBACK, params=first).status_code == 200
    assert site.client.get(CALLBACK, params=second).status_code == 200
    assert site.client.get(CALLBACK, params=second).status_code == 401, "each once"


def test_a_code_that_came_too_late_opens_nothing(site: Site) -> None:
    site.his.lasts = -1
    answer = site.finish()
    assert (answer.status_code, "已过期" in answer.text) == (401, True)


def test_who_does_not_agree_in_the_system_sees_so(site: Site) -> None:
    site.his.agrees = False
    answer = site.finish()
    assert (answer.status_code, "业务系统未同意" in answer.text) == (401, True)
    assert f"frame-ancestors 'self' {FRAME}" in answer.headers["content-security-policy"]


@pytest.mark.parametrize(
    "changed", [{"nonce": "of another"}, {"aud": "other"}, {"iss": "https://elsewhere"}, {"exp": 1}, {"sub": None}]
)
def test_a_user_whom_the_system_did_not_vouch_for_opens_nothing(site: Site, changed: dict[str, Any]) -> None:
    site.his.twist = lambda claims: {k: v for k, v in (claims | changed).items() if v is not None}
    assert site.finish().status_code == 401


def test_without_a_patient_open_in_the_system_there_is_nothing_to_show(site: Site) -> None:
    site.his.launches["h-1"] = {}
    answer = site.finish()
    assert (answer.status_code, "未给出患者" in answer.text) == (401, True)


def test_a_patient_that_the_system_does_not_give_is_not_guessed(site: Site) -> None:
    site.his.withholds = {"Patient"}
    assert site.finish().status_code == 412


def test_what_cannot_be_had_is_unknown_and_said_so(site: Site) -> None:
    site.his.withholds = {"MedicationRequest", "Observation"}
    cards = site.client.get("/api/v1/panel/cards", headers=site.panel()).json()
    assert cards["findings"] == []


def test_data_that_are_no_fhir_are_refused(site: Site) -> None:
    site.his.records[0] = RECORDS[0] | {"birthDate": ["1950"]}
    answer = site.finish()
    assert (answer.status_code, "prefetch.patient" in answer.text) == (422, True)


def test_a_client_that_is_locked_launches_nothing_and_its_panels_end(site: Site) -> None:
    panel = site.panel()
    site.locks(True)
    after = site.client.get("/api/v1/panel/cards", headers=panel).status_code, site.finish().status_code
    site.locks(False)
    assert after == (401, 403)


def test_a_client_without_the_right_to_infer_launches_nothing(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    site.league.machine("small", HOSPITAL, permissions=["record.write"])
    site.registers(monkeypatch, system="small")
    assert site.finish().status_code == 403


def test_the_panel_sees_its_own_institution_alone(site: Site) -> None:
    panel = site.panel()
    told = site.client.get("/api/v1/session", headers=panel).json()
    assert (told["institution"], told["scope"]) == (HOSPITAL, [HOSPITAL])
    assert site.client.get("/fhir/Patient", headers=panel).status_code == 403
    assert {COUNTY, OTHER}.isdisjoint(told["scope"])


@pytest.mark.parametrize(
    ("key", "algorithm"),
    [
        (ec.generate_private_key(ec.SECP384R1()), "ES384"),
        (rsa.generate_private_key(65537, 2048), "RS384"),
    ],
    ids=["ec", "rsa"],
)
def test_we_sign_where_there_is_a_key_instead_of_a_secret(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, key: Any, algorithm: str
) -> None:
    file = tmp_path / "smart.pem"
    file.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    site.registers(monkeypatch, client_secret="", key_file=file)
    site.his.public = site.client.get(KEYS).json()
    (public,) = site.his.public["keys"]
    assert (public["alg"], {"d", "p", "q"} & public.keys()) == (algorithm, set())
    assert site.finish().status_code == 200
