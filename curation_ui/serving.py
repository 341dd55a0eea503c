"""Serves the built pages under ``/ui``: compressed at build time, kept by browsers where the name says the content,
and held by a content security policy to what comes from here."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from fastapi import APIRouter, Request, Response
from fastapi.responses import FileResponse, HTMLResponse, RedirectResponse

from curation_ui.build import DIST

_ENCODINGS: Final = (("br", ".br"), ("gzip", ".gz"))
_KINDS: Final = {
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
    ".json": "application/json",
    ".woff2": "font/woff2",
    ".png": "image/png",
}
_LASTING: Final = "public, max-age=31536000, immutable"
_ASKED_ANEW: Final = "no-cache"
_MISSING: Final = """<!doctype html><html lang="zh-CN"><meta charset="utf-8"><meta http-equiv="refresh" content="3">
<title>医共</title><h1>页面尚未构建</h1><p>接口服务正常。刚用 <code>make serve</code> 启动时页面正在构建，
完成后自动打开；否则请在安装目录运行 <code>make pages</code>（首次需要联网下载构建工具）；
离线环境请使用 <code>make bundle</code> 制作的安装包，其中已含页面。</p>
<p><a href="/docs">接口文档</a></p></html>"""


def router(framed_by: Sequence[str] = (), folder: Path = DIST) -> APIRouter:
    """``/`` and ``/ui``. ``framed_by`` are the origins whose pages may show the clinician panel in a frame."""
    routes = APIRouter(include_in_schema=False)
    pages = Pages(folder, framed_by)

    @routes.get("/")
    def entrance() -> Response:
        return RedirectResponse("/ui/", 302)

    @routes.get("/ui")
    def slash() -> Response:
        return RedirectResponse("/ui/", 308)

    @routes.api_route("/ui/{path:path}", methods=["GET", "HEAD"])
    def page(path: str, request: Request) -> Response:
        return pages.answer(path, request.headers.get("accept-encoding", ""))

    return routes


class Pages:
    """The files of a build."""

    def __init__(self, folder: Path, framed_by: Sequence[str] = ()) -> None:
        self._folder = folder.resolve()
        self._framed_by = " ".join(("'self'", *framed_by))

    def answer(self, path: str, accepted: str) -> Response:
        """The file of a path under ``/ui``; paths without a file are the main page's own. HTML comes by the
        paths of pages only, with its policy."""
        if "\0" in path:
            return _no_file()
        if path == "panel":
            return self._page("panel.html", policy(self._framed_by))
        file = (self._folder / path).resolve()
        if file.is_relative_to(self._folder) and file.suffix in _KINDS and file.is_file():
            return _sent(file, accepted, _LASTING if path.startswith("assets/") else _ASKED_ANEW)
        if path.startswith("assets/"):
            return _no_file()
        ahead = f"ahead/{path.partition('/')[0]}.html"
        name = ahead if (self._folder / ahead).is_file() else "index.html"
        return self._page(name, policy("'self'", "'unsafe-inline'"))

    def _page(self, name: str, rules: str) -> Response:
        file = self._folder / name
        if not file.is_file():
            return HTMLResponse(_MISSING, 503, {"Cache-Control": "no-store"})
        return FileResponse(file, 200, {"Content-Security-Policy": rules, "Cache-Control": _ASKED_ANEW})


def policy(framed_by: str, styles: str = "") -> str:
    """What a page may load and run: our own files. The main pages' components write their style sheets themselves,
    which is all that ``styles`` allows; nothing runs a script that is not a file of ours."""
    return "; ".join(
        (
            "default-src 'none'",
            "script-src 'self'",
            f"style-src 'self' {styles}".rstrip(),
            "img-src 'self' data: blob:",
            "font-src 'self'",
            "connect-src 'self'",
            "frame-src 'self'",
            "worker-src 'self'",
            "base-uri 'none'",
            "form-action 'self'",
            f"frame-ancestors {framed_by}",
        )
    )


def _no_file() -> Response:
    return Response("没有该文件", 404, media_type="text/plain; charset=utf-8")


def _sent(file: Path, accepted: str, keeping: str) -> Response:
    headers = {"Cache-Control": keeping, "Vary": "Accept-Encoding"}
    for encoding, ending in _ENCODINGS:
        small = file.with_name(file.name + ending)
        if encoding in accepted and small.is_file():
            return FileResponse(small, 200, headers | {"Content-Encoding": encoding}, _KINDS[file.suffix])
    return FileResponse(file, 200, headers, _KINDS[file.suffix])
