"""How fast messages are checked, and how fast and how well maps are proposed."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks import SHARED
from knowledge.naming import normal_name
from records.code_systems import Concept
from records.map_proposals import Proposer
from records.quality import Context, shipped_set

NOW = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)


class Checking(NamedTuple):
    """Resources checked, and how many a second of one core."""

    resources: int
    rules: int
    per_second: float


class Proposing(NamedTuple):
    """Names proposed for, shares that are right first and among the first five, and milliseconds a name."""

    names: int
    first: float
    five: float
    milliseconds: float


def messages(number: int) -> Iterator[list[dict[str, Any]]]:
    """Messages of ten resources: a patient, a stay, eight results."""
    for n in range(number):
        subject, stay = {"reference": f"Patient/p{n}"}, {"reference": f"Encounter/e{n}"}
        patient = {
            "resourceType": "Patient",
            "id": f"p{n}",
            "name": [{"text": "王小明"}],
            "gender": "female",
            "birthDate": "1949-12-31",
            "identifier": [{"system": "urn:oid:2.16.156.10011.1.3", "value": "11010519491231002X"}],
            "telecom": [{"system": "phone", "value": "13800138000"}],
            "address": [{"text": "阿拉善左旗巴彦浩特镇西花园街1号"}],
        }
        visit = {
            "resourceType": "Encounter",
            "id": f"e{n}",
            "status": "finished",
            "class": {"code": "IMP"},
            "subject": subject,
            "period": {"start": "2026-11-20T08:00:00+08:00", "end": "2026-11-23T08:00:00+08:00"},
            "serviceType": {"text": "心内科"},
            "serviceProvider": {"display": "旗人民医院"},
            "participant": [{"individual": {"display": "李医生"}}],
        }
        results = [
            {
                "resourceType": "Observation",
                "id": f"o{n}-{place}",
                "status": "final",
                "category": [{"coding": [{"code": "laboratory"}]}],
                "code": {"text": "血钾", "coding": [{"system": "http://loinc.org", "code": "2823-3"}]},
                "subject": subject,
                "encounter": stay,
                "effectiveDateTime": f"2026-11-22T08:{place:02}:{n % 60:02}+08:00",
                "issued": f"2026-11-22T09:{place:02}:{n % 60:02}+08:00",
                "valueQuantity": {"value": 4 + place / 10, "unit": "mmol/L"},
                "interpretation": [{"coding": [{"code": "N"}]}],
                "referenceRange": [
                    {"low": {"value": 3.5, "unit": "mmol/L"}, "high": {"value": 5.3, "unit": "mmol/L"}}
                ],
            }
            for place in range(8)
        ]
        yield [patient, visit, *results]


def check(number: int = 2_000) -> Checking:
    """Check messages with the shipped rules, on one core."""
    rules, sent = shipped_set(), list(messages(number))
    context = Context("league/a/h1", NOW, NOW)
    rules.check(sent[0], context)  # units are read once
    begin = time.process_time()
    for resources in sent:
        rules.check(resources, context)
    took = time.process_time() - begin
    return Checking(10 * number, sum(rule.scope == "intake" for rule in rules.rules), 10 * number / took)


def propose(shared: Path) -> Proposing | None:
    """Propose ICD-9-CM-3 names for operations as doctors wrote them; None where the data is not here."""
    table, names = shared / "icd/icd9cm3_procedures_zh.tsv", shared / "clinical_terms_norm/procedure_terms_train.csv"
    if not table.exists() or not names.exists():
        return None
    standard = [line.split("\t") for line in table.read_text("utf-8").splitlines()]
    known = {normal_name(row[1]) for row in standard}
    pairs = [line.split("\t") for line in names.read_text("utf-8").splitlines()[1:]]
    asked = [(written, normal_name(wanted)) for written, wanted in pairs if normal_name(wanted) in known]
    proposer = Proposer("procedure", [Concept(row[0], row[1]) for row in standard])
    begin = time.process_time()
    found = proposer.propose([("", written) for written, _ in asked], 15)
    took = time.process_time() - begin
    named = [list(dict.fromkeys(normal_name(p.display) for p in proposals)) for proposals in found]
    first = sum(wanted in names_[:1] for names_, (_, wanted) in zip(named, asked, strict=True))
    five = sum(wanted in names_[:5] for names_, (_, wanted) in zip(named, asked, strict=True))
    return Proposing(len(asked), first / len(asked), five / len(asked), 1000 * took / len(asked))


def report(shared: Path = SHARED) -> None:
    """Measure and print."""
    checked = check()
    print(
        f"  quality: {checked.resources} resources, {checked.rules} rules: {checked.per_second:,.0f} resources/s a core, "
        f"100,000 in {100_000 / checked.per_second:.0f} s",
        flush=True,
    )
    made = propose(shared)
    if made is not None:
        print(
            f"  maps: {made.names} names, first {made.first:.1%}, first five {made.five:.1%}, "
            f"{made.milliseconds:.1f} ms a name",
            flush=True,
        )


if __name__ == "__main__":
    report()
