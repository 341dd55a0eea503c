"""What the routes of administrators share."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from fastapi import Request

from api.access import Access, Principal
from api.errors import ApiError, bad_field
from base.tenancy import TenancyError, tenant_path

UNKEPT: Final = {"Cache-Control": "no-store"}
"""Headers of what is told once."""


def either(access: Access, request: Request) -> Principal:
    """Who manages accounts, or grants."""
    who = access.who(request)
    return access.need(request, "account.manage" if who.may("account.manage") else "account.grant")


def reached(found: Principal, tenant: str, field: str = "tenant") -> None:
    """Raises ``ApiError`` 400 for no tenant, 403 for one outside of the caller's."""
    try:
        tenant_path(tenant)
    except TenancyError as error:
        raise bad_field(field, str(error)) from None
    if not found.scope.may_write(tenant):
        raise ApiError(403, "forbidden", "该机构不在您的管理范围内", field)


def iso(time: datetime | None) -> str:
    """A moment as JSON; empty when there is none."""
    return time.isoformat() if time else ""
