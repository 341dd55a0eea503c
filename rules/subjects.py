"""Of what there are statements, by predicate: most that a patient has (diagnoses and all they are a kind of,
results) is of no concern to most families, and a loop over all of it should not ask the release each time."""

from __future__ import annotations

from knowledge.model import Predicate, Statement
from knowledge.snapshot import Snapshot
from rules.model import Case


class Rows(dict[str, tuple[Statement, ...]]):
    """Statements of one predicate by subject, in force or not, looked up when first asked."""

    __slots__ = ("_predicate", "_snapshot")

    def __init__(self, snapshot: Snapshot, predicate: Predicate) -> None:
        self._snapshot, self._predicate = snapshot, predicate

    def __missing__(self, subject: str) -> tuple[Statement, ...]:
        rows = self[subject] = self._snapshot.statements(self._predicate, subject)
        return rows


def rows_of(case: Case, predicate: Predicate) -> Rows:
    """One table for each release; a reader that finds rows still asks the case which of them are in force."""
    return case.snapshot.remember(("rows", predicate), lambda: Rows(case.snapshot, predicate))
