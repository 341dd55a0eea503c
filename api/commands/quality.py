"""``yigong quality``: check a file before sending it, survey what was sent, see scores, write the report."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import orjson
import typer
from rich.table import Table

from api.bootstrap import House, key_ring
from api.quality_desk import SEVERITIES, QualityDesk
from api.terminal import ERR, OUT, Command, DataDir, bar, house
from base.tenancy import system
from records.quality import Context
from records.quality_figures import Asked
from records.quality_rules import DIMENSIONS
from records.quality_store import Query
from records.quality_tables import day_of, days_before
from records.store import Repository


class Do(StrEnum):
    RULES = "rules"
    CHECK = "check"
    SURVEY = "survey"
    SCORES = "scores"
    REPORT = "report"


def quality(
    do: Annotated[Do, typer.Argument(help="rules, check FILE, survey, scores, or report")],
    file: Annotated[
        Path | None, typer.Argument(help="check: a Bundle or resource (.json), or one a line (.ndjson)")
    ] = None,
    tenant: Annotated[str, typer.Option(help="institution; empty: the league, survey: all")] = "",
    since: Annotated[str, typer.Option(help="first day: 2026-11-01; empty: thirty days ago")] = "",
    until: Annotated[str, typer.Option(help="last day; empty: today")] = "",
    out: Annotated[Path | None, typer.Option(help="report: workbook to write (.xlsx)")] = None,
    data_dir: DataDir = None,
) -> None:
    """Data quality (数据质量). ``check`` ends with status 1 when a message would be refused."""
    desk = _desk(house(data_dir))
    with system("command line"):
        if do is Do.RULES:
            _say_rules(desk, tenant)
        elif do is Do.CHECK:
            _check(desk, file, tenant)
        elif do is Do.SURVEY:
            _survey(desk, tenant)
        else:
            today = day_of(datetime.now(UTC))
            asked = Asked(since or days_before(until or today, 29), until or today, (tenant,) if tenant else ())
            if do is Do.SCORES:
                _say_scores(desk, asked)
            else:
                path = out or Path(f"quality-{asked.until}.xlsx")
                path.write_bytes(desk.report(asked, Query(tenant=tenant)))
                OUT.print(f"{path} written", highlight=False)


def _desk(opened: House) -> QualityDesk:
    ring = key_ring(opened)
    return QualityDesk(opened.engine, ring, Repository(opened.engine, ring), opened.settings.league)


def _say_rules(desk: QualityDesk, tenant: str) -> None:
    table = Table("规则", "版本", "名称", "维度", "数据类型", "严重程度", "来源")
    for rule in desk.rules(tenant).values():
        severity = "关闭" if rule.off else SEVERITIES[rule.severity]
        table.add_row(
            rule.id, rule.version, rule.title, DIMENSIONS[rule.dimension], " ".join(rule.types), severity, rule.source
        )
    OUT.print(table)


def _check(desk: QualityDesk, file: Path | None, tenant: str) -> None:
    if file is None or not file.exists():
        raise typer.BadParameter("name a file that exists", param_hint="file")
    rules, now, refused, count = desk.standards.of(tenant or desk.league), datetime.now(UTC), 0, 0
    with bar(file.name) as advance:
        for number, resources in enumerate(_messages(file), start=1):
            checked = rules.check(resources, Context(tenant or desk.league, now))
            refused += checked.rejected
            count += 1
            advance(1)
            for fault in checked.faults:
                where = f"{number}: {fault.resource} {fault.path}".rstrip()
                OUT.print(f"{where} [{SEVERITIES[fault.severity]}] {fault.message} ({fault.rule})", markup=False)
    OUT.print(f"{count} messages, {refused} would be refused", highlight=False)
    raise typer.Exit(1 if refused else 0)


def _messages(file: Path) -> Iterator[list[dict[str, Any]]]:
    """Resources of each message: a line of .ndjson, or the whole file. Raises ``typer.BadParameter``."""
    whole = file.read_bytes()
    for number, text in enumerate(whole.splitlines() if file.suffix == ".ndjson" else [whole], start=1):
        if not text.strip():
            continue
        try:
            read = orjson.loads(text)
        except orjson.JSONDecodeError as error:
            raise typer.BadParameter(f"line {number} is no JSON: {error}", param_hint="file") from None
        if not isinstance(read, dict):
            raise typer.BadParameter(f"line {number} is no resource", param_hint="file")
        entries = read.get("entry") or [] if read.get("resourceType") == "Bundle" else [{"resource": read}]
        yield [entry["resource"] for entry in entries if isinstance(entry.get("resource"), dict)]


def _survey(desk: QualityDesk, tenant: str) -> None:
    wanted = [tenant] if tenant else desk.surveyor.institutions()
    table = Table("机构", "规则", "检查数", "问题数")
    with bar("全库检查", len(wanted)) as advance:
        for one in wanted:
            for rule, found in desk.surveyor.run(one, datetime.now(UTC)).items():
                table.add_row(one, rule, str(sum(found.checked.values())), str(len(found.failing)))
            advance(1)
    OUT.print(table)


def _say_scores(desk: QualityDesk, asked: Asked) -> None:
    found = desk.figures.ranking(asked, desk.rules().values())
    if not found:
        ERR.print(f"nothing was checked from {asked.since} to {asked.until}", highlight=False)
    table = Table("名次", "机构", "综合", *DIMENSIONS.values(), "数据量", "问题数")
    for one in found:
        each = ("" if (s := one.dimensions.get(d.value)) is None else f"{s:.2f}" for d in DIMENSIONS)
        table.add_row(str(one.rank), one.tenant, f"{one.score:.2f}", *each, str(one.resources), str(one.failed))
    OUT.print(table)


COMMANDS = (Command("quality", quality),)
