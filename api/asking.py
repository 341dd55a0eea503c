"""What routes over data of institutions share: whose rows are asked for, work in the caller's scope, OpenAPI."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any, Final, TypeVar
from urllib.parse import quote

from api.access import Principal
from api.errors import bad_field
from base.tenancy import TenancyError, acting, tenant_path

_R = TypeVar("_R")
_ERRORS: Final = {
    400: "a field is missing or misshapen; the OperationOutcome names it",
    401: "the caller did not prove who it is",
    403: "not permitted, or another institution's",
    404: "there is no such thing",
    409: "somebody else was quicker, or an id stands for something else",
    413: "the body is too large",
    415: "the content type is one that web pages send unasked",
    422: "not possible; the text says what is",
    429: "too many attempts; Retry-After says when",
    503: "not possible now",
}


async def within(found: Principal, work: Callable[[], _R]) -> _R:
    """Work on a thread, within the caller's scope."""

    def held() -> _R:
        with acting(found.scope):
            return work()

    return await asyncio.to_thread(held)


def tenant_in(tenant: str, field: str = "tenant") -> str:
    """A tenant of a request, may be empty. Raises ``ApiError`` 400."""
    try:
        return tenant_path(tenant) if tenant else ""
    except TenancyError as error:
        raise bad_field(field, str(error)) from None


def reads(found: Principal, tenant: str, league: str) -> str:
    """Whose rows are asked for: the caller's own without a name. Raises ``TenancyError``."""
    wanted = tenant_in(tenant) or found.tenant or league
    if not found.scope.may_read(wanted):
        raise TenancyError("outside of the scope")
    return wanted


def sees(found: Principal, owner: str, league: str) -> str:
    """Whose standards are asked for: the league's without a name. They are for all below whoever made them. Raises
    ``TenancyError``."""
    wanted = tenant_in(owner, "owner") or league
    if not (found.scope.may_read(wanted) or any(path.startswith(f"{wanted}/") for path in found.scope.reads)):
        raise TenancyError("outside of the scope")
    return wanted


def writes(found: Principal, tenant: str, league: str) -> str:
    """Where something is made: at the caller's own tenant without a name. Raises ``TenancyError``."""
    wanted = tenant_in(tenant) or found.home() or league
    if not found.scope.may_write(wanted):
        raise TenancyError("outside of the scope")
    return wanted


def attached(name: str) -> dict[str, str]:
    """Headers of a file to be saved."""
    return {"Content-Disposition": f"attachment; filename*=UTF-8''{quote(name)}", "Cache-Control": "no-store"}


def described(summary: str, description: str, answer: str, *errors: int, status: int = 200) -> dict[str, Any]:
    """What OpenAPI says of a route."""
    responses: dict[int | str, dict[str, Any]] = {status: {"description": answer}}
    responses |= {code: {"description": _ERRORS[code]} for code in (401, 403, *errors)}
    return {"summary": summary, "description": description, "responses": responses, "status_code": status}


def summarised(summary: str, *errors: int, status: int = 200, denies: tuple[int, ...] = (401, 403)) -> dict[str, Any]:
    """What OpenAPI says of a route in one line; ``denies``: how callers are refused who may not."""
    responses = {code: {"description": _ERRORS[code]} for code in (*denies, *errors)}
    return {"summary": summary, "responses": responses, "status_code": status}


def parameters(named: Mapping[str, str]) -> dict[str, Any]:
    """What OpenAPI says of parameters of a query that a route reads by itself."""
    made = [{"name": n, "in": "query", "schema": {"type": "string"}, "description": d} for n, d in named.items()]
    return {"openapi_extra": {"parameters": made}}
