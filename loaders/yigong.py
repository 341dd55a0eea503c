"""Yigong's own tables (CSV folder or workbook): the shipped content and a pharmacy's formulary."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from hashlib import blake2b
from itertools import chain, groupby
from pathlib import Path

import msgspec
import yaml
from msgspec import structs

from base.tabular import TextRow, count_lines, read, sheets
from knowledge.building import Build, Values, label_source, source_id
from knowledge.cells import MISSING_COLUMN, check_header, read_row
from knowledge.intake import Loader, Row, RowError
from knowledge.model import Article, Record, Rule, Section, Standing, Statement
from knowledge.tables import TABLES, Table


def rows(path: Path) -> Iterator[Row | RowError]:
    """Records of every table found in a folder, a workbook or a single ``<table>*.csv``.

    Of rows that say different things of one matter the first counts, the others are errors: the last would replace it
    in silence. Raises ``FileNotFoundError`` when nothing there is named after a table.
    """
    return _once(_rows(path))


def _rows(path: Path) -> Iterator[Row | RowError]:
    found = list(_tables(path))
    if not found:
        names = ", ".join(table.name for table in TABLES)
        raise FileNotFoundError(f"{path}: no table of Yigong's here; files or sheets are named {names}")
    for table, places in groupby(found, key=lambda place: place[0]):
        lines = chain.from_iterable(_lines(*place) for place in places)
        yield from _articles(table, lines) if table.section_of else _records(table, lines)
    for file in _rule_files(path):
        yield from _rules(file)


def _once(found: Iterable[Row | RowError]) -> Iterator[Row | RowError]:
    """Each statement as it comes first; what says the same again passes."""
    said: dict[str, tuple[bytes, str, int]] = {}
    for row in found:
        if isinstance(row, Row) and isinstance(row.record, Statement):
            told = blake2b(msgspec.msgpack.encode(row.record, order="deterministic"), digest_size=16).digest()
            before, file, line = said.setdefault(row.record.id, (told, row.file, row.line))
            if before != told:
                why = f"{file} 第 {line} 行已就同一事项另有规定，本行此项未载入；请合并为一行，或写明各自的适用条件"
                yield RowError(row.file, row.line, "", why)
                continue
        yield row


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


def _lines(table: Table, file: Path, sheet: str) -> Iterator[TextRow | RowError]:
    """Rows of one file or sheet, with what is wrong with its header."""
    for number, row in enumerate(read(file, sheet)):
        if number == 0:
            wrong = check_header(table, row)
            yield from wrong
            if any(error.message == MISSING_COLUMN for error in wrong):
                return
        yield row


def _records(table: Table, lines: Iterable[TextRow | RowError]) -> Iterator[Row | RowError]:
    for line in lines:
        if isinstance(line, RowError):
            yield line
            continue
        values, errors = read_row(table, line)
        yield from errors
        if not errors:
            yield from _built(table.build, values, line)


def _built(build: Build, values: Values, row: TextRow) -> Iterator[Row | RowError]:
    try:
        for record in (*label_source(values), *build(values)):
            yield Row(record, row.file, row.line)
    except ValueError as error:
        yield RowError(row.file, row.line, "", str(error))


# -- articles: several rows, one record ----------------------------------------------------------


@dataclass(slots=True)
class _Parts:
    """What rows say of one article: sections by heading, each with its line, and whether one could not be read."""

    article: Article | None = None
    file: str = ""
    line: int = 0
    sections: dict[str, tuple[Section, int]] = field(default_factory=dict)
    broken: bool = False

    def take(self, article: Article, file: str, line: int) -> Iterator[RowError]:
        """Add the section of a row, or tell that the article has another one under its heading."""
        if self.article is None:
            self.article, self.file, self.line = article, file, line
        for section in article.sections:
            kept, before = self.sections.setdefault(section.heading, (section, line))
            if kept != section:
                self.broken = True
                told = f"本文第 {before} 行已有小标题“{section.heading}”，内容不同；请合并为一节，或改写小标题"
                yield RowError(file, line, "小标题", told)

    def whole(self) -> Iterator[Row | RowError]:
        """The article with all its sections, or that it has to wait."""
        if self.article is not None and self.broken:
            told = f"“{self.article.title}”有未能读取的行，整篇暂不载入；改正后请重新载入"
            yield RowError(self.file, self.line, "标题", told)
        elif self.article is not None:
            sections = tuple(section for section, _ in self.sections.values())
            yield Row(structs.replace(self.article, sections=sections), self.file, self.line)


def _articles(table: Table, lines: Iterable[TextRow | RowError]) -> Iterator[Row | RowError]:
    """Articles of which each row is a section: whole or not at all, because one that lacks a section could be
    accepted, and what was reviewed is not overwritten."""
    found: dict[tuple[str, ...], _Parts] = {}
    for line in lines:
        if isinstance(line, RowError):
            yield line
            continue
        values, errors = read_row(table, line)
        parts = found.setdefault(tuple(values.get(name, "") for name in table.section_of), _Parts())
        yield from errors
        if errors:
            parts.broken = True
            continue
        for row in _built(table.build, values, line):
            if isinstance(row, Row) and isinstance(row.record, Article):
                yield from parts.take(row.record, row.file, row.line)
            else:
                yield row
    for parts in found.values():
        yield from parts.whole()


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
