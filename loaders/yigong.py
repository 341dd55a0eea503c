"""Yigong's own tables (CSV folder or workbook): the shipped content and a pharmacy's formulary."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec
import yaml

from base.tabular import TextRow, count_lines, read, sheets
from knowledge.building import Build, Values, label_source, source_id
from knowledge.cells import MISSING_COLUMN, check_header, read_row
from knowledge.intake import Loader, Row, RowError
from knowledge.model import Record, Rule, Standing
from knowledge.tables import TABLES, Table


def rows(path: Path) -> Iterator[Row | RowError]:
    """Records of every table found in a folder, a workbook or a single ``<table>*.csv``.

    Raises ``FileNotFoundError`` when nothing there is named after a table.
    """
    found = list(_tables(path))
    if not found:
        names = ", ".join(table.name for table in TABLES)
        raise FileNotFoundError(f"{path}: no table of Yigong's here; files or sheets are named {names}")
    for table, file, sheet in found:
        yield from _table_rows(table, file, sheet)
    for file in _rule_files(path):
        yield from _rules(file)


def total(path: Path) -> int:
    """Lines in the CSV files (a workbook is counted as a thousand rows a sheet)."""
    return sum(1000 if sheet else max(count_lines(file) - 1, 0) for _, file, sheet in _tables(path))


def _tables(path: Path) -> Iterator[tuple[Table, Path, str]]:
    """(table, file, sheet), in the order the tables are declared: names before what uses them."""
    if path.suffix.lower() in (".xlsx", ".xlsm"):
        names = sheets(path)
        yield from ((t, path, n) for t in TABLES for n in names if n in (t.name, t.title))
        return
    files = sorted(path.glob("*.csv")) if path.is_dir() else [path]
    named = [(_table_of(file.stem), file) for file in files]
    yield from ((t, file, "") for t in TABLES for name, file in named if name == t.name)


def _rule_files(path: Path) -> list[Path]:
    """Authored rules stand in ``rules*.yaml``: conditions and cases do not fit into table cells."""
    return sorted(path.glob("rules*.yaml")) if path.is_dir() else []


def _rules(file: Path) -> Iterator[Row | RowError]:
    try:
        entries = yaml.safe_load(file.read_text("utf-8")) or []
    except yaml.YAMLError as error:
        yield RowError(file.name, 1, "", f"is no YAML: {error}")
        return
    for number, entry in enumerate(entries, 1):
        try:
            records: tuple[Record, ...] = (*label_source(entry), _rule(entry))
            for record in records:
                yield Row(record, file.name, number)
        except (msgspec.ValidationError, KeyError, TypeError) as error:
            yield RowError(file.name, number, str(entry)[:40], f"rule {number}: {error}")


def _rule(entry: Values) -> Rule:
    given = {k: v for k, v in entry.items() if k not in ("source", "section")}
    citation = {"source": source_id(entry["source"]), "section": entry.get("section", "")}
    made = {**given, "id": f"rule:{entry['id']}", "family": "authored", "citations": [citation]}
    return msgspec.convert(made, Rule, strict=True)


def _table_of(stem: str) -> str:
    """The name of the table that a file is named after; empty: none."""
    return max((t.name for t in TABLES if stem == t.name or stem.startswith(f"{t.name}_")), key=len, default="")


def _table_rows(table: Table, file: Path, sheet: str) -> Iterator[Row | RowError]:
    for number, row in enumerate(read(file, sheet)):
        if number == 0:
            wrong = check_header(table, row)
            yield from wrong
            if any(error.message == MISSING_COLUMN for error in wrong):
                return
        values, errors = read_row(table, row)
        yield from errors
        if not errors:
            yield from _built(table.build, values, row)


def _built(build: Build, values: Values, row: TextRow) -> Iterator[Row | RowError]:
    try:
        for record in (*label_source(values), *build(values)):
            yield Row(record, row.file, row.line)
    except ValueError as error:
        yield RowError(row.file, row.line, "", str(error))


LOADER = (
    Loader("yigong", "医共起步内容", Standing.STARTER, rows, total),
    Loader(
        "formulary",
        "机构自有表格 (药品目录、相互作用、剂量、禁忌、检验、检查)",
        Standing.UNREVIEWED,
        rows,
        total,
        own=True,
    ),
)
