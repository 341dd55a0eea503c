"""Who is calling: CDS clients by signed JWT (CDS Hooks, Trusting CDS Clients), operators by key."""

from __future__ import annotations

import asyncio
import hmac
import logging
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from api.errors import ApiError
from api.trusted import TrustedClients
from base.settings import Settings
from base.tokens import UsedTokens

if TYPE_CHECKING:  # read when the first token comes: a worker without clients need not wait for them
    from jwt import PyJWK, PyJWKSet

_log = logging.getLogger(__name__)
ALGORITHMS = ("ES384", "RS384", "ES256", "ES512", "RS256", "RS512", "PS384", "EdDSA")
"""Asymmetric only: ``none`` and the HMAC family can never identify a client."""
_LEEWAY_SECONDS = 30
_SHARED_SECONDS = 0.25
_LONGEST_SECONDS = 3600
_JWKS_SECONDS = 300


@dataclass(frozen=True, slots=True)
class Client:
    """A caller that proved who it is (or an anonymous one, where that is allowed). ``features`` are
    the optional CDS Hooks features that it declared when its keys were registered."""

    issuer: str = ""
    tenant: str = ""
    features: frozenset[str] = frozenset()


_ANYONE: Final = Client()


class ClientAuth:
    """Checks client JWTs against registered keys and allowed JWK set URLs, each ``jti`` once."""

    def __init__(self, settings: Settings, used: UsedTokens, trusted: TrustedClients) -> None:
        self._settings, self._used, self._trusted = settings, used, trusted
        self._fetched: dict[str, tuple[float, PyJWKSet]] = {}

    async def client(self, authorization: str, audience: str) -> Client:
        """The client behind an ``Authorization`` header for a called URL.

        A token that is sent is always checked. Raises ``ApiError`` 401 with what is wrong.
        """
        if not authorization:
            if self._settings.require_client_auth:
                raise _denied("Authorization header with a Bearer JWT is required")
            return _ANYONE
        scheme, _, token = authorization.partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise _denied("Authorization must be `Bearer <JWT>`")
        await self._trusted.ready()
        if not self._configured():
            return _ANYONE
        claims = _decode(token, await self._key(token), audience)
        name, until = f"{claims['iss']} {claims['jti']}", float(claims["exp"]) + _LEEWAY_SECONDS
        if not await self._first(name, until):
            raise _denied("this token was used before (jti)")
        known = self._trusted.of(str(claims["iss"]))
        if known is None:
            return Client(str(claims["iss"]), str(claims.get("tenant", "")))
        return Client(str(claims["iss"]), _tenant(known.tenant, str(claims.get("tenant", ""))), known.features)

    async def _first(self, name: str, until: float) -> bool:
        """Whether the token id is new. A busy database is not waited for: this worker's own memory was
        asked before it, and an order must not hang on a lock."""
        asked = asyncio.create_task(asyncio.to_thread(self._used.take, name, until))
        done, _ = await asyncio.wait({asked}, timeout=_SHARED_SECONDS)
        if not done:
            _log.error("token ids not shared in time: database busy")
        return asked.result() if done else True

    def _configured(self) -> bool:
        return bool(self._settings.require_client_auth or self._trusted or self._settings.jku_allow)

    async def _key(self, token: str) -> PyJWK:
        import jwt

        try:
            header = jwt.get_unverified_header(token)
            issuer = jwt.decode(token, options={"verify_signature": False}).get("iss", "")
        except jwt.PyJWTError as error:
            raise _denied("the token is no JWT") from error
        if header.get("alg") not in ALGORITHMS:
            raise _denied(f"algorithm {header.get('alg')!r} is not accepted; use ES384 or RS384")
        known = self._trusted.of(str(issuer))
        if known is not None and known.keys is not None:
            keys = known.keys
        else:
            keys = await self._jwks(known.jku if known else self._allowed(header.get("jku")))
        found = [key for key in keys.keys if key.key_id == header.get("kid")]
        if not found:
            raise _denied("no key with this kid is registered for the issuer")
        return found[0]

    def _allowed(self, url: Any) -> str:
        if url not in self._settings.jku_allow:
            raise _denied("issuer is not registered and its jku is not on the allow-list")
        return str(url)

    async def _jwks(self, url: str) -> PyJWKSet:
        kept = self._fetched.get(url)
        if kept and kept[0] > time.monotonic():
            return kept[1]
        import httpx
        from jwt import PyJWKSet, PyJWTError

        try:
            async with httpx.AsyncClient(timeout=3) as web:
                answer = (await web.get(url)).raise_for_status()
            keys = PyJWKSet.from_dict(answer.json())
        except (httpx.HTTPError, PyJWTError, ValueError) as error:
            raise _denied("the JWK set of the client could not be fetched") from error
        self._fetched[url] = (time.monotonic() + _JWKS_SECONDS, keys)
        return keys


def _decode(token: str, key: PyJWK, audience: str) -> dict[str, Any]:
    import jwt

    required = ["iss", "aud", "exp", "iat", "jti"]
    try:
        claims: dict[str, Any] = jwt.decode(
            token,
            key.key,
            algorithms=list(ALGORITHMS),
            audience=audience,
            leeway=_LEEWAY_SECONDS,
            options={"require": required},
        )
    except jwt.InvalidAudienceError as error:
        raise _denied(f"aud must be the called URL {audience}") from error
    except jwt.ExpiredSignatureError as error:
        raise _denied("the token has expired") from error
    except jwt.PyJWTError as error:
        raise _denied(f"the token is not valid: {type(error).__name__}") from error
    if float(claims["exp"]) - float(claims["iat"]) > _LONGEST_SECONDS:
        raise _denied("the token lives longer than an hour")
    return claims


def _tenant(registered: str, claimed: str) -> str:
    """The tenant of a call: what the client says, where nothing was registered or it lies below that."""
    if not registered or claimed == registered or claimed.startswith(f"{registered}/"):
        return claimed
    if claimed:
        raise _denied("the tenant claim is not of the tenant that this client was registered for")
    return registered


def bearer_key(settings: Settings, given: str) -> str:
    """Name of the operator behind a bearer key (``name:secret`` in the settings); empty when it is none."""
    for entry in settings.api_keys:
        name, _, secret = entry.partition(":")
        if secret and hmac.compare_digest(secret.encode(), given.encode()):
            return name
    return ""


def is_loopback(peer: str) -> bool:
    """Whether a call comes from this machine itself."""
    return peer in ("127.0.0.1", "::1", "localhost", "testclient")


def _denied(why: str) -> ApiError:
    return ApiError(401, "login", why, headers={"WWW-Authenticate": "Bearer"})
