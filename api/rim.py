"""The outermost layer: request ids, size and type checks, the last resort, counting. Pure ASGI,
because a middleware that wraps requests in objects costs more than the review inside."""

from __future__ import annotations

import logging
from collections.abc import MutableMapping
from typing import Any, Final

import orjson
from starlette.types import ASGIApp, Receive, Scope, Send

from api.errors import outcome
from api.metrics import METRICS
from api.throttle import Throttle
from base.log import new_request, request_id

Headers = tuple[tuple[bytes, bytes], ...]
_log = logging.getLogger(__name__)
_GUARDS: Final = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"cross-origin"),
)
_DATA: Final = (
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"cache-control", b"no-store"),
    *_GUARDS,
)
"""Answers are data about patients: no browser runs them, frames them or keeps them."""
_INLINE: Final = b"'self' 'unsafe-inline'"
_PAGES: Final = (
    (
        b"content-security-policy",
        b"default-src 'self'; script-src %b; style-src %b; img-src 'self' data:" % (_INLINE, _INLINE),
    ),
    *_GUARDS,
)
"""The API's own pages: their scripts come from here, started by a line within the page."""
_LASTING: Final = (b"strict-transport-security", b"max-age=31536000; includeSubDomains")
_UNCOUNTED: Final = frozenset({"/healthz", "/readyz", "/metrics"})
_FORMS: Final = {"/api/v1/oauth/token": (b"application/x-www-form-urlencoded",)}
"""Bodies other than JSON, by path."""
_MESSAGES: Final = "/api/v1/exchange/"
"""Where bodies are messages of any standard."""
_UNASKED: Final = (b"", b"text/plain", b"multipart/form-data", b"application/x-www-form-urlencoded")
"""What web pages send to other sites unasked."""


class Rim:
    """ASGI middleware around everything. Bodies above ``limit`` bytes answer 413, bodies that are not
    JSON 415, a client that calls too often 429, what nobody foresaw 500 with an OperationOutcome and no trace.
    Every answer tells browsers what they may do with it; ``https`` also that there is no other way."""

    def __init__(self, app: ASGIApp, limit: int, throttle: Throttle, https: bool = False) -> None:
        self.app, self.limit, self._throttle = app, limit, throttle
        lasting = (_LASTING,) if https else ()
        self._data, self._pages = (*_DATA, *lasting), (*_PAGES, *lasting)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        new_request()
        path: str = scope["path"]
        started = _Started(send, self._pages if path.startswith("/docs") else self._data)
        headers: dict[bytes, bytes] = dict(scope["headers"])
        refused = self._refused(scope["method"], path, headers)
        wait = 0 if path in _UNCOUNTED else self._throttle.wait(scope["client"][0] if scope.get("client") else "")
        try:
            if wait:
                text = f"too many calls from this client (YIGONG_RATE_LIMIT): call again in {wait} s"
                await _answer(started, 429, "throttled", text, ((b"retry-after", str(wait).encode()),))
            elif refused:
                await _answer(started, *refused)
            else:  # a body of a stated length is no longer than that: the server sees to it
                counted = b"content-length" in headers and b"transfer-encoding" not in headers
                await self.app(scope, receive if counted else self._limited(receive), started)
        except _TooLarge:
            await _answer(started, 413, "too-long", self._too_large())
        except Exception as error:  # the rim: nothing may pass
            _log.error(
                "unhandled error",
                extra={"error": type(error).__name__, "path": scope["path"]},
                exc_info=error,
            )
            text = f"内部错误，已记录 (编号 {request_id()})；请按未获得决策支持处理，不影响开立医嘱"
            if not started.sent:
                await _answer(started, 500, "exception", text)
        METRICS.answered(scope["method"], started.status).inc()

    def _refused(self, method: str, path: str, headers: dict[bytes, bytes]) -> tuple[int, str, str] | None:
        if method not in ("POST", "PUT", "PATCH"):
            return None
        length = headers.get(b"content-length", b"0")
        if length.isdigit() and int(length) > self.limit:
            return 413, "too-long", self._too_large()
        sent = headers.get(b"content-type", b"")
        kind = sent if sent == b"application/json" else sent.partition(b";")[0].strip().lower()
        if kind == b"application/json" or kind.endswith(b"+json") or kind in _FORMS.get(path, ()):
            return None
        if not path.startswith(_MESSAGES):
            return 415, "not-supported", "Content-Type must be application/json"
        named = "application/hl7-v2, application/xml or application/fhir+json"
        return (415, "not-supported", f"Content-Type must be {named}") if kind in _UNASKED else None

    def _too_large(self) -> str:
        return f"the body is larger than {self.limit} bytes (YIGONG_MAX_BODY_BYTES)"

    def _limited(self, receive: Receive) -> Receive:
        """Counts what arrives of a body without a length to check beforehand (chunked)."""
        taken = 0

        async def limited() -> MutableMapping[str, Any]:
            nonlocal taken
            message = await receive()
            taken += len(message.get("body", b""))
            if taken > self.limit:
                raise _TooLarge
            return message

        return limited


class _TooLarge(Exception):  # noqa: N818
    pass


class _Started:
    """Sends on with headers added, remembering the status. What an answer says of itself stands."""

    def __init__(self, send: Send, headers: Headers) -> None:
        self._send, self._headers, self.status, self.sent = send, headers, 0, False

    async def __call__(self, message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            self.status, self.sent = message["status"], True
            told = {name for name, _ in message["headers"]}
            message["headers"] = [*message["headers"], *(h for h in self._headers if h[0] not in told)]
        await self._send(message)


async def _answer(send: _Started, status: int, code: str, text: str, more: Headers = ()) -> None:
    body = orjson.dumps(outcome(code, text))
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode()), *more]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
