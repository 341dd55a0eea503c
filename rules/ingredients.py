"""When the same ingredient given twice is a repeat: wherever that is asked, of orders or of a history."""

from __future__ import annotations

from clinical.administration import SYSTEMIC
from clinical.logic import Unknown
from clinical.order import Order
from rules.herbs import is_harmless
from rules.infusion import FLUID


def may_be_twice(lineage: frozenset[str]) -> bool:
    """Whether an ingredient may well be in two orders at once: what other drugs are dissolved in (the same saline
    under two infusions), herbs that are in half of all prescriptions."""
    return FLUID in lineage or is_harmless(lineage)


def reaches(order: Order) -> str:
    """The place that a drug given locally reaches, by its route; empty for the whole body and an unknown route: eye
    drops beside tablets are no repeat, eye drops beside eye drops are."""
    route = order.dosage.route
    return "" if isinstance(route, Unknown) or route in SYSTEMIC else route
