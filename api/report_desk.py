"""Scheduled reports as a service: what routes, the command line and the thread that makes them share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from api.bootstrap import House
from api.indicator_desk import IndicatorDesk
from base.keyring import KeyRing
from supervision.reports.letters import Letter, Letters
from supervision.reports.plan import CONTENTS, EVERY, FORMATS
from supervision.reports.store import STATES, Reports, Run, Schedule

if TYPE_CHECKING:
    from supervision.figures.tables import Name
    from supervision.reports.making import Maker


class ReportDesk:
    """Schedules, runs and what they are made with."""

    def __init__(self, house: House, ring: KeyRing, indicators: IndicatorDesk) -> None:
        self.league, self.hosts = house.settings.league, house.settings.webhook_hosts
        self.keep_days = house.settings.report_keep_days
        self.reports, self.letters = Reports(house.engine, ring), Letters(house.engine)
        self._indicators = indicators

    def called(self) -> Name:
        """What institutions are called now."""
        return self._indicators.called()

    def maker(self) -> Maker:
        """What makes reports."""
        from supervision.reports.making import Maker

        desk = self._indicators
        return Maker(desk.answers, desk.lines, desk.datasets, self.called())


def schedule_json(one: Schedule, called: Name, *, whole: bool) -> dict[str, Any]:
    """A schedule; how staff are reached (``whole``) is shown to whoever may change it."""
    plan = msgspec.to_builtins(one.plan)
    if not whole:
        plan["channels"] = [channel.label for channel in one.plan.channels]
    titles = {"every": EVERY[one.plan.every], "content": CONTENTS[one.plan.content]}
    titles |= {"format": FORMATS[one.plan.format]}
    told = {"id": one.id, "tenant": one.tenant, "plan": plan, "titles": titles, "due": one.due.isoformat()}
    return told | {"institution": called(one.tenant), "author": one.author, "at": one.at.isoformat()}


def run_json(run: Run, called: Name) -> dict[str, Any]:
    """A run; ``next`` is when it is tried again, ``file`` what can be downloaded."""
    parts = ("id", "tenant", "schedule", "title", "period", "file")
    told: dict[str, Any] = {name: getattr(run, name) for name in parts}
    told |= {"institution": called(run.tenant), "state": run.state.value, "stateTitle": STATES[run.state]}
    told |= {"due": run.due.isoformat()}
    told |= {"next": run.next and run.next.isoformat(), "ended": run.ended and run.ended.isoformat()}
    return told | {"attempts": run.attempts, "text": run.text, "error": run.error}


def letter_json(letter: Letter) -> dict[str, Any]:
    """What became of telling a run by a channel."""
    state = "sent" if letter.sent else "waiting" if letter.due else "failed"
    told = {"channel": letter.channel, "state": state, "attempts": letter.attempts, "error": letter.error}
    return told | {"sent": letter.sent and letter.sent.isoformat()}
