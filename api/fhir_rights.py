"""What somebody needs to read or write a type of FHIR resources, and how they see it."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, Final

from api.errors import ApiError
from base import masking
from exchange.fhir.searching import PARAMETERS

_REGISTRY: Final = frozenset({"Organization", "Practitioner", "PractitionerRole", "Location", "HealthcareService"})
_PERSONAL: Final = frozenset({"Patient", "RelatedPerson"})


def permission(kind: str, act: str) -> str:
    """The permission for a type. Raises ``ApiError`` 404 for one that is not held."""
    if kind not in PARAMETERS:
        raise ApiError(404, "not-supported", f"本服务没有 {kind[:40]} 类资源，现有的见 /fhir/metadata")
    noun = "registry" if kind in _REGISTRY else "person" if kind == "Patient" else "record"
    return f"{noun}.{act}"


def shown(resource: dict[str, Any], held: Collection[str]) -> dict[str, Any]:
    """A resource as who holds these permissions sees it: without ``person.identify`` names and numbers are
    masked."""
    personal = resource.get("resourceType") in _PERSONAL
    return masking.patient(resource) if personal and "person.identify" not in held else resource
