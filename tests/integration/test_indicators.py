"""Indicators over HTTP and on the command line: each sees its own, and what is behind a figure."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from pypdf import PdfReader
from sqlalchemy import insert
from typer.testing import CliRunner

from api.bootstrap import key_ring
from api.cli import app
from api.indicator_desk import IndicatorDesk
from api.routes.analysis import EXAMPLES
from base.tenancy import system
from records.identity_tables import records
from records.store import Repository
from supervision.figures.cases import HIDDEN
from supervision.figures.manifest import Load
from supervision.record_qc.tables import reports
from tests.integration.staffed import CLINIC, COUNTY, HOSPITAL, LEAGUE, OTHER, Staffed, staffed

VISITS = "/api/v1/indicators/visits-seen"
ANALYSIS = "/api/v1/analysis"


@pytest.fixture(scope="module")
def site(starter_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Staffed]:
    made = staffed(starter_dir, tmp_path_factory.mktemp("indicators"))
    for name, tenant, role in (
        ("league", LEAGUE, "regulator"),
        ("county", COUNTY, "regulator"),
        ("pharmacist", HOSPITAL, "pharmacist"),
    ):
        made.add(name, tenant, role)
    made.add("manager", HOSPITAL, "institution-manager")
    made.add("chief", HOSPITAL, "regulator", "clinician")
    _case(made, "v2", "P2")
    _visit(made, HOSPITAL, "v1", "2026-10-05", "内科", 100)
    _visit(made, HOSPITAL, "v2", "2026-11-05", "内科", 80)
    _visit(made, CLINIC, "v3", "2026-11-06", "全科", 40)
    _visit(made, OTHER, "v4", "2026-11-07", "内科", 60)
    yield made
    made.client.__exit__(None, None, None)
    made.house.engine.dispose()


def _visit(site: Staffed, tenant: str, number: str, day: str, department: str, fee: int) -> None:
    desk = IndicatorDesk(site.house, key_ring(site.house))
    row = (
        f"SELECT '{number}' AS id, '{day}' AS date, 'outpatient' AS kind, '{department}' AS department, {fee} AS fee"
    )
    with system("test"):
        desk.lake.merge(desk.known.facts["visits"], Load(tenant, "visits", "test", "somebody"), row)


def _case(site: Staffed, visit: str, patient: str) -> None:
    """A visit that the repository holds and record QC checked."""
    encounter = {"resourceType": "Encounter", "id": visit, "status": "finished", "class": {"code": "AMB"}}
    encounter |= {"subject": {"reference": f"Patient/{patient}"}, "period": {"start": "2026-11-05T08:00:00+08:00"}}
    at = datetime(2026, 11, 5, tzinfo=UTC)
    texts = ("by", "department", "doctor", "scheme", "grade", "gaps", "measures")
    report = {"tenant": HOSPITAL, "record": visit, "current": visit, "digest": visit, "kind": "门诊病历"}
    report |= {"stage": "final", "at": at, "day": "2026-11-05", "first_score": 90, "score": 90} | dict.fromkeys(
        texts, ""
    )
    person = {"tenant": HOSPITAL, "local_id": patient, "person": 1, "sealed": b"", "version": 1, "created": at}
    with system("test"), site.house.engine.begin() as connection:
        made = connection.execute(insert(records).values(person | {"updated": at}))
        number = made.inserted_primary_key[0]
        repository = Repository(site.house.engine, key_ring(site.house))
        repository.put(connection, HOSPITAL, number, [encounter], message=1, at=at)
        connection.execute(insert(reports).values(report))


def _get(site: Staffed, who: str, path: str, **query: Any) -> Any:
    return site.client.get(path, params=query, headers=site.bearer(who))


def _post(site: Staffed, who: str, path: str, body: Any) -> Any:
    return site.client.post(path, json=body, headers=site.bearer(who))


def test_the_catalogue_tells_formula_source_and_dimensions(site: Staffed) -> None:
    told = _get(site, "county", "/api/v1/indicators", theme="drugs").json()["indicators"]
    [one] = [one for one in told if one["id"] == "antimicrobial-outpatient"]
    assert one["formula"] == "使用抗菌药物的门诊人次 ÷ 门诊人次 × 100%"
    assert one["source"].startswith("《关于进一步加强抗菌药物临床应用管理工作的通知》（2015）")
    assert one["warningLine"] == 20
    assert {"county", "department", "doctor", "disease"} <= {dimension["id"] for dimension in one["dimensions"]}


@pytest.mark.parametrize(("who", "expected"), [("league", 3), ("county", 2)])
def test_each_sees_its_own(site: Staffed, who: str, expected: int) -> None:
    line = _get(site, who, VISITS, period="2026-11").json()["lines"][0]
    assert line["value"] == expected
    assert len(_get(site, who, f"{VISITS}/rows", period="2026-11").json()["rows"]) == expected
    loads = _get(site, who, f"{VISITS}/lineage", period="2026-11").json()["loads"]
    assert len(loads) == expected
    assert {load["institution"] for load in loads} <= {"h1", "c1", "h9"}, "nobody registered them: their own codes"
    assert {load["tenant"] for load in loads} <= {HOSPITAL, CLINIC, OTHER if who == "league" else HOSPITAL}


def test_another_county_is_out_of_reach_by_name_too(site: Staffed) -> None:
    assert _get(site, "county", VISITS, period="2026-11", tenant=OTHER).status_code == 403
    assert _get(site, "county", VISITS, period="2026-11", only=f"institution:{OTHER}").json()["lines"] == []


def test_figures_stand_beside_the_period_before_with_ranks_and_titles(site: Staffed) -> None:
    told = _get(site, "county", VISITS, period="2026-11", by="hospital,department").json()
    first, second = told["lines"]
    assert first["group"][1] == {"dimension": "department", "value": "全科", "title": "全科"}
    assert (first["rank"], second["rank"]) == (1, 1)
    assert second["previousPeriod"] == {"value": 1, "changePercent": 0}
    assert second["samePeriod"] == {"value": None, "changePercent": None}


def test_looking_at_rows_is_audited_and_shows_no_names(site: Staffed) -> None:
    told = _get(site, "county", f"{VISITS}/rows", period="2026-11", only="department:内科").json()
    assert [row["id"] for row in told["rows"]] == ["v2"]
    assert (told["rows"][0]["tenant"], told["rows"][0]["institution"]) == (HOSPITAL, "h1")
    assert {"person", "institution"}.isdisjoint(told["columns"]), "the name stands in the column of the path"
    assert site.audited("indicator.rows")


@pytest.mark.parametrize(
    ("who", "expected"),
    [("manager", {"none": HIDDEN}), ("county", {"report": 1}), ("chief", {"patient": "P2", "report": 1})],
)
def test_a_row_leads_to_what_whoever_looks_may_open(site: Staffed, who: str, expected: dict[str, Any]) -> None:
    cases = _get(site, who, f"{VISITS}/rows", period="2026-11", only=f"institution:{HOSPITAL}").json()["cases"]
    assert cases == [expected]


def test_whoever_has_no_permission_sees_nothing(site: Staffed) -> None:
    assert _get(site, "pharmacist", VISITS, period="2026-11").status_code == 403
    assert _post(site, "pharmacist", ANALYSIS, EXAMPLES["analysis"]).status_code == 403


@pytest.mark.parametrize(
    ("query", "status", "says"),
    [
        ({"period": "gestern"}, 422, "不是期间"),
        ({"period": "2026-11", "by": "ward"}, 422, "没有维度 ward"),
        ({"period": "2026-11", "only": "内科"}, 400, "维度:值"),
        ({"period": "2026-11", "each": "decade"}, 400, "month、quarter"),
        ({"period": "2026-11", "format": "docx"}, 400, "csv"),
    ],
)
def test_what_cannot_be_answered_is_refused_with_what_can(
    site: Staffed, query: dict[str, str], status: int, says: str
) -> None:
    answer = _get(site, "county", VISITS, **query)
    assert answer.status_code == status
    assert says in answer.text


def test_an_indicator_that_there_is_not(site: Staffed) -> None:
    assert _get(site, "county", "/api/v1/indicators/none", period="2026-11").status_code == 404


def test_a_theme_is_one_report_as_json_and_as_a_workbook(site: Staffed) -> None:
    told = _get(site, "county", "/api/v1/reports/services", period="2026-11").json()
    assert {one["id"]: one for one in told["indicators"]}["visit-cost"]["lines"][0]["value"] == 60
    file = _get(site, "county", "/api/v1/reports/services", period="2026-11", format="xlsx")
    rows = list(openpyxl.load_workbook(BytesIO(file.content))["指标"].iter_rows(values_only=True))
    assert rows[0][:3] == ("指标", "期间", "数值")
    assert ("门急诊次均费用", "2026-11", 60) in [row[:3] for row in rows]


def test_figures_as_csv_open_in_a_spreadsheet(site: Staffed) -> None:
    file = _get(site, "county", VISITS, period="2026-11", by="institution", format="csv").content.decode("utf-8-sig")
    assert file.splitlines()[0].startswith("指标,期间,机构,数值")
    assert len(file.splitlines()) == 3


def test_a_table_is_analysed_by_a_form(site: Staffed) -> None:
    form = {
        "fact": "visits",
        "measures": [{}, {"sum": "mean", "column": "fee"}, {"sum": "distinct", "column": "department"}],
    }
    told = _post(site, "county", ANALYSIS, {"period": "2026-Q4", "form": form | {"each": "month"}}).json()["measures"]
    assert [[line["value"] for line in one["lines"]] for one in told] == [
        [1, 2, None],
        [100, 60, None],
        [1, 2, None],
    ]
    filtered = form | {"measures": [{"only": {"kind": ["outpatient"], "fee": [80]}}]}
    [one] = _post(site, "county", ANALYSIS, {"period": "2026-Q4", "form": filtered}).json()["measures"]
    assert one["lines"][0]["value"] == 1


def test_an_analysis_is_laid_out_by_rows_and_columns_and_taken_away(site: Staffed) -> None:
    form = {
        "fact": "visits",
        "measures": [{"title": "=人次"}, {"sum": "mean", "column": "fee"}],
        "by": ["department"],
        "across": ["period"],
        "each": "month",
    }
    body = {"period": "2026-Q4", "form": form}
    told = _post(site, "county", f"{ANALYSIS}?format=table", body).json()
    assert told["heads"] == ["科室"]
    assert [column[0] for column in told["columns"]][::2] == ["2026-10", "2026-11", "2026-12"]
    assert told["rows"][0] == {"titles": ["全科"], "values": [None, None, 1, 40, None, None]}
    file = _post(site, "county", f"{ANALYSIS}?format=xlsx", body)
    sheet = openpyxl.load_workbook(BytesIO(file.content)).worksheets[0]
    assert [cell.value for cell in sheet[1]][:2] == ["科室", "2026-10 =人次"]
    assert sheet.max_row == 1 + told["total"]
    text = _post(site, "county", f"{ANALYSIS}?format=csv", body | {"form": form | {"across": [], "each": ""}}).text
    assert text.splitlines()[0].lstrip("\ufeff").startswith("科室,'=人次,")
    pages = PdfReader(BytesIO(_post(site, "county", f"{ANALYSIS}?format=pdf", body).content)).pages
    assert all(words in pages[0].extract_text() for words in ("2026-Q4", "科室", "全科", "40"))
    assert _post(site, "county", f"{ANALYSIS}?format=doc", body).status_code == 400


@pytest.mark.parametrize(
    ("form", "says"),
    [
        ({"fact": "visits", "measures": [{}], "by": ["day"], "across": ["day"]}, "最多 200 列"),
        ({"fact": "visits", "measures": [{}, {}], "by": ["day"]}, "名称不能相同"),
    ],
)
def test_a_table_that_nobody_could_read_is_refused(
    site: Staffed, form: Any, says: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("supervision.figures.crosstab._MOST_COLUMNS", 1)
    answer = _post(site, "county", f"{ANALYSIS}?format=table", {"period": "2026-Q4", "form": form})
    assert answer.status_code == 422
    assert says.replace("200", "1") in answer.text


@pytest.mark.parametrize(
    ("form", "says"),
    [
        ({"fact": "visitors", "measures": [{}]}, "没有名为 visitors 的数据表"),
        ({"fact": "visits", "measures": []}, "须有 1 至"),
        ({"fact": "visits", "measures": [{"sum": "sum", "column": "department"}]}, "不是数值"),
        ({"fact": "visits", "measures": [{"sum": "sum", "column": "fee) FROM visits --"}]}, "没有列"),
        ({"fact": "visits", "measures": [{"only": {"kind": ["inpatient"]}}]}, "不能是该值"),
        ({"fact": "visits", "measures": [{"only": {"department": ["') OR ('1'='1"]}}]}, ""),
        ({"fact": "visits", "measures": [{}], "by": ["ward"]}, "没有维度"),
        ({"fact": "visits", "measures": [{}], "by": ["county"], "across": ["period"]}, "列中的 period 不在 by 中"),
    ],
)
def test_a_form_that_names_what_there_is_not_is_refused(site: Staffed, form: Any, says: str) -> None:
    answer = _post(site, "county", ANALYSIS, {"period": "2026-11", "form": form})
    if says:
        assert answer.status_code == 422
        assert says in answer.text
    else:  # a text is a value, whatever it looks like
        assert answer.json()["measures"][0]["lines"][0]["value"] == 0


def test_a_form_is_kept_used_and_removed(site: Staffed) -> None:
    made = _post(site, "county", f"{ANALYSIS}/datasets", EXAMPLES["dataset"])
    assert made.status_code == 201
    number = made.json()["id"]
    assert _post(site, "county", f"{ANALYSIS}/datasets", EXAMPLES["dataset"]).status_code == 409
    assert _post(site, "county", ANALYSIS, {"period": "2026-11", "dataset": number}).json()["measures"]
    assert [one["id"] for one in _get(site, "league", f"{ANALYSIS}/datasets").json()["datasets"]] == [number]
    assert _post(site, "county", f"{ANALYSIS}/datasets/{number}/removal", {}).status_code == 200
    assert _post(site, "county", ANALYSIS, {"period": "2026-11", "dataset": number}).status_code == 404


def test_what_figures_are_reckoned_from_is_told_within_the_scope(site: Staffed) -> None:
    def visits(who: str) -> dict[str, Any]:
        told = _get(site, who, "/api/v1/indicator-facts").json()
        assert told["engine"]["installed"]
        assert len(told["facts"]) == len(IndicatorDesk(site.house, key_ring(site.house)).known.facts)
        [found] = [one for one in told["facts"] if one["id"] == "visits"]
        return {name: found[name] for name in ("title", "rows", "institutions", "first", "last")}

    seen = {"title": "门急诊就诊", "first": "2026-10", "last": "2026-11"}
    assert visits("league") == seen | {"rows": 4, "institutions": 3}
    assert visits("county") == seen | {"rows": 3, "institutions": 2}
    assert _get(site, "pharmacist", "/api/v1/indicator-facts").status_code == 403


def test_figures_are_taken_away_as_pages(site: Staffed) -> None:
    answer = _get(site, "county", VISITS, period="2026-11", by="institution", format="pdf")
    assert answer.headers["content-type"] == "application/pdf"
    assert answer.content.startswith(b"%PDF")
    assert _get(site, "county", VISITS, period="2026-11", format="docx").status_code == 400


def test_an_institution_draws_its_own_warning_line(site: Staffed) -> None:
    def beyond(who: str) -> dict[str, list[Any]]:
        told = _get(site, who, "/api/v1/indicator-warnings", period="2026-11", by="institution").json()["indicators"]
        return {one["id"]: [line["group"][0]["value"] for line in one["lines"]] for one in told}

    assert "visit-cost" not in beyond("league")
    line = "/api/v1/indicators/visit-cost/line"
    assert _post(site, "county", line, {"value": 50, "tenant": COUNTY}).status_code == 200
    assert beyond("league")["visit-cost"] == [HOSPITAL], "of the other county nobody drew one"
    assert _post(site, "county", line, {"value": 100, "tenant": HOSPITAL}).status_code == 200
    assert "visit-cost" not in beyond("league"), "the nearest holds"
    assert _post(site, "county", f"{line}/removal", {"tenant": HOSPITAL}).status_code == 200
    assert beyond("county")["visit-cost"] == [HOSPITAL]
    assert _post(site, "county", line, {"value": None, "tenant": COUNTY}).status_code == 200
    assert "visit-cost" not in beyond("county")
    told = _get(site, "county", "/api/v1/indicator-lines").json()["lines"]
    assert [(one["indicator"], one["tenant"], one["value"]) for one in told] == [("visit-cost", COUNTY, None)]


def test_no_line_for_others_and_no_range_where_there_is_a_bad_side(site: Staffed) -> None:
    assert (
        _post(site, "county", "/api/v1/indicators/visit-cost/line", {"value": 1, "tenant": OTHER}).status_code == 403
    )
    range_ = {"value": 100, "low": 1, "tenant": COUNTY}
    assert _post(site, "county", "/api/v1/indicators/visit-cost/line", range_).status_code == 400
    upside_down = {"value": 1, "low": 2}
    assert _post(site, "county", "/api/v1/indicators/visits-seen/line", upside_down).status_code == 400


def test_what_is_only_watched_warns_on_both_sides_of_a_range(site: Staffed) -> None:
    line = "/api/v1/indicators/visits-seen/line"

    def beyond(low: int | None, high: int | None) -> list[Any]:
        assert _post(site, "county", line, {"value": high, "low": low, "tenant": COUNTY}).status_code == 200
        told = _get(site, "county", "/api/v1/indicator-warnings", period="2026-11", by="institution").json()
        found = {one["id"]: one["lines"] for one in told["indicators"]}.get("visits-seen", [])
        return [(one["group"][0]["value"], one["limits"]) for one in found]

    assert beyond(1, 5) == []
    assert beyond(2, 5) == [(HOSPITAL, {"low": 2, "high": 5}), (CLINIC, {"low": 2, "high": 5})]
    assert [place for place, _ in beyond(None, 0)] == [HOSPITAL, CLINIC]
    assert _post(site, "county", f"{line}/removal", {"tenant": COUNTY}).status_code == 200


def test_a_theme_leaves_out_what_does_not_have_the_dimension(site: Staffed) -> None:
    told = _get(site, "county", "/api/v1/reports/services", period="2026-11", by="department").json()
    assert "medical-income" in told["leftOut"]
    assert "visits-seen" in {one["id"] for one in told["indicators"]}


def test_the_tables_are_told_with_columns_and_codes(site: Staffed) -> None:
    facts = {fact["id"]: fact for fact in _get(site, "county", f"{ANALYSIS}/facts").json()["facts"]}
    kind = next(column for column in facts["visits"]["columns"] if column["id"] == "kind")
    assert kind["values"]["outpatient"] == "门诊"


def test_on_the_command_line_a_file_is_loaded_summed_up_and_shown(starter_dir: Path, tmp_path: Path) -> None:
    site = staffed(starter_dir, tmp_path)
    site.client.__exit__(None, None, None)
    data = ["--data-dir", str(site.house.settings.data_dir)]
    file = tmp_path / "就诊.csv"
    file.write_text("记录编号,日期,就诊类别,预约就诊\n1,2026-11-02,门诊,是\n2,2026-11-03,急诊,\n", "utf-8")

    def run(*words: str) -> Any:
        return CliRunner(env={"COLUMNS": "200"}).invoke(app, ["indicators", *words, *data])

    loaded = run("load", "visits", "--tenant", HOSPITAL, "--file", str(file))
    assert "2 rows" in loaded.output, loaded.output
    assert "1 months summed up" in run("refresh").output
    shown = run("show", "visits-appointed", "--period", "2026-11", "--per", "hospital")
    assert "医院" in shown.output
    assert "100.0" in shown.output, shown.output
    out = tmp_path / "out.xlsx"
    assert run("export", "services", "--period", "2026-11", "--out", str(out)).exit_code == 0
    assert openpyxl.load_workbook(out).sheetnames[0] == "指标"
    file.write_text("记录编号,日期,就诊类型\n1,2026-11-02,门诊\n", "utf-8")
    refused = run("load", "visits", "--tenant", HOSPITAL, "--file", str(file))
    assert refused.exit_code == 1
    site.house.engine.dispose()


def test_the_process_that_stores_messages_collects_and_sums_up(
    starter_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = staffed(starter_dir, tmp_path)
    site.client.__exit__(None, None, None)
    _visit(site, HOSPITAL, "v1", "2026-11-05", "内科", 80)
    monkeypatch.setattr("api.indicator_desk._SECONDS", 0.05)
    desk, stop = IndicatorDesk(site.house, key_ring(site.house)), threading.Event()
    watch = threading.Thread(target=desk.run, args=(stop,))
    watch.start()
    waited = time.monotonic() + 20
    while not desk.lake.manifest.cubes("visits") and time.monotonic() < waited:
        time.sleep(0.05)
    stop.set()
    watch.join()
    assert desk.lake.manifest.cubes("visits")
    assert (site.house.settings.data_dir / "facts" / "collected").exists()
    site.house.engine.dispose()
