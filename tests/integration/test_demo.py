"""The demo tells its five stories: three institutions, real messages, over HTTP."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select
from starlette.testclient import TestClient

from api.app import build
from api.bootstrap import House
from base.tenancy import system
from clinical.coded import CHINA
from demo.charts import keep_charts
from demo.fill import Filled, fill, morning
from records.identity_tables import records
from tests.integration.conftest import opened

NOW = datetime.now(UTC)
PEOPLE = 60
"""Fewer than `make demo-data` brings: the stories are the same."""


class Demo:
    """A filled installation, served."""

    def __init__(self, house: House, client: TestClient, told: Filled) -> None:
        self.house, self.client, self.told = house, client, told

    def sign(self, story: str) -> list[dict[str, Any]]:
        """Cards of the call that the demo wrote down."""
        body = json.loads((self.house.settings.data_dir / "demo" / f"order-sign-{story}.json").read_bytes())
        answer = self.client.post("/cds-services/yigong-order-sign", json=body)
        assert answer.status_code == 200, answer.text
        found: list[dict[str, Any]] = answer.json()["cards"]
        return found

    def of(self, story: str, family: str) -> list[dict[str, Any]]:
        return [c for c in self.sign(story) if c["extension"]["cn.yigong.finding"]["family"] == family]

    def get(self, path: str) -> Any:
        answer = self.client.get(path)
        assert answer.status_code == 200, answer.text
        return answer.json()


@pytest.fixture(scope="module")
def demo(starter_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    house = opened(starter_dir, tmp_path_factory.mktemp("demo"), region_budget_ms=20_000, rate_limit="")
    told = fill(house, NOW, count=PEOPLE)
    with TestClient(build(house), raise_server_exceptions=False, client=("127.0.0.1", 1)) as client:
        client.app.state.front.region.refresh()  # type: ignore[attr-defined]
        yield Demo(house, client, told)
    house.engine.dispose()


@pytest.mark.parametrize(("hour", "day"), [(3, 26), (9, 26), (10, 27), (23, 27)])
def test_nothing_is_measured_in_the_future(hour: int, day: int) -> None:
    assert morning(datetime(2026, 11, 27, hour, tzinfo=CHINA)) == datetime(2026, 11, day, 9, 30, tzinfo=CHINA)


def test_everything_arrives_and_nothing_is_given_up(demo: Demo) -> None:
    assert demo.told.dead == 0
    assert demo.told.known == 0
    figures = demo.get("/api/v1/exchange/figures")
    assert {(m["tenant"], m["standard"]) for m in figures["messages"]} >= {
        ("league/anding/hospital", "hl7v2"),
        ("league/centre", "fhir"),
        ("league/centre", "cda"),
        ("league/anding/baiyin", "tables"),
    }
    assert figures["waiting"] == 0


def test_yesterdays_ct_of_the_centre_is_told_with_hospital_date_result_and_recognition(demo: Demo) -> None:
    (card,) = demo.of("ct", "duplicate-exam")
    evidence = card["extension"]["cn.yigong.finding"]["evidence"]
    datum = next(e for e in evidence if e["type"] == "datum")
    yesterday = (NOW + timedelta(hours=8) - timedelta(days=1)).date().isoformat()
    assert yesterday in card["summary"]
    assert "安盟中心医院" in card["summary"]
    assert "互认" in card["summary"]
    assert "右肺上叶小结节" in datum["value"]


def test_last_months_hba1c_is_told(demo: Demo) -> None:
    (card,) = demo.of("hba1c", "duplicate-lab")
    assert "8.1 %" in str(card)
    assert "安盟中心医院" in str(card)


def test_warfarin_of_the_clinic_meets_ibuprofen(demo: Demo) -> None:
    (card,) = demo.of("warfarin", "interaction")
    assert card["indicator"] == "critical"
    assert "白音镇中心卫生院" in str(card)


def test_who_opted_out_is_not_told_of(demo: Demo) -> None:
    assert demo.of("closed", "duplicate-exam") == []
    entry = demo.get("/fhir/DiagnosticReport?_id=Z0005-CT&_source=urn:yigong:league/centre")["entry"]
    assert len(entry) == 1, "the operator of the machine sees it: it is there"


def test_who_was_registered_twice_waits_for_a_person_to_decide(demo: Demo) -> None:
    reviews = demo.get("/api/v1/persons/reviews?limit=200")
    assert "陈美玲" in str(reviews)
    assert "陈美林" in str(reviews)


def test_the_ct_is_followed_from_document_to_fact(demo: Demo) -> None:
    told = demo.get(f"/api/v1/exchange/messages/{demo.told.traced}")
    assert (told["state"], told["standard"]) == ("done", "cda")
    assert [step["act"] for step in told["steps"]] == ["received", "stored"]
    assert any(fact["resource"].startswith("DiagnosticReport/") for fact in told["facts"])


def test_histories_cross_institutions(demo: Demo) -> None:
    several = select(records.c.person).group_by(records.c.person)
    crossing = several.having(func.count(records.c.tenant.distinct()) > 1)
    with system("count"), demo.house.engine.connect() as connection:
        assert len(connection.execute(crossing).all()) >= PEOPLE // 3


def test_filling_again_changes_nothing_and_another_day_moves_the_stories_along(demo: Demo) -> None:
    before = demo.get("/fhir/DiagnosticReport?_source=urn:yigong:league/centre&_count=500")["entry"]
    again = fill(demo.house, NOW, count=PEOPLE)
    assert again.known == again.messages
    after = demo.get("/fhir/DiagnosticReport?_source=urn:yigong:league/centre&_count=500")["entry"]
    assert [e["resource"] for e in after] == [e["resource"] for e in before]
    tomorrow = fill(demo.house, NOW + timedelta(days=1), count=PEOPLE)
    assert 0 < tomorrow.messages - tomorrow.known < 20
    assert tomorrow.dead == 0


def test_three_checked_records_are_there_of_every_grade(demo: Demo) -> None:
    assert keep_charts(demo.house, NOW) == 3
    assert keep_charts(demo.house, NOW) == 0
    reports = demo.get("/api/v1/qc/reports?tenant=league/anding/hospital")["reports"]
    assert {one["grade"] for one in reports} == {"甲级", "乙级", "丙级"}
    (worst,) = [one["id"] for one in reports if one["grade"] == "丙级"]
    told = {one["says"] for one in demo.get(f"/api/v1/qc/reports/{worst}")["defects"]}
    assert "所行手术为右侧，手术记录写为左侧" in told
