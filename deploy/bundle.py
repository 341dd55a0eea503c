"""``make bundle``: everything a hospital without a network installs from: the checkout as committed, the wheels it
needs (those of indicators and PDF reports among them), and the built pages. ``pip`` and Python are all that is needed
there."""

from __future__ import annotations

import io
import os
import shutil
import subprocess
import sys
import tarfile
import tomllib
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from base.backup import SAFELY
from curation_ui.build import DIST, BuildError, build

ROOT: Final = Path(__file__).parents[1]
_NAME: Final = "yigong"
_BUILDING: Final = ("setuptools>=69", "wheel")
"""What pip needs to install the checkout itself."""
EXTRAS: Final = "screen,pdf"
"""What is installed beside the base, as `make serve` does: indicators, wall and analysis (DuckDB), reports as PDF."""
COMPILED: Final = "states"
"""And what comes along where it can be built, which takes a C compiler: derived states (durable_rules)."""
_INSTALL: Final = """#!/bin/sh
# 离线安装：需要与制作安装包时相同的系统和 Python 版本（Python {version}），不需要网络和 Node.js。
# 含监管指标、大屏与自助分析所需的 DuckDB，以及 PDF 报告所需的 reportlab。
set -e
cd "$(dirname "$0")"
"${{PYTHON:-python3}}" -m venv .venv
.venv/bin/python -m pip install --no-index --find-links wheels --quiet --editable '.[{extras}]'
echo '安装完成。启动：.venv/bin/yigong serve --data-dir data，然后打开 http://127.0.0.1:8000/'
"""


def main() -> int:
    """``python -m deploy.bundle [FOLDER]``: write the archive into a folder (``dist`` without one)."""
    target = Path(sys.argv[1] if len(sys.argv) > 1 else "dist")
    try:
        build()
        made = bundle(target)
    except (BuildError, subprocess.CalledProcessError) as error:
        print(f"bundle: {error}", file=sys.stderr)
        return 1
    print(f"{made} ({made.stat().st_size / 1e6:.0f} MB): unpack it and run ./install.sh")
    return 0


def bundle(target: Path) -> Path:
    """The archive of the present commit. Raises ``subprocess.CalledProcessError``."""
    with TemporaryDirectory() as scratch:
        folder = Path(scratch) / _NAME
        _checkout(folder)
        shutil.copytree(DIST, folder / DIST.relative_to(ROOT))
        extras = wheels(folder / "wheels")
        install = folder / "install.sh"
        version = f"{sys.version_info.major}.{sys.version_info.minor}"
        install.write_text(_INSTALL.format(version=version, extras=extras), "utf-8")
        install.chmod(0o755)
        target.mkdir(parents=True, exist_ok=True)
        path = target / f"{_NAME}-{_commit()}-{sys.platform}-py{version}.tar.gz"
        with tarfile.open(path, "w:gz", compresslevel=1) as archive:  # wheels are packed already
            archive.add(folder, _NAME)
    return path


def _checkout(folder: Path) -> None:
    packed = subprocess.run(["git", "archive", "HEAD"], cwd=ROOT, capture_output=True, check=True).stdout
    with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
        archive.extractall(folder, **SAFELY)


def wheels(folder: Path) -> str:
    """Wheels of what the service needs and of what installs it; those without one are built here. Then it is tried
    whether they suffice where nothing else is. Gives the extras they are for. Raises
    ``subprocess.CalledProcessError``."""
    extras = f"{EXTRAS},{COMPILED}"
    try:
        _pip(os.environ, "wheel", "--wheel-dir", str(folder), *requirements(extras), *_BUILDING)
    except subprocess.CalledProcessError:
        print("bundle: durable_rules cannot be built here: made without derived states", file=sys.stderr)
        extras = EXTRAS
        _pip(os.environ, "wheel", "--wheel-dir", str(folder), *requirements(extras), *_BUILDING)
    offline = ("--no-index", "--find-links", str(folder))
    _pip(unconfigured(), "install", "--dry-run", "--ignore-installed", *offline, *requirements(extras), *_BUILDING)
    return extras


def requirements(extras: str = EXTRAS) -> list[str]:
    """What the checkout needs with its extras; it is installed itself, not a copy of it."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    known = project["optional-dependencies"]
    return [*project["dependencies"], *(one for extra in extras.split(",") for one in known[extra])]


def unconfigured() -> dict[str, str]:
    """An environment in which pip knows of nothing but what it is told."""
    return {name: value for name, value in os.environ.items() if not name.startswith("PIP_")} | {
        "PIP_CONFIG_FILE": os.devnull
    }


def _pip(environment: Mapping[str, str], *arguments: str) -> None:
    command = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check", *arguments]
    subprocess.run(command, env=environment, check=True)


def _commit() -> str:
    told = subprocess.run(["git", "describe", "--always", "--dirty"], cwd=ROOT, capture_output=True, check=True)
    return told.stdout.decode().strip()


if __name__ == "__main__":
    sys.exit(main())
