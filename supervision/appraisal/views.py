"""Results as managers look at them: by level for a radar, over periods, against the period before and the same of the
year before."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from supervision.appraisal.reckoning import LineResult, Outcome
from supervision.figures.periods import Period


class Level(NamedTuple):
    """A level of the scheme (一级指标): its points, what a subject earned of them, and what its group did on average
    (as shares; None where something is not known)."""

    title: str
    points: float
    earned: float | None
    share: float | None
    group_share: float | None


class Point(NamedTuple):
    """A subject's result in one period."""

    run: str
    period: str
    score: float | None
    rank: int | None
    group_rank: int | None


class Change(NamedTuple):
    """How a score stands against another period's; None where there is none."""

    period: str
    score: float | None
    difference: float | None


def radar(subject: Outcome, group: Iterable[Outcome]) -> list[Level]:
    """The first level of a result, against the mean of the group."""
    peers = [_shares(outcome) for outcome in group]
    found = []
    for title, (points, earned) in _levels(subject.lines).items():
        known = [share for shares in peers if (share := shares.get(title)) is not None]
        mean = sum(known) / len(known) if known else None
        found.append(Level(title, points, earned, _share(points, earned), mean))
    return found


def _levels(lines: Sequence[LineResult]) -> dict[str, tuple[float, float | None]]:
    """Points and earned by the first level; what is left out counts in neither."""
    found: dict[str, tuple[float, float | None]] = {}
    for line in lines:
        if line.left_out:
            continue
        points, earned = found.get(line.path[0], (0.0, 0.0))
        together = None if earned is None or line.score is None else round(earned + line.score, 2)
        found[line.path[0]] = (round(points + line.points, 2), together)
    return found


def _shares(outcome: Outcome) -> dict[str, float | None]:
    return {title: _share(points, earned) for title, (points, earned) in _levels(outcome.lines).items()}


def _share(points: float, earned: float | None) -> float | None:
    return None if earned is None or not points else earned / points


def compared(period: Period, points: Mapping[str, Point]) -> dict[str, Change]:
    """A score against the period before (环比) and the same of the year before (同比)."""
    now = points.get(str(period))
    against = {"previous": period.previous(), "same": period.same()}
    return {name: _change(now, points.get(str(other)), str(other)) for name, other in against.items()}


def _change(now: Point | None, then: Point | None, period: str) -> Change:
    score = then.score if then else None
    if now is None or now.score is None or score is None:
        return Change(period, score, None)
    return Change(period, score, round(now.score - score, 2))
