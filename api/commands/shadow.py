"""``yigong shadow``: what a candidate release would change on recorded requests, before it is published."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from api.gates import GATES
from api.serving import Served
from api.terminal import OUT, Command, DataDir, bar, house
from knowledge.release import candidate
from knowledge.snapshot import Snapshot
from records.journal import Entry
from supervision.shadow import Answer, ShadowReport, compare, save

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
    from api.app import build  # the web framework: no other command waits for it
    from api.replay import again

    opened = house(data_dir)
    reviewer = build(opened).state.front.reviewer
    draft = opened.settings.data_dir / "shadow.ygr"
    if release == "draft":
        candidate(opened.store, draft, GATES)
        new = Served.of(Snapshot(draft, "draft"))
    else:
        new = Served.of(opened.releases.open(release))
    old = Served.of(opened.releases.open(against)) if against else reviewer.serving.now
    ids = reviewer.journal.since(datetime.now(UTC) - _span(since), limit)

    def ask(entry: Entry, served: Served) -> Answer:
        reviewed = again(reviewer, entry, served)
        return Answer(reviewed.institution, reviewed.review.findings, len(reviewed.orders))

    with bar("影子运行", len(ids)) as advance:
        report = compare(ids, reviewer.journal.entry, lambda e: ask(e, old), lambda e: ask(e, new), advance)
    draft.unlink(missing_ok=True)
    _say(report, old.snapshot, new.snapshot)
    if out is not None:
        save(report, out)


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
