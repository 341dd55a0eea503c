"""The work of scheduled reports: what is due is begun, made and told. As many processes as you like may do it."""

from __future__ import annotations

import logging
from datetime import datetime
from typing import Final

from base.refusal import MissingError, RefusedError
from base.tenancy import system
from supervision.figures.periods import period_of
from supervision.operations.channels import Enclosed, Note, Outlets, deliver
from supervision.operations.policy import Mail
from supervision.operations.posting import attempt
from supervision.reports.letters import Letter, Letters
from supervision.reports.making import Maker
from supervision.reports.store import Reports, Run, State

_log = logging.getLogger(__name__)
_SCOPE: Final = "scheduled reports"
_GONE: Final = "定时报表或其渠道已删除"


def work(reports: Reports, maker: Maker, now: datetime) -> int:
    """Begin what is due, and make what waits: how many runs were tried."""
    with system(_SCOPE):
        reports.start_due(now)
        tried = 0
        while mine := reports.claim(now):
            for run in mine:
                _make(reports, maker, run, now)
                tried += 1
        return tried


def _make(reports: Reports, maker: Maker, run: Run, now: datetime) -> None:
    """One run; what goes wrong with it stops no other."""
    channels: list[str] = []
    try:
        schedule = reports.one(run.schedule)
        channels = [channel.label for channel in schedule.plan.channels]
        standing = reports.standing(run.schedule)
        made = maker.make(schedule.plan, schedule.tenant, period_of(run.period), standing)
        reports.finish(run, made, channels, now)
    except (RefusedError, MissingError) as error:
        reports.failed(run, str(error), channels, now)
    except Exception as error:  # a fault of ours or of the machine: tried again, the others are made
        _log.error("report not made", extra={"error": type(error).__name__})
        reports.failed(run, type(error).__name__, channels, now)


def post(reports: Reports, letters: Letters, outlets: Outlets, now: datetime) -> int:
    """Tell what is due to be told: how many letters."""
    with system(_SCOPE):
        mine = letters.claim(now)
        for letter in mine:
            _tell(reports, letters, letter, outlets, now)
        return len(mine)


def _tell(reports: Reports, letters: Letters, letter: Letter, outlets: Outlets, now: datetime) -> None:
    run = reports.run(letter.run)
    try:
        channel = reports.one(run.schedule).plan.channel(letter.channel)
    except MissingError:
        channel = None
    if channel is None:
        letters.given_up(letter, _GONE)
        return

    def told() -> None:
        file = reports.file(run.id) if isinstance(channel, Mail) and run.state is State.DONE else None
        deliver(channel, note_of(run, file), outlets)

    attempt(letters, letter, told, now)


def note_of(run: Run, file: Enclosed | None) -> Note:
    """What is said of a run."""
    said = run.text if run.state is not State.FAILED else f"【医共】{run.title}（{run.period}）生成失败。{run.error}"
    about = {"id": run.id, "tenant": run.tenant, "title": run.title, "period": run.period, "state": run.state.value}
    return Note(said, {"event": "report", "report": about}, f"report/{run.id}", file)
