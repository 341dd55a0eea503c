"""An exchange over one database with the real line behind it, and what is sent to it."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import orjson
from sqlalchemy import Engine, select, update

from api.intake import landing
from base.keyring import KeyRing
from base.settings import Settings
from base.tenancy import Scope, acting, guard, system
from exchange.intake import Receipt, Sent, StoredIntake
from exchange.ledger import work, writing
from exchange.trace import Ledger
from exchange.worker import Worker
from records.resource_rows import heads

A, B = "league/county/a", "league/county/b"
SENDER = Scope("his-a", (A,), (A,))


class Site:
    """An exchange over one database, with the real line behind it."""

    def __init__(self, engine: Engine, folder: Path) -> None:
        self.engine = guard(engine)
        self.ring = KeyRing(self.engine, bytes(16))
        self.intake = StoredIntake(self.engine, self.ring)
        self.ledger = Ledger(self.engine, self.ring)
        house: Any = SimpleNamespace(engine=self.engine, settings=Settings(data_dir=folder))
        self.landing = landing(house, self.ring)

    def send(self, raw: bytes, standard: str = "fhir", scope: Scope = SENDER, **more: str) -> Receipt:
        with acting(scope):
            return asyncio.run(self.intake.accept(Sent(scope.writes[0], standard, raw, **more)))

    def worker(self, **more: Any) -> Worker:
        return Worker(self.engine, self.ring, self.landing, **more)

    def drain(self) -> int:
        return self.worker().drain()

    def trace(self, receipt: Receipt) -> dict[str, Any]:
        with acting(SENDER):
            return self.ledger.trace(receipt.id)

    def all_due(self) -> None:
        """As if enough time had passed."""
        with system("time passes"), writing(self.engine) as connection:
            connection.execute(update(work).values(due=datetime.now(UTC) - timedelta(seconds=1)))

    def stored(self) -> set[str]:
        with system("what is there"), self.engine.connect() as connection:
            return set(connection.execute(select(heads.c.local)).scalars())


def bundle(number: str, patient: str = "p1", *observations: str, **more: Any) -> bytes:
    """A Bundle of one patient with blood pressures."""
    entries = [{"resource": person(patient)}]
    entries += [{"resource": observation(one, patient)} for one in observations]
    return orjson.dumps({"resourceType": "Bundle", "id": number, "type": "transaction", "entry": entries} | more)


def person(patient: str) -> dict[str, Any]:
    return {
        "resourceType": "Patient",
        "id": patient,
        "name": [{"text": "欧阳测试" + patient}],
        "gender": "female",
        "birthDate": "1980-05-12",
    }


def observation(local_id: str, patient: str) -> dict[str, Any]:
    return {
        "resourceType": "Observation",
        "id": local_id,
        "status": "final",
        "category": [
            {
                "coding": [
                    {"system": "http://terminology.hl7.org/CodeSystem/observation-category", "code": "laboratory"}
                ]
            }
        ],
        "code": {"coding": [{"system": "http://loinc.org", "code": "718-7"}], "text": "血红蛋白"},
        "subject": {"reference": f"Patient/{patient}"},
        "effectiveDateTime": "2026-05-01T08:00:00+08:00",
        "valueQuantity": {"value": 135, "unit": "g/L", "system": "http://unitsofmeasure.org", "code": "g/L"},
        "referenceRange": [{"text": "115-150"}],
    }
