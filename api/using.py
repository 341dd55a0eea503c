"""Inference that is asked for, each use counted where it is made."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final

from exchange.fhir.values import Json
from records.uses import Asker, Kind, Use, Uses

_PROPOSED: Final = {
    Kind.DIAGNOSES: "candidates",
    Kind.DIFFERENTIALS: "differentials",
    Kind.EXAMINATIONS: "examinations",
    Kind.TREATMENTS: "treatments",
    Kind.SUGGESTIONS: "suggestions",
    Kind.SCORES: "result",
    Kind.RISKS: "risks",
    Kind.RARE: "candidates",
    Kind.SIMILAR: "cases",
    Kind.PATHWAYS: "pathways",
    Kind.CONSULTATIONS: "disciplines",
}
"""The member of an answer that holds what is proposed."""


def used(uses: Uses, kind: Kind, who: Asker, make: Callable[[], Json]) -> Json:
    """An answer, and that it was asked for."""
    began = time.perf_counter()
    told = make()
    counted(uses, kind, who, began, answered=bool(told.get(_PROPOSED[kind])))
    return told


def counted(uses: Uses, kind: Kind, who: Asker, began: float, *, answered: bool) -> None:
    """That something was asked for, and answered since ``began`` (of ``time.perf_counter``)."""
    took = (time.perf_counter() - began) * 1000
    uses.note(Use(kind, who, datetime.now(UTC), answered, took))
