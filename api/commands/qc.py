"""``yigong qc``: check records of a file or the visits that were sent, and keep the reports."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from api.bootstrap import House, key_ring
from api.errors import ApiError, moment_of
from api.terminal import ERR, OUT, Command, DataDir, bar, house
from base.tenancy import system
from exchange.fhir.shapes import ReadError
from knowledge.snapshot import Snapshot

if TYPE_CHECKING:
    from api.record_qc_desk import RecordQcDesk, Result
    from api.record_runs import Job, Tally


def qc(
    path: Annotated[
        Path | None, typer.Argument(help="a record as JSON (POST /api/v1/qc/records), or one a line (.ndjson)")
    ] = None,
    stored: Annotated[bool, typer.Option("--stored", help="the visits that were sent; keeps the reports")] = False,
    keep: Annotated[bool, typer.Option("--keep", help="keep the reports of a file")] = False,
    tenant: Annotated[str, typer.Option(help="institution; empty: the league, --stored: all")] = "",
    since: Annotated[str, typer.Option(help="--stored: visits that began on this day or later: 2026-11-01")] = "",
    until: Annotated[str, typer.Option(help="--stored: first day that no longer counts")] = "",
    anew: Annotated[bool, typer.Option("--anew", help="begin anew, not where the last run was stopped")] = False,
    data_dir: DataDir = None,
) -> None:
    """Record quality control (病历质控). A run that was stopped goes on where it was."""
    from api.record_runs import Mark, of_file, of_visits, run

    if (path is None) != stored or (path is not None and not path.exists()):
        raise typer.BadParameter("name a file that exists, or --stored", param_hint="path")
    opened = house(data_dir)
    desk = _desk(opened)
    named = "--stored" if path is None else str(path.resolve())
    mark = Mark(opened.settings.data_dir / "qc", f"{named} {tenant} {since} {until} {keep}")
    if anew:
        mark.clear()
    try:
        with system("command line"), bar("病历质控") as advance:
            if path is not None:
                jobs = of_file(path, tenant or opened.settings.league, mark.place)
            else:
                jobs = of_visits(desk, tenant, moment_of(since, "since"), moment_of(until, "until"), mark.place)
            tally = run(desk, jobs, keep or stored, mark, "yigong qc", _after(path is not None, advance))
    except (ApiError, ReadError) as error:
        ERR.print(f"[red]{error.path}: {error.message}[/red]", highlight=False)
        raise typer.Exit(1) from None
    _summary(tally, desk)


def _desk(opened: House) -> RecordQcDesk:
    from api.record_qc_desk import RecordQcDesk

    active = opened.releases.active()
    if not active:
        ERR.print("no release is published: what texts mean is not known (yigong publish)", highlight=False)
    release: Snapshot | None = opened.releases.open(active) if active else None
    return RecordQcDesk(opened.engine, key_ring(opened), opened.settings.league, lambda: release)


def _after(told: bool, advance: Callable[[int], None]) -> Callable[[Job, Result], None]:
    """Advances the bar; tells what was found of each record where the file is the user's own."""

    def after(job: Job, made: Result) -> None:
        advance(1)
        if not told:
            return
        for check, defect in made.examined.examination.defects():
            where = " ".join(filter(None, (job.record.id, defect.place.document, defect.place.section)))
            OUT.print(f"{where} [{check.severity.value}] {defect.says} ({check.name})", markup=False)

    return after


def _summary(tally: Tally, desk: RecordQcDesk) -> None:
    grades = "，".join(f"{grade} {count}" for grade, count in sorted(tally.grades.items()))
    OUT.print(f"{tally.records} records, {tally.new} new reports: {grades}", highlight=False)
    table = Table("检查", "名称", "缺陷数")
    for name, count in tally.defects.most_common(20):
        table.add_row(name, desk.checks[name].title, str(count))
    if tally.defects:
        OUT.print(table)
    for name, count in tally.faults.items():
        ERR.print(f"[red]check {name} failed on {count} records[/red]", highlight=False)
    for refused in tally.refused:
        ERR.print(f"[red]{refused}[/red]", highlight=False)


COMMANDS = (Command("qc", qc),)
