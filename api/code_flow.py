"""The authorization code flow with PKCE (RFC 6749, 7636), as identity providers and hospital systems speak it.

What must come back unchanged (state, nonce, verifier) travels in a sealed cookie of the browser that began, so that
any worker may finish, and no other browser. Identity tokens are checked with authlib: signature by a published key
under an asymmetric algorithm, issuer, audience, times, nonce and the digest of the access token. No token is logged,
stored or put into an address.
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

from api.auth import ALGORITHMS
from api.client_keys import ClientKey
from api.errors import ApiError
from api.outward import is_secure
from base.keyring import KeyRing
from base.security import SealError
from base.tokens import UsedTokens

STATE_SECONDS: Final = 600
"""How long somebody may take with the other server."""
_FRESH_SECONDS: Final = 300.0
_AGAIN_SECONDS: Final = 10.0
_LEEWAY_SECONDS: Final = 30
_ENDPOINTS: Final = ("authorization_endpoint", "token_endpoint", "jwks_uri")


class Pending(msgspec.Struct, frozen=True):
    """What must come back unchanged, until when, and what it is about: where to go then, or whom it is with."""

    state: str
    nonce: str
    verifier: str
    until: float
    about: str


@dataclass(frozen=True, slots=True)
class Begun:
    """Where to send the browser, and the cookie it must bring back, which belongs to ``state``."""

    url: str
    cookie: str
    state: str


@dataclass(frozen=True, slots=True)
class Registration:
    """A server and how it knows us: ``called`` is what people call it, ``described`` the address of its metadata,
    ``issuer`` what it calls itself unless it says otherwise and ``exact`` forbids that. We prove ourselves by
    ``secret`` or ``key``, or by PKCE alone."""

    called: str
    issuer: str
    described: str
    client_id: str
    redirect_uri: str
    secret: str = ""
    key: ClientKey | None = None
    exact: bool = False


@dataclass(frozen=True, slots=True)
class Vouched:
    """The answer of a token endpoint: what it tells beside tokens, and the checked claims of the identity token."""

    told: Mapping[str, Any]
    access_token: str
    claims: Mapping[str, Any]


class CodeFlow:
    """Sends browsers to one server and redeems what they bring back."""

    def __init__(self, registration: Registration, ring: KeyRing, used: UsedTokens) -> None:
        self._ours, self._ring, self._used = registration, ring, used
        self._metadata: dict[str, Any] = {}
        self._keys: dict[str, Any] = {}
        self._read_at = -_FRESH_SECONDS

    async def begin(self, asked: Mapping[str, str], about: str) -> Begun:
        """Where to send a browser with what else is ``asked`` of the server. Raises ``ApiError`` 503."""
        metadata = await self.metadata()
        made = Pending(_secret(), _secret(), _secret(), time.time() + STATE_SECONDS, about)
        query = {
            "response_type": "code",
            "client_id": self._ours.client_id,
            "redirect_uri": self._ours.redirect_uri,
            "state": made.state,
            "nonce": made.nonce,
            "code_challenge": _challenge(made.verifier),
            "code_challenge_method": "S256",
            **asked,
        }
        where = metadata["authorization_endpoint"]
        url = f"{where}{'&' if urlsplit(where).query else '?'}{urlencode(query)}"
        return Begun(url, sealed(self._ring, made, self._ours.redirect_uri), made.state)

    async def finish(self, query: Mapping[str, str], pending: Pending) -> Vouched:
        """What the server says once somebody agreed. Raises ``ApiError`` 401, 503."""
        await self.metadata()
        called = self._ours.called
        if query.get("iss", self._issuer) != self._issuer:
            raise refused(f"答复来自另一{called}")
        if not query.get("code"):
            raise refused(f"{called}未同意" if "error" in query else f"{called}的答复不完整")
        if not await asyncio.to_thread(self._used.take, f"code flow {pending.state}", pending.until):
            raise refused("该答复已使用过")
        told = await self._redeemed(query["code"], pending)
        token, access = str(told.pop("id_token", "")), str(told.pop("access_token", ""))
        return Vouched(told, access, await self._verified(token, access, pending.nonce))

    async def metadata(self) -> dict[str, Any]:
        """What the server says of itself, read anew now and then. Raises ``ApiError`` 503."""
        if self._metadata and time.monotonic() - self._read_at < _FRESH_SECONDS:
            return self._metadata
        found = await self._read(self._ours.described)
        if self._ours.exact and found.get("issuer") != self._ours.issuer:
            raise self._away("自称为另一服务")
        if not all(is_secure(str(found.get(name, ""))) for name in _ENDPOINTS):
            raise self._away("未以 HTTPS 提供所需的地址")
        self._metadata, self._keys = found, await self._read(found["jwks_uri"])
        self._read_at = time.monotonic()
        return found

    # -- what came back ------------------------------------------------------------------------

    @property
    def _issuer(self) -> str:
        return str(self._metadata.get("issuer") or self._ours.issuer)

    async def _redeemed(self, code: str, pending: Pending) -> dict[str, Any]:
        """The answer of the token endpoint. Raises ``ApiError`` 401, 503."""
        import httpx

        ours, endpoint = self._ours, (await self.metadata())["token_endpoint"]
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": ours.redirect_uri}
        form |= {"client_id": ours.client_id, "code_verifier": pending.verifier}
        if ours.key is not None:
            form |= ours.key.assertion(ours.client_id, endpoint)
        basic = httpx.BasicAuth(ours.client_id, ours.secret) if ours.secret else None
        try:
            async with httpx.AsyncClient(timeout=10, auth=basic) as web:
                answer = (await web.post(endpoint, data=form)).raise_for_status().json()
        except httpx.TransportError:
            raise self._away() from None
        except (httpx.HTTPError, ValueError):
            answer = None
        if not isinstance(answer, dict):
            raise refused(f"{ours.called}未给出令牌：授权码可能已过期")
        return answer

    async def _verified(self, token: str, access: str, nonce: str) -> dict[str, Any]:
        """The claims of an identity token. Raises ``ApiError`` 401, 503."""
        from authlib.oidc.core import CodeIDToken
        from joserfc import jwt
        from joserfc.errors import JoseError
        from joserfc.jwk import KeySet

        client_id = self._ours.client_id
        options: Any = {
            "iss": {"essential": True, "value": self._issuer},
            "aud": {"essential": True, "value": client_id},
            **{name: {"essential": True} for name in ("sub", "exp", "iat", "nonce")},
        }
        try:
            keys = KeySet.import_key_set(await self._jwks(token))
            read = jwt.decode(token, keys, algorithms=list(ALGORITHMS))
            params = {"client_id": client_id, "nonce": nonce, "access_token": access}
            CodeIDToken(read.claims, read.header, options, params).validate(int(time.time()), _LEEWAY_SECONDS)
        except (JoseError, ValueError, TypeError, KeyError) as error:
            raise refused(f"身份令牌无效 ({type(error).__name__})") from None
        return dict(read.claims)

    async def _jwks(self, token: str) -> Any:
        """The server's keys, read again for a key that is new."""
        from joserfc import jws

        metadata = await self.metadata()
        kid = jws.extract_compact(token.encode()).headers().get("kid")
        known = {key.get("kid") for key in self._keys.get("keys", ())}
        if kid not in known and time.monotonic() - self._read_at > _AGAIN_SECONDS:
            self._keys, self._read_at = await self._read(metadata["jwks_uri"]), time.monotonic()
        return self._keys

    async def _read(self, url: str) -> dict[str, Any]:
        """A JSON object. Raises ``ApiError`` 503."""
        import httpx

        try:
            async with httpx.AsyncClient(timeout=5) as web:
                found = (await web.get(url, headers={"Accept": "application/json"})).raise_for_status().json()
        except (httpx.HTTPError, ValueError):
            raise self._away() from None
        if not isinstance(found, dict):
            raise self._away()
        return found

    def _away(self, why: str = "暂不可用，请稍后再试") -> ApiError:
        return ApiError(503, "transient", f"{self._ours.called}{why}")


# -- what travels with the browser -----------------------------------------------------------------


def sealed(ring: KeyRing, pending: Pending, back: str) -> str:
    """The cookie of what is pending; ``back`` is where the browser comes back to, and nowhere else it is taken."""
    return urlsafe_b64encode(ring.seal(msgspec.json.encode(pending), back.encode())).decode()


def returned(ring: KeyRing, cookie: str, state: str, back: str) -> Pending:
    """What this browser began, ``state`` belongs to and came ``back``. Raises ``ApiError`` 401."""
    try:
        pending = msgspec.json.decode(ring.unseal(urlsafe_b64decode(cookie.encode()), back.encode()), type=Pending)
    except (SealError, Base64Error, ValueError, msgspec.DecodeError):
        pending = None
    mine = pending is not None and secrets.compare_digest(state.encode(), pending.state.encode())
    if pending is None or not mine or pending.until < time.time():
        raise refused("未从本浏览器发起或已过期，请重新打开")
    return pending


def refused(why: str) -> ApiError:
    """401: what came back is not taken."""
    return ApiError(401, "login", why)


def _secret() -> str:
    return secrets.token_urlsafe(32)


def _challenge(verifier: str) -> str:
    from authlib.oauth2.rfc7636 import create_s256_code_challenge

    return str(create_s256_code_challenge(verifier))
