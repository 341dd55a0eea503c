"""Roles over HTTP: those that every installation has, and those of its own."""

from __future__ import annotations

import asyncio
from typing import Any, Final

from fastapi import APIRouter, Request, Response

from api.access import Access, Principal
from api.administering import either, reached
from api.asking import summarised
from api.bodies import Body, asked, decoded
from api.errors import ApiError, respond
from api.people import People
from base import roles
from base.roles import PERMISSIONS, Role
from base.tenancy import acting


class RoleBody(Body, frozen=True):
    """A role that is known in ``tenant`` and below."""

    name: str
    title: str
    tenant: str
    permissions: tuple[str, ...]


def router(people: People, access: Access) -> APIRouter:
    """``/api/v1/roles``."""
    routes = APIRouter(prefix="/api/v1/roles", tags=["Accounts"])

    @routes.get("", **_ROLES)
    def listed(request: Request) -> Response:
        found = either(access, request)
        with acting(found.scope), people.engine.connect() as connection:
            known = roles.roles(connection)
        titles = {name: permission.title for name, permission in PERMISSIONS.items()}
        apart = sorted(name for name, permission in PERMISSIONS.items() if permission.apart)
        return respond(
            200, {"roles": [_role(role) for role in known.values()], "permissions": titles, "apart": apart}
        )

    @routes.post("", **_DEFINE)
    async def define(request: Request) -> Response:
        found, given = access.need(request, "account.grant"), decoded(RoleBody, await request.body())
        reached(found, given.tenant)
        _not_held(found, given.name)
        made = await asyncio.to_thread(_defined, people, found, given)
        access.note(found, "role.define", f"role/{made.name}", permissions=sorted(made.permissions))
        return respond(200, _role(made))

    @routes.delete("/{name}", **_REMOVE)
    def remove(name: str, request: Request) -> Response:
        found = access.need(request, "account.grant")
        _not_held(found, name)
        with acting(found.scope), people.engine.begin() as connection:
            roles.remove(connection, name)
        access.note(found, "role.remove", f"role/{name}")
        return respond(200, {"removed": True})

    return routes


def _not_held(found: Principal, name: str) -> None:
    """Raises ``ApiError`` 403: nobody changes what they themselves may do."""
    if name in found.roles:
        raise ApiError(403, "forbidden", "不能修改本人持有的角色", "name")


def _defined(people: People, found: Principal, given: RoleBody) -> Role:
    with acting(found.scope), people.engine.begin() as connection:
        return roles.define(connection, given.name, given.title, given.tenant, given.permissions, found.name)


def _role(found: Role) -> dict[str, Any]:
    told: dict[str, Any] = {"name": found.name, "title": found.title, "permissions": sorted(found.permissions)}
    told |= {"fixed": found.fixed, "administers": found.administers}
    return told | ({"tenant": found.tenant} if found.tenant else {})


_ROLES: Final = summarised("Roles and permissions; those `apart` only the fixed roles of administrators hold")
_DEFINE: Final = summarised("Define a role of one's own, or change it", 400, 422) | asked(RoleBody)
_REMOVE: Final = summarised("Give up a role of one's own that nobody holds any more", 422)
