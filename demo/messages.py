"""How the three institutions speak: the county hospital HL7 v2, the centre FHIR and shared documents, the clinic
tables. Each function gives the bytes that such a system sends."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import orjson

from clinical.coded import CHINA
from clinical.logic import Unknown
from clinical.person import Demographics
from exchange.fhir.person import patient
from exchange.rendered.cda import Signed, compose, write

Json = dict[str, Any]
EXAM_REPORT: Final = "C0006"
_FINDING, _CONCLUSION = "DE04.50.131.00", "DE04.50.132.00"


# -- HL7 v2 ----------------------------------------------------------------------------------


def hl7(kind: str, number: str, at: datetime, *segments: str) -> bytes:
    """A message of the county hospital's integration engine."""
    head = rf"MSH|^~\&|HIS|AD-XRMYY|YIGONG|LEAGUE|{_stamp(at)}||{kind}|{number}|P|2.4||||||UNICODE UTF-8"
    return ("\r".join((head, *segments)) + "\r").encode()


def pid(local_id: str, who: Demographics) -> str:
    """Who it is about."""
    sex = "U" if isinstance(who.sex, Unknown) else {"male": "M", "female": "F"}[who.sex.value]
    cards = "".join(f"~{d.number}^^^GA^NNCHN" for d in who.documents)
    fields = {1: "1", 3: f"{local_id}^^^HIS^MR{cards}", 5: who.name, 7: who.birth.replace("-", ""), 8: sex}
    fields |= {11: f"{who.address}^^^^^CHN^H", 13: next(iter(who.phones), ""), 22: who.ethnicity}
    return segment("PID", fields)


def segment(name: str, fields: Mapping[int, str]) -> str:
    return "|".join((name, *(fields.get(place, "") for place in range(1, max(fields) + 1))))


def visit(number: str, at: datetime, department: str) -> str:
    return segment(
        "PV1", {1: "1", 2: "O", 3: department, 7: "1001^赵医师", 10: department, 19: number, 44: _stamp(at)}
    )


def diagnosis(code: str, text: str, at: datetime) -> str:
    return segment("DG1", {1: "1", 3: f"{code}^{text}^I10", 5: _stamp(at), 6: "F"})


def results(number: str, at: datetime, *found: tuple[str, str, str, str, str]) -> list[str]:
    """OBR and OBX of a laboratory report; each result is LOINC code, text, value, unit, range."""
    order = {1: "1", 3: number, 4: f"{number}^生化检验^L", 7: _stamp(at), 22: _stamp(at), 24: "CH", 25: "F"}
    lines = [segment("OBR", order)]
    for place, (code, text, value, unit, span) in enumerate(found, start=1):
        said = {1: str(place), 2: "NM", 3: f"{code}^{text}^LN", 5: value, 6: unit, 7: span, 11: "F", 14: _stamp(at)}
        lines.append(segment("OBX", said))
    return lines


def prescription(number: str, at: datetime, drug: str, dose: str, unit: str, often: str, days: int) -> list[str]:
    order = {1: "NW", 2: number, 3: number, 9: _stamp(at), 12: "1001^赵医师"}
    what = {1: f"1^{often}^D{days}^{_stamp(at)[:8]}", 2: f"{number}^{drug}^L", 3: dose, 5: unit, 25: dose, 26: unit}
    return [segment("ORC", order), segment("RXE", what), "RXR|PO^口服"]


def _stamp(at: datetime) -> str:
    """Local time, as messages without a zone mean it."""
    return at.astimezone(CHINA).strftime("%Y%m%d%H%M%S")


# -- FHIR and shared documents ------------------------------------------------------------------


def bundle(number: str, *resources: Json) -> bytes:
    """A transaction of the centre's interface engine."""
    entries = [
        {"resource": r, "request": {"method": "PUT", "url": f"{r['resourceType']}/{r['id']}"}} for r in resources
    ]
    return orjson.dumps({"resourceType": "Bundle", "id": number, "type": "transaction", "entry": entries})


def organisation(number: str, tenant: str, name: str, kind: str, level: int, group: str) -> Json:
    """An institution as it registers itself."""
    made: Json = {"resourceType": "Organization", "id": number, "name": name, "active": True}
    made["identifier"] = [{"system": "urn:yigong:tenant", "value": tenant}]
    made["type"] = [{"coding": [{"code": kind}], "text": kind}]
    said: list[Json] = [{"url": f"{_OURS}recognition", "valueString": group}] if group else []
    said += [{"url": f"{_OURS}institution-level", "valueInteger": level}] if level else []
    return made | ({"extension": said} if said else {})


_OURS: Final = "https://yigong.cn/fhir/StructureDefinition/"


def person(local_id: str, who: Demographics) -> Json:
    return {**patient(who), "id": local_id}


def encounter(number: str, of: str, at: datetime, name: str) -> Json:
    return {
        "resourceType": "Encounter",
        "id": number,
        "identifier": [{"value": number}],
        "status": "finished",
        "class": {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "AMB"},
        "subject": {"reference": f"Patient/{of}"},
        "period": {"start": at.isoformat(), "end": at.isoformat()},
        "serviceProvider": {"display": name},
    }


def condition(number: str, of: str, code: str, text: str, at: datetime) -> Json:
    active = {"system": "http://terminology.hl7.org/CodeSystem/condition-clinical", "code": "active"}
    return {
        "resourceType": "Condition",
        "id": number,
        "clinicalStatus": {"coding": [active]},
        "code": {"coding": [{"system": "http://hl7.org/fhir/sid/icd-10", "code": code}], "text": text},
        "subject": {"reference": f"Patient/{of}"},
        "recordedDate": at.isoformat(),
    }


def observation(number: str, of: str, found: tuple[str, str, str, str, str], at: datetime) -> Json:
    code, text, value, unit, span = found
    laboratory = {"system": "http://terminology.hl7.org/CodeSystem/observation-category", "code": "laboratory"}
    return {
        "resourceType": "Observation",
        "id": number,
        "status": "final",
        "category": [{"coding": [laboratory]}],
        "code": {"coding": [{"system": "http://loinc.org", "code": code}], "text": text},
        "subject": {"reference": f"Patient/{of}"},
        "effectiveDateTime": at.isoformat(),
        "issued": at.isoformat(),
        "valueQuantity": {"value": float(value), "unit": unit},
        "referenceRange": [{"text": span}],
    }


def report(number: str, of: str, text: str, conclusion: str, at: datetime) -> Json:
    return {
        "resourceType": "DiagnosticReport",
        "id": number,
        "identifier": [{"value": number}],
        "status": "final",
        "category": [{"text": "检查"}],
        "code": {"text": text},
        "subject": {"reference": f"Patient/{of}"},
        "effectiveDateTime": at.isoformat(),
        "issued": at.isoformat(),
        "conclusion": conclusion,
    }


def document(number: str, at: datetime, name: str, resources: Sequence[Json], seen: str) -> bytes:
    """An examination report as a shared document (WS/T 500.6)."""
    doctor = {"type": "Practitioner", "identifier": {"value": "2002"}, "display": "吴医师"}
    keeper = {"type": "Organization", "identifier": {"value": "AM-ZXYY"}, "display": name}
    made = compose(EXAM_REPORT, number, resources, Signed(at.isoformat(), doctor, keeper), {_FINDING: seen})
    return write([*resources, made])


# -- tables ----------------------------------------------------------------------------------


def table(path: Path, rows: Sequence[Mapping[str, str]]) -> None:
    """A table as the clinic's system exports it, whole or not there."""
    part = path.with_suffix(".part")
    with part.open("w", encoding="utf-8", newline="") as file:
        made = csv.DictWriter(file, list(rows[0]))
        made.writeheader()
        made.writerows(rows)
    part.replace(path)
