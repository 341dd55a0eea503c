"""A day of order-sign calls: the right prescriptions of the two first audits, and after every twenty a planted error.

The audits (``tests/audit``) were written by hands that did not write the knowledge. One error in twenty is a working
assumption: many, where a prescription comment finds a few in a hundred that are not right, most of them slighter.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import orjson

from api.openapi import EXAMPLES
from benchmarks.noise import tables
from benchmarks.sample import bundle, condition, drug, result

_RIGHT_TO_WRONG: Final = 20
_NOT_PREGNANT: Final = {
    "code": {"coding": [{"system": "http://loinc.org", "code": "82810-3"}]},
    "valueString": "未孕",
}


def bodies() -> list[bytes]:
    """The requests, every one once. Of the errors, prescriptions of a patient who is not pregnant and has no allergy."""
    right, errors = tables("quiet"), [told for told in tables("caught") if _is_plain(told)]
    wrong = iter(errors[:: max(len(errors) * _RIGHT_TO_WRONG // len(right), 1)])
    sent: list[dict[str, Any]] = []
    for place, told in enumerate(right, 1):
        sent.append(told)
        if place % _RIGHT_TO_WRONG == 0:
            sent.append(next(wrong))
    return [orjson.dumps(_body(told)) for told in sent]


def _is_plain(told: Mapping[str, Any]) -> bool:
    patient = told["patient"]
    said = (
        patient.get("pregnancy", {}).get("pregnant"),
        patient.get("lactating"),
        patient["allergies"],
        patient["reports"],
    )
    return not any(said) and all("dose" in order for order in told["orders"])


def _body(told: Mapping[str, Any]) -> dict[str, Any]:
    patient, example = told["patient"], EXAMPLES["order-sign"]
    results = [
        result(n, one["text"], one["value"], one.get("unit", "")) for n, one in enumerate(patient["observations"])
    ]
    if "pregnancy" in patient:
        results.append({"resource": results[0]["resource"] | _NOT_PREGNANT})
    person = {"gender": "male" if patient["sex"] == "男" else "female", "birthDate": patient["birthDate"]}
    given = {
        "patient": example["prefetch"]["patient"] | person,
        "conditions": bundle(condition(n, one["text"]) for n, one in enumerate(patient["conditions"])),
        "allergies": bundle(()),
        "medications": bundle(drug(f"a{n}", "active", **_dosed(one)) for n, one in enumerate(patient["medications"])),
        "observations": bundle(results),
        "reports": bundle(()),
    }
    drafts = bundle(drug(f"n{n}", "draft", **_dosed(one)) for n, one in enumerate(told["orders"]))
    return example | {"context": example["context"] | {"draftOrders": drafts}, "prefetch": given}


def _dosed(order: Mapping[str, Any]) -> dict[str, Any]:
    return {"often" if key == "frequency" else key: value for key, value in order.items()}
