"""Access tokens for hospital systems: OAuth 2.0 client credentials (RFC 6749, 4.4) with a secret, or with a key pair
(RFC 7523, as SMART Backend Services asks). What a client may do, and for which tenant, is fixed when it is
registered; a token may ask for less."""

from __future__ import annotations

import time
from base64 import b64decode
from binascii import Error as Base64Error
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from urllib.parse import parse_qsl, unquote_plus

from api.auth import ALGORITHMS
from api.errors import ApiError
from api.metrics import METRICS
from api.people import People
from base import clients, sessions
from base.audit import AuditLog, Event
from base.clients import Client
from base.tenancy import system
from base.tokens import UsedTokens
from records.registry import Registry

ASSERTION: Final = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
SCOPES: Final[dict[str, tuple[str, ...]]] = {
    "system/*.read": ("person.read", "record.read", "registry.read", "terms.read", "consent.read"),
    "system/*.write": ("person.write", "record.write", "registry.write", "exchange.send", "consent.write"),
    "system/*.*": ("person.read", "record.read", "registry.read", "person.write", "record.write", "exchange.send"),
}
"""SMART scopes and the permissions they stand for; every permission is a scope of its own name too."""
_LONGEST_SECONDS: Final = 300
_LEEWAY_SECONDS: Final = 30
_KEPT_SECONDS, _AGAIN_SECONDS = 300.0, 10.0
"""How long keys that a client publishes are kept, and how soon they are asked for again if they were not there."""


class OAuthError(Exception):
    """An answer in the terms of RFC 6749, 5.2."""

    def __init__(self, error: str, description: str, status: int = 400) -> None:
        super().__init__(description)
        self.error, self.description, self.status = error, description, status


@dataclass(frozen=True, slots=True)
class _Asked:
    """How a client says who it is: by secret, or by an assertion it signed."""

    id: str
    secret: str = ""
    assertion: str = ""


class TokenDesk:
    """Hands out tokens."""

    def __init__(self, people: People, audit: AuditLog, used: UsedTokens) -> None:
        self._people, self._audit, self._used = people, audit, used
        self._fetched: dict[str, tuple[float, dict[str, Any]]] = {}

    def token(self, form: Mapping[str, str], authorization: str, audience: str, source: str) -> dict[str, Any]:
        """The answer of the token endpoint. ``audience``: its URL, which assertions must be made for. Raises
        ``OAuthError``, and ``ApiError`` 429 for a client that guesses."""
        if form.get("grant_type") != "client_credentials":
            raise OAuthError("unsupported_grant_type", "grant_type must be client_credentials")
        asked = _credentials(form, authorization)
        client = self._proved(asked, audience, source)
        scopes = _granted(client, form.get("scope", ""))
        life, now = timedelta(minutes=self._people.settings.token_minutes), datetime.now(UTC)
        with system("token"), self._people.engine.begin() as connection:
            token, _ = sessions.begin_client(connection, client.id, scopes, life, now, source)
        self._audit.note(Event(client.id, "login.client", f"client/{client.id}", client.tenant, source))
        lasts = int(life.total_seconds())
        return {"access_token": token, "token_type": "Bearer", "expires_in": lasts, "scope": " ".join(scopes)}

    def _proved(self, asked: _Asked, audience: str, source: str) -> Client:
        """Raises ``OAuthError`` ``invalid_client``, the same for an unknown client and a wrong secret."""
        people, now = self._people, time.time()
        keys = ((f"source {source}", people.of_source), (f"client {asked.id} {source}", people.of_account))
        wait = next((w for key, patience in keys if (w := people.attempts.take(key, patience, now))), 0.0)
        if wait:
            raise ApiError(429, "throttled", f"too many attempts: try again in {wait:.0f} s")
        with system("token"), people.engine.connect() as connection:
            client = clients.by_id(connection, asked.id)
            closed = client is not None and Registry().closed(connection, client.tenant)
        usable = client is not None and not closed and client.usable(datetime.now(UTC))
        if client is None or not usable or not self._fits(client, asked, audience):
            METRICS.login_failures.inc()
            self._audit.note(Event("unknown", "login.failed", f"client/{asked.id}" if client else "", source=source))
            raise OAuthError("invalid_client", "unknown client, or its proof does not fit", 401)
        for key, _ in keys:
            people.attempts.give_back(key)
        return client

    def _fits(self, client: Client, asked: _Asked, audience: str) -> bool:
        if not asked.assertion:
            return client.knows(asked.secret)
        claims = _verified(client, self._keys_of(client), asked.assertion, audience)
        if claims is None:
            return False
        return self._used.take(f"{client.id} {claims['jti']}", float(claims["exp"]) + _LEEWAY_SECONDS)

    def _keys_of(self, client: Client) -> dict[str, Any]:
        """Its JWK set, fetched now and then where the client publishes it; empty when that cannot be had."""
        url = str(client.keys.get("jku", ""))
        if not url:
            return client.keys
        until, kept = self._fetched.get(url, (0.0, {}))
        if until < time.monotonic():
            kept = fetched(url)
            self._fetched[url] = (time.monotonic() + (_KEPT_SECONDS if kept else _AGAIN_SECONDS), kept)
        return kept


def fetched(url: str) -> dict[str, Any]:
    """The JWK set at a URL; empty when there is none."""
    import httpx

    try:
        found = httpx.get(url, timeout=3, headers={"Accept": "application/json"}).raise_for_status().json()
    except (httpx.HTTPError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def form_of(body: bytes) -> dict[str, str]:
    """The fields of a form. Raises ``OAuthError`` for a field that stands twice, or text that is none."""
    try:
        pairs = parse_qsl(body.decode("utf-8"), keep_blank_values=True, strict_parsing=bool(body), max_num_fields=20)
    except ValueError:
        raise OAuthError("invalid_request", "the body must be application/x-www-form-urlencoded") from None
    if len({name for name, _ in pairs}) != len(pairs):
        raise OAuthError("invalid_request", "a parameter stands twice")
    return dict(pairs)


def _credentials(form: Mapping[str, str], authorization: str) -> _Asked:
    """How the client proves itself: exactly one way (RFC 6749, 2.3)."""
    assertion = form.get("client_assertion", "")
    ways = [bool(authorization), bool(form.get("client_secret")), bool(assertion)]
    if sum(ways) != 1:
        raise OAuthError("invalid_client", "prove who you are in exactly one way", 401)
    if assertion:
        if form.get("client_assertion_type") != ASSERTION:
            raise OAuthError("invalid_request", f"client_assertion_type must be {ASSERTION}")
        return _Asked(_issuer(assertion), assertion=assertion)
    if authorization:
        return _basic(authorization)
    return _Asked(form.get("client_id", ""), form["client_secret"])


def _basic(authorization: str) -> _Asked:
    scheme, _, given = authorization.partition(" ")
    try:
        name, colon, secret = b64decode(given, validate=True).decode("utf-8").partition(":")
    except (Base64Error, ValueError):
        name, colon, secret = "", "", ""
    if scheme.lower() != "basic" or not colon:
        raise OAuthError("invalid_client", "Authorization must be Basic with client id and secret", 401)
    return _Asked(unquote_plus(name), unquote_plus(secret))


def _issuer(assertion: str) -> str:
    """Whom an assertion claims to be of, not checked yet."""
    import jwt

    try:
        return str(jwt.decode(assertion, options={"verify_signature": False}).get("iss", ""))[:80]
    except jwt.PyJWTError:
        raise OAuthError("invalid_client", "client_assertion is no JWT", 401) from None


def _verified(client: Client, published: Mapping[str, Any], assertion: str, audience: str) -> dict[str, Any] | None:
    """The claims of an assertion signed with a key of the client, for us, a short while ago."""
    import jwt

    try:
        header = jwt.get_unverified_header(assertion)
        keys = jwt.PyJWKSet.from_dict(dict(published)).keys
        key = next(k for k in keys if k.key_id == header.get("kid"))
        claims: dict[str, Any] = jwt.decode(
            assertion,
            key.key,
            algorithms=list(ALGORITHMS),
            audience=audience,
            leeway=_LEEWAY_SECONDS,
            options={"require": ["iss", "sub", "aud", "exp", "jti"]},
        )
    except (jwt.PyJWTError, StopIteration, ValueError):
        return None
    soon = float(claims["exp"]) - time.time() <= _LONGEST_SECONDS + _LEEWAY_SECONDS
    return claims if claims["iss"] == claims["sub"] == client.id and soon else None


def _granted(client: Client, scope: str) -> tuple[str, ...]:
    """Permissions of a token: what was asked for, or all the client has. Raises ``OAuthError`` ``invalid_scope`` when
    none of it is its to have."""
    asked = scope.split()
    if not asked:
        return tuple(sorted(client.permissions))
    wanted = {p for word in asked for p in SCOPES.get(word, (word,))}
    given = tuple(sorted(client.permissions & wanted))
    single = [word for word in asked if word not in SCOPES and word not in client.permissions]
    if not given or single:
        raise OAuthError("invalid_scope", f"not granted to this client: {' '.join(single or asked)}"[:200])
    return given
