"""What people see whose browser another server sent to us: where they go on to, or why not."""

from __future__ import annotations

from html import escape
from typing import Final

from fastapi.responses import HTMLResponse

from api.errors import ApiError

_PAGE: Final = """<!doctype html><html lang="zh-CN"><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">%s"""
_UNKEPT: Final = {"Cache-Control": "no-store"}


def onward(target: str, framed_by: str = "'none'") -> HTMLResponse:
    """A page that leads to a path of ours. It is no redirect: browsers send a strict cookie only where the way there
    began with us, and what stands behind ``#`` is in no header that a proxy keeps. ``framed_by``: whose pages may
    show it in a frame."""
    there = f'<title>医共</title><meta http-equiv="refresh" content="0;url={escape(target)}">'
    return _answered(there, 200, framed_by)


def turned_away(error: ApiError, again: str, framed_by: str = "'none'") -> HTMLResponse:
    """Why somebody is not let in; ``again`` says or links what they can do."""
    told = f"<title>医共</title><h1>未能打开</h1><p>{escape(error.message)}</p><p>{again}</p></html>"
    return _answered(told, error.status, framed_by)


def _answered(inner: str, status: int, framed_by: str) -> HTMLResponse:
    rules = f"default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors {framed_by}"
    return HTMLResponse(_PAGE % inner, status, _UNKEPT | {"Content-Security-Policy": rules})
