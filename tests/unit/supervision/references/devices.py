"""资源, devices, reckoned a second time."""

from __future__ import annotations

from typing import Any

from tests.unit.supervision.references.reckoning import Reference, each, percent, yes


def _priced(d: Any, least: float, below: float = float("inf")) -> Any:
    return d.devices[(d.devices.value >= least) & (d.devices.value < below)]


def _ratio(d: Any, above: str, below: str) -> float | None:
    there = d.all("devices").dropna(subset=[above, below])
    return percent(there[above].sum(), there[below].sum())


def _age(d: Any) -> float | None:
    days = (d.devices.date - d.devices.bought).dt.days
    return each(days.sum() / 365.25, days.notna().sum())


def _mean_value(d: Any) -> float:
    there = d.all("devices")
    return float(there[there.value >= 10_000].value.sum()) / 10_000 / float(d.months)


def _large(d: Any) -> Any:
    exams = d.tests[yes(d.tests.large) & d.tests.recognised.eq(False)]
    return exams[exams.positive.notna()]


REFERENCES: dict[str, Reference] = {
    "devices": lambda d: len(_priced(d, 10_000)),
    "devices-100-thousand": lambda d: len(_priced(d, 100_000, 500_000)),
    "devices-500-thousand": lambda d: len(_priced(d, 500_000, 1_000_000)),
    "devices-million": lambda d: len(_priced(d, 1_000_000)),
    "devices-value": lambda d: _priced(d, 10_000).value.sum() / 10_000,
    "device-age": _age,
    "device-use": lambda d: _ratio(d, "used_hours", "open_hours"),
    "devices-idle": lambda d: (d.devices.used_hours == 0).sum(),
    "device-examinations": lambda d: d.all("devices").examinations.sum() / d.months,
    "device-return": lambda d: _ratio(d, "income", "value"),
    "device-repairs": lambda d: d.all("devices").repairs.sum() / d.months,
    "device-output": lambda d: each(d.finance.medical_income.sum(), _mean_value(d)),
    "large-devices-positive": lambda d: percent(yes(_large(d).positive).sum(), len(_large(d))),
}
