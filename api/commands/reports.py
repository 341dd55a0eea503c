"""``yigong reports``: what is scheduled, what became of it, its files; what is due made once."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from api.bootstrap import House, key_ring
from api.indicator_desk import IndicatorDesk
from api.report_desk import ReportDesk
from api.terminal import ERR, OUT, By, Command, DataDir, house
from base.audit import Event, append
from base.refusal import MissingError
from base.tenancy import system


class Do(StrEnum):
    SCHEDULES = "schedules"
    RUNS = "runs"
    SAVE = "save"
    WORK = "work"


def reports(
    do: Annotated[Do, typer.Argument(help="schedules, runs, save RUN --out, work")],
    run: Annotated[str, typer.Argument(help="save: id of the run")] = "",
    out: Annotated[Path | None, typer.Option(help="save: file to write")] = None,
    who: By = "operator",
    data_dir: DataDir = None,
) -> None:
    """Scheduled reports (定时报表): list them and their runs, save a file, make and tell what is due.

    ``work`` also removes files that were kept long enough."""
    opened = house(data_dir)
    desk = ReportDesk(opened, key_ring(opened), IndicatorDesk(opened, key_ring(opened)))
    with system("yigong reports"):
        if do is Do.SCHEDULES:
            _schedules(desk)
        elif do is Do.RUNS:
            _runs(desk)
        elif do is Do.SAVE:
            append(opened.engine, [Event(who, "report.file", f"run/{run}"[:160])])
            _save(desk, run, out)
        else:
            _work(opened)


def _schedules(desk: ReportDesk) -> None:
    table = Table("id", "institution", "title", "every", "format", "due")
    for one in desk.reports.listed():
        plan = one.plan
        table.add_row(one.id, one.tenant, plan.title, plan.every, plan.format, one.due.isoformat()[:16])
    OUT.print(table)


def _runs(desk: ReportDesk) -> None:
    table = Table("id", "institution", "title", "period", "state", "attempts", "error")
    for one in desk.reports.history():
        table.add_row(one.id, one.tenant, one.title, one.period, one.state, str(one.attempts), one.error)
    OUT.print(table)


def _save(desk: ReportDesk, run: str, out: Path | None) -> None:
    try:
        title = desk.reports.run(run).title
    except MissingError as error:
        ERR.print(f"[red]{error}[/red]", highlight=False)
        raise typer.Exit(1) from None
    kept = desk.reports.file(run)
    if kept is None:
        ERR.print(f"{title}: no file", highlight=False)
        raise typer.Exit(1)
    path = out or Path(kept.name)
    path.write_bytes(kept.content)
    OUT.print(f"{path} written", highlight=False)


def _work(opened: House) -> None:
    from api.overseeing import web
    from api.reporting import Reporter

    with web() as client:
        reporter = Reporter(opened, key_ring(opened))
        tried, told = reporter.turn(client)
    OUT.print(f"{tried} runs, {told} letters, {reporter.prune()} old files removed", highlight=False)


COMMANDS = (Command("reports", reports),)
