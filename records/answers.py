"""What was answered to a matter of a patient, so that nobody is asked twice: by the cause and the orders of the card,
or by the card where a matter keeps its card."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Engine, select

from records.journal_store import cards, feedback, requests


class Answer(NamedTuple):
    """``outcome`` is ``accepted`` or ``overridden``, ``reason`` its code, ``severity`` that of the card."""

    outcome: str
    reason: str
    severity: str = ""


def of_patient(engine: Engine, patient: str, tenant: str, since: datetime) -> dict[tuple[str, str], Answer]:
    """Answers that were given in an institution at a time or later, by cause and orders; the patient by hash."""
    if not patient:  # cards about nobody known have the same, empty hash
        return {}
    query = (
        select(cards.c.cause, cards.c.orders, cards.c.severity, feedback.c.outcome, feedback.c.reason)
        .join(requests, requests.c.id == cards.c.request)
        .join(feedback, feedback.c.card == cards.c.card)
        .where(cards.c.patient == patient, requests.c.tenant == tenant, feedback.c.at >= since)
        .order_by(feedback.c.number)
    )
    with engine.connect() as connection:
        return {
            (row.cause, row.orders): Answer(row.outcome, row.reason, row.severity)
            for row in connection.execute(query)
        }


def of_cards(engine: Engine, known: Collection[str], since: datetime) -> dict[str, Answer]:
    """Answers that were given to cards at a time or later, by card."""
    query = select(feedback).where(feedback.c.card.in_(known), feedback.c.at >= since).order_by(feedback.c.number)
    with engine.connect() as connection:
        return {row.card: Answer(row.outcome, row.reason) for row in connection.execute(query)}


__all__ = ["Answer", "of_cards", "of_patient"]
