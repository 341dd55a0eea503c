"""Indicators answered: values with what they are compared with, ranks, the rows behind, where these came from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, Final, NamedTuple

from supervision.figures.catalogue import Catalogue
from supervision.figures.dimension import dimensions
from supervision.figures.duck import fetched, quoted
from supervision.figures.fact import PERSON, Fact, Kind
from supervision.figures.fragments import names as columns_in
from supervision.figures.indicator import NO_LIMITS, Direction, Indicator, Limits, Measure
from supervision.figures.lake import Lake
from supervision.figures.lines import Lines
from supervision.figures.manifest import Loaded, Part
from supervision.figures.periods import Period
from supervision.figures.sums import Added, Asked, AskError, Group, Sums, counting, within

MOST_ROWS: Final = 1_000
"""Rows of one page at most."""
_MOST_PERIODS: Final = 60
_NOTHING: Final = Added(None, 0)


class Each(StrEnum):
    """Into what a period is cut up: every part has figures of its own."""

    WHOLE = ""
    MONTH = "month"
    QUARTER = "quarter"
    YEAR = "year"


_MONTHS: Final = {Each.MONTH: 1, Each.QUARTER: 3, Each.YEAR: 12}


@dataclass(frozen=True, slots=True)
class Figure:
    """A value with what it was reckoned from, and how many rows could not be judged."""

    value: float | None
    numerator: float | None
    denominator: float | None
    unknown: int


class Compared(NamedTuple):
    """What a value was then, and by how many per cent it is more now; None when there is nothing to compare."""

    value: float | None
    change: float | None


@dataclass(frozen=True, slots=True)
class Line:
    """A figure of a group in a period: beside it the same period of the year before (同比) and the period before
    (环比), its rank among the groups, and the warning lines that hold for it."""

    group: Group
    period: Period
    now: Figure
    same: Compared | None
    previous: Compared | None
    rank: int | None
    limits: Limits

    @property
    def warns(self) -> bool:
        """Whether it lies beyond a line."""
        return self.limits.warns(self.now.value)


class Behind(NamedTuple):
    """A row behind a figure: its columns that are shown, and whom it is about, by the number that the row has of
    them, which is not."""

    shown: dict[str, Any]
    person: str


@dataclass(frozen=True, slots=True)
class Lineage:
    """Where figures came from: the files that were read, and the loads that wrote them."""

    parts: tuple[Part, ...]
    loads: tuple[Loaded, ...]


class Answers:
    """Answers for an installation, each in the scope of whoever asks."""

    def __init__(self, lake: Lake, known: Catalogue) -> None:
        self.lake, self.known = lake, known
        self._sums = Sums(lake)

    # -- figures -----------------------------------------------------------------------------

    def ask(
        self,
        indicators: Iterable[Indicator],
        period: Period,
        asked: Asked,
        *,
        each: Each = Each.WHOLE,
        compare: bool = True,
        drawn: Lines | None = None,
    ) -> dict[str, list[Line]]:
        """Lines of indicators by name, sums of one fact in one go; ``drawn`` are warning lines in place of the
        declared ones. Raises ``AskError``."""
        chosen, periods = list(indicators), cut(period, each)
        for one in chosen:
            self._fits(one, asked)
        found = self._found(chosen, periods, asked, compare)
        warning = drawn or Lines({}, "")
        told = {}
        for one in chosen:
            lines = [
                replace(line, limits=warning.of(one, asked.by, line.group))
                for line in _lines(one, found, periods, compare)
            ]
            told[one.name] = _ranked(one, lines, bool(asked.by))
        return told

    def fits(self, one: Indicator, asked: Asked) -> bool:
        """Whether all that an indicator is made of can be broken down and filtered so."""
        return set(self.shared(one)).issuperset((*asked.by, *asked.only))

    def shared(self, one: Indicator) -> list[str]:
        """Dimensions that all facts of an indicator have."""
        first, *others = (dimensions(self.known.facts[measure.fact]) for measure in one.measures)
        return [name for name in first if all(name in other for other in others)]

    def _fits(self, one: Indicator, asked: Asked) -> None:
        """Raises ``AskError`` when not all that it is made of can be broken down so."""
        known = self.shared(one)
        for place, wanted in (("by", asked.by), ("only", asked.only)):
            for name in wanted:
                if name not in known:
                    raise AskError(place, f"指标“{one.title}”没有维度 {name[:40]}，可用: {', '.join(known)}")

    def _found(
        self, chosen: Sequence[Indicator], periods: Sequence[Period], asked: Asked, compare: bool
    ) -> Mapping[tuple[str, Group], Mapping[Measure, Added]]:
        """Sums of all that the indicators are made of, by period and group."""
        wanted: dict[str, tuple[dict[Measure, None], dict[str, Period]]] = {}
        for one in chosen:
            for measure in one.measures:
                measures, spans = wanted.setdefault(measure.fact, ({}, {}))
                measures[measure] = None
                spans |= {str(p): p for p in _needed(one, periods, compare)}
        found: dict[tuple[str, Group], dict[Measure, Added]] = {}
        for name, (measures, spans) in wanted.items():
            kept = self.known.sums(name)
            for place, sums in self._sums.added(self.known.facts[name], kept, measures, spans, asked).items():
                found.setdefault(place, {}).update(sums)
        return found

    # -- what is behind them -----------------------------------------------------------------

    def rows(
        self, one: Indicator, period: Period, asked: Asked, *, below: bool = False, offset: int = 0, limit: int = 100
    ) -> list[Behind]:
        """A page of the rows that count in the numerator, or in the denominator (``below``). Raises ``AskError``."""
        measure = one.denominator if below else one.numerator
        if measure is None:
            raise AskError("part", f"指标“{one.title}”没有分母")
        self._fits(one, asked)
        fact = self.known.facts[measure.fact]
        parts = counting(fact, measure, period, self._parts([fact.name], [period], asked))
        if not parts:
            return []
        shown, person = _shown(one, measure, fact, asked), PERSON.name if PERSON.name in fact.columns else "NULL"
        where = " AND ".join(_conditions(measure, fact, period, asked))
        found = fetched(
            f"SELECT {', '.join(shown)}, {person} AS about FROM ({self.lake.rows(fact, parts)}) WHERE {where} "
            f"ORDER BY date, id LIMIT {min(limit, MOST_ROWS):d} OFFSET {offset:d}"
        )
        return [Behind(dict(zip(shown, row[:-1], strict=True)), row[-1] or "") for row in found]

    def lineage(self, one: Indicator, period: Period, asked: Asked) -> Lineage:
        """Where a figure came from."""
        periods = _needed(one, [period], False)
        parts = self._parts(sorted({measure.fact for measure in one.measures}), periods, asked)
        return Lineage(tuple(parts), tuple(self.lake.manifest.loads(part.load for part in parts)))

    def _parts(self, facts: Sequence[str], periods: Iterable[Period], asked: Asked) -> list[Part]:
        months = {month.since for period in periods for month in period.months()}
        return self.lake.manifest.parts(facts, months, tenants=asked.tenants, as_of=asked.as_of)


def cut(period: Period, each: Each) -> list[Period]:
    """A period cut up. Raises ``AskError`` when that makes too many parts."""
    if each is Each.WHOLE:
        return [period]
    found: list[Period] = []
    for piece in period.pieces():
        place = (piece.since.year * 12 + piece.since.month - 1) // _MONTHS[each]
        if found and (found[-1].since.year * 12 + found[-1].since.month - 1) // _MONTHS[each] == place:
            found[-1] = Period(found[-1].since, piece.until)
        else:
            found.append(piece)
    if len(found) > _MOST_PERIODS:
        raise AskError("each", f"最多 {_MOST_PERIODS} 段，请缩短期间或改用更长的分段")
    return found


def _needed(one: Indicator, periods: Sequence[Period], compare: bool) -> list[Period]:
    """Periods whose sums an indicator is reckoned from."""
    found = list(periods)
    if compare:
        found += [other for period in periods for other in (period.same(), period.previous())]
    return [*found, *(period.same() for period in found)] if one.growth else found


def _lines(
    one: Indicator,
    found: Mapping[tuple[str, Group], Mapping[Measure, Added]],
    periods: Sequence[Period],
    compare: bool,
) -> list[Line]:
    shown = {str(period) for period in periods}
    groups = {group: None for (span, group), sums in found.items() if span in shown and one.numerator in sums}
    lines = []
    for period in periods:
        for group in groups:
            now = _figure(one, found, period, group)
            same = _figure(one, found, period.same(), group).value if compare else None
            previous = _figure(one, found, period.previous(), group).value if compare else None
            beside = [Compared(v, _change(now.value, v)) if compare else None for v in (same, previous)]
            lines.append(Line(group, period, now, beside[0], beside[1], None, NO_LIMITS))
    return lines


def _figure(
    one: Indicator, found: Mapping[tuple[str, Group], Mapping[Measure, Added]], period: Period, group: Group
) -> Figure:
    sums = found.get((str(period), group), {})
    above = sums.get(one.numerator, _NOTHING)
    below = sums.get(one.denominator, _NOTHING) if one.denominator else _NOTHING
    value = one.exact(above.value, below.value)
    if one.growth:
        before = found.get((str(period.same()), group), {})
        was = one.exact(*(before.get(m, _NOTHING).value for m in (one.numerator, one.denominator or one.numerator)))
        value = _change(value, was)
    return Figure(one.rounded(value), above.value, below.value, above.unknown)


def _change(now: float | None, before: float | None) -> float | None:
    """By how many per cent something is more."""
    return None if now is None or not before else round((now - before) / abs(before) * 100, 2)


def _ranked(one: Indicator, lines: list[Line], several: bool) -> list[Line]:
    """The best first in each period, with ranks; what has no value comes last and has none."""
    sign = 1 if one.direction is Direction.LOWER else -1
    ordered = sorted(lines, key=lambda line: (line.period, _key(line, sign)))
    if not several:
        return ordered
    ranked: list[Line] = []
    place = 0
    for line in ordered:
        before = ranked[-1] if ranked and ranked[-1].period == line.period else None
        place = 1 if before is None else place + 1
        tied = before is not None and before.now.value == line.now.value
        rank = None if line.now.value is None else before.rank if tied and before else place
        ranked.append(replace(line, rank=rank))
    return ranked


def _key(line: Line, sign: int) -> tuple[bool, float, tuple[str, ...]]:
    value = line.now.value
    return value is None, 0 if value is None else sign * value, tuple(part or "" for part in line.group)


def _shown(one: Indicator, measure: Measure, fact: Fact, asked: Asked) -> list[str]:
    """Columns of the rows behind a figure: those declared, else those that decide."""
    known = dimensions(fact)
    deciding = [known[name].needs for name in (*asked.by, *asked.only)]
    decided = one.rows or sorted(columns_in(measure.where) | columns_in(measure.value))
    return list(dict.fromkeys(("id", "date", "tenant", *deciding, *(c for c in decided if c in fact.columns))))


def _conditions(measure: Measure, fact: Fact, period: Period, asked: Asked) -> list[str]:
    known = dimensions(fact)
    said = [within(period)] if fact.kind is Kind.EVENT else ["true"]
    if measure.where:
        said.append(f"({measure.where})")
    return said + [f"({known[n].sql}) IN ({', '.join(map(quoted, values))})" for n, values in asked.only.items()]


__all__ = ["MOST_ROWS", "Answers", "Behind", "Compared", "Each", "Figure", "Line", "Lineage", "cut"]
