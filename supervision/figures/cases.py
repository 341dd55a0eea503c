"""Where rows of facts lead: of whom a visit, an order or an operation of the repository is, and what record QC said
of the record. Rows that an institution loaded, and those of alerts, lead nowhere."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from sqlalchemy import Engine, select

from records.identity_tables import records
from records.kinds import NUMBERS
from records.resource_rows import heads
from supervision.figures.visit_rows import OF_ORDER, OF_VISIT
from supervision.record_qc.tables import defects, reports

Row = Mapping[str, Any]
Place = tuple[str, str]
"""Institution and number of a row."""
_VISITS: Final = (*OF_VISIT, "concordance")
_RESOURCES: Final = dict.fromkeys(_VISITS, "Encounter") | {fact: kind for kind, fact in OF_ORDER.items()}
_RECORDS: Final = frozenset((*_VISITS, "record_scores"))
_DEFECTS: Final = "record_defects"
_DEFECT: Final = "D-"


class Cases:
    """Reads within the scope of whoever asks."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def patients(self, fact: str, rows: Sequence[Row]) -> dict[Place, str]:
        """The institution's number of the patient, of those rows that the repository knows."""
        if fact not in _RESOURCES or not rows:
            return {}
        query = (
            select(heads.c.tenant, heads.c.local, records.c.local_id)
            .join(records, records.c.id == heads.c.record)
            .where(heads.c.kind == NUMBERS[_RESOURCES[fact]], heads.c.deleted.is_(False))
            .where(heads.c.tenant.in_(_tenants(rows)), heads.c.local.in_([row["id"] for row in rows]))
        )
        return self._found(query)

    def reports(self, fact: str, rows: Sequence[Row]) -> dict[Place, int]:
        """The newest report of record QC, of those rows whose record was checked."""
        if fact == _DEFECTS:
            return self._of_defects(rows)
        if fact not in _RECORDS or not rows:
            return {}
        numbers = [row["id"] for row in rows]
        query = select(reports.c.tenant, reports.c.record, reports.c.id)
        return self._found(query.where(reports.c.tenant.in_(_tenants(rows)), reports.c.current.in_(numbers)))

    def _of_defects(self, rows: Sequence[Row]) -> dict[Place, int]:
        numbers = [int(row["id"].removeprefix(_DEFECT)) for row in rows if row["id"][len(_DEFECT) :].isdecimal()]
        query = select(defects.c.tenant, defects.c.id, defects.c.report)
        found = self._found(query.where(defects.c.tenant.in_(_tenants(rows)), defects.c.id.in_(numbers)))
        return {(tenant, f"{_DEFECT}{number}"): report for (tenant, number), report in found.items()}

    def _found(self, query: Any) -> dict[tuple[str, Any], Any]:
        with self._engine.connect() as connection:
            return {(tenant, number): told for tenant, number, told in connection.execute(query)}


def _tenants(rows: Sequence[Row]) -> set[str]:
    return {row["tenant"] for row in rows}


__all__ = ["Cases"]
