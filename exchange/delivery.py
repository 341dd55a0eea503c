"""Telling subscribers: what waits for each goes out in its order, again and again until the receiver takes it.

One worker at a time tells a subscriber (a lease says who), and forgets an event only after it was taken: killed in
between, the event goes out once more under the same number. A receiver that refuses for too long is left alone until
somebody sets the subscription going again; what it is to be told is kept.
"""

from __future__ import annotations

import hmac
import logging
import os
import secrets
import socket
import threading
from collections.abc import Callable, Collection
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Final, NamedTuple
from urllib.parse import urlsplit

import orjson
from sqlalchemy import Connection, Engine, Row, delete, exists, select, update
from sqlalchemy.exc import SQLAlchemyError

from base.keyring import KeyRing
from base.security import SealError
from base.tenancy import Scope, acting, system
from exchange.fhir.server import Repository, presented
from exchange.fhir.subscription import EMPTY, FHIR_JSON, IDS, Wish, asked_of
from exchange.ledger import writing
from exchange.message import Json
from exchange.outbound import ACTIVE, ERROR, OFF, Persons, concerns, events, opened, subscriptions
from exchange.queue import backoff
from records.traffic import Ending, Kind, System, count_ended

if TYPE_CHECKING:
    import httpx

_log = logging.getLogger(__name__)
_SCOPE: Final = "subscribers are told"
TRIES: Final = 100
"""After so many failures in a row (about fifteen hours) a receiver is left alone."""
LEASE_SECONDS: Final = 120.0
_TIMEOUT_SECONDS: Final = 10.0
_SUBSCRIBERS: Final = 8
_EVENTS: Final = 50
_IDLE_SECONDS: Final = 0.2
_AWAY_SECONDS: Final = 2.0
_LONG_AGO: Final = datetime(2000, 1, 1, tzinfo=UTC)
_PAST: Final = "已过有效期"
Shown = Callable[[Json], Json]
"""How a resource is shown to somebody: whole, or masked."""


class Told(NamedTuple):
    """What a receiver was told: for the audit."""

    author: str
    tenant: str
    subscription: str
    source: str
    reference: str


@dataclass(frozen=True, slots=True)
class Rules:
    """Whom we may call and how: ``hosts`` allowed, ``secret`` of signatures, ``league`` the path above all
    institutions; ``see`` says how the author of a subscription (with their tenant) sees a type of resources, None
    when they may not any more; ``note`` records what was told."""

    hosts: Collection[str]
    secret: str
    league: str
    see: Callable[[str, str, str], Shown | None]
    note: Callable[[Told], None] = lambda told: None
    tries: int = TRIES
    lease_seconds: float = LEASE_SECONDS


class _Letter(NamedTuple):
    """One notification ready to go."""

    event: int
    url: str
    body: bytes
    headers: dict[str, str]


class _StopError(Exception):
    """A subscription that cannot go on as it is: the status it gets, and why."""

    def __init__(self, status: str, why: str) -> None:
        super().__init__(why)
        self.status, self.why = status, why


class Deliverer:
    """One worker; as many as you like. ``repository`` holds what it reads to the wishes of persons."""

    def __init__(self, engine: Engine, ring: KeyRing, repository: Repository, persons: Persons, rules: Rules) -> None:
        self._engine, self._ring, self._repository, self._persons = engine, ring, repository, persons
        self._rules, self._lease = rules, timedelta(seconds=rules.lease_seconds)
        self.name = f"{socket.gethostname()[:12]}/{os.getpid()}/{secrets.token_hex(4)}"

    def run(self, stop: threading.Event) -> None:
        """Tell until told to stop. A database that is away is waited for."""
        with _web() as web, ThreadPoolExecutor(_SUBSCRIBERS, "tell") as pool:
            while not stop.is_set():
                try:
                    if not self.step(web, pool):
                        stop.wait(_IDLE_SECONDS)
                except Exception as error:  # nobody would start it anew
                    _log.error("subscribers not told, trying again", extra={"error": type(error).__name__})
                    stop.wait(_AWAY_SECONDS)

    def step(self, web: httpx.Client, pool: ThreadPoolExecutor) -> int:
        """Tell those who are due, some events each. Gives how many subscriptions were due."""
        with system(_SCOPE):
            mine = self._claimed(datetime.now(UTC))
        for done in [pool.submit(self._tell, web, number) for number in mine]:
            done.result()
        return len(mine)

    # -- whose turn it is --------------------------------------------------------------------

    def _claimed(self, now: datetime) -> list[str]:
        """Subscriptions that this worker tells until its lease ends."""
        s = subscriptions.c
        waits = exists().where(events.c.subscription == s.id)
        due = select(s.id).where(s.status == ACTIVE, s.due <= now, s.until < now, waits).order_by(s.due)
        with self._engine.connect() as connection:
            if connection.execute(due.limit(1)).first() is None:
                return []
        with writing(self._engine) as connection:
            numbers = list(connection.execute(due.limit(_SUBSCRIBERS).with_for_update(skip_locked=True)).scalars())
            mine = update(subscriptions).where(s.id.in_(numbers))
            connection.execute(mine.values(owner=self.name, until=now + self._lease))
        return numbers

    def _tell(self, web: httpx.Client, number: str) -> None:
        """One subscriber's turn: events in their order up to the first that is not taken."""
        with system(_SCOPE):
            try:
                row, waiting = self._waiting(number)
                for event in waiting:
                    if not self._one(web, row, event):
                        return
                self._give_back(number)
            except _StopError as stopped:
                self._stopped(number, stopped)
            except SealError:
                self._stopped(number, _StopError(ERROR, "订阅内容无法解密：缺少密钥"))
            except SQLAlchemyError:
                raise
            except Exception as error:  # whatever it is, the other subscribers are told
                self._failed(number, type(error).__name__)

    def _waiting(self, number: str) -> tuple[Row[Any], list[Row[Any]]]:
        query = select(events).where(events.c.subscription == number).order_by(events.c.number).limit(_EVENTS)
        with self._engine.connect() as connection:
            row = connection.execute(select(subscriptions).where(subscriptions.c.id == number)).one_or_none()
            if row is None:
                raise _StopError(OFF, "订阅已删除")
            return row, list(connection.execute(query))

    # -- one event ---------------------------------------------------------------------------

    def _one(self, web: httpx.Client, row: Row[Any], event: Row[Any]) -> bool:
        """Tell one event, or forget it where it is not for the subscriber; False ends the turn. Raises
        ``_StopError``."""
        letter = self._letter(row, event)
        trouble = "" if letter is None else self._post(web, letter)
        if trouble:
            self._failed(row.id, trouble)
            return False
        if letter is not None:
            reference = f"{event.kind}/{event.local_id}"
            self._rules.note(Told(row.author, row.tenant, row.id, event.source, reference))
        return self._done(row, event, told=letter is not None)

    def _letter(self, row: Row[Any], event: Row[Any]) -> _Letter | None:
        """What goes out; None when the subscriber may not or need not hear of it any more. Raises ``_StopError``,
        ``SealError``."""
        wish = opened(self._ring, row)
        if wish.ends is not None and wish.ends <= datetime.now(UTC):
            raise _StopError(OFF, _PAST)
        if urlsplit(wish.endpoint).hostname not in self._rules.hosts:
            raise _StopError(ERROR, "接收方主机已不在允许之列 (YIGONG_WEBHOOK_HOSTS)")
        shown = self._rules.see(row.author, row.tenant, event.kind)
        if shown is None:
            raise _StopError(ERROR, "订阅者已无权查看该类资源")
        resource = self._resource(row, wish, event)
        if resource is None:
            return None
        body = _body(wish.content, shown(resource), event)
        return _Letter(event.number, wish.endpoint, body, self._headers(wish, row, event, body))

    def _resource(self, row: Row[Any], wish: Wish, event: Row[Any]) -> Json | None:
        """The version that the event is of, as far as the subscriber sees it now."""
        asked = asked_of(wish)
        reads = (row.tenant, self._rules.league) if asked.region else (row.tenant,)
        with self._engine.connect() as connection:
            with acting(Scope(f"subscription/{row.id}", reads)):
                now = self._repository.get(connection, event.source, event.kind, event.local_id)
                found = None if now is None else self._version(connection, now, event)
            record = getattr(now, "record", None)
            if found is None or not concerns(connection, self._persons, row.tenant, asked, event.source, record):
                return None
        return found

    def _version(self, connection: Connection, now: Any, event: Row[Any]) -> Json | None:
        if now.version == event.version:
            return presented(now.resource, event.source, event.version)
        old = self._repository.history(connection, event.source, event.kind, event.local_id)
        kept = next((one.resource for one in old if one.version == event.version and not one.deleted), None)
        return None if kept is None else presented(kept, event.source, event.version)

    def _headers(self, wish: Wish, row: Row[Any], event: Row[Any], body: bytes) -> dict[str, str]:
        given = dict(header.split(": " if ": " in header else ":", 1) for header in wish.headers)
        ours = {
            "Content-Type": FHIR_JSON,
            "X-Yigong-Subscription": row.id,
            "X-Yigong-Event": str(event.number),
        }
        if self._rules.secret:
            ours["X-Yigong-Signature"] = hmac.new(self._rules.secret.encode(), body, sha256).hexdigest()
        return given | ours

    def _post(self, web: httpx.Client, letter: _Letter) -> str:
        """What went wrong; empty when the receiver took it."""
        from httpx import HTTPError

        try:
            answer = web.post(letter.url, content=letter.body, headers=letter.headers)
        except HTTPError as error:
            return type(error).__name__
        return "" if answer.is_success else f"接收方答复 {answer.status_code}"

    # -- what became of it -------------------------------------------------------------------

    def _done(self, row: Row[Any], event: Row[Any], *, told: bool) -> bool:
        """Forget an event that was taken; False when somebody else tells this subscriber by now."""
        now = datetime.now(UTC)
        values: dict[str, Any] = {"attempts": 0, "error": "", "until": now + self._lease}
        if told:
            values |= {"delivered": subscriptions.c.delivered + 1, "last": now}
        with writing(self._engine) as connection:
            connection.execute(delete(events).where(events.c.number == event.number))
            if told:
                took = (now - event.at).total_seconds()
                count_ended(connection, [Ending(_system(row), took, good=True)], now)
            return connection.execute(self._mine(row.id).values(values)).rowcount == 1

    def _failed(self, number: str, trouble: str) -> None:
        """Try again later; leave the receiver alone after too many tries."""
        s = subscriptions.c
        _log.warning("subscriber not told", extra={"subscription": number, "error": trouble})
        with writing(self._engine) as connection:
            row = connection.execute(select(s.id, s.tenant, s.attempts).where(s.id == number)).one_or_none()
            if row is None:
                return
            attempts, now = row.attempts + 1, datetime.now(UTC)
            count_ended(connection, [Ending(_system(row), 0.0, good=False)], now)
            values: dict[str, Any] = {"attempts": attempts, "due": now + backoff(attempts)}
            values |= {"error": trouble, "owner": "", "until": _LONG_AGO}
            if attempts >= self._rules.tries:
                values |= {"status": ERROR, "error": f"{trouble}，已连续 {attempts} 次，请重新启用 (status: active)"}
            connection.execute(self._mine(number).values(values))

    def _stopped(self, number: str, stopped: _StopError) -> None:
        values = {"status": stopped.status, "error": stopped.why, "owner": "", "until": _LONG_AGO}
        with writing(self._engine) as connection:
            connection.execute(self._mine(number).values(values))

    def _give_back(self, number: str) -> None:
        with writing(self._engine) as connection:
            connection.execute(self._mine(number).values(owner="", until=_LONG_AGO))

    def _mine(self, number: str) -> Any:
        return update(subscriptions).where(subscriptions.c.id == number, subscriptions.c.owner == self.name)


def _system(row: Any) -> System:
    return System(row.tenant, Kind.SUBSCRIPTION, row.id)


def _body(content: str, resource: Json, event: Row[Any]) -> bytes:
    if content == EMPTY:
        return b""
    if content != IDS:
        return orjson.dumps(resource)
    name = f"{event.kind}/{event.local_id}"
    response = {"status": "200", "location": f"{name}/_history/{event.version}", "etag": f'W/"{event.version}"'}
    request = {"method": "GET", "url": f"{name}?_source={resource['meta']['source']}"}
    return orjson.dumps(
        {"resourceType": "Bundle", "type": "history", "entry": [{"request": request, "response": response}]}
    )


def _web() -> httpx.Client:
    """What receivers are called with. Reading it takes a tenth of a second, which no starting worker waits for."""
    from httpx import Client

    return Client(timeout=_TIMEOUT_SECONDS, follow_redirects=False)


__all__ = ["Deliverer", "Rules", "Told"]
