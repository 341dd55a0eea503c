"""Figures laid out by rows and columns (交叉表), as people read them on a page and in a workbook."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from supervision.figures.answers import Line
from supervision.figures.dimension import Dimension
from supervision.figures.sums import AskError
from supervision.figures.tables import Name, titled

PERIOD: Final = "period"
"""Names the parts of a period that was cut up, beside the names of dimensions."""
_MOST_COLUMNS: Final = 200


class Row(NamedTuple):
    """What a row is of, and its value in each column."""

    titles: tuple[str, ...]
    values: tuple[float | None, ...]


@dataclass(frozen=True, slots=True)
class Crosstab:
    """``heads`` say what rows are of; a column is headed by what is laid across, then by what was measured."""

    heads: tuple[str, ...]
    columns: tuple[tuple[str, ...], ...]
    rows: tuple[Row, ...]

    def table(self) -> Iterator[dict[str, Any]]:
        """As rows of a sheet."""
        header = [*self.heads, *(" ".join(column) for column in self.columns)]
        for row in self.rows:
            yield dict(zip(header, (*row.titles, *row.values), strict=True))


class _Label(NamedTuple):
    """A value of a dimension in the order of its codes, else of its text; what has none comes last."""

    missing: bool
    place: int
    value: str
    title: str


_Place = tuple[_Label, ...]


def crosstab(
    told: Mapping[str, Sequence[Line]],
    titles: Mapping[str, str],
    by: Sequence[Dimension],
    across: Sequence[str],
    called: Name,
    *,
    periods: bool,
) -> Crosstab:
    """Lay out lines of measures (``titles`` by their names): what is named ``across`` makes columns, the rest rows;
    ``periods``: the period was cut up. Raises ``AskError``."""
    if len(set(titles.values())) < len(titles):
        raise AskError("measures", "统计项的名称不能相同")
    names = {PERIOD: "期间"} if periods else {}
    names |= {one.name: one.title for one in by}
    down = [name for name in names if name not in across]
    cells: dict[_Place, dict[tuple[_Place, str], float | None]] = {}
    for measure, lines in told.items():
        for line in lines:
            labels = _labels(line, by, called)
            row, column = (tuple(labels[name] for name in part) for part in (down, across))
            cells.setdefault(row, {})[column, measure] = line.now.value
    columns = _columns({column for row in cells.values() for column, _ in row}, titles)
    rows = tuple(Row(_titles(place), tuple(map(cells[place].get, columns))) for place in sorted(cells))
    heads = tuple(names[name] for name in down)
    return Crosstab(heads, tuple((*_titles(place), titles[measure]) for place, measure in columns), rows)


def _labels(line: Line, by: Sequence[Dimension], called: Name) -> dict[str, _Label]:
    period = str(line.period)
    found = {PERIOD: _Label(False, 0, period, period)}
    for one, value in zip(by, line.group, strict=True):
        codes = list(one.choices)
        place = codes.index(value) if value in codes else len(codes)
        found[one.name] = _Label(value is None, place, value or "", titled(one, value, called))
    return found


def _columns(places: set[_Place], titles: Mapping[str, str]) -> list[tuple[_Place, str]]:
    """Raises ``AskError`` when that makes more than anybody can read."""
    found = [(place, measure) for place in sorted(places) for measure in titles]
    if len(found) > _MOST_COLUMNS:
        raise AskError("across", f"会有 {len(found)} 列，最多 {_MOST_COLUMNS} 列；请把取值多的维度放到行")
    return found


def _titles(place: _Place) -> tuple[str, ...]:
    return tuple(label.title for label in place)


__all__ = ["PERIOD", "Crosstab", "Row", "crosstab"]
