"""Sums of measures over spans of time, broken down and filtered: what every figure is made of.

Whole months come from the monthly sums where these are fresh and keep apart what is asked for; all else is read from
the rows. Both give the same numbers.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Final, NamedTuple

from base.refusal import RefusedError
from supervision.figures.cubes import summing, unknown, usable
from supervision.figures.dimension import Dimension, dimensions
from supervision.figures.duck import fetched, files, quoted
from supervision.figures.fact import Fact, Kind
from supervision.figures.indicator import Measure, Sum
from supervision.figures.lake import Lake
from supervision.figures.manifest import Part
from supervision.figures.periods import Period

Group = tuple[str | None, ...]
"""Values of the dimensions that figures are broken down by, in their order."""


class AskError(RefusedError):
    """Something asked for that cannot be given."""


@dataclass(frozen=True, slots=True)
class Asked:
    """How sums are broken down, which rows count (values of a dimension, any of them), of which institutions, as the
    rows stood at a time."""

    by: tuple[str, ...] = ()
    only: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    tenants: tuple[str, ...] = ()
    as_of: datetime | None = None


@dataclass(frozen=True, slots=True)
class Added:
    """A sum and how many rows could not be judged; ``value`` is None when none could."""

    value: float | None
    unknown: int


@dataclass(frozen=True, slots=True)
class _Query:
    """What is asked of one fact."""

    fact: Fact
    by: tuple[Dimension, ...]
    only: tuple[tuple[Dimension, tuple[str, ...]], ...]

    def needed(self) -> Iterable[Dimension]:
        return (*self.by, *(dimension for dimension, _ in self.only))

    def keys(self) -> list[str]:
        return [f"{one.sql} AS k{place}" for place, one in enumerate(self.by)]

    def names(self) -> list[str]:
        return [f"k{place}" for place in range(len(self.by))]

    def where(self, *more: str) -> str:
        said = [f"({d.sql}) IN ({', '.join(map(quoted, values))})" for d, values in self.only]
        return " AND ".join((*said, *more)) or "true"


Found = dict[tuple[str, Group], dict[Measure, Added]]
"""Sums by span and group."""
_MOST_DIMENSIONS: Final = 4


class _Piece(NamedTuple):
    """A month or some days of it: of all institutions or, of a stock, of those that told nothing later."""

    period: Period
    tenants: frozenset[str] | None = None

    @property
    def month(self) -> date:
        return self.period.since.replace(day=1)


_Pieces = Mapping[str, Sequence[_Piece]]
"""What of each span is added up."""


class Sums:
    """Adds up over the files of an installation."""

    def __init__(self, lake: Lake) -> None:
        self.lake = lake

    def added(
        self,
        fact: Fact,
        kept: Mapping[str, Measure],
        measures: Iterable[Measure],
        spans: Mapping[str, Period],
        asked: Asked,
    ) -> Found:
        """Sums of a fact by span and group; ``kept`` are the measures of which there are monthly sums. Raises
        ``AskError``."""
        query, chosen = _query(fact, asked), list(measures)
        try:
            return self._added(query, kept, chosen, spans, asked)
        except OSError:  # a file was replaced between finding and reading it
            return self._added(query, kept, chosen, spans, asked)

    def _added(
        self,
        query: _Query,
        kept: Mapping[str, Measure],
        measures: Iterable[Measure],
        spans: Mapping[str, Period],
        asked: Asked,
    ) -> Found:
        fact = query.fact
        months = {month.since for span in spans.values() for month in span.months()}
        parts = self.lake.manifest.parts([fact.name], months, tenants=asked.tenants, as_of=asked.as_of)
        found: Found = {}
        for chosen, pieces in _turns(fact, measures, spans, [part for part in parts if part.rows]):
            if not any(pieces.values()):
                continue
            if chosen[0].adds_up:
                summed = self._summed(query, kept, chosen, asked)
                self._run(found, self._adding(query, chosen, pieces, parts, summed), query, chosen)
            else:
                self._run(found, self._distinct(query, chosen[0], pieces, parts), query, chosen)
            if chosen[0].sum is Sum.MEAN:
                _average(found, chosen, pieces)
        return found

    def _summed(
        self, query: _Query, kept: Mapping[str, Measure], measures: Sequence[Measure], asked: Asked
    ) -> dict[date, str]:
        """Files of monthly sums by month, where they can answer."""
        known = {one.key for one in measures} <= kept.keys()
        apart = all(one.is_summed(query.fact) for one in query.needed())
        if asked.as_of is not None or not known or not apart:
            return {}
        return {month: cube.file for month, cube in usable(self.lake, query.fact, kept).items()}

    def _adding(
        self,
        query: _Query,
        measures: Sequence[Measure],
        pieces: _Pieces,
        parts: Sequence[Part],
        summed: Mapping[date, str],
    ) -> str:
        """SQL: a row for each span and group with all sums."""
        sums = summing({one.key: one for one in measures})
        whole: dict[frozenset[str], list[tuple[str, date]]] = {}
        visible, selects = frozenset(part.tenant for part in parts), []
        for span, some in pieces.items():
            rest = [piece for piece in some if not (piece.period.is_whole and piece.month in summed)]
            for piece in some:
                if piece not in rest:
                    whole.setdefault(piece.tenants or visible, []).append((span, piece.month))
            if rest:
                selects.append(self._from_rows(query, sums, span, rest, parts) + " GROUP BY ALL HAVING count(*) > 0")
        selects += [self._from_months(query, measures, some, tenants, summed) for tenants, some in whole.items()]
        keys = ", ".join(("span", *query.names()))
        return f"SELECT {keys}, {_again(measures)} FROM ({' UNION ALL BY NAME '.join(selects)}) GROUP BY {keys}"

    def _from_months(
        self,
        query: _Query,
        measures: Sequence[Measure],
        whole: Sequence[tuple[str, date]],
        tenants: Iterable[str],
        summed: Mapping[date, str],
    ) -> str:
        """From monthly sums, of some institutions whose parts were found and of no other."""
        paths = [self.lake.path(summed[month]) for month in sorted({month for _, month in whole})]
        spans = ", ".join(f"({quoted(span)}, DATE '{month}')" for span, month in whole)
        named = ", ".join(quoted(tenant) for tenant in sorted(tenants))
        return (
            f"SELECT {', '.join(('span', *query.keys()))}, {_again(measures)} FROM read_parquet({files(paths)}) "
            f"JOIN (VALUES {spans}) spans(span, month) ON date = month "
            f"WHERE {query.where(f'tenant IN ({named})')} GROUP BY ALL"
        )

    def _from_rows(
        self, query: _Query, values: Sequence[str], span: str, pieces: Sequence[_Piece], parts: Sequence[Part]
    ) -> str:
        """From the rows of these months, of the first and the last perhaps some days."""
        wanted = {piece.month: piece.tenants for piece in pieces}
        here = [part for part in parts if part.month in wanted and _counts(part, wanted[part.month])]
        rows = self.lake.rows(query.fact, here)
        days = () if all(piece.period.is_whole for piece in pieces) else (within(_around(pieces)),)
        keys = ", ".join((f"{quoted(span)} AS span", *query.keys()))
        return f"SELECT {keys}, {', '.join(values)} FROM ({rows}) WHERE {query.where(*days)}"

    def _distinct(self, query: _Query, one: Measure, pieces: _Pieces, parts: Sequence[Part]) -> str:
        """SQL: different values over whole spans, which months do not add up to."""
        where = f"({one.where})" if one.where else "true"
        values = (f"CASE WHEN {where} THEN ({one.value}) END AS counted", f"{where} IS NULL AS lost")
        selects = [self._from_rows(query, values, span, some, parts) for span, some in pieces.items() if some]
        keys = ", ".join(("span", *query.names()))
        sums = "count(DISTINCT counted)::DOUBLE, count(*) FILTER (WHERE lost)"
        return f"SELECT {keys}, {sums} FROM ({' UNION ALL '.join(selects)}) GROUP BY {keys}"

    def _run(self, found: Found, sql: str, query: _Query, measures: Sequence[Measure]) -> None:
        rows = fetched(sql)
        width = 1 + len(query.by)
        for row in rows:
            values = found.setdefault((row[0], row[1:width]), {})
            sums = zip(row[width::2], row[width + 1 :: 2], strict=True)
            values |= {one: Added(value, int(lost)) for one, (value, lost) in zip(measures, sums, strict=True)}


def _query(fact: Fact, asked: Asked) -> _Query:
    """Raises ``AskError``."""
    if len(asked.by) > _MOST_DIMENSIONS:
        raise AskError("by", f"最多 {_MOST_DIMENSIONS} 个维度")
    known = dimensions(fact)
    for place, names in (("by", asked.by), ("only", asked.only)):
        for name in names:
            if name not in known:
                raise AskError(place, f"“{fact.title}”没有维度 {name[:40]}，可用: {', '.join(known)}")
    only = tuple((known[name], values) for name, values in asked.only.items())
    return _Query(fact, tuple(known[name] for name in asked.by), only)


def _turns(
    fact: Fact, measures: Iterable[Measure], spans: Mapping[str, Period], parts: Sequence[Part]
) -> Iterator[tuple[list[Measure], _Pieces]]:
    """Which measures are added up together, over what of each span. Of a stock the last month that an institution
    told counts, or all of them where the mean is wanted."""
    chosen, there = list(dict.fromkeys(measures)), {part.month for part in parts}
    stock = fact.kind is Kind.STOCK
    all_of: dict[str, list[_Piece]] = {}
    for span, period in spans.items():
        cut = map(_Piece, period.months() if stock else period.pieces())
        all_of[span] = [piece for piece in cut if piece.month in there]
    last = {span: _last_told(period, parts) for span, period in spans.items()} if stock else all_of
    for sum_, pieces in ((Sum.TOTAL, last), (Sum.MEAN, all_of)):
        adding = [one for one in chosen if one.sum is sum_]
        if adding:
            yield adding, pieces
    yield from (([one], last) for one in chosen if not one.adds_up)


def _last_told(period: Period, parts: Sequence[Part]) -> list[_Piece]:
    """The months of a period, each with the institutions that told nothing later in it."""
    months = {month.since: month for month in period.months()}
    last: dict[str, date] = {}
    for part in parts:
        if part.month in months:
            last[part.tenant] = max(part.month, last.get(part.tenant, part.month))
    found: dict[date, set[str]] = {}
    for tenant, month in last.items():
        found.setdefault(month, set()).add(tenant)
    return [_Piece(months[month], frozenset(tenants)) for month, tenants in sorted(found.items())]


def counting(fact: Fact, measure: Measure, period: Period, parts: Sequence[Part]) -> list[Part]:
    """Parts whose rows count for a measure in a period."""
    if fact.kind is Kind.EVENT or measure.sum is Sum.MEAN:
        return list(parts)
    last = {piece.month: piece.tenants for piece in _last_told(period, [part for part in parts if part.rows])}
    return [part for part in parts if part.month in last and _counts(part, last[part.month])]


def _counts(part: Part, tenants: frozenset[str] | None) -> bool:
    return tenants is None or part.tenant in tenants


def _average(found: Found, measures: Sequence[Measure], pieces: _Pieces) -> None:
    for (span, _), values in found.items():
        for one in measures:
            added = values.get(one)
            if added is not None and added.value is not None:
                values[one] = Added(added.value / len(pieces[span]), added.unknown)


def _again(measures: Sequence[Measure]) -> str:
    """SQL that adds up sums."""
    return ", ".join(f"sum({m.key}) AS {m.key}, sum({unknown(m)}) AS {unknown(m)}" for m in measures)


def _around(pieces: Sequence[_Piece]) -> Period:
    return Period(min(piece.period.since for piece in pieces), max(piece.period.until for piece in pieces))


def within(period: Period) -> str:
    """SQL that is true for the days of a period."""
    return f"date >= DATE '{period.since}' AND date < DATE '{period.until}'"


__all__ = ["Added", "AskError", "Asked", "Found", "Group", "Sums", "counting", "within"]
