"""What of a review is shown: thresholds, suppression with reason and expiry, merging, order."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from clinical.finding import Finding, Reference, Review, Severity
from rules.policy import DEFAULT, Policy, PolicyError, Scope, Suppression, Threshold, apply, load

TODAY = date(2026, 11, 24)


def finding(rule: str, severity: Severity, **changed: Any) -> Finding:
    given: dict[str, Any] = {
        "family": "interaction",
        "rule_id": rule,
        "rule_version": "1",
        "severity": severity,
        "summary": rule,
        "detail": "",
        "orders": ("o1",),
        "references": (Reference(rule, "来源", standing="starter"),),
    }
    return Finding(**{**given, **changed})


def shown(policy: Policy, *findings: Finding, department: str = "", stage: str = "") -> list[str]:
    return [f.rule_id for f in apply(Review("r", findings), policy, TODAY, department, stage).findings]


MAJOR = finding("a", Severity.MAJOR)
MINOR = finding("b", Severity.MINOR)
WORST = finding("c", Severity.CONTRAINDICATED)


def test_the_worst_comes_first() -> None:
    assert shown(DEFAULT, MINOR, MAJOR, WORST) == ["c", "a", "b"]


def test_a_threshold_hides_what_is_less_severe_and_says_why() -> None:
    policy = Policy(thresholds=(Threshold(Severity.MODERATE),))
    review = apply(Review("r", (MINOR, MAJOR)), policy, TODAY)
    assert [f.rule_id for f in review.findings] == ["a"]
    assert [(s.finding.rule_id, s.reason) for s in review.suppressed] == [("b", "低于机构设置的提示级别 (moderate)")]


def test_the_more_specific_threshold_counts() -> None:
    policy = Policy(
        thresholds=(
            Threshold(Severity.MAJOR),
            Threshold(Severity.MINOR, family="interaction", scope=Scope(departments=("ICU",))),
        )
    )
    assert shown(policy, MINOR, department="ICU") == ["b"]
    assert shown(policy, MINOR, department="门诊") == []


def test_no_threshold_hides_a_contraindication() -> None:
    assert shown(Policy(thresholds=(Threshold(Severity.CONTRAINDICATED),)), WORST, MAJOR) == ["c"]


def test_a_suppression_names_who_why_and_until_when() -> None:
    hide = Suppression("c", "本院已有流程", "药学部 王", date(2026, 12, 1))
    review = apply(Review("r", (WORST,)), Policy(suppressions=(hide,)), TODAY)
    assert review.findings == ()
    assert "药学部 王" in review.suppressed[0].reason
    assert "本院已有流程" in review.suppressed[0].reason
    expired = Suppression("c", "本院已有流程", "药学部 王", date(2026, 11, 1))
    assert shown(Policy(suppressions=(expired,)), WORST) == ["c"]


def test_secondary_sources_are_quiet_until_they_are_moderate() -> None:
    loose = (Reference("d", "DDInter", standing="secondary"),)
    small, enough = (
        finding("d", Severity.MINOR, references=loose),
        finding("e", Severity.MODERATE, references=loose),
    )
    assert shown(DEFAULT, small, enough) == ["e"]


def test_findings_of_one_cause_are_one_finding_with_all_references() -> None:
    first = finding("a", Severity.MAJOR, cause="x")
    second = finding("b", Severity.MODERATE, cause="x")
    review = apply(Review("r", (second, first)), DEFAULT, TODAY)
    (only,) = review.findings
    assert only.rule_id == "a"
    assert [r.statement for r in only.references] == ["a", "b"]


def test_no_more_than_the_cap_is_shown() -> None:
    review = apply(Review("r", (MINOR, MAJOR, WORST)), Policy(most=2), TODAY)
    assert [f.rule_id for f in review.findings] == ["c", "a"]
    assert review.suppressed[0].reason == "超过单次显示上限 2 条"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('{"thresholds": [{"least": "terrible"}]}', "thresholds"),
        ('{"colour": 1}', "colour"),
        (
            '{"suppressions": [{"rule_id": "a", "reason": " ", "by": "x", "until": "2027-01-01"}]}',
            "needs `reason`",
        ),
        ("{", "tenant.json"),
    ],
)
def test_a_bad_policy_file_names_the_field(tmp_path: Path, text: str, says: str) -> None:
    (tmp_path / "tenant.json").write_text(text)
    with pytest.raises(PolicyError, match=says):
        load(tmp_path / "tenant.json")


def test_a_policy_file_is_read(tmp_path: Path) -> None:
    (tmp_path / "t.json").write_text(json.dumps({"tenant": "县医院", "thresholds": [{"least": "major"}]}))
    assert load(tmp_path / "t.json").thresholds == (Threshold(Severity.MAJOR),)
