"""``yigong comments``: draw prescriptions to comment on, see what came of it, write the workbook."""

from __future__ import annotations

from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from api.terminal import ERR, OUT, By, Command, DataDir, house
from records.comment_items import Round
from records.sampling import PRESCRIPTIONS, CommentError, Method, Plan, Source
from supervision.comments import Results

if TYPE_CHECKING:
    from api.comments import CommentDesk


class Do(StrEnum):
    SAMPLE = "sample"
    RESULTS = "results"
    EXPORT = "export"


def comments(
    do: Annotated[Do, typer.Argument(help="sample: draw a round; results: show them; export: write the .xlsx")],
    round_id: Annotated[str, typer.Argument(metavar="[ROUND]", help="for results and export; empty: newest")] = "",
    name: Annotated[str, typer.Option(help="name of the round")] = "",
    kind: Annotated[str, typer.Option(help="普通处方, 医嘱, 围手术期, 抗菌药物 …")] = PRESCRIPTIONS,
    since: Annotated[str, typer.Option(help="first day, Chinese time: 2026-11-01")] = "",
    until: Annotated[str, typer.Option(help="first day that no longer counts: 2026-12-01")] = "",
    source: Annotated[Source, typer.Option(help="the queue, or signed orders of CDS Hooks")] = Source.SUBMITTED,
    method: Annotated[Method, typer.Option(help="simple random, or some of every stratum")] = Method.RANDOM,
    size: Annotated[int, typer.Option(help="how many; 0: --permille, else the least the norm asks")] = 0,
    permille: Annotated[float, typer.Option(help="‰ of what may be drawn")] = 0,
    least: Annotated[int, typer.Option(help="at least so many of every stratum")] = 1,
    institution: Annotated[list[str] | None, typer.Option(help="may be given several times")] = None,
    department: Annotated[str, typer.Option()] = "",
    drug: Annotated[list[str] | None, typer.Option(help="drug or class of a special; several times")] = None,
    reviewer: Annotated[list[str] | None, typer.Option(help="receives items in turn; several times")] = None,
    seed: Annotated[str, typer.Option(help="draw the same again")] = "",
    out: Annotated[Path | None, typer.Option(help="workbook that export writes (.xlsx)")] = None,
    by: By = "operator",
    data_dir: DataDir = None,
) -> None:
    """Prescription comment (处方点评): draw a sample, show or write its results."""
    from api.app import build  # the web framework: no other command waits for it
    from api.errors import ApiError
    from api.routes.comments import moment

    desk: CommentDesk = build(house(data_dir)).state.office.comments
    try:
        if do is Do.SAMPLE:
            plan = Plan(
                name=name or f"{since} {kind}点评",
                by=by,
                since=moment(since, "since"),
                until=moment(until, "until"),
                kind=kind,
                source=source,
                method=method,
                institutions=tuple(institution or ()),
                department=department,
                size=size or None,
                permille=permille or None,
                least=least,
                seed=seed,
                reviewers=tuple(reviewer or ()),
            )
            _say_drawn(desk.sample(plan, drug or (), datetime.now(UTC)))
        elif do is Do.RESULTS:
            _say_results(desk.results(round_id or _newest(desk)))
        else:
            _export(desk, round_id or _newest(desk), out)
    except (ApiError, CommentError) as error:
        where = f"{error.path}: " if isinstance(error, ApiError) and error.path else ""
        ERR.print(f"[red]{where}{error}[/red]", highlight=False)
        raise typer.Exit(1) from None


def _newest(desk: CommentDesk) -> str:
    found = desk.comments.rounds(1)
    if not found:
        raise CommentError("还没有点评抽样，请先运行 yigong comments sample")
    return found[0].id


def _export(desk: CommentDesk, round_id: str, out: Path | None) -> None:
    path = out or Path(f"comments-{round_id[:8]}.xlsx")
    path.write_bytes(desk.results_book(round_id))
    OUT.print(f"{path} written", highlight=False)


def _say_drawn(found: Round) -> None:
    unread = f", {found.unreadable} could not be read" if found.unreadable else ""
    OUT.print(
        f"{found.id}: {found.sampled} of {found.population} prescriptions drawn, seed {found.seed}{unread}",
        highlight=False,
        soft_wrap=True,
    )


def _say_results(found: Results) -> None:
    whole = found.whole
    share = "" if whole.share is None else f", {100 * whole.share:.1f}% 合理"
    OUT.print(f"{found.round.name}: {whole.sampled} sampled, {whole.judged} judged{share}", highlight=False)
    table = Table("代号", "指标", "数值", "单位", "说明")
    for one in found.indicators:
        table.add_row(one.letter, one.title, "" if one.value is None else f"{one.value:g}", one.unit, one.note)
    OUT.print(table)
    table = Table("代码", "问题", "处方数")
    for line in found.codes:
        table.add_row(line.code, line.title, str(line.prescriptions))
    OUT.print(table)


COMMANDS = (Command("comments", comments),)
