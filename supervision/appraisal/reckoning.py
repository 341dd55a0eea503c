"""From inputs to results: a pure function, so that the same inputs give the same results whenever somebody asks, to
the last digit. What a run was reckoned from is kept whole beside its results."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import ROUND_HALF_UP, Decimal
from typing import Final, NamedTuple

import msgspec

from base.security import sm3
from clinical.value import Value, replace
from supervision.appraisal.library import Item
from supervision.appraisal.methods import TITLES, Case, Ranked, Scored, judge
from supervision.appraisal.scheme import FULL, Missing, Placed, Scheme, lines
from supervision.figures.indicator import Direction

_CENT: Final = Decimal("0.01")


class _Part(Value, frozen=True, rename="camel"):
    pass


class Subject(_Part, frozen=True):
    """Who is appraised: an institution, a department of it, or a person in it (key in the registry)."""

    tenant: str
    department: str = ""
    person: str = ""

    @property
    def key(self) -> str:
        return "|".join((self.tenant, self.department, self.person)).rstrip("|")


class Member(_Part, frozen=True):
    """A subject of a run, with the group that it is ranked in (机构分类)."""

    subject: Subject
    group: str = ""


class Known(_Part, frozen=True):
    """The value of an item, with what it was in the period before and in the same of the year before."""

    value: float | None = None
    previous: float | None = None
    same: float | None = None
    evidence: str = ""


class Given(_Part, frozen=True):
    """A share that somebody gave, with evidence."""

    share: float
    evidence: str
    by: str


class Adjustment(_Part, frozen=True):
    """A value corrected by an appeal that was upheld."""

    value: float
    appeal: str


class Inputs(_Part, frozen=True):
    """Everything that results depend on. Values, targets, shares and adjustments are by subject and item."""

    scheme: Scheme
    items: dict[str, Item]
    period: str
    members: tuple[Member, ...]
    values: dict[str, dict[str, Known]]
    targets: dict[str, dict[str, float]] = {}
    shares: dict[str, dict[str, Given]] = {}
    adjustments: dict[str, dict[str, Adjustment]] = {}

    @property
    def digest(self) -> str:
        """Names these inputs: the same for the same, whatever the order they came in."""
        return sm3(msgspec.json.encode(self, order="deterministic"))


class LineResult(_Part, frozen=True):
    """One line of a subject's result: points that could be had, what was earned (None: not known), and how."""

    item: str
    title: str
    path: tuple[str, ...]
    points: float
    method: str
    how: str
    value: float | None = None
    unit: str = ""
    score: float | None = None
    left_out: bool = False
    evidence: str = ""


class Outcome(_Part, frozen=True):
    """A subject's result. ``score`` is None while something that must be known is not; ``earned`` is what is certain,
    of ``possible`` points; ranks are among all and within the group, equal scores share one."""

    subject: Subject
    group: str
    score: float | None
    earned: float
    possible: float
    lines: tuple[LineResult, ...]
    rank: int | None = None
    group_rank: int | None = None


class Place(NamedTuple):
    """A place among how many."""

    place: int
    peers: int


def reckon(inputs: Inputs) -> tuple[Outcome, ...]:
    """The results of all subjects, in the order of their keys."""
    placed = lines(inputs.scheme)
    places = {p.line.item: _places(inputs, p) for p in placed if isinstance(p.line.method, Ranked)}
    members = sorted(inputs.members, key=lambda member: member.subject.key)
    found = [_outcome(inputs, member, placed, places) for member in members]
    overall = ranked([(o.subject.key, o.score) for o in found])
    within = {
        group: ranked([(o.subject.key, o.score) for o in found if o.group == group])
        for group in {o.group for o in found}
    }
    return tuple(
        replace(o, rank=overall.get(o.subject.key), group_rank=within[o.group].get(o.subject.key)) for o in found
    )


def ranked(scores: Iterable[tuple[str, float | None]], *, lower: bool = False) -> dict[str, int]:
    """Places by key, the best first; equal ones share a place, what is not known has none."""
    known = [(key, score) for key, score in scores if score is not None]
    values = [score for _, score in known]
    return {key: 1 + sum((v < score) if lower else (v > score) for v in values) for key, score in known}


def _places(inputs: Inputs, placed: Placed) -> dict[str, Place]:
    """The place of each subject by the value of an item, within its group."""
    code = placed.line.item
    lower = inputs.items[code].direction is Direction.LOWER
    found: dict[str, Place] = {}
    for group in {member.group for member in inputs.members}:
        keys = [member.subject.key for member in inputs.members if member.group == group]
        of_group = ranked([(key, _known(inputs, key, code).value) for key in keys], lower=lower)
        found |= {key: Place(place, len(of_group)) for key, place in of_group.items()}
    return found


def _known(inputs: Inputs, key: str, code: str) -> Known:
    known = inputs.values.get(key, {}).get(code, Known())
    adjusted = inputs.adjustments.get(key, {}).get(code)
    return known if adjusted is None else replace(known, value=adjusted.value)


def _outcome(
    inputs: Inputs, member: Member, placed: Sequence[Placed], places: Mapping[str, Mapping[str, Place]]
) -> Outcome:
    results = tuple(_line(inputs, member.subject.key, one, places.get(one.line.item, {})) for one in placed)
    counting = [line for line in results if not line.left_out]
    possible = sum(Decimal(str(line.points)) for line in counting)
    earned = sum(Decimal(str(line.score)) for line in counting if line.score is not None)
    whole = bool(possible) and all(line.score is not None for line in counting)
    score = float(_rounded(earned * Decimal(FULL) / possible)) if whole else None
    return Outcome(member.subject, member.group, score, float(earned), float(possible), results)


def _line(inputs: Inputs, key: str, placed: Placed, places: Mapping[str, Place]) -> LineResult:
    line, item = placed.line, inputs.items[placed.line.item]
    known, given = _known(inputs, key, line.item), inputs.shares.get(key, {}).get(line.item)
    place = places.get(key)
    case = Case(
        points=placed.points,
        direction=item.direction,
        value=known.value,
        target=inputs.targets.get(key, {}).get(line.item),
        previous=known.previous,
        same=known.same,
        place=place.place if place else None,
        peers=place.peers if place else 0,
        given=given.share if given else None,
    )
    scored = _unknown(judge(line.method, case), line.missing)
    adjusted = inputs.adjustments.get(key, {}).get(line.item)
    return LineResult(
        item=line.item,
        title=item.title,
        path=placed.path,
        points=placed.points,
        method=TITLES[type(line.method)],
        how=scored.how + (f"（申诉 {adjusted.appeal} 更正后的数值）" if adjusted else ""),
        value=known.value,
        unit=item.unit,
        score=_score(placed.points, scored.share),
        left_out=scored.share is None and line.missing is Missing.LEFT_OUT,
        evidence=given.evidence if given else known.evidence,
    )


def _unknown(scored: Scored, missing: Missing) -> Scored:
    if scored.share is not None or missing is Missing.OPEN:
        return scored
    if missing is Missing.NOTHING:
        return Scored(0.0, f"{scored.how}，按方案不得分")
    return Scored(None, f"{scored.how}，按方案不计入总分")


def _score(points: float, share: float | None) -> float | None:
    """Rounded half up to a hundredth, so that lines add up to what stands below them."""
    return None if share is None else float(_rounded(Decimal(str(points)) * Decimal(repr(share))))


def _rounded(exact: Decimal) -> Decimal:
    return exact.quantize(_CENT, ROUND_HALF_UP)
