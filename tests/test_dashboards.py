"""Dashboards and alert rules are as the metrics are declared, can be read by Prometheus, and name nothing that
``/metrics`` does not show."""

from __future__ import annotations

import json
import re
from pathlib import Path

import promql_parser
import pytest
import yaml
from starlette.testclient import TestClient

from api import metrics
from api.app import build
from deploy.dashboards import GRAFANA, RULES, RULES_DECLARED, expressions, files
from tests.integration.conftest import opened

FILES = files()
PANELS = [expr for declared in metrics.DECLARED for expr, _ in expressions(declared)]
ASKED = [*PANELS, *(rule.expr for rule in RULES_DECLARED)]
_PARTS = re.compile(r"_(bucket|sum|count)$")


@pytest.mark.parametrize("path", list(FILES), ids=lambda path: path.name)
def test_dashboards_are_fresh(path: Path) -> None:
    assert path.read_text("utf-8") == FILES[path], "run `python -m deploy.dashboards`"


@pytest.mark.parametrize("expr", ASKED)
def test_prometheus_can_read_what_is_asked(expr: str) -> None:
    promql_parser.parse(expr.replace("$tenant", ".*"))


def _named(expr: str) -> set[str]:
    """Metrics of ours that an expression names."""
    return {_PARTS.sub("", name) for name in re.findall(r"\byigong_\w+", expr)}


@pytest.mark.parametrize("several", [False, True], ids=["one worker", "several workers"])
def test_every_metric_that_is_asked_for_is_shown_and_every_one_shown_is_declared(
    starter_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, several: bool
) -> None:
    if several:
        monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", str(tmp_path))
    house = opened(starter_dir, tmp_path)
    with TestClient(build(house)) as client:
        answer = client.get("/metrics")
    house.engine.dispose()
    named = re.findall(r"^# TYPE (yigong_\w+)", answer.text, re.M)
    shown = {name for name in named if not name.endswith("_created")}  # the library's own: when it began to count
    assert set().union(*map(_named, ASKED)) <= shown
    assert {declared.name for declared in metrics.DECLARED} == shown, "what is shown is on the dashboard"
    assert len(answer.text.splitlines()) == len(set(answer.text.splitlines())), "nothing is shown twice"


def test_the_files_hold_what_was_declared() -> None:
    board = json.loads(GRAFANA.read_text("utf-8"))
    asked = [target["expr"] for panel in board["panels"] for target in panel.get("targets", ())]
    assert sorted(asked) == sorted(PANELS)
    places = [tuple(panel["gridPos"].values()) for panel in board["panels"]]
    assert len(set(places)) == len(places), "no panel covers another"
    (group,) = yaml.safe_load(RULES.read_text("utf-8"))["groups"]
    assert [rule["expr"] for rule in group["rules"]] == [rule.expr for rule in RULES_DECLARED]


def test_offline_and_success_are_watched_as_the_tender_wants_them() -> None:
    watched = {rule.name: rule.expr for rule in RULES_DECLARED}
    assert "> 1800" in watched["YigongSystemOffline"]
    assert "< 0.95" in watched["YigongIntakeFailing"]
