"""Two synthetic patients with ten active drugs, three new ones, diagnoses, allergies, results: one whose new
drugs alert eleven times, and one whose new drugs suit him, as most orders do."""

from __future__ import annotations

import copy
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from api.openapi import EXAMPLES
from clinical.coded import CHINA

ACTIVE = (
    ("华法林钠片", 2.5, "mg", "qd"),
    ("阿托伐他汀钙片", 20, "mg", "qn"),
    ("盐酸二甲双胍缓释片(Ⅱ)", 0.5, "g", "bid"),
    ("苯磺酸氨氯地平片", 5, "mg", "qd"),
    ("酒石酸美托洛尔片", 25, "mg", "bid"),
    ("螺内酯片", 20, "mg", "qd"),
    ("地高辛片", 0.125, "mg", "qd"),
    ("奥美拉唑肠溶胶囊", 20, "mg", "qd"),
    ("缬沙坦胶囊", 80, "mg", "qd"),
    ("别嘌醇片", 0.1, "g", "tid"),
)
NEW = (
    ("克拉霉素片 0.25g*6片", 0.5, "g", "bid"),
    ("布洛芬缓释胶囊", 0.3, "g", "bid"),
    ("注射用头孢哌酮钠舒巴坦钠", 3, "g", "q12h"),
)
_RESULTS = (
    ("血肌酐", 132, "umol/L"),
    ("血钾", 5.1, "mmol/L"),
    ("丙氨酸氨基转移酶", 38, "U/L"),
    ("体重", 62, "kg"),
    ("身高", 168, "cm"),
)
_CONDITIONS = (
    ("心房颤动", "I48.900"),
    ("2型糖尿病", "E11.900"),
    ("高血压病3级", "I10.x00"),
    ("痛风", "M10.900"),
    ("高脂血症", "E78.500"),
    ("社区获得性肺炎", "J18.900"),
)


QUIET = (
    ("苯磺酸氨氯地平片", 5, "mg", "qd"),
    ("缬沙坦胶囊", 80, "mg", "qd"),
    ("阿托伐他汀钙片", 20, "mg", "qn"),
    ("盐酸二甲双胍缓释片(Ⅱ)", 0.5, "g", "bid"),
    ("阿卡波糖片", 50, "mg", "tid"),
    ("利格列汀片", 5, "mg", "qd"),
    ("甲钴胺片", 0.5, "mg", "tid"),
    ("多潘立酮片", 10, "mg", "tid"),
    ("氯雷他定片", 10, "mg", "qd"),
    ("碳酸钙D3片", 1, "片", "qd"),
)
SUITING = (
    ("阿莫西林胶囊 0.25g*24粒", 0.5, "g", "tid"),
    ("对乙酰氨基酚片", 0.5, "g", "tid"),
    ("盐酸氨溴索片", 30, "mg", "tid"),
)


def request(alerting: bool = True) -> dict[str, Any]:
    """The order-sign request body (about 11 kB)."""
    active, new = (ACTIVE, NEW) if alerting else (QUIET, SUITING)
    body = copy.deepcopy(EXAMPLES["order-sign"])
    body["context"]["draftOrders"]["entry"] = [drug(f"n{i}", "draft", *d) for i, d in enumerate(new)]
    fetched = body["prefetch"]
    fetched["medications"]["entry"] = [drug(f"a{i}", "active", *d) for i, d in enumerate(active)]
    fetched["conditions"]["entry"] = [condition(i, *c) for i, c in enumerate(_CONDITIONS)]
    if not alerting:
        fetched["allergies"] = bundle(())
    fetched["observations"]["entry"] = [*(result(i, *r) for i, r in enumerate(_RESULTS)), _skin_test()]
    fetched["encounter"] = {
        "resourceType": "Encounter",
        "id": "e1",
        "status": "in-progress",
        "class": {"code": "AMB"},
    }
    fetched["practitionerRole"] = {"resourceType": "PractitionerRole", "id": "r1", "code": [{"text": "主治医师"}]}
    fetched["reports"] = bundle(())
    return body


def strangers(number: int) -> list[dict[str, Any]]:
    """So many requests whose orders suit, each of a patient who was never asked about: no id and no moment of one
    stands in another, so that nothing that was read before is read again."""
    model = request(False)
    return [_another(model, n) for n in range(number)]


def _another(value: Any, number: int, field: str = "") -> Any:
    if isinstance(value, dict):
        return {key: _another(part, number, key) for key, part in value.items()}
    if isinstance(value, list):
        return [_another(part, number) for part in value]
    if field in ("id", "patientId", "encounterId"):
        return f"{value}-{number}"
    if field == "reference" and value.startswith("Patient/"):
        return f"{value}-{number}"
    if field in ("authoredOn", "effectiveDateTime", "recordedDate", "onsetDateTime"):
        return (datetime.fromisoformat(value) - timedelta(seconds=number)).isoformat(timespec="seconds")
    return value


def bundle(entries: Iterable[dict[str, Any]]) -> dict[str, Any]:
    """Entries as the answer to a search."""
    return {"resourceType": "Bundle", "type": "searchset", "entry": list(entries)}


def _ago(days: int) -> str:
    """So long ago: at a fixed date drugs would have run out and results grown old by the next benchmark."""
    return (datetime.now(CHINA) - timedelta(days=days)).isoformat(timespec="seconds")


def _skin_test() -> dict[str, Any]:
    """A negative penicillin skin test of this morning."""
    made = result(99, "青霉素皮试", "阴性")
    made["resource"]["effectiveDateTime"] = _ago(0)
    return made


def drug(
    key: str, status: str, text: str, dose: float, unit: str, often: str, route: str = "", days: int = 5
) -> dict[str, Any]:
    """An entry with a MedicationRequest; by mouth unless the route or the name says otherwise."""
    return {
        "resource": {
            "resourceType": "MedicationRequest",
            "id": key,
            "status": status,
            "intent": "order",
            "subject": {"reference": "Patient/P-0001"},
            "authoredOn": _ago(0 if status == "draft" else 3),
            "requester": {"reference": "Organization/county-1", "display": "县人民医院"},
            "medicationCodeableConcept": {"text": text},
            "dispenseRequest": {"expectedSupplyDuration": {"value": days, "unit": "天", "code": "d"}},
            "dosageInstruction": [
                {
                    "timing": {"code": {"text": often}},
                    "route": {"text": route or ("静脉滴注" if "注射" in text else "口服")},
                    "doseAndRate": [{"doseQuantity": {"value": dose, "unit": unit}}],
                }
            ],
        }
    }


def condition(number: int, text: str, code: str = "") -> dict[str, Any]:
    """An entry with a Condition of three months ago."""
    coding = {"system": "http://hl7.org/fhir/sid/icd-10", "code": code}
    return {
        "resource": {
            "resourceType": "Condition",
            "id": f"c{number}",
            "subject": {"reference": "Patient/P-0001"},
            "recordedDate": _ago(90),
            "code": {"text": text} | ({"coding": [coding]} if code else {}),
        }
    }


def result(number: int, text: str, value: float | str, unit: str = "") -> dict[str, Any]:
    """An entry with an Observation of a week ago: a quantity, or a finding in words."""
    valued = {"valueString": value} if isinstance(value, str) else {"valueQuantity": {"value": value, "unit": unit}}
    return {
        "resource": {
            "resourceType": "Observation",
            "id": f"o{number}",
            "status": "final",
            "subject": {"reference": "Patient/P-0001"},
            "effectiveDateTime": _ago(7),
            "performer": [{"reference": "Organization/county-1", "display": "县人民医院"}],
            "code": {"text": text},
            **valued,
        }
    }
