"""Who asks, what they may do, and for which institutions: the one door of every route that shows or changes data."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from fastapi import Request
from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from api.auth import bearer_key, is_loopback
from api.errors import ApiError
from api.people import People
from api.throttle import Throttle
from base import accounts, alerts, clients, launches, sessions
from base.audit import AuditLog, Event
from base.launches import Launch
from base.roles import PERMISSIONS, ROLES, Proof, below, grants_of, roles
from base.sessions import Session
from base.settings import Settings
from base.tenancy import Scope, acting, system
from base.tracing import span
from records.consent import emergency
from records.registry import Registry

_log = logging.getLogger(__name__)
COOKIE: Final = "__Host-yigong"
CSRF_HEADER: Final = "x-csrf-token"
CERTIFICATE: Final = "yigong.certificate"
_KEPT: Final = "yigong.principal"
_SAFE: Final = ("GET", "HEAD", "OPTIONS")
_READING: Final = ("read", "identify", "export")
_BLOCKED: Final = {
    "password": "须先修改口令: POST /api/v1/session/password",
    "second-factor": "该角色须先启用并使用动态口令: POST /api/v1/session/second-factor",
}
_PANEL: Final = frozenset({"knowledge.read", "terms.read"})
"""What a panel may do beside its patient: nothing of it is about anybody."""


class Kind(StrEnum):
    """How somebody proved who they are. ``local``: by sitting at the machine, as long as nobody has an account;
    ``panel``: by a token that whoever else launched it with vouches for (``base.launches``)."""

    LOCAL = "local"
    KEY = "key"
    CLIENT = "client"
    ACCOUNT = "account"
    PANEL = "panel"


@dataclass(frozen=True, slots=True)
class Held:
    """What a role permits over a tenant and all below it."""

    role: str
    tenant: str
    permissions: frozenset[str]


@dataclass(frozen=True, slots=True)
class Principal:
    """Somebody who proved who they are: ``permissions`` name what they may do (``person.read``), ``scope`` the
    institutions whose rows they reach with what was asked. ``tenant`` is where they work; ``blocked`` what they must
    do before anything else; ``launch`` the patient a panel is held to."""

    name: str
    scope: Scope
    permissions: frozenset[str] = frozenset()
    roles: frozenset[str] = frozenset()
    source: str = ""
    session: str = ""
    detail: dict[str, str] = field(default_factory=dict)
    kind: Kind = Kind.LOCAL
    tenant: str = ""
    account: str = ""
    held: tuple[Held, ...] = ()
    proved: datetime | None = None
    blocked: str = ""
    launch: Launch | None = None

    @property
    def is_person(self) -> bool:
        """Whether it is somebody with an account, logged in."""
        return self.kind is Kind.ACCOUNT

    def may(self, permission: str, tenant: str = "") -> bool:
        """Whether they may do something as well: to a tenant's rows when one is given, else everywhere in their
        scope."""
        if self.scope.everything:
            return True
        return below(tenant, self._over(permission)) if tenant else permission in self.permissions

    def within(self, permission: str) -> Principal:
        """Themselves where a permission holds, with what else they may do everywhere there. What only reads writes
        nowhere."""
        if self.scope.everything:
            return self
        paths = tuple(sorted(self._over(permission)))
        scope = Scope(self.name, reads=paths, writes=() if permission.rpartition(".")[2] in _READING else paths)
        also = (p for p in self.permissions if all(below(path, self._over(p)) for path in paths))
        return replace(self, scope=scope, permissions=frozenset(also))

    def _over(self, permission: str) -> set[str]:
        return {h.tenant for h in self.held if permission in h.permissions}

    def home(self) -> str:
        """The tenant that what they make belongs to: theirs, where they may write, else the first where they may."""
        return self.tenant if self.scope.may_write(self.tenant) or not self.scope.writes else self.scope.writes[0]

    def acts_as(self, given: str, path: str = "by.name") -> str:
        """The name that something is done under: a person's own; machines vouch for whom they name. Raises
        ``ApiError`` 403 when a person gives another's."""
        if not self.is_person:
            return given
        if given.strip().casefold() not in ("", self.name):
            raise ApiError(403, "forbidden", f"只能以本人身份 ({self.name}) 操作", path)
        return self.name


class Access:
    """Resolves the caller of a request. Routes name the permission they need and work within the scope given. Without
    ``people`` there are operators' keys and the machine itself."""

    def __init__(self, settings: Settings, people: People | None = None, audit: AuditLog | None = None) -> None:
        self._settings, self._people, self._audit = settings, people, audit
        self._throttle = Throttle(settings.client_rate_limit)
        self._closed = False
        self._seen_open = people is None

    # -- what may be done --------------------------------------------------------------------

    def need(self, request: Request, permission: str) -> Principal:
        """The caller, who has this permission. Raises ``ApiError`` 401 (who are you) or 403 (not yours to do)."""
        found = self.who(request)
        if found.blocked:
            raise ApiError(403, "forbidden", _BLOCKED[found.blocked])
        if not found.may(permission):
            self._refuse(found, request, permission)
        asked = PERMISSIONS[permission].proof if permission in PERMISSIONS else Proof.NEVER
        if asked is Proof.ALWAYS or (asked is Proof.CHANGES and request.method not in _SAFE):
            self.recently_proved(found)
        return found.within(permission)

    def who(self, request: Request) -> Principal:
        """The caller, whatever they may do. Raises ``ApiError`` 401."""
        kept = request.scope.get(_KEPT)
        if kept is None:
            kept = request.scope[_KEPT] = self.resolved(request)
        if isinstance(kept, ApiError):
            raise kept
        return kept

    def resolved(self, request: Request) -> Principal | ApiError:
        """The caller, or why nobody is recognised."""
        try:
            with span("auth"):
                found = self._resolve(request)
        except ApiError as error:
            return error
        wait = 0 if found.kind is Kind.LOCAL else self._throttle.wait(f"{found.kind} {found.account or found.name}")
        if wait:
            text = f"too many calls from this client (YIGONG_CLIENT_RATE_LIMIT): call again in {wait} s"
            return ApiError(429, "throttled", text, headers={"Retry-After": str(wait)})
        return found

    def keep(self, request: Request) -> None:
        """Find out who asks before the request is routed: waits for the database, call it on a thread."""
        request.scope[_KEPT] = self.resolved(request)

    def caller(self, scope: Any) -> Principal | None:
        """Who was recognised for a request that was answered."""
        kept = scope.get(_KEPT)
        return kept if isinstance(kept, Principal) else None

    def broke_glass(self, principal: Principal, person: int) -> bool:
        """Whether the caller broke the glass for this person and the time is not over."""
        if self._people is None or not principal.account:
            return False
        with system("break-glass"), self._people.engine.connect() as connection:
            return alerts.broken(connection, principal.account, person, datetime.now(UTC))

    @contextmanager
    def glass(self, principal: Principal, person: int) -> Iterator[bool]:
        """Whether the caller broke the glass for a person. Reads within then see them in the whole league, and what
        they withhold too."""
        if not self.broke_glass(principal, person):
            yield False
            return
        reads = (*principal.scope.reads, self._settings.league)
        with acting(replace(principal.scope, reads=reads)), emergency("break-glass"):
            yield True

    def lives(self, principal: Principal) -> bool:
        """Whether a session that was recognised earlier still is one (streams outlive it otherwise)."""
        if self._people is None or not principal.session:
            return True
        with self._people.engine.connect() as connection:
            now = datetime.now(UTC)
            return sessions.by_digest(connection, principal.session, self._people.limits, now) is not None

    def note(self, principal: Principal, act: str, subject: str = "", why: str = "", **detail: Any) -> None:
        """Record what somebody did."""
        if self._audit is not None:
            self._audit.note(Event(principal.name, act, subject, principal.tenant, principal.source, why, detail))

    def may_act(self, name: str, tenant: str, permission: str) -> bool:
        """Whether the account of a name may do something to a tenant's rows."""
        if self._people is None:
            return False
        with system("may somebody"), self._people.engine.connect() as connection:
            try:
                account = accounts.by_name(connection, name)
            except accounts.AccountError:
                return False
            held, closed = _held(connection, account.id), Registry().closed(connection, account.tenant)
        may = any(permission in h.permissions and below(tenant, [h.tenant]) for h in held)
        return may and not closed and account.usable(datetime.now(UTC))

    def client(self, client_id: str, permission: str, source: str) -> Principal:
        """A registered client that acts without a token of ours. Raises ``ApiError`` 403 when it may not."""
        found = None
        if self._people is not None:
            with system("who vouches"), self._people.engine.begin() as connection:
                found = _machine(connection, clients.by_id(connection, client_id), source)
        if found is None or not found.may(permission):
            raise ApiError(403, "forbidden", f"接口客户端 {client_id} 未登记、已停用或没有 {permission} 权限")
        return found

    def _refuse(self, found: Principal, request: Request, permission: str) -> None:
        self.note(found, "access.refused", request.url.path, permission)
        title = PERMISSIONS[permission].title if permission in PERMISSIONS else permission
        raise ApiError(403, "forbidden", f"{found.name} 没有“{title}”({permission}) 的权限")

    def recently_proved(self, found: Principal) -> None:
        """Raises ``ApiError`` 401 that asks a person to prove again who they are (RFC 9470)."""
        minutes = self._settings.proof_minutes
        if found.is_person and (
            found.proved is None or datetime.now(UTC) - found.proved > timedelta(minutes=minutes)
        ):
            asks = f'Bearer error="insufficient_user_authentication", max_age={minutes * 60}'
            text = f"须在 {minutes} 分钟内再次验证身份: POST /api/v1/session/proof"
            raise ApiError(401, "login", text, headers={"WWW-Authenticate": asks})

    # -- who it is -----------------------------------------------------------------------------

    def _resolve(self, request: Request) -> Principal:
        """Raises ``ApiError`` 401, 403 for a forged request, 503 when nobody can be looked up."""
        source = source_of(request)
        sent = request.headers.get("authorization", "")
        scheme, _, token = sent.partition(" ")
        name = bearer_key(self._settings, token) if scheme.lower() == "bearer" else ""
        if name:
            return self._everything(name, source, Kind.KEY)
        try:
            found = self._of_token(scheme, token, source) if sent else self._unspoken(request, source)
        except SQLAlchemyError as error:
            _log.error("callers cannot be looked up", extra={"error": type(error).__name__})
            raise ApiError(503, "transient", "database away: who you are cannot be checked") from None
        if found is not None:
            return found
        if self._open(source):
            return self._everything("local", source, Kind.LOCAL)
        raise _denied("凭证无效或已过期，请重新登录" if sent else "请先登录: POST /api/v1/session")

    def _everything(self, name: str, source: str, kind: Kind) -> Principal:
        scope = Scope(name, everything="operator key" if kind is Kind.KEY else "this machine, without accounts")
        return Principal(name, scope, frozenset(PERMISSIONS), source=source, kind=kind, tenant=self._settings.league)

    def _open(self, source: str) -> bool:
        """The machine itself may operate until there is an account or a key. While the database is away that is as it
        was."""
        if self._closed or self._settings.api_keys or not is_loopback(source):
            return False
        if self._people is None:
            return True
        try:
            with system("is there an account"), self._people.engine.connect() as connection:
                self._closed = accounts.any_account(connection)
                self._seen_open = not self._closed
        except SQLAlchemyError:
            return self._seen_open
        return not self._closed

    def _of_token(self, scheme: str, token: str, source: str) -> Principal | None:
        if self._people is None or scheme.lower() != "bearer":
            return None
        if token.startswith(launches.MARK):
            return self._of_launch(self._people, token, source)
        return self._of_session(self._people, token, source) if token.startswith(sessions.MARKS) else None

    def _of_launch(self, people: People, token: str, source: str) -> Principal | None:
        """A panel, as long as whoever launched it may still ask."""
        found = launches.opened(people.ring, token, datetime.now(UTC))
        if found is None or not self._stands(people, found, source):
            return None
        held = (Held("", found.tenant, _PANEL),)
        scope, detail = Scope(found.user, reads=(found.tenant,)), {"fullName": found.user, "by": found.by}
        who = Principal(found.user, scope, _PANEL, source=source, detail=detail, kind=Kind.PANEL, tenant=found.tenant)
        return replace(who, held=held, launch=found)

    def _stands(self, people: People, launch: Launch, source: str) -> bool:
        if launch.kind == Kind.ACCOUNT:
            return self.may_act(launch.by, launch.tenant, "inference.use")
        if launch.kind == Kind.CLIENT:
            with system("who launched a panel"), people.engine.begin() as connection:
                return _machine(connection, clients.by_id(connection, launch.by), source) is not None
        if launch.kind == Kind.KEY:
            return any(entry.partition(":")[0] == launch.by for entry in self._settings.api_keys)
        return self._open(source)

    def _unspoken(self, request: Request, source: str) -> Principal | None:
        """By cookie, else by the certificate that TLS verified."""
        if self._people is None:
            return None
        token = request.cookies.get(COOKIE, "")
        if token:
            forged = not sessions.csrf_fits(token, request.headers.get(CSRF_HEADER, ""))
            if request.method not in _SAFE and forged:
                raise ApiError(403, "forbidden", f"缺少或不符的 {CSRF_HEADER}，请刷新页面后重试")
            return self._of_session(self._people, token, source)
        certificate = request.scope.get(CERTIFICATE)
        return self._of_certificate(self._people, certificate, source) if certificate else None

    def _of_session(self, people: People, token: str, source: str) -> Principal | None:
        now = datetime.now(UTC)
        with system("who asks"), people.engine.begin() as connection:
            session = sessions.found(connection, token, people.limits, now)
            if session is None:
                return None
            if session.client:
                known = clients.by_id(connection, session.client)
                return _machine(connection, known, source, session.scopes)
            if sessions.due(session, now):
                sessions.touch(connection, session, now)
            return self._person(connection, people, session, source, now)

    def _of_certificate(self, people: People, certificate: tuple[str, str], source: str) -> Principal | None:
        with system("who asks"), people.engine.begin() as connection:
            return _machine(connection, clients.by_certificate(connection, *certificate), source)

    def _person(
        self, connection: Connection, people: People, session: Session, source: str, now: datetime
    ) -> Principal | None:
        account = accounts.by_id(connection, session.account)
        if not account.usable(now) or Registry().closed(connection, account.tenant):
            return None
        held = _held(connection, account.id)
        names = frozenset(h.role for h in held)
        blocked = "password" if account.stale(people.rules, now) else ""
        if not blocked and names.intersection(self._settings.second_factor_roles) and not session.second:
            blocked = "second-factor"
        everywhere = tuple(sorted({h.tenant for h in held}))
        return Principal(
            account.name,
            Scope(account.name, reads=everywhere),
            frozenset().union(*(h.permissions for h in held)),
            names,
            source,
            session.digest,
            {"fullName": account.full_name, "provider": account.issuer},
            Kind.ACCOUNT,
            account.tenant,
            account.id,
            held,
            session.proved,
            blocked,
        )


def source_of(request: Request) -> str:
    """The address that a request comes from."""
    return request.client.host if request.client else ""


def _machine(
    connection: Connection, known: clients.Client | None, source: str, scopes: Sequence[str] | None = None
) -> Principal | None:
    """A client, with what it may do of what its token asks for; that it asked is noted."""
    now = datetime.now(UTC)
    if known is None or not known.usable(now) or Registry().closed(connection, known.tenant):
        return None
    clients.touch(connection, known, now)
    given = known.permissions if scopes is None else known.permissions.intersection(scopes)
    scope = Scope(known.id, reads=(known.tenant,))
    held = (Held("", known.tenant, given),)
    detail = {"fullName": known.title}
    return Principal(
        known.id, scope, given, source=source, detail=detail, kind=Kind.CLIENT, tenant=known.tenant, held=held
    )


def _held(connection: Connection, account: str) -> tuple[Held, ...]:
    """What an account was granted."""
    given = grants_of(connection, [account])
    known = ROLES if all(g.role in ROLES for g in given) else roles(connection)
    return tuple(Held(g.role, g.tenant, known[g.role].permissions) for g in given if g.role in known)


def _denied(why: str) -> ApiError:
    return ApiError(401, "login", why, headers={"WWW-Authenticate": "Bearer"})
