"""Three stays whose records were checked, so that record QC has something in it: one in order but for a late note,
two with what a reviewer looks for (``charts.yaml``)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, time, timedelta
from pathlib import Path
from typing import Any, Final

import orjson
import yaml

from api.bootstrap import House, key_ring
from api.record_qc_desk import RecordQcDesk
from base.tenancy import system
from clinical.coded import CHINA, china_day
from clinical.medical_record import MedicalRecord
from demo.people import HOSPITAL
from exchange.decoding import shaped

_SCOPE: Final = "demo data"
_FILE: Final = Path(__file__).with_suffix(".yaml")
_CLOCK: Final = re.compile(r"(\d+) (\d\d):(\d\d)")


def keep_charts(house: House, now: datetime) -> int:
    """Check the three and keep their reports, as of a moment; gives how many are new. Again on the same day it
    changes nothing."""
    release = house.releases.open(house.releases.active())
    with system(_SCOPE):
        desk = RecordQcDesk(house.engine, key_ring(house), house.settings.league, lambda: release)
        return sum(desk.keep(record, HOSPITAL, "demo", now).new for record in _charts(now))


def _charts(now: datetime) -> Iterator[MedicalRecord]:
    for told in yaml.safe_load(_FILE.read_text("utf-8")):
        day = china_day(now) - timedelta(days=told.pop("begun"))
        yield shaped(orjson.dumps(_dated(told, datetime.combine(day, time(), CHINA))), MedicalRecord)


def _dated(part: Any, begun: datetime) -> Any:
    """A part of a record with its times (day and clock) as moments."""
    if isinstance(part, dict):
        return {key: _dated(value, begun) for key, value in part.items()}
    if isinstance(part, list):
        return [_dated(value, begun) for value in part]
    clock = _CLOCK.fullmatch(part) if isinstance(part, str) else None
    if clock is None:
        return part
    days, hours, minutes = map(int, clock.groups())
    return begun + timedelta(days=days, hours=hours, minutes=minutes)


__all__ = ["keep_charts"]
