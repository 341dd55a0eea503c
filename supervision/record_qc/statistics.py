"""What reports add up to: scores, grades and defects by institution, department, doctor, check and month."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final, NamedTuple

from sqlalchemy import ColumnElement, Engine, Select, case, distinct, func, select

from records.qc_faults import QcError
from supervision.record_qc.model import Grade
from supervision.record_qc.reports import Query, narrowed
from supervision.record_qc.states import STANDING, State
from supervision.record_qc.tables import defects, reports

_MONTH: Final = func.substr(reports.c.day, 1, 7)
SCORED_BY: Final[dict[str, ColumnElement[Any]]] = {
    "tenant": reports.c.tenant,
    "department": reports.c.department,
    "doctor": reports.c.doctor,
    "kind": reports.c.kind,
    "month": _MONTH,
}
"""What reports are grouped by; the doctor is whoever answers for the patient."""
COUNTED_BY: Final[dict[str, ColumnElement[Any]]] = {
    "tenant": reports.c.tenant,
    "department": defects.c.department,
    "doctor": defects.c.doctor,
    "kind": reports.c.kind,
    "month": _MONTH,
    "check": defects.c.check,
    "severity": defects.c.severity,
}
"""What defects are grouped by; the doctor is whoever wrote the document."""
GROUPS: Final = {
    "tenant": "机构",
    "department": "科室",
    "doctor": "医师",
    "kind": "病历类别",
    "month": "月份",
    "check": "检查项目",
    "severity": "严重程度",
}


class Scored(NamedTuple):
    """Records of a group: how many, their mean score, how many of each grade."""

    group: tuple[str, ...]
    records: int
    mean: float
    grades: dict[str, int]


class Counted(NamedTuple):
    """Defects of a group: how many there are in all states but 已撤销, in how many records, how many of them stand,
    were appealed with success, were put right."""

    group: tuple[str, ...]
    defects: int
    records: int
    standing: int
    withdrawn: int
    mended: int


class Statistics:
    """Counts within the scope of whoever acts, over the newest report of each record."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def scores(self, by: Sequence[str], asked: Query) -> list[Scored]:
        """Scores and grades by group. Raises ``QcError`` for a group there is not."""
        columns = _columns(by, SCORED_BY)
        graded = [func.sum(case((reports.c.grade == grade.value, 1), else_=0)) for grade in Grade]
        query: Select[Any] = select(*columns, func.count(), func.avg(reports.c.score), *graded)
        query = narrowed(query.select_from(reports), asked).group_by(*columns).order_by(*columns)
        with self._engine.connect() as connection:
            return [_scored(tuple(row), len(columns)) for row in connection.execute(query)]

    def defects(self, by: Sequence[str], asked: Query) -> list[Counted]:
        """Defects by group, the most first. Raises ``QcError`` for a group there is not."""
        columns = _columns(by, COUNTED_BY)
        alive = defects.c.state != State.WITHDRAWN.value
        query: Select[Any] = select(
            *columns,
            _sum(alive),
            func.count(distinct(case((alive, defects.c.report)))),
            _sum(defects.c.state.in_([state.value for state in STANDING])),
            _sum(defects.c.state == State.WITHDRAWN.value),
            _sum(defects.c.state == State.MENDED.value),
        ).select_from(defects.join(reports, defects.c.report == reports.c.id))
        query = narrowed(query, replace(asked, department="", doctor="", check=""))
        for name in ("department", "doctor", "check"):
            value = getattr(asked, name)
            query = query.where(defects.c[name] == value) if value else query
        with self._engine.connect() as connection:
            rows = [tuple(row) for row in connection.execute(query.group_by(*columns))]
        found = [_counted(row, len(columns)) for row in rows]
        return sorted(found, key=lambda one: (-one.defects, one.group))


def _sum(condition: ColumnElement[bool]) -> ColumnElement[Any]:
    return func.sum(case((condition, 1), else_=0))


def _columns(by: Sequence[str], known: dict[str, ColumnElement[Any]]) -> list[ColumnElement[Any]]:
    unknown = [name for name in by if name not in known]
    if unknown or not by or len(set(by)) < len(by):
        raise QcError(f"by: 分组须从 {'、'.join(known)} 中选一项或多项，不能重复")
    return [known[name] for name in by]


def _scored(row: tuple[Any, ...], width: int) -> Scored:
    records, mean, *graded = row[width:]
    grades = {grade.value: int(number) for grade, number in zip(Grade, graded, strict=True)}
    return Scored(row[:width], records, round(float(mean), 2), grades)


def _counted(row: tuple[Any, ...], width: int) -> Counted:
    return Counted(row[:width], *(int(number) for number in row[width:]))
