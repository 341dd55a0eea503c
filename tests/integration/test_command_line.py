"""The command line, as an operator uses it, from an empty folder to a rollback; and a service of several
workers that swaps releases while it answers."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from api.openapi import EXAMPLES

RULE = """
- id: ibuprofen-after-meal
  title: 布洛芬餐后服用
  condition: orders("布洛芬")
  severity: minor
  message: 布洛芬建议餐后服用
  advice: 餐后或与食物同服。
  source: 说明书:布洛芬缓释胶囊
  section: 【用法用量】
  evidence: moderate
  cases:
    - {name: 开了, expect: fired, facts: {'orders("布洛芬")': true}}
    - {name: 没开, expect: passed, facts: {'orders("布洛芬")': false}}
"""


def yigong(data: Path, *arguments: str, fails: bool = False) -> str:
    command = [sys.executable, "-m", "api.cli", *arguments, "--data-dir", str(data)]
    environment = {**os.environ, "COLUMNS": "200", "TERM": "dumb"}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    assert (done.returncode != 0) is fails, done.stdout + done.stderr
    return done.stdout + done.stderr


@pytest.fixture
def data(starter_dir: Path, tmp_path: Path) -> Path:
    """A copy of the starter installation."""
    import shutil

    return Path(shutil.copytree(starter_dir, tmp_path / "data"))


def test_a_rule_of_ones_own_from_file_to_card_and_back(data: Path, tmp_path: Path) -> None:
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "rules_mine.yaml").write_text(RULE, "utf-8")
    (mine / "sources.csv").write_text(
        "编号,名称,类型,发布者,版本,年份,网址\nx-1,测试指南,指南,学会,1,2024,\n", "utf-8"
    )
    before = yigong(data, "releases").count("*")
    assert before == 1
    assert "0 row errors" in yigong(data, "load", "formulary", str(mine), "--by", "li")
    assert "须由他人接受" in yigong(data, "accept", "formulary", "--by", "li", "--reason", "x", fails=True)
    assert "as reviewed knowledge" in yigong(data, "accept", "formulary", "--by", "wang", "--reason", "药事会")
    assert "published" in yigong(data, "publish", "--by", "wang", "--note", "餐后", "--without-search")
    (tmp_path / "review.json").write_text(json.dumps(EXAMPLES["review"]), "utf-8")
    answer = json.loads(yigong_json(data, "review", str(tmp_path / "review.json"), "--explain"))
    assert "rule:ibuprofen-after-meal" in {f["ruleId"] for f in answer["findings"]}
    yigong(data, "rollback", "--by", "li", "--note", "误报过多")
    answer = json.loads(yigong_json(data, "review", str(tmp_path / "review.json")))
    assert "rule:ibuprofen-after-meal" not in {f["ruleId"] for f in answer["findings"]}


def yigong_json(data: Path, *arguments: str) -> bytes:
    command = [sys.executable, "-m", "api.cli", *arguments, "--data-dir", str(data)]
    return subprocess.run(command, capture_output=True, check=True).stdout


def test_a_rule_whose_case_fails_is_not_published(data: Path, tmp_path: Path) -> None:
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "rules_bad.yaml").write_text(RULE.replace("expect: passed", "expect: fired"), "utf-8")
    (mine / "sources.csv").write_text("编号,名称,类型,发布者,版本,年份,网址\n", "utf-8")
    yigong(data, "load", "formulary", str(mine), "--by", "li")
    yigong(data, "accept", "formulary", "--by", "wang", "--reason", "药事会")
    told = yigong(data, "publish", "--by", "wang", "--without-search", fails=True)
    assert "预期触发，实际不触发" in told.replace("\n", " ")


def test_asking_the_release(data: Path, tmp_path: Path) -> None:
    assert "interacts-with" in yigong(data, "why", "华法林", "非甾体抗炎药")
    assert "names nothing" in yigong(data, "why", "华法林", "并不存在", fails=True)
    rows = yigong(data, "sparql", 'SELECT ?c WHERE { ?c skos:prefLabel "华法林"@zh }')
    assert "ingredient%3Awarfarin" in rows
    assert "triples" in yigong(data, "rdf", "export", str(tmp_path / "out.ttl"))
    assert (tmp_path / "out.ttl").stat().st_size > 100_000
    assert len(yigong(data, "keys").strip()) == 128
    assert "formulary" in yigong_plain("sources")


def yigong_plain(*arguments: str) -> str:
    command = [sys.executable, "-m", "api.cli", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def test_the_doctor_finds_a_tampered_release(data: Path) -> None:
    assert "✗" not in yigong(data, "doctor")
    release = next((data / "releases").glob("*.ygr"))
    altered = bytearray(release.read_bytes())
    altered[-1] ^= 1
    release.write_bytes(altered)
    assert "✗ active release" in yigong(data, "doctor", fails=True)


@pytest.mark.parametrize("arguments", [("load", "nothing", "."), ("load", "yigong", "/no/such/path")])
def test_a_wrong_argument_is_said_to_be_wrong(data: Path, arguments: tuple[str, ...]) -> None:
    assert "Traceback" not in yigong(data, *arguments, fails=True)


@pytest.fixture
def served(data: Path) -> Iterator[str]:
    """Two workers, listening."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [
        sys.executable,
        "-m",
        "api.cli",
        "serve",
        "--data-dir",
        str(data),
        "--port",
        str(port),
        "--workers",
        "2",
    ]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
    url = f"http://127.0.0.1:{port}"
    until = time.monotonic() + 30
    while time.monotonic() < until:
        try:
            if httpx.get(f"{url}/healthz", timeout=1).status_code == 200:
                break
        except httpx.HTTPError:
            time.sleep(0.1)
    yield url
    os.killpg(process.pid, signal.SIGTERM)
    process.wait(15)


def test_all_workers_swap_within_five_seconds_and_nobody_is_turned_away(
    served: str, data: Path, tmp_path: Path
) -> None:
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "rules_mine.yaml").write_text(RULE, "utf-8")
    (mine / "sources.csv").write_text("编号,名称,类型,发布者,版本,年份,网址\n", "utf-8")
    yigong(data, "load", "formulary", str(mine), "--by", "li")
    yigong(data, "accept", "formulary", "--by", "wang", "--reason", "药事会")
    yigong(data, "publish", "--by", "wang", "--without-search")
    published = time.monotonic()
    newest = (data / "releases" / "ACTIVE").read_text()
    last_old = published
    while time.monotonic() - published < 8:
        answer = httpx.post(f"{served}/api/v1/reviews", json=EXAMPLES["review"], timeout=5)
        assert answer.status_code == 200
        if answer.json()["release"] != newest:
            last_old = time.monotonic()
    assert last_old - published < 5, "some worker still served the old release"
    assert 'yigong_review_seconds_count{service="review"}' in httpx.get(f"{served}/metrics").text
