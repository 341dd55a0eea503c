"""The half of a worker that a prescriber waits for: order entry, reviews, the pharmacist's queue, is it alive."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import Any, Final

from sqlalchemy.exc import SQLAlchemyError

from api.access import Access
from api.advice import advisers
from api.bedside import Ward
from api.bootstrap import House, key_ring, who_is_who
from api.cds_hooks import CdsHooks
from api.dispensary import Dispensary
from api.people import People
from api.regional import Regional
from api.review import Reviewer
from api.serving import Serving
from api.trusted import TrustedClients
from base.audit import AuditLog, anchor
from base.keyring import KeyRing
from base.large_pages import keep_gathered
from base.plugins import discover
from base.security import SealError, sealing_key
from base.settings import Settings
from base.tokens import UsedTokens
from clinical import units
from exchange.fhir import readings
from records.context import Region
from records.identity import Identity
from records.journal import Journal
from records.memory import Memory
from records.reviews import Reviews
from records.store import Repository
from rules import policy
from rules.model import Family
from rules.policy import Policy
from rules.states import States

_log = logging.getLogger(__name__)
_FIRST_LOOK_SECONDS: Final = 3.0
_FORGOTTEN_SECONDS: Final = 600.0


@dataclass(frozen=True)
class Front:
    """What all desks of a worker share, and those that are ready before the first request."""

    house: House
    ring: KeyRing
    reviewer: Reviewer
    memory: Memory

    @classmethod
    def open(cls, house: House) -> Front:
        """Open what is served. Raises ``ReleaseError`` when nothing is published, ``PolicyError`` for a policy that
        is none."""
        settings = house.settings
        # Verifying the release is a second of hashing outside the interpreter, which reads families meanwhile.
        with ThreadPoolExecutor(3) as aside:
            opened = aside.submit(Serving, house.releases)
            states, units_ready = aside.submit(States.start), aside.submit(units.prepare, settings.data_dir / "cache")
            key, ring = sealing_key(settings.patient_key_file), key_ring(house)
            journal, memory = Journal(house.engine, ring), Memory(house.engine, key)
            families = tuple(discover("rules.families", "FAMILY", Family).values())
            tenants = policies(settings.policies_dir)
            reviewer = Reviewer(opened.result(), families, journal, tenants, states.result(), memory)
            units_ready.result()
        return cls(house, ring, reviewer, memory)

    @property
    def settings(self) -> Settings:
        return self.house.settings

    @property
    def serving(self) -> Serving:
        return self.reviewer.serving

    @cached_property
    def audit(self) -> AuditLog:
        return AuditLog(self.house.engine)

    @cached_property
    def used(self) -> UsedTokens:
        return UsedTokens(self.house.engine)

    @cached_property
    def people(self) -> People:
        return People.of(self.settings, self.house.engine, self.ring)

    @cached_property
    def access(self) -> Access:
        return Access(self.settings, self.people, self.audit)

    @cached_property
    def dispensary(self) -> Dispensary:
        may_review = partial(self.access.may_act, permission="review.decide")
        return Dispensary(self.settings, self.reviewer, Reviews(self.house.engine, self.ring), may_review)

    @cached_property
    def identity(self) -> Identity:
        return who_is_who(self.house, self.ring)

    @cached_property
    def region(self) -> Region:
        months = {str(name): count for name, count in self.settings.region_months.items()}
        whole = Repository(self.house.engine, self.ring)
        return Region(self.house.engine, self.identity, whole, months, self.settings.region_budget_ms / 1000)

    @cached_property
    def regional(self) -> Regional:
        return Regional(self.region, strict=self.settings.require_client_auth)

    @cached_property
    def ward(self) -> Ward:
        return Ward(self.reviewer, self.regional)

    @cached_property
    def trusted(self) -> TrustedClients:
        return TrustedClients(self.settings.clients_file, self.house.engine)

    @cached_property
    def hooks(self) -> CdsHooks:
        advice = advisers(self.ward, self.house.engine, self.settings.league)
        callers = (self.used, self.trusted)
        return CdsHooks(self.settings, self.reviewer, *callers, self.dispensary, self.regional, self.audit, advice)

    async def wake(self) -> None:
        """Whoever asks first should find the region awake; a database that does not answer keeps nobody waiting."""
        await asyncio.wait({asyncio.create_task(look(self.region))}, timeout=_FIRST_LOOK_SECONDS)

    def watching(self) -> list[Coroutine[Any, Any, None]]:
        """What goes on beside the requests of a worker."""
        return [
            self.serving.watch(self.settings.swap_seconds),
            self.dispensary.watch(),
            self.trusted.watch(self.settings.swap_seconds),
            remember(self.memory),
            vouch(self.house),
            renew(self.ring),
            look_around(self.region),
            _forget(),
            keep_gathered(self.settings.large_pages_seconds),
        ]

    async def close(self) -> None:
        """Give back what is held, and wait until all is written."""
        self.region.close()
        await asyncio.to_thread(self.reviewer.journal.flush)
        await asyncio.to_thread(self.audit.flush)


async def _forget() -> None:
    """What was read of patients stays a few minutes in memory, however quiet it is."""
    while True:
        await asyncio.sleep(_FORGOTTEN_SECONDS)
        readings.forget()


def policies(folder: Path) -> dict[str, Policy]:
    """Policies by tenant, one JSON file each. Raises ``PolicyError`` naming file and field."""
    return {path.stem: policy.load(path) for path in sorted(folder.glob("*.json"))}


async def renew(ring: KeyRing, seconds: float = 60.0) -> None:
    """Seal with the newest key soon after somebody rotated."""
    while True:
        await asyncio.sleep(seconds)
        try:
            await asyncio.to_thread(ring.refresh)
        except (SQLAlchemyError, SealError) as error:
            _log.error("keys not read again", extra={"error": type(error).__name__})


async def look_around(region: Region, seconds: float = 3.0) -> None:
    """See again and again who belongs to the league, and whether anything is known of anybody."""
    while True:
        await look(region)
        await asyncio.sleep(seconds)


async def look(region: Region) -> None:
    """Once; a database that is away is reported and asked again the next time."""
    try:
        await asyncio.to_thread(region.refresh)
    except SQLAlchemyError as error:
        _log.error("registry not read again", extra={"error": type(error).__name__})


async def vouch(house: House, seconds: float = 3600.0) -> None:
    """Sign the audit from time to time."""
    while True:
        await asyncio.sleep(seconds)
        try:
            await asyncio.to_thread(anchor, house.engine, house.key, house.settings.anchors_file)
        except (SQLAlchemyError, OSError) as error:
            _log.error("audit not signed", extra={"error": type(error).__name__})


async def remember(memory: Memory, seconds: float = 1.0) -> None:
    """Keep up with what was shown and answered, in this worker and in others."""
    while True:
        try:
            await asyncio.to_thread(memory.catch_up)
        except SQLAlchemyError as error:
            _log.error("alerts seen before not read", extra={"error": type(error).__name__})
        await asyncio.sleep(seconds)
