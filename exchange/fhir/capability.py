"""What our FHIR server can do, as it says itself (CapabilityStatement)."""

from __future__ import annotations

from typing import Final

from exchange.fhir.searching import PARAMETERS
from exchange.message import Json

_INTERACTIONS: Final = ("read", "vread", "update", "delete", "history-instance", "create", "search-type")
_OPERATIONS: Final = {
    "Patient": (
        ("match", "http://hl7.org/fhir/OperationDefinition/Patient-match"),
        ("everything", "http://hl7.org/fhir/OperationDefinition/Patient-everything"),
    )
}

_SUBSCRIPTION: Final[Json] = {
    "type": "Subscription",
    "interaction": [{"code": code} for code in ("create", "read", "update", "delete", "search-type")],
    "searchParam": [{"name": "status", "type": "token"}],
    "documentation": "rest-hook; channel.endpoint must be on the allow-list",
}


def statement(base: str) -> Json:
    """The CapabilityStatement of the server at a URL."""
    return {
        "resourceType": "CapabilityStatement",
        "status": "active",
        "date": "2026-11-27",
        "kind": "instance",
        "software": {"name": "Yigong 医共"},
        "implementation": {"description": "医共体区域诊疗数据服务", "url": base},
        "fhirVersion": "4.0.1",
        "format": ["application/fhir+json"],
        "rest": [
            {
                "mode": "server",
                "interaction": [{"code": "transaction"}, {"code": "batch"}],
                "resource": [*(_resource(kind) for kind in sorted(PARAMETERS)), _SUBSCRIPTION],
            }
        ],
    }


def _resource(kind: str) -> Json:
    operations = [{"name": name, "definition": definition} for name, definition in _OPERATIONS.get(kind, ())]
    made: Json = {
        "type": kind,
        "interaction": [{"code": code} for code in _INTERACTIONS],
        "versioning": "versioned",
        "readHistory": True,
        "updateCreate": True,
        "searchParam": [{"name": name, "type": p.kind} for name, p in sorted(PARAMETERS[kind].items())],
    }
    return made | ({"operation": operations} if operations else {})
