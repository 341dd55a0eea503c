"""Scheduled reports as managers use them: scheduled, made, told, downloaded, each in its own institutions."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from io import BytesIO
from pathlib import Path
from typing import Any

import openpyxl
import orjson
import pytest
from typer.testing import CliRunner

from api.bootstrap import key_ring
from api.cli import app
from api.indicator_desk import IndicatorDesk
from api.overseeing import web
from api.reporting import Reporter
from api.routes.reports import EXAMPLES
from base.tenancy import system
from clinical.coded import CHINA
from supervision.figures.manifest import Load
from tests.integration.staffed import COUNTY, HOSPITAL, OTHER_COUNTY, Staffed, staffed

BASE = "/api/v1/reports"


class Sink:
    """A receiver of calls on this machine."""

    def __init__(self) -> None:
        self.got: list[Any] = []
        sink = self

        class Take(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                sink.got.append(orjson.loads(self.rfile.read(int(self.headers["Content-Length"]))))
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                pass

        self.server = HTTPServer(("127.0.0.1", 0), Take)
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_port}/x"


class Office:
    """A county with a manager, another county, and a receiver."""

    def __init__(self, made: Staffed, sink: Sink) -> None:
        self.made, self.sink = made, sink
        made.add("county", COUNTY, "regulator")
        made.add("other", OTHER_COUNTY, "regulator")
        made.add("pharmacist", HOSPITAL, "pharmacist")
        desk = IndicatorDesk(made.house, key_ring(made.house))
        row = "SELECT 'v1' AS id, current_date - INTERVAL 40 DAY AS date, 'outpatient' AS kind"
        with system("test"):
            desk.lake.merge(desk.known.facts["visits"], Load(HOSPITAL, "visits", "test", "somebody"), row)

    def get(self, path: str, who: str = "county") -> Any:
        return self.made.client.get(f"{BASE}{path}", headers=self.made.bearer(who))

    def post(self, path: str, body: Any = None, who: str = "county") -> Any:
        return self.made.client.post(f"{BASE}{path}", json=body or {}, headers=self.made.bearer(who))

    def put(self, path: str, body: Any, who: str = "county") -> Any:
        return self.made.client.put(f"{BASE}{path}", json=body, headers=self.made.bearer(who))

    def schedule(self, **changed: Any) -> str:
        channels = [{"kind": "webhook", "name": "值班群", "url": self.sink.url}]
        plan = {**EXAMPLES["schedule"]["plan"], "of": "overview", "channels": channels, **changed}
        answer = self.post("/schedules", {"plan": plan})
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])

    def work(self) -> tuple[int, int]:
        with web() as client:
            return Reporter(self.made.house, key_ring(self.made.house)).turn(client)


@pytest.fixture(scope="module")
def office(starter_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    sink = Sink()
    made = staffed(starter_dir, tmp_path_factory.mktemp("reports"), webhook_hosts=["127.0.0.1"])
    yield Office(made, sink)
    made.client.__exit__(None, None, None)
    made.house.engine.dispose()
    sink.server.shutdown()
    sink.server.server_close()


def test_a_report_is_scheduled_made_now_told_and_downloaded(office: Office) -> None:
    number = office.schedule()
    started = office.post(f"/schedules/{number}/run")
    assert (started.status_code, started.json()["stateTitle"]) == (202, "待生成")
    assert office.work() == (1, 1)
    run = office.get(f"/runs/{started.json()['id']}").json()
    assert (run["state"], run["letters"][0]["state"]) == ("done", "sent")
    told = office.sink.got[-1]
    assert told["text"].startswith("【医共】药品月报")
    assert told["report"]["id"] == run["id"]
    file = office.get(f"/runs/{run['id']}/file")
    assert file.status_code == 200
    rows = list(openpyxl.load_workbook(BytesIO(file.content))["指标"].values)
    assert rows[0][0] == "指标"
    assert office.made.audited("report.file")[0]["actor"] == "county"
    assert office.made.audited("report.schedule.add")


def test_another_county_and_whoever_may_not_see_figures_get_nothing(office: Office) -> None:
    number = office.schedule()
    run = office.post(f"/schedules/{number}/run").json()["id"]
    office.work()
    assert office.get("/schedules", "other").json()["schedules"] == []
    assert office.get("/runs", "other").json() == {"runs": []}
    for path in (f"/runs/{run}", f"/runs/{run}/file"):
        assert office.get(path, "other").status_code == 404
    assert office.post(f"/schedules/{number}/run", who="other").status_code == 404
    assert office.post(f"/schedules/{number}/removal", who="other").status_code == 404
    assert office.get("/schedules", "pharmacist").status_code == 403
    assert office.post("/schedules", EXAMPLES["schedule"], "pharmacist").status_code == 403
    body = {**EXAMPLES["schedule"], "tenant": COUNTY}
    assert office.post("/schedules", body, "other").status_code == 403


@pytest.mark.parametrize(
    ("changed", "status", "says"),
    [
        ({"of": "nonsense"}, 422, "of"),
        ({"by": ["ward"]}, 422, "没有一个指标"),
        ({"content": "dataset", "of": "gone", "by": []}, 404, "没有该数据集"),
        ({"channels": [{"kind": "webhook", "name": "a", "url": "http://evil/x"}]}, 422, "YIGONG_WEBHOOK_HOSTS"),
        ({"every": "decade"}, 400, "every"),
    ],
)
def test_what_cannot_be_scheduled_is_refused_with_what_can(
    office: Office, changed: dict[str, Any], status: int, says: str
) -> None:
    answer = office.post("/schedules", {"plan": {**EXAMPLES["schedule"]["plan"], **changed}})
    assert answer.status_code == status
    assert says in answer.text


def test_a_plan_is_changed_by_whoever_saw_it_as_it_is(office: Office) -> None:
    number = office.schedule()
    (was,) = (one for one in office.get("/schedules").json()["schedules"] if one["id"] == number)
    plan = {**was["plan"], "title": "药品季报", "every": "quarter", "keepDays": 90}
    made = office.put(f"/schedules/{number}", {"plan": plan, "at": was["at"]})
    assert made.status_code == 200, made.text
    assert (made.json()["plan"], made.json()["titles"]["every"]) == (plan, "每季度")
    assert made.json()["due"] == _next_quarter().isoformat()
    assert office.made.audited("report.schedule.change")[0]["subject"] == f"schedule/{number}"
    again = office.put(f"/schedules/{number}", {"plan": plan, "at": was["at"]})
    assert (again.status_code, "重新读取" in again.text) == (409, True)
    now = {"plan": plan, "at": made.json()["at"]}
    assert office.put(f"/schedules/{number}", now, "other").status_code == 404
    assert office.put(f"/schedules/{number}", now, "pharmacist").status_code == 403
    wrong = {"plan": {**plan, "keepDays": 100_000}, "at": made.json()["at"]}
    assert "keepDays" in office.put(f"/schedules/{number}", wrong).text


def _next_quarter() -> datetime:
    """When a report of a quarter comes next: eight o'clock of the second day after its end."""
    now = datetime.now(CHINA)
    year, month = now.year, now.month - (now.month - 1) % 3
    due = datetime(year, month, 2, 8, tzinfo=CHINA)
    if due <= now:
        due = due.replace(year=year + month // 10, month=(month + 2) % 12 + 1)
    return due.astimezone(UTC)


def test_files_that_were_kept_long_enough_are_removed_which_the_audit_says(office: Office) -> None:
    number = office.schedule(keepDays=7)
    run = office.post(f"/schedules/{number}/run").json()["id"]
    office.work()
    assert office.get(f"/runs/{run}").json()["file"].endswith(".xlsx")
    reporter = Reporter(office.made.house, key_ring(office.made.house))
    assert reporter.prune(datetime.now(UTC) + timedelta(days=6)) == 0
    assert reporter.prune(datetime.now(UTC) + timedelta(days=8)) == 1
    assert office.get(f"/runs/{run}").json()["file"] is None
    missing = office.get(f"/runs/{run}/file")
    assert (missing.status_code, "保留期限" in missing.text) == (404, True)
    (event,) = office.made.audited("report.file.prune")
    assert (event["subject"], event["tenant"], event["detail"]) == (f"schedule/{number}", COUNTY, '{"files":1}')


def test_the_command_line_lists_and_saves(office: Office, tmp_path: Path) -> None:
    run = office.post(f"/schedules/{office.schedule(format='pdf')}/run").json()["id"]
    data = ["--data-dir", str(office.made.house.settings.data_dir)]
    done = CliRunner().invoke(app, ["reports", "work", *data])
    assert (done.exit_code, "1 runs" in done.output) == (0, True), done.output
    for what in ("schedules", "runs"):
        assert CliRunner().invoke(app, ["reports", what, *data]).exit_code == 0
    out = tmp_path / "a.pdf"
    assert CliRunner().invoke(app, ["reports", "save", run, "--out", str(out), *data]).exit_code == 0
    assert out.read_bytes().startswith(b"%PDF")
    assert CliRunner().invoke(app, ["reports", "save", "gone", *data]).exit_code == 1


def test_a_schedule_that_is_removed_leaves_its_runs_to_be_read(office: Office) -> None:
    number = office.schedule()
    run = office.post(f"/schedules/{number}/run").json()["id"]
    office.work()
    assert office.post(f"/schedules/{number}/removal").json() == {"removed": True}
    assert number not in [one["id"] for one in office.get("/schedules").json()["schedules"]]
    assert office.get(f"/runs/{run}").json()["state"] == "done"
    assert office.post(f"/runs/{run}/retry").status_code == 404, "it did not fail"
