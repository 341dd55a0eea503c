"""Writes the parts of the documentation that the code knows best: tables, settings, commands, families,
the condition language, states, and the clinical cases. ``make docs``; a test fails when they are stale."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import typer.main
import yaml
from click import Group as ClickGroup
from msgspec.structs import fields

from api.cli import app
from api.metrics import DECLARED
from base.plugins import discover
from base.settings import Settings
from docs.render_qc import checks_table, items_table, national_table
from exchange.fhir.services import SERVICES
from exchange.tables._templates import TEMPLATES
from knowledge.tables import TABLES, Column
from rules.language import FIELDS, FUNCTIONS, STATES
from rules.model import Family
from supervision.figures.catalogue import catalogue
from supervision.figures.fact import Fact, Kind
from supervision.figures.indicator import DIRECTIONS, THEMES, Indicator
from supervision.operations.conditions import CONDITIONS
from supervision.operations.policy import DEFAULT, SEVERITIES, Limits

FOLDER = Path(__file__).parent
CASES = FOLDER.parent / "tests" / "cases"


def pages() -> dict[Path, str]:
    """Every generated page with its text."""
    made = {
        FOLDER / "connected-systems.md": _filled(
            "connected-systems.md", {"conditions": _conditions, "metrics": _metrics}
        ),
        FOLDER / "exchange.md": _filled("exchange.md", {"services": _services, "templates": _templates}),
        FOLDER / "indicators.md": _filled("indicators.md", {"indicators": _indicators, "facts": _facts}),
        FOLDER / "load-your-formulary.md": _filled("load-your-formulary.md", {"tables": _tables}),
        FOLDER / "operations.md": _filled("operations.md", {"settings": _settings, "commands": _commands}),
        FOLDER / "record-qc-checks.md": _filled(
            "record-qc-checks.md", {"qc-checks": checks_table, "qc-items": items_table, "qc-national": national_table}
        ),
        FOLDER / "rules.md": _filled(
            "rules.md",
            {"families": _families, "fields": _fields, "functions": _functions, "states": _states},
        ),
    }
    for path in sorted(CASES.glob("*.yaml")):
        document = yaml.safe_load(path.read_text("utf-8"))
        made[FOLDER / "rules" / f"{document['family']}.md"] = "\n".join(_cases(document)) + "\n"
    return made


def main() -> None:
    """Write what changed."""
    (FOLDER / "rules").mkdir(exist_ok=True)
    for path, text in pages().items():
        if not path.exists() or path.read_text("utf-8") != text:
            path.write_text(text, "utf-8")
            print(f"written: {path.relative_to(FOLDER.parent)}")


def _filled(name: str, parts: dict[str, Callable[[], Iterator[str]]]) -> str:
    text = (FOLDER / name).read_text("utf-8")
    for mark, lines in parts.items():
        pattern = rf"<!-- {mark} -->(?:.*?<!-- /{mark} -->)?"
        filled = "\n".join((f"<!-- {mark} -->", *lines(), f"<!-- /{mark} -->"))
        text = re.sub(pattern, lambda _, filled=filled: filled, text, flags=re.S)
    return text


def _services() -> Iterator[str]:
    yield "| 序号 | 服务 | call |\n|---|---|---|"
    yield from (f"| {s.number} | {s.name} | `{s.call()}` |" for s in SERVICES)


def _templates() -> Iterator[str]:
    yield "| template | rows of | columns (required in bold) |\n|---|---|---|"
    for name, template in TEMPLATES.items():
        columns = "、".join(f"**{c.heading}**" if c.required else c.heading for c in template.columns)
        yield f"| `{name}` | {template.title} | {columns} |"


def _indicators() -> Iterator[str]:
    for theme, title in THEMES.items():
        chosen = catalogue().of_theme(theme)
        if chosen:
            yield f"### {title} (`{theme.value}`)\n\n| indicator | 名称 | 公式 | 单位 | 方向 | 来源 | 未知 |\n|---|---|---|---|---|---|---|"
            yield from map(_indicator, chosen)
            yield ""


def _indicator(one: Indicator) -> str:
    lines = "–".join(f"{line:g}" for line in one.limits if line is not None)
    told = f"{DIRECTIONS[one.direction]}，预警线 {lines}" if lines else DIRECTIONS[one.direction]
    return f"| `{one.name}` | {one.title} | {one.formula} | {one.unit} | {told} | {one.source} | {one.unknown} |"


def _facts() -> Iterator[str]:
    for fact in catalogue().facts.values():
        kind = "event" if fact.kind is Kind.EVENT else "stock"
        yield f"### {fact.title} (`{fact.name}`, {kind})\n\n{fact.about}。\n"
        yield f"Monthly sums keep apart: {', '.join(f'`{name}`' for name in fact.cube) or 'institutions only'}.\n"
        yield "| column | 列 | type |\n|---|---|---|"
        yield from _fact_columns(fact)
        yield ""


def _fact_columns(fact: Fact) -> Iterator[str]:
    for column in fact.given.values():
        name = f"**`{column.name}`**" if column.required else f"`{column.name}`"
        codes = "、".join(f"{title}（`{code}`）" for code, title in column.choices.items())
        yield f"| {name} | {column.title} | {codes or column.type.value} |"


def _conditions() -> Iterator[str]:
    yield "| condition | 名称 | 严重程度 | limit | by default |\n|---|---|---|---|---|"
    names = {field.name: field.encode_name for field in fields(Limits)}
    for one in CONDITIONS.values():
        limit = getattr(DEFAULT.limits, one.limit)
        yield f"| `{one.name}` | {one.title} | {SEVERITIES[one.severity]} | `{names[one.limit]}` | {limit:g} |"


def _metrics() -> Iterator[str]:
    yield "| metric | kind | labels | what | 面板 |\n|---|---|---|---|---|"
    for one in DECLARED:
        labels = ", ".join(f"`{label}`" for label in one.labels)
        yield f"| `{one.name}` | {one.kind.value} | {labels} | {one.help} | {one.group.value} · {one.title} |"


def _tables() -> Iterator[str]:
    for table in TABLES:
        yield f"### {table.title} (`{table.name}`)\n\n{table.says}\n\n| 列 | column | | how it is read |\n|---|---|---|---|"
        yield from (_column(column) for column in table.columns)
        yield ""


def _column(column: Column) -> str:
    choices = "、".join(column.choices) if column.choices else ""
    told = "; ".join(x for x in (column.kind.value, choices, column.help) if x)
    return f"| {column.label} | `{column.field}` | {'required' if column.required else ''} | {told} |"


def _settings() -> Iterator[str]:
    yield "| variable | default | what |\n|---|---|---|"
    for name, field in Settings.model_fields.items():
        default = "" if field.default in ("", [], None) else f"`{field.default}`"
        yield f"| `YIGONG_{name.upper()}` | {default} | {field.description} |"


def _commands() -> Iterator[str]:
    yield "| command | what |\n|---|---|"
    yield from (f"| `yigong {name}` | {told} |" for name, told in commands())


def commands() -> Iterator[tuple[str, str]]:
    """Every command of the console, with its first line of help."""

    def walk(group: Any, before: str) -> Iterator[tuple[str, str]]:
        for name, command in sorted(group.commands.items()):
            if isinstance(command, ClickGroup) or hasattr(command, "commands"):
                yield from walk(command, f"{before}{name} ")
            else:
                yield f"{before}{name}", (command.help or "").partition("\n")[0]

    yield from walk(typer.main.get_command(app), "")


def _families() -> Iterator[str]:
    yield "| family | 名称 | what it does | decides by | cases |\n|---|---|---|---|---|"
    for name, family in discover("rules.families", "FAMILY", Family).items():
        module = __import__(family.check.__module__, fromlist=["x"])
        says = (module.__doc__ or "").strip().partition("\n")[0]
        reads = ", ".join(f"`{p}`" for p in family.reads)
        yield f"| `{name}` | {family.title} | {says} | {reads} | [{name}](rules/{name}.md) |"


def _fields() -> Iterator[str]:
    yield "| field | gives | meaning |\n|---|---|---|"
    yield from (f"| `{name}` | {field.type} | {field.help} |" for name, field in FIELDS.items())


def _functions() -> Iterator[str]:
    yield "| function | gives | meaning |\n|---|---|---|"
    for name, function in FUNCTIONS.items():
        required = function.arguments[: function.least]
        optional = function.arguments[function.least :]
        arguments = ", ".join((*required, *(f"[{a}]" for a in optional)))
        yield f"| `{name}({arguments})` | {function.type} | {function.help} |"


def _states() -> Iterator[str]:
    yield "| state | 含义 |\n|---|---|"
    yield from (f"| `{name}` | {told} |" for name, told in STATES.items())


def _cases(document: dict[str, Any]) -> Iterator[str]:
    yield f"# {document['family']}\n\nClinical cases, as the tests run them (`tests/cases/{document['family']}.yaml`).\n"
    ground = document.get("patient")
    if ground:
        yield f"Every case builds on: {_said(ground)}\n"
    yield "| case | kind | patient | orders | expected |\n|---|---|---|---|---|"
    for case in document["cases"]:
        cells = (
            case["name"],
            case["kind"],
            _said(case.get("patient", {})),
            "<br>".join(_said(order) for order in case.get("orders", ())),
            _expected(case["expect"] or {}),
        )
        yield "| " + " | ".join(cells) + " |"


def _said(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{k}: {_said(v)}" for k, v in value.items())
    if isinstance(value, list):
        return "; ".join(f"({_said(v)})" for v in value) or "none"
    return str(value).replace("|", "\\|")


def _expected(expect: dict[str, Any]) -> str:
    findings = [f"**{f['severity']}** {_said(f.get('says', ''))}" for f in expect.get("findings", ())]
    gaps = [f"not checked: {gap}" for gap in expect.get("gaps", ())]
    return "<br>".join((*findings, *gaps)) or "nothing"


if __name__ == "__main__":
    main()
