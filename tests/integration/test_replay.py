"""A stored request asked again gives what its doctor was told: bit for bit, under the policy of their hospital, of the
release that answered or of another."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from typing import Any
from uuid import uuid4

import jwt
import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from msgspec import structs
from starlette.testclient import TestClient
from typer.testing import CliRunner

from api.app import build
from api.bootstrap import House
from api.cli import app
from api.front import Front
from api.replay import again, digest, replay
from api.review import Reviewed, Reviewer
from base.tenancy import system
from rules.policy import PolicyError
from tests.integration.small_release import ASKED, CALL, DRUG_A, DRUG_B, INTERACTION, LABEL, RULE, published
from tests.integration.staffed import BASE, HOSPITAL, LEAGUE, Staffed

SIGN, REVIEWS = "/cds-services/yigong-order-sign", "/api/v1/reviews"
ISSUER = "https://his.example"
KEY = ec.generate_private_key(ec.SECP384R1())
POLICIES = {
    "default": {},
    "h1": {"thresholds": [{"least": "major"}], "passive": [{"below": "contraindicated", "family": "interaction"}]},
    LEAGUE: {"thresholds": [{"least": "contraindicated"}]},
}
"""By default both findings are shown; at the hospital only the graver one, without interrupting; to the league none."""
SHOWN = {"h1": {INTERACTION.id}, LEAGUE: set(), "default": {INTERACTION.id, RULE.id}}


class Site:
    """An installation whose tenants have policies of their own; ``told`` is what was found live."""

    def __init__(self, house: House, client: TestClient) -> None:
        self.house, self.client, self.told = house, client, list[Reviewed]()
        self.staffed = Staffed(house, client)
        self.reviewer: Reviewer = client.app.state.front.reviewer  # type: ignore[attr-defined]

    def by_hook(self, tenant: str) -> None:
        """A call of a CDS client; one without a tenant does not say who it is."""
        headers = _signed(tenant) if tenant else {}
        answer = self.client.post(SIGN, json=CALL, headers=headers)
        assert answer.status_code == 200, answer.text

    def by_plain_json(self, tenant: str) -> None:
        """A call of a hospital system; without a tenant, of the machine itself."""
        headers = self.staffed.token("his", self.staffed.machine("his", tenant)) if tenant else {}
        answer = self.client.post(REVIEWS, json=ASKED, headers=headers)
        assert answer.status_code == 200, answer.text

    def replayed(self, release: str = "") -> dict[str, Any]:
        """The last request asked again."""
        assert self.reviewer.journal.flush()
        with system("test"):
            return replay(self.reviewer, self.told[-1].id, release)


def _signed(tenant: str) -> dict[str, str]:
    now = int(time.time())
    claims = {"iss": ISSUER, "aud": f"{BASE}{SIGN}", "iat": now, "exp": now + 300, "jti": str(uuid4())}
    token = jwt.encode(claims | {"tenant": tenant}, KEY, algorithm="ES384", headers={"kid": "k"})
    return {"Authorization": f"Bearer {token}"}


@pytest.fixture
def site(fresh: House, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    published(fresh, LABEL, DRUG_A, DRUG_B, INTERACTION, RULE)
    fresh.settings.policies_dir.mkdir(exist_ok=True)
    for name, policy in POLICIES.items():
        (fresh.settings.policies_dir / f"{name}.json").write_text(json.dumps({"tenant": name, **policy}))
    jwk = json.loads(jwt.algorithms.ECAlgorithm.to_jwk(KEY.public_key())) | {"kid": "k", "alg": "ES384"}
    (fresh.settings.data_dir / "keys" / "clients.json").write_text(json.dumps({ISSUER: {"keys": [jwk]}}))
    with TestClient(build(fresh), base_url=BASE, client=("127.0.0.1", 1), raise_server_exceptions=False) as client:
        made = Site(fresh, client)
        record = made.reviewer.record

        def noted(reviewed: Reviewed, *more: Any) -> None:
            made.told.append(reviewed)
            record(reviewed, *more)

        monkeypatch.setattr(made.reviewer, "record", noted)
        yield made


@pytest.mark.parametrize("asked", [Site.by_hook, Site.by_plain_json])
@pytest.mark.parametrize(
    ("tenant", "policy"), [(HOSPITAL, "h1"), ("league/county-a/h7", "default"), ("", LEAGUE), (LEAGUE, LEAGUE)]
)
def test_a_request_of_a_tenant_with_its_own_policy_is_replayed_bit_for_bit(
    site: Site, asked: Callable[[Site, str], None], tenant: str, policy: str
) -> None:
    asked(site, tenant)
    live = site.told[-1].review.findings
    assert {finding.rule_id for finding in live} == SHOWN[policy]
    told = site.replayed()
    assert told["digest"] == digest(live)
    assert told["appeared"] == told["vanished"] == []


def test_a_replay_goes_by_the_policy_of_then_whatever_its_file_says_today(site: Site, fresh: House) -> None:
    site.by_hook(HOSPITAL)
    live = site.told[-1].review.findings
    (fresh.settings.policies_dir / "h1.json").write_text(json.dumps({"tenant": "h1", "most": 1}))
    today = Front.open(fresh).reviewer
    assert {finding.rule_id for finding in live} == {INTERACTION.id}
    assert site.reviewer.journal.flush()
    with system("test"):
        told = replay(today, site.told[-1].id)
        assert told["digest"] == digest(live)
        entry = structs.replace(today.journal.entry(site.told[-1].id), policy=b"")
        unknown = again(today, entry, today.serving.now).review
    assert [one.interruptive for one in live] == [False] != [one.interruptive for one in unknown.findings], (
        "a request from before policies were kept goes by today's"
    )


def test_a_policy_that_this_version_cannot_read_is_told_not_guessed(site: Site) -> None:
    site.by_hook(HOSPITAL)
    assert site.reviewer.journal.flush()
    with system("test"):
        entry = structs.replace(site.reviewer.journal.entry(site.told[-1].id), policy=b'{"mood": 1}')
        with pytest.raises(PolicyError, match=f"policy of {entry.id}: .*mood"):
            again(site.reviewer, entry, site.reviewer.serving.now)


def test_a_shadow_run_asks_under_the_policy_of_whose_request_it_was(site: Site) -> None:
    site.by_hook(HOSPITAL)
    assert site.reviewer.journal.flush()
    with system("test"):
        entry = site.reviewer.journal.entry(site.told[-1].id)
        asked = again(site.reviewer, entry, site.reviewer.serving.now).review
    assert asked.findings == site.told[-1].review.findings
    assert [one.finding.rule_id for one in asked.suppressed] == [RULE.id]


def test_a_replay_against_another_release_differs_only_by_what_that_release_changed(site: Site) -> None:
    site.by_plain_json("league/county-a/h7")
    first = site.replayed()
    graver = {"severity": "contraindicated", "reason": "大出血", "advice": "禁止合用"}
    other = published(site.house, structs.replace(INTERACTION, qualifiers=graver))
    site.reviewer.serving.refresh()
    assert site.reviewer.serving.now.snapshot.release == other
    assert site.replayed() == first, "of the release that answered, whatever is served now"

    command = ["replay", site.told[-1].id, "--release", other, "--data-dir", str(site.house.settings.data_dir)]
    ran = CliRunner().invoke(app, command)
    assert ran.exit_code == 0, ran.output
    before, told = json.loads(msgspec.json.encode(first)), json.loads(ran.stdout)
    then, now = ({one["rule_id"]: one for one in replayed["findings"]} for replayed in (before, told))
    assert now[RULE.id] == then[RULE.id], "what the release did not change is answered to the letter"
    assert then.keys() == now.keys() == {INTERACTION.id, RULE.id}
    assert (then[INTERACTION.id]["severity"], now[INTERACTION.id]["severity"]) == ("major", "contraindicated")
    assert (told["answeredBy"], told["askedOf"]) == (first["answeredBy"], other)
    assert (told["appeared"], told["vanished"]) == (_told(now, INTERACTION.id), _told(then, INTERACTION.id))


def _told(findings: dict[str, Any], rule: str) -> list[str]:
    return [f"{rule} v{findings[rule]['rule_version']}"]
