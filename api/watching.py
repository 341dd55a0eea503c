"""Risks looked at again when a result arrives: the record's patient, with what the region knows, through the scores
and models; what crosses a threshold becomes a notice."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Final

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import SQLAlchemyError

from api.bootstrap import House, who_is_who
from api.regional import merged
from api.risk_desk import RiskDesk
from api.risk_fhir import assessment
from api.risk_json import LEVELS, basis_json, prediction_json
from api.serving import Served, Serving
from base.keyring import KeyRing
from base.tenancy import system
from clinical.finding import Datum
from clinical.patient import PatientContext
from exchange.outbound import Announcing
from inference.risk import TOPICS, Basis, Risk, rank, risks
from inference.score import Level
from knowledge.release import ReleaseError
from records.context import Ask, Region
from records.identity_store import by_ids
from records.notices import Due, Notice, Notices, Told, claim, done, failed
from records.store import Repository

_log = logging.getLogger(__name__)
_SCOPE: Final = "risks are looked at again"
_IDLE_SECONDS: Final = 0.5
_AWAY_SECONDS: Final = 5.0
_REFRESH_SECONDS: Final = 30.0
"""How soon a newer release, and who joined the league, counts."""
_NO_MESSAGE: Final = 0
"""The number of the message that brought a resource which nobody sent."""
_MODEL: Final = "model:"
"""Before the name of a model among what raised a notice."""


class Watcher:
    """Looks at records that are due; as many as you like, in as many processes as you like."""

    def __init__(self, house: House, ring: KeyRing) -> None:
        self._house, self._ring = house, ring
        self._engine: Engine = house.engine
        people, repository = who_is_who(house, ring), Repository(house.engine, ring)
        self._region = Region(house.engine, people, repository, budget=0.0)
        self._facts = Announcing(repository, ring, people)
        self._notices = Notices(house.engine, ring)
        keys = (house.key.public, *house.settings.trusted_keys)
        self._desk = RiskDesk(house.settings.risk_models_dir, keys)
        self._serving: Serving | None = None
        self._looked = float("-inf")

    def run(self, stop: threading.Event) -> None:
        """Look until told to stop. A database that is away, or a release that is not there yet, is waited for."""
        while not stop.is_set():
            try:
                if not self.step():
                    stop.wait(_IDLE_SECONDS)
            except Exception as error:  # nobody would start it anew
                _log.error("risks not looked at, trying again", extra={"error": type(error).__name__})
                stop.wait(_AWAY_SECONDS)
        self._region.close()

    def step(self, now: datetime | None = None) -> int:
        """Look at those that are due: how many. Raises ``SQLAlchemyError``, ``ReleaseError``."""
        at = now or datetime.now(UTC)
        with system(_SCOPE):
            mine = claim(self._engine, at)
            for one in mine:
                self._look(one, at)
        return len(mine)

    def _look(self, one: Due, now: datetime) -> None:
        """One record; what goes wrong with it stops no other."""
        try:
            told = self._notices.settle(one, now, *self._found(one, now), _higher, self._publish)
            done(self._engine, one)
        except (SQLAlchemyError, ReleaseError):
            raise
        except Exception as error:  # whatever it is, the other patients are looked at
            gone = failed(self._engine, one, now)
            _log.error("risk not looked at", extra={"error": type(error).__name__, "givenUp": gone})
            return
        if told:
            _log.info("risk told", extra={"topics": ",".join(told)})

    def _found(self, one: Due, now: datetime) -> tuple[dict[str, tuple[str, Told]], Callable[[str, Told], bool]]:
        """What is above its threshold, by topic; and whether a standing notice is over."""
        served = self._served()
        patient = self._patient(one, now)
        resolved, _, _ = served.terminology.resolve(patient, ())
        acute = [name for name, topic in TOPICS.items() if topic.acute]
        found = {r.topic.name: r for r in risks(resolved, served.snapshot, self._desk.models(), acute)}
        self._desk.note()
        above = {name: (level_of(r).value, told_of(r, patient.id)) for name, r in found.items() if r.alarm}
        return above, lambda topic, told: topic in found and measured_again(found[topic], told)

    def _publish(self, connection: Connection, notice: Notice) -> None:
        """A notice becomes a resource of the patient, to be read, searched and told of like any other."""
        at = notice.ended or notice.at
        self._facts.put(connection, notice.tenant, notice.record, [assessment(notice)], message=_NO_MESSAGE, at=at)

    def _served(self) -> Served:
        """The release in use, looked for again from time to time. Raises ``ReleaseError``."""
        if self._serving is None:
            self._serving = Serving(self._house.releases)
        if time.monotonic() - self._looked > _REFRESH_SECONDS:
            self._looked = time.monotonic()
            self._serving.refresh()
            self._region.refresh()
        return self._serving.now

    def _patient(self, one: Due, now: datetime) -> PatientContext:
        """The person of a record as of now, with everything the region may show the institution."""
        with self._engine.connect() as connection:
            (kept,) = by_ids(connection, self._ring, [one.record])
        history = self._region.history(Ask(kept.tenant, kept.local_id, now))
        who = kept.given
        base = PatientContext(kept.local_id, now, sex=who.sex, birth_date=who.birth_date())
        return merged(base, history)[0]


def level_of(risk: Risk) -> Level:
    """The level of an alarm: of a model's, high."""
    by_model = Level.HIGH if any(p.above for p in risk.predictions) else Level.NONE
    return max(risk.level or Level.NONE, by_model, key=rank)


def told_of(risk: Risk, patient: str) -> Told:
    """An alarm in words, with what must be measured again before it is over."""
    raised = [basis for basis in risk.bases if rank(basis.floor) >= rank(risk.topic.alarm)]
    models = [prediction for prediction in risk.predictions if prediction.above]
    fields = {basis.result.score: tuple(sorted(basis.fields())) for basis in raised}
    fields |= {_MODEL + prediction.model: () for prediction in models}
    words = [*map(_said, raised), *(f"{p.title} {p.probability:.0%}" for p in models if p.probability is not None)]
    summary = f"{risk.topic.title}风险{LEVELS[level_of(risk)]}：{'；'.join(words)}"
    detail = {"scores": [basis_json(b) for b in raised], "predictions": [prediction_json(p) for p in models]}
    shown = {name: value for name, value in detail.items() if value}
    data = [*(d for basis in raised for d in _data(basis)), *(d for p in models for d in p.data)]
    references = tuple(dict.fromkeys(d.reference for d in data if d.reference.rpartition("/")[2]))
    return Told(patient, risk.topic.title, risk.advice, summary, fields, shown, references)


def _data(basis: Basis) -> Iterator[Datum]:
    """What a score was filled from."""
    yield from basis.data
    yield from (item.source for item in basis.result.items if item.source is not None)


def _said(basis: Basis) -> str:
    result = basis.result
    if result.total is not None and result.band is not None:
        return f"{result.title} {result.total:g}{result.unit}（{result.band.label}）"
    least = "" if result.lowest is None else f" 至少{result.lowest:g}{result.unit}"
    return f"{result.title}{least}（尚缺{'、'.join(result.missing)}）"


def measured_again(risk: Risk, told: Told) -> bool:
    """Whether everything that raised a notice was measured again. Asked of a risk that raises no alarm any more: that
    something is merely not known any more is no reason to end it."""
    answered = {basis.result.score: basis.fields() for basis in risk.bases}
    answered |= {_MODEL + p.model: frozenset() for p in risk.predictions if p.probability is not None}
    return all(score in answered and answered[score].issuperset(need) for score, need in told.fields.items())


def _higher(level: str, than: str) -> bool:
    return rank(Level(level)) > rank(Level(than))
