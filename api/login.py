"""Logging in: passwords and codes, who has to wait, what is recorded of it.

Guesses are counted by account and by address before they are judged. Hashing takes a third of a second of a
processor: only a few logins are worked on at a time, so that reviews are answered meanwhile.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import blake2b
from typing import Final

from sqlalchemy import Connection

from api.access import Principal
from api.errors import ApiError
from api.metrics import METRICS
from api.people import People
from base import accounts, alerts, second_factor, sessions
from base.accounts import Account, AccountError
from base.audit import AuditLog, Event
from base.tenancy import system
from records.registry import Registry

_AT_ONCE: Final = 2
_PATIENCE_SECONDS: Final = 10.0
_WRONG: Final = "账号或口令不正确"
NEED_CODE: Final = "请输入动态口令 (code)"


@dataclass(frozen=True, slots=True)
class LoggedIn:
    """A new session: ``token`` is told once and stored nowhere."""

    token: str
    csrf: str
    account: Account
    expires: datetime
    second: bool


class LoginDesk:
    """Lets people in and out."""

    def __init__(self, people: People, audit: AuditLog) -> None:
        self._people, self._audit = people, audit
        self._turn = threading.BoundedSemaphore(_AT_ONCE)

    # -- in --------------------------------------------------------------------------------

    def login(self, name: str, password: str, code: str, source: str, replaces: str = "") -> LoggedIn:
        """A session for who knows the password, and the code where one is asked. ``replaces``: a token that the same
        browser held before; it ends. Raises ``ApiError`` 401, 403 (locked), 429 (wait)."""
        known = _name(name)
        with self._counted(known, source) as wrong, self._worked(), system("login"):
            with self._people.engine.begin() as connection:
                account = accounts.proved(connection, known, password, self._people.rules)
            if account is None:
                raise wrong(self._id_of(known), _WRONG)
            self._usable(account, source)
            second = self._second(account, code, source, wrong)
        return self.begin(account, source, second, replaces)

    def begin(self, account: Account, source: str, second: bool, replaces: str = "") -> LoggedIn:
        """A session for somebody who proved who they are. Raises ``ApiError`` 403."""
        people, now = self._people, datetime.now(UTC)
        with system("login"), people.engine.begin() as connection:
            account = accounts.hold(connection, account.id)
            self._usable(account, source)
            if replaces:
                sessions.end(connection, sessions.token_digest(replaces), "replaced")
            token, made = sessions.begin(
                connection, people.limits, now, account=account.id, source=source, second=second
            )
        self._note(account, "login", source, second=second)
        return LoggedIn(token, sessions.csrf_of(token), account, made.expires, second)

    def _usable(self, account: Account, source: str) -> None:
        with self._people.engine.connect() as connection:
            closed = Registry().closed(connection, account.tenant)
        if closed or not account.usable(datetime.now(UTC)):
            self._note(account, "login.locked", source)
            text = "所在机构已停用" if closed else "账号已被锁定或已过期"
            raise ApiError(403, "forbidden", f"{text}，请联系系统管理员")

    def _second(self, account: Account, code: str, source: str, wrong: _Wrong) -> bool:
        """Whether a second factor was asked for and shown."""
        people = self._people
        with people.engine.begin() as connection:
            if not second_factor.enrolled(connection, account.id):
                return False
            right = bool(code) and second_factor.passes(connection, people.ring, account.id, code, datetime.now(UTC))
        if not code:
            raise ApiError(401, "login", NEED_CODE, "code", {"WWW-Authenticate": 'Bearer error="code_required"'})
        if not right:
            raise wrong(account.id, "动态口令不正确或已使用过", "code")
        return True

    # -- again and out -----------------------------------------------------------------------

    def prove(self, principal: Principal, password: str, code: str) -> None:
        """Somebody logged in shows once more who they are: by the code where one is in use, else by the password.
        Raises ``ApiError`` 401, 429."""
        people, now = self._people, datetime.now(UTC)
        with self._counted(principal.name, principal.source) as wrong, self._worked(), system("proof"):
            with people.engine.begin() as connection:
                factor = second_factor.enrolled(connection, principal.account)
                if factor:
                    right = second_factor.passes(connection, people.ring, principal.account, code, now)
                else:
                    right = accounts.proved(connection, principal.name, password, people.rules) is not None
            if not right:
                raise wrong(principal.account, "动态口令不正确或已使用过" if factor else "口令不正确")
            with people.engine.begin() as connection:
                sessions.prove(connection, principal.session, now, factor)
        self._said(principal, "login.proof")

    def change_password(self, principal: Principal, old: str, new: str) -> None:
        """Another password; every other session ends. Raises ``ApiError`` 401, 429 and ``AccountError``."""
        people = self._people
        with self._counted(principal.name, principal.source) as wrong, self._worked(), system("password"):
            with people.engine.begin() as connection:
                if accounts.proved(connection, principal.name, old, people.rules) is None:
                    raise wrong(principal.account, "原口令不正确", "old")
            with people.engine.begin() as connection:
                accounts.change_password(connection, principal.account, new, people.rules)
                sessions.end_all(connection, "password", account=principal.account, but=principal.session)
        self._said(principal, "account.password")

    def logout(self, principal: Principal, everywhere: bool = False) -> int:
        """End this session, or all of its owner. Gives how many."""
        with self._people.engine.begin() as connection:
            if everywhere:
                ended = sessions.end_all(connection, "logout", account=principal.account)
            else:
                sessions.end(connection, principal.session, "logout")
                ended = 1
        self._said(principal, "logout", sessions=ended)
        return ended

    # -- the second factor -------------------------------------------------------------------

    def start_factor(self, principal: Principal) -> tuple[str, str]:
        """Secret and URI for an authenticator app. Raises ``FactorError``."""
        with self._people.engine.begin() as connection:
            return second_factor.start(connection, self._people.ring, principal.account, principal.name)

    def confirm_factor(self, principal: Principal, code: str) -> list[str]:
        """Recovery codes, once a code showed that the app works. Raises ``FactorError``."""
        people, now = self._people, datetime.now(UTC)
        with self._counted(principal.name, principal.source), people.engine.begin() as connection:
            codes = second_factor.confirm(connection, people.ring, principal.account, code, now)
            sessions.prove(connection, principal.session, now, second=True)
        self._said(principal, "account.factor")
        return codes

    def remove_factor(self, principal: Principal) -> None:
        """Ask for no code any more."""
        with self._people.engine.begin() as connection:
            second_factor.remove(connection, principal.account)
        self._said(principal, "account.factor-removed")

    # -- counting and telling ------------------------------------------------------------------

    @contextmanager
    def _counted(self, name: str, source: str) -> Iterator[_Wrong]:
        """An attempt, counted by account and address before it is judged. One that does not end in ``wrong`` is taken
        back. Raises ``ApiError`` 429."""
        people, now = self._people, time.time()
        ours, theirs = f"account {name}", f"source {source}"
        wait = people.attempts.take(theirs, people.of_source, now)
        wait = wait or people.attempts.take(ours, people.of_account, now)
        if wait:
            self._audit.note(Event("unknown", "login.refused", "", source=source, why="too many attempts"))
            raise _later(wait)
        try:
            yield _Wrong(self, name, source)
        except _WrongError as error:
            raise error.told from None
        except ApiError:
            people.attempts.give_back(ours)
            people.attempts.give_back(theirs)
            raise
        people.attempts.forgive(ours)
        people.attempts.give_back(theirs)

    @contextmanager
    def _worked(self) -> Iterator[None]:
        if not self._turn.acquire(timeout=_PATIENCE_SECONDS):
            raise _later(_PATIENCE_SECONDS)
        try:
            yield
        finally:
            self._turn.release()

    def failed(self, name: str, account: str, source: str) -> None:
        """Record a wrong attempt; when an account begins to wait, security staff is told. What somebody typed as a
        name is not recorded: it may be a password."""
        subject = f"account/{account}" if account else ""
        self._audit.note(Event("unknown", "login.failed", subject, source=source))
        METRICS.login_failures.inc()
        if account and self._people.attempts.count(f"account {name}") == self._people.settings.login_failures:
            with system("alert"), self._people.engine.begin() as connection:
                tenant = accounts.by_id(connection, account).tenant
                sound(connection, "login.guessing", tenant, "unknown", subject, source)

    def _id_of(self, name: str) -> str:
        with self._people.engine.connect() as connection:
            try:
                return accounts.by_name(connection, name).id
            except AccountError:
                return ""

    def _note(self, account: Account, act: str, source: str, **detail: object) -> None:
        self._audit.note(Event(account.name, act, f"account/{account.id}", account.tenant, source, detail=detail))

    def _said(self, principal: Principal, act: str, **detail: object) -> None:
        subject = f"account/{principal.account}"
        self._audit.note(Event(principal.name, act, subject, principal.tenant, principal.source, detail=detail))


class _WrongError(Exception):
    """An attempt that was wrong, and what its maker is told."""

    def __init__(self, told: ApiError) -> None:
        super().__init__()
        self.told = told


@dataclass(frozen=True, slots=True)
class _Wrong:
    """Makes the error of a wrong attempt, which is recorded and stays counted."""

    desk: LoginDesk
    name: str
    source: str

    def __call__(self, account: str, text: str, path: str = "") -> _WrongError:
        self.desk.failed(self.name, account, self.source)
        return _WrongError(ApiError(401, "login", text, path, {"WWW-Authenticate": "Bearer"}))


def sound(
    connection: Connection, kind: str, tenant: str, actor: str, subject: str, source: str, ref: str = ""
) -> str:
    """Raise an alert that is counted too. Gives its id."""
    METRICS.alerts.labels(kind).inc()
    return alerts.sound(connection, kind, tenant, actor, subject, source, ref)


def watermark(principal: Principal, now: datetime) -> str:
    """What pages show across themselves, so that a photograph tells whose screen it was: the audit knows the code."""
    said = f"{principal.session or principal.name} {now:%Y-%m-%d}"
    return blake2b(said.encode(), digest_size=4).hexdigest().upper()


def _later(seconds: float) -> ApiError:
    wait = max(1, round(seconds + 0.5))
    return ApiError(429, "throttled", f"尝试次数过多，请在 {wait} 秒后再试", headers={"Retry-After": str(wait)})


def _name(text: str) -> str:
    """The name as accounts have it; what is none is tried as it is, and fails like any other."""
    try:
        return accounts.account_name(text)
    except AccountError:
        return text.strip()[:80]
