"""运行评价, reckoned a second time."""

from __future__ import annotations

from typing import Any

from tests.unit.supervision.references.reckoning import (
    Reference,
    each,
    everybody,
    lead,
    operated,
    percent,
    primary,
    seen,
    treated,
    yes,
)


def _settled(d: Any, *settings: str) -> Any:
    return d.settlements[d.settlements.setting.isin(settings or ["outpatient", "inpatient"])]


def _placed(rows: Any, *places: str) -> Any:
    """Settlements of known places, or of some."""
    return rows[rows.place.isin(places) if places else rows.place.notna()]


def _place_share(d: Any, settings: tuple[str, ...], *places: str) -> float | None:
    rows = _settled(d, *settings)
    return percent(len(_placed(rows, *places)), len(_placed(rows)))


def _account(rows: Any, part: str, whole: str) -> float | None:
    full = rows.dropna(subset=[part, whole])
    return percent(full[part].sum(), full[whole].sum())


def _graded(d: Any) -> Any:
    return operated(d).dropna(subset=["grade"])


def _doctors_on_duty(rows: Any) -> float:
    return float(rows[rows.role.isin(["physician", "assistant"])].on_duty.sum())


def _county(d: Any) -> Any:
    return seen(d)[seen(d).tier.isin(["county", "primary"])]


def _inside(d: Any) -> Any:
    return _placed(_settled(d), "inside")


def _stays(d: Any) -> Any:
    return _settled(d, "inpatient")


def _scores(d: Any) -> Any:
    return d.reported[d.reported["item"] == "insurance-appraisal"].value


REFERENCES: dict[str, Reference] = {
    "primary-treated-share": lambda d: percent(len(primary(treated(d))), len(treated(d))),
    "county-care-share": lambda d: _place_share(d, (), "inside"),
    "league-care-share": lambda d: _place_share(d, (), "inside", "league"),
    "referrals-standard": lambda d: percent(yes(d.referrals.standard).sum(), d.referrals.standard.notna().sum()),
    "primary-admission-share": lambda d: percent(len(primary(d.admissions)), len(d.admissions)),
    "county-stay-share": lambda d: _place_share(d, ("inpatient",), "inside"),
    "hard-operations": lambda d: percent((_graded(d).grade >= 3).sum(), len(_graded(d))),
    "contracts-fulfilled": lambda d: percent(everybody(d).fulfilled.sum(), everybody(d).contracted.sum()),
    "staff-cost-share": lambda d: _account(d.finance, "staff_cost", "expenditure"),
    "lead-staff-cost-share": lambda d: _account(lead(d.finance), "staff_cost", "expenditure"),
    "lead-service-income-share": lambda d: _account(lead(d.finance), "service_income", "medical_income"),
    "primary-service-income-share": lambda d: _account(primary(d.finance), "service_income", "medical_income"),
    "primary-subsidy-share": lambda d: _account(primary(d.finance), "subsidy", "income"),
    "primary-physician-visits": lambda d: each(len(primary(treated(d))), _doctors_on_duty(primary(d.staff_days))),
    "primary-bed-use": lambda d: percent(primary(d.bed_days).occupied.sum(), primary(d.bed_days).open.sum()),
    "fund-inside-county": lambda d: percent(_inside(d).fund.sum(), _placed(_settled(d)).fund.sum()),
    "primary-fund-share": lambda d: percent(primary(_inside(d)).fund.sum(), _inside(d).fund.sum()),
    "insurance-appraisal": lambda d: each(_scores(d).sum(), len(_scores(d))),
    "county-visit-cost": lambda d: each(_county(d).fee.sum(), len(_county(d))),
    "insured-stay-cost": lambda d: each(_stays(d).total.sum(), len(_stays(d))),
    "stays-reimbursed": lambda d: percent(_stays(d).fund.sum(), _stays(d).total.sum()),
    "insured-admissions": lambda d: percent(len(_stays(d)), everybody(d).insured.sum()),
    "fund-income-share": lambda d: _account(d.finance, "fund_income", "medical_income"),
    "primary-fund": lambda d: primary(_settled(d)).fund.sum(),
}
