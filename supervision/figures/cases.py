"""Where rows of facts lead: of whom a visit, an order or an operation is, what record QC said of the record, and the
request that an alert was shown in. Of rows without any, why there is none."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from sqlalchemy import Engine, select

from records.identity_tables import records
from records.journal_store import cards, requests
from records.kinds import NUMBERS
from records.resource_rows import heads
from supervision.figures.fact import PERSON
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
_ALERTS: Final = frozenset(("findings", "violations", "tests", "repeated_drugs"))
"""Facts with rows that bear the number of a card."""
_ASKED: Final = frozenset(("requests", "gaps"))
"""Facts with rows that bear the number of a request, or begin with it."""
_REQUEST: Final = 36
_NUMBERED: Final = frozenset((*_RESOURCES, *_RECORDS, _DEFECTS, *_ALERTS, "requests"))
"""Facts with rows that all bear the number of something that may be known here."""

NOBODY: Final = "本行为汇总数或未附患者编号，无个案"
UNKNOWN: Final = "本行所附编号未在本平台登记，无个案"
HIDDEN: Final = "您没有查看该个案的权限"


class Cases:
    """Reads within the scope of whoever asks."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def patients(self, fact: str, rows: Sequence[Row]) -> dict[Place, str]:
        """The institution's number of the patient, of those rows that the repository knows, or whose ``person`` is a
        number that the institution registered somebody under."""
        named = [(row["tenant"], row[PERSON.name]) for row in rows if row.get(PERSON.name)]
        known = self.registered(named)
        found = {_place(row): row[PERSON.name] for row in rows if (row["tenant"], row.get(PERSON.name)) in known}
        return found | self._of_resources(fact, rows)

    def registered(self, numbers: Iterable[Place]) -> set[Place]:
        """Those of some patients' numbers, each with its institution, that stand for somebody."""
        wanted = set(numbers)
        if not wanted:
            return set()
        tenants, locals_ = ({place[part] for place in wanted} for part in (0, 1))
        query = select(records.c.tenant, records.c.local_id)
        with self._engine.connect() as connection:
            rows = connection.execute(query.where(records.c.tenant.in_(tenants), records.c.local_id.in_(locals_)))
            return wanted.intersection((tenant, number) for tenant, number in rows)

    def _of_resources(self, fact: str, rows: Sequence[Row]) -> dict[Place, str]:
        if fact not in _RESOURCES or not rows:
            return {}
        query = (
            select(heads.c.tenant, heads.c.local, records.c.local_id)
            .join(records, records.c.id == heads.c.record)
            .where(heads.c.kind == NUMBERS[_RESOURCES[fact]], heads.c.deleted.is_(False))
            .where(heads.c.tenant.in_(_tenants(rows)), heads.c.local.in_([row["id"] for row in rows]))
        )
        return self._found(query)

    def requests(self, fact: str, rows: Sequence[Row]) -> dict[Place, str]:
        """The request of order entry, of those rows that tell of one or of what was shown in it."""
        if fact in _ALERTS and rows:
            query = select(requests.c.tenant, cards.c.card, requests.c.id).join(
                cards, cards.c.request == requests.c.id
            )
            return self._found(query.where(cards.c.card.in_([row["id"] for row in rows])))
        if fact not in _ASKED or not rows:
            return {}
        query = select(requests.c.tenant, requests.c.id, requests.c.id)
        found = self._found(query.where(requests.c.id.in_({row["id"][:_REQUEST] for row in rows})))
        asked = {_place(row): found.get((row["tenant"], row["id"][:_REQUEST])) for row in rows}
        return {place: number for place, number in asked.items() if number}

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


def without(fact: str, row: Row) -> str:
    """Why there is no case behind a row that led nowhere."""
    return UNKNOWN if fact in _NUMBERED or row.get(PERSON.name) else NOBODY


def _place(row: Row) -> Place:
    return row["tenant"], row["id"]


def _tenants(rows: Sequence[Row]) -> set[str]:
    return {row["tenant"] for row in rows}


__all__ = ["HIDDEN", "NOBODY", "UNKNOWN", "Cases", "without"]
