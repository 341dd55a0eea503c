"""``yigong terms``: publish the shipped tables, take a code system or map from a file, propose maps, see the work."""

from __future__ import annotations

from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from api.bootstrap import House
from api.serving import Serving
from api.terminal import ERR, OUT, By, Command, DataDir, house
from api.terms_desk import TermsDesk
from base.tenancy import system
from knowledge.release import ReleaseError
from records.code_exchange import read_concepts
from records.code_systems import SUBJECTS, CodeSystem, TermError


class Do(StrEnum):
    STARTER = "starter"
    SYSTEMS = "systems"
    IMPORT = "import"
    ACTIVATE = "activate"
    PROPOSE = "propose"
    UNMAPPED = "unmapped"


def terms(
    do: Annotated[Do, typer.Argument(help="starter, systems, import, activate, propose or unmapped")],
    name: Annotated[str, typer.Argument(help="import, activate: id of the code system; propose: the source")] = "",
    file: Annotated[Path | None, typer.Option(help="import: .csv, .tsv or .xlsx with 编码 and 名称")] = None,
    version: Annotated[str, typer.Option(help="import, activate: version")] = "1",
    tenant: Annotated[str, typer.Option(help="institution; empty: the league")] = "",
    uri: Annotated[str, typer.Option(help="import: URI that codes are sent under, for a new code system")] = "",
    title: Annotated[str, typer.Option(help="import: title of a new code system")] = "",
    oid: Annotated[str, typer.Option(help="import: OID of a new code system")] = "",
    subject: Annotated[str, typer.Option(help=f"import: {', '.join(SUBJECTS)}")] = "other",
    standard: Annotated[bool, typer.Option(help="import: a standard, for all below")] = False,
    target: Annotated[str, typer.Option(help="propose: the standard, by id, URI or OID")] = "",
    by: By = "operator",
    data_dir: DataDir = None,
) -> None:
    """Terminology (术语与字典): code systems, maps, and codes that nobody mapped."""
    opened = house(data_dir)
    desk, home, now = _desk(opened, do), tenant or opened.settings.league, datetime.now(UTC)
    with system("command line"):
        try:
            if do is Do.STARTER:
                made = desk.starter(home, "yigong-content", by, now)
                OUT.print(f"{len(made)} code systems published", highlight=False)
            elif do is Do.SYSTEMS:
                _say_systems(desk, home)
            elif do is Do.IMPORT:
                owner = CodeSystem(home, name, uri, title, oid, "", standard, subject)
                _import(desk, owner, file, version, by, now)
            elif do is Do.ACTIVATE:
                found = desk.systems.activate(desk.systems.named(home, name), version, by, now)
                OUT.print(f"{found.system} {found.version}: {found.size} codes in use", highlight=False)
            elif do is Do.PROPOSE:
                items = desk.to_map(home, name)
                count = desk.propose(home, name, desk.systems.named(home, target), items, now)
                OUT.print(f"{len(items)} codes, {count} pairs proposed", highlight=False)
            else:
                _say_unmapped(desk, home)
        except TermError as error:
            ERR.print(f"[red]{error}[/red]", highlight=False)
            raise typer.Exit(1) from None


def _desk(opened: House, do: Do) -> TermsDesk:
    """With the knowledge of the release where maps are proposed and something is published."""
    serving = None
    if do is Do.PROPOSE:
        try:
            serving = Serving(opened.releases)
        except ReleaseError as error:
            ERR.print(f"proposing by names alone: {error}", highlight=False)
    return TermsDesk(opened.engine, opened.settings.league, serving)


def _import(desk: TermsDesk, owner: CodeSystem, file: Path | None, version: str, by: str, now: datetime) -> None:
    if file is None or not file.exists():
        raise typer.BadParameter("name a file that exists", param_hint="--file")
    known = [one for one in desk.systems.listed(owner.tenant) if (one.tenant, one.id) == (owner.tenant, owner.id)]
    kept = known[0] if known else desk.systems.register(owner, now)
    made = desk.systems.draft(kept, version, read_concepts(file), by, now, file.name)
    OUT.print(f"{made.system} {made.version}: {made.size} codes, a draft until activated", highlight=False)


def _say_systems(desk: TermsDesk, tenant: str) -> None:
    table = Table("编号", "名称", "机构", "OID", "类别", "启用版本", "编码数")
    for one in desk.systems.listed(tenant):
        active = next((v for v in desk.systems.versions(one) if v.state == "active"), None)
        told = (active.version, str(active.size)) if active else ("", "")
        table.add_row(one.id, one.title, one.tenant, one.oid, SUBJECTS[one.subject], *told)
    OUT.print(table)


def _say_unmapped(desk: TermsDesk, tenant: str) -> None:
    table = Table("机构", "编码系统", "编码", "名称", "位置", "次数", "最近")
    for one in desk.coder.work_list(tenant):
        table.add_row(one.tenant, one.system, one.code, one.display, one.place, str(one.seen), one.last)
    OUT.print(table)


COMMANDS = (Command("terms", terms),)
