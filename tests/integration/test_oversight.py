"""Outliers, knowledge gaps and lists of mutual recognition over HTTP: who may ask, and of whom."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from api.bootstrap import key_ring
from api.indicator_desk import IndicatorDesk
from base.tenancy import system
from knowledge.model import Predicate, Statement
from supervision.figures.collect import Row, merge_rows
from supervision.figures.manifest import Load
from tests.integration.staffed import COUNTY, HOSPITAL, LEAGUE, OTHER, Staffed, staffed

OUTLIERS = "/api/v1/indicators/antimicrobial-outpatient/outliers"


@pytest.fixture(scope="module")
def site(starter_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Staffed]:
    made = staffed(starter_dir, tmp_path_factory.mktemp("oversight"))
    for name, tenant, role in (
        ("county", COUNTY, "regulator"),
        ("curator", LEAGUE, "knowledge-editor"),
        ("local-curator", COUNTY, "knowledge-editor"),
    ):
        made.add(name, tenant, role)
    given = [(f"d{n}", 10 + n % 3) for n in range(6)] + [("generous", 38)]
    visits = [
        {"id": f"{doctor}-{n}", "date": "2026-11-03", "kind": "outpatient", "doctor": doctor, "disease": "J00"}
        | {"antimicrobial": n < treated}
        for doctor, treated in given
        for n in range(40)
    ]
    _load(made, HOSPITAL, "visits", visits)
    gap = {"date": "2026-11-03", "kind": "term", "subject": "drug"}
    _load(made, HOSPITAL, "gaps", [gap | {"id": "1", "name": "怪药片"}, gap | {"id": "2", "name": "怪药片"}])
    _load(made, OTHER, "gaps", [gap | {"id": "3", "name": "另一种药"}])
    finding = {"date": "2026-11-03", "family": "interaction", "severity": "major", "department": "内科"}
    answers = ["overridden", "overridden", "accepted"]
    rule = _rule(made)
    _load(
        made,
        HOSPITAL,
        "findings",
        [finding | {"id": f"{n}", "rule": rule, "response": r} for n, r in enumerate(answers)],
    )
    _load(
        made, HOSPITAL, "findings", [finding | {"id": "x", "rule": "gone", "response": "none", "department": "外科"}]
    )
    yield made
    made.client.__exit__(None, None, None)
    made.house.engine.dispose()


def _load(site: Staffed, tenant: str, fact: str, rows: list[Row]) -> None:
    desk = IndicatorDesk(site.house, key_ring(site.house))
    with system("test"):
        merge_rows(desk.lake, desk.known.facts[fact], Load(tenant, fact, "test", "somebody"), rows)


def _rule(site: Staffed) -> str:
    """A rule of the release that names its source."""
    snapshot = site.client.app.state.front.serving.now.snapshot  # type: ignore[attr-defined]
    return next(s.id for s in snapshot.saying(Predicate.INTERACTS_WITH, Statement) if s.citations)


def _get(site: Staffed, who: str, path: str, **query: Any) -> Any:
    return site.client.get(path, params=query, headers=site.bearer(who))


def test_the_doctor_who_stands_out_comes_first_and_the_look_is_audited(site: Staffed) -> None:
    told = _get(site, "county", OUTLIERS, period="2026-11").json()
    assert (told["doctors"], told["standingOut"]) == (7, 1)
    first = told["lines"][0]
    assert (first["doctor"], first["value"], first["standsOut"]) == ("generous", 95.0, True)
    assert site.audited("indicator.outliers")[0]["subject"] == "indicator/antimicrobial-outpatient"


def test_what_is_no_ratio_is_refused_with_the_reason(site: Staffed) -> None:
    answer = _get(site, "county", "/api/v1/indicators/outpatient-visits/outliers", period="2026-11")
    assert answer.status_code == 422
    assert "不能按病种构成比较医师" in answer.text


def test_curators_see_what_their_institutions_lack_and_nobody_else_does(site: Staffed) -> None:
    path, asked = "/api/v1/knowledge-gaps", {"period": "2026-11"}
    told = _get(site, "curator", path, **asked).json()
    assert [(gap["name"], gap["times"]) for gap in told["gaps"]] == [("怪药片", 2), ("另一种药", 1)]
    assert [gap["name"] for gap in _get(site, "local-curator", path, **asked).json()["gaps"]] == ["怪药片"]
    assert _get(site, "county", path, **asked).status_code == 403
    assert _get(site, "curator", path, kind="rumour", **asked).status_code == 400


def test_the_list_of_mutual_recognition_names_item_window_and_source(site: Staffed) -> None:
    told = _get(site, "curator", "/api/v1/recognition-lists", tenant=HOSPITAL).json()
    assert told["tenant"] == HOSPITAL
    assert all(item["hours"] > 0 and item["source"] for item in told["items"])
    assert "胸部CT" in {item["item"] for item in told["items"]}
    assert _get(site, "local-curator", "/api/v1/recognition-lists", tenant=OTHER).status_code == 403


def test_who_read_a_training_sheet_is_counted_and_told_again_corrected(site: Staffed) -> None:
    def tell(who: str, *doctors: dict[str, Any], **more: Any) -> int:
        body = {"department": "内科", "period": "2026-10", "day": "2026-11-20", "doctors": doctors} | more
        path = "/api/v1/training-sheets/readings"
        return site.client.post(path, json=body, headers=site.bearer(who)).status_code

    def figure(name: str) -> float | None:
        told = _get(site, "county", f"/api/v1/indicators/{name}", period="2026-11").json()["lines"]
        return told[0]["value"] if told else None

    passed = {"doctor": "1001", "score": 92, "passed": True}
    assert tell("county", passed, {"doctor": "1002", "passed": False}, {"doctor": "1003"}, tenant=HOSPITAL) == 200
    assert (figure("trainings"), figure("trainings-passed")) == (3, 50)
    assert tell("county", passed | {"doctor": "1002"}, tenant=HOSPITAL) == 200
    assert (figure("trainings"), figure("trainings-passed")) == (3, 100)
    assert tell("county", tenant=HOSPITAL) == 400
    assert tell("county", passed, tenant=OTHER) == 403
    assert tell("curator", passed, tenant=HOSPITAL) == 403


def test_a_training_sheet_tells_the_rules_a_department_overrides_and_where_they_are_written(site: Staffed) -> None:
    path = "/api/v1/training-sheets"
    whole = _get(site, "county", path, period="2026-11").json()["rules"]
    assert [(one["rule"] == "gone", one["shown"], one["overridden"]) for one in whole] == [
        (False, 3, 2),
        (True, 1, 0),
    ]
    [first] = _get(site, "county", path, period="2026-11", only="department:内科").json()["rules"]
    assert first["familyTitle"] == "药物相互作用"
    assert len(first["about"]) == 2
    assert first["sources"][0].startswith("《")
    assert whole[1]["sources"] == [], "a rule that the release no longer has is told by name only"
    assert _get(site, "curator", path, period="2026-11").status_code == 403
