"""What is worked out from several data shows each of them, with its time."""

from __future__ import annotations

from typing import Any

import pytest

from knowledge.snapshot import Snapshot
from tests.case_tables import ALL_FAMILIES, reviewed

HEPATIC = next(family for family in ALL_FAMILIES if family.name == "hepatic")
RESULTS = (("总胆红素", 70, "umol/L"), ("白蛋白", 24, "g/L"), ("国际标准化比值", 2.5, "1"))


def _asked(**changed: float) -> dict[str, Any]:
    observations = [
        {"text": text, "value": changed.get(text, value), "unit": unit, "time": "2026-11-20T08:00:00+08:00"}
        for text, value, unit in RESULTS
    ]
    patient = {
        "id": "P-1",
        "conditions": [{"text": "失代偿期肝硬化"}, {"text": "腹水"}],
        "observations": observations,
    }
    order = {"id": "o", "text": "伏立康唑片", "dose": 200, "unit": "mg", "route": "口服", "frequency": "q12h"}
    return {"patient": patient, "orders": [order]}


def test_a_reckoned_child_pugh_class_shows_what_it_rests_on(snapshot: Snapshot) -> None:
    answer = reviewed(snapshot, HEPATIC, _asked())
    (finding,) = [f for f in answer.findings if "Child-Pugh" in f.summary]
    shown = {datum.what: datum for datum in finding.data}
    assert {"总胆红素", "白蛋白", "国际标准化比值", "诊断"} <= shown.keys()
    assert shown["白蛋白"].value == "24 g/L"
    assert all(shown[text].time is not None for text, *_ in RESULTS)
    assert "总胆红素" not in finding.summary


@pytest.mark.parametrize("inr", [0, 0.2, 900])
def test_an_inr_that_nobody_can_have_is_not_reckoned_with(snapshot: Snapshot, inr: float) -> None:
    answer = reviewed(snapshot, HEPATIC, _asked(国际标准化比值=inr))
    assert not answer.faults
    assert not [f for f in answer.findings if "Child-Pugh" in f.summary]
