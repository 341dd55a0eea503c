"""json-rules-engine (npm) beside our index, where Node is at hand; fetched once into ``build/``."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Final

from benchmarks.timing import Times, percentiles

_PACKAGE: Final = "json-rules-engine@7"
_FOLDER: Final = Path(__file__).parents[1] / "build" / "benchmarks-node"
_SCRIPT: Final = Path(__file__).with_suffix(".mjs")


def measure(pairs: list[tuple[str, str]], drugs: list[str], times: int = 50) -> Times | str:
    """Times of one run over all pairs, or why there are none."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if not node or not npm:
        return "not measured (no Node on this machine)"
    if not (_FOLDER / "node_modules").exists():
        _FOLDER.mkdir(parents=True, exist_ok=True)
        fetched = subprocess.run(
            [npm, "install", "--silent", "--prefix", str(_FOLDER), _PACKAGE], capture_output=True, check=False
        )
        if fetched.returncode:
            return "not measured (npm could not fetch it)"
    asked = json.dumps({"pairs": pairs, "drugs": drugs, "times": times, "warm": 3})
    command = [node, str(_SCRIPT), str(_FOLDER)]
    done = subprocess.run(command, input=asked, capture_output=True, text=True, check=False, timeout=300)
    return percentiles(json.loads(done.stdout)) if done.returncode == 0 else f"failed: {done.stderr[-200:]}"
