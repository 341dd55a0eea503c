"""Logging in with an identity provider (OpenID Connect): whom it vouches for gets an account, with the role and the
institution that the provider's claims stand for."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from functools import cached_property
from typing import Any, Final
from urllib.parse import urlencode

from sqlalchemy import Connection

from api.access import Principal
from api.code_flow import Begun, CodeFlow, Registration, returned
from api.errors import ApiError
from api.login import LoggedIn, LoginDesk
from api.outward import is_secure
from api.people import People
from base import accounts, roles
from base.accounts import Account, AccountError
from base.audit import AuditLog, Event
from base.roles import RoleError
from base.tenancy import TenancyError, system, tenant_path
from base.tokens import UsedTokens

STATE_COOKIE: Final = "__Host-yigong-oidc"
CALLBACK: Final = "/api/v1/oidc/callback"
_STRONG: Final = frozenset({"mfa", "otp", "hwk", "sc", "fpt", "face"})
"""Authentication methods (RFC 8176) of the provider that count as a second factor."""
_SOURCE: Final = "oidc"


class OidcDesk:
    """Lets people in whom the provider vouches for."""

    def __init__(self, people: People, login: LoginDesk, used: UsedTokens, audit: AuditLog) -> None:
        self._people, self._login, self._used, self._audit = people, login, used, audit
        self._settings = people.settings
        self._back = self._settings.public_url.rstrip("/") + CALLBACK

    @property
    def title(self) -> str:
        """What people call the provider; empty when none is set up."""
        ours = self._settings
        return ours.oidc_title if ours.oidc_issuer and ours.oidc_client_id and ours.public_url else ""

    async def begin(self, target: str) -> Begun:
        """Raises ``ApiError`` 404 when no provider is set up, 503 when it cannot be reached."""
        return await self._flow.begin({"scope": self._settings.oidc_scopes}, _local(target))

    async def finish(self, query: Mapping[str, str], cookie: str, source: str, replaces: str) -> tuple[LoggedIn, str]:
        """A session, and where the browser wanted to go. Raises ``ApiError`` 401, 403, 503."""
        try:
            pending = returned(self._people.ring, cookie, query.get("state", ""), self._back)
            claims = (await self._flow.finish(query, pending)).claims
            account = await asyncio.to_thread(self._account, claims)
        except (ApiError, AccountError, RoleError) as error:
            self._audit.note(Event("unknown", "login.failed", _SOURCE, source=source, why=str(error)))
            raise
        second = bool(_STRONG.intersection(_words(claims.get("amr"))))
        made = await asyncio.to_thread(self._login.begin, account, source, second, replaces)
        return made, pending.about

    def vouches_for(self, found: Principal) -> bool:
        """Whether somebody logged in with the provider."""
        return bool(self.title) and found.detail.get("provider") == self._settings.oidc_issuer

    async def farewell(self, found: Principal) -> str:
        """Where somebody who logs out ends their login with the provider too (OpenID Connect RP-Initiated Logout);
        empty when they did not come from there, or it offers nothing."""
        if not self.vouches_for(found):
            return ""
        try:
            endpoint = str((await self._flow.metadata()).get("end_session_endpoint", ""))
        except ApiError:  # they are logged out here all the same
            return ""
        back = {
            "client_id": self._settings.oidc_client_id,
            "post_logout_redirect_uri": f"{self._settings.public_url.rstrip('/')}/ui/",
        }
        return f"{endpoint}?{urlencode(back)}" if is_secure(endpoint) else ""

    @cached_property
    def _flow(self) -> CodeFlow:
        """Raises ``ApiError`` 404."""
        ours = self._settings
        if not self.title:
            text = "no identity provider: set YIGONG_OIDC_ISSUER, YIGONG_OIDC_CLIENT_ID and YIGONG_PUBLIC_URL"
            raise ApiError(404, "not-found", text)
        registration = Registration(
            ours.oidc_title,
            ours.oidc_issuer,
            f"{ours.oidc_issuer.rstrip('/')}/.well-known/openid-configuration",
            ours.oidc_client_id,
            self._back,
            ours.oidc_client_secret,
            exact=True,
        )
        return CodeFlow(registration, self._people.ring, self._used)

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
            raise ApiError(403, "forbidden", f"{ours.oidc_title}未给出可用的角色，请联系安全管理员")
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
            raise ApiError(403, "forbidden", f"{self._settings.oidc_title}未给出医共体内的机构，请联系安全管理员")
        return tenant

    def _roles(self, claims: Mapping[str, Any]) -> frozenset[str]:
        said = _words(claims.get(self._settings.oidc_roles_claim))
        return frozenset(self._settings.oidc_roles[word] for word in said if word in self._settings.oidc_roles)


def _local(target: str) -> str:
    """A path of ours; anything that could lead elsewhere becomes the first page."""
    plain = target.startswith("/") and not target.startswith("//") and "\\" not in target
    return target if plain and target.isprintable() and len(target) < 500 else "/"


def _words(value: Any) -> list[str]:
    """A claim that is a list, or words in one text."""
    if isinstance(value, list):
        return [str(word) for word in value]
    return value.split() if isinstance(value, str) else []
