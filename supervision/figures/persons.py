"""Who somebody is in facts: one key for a person in all institutions, from which nobody can be told."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import Engine, select

from records.identity_tables import records


class Persons:
    """``pseudonym`` turns the number of a person into what facts know them by."""

    def __init__(self, engine: Engine, pseudonym: Callable[[str], str]) -> None:
        self._engine, self._pseudonym = engine, pseudonym

    def of(self, tenant: str, patient: str) -> str:
        """The person whom an institution knows under a number; empty when nobody knows."""
        here = (records.c.tenant == tenant, records.c.local_id == patient)
        with self._engine.connect() as connection:
            number = connection.execute(select(records.c.person).where(*here)).scalar()
        return "" if number is None else self._pseudonym(f"person {number}")


__all__ = ["Persons"]
