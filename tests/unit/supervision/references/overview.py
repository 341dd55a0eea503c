"""全景, reckoned a second time."""

from __future__ import annotations

from typing import Any

from tests.unit.supervision.references.reckoning import Reference, everybody, percent, primary, seen, yes


def _members(d: Any) -> Any:
    return d.institutions[yes(d.institutions.member)]


REFERENCES: dict[str, Reference] = {
    "districts-covered": lambda d: _members(d).district.nunique(),
    "towns-covered": lambda d: _members(d).town.nunique(),
    "members": lambda d: len(_members(d)),
    "residents": lambda d: everybody(d).residents.sum(),
    "primary-visits": lambda d: len(primary(seen(d))),
    "referrals": lambda d: len(d.referrals),
    "remote-services": lambda d: yes(d.remote.completed).sum(),
    "contracted": lambda d: everybody(d).contracted.sum(),
    "contracted-share": lambda d: percent(everybody(d).contracted.sum(), everybody(d).residents.sum()),
    "recorded": lambda d: everybody(d).records.sum(),
    "recorded-share": lambda d: percent(everybody(d).records.sum(), everybody(d).residents.sum()),
}
