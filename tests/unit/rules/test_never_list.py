"""The never list: catastrophic errors (intrathecal vincristine, daily methotrexate, potassium as a push). Every
row of it alerts, and no policy of a tenant can hide the alert."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import pytest

from base.plugins import discover
from clinical.coded import CHINA
from clinical.finding import Finding, Reference, Review, Severity
from knowledge.model import ConceptKind, Predicate, Statement
from knowledge.snapshot import Snapshot
from rules.model import Family
from rules.policy import Moment, Passive, Policy, Suppression, Threshold, apply
from tests.case_tables import reviewed
from tests.reaching import infusion

FAMILIES = discover("rules.families", "FAMILY", Family)
SPEAKS = {
    Predicate.ROUTE_LIMIT: "route",
    Predicate.FREQUENCY_LIMIT: "frequency",
    Predicate.IV_INCOMPATIBLE: "iv-compatibility",
}
NOW = datetime(2026, 11, 24, 9, 0, tzinfo=CHINA)
FAR = date(2030, 1, 1)
BESIDE = tuple(
    Finding(
        family="age",
        rule_id=f"beside-{number}",
        rule_version="1",
        severity=Severity.CONTRAINDICATED,
        summary="另一条禁忌",
        detail="",
        orders=(f"x{number}",),
        references=(Reference(f"beside-{number}", "来源", standing="starter"),),
    )
    for number in range(60)
)


@pytest.fixture(scope="module")
def never(snapshot: Snapshot) -> list[Statement]:
    return [s for s in snapshot.all_statements() if s.qualifiers.get("never")]


@pytest.fixture(scope="module")
def alerts(snapshot: Snapshot, never: list[Statement]) -> list[Finding]:
    """What each row says of the order it forbids."""
    return [alert for s in never if (alert := _alert(s, snapshot)) is not None]


def _alert(s: Statement, snapshot: Snapshot) -> Finding | None:
    request = infusion.REACH[s.predicate][1](s, snapshot) if s.object and s.predicate in infusion.REACH else None
    answer = reviewed(snapshot, FAMILIES[SPEAKS[s.predicate]], request or _request(s, snapshot))
    about = (f for f in answer.findings if s.id in (f.rule_id, *(r.statement for r in f.references)))
    return next(about, None)


def _request(s: Statement, snapshot: Snapshot) -> dict[str, Any]:
    """An order that a row forbids: by a forbidden route, by one that is not allowed, or every day."""
    q = s.qualifiers
    routes = [*q.get("forbidden", ()), *q.get("routes", ()), "静脉注射" if "allowed" in q else "口服"]
    order = {
        "id": "o1",
        "text": snapshot.name(_ingredient(snapshot, s.subject)),
        "form": next(iter(q.get("forms", ())), ""),
        "route": routes[0],
        "dose": 1,
        "unit": "mg",
        "frequency": "qd",
        "days": 7,
    }
    conditions = [{"text": snapshot.name(s.object)}] if s.object else []
    return {"patient": {"id": "p", "conditions": conditions}, "orders": [order]}


def _ingredient(snapshot: Snapshot, concept: str) -> str:
    """The concept itself, or an ingredient below a class."""
    known = snapshot.concept(concept)
    if known is None or known.kind is not ConceptKind.DRUG_CLASS:
        return concept
    return next((_ingredient(snapshot, child.id) for child in snapshot.children(concept)), concept)


def test_the_list_holds_what_has_killed_patients(snapshot: Snapshot, never: list[Statement]) -> None:
    drugs = {snapshot.name(s.subject) for s in never}
    assert {"长春碱类", "甲氨蝶呤", "氯化钾", "苄星青霉素", "氨甲环酸", "凝血酶"} <= drugs
    assert len(never) >= 25


def test_every_row_alerts_and_says_that_it_is_on_the_list(
    snapshot: Snapshot, never: list[Statement], alerts: list[Finding]
) -> None:
    reached = {id_ for alert in alerts for id_ in (alert.rule_id, *(r.statement for r in alert.references))}
    assert [snapshot.name(s.subject) for s in never if s.id not in reached] == []
    assert all(alert.never for alert in alerts)
    assert all(alert.severity.rank >= Severity.MAJOR.rank for alert in alerts)


def _shown(policy: Policy, *findings: Finding) -> set[str]:
    return {finding.rule_id for finding in apply(Review("r", findings), policy, Moment(NOW)).findings}


def test_no_threshold_hides_it(alerts: list[Finding]) -> None:
    for alert in alerts:
        for family in ("", alert.family):
            policy = Policy(thresholds=(Threshold(Severity.CONTRAINDICATED, family),))
            assert alert.rule_id in _shown(policy, alert)


def test_no_suppression_hides_it(alerts: list[Finding]) -> None:
    for alert in alerts:
        policy = Policy(suppressions=(Suppression(alert.rule_id, "本院已有流程", "药学部 王", FAR),))
        assert alert.rule_id in _shown(policy, alert)


@pytest.mark.parametrize("most", [0, 1, 50])
def test_no_cap_on_the_number_of_alerts_hides_it(alerts: list[Finding], most: int) -> None:
    for alert in alerts:
        assert alert.rule_id in _shown(Policy(most=most), *BESIDE, alert)


def test_no_policy_takes_its_interruption_away(alerts: list[Finding]) -> None:
    policy = Policy(passive=(Passive(Severity.CONTRAINDICATED),))
    assert any(alert.severity is Severity.MAJOR for alert in alerts)
    for alert in alerts:
        (only,) = apply(Review("r", (alert,)), policy, Moment(NOW)).findings
        assert only.interruptive, alert.rule_id


def test_merging_with_another_alert_of_the_same_cause_keeps_it(alerts: list[Finding]) -> None:
    for alert in alerts:
        other = Finding(**{**_fields(BESIDE[0]), "cause": alert.cause, "orders": alert.orders})
        (only,) = apply(Review("r", (other, alert)), Policy(), Moment(NOW)).findings
        assert (only.rule_id, only.never) == (alert.rule_id, True)


def _fields(finding: Finding) -> dict[str, Any]:
    return {name: getattr(finding, name) for name in finding.__struct_fields__}
