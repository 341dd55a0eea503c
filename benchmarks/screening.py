"""Batch screening, one process: patients with their stored orders through all families, as ``yigong screen`` does it.

The patients are those of the first audits' right prescriptions, many times over: stored orders are mostly right.
"""

from __future__ import annotations

import gc
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from time import process_time

import msgspec

from api.bootstrap import ensure_release, open_house
from api.commands.screen import Screener
from api.gates import GATES
from api.serving import Served, settle
from base.settings import Settings
from benchmarks.noise import asked, tables
from rules import policy

_NOW = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)
_TIMES = 10


def measure(screener: Screener) -> tuple[int, float, float]:
    """Patients, their orders each, and patients screened a second of processor time (the best of five rounds)."""
    told = tables("quiet")
    bodies = [msgspec.json.encode(asked(one, f"p{n}")) for n, one in enumerate(told)]
    orders = sum(len(one["orders"]) + len(one["patient"].get("medications", ())) for one in told)
    for body in bodies:
        screener.rows(body)
    settle()
    best = 0.0
    for _ in range(5):
        started = process_time()
        for _ in range(_TIMES):
            for body in bodies:
                screener.rows(body)
        best = max(best, len(bodies) * _TIMES / (process_time() - started))
    gc.unfreeze()
    return len(bodies) * _TIMES, orders / len(told), best


def report() -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as folder:
        house = open_house(Settings(data_dir=Path(folder)))
        ensure_release(house, GATES)
        snapshot = house.releases.open(house.releases.active())
        screener = Screener(Served.of(snapshot), policy.DEFAULT, _NOW.date(), _NOW)
        patients, orders, rate = measure(screener)
        print(
            f"  {patients:,} patients with {orders:.1f} drugs and orders each: {rate:,.0f} patients/s a core (≥ 2 000)"
        )
        house.engine.dispose()


if __name__ == "__main__":
    report()
