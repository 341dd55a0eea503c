"""``make bench``: every measurement in one run, with the budgets of the design and of the issues beside it.

``python -m benchmarks core messages`` measures only what is named. Everything takes an hour and a half, 25 GB of disk
(in ``YIGONG_BENCH_DIR``, else where temporary files go) and a machine that does nothing else.
"""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Callable
from importlib import import_module
from typing import Final

from base.log import setup

SECTIONS: Final = {
    "firstrun": "From an empty folder to a card about an example patient",
    "core": "Knowledge, reviews, HTTP",
    "screening": "Batch screening",
    "messages": "Messages read by one process",
    "quality": "Data quality and maps of terms",
    "record_qc": "Record quality control",
    "search": "Search over the release",
    "answers": "Answers that cite, without a model",
    "language": "Reading Chinese records",
    "terms": "Written names to names of the standard",
    "rare": "Rare diseases by phenotypes",
    "treatment": "Treatment and risk",
    "indicators": "Indicators over fifty million events",
    "panels": "Five thousand open clinician panels",
    "pages": "Main pages in a browser that was never here",
    "intake": "Messages taken in and stored",
    "identity": "Who is who, at a million persons",
    "repository": "The repository, at a million persons and fifty million events",
    "diagnosis": "Suspected diagnoses, simulated and against naive Bayes",
    "kills": "Senders and workers killed at random points",
}
"""Modules of this package that measure: each has ``report()``, which prints."""


def main(chosen: list[str]) -> int:
    """Run what is named, else everything. Gives the exit code: a section that breaks does not keep back the others."""
    unknown = [name for name in chosen if name not in SECTIONS]
    if unknown:
        print(f"unknown: {', '.join(unknown)}; there are {', '.join(SECTIONS)}", file=sys.stderr)
        return 2
    setup("ERROR")
    print(f"Python {platform.python_version()}, {os.cpu_count()} cores", flush=True)
    broken = 0
    for name in chosen or SECTIONS:
        print(f"\n== {SECTIONS[name]} ({name})", flush=True)
        report: Callable[[], None] = import_module(f"benchmarks.{name}").report
        try:
            report()
        except Exception as error:
            broken += 1
            print(f"  not measured: {type(error).__name__}: {error}", flush=True)
    return int(broken > 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
