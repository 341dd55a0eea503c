"""A release of a few records, compiled and served in no time, for tests of what a release does."""

from __future__ import annotations

from typing import Any, Final

from api.bootstrap import House
from knowledge import release
from knowledge.model import (
    Citation,
    Concept,
    ConceptKind,
    Predicate,
    Record,
    Rule,
    RuleCase,
    Source,
    Statement,
    Status,
)
from knowledge.store import Change

LABEL: Final = Source("label:a", "甲药说明书", "label")
DRUG_A: Final = Concept("ingredient:drug-a", ConceptKind.INGREDIENT, "甲药")
DRUG_B: Final = Concept("ingredient:drug-b", ConceptKind.INGREDIENT, "乙药")
INTERACTION: Final = Statement(
    "s:a-b",
    DRUG_A.id,
    Predicate.INTERACTS_WITH,
    DRUG_B.id,
    {"severity": "major", "reason": "出血", "advice": "换药"},
    (Citation(LABEL.id, "【药物相互作用】"),),
)
RULE: Final = Rule(
    "rule:b-after-meal",
    "乙药餐后服用",
    "authored",
    'orders("乙药")',
    "moderate",
    "乙药应餐后服用",
    "餐后服用。",
    citations=(Citation(LABEL.id, "【用法用量】"),),
    evidence="moderate",
    cases=(RuleCase("开了", {'orders("乙药")': True}, "fired"),),
)
PATIENT: Final[dict[str, Any]] = {
    "id": "P-1",
    "sex": "男",
    "birthDate": "1960-01-01",
    "conditions": [],
    "allergies": [],
    "observations": [],
    "medications": [{"id": "a", "text": "甲药", "start": "2025-01-01"}],
}


def _bundle(*resources: Any) -> dict[str, Any]:
    return {"resourceType": "Bundle", "type": "searchset", "entry": [{"resource": one} for one in resources]}


def _drug(id_: str, status: str, text: str) -> dict[str, Any]:
    dosage = {
        "timing": {"code": {"text": "qd"}, "repeat": {"boundsDuration": {"value": 3, "unit": "d"}}},
        "route": {"text": "口服"},
        "doseAndRate": [{"doseQuantity": {"value": 1, "unit": "g"}}],
    }
    return {
        "resourceType": "MedicationRequest",
        "id": id_,
        "status": status,
        "intent": "order",
        "subject": {"reference": "Patient/P-1"},
        "medicationCodeableConcept": {"text": text},
        "dosageInstruction": [dosage],
    }


ORDER: Final[dict[str, Any]] = {"text": "乙药", "dose": 1, "unit": "g", "route": "口服", "frequency": "qd", "days": 3}
ASKED: Final[dict[str, Any]] = {"patient": PATIENT, "orders": [{"id": "b", **ORDER}], "stage": "order-sign"}
"""Somebody who takes the one drug and is to get the other: the interaction and the rule alert."""
CALL: Final[dict[str, Any]] = {
    "hook": "order-sign",
    "hookInstance": "1",
    "context": {
        "userId": "Practitioner/1",
        "patientId": "P-1",
        "draftOrders": _bundle(_drug("b", "draft", "乙药")),
    },
    "prefetch": {
        "patient": {"resourceType": "Patient", "id": "P-1", "gender": "male", "birthDate": "1960-01-01"},
        "conditions": _bundle(),
        "allergies": _bundle(),
        "observations": _bundle(),
        "medications": _bundle(_drug("a", "active", "甲药")),
    },
}
"""The same over CDS Hooks."""


def published(house: House, *records: Record) -> str:
    """Approve records as they are given and publish all that is approved; gives the release."""
    house.store.write([Change(record, "edited", Status.APPROVED, "wang") for record in records])
    return release.publish(house.store, house.releases, house.key, (), "wang").release
