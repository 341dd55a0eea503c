"""Hospital systems that call in their own name, over HTTP: registered, given another proof, refused."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, Final

from fastapi import APIRouter, Request, Response
from sqlalchemy import Connection

from api.access import Access, Principal
from api.administering import UNKEPT, iso, reached
from api.asking import summarised
from api.bodies import Body, asked, decoded
from api.client_keys import jwk_of
from api.errors import bad_field, moment_of, respond
from api.institution_names import called, placed
from api.outward import is_secure
from api.people import People
from api.trusted import key_set
from base import clients, sessions
from base.roles import PERMISSIONS, ROLES
from base.tenancy import acting


class KeysBody(Body, frozen=True):
    """``keys``: a JWK set of public keys, ``pem``: one public key (with its ``kid``; without one its thumbprint is
    taken), ``jku``: where the system publishes its keys. One of the three."""

    keys: dict[str, Any] = {}
    pem: str = ""
    kid: str = ""
    jku: str = ""


class ClientBody(KeysBody, frozen=True, kw_only=True):
    """It proves itself with keys, or by ``certificate``: fingerprint or subject of a TLS certificate; with none of
    them a secret is made. ``issuer``: a CDS client, whose tokens (CDS Hooks) say so; ``features``: the optional ones
    of CDS Hooks that it declares."""

    id: str
    tenant: str
    title: str = ""
    permissions: tuple[str, ...] = ()
    certificate: str = ""
    expires: str = ""
    issuer: str = ""
    features: tuple[str, ...] = ()


_LONGEST_ISSUER: Final = 300
Change = Callable[[Connection], dict[str, Any]]


def router(people: People, access: Access) -> APIRouter:
    """``/api/v1/clients``."""
    routes = APIRouter(prefix="/api/v1/clients", tags=["Accounts"])
    _registering(routes, people, access)
    _letting_in(routes, people, access)
    _proving(routes, people, access)
    return routes


def _registering(routes: APIRouter, people: People, access: Access) -> None:
    @routes.get("", **_CLIENTS)
    def listed(request: Request) -> Response:
        found = access.need(request, "account.grant")
        with acting(found.scope), people.engine.connect() as connection:
            told = [_client(one) for one in clients.listed(connection)]
        may = [name for name, permission in PERMISSIONS.items() if not permission.apart]
        usual = sorted(ROLES["interface-client"].permissions)
        return respond(200, {"clients": placed(told, called(people.engine)), "permissions": may, "usual": usual})

    @routes.post("", **_ADD)
    async def add(request: Request) -> Response:
        found, given = access.need(request, "account.grant"), decoded(ClientBody, await request.body())
        reached(found, given.tenant)
        secret = await asyncio.to_thread(_registered, people, found, given)
        access.note(found, "client.add", f"client/{given.id}", tenant=given.tenant)
        return respond(201, {"id": given.id} | ({"secret": secret} if secret else {}), UNKEPT)


def _letting_in(routes: APIRouter, people: People, access: Access) -> None:
    @routes.post("/{client_id}/lock", **_LOCK)
    def lock(client_id: str, request: Request) -> Response:
        def locked(connection: Connection) -> dict[str, Any]:
            clients.lock(connection, client_id, True)
            return {"locked": True}

        return _changed(people, access, request, client_id, "client.lock", locked)

    @routes.post("/{client_id}/unlock", **_UNLOCK)
    def unlock(client_id: str, request: Request) -> Response:
        def unlocked(connection: Connection) -> dict[str, Any]:
            clients.lock(connection, client_id, False)
            return {"locked": False}

        return _changed(people, access, request, client_id, "client.unlock", unlocked)


def _proving(routes: APIRouter, people: People, access: Access) -> None:
    @routes.post("/{client_id}/secret", **_SECRET)
    def secret(client_id: str, request: Request) -> Response:
        def renewed(connection: Connection) -> dict[str, Any]:
            return {"id": client_id, "secret": clients.renew_secret(connection, client_id)}

        return _changed(people, access, request, client_id, "client.secret", renewed)

    @routes.post("/{client_id}/keys", **_KEYS)
    async def keys(client_id: str, request: Request) -> Response:
        access.need(request, "account.grant")
        given = decoded(KeysBody, await request.body())
        public = _public(given)
        if not public:
            raise bad_field("keys", "须给出公钥 (keys 或 pem) 或公钥地址 (jku)")

        def renewed(connection: Connection) -> dict[str, Any]:
            clients.renew_keys(connection, client_id, public)
            return {"id": client_id}

        return await asyncio.to_thread(_changed, people, access, request, client_id, "client.keys", renewed)


def _changed(people: People, access: Access, request: Request, client_id: str, act: str, change: Change) -> Response:
    """Change a client within the scope, end its tokens, and record it."""
    found = access.need(request, "account.grant")
    with acting(found.scope), people.engine.begin() as connection:
        told = change(connection)
        told["tokensEnded"] = sessions.end_all(connection, act.partition(".")[2], client=client_id)
    access.note(found, act, f"client/{client_id}")
    return respond(200, told, UNKEPT)


def _registered(people: People, found: Principal, given: ClientBody) -> str:
    keys, issuer = _public(given), given.issuer.strip()
    if len(issuer) > _LONGEST_ISSUER:
        raise bad_field("issuer", f"最多 {_LONGEST_ISSUER} 字")
    with acting(found.scope), people.engine.begin() as connection:
        return clients.add(
            connection,
            given.id,
            given.tenant,
            found.name,
            title=given.title,
            permissions=given.permissions,
            keys=keys or None,
            certificate=given.certificate,
            expires=moment_of(given.expires, "expires"),
            issuer=issuer,
            features=given.features,
        )


def _public(given: KeysBody) -> dict[str, Any]:
    """Public keys as they are kept. Raises ``ApiError`` 400 for a key that should not have left its owner, or that
    cannot be read."""
    keys, jku = given.keys, given.jku
    if sum(map(bool, (keys, given.pem, jku))) > 1 or (jku and not is_secure(jku)):
        raise bad_field("jku", "须为 https 地址，且不能与 keys 或 pem 同时给出")
    if jku:
        return {"jku": jku}
    if given.pem:
        return {"keys": [_read(given.pem, given.kid.strip())]}
    listed = keys.get("keys", []) if keys else []
    if keys and (not isinstance(listed, list) or not listed or not all(isinstance(k, dict) for k in listed)):
        raise bad_field("keys", '须为 JWK set: {"keys": [{"kty": "EC", "kid": "…", …}]}')
    if any("d" in key or key.get("kty") == "oct" or not key.get("kid") for key in listed):
        raise bad_field("keys", "须为公钥，每个都有 kid")
    if keys:
        try:
            key_set(keys)
        except ValueError:
            raise bad_field("keys", "公钥无法读取，须为椭圆曲线或 RSA 公钥") from None
    return keys


def _read(pem: str, kid: str) -> dict[str, Any]:
    """Raises ``ApiError`` 400."""
    try:
        return jwk_of(pem, kid)
    except ValueError:
        raise bad_field("pem", "须为 PEM 格式的椭圆曲线或 RSA 公钥 (-----BEGIN PUBLIC KEY-----)") from None


def _client(found: clients.Client) -> dict[str, Any]:
    told: dict[str, Any] = {
        "id": found.id,
        "title": found.title,
        "tenant": found.tenant,
        "permissions": sorted(found.permissions),
        "proves": found.proof,
        "kids": [str(key.get("kid")) for key in found.keys.get("keys", ())],
        "jku": found.keys.get("jku", ""),
        "issuer": found.issuer,
        "features": sorted(found.features),
        "locked": found.locked,
        "expires": iso(found.expires),
        "created": iso(found.created),
        "by": found.by,
        "used": iso(found.used),
    }
    return {k: v for k, v in told.items() if v not in ("", [])}


# -- OpenAPI -----------------------------------------------------------------------------------

_CLIENTS: Final = summarised("Clients within reach, when each last asked for something, and what clients may do")
_ADD: Final = summarised("Register a hospital system; gives its secret", 400, 422, status=201) | asked(ClientBody)
_LOCK: Final = summarised("Refuse a client; its tokens end", 422)
_UNLOCK: Final = summarised("Let a client in again", 422)
_SECRET: Final = summarised("Another secret, told once; what it proved itself with before and its tokens end", 422)
_KEYS: Final = summarised(
    "Other public keys; what it proved itself with before and its tokens end", 400, 422
) | asked(KeysBody)
