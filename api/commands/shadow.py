"""``yigong shadow``: what a candidate release would change on recorded requests, before it is published."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from api.terminal import OUT, Command, DataDir, bar, house
from knowledge.snapshot import Snapshot
from supervision.shadow import ShadowReport, save

_SPAN = re.compile(r"^(\d+)([hdw])$")
_HOURS = {"h": 1, "d": 24, "w": 168}


def shadow(
    release: Annotated[
        str, typer.Option("--release", help="release to try; `draft`: all approved knowledge as it stands now")
    ] = "draft",
    since: Annotated[str, typer.Option(help="how far back: 12h, 7d, 4w")] = "7d",
    against: Annotated[str, typer.Option(help="release to compare with; empty: the one being served")] = "",
    limit: Annotated[int, typer.Option(help="at most so many requests, the newest")] = 20_000,
    out: Annotated[Path | None, typer.Option(help="write every difference to this .xlsx or .json file")] = None,
    data_dir: DataDir = None,
) -> None:
    """Ask recorded requests again of two releases: which alerts appear, vanish or change, by hospital and rule."""
    from api.shadowing import shadow_run  # the web framework: no other command waits for it

    with bar("影子运行") as advance:
        done = shadow_run(house(data_dir), release, against, _span(since), limit, advance.of, advance)
    _say(done.report, done.old, done.new)
    if out is not None:
        save(done.report, out)


def _span(text: str) -> timedelta:
    match = _SPAN.match(text)
    if not match:
        raise typer.BadParameter(f"{text!r}: write 12h, 7d or 4w", param_hint="--since")
    return timedelta(hours=int(match[1]) * _HOURS[match[2]])


def _say(report: ShadowReport, old: Snapshot, new: Snapshot) -> None:
    OUT.print(
        f"{report.requests} requests with {report.orders} orders asked of {old.release[:16]} and {new.release[:16]}; "
        f"{report.failed} could not be asked. Alerts per 100 orders: {report.rate(report.before):.1f} → "
        f"{report.rate(report.after):.1f}",
        highlight=False,
    )
    table = Table("hospital", "family", "rule", "appear", "vanish", "change", "example")
    for line in report.lines[:40]:
        counts = (str(line.appeared), str(line.vanished), str(line.changed))
        table.add_row(line.institution, line.family, line.rule, *counts, line.example)
    OUT.print(table)


COMMANDS = (Command("shadow", shadow),)
