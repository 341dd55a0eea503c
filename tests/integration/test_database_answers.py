"""What a service answers to what its database cannot take, and when that is away."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from api.app import build
from base.tenancy import system
from tests.integration.conftest import opened


@pytest.fixture
def over_postgres(starter_dir: Path, tmp_path: Path, own_postgres: str) -> Iterator[TestClient]:
    house = opened(starter_dir, tmp_path, database_url=own_postgres)
    with TestClient(build(house), raise_server_exceptions=False) as client:
        yield client
    house.engine.dispose()


@pytest.mark.parametrize(
    "path",
    [
        "/api/v1/exchange/messages/a%00b",
        "/fhir/Patient/a%00b",
        "/fhir/Observation?patient=a%00b",
        "/api/v1/exchange/messages?before=99999999999999999999",
    ],
)
def test_what_the_database_cannot_take_is_the_callers_fault(over_postgres: TestClient, path: str) -> None:
    answer = over_postgres.get(path)
    assert 400 <= answer.status_code < 500, answer.text
    assert answer.json()["resourceType"] == "OperationOutcome"


def test_a_name_with_a_nul_logs_nobody_in_and_breaks_nothing(over_postgres: TestClient) -> None:
    answer = over_postgres.post("/api/v1/session", json={"name": "a\x00b", "password": "Herbst-im-Garten-7"})
    assert 400 <= answer.status_code < 500, answer.text


def test_a_database_that_is_away_is_told_as_that(starter_dir: Path, tmp_path: Path) -> None:
    house = opened(starter_dir, tmp_path)
    with TestClient(build(house), raise_server_exceptions=False) as client:
        assert client.get("/api/v1/exchange/messages").status_code == 200
        with house.engine.begin() as connection, system("test"):
            connection.exec_driver_sql("DROP TABLE exchange_message")
        answer = client.get("/api/v1/exchange/messages")
        assert answer.status_code == 503
        assert answer.headers["retry-after"]
        assert "exchange_message" not in answer.text
    house.engine.dispose()
