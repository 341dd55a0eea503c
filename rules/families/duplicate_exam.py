"""Examinations ordered again within their repeat interval, or twice at once."""

from __future__ import annotations

from collections.abc import Iterator

from clinical.finding import Outcome
from clinical.order import OrderKind
from knowledge.model import Predicate
from rules.model import Case, Family
from rules.repeats import repeats

NAME = "duplicate-exam"


def check(case: Case) -> Iterator[Outcome]:
    """See ``rules.repeats``; what is shared with the other duplicate family lives there."""
    return repeats(case, NAME, OrderKind.EXAM, "检查")


FAMILY = Family(NAME, "重复检查", check, reads=(Predicate.REPEAT_INTERVAL,), kinds=(OrderKind.EXAM,))
