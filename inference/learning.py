"""Training a risk model on an installation's own data: in order of time, calibrated, told how good it is.

The oldest 60 % of the cases teach, the next 20 % calibrate, the newest 20 % test; a patient counts in one part only.
Missing stays missing: gradient boosting splits on it, logistic regression gets the median and a mark that it was
missing. Figures: AUROC with a bootstrap interval, AUPRC, Brier score with that of always saying the base rate, and
calibration (intercept and slope of Cox 1958, observed over expected, deciles).
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from inference.drift import bins_of
from inference.learned import Bin, Card, Estimator, Feature, Part

KINDS: Final = ("boosting", "logistic")
PARTS: Final = ("train", "calibrate", "test")
_ENDS: Final = (0.6, 0.8)
_LEAST_CASES: Final = 200
_LEAST_EVENTS: Final = {"train": 20, "calibrate": 10, "test": 10}
_MANY_EVENTS: Final = 200
"""From so many events on the calibration curve may bend as it likes (isotonic); below it is a logistic one."""
_RESAMPLES: Final = 200
_DECILES: Final = 10
_SEED: Final = 20_260_301
_TINY: Final = 1e-6


class TrainingError(ValueError):
    """Data that no model can be trained on; the message says what is missing and how much is needed."""


@dataclass(frozen=True, slots=True)
class Case:
    """One case: when the prediction would have been made, for whom, what was known (NaN: nothing), what happened."""

    at: datetime
    patient: str
    values: tuple[float, ...]
    event: bool


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be trained: name, topic, titles, kind (``boosting``, ``logistic``), the share of cases that may
    raise an alarm, who asks."""

    name: str
    topic: str
    title: str
    outcome: str
    kind: str = "boosting"
    share: float = 0.1
    author: str = ""


@dataclass(frozen=True, slots=True)
class Trained:
    """A model with its card."""

    card: Card
    estimator: Estimator


def train(cases: Sequence[Case], features: Sequence[Feature], wanted: Wanted, digest: str = "") -> Trained:
    """Train, calibrate and test, on one core: training goes on beside a service that answers. Raises
    ``TrainingError``."""
    from threadpoolctl import threadpool_limits

    with threadpool_limits(limits=1):
        return _trained(cases, features, wanted, digest)


def _trained(cases: Sequence[Case], features: Sequence[Feature], wanted: Wanted, digest: str) -> Trained:
    parts = split(cases)
    for name in PARTS:
        _enough(name, parts[name])
    estimator = _taught(parts, wanted.kind)
    shares = {name: _shares(estimator, parts[name]) for name in ("calibrate", "test")}
    threshold = _threshold(shares["calibrate"], wanted.share)
    outcomes = [case.event for case in parts["test"]]
    metrics = measured(outcomes, shares["test"], threshold)
    card = Card(
        name=wanted.name,
        topic=wanted.topic,
        title=wanted.title,
        outcome=wanted.outcome,
        made=datetime.now(UTC).isoformat(timespec="seconds"),
        author=wanted.author,
        kind=wanted.kind,
        features=tuple(features),
        missing={f.title: _missing(parts["train"], place) for place, f in enumerate(features)},
        parts={name: _part(parts[name]) for name in PARTS},
        metrics=metrics,
        calibration=deciles(outcomes, shares["test"]),
        threshold=threshold,
        bins={f.title: bins_of([case.values[n] for case in parts["train"]]) for n, f in enumerate(features)},
        data_digest=digest,
        versions=_versions(),
        limits=tuple(_limits(metrics)),
        usable=metrics["auroc_low"] > 0.5,
    )
    return Trained(card, estimator)


# -- the data --------------------------------------------------------------------------------


def split(cases: Sequence[Case]) -> dict[str, list[Case]]:
    """The cases in three parts in order of time; of a patient only cases that fall into the part of the first."""
    ordered = sorted(cases, key=lambda case: case.at)
    ends = [round(len(ordered) * share) for share in (*_ENDS, 1.0)]
    parts: dict[str, list[Case]] = {name: [] for name in PARTS}
    home: dict[str, str] = {}
    for place, case in enumerate(ordered):
        part = next(name for name, end in zip(PARTS, ends, strict=True) if place < end)
        if home.setdefault(case.patient or f"#{place}", part) == part:
            parts[part].append(case)
    return parts


def _enough(name: str, cases: Sequence[Case]) -> None:
    events = sum(case.event for case in cases)
    least = _LEAST_EVENTS[name]
    if name == "train" and len(cases) < _LEAST_CASES:
        raise TrainingError(f"{len(cases)} cases to train on; at least {_LEAST_CASES} are needed")
    if events < least or len(cases) - events < least:
        raise TrainingError(
            f"part {name!r}: {events} events among {len(cases)} cases; at least {least} with and {least} without the "
            "outcome are needed: collect over a longer time"
        )


def _part(cases: Sequence[Case]) -> Part:
    days = [case.at.date().isoformat() for case in cases]
    return Part(len(cases), sum(case.event for case in cases), min(days), max(days))


def _missing(cases: Sequence[Case], place: int) -> float:
    return sum(case.values[place] != case.values[place] for case in cases) / max(len(cases), 1)


def _matrix(cases: Sequence[Case]) -> tuple[Any, Any]:
    import numpy

    rows = numpy.asarray([case.values for case in cases], dtype=float)
    return rows, numpy.asarray([case.event for case in cases], dtype=int)


# -- the model -------------------------------------------------------------------------------


def _taught(parts: dict[str, list[Case]], kind: str) -> Estimator:
    return _calibrated(_made(kind).fit(*_matrix(parts["train"])), parts["calibrate"])


def _made(kind: str) -> Any:
    """A model before it was taught. Raises ``TrainingError``."""
    if kind not in KINDS:
        raise TrainingError(f"kind {kind!r} is none of {', '.join(KINDS)}")
    return _boosting() if kind == "boosting" else _logistic()


def _boosting() -> Any:
    from sklearn.ensemble import HistGradientBoostingClassifier

    return HistGradientBoostingClassifier(
        learning_rate=0.05,
        max_iter=150,
        max_leaf_nodes=15,
        min_samples_leaf=20,
        l2_regularization=1.0,
        random_state=_SEED,
    )


def _logistic() -> Any:
    from sklearn.impute import SimpleImputer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    imputer = SimpleImputer(strategy="median", add_indicator=True, keep_empty_features=True)
    return make_pipeline(imputer, StandardScaler(), LogisticRegression(max_iter=1000))


def _calibrated(taught: Any, cases: Sequence[Case]) -> Estimator:
    """What was taught, its figures made true on cases it never saw."""
    from sklearn.calibration import CalibratedClassifierCV
    from sklearn.frozen import FrozenEstimator

    events = sum(case.event for case in cases)
    method = "isotonic" if events >= _MANY_EVENTS else "sigmoid"
    made: Estimator = CalibratedClassifierCV(FrozenEstimator(taught), method=method).fit(*_matrix(cases))
    return made


def _shares(estimator: Estimator, cases: Sequence[Case]) -> list[float]:
    rows, _ = _matrix(cases)
    return [float(share) for share in estimator.predict_proba(rows)[:, 1]]


def _threshold(shares: Sequence[float], alarming: float) -> float:
    """The risk above which that share of the cases lies."""
    ordered = sorted(shares, reverse=True)
    return ordered[min(len(ordered) - 1, max(0, round(len(ordered) * alarming) - 1))]


# -- how good it is --------------------------------------------------------------------------


def measured(outcomes: Sequence[bool], shares: Sequence[float], threshold: float) -> dict[str, float]:
    """Figures of predicted shares against what happened."""
    from sklearn.metrics import average_precision_score, brier_score_loss, roc_auc_score

    base = sum(outcomes) / len(outcomes)
    low, high = _interval(outcomes, shares, roc_auc_score)
    intercept, slope = _calibration(outcomes, shares)
    alarmed = [event for event, share in zip(outcomes, shares, strict=True) if share >= threshold]
    return {
        "auroc": float(roc_auc_score(outcomes, shares)),
        "auroc_low": low,
        "auroc_high": high,
        "auprc": float(average_precision_score(outcomes, shares)),
        "base_rate": base,
        "brier": float(brier_score_loss(outcomes, shares)),
        "brier_base": base * (1 - base),
        "intercept": intercept,
        "slope": slope,
        "observed_expected": sum(outcomes) / max(sum(shares), _TINY),
        "alarms": len(alarmed) / len(outcomes),
        "sensitivity": sum(alarmed) / max(sum(outcomes), 1),
        "ppv": sum(alarmed) / max(len(alarmed), 1),
    }


def _interval(
    outcomes: Sequence[bool], shares: Sequence[float], figure: Callable[[Any, Any], float]
) -> tuple[float, float]:
    """95 % bootstrap interval of a figure."""
    import numpy

    draw = numpy.random.default_rng(_SEED)
    y, p = numpy.asarray(outcomes, dtype=int), numpy.asarray(shares)
    found: list[float] = []
    while len(found) < _RESAMPLES:
        chosen = draw.integers(0, len(y), len(y))
        if 0 < y[chosen].sum() < len(y):
            found.append(float(figure(y[chosen], p[chosen])))
    return float(numpy.quantile(found, 0.025)), float(numpy.quantile(found, 0.975))


def _calibration(outcomes: Sequence[bool], shares: Sequence[float]) -> tuple[float, float]:
    """Intercept and slope of the outcome on the logit of the predicted share: 0 and 1 are perfect."""
    import numpy
    from sklearn.linear_model import LogisticRegression

    p = numpy.clip(numpy.asarray(shares), _TINY, 1 - _TINY)
    fitted = LogisticRegression(C=1e6, max_iter=1000).fit(
        numpy.log(p / (1 - p)).reshape(-1, 1), numpy.asarray(outcomes, dtype=int)
    )
    return float(fitted.intercept_[0]), float(fitted.coef_[0][0])


def deciles(outcomes: Sequence[bool], shares: Sequence[float]) -> tuple[Bin, ...]:
    """Cases in ten groups of rising predicted risk."""
    ordered = sorted(zip(shares, outcomes, strict=True))
    ends = [len(ordered) * step // _DECILES for step in range(_DECILES + 1)]
    groups = [ordered[a:b] for a, b in zip(ends, ends[1:], strict=False) if b > a]
    return tuple(Bin(len(g), sum(p for p, _ in g) / len(g), sum(e for _, e in g) / len(g)) for g in groups)


def _limits(metrics: dict[str, float]) -> list[str]:
    found = ["仅在本机构数据上训练与检验，未经外部验证；换机构、换人群或流程改变后须重新检验。"]
    found.append("仅供参考，不替代临床判断；不得据此自动开立医嘱或拒绝治疗。")
    if metrics["auroc_low"] <= 0.5:
        found.append("区分能力与随机无显著差别，不予启用。")
    elif metrics["auroc"] < 0.7:
        found.append("区分能力有限(AUROC<0.7)。")
    if not 0.8 <= metrics["observed_expected"] <= 1.25:
        found.append("测试集实际发生率与预测总体偏差超过20%，概率仅可用于排序。")
    return found


def _versions() -> dict[str, str]:
    import numpy
    import sklearn

    return {"python": sys.version.split()[0], "scikit-learn": sklearn.__version__, "numpy": numpy.__version__}
