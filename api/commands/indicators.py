"""``yigong indicators``: collect and load facts, sum them up, show and export figures."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import typer
from rich.table import Table

from api.bootstrap import key_ring
from api.indicator_desk import IndicatorDesk
from api.quality_desk import csv_lines
from api.terminal import ERR, OUT, By, Command, DataDir, bar, house
from base.audit import Event, append
from base.refusal import MissingError, RefusedError, TakenError
from base.tabular import workbook
from base.tenancy import TenancyError, tenant_path
from supervision.figures.answers import Each
from supervision.figures.indicator import Indicator, Theme
from supervision.figures.loads import load_file
from supervision.figures.periods import month_of, period_of
from supervision.figures.sums import Asked
from supervision.figures.tables import rows_of, sheets


class Do(StrEnum):
    COLLECT = "collect"
    REFRESH = "refresh"
    LOAD = "load"
    SHOW = "show"
    EXPORT = "export"


def indicators(
    do: Annotated[Do, typer.Argument(help="collect, refresh, load FACT --file, show NAME, export NAME")],
    name: Annotated[str, typer.Argument(help="load: a fact; show, export: an indicator or a theme")] = "",
    period: Annotated[str, typer.Option(help="2026, 2026-Q3, 2026-11 …; empty: the month before this")] = "",
    per: Annotated[str, typer.Option(help="dimensions by commas: county,department")] = "",
    tenant: Annotated[str, typer.Option(help="institution whose rows are loaded or asked for")] = "",
    file: Annotated[Path | None, typer.Option(help="load: .csv or .parquet")] = None,
    out: Annotated[Path | None, typer.Option(help="export: .xlsx or .csv to write")] = None,
    days: Annotated[int, typer.Option(help="collect: all of so many days again; 0: what changed")] = 0,
    who: By = "operator",
    data_dir: DataDir = None,
) -> None:
    """Indicators (监管指标): collect and load facts, sum them up, show and export figures."""
    opened = house(data_dir)
    desk = IndicatorDesk(opened, key_ring(opened))
    try:
        if do is Do.COLLECT:
            _collect(desk, days)
        elif do is Do.REFRESH:
            _refresh(desk)
        elif do is Do.LOAD:
            append(opened.engine, [Event(who, "indicator.load", f"fact/{name}", tenant=tenant)])
            _load(desk, name, tenant, file, who)
        else:
            asked = Asked(tuple(part for part in per.split(",") if part), tenants=(tenant,) if tenant else ())
            _answer(desk, do, name, period, asked, out)
    except (RefusedError, MissingError, TakenError, TenancyError) as error:
        ERR.print(f"[red]{error}[/red]", highlight=False)
        raise typer.Exit(1) from None


def _collect(desk: IndicatorDesk, days: int) -> None:
    with bar("归集") as advance:
        done = desk.collect(days, advance)
    OUT.print("another process is collecting" if done is None else f"{done} rows told", highlight=False)


def _refresh(desk: IndicatorDesk) -> None:
    with bar("月度汇总") as advance:
        done = desk.refresh(advance)
    OUT.print("another process is summing up" if done is None else f"{done} months summed up", highlight=False)


def _load(desk: IndicatorDesk, name: str, tenant: str, file: Path | None, who: str) -> None:
    if file is None or not file.exists():
        raise typer.BadParameter("name a file that exists", param_hint="--file")
    fact = desk.known.facts.get(name)
    if fact is None:
        raise typer.BadParameter(f"must be one of {', '.join(desk.known.facts)}", param_hint="name")
    done = load_file(desk.lake, fact, tenant_path(tenant), file, who)
    told = f"{done.received} rows, {done.replaced} of them in place of earlier ones, {done.removed} taken away"
    OUT.print(f"{name} of {tenant}: {told}", highlight=False)


def _chosen(desk: IndicatorDesk, name: str) -> list[Indicator]:
    """An indicator, or all of a theme. Raises ``MissingIndicatorError``."""
    return desk.known.of_theme(Theme(name)) if name in set(Theme) else [desk.known.indicator(name)]


def _answer(desk: IndicatorDesk, do: Do, name: str, period: str, asked: Asked, out: Path | None) -> None:
    chosen, called = _chosen(desk, name), desk.called()
    whole = period_of(period) if period else month_of(datetime.now(ZoneInfo("Asia/Shanghai")).date()).previous()
    told = desk.answers.ask(chosen, whole, asked, each=Each.WHOLE)
    by = desk.dimensions(chosen[0], asked.by)
    if do is Do.SHOW:
        _show([row for one in chosen for row in rows_of(one, told[one.name], by, called)])
        return
    path = out or Path(f"{name}-{whole}.xlsx")
    if path.suffix == ".csv":
        rows = (row for one in chosen for row in rows_of(one, told[one.name], by, called))
        path.write_bytes(b"".join(csv_lines(rows)))
    else:
        path.write_bytes(workbook(sheets(told, desk.known.indicators, by, called)))
    OUT.print(f"{path} written", highlight=False)


def _show(rows: list[dict[str, object]]) -> None:
    if not rows:
        ERR.print("nothing was told of that period", highlight=False)
        return
    told = [name for name in rows[0] if any(row[name] not in (None, "", 0) for row in rows)]
    table = Table(*told)
    for row in rows:
        table.add_row(*("" if row[name] is None else str(row[name]) for name in told))
    OUT.print(table)


COMMANDS = (Command("indicators", indicators),)
