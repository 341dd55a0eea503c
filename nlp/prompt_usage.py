"""How prompts do: how often each version is used, how often the model fails, what people think of it."""

from __future__ import annotations

from typing import Any, NamedTuple

from sqlalchemy import Connection, Engine, func, select

from base.db import inserting
from base.tenancy import system, tenant_path
from nlp.prompt_store import Act, upsert, version_of, within_reach, writing
from nlp.prompt_tables import ratings, uses
from nlp.prompts import PromptError

_COUNTS = ("uses", "failures", "dropped")
_LONGEST_NOTE = 400


class Figures(NamedTuple):
    """How a version does: uses, failures of the model, sentences dropped, ratings and their mean (None without)."""

    version: int
    uses: int
    failures: int
    dropped: int
    ratings: int
    score: float | None


class Usage:
    """Counts and ratings, each of the tenant that used or rated."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def used(
        self, tenant: str, prompt: str, number: int, day: str, *, failed: bool = False, dropped: int = 0
    ) -> None:
        """Count one use of a version on a day (ISO, Chinese time)."""
        row: dict[str, Any] = {"tenant": tenant_path(tenant), "prompt": prompt, "version": number, "day": day}
        counts = {"uses": 1, "failures": int(failed), "dropped": dropped}
        with system("usage of prompts"), writing(self._engine) as connection:
            made = inserting(connection, uses).values(row | counts)
            change = {name: uses.c[name] + made.excluded[name] for name in counts}
            connection.execute(made.on_conflict_do_update(index_elements=list(uses.primary_key), set_=change))

    def rate(self, tenant: str, prompt: str, number: int, score: int, act: Act) -> None:
        """What somebody thinks of a version, from 1 to 5; again replaces it. Raises ``PromptError``,
        ``MissingPromptError``."""
        if not 1 <= score <= 5:
            raise PromptError("score", "须为 1 至 5 的整数")
        with writing(self._engine) as connection:
            found = version_of(connection, tenant, prompt, number)
            row = {"prompt": prompt, "version": found.number, "tenant": tenant_path(tenant), "actor": act.actor[:80]}
            said = {"at": act.at, "score": score, "note": act.note[:_LONGEST_NOTE]}
            with system("a rating"):  # whoever reads may rate, and readers write nothing else
                upsert(connection, ratings, row | said, ("prompt", "version", "tenant", "actor"))

    def figures(self, tenant: str, prompt: str) -> list[Figures]:
        """How each version does, as far as the scope reaches. Raises ``MissingPromptError``."""
        with self._engine.connect() as connection:
            within_reach(connection, tenant, prompt)
            used, rated = _used(connection, prompt), _rated(connection, prompt)
        return [
            Figures(number, *used.get(number, (0, 0, 0)), *rated.get(number, (0, None)))
            for number in sorted(used.keys() | rated.keys())
        ]


def _used(connection: Connection, prompt: str) -> dict[int, tuple[int, int, int]]:
    query = select(uses.c.version, *(func.sum(uses.c[name]) for name in _COUNTS)).where(uses.c.prompt == prompt)
    rows = connection.execute(query.group_by(uses.c.version))
    return {number: (int(times), int(failures), int(dropped)) for number, times, failures, dropped in rows}


def _rated(connection: Connection, prompt: str) -> dict[int, tuple[int, float]]:
    query = select(ratings.c.version, func.count(), func.avg(ratings.c.score)).where(ratings.c.prompt == prompt)
    rows = connection.execute(query.group_by(ratings.c.version))
    return {number: (int(times), round(float(mean), 2)) for number, times, mean in rows}
