"""惠政, reckoned a second time."""

from __future__ import annotations

from typing import Any

from tests.unit.supervision.references.reckoning import Reference, each, everybody, growth, percent, primary, seen


def _primary_share(d: Any) -> float | None:
    return percent(len(primary(seen(d))), len(seen(d)))


REFERENCES: dict[str, Reference] = {
    "public-health-done": lambda d: percent(d.coverage.done.sum(), d.coverage.due.sum()),
    "admissions-per-hundred-visits": lambda d: percent(len(d.admissions), len(seen(d))),
    "contracts-per-team": lambda d: each(everybody(d).contracted.sum(), d.institutions.teams.sum()),
    "primary-visit-share": _primary_share,
    "primary-visit-share-growth": growth(_primary_share),
    "hospital-visit-share": lambda d: percent(seen(d).tier.isin(["city", "county"]).sum(), len(seen(d))),
}
