"""The account of rules as a table to take away, in the words of its page."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from fastapi import Response

from api.table_files import table_file
from clinical.coded import china_day
from knowledge.tables import SEVERITIES
from supervision.reports.pdf import Page

_TITLE: Final = "预警治理"


def account_file(
    rules: Sequence[Mapping[str, Any]], reasons: Mapping[str, str], format: str, now: datetime
) -> Response:
    """Raises ``ApiError`` 400, ``MissingPdfError``."""
    page = Page(_TITLE, "规则的提示与答复", {"": list(_rows(rules, reasons))})
    return table_file(f"{_TITLE} {china_day(now):%Y%m%d}", page, format)


def _rows(rules: Sequence[Mapping[str, Any]], reasons: Mapping[str, str]) -> Iterator[dict[str, Any]]:
    words = {meant: word for word, meant in SEVERITIES.items()}
    for one in rules:
        share, seconds = one["overrideShare"], one["seconds"]
        given = sorted(one["reasons"].items(), key=lambda reason: -reason[1])
        yield {
            "规则": one["title"],
            "规则编号": one["rule"],
            "类别": one["familyTitle"],
            "程度": words.get(one["severity"], one["severity"]),
            "提示": one["shown"],
            "采纳": one["accepted"],
            "忽略": one["overridden"],
            "未答复": one["unanswered"],
            "忽略率（%）": "" if share is None else round(100 * share, 1),
            "答复用时中位数（秒）": "" if seconds is None else round(seconds),
            "忽略理由": "；".join(f"{reasons.get(code, code)} {times} 次" for code, times in given),
        }
