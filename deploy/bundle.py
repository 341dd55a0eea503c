"""``make bundle``: everything a hospital without a network installs from: the checkout as committed, the wheels it
needs, and the built pages. ``pip`` and Python are all that is needed there."""

from __future__ import annotations

import io
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from curation_ui.build import DIST, BuildError, build

ROOT: Final = Path(__file__).parents[1]
_NAME: Final = "yigong"
_BUILDING: Final = ("setuptools>=69", "wheel")
"""What pip needs to install the checkout itself."""
_INSTALL: Final = """#!/bin/sh
# 离线安装：需要与制作安装包时相同的系统和 Python 版本（Python {version}），不需要网络和 Node.js。
set -e
cd "$(dirname "$0")"
"${{PYTHON:-python3}}" -m venv .venv
.venv/bin/python -m pip install --no-index --find-links wheels --quiet --editable .
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
        _wheels(folder / "wheels")
        install = folder / "install.sh"
        version = f"{sys.version_info.major}.{sys.version_info.minor}"
        install.write_text(_INSTALL.format(version=version), "utf-8")
        install.chmod(0o755)
        target.mkdir(parents=True, exist_ok=True)
        path = target / f"{_NAME}-{_commit()}-{sys.platform}-py{version}.tar.gz"
        with tarfile.open(path, "w:gz", compresslevel=1) as archive:  # wheels are packed already
            archive.add(folder, _NAME)
    return path


def _checkout(folder: Path) -> None:
    packed = subprocess.run(["git", "archive", "HEAD"], cwd=ROOT, capture_output=True, check=True).stdout
    with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
        archive.extractall(folder, filter="data")


def _wheels(folder: Path) -> None:
    """Wheels of the service and of what installs it, those without one built here."""
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--disable-pip-version-check", "--wheel-dir"]
    subprocess.run([*command, str(folder), str(ROOT), *_BUILDING], cwd=ROOT, check=True)
    for own in folder.glob(f"{_NAME}-*.whl"):  # the checkout is installed, not a copy of it
        own.unlink()


def _commit() -> str:
    told = subprocess.run(["git", "describe", "--always", "--dirty"], cwd=ROOT, capture_output=True, check=True)
    return told.stdout.decode().strip()


if __name__ == "__main__":
    sys.exit(main())
