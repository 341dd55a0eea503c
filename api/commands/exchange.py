"""``yigong exchange``: store messages that wait, look at those given up, have them done anew, follow one."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from enum import StrEnum
from multiprocessing import get_context
from typing import Annotated, Final

import typer
from rich.table import Table
from sqlalchemy.exc import SQLAlchemyError

from api.bootstrap import House, key_ring
from api.indicator_desk import IndicatorDesk
from api.intake import takeover, worker
from api.outbound import deliverer
from api.overseeing import Overseer
from api.reporting import Reporter
from api.serving import settle
from api.terminal import ERR, OUT, Command, DataDir, as_json, bar, house
from base.audit import AuditLog, Event, append
from base.security import SealError
from base.tenancy import system
from exchange.ledger import DEAD
from exchange.trace import Ledger, MissingMessageError, Query, SettledError

_RESTART_SECONDS: Final = 2.0
_RENEW_SECONDS: Final = 60.0
"""How soon a new key is used after somebody rotated."""
_SCOPE: Final = "the operator of this machine asks"


class Act(StrEnum):
    """What to do with messages."""

    WORK = "work"
    DEAD = "dead"
    REPLAY = "replay"
    TRACE = "trace"


def exchange(
    act: Annotated[Act, typer.Argument(help="work, dead, replay or trace")],
    message: Annotated[str, typer.Argument(help="trace, replay: id of a message")] = "",
    processes: Annotated[int, typer.Option(min=1, max=64, help="work: how many processes")] = 1,
    drain: Annotated[bool, typer.Option(help="work: end when nothing is due any more")] = False,
    reason: Annotated[str, typer.Option(help="dead, replay: given up for this reason")] = "",
    standard: Annotated[str, typer.Option(help="dead, replay: of this standard")] = "",
    limit: Annotated[int, typer.Option(min=1, max=500, help="dead: how many to show")] = 50,
    by: Annotated[str, typer.Option("--by", help="replay: who does this (recorded)")] = "",
    why: Annotated[str, typer.Option(help="replay: why (recorded)")] = "",
    data_dir: DataDir = None,
) -> None:
    """Messages of hospitals: store what waits, show what was given up and why, have it done anew, follow one from its
    arrival to its facts."""
    opened = house(data_dir)
    if act is Act.WORK:
        _drained(opened) if drain else work(opened, processes)
        return
    ledger = Ledger(opened.engine, key_ring(opened))
    with system(_SCOPE):
        try:
            if act is Act.TRACE:
                as_json(ledger.trace(message))
            elif act is Act.DEAD:
                _listed(ledger, Query(DEAD, reason, standard, limit=limit))
            else:
                _replayed(opened, ledger, message, Query(DEAD, reason, standard), by, why)
        except (MissingMessageError, SettledError) as error:
            raise typer.BadParameter(str(error), param_hint="message") from None


def _listed(ledger: Ledger, query: Query) -> None:
    table = Table("id", "tenant", "standard", "type", "received", "reason", "field", "problem")
    for found in ledger.find(query):
        dead, received = found["dead"], found["received"].isoformat(timespec="seconds")
        told = (dead["title"], dead["field"], dead["problem"])
        table.add_row(found["id"], found["tenant"], found["standard"], found["kind"], received, *told)
    OUT.print(table)


def _replayed(opened: House, ledger: Ledger, message: str, query: Query, by: str, why: str) -> None:
    if not by or not why:
        raise typer.BadParameter("who does this and why must be said", param_hint="--by, --why")
    if not message and not query.reason and not query.standard:
        raise typer.BadParameter("give the id of a message, --reason or --standard", param_hint="message")
    subject = f"message/{message}" if message else "messages"
    append(opened.engine, [Event(by, "exchange.replay", subject, why=why, detail={"reason": query.reason})])
    count = 1 if message and ledger.replay(message, by, why) else 0 if message else ledger.replay_all(query, by, why)
    OUT.print(f"{count} messages are done anew")


# -- working ---------------------------------------------------------------------------------


def _drained(opened: House) -> None:
    """Store what is due, with a progress bar, and end."""
    with bar("处理消息") as advance:
        began = time.monotonic()
        ended = worker(opened, key_ring(opened), say=advance).drain()
    OUT.print(f"{ended} messages ended in {time.monotonic() - began:.1f} s")


def work(opened: House, processes: int) -> None:
    """Store messages until told to stop (SIGINT, SIGTERM), in so many processes; one that dies is started again."""
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    ERR.print(f"storing messages in {processes} processes, stop with Ctrl-C", highlight=False)
    opened.engine.dispose()
    with Workers(processes):
        stop.wait()


class Workers:
    """Processes that store messages, as long as the context lasts; one that dies is started again. The settings come
    from the environment."""

    def __init__(self, processes: int) -> None:
        self._count, self._over = processes, threading.Event()
        self._watch = threading.Thread(target=self._keep, name="exchange-workers", daemon=True)

    def __enter__(self) -> None:
        self._watch.start()

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._watch.join()

    def _keep(self) -> None:
        spawn = get_context("spawn")
        running = [spawn.Process(target=serve, args=(os.getpid(),)) for _ in range(self._count)]
        for process in running:
            process.start()
        while not self._over.wait(_RESTART_SECONDS):
            for place, process in enumerate(running):
                if not process.is_alive():
                    running[place] = spawn.Process(target=serve, args=(os.getpid(),))
                    running[place].start()
        for process in running:
            process.terminate()
        for process in running:
            process.join()


def serve(parent: int, say: Callable[[int], None] = lambda ended: None) -> None:
    """One process: a worker of the queue, beside it what tells subscribers, what looks at risks again, what looks at
    connected systems, what sums up facts, what makes reports, and what brings messages from the broker.
    Ends with its parent. ``say`` hears how many messages ended."""
    stop = threading.Event()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    opened = house(None)
    ring = key_ring(opened)
    storing, audit = worker(opened, ring, say=say), AuditLog(opened.engine)
    threads = [
        threading.Thread(target=storing.run, args=(stop,), name="store"),
        threading.Thread(target=deliverer(opened, ring, audit).run, args=(stop,), name="tell"),
    ]
    if opened.settings.risk_watch:
        from api.watching import Watcher

        threads.append(threading.Thread(target=Watcher(opened, ring).run, args=(stop,), name="watch"))
    threads.append(threading.Thread(target=Overseer(opened, ring).run, args=(stop,), name="oversee"))
    threads.append(threading.Thread(target=IndicatorDesk(opened, ring).run, args=(stop,), name="indicators"))
    threads.append(threading.Thread(target=Reporter(opened, ring).run, args=(stop,), name="report"))
    taking = takeover(opened, ring, storing.name)
    if taking is not None:
        threads.append(threading.Thread(target=taking.run, args=(stop,), name="take over"))
    settle()
    for thread in threads:
        thread.start()
    renewed = time.monotonic()
    while not stop.wait(1.0):
        if os.getppid() != parent:
            stop.set()
        if time.monotonic() - renewed > _RENEW_SECONDS:
            renewed = time.monotonic()
            with suppress(SQLAlchemyError, SealError):  # the keys we have still open everything
                ring.refresh()
    for thread in threads:
        thread.join()
    audit.flush()
    opened.engine.dispose()


COMMANDS = (Command("exchange", exchange),)
