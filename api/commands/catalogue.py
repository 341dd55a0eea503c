"""``yigong catalogue``: every rule of a release that can alert, with its source, as a workbook."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from api.cards import LABELS
from api.terminal import OUT, Command, DataDir, house
from base.plugins import discover
from base.tabular import write_workbook
from clinical.finding import Severity
from knowledge.model import Predicate, Standing, Statement
from knowledge.release import ReleaseError
from knowledge.snapshot import Snapshot
from knowledge.titles import STANDINGS
from rules.model import Family

_SAID_BY_COLUMN: Final = ("severity", "reason", "effect", "mechanism", "advice")


def catalogue(
    path: Annotated[Path, typer.Argument(help=".xlsx file to write")],
    release_id: Annotated[str, typer.Option("--release", help="release; empty: the one being served")] = "",
    secondary: Annotated[
        bool, typer.Option(help="with statements of secondary sources, which never interrupt")
    ] = False,
    data_dir: DataDir = None,
) -> None:
    """Write every rule of a release that can alert, with source, evidence and standing."""
    opened = house(data_dir)
    wanted = release_id or opened.releases.active()
    if not wanted:
        raise ReleaseError("nothing is published yet: run `yigong serve` or `yigong publish`")
    snapshot = opened.releases.open(wanted)
    sheets = dict(sheets_of(snapshot, secondary))
    write_workbook(path, sheets)
    OUT.print(f"{sum(map(len, sheets.values()))} rules in {len(sheets)} families written to {path}")


def sheets_of(snapshot: Snapshot, secondary: bool = False) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """(title, rows): all families; what each that reads statements reads, a table two of them read once; the authored
    rules. Rules that a family has in its code cite their source in each alert."""
    by_predicate: dict[Predicate, list[Statement]] = {}
    for s in snapshot.all_statements():
        if s.standing is Standing.UNREVIEWED or (s.standing is Standing.SECONDARY and not secondary):
            continue
        by_predicate.setdefault(s.predicate, []).append(s)
    families = discover("rules.families", "FAMILY", Family).values()
    yield "规则族", [_family(family, by_predicate) for family in families]
    told: set[Predicate] = set()
    for family in families:
        rows = [_row(s, snapshot) for p in family.reads if p not in told for s in by_predicate.get(p, ())]
        told |= set(family.reads)
        if rows:
            yield family.title[:31], rows
    yield "机构规则", [_authored(rule, snapshot) for rule in snapshot.rules]


def _family(family: Family, by_predicate: Mapping[Predicate, Sequence[Statement]]) -> dict[str, Any]:
    return {
        "规则族": family.name,
        "名称": family.title,
        "依据的知识": "、".join(sorted(family.reads)) or "机构自写规则",
        "知识条数": sum(len(by_predicate.get(predicate, ())) for predicate in family.reads),
        "说明文档": f"docs/rules/{family.name}.md",
    }


def _row(s: Statement, snapshot: Snapshot) -> dict[str, Any]:
    q = s.qualifiers
    rest = {k: v for k, v in q.items() if k not in _SAID_BY_COLUMN}
    return {
        "规则编号": s.id,
        "版本": s.revision,
        "对象": snapshot.name(s.subject),
        "相关": snapshot.name(s.object) if s.object else "",
        "严重程度": LABELS[Severity(q["severity"])] if q.get("severity") in set(Severity) else "",
        "原因": "；".join(str(q[k]) for k in ("effect", "mechanism", "reason") if q.get(k)),
        "建议": q.get("advice", ""),
        "条件": "；".join(f"{k}={_said(v)}" for k, v in sorted(rest.items())),
        "来源": "；".join(_cited(snapshot, c.source, c.section) for c in s.citations),
        "证据": s.evidence,
        "状态": STANDINGS[s.standing],
        "审核人": s.reviewer,
    }


def _authored(rule: Any, snapshot: Snapshot) -> dict[str, Any]:
    return {
        "规则编号": rule.id,
        "版本": rule.revision,
        "对象": rule.title,
        "相关": "",
        "严重程度": LABELS[Severity(rule.severity)],
        "原因": rule.message,
        "建议": rule.advice,
        "条件": rule.condition,
        "来源": "；".join(_cited(snapshot, c.source, c.section) for c in rule.citations),
        "证据": rule.evidence,
        "状态": STANDINGS[rule.standing],
        "审核人": rule.reviewer,
    }


def _said(value: Any) -> str:
    return "、".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


def _cited(snapshot: Snapshot, source: str, section: str) -> str:
    known = snapshot.source(source)
    title = f"《{known.title}》" if known else source
    return f"{title}{known.edition or known.year or '' if known else ''}{section}"


COMMANDS = (Command("catalogue", catalogue),)
