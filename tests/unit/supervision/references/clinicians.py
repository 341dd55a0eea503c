"""惠医, reckoned a second time."""

from __future__ import annotations

from typing import Any

from tests.unit.supervision.references.reckoning import Reference, each, employees, lead, percent, primary, seen, yes


def _told(d: Any, item: str) -> float:
    return float(d.reported[d.reported["item"] == item].value.sum())


def _first(d: Any) -> Any:
    return seen(d)[yes(seen(d).first_contact)]


REFERENCES: dict[str, Reference] = {
    "projects-started": lambda d: _told(d, "new-projects"),
    "techniques-taught": lambda d: _told(d, "new-techniques"),
    "trained-above": lambda d: _told(d, "training-above"),
    "sent-down": lambda d: _told(d, "posted-down"),
    "primary-first-contacts": lambda d: len(primary(_first(d))),
    "primary-first-contact-share": lambda d: percent(len(primary(_first(d))), len(_first(d))),
    "primary-discharges": lambda d: len(primary(d.stays)),
    "visits-per-employee": lambda d: each(len(seen(d)), employees(d)),
    "income-per-employee": lambda d: each(d.finance.medical_income.sum(), employees(d)),
    "bed-days-per-employee": lambda d: each(d.stays.days.sum(), employees(d)),
    "salary": lambda d: each(d.all("staff").salary.sum(), d.all("staff").salary.notna().sum()),
    "lead-visits": lambda d: len(lead(seen(d))),
    "lead-stay-length": lambda d: each(lead(d.stays).days.sum(), len(lead(d.stays))),
}
