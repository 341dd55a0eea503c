"""How every connected system is now: what was counted, what waits, what was given up, what is wrong with a
subscription."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection, Engine, Select, func, select

from base import clients
from exchange.ledger import DEAD, messages, work
from exchange.outbound import OFF, events, subscriptions
from records.traffic import Kind, System, of_source
from records.traffic_figures import Figures, Health, Traffic

_DAY: Final = timedelta(hours=24)
_SENDS: Final = "exchange.send"


class Observer:
    """Looks at connected systems, as far as the scope of whoever asks reaches."""

    def __init__(self, engine: Engine) -> None:
        self._engine, self._traffic = engine, Traffic(engine)

    def systems(self, now: datetime, tenant: str = "") -> list[Health]:
        """All of an institution and what is below it: those that sent, were pulled from or are told, and registered
        clients that never sent anything."""
        found: dict[System, Health] = {}
        for part in self._parts(now):
            found[part.system] = _joined(found.get(part.system), part)
        with self._engine.connect() as connection:
            registered = {c.id: c for c in clients.listed(connection) if c.usable(now) and _SENDS in c.permissions}
        heard = {system.name for system in found if system.kind is Kind.CLIENT}
        for client in registered.values():
            if client.id not in heard:
                system = System(client.tenant, Kind.CLIENT, client.id)
                found[system] = Health(system)
        known = [_introduced(health, registered) for _, health in sorted(found.items())]
        return [h for h in known if not tenant or f"{h.system.tenant}/".startswith(f"{tenant}/")]

    def _parts(self, now: datetime) -> Iterator[Health]:
        with self._engine.connect() as connection:
            yield from _waiting(connection)
            yield from _dead(connection)
            yield from _subscribed(connection, now)
        for heard in self._traffic.heard():
            yield Health(heard.system, seen=heard.seen, trouble=heard.trouble, retired=heard.retired)
        hours: dict[System, list[tuple[datetime, Figures]]] = {}
        for one in reversed(self._traffic.hours(now - _DAY, now)):
            hours.setdefault(one.system, []).append((one.hour, one.figures))
        yield from (Health(system, hours=tuple(some)) for system, some in hours.items())


def _joined(known: Health | None, more: Health) -> Health:
    """Two parts of what is known of a system."""
    if known is None:
        return more
    told = more._asdict().items()
    return known._replace(**{name: value for name, value in told if value != Health._field_defaults.get(name)})


def _introduced(health: Health, registered: dict[str, clients.Client]) -> Health:
    """With its title. A pull, a line and a registered client should be heard of all the time; somebody who sends by
    hand, and a subscriber of whom nothing is wanted, need not."""
    system, kind = health.system, health.system.kind
    client = registered.get(system.name) if kind is Kind.CLIENT else None
    expected = client is not None or kind in (Kind.LISTENER, Kind.PULL)
    return health._replace(title=health.title or (client.title if client else system.name), expected=expected)


def _waiting(connection: Connection) -> Iterable[Health]:
    counts = (func.count().label("waiting"), func.min(messages.c.received).label("oldest"))
    here = select(messages.c.tenant, messages.c.source, *counts).join(work, work.c.number == messages.c.number)
    for system, rows in _by_system(connection, here):
        yield Health(system, backlog=sum(r.waiting for r in rows), oldest=min(r.oldest for r in rows))


def _dead(connection: Connection) -> Iterable[Health]:
    here = select(messages.c.tenant, messages.c.source, func.count().label("given_up"))
    for system, rows in _by_system(connection, here.where(messages.c.state == DEAD)):
        yield Health(system, dead=sum(r.given_up for r in rows))


def _by_system(connection: Connection, query: Select[Any]) -> Iterable[tuple[System, list[Any]]]:
    """Rows of messages by tenant and source, by the systems these are."""
    by: dict[System, list[Any]] = {}
    for row in connection.execute(query.group_by(messages.c.tenant, messages.c.source)):
        by.setdefault(of_source(row.tenant, row.source), []).append(row)
    return by.items()


def _subscribed(connection: Connection, now: datetime) -> Iterable[Health]:
    counts = (func.count().label("waiting"), func.min(events.c.at).label("oldest"))
    waits = select(events.c.subscription, *counts).group_by(events.c.subscription)
    waiting = {row.subscription: row for row in connection.execute(waits)}
    for row in connection.execute(select(subscriptions)):
        over = row.status == OFF or (row.ends is not None and row.ends <= now)
        left = waiting.get(row.id)
        yield Health(
            System(row.tenant, Kind.SUBSCRIPTION, row.id),
            f"订阅 {row.kind}",
            seen=row.last,
            trouble="" if over else row.error,
            retired=over,
            backlog=left.waiting if left else 0,
            oldest=left.oldest if left else None,
        )
