"""公卫, reckoned a second time."""

from __future__ import annotations

from typing import Any

from tests.unit.supervision.references.reckoning import Reference, each, everybody, percent, seen, yes


def _share(part: str, whole: str) -> Reference:
    """Of all residents, one column by another."""
    return lambda d: percent(everybody(d)[part].sum(), everybody(d)[whole].sum())


def _covered(programme: str) -> Reference:
    def of(d: Any) -> float | None:
        rows = d.coverage[d.coverage.programme == programme]
        return percent(rows.done.sum(), rows.due.sum())

    return of


def _services(d: Any, *names: str) -> Any:
    return d.services[d.services.service.isin(names)]


def _times(*names: str) -> Reference:
    return lambda d: len(_services(d, *names))


def _judged(name: str, flag: str) -> Reference:
    def of(d: Any) -> float | None:
        rows = _services(d, name)[flag].dropna()
        return percent(yes(rows).sum(), len(rows))

    return of


def _groups(d: Any) -> Any:
    return d.population[d.population.segment != "all"]


def _educated(d: Any) -> float:
    return float(_services(d, "lecture", "consultation").people.sum())


REFERENCES: dict[str, Reference] = {
    "electronic-records": lambda d: everybody(d).electronic.sum(),
    "electronic-records-share": _share("electronic", "residents"),
    "records-used": _share("used_records", "records"),
    "lectures": _times("lecture"),
    "education-consultations": _times("consultation"),
    "educated": _educated,
    "educated-per-hundred": lambda d: percent(_educated(d), everybody(d).residents.sum()),
    "children-managed": _covered("child"),
    "children-growing": _covered("child-growth"),
    "newborns-visited": _covered("newborn"),
    "vaccinated": _covered("vaccine"),
    "vaccinations": _times("vaccination"),
    "mothers-booked-early": _covered("maternal-early"),
    "mothers-managed": _covered("maternal-system"),
    "mothers-at-risk-managed": _covered("maternal-high-risk"),
    "mothers-visited": _covered("postnatal"),
    "mothers-checked": _covered("prenatal"),
    "prenatal-checks": _times("prenatal"),
    "prenatal-complete": _judged("prenatal", "complete"),
    "elderly-checked": _covered("elderly-check"),
    "elderly-assessed": _covered("elderly-assessment"),
    "elderly-tcm": _covered("elderly-tcm"),
    "children-tcm": _covered("child-tcm"),
    "tcm-services": _times("tcm"),
    "tcm-visits": lambda d: percent(yes(seen(d).tcm).sum(), len(seen(d))),
    "contracts-renewed": _share("renewed", "due_renewal"),
    "contracts-satisfied": _share("satisfied", "asked"),
    "key-groups-contracted": lambda d: percent(_groups(d).contracted.sum(), _groups(d).residents.sum()),
    "contracts-per-doctor": lambda d: each(everybody(d).contracted.sum(), d.institutions.team_doctors.sum()),
    "infections-reported": _times("infectious-report"),
    "infections-timely": _judged("infectious-report", "timely"),
    "emergencies-reported": _times("emergency-report"),
    "inspections": _times("inspection"),
    "screened-at-risk": _times("screening"),
    "screened-positive": _judged("screening", "positive"),
    "births": _times("birth"),
    "deaths": _times("death", "infant-death"),
    "infant-deaths": _times("infant-death"),
}
