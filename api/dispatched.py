"""Orders that are sent to a performer (order-dispatch): read from the prefetch of every kind, and which of them could
not be had."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from api.prefetch import parsed
from clinical.finding import Gap
from clinical.order import Order
from exchange.fhir.context import Parts, read_orders

KEYS: Final = ("orders", "medicationOrders")
"""Prefetch keys of what is dispatched: one a kind of request, because a FHIR search asks for one kind."""
_NOT_HAD: Final = "派发的医嘱未能取得，未能检查：{}"


def dispatched(prefetch: Parts) -> tuple[Order, ...]:
    """What is dispatched. A client may send all kinds under one key, so the same order may come twice."""
    found: dict[str, Order] = {}
    for key in KEYS:
        if prefetch.get(key) is not None:
            for order in read_orders(prefetch[key], f"prefetch.{key}"):
                found.setdefault(order.id, order)
    return tuple(found.values())


def not_had(context: Parts, orders: tuple[Order, ...]) -> Gap | None:
    """Orders that the context names and nobody sent: nothing can be said of them, and that is said."""
    known = {name for order in orders for name in (order.id, order.id.rpartition("/")[2])}
    missing = tuple(name for name in _named(context) if name not in known)
    return Gap("order-dispatch", "orders", _NOT_HAD.format("、".join(missing)), missing) if missing else None


def _named(context: Parts) -> Iterator[str]:
    """References as orders are called by: kind and id, whatever server stands before them."""
    for reference in dict.fromkeys(map(str, parsed(context.get("dispatchedOrders")) or ())):
        yield "/".join(reference.split("/")[-2:])
