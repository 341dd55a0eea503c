"""What a doctor answered to an alert, sought by patient, rule and time: orders that are sent later bear numbers of
their own."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Engine

from records.journal_store import cards, requests
from records.ledger import answered_cards
from supervision.figures.collect import Row
from supervision.figures.journal_rows import Alert, Call

_NEAR: Final = timedelta(days=1)
"""An alert is about an order that was written no further from it than this."""


class Reasons:
    """Reads the journal; ``known_by`` is what its cards know a patient's number by."""

    def __init__(self, engine: Engine, known_by: Callable[[str], str]) -> None:
        self._engine, self._known_by = engine, known_by

    def __call__(self, tenant: str, patient: str, rules: Iterable[str], at: datetime) -> Row:
        """Whether a reason was given, and which; nothing where no alert was shown or nobody answered."""
        about = (cards.c.patient == self._known_by(patient), cards.c.rule.in_([*rules]))
        near = (cards.c.at >= at - _NEAR, cards.c.at <= at + _NEAR)
        with self._engine.connect() as connection:
            rows = connection.execute(answered_cards(requests.c.tenant == tenant, *about, *near)).all()
        alerts = [Alert(row, {}, Call()) for row in rows]
        nearest = min(alerts, key=lambda one: abs(one.at - at), default=None)
        return {} if nearest is None else {"reasoned": nearest.reasoned, "reason": nearest.reason}


__all__ = ["Reasons"]
