"""Where a test or examination is had: in the institution by its own list, else as its grade usually has it, and what
it does not have in those of the league that list it.

What is listed stands for more than its name: a panel has what is in it, a class (磁共振成像检查) all of its kind, and
who lists everything in a panel has the panel.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple, TypeAlias

from clinical.logic import Known
from inference.items import Item, Items

_MOST: Final = 3
"""So many other institutions are named."""


class Site(NamedTuple):
    """An institution and what it lists of what was asked for (concepts)."""

    name: str
    listed: frozenset[str]


@dataclass(frozen=True, slots=True)
class Lists:
    """What institutions list of what was asked for: the own one (None: it has no list), the others, the nearest
    first."""

    here: frozenset[str] | None = None
    elsewhere: tuple[Site, ...] = ()


LookUp: TypeAlias = Callable[[Collection[str]], Lists]
"""What institutions list of concepts."""


class Availability(NamedTuple):
    """Whether the institution has it (None: neither its list nor its grade is known), whether its list says so, and
    who else has it where it does not."""

    here: bool | None = None
    listed: bool = False
    elsewhere: tuple[str, ...] = ()


def availabilities(
    wanted: Sequence[Item], items: Items, level: Known[int], look_up: LookUp | None
) -> list[Availability]:
    """Of each item, by the lists that there are and the grade of the institution."""
    asked = {c for item in wanted for c in (*items.wider(item.concept), *items.members(item.concept))}
    lists = Lists() if look_up is None else look_up(asked)
    return [_availability(item, items, level, lists) for item in wanted]


def _availability(item: Item, items: Items, level: Known[int], lists: Lists) -> Availability:
    own = lists.here
    here = item.available(level) if own is None else _has(own, item.concept, items)
    others = [] if here is not False else [s.name for s in lists.elsewhere if _has(s.listed, item.concept, items)]
    return Availability(here, own is not None, tuple(others[:_MOST]))


def _has(listed: frozenset[str], concept: str, items: Items) -> bool:
    members = items.members(concept)
    return not listed.isdisjoint(items.wider(concept)) or (len(members) > 1 and listed.issuperset(members))
