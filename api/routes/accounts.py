"""Who may log in and do what, over HTTP: accounts, grants, roles, clients.

An administrator reaches what lies below their own grants. Nobody changes what they themselves may do; administrators
are appointed, locked and reset from above, those of the whole league on the command line.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime
from typing import Any, Final

from fastapi import APIRouter, Request, Response
from sqlalchemy import Connection

from api.access import Access, Principal
from api.bodies import Body, asked, decoded
from api.errors import ApiError, bad_field, moment_of, respond
from api.people import People
from base import accounts, clients, roles, second_factor, sessions
from base.accounts import Account
from base.roles import PERMISSIONS, ROLES, Grant, Role
from base.tenancy import TenancyError, acting, system, tenant_path

_MOST: Final = 500


class AccountBody(Body, frozen=True):
    """``expires``: when the account ends by itself."""

    name: str
    tenant: str
    full_name: str = ""
    expires: str = ""


class GrantBody(Body, frozen=True):
    role: str
    tenant: str


class RoleBody(Body, frozen=True):
    name: str
    title: str
    tenant: str
    permissions: tuple[str, ...]


class ClientBody(Body, frozen=True):
    """``keys``: a JWK set of public keys, ``certificate``: fingerprint or subject of a TLS certificate; with neither
    a secret is made."""

    id: str
    tenant: str
    title: str = ""
    permissions: tuple[str, ...] = ()
    keys: dict[str, Any] = {}
    certificate: str = ""
    expires: str = ""


def router(people: People, access: Access) -> APIRouter:
    """``/api/v1/accounts``, ``/api/v1/roles``, ``/api/v1/clients``."""
    routes = APIRouter(prefix="/api/v1", tags=["Accounts"])
    _accounts(routes, people, access)
    _grants(routes, people, access)
    _roles(routes, people, access)
    _clients(routes, people, access)
    return routes


# -- accounts ----------------------------------------------------------------------------------


def _accounts(routes: APIRouter, people: People, access: Access) -> None:
    @routes.get("/accounts", **_LIST)
    def listed(request: Request, tenant: str = "", after: str = "", limit: int = 100) -> Response:
        found = _either(access, request)
        with acting(found.scope), people.engine.connect() as connection:
            some = accounts.listed(connection, tenant, max(1, min(limit, _MOST)), after)
            held = roles.grants_of(connection, [a.id for a in some])
        return respond(200, {"accounts": [_account(a, [g for g in held if g.account == a.id]) for a in some]})

    @routes.post("/accounts", **_ADD)
    async def add(request: Request) -> Response:
        found, given = access.need(request, "account.manage"), decoded(AccountBody, await request.body())
        _reached(found, given.tenant)
        made, password = await asyncio.to_thread(_opened, people, found, given)
        access.note(found, "account.add", f"account/{made.id}", tenant=made.tenant)
        return respond(201, _account(made, []) | {"temporaryPassword": password}, _UNKEPT)

    @routes.post("/accounts/{account_id}/lock", **_LOCK)
    def lock(account_id: str, request: Request) -> Response:
        def locked(connection: Connection) -> dict[str, Any]:
            accounts.lock(connection, account_id, True)
            return {"locked": True, "sessionsEnded": sessions.end_all(connection, "locked", account=account_id)}

        return _managed(people, access, request, account_id, "account.lock", locked)

    @routes.post("/accounts/{account_id}/unlock", **_UNLOCK)
    def unlock(account_id: str, request: Request) -> Response:
        def unlocked(connection: Connection) -> dict[str, Any]:
            accounts.lock(connection, account_id, False)
            return {"locked": False}

        answer = _managed(people, access, request, account_id, "account.unlock", unlocked)
        with system("unlock"), people.engine.connect() as connection:
            name = accounts.by_id(connection, account_id).name
        people.attempts.forgive(f"account {name}")
        return answer

    @routes.post("/accounts/{account_id}/reset", **_RESET)
    def reset(account_id: str, request: Request) -> Response:
        def renewed(connection: Connection) -> dict[str, Any]:
            password = accounts.reset(connection, account_id, people.rules)
            sessions.end_all(connection, "password", account=account_id)
            return {"temporaryPassword": password}

        return _managed(people, access, request, account_id, "account.reset", renewed)

    @routes.delete("/accounts/{account_id}/second-factor", **_UNFACTOR)
    def remove_factor(account_id: str, request: Request) -> Response:
        def removed(connection: Connection) -> dict[str, Any]:
            second_factor.remove(connection, account_id)
            return {"removed": True, "sessionsEnded": sessions.end_all(connection, "revoked", account=account_id)}

        return _managed(people, access, request, account_id, "account.factor-removed", removed)

    @routes.delete("/accounts/{account_id}/sessions", **_END)
    def end_sessions(account_id: str, request: Request) -> Response:
        def ended(connection: Connection) -> dict[str, Any]:
            return {"sessionsEnded": sessions.end_all(connection, "revoked", account=account_id)}

        return _managed(people, access, request, account_id, "account.sessions-ended", ended)


def _opened(people: People, found: Principal, given: AccountBody) -> tuple[Account, str]:
    expires = moment_of(given.expires, "expires")
    with acting(found.scope), people.engine.begin() as connection:
        full = {"full_name": given.full_name, "expires": expires}
        return accounts.add(connection, given.name, given.tenant, found.name, people.rules, **full)  # type: ignore[arg-type]


def _managed(
    people: People,
    access: Access,
    request: Request,
    account_id: str,
    act: str,
    change: Callable[[Connection], dict[str, Any]],
) -> Response:
    """Change an account that the caller may change, and record it."""
    found = access.need(request, "account.manage")
    with people.engine.begin() as connection:
        account = _target(connection, found, account_id)
        with system("account change, checked"):
            told = change(connection)
    access.note(found, act, f"account/{account.id}", tenant=account.tenant)
    return respond(200, told, _UNKEPT)


def _target(connection: Connection, found: Principal, account_id: str) -> Account:
    """An account that the caller may change, held until the transaction ends. Raises ``ApiError`` 403 for one's own
    and for administrators that are not below, ``MissingAccountError`` outside of the scope."""
    if account_id == found.account:
        raise ApiError(403, "forbidden", "不能修改本人的账号和权限，须由其他管理员办理")
    with acting(found.scope):
        account = accounts.hold(connection, account_id)
    if found.scope.everything:
        return account
    with system("is it an administrator"):
        held = roles.grants_of(connection, [account_id])
    over = [g.tenant for g in held if roles.administers([g])]
    if not all(roles.strictly_below(tenant, found.scope.writes) for tenant in over):
        raise ApiError(403, "forbidden", "管理员账号须由上级管理员办理")
    return account


# -- grants ------------------------------------------------------------------------------------


def _grants(routes: APIRouter, people: People, access: Access) -> None:
    @routes.post("/accounts/{account_id}/grants", **_GRANT)
    async def grant(account_id: str, request: Request) -> Response:
        found, given = access.need(request, "account.grant"), decoded(GrantBody, await request.body())
        _appointed(found, given.role, given.tenant)
        made = await asyncio.to_thread(_granted, people, found, account_id, given)
        access.note(found, "grant.add", f"account/{account_id}", role=made.role, tenant=made.tenant)
        return respond(201, _grant(made))

    @routes.delete("/accounts/{account_id}/grants/{grant_id}", **_REVOKE)
    def revoke(account_id: str, grant_id: str, request: Request) -> Response:
        found = access.need(request, "account.grant")
        with people.engine.begin() as connection:
            account = _target(connection, found, account_id)
            with acting(found.scope):
                gone = roles.revoke(connection, grant_id)
        if gone.account != account.id:
            raise ApiError(404, "not-found", "没有该授权")
        access.note(found, "grant.remove", f"account/{account.id}", role=gone.role, tenant=gone.tenant)
        return respond(200, _grant(gone))


def _granted(people: People, found: Principal, account_id: str, given: GrantBody) -> Grant:
    with people.engine.begin() as connection:
        _target(connection, found, account_id)
        with system("grant, checked"):
            return roles.grant(connection, account_id, given.role, given.tenant, found.name)


def _appointed(found: Principal, role: str, tenant: str) -> None:
    """Raises ``ApiError`` 403 when the caller may not give a role over a tenant."""
    _reached(found, tenant)
    administers = role in ROLES and ROLES[role].administers
    if administers and not found.scope.everything and not roles.strictly_below(tenant, found.scope.writes):
        raise ApiError(
            403, "forbidden", "管理员须由上级任命；全医共体的管理员在服务器上任命 (yigong accounts)", "role"
        )


# -- roles -------------------------------------------------------------------------------------


def _roles(routes: APIRouter, people: People, access: Access) -> None:
    @routes.get("/roles", **_ROLES)
    def listed(request: Request) -> Response:
        found = _either(access, request)
        with acting(found.scope), people.engine.connect() as connection:
            known = roles.roles(connection)
        titles = {name: permission.title for name, permission in PERMISSIONS.items()}
        return respond(200, {"roles": [_role(role) for role in known.values()], "permissions": titles})

    @routes.post("/roles", **_DEFINE)
    async def define(request: Request) -> Response:
        found, given = access.need(request, "account.grant"), decoded(RoleBody, await request.body())
        _reached(found, given.tenant)
        if given.name in found.roles:
            raise ApiError(403, "forbidden", "不能修改本人持有的角色", "name")
        made = await asyncio.to_thread(_defined, people, found, given)
        access.note(found, "role.define", f"role/{made.name}", permissions=sorted(made.permissions))
        return respond(200, _role(made))


def _defined(people: People, found: Principal, given: RoleBody) -> Role:
    with acting(found.scope), people.engine.begin() as connection:
        return roles.define(connection, given.name, given.title, given.tenant, given.permissions, found.name)


# -- clients -----------------------------------------------------------------------------------


def _clients(routes: APIRouter, people: People, access: Access) -> None:
    @routes.get("/clients", **_CLIENTS)
    def listed(request: Request) -> Response:
        found = access.need(request, "account.grant")
        with acting(found.scope), people.engine.connect() as connection:
            return respond(200, {"clients": [_client(c) for c in clients.listed(connection)]})

    @routes.post("/clients", **_ADD_CLIENT)
    async def add(request: Request) -> Response:
        found, given = access.need(request, "account.grant"), decoded(ClientBody, await request.body())
        _reached(found, given.tenant)
        secret = await asyncio.to_thread(_registered, people, found, given)
        access.note(found, "client.add", f"client/{given.id}", tenant=given.tenant)
        return respond(201, {"id": given.id} | ({"secret": secret} if secret else {}), _UNKEPT)

    @routes.post("/clients/{client_id}/lock", **_LOCK_CLIENT)
    def lock(client_id: str, request: Request) -> Response:
        def locked(connection: Connection) -> dict[str, Any]:
            clients.lock(connection, client_id, True)
            return {"locked": True, "tokensEnded": sessions.end_all(connection, "locked", client=client_id)}

        return _machine(people, access, request, client_id, "client.lock", locked)

    @routes.post("/clients/{client_id}/unlock", **_UNLOCK_CLIENT)
    def unlock(client_id: str, request: Request) -> Response:
        def unlocked(connection: Connection) -> dict[str, Any]:
            clients.lock(connection, client_id, False)
            return {"locked": False}

        return _machine(people, access, request, client_id, "client.unlock", unlocked)

    @routes.post("/clients/{client_id}/secret", **_SECRET)
    def secret(client_id: str, request: Request) -> Response:
        def renewed(connection: Connection) -> dict[str, Any]:
            made = clients.renew_secret(connection, client_id)
            sessions.end_all(connection, "secret", client=client_id)
            return {"id": client_id, "secret": made}

        return _machine(people, access, request, client_id, "client.secret", renewed)


def _registered(people: People, found: Principal, given: ClientBody) -> str:
    _public(given.keys)
    with acting(found.scope), people.engine.begin() as connection:
        return clients.add(
            connection,
            given.id,
            given.tenant,
            found.name,
            title=given.title,
            permissions=given.permissions,
            keys=given.keys or None,
            certificate=given.certificate,
            expires=moment_of(given.expires, "expires"),
        )


def _public(keys: dict[str, Any]) -> None:
    """Raises ``ApiError`` 400 for a key that should not have left its owner, or that cannot be read."""
    listed = keys.get("keys", []) if keys else []
    if keys and (not isinstance(listed, list) or not listed or not all(isinstance(k, dict) for k in listed)):
        raise bad_field("keys", 'must be a JWK set: {"keys": [{"kty": "EC", "kid": "…", …}]}')
    if any("d" in key or key.get("kty") == "oct" or not key.get("kid") for key in listed):
        raise bad_field("keys", "must be public keys, each with a kid")


def _machine(
    people: People,
    access: Access,
    request: Request,
    client_id: str,
    act: str,
    change: Callable[[Connection], dict[str, Any]],
) -> Response:
    """Change a client within the scope, and record it."""
    found = access.need(request, "account.grant")
    with acting(found.scope), people.engine.begin() as connection:
        told = change(connection)
    access.note(found, act, f"client/{client_id}")
    return respond(200, told, _UNKEPT)


# -- shared ------------------------------------------------------------------------------------

_UNKEPT: Final = {"Cache-Control": "no-store"}


def _either(access: Access, request: Request) -> Principal:
    """Who manages accounts, or grants."""
    who = access.who(request)
    return access.need(request, "account.manage" if who.may("account.manage") else "account.grant")


def _reached(found: Principal, tenant: str) -> None:
    """Raises ``ApiError`` 400 for no tenant, 403 for one outside of the caller's."""
    try:
        tenant_path(tenant)
    except TenancyError as error:
        raise bad_field("tenant", str(error)) from None
    if not found.scope.may_write(tenant):
        raise ApiError(403, "forbidden", "该机构不在您的管理范围内", "tenant")


def _account(found: Account, held: list[Grant]) -> dict[str, Any]:
    told: dict[str, Any] = {
        "id": found.id,
        "name": found.name,
        "fullName": found.full_name,
        "tenant": found.tenant,
        "locked": found.locked,
        "mustChangePassword": found.must_change,
        "expires": _iso(found.expires),
        "provider": found.issuer,
        "grants": [_grant(g) for g in held],
    }
    return {k: v for k, v in told.items() if v not in ("", None)}


def _grant(found: Grant) -> dict[str, Any]:
    title = ROLES[found.role].title if found.role in ROLES else found.role
    told = {"id": found.id, "role": found.role, "title": title, "tenant": found.tenant}
    return told | {"by": found.by, "source": found.source}


def _role(found: Role) -> dict[str, Any]:
    told = {"name": found.name, "title": found.title, "permissions": sorted(found.permissions), "fixed": found.fixed}
    return told | ({"tenant": found.tenant} if found.tenant else {})


def _client(found: clients.Client) -> dict[str, Any]:
    told: dict[str, Any] = {
        "id": found.id,
        "title": found.title,
        "tenant": found.tenant,
        "permissions": sorted(found.permissions),
        "proves": "keys" if found.keys else "certificate" if found.certificate else "secret",
        "locked": found.locked,
        "expires": _iso(found.expires),
    }
    return {k: v for k, v in told.items() if v != ""}


def _iso(time: datetime | None) -> str:
    return time.isoformat() if time else ""


# -- OpenAPI -----------------------------------------------------------------------------------

_MEANINGS: Final = {
    400: "a field is missing or misshapen",
    401: "not recognised, or must be proved again",
    403: "not allowed",
    404: "no such thing within reach",
    422: "not possible; the text says why",
}


def _told(summary: str, *errors: int, status: int = 200) -> dict[str, Any]:
    responses = {code: {"description": _MEANINGS[code]} for code in (401, 403, *errors)}
    return {"summary": summary, "responses": responses, "status_code": status}


_LIST: Final = _told("Accounts within reach, with their grants")
_ADD: Final = _told("Open an account; gives a temporary password", 400, 422, status=201) | asked(AccountBody)
_LOCK: Final = _told("Lock an account; its sessions end", 404)
_UNLOCK: Final = _told("Open a locked account again; it need not wait any more", 404)
_RESET: Final = _told("A temporary password", 404, 422)
_UNFACTOR: Final = _told("Take away a lost second factor", 404)
_END: Final = _told("End every session of an account", 404)
_GRANT: Final = _told("Give an account a role over a tenant", 400, 404, 422, status=201) | asked(GrantBody)
_REVOKE: Final = _told("Take a grant away", 404, 422)
_ROLES: Final = _told("Roles and permissions")
_DEFINE: Final = _told("Define a role of one's own", 400, 422) | asked(RoleBody)
_CLIENTS: Final = _told("Clients within reach")
_ADD_CLIENT: Final = _told("Register a hospital system; gives its secret", 400, 422, status=201) | asked(ClientBody)
_LOCK_CLIENT: Final = _told("Refuse a client; its tokens end", 422)
_UNLOCK_CLIENT: Final = _told("Let a client in again", 422)
_SECRET: Final = _told("Another secret; the old one and its tokens end", 422)
