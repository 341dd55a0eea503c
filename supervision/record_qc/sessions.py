"""Operations done in one go (a session at the table): they share their papers."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from clinical.medical_record import Operation

_TOGETHER: Final = timedelta(hours=1)
"""Operations that begin so soon after each other are of one session where nobody told when the first ended."""


@dataclass(frozen=True, slots=True)
class Session:
    """Operations of one go, the first that began (or is the main one) in front."""

    operations: tuple[Operation, ...]

    @property
    def id(self) -> str:
        return self.operations[0].id

    @property
    def name(self) -> str:
        return self.operations[0].name + ("等" if len(self.operations) > 1 else "")

    @property
    def at(self) -> datetime | None:
        return self.operations[0].at

    @property
    def end(self) -> datetime | None:
        """When the last of them ended, else when it began."""
        return max((time for one in self.operations if (time := one.end or one.at)), default=None)


def sessions(operations: Iterable[Operation]) -> list[Session]:
    """Operations by session, in order of time; one without a time is a session of its own, last."""
    timed = sorted((o for o in operations if o.at or o.end), key=lambda o: (o.at or o.end, not o.main, o.id))
    found: list[list[Operation]] = []
    for one in timed:
        if found and _together(found[-1], one):
            found[-1].append(one)
        else:
            found.append([one])
    untimed = [[one] for one in operations if not (one.at or one.end)]
    return [Session(tuple(group)) for group in (*found, *untimed)]


def _together(group: list[Operation], one: Operation) -> bool:
    first = group[0]
    if first.at is None or one.at is None:
        return False
    return one.at < max(first.at + _TOGETHER, *(other.end or first.at for other in group))
