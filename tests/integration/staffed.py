"""An installation with accounts, for tests: who works where, and how they log in."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyotp
from starlette.testclient import TestClient

from api.app import build
from api.bootstrap import House, key_ring, who_is_who
from api.people import rules_of
from base import accounts, clients, roles
from base.tenancy import system
from clinical.person import Demographics
from records.store import Repository
from tests.integration.conftest import opened

LEAGUE = "league"
COUNTY, OTHER_COUNTY = "league/county-a", "league/county-b"
HOSPITAL, CLINIC, OTHER = "league/county-a/h1", "league/county-a/h1/c1", "league/county-b/h9"
PASSWORD = "Herbst-im-Garten-7"
BASE = "https://testserver"
QUICK: dict[str, Any] = {
    "password_iterations": 1_000,
    "public_url": BASE,
    "second_factor_roles": [],
    "login_failures": 5,
    "login_source_failures": 1_000,
}
"""Settings of tests: hashing is quick, and who tests from one address does not stand in the way of others."""


@dataclass
class Staffed:
    """A served installation. ``client`` speaks HTTPS and comes from this machine."""

    house: House
    client: TestClient

    def add(self, name: str, tenant: str, *given: str | tuple[str, str]) -> str:
        """An account with roles (over its tenant, or over another); gives its id."""
        with system("test"), self.house.engine.begin() as connection:
            rules = rules_of(self.house.settings)
            made, _ = accounts.add(connection, name, tenant, "root", rules, password=PASSWORD)
            for one in given:
                role, over = one if isinstance(one, tuple) else (one, tenant)
                roles.grant(connection, made.id, role, over, "root")
        return made.id

    def machine(self, name: str, tenant: str, **given: Any) -> str:
        """A client; gives its secret."""
        with system("test"), self.house.engine.begin() as connection:
            return clients.add(connection, name, tenant, "root", **given)

    def login(self, name: str, password: str = PASSWORD, **more: Any) -> Any:
        """The answer to a login."""
        return self.client.post("/api/v1/session", json={"name": name, "password": password, **more})

    def bearer(self, name: str, **more: Any) -> dict[str, str]:
        """Headers of somebody who logged in."""
        answer = self.login(name, **more)
        assert answer.status_code == 200, answer.text
        return {"Authorization": f"Bearer {answer.json()['token']}"}

    def token(self, name: str, secret: str, **more: str) -> dict[str, str]:
        """Headers of a client that fetched a token."""
        form = {"grant_type": "client_credentials", "client_id": name, "client_secret": secret, **more}
        answer = self.client.post("/api/v1/oauth/token", data=form)
        assert answer.status_code == 200, answer.text
        return {"Authorization": f"Bearer {answer.json()['access_token']}"}

    def person(self, tenant: str, local_id: str, name: str, substance: str = "青霉素") -> tuple[int, str]:
        """Somebody a hospital knows, with an allergy on file: internal id and outward number."""
        ring = key_ring(self.house)
        identity, at = who_is_who(self.house, ring), datetime.now(UTC)
        allergy = {"resourceType": "AllergyIntolerance", "id": f"a{local_id}", "code": {"text": substance}}
        allergy["patient"] = {"reference": f"Patient/{local_id}"}
        with system("test"), self.house.engine.begin() as connection:
            given = Demographics(name=name, birth="1980-05-12", phones=("13512340001",))
            found = identity.arrive(connection, tenant, local_id, given, at=at, source="test")
            repository = Repository(self.house.engine, ring)
            repository.put(connection, tenant, found.record, [allergy], message=1, at=at)
        return found.person, identity.number(found.person)

    def audited(self, act: str = "") -> list[dict[str, Any]]:
        """What the audit holds, the newest first."""
        from base.audit import search

        assert self.client.app.state.front.audit.flush()  # type: ignore[attr-defined]
        return search(self.house.engine, act=act)


def staffed(starter_dir: Path, tmp_path: Path, **settings: Any) -> Staffed:
    """A served installation; close its client and dispose of its engine in the end."""
    house = opened(starter_dir, tmp_path, **QUICK | settings)
    client = TestClient(build(house), base_url=BASE, raise_server_exceptions=False)
    client.__enter__()
    return Staffed(house, client)


def code(secret: str, at: datetime) -> str:
    """What the authenticator app shows."""
    return pyotp.TOTP(secret).at(at)
