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


def machine(length: float) -> Times:
    """What the machine itself makes of a piece of work that is always the same and takes about so long (µs): its tail
    is part of the tail of everything that is measured on it."""
    turns = max(1, round(length * 1000 / timed(lambda: _turn(1000), 200).p50))
    return timed(lambda: _turn(turns))


def _turn(turns: int) -> int:
    total = 0
    for number in range(turns):
        total += number
    return total
