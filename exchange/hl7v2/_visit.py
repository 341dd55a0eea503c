"""PV1, DG1, AL1, IAM, PR1: the visit, and what is known of the patient in it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from exchange.building import (
    SUBSETTED,
    coded,
    concept,
    digest,
    extension,
    identifier,
    listed,
    named,
    resource_id,
    slim,
    to,
)
from exchange.hl7v2._grammar import Segment, Text
from exchange.hl7v2._values import (
    coded_field,
    organisation_of,
    people_of,
    text_of,
    time_of,
)
from exchange.message import Json

_ACT: Final = "http://terminology.hl7.org/CodeSystem/v3-ActCode"
_NULL: Final = "http://terminology.hl7.org/CodeSystem/v3-NullFlavor"
_CLASSES: Final = {
    **dict.fromkeys(("I", "IP", "3", "住院", "B", "A"), "IMP"),
    **dict.fromkeys(("O", "OP", "1", "门诊", "R", "C", "T", "体检"), "AMB"),
    **dict.fromkeys(("E", "EP", "2", "急诊"), "EMER"),
    **dict.fromkeys(("P", "预入院"), "PRENC"),
    **dict.fromkeys(("H", "家庭病床"), "HH"),
}
"""HL7 table 0004, CV09.00.404 (患者类型) and words."""
_ROLES: Final = {7: "ATND", 8: "REF", 9: "CON", 17: "ADM"}
_TENTATIVE: Final = frozenset({"A", "W", "入院诊断", "门诊诊断", "初步诊断"})
_KINDS_OF_ALLERGY: Final = {
    **dict.fromkeys(("DA", "MA", "药物"), ("allergy", "medication")),
    **dict.fromkeys(("FA", "食物"), ("allergy", "food")),
    **dict.fromkeys(("EA", "LA", "AA", "PA", "环境"), ("allergy", "environment")),
}
_SEVERE: Final = frozenset({"SV", "S", "重度", "严重", "重"})
_MODERATE: Final = frozenset({"MO", "M", "中度", "中"})
_MILD: Final = frozenset({"MI", "轻度", "轻"})


class Visit:
    """What resources of one message share: the patient, the visit, the institution."""

    __slots__ = ("encounter", "institution", "patient")

    def __init__(self, message: Text, patient: str) -> None:
        pv1 = message.first("PV1")
        self.patient = to("Patient", patient)
        self.encounter = to("Encounter", visit_id(pv1)) if pv1 is not None else {}
        self.institution = organisation_of(message.segments[0], 4)


def visit_id(pv1: Segment) -> str:
    """The number of the visit (PV1-19, else PV1-50) as an id; empty without one."""
    number = pv1(19) or pv1(50)
    return resource_id(number) if number else ""


def encounter_of(message: Text, visit: Visit, status: str = "", mentioned: bool = False) -> list[Json]:
    """The Encounter of PV1; none without a number. ``status`` is what the event says, else what PV1 says. Raises
    ``MessageError``."""
    pv1 = message.first("PV1")
    if pv1 is None or not visit.encounter:
        return []
    start, end = time_of(pv1, 44), time_of(pv1, 45)
    made = slim(
        resourceType="Encounter",
        id=visit_id(pv1),
        meta=SUBSETTED if mentioned else None,
        identifier=[identifier(pv1(19) or pv1(50), kind="VN")],
        status=status or ("finished" if end else "in-progress"),
        class_=_class(pv1),
        type=listed(coded_field(pv1, 4)),
        serviceType=concept(text_of(pv1, 10) or pv1(3)),
        subject=visit.patient,
        participant=list(_participants(pv1)),
        period=slim(start=start, end=end if status != "in-progress" else None),
        reasonCode=listed(_reason(message)),
        location=_locations(pv1, status),
        serviceProvider=visit.institution,
        extension=list(_insurance(message)),
    )
    return [made]


def _class(pv1: Segment) -> Json:
    said = pv1(2)
    code = _CLASSES.get(said.upper())
    return slim(system=_ACT, code=code) if code else slim(system=_NULL, code="UNK", display=said)


def _participants(pv1: Segment) -> Iterator[Json]:
    for field, role in _ROLES.items():
        for person in people_of(pv1, field):
            yield {"type": [coded("v3-ParticipationType", role)], "individual": person}


def _reason(message: Text) -> Json:
    pv2 = message.first("PV2")
    return coded_field(pv2, 3) if pv2 is not None else {}


def _locations(pv1: Segment, status: str) -> list[Json]:
    """Where the patient lies (PV1-3), and lay before (PV1-6): ward, room, bed."""
    found = []
    for field, state in ((3, "planned" if status == "planned" else "active"), (6, "completed")):
        parts = [part for n in (1, 2, 3) if (part := pv1(field, n))]
        if parts:
            place = named("Location", "^".join(parts), pv1(field, 9) or " ".join(parts))
            found.append({"location": place, "status": state})
    return found


def _insurance(message: Text) -> Iterator[Json]:
    """What kind of insurance pays: the name of its plan (IN1-15, IN1-2)."""
    insurance = message.first("IN1")
    said = (text_of(insurance, 15) or insurance(2, 2)) if insurance is not None else ""
    if said:
        yield extension("insurance-type", valueString=said)


def known_of(message: Text, visit: Visit) -> Iterator[Json]:
    """Diagnoses, allergies and procedures that stand in a message beside what it is about."""
    yield from conditions(message.all("DG1"), visit)
    for al1 in message.all("AL1"):
        yield _allergy(al1, visit, 3, 4, 5)
    for iam in message.all("IAM"):
        if iam(6).upper() != "D":
            yield _allergy(iam, visit, 3, 4, 5, iam(7))
    for pr1 in message.all("PR1"):
        yield _procedure(pr1, visit)


def taken_back(message: Text, visit: Visit) -> Iterator[str]:
    """References to what DG1-21 and IAM-6 delete."""
    for dg1 in message.all("DG1"):
        if dg1(21).upper() == "D":
            yield f"Condition/{_condition_id(dg1, visit)}"
    for iam in message.all("IAM"):
        if iam(6).upper() == "D":
            yield f"AllergyIntolerance/{_allergy_id(iam, visit, 3, iam(7))}"


def conditions(segments: Iterable[Segment], visit: Visit) -> Iterator[Json]:
    """Diagnoses. Raises ``MessageError``."""
    for dg1 in segments:
        if dg1(21).upper() != "D":
            yield _condition(dg1, visit)


def _condition(dg1: Segment, visit: Visit) -> Json:
    code = coded_field(dg1, 3)
    if dg1(4) and not code.get("text"):
        code = code | {"text": dg1(4)}
    if not code:
        raise dg1.error(3, "诊断须有编码或文字，如 I10.x00^高血压^I10")
    doubtful = dg1(6).upper() in _TENTATIVE
    return slim(
        resourceType="Condition",
        id=_condition_id(dg1, visit),
        clinicalStatus=coded("condition-clinical", "active"),
        verificationStatus=coded("condition-ver-status", "provisional" if doubtful else "confirmed"),
        category=[coded("condition-category", "encounter-diagnosis")],
        code=code,
        subject=visit.patient,
        encounter=visit.encounter,
        recordedDate=time_of(dg1, 5),
        recorder=next(iter(people_of(dg1, 16)), None),
    )


def _condition_id(dg1: Segment, visit: Visit) -> str:
    """DG1-20, else what makes a diagnosis one: whose, in which visit, of what code or text."""
    if dg1(20):
        return resource_id(dg1(20))
    return resource_id(_owner(visit), "dg", digest(dg1(3) or dg1(3, 2) or dg1(4)))


def _owner(visit: Visit) -> str:
    reference: str = (visit.encounter or visit.patient)["reference"]
    return reference.partition("/")[2]


def _allergy(segment: Segment, visit: Visit, what: int, severity: int, reaction: int, number: str = "") -> Json:
    code = coded_field(segment, what)
    if not code:
        raise segment.error(what, "须写明过敏原，如 ^青霉素")
    kind, group = _KINDS_OF_ALLERGY.get(segment(2).upper(), ("", ""))
    severe = segment(severity).upper()
    shown = [concept(text) for cell in segment.cells(reaction) if (text := cell(2) or cell(1))]
    return slim(
        resourceType="AllergyIntolerance",
        id=_allergy_id(segment, visit, what, number),
        clinicalStatus=coded("allergyintolerance-clinical", "active"),
        type=kind,
        category=[group] if group else None,
        criticality="high" if severe in _SEVERE else None,
        code=code,
        patient=visit.patient,
        recordedDate=time_of(segment, 6) if segment.name == "AL1" else time_of(segment, 13),
        reaction=[slim(manifestation=shown, severity=_severity(severe))] if shown else None,
    )


def _severity(said: str) -> str:
    return "severe" if said in _SEVERE else "moderate" if said in _MODERATE else "mild" if said in _MILD else ""


def _allergy_id(segment: Segment, visit: Visit, what: int, number: str) -> str:
    patient = visit.patient["reference"].partition("/")[2]
    return resource_id(patient, "al", number or digest(segment(what) or segment(what, 2)))


def _procedure(pr1: Segment, visit: Visit) -> Json:
    code = coded_field(pr1, 3) or concept(pr1(4))
    if not code:
        raise pr1.error(3, "手术操作须有编码或文字，如 47.0100^阑尾切除术^I9CP")
    when = time_of(pr1, 5)
    return slim(
        resourceType="Procedure",
        id=resource_id(pr1(19) or f"{_owner(visit)}.pr.{digest(pr1(3) or pr1(3, 2) or pr1(4), when)}"),
        status="completed",
        code=code,
        subject=visit.patient,
        encounter=visit.encounter,
        performedDateTime=when,
        performer=[{"actor": person} for person in people_of(pr1, 11)],
    )
