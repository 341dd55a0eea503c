"""A hospital without a network installs from one archive, with pip alone."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path
from urllib.request import urlopen

import pytest

from base.backup import SAFELY
from deploy import bundle
from deploy.bundle import EXTRAS, ROOT, unconfigured
from tests.browser.conftest import running


@pytest.fixture
def unpacked(pages: Path, tmp_path: Path) -> Path:
    """A folder to unpack into, where pages are built."""
    folder = tmp_path / "hospital"
    folder.mkdir()
    return folder


def unpack(archive: Path, folder: Path) -> Path:
    with tarfile.open(archive) as opened:
        opened.extractall(folder, **SAFELY)
    return folder / "yigong"


def test_the_archive_holds_pages_wheels_of_all_that_is_needed_and_an_installer_without_a_network(
    unpacked: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[str, ...]] = []
    monkeypatch.setattr(bundle, "_pip", lambda environment, *arguments: asked.append(arguments))
    monkeypatch.setattr(bundle, "_checkout", _little)
    there = unpack(bundle.bundle(tmp_path / "dist"), unpacked)
    packed, tried = asked
    assert packed[0] == "wheel"
    needed = bundle.requirements(f"{EXTRAS},states")
    assert set(needed) < set(packed)
    assert {"--no-index", *needed} < set(tried)
    assert (there / "curation_ui/web/dist/index.html").read_text("utf-8")
    installer = (there / "install.sh").read_text("utf-8")
    assert f"pip install --no-index --find-links wheels --quiet --editable '.[{EXTRAS},states]'" in installer
    assert not re.search(r"^[^#]*\b(npm|node|curl|wget)\b", installer, re.M)


def test_where_nothing_can_be_compiled_the_archive_is_made_without_derived_states_and_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked: list[tuple[str, ...]] = []

    def without_compiler(environment: object, *arguments: str) -> None:
        if any(one.startswith("durable_rules") for one in arguments):
            raise subprocess.CalledProcessError(1, "pip")
        asked.append(arguments)

    monkeypatch.setattr(bundle, "_pip", without_compiler)
    assert bundle.wheels(tmp_path) == EXTRAS
    assert [one[0] for one in asked] == ["wheel", "install"]
    assert "without derived states" in capsys.readouterr().err


def _little(folder: Path) -> None:
    (folder / "curation_ui" / "web").mkdir(parents=True)


def test_what_is_packed_is_what_is_served_and_has_indicators_and_pdf() -> None:
    assert f"SERVED := {EXTRAS}\n" in (ROOT / "Makefile").read_text("utf-8")
    assert {"duckdb", "reportlab", "fastapi"} <= {re.split(r"[^\w.-]", one)[0] for one in bundle.requirements()}


@pytest.mark.slow
def test_what_is_unpacked_installs_and_serves_pages_and_indicators(
    unpacked: Path, tmp_path: Path, starter_dir: Path
) -> None:
    there = unpack(_bundled(tmp_path / "dist"), unpacked)
    outside = unconfigured() | {"PATH": "/usr/bin:/bin", "PYTHON": sys.executable}
    subprocess.run(["./install.sh"], cwd=there, env=outside, check=True, timeout=600)
    shutil.copytree(starter_dir, there / "data")
    own = str(there / ".venv/bin/python")
    with running(there / "data", python=own, patience=300) as base:  # a new commit builds its release first
        assert b"<html" in _body(f"{base}/ui/")
        assert json.loads(_body(f"{base}/api/v1/indicator-facts"))["engine"]["installed"] is True
    python = [own, "-P", "-c", "import api, reportlab; print(api.__file__)"]
    assert Path(subprocess.run(python, capture_output=True, text=True, check=True).stdout).is_relative_to(there)


def _bundled(folder: Path) -> Path:
    """The archive, where wheels can be had."""
    probe = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", str(folder), "wheel"]
    if subprocess.run(probe, capture_output=True, check=False).returncode:
        pytest.skip("no package index answers")
    return bundle.bundle(folder)


def _body(url: str) -> bytes:
    with urlopen(url, timeout=20) as answer:
        return bytes(answer.read())
