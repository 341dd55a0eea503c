"""Stored orders and results as a review reads them, for those who look back: by the wishes of the person, with the
institutions' names, across the league."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime

import msgspec
from sqlalchemy import Engine

from api.regional import merged
from clinical.order import Order
from clinical.patient import PatientContext
from exchange.fhir.context import ReadError, read_orders
from records.context import RESULTS, Ask, Region
from records.identity import Identity
from records.store import Repository


class PastResults:
    """Reads the repository with the organisations of now; ``supervision.figures.repeats.Past``."""

    def __init__(self, engine: Engine, persons: Identity, repository: Repository) -> None:
        self._engine, self._repository = engine, repository
        self._region = Region(engine, persons, repository, budget=0.0)
        self._region.refresh()
        self._since: dict[str, datetime] = {}

    def orders(self, tenant: str, numbers: Sequence[str]) -> tuple[Order, ...]:
        """Requests of an institution by their ids; one that no review could read is left out."""
        with self._engine.connect() as connection:
            kept = self._repository.search(
                connection, "ServiceRequest", local_ids=numbers, tenant=tenant, limit=len(numbers)
            )
        found: list[Order] = []
        for one in kept:
            with suppress(ReadError):
                found += read_orders(msgspec.Raw(one.resource), one.local_id)
        return tuple(found)

    def known(self, tenant: str, patient: str, since: datetime, until: datetime) -> PatientContext:
        """A patient with the results between two times that the institution may see."""
        with self._engine.connect() as connection:
            history = self._region.results(connection, Ask(tenant, patient, until), since)
        registered = self._region.directory.organisation(tenant)
        here = registered.name if registered else ""
        return merged(PatientContext(patient, until, institution=here), history)[0]

    def reaches_back(self, tenant: str, to: datetime) -> bool:
        """Whether results of an institution are known from before a time; remembered, as it is asked of each test."""
        known = self._since.get(tenant)
        if known is None or known >= to:
            with self._engine.connect() as connection:
                known = self._repository.from_before(connection, tenant, RESULTS, to)
            if known is None:
                return False
            self._since[tenant] = known
        return True


__all__ = ["PastResults"]
