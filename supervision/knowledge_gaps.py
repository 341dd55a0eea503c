"""What knowledge could not answer, as a work list for curators: each name once, how often, where."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from supervision.figures.answers import Answers
from supervision.figures.periods import Period
from supervision.figures.sums import Asked

GAPS: Final = {"term": "terms-unmapped", "question": "questions-unanswered"}
"""Kinds of gaps, with the indicator that counts them."""
_BY: Final = ("subject", "name", "institution")


@dataclass(frozen=True, slots=True)
class Gap:
    """A name with what it was given as (a drug, a diagnosis …), how often, and in which institutions."""

    subject: str
    name: str
    times: int
    tenants: tuple[str, ...]


def gaps(answers: Answers, kind: str, period: Period, asked: Asked) -> list[Gap]:
    """The most frequent first. Raises ``AskError``."""
    one = answers.known.indicator(GAPS[kind])
    lines = answers.ask([one], period, replace(asked, by=_BY), compare=False)[one.name]
    found: dict[tuple[str, str], tuple[int, set[str]]] = {}
    for line in lines:
        subject, name, tenant = (value or "" for value in line.group)
        times, tenants = found.get((subject, name), (0, set()))
        found[subject, name] = (times + int(line.now.value or 0), tenants | {tenant})
    listed = (Gap(*key, times, tuple(sorted(tenants))) for key, (times, tenants) in found.items() if times)
    return sorted(listed, key=lambda gap: (-gap.times, gap.name))


__all__ = ["GAPS", "Gap", "gaps"]
