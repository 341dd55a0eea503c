"""The models of an installation as they are used: opened when first asked for, again when another was trained, and
watched for drift."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Collection
from pathlib import Path
from typing import Final

import msgspec

from api.bedside import Bedside
from api.errors import bad_field
from api.metrics import MODELS
from api.risk_json import risk_json
from exchange.fhir.values import Json
from inference.learned import Model
from inference.model_store import ModelError, active, opened
from inference.risk import TOPICS, risks

_log = logging.getLogger(__name__)
_PSI, _CASES, _MEAN, _RATIO = (declared.gauge() for declared in MODELS)
_AGAIN_SECONDS: Final = 5.0
CHECKED: Final = "checked.json"
"""Beside a model: how its figures fitted newer data (``yigong train-risk … --check``)."""


class Checked(msgspec.Struct, frozen=True):
    """How a model fitted data newer than its own."""

    at: str
    cases: int
    events: int
    metrics: dict[str, float]
    psi: dict[str, float]


class RiskDesk:
    """Models in use. Safe between threads."""

    def __init__(self, folder: Path, keys: Collection[str]) -> None:
        self._folder, self._keys, self._lock = folder, tuple(keys), threading.Lock()
        self._open: dict[Path, Model | None] = {}
        self._looked = float("-inf")

    def answered(self, bedside: Bedside, topics: tuple[str, ...]) -> Json:
        """The risks of a patient as JSON; without ``topics`` all, and all models. Raises ``ApiError`` 400 for a topic
        that is none."""
        unknown = next((topic for topic in topics if topic not in TOPICS), "")
        if unknown:
            raise bad_field("topics", f"{unknown[:40]!r} is none of {', '.join(TOPICS)}")
        snapshot = bedside.served.snapshot
        found = risks(bedside.patient, snapshot, self.models(), topics or tuple(TOPICS), own=not topics)
        self.note()
        answer: Json = {"release": snapshot.release, "risks": [risk_json(one) for one in found]}
        unmapped = bedside.not_understood()
        return answer | ({"unmapped": unmapped} if unmapped else {})

    def models(self) -> list[Model]:
        """Those in use now; one that cannot be opened is left out and reported once."""
        with self._lock:
            if time.monotonic() - self._looked > _AGAIN_SECONDS:
                self._looked = time.monotonic()
                here = list(active(self._folder).values())
                self._open = {
                    place: self._open[place] if place in self._open else self._tried(place) for place in here
                }
            return [model for model in self._open.values() if model is not None]

    def _tried(self, place: Path) -> Model | None:
        try:
            return opened(place, self._keys)
        except ModelError as error:
            _log.error("risk model not opened", extra={"model": place.parent.name, "reason": str(error)})
            return None

    def note(self) -> None:
        """Set the figures of drift that ``/metrics`` shows."""
        for place, model in list(self._open.items()):
            if model is not None:
                self._note(place, model)

    def _note(self, place: Path, model: Model) -> None:
        name = model.card.name
        _CASES.labels(name).set(model.watch.cases)
        _MEAN.labels(name).set(model.watch.mean())
        for feature, index in model.watch.indexes().items():
            _PSI.labels(name, feature).set(index)
        checked = place / CHECKED
        if checked.exists():
            told = msgspec.json.decode(checked.read_bytes(), type=Checked)
            _RATIO.labels(name).set(told.metrics["observed_expected"])
