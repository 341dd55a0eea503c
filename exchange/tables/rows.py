"""A message of table rows: ``{"template": "lab-results", "rows": [{"结果编号": …}, …]}``, all of one patient.

Its number is a digest of what it says: the same rows again are the same message.
"""

from __future__ import annotations

from typing import Any, Final

import orjson

from base.security import sm3
from exchange.message import Message, MessageError, Parsed
from exchange.tables._templates import TEMPLATES, CellError

MOST: Final = 1_000
"""Rows of one message."""


def read(raw: bytes) -> Parsed:
    """Raises ``MessageError`` that names the row and the heading."""
    template, rows = _opened(raw)
    resources = []
    for number, cells in enumerate(rows, start=1):
        try:
            resources.append(template.resource_of({k: str(v) for k, v in cells.items() if v is not None}))
        except CellError as error:
            raise MessageError(f"rows[{number}].{error.heading}", error.problem) from None
    subjects = {subject(cells) for cells in rows}
    if len(subjects) > 1:
        raise MessageError("rows", "含有多名患者，请每名患者单独发送")
    return Parsed(_number(template.name, rows), f"rows/{template.name}", subjects.pop(), tuple(resources))


def subject(cells: dict[str, Any]) -> str:
    """Whose row it is, by the hospital's own id."""
    return str(cells.get("患者编号") or "").strip()


def _opened(raw: bytes) -> tuple[Any, list[dict[str, Any]]]:
    try:
        said = orjson.loads(raw)
    except orjson.JSONDecodeError:
        raise MessageError("body", "不是 JSON") from None
    template = TEMPLATES.get(str(said.get("template"))) if isinstance(said, dict) else None
    if template is None:
        raise MessageError("template", f"须为 {', '.join(TEMPLATES)} 之一")
    rows = said.get("rows")
    if not isinstance(rows, list) or not rows or not all(isinstance(row, dict) for row in rows):
        raise MessageError("rows", "须为对象列表，每行一个")
    if len(rows) > MOST:
        raise MessageError("rows", f"超过 {MOST} 行，请分次发送")
    return template, rows


def _number(template: str, rows: list[dict[str, Any]]) -> str:
    return f"{template}:{sm3(orjson.dumps(rows, option=orjson.OPT_SORT_KEYS))[:32]}"


MESSAGE = Message("rows", "tables", "表格行", tuple(f"rows/{name}" for name in TEMPLATES), read)
