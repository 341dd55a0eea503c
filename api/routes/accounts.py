"""Who may log in and do what, over HTTP: accounts and grants.

An administrator reaches what lies below their own grants. Nobody changes what they themselves may do; administrators
are appointed, locked and reset from above, those of the whole league on the command line.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, Final

from fastapi import APIRouter, Request, Response
from sqlalchemy import Connection

from api.access import Access, Principal
from api.administering import UNKEPT, either, iso, reached
from api.asking import summarised
from api.bodies import Body, asked, decoded
from api.errors import ApiError, moment_of, respond
from api.institution_names import called, placed
from api.people import People
from base import accounts, roles, second_factor, sessions
from base.accounts import Account
from base.roles import ROLES, Grant
from base.tenancy import acting, system

_MOST: Final = 500


class AccountBody(Body, frozen=True):
    """``expires``: when the account ends by itself."""

    name: str
    tenant: str
    full_name: str = ""
    expires: str = ""


class GrantBody(Body, frozen=True):
    """A role over a tenant and all below it."""

    role: str
    tenant: str


def router(people: People, access: Access) -> APIRouter:
    """``/api/v1/accounts`` and the grants of each."""
    routes = APIRouter(prefix="/api/v1", tags=["Accounts"])
    _accounts(routes, people, access)
    _locking(routes, people, access)
    _proofs(routes, people, access)
    _grants(routes, people, access)
    return routes


# -- accounts ----------------------------------------------------------------------------------


def _accounts(routes: APIRouter, people: People, access: Access) -> None:
    @routes.get("/accounts", **_LIST)
    def listed(request: Request, tenant: str = "", q: str = "", after: str = "", limit: int = 100) -> Response:
        found = either(access, request)
        with acting(found.scope), people.engine.connect() as connection:
            some = accounts.listed(connection, tenant, max(1, min(limit, _MOST)), after, q.strip())
            held = roles.grants_of(connection, [a.id for a in some])
        told = [_account(a, [g for g in held if g.account == a.id]) for a in some]
        return respond(200, {"accounts": placed(told, called(people.engine))})

    @routes.post("/accounts", **_ADD)
    async def add(request: Request) -> Response:
        found, given = access.need(request, "account.manage"), decoded(AccountBody, await request.body())
        reached(found, given.tenant)
        made, password = await asyncio.to_thread(_opened, people, found, given)
        access.note(found, "account.add", f"account/{made.id}", tenant=made.tenant)
        return respond(201, _account(made, []) | {"temporaryPassword": password}, UNKEPT)


def _locking(routes: APIRouter, people: People, access: Access) -> None:
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


def _proofs(routes: APIRouter, people: People, access: Access) -> None:
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
    return respond(200, told, UNKEPT)


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
    reached(found, tenant)
    administers = role in ROLES and ROLES[role].administers
    if administers and not found.scope.everything and not roles.strictly_below(tenant, found.scope.writes):
        raise ApiError(
            403, "forbidden", "管理员须由上级任命；全医共体的管理员在服务器上任命 (yigong accounts)", "role"
        )


# -- shared ------------------------------------------------------------------------------------


def _account(found: Account, held: list[Grant]) -> dict[str, Any]:
    told: dict[str, Any] = {
        "id": found.id,
        "name": found.name,
        "fullName": found.full_name,
        "tenant": found.tenant,
        "locked": found.locked,
        "mustChangePassword": found.must_change,
        "expires": iso(found.expires),
        "provider": found.issuer,
        "grants": [_grant(g) for g in held],
    }
    return {k: v for k, v in told.items() if v not in ("", None)}


def _grant(found: Grant) -> dict[str, Any]:
    title = ROLES[found.role].title if found.role in ROLES else found.role
    told = {"id": found.id, "role": found.role, "title": title, "tenant": found.tenant}
    return told | {"by": found.by, "source": found.source}


# -- OpenAPI -----------------------------------------------------------------------------------

_LIST: Final = summarised("Accounts within reach, with their grants")
_ADD: Final = summarised("Open an account; gives a temporary password", 400, 422, status=201) | asked(AccountBody)
_LOCK: Final = summarised("Lock an account; its sessions end", 404)
_UNLOCK: Final = summarised("Open a locked account again; it need not wait any more", 404)
_RESET: Final = summarised("A temporary password", 404, 422)
_UNFACTOR: Final = summarised("Take away a lost second factor", 404)
_END: Final = summarised("End every session of an account", 404)
_GRANT: Final = summarised("Give an account a role over a tenant", 400, 404, 422, status=201) | asked(GrantBody)
_REVOKE: Final = summarised("Take a grant away", 404, 422)
