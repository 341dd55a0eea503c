"""Reads the patients of panels again from the systems that launched them, beside whoever looks: a panel is answered
from what it has, and rung when there is something else.

Of one system a worker reads few at once, so that neither a slow system nor thousands of panels bring the other, or
us, to a stop.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from urllib.parse import urlsplit

from api.access import Access
from api.errors import ApiError
from api.hook import ALL_KEYS
from api.panel_watch import RECORD, PanelWatch
from api.prefetch import fetch
from api.regional import of_panel
from base.launches import Launch
from base.settings import Settings
from base.tenancy import system
from exchange.fhir.values import Json, ReadError
from records.launched import Claimed, Due, Launched, Touched

PERMISSION: Final = "inference.use"
"""What a system that launches panels must be allowed."""
_log = logging.getLogger(__name__)
_SCOPE: Final = "panels are read again"
_LOOK_SECONDS: Final = 1.0
_SWEEP_SECONDS: Final = 10.0
_AT_ONCE: Final = 8
_LATE: Final = timedelta(seconds=60)
_SOURCE: Final = b"event: source\ndata: {}\n\n"


@dataclass(frozen=True, slots=True)
class _Server:
    """Where a patient is read, as CDS Hooks says it (fhirServer, fhirAuthorization)."""

    fhir_server: str
    fhir_authorization: Json


async def read_patient(server: str, token: str, context: Json, seconds: float) -> Json:
    """By prefetch key what a system's FHIR server tells of the patient of a launch; nothing when it does not tell of
    that one."""
    hosts = (urlsplit(server).hostname or "",)
    prefetch = await fetch(ALL_KEYS, context, _Server(server, {"access_token": token}), hosts, seconds)
    patient = prefetch.get("patient")
    return prefetch if isinstance(patient, dict) and patient.get("id") == context["patientId"] else {}


class SmartReading:
    """``systems`` are the clients for which systems launch, by FHIR base URL."""

    def __init__(self, settings: Settings, access: Access, launched: Launched, watch: PanelWatch) -> None:
        self._seconds, self._access, self._launched, self._watch = settings.smart_seconds, access, launched, watch
        self._systems = {name.rstrip("/"): ours.system for name, ours in settings.smart_issuers.items()}
        self._looked_at: set[str] = set()
        self._reading: Counter[str] = Counter()
        self._rung: set[Touched] = set()
        self._swept = -_SWEEP_SECONDS

    def asked(self, launch: Launch) -> None:
        """Somebody looks at a panel: it is read again soon unless what it has is fresh. Waits for nothing."""
        if launch.told:
            self._looked_at.add(launch.told)

    async def keep_watch(self) -> None:
        """Look until cancelled; a database that is away is asked again."""
        async with asyncio.TaskGroup() as readings:
            while True:
                await asyncio.sleep(_LOOK_SECONDS)
                try:
                    await self._look(readings)
                except Exception as error:  # a database that is away must not end the watch
                    _log.error("panels not read again", extra={"error": type(error).__name__})

    async def _look(self, readings: asyncio.TaskGroup) -> None:
        """Sweep, ring, and begin to read what is due."""
        opened, looked_at = self._watch.launches(), self._looked_at
        self._looked_at = set()
        touched, due = await asyncio.to_thread(self._found, opened, looked_at)
        for one in touched - self._rung:
            self._ring(one)
        self._rung = touched
        for found in due:
            asked = found.id in looked_at
            if self._reading[found.server] < _AT_ONCE:
                self._reading[found.server] += 1
                readings.create_task(self._read(found, asked))
            elif asked:
                self._looked_at.add(found.id)

    def _found(self, opened: list[str], looked_at: set[str]) -> tuple[set[Touched], list[Due]]:
        store = self._launched
        with system(_SCOPE):
            if time.monotonic() - self._swept >= _SWEEP_SECONDS:
                store.sweep()
                self._swept = time.monotonic()
            touched = set(store.touched(opened, datetime.now(UTC) - _LATE)) if opened else set()
            return touched, store.due(opened, looked_at) if opened or looked_at else []

    def _ring(self, one: Touched) -> None:
        """Tell a launch's panels that there is something else to see, or as of when they show what they do."""
        self._watch.ring(one.id, _SOURCE)
        if one.changed == one.touched:
            self._watch.ring(one.id, RECORD)

    # -- reading -------------------------------------------------------------------------------

    async def _read(self, due: Due, looked_at: bool) -> None:
        try:
            claimed = await asyncio.to_thread(self._claimed, due, looked_at)
            if claimed is not None:
                context = claimed.told["context"]
                found = await read_patient(due.server, claimed.token, context, self._seconds)
                await asyncio.to_thread(self._store, claimed, {"context": context, "prefetch": found})
        except Exception as error:  # what the panel has stays; the next time it is tried again
            _log.error("panel not read again", extra={"error": type(error).__name__})
        finally:
            self._reading[due.server] -= 1

    def _claimed(self, due: Due, looked_at: bool) -> Claimed | None:
        """The launch, if it is ours to read and its system may still launch; else what it was lent goes."""
        with system(_SCOPE):
            try:
                self._access.client(self._systems[due.server], PERMISSION, "")
            except (KeyError, ApiError):
                self._launched.forget(due.id)
                return None
            return self._launched.claim(due.id, looked_at)

    def _store(self, claimed: Claimed, told: Json) -> None:
        with system(_SCOPE):
            if not _is_whole(claimed.told, told):
                self._launched.fail(claimed.id)
            else:
                new = None if _said(claimed.told) == _said(told) else told
                self._launched.renew(claimed.id, claimed.at, new)


def _is_whole(before: Json, told: Json) -> bool:
    """Whether it can be read, and nothing that was told before is withheld or late: times are not mixed."""
    if not before["prefetch"].keys() <= told["prefetch"].keys():
        return False
    try:
        of_panel(told, datetime.now(UTC))
    except ReadError:
        return False
    return True


def _said(told: Json) -> Json:
    """What is told of the patient, without what a server says of its answer."""
    return {key: _resources(part) for key, part in told["prefetch"].items()}


def _resources(part: Any) -> Any:
    is_list = isinstance(part, dict) and part.get("resourceType") == "Bundle"
    return [entry.get("resource") for entry in part.get("entry") or ()] if is_list else part
