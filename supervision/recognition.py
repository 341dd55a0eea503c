"""The list of mutual recognition as it holds in an institution: how long a result stands, and whose count."""

from __future__ import annotations

from dataclasses import dataclass

from knowledge.model import Predicate, Statement
from knowledge.snapshot import Snapshot
from rules.repeats import chosen


@dataclass(frozen=True, slots=True)
class Window:
    """An item with the hours within which a new order repeats it. ``own``: the institution drew it for itself;
    ``recognised``: results of other institutions count."""

    concept: str
    item: str
    hours: float
    recognised: bool
    own: bool
    statement: str
    source: str
    section: str


def windows(snapshot: Snapshot, institution: str, day: str) -> list[Window]:
    """All items with a window in an institution on an ISO date, by name."""
    subjects = {s.subject for s in snapshot.saying(Predicate.REPEAT_INTERVAL, Statement)}
    held = ((one, chosen(snapshot.in_force(Predicate.REPEAT_INTERVAL, one, day), institution)) for one in subjects)
    found = [_window(snapshot, subject, s) for subject, s in held if s is not None]
    return sorted(found, key=lambda one: (one.item, one.concept))


def _window(snapshot: Snapshot, subject: str, s: Statement) -> Window:
    cited = s.citations[0] if s.citations else None
    source = snapshot.source(cited.source) if cited else None
    return Window(
        subject,
        snapshot.name(subject),
        s.qualifiers["hours"],
        bool(s.qualifiers.get("recognised")),
        bool(s.qualifiers.get("institutions")),
        s.id,
        source.title if source else "",
        cited.section if cited else "",
    )


__all__ = ["Window", "windows"]
