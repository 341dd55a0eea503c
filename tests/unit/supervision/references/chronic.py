"""公卫, chronic and severe diseases, reckoned a second time."""

from __future__ import annotations

from typing import Any

from tests.unit.supervision.references.reckoning import Reference, everybody, percent, yes

_PROGRAMMES = ("hypertension", "diabetes", "mental", "tuberculosis", "copd", "cardiovascular", "tumour")


def _managed(d: Any, programme: str = "") -> Any:
    return d.managed[d.managed.programme == programme] if programme else d.managed


def _number(programme: str, *flags: str) -> Reference:
    def of(d: Any) -> float:
        rows = _managed(d, programme)
        for flag in flags:
            rows = rows[yes(rows[flag])]
        return len(rows)

    return of


def _share(flag: str, programme: str = "") -> Reference:
    return lambda d: percent(yes(_managed(d, programme)[flag]).sum(), len(_managed(d, programme)))


def _residents(d: Any, *segments: str) -> float:
    return float(d.population[d.population.segment.isin(segments)].residents.sum())


def _of_residents(programme: str) -> Reference:
    return lambda d: percent(len(_managed(d, programme)), _residents(d, programme))


def _visits_complete(d: Any) -> float | None:
    rows = d.services[d.services.service == "chronic-visit"].complete.dropna()
    return percent(yes(rows).sum(), len(rows))


REFERENCES: dict[str, Reference] = {
    "hypertension-controlled-number": _number("hypertension", "controlled"),
    "hypertension-controlled": _share("controlled", "hypertension"),
    "diabetes-controlled": _share("controlled", "diabetes"),
    "diabetes-complications-screened": _share("complication_screened", "diabetes"),
    "copd-lung-function": _share("lung_function", "copd"),
    "mental-followed": _share("followed", "mental"),
    "mental-stable": _share("stable", "mental"),
    "mental-found": lambda d: (
        _residents(d, "mental") / everybody(d).residents.sum() * 1000 if everybody(d).residents.sum() else None
    ),
    "tuberculosis-medicated": _share("medicated", "tuberculosis"),
    "chronic-enrolled": _number("", "enrolled"),
    "chronic-standard-enrolled": _number("", "enrolled", "standard"),
    "chronic-managed-share": lambda d: percent(len(d.managed), _residents(d, *_PROGRAMMES)),
    "chronic-followed": _share("followed"),
    "chronic-medicated": _share("medicated"),
    "chronic-controlled": _share("controlled"),
    "chronic-visits-complete": _visits_complete,
}
for _programme in _PROGRAMMES:
    REFERENCES |= {
        f"{_programme}-managed": _number(_programme),
        f"{_programme}-managed-share": _of_residents(_programme),
        f"{_programme}-standard-number": _number(_programme, "standard"),
        f"{_programme}-standard": _share("standard", _programme),
    }
