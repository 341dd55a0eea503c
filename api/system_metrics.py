"""Connected systems and their alarms in the Prometheus text format, read from the database when somebody asks."""

from __future__ import annotations

import logging
import threading
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Final

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from api import metrics as m
from base.tenancy import system
from exchange.health import Observer
from records.traffic_figures import Health
from supervision.operations.alarms import Alarm, Alarms
from supervision.operations.letters import Letters
from supervision.operations.policy import DEFAULT

_log = logging.getLogger(__name__)
_SCOPE: Final = "figures of connected systems"
_FRESH_SECONDS: Final = 10.0
_MOST_ALARMS: Final = 10_000


class SystemMetrics:
    """Figures of all systems. They are open to whoever reaches ``/metrics``, so asking often costs nothing."""

    def __init__(self, engine: Engine) -> None:
        self._observer, self._alarms, self._letters = Observer(engine), Alarms(engine), Letters(engine)
        self._lock, self._text, self._read = threading.Lock(), b"", float("-inf")

    def text(self) -> bytes:
        """As of a moment ago; while the database is away only that it is."""
        with self._lock:
            if time.monotonic() - self._read > _FRESH_SECONDS:
                self._text = _written(self._families())
                self._read = time.monotonic()
            return self._text

    def _families(self) -> list[Metric]:
        try:
            with system(_SCOPE):
                health = self._observer.systems(datetime.now(UTC))
                alarms, letters = self._alarms.listed(limit=_MOST_ALARMS), self._letters.waiting()
        except SQLAlchemyError as error:
            _log.error("connected systems not read", extra={"error": type(error).__name__})
            return [_family(m.LOOKED, [((), 0.0)])]
        told = (*_of_systems(health), _family(m.STANDING, _standing(alarms)))
        untold = [((state,), float(count)) for state, count in letters.items()]
        return [_family(m.LOOKED, [((), 1.0)]), *told, _family(m.LETTERS, untold)]


Sample = tuple[tuple[str, ...], float]


def _of_systems(health: list[Health]) -> Iterator[Metric]:
    named = [((one.system.tenant, one.system.label), one) for one in health]
    recent = {labels: one.recent(DEFAULT.limits.least_messages) for labels, one in named}
    yield _family(m.SEEN, [(labels, one.seen.timestamp()) for labels, one in named if one.seen])
    yield _family(m.EXPECTED, [(labels, float(one.expected and not one.retired)) for labels, one in named])
    enough = DEFAULT.limits.least_messages  # a rate of fewer would wake somebody for one message
    rates = [(labels, figures.success) for labels, figures in recent.items() if figures.ended >= enough]
    yield _family(m.SUCCESS, [(labels, rate) for labels, rate in rates if rate is not None])
    times = [((*labels, q), s) for labels, f in recent.items() for q, s in (("0.5", f.p50), ("0.95", f.p95))]
    yield _family(m.LATENCY, [(labels, seconds) for labels, seconds in times if seconds is not None])
    yield _family(m.BACKLOG, [(labels, float(one.backlog)) for labels, one in named])
    yield _family(m.DEAD, [(labels, float(one.dead)) for labels, one in named])
    yield _family(m.DAY, [sample for labels, one in named for sample in _day(labels, one)])


def _day(labels: tuple[str, ...], health: Health) -> Iterator[Sample]:
    day = health.day
    for outcome in ("arrived", "done", "failed"):
        yield (*labels, outcome), float(getattr(day, outcome))


def _standing(alarms: Iterable[Alarm]) -> list[Sample]:
    seen = {True: "yes", False: "no"}
    counted = Counter((a.condition, a.severity.value, seen[a.acknowledged is not None]) for a in alarms)
    return [(labels, float(count)) for labels, count in sorted(counted.items())]


def _family(declared: m.Declared, samples: Iterable[Sample]) -> Metric:
    made = GaugeMetricFamily(declared.name, declared.help, labels=declared.labels)
    for labels, value in samples:
        made.add_metric(labels, value)
    return made


class _Once:
    """A collector of what was read."""

    def __init__(self, families: list[Metric]) -> None:
        self._families = families

    def collect(self) -> Iterable[Metric]:
        return self._families


def _written(families: list[Metric]) -> bytes:
    registry = CollectorRegistry()
    registry.register(_Once(families))
    return generate_latest(registry)
