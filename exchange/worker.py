"""The workers of the queue: take, read, store, one transaction for many messages and a savepoint for each."""

from __future__ import annotations

import logging
import os
import secrets
import socket
import threading
import time
import traceback
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DataError, DBAPIError, NotSupportedError, ProgrammingError, SQLAlchemyError

from base.keyring import KeyRing
from base.security import SealError, sm3
from base.tenancy import system
from exchange import queue
from exchange.landing import CRASH, EXHAUSTED, FAULT, SEALED, Landing, Ready, Refused
from exchange.ledger import DEAD, DONE, Claimed, Ended, writing

_log = logging.getLogger(__name__)
_SCOPE: Final = "messages of all institutions are stored"
BATCH: Final = 200
"""Most messages of one transaction."""
LEASE_SECONDS: Final = 60.0
_IDLE_SECONDS: Final = 0.05
_DROWSY_SECONDS: Final = 0.5
_AWAY_SECONDS: Final = 2.0
_FIRST_BATCH: Final = 20
_LEAST_BATCH: Final = 10
_AIM_SECONDS: Final = {"sqlite": 0.5, "postgresql": 2.0}
"""How long one batch should take: on SQLite nobody else writes meanwhile."""
_NEVER: Final = (DataError, ProgrammingError, NotSupportedError)
"""What the database will say again however often it is asked."""


class Worker:
    """One worker; as many as you like, in as many processes as you like. ``say`` hears how many ended."""

    def __init__(
        self,
        engine: Engine,
        ring: KeyRing,
        landing: Landing,
        *,
        batch: int = BATCH,
        lease_seconds: float = LEASE_SECONDS,
        say: Callable[[int], None] = lambda ended: None,
    ) -> None:
        self._engine, self._ring, self._landing = engine, ring, landing
        self._most, self._lease, self._say = batch, timedelta(seconds=lease_seconds), say
        self._batch, self._aim = min(_FIRST_BATCH, batch), _AIM_SECONDS[engine.dialect.name]
        self._careful = 0
        self.name = f"{socket.gethostname()[:12]}/{os.getpid()}/{secrets.token_hex(4)}"

    def run(self, stop: threading.Event) -> None:
        """Work until told to stop. A database that is away is waited for."""
        idle = _IDLE_SECONDS
        while not stop.is_set():
            try:
                busy = self.step() is not None
            except Exception as error:  # a worker must outlive whatever it meets
                _log.error("messages not taken, trying again", extra={"error": type(error).__name__})
                stop.wait(_AWAY_SECONDS)
                continue
            idle = _IDLE_SECONDS if busy else min(2 * idle, _DROWSY_SECONDS)
            if not busy:
                stop.wait(idle)

    def drain(self) -> int:
        """Work until nothing is due. Gives how many messages ended."""
        ended = 0
        while (taken := self.step()) is not None:
            ended += taken
        return ended

    def step(self) -> int | None:
        """Take and store one batch: how many messages ended; None when nothing was due."""
        with system(_SCOPE):
            with self._engine.connect() as connection:
                if not queue.is_due(connection, datetime.now(UTC)):
                    return None
            with writing(self._engine) as connection:
                most = 1 if self._careful else self._batch
                taken = queue.claim(connection, self.name, most, datetime.now(UTC), self._lease)
            self._careful = max(self._careful - 1, 0)
            if not taken.seen:
                return None
            ended = self._stored(taken.claimed) if taken.claimed else 0
        self._say(ended)
        return ended

    def _stored(self, claimed: list[Claimed]) -> int:
        """Read, then store what is still held. Raises what the database raises; the messages are given back then."""
        began = time.monotonic()
        try:
            ready = {c.number: self._prepared(c) for c in claimed}
            with writing(self._engine) as connection:
                held = {c.number for c in queue.held(connection, self.name, claimed)}
                ended = self._land(connection, claimed, held, ready)
        except SQLAlchemyError as error:
            _log.error("batch not stored, trying again", extra={"error": type(error).__name__, "count": len(claimed)})
            self._gave_back(claimed, error)
            raise
        self._fit(len(claimed), time.monotonic() - began)
        return ended

    def _gave_back(self, claimed: list[Claimed], error: SQLAlchemyError) -> None:
        """Let others have them at once, each alone for a while: one of them may be the cause. One that fails alone
        waits longer each time. When not even that can be written, the lease sees to it."""
        now = datetime.now(UTC)
        self._careful += len(claimed) if len(claimed) > 1 else 0
        try:
            with writing(self._engine) as connection:
                if len(claimed) > 1:
                    queue.give_back(connection, self.name, claimed, now)
                    return
                for one in queue.held(connection, self.name, claimed):
                    if isinstance(error, _NEVER):
                        queue.finish(connection, [_dead(one, _fault(error))], now, self.name)
                    else:
                        queue.put_off(connection, one, now, self.name, type(error).__name__)
        except SQLAlchemyError as again:
            _log.error("batch not given back", extra={"error": type(again).__name__, "count": len(claimed)})

    def _prepared(self, claimed: Claimed) -> Ready | Refused:
        """The message read and checked, or why it will not be. Raises ``SQLAlchemyError`` when the rules cannot be
        looked up."""
        if claimed.crashes >= queue.MOST_CRASHES:
            return Refused(CRASH, "", f"入库时进程异常退出 {claimed.crashes} 次")
        if claimed.attempts > queue.MOST_ATTEMPTS:
            return Refused(EXHAUSTED, "", f"已失败 {claimed.attempts - 1} 次")
        try:
            raw = self._ring.unseal(claimed.sealed, claimed.key.encode())
        except SealError:
            return Refused(SEALED, "", "原文或其密钥不在此处，或原文被改动")
        if sm3(raw) != claimed.digest:
            return Refused(SEALED, "", "原文与接收时不一致")
        try:
            return self._landing.prepare(claimed, raw)
        except Refused as refused:
            return refused
        except SQLAlchemyError:
            raise
        except Exception as error:  # a fault of ours: this message waits for the repair, the others go on
            return _fault(error)

    def _fit(self, count: int, seconds: float) -> None:
        """Take as many the next time as will last about as long as aimed at, at most twice as many."""
        fitting = min(int(count * self._aim / max(seconds, 0.001)), 2 * self._batch)
        self._batch = min(max(fitting, _LEAST_BATCH), self._most)

    def _land(
        self, connection: Connection, taken: list[Claimed], held: set[int], ready: dict[int, Ready | Refused]
    ) -> int:
        """Store what is still held, in its order. What stands behind one that must wait waits too, and so does what
        stands behind one that another worker has taken over: it may not have stored it yet."""
        now = datetime.now(UTC)
        ended: list[Ended] = []
        left: list[Claimed] = []
        stuck: set[str] = set()
        for claimed in taken:
            lanes = {claimed.lane, claimed.other} - {""}
            if claimed.number not in held:
                stuck |= lanes
                continue
            one = None if lanes & stuck else self._ended(connection, claimed, ready[claimed.number])
            if one is not None:
                ended.append(one)
            elif lanes & stuck:
                left.append(claimed)
            stuck |= lanes if one is None else set()
        queue.finish(connection, ended, now, self.name)
        queue.give_back(connection, self.name, left, now)
        return len(ended)

    def _ended(self, connection: Connection, claimed: Claimed, ready: Ready | Refused) -> Ended | None:
        """One message, in a savepoint: how it ended; None when it is to be tried again later."""
        if isinstance(ready, Refused):
            return _dead(claimed, ready)
        try:
            with connection.begin_nested():
                refused = self._landing.check(connection, claimed, ready)
                if refused is not None:
                    return _dead(claimed, refused)
                landed = self._landing.land(connection, claimed, ready)
        except Refused as refused:
            return _dead(claimed, refused)
        except DBAPIError as error:
            if error.connection_invalidated:
                raise
            return self._again(connection, claimed, error)
        except Exception as error:  # a fault of ours: this message waits for the repair, the others go on
            return _dead(claimed, _fault(error))
        return Ended(claimed, DONE, landed.detail, landed.facts, landed.record)

    def _again(self, connection: Connection, claimed: Claimed, error: DBAPIError) -> Ended | None:
        """Later, when the database may well take it then."""
        name = type(error).__name__
        if isinstance(error, _NEVER):
            return _dead(claimed, _fault(error))
        if claimed.attempts >= queue.MOST_ATTEMPTS:
            return _dead(claimed, Refused(EXHAUSTED, "", f"{name}，已失败 {claimed.attempts} 次"))
        queue.put_off(connection, claimed, datetime.now(UTC), self.name, name)
        return None


def _dead(claimed: Claimed, refused: Refused) -> Ended:
    detail = {"faults": list(refused.faults)} if refused.faults else {}
    told = (refused.reason, refused.field, refused.problem)
    _log.warning("message given up", extra={"reason": refused.reason})
    return Ended(claimed, DEAD, detail, (), None, *told)


def _fault(error: Exception) -> Refused:
    """An exception nobody foresaw, told by its type and place: its text may name a patient."""
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if "site-packages" not in frame.filename]
    place = f"{Path(ours[-1].filename).stem}:{ours[-1].lineno}" if ours else ""
    return Refused(FAULT, place, type(error).__name__)
