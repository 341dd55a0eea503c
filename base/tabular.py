"""Reading tables: CSV, TSV and xlsx as rows of text with their line numbers."""

from __future__ import annotations

import csv
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

XLSX: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
"""The media type of a workbook."""


@dataclass(frozen=True, slots=True)
class TextRow:
    """One row: file name, line (1 is the header), cells by header. Empty cells are ``""``."""

    file: str
    line: int
    cells: dict[str, str]


class TableError(Exception):
    """A file is no readable table; the message names the file and the fix."""


def read(path: Path, sheet: str = "", delimiter: str = "") -> Iterator[TextRow]:
    """Rows of a CSV, TSV or xlsx file. UTF-8 (with or without BOM) or GB18030.

    Blank rows are skipped. ``sheet`` picks a worksheet (default: the first).
    Raises ``TableError`` when the file cannot be read as a table.
    """
    if path.suffix.lower() in (".xlsx", ".xlsm"):
        yield from _rows(path.name, _cells_of_sheet(path, sheet))
        return
    delimiter = delimiter or ("\t" if path.suffix.lower() in (".tsv", ".txt") else ",")
    yield from _rows(path.name, csv.reader(text_of(path).splitlines(keepends=True), delimiter=delimiter))


def sheets(path: Path) -> list[str]:
    """Names of the worksheets of a workbook."""
    from openpyxl import load_workbook

    book = load_workbook(path, read_only=True)
    try:
        return list(book.sheetnames)
    finally:
        book.close()


def text_of(path: Path) -> str:
    """Text of a file in UTF-8 or, failing that, GB18030, as hospital exports still are."""
    raw = path.read_bytes()
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise TableError(f"{path.name}: neither UTF-8 nor GB18030; save it as UTF-8 CSV")


def count_lines(path: Path) -> int:
    """Number of line ends, to size a progress bar."""
    with path.open("rb") as file:
        return sum(chunk.count(b"\n") for chunk in iter(lambda: file.read(1 << 20), b""))


def write_workbook(path: Path, tables: Mapping[str, Sequence[Mapping[str, Any]]]) -> None:
    """Write sheets of rows as .xlsx, headers from the first row's keys, in one go: a file is whole or not
    there. Texts that a spreadsheet would take for formulas are written as texts."""
    from openpyxl import Workbook

    book = Workbook(write_only=True)
    for name, rows in tables.items():
        sheet = book.create_sheet(name)
        if rows:
            sheet.append([_cell(name) for name in rows[0]])
        for row in rows:
            sheet.append([_cell(value) for value in row.values()])
    part = path.with_name(f"{path.name}.part")
    book.save(part)
    part.replace(path)


def workbook(tables: Mapping[str, Sequence[Mapping[str, Any]]]) -> bytes:
    """Sheets as the bytes of an .xlsx file."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "report.xlsx"
        write_workbook(path, tables)
        return path.read_bytes()


def _cell(value: Any) -> Any:
    if isinstance(value, str) and value[:1] in ("=", "+", "-", "@"):
        return f"'{value}"
    return value if isinstance(value, str | int | float | None) else str(value)


def _cells_of_sheet(path: Path, sheet: str) -> Iterator[list[str]]:
    from openpyxl import load_workbook
    from openpyxl.utils.exceptions import InvalidFileException

    try:
        book = load_workbook(path, read_only=True, data_only=True)
    except (InvalidFileException, OSError, KeyError, ValueError) as error:
        raise TableError(f"{path.name}: not a readable workbook; save it as .xlsx") from error
    try:
        rows = (book[sheet] if sheet else book[book.sheetnames[0]]).iter_rows(values_only=True)
        for row in rows:
            yield ["" if cell is None else str(cell).strip() for cell in row]
    finally:
        book.close()


def _rows(file: str, rows: Iterator[list[str]]) -> Iterator[TextRow]:
    header: list[str] | None = None
    for line, cells in enumerate(rows, start=1):
        cells = [cell.strip() for cell in cells]
        if header is None:
            header = cells
        elif any(cells):
            padded = cells + [""] * (len(header) - len(cells))
            yield TextRow(file, line, dict(zip(header, padded, strict=False)))
