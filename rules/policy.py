"""What of a review is shown, to whom and in which order: thresholds, merging, suppression.

A policy is data (one JSON file per tenant). It may hide or soften findings but never
invents, and it never hides a ``contraindicated`` finding by threshold: only a named
suppression with a reason and an expiry date can do that. What is on the never list
(``Finding.never``) nothing hides.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from pathlib import Path

import msgspec

from clinical.finding import Finding, Review, Severity, Suppressed
from clinical.value import replace
from knowledge.model import Standing
from rules.dispensing import Dispensing


class PolicyError(Exception):
    """A policy file cannot be used; the message names the file, the field and the fix."""


class Scope(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where something holds; an empty field means everywhere."""

    departments: tuple[str, ...] = ()
    stages: tuple[str, ...] = ()

    def covers(self, department: str, stage: str) -> bool:
        return (not self.departments or department in self.departments) and (not self.stages or stage in self.stages)


class Threshold(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Least severity shown for a family (empty: all families) within a scope."""

    least: Severity
    family: str = ""
    scope: Scope = Scope()


class Suppression(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One rule hidden until a date, for a stated reason, by a named person."""

    rule_id: str
    reason: str
    by: str
    until: date
    scope: Scope = Scope()


class Policy(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What one tenant wants to see. ``secondary_least`` applies to findings that rest on
    secondary sources only; ``most`` caps the number of findings shown (the worst stay); ``dispensing``
    says what stops a prescription before it is dispensed."""

    tenant: str = "default"
    version: int = 1
    thresholds: tuple[Threshold, ...] = ()
    secondary_least: Severity = Severity.MODERATE
    suppressions: tuple[Suppression, ...] = ()
    most: int = 50
    dispensing: Dispensing = Dispensing()


DEFAULT = Policy()


def load(path: Path) -> Policy:
    """Read a policy file. Raises ``PolicyError`` that names the field at fault."""
    try:
        policy = msgspec.json.decode(path.read_bytes(), type=Policy)
    except (msgspec.DecodeError, msgspec.ValidationError) as error:
        raise PolicyError(f"{path.name}: {error}") from error
    for suppression in policy.suppressions:
        if not suppression.reason.strip() or not suppression.by.strip():
            raise PolicyError(f"{path.name}: suppression of {suppression.rule_id!r} needs `reason` and `by`")
    return policy


def apply(review: Review, policy: Policy, today: date, department: str = "", stage: str = "") -> Review:
    """The review with what the policy hides moved to ``suppressed``, causes merged, worst first."""
    shown: list[Finding] = []
    hidden: list[Suppressed] = list(review.suppressed)
    for finding in review.findings:
        reason = _hidden_because(finding, policy, today, department, stage)
        if reason:
            hidden.append(Suppressed(finding, reason))
        else:
            shown.append(finding)
    merged = sorted(_merge(shown), key=_order)
    hidden += [Suppressed(finding, f"超过单次显示上限 {policy.most} 条") for finding in merged[policy.most :]]
    return replace(review, findings=tuple(merged[: policy.most]), suppressed=tuple(hidden))


def _hidden_because(finding: Finding, policy: Policy, today: date, department: str, stage: str) -> str:
    if finding.never:
        return ""
    for s in policy.suppressions:
        if s.rule_id == finding.rule_id and today <= s.until and s.scope.covers(department, stage):
            return f"{s.by} 设置屏蔽至 {s.until.isoformat()}: {s.reason}"
    if finding.severity is Severity.CONTRAINDICATED:
        return ""
    least = _least(finding, policy, department, stage)
    return f"低于机构设置的提示级别 ({least.value})" if finding.severity.rank < least.rank else ""


def _least(finding: Finding, policy: Policy, department: str, stage: str) -> Severity:
    """The most specific threshold that applies: a named family before all families, later before earlier."""
    least = policy.secondary_least if _only_secondary(finding) else Severity.INFO
    for named in (False, True):
        for threshold in policy.thresholds:
            fits = bool(threshold.family) is named and threshold.family in ("", finding.family)
            if fits and threshold.scope.covers(department, stage):
                least = threshold.least
    return least


def _only_secondary(finding: Finding) -> bool:
    return bool(finding.references) and all(r.standing == Standing.SECONDARY for r in finding.references)


def _merge(findings: Iterable[Finding]) -> list[Finding]:
    """One finding per cause and set of orders: the worst stands, the others lend data and references."""
    by_cause: dict[object, list[Finding]] = {}
    for finding in findings:
        key = (finding.cause or finding.rule_id, frozenset(finding.orders))
        by_cause.setdefault(key, []).append(finding)
    return [_worst_with_all(same) for same in by_cause.values()]


def _worst_with_all(same: list[Finding]) -> Finding:
    if len(same) == 1:
        return same[0]
    worst = min(same, key=_order)
    return replace(
        worst,
        data=tuple(dict.fromkeys(d for f in (worst, *same) for d in f.data)),
        references=tuple(dict.fromkeys(r for f in (worst, *same) for r in f.references)),
        suggestions=tuple(dict.fromkeys(s for f in (worst, *same) for s in f.suggestions)),
    )


def _order(finding: Finding) -> tuple[int, bool, str, tuple[str, ...], str]:
    return (-finding.severity.rank, not finding.interruptive, finding.family, finding.orders, finding.rule_id)
