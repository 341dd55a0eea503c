"""Loading, compiling, starting from and swapping releases."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from time import perf_counter

from api.bootstrap import House, loaders
from api.serving import Served
from knowledge.compile import compile_release
from knowledge.merge import load
from knowledge.release import Releases, content_of
from knowledge.review import Workflow

SOURCES = {
    "medical-kg": "medical_kg",
    "icd-10": "icd",
    "icd-9-cm-3": "icd",
    "atc": "atc",
    "hpo": "hpo_zh",
    "insurance": "insurance_rules",
    "brand-names": "brand_names",
    "ddinter": "ddinter",
}

_ROOT = Path(__file__).parents[1]
_ROOMS = ("api", "base", "clinical", "exchange", "knowledge", "loaders", "nlp", "records", "rules", "supervision")


def load_shared(house: House, shared: Path, say: Callable[[str], None]) -> None:
    """Load and accept everything in the shared data, whatever loaders exist for it."""
    for name, loader in sorted(loaders().items()):
        folder = shared / SOURCES.get(name, name)
        if name in ("yigong", "formulary") or not folder.exists():
            continue
        report = load(house.store, loader, folder, "bench")
        Workflow(house.store).accept_load(name, "bench-second", "benchmark")
        rate = report.written / report.seconds if report.seconds else 0
        say(f"  load {name}: {report.written:,} records in {report.seconds:.1f} s ({rate:,.0f}/s)")


def compile_seconds(house: House, scratch: Path) -> tuple[float, dict[str, int]]:
    """Seconds to read and compile all approved knowledge, and how much it was."""
    started = perf_counter()
    with house.engine.begin() as connection:
        counts = compile_release(content_of(house.store, connection), scratch / "bench.ygr")
    return perf_counter() - started, counts


def start_seconds(data_dir: Path) -> float:
    """Seconds from process start to a worker that is ready to answer."""
    program = "from api.worker import create; create()"
    environment = {**os.environ, "YIGONG_DATA_DIR": str(data_dir), "YIGONG_LOG_LEVEL": "ERROR"}
    # An installed worker finds its modules compiled, whatever this shell says of writing bytecode.
    subprocess.run([sys.executable, "-m", "compileall", "-q", *_ROOMS], cwd=_ROOT, check=True)
    started = perf_counter()
    subprocess.run([sys.executable, "-c", program], env=environment, check=True)
    return perf_counter() - started


def swap_seconds(releases: Releases) -> float:
    """Seconds to verify, map and prepare a release, done off the request path."""
    started = perf_counter()
    Served.of(releases.open(releases.active()))
    return perf_counter() - started
