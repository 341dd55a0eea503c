"""``yigong audit``: is the record of who did what sound, what is in it, sign it, remove what is too old."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Annotated

import typer
from rich.table import Table

from api.terminal import ERR, OUT, Command, DataDir, house
from base import audit as record
from clinical.coded import zoned


class Act(StrEnum):
    """What to do with the record."""

    VERIFY = "verify"
    SEARCH = "search"
    ANCHOR = "anchor"
    PRUNE = "prune"


def audit(
    act: Annotated[Act, typer.Argument(help="verify, search, anchor or prune")],
    actor: Annotated[str, typer.Option(help="search: who")] = "",
    did: Annotated[str, typer.Option(help="search: what, with all that is below it (http, release.publish)")] = "",
    subject: Annotated[str, typer.Option(help="search: to whom or what")] = "",
    since: Annotated[datetime | None, typer.Option(help="search: from this time on")] = None,
    limit: Annotated[int, typer.Option(help="search: at most so many, the newest")] = 200,
    days: Annotated[int, typer.Option(help="prune: remove what is older, at least 365")] = 1095,
    data_dir: DataDir = None,
) -> None:
    """Verify, search, sign or prune the record of who did what. ``verify`` ends with status 1 on any fault."""
    opened = house(data_dir)
    file = opened.settings.anchors_file
    if act is Act.VERIFY:
        found = list(record.faults(opened.engine, (opened.key.public, *opened.settings.trusted_keys), file))
        for fault in found:
            ERR.print(f"event {fault.number}: {fault.what}", highlight=False)
        OUT.print("the record is not sound" if found else "the record is sound")
        raise typer.Exit(1 if found else 0)
    if act is Act.ANCHOR:
        made = record.anchor(opened.engine, opened.key, file)
        OUT.print("nothing new to sign" if made is None else f"signed up to event {made.number}")
    elif act is Act.PRUNE:
        record.anchor(opened.engine, opened.key, file)
        OUT.print(f"{record.prune(opened.engine, days)} events removed")
    else:
        begin = None if since is None else zoned(since)
        _show(record.search(opened.engine, actor=actor, act=did, subject=subject, since=begin, limit=limit))


def _show(found: list[dict[str, object]]) -> None:
    columns = ("number", "at", "actor", "act", "subject", "source", "why", "detail")
    table = Table(*columns)
    for event in found:
        table.add_row(*(str(event[column]) for column in columns))
    OUT.print(table)


COMMANDS = (Command("audit", audit),)
