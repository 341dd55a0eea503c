"""Scheduled reports made and told again and again, beside the workers of the exchange."""

from __future__ import annotations

import logging
import threading
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from api.bootstrap import House
from api.indicator_desk import IndicatorDesk
from api.overseeing import outlets, web
from api.report_desk import ReportDesk
from base.audit import Event, append
from base.keyring import KeyRing
from base.tenancy import system
from supervision.reports.store import Pruned

if TYPE_CHECKING:
    from httpx import Client

_log = logging.getLogger(__name__)
_SECONDS: Final = 5.0
_PRUNE_SECONDS: Final = 86_400.0
_SCOPE: Final = "files of reports are kept so long"


class Reporter:
    """Makes and tells what is due; as many as you like, in as many processes as you like."""

    def __init__(self, house: House, ring: KeyRing) -> None:
        self._house, self._desk = house, ReportDesk(house, ring, IndicatorDesk(house, ring))
        self._pruned = float("-inf")

    def run(self, stop: threading.Event) -> None:
        """Work until told to stop. A database that is away is waited for."""
        with web() as client:
            while not stop.wait(_SECONDS):
                try:
                    self.turn(client)
                    if time.monotonic() - self._pruned >= _PRUNE_SECONDS:
                        self._pruned = time.monotonic()
                        self.prune()
                except Exception as error:  # it must outlive whatever it meets
                    _log.error("reports not made, trying again", extra={"error": type(error).__name__})

    def turn(self, client: Client, now: datetime | None = None) -> tuple[int, int]:
        """Make and tell what is due once: how many runs were tried, how many letters were sent or not taken."""
        from supervision.reports.working import post, work

        at, desk = now or datetime.now(UTC), self._desk
        tried = work(desk.reports, desk.maker(), at)
        return tried, post(desk.reports, desk.letters, outlets(self._house, client), at)

    def prune(self, now: datetime | None = None) -> int:
        """Remove files that were kept long enough, which the audit records: how many."""
        with system(_SCOPE):
            gone = self._desk.reports.prune(now or datetime.now(UTC), self._desk.keep_days)
        if gone:
            append(self._house.engine, [_pruned(one) for one in gone])
        return sum(one.files for one in gone)


def _pruned(one: Pruned) -> Event:
    return Event("system", "report.file.prune", f"schedule/{one.schedule}", one.tenant, detail={"files": one.files})
