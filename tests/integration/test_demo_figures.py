"""The demo has indicators with something in them, under the names of institutions."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from api.bootstrap import key_ring
from api.indicator_desk import IndicatorDesk
from base.tenancy import Scope, acting
from demo import league
from demo.figures import fill_figures
from supervision.figures.periods import period_of
from supervision.figures.sums import Asked
from tests.integration.conftest import opened


def test_counties_of_the_demo_are_compared_with_the_year_before(starter_dir: Path, tmp_path: Path) -> None:
    some = [place for place in league.places() if place.tenant.endswith("/maternity")][:2]
    house = opened(starter_dir, tmp_path)
    assert fill_figures(house, date(2026, 11, 26), events=2_000, there=some) > 2_000
    assert fill_figures(house, date(2026, 11, 26), events=2_000, there=some) == 0
    desk = IndicatorDesk(house, key_ring(house))
    with acting(Scope("somebody", reads=("league/hanwula", "league/mingan"))):
        one = desk.known.indicator("visits-seen")
        lines = desk.answers.ask([one], period_of("2026-10"), Asked(by=("county",)))["visits-seen"]
    called = desk.called()
    assert {called(str(line.group[0])) for line in lines} == {"罕乌拉旗", "明安旗"}
    assert all(line.now.value and line.same and line.same.value for line in lines)
    house.engine.dispose()
