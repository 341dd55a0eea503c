"""医保, reckoned a second time."""

from __future__ import annotations

from typing import Any

from tests.unit.supervision.references.reckoning import Reference, each, everybody, growth, percent, seen, yes

_AWAY = ("league", "outside")


def _setting(d: Any, *settings: str) -> Any:
    return d.settlements[d.settlements.setting.isin(settings)] if settings else d.settlements


def _care(d: Any, *places: str) -> Any:
    """Without pharmacies; of some places, or of all that are known."""
    rows = _setting(d, "outpatient", "inpatient")
    return rows[rows.place.isin(places) if places else rows.place.notna()]


def _paid(column: str, *settings: str) -> Reference:
    return lambda d: _setting(d, *settings)[column].sum()


def _part(part: str, whole: str, *settings: str) -> Reference:
    def of(d: Any) -> float | None:
        full = _setting(d, *settings).dropna(subset=[part, whole])
        return percent(full[part].sum(), full[whole].sum())

    return of


def _mean_cost(d: Any) -> float | None:
    return each(d.settlements.total.sum(), len(d.settlements))


def _refused(d: Any) -> float | None:
    full = d.settlements.dropna(subset=["refused", "fund"])
    return percent(full.refused.sum(), full.refused.sum() + full.fund.sum())


def _care_for_fund(d: Any) -> float | None:
    fund = _setting(d, "outpatient", "inpatient").fund.dropna()
    return each(len(fund) * 10_000, fund.sum())


def _visitors(d: Any, fact: str) -> Any:
    rows = seen(d) if fact == "visits" else d.stays
    return rows[yes(rows.visitor)]


REFERENCES: dict[str, Reference] = {
    "settled": _paid("total"),
    "settlements": lambda d: len(d.settlements),
    "fund-paid": _paid("fund"),
    "outpatient-fund": _paid("fund", "outpatient"),
    "inpatient-fund": _paid("fund", "inpatient"),
    "pharmacy-fund": _paid("fund", "pharmacy"),
    "paid-by-patients": _paid("out_of_pocket"),
    "settlement-cost": _mean_cost,
    "settlement-days": lambda d: each(d.settlements.cycle_days.sum(), d.settlements.cycle_days.notna().sum()),
    "reimbursed": _part("fund", "total"),
    "outpatient-reimbursed": _part("fund", "total", "outpatient"),
    "eligible-reimbursed": _part("fund", "eligible"),
    "eligible-share": _part("eligible", "total"),
    "patients-share": _part("out_of_pocket", "total"),
    "settled-growth": growth(_paid("total")),
    "fund-growth": growth(_paid("fund")),
    "settlement-cost-growth": growth(_mean_cost),
    "refused": _paid("refused"),
    "refused-share": _refused,
    "care-for-fund": _care_for_fund,
    "fund-per-insured": lambda d: each(d.settlements.fund.sum(), everybody(d).insured.sum()),
    "care-away": lambda d: len(_care(d, *_AWAY)),
    "care-away-cost": lambda d: _care(d, *_AWAY).total.sum(),
    "care-away-fund": lambda d: _care(d, *_AWAY).fund.sum(),
    "care-away-share": lambda d: percent(len(_care(d, *_AWAY)), len(_care(d))),
    "league-outside-share": lambda d: percent(len(_care(d, "outside")), len(_care(d))),
    "fund-away-share": lambda d: percent(_care(d, *_AWAY).fund.sum(), _care(d).fund.sum()),
    "care-away-mean-cost": lambda d: each(_care(d, *_AWAY).total.sum(), len(_care(d, *_AWAY))),
    "arrived-visits": lambda d: len(_visitors(d, "visits")),
    "arrived-visits-cost": lambda d: _visitors(d, "visits").fee.sum(),
    "arrived-visits-fund": lambda d: _visitors(d, "visits").fund.sum(),
    "arrived-stays": lambda d: len(_visitors(d, "stays")),
    "arrived-stays-cost": lambda d: _visitors(d, "stays").fee.sum(),
    "arrived-stays-fund": lambda d: _visitors(d, "stays").fund.sum(),
}
