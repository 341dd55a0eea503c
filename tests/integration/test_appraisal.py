"""An appraisal over HTTP: from the library to a final result, through the hands of those it takes, and figures of the
installation in it."""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from api.bootstrap import key_ring
from api.indicator_desk import IndicatorDesk
from api.routes import appraisal, appraisal_runs
from base.tenancy import system
from records.registry import Organisation, Registry
from supervision.figures.manifest import Load
from tests.integration.staffed import CLINIC, COUNTY, HOSPITAL, OTHER, Staffed, staffed

BASE = "/api/v1/appraisal"
ITEMS = (
    appraisal.EXAMPLES["item"]["item"],
    {"code": "opinion", "title": "协作评议", "origin": {"kind": "entered"}, "nature": "qualitative"},
    {"code": "growth", "title": "门诊增长率", "origin": {"kind": "entered"}, "unit": "%"},
)


class County:
    """A county that appraises, with a hospital, its clinic and their people."""

    def __init__(self, made: Staffed) -> None:
        self.made = made
        people = {
            "wang": (COUNTY, "appraisal-manager"),
            "li": (COUNTY, "appraisal-reviewer"),
            "chen": (HOSPITAL, "institution-manager"),
            "other": (OTHER, "institution-manager"),
            "doctor": (HOSPITAL, "clinician"),
        }
        for name, (tenant, role) in people.items():
            made.add(name, tenant, role)
        self.tokens = {name: made.bearer(name) for name in people}

    def get(self, path: str, by: str = "wang", **query: Any) -> Any:
        return self.made.client.get(f"{BASE}{path}", params=query, headers=self.tokens[by])

    def post(self, path: str, body: Any, by: str = "wang") -> Any:
        return self.made.client.post(f"{BASE}{path}", json=body, headers=self.tokens[by])

    def done(self, path: str, body: Any, by: str = "wang") -> Any:
        answer = self.post(path, body, by)
        assert answer.status_code in (200, 201), answer.text
        return answer.json()

    def defined(self, scheme: Any = None, items: Any = ITEMS) -> None:
        for item in items:
            self.done("/items", {"item": item})
        held = self.done("/schemes", {"scheme": scheme or appraisal.EXAMPLES["scheme"]["scheme"]})
        path = f"/schemes/{held['scheme']['code']}/{held['version']}/publication"
        self.done(path, {}, "li")

    def entered(self, *entries: tuple[str, str, float], period: str = "2026-Q1") -> None:
        made = [
            {"kind": kind, "subject": {"tenant": HOSPITAL}, "item": item, "amount": amount, "period": period}
            | {"evidence": "第一季度台账"}
            for kind, item, amount in entries
        ]
        self.done("/entries", {"scheme": "hospital", "entries": made})

    def run(self, period: str = "2026-Q1") -> str:
        body = appraisal_runs.EXAMPLES["run"] | {"period": period}
        return str(self.done("/runs", body)["id"])

    def step(self, run: str, *steps: str) -> Any:
        return [self.done(f"/runs/{run}/steps", {"step": step}, "li") for step in steps][-1]


@pytest.fixture
def county(starter_dir: Path, tmp_path: Path) -> Iterator[County]:
    made = staffed(starter_dir, tmp_path)
    yield County(made)
    made.client.__exit__(None, None, None)
    made.house.engine.dispose()


def test_from_the_library_to_a_final_result(county: County) -> None:
    county.defined()
    # Points: 30 (defects), 30 (opinion), 40 (growth). 30 − 2×3 = 24; 0.9 × 30 = 27; 6/5 × 40 = 48: 99.
    county.entered(("value", "defects", 3), ("share", "opinion", 0.9), ("value", "growth", 6))
    run = county.run()
    assert county.get(f"/runs/{run}/results", "chen").status_code == 404, "not before it is published"
    assert county.post(f"/runs/{run}/steps", {"step": "review"}).status_code == 403
    assert county.step(run, "review", "publish")["stateTitle"] == "已公示"
    (mine,) = county.get(f"/runs/{run}/results", "chen").json()["results"]
    assert (mine["score"], mine["rank"], mine["group"]) == (99.0, 1, "二级医院")
    told = {line["item"]: line["how"] for line in mine["lines"]}
    assert told["growth"] == "实际 6 ÷ 标准值 5 = 1.2"
    appeal = county.done(f"/runs/{run}/appeals", appraisal_runs.EXAMPLES["appeal"], "chen")
    decided = county.done(f"/appeals/{appeal['id']}/decision", appraisal_runs.EXAMPLES["decision"], "li")
    assert (decided["stateTitle"], decided["decidedBy"]) == ("成立", "li")
    county.done(f"/runs/{run}/remarks", appraisal_runs.EXAMPLES["remark"], "li")
    county.done(f"/runs/{run}/remarks", appraisal_runs.EXAMPLES["remark"] | {"text": "已制定计划"}, "chen")
    remarks = county.get(f"/runs/{run}/remarks", "chen", subject=HOSPITAL).json()["remarks"]
    assert [one["author"] for one in remarks] == ["li", "chen"]
    assert county.get(f"/runs/{run}/results", "chen").json()["results"][0]["score"] == 103.0, "30 − 2×1 = 28"
    assert county.get(f"/runs/{run}/verification").json()["same"] is True
    assert county.step(run, "close")["state"] == "final"
    levels = county.get(f"/runs/{run}/radar", "chen", subject=HOSPITAL).json()["levels"]
    assert [(one["title"], one["points"], one["earned"]) for one in levels] == [
        ("医疗质量", 60.0, 55.0),
        ("运营效率", 40.0, 48.0),
    ]
    book = openpyxl.load_workbook(BytesIO(county.get(f"/runs/{run}/results.xlsx").content))
    assert book.sheetnames == ["考核排名", "得分明细"]
    assert [event["actor"] for event in county.made.audited("appraisal.close")] == ["li"]


def test_periods_are_compared(county: County) -> None:
    county.defined()
    for period, growth in (("2025-Q4", 5), ("2026-Q1", 6)):
        county.entered(("value", "defects", 0), ("value", "growth", growth), period=period)
        county.step(county.run(period), "review", "publish")
    query = {"subject": HOSPITAL, "scheme": "hospital", "owner": COUNTY}
    first, second = county.get("/trend", "chen", **query).json()["periods"]
    # The opinion is left out: 30 + 40 of 70 points are 100; 30 + 48 of 70 are 111.43.
    assert (first["score"], second["score"]) == (100.0, 111.43)
    assert second["previous"] == {"period": "2025-Q4", "score": 100.0, "difference": 11.43}
    assert second["same"]["difference"] is None


def test_what_is_open_keeps_a_run_from_being_reviewed(county: County) -> None:
    county.defined()
    county.entered(("value", "growth", 6))
    run = county.run()
    (result,) = county.get(f"/runs/{run}/results").json()["results"]
    assert (result["score"], result["rank"], result["earned"]) == (None, None, 48.0)
    refused = county.post(f"/runs/{run}/steps", {"step": "review"}, "li")
    assert (refused.status_code, "没有数值" in refused.text) == (422, True)


def test_figures_of_the_installation_are_drawn_for_every_registered_institution(county: County) -> None:
    house = county.made.house
    desk = IndicatorDesk(house, key_ring(house))
    with system("test"), house.engine.begin() as connection:
        for tenant, kind in ((HOSPITAL, "hospital"), (CLINIC, "clinic")):
            Registry().register(connection, Organisation(tenant, tenant[-2:], kind=kind, level=2), actor="t")
    with system("test"):
        for tenant, count in ((HOSPITAL, 3), (CLINIC, 2)):
            rows = " UNION ALL ".join(
                f"SELECT 'v{n}' AS id, '2026-02-0{n + 1}' AS date, 'outpatient' AS kind, '内科' AS department, "
                "10 AS fee"
                for n in range(count)
            )
            desk.lake.merge(desk.known.facts["visits"], Load(tenant, "visits", "test", "somebody"), rows)
    visits = {"code": "visits", "title": "诊疗人次", "origin": {"kind": "indicator", "indicator": "visits-seen"}}
    line = {"node": "line", "item": "visits", "method": {"kind": "target", "target": 10}}
    scheme = {"code": "visits", "title": "诊疗量", "whom": "institution", "each": "quarter"}
    scheme |= {"branches": [{"node": "branch", "title": "服务", "nodes": [line]}]}
    county.defined(scheme, (visits,))
    run = county.done("/runs", {"scheme": "visits", "period": "2026-Q1"})["id"]
    found = county.get(f"/runs/{run}/results").json()["results"]
    # A hospital's figures are those of all below it: 3 + 2 visits.
    assert {(one["key"], one["group"], one["score"]) for one in found} == {
        (HOSPITAL, "二级医院", 50.0),
        (CLINIC, "二级基层机构", 20.0),
    }
    wrong = visits | {"origin": {"kind": "indicator", "indicator": "nothing"}}
    refused = county.post("/items", {"item": wrong})
    assert (refused.status_code, refused.json()["issue"][0]["expression"]) == (422, ["origin.indicator"])


def test_each_does_what_is_theirs_and_sees_their_own(county: County) -> None:
    county.defined()
    county.entered(("value", "defects", 3), ("value", "growth", 6))
    run = county.run()
    county.step(run, "review", "publish")
    for path in (f"/runs/{run}/results", f"/runs/{run}/results.xlsx", f"/runs/{run}/verification"):
        assert county.get(path, "other").status_code == 404, path
    assert county.get("/runs", "other").json() == {"runs": []}
    assert county.get("/appeals", "other").json() == {"appeals": []}
    appeal = appraisal_runs.EXAMPLES["appeal"]
    assert county.post(f"/runs/{run}/appeals", appeal, "other").status_code == 404
    assert county.post("/runs", appraisal_runs.EXAMPLES["run"], "chen").status_code == 403
    assert county.post("/items", appraisal.EXAMPLES["item"] | {"tenant": OTHER}).status_code == 403
    for path in ("/items", "/schemes", "/runs", "/appeals"):
        assert county.get(path, "doctor").status_code == 403, path


REFUSED = [
    ("/items", {"item": {"code": "x", "title": "甲", "origin": {"kind": "guess"}}}, 400, "origin.kind"),
    ("/items", {"item": {"code": "含空 格", "title": "甲", "origin": {"kind": "entered"}}}, 422, "code"),
    ("/schemes", {"scheme": appraisal.EXAMPLES["scheme"]["scheme"] | {"code": "x", "branches": []}}, 422, "branches"),
    ("/runs", {"scheme": "hospital", "period": "2026-03"}, 422, "period"),
    ("/runs", {"scheme": "hospital", "period": "春天"}, 422, "period"),
    ("/entries", {"scheme": "hospital", "entries": []}, 400, "entries"),
]


def test_what_cannot_be_is_refused_by_field(county: County) -> None:
    county.defined()
    for path, body, status, field in REFUSED:
        refused = county.post(path, body)
        told = (refused.status_code, refused.json()["issue"][0]["expression"])
        assert told == (status, [field]), refused.text
    assert county.post("/runs", {"scheme": "nothing", "period": "2026-Q1"}).status_code == 404
