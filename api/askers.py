"""Where, by whom and for which disease something is asked, as those who count know it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from api.access import Principal
from api.bedside import AskerBody, Bedside, Diagnosis, codes_of, concepts_of
from api.serving import Served
from clinical.coded import Coded
from clinical.codes import Icd10
from clinical.logic import Unknown
from clinical.patient import ClinicalStatus, PatientContext
from exchange.fhir.values import Json
from records.uses import Asker

_ICD10: Final = ("icd-10", "icd-10-prefix")
_CATEGORY: Final = 3
"""So many characters of an ICD-10 code name its category."""
_PRACTITIONER: Final = "Practitioner/"


def asker(
    caller: Principal, body: AskerBody, bedside: Bedside | None = None, named: Sequence[str | Diagnosis] = ()
) -> Asker:
    """Who uses inference: as the request says, else the record that came with it, else the panel that asks. ``named``
    are diagnoses that the request is about."""
    panel, department, doctor = caller.launch, body.department, body.prescriber.name if body.prescriber else ""
    if bedside is not None:
        department = department or bedside.patient.department
        doctor = doctor or prescriber(bedside.patient)
    if panel is not None:
        department, doctor = department or panel.department, doctor or panel.user
    disease = "" if bedside is None else disease_of(bedside.patient, bedside.served, named)
    return Asker(caller.tenant, department, doctor, disease)


def doctor_of(request: Json, patient: PatientContext) -> str:
    """The institution's number of whoever asked, else the name of the prescriber."""
    user = str((request.get("context") or {}).get("userId", ""))
    return user.removeprefix(_PRACTITIONER) if user.startswith(_PRACTITIONER) else prescriber(patient)


def prescriber(patient: PatientContext) -> str:
    return "" if isinstance(patient.prescriber, Unknown) else patient.prescriber.name


def disease_of(patient: PatientContext, served: Served | None, named: Sequence[str | Diagnosis] = ()) -> str:
    """The ICD-10 category of what is named, else of the first active diagnosis that has one; ``served`` is the
    release by which diagnoses without a code are understood, where there is one."""
    if named and served is not None:
        return next((one for said in named for one in _said(said, served)), "")
    known = () if isinstance(patient.conditions, Unknown) else patient.conditions
    active = (condition.what for condition in known if condition.status is ClinicalStatus.ACTIVE)
    return next((one for what in active for one in _category(what, served)), "")


def _said(named: str | Diagnosis, served: Served) -> Iterator[str]:
    """By the code that a question names, else by the disease that is meant."""
    own = () if isinstance(named, str) else codes_of(named)
    if own:
        yield from _category(Coded("", own), served)
    else:
        yield from _single(concepts_of((named,), served.terminology)[0], served)


def _category(what: Coded, served: Served | None) -> Iterator[str]:
    """By the code that was sent, else by the disease that is meant."""
    own = [code.value[:_CATEGORY] for code in what.codes if isinstance(code, Icd10)]
    if own:
        yield own[0]
    elif served is not None:
        yield from _single(served.terminology.disease(what), served)


def _single(concepts: Sequence[str], served: Served) -> Iterator[str]:
    """The category that diseases are of, where they are of one only."""
    known = filter(None, map(served.snapshot.concept, concepts))
    found = {code.code[:_CATEGORY] for one in known for code in one.codes if code.system in _ICD10}
    if len(found) == 1:
        yield from found
