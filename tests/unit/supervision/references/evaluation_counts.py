"""运行评价, numbers, reckoned a second time."""

from __future__ import annotations

from typing import Any

from tests.unit.supervision.references.reckoning import Reference, percent, primary, seen, treated

_KEY = {
    "elderly": "elderly-residents",
    "children": "child-residents",
    "maternity": "maternity-residents",
    "hypertension": "hypertensive-residents",
    "diabetes": "diabetic-residents",
    "tuberculosis": "tuberculous-residents",
    "mental": "mentally-ill-residents",
    "disabled": "disabled-residents",
    "bereaved": "bereaved-residents",
    "poor": "poor-residents",
    "allowance": "allowance-residents",
}


def _sent(d: Any, direction: str, tier: str) -> int:
    return len(d.referrals[(d.referrals.direction == direction) & (d.referrals.tier == tier)])


def _received(d: Any, direction: str, tier: str) -> int:
    return len(d.referrals[(d.referrals.direction == direction) & (d.referrals.to_tier == tier)])


def _of(rows: Any, facility: str) -> Any:
    return rows[rows.facility == facility]


def _residents(d: Any, *groups: str) -> float:
    return float(d.population[d.population.segment.isin(groups)].residents.sum())


def _group(segment: str) -> Reference:
    return lambda d: _residents(d, segment)


def _traditional(d: Any) -> Any:
    return d.coverage[d.coverage.programme.isin(["elderly-tcm", "child-tcm"])]


REFERENCES: dict[str, Reference] = {
    "primary-sent-up": lambda d: _sent(d, "up", "primary"),
    "primary-received-down": lambda d: _received(d, "down", "primary"),
    "county-sent-up": lambda d: _sent(d, "up", "county"),
    "county-sent-down": lambda d: _sent(d, "down", "county"),
    "county-received-up": lambda d: _received(d, "up", "county"),
    "county-received-down": lambda d: _received(d, "down", "county"),
    "township-visits": lambda d: len(_of(seen(d), "township")),
    "community-visits": lambda d: len(_of(seen(d), "community")),
    "village-visits": lambda d: len(_of(seen(d), "village")),
    "village-treated": lambda d: len(_of(treated(d), "village")),
    "primary-admissions": lambda d: len(primary(d.admissions)),
    "township-admissions": lambda d: len(_of(d.admissions, "township")),
    "community-admissions": lambda d: len(_of(d.admissions, "community")),
    "family-doctor-teams": lambda d: d.institutions.teams.sum(),
    "community-teams": lambda d: _of(d.institutions, "community").teams.sum(),
    "township-teams": lambda d: _of(d.institutions, "township").teams.sum(),
    "family-doctors": lambda d: d.institutions.team_doctors.sum(),
    "community-family-doctors": lambda d: _of(d.institutions, "community").team_doctors.sum(),
    "township-family-doctors": lambda d: _of(d.institutions, "township").team_doctors.sum(),
    "key-residents": lambda d: _residents(d, *_KEY),
    "tcm-managed": lambda d: percent(_traditional(d).done.sum(), _traditional(d).due.sum()),
} | {name: _group(segment) for segment, name in _KEY.items()}
