"""A question for treatments answered: the diagnoses understood, each with its options, as JSON."""

from __future__ import annotations

from typing import Final

from api.bedside import Bedside, TreatmentBody, concepts_of, diagnosed
from api.treatment_json import treatment_json
from clinical.logic import Unknown
from clinical.patient import ClinicalStatus
from exchange.fhir.values import Json
from inference.plan import Asked, plans_of
from inference.treatment import treatments

_MOST: Final = 10


def answered(bedside: Bedside, body: TreatmentBody) -> Json:
    """The answer to a question for treatments."""
    snapshot = bedside.served.snapshot
    found, lost = concepts_of(body.diagnoses, bedside.served.terminology)
    diagnoses = found if body.diagnoses else treatable(bedside)
    desk = diagnosed(bedside)
    made = treatments(
        bedside.patient,
        diagnoses[:_MOST],
        snapshot,
        desk.judge,
        day=bedside.day,
        asked=Asked(body.severity or "", body.situation.strip()),
    )
    answer: Json = {"release": snapshot.release, "treatments": [treatment_json(t, bedside) for t in made]}
    if lost:
        answer["notUnderstood"] = lost
    unmapped = bedside.not_understood()
    return answer | ({"unmapped": unmapped} if unmapped else {})


def treatable(bedside: Bedside) -> list[str]:
    """Active diagnoses that the release has plans for, the nearest concept of each."""
    snapshot, conditions = bedside.served.snapshot, bedside.patient.conditions
    found: dict[str, None] = {}
    for condition in () if isinstance(conditions, Unknown) else conditions:
        if condition.status is ClinicalStatus.ACTIVE:
            planned = (c for c in condition.what.concepts if plans_of(snapshot, c, bedside.day))
            found |= dict.fromkeys(list(planned)[:1])
    return list(found)
