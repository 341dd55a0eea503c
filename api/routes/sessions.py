"""Logging in and out over HTTP: sessions, second factor, identity provider, tokens for hospital systems."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from functools import partial
from typing import Any, Final

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from api.access import COOKIE, Access, Principal, source_of
from api.asking import summarised
from api.bodies import Body, asked, decoded
from api.browser import onward, turned_away
from api.code_flow import STATE_SECONDS
from api.errors import ApiError, respond
from api.institution_names import called
from api.login import LoggedIn, LoginDesk, watermark
from api.oauth import OAuthError, TokenDesk, form_of
from api.oidc import STATE_COOKIE, OidcDesk
from api.people import People
from base import second_factor, sessions
from base.accounts import AccountError
from base.roles import ROLES, RoleError

TOKEN_PATH: Final = "/api/v1/oauth/token"
_BACK: Final = '<a href="/ui/">返回登录页</a>'


class LoginBody(Body, frozen=True):
    """``cookie``: the session is kept by the browser and its token not told to scripts."""

    name: str
    password: str
    code: str = ""
    cookie: bool = False


class ProofBody(Body, frozen=True):
    """The code where a second factor is in use, else the password."""

    password: str = ""
    code: str = ""


class PasswordBody(Body, frozen=True):
    """The password so far, and the one to come."""

    old: str
    new: str


class CodeBody(Body, frozen=True):
    """What the authenticator app shows."""

    code: str


def router(people: People, access: Access, desk: LoginDesk, oidc: OidcDesk, tokens: TokenDesk) -> APIRouter:
    """``/api/v1/session``, ``/api/v1/sessions``, ``/api/v1/oidc``, ``/api/v1/oauth/token``."""
    routes = APIRouter(prefix="/api/v1", tags=["Login"])
    _own(routes, people, access, desk, oidc)
    _everywhere(routes, people, access, desk)
    _proofs(routes, access, desk)
    _factor(routes, access, desk)
    _provider(routes, people, oidc)
    _tokens(routes, people, tokens)
    return routes


def _own(routes: APIRouter, people: People, access: Access, desk: LoginDesk, oidc: OidcDesk) -> None:
    @routes.post("/session", **_LOGIN)
    async def login(request: Request) -> Response:
        given = decoded(LoginBody, await request.body())
        before = request.cookies.get(COOKIE, "")
        asked_for = (given.name, given.password, given.code, source_of(request), before)
        made = await asyncio.to_thread(desk.login, *asked_for)
        return _begun(made, people, given.cookie)

    @routes.get("/session", **_SESSION)
    def current(request: Request) -> Response:
        found = access.who(request)
        return respond(200, _described(found, request, people, access, oidc))

    @routes.delete("/session", **_LOGOUT)
    async def logout(request: Request) -> Response:
        found = _person(access, request)
        await asyncio.to_thread(desk.logout, found)
        farewell = await oidc.farewell(found)
        return _without_cookie(respond(200, {"ended": 1} | ({"onward": farewell} if farewell else {})))


def _everywhere(routes: APIRouter, people: People, access: Access, desk: LoginDesk) -> None:
    @routes.get("/sessions", **_SESSIONS)
    def mine(request: Request) -> Response:
        found = _person(access, request)
        with people.engine.connect() as connection:
            listed = sessions.of_account(connection, found.account)
        return respond(200, {"sessions": [_listed(s, found.session) for s in listed]})

    @routes.delete("/sessions", **_LOGOUT_ALL)
    def logout_everywhere(request: Request) -> Response:
        ended = desk.logout(_person(access, request), everywhere=True)
        return _without_cookie(respond(200, {"ended": ended}))


def _proofs(routes: APIRouter, access: Access, desk: LoginDesk) -> None:
    @routes.post("/session/proof", **_PROOF)
    async def prove(request: Request) -> Response:
        found, given = _person(access, request), decoded(ProofBody, await request.body())
        await asyncio.to_thread(desk.prove, found, given.password, given.code)
        return respond(200, {"proved": datetime.now(UTC).isoformat()})

    @routes.post("/session/password", **_PASSWORD)
    async def password(request: Request) -> Response:
        found, given = _person(access, request), decoded(PasswordBody, await request.body())
        await asyncio.to_thread(desk.change_password, found, given.old, given.new)
        return respond(200, {"changed": True})


def _factor(routes: APIRouter, access: Access, desk: LoginDesk) -> None:
    @routes.post("/session/second-factor", **_FACTOR)
    def start(request: Request) -> Response:
        secret, uri = desk.start_factor(_recent(access, request))
        return respond(200, {"secret": secret, "uri": uri})

    @routes.post("/session/second-factor/confirmation", **_CONFIRM)
    async def confirm(request: Request) -> Response:
        found, given = _recent(access, request), decoded(CodeBody, await request.body())
        codes = await asyncio.to_thread(desk.confirm_factor, found, given.code)
        return respond(200, {"recoveryCodes": codes})

    @routes.delete("/session/second-factor", **_UNFACTOR)
    def remove(request: Request) -> Response:
        desk.remove_factor(_recent(access, request))
        return respond(200, {"removed": True})


def _provider(routes: APIRouter, people: People, oidc: OidcDesk) -> None:
    @routes.get("/oidc", **_PROVIDER)
    def provider() -> Response:
        return respond(200, {"title": oidc.title} if oidc.title else {})

    @routes.get("/oidc/login", **_OIDC)
    async def begin(request: Request, next: str = "/") -> Response:
        try:
            made = await oidc.begin(next)
        except ApiError as error:
            return turned_away(error, _BACK)
        answer = RedirectResponse(made.url, 302, {"Cache-Control": "no-store"})
        answer.set_cookie(
            STATE_COOKIE, made.cookie, STATE_SECONDS, path="/", secure=True, httponly=True, samesite="lax"
        )
        return answer

    @routes.get("/oidc/callback", **_CALLBACK)
    async def finish(request: Request) -> Response:
        kept, before = request.cookies.get(STATE_COOKIE, ""), request.cookies.get(COOKIE, "")
        try:
            made, target = await oidc.finish(request.query_params, kept, source_of(request), before)
        except (AccountError, RoleError) as error:
            return turned_away(ApiError(422, "business-rule", str(error)), _BACK)
        except ApiError as error:
            return turned_away(error, _BACK)
        answer = _with_cookie(onward(target), made, people)
        answer.delete_cookie(STATE_COOKIE, path="/", secure=True, httponly=True, samesite="lax")
        return answer


def _tokens(routes: APIRouter, people: People, tokens: TokenDesk) -> None:
    @routes.post("/oauth/token", **_TOKEN)
    async def token(request: Request) -> Response:
        sent, body = request.headers.get("authorization", ""), await request.body()
        public = people.settings.public_url.rstrip("/")
        audience = f"{public}{TOKEN_PATH}" if public else str(request.url.replace(query=""))
        try:
            made = await asyncio.to_thread(tokens.token, form_of(body), sent, audience, source_of(request))
        except OAuthError as error:
            headers = {"WWW-Authenticate": "Basic"} if error.status == 401 else {}
            told = {"error": error.error, "error_description": error.description}
            return respond(error.status, told, headers | _UNKEPT)
        return respond(200, made, _UNKEPT)


# -- in and out --------------------------------------------------------------------------------


_UNKEPT: Final = {"Cache-Control": "no-store", "Pragma": "no-cache"}


def _person(access: Access, request: Request) -> Principal:
    """Somebody with an account, logged in; blocked or not. Raises ``ApiError`` 401, 403."""
    found = access.who(request)
    if not found.is_person:
        raise ApiError(403, "forbidden", "仅适用于以账号登录的用户")
    return found


def _recent(access: Access, request: Request) -> Principal:
    """Somebody who proved a moment ago who they are: a session left open must not change how its owner logs in."""
    found = _person(access, request)
    access.recently_proved(found)
    return found


def _begun(made: LoggedIn, people: People, cookie: bool) -> Response:
    told: dict[str, Any] = {
        "account": made.account.name,
        "expires": made.expires.isoformat(),
        "csrf": made.csrf,
        "mustChangePassword": made.account.stale(people.rules, datetime.now(UTC)),
    }
    if cookie:
        return _with_cookie(respond(200, told, _UNKEPT), made, people)
    return respond(200, {"token": made.token} | told, _UNKEPT)


def _with_cookie(answer: Response, made: LoggedIn, people: People) -> Response:
    lasts = people.settings.session_hours * 3600
    answer.set_cookie(COOKIE, made.token, lasts, path="/", secure=True, httponly=True, samesite="strict")
    return answer


def _without_cookie(answer: Response) -> Response:
    answer.delete_cookie(COOKIE, path="/", secure=True, httponly=True, samesite="strict")
    return answer


def _described(found: Principal, request: Request, people: People, access: Access, oidc: OidcDesk) -> dict[str, Any]:
    """Who is logged in, what they may do, and what pages show across themselves."""
    now = datetime.now(UTC)
    code = watermark(found, now)
    access.note(found, "session.watermark", f"watermark/{code}")
    told: dict[str, Any] = {
        "name": found.name,
        "fullName": found.detail.get("fullName", found.name),
        "kind": found.kind.value,
        "institution": found.tenant,
        "institutionName": called(people.engine)(found.tenant),
        "roles": [{"name": r, "title": ROLES[r].title if r in ROLES else r} for r in sorted(found.roles)],
        "permissions": sorted(found.permissions),
        "scope": list(found.scope.reads) or ([people.settings.league] if found.scope.everything else []),
        "blocked": found.blocked,
        "watermark": {"name": found.name, "institution": found.tenant, "time": now.isoformat(), "code": code},
    }
    if oidc.vouches_for(found):
        told["provider"] = oidc.title
    token = request.cookies.get(COOKIE, "")
    if found.is_person:
        with people.engine.connect() as connection:
            told["secondFactor"] = second_factor.enrolled(connection, found.account)
            told["recoveryCodesLeft"] = second_factor.left(connection, found.account)
        told |= {"csrf": sessions.csrf_of(token)} if token else {}
    return told


def _listed(session: sessions.Session, current: str) -> dict[str, Any]:
    return {
        "began": session.created.isoformat(),
        "seen": session.seen.isoformat(),
        "expires": session.expires.isoformat(),
        "source": session.source,
        "current": session.digest == current,
    }


# -- OpenAPI -----------------------------------------------------------------------------------

_told: Final = partial(summarised, denies=())


_LOGIN: Final = _told("Log in", 400, 401, 403, 429) | asked(
    LoginBody, {"name": "wangys", "password": "…", "code": "123456", "cookie": True}
)
_SESSION: Final = _told("Who is logged in, with permissions and watermark", 401)
_LOGOUT: Final = _told("Log out; `onward` ends the login with the identity provider too", 401, 403)
_SESSIONS: Final = _told("Where else one is logged in", 401, 403)
_LOGOUT_ALL: Final = _told("Log out everywhere", 401, 403)
_PROOF: Final = _told("Prove again who one is, before something dangerous", 400, 401, 429) | asked(ProofBody)
_PASSWORD: Final = _told("Change one's password", 400, 401, 422, 429) | asked(PasswordBody)
_FACTOR: Final = _told("Begin to use a second factor (TOTP)", 401, 403, 422)
_CONFIRM: Final = _told("Confirm the second factor with a code; gives recovery codes", 401, 422) | asked(CodeBody)
_UNFACTOR: Final = _told("Use no second factor any more", 401, 403)
_PROVIDER: Final = _told("What the identity provider is called that people may log in with, if there is one")
_OIDC: Final = _told("Log in with the identity provider", 404, 503)
_CALLBACK: Final = _told("Where the identity provider sends the browser back to", 401, 403, 503)
_TOKEN: Final[dict[str, Any]] = _told("Access token for a hospital system (client credentials)", 400, 401, 429) | {
    "openapi_extra": {
        "requestBody": {
            "required": True,
            "content": {
                "application/x-www-form-urlencoded": {
                    "schema": {
                        "type": "object",
                        "required": ["grant_type"],
                        "properties": {
                            name: {"type": "string"}
                            for name in (
                                *("grant_type", "scope", "client_id", "client_secret"),
                                *("client_assertion_type", "client_assertion"),
                            )
                        },
                    }
                }
            },
        }
    }
}
