"""What was ordered in a stay, and whether a drug that a text names is among it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, NamedTuple

from clinical.medical_record import Order, OrderKind
from nlp.facts import Fact
from supervision.record_qc.meaning import drugs_of, kinds_of
from supervision.record_qc.subject import Subject

_MASS: Final = {"g": 1e3, "mg": 1.0, "ug": 1e-3, "μg": 1e-3, "µg": 1e-3, "mcg": 1e-3, "克": 1e3, "毫克": 1.0}


class Ordered(NamedTuple):
    """All that some orders give: drugs with what they are kinds of, and orders whose drug nobody knows."""

    drugs: frozenset[str]
    unread: tuple[Order, ...]

    def has(self, subject: Subject, fact: Fact) -> bool:
        """Whether a drug that a text names was ordered, under this name or as the same substance."""
        own = {kind for kind in kinds_of(subject, fact.concept) if not kind.startswith("drug-class:")}
        named = any(fact.text in order.text for order in self.unread)
        return named or not (own | {fact.concept}).isdisjoint(self.drugs)


def ordered(subject: Subject, orders: Iterable[Order]) -> Ordered:
    """Orders put together."""
    drugs: set[str] = set()
    unread: list[Order] = []
    for order in orders:
        read = drugs_of(subject, order)
        drugs.update(kind for drug in read for kind in kinds_of(subject, drug))
        if order.kind is OrderKind.DRUG and not read:
            unread.append(order)
    return Ordered(frozenset(drugs), tuple(unread))


def milligrams(fact: Fact) -> float | None:
    """The mass of a single dose; None where none is told or it is no mass."""
    factor = _MASS.get(fact.dose_unit)
    return fact.dose * factor if fact.dose and factor else None
