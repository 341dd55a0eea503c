"""What of a review is shown: thresholds, suppression with reason and expiry, merging, order."""

from __future__ import annotations

import json
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from clinical.coded import CHINA
from clinical.finding import Finding, Reference, Review, Severity
from records.memory import Known
from rules.policy import (
    DEFAULT,
    Moment,
    Passive,
    Policy,
    PolicyError,
    Repeats,
    Scope,
    Suppression,
    Threshold,
    apply,
    load,
)

TODAY = date(2026, 11, 24)
NOW = datetime(2026, 11, 24, 9, 0, tzinfo=CHINA)


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
    return [f.rule_id for f in apply(Review("r", findings), policy, Moment(NOW, department, stage)).findings]


MAJOR = finding("a", Severity.MAJOR)
MINOR = finding("b", Severity.MINOR)
WORST = finding("c", Severity.CONTRAINDICATED)


def test_the_worst_comes_first() -> None:
    assert shown(DEFAULT, MINOR, MAJOR, WORST) == ["c", "a", "b"]


def test_a_threshold_hides_what_is_less_severe_and_says_why() -> None:
    policy = Policy(thresholds=(Threshold(Severity.MODERATE),))
    review = apply(Review("r", (MINOR, MAJOR)), policy, Moment(NOW))
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
    review = apply(Review("r", (WORST,)), Policy(suppressions=(hide,)), Moment(NOW))
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
    review = apply(Review("r", (second, first)), DEFAULT, Moment(NOW))
    (only,) = review.findings
    assert only.rule_id == "a"
    assert [r.statement for r in only.references] == ["a", "b"]


def test_no_more_than_the_cap_is_shown() -> None:
    review = apply(Review("r", (MINOR, MAJOR, WORST)), Policy(most=2), Moment(NOW))
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


ORDER_SIGN = Moment(NOW, stage="order-sign")
MODERATE = finding("m", Severity.MODERATE, cause="interaction:a+b")


def said(found: Finding, seen: Known, at: Moment = ORDER_SIGN, policy: Policy = DEFAULT) -> bool:
    return bool(apply(Review("r", (found,)), policy, at, {found.cause or found.rule_id: seen}).findings)


def test_what_was_answered_with_a_reason_is_not_said_again_for_a_while() -> None:
    answered = Known(NOW, NOW - timedelta(days=3), "o9")
    assert not said(MODERATE, answered)
    assert said(MODERATE, Known(NOW, NOW - timedelta(days=8), "o9")), "after a week it is"
    assert said(MODERATE, Known(NOW, None, "o9")), "seen is not answered"


def test_major_alerts_come_again_unless_the_orders_are_the_same() -> None:
    assert said(MAJOR, Known(NOW, NOW - timedelta(hours=1), "o9"))
    assert not said(MAJOR, Known(NOW, NOW - timedelta(hours=1), "o1"))


def test_what_has_become_graver_since_it_was_answered_is_said_again() -> None:
    """Potassium was 5.2, and the reason was about that; now it is 5.8, with the very same drug."""
    hour = NOW - timedelta(hours=1)
    assert said(MAJOR, Known(NOW, hour, "o1", "moderate"))
    assert said(MODERATE, Known(NOW, hour, "o1", "minor"))
    assert not said(MAJOR, Known(NOW, hour, "o1", "major"))
    assert not said(MODERATE, Known(NOW, hour, "o1", "major")), "it has become less grave"


def test_contraindicated_and_never_list_always_come_again() -> None:
    answered = Known(NOW, NOW, "o1")
    assert said(WORST, answered)
    assert said(finding("n", Severity.MINOR, never=True), answered)


def test_small_things_are_said_once_in_a_stay() -> None:
    stay = Moment(NOW, stage="order-sign", admitted=date(2026, 11, 22))
    assert not said(MINOR, Known(NOW - timedelta(days=1), None, ""), stay)
    assert said(MINOR, Known(NOW - timedelta(days=5), None, ""), stay), "that was another stay"
    assert said(MODERATE, Known(NOW - timedelta(days=1), None, ""), stay)


def test_whoever_verifies_sees_everything() -> None:
    answered = Known(NOW, NOW, "o1")
    assert said(MODERATE, answered, Moment(NOW, stage="medication-verify"))
    assert said(MODERATE, answered, Moment(NOW))


def test_a_tenant_may_let_a_family_speak_without_interrupting() -> None:
    policy = Policy(passive=(Passive(Severity.CONTRAINDICATED, "interaction", Scope(titles=("主任医师",))),))
    at = Moment(NOW, title="主任医师")
    assert [f.interruptive for f in apply(Review("r", (MAJOR, WORST)), policy, at).findings] == [True, False]
    assert apply(Review("r", (MAJOR,)), policy, Moment(NOW, title="住院医师")).findings[0].interruptive


def test_nothing_a_tenant_sets_hides_the_never_list() -> None:
    never = finding("n", Severity.MODERATE, never=True)
    policy = Policy(
        thresholds=(Threshold(Severity.CONTRAINDICATED),),
        suppressions=(Suppression("n", "太吵", "主任", date(2027, 1, 1)),),
        repeats=Repeats({Severity.MODERATE: 1e6}),
    )
    assert shown(policy, never) == ["n"]
