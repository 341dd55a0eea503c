"""惠民, reckoned a second time."""

from __future__ import annotations

from typing import Any

from tests.unit.supervision.references.reckoning import Reference, each, yes


def _completed(d: Any, *services: str) -> int:
    return len(d.remote[yes(d.remote.completed) & d.remote.service.isin(services)])


REFERENCES: dict[str, Reference] = {
    "remote-consultations": lambda d: _completed(d, "consultation"),
    "remote-diagnoses": lambda d: _completed(d, "imaging", "ecg", "laboratory", "pathology"),
    "registration-saved": lambda d: each(
        d.visits.saved_registration.sum(), d.visits.saved_registration.notna().sum()
    ),
    "fees-saved": lambda d: each(d.visits.saved.sum(), d.visits.saved.notna().sum()),
}
