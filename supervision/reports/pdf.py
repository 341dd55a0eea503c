"""Figures as a PDF: tables, and how values went over the months. Chinese is set in a font that readers of PDF bring
with them, so that none is fetched or shipped."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from html import escape
from importlib.util import find_spec
from io import BytesIO
from typing import Any, Final

from base.refusal import RefusedError
from clinical.coded import CHINA

_FONT: Final = "STSong-Light"
_MOST_ROWS: Final = 2_000
_MOST_CHARTS: Final = 6
_LEFT_OUT: Final = ("期间", "分子", "分母", "同期", "上期", "未知条数")
"""What a page has no room for; the spreadsheet has it."""
_MARGIN, _CHART_HEIGHT = 42, 130
_NARROWEST, _WIDEST = 8, 34
"""Letters that a column has room for at least and at most; a Chinese one takes two."""
_UPRIGHT: Final = 9
"""Columns that fit a page that stands; with more it lies."""

Rows = Sequence[Mapping[str, Any]]


class MissingPdfError(RefusedError):
    """The library that sets pages is not installed; the message says how to install it."""


@dataclass(frozen=True, slots=True)
class Page:
    """What is set: rows of tables by title (one alone needs none), and values over time by title."""

    title: str
    about: str
    tables: Mapping[str, Rows]
    trends: Mapping[str, Sequence[tuple[str, float | None]]] = field(default_factory=dict)


def require() -> None:
    """Raises ``MissingPdfError`` when pages cannot be set here."""
    if find_spec("reportlab") is None:
        raise MissingPdfError("format", "生成 PDF 需要 reportlab: pip install 'yigong[pdf]'")


def render(page: Page) -> bytes:
    """The file. Raises ``MissingPdfError``."""
    require()
    from reportlab.lib.pagesizes import A4, landscape
    from reportlab.lib.styles import ParagraphStyle
    from reportlab.platypus import Paragraph, SimpleDocTemplate, Spacer

    _register()
    plain = ParagraphStyle("plain", fontName=_FONT, fontSize=9, leading=13, wordWrap="CJK")
    head = ParagraphStyle("head", plain, fontSize=17, leading=26)
    part = ParagraphStyle("part", plain, fontSize=12, leading=22, spaceBefore=8)
    lies = any(len(_columns(rows)) > _UPRIGHT for rows in page.tables.values() if rows)
    size = landscape(A4) if lies else A4
    width = size[0] - 2 * _MARGIN
    made = f"生成时间 {datetime.now(CHINA):%Y-%m-%d %H:%M}"
    story = [Paragraph(escape(page.title), head), Paragraph(escape(f"{page.about}　{made}"), plain), Spacer(1, 8)]
    for title, rows in page.tables.items():
        story += [Paragraph(escape(title), part)] if title else []
        story += _set(rows, plain, width)
    charts = [_chart(title, some, width) for title, some in page.trends.items() if _is_known(some)][:_MOST_CHARTS]
    if charts:
        story += [Paragraph("近 12 个月趋势", part), *charts]
    file = BytesIO()
    margins = dict.fromkeys(("leftMargin", "rightMargin", "topMargin", "bottomMargin"), _MARGIN)
    SimpleDocTemplate(file, pagesize=size, title=page.title, author="医共", **margins).build(
        story, onFirstPage=_number, onLaterPages=_number
    )
    return file.getvalue()


def _set(rows: Rows, plain: Any, width: float) -> list[Any]:
    """A table, and what of it is not shown."""
    from reportlab.platypus import Paragraph

    if not rows:
        return [Paragraph("本期没有数据", plain)]
    if len(rows) <= _MOST_ROWS:
        return [_table(rows, plain, width)]
    left = f"仅列前 {_MOST_ROWS} 行，共 {len(rows)} 行；全部数据请用电子表格"
    return [_table(rows[:_MOST_ROWS], plain, width), Paragraph(left, plain)]


def _register() -> None:
    from reportlab.pdfbase import pdfmetrics
    from reportlab.pdfbase.cidfonts import UnicodeCIDFont

    if _FONT not in pdfmetrics.getRegisteredFontNames():
        pdfmetrics.registerFont(UnicodeCIDFont(_FONT))


def _number(canvas: Any, document: Any) -> None:
    canvas.setFont(_FONT, 8)
    canvas.drawCentredString(document.pagesize[0] / 2, _MARGIN / 2, f"第 {document.page} 页")


def _columns(rows: Rows) -> list[str]:
    """Those that say something."""
    columns = [name for name in rows[0] if name not in _LEFT_OUT and any(row[name] not in (None, "") for row in rows)]
    if len({row.get("期间") for row in rows}) > 1:
        columns.insert(1, "期间")
    return columns


def _table(shown: Rows, plain: Any, width: float) -> Any:
    """Columns that say something, the header on every page; what warns is red."""
    from reportlab.lib import colors
    from reportlab.platypus import Paragraph, Table

    columns = _columns(shown)
    longest = [max(_length(_text(row[name])) for row in shown) for name in columns]
    weights = [min(max(length, _NARROWEST), _WIDEST) for length in longest]
    widths = [width * weight / sum(weights) for weight in weights]
    cells = [[Paragraph(escape(_text(row[name])), plain) for name in columns] for row in shown]
    style: list[tuple[Any, ...]] = [
        ("GRID", (0, 0), (-1, -1), 0.4, colors.HexColor("#c5ced8")),
        ("BACKGROUND", (0, 0), (-1, 0), colors.HexColor("#e8eef5")),
        ("VALIGN", (0, 0), (-1, -1), "MIDDLE"),
    ]
    warned = [place for place, row in enumerate(shown, 1) if row.get("预警")]
    style += [("BACKGROUND", (0, place), (-1, place), colors.HexColor("#fdeaea")) for place in warned]
    header = [Paragraph(escape(name), plain) for name in columns]
    return Table([header, *cells], colWidths=widths, repeatRows=1, style=style)


def _length(text: str) -> int:
    return sum(1 if letter.isascii() else 2 for letter in text)


def _text(value: Any) -> str:
    if value is None:
        return "—"
    return f"{value:,.2f}".rstrip("0").rstrip(".") if isinstance(value, float) else str(value)


def _is_known(some: Sequence[tuple[str, float | None]]) -> bool:
    return sum(value is not None for _, value in some) > 1


def _chart(title: str, some: Sequence[tuple[str, float | None]], width: float) -> Any:
    """A line over the months; a month without a value is a gap, never a zero."""
    from reportlab.graphics.charts.linecharts import HorizontalLineChart
    from reportlab.graphics.shapes import Drawing, String
    from reportlab.graphics.widgets.markers import makeMarker
    from reportlab.lib import colors

    drawing = Drawing(width, _CHART_HEIGHT)
    drawing.add(String(0, _CHART_HEIGHT - 12, title, fontName=_FONT, fontSize=9))
    chart = HorizontalLineChart()
    chart.x, chart.y, chart.width, chart.height = 44, 22, width - 60, _CHART_HEIGHT - 46
    chart.data = _unbroken([value for _, value in some])
    chart.categoryAxis.categoryNames = [period for period, _ in some]
    for axis in (chart.categoryAxis, chart.valueAxis):
        axis.labels.fontName, axis.labels.fontSize = _FONT, 7
    chart.valueAxis.forceZero = min(value for _, value in some if value is not None) >= 0
    for place in range(len(chart.data)):
        chart.lines[place].strokeColor, chart.lines[place].strokeWidth = colors.HexColor("#2a6fb0"), 1.4
        chart.lines[place].symbol = makeMarker("FilledCircle", size=3)
    drawing.add(chart)
    return drawing


def _unbroken(values: Sequence[float | None]) -> list[list[float | None]]:
    """A line for each run of months that have values."""
    found: list[list[float | None]] = []
    for place, value in enumerate(values):
        if value is None:
            continue
        if place == 0 or values[place - 1] is None:
            found.append([None] * len(values))
        found[-1][place] = value
    return found
