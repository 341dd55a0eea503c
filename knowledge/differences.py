"""What differs between two releases: records that came, went, or say something else."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from knowledge.model import Record, same_content
from knowledge.snapshot import Snapshot
from knowledge.store import kind_of

ADDED, REMOVED, CHANGED = "added", "removed", "changed"
_READ: Final[tuple[Callable[[Snapshot], Iterator[Any]], ...]] = (
    Snapshot.concepts,
    Snapshot.all_statements,
    Snapshot.articles,
    lambda snapshot: iter(sorted(snapshot.rules, key=lambda rule: rule.id)),
    Snapshot.sources,
)


@dataclass(frozen=True, slots=True)
class Difference:
    """One record that is not as it was."""

    kind: str
    id: str
    change: str
    before: Record | None
    after: Record | None

    @property
    def record(self) -> Record:
        """What it is now, or was at last."""
        found = self.after or self.before
        assert found is not None
        return found


@dataclass(slots=True)
class Differences:
    """How many by kind and change, and the first of them."""

    counts: dict[str, dict[str, int]] = field(default_factory=dict)
    first: list[Difference] = field(default_factory=list)

    def add(self, one: Difference, most: int) -> None:
        """Count one, and keep it while there are few."""
        of_kind = self.counts.setdefault(one.kind, {})
        of_kind[one.change] = of_kind.get(one.change, 0) + 1
        if sum(of_kind.values()) <= most:
            self.first.append(one)


def differences(old: Snapshot, new: Snapshot, most: int = 500) -> Differences:
    """Compare two releases; of each kind so many are kept at most."""
    found = Differences()
    for read in _READ:
        for before, after in _paired(read(old), read(new)):
            one = _difference(before, after)
            if one is not None:
                found.add(one, most)
    return found


def _paired(old: Iterator[Record], new: Iterator[Record]) -> Iterator[tuple[Record | None, Record | None]]:
    """Records of the same id beside each other; both come in order of id."""
    before, after = next(old, None), next(new, None)
    while before is not None or after is not None:
        if after is None or (before is not None and before.id < after.id):
            yield before, None
            before = next(old, None)
        elif before is None or after.id < before.id:
            yield None, after
            after = next(new, None)
        else:
            yield before, after
            before, after = next(old, None), next(new, None)


def _difference(before: Record | None, after: Record | None) -> Difference | None:
    if before is not None and after is not None and same_content(before, after):
        return None
    change = ADDED if before is None else REMOVED if after is None else CHANGED
    kept = after or before
    assert kept is not None
    return Difference(kind_of(kept), kept.id, change, before, after)
