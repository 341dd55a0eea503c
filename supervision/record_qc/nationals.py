"""National indicators of a period from stored reports, with the records behind each number.

Records count on the day that the stay ended. What is not known of a record is in neither number and told beside them;
an indicator without a single known record has no value, which is not zero.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Final, NamedTuple

import orjson
from sqlalchemy import Connection, Engine, Table, insert, or_, select, update

from clinical.medical_record import RecordKind
from records.qc_faults import MissingQcError, QcError
from supervision.record_qc.measures import Part
from supervision.record_qc.model import Aspect, Check, Grade
from supervision.record_qc.national import ASSESSED, BY_NAME, INDICATORS, STAFFED, Basis, Indicator
from supervision.record_qc.places import Stage
from supervision.record_qc.reports import Query, narrowed
from supervision.record_qc.states import STANDING
from supervision.record_qc.tables import assessments, defects, reports, staffing


class Figure(NamedTuple):
    """An indicator of a period. ``value`` None: not known, ``note`` says why; ``unknown`` records were not judged."""

    indicator: Indicator
    numerator: float | None
    denominator: float | None
    unknown: int
    value: float | None
    note: str = ""


class Behind(NamedTuple):
    """A record behind a number, and what it is to the indicator."""

    report: int
    tenant: str
    record: str
    day: str
    department: str
    part: Part


class Nationals:
    """National indicators within the scope of whoever acts."""

    def __init__(self, engine: Engine, checks: Mapping[str, Check]) -> None:
        self._engine = engine
        self._copies = [check.name for check in checks.values() if check.aspect is Aspect.GENUINE]

    def figures(self, tenant: str, since: str, until: str) -> list[Figure]:
        """All 27 of a tenant and all below, of stays that ended from one day to another."""
        with self._engine.connect() as connection:
            rows = _ended(connection, tenant, since, until)
            staff = _staff(connection, tenant, since[:7], until[:7])
            parts = {i.name: self._parts(connection, i, rows) for i in INDICATORS if i.basis is not Basis.STAFF}
        months = list(_months(since[:7], until[:7]))
        return [
            _staffed(i, rows, staff, months) if i.basis is Basis.STAFF else _shared(i, parts[i.name].values())
            for i in INDICATORS
        ]

    def behind(self, name: str, tenant: str, since: str, until: str) -> list[Behind]:
        """The records that an indicator is about, the latest first. Raises ``MissingQcError``."""
        indicator = BY_NAME.get(name)
        if indicator is None:
            raise MissingQcError(f"没有指标 {name}")
        if indicator.basis is Basis.STAFF:
            return []
        with self._engine.connect() as connection:
            rows = _ended(connection, tenant, since, until)
            parts = self._parts(connection, indicator, rows)
        told = [(row, parts[row.id]) for row in rows if row.id in parts]
        return [Behind(row.id, row.tenant, row.record, row.day, row.department, part) for row, part in told]

    def _parts(self, connection: Connection, indicator: Indicator, rows: list[Any]) -> dict[int, Part]:
        """What each record (by report) is to an indicator; those it is not about are left out."""
        if indicator.basis is Basis.RECORD:
            measured = ((row.id, orjson.loads(row.measures).get(indicator.name)) for row in rows)
            return {report: Part(part) for report, part in measured if part is not None}
        if indicator.basis is Basis.ASSESSMENT:
            known = _assessed(connection, indicator.item)
            found = ((row.id, known.get((row.tenant, row.record))) for row in rows)
            return {report: Part.UNKNOWN if right is None else _part(right) for report, right in found}
        if indicator.item == "grade-a":
            return {row.id: _part(row.grade == Grade.A.value) for row in rows}
        copied = self._copied(connection)
        return {row.id: _part(row.id in copied) for row in rows}

    def _copied(self, connection: Connection) -> set[int]:
        here = (defects.c.check.in_(self._copies), defects.c.state.in_([state.value for state in STANDING]))
        return set(connection.execute(select(defects.c.report).where(*here)).scalars())

    # -- what people tell --------------------------------------------------------------------

    def assess(self, tenant: str, record: str, items: Mapping[str, bool], by: str, at: datetime) -> None:
        """Note what a coder found of a record. Raises ``QcError`` for an item there is not."""
        unknown = sorted(set(items) - ASSESSED.keys())
        if unknown or not items:
            raise QcError(f"items: 评价项目须为 {'、'.join(f'{k} ({v})' for k, v in ASSESSED.items())}")
        with self._engine.begin() as connection:
            for item, right in items.items():
                key = {"tenant": tenant, "record": record, "item": item}
                _put(connection, assessments, key, {"right": right, "by": by[:80], "at": at})

    def staff(self, tenant: str, month: str, figures: Mapping[str, float], by: str, at: datetime) -> None:
        """Note figures of staff of a month (``2026-11``). Raises ``QcError``."""
        unknown = sorted(set(figures) - STAFFED.keys())
        if unknown or not figures or any(value < 0 for value in figures.values()):
            raise QcError(f"figures: 须为不小于 0 的数，项目为 {'、'.join(f'{k} ({v})' for k, v in STAFFED.items())}")
        with self._engine.begin() as connection:
            for item, value in figures.items():
                key = {"tenant": tenant, "month": month, "item": item}
                _put(connection, staffing, key, {"value": value, "by": by[:80], "at": at})


def _put(connection: Connection, table: Table, key: Mapping[str, Any], values: Mapping[str, Any]) -> None:
    here = [table.c[name] == value for name, value in key.items()]
    if connection.execute(update(table).where(*here).values(values)).rowcount == 0:
        connection.execute(insert(table).values({**key, **values}))


def _ended(connection: Connection, tenant: str, since: str, until: str) -> list[Any]:
    asked = Query(tenant=tenant, kind=RecordKind.INPATIENT.value, stage=Stage.FINAL.value, since=since, until=until)
    columns = (reports.c[n] for n in ("id", "tenant", "record", "day", "department", "grade", "measures"))
    query = narrowed(select(*columns), asked).order_by(reports.c.day.desc(), reports.c.id.desc())
    return list(connection.execute(query))


def _assessed(connection: Connection, item: str) -> dict[tuple[str, str], bool]:
    query = select(assessments.c.tenant, assessments.c.record, assessments.c.right).where(assessments.c.item == item)
    return {(row.tenant, row.record): row.right for row in connection.execute(query)}


def _staff(connection: Connection, tenant: str, since: str, until: str) -> dict[tuple[str, str, str], float]:
    """Figures by tenant, month and item."""
    here = or_(staffing.c.tenant == tenant, staffing.c.tenant.startswith(f"{tenant}/", autoescape=True))
    query = select(staffing).where(here, staffing.c.month >= since, staffing.c.month <= until)
    return {(row.tenant, row.month, row.item): row.value for row in connection.execute(query)}


def _part(held: bool) -> Part:
    return Part.FULFILLED if held else Part.NOT_FULFILLED


def _shared(indicator: Indicator, parts: Iterable[Part]) -> Figure:
    counts = Counter(parts)
    fulfilled, unknown = counts[Part.FULFILLED], counts[Part.UNKNOWN]
    known = fulfilled + counts[Part.NOT_FULFILLED]
    if not known:
        note = f"{unknown} 份病历信息不全，无法判断" if unknown else "本期没有该指标涉及的病历"
        return Figure(indicator, None, None, unknown, None, note)
    note = f"另有 {unknown} 份病历信息不全，未计入" if unknown else ""
    return Figure(indicator, fulfilled, known, unknown, round(100 * fulfilled / known, 2), note)


_OUTPATIENTS: Final = "outpatient-records"


def _staffed(
    indicator: Indicator, rows: list[Any], staff: Mapping[tuple[str, str, str], float], months: list[str]
) -> Figure:
    """Records for each person and month; only where every institution told its figures of every month."""
    outpatient = indicator.item == "outpatient-managers"
    wanted = (indicator.item, _OUTPATIENTS) if outpatient else (indicator.item,)
    tenants = sorted({row.tenant for row in rows} | {tenant for tenant, _, item in staff if item in wanted})
    keys = [(tenant, month, item) for tenant in tenants for month in months for item in wanted]
    missing = [key for key in keys if key not in staff]
    people = sum(staff.get(key, 0) for key in keys if key[2] == indicator.item)
    if missing or not people:
        lacking = f"，缺 {len(missing)} 项" if missing else ""
        note = f"须先登记{'、'.join(STAFFED[item] for item in wanted)}{lacking}"
        return Figure(indicator, None, None, 0, None, note)
    records = sum(staff[key] for key in keys if key[2] == _OUTPATIENTS) if outpatient else len(rows)
    return Figure(indicator, records, people, 0, round(records / people, 2))


def _months(since: str, until: str) -> Iterable[str]:
    year, month = int(since[:4]), int(since[5:])
    while f"{year:04}-{month:02}" <= until:
        yield f"{year:04}-{month:02}"
        year, month = (year + 1, 1) if month == 12 else (year, month + 1)
