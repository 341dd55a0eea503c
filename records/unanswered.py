"""Questions that nothing in the release answered, without what tells who is meant: work of curators, not of auditors.

Nothing says who asked.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

from sqlalchemy import Column, DateTime, Engine, Index, String, Table, insert

from base.db import METADATA, OWN

LONGEST: Final = 200
questions = Table(
    "unanswered_question",
    METADATA,
    Column("id", String(36), primary_key=True),
    Column("tenant", String(200), nullable=False),
    Column("question", String(LONGEST), nullable=False),
    Column("at", DateTime(timezone=True), nullable=False),
    Index("unanswered_question_at", "at"),
    info=OWN,
)


class Unanswered:
    """Keeps what was asked in vain; whoever belongs to no institution asks for the league."""

    def __init__(self, engine: Engine, league: str) -> None:
        self._engine, self._league = engine, league

    def keep(self, number: str, tenant: str, question: str, at: datetime) -> None:
        """A question by the number of its answer, shortened."""
        row = {"id": number, "tenant": tenant or self._league, "question": question[:LONGEST], "at": at}
        with self._engine.begin() as connection:
            connection.execute(insert(questions).values(row))


__all__ = ["LONGEST", "Unanswered", "questions"]
