"""What managers see in the demo: three counties whose work is made up, so that indicators have something in them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Final

from api.bootstrap import House, key_ring
from api.indicator_desk import IndicatorDesk
from base.tenancy import system
from benchmarks import league
from records.registry import Organisation, Registry
from supervision.figures.periods import Period, month_of

EVENTS: Final = 60_000
_MONTHS: Final = 14
_SCOPE: Final = "demo data"


def fill_figures(
    house: House, today: date, progress: Callable[[int], None] = lambda rows: None, events: int = EVENTS
) -> int:
    """Fourteen months up to a day, so that there is a year before to compare with; gives rows. Again it changes
    nothing. Raises ``MissingDuckError``."""
    desk = IndicatorDesk(house, key_ring(house))
    with system(_SCOPE):
        if desk.lake.manifest.newest("institutions"):
            return 0
        _register(house)
        begin = month_of(today).back(_MONTHS)[0].since
        period = Period(begin, today + timedelta(days=1))
        rows = league.fill(desk.lake, desk.known, period, events, progress=progress)
        desk.refresh()
    return rows


def _register(house: House) -> None:
    """Counties and institutions under their names."""
    registry = Registry()
    items = [Organisation(f"{league.LEAGUE}/{short}", name, kind="county") for short, name in league.COUNTIES.items()]
    items += [
        Organisation(place.tenant, place.name, kind="hospital" if place.beds else "clinic", level=place.level)
        for place in league.places()
    ]
    with house.engine.begin() as connection:
        known = registry.directory(connection)
        for item in items:
            if known.organisation(item.tenant) is None:
                registry.register(connection, item, actor="demo", why="示例机构")


__all__ = ["fill_figures"]
