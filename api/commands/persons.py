"""``yigong persons``: link all records in batch, show figures of the index."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated

import typer
from rich.table import Table

from api.bootstrap import key_ring, who_is_who
from api.terminal import ERR, OUT, Command, DataDir, as_json, bar, house
from base.tenancy import system
from clinical.coded import china_day
from records.identity_figures import Figures, Period, figures
from records.linkage import link


class Do(StrEnum):
    LINK = "link"
    FIGURES = "figures"


def persons(
    do: Annotated[
        Do, typer.Argument(help="link: find one person's records in batch; figures: show the index in numbers")
    ],
    since: Annotated[datetime | None, typer.Option(help="figures: first day, Chinese time")] = None,
    until: Annotated[datetime | None, typer.Option(help="figures: last day")] = None,
    period: Annotated[Period, typer.Option(help="figures: growth by day or month")] = Period.MONTH,
    json: Annotated[bool, typer.Option("--json", help="figures: as JSON")] = False,
    data_dir: DataDir = None,
) -> None:
    """The index of persons (主索引): batch linkage with splink, figures."""
    opened = house(data_dir)
    identity = who_is_who(opened, key_ring(opened))
    if do is Do.LINK:
        with bar("records read") as progress:
            try:
                done = link(identity, datetime.now(UTC), progress)
            except ImportError as error:
                ERR.print(f"[red]{error.name} is not installed: pip install 'yigong\\[link]'[/red]", highlight=False)
                raise typer.Exit(1) from None
        OUT.print(
            f"{done.records} records, {done.proposed} pairs proposed: {done.merged} joined, {done.asked} queued",
            highlight=False,
        )
        return
    first, last = (china_day(day) if day else None for day in (since, until))
    with system("figures of the index"), identity.engine.connect() as connection:
        found = figures(connection, first, last, period)
    if json:
        as_json(asdict(found))
    else:
        _show(found)


def _show(found: Figures) -> None:
    OUT.print(f"主索引 {found.persons}，档案 {found.records}，已合并 {found.merged}", highlight=False)
    grown = Table("时期", "新增主索引", "登记档案", "更新")
    for one in found.growth:
        grown.add_row(*(str(value) for value in (one.period, one.persons, one.records, one.updates)))
    rules = Table("动作", "规则", "次数")
    for hit in found.rules:
        rules.add_row(hit.act, hit.rule, str(hit.count))
    manual = Table("角色", "人工处理", "次数")
    for work in found.manual:
        manual.add_row(work.role or "—", work.act, str(work.count))
    for table in (grown, rules, manual):
        OUT.print(table)


COMMANDS = (Command("persons", persons),)
