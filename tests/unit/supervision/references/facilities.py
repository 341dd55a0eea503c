"""资源, places, reckoned a second time."""

from __future__ import annotations

from typing import Any

from tests.unit.supervision.references.reckoning import Reference, done, each, everybody, growth, percent


def _idle(d: Any, opened: str, used: str) -> float | None:
    rooms = d.all("facilities").dropna(subset=[opened, used])
    return percent((rooms[opened] - rooms[used]).sum(), rooms[opened].sum())


def _mean(d: Any, column: str) -> float:
    return float(d.all("facilities")[column].sum()) / float(d.months)


REFERENCES: dict[str, Reference] = {
    "institutions": lambda d: len(d.institutions),
    "business-area": lambda d: d.facilities.area.sum(),
    "planned-beds": lambda d: d.facilities.planned_beds.sum(),
    "beds": lambda d: d.facilities.beds.sum(),
    "observation-beds": lambda d: d.facilities.observation_beds.sum(),
    "home-beds": lambda d: d.facilities.home_beds.sum(),
    "theatres": lambda d: d.facilities.theatres.sum(),
    "laboratories": lambda d: d.facilities.laboratories.sum(),
    "ambulances": lambda d: d.facilities.ambulances.sum(),
    "theatre-idle": lambda d: _idle(d, "theatre_open", "theatre_hours"),
    "laboratory-idle": lambda d: _idle(d, "laboratory_open", "laboratory_hours"),
    "theatre-frequency": lambda d: each(len(d.operations), _mean(d, "theatres")),
    "laboratory-frequency": lambda d: each(len(done(d, "lab")), _mean(d, "laboratories")),
    "observation-bed-use": lambda d: percent(d.bed_days.observed.sum(), d.bed_days.observation.sum()),
    "beds-per-thousand": lambda d: each(d.facilities.beds.sum() * 1000, everybody(d).residents.sum()),
    "beds-growth": growth(lambda d: float(d.facilities.beds.sum())),
}
