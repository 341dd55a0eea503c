"""A patient's picture as the API gives it."""

from __future__ import annotations

from typing import Any

import msgspec

from api.access import Principal
from api.person_record import MOST, PersonRecords, Record
from base import masking
from clinical.logic import Unknown
from inference.picture import picture
from supervision.done_twice import done_twice


def pictured(records: PersonRecords, found: Principal, patient: str, region: bool, why: str) -> dict[str, Any]:
    """The picture of a patient whom the caller may see, read and audited."""
    record = records.read(found, patient, region, why or "picture")
    known = record.told
    snapshot = known.served.snapshot
    twice = done_twice(record.stored, known.ever(), snapshot)
    made = picture(known.context, known.history, record.stored, snapshot, known.sent, twice)
    told: dict[str, Any] = msgspec.to_builtins(made)
    graph = {"nodes": told.pop("nodes"), "edges": told.pop("edges")}
    about: dict[str, Any] = {"release": snapshot.release, "asOf": known.context.as_of.isoformat(), "region": region}
    if record.glass:
        about["emergency"] = True
    if record.cut:
        about["cut"] = f"资料较多，仅含最近 {MOST} 条"
    return about | {"patient": _person(record, found)} | told | {"graph": graph}


def _person(record: Record, found: Principal) -> dict[str, Any]:
    """Who it is: without ``person.identify`` masked."""
    told = dict(next(iter(record.told.patients), {}))
    shown = told if found.may("person.identify") else masking.patient(told)
    years = record.told.context.age_years()
    fields = {
        "number": record.number,
        "name": _name(shown),
        "sex": str(told.get("gender", "")),
        "birthDate": str(shown.get("birthDate", "")),
        "ageYears": None if isinstance(years, Unknown) else years,
    }
    return {name: value for name, value in fields.items() if value not in ("", None)}


def _name(patient: dict[str, Any]) -> str:
    names = patient.get("name")
    first = names[0] if isinstance(names, list) and names and isinstance(names[0], dict) else {}
    return str(first.get("text") or f"{first.get('family', '')}{''.join(first.get('given', ()))}")
