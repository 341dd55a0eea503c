"""Who prescribes, as a PractitionerRole says it: by name, else by number; signed, unsigned, or nobody says."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from clinical.logic import UNKNOWN, Known, Unknown
from exchange.fhir.context import read_context

NOW = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)
SIGNED = "https://example.org/StructureDefinition/prescription-signed"


@pytest.mark.parametrize(
    ("said", "name", "signed"),
    [
        ({"practitioner": {"display": "王某", "reference": "Practitioner/7"}}, "王某", UNKNOWN),
        ({"practitioner": {"reference": "Practitioner/7"}}, "7", UNKNOWN),
        ({"id": "r1"}, "r1", UNKNOWN),
        ({"code": [{"text": "主治医师"}]}, "", UNKNOWN),
        ({"id": "r1", "extension": [{"url": SIGNED, "valueBoolean": False}]}, "r1", False),
        ({"id": "r1", "extension": [{"url": SIGNED, "valueBoolean": True}]}, "r1", True),
    ],
)
def test_a_role_says_who_prescribes_and_whether_it_is_signed(
    said: dict[str, Any], name: str, signed: Known[bool]
) -> None:
    prefetch = {"practitionerRole": {"resourceType": "PractitionerRole", **said}}
    who = read_context({"patientId": "1"}, prefetch, NOW).context.prescriber
    assert not isinstance(who, Unknown)
    assert (who.name, who.signed) == (name, signed)
