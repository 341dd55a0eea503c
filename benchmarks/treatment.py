"""How long a patient's treatment takes to work out, how long the risks, and how much the starter plans cover."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

from api.app import build
from api.bedside import Ward, diagnosed
from api.bootstrap import House, ensure_release, open_house
from api.gates import GATES
from api.regional import Regional
from base.settings import Settings
from exchange.plain import PlainReview, read
from inference.plan import plans_of
from inference.risk import risks
from inference.treatment import treatments
from knowledge.model import ConceptKind

NOW = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)
PATIENT: dict[str, Any] = {
    "id": "1",
    "sex": "男",
    "birthDate": "1950-01-01",
    "weightKg": 60,
    "conditions": [{"text": "高血压"}, {"text": "2型糖尿病"}, {"text": "痛风"}],
    "allergies": [{"text": "青霉素"}],
    "medications": [
        {"id": "m1", "text": "氢氯噻嗪片", "dose": 25, "unit": "mg", "route": "口服", "frequency": "qd"},
        {"id": "m2", "text": "阿司匹林肠溶片", "dose": 100, "unit": "mg", "route": "口服", "frequency": "qd"},
    ],
    "observations": [
        {"text": "血肌酐", "value": 180, "unit": "umol/L", "time": "2026-11-23T08:00:00+08:00"},
        {"text": "呼吸频率", "value": 26, "unit": "次/分", "time": "2026-11-24T08:00:00+08:00"},
        {"text": "收缩压", "value": 92, "unit": "mmHg", "time": "2026-11-24T08:00:00+08:00"},
    ],
}


class Covered(NamedTuple):
    """Diseases with plans of their own, rows, and rows with a dose."""

    diseases: int
    rows: int
    dosed: int


def report() -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory(dir=None) as folder:
        house = open_house(Settings(data_dir=Path(folder)))
        ensure_release(house, GATES)
        _print(house)
        house.engine.dispose()


def _print(house: House) -> None:
    import msgspec

    app = build(house)
    ward = Ward(app.state.front.reviewer, Regional(app.state.front.region))
    plain = msgspec.convert({"patient": PATIENT, "orders": []}, PlainReview, strict=False)
    bedside = ward.at(read(plain, NOW))
    snapshot, desk = bedside.served.snapshot, diagnosed(bedside)
    found = covered(bedside)
    print(f"  plans: {found.diseases} diseases, {found.rows} rows, {found.dosed} with a dose", flush=True)
    diagnoses = ["disease:hypertension", "disease:type-2-diabetes"]
    options = treatments(bedside.patient, diagnoses, snapshot, desk.judge, day=bedside.day)
    count = sum(len(group.options) for treatment in options for group in treatment.groups)
    took = _milliseconds(
        lambda: treatments(bedside.patient, diagnoses, snapshot, desk.judge, day=bedside.day), times=15
    )
    print(f"  treatment of two diagnoses, {count} options, each drug judged: median {took:.0f} ms", flush=True)
    took = _milliseconds(lambda: risks(bedside.patient, snapshot), times=30)
    print(f"  all risks by published scores: median {took:.1f} ms", flush=True)


def covered(bedside: Any) -> Covered:
    """How much the release holds."""
    snapshot = bedside.served.snapshot
    diseases = [c.id for c in snapshot.concepts() if c.kind is ConceptKind.DISEASE]
    own = {d: [p for p in plans_of(snapshot, d, bedside.day) if p.disease == d] for d in diseases}
    rows = [plan for plans in own.values() for plan in plans]
    return Covered(sum(map(bool, own.values())), len(rows), sum(plan.amount is not None for plan in rows))


def _milliseconds(work: Callable[[], Any], times: int) -> float:
    work()
    taken = []
    for _ in range(times):
        began = time.perf_counter()
        work()
        taken.append((time.perf_counter() - began) * 1000)
    return median(taken)


if __name__ == "__main__":
    report()
