"""How messages get in and become facts here: the way in that the settings ask for, and the line behind it."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import Connection

from api.bootstrap import House, who_is_who
from base.keyring import KeyRing
from exchange.fhir.directory import Registering
from exchange.fhir.person import demographics
from exchange.fhir.values import ReadError
from exchange.intake import Intake, StoredIntake
from exchange.jetstream import StreamIntake
from exchange.landing import Landing, readers
from exchange.ledger import Claimed
from exchange.outbound import Announcing
from exchange.takeover import Takeover
from exchange.worker import Worker
from records.code_intake import CodedFacts, Coder
from records.code_maps import CodeMaps
from records.identity_changes import Cause, IdentityError
from records.kinds import ResourceError
from records.notices import Watched
from records.quality_standards import Standards
from records.quality_store import Inspector
from records.quality_surveys import SURVEYS
from records.registry import Registry, RegistryError
from records.store import Repository

_MERGED = "机构报文声明两个患者标识为同一人"


def open_intake(house: House, ring: KeyRing) -> Intake:
    """The way in: over the broker when there is one, else into the database."""
    settings = house.settings
    if settings.broker_url:
        broker = (settings.broker_url, str(settings.broker_credentials or ""), settings.broker_replicas)
        return StreamIntake(house.engine, ring, *broker)
    return StoredIntake(house.engine, ring, settings.exchange_backlog)


def landing(house: House, ring: KeyRing) -> Landing:
    """The line of a record: every reader we have, the rules of quality, persons, the repository."""
    people = who_is_who(house, ring)

    def merge(connection: Connection, survivor: int, retired: int, claimed: Claimed) -> None:
        cause = Cause(claimed.source or claimed.tenant, datetime.now(UTC), _MERGED, rule="message")
        people.join(connection, survivor, retired, cause)

    refusals = (IdentityError, ReadError, RegistryError, ResourceError)
    inspector, coder = Inspector(Standards(house.engine, SURVEYS)), Coder(house.engine, CodeMaps(house.engine))
    announcing = Announcing(Repository(house.engine, ring), ring, people)
    watched = Watched(announcing) if house.settings.risk_watch else announcing
    facts = Registering(CodedFacts(watched, coder), Registry())
    return Landing(readers(), people, facts, demographics, merge, inspector, refusals)


def worker(house: House, ring: KeyRing, **options: object) -> Worker:
    """One worker of the queue."""
    return Worker(house.engine, ring, landing(house, ring), **options)  # type: ignore[arg-type]


def takeover(house: House, ring: KeyRing, name: str) -> Takeover | None:
    """What brings messages from the broker into the database; None without a broker."""
    settings = house.settings
    if not settings.broker_url:
        return None
    broker = (settings.broker_url, str(settings.broker_credentials or ""), settings.broker_replicas)
    return Takeover(house.engine, ring, name, settings.league, *broker)
