"""What references are written with: which rows, and how sums are put together."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Reference = Callable[[Any], float | None]


def percent(above: Any, below: Any) -> float | None:
    return float(above) / float(below) * 100 if below else None


def each(above: Any, below: Any) -> float | None:
    return float(above) / float(below) if below else None


def growth(of: Reference) -> Reference:
    def grown(d: Any) -> float | None:
        now, then = of(d), of(d.before)
        return None if now is None or not then else (now - then) / abs(then) * 100

    return grown


def yes(column: Any) -> Any:
    """Rows that say yes; no and unknown are left out."""
    return column.eq(True)


def seen(d: Any) -> Any:
    return d.visits[d.visits.kind.isin(["outpatient", "emergency"])]


def treated(d: Any) -> Any:
    return d.visits[d.visits.kind.isin(["outpatient", "emergency", "online", "home"])]


def kind(d: Any, code: str) -> Any:
    return d.visits[d.visits.kind == code]


def drug_fees(rows: Any) -> float:
    return float((rows.fee_western + rows.fee_patent + rows.fee_herbal).sum())


def operated(d: Any) -> Any:
    return d.operations[d.operations.setting == "inpatient"]


def done(d: Any, kind: str) -> Any:
    """Tests that were done, not taken over from elsewhere."""
    return d.tests[(d.tests.kind == kind) & d.tests.recognised.eq(False)]


def visit_cost(d: Any) -> float | None:
    return each(seen(d).fee.sum(), len(seen(d)))


def stay_cost(d: Any) -> float | None:
    return each(d.stays.fee.sum(), len(d.stays))


def primary(rows: Any) -> Any:
    """What primary care did."""
    return rows[rows.tier == "primary"]


def lead(rows: Any) -> Any:
    """What leading hospitals did."""
    return rows[rows.facility == "lead"]


def everybody(d: Any) -> Any:
    """People of the district, not by group."""
    return d.population[d.population.segment == "all"]


def employees(d: Any) -> float:
    """Staff, as the mean of the months."""
    return len(d.all("staff")) / float(d.months)
