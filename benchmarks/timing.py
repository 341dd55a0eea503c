"""Timing of one call, in microseconds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from time import perf_counter_ns


@dataclass(frozen=True, slots=True)
class Times:
    """Median and 99th percentile of many calls, µs."""

    p50: float
    p99: float

    def __str__(self) -> str:
        return f"p50 {self.p50:,.0f} µs, p99 {self.p99:,.0f} µs"


def timed(call: Callable[[], object], times: int = 2000, warm: int = 50) -> Times:
    """Call so many times after warming up."""
    for _ in range(warm):
        call()
    taken = []
    for _ in range(times):
        started = perf_counter_ns()
        call()
        taken.append((perf_counter_ns() - started) / 1000)
    return percentiles(taken)


def percentiles(taken: list[float]) -> Times:
    """Median and 99th percentile of a list."""
    ordered = sorted(taken)
    return Times(ordered[len(ordered) // 2], ordered[min(len(ordered) - 1, len(ordered) * 99 // 100)])
