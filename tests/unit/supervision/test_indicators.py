"""Every indicator is what it says: the engine and a second reckoning in pandas agree, over whole months (which come from
monthly sums) and over odd days (which come from the rows), for the league and for each county."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

import duckdb
import pandas
import pytest

from base.tenancy import system
from supervision.figures.answers import Line
from supervision.figures.catalogue import catalogue
from supervision.figures.fact import Kind
from supervision.figures.periods import Period, period_of
from supervision.figures.sums import Asked
from tests.unit.supervision.conftest import Generated
from tests.unit.supervision.references import REFERENCES

PERIODS = ("2026-02", "2026-01-01..2026-02-28", "2026-01-20..2026-02-09")


class Rows:
    """Rows of every fact within a period and a county, as pandas frames."""

    def __init__(self, frames: Mapping[str, pandas.DataFrame], period: Period, county: str = "") -> None:
        self._frames, self._period, self._county = frames, period, county

    def all(self, name: str) -> pandas.DataFrame:
        """Of a stock: every month that the period touches."""
        months = [month.since for month in self._period.months()]
        frame = self._here(name)
        begins = frame.date.map(lambda day: day.date().replace(day=1))
        return frame[begins.isin(months)]

    @property
    def months(self) -> int:
        return len(list(self._period.months()))

    @cached_property
    def before(self) -> Rows:
        return Rows(self._frames, self._period.same(), self._county)

    def __getattr__(self, name: str) -> pandas.DataFrame:
        """Cut out once, then kept as an attribute."""
        frame = self._here(name)
        if catalogue().facts[name].kind is Kind.STOCK:
            last = self._period.last
            kept = frame[(frame.date.dt.year == last.year) & (frame.date.dt.month == last.month)]
        else:
            since, until = pandas.Timestamp(self._period.since), pandas.Timestamp(self._period.until)
            kept = frame[(frame.date >= since) & (frame.date < until)]
        setattr(self, name, kept)
        return kept

    def _here(self, name: str) -> pandas.DataFrame:
        frame = self._frames[name]
        return frame[frame.tenant.str.startswith(f"{self._county}/")] if self._county else frame


@pytest.fixture(scope="module")
def frames(generated: Generated) -> dict[str, pandas.DataFrame]:
    return {path.name: _frame(path) for path in generated.folder.iterdir() if path.name != "cubes"}


def _frame(folder: Path) -> pandas.DataFrame:
    return duckdb.sql(f"SELECT * FROM read_parquet('{folder}/*/*/*.parquet', hive_partitioning=false)").df()


def test_every_indicator_is_reckoned_a_second_time() -> None:
    """Whoever adds an indicator writes its reference in references/."""
    assert set(REFERENCES) == set(catalogue().indicators)


@pytest.fixture(scope="module")
def rows(frames: dict[str, pandas.DataFrame]) -> dict[tuple[str, str], Rows]:
    """By period and county, or of all counties."""
    counties = ("", "league/hanwula", "league/mingan")
    return {(text, county): Rows(frames, period_of(text), county) for text in PERIODS for county in counties}


@pytest.fixture(scope="module")
def told(generated: Generated) -> dict[tuple[str, tuple[str, ...]], dict[str, list[Line]]]:
    """All indicators, by period and breakdown."""
    asked = [(text, by) for text in PERIODS for by in ((), ("county",))]
    every = list(catalogue().indicators.values())
    with system("test"):
        return {
            (text, by): generated.answers.ask(every, period_of(text), Asked(by=by), compare=False)
            for text, by in asked
        }


@pytest.mark.parametrize("name", sorted(REFERENCES))
def test_both_reckonings_agree(name: str, told: Any, rows: dict[tuple[str, str], Rows]) -> None:
    decimals = catalogue().indicator(name).decimals
    for (text, county), there in rows.items():
        lines = told[text, ("county",) if county else ()][name]
        values = {"".join(line.group): line.now.value for line in lines}
        expected = REFERENCES[name](there)
        if county in values or expected:  # where nothing happened there is no line
            _same(values[county], expected, decimals)


def _same(told: float | None, expected: Any, decimals: int) -> None:
    if expected is None:
        assert told is None
    else:
        assert told == pytest.approx(float(expected), abs=0.51 * 10**-decimals, rel=1e-9)


def test_the_generated_league_leaves_no_indicator_without_a_value(generated: Generated) -> None:
    with system("test"):
        told = generated.answers.ask(catalogue().indicators.values(), period_of("2026-02"), Asked(), compare=False)
    assert [name for name, lines in told.items() if lines[0].now.value is None] == []
