"""The generated tables of record QC: checks and national indicators, from their declarations."""

from __future__ import annotations

from collections.abc import Iterator

from supervision.record_qc import page_items
from supervision.record_qc.engine import checks
from supervision.record_qc.model import Check, Group
from supervision.record_qc.national import INDICATORS


def checks_table() -> Iterator[str]:
    """Every check by the part of a record that it is about."""
    known = checks().values()
    yield f"{len(known)} checks.\n"
    for group in Group:
        chosen = sorted((check for check in known if check.group is group), key=lambda check: check.name)
        if chosen:
            yield f"### {group.value}\n\n| check | 缺陷 | 维度 | 程度 | 扣分 | 否决 | 来源 |\n|---|---|---|---|---|---|---|"
            yield from map(_check, chosen)
            yield ""


def _check(check: Check) -> str:
    points = f"{check.points:g}" if check.most is None else f"{check.points:g}（最多 {check.most:g}）"
    veto = check.veto.value if check.veto else ""
    told = (f"`{check.name}`", check.title, check.aspect.value, check.severity.value, points, veto, check.source)
    return "| " + " | ".join(one.replace("|", "\\|") for one in told) + " |"


def national_table() -> Iterator[str]:
    """The national indicators."""
    yield "| 序号 | indicator | 名称 | 分子 | 分母 | 单位 | 来自 |\n|---|---|---|---|---|---|---|"
    for one in INDICATORS:
        told = (
            str(one.number),
            f"`{one.name}`",
            one.title,
            one.numerator,
            one.denominator,
            one.unit,
            one.basis.value,
        )
        yield "| " + " | ".join(told) + " |"


def items_table() -> Iterator[str]:
    """The items of the front page that checks read."""
    yield "| 项目 | 其他名称 | 选项 |\n|---|---|---|"
    for item in page_items.ITEMS:
        options = "；".join(f"{option[0]} {option[1]}" for option in item.options)
        yield f"| {item.name} | {'、'.join(item.others)} | {options} |"
