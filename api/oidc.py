"""Logging in with an identity provider (OpenID Connect, authorization code with PKCE).

What must come back unchanged (state, nonce, verifier) travels in a sealed cookie of the browser that began, so that
any worker may finish, and no other browser. Tokens are checked with authlib: signature by a published key under an
asymmetric algorithm, issuer, audience, times, nonce and the digest of the access token.
"""

from __future__ import annotations

import asyncio
import secrets
import time
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as Base64Error
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlencode, urlsplit

import msgspec
from sqlalchemy import Connection

from api.auth import ALGORITHMS
from api.errors import ApiError
from api.login import LoggedIn, LoginDesk
from api.people import People
from base import accounts, roles
from base.accounts import Account, AccountError
from base.audit import AuditLog, Event
from base.roles import RoleError
from base.security import SealError
from base.tenancy import TenancyError, system, tenant_path
from base.tokens import UsedTokens

STATE_COOKIE: Final = "__Host-yigong-oidc"
STATE_SECONDS: Final = 600
CALLBACK: Final = "/api/v1/oidc/callback"
_PLACE: Final = b"oidc state"
_FRESH_SECONDS: Final = 300.0
_AGAIN_SECONDS: Final = 10.0
_LEEWAY_SECONDS: Final = 30
_STRONG: Final = frozenset({"mfa", "otp", "hwk", "sc", "fpt", "face"})
"""Authentication methods (RFC 8176) of the provider that count as a second factor."""
_SOURCE: Final = "oidc"


class _State(msgspec.Struct, frozen=True):
    """What must come back unchanged, until when, and where the browser wants to go then."""

    state: str
    nonce: str
    verifier: str
    until: float
    next: str


@dataclass(frozen=True, slots=True)
class Begun:
    """Where to send the browser, and the cookie it must bring back."""

    url: str
    cookie: str


class OidcDesk:
    """Lets people in whom the provider vouches for."""

    def __init__(self, people: People, login: LoginDesk, used: UsedTokens, audit: AuditLog) -> None:
        self._people, self._login, self._used, self._audit = people, login, used, audit
        self._settings = people.settings
        self._metadata: dict[str, Any] = {}
        self._keys: dict[str, Any] = {}
        self._read_at = -_FRESH_SECONDS

    async def begin(self, target: str) -> Begun:
        """Raises ``ApiError`` 404 when no provider is set up, 503 when it cannot be reached."""
        metadata = await self._provider()
        made = _State(_secret(), _secret(), _secret(), time.time() + STATE_SECONDS, _local(target))
        asked = {
            "response_type": "code",
            "client_id": self._settings.oidc_client_id,
            "redirect_uri": self._redirect_uri(),
            "scope": self._settings.oidc_scopes,
            "state": made.state,
            "nonce": made.nonce,
            "code_challenge": _challenge(made.verifier),
            "code_challenge_method": "S256",
        }
        sealed = self._people.ring.seal(msgspec.json.encode(made), _PLACE)
        where = metadata["authorization_endpoint"]
        url = f"{where}{'&' if urlsplit(where).query else '?'}{urlencode(asked)}"
        return Begun(url, urlsafe_b64encode(sealed).decode())

    async def finish(self, query: Mapping[str, str], cookie: str, source: str, replaces: str) -> tuple[LoggedIn, str]:
        """A session, and where the browser wanted to go. Raises ``ApiError`` 401, 403, 503."""
        try:
            state = self._returned(query, cookie)
            if not await asyncio.to_thread(self._used.take, f"oidc {state.state}", state.until):
                raise _refused("该登录答复已使用过")
            claims = await self._claims(query["code"], state)
            account = await asyncio.to_thread(self._account, claims)
        except (ApiError, AccountError, RoleError) as error:
            self._audit.note(Event("unknown", "login.failed", _SOURCE, source=source, why=str(error)))
            raise
        second = bool(_STRONG.intersection(_words(claims.get("amr"))))
        made = await asyncio.to_thread(self._login.begin, account, source, second, replaces)
        return made, state.next

    # -- what came back ------------------------------------------------------------------------

    def _returned(self, query: Mapping[str, str], cookie: str) -> _State:
        """The state of the login that this browser began. Raises ``ApiError`` 401."""
        try:
            sealed = urlsafe_b64decode(cookie.encode())
            state = msgspec.json.decode(self._people.ring.unseal(sealed, _PLACE), type=_State)
        except (SealError, Base64Error, ValueError, msgspec.DecodeError):
            raise _refused("登录未从本浏览器发起或已过期，请重新登录") from None
        given = query.get("state", "")
        if not secrets.compare_digest(given.encode(), state.state.encode()) or state.until < time.time():
            raise _refused("登录未从本浏览器发起或已过期，请重新登录")
        if query.get("iss", self._settings.oidc_issuer) != self._settings.oidc_issuer:
            raise _refused("答复来自另一身份认证服务")
        if not query.get("code"):
            raise _refused("身份认证服务未同意登录")
        return state

    async def _claims(self, code: str, state: _State) -> dict[str, Any]:
        """What the provider says of somebody, checked. Raises ``ApiError`` 401, 503."""
        import httpx

        metadata = await self._provider()
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": self._redirect_uri()}
        form |= {"client_id": self._settings.oidc_client_id, "code_verifier": state.verifier}
        secret = self._settings.oidc_client_secret
        basic = httpx.BasicAuth(self._settings.oidc_client_id, secret) if secret else None
        try:
            async with httpx.AsyncClient(timeout=10, auth=basic) as web:
                answer = (await web.post(metadata["token_endpoint"], data=form)).raise_for_status().json()
            token, access = str(answer["id_token"]), str(answer.get("access_token", ""))
        except httpx.TransportError:
            raise _away() from None
        except (httpx.HTTPError, ValueError, KeyError, TypeError):
            raise _refused("身份认证服务未给出身份令牌") from None
        return await self._verified(token, access, state.nonce)

    async def _verified(self, token: str, access: str, nonce: str) -> dict[str, Any]:
        from authlib.oidc.core import CodeIDToken
        from joserfc import jwt
        from joserfc.errors import JoseError
        from joserfc.jwk import KeySet

        ours = self._settings
        try:
            keys = KeySet.import_key_set(await self._jwks(token))
            read = jwt.decode(token, keys, algorithms=list(ALGORITHMS))
            options: Any = {
                "iss": {"essential": True, "value": ours.oidc_issuer},
                "aud": {"essential": True, "value": ours.oidc_client_id},
                **{name: {"essential": True} for name in ("sub", "exp", "iat", "nonce")},
            }
            params = {"client_id": ours.oidc_client_id, "nonce": nonce, "access_token": access}
            CodeIDToken(read.claims, read.header, options, params).validate(int(time.time()), _LEEWAY_SECONDS)
        except (JoseError, ValueError, TypeError, KeyError) as error:
            raise _refused(f"身份令牌无效 ({type(error).__name__})") from None
        return dict(read.claims)

    # -- whom it is ------------------------------------------------------------------------------

    def _account(self, claims: Mapping[str, Any]) -> Account:
        """The account of somebody, made at the first login, with the grants that the provider gives today. Raises
        ``ApiError`` 403."""
        ours, subject = self._settings, str(claims["sub"])[:200]
        tenant, given = self._tenant(claims), self._roles(claims)
        name = str(claims.get(ours.oidc_name_claim) or subject)
        full_name = str(claims.get("name") or name)
        with system("login"), self._people.engine.begin() as connection:
            account = accounts.by_subject(connection, ours.oidc_issuer, subject)
            if account is None and given:
                account = accounts.add_external(connection, name, tenant, full_name, ours.oidc_issuer, subject)
            elif account is not None:
                accounts.move(connection, account.id, tenant, full_name)
            if account is not None:
                self._align(connection, account, tenant, given)
        if account is None or not given:
            raise ApiError(403, "forbidden", "身份认证服务未给出可用的角色，请联系安全管理员")
        return account

    def _align(self, connection: Connection, account: Account, tenant: str, given: frozenset[str]) -> None:
        """Grants that came with a login go when the provider no longer says so; those of ours stay."""
        for held in roles.grants_of(connection, [account.id]):
            if held.source == _SOURCE and (held.role not in given or held.tenant != tenant):
                roles.revoke(connection, held.id)
                self._told(account, "grant.remove", held.role, held.tenant)
        before = {(g.role, g.tenant) for g in roles.grants_of(connection, [account.id])}
        for role in sorted(given):
            if (role, tenant) not in before:
                roles.grant(connection, account.id, role, tenant, self._settings.oidc_issuer[:80], _SOURCE)
                self._told(account, "grant.add", role, tenant)

    def _told(self, account: Account, act: str, role: str, tenant: str) -> None:
        event = Event(account.name, act, f"account/{account.id}", tenant, why=_SOURCE, detail={"role": role})
        self._audit.note(event)

    def _tenant(self, claims: Mapping[str, Any]) -> str:
        """Raises ``ApiError`` 403 for none, or one outside of the league."""
        tenant, league = str(claims.get(self._settings.oidc_tenant_claim, "")), self._settings.league
        try:
            inside = roles.below(tenant_path(tenant), [league])
        except TenancyError:
            inside = False
        if not inside:
            raise ApiError(403, "forbidden", "身份认证服务未给出医共体内的机构，请联系安全管理员")
        return tenant

    def _roles(self, claims: Mapping[str, Any]) -> frozenset[str]:
        said = _words(claims.get(self._settings.oidc_roles_claim))
        return frozenset(self._settings.oidc_roles[word] for word in said if word in self._settings.oidc_roles)

    # -- the provider ------------------------------------------------------------------------------

    async def _provider(self) -> dict[str, Any]:
        """Its metadata (OpenID Connect Discovery). Raises ``ApiError`` 404, 503."""
        issuer = self._settings.oidc_issuer
        if not issuer or not self._settings.oidc_client_id or not self._settings.public_url:
            text = "no identity provider: set YIGONG_OIDC_ISSUER, YIGONG_OIDC_CLIENT_ID and YIGONG_PUBLIC_URL"
            raise ApiError(404, "not-found", text)
        if self._metadata and time.monotonic() - self._read_at < _FRESH_SECONDS:
            return self._metadata
        found = await _read(f"{issuer.rstrip('/')}/.well-known/openid-configuration")
        needed = ("authorization_endpoint", "token_endpoint", "jwks_uri")
        if found.get("issuer") != issuer or not all(_safe(str(found.get(name, ""))) for name in needed):
            raise ApiError(503, "transient", "the identity provider describes itself as another, or without HTTPS")
        self._metadata, self._keys = found, await _read(found["jwks_uri"])
        self._read_at = time.monotonic()
        return found

    async def _jwks(self, token: str) -> Any:
        """Its keys, read again for a key that is new."""
        from joserfc import jws

        kid = jws.extract_compact(token.encode()).headers().get("kid")
        known = {key.get("kid") for key in self._keys.get("keys", ())}
        if kid not in known and time.monotonic() - self._read_at > _AGAIN_SECONDS:
            self._keys, self._read_at = await _read(self._metadata["jwks_uri"]), time.monotonic()
        return self._keys

    def _redirect_uri(self) -> str:
        return self._settings.public_url.rstrip("/") + CALLBACK


async def _read(url: str) -> dict[str, Any]:
    """A JSON object. Raises ``ApiError`` 503."""
    import httpx

    try:
        async with httpx.AsyncClient(timeout=5) as web:
            found = (await web.get(url)).raise_for_status().json()
    except (httpx.HTTPError, ValueError):
        raise _away() from None
    if not isinstance(found, dict):
        raise _away()
    return found


def _secret() -> str:
    return secrets.token_urlsafe(32)


def _challenge(verifier: str) -> str:
    from authlib.oauth2.rfc7636 import create_s256_code_challenge

    return str(create_s256_code_challenge(verifier))


def _safe(url: str) -> bool:
    """HTTPS, or this machine itself."""
    parts = urlsplit(url)
    return parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in ("127.0.0.1", "::1", "localhost"))


def _local(target: str) -> str:
    """A path of ours; anything that could lead elsewhere becomes the first page."""
    plain = target.startswith("/") and not target.startswith("//") and "\\" not in target
    return target if plain and target.isprintable() and len(target) < 500 else "/"


def _words(value: Any) -> list[str]:
    """A claim that is a list, or words in one text."""
    if isinstance(value, list):
        return [str(word) for word in value]
    return value.split() if isinstance(value, str) else []


def _refused(why: str) -> ApiError:
    return ApiError(401, "login", why)


def _away() -> ApiError:
    return ApiError(503, "transient", "身份认证服务暂不可用，请稍后再试")
