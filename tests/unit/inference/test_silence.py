"""What it says that nobody mentioned a leading complaint (``silence.yaml``), on the starter release."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from clinical.patient import Sex
from inference.assessment import Assessment
from inference.diagnosis import Diagnoser
from inference.evidence import merged, of_names
from inference.explaining import Explainer
from inference.profiles import Whom
from knowledge.model import Predicate, Statement
from knowledge.snapshot import Snapshot

CASES = yaml.safe_load(Path(__file__).with_name("silence.yaml").read_text("utf-8"))


def assessed(snapshot: Snapshot, case: dict[str, Any]) -> Assessment:
    words = [*((w, True) for w in case["told"]), *((w, False) for w in case.get("denied", ()))]
    evidence, lost = of_names(words, snapshot)
    assert lost == []
    return Diagnoser.of(snapshot).assess(merged(evidence), Whom(case["years"] * 365.25, Sex.MALE))


def row_of(assessment: Assessment, name: str) -> int:
    snapshot = assessment.profiles.snapshot
    return next(row for row, one in enumerate(assessment.profiles.diseases) if snapshot.name(one) == name)


@pytest.mark.parametrize("case", CASES, ids=[case["says"] for case in CASES])
def test_silence_about_leading_complaints_speaks_against_a_disease_where_a_story_was_told(
    snapshot: Snapshot, case: dict[str, Any]
) -> None:
    silence = assessed(snapshot, case).silence
    row = row_of(assessed(snapshot, case), case["disease"])
    unsaid = [snapshot.name(said.subject) for said in silence.unsaid(row)]
    assert sorted(unsaid) == sorted(case["unsaid"])
    assert (silence.weights[row] < 0) == bool(case["unsaid"])


def test_where_nothing_was_told_every_disease_stays_where_it_was(snapshot: Snapshot) -> None:
    results_only = assessed(snapshot, {"years": 40, "told": ["白细胞升高"]})
    assert not results_only.silence.weights.any()


def test_the_more_is_told_the_surer_what_is_left_out_is_not_there(snapshot: Snapshot) -> None:
    short = assessed(snapshot, {"years": 3, "told": ["流涕"]})
    long = assessed(snapshot, {"years": 3, "told": ["流涕", "鼻塞", "打喷嚏"]})
    row = row_of(short, "手足口病")
    assert long.silence.weights[row] < short.silence.weights[row] < 0


def test_silence_is_shown_as_weak_with_its_source_and_never_as_denied(snapshot: Snapshot) -> None:
    assessment = assessed(snapshot, {"years": 3, "told": ["流涕", "鼻塞"]})
    grounds = list(Explainer(assessment).grounds(row_of(assessment, "手足口病")))
    silent = next(one for one in grounds if one.label.startswith("未提及"))
    assert set(silent.label.removeprefix("未提及").split("、")) == {"发热", "皮疹"}
    assert silent.bits < 0
    assert silent.evidence is None
    assert "不等于否认" in silent.note
    assert {one.source for one in silent.references}
    assert not [one.label for one in grounds if one.label in ("无发热", "无皮疹")]


def test_only_what_a_patient_feels_or_sees_can_be_told_unasked(snapshot: Snapshot) -> None:
    told = list(snapshot.saying(Predicate.TOLD_UNASKED, Statement))
    assert len(told) > 100
    concepts = [snapshot.concept(said.subject) for said in told]
    assert {one.attributes["dimension"] for one in concepts if one is not None} == {"symptom", "sign"}
    assert all(said.citations for said in told)


def test_a_patient_is_still_weighed_in_milliseconds(snapshot: Snapshot) -> None:
    case = {"years": 30, "told": ["发热", "咳嗽", "头痛", "乏力"], "denied": ["胸痛"]}
    assessed(snapshot, case)
    spent = []
    for _ in range(10):
        began = time.process_time()
        assert np.isfinite(assessed(snapshot, case).posterior).all()
        spent.append(time.process_time() - began)
    assert min(spent) < 0.02
