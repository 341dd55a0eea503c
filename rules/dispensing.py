"""What happens to a reviewed prescription: pass, pass with notice, or stop for a pharmacist.

Data like the rest of policy (``dispensing`` of a tenant's policy file). No setting lets a contraindicated
prescription pass by itself, neither at once nor because nobody answered in time.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, time, timedelta
from enum import StrEnum
from typing import Literal

import msgspec

from clinical.coded import CHINA
from clinical.finding import Finding, Review, Severity


class Outcome(StrEnum):
    """Of the automatic review."""

    PASS = "pass"
    NOTICE = "pass-with-notice"
    STOP = "intercept"


class Stop(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Least severity that is stopped, of a rule or a family and at institutions (empty: all). ``rule`` is the id that
    alerts and figures tell."""

    least: Severity
    rule: str = ""
    family: str = ""
    institutions: tuple[str, ...] = ()


class Hours(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """When pharmacists review (local time, ``days`` 1 = Monday). Outside, ``mode`` says what a stopped
    prescription does: wait for the ``league`` pharmacist on duty, or follow the ``fallback`` at once."""

    start: time = time(0)
    end: time = time(23, 59, 59)
    days: tuple[int, ...] = (1, 2, 3, 4, 5, 6, 7)
    mode: Literal["league", "fallback"] = "league"

    def open_at(self, now: datetime) -> bool:
        """Whether pharmacists are at work."""
        local = now.astimezone(CHINA)
        return local.isoweekday() in self.days and self.start <= local.time() <= self.end


class Dispensing(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How one tenant runs pre-dispensing review. Minutes a prescription waits for a pharmacist; what then
    happens to those that are not contraindicated (``release`` with notice, or ``hold``); hours a returned
    one waits for its prescriber."""

    stops: tuple[Stop, ...] = (Stop(Severity.MAJOR),)
    stop_incomplete: tuple[str, ...] = ()
    wait_minutes: float = 10
    urgent_minutes: float = 3
    fallback: Literal["release", "hold"] = "hold"
    returned_hours: float = 24
    hours: Hours = Hours()

    def route(self, review: Review, institution: str) -> tuple[Outcome, frozenset[Finding]]:
        """What the review comes to, and the findings that stop it. A family named in ``stop_incomplete``
        stops the prescription when it could not be checked, and a rule that failed always does."""
        stopping = frozenset(f for f in review.findings if self._stops(f, institution))
        unchecked = any(gap.family in self.stop_incomplete for gap in review.gaps)
        if stopping or unchecked or review.faults:
            return Outcome.STOP, stopping
        worth_saying = any(f.severity.rank >= Severity.MINOR.rank for f in review.findings)
        return (Outcome.NOTICE if worth_saying else Outcome.PASS), frozenset()

    def _stops(self, finding: Finding, institution: str) -> bool:
        if finding.severity is Severity.CONTRAINDICATED or finding.never:
            return True
        return finding.interruptive and finding.severity.rank >= self._least(finding, institution)

    def _least(self, finding: Finding, institution: str) -> int:
        """The most specific line that fits: of a rule, of a family, of institutions, of all."""
        fitting = [
            stop
            for stop in self.stops
            if stop.rule in ("", finding.rule_id)
            and stop.family in ("", finding.family)
            and (not stop.institutions or institution in stop.institutions)
        ]
        if not fitting:
            return Severity.CONTRAINDICATED.rank
        return max(fitting, key=lambda s: (bool(s.rule), bool(s.family), bool(s.institutions))).least.rank

    def due(self, now: datetime, urgent: bool) -> datetime:
        """Until when a stopped prescription may wait; at once where out of hours says so."""
        if not self.hours.open_at(now) and self.hours.mode == "fallback":
            return now
        return now + timedelta(minutes=self.urgent_minutes if urgent else self.wait_minutes)


def worst(findings: Iterable[Finding]) -> str:
    """The worst severity among findings; empty without any."""
    found = max(findings, key=lambda f: f.severity.rank, default=None)
    return found.severity.value if found else ""
