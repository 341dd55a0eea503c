"""Tables as files to take away: CSV, a workbook, or pages."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import chain
from typing import Final

from fastapi import Response

from api.asking import attached
from api.errors import bad_field
from api.quality_desk import csv_lines
from base.tabular import XLSX, workbook
from supervision.reports.pdf import Page, Rows, render

CSV: Final = "text/csv; charset=utf-8"
PDF: Final = "application/pdf"


def table_file(name: str, page: Page, format: str, sheets: Mapping[str, Rows] | None = None) -> Response:
    """``name`` is that of the file without its ending; a workbook has ``sheets``, else the tables of the page.
    Raises ``ApiError`` 400, ``MissingPdfError``."""
    headers = attached(f"{name}.{format}")
    if format == "xlsx":
        tables = sheets or {title or page.title: rows for title, rows in page.tables.items()}
        return Response(workbook(tables), 200, headers, XLSX)
    if format == "csv":
        return Response(b"".join(csv_lines(map(dict, chain(*page.tables.values())))), 200, headers, CSV)
    if format == "pdf":
        return Response(render(page), 200, headers, PDF)
    raise bad_field("format", "只能是 json、csv、xlsx 或 pdf")
