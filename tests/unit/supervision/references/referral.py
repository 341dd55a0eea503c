"""分级诊疗, reckoned a second time."""

from __future__ import annotations

from typing import Any

from tests.unit.supervision.references.reckoning import Reference, each, percent, primary, seen, yes


def _sent(d: Any, direction: str = "", setting: str = "", tiers: tuple[str, ...] = ()) -> Any:
    rows = d.referrals
    rows = rows[rows.direction == direction] if direction else rows
    rows = rows[rows.setting == setting] if setting else rows
    return rows[rows.tier.isin(tiers)] if tiers else rows


def _judged(column: str, direction: str = "") -> Reference:
    def of(d: Any) -> float | None:
        known = _sent(d, direction)[column].dropna()
        return percent(yes(known).sum(), len(known))

    return of


def _completed(service: str) -> Reference:
    return lambda d: (yes(d.remote.completed) & (d.remote.service == service)).sum()


def _prompt(column: str) -> Reference:
    return lambda d: percent(yes(d.remote[column]).sum(), d.remote[column].notna().sum())


def _mean(fact: str, column: str) -> Reference:
    return lambda d: each(getattr(d, fact)[column].sum(), getattr(d, fact)[column].notna().sum())


def _stays_to_primary(d: Any) -> Any:
    rows = _sent(d, "down", "inpatient")
    return rows[rows.to_tier == "primary"]


def _public(rows: Any) -> Any:
    return rows[rows.tier.isin(["city", "county"])]


def _followed(d: Any) -> float | None:
    known = seen(d)[seen(d).referred.isin(["up", "down"])].followup.dropna()
    return percent(yes(known).sum(), len(known))


def _members(d: Any) -> Any:
    return d.institutions[yes(d.institutions.member)].telemedicine.dropna()


REFERENCES: dict[str, Reference] = {
    "sent-up": lambda d: len(_sent(d, "up")),
    "referred-down": lambda d: len(_sent(d, "down")),
    "stays-sent-up": lambda d: len(_sent(d, "up", "inpatient")),
    "stays-sent-down": lambda d: len(_stays_to_primary(d)),
    "sent-up-share": lambda d: percent(len(_sent(d, "up")), len(d.referrals)),
    "sent-down-share": lambda d: percent(len(_sent(d, "down")), len(d.referrals)),
    "hospital-sent-down-rate": lambda d: percent(
        len(_sent(d, "down", "inpatient", ("city", "county"))), len(_public(d.stays))
    ),
    "primary-sent-up-rate": lambda d: percent(len(_sent(d, "up", "", ("primary",))), len(primary(seen(d)))),
    "stays-from-referral": lambda d: percent(d.stays.referred.isin(["up", "down"]).sum(), len(d.stays)),
    "referral-destinations": lambda d: d.referrals.to_tenant.nunique(),
    "referrals-accepted": _judged("accepted"),
    "referrals-complete": _judged("complete"),
    "referral-hours": _mean("referrals", "hours"),
    "sent-down-followed": _judged("followed", "down"),
    "sent-down-readmitted": _judged("readmitted", "down"),
    "referred-visits-followed": _followed,
    "consultations-requested": lambda d: (d.remote.service == "consultation").sum(),
    "remote-requested": lambda d: len(d.remote),
    "remote-outpatients": _completed("outpatient"),
    "remote-images": _completed("imaging"),
    "remote-ecgs": _completed("ecg"),
    "remote-laboratory": _completed("laboratory"),
    "remote-pathology": _completed("pathology"),
    "remote-completed": _prompt("completed"),
    "remote-institutions": lambda d: d.remote[yes(d.remote.completed)].tenant.nunique(),
    "telemedicine-members": lambda d: percent(yes(_members(d)).sum(), len(_members(d))),
    "remote-response": _mean("remote", "response_minutes"),
    "remote-report-hours": _mean("remote", "report_hours"),
    "remote-experts-present": _prompt("expert_present"),
    "remote-reports-timely": _prompt("timely"),
}
