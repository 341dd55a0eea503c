"""What managers see in the demo: three counties whose work is made up, so that indicators have something in them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, timedelta
from typing import Final

from api.bootstrap import House, key_ring
from api.indicator_desk import IndicatorDesk
from base.tenancy import system
from demo import league
from demo.league_places import Place
from records.registry import Organisation, Registry
from supervision.figures.periods import Period, month_of

EVENTS: Final = 60_000
_MONTHS: Final = 14
_SCOPE: Final = "demo data"
_FEW: Final = ("people", "community")


def few() -> list[Place]:
    """The hospital and the town's clinic of each county: enough to compare, and there in seconds."""
    return [place for place in league.places() if place.tenant.rpartition("/")[2] in _FEW]


def fill_figures(
    house: House,
    today: date,
    progress: Callable[[int], None] = lambda rows: None,
    events: int = EVENTS,
    there: Sequence[Place] | None = None,
) -> int:
    """Fourteen months up to a day, so that there is a year before to compare with, of all institutions or of some;
    gives rows. Again it changes nothing. Figures can be asked for before monthly sums are ready. Raises
    ``MissingDuckError``."""
    desk, there = IndicatorDesk(house, key_ring(house)), league.places() if there is None else there
    with system(_SCOPE):
        if desk.lake.manifest.newest("institutions"):
            return 0
        _register(house, there)
        begin = month_of(today).back(_MONTHS)[0].since
        period = Period(begin, today + timedelta(days=1))
        rows = league.fill(desk.lake, desk.known, period, events, progress=progress, there=there)
        desk.refresh()
    return rows


def _register(house: House, there: Sequence[Place]) -> None:
    """Counties and institutions under their names."""
    registry = Registry()
    items = [Organisation(f"{league.LEAGUE}/{short}", name, kind="county") for short, name in league.COUNTIES.items()]
    items += [
        Organisation(place.tenant, place.name, kind="hospital" if place.beds else "clinic", level=place.level)
        for place in there
    ]
    with house.engine.begin() as connection:
        known = registry.directory(connection)
        for item in items:
            if known.organisation(item.tenant) is None:
                registry.register(connection, item, actor="demo", why="示例机构")


__all__ = ["EVENTS", "few", "fill_figures"]
