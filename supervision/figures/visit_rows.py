"""A visit of the repository as rows of facts: the visit or the stay, what was ordered and done in it.

What resources do not tell stays empty: nobody is taken for having had no antimicrobial because nobody said so.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import Final

from clinical.coded import CHINA, china_day
from clinical.medical_record import (
    Diagnosis,
    DiagnosisKind,
    Doctor,
    MedicalRecord,
    Operation,
    Order,
    OrderKind,
    RecordKind,
    Result,
)
from supervision.figures.collect import Row

OF_VISIT: Final = ("visits", "admissions", "stays")
"""Facts that a visit has at most one row of, under its own number."""
OF_ORDER: Final = {"MedicationRequest": "drug_orders", "ServiceRequest": "tests", "Procedure": "operations"}
"""Facts whose rows bear the number of a resource of this type."""
_ICD: Final = re.compile(r"[A-Z]\d\d")
_KINDS: Final = {RecordKind.OUTPATIENT: "outpatient", RecordKind.EMERGENCY: "emergency"}
_SEXES: Final = {"男": "male", "女": "female"}
TESTS: Final = {OrderKind.LAB: "lab", OrderKind.EXAM: "exam"}
_WAYS: Final = (
    ("死亡", "died"),
    ("社区", "down"),
    ("乡镇", "down"),
    ("基层", "down"),
    ("转院", "up"),
    ("非医嘱", "left"),
    ("医嘱", "discharged"),
)
"""How a stay ended, by the words of the front page, the most telling first."""
_FEES: Final = {"fee": "总费用", "fee_western": "西药费", "fee_patent": "中成药费", "fee_herbal": "中草药费"}


def rows_of(record: MedicalRecord, person: str, repeats: Mapping[str, Row]) -> dict[str, list[Row]]:
    """Rows by fact; ``repeats`` says of tests, by order, whether they repeated others. Of a visit that says nothing
    of when it was there are none."""
    visit = record.visit
    about = who_of(record, person)
    found: dict[str, list[Row]] = {}
    if record.kind in _KINDS and visit.arrived is not None:
        found["visits"] = [_seen(record, visit.arrived) | about]
    if visit.admitted is not None:
        admitted = {"id": record.id, "date": _day(visit.admitted)}
        found["admissions"] = [admitted | about]
        if record.ended is not None:
            found["stays"] = [_stay(record, visit.admitted, record.ended) | about]
    setting = _KINDS.get(record.kind, "inpatient")
    found["drug_orders"] = [*_drugs(record.orders or (), setting, about)]
    tests = _tests(record.orders or (), record.results or (), setting, about)
    found["tests"] = [row | repeats.get(row["id"], {}) for row in tests]
    found["operations"] = [*_operations(record.operations or (), setting, about)]
    return {fact: rows for fact, rows in found.items() if rows}


def who_of(record: MedicalRecord, person: str) -> Row:
    """Who was seen, by whom, of what."""
    visit = record.visit
    return {
        "person": person or None,
        "sex": _SEXES.get(visit.sex),
        "age": None if visit.age is None else int(visit.age),
        "department": visit.department or None,
        "doctor": _named(visit.attending),
        "disease": _disease(record),
    }


def _seen(record: MedicalRecord, arrived: datetime) -> Row:
    ordered = [order for order in record.orders or () if order.kind is OrderKind.DRUG]
    row = {
        "id": record.id,
        "date": _day(arrived),
        "kind": _KINDS[record.kind],
        "hour": arrived.astimezone(CHINA).hour,
    }
    told = record.orders is not None
    return row | {"drugs": bool(ordered) if told else None, "drug_kinds": len({o.text for o in ordered}) or None}


def _stay(record: MedicalRecord, admitted: datetime, ended: datetime) -> Row:
    begin, end = _day(admitted), _day(ended)
    page = record.front_page
    operations = (page.operations if page else None) or record.operations
    levels = [one.level for one in operations or () if one.level is not None]
    row: Row = {"id": record.id, "date": end, "admitted": begin, "days": max(1, (end - begin).days)}
    row["outcome"] = "died" if record.visit.died else _outcome(record.visit.way)
    row["operation_grade"] = max(levels, default=None)
    return row | {name: _amount(page.fields.get(title, "")) if page else None for name, title in _FEES.items()}


def _outcome(way: str) -> str | None:
    return next((code for words, code in _WAYS if words in way), None)


def _drugs(orders: Sequence[Order], setting: str, about: Row) -> Iterator[Row]:
    for order in orders:
        if order.kind is OrderKind.DRUG and order.at is not None:
            yield _ordered(order, order.at, setting, about) | {"drug": order.text or None}


def _tests(orders: Sequence[Order], results: Sequence[Result], setting: str, about: Row) -> Iterator[Row]:
    of_order: dict[str, list[Result]] = {}
    for result in results:
        of_order.setdefault(result.order, []).append(result)
    for order in orders:
        if order.kind in TESTS and order.at is not None:
            row = _ordered(order, order.at, setting, about) | {"kind": TESTS[order.kind], "item": order.text or None}
            # What was ordered was not taken from elsewhere.
            yield row | _answer(order.at, of_order.get(order.id, ())) | {"recognised": False}


def _answer(ordered: datetime, results: Sequence[Result]) -> Row:
    """How long until the whole answer came, and whether anything of it was critical."""
    reported = [one.reported for one in results if one.reported is not None]
    flagged = [one.critical for one in results if one.critical is not None]
    hours = round((max(reported) - ordered).total_seconds() / 3600, 2) if reported else None
    return {"hours": hours, "critical": any(flagged) if flagged else None}


def _ordered(order: Order, at: datetime, setting: str, about: Row) -> Row:
    shared = {name: about[name] for name in ("person", "department", "disease")}
    return {
        "id": order.id,
        "date": _day(at),
        "setting": setting,
        "doctor": _named(order.by) or about["doctor"],
        "amount": order.amount,
    } | shared


def _operations(operations: Sequence[Operation], setting: str, about: Row) -> Iterator[Row]:
    for one in operations:
        if one.at is not None:
            yield about | {
                "id": one.id,
                "date": _day(one.at),
                "setting": "inpatient" if setting == "inpatient" else "outpatient",
                "doctor": _named(one.surgeon) or about["doctor"],
                "code": one.code or None,
                "grade": one.level,
                "elective": None if one.emergency is None else not one.emergency,
            }


def _disease(record: MedicalRecord) -> str | None:
    """The category of the main diagnosis, else of the next that has a code."""
    return next(filter(None, map(_category, main_first(record))), None)


def main_first(record: MedicalRecord) -> list[Diagnosis]:
    """Diagnoses of the front page, else those that were made: the main one first, those on admission last."""
    given = (record.front_page.diagnoses if record.front_page else ()) or record.diagnoses or ()
    return sorted(given, key=lambda one: (not one.main, one.kind is DiagnosisKind.ADMISSION))


def _category(one: Diagnosis) -> str | None:
    found = _ICD.match(one.code.upper())
    return found[0] if found else None


def _named(doctor: Doctor | None) -> str | None:
    return (doctor.id or doctor.name or None) if doctor else None


def _day(at: datetime) -> date:
    return china_day(at)


def _amount(text: str) -> float | None:
    found = re.search(r"\d+(?:\.\d+)?", text.replace(",", ""))
    return float(found[0]) if found else None


__all__ = ["OF_ORDER", "OF_VISIT", "TESTS", "main_first", "rows_of", "who_of"]
