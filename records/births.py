"""Dates of birth as they are written down: partly known, mistyped, of the Chinese calendar, or made up."""

from __future__ import annotations

from datetime import date
from typing import Final

from rapidfuzz.distance import OSA

Birth = tuple[int, int, int]
"""Year, month and day; 0 where unknown."""
UNSAID: Final[Birth] = (0, 0, 0)
_CHOSEN_DAYS: Final = frozenset(((1, 1), (7, 1), (10, 1)))
"""Days that stand for an unknown one."""
_LUNAR: Final = range(17, 56)
"""By how many days a birthday of the Chinese calendar lies from the same day and month of ours."""


def birth_of(text: str) -> Birth:
    """A partial date (``1980``, ``1980-05-12``) in its parts; what systems write for none is none."""
    if not text or text == "1900-01-01" or text < "1850":
        return UNSAID
    year, month, day = (*text.split("-"), "0", "0")[:3]
    return int(year), int(month), int(day)


def part_of(said: Birth, whole: Birth) -> bool:
    """Whether one says nothing but what the other does."""
    return all(a in (0, b) for a, b in zip(said, whole, strict=True))


def allows(said: Birth, of_card: Birth) -> bool:
    """Whether a date that was written down can be meant for the one on the card: a part of it, a slip, or the day
    of the Chinese calendar."""
    return not said[0] or part_of(said, of_card) or births(said, of_card) != "different"


def births(a: Birth, b: Birth) -> str:
    """How two dates compare: ``exact``, ``chosen-day`` (the same, but one that stands for an unknown one), ``month``,
    ``year`` (as far as known), ``typo``, ``near``, ``other-day`` (of the same year), ``different``; empty when one is
    unknown."""
    if not a[0] or not b[0]:
        return ""
    if a == b and a[2]:
        return "chosen-day" if a[1:] in _CHOSEN_DAYS else "exact"
    if not a[2] or not b[2]:
        return _partly(a, b)
    if _is_slip(a, b):
        return "typo"
    if abs((date(*a) - date(*b)).days) in _LUNAR:
        return "near"
    return "other-day" if a[0] == b[0] else "different"


def _partly(a: Birth, b: Birth) -> str:
    if a[0] != b[0]:
        return "near" if abs(a[0] - b[0]) == 1 else "different"  # a year reckoned from an age
    if not a[1] or not b[1]:
        return "year"
    return "month" if a[1] == b[1] else "other-day"


def _is_slip(a: Birth, b: Birth) -> bool:
    """One digit mistyped, two neighbours exchanged, or day and month exchanged."""
    if a[0] == b[0] and a[1:] == (b[2], b[1]):
        return True
    x, y = f"{a[0]:04}{a[1]:02}{a[2]:02}", f"{b[0]:04}{b[1]:02}{b[2]:02}"
    return OSA.distance(x, y, score_cutoff=1) <= 1
