"""What ``yigong train-risk`` does: cases from a table or the repository to a model with its card, or a check of the
model in use on newer data."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import msgspec

from api.bootstrap import House, key_ring
from api.risk_cases import OUTCOMES, repository_cases
from api.risk_desk import CHECKED, Checked
from api.serving import Served
from api.terminal import OUT, bar
from base.audit import Event, append
from base.security import sm3
from inference.drift import SHIFTED, Watch
from inference.learned import Feature, Model
from inference.learning import Case, TrainingError, Wanted, measured, train
from inference.model_store import active, opened, store
from inference.risk import TOPICS
from inference.risk_table import read_table

REPOSITORY: Final = "repository"


def _cases(
    opened_house: House, name: str, data: str, features: tuple[Feature, ...] = ()
) -> tuple[list[Case], list[Feature], str]:
    """Cases, features and the digest of the data. Raises ``TrainingError``."""
    releases = opened_house.releases
    served = Served.of(releases.open(releases.active()))
    if data == REPOSITORY:
        with bar("病例") as advance:
            ring = key_ring(opened_house)
            cases, found = repository_cases(opened_house.engine, ring, served.terminology, name, features, advance)
        return cases, found, sm3(msgspec.json.encode([(c.at, c.values, c.event) for c in cases]))
    path = Path(data)
    if not path.is_file():
        raise TrainingError(f"there is no file {data!r}")
    return *read_table(path, served.snapshot), sm3(path.read_bytes())


def trained_on(opened_house: House, name: str, data: str, by: str, title: str, kind: str, share: float) -> None:
    """Train a model, keep it with its card, and say how good it is. Raises ``TrainingError``."""
    if not name.replace("-", "").isalnum() or not name.isascii():
        raise TrainingError(f"{name!r} is no name: letters, digits and hyphens")
    cases, features, digest = _cases(opened_house, name, data)
    outcome = OUTCOMES[name].text if data == REPOSITORY else f"{title or name}(来自数据表的结局)"
    topic = TOPICS[name].title if name in TOPICS else name
    wanted = Wanted(name, name, title or f"{topic}(本机构模型)", outcome, kind, share, by)
    made = train(cases, features, wanted, digest)
    place = store(opened_house.settings.risk_models_dir, made, opened_house.key)
    append(opened_house.engine, [Event(by, "risk-model.train", f"risk-model/{name}", why=place.name)])
    _say(made.card.metrics)
    OUT.print(f"model card: {place / 'card.md'}")
    if not made.card.usable:
        OUT.print("[yellow]it does not tell cases apart: kept, not used[/yellow]")


def _say(metrics: dict[str, float]) -> None:
    for figure, value in metrics.items():
        OUT.print(f"{figure:20} {value:.3f}")


# -- how the one in use fits newer data ------------------------------------------------------


def check_on(opened_house: House, name: str, data: str) -> None:
    """See how the model in use fits data newer than its own; kept for ``/metrics``. Raises ``TrainingError``."""
    place = active(opened_house.settings.risk_models_dir).get(name)
    if place is None:
        raise TrainingError(f"no model {name!r} is in use")
    model = opened(place, (opened_house.key.public, *opened_house.settings.trusted_keys))
    cases, features, _ = _cases(opened_house, name, data, model.card.features)
    newer = _newer(model, cases, features)
    told = checked(model, newer)
    written = place / f".{CHECKED}"
    written.write_bytes(msgspec.json.encode(told))
    written.replace(place / CHECKED)
    _say(told.metrics)
    for feature, index in told.psi.items():
        OUT.print(f"PSI {feature:16} {index:.3f}" + (" [red]shifted[/red]" if index > SHIFTED else ""))


def _newer(model: Model, cases: list[Case], features: list[Feature]) -> list[Case]:
    """Cases after those the model knows, with its features in its order. Raises ``TrainingError``."""
    places = {feature: place for place, feature in enumerate(features)}
    lacking = [feature.title for feature in model.card.features if feature not in places]
    if lacking:
        raise TrainingError(f"the data lacks {', '.join(lacking)}, which the model uses")
    last = model.card.parts["test"].last
    order = [places[feature] for feature in model.card.features]
    newer = [Case(c.at, c.patient, tuple(c.values[n] for n in order), c.event) for c in cases]
    newer = [case for case in newer if case.at.date().isoformat() > last]
    events = sum(case.event for case in newer)
    if not 0 < events < len(newer):
        raise TrainingError(f"{events} events among {len(newer)} cases after {last}: nothing can be checked yet")
    return newer


def checked(model: Model, cases: list[Case]) -> Checked:
    """How a model fits cases that it does not know."""
    shares = model.share([case.values for case in cases])
    watch = Watch(model.card.bins)
    titles = [feature.title for feature in model.card.features]
    for case, share in zip(cases, shares, strict=True):
        watch.see(dict(zip(titles, case.values, strict=True)), share)
    outcomes = [case.event for case in cases]
    metrics = measured(outcomes, shares, model.card.threshold)
    now = datetime.now(UTC).isoformat(timespec="seconds")
    return Checked(now, len(cases), sum(outcomes), metrics, watch.indexes())
