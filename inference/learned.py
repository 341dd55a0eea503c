"""A model that an installation trained on its own data, at work: which features it reads from a patient, what it
predicts, and how far to trust that. Nothing here needs the library it was trained with until it predicts."""

from __future__ import annotations

from collections.abc import Sequence
from math import isnan, nan
from typing import Any, Final, Protocol

import msgspec

from clinical.finding import Datum
from clinical.logic import Unknown
from clinical.patient import PatientContext, Sex
from clinical.value import Value
from inference.drift import Bins, Watch
from inference.subject import measure
from knowledge.snapshot import Snapshot

AGE, FEMALE, LAB = "age", "female", "lab"
WINDOW_DAYS: Final = 2
"""A result that counts as today's; training and use look back equally far."""
_LEAST_KNOWN: Final = 1


class Feature(msgspec.Struct, frozen=True):
    """One input: ``age`` in years, ``female`` (1 or 0), or the newest result of a test in a unit."""

    kind: str
    name: str = ""
    unit: str = ""

    @property
    def title(self) -> str:
        """As people read it, and as the header of a table names it."""
        if self.kind == LAB:
            return f"{self.name}({self.unit})"
        return "年龄" if self.kind == AGE else "性别(女=1)"


class Part(msgspec.Struct, frozen=True):
    """One slice of the data, in order of time: cases, events, first and last day."""

    cases: int
    events: int
    first: str
    last: str


class Bin(msgspec.Struct, frozen=True):
    """Cases of similar predicted risk: how many, the mean predicted and the observed share."""

    cases: int
    predicted: float
    observed: float


class Card(msgspec.Struct, frozen=True):
    """What is to be known of a model: data, features, how well it told cases apart and how true its figures were on
    the newest part of the data, and its limits."""

    name: str
    topic: str
    title: str
    outcome: str
    made: str
    author: str
    kind: str
    features: tuple[Feature, ...]
    missing: dict[str, float]
    parts: dict[str, Part]
    metrics: dict[str, float]
    calibration: tuple[Bin, ...]
    threshold: float
    bins: dict[str, Bins]
    data_digest: str
    versions: dict[str, str]
    limits: tuple[str, ...]
    usable: bool


class Estimator(Protocol):
    """Predicts shares: of scikit-learn."""

    def predict_proba(self, rows: Any) -> Any: ...


class Prediction(Value, frozen=True):
    """What a model says of a patient: ``probability`` None when too little is known; ``above`` the alarm threshold;
    ``known`` of how many features; the data it read."""

    model: str
    title: str
    probability: float | None
    threshold: float
    above: bool
    known: int
    of: int
    data: tuple[Datum, ...]
    note: str = ""


class Model:
    """A model with its card; counts what it sees."""

    def __init__(self, card: Card, estimator: Estimator) -> None:
        self.card, self._estimator = card, estimator
        self.topic, self.title = card.topic, card.title
        self.watch = Watch(card.bins)

    def predict(self, patient: PatientContext, snapshot: Snapshot) -> Prediction:
        """The risk of a resolved patient."""
        found = [read(feature, patient, snapshot) for feature in self.card.features]
        values = {f.title: value for f, (value, _) in zip(self.card.features, found, strict=True)}
        data = tuple(datum for _, datum in found if datum is not None)
        results = sum(not isnan(values[f.title]) for f in self.card.features if f.kind == LAB)
        known = sum(not isnan(value) for value in values.values())
        told = (self.card.name, self.title)
        if results < _LEAST_KNOWN:
            text = "近两日没有该模型所用的检验结果，未作预测。"
            return Prediction(*told, None, self.card.threshold, False, known, len(values), data, text)
        probability = self.share([list(values.values())])[0]
        self.watch.see(values, probability)
        above = probability >= self.card.threshold
        return Prediction(*told, probability, self.card.threshold, above, known, len(values), data, self.caveat())

    def share(self, rows: Sequence[Sequence[float]]) -> list[float]:
        """Calibrated shares of the outcome, one for each row of features."""
        import numpy

        return [float(pair[1]) for pair in self._estimator.predict_proba(numpy.asarray(rows, dtype=float))]

    def caveat(self) -> str:
        """What whoever reads a prediction must know."""
        discrimination = self.card.metrics.get("auroc", nan)
        tested = f"测试集 AUROC {discrimination:.2f}"
        return f"本机构数据训练的模型({self.card.made[:10]})，{tested}，仅供参考，不替代临床判断。"


def read(feature: Feature, patient: PatientContext, snapshot: Snapshot) -> tuple[float, Datum | None]:
    """A feature of a patient and where it comes from; NaN when unknown: never a normal value."""
    if feature.kind == AGE:
        years = patient.age_years()
        return (nan, None) if isinstance(years, Unknown) else (float(years), None)
    if feature.kind == FEMALE:
        return (nan, None) if isinstance(patient.sex, Unknown) else (float(patient.sex is Sex.FEMALE), None)
    found = measure(patient, snapshot, feature.name, feature.unit, WINDOW_DAYS)
    return (nan, None) if isinstance(found, Unknown) else (found.value, found.data[0])
