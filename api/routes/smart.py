"""SMART App Launch: a hospital's system opens the clinician panel for its user and patient."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from api.access import source_of
from api.asking import described
from api.browser import onward, turned_away
from api.code_flow import STATE_SECONDS
from api.errors import ApiError, respond
from api.smart import CALLBACK, SmartDesk
from exchange.fhir.values import ReadError

_COOKIE: Final = "__Host-yigong-smart"
_AGAIN: Final = "请回到业务系统重新打开；仍不成功时请联系信息科。"


def router(desk: SmartDesk, frame_ancestors: Sequence[str]) -> APIRouter:
    """``/api/v1/smart``: launch, callback, public keys. Panels are shown in frames of ``frame_ancestors``."""
    routes = APIRouter(tags=["Clinician panel"])
    framed_by = " ".join(("'self'", *frame_ancestors))

    @routes.get("/api/v1/smart/launch", **_LAUNCH)
    async def launch(request: Request, iss: str = "", launch: str = "") -> Response:
        try:
            begun = await desk.begin(iss, launch, source_of(request))
        except ApiError as error:
            return turned_away(error, _AGAIN, framed_by)
        answer = RedirectResponse(begun.url, 302, {"Cache-Control": "no-store"})
        return _with_cookie(answer, begun.state, begun.cookie, STATE_SECONDS)

    @routes.get(CALLBACK, **_CALLBACK)
    async def finish(request: Request, state: str = "") -> Response:
        try:
            token = await desk.finish(
                request.query_params, request.cookies.get(_named(state), ""), source_of(request)
            )
        except ReadError as error:
            return turned_away(ApiError(422, "invalid", f"业务系统的资料不符合 FHIR: {error}"), _AGAIN, framed_by)
        except ApiError as error:
            return turned_away(error, _AGAIN, framed_by)
        return _with_cookie(onward(f"/ui/panel#{token}", framed_by), state, "", 0)

    @routes.get("/api/v1/smart/keys", **_KEYS)
    def keys() -> Response:
        return respond(200, desk.public_keys())

    return routes


def _named(state: str) -> str:
    """A cookie for each launch: one browser may open two patients at once."""
    return f"{_COOKIE}-{''.join(c for c in state[:8] if c.isascii() and c.isalnum())}"


def _with_cookie(answer: Response, state: str, value: str, seconds: int) -> Response:
    """Within a frame of another site a cookie travels only if it says so, and then for that site alone
    (``Partitioned``)."""
    rules = f"Path=/; Max-Age={seconds}; Secure; HttpOnly; SameSite=None; Partitioned"
    answer.headers.append("Set-Cookie", f"{_named(state)}={value}; {rules}")
    return answer


# -- OpenAPI -----------------------------------------------------------------------------------

_LAUNCH: Final = described(
    "业务系统启动临床面板（SMART App Launch）",
    "业务系统打开此地址并附 `iss`（其 FHIR 地址，须已登记）与 `launch`；浏览器被送往业务系统确认。",
    "where the system confirms who looks and at whom",
    *(400, 503),
    status=302,
)
_CALLBACK: Final = described(
    "业务系统确认后返回（SMART App Launch）", "读取该患者的资料并打开面板。", "text/html", 422, 503
)
_KEYS: Final = described("我方公钥（JWK set）", "供业务系统核验 private_key_jwt 签名。", "keys")
