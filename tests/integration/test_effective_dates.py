"""Knowledge has effective dates, and a review over HTTP can be asked as of a date."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
from msgspec import structs
from starlette.testclient import TestClient

from api.app import build
from api.bootstrap import House
from api.replay import replay
from base.tenancy import system
from clinical.coded import CHINA, china_day
from tests.integration.small_release import ASKED, DRUG_A, DRUG_B, INTERACTION, LABEL, RULE, published

FROM, TO = "2026-03-01", "2026-04-01"
"""In force from the first day on, no more on the last."""
IN_FORCE = {
    "2026-02-28": False,
    "2026-03-01": True,
    "2026-03-31": True,
    "2026-04-01": False,
    "2026-04-02": False,
}


@pytest.fixture
def client(fresh: House) -> Iterator[TestClient]:
    dated = (structs.replace(one, valid_from=FROM, valid_to=TO) for one in (INTERACTION, RULE))
    published(fresh, LABEL, DRUG_A, DRUG_B, *dated)
    with TestClient(build(fresh), client=("127.0.0.1", 1), raise_server_exceptions=False) as made:
        yield made


def _alerts(client: TestClient, **more: object) -> set[str]:
    answer = client.post("/api/v1/reviews", json=ASKED | more)
    assert answer.status_code == 200, answer.text
    return {one["ruleId"] for one in answer.json()["findings"]}


@pytest.mark.parametrize("day", IN_FORCE)
@pytest.mark.parametrize("dated", [INTERACTION.id, RULE.id])
def test_dated_knowledge_counts_the_day_it_begins_and_no_more_the_day_it_ends(
    client: TestClient, day: str, dated: str
) -> None:
    assert (dated in _alerts(client, asOf=day)) is IN_FORCE[day]


def test_a_review_without_a_date_is_asked_as_of_today(client: TestClient, fresh: House) -> None:
    today = china_day(datetime.now(CHINA))
    assert not _alerts(client), "what was in force in March is over"
    begun = {"valid_from": today.isoformat(), "valid_to": (today + timedelta(days=2)).isoformat()}
    published(fresh, structs.replace(INTERACTION, **begun))
    client.app.state.front.serving.refresh()  # type: ignore[attr-defined]
    assert _alerts(client) == {INTERACTION.id}
    assert not _alerts(client, asOf=(today - timedelta(days=1)).isoformat())
    assert _alerts(client, asOf=FROM) == {RULE.id}


def test_a_review_asked_as_of_a_date_is_replayed_as_of_that_date(client: TestClient) -> None:
    given = client.post("/api/v1/reviews", json=ASKED | {"asOf": "2026-03-15"}).json()
    reviewer = client.app.state.front.reviewer  # type: ignore[attr-defined]
    assert reviewer.journal.flush()
    with system("test"):
        again = replay(reviewer, given["id"])
    assert {one["rule_id"] for one in again["findings"]} == {INTERACTION.id, RULE.id}
    assert again["appeared"] == again["vanished"] == []


def test_a_date_that_is_none_is_refused_by_name(client: TestClient) -> None:
    answer = client.post("/api/v1/reviews", json=ASKED | {"asOf": "去年"})
    assert answer.status_code == 400
    assert answer.json()["issue"][0]["expression"] == ["asOf"]
