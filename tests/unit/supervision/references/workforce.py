"""资源, people, reckoned a second time."""

from __future__ import annotations

from typing import Any

from tests.unit.supervision.references.reckoning import Reference, each, everybody, growth, treated, yes

_DOCTORS = ("physician", "assistant")


def _role(d: Any, *roles: str) -> int:
    return len(d.staff[d.staff.role.isin(roles)])


def _generalists(d: Any) -> int:
    return int(yes(d.staff.general_practitioner).sum())


def _changed(d: Any, kind: str) -> int:
    return len(d.staff_changes[d.staff_changes.kind == kind])


def _days(d: Any) -> Any:
    return d.staff_days[d.staff_days.role.isin(_DOCTORS)]


def _per(d: Any, count: int, people: int) -> float | None:
    residents = everybody(d).residents.sum()
    return count * people / residents if residents else None


REFERENCES: dict[str, Reference] = {
    "posts": lambda d: d.institutions.posts.sum(),
    "staff": lambda d: len(d.staff),
    "staff-permanent": lambda d: yes(d.staff.permanent).sum(),
    "technical-staff": lambda d: _role(d, *_DOCTORS, "nurse", "pharmacist", "technician", "other-technical"),
    "licensed-physicians": lambda d: _role(d, "physician"),
    "assistant-physicians": lambda d: _role(d, "assistant"),
    "physicians": lambda d: _role(d, *_DOCTORS),
    "nurses": lambda d: _role(d, "nurse"),
    "pharmacists": lambda d: _role(d, "pharmacist"),
    "technicians": lambda d: _role(d, "technician"),
    "managers": lambda d: _role(d, "manager"),
    "support-staff": lambda d: _role(d, "support"),
    "village-doctors": lambda d: _role(d, "village-doctor"),
    "posted-staff": lambda d: yes(d.staff.posted).sum(),
    "general-practitioners": _generalists,
    "staff-joined": lambda d: _changed(d, "joined"),
    "staff-left": lambda d: _changed(d, "left"),
    "staff-promoted": lambda d: _changed(d, "promoted"),
    "nurses-per-physician": lambda d: each(_role(d, "nurse"), _role(d, *_DOCTORS)),
    "nurses-per-bed": lambda d: each(_role(d, "nurse"), d.facilities.beds.sum()),
    "physician-visits": lambda d: each(len(treated(d)), _days(d).on_duty.sum()),
    "physician-bed-days": lambda d: each(d.bed_days.occupied.sum(), _days(d).employed.sum()),
    "physicians-per-thousand": lambda d: _per(d, _role(d, *_DOCTORS), 1_000),
    "nurses-per-thousand": lambda d: _per(d, _role(d, "nurse"), 1_000),
    "general-practitioners-per-ten-thousand": lambda d: _per(d, _generalists(d), 10_000),
    "physicians-growth": growth(lambda d: _role(d, *_DOCTORS)),
}
