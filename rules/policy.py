"""What of a review is shown, to whom and in which order: thresholds, merging, suppression.

A policy is data (one JSON file per tenant). It may hide or soften findings but never
invents, and it never hides a ``contraindicated`` finding by threshold: only a named
suppression with a reason and an expiry date can do that. What is on the never list
(``Finding.never``) nothing hides.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from pathlib import Path
from types import MappingProxyType
from typing import Final, Protocol

import msgspec

from clinical.coded import china_day
from clinical.finding import Finding, Review, Severity, Suppressed
from clinical.logic import Unknown
from clinical.patient import PatientContext
from clinical.value import replace
from knowledge.model import Standing
from rules.dispensing import Dispensing


class PolicyError(Exception):
    """A policy file cannot be used; the message names the file, the field and the fix."""


class Scope(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where something holds; an empty field means everywhere."""

    departments: tuple[str, ...] = ()
    stages: tuple[str, ...] = ()
    titles: tuple[str, ...] = ()
    institutions: tuple[str, ...] = ()

    def covers(self, at: Moment) -> bool:
        return (
            (not self.departments or at.department in self.departments)
            and (not self.stages or at.stage in self.stages)
            and (not self.titles or at.title in self.titles)
            and (not self.institutions or at.institution in self.institutions)
        )


class Moment(msgspec.Struct, frozen=True):
    """Where, when and for whom something would be shown; ``title`` is the prescriber's."""

    now: datetime
    department: str = ""
    stage: str = ""
    title: str = ""
    institution: str = ""
    admitted: date | None = None

    @classmethod
    def of(cls, patient: PatientContext) -> Moment:
        """The moment a patient's context describes."""
        signer, admitted = patient.prescriber, patient.admitted
        return cls(
            patient.as_of,
            patient.department,
            patient.stage,
            "" if isinstance(signer, Unknown) else signer.title,
            patient.institution,
            None if isinstance(admitted, Unknown) else admitted,
        )


class Seen(Protocol):
    """What this patient's clinicians saw of one cause: when it was last shown, when it was last overridden
    with a reason, for which orders, and how grave it was then (empty: not known)."""

    @property
    def shown(self) -> datetime: ...
    @property
    def acknowledged(self) -> datetime | None: ...
    @property
    def orders(self) -> str: ...
    @property
    def severity(self) -> str: ...


class Threshold(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Least severity shown for a family (empty: all families) within a scope."""

    least: Severity
    family: str = ""
    scope: Scope = Scope()


class Passive(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Findings of a family (empty: all) below a severity are shown without interrupting."""

    below: Severity
    family: str = ""
    scope: Scope = Scope()


def _hours() -> dict[Severity, float]:
    return {Severity.MODERATE: 168, Severity.MINOR: 720, Severity.INFO: 720}


class Repeats(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is not said again. ``acknowledged_hours``: for so long after somebody overrode the same cause with
    a reason (by severity; major only when the tenant says so, contraindicated never). ``same_order_hours``: for
    the very same orders, major too. Neither holds for what has become graver since. ``once_per_admission``:
    severities shown once in a stay. Only at ``stages`` where prescribers read: whoever verifies a prescription
    sees everything."""

    acknowledged_hours: dict[Severity, float] = msgspec.field(default_factory=_hours)
    same_order_hours: float = 72
    once_per_admission: tuple[Severity, ...] = (Severity.MINOR, Severity.INFO)
    stages: tuple[str, ...] = ("order-select", "order-sign", "patient-view", "encounter-start")


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
    says what stops a prescription before it is dispensed; ``passive`` and ``repeats`` keep alerts rare."""

    tenant: str = "default"
    version: int = 1
    thresholds: tuple[Threshold, ...] = ()
    passive: tuple[Passive, ...] = ()
    repeats: Repeats = Repeats()
    secondary_least: Severity = Severity.MODERATE
    suppressions: tuple[Suppression, ...] = ()
    most: int = 50
    dispensing: Dispensing = Dispensing()


DEFAULT = Policy()
_WORST: Final = Severity.CONTRAINDICATED  # bound once: looked up on the enumeration for every finding they cost
_LEAST: Final = Severity.INFO
_SECONDARY: Final = Standing.SECONDARY


def load(path: Path) -> Policy:
    """Read a policy file. Raises ``PolicyError`` that names the field at fault."""
    return read(path.read_bytes(), path.name)


def read(text: bytes, name: str) -> Policy:
    """Read a policy, as it stands in a file or as ``written`` gave it. Raises ``PolicyError`` that names it and the
    field at fault."""
    try:
        policy = msgspec.json.decode(text, type=Policy)
    except (msgspec.DecodeError, msgspec.ValidationError) as error:
        raise PolicyError(f"{name}: {error}") from error
    for suppression in policy.suppressions:
        if not suppression.reason.strip() or not suppression.by.strip():
            raise PolicyError(f"{name}: suppression of {suppression.rule_id!r} needs `reason` and `by`")
    return policy


def written(policy: Policy) -> bytes:
    """All that a policy says, defaults too: a later version of the program may have others."""
    return msgspec.json.encode(policy, order="deterministic")


def apply(review: Review, policy: Policy, at: Moment, seen: Mapping[str, Seen] = MappingProxyType({})) -> Review:
    """The review with what the policy hides moved to ``suppressed``, causes merged, worst first. ``seen`` is
    what was shown for this patient before, by cause."""
    if not review.findings:
        return review
    shown: list[Finding] = []
    hidden: list[Suppressed] = list(review.suppressed)
    plain = not (policy.suppressions or policy.thresholds)
    for finding in review.findings:
        reason = "" if plain and not _only_secondary(finding) else _hidden_because(finding, policy, at)
        if seen and not reason:
            reason = _said_before(finding, policy.repeats, at, seen)
        if reason:
            hidden.append(Suppressed(finding, reason))
        else:
            shown.append(_quieter(finding, policy, at) if policy.passive else finding)
    merged = sorted(_merge(shown), key=_order)
    if len(merged) > policy.most:
        most = max(policy.most, sum(finding.never for finding in merged))
        hidden += [Suppressed(finding, f"超过单次显示上限 {policy.most} 条") for finding in merged[most:]]
        del merged[most:]
    return replace(review, findings=tuple(merged), suppressed=tuple(hidden))


def orders_key(finding: Finding) -> str:
    """The orders of a finding as what was seen keeps them."""
    return " ".join(sorted(finding.orders))[:400]


def worse(now: Severity, before: str) -> bool:
    """Whether something is graver than when it was answered; no, where that is not known (empty)."""
    return bool(before) and now.rank > Severity(before).rank


def _said_before(finding: Finding, repeats: Repeats, at: Moment, seen: Mapping[str, Seen]) -> str:
    """Why the finding need not be said again; empty when it must."""
    before = seen.get(finding.cause or finding.rule_id)
    grave = finding.never or finding.severity is _WORST
    if before is None or grave or at.stage not in repeats.stages:
        return ""
    if before.acknowledged is not None and not worse(finding.severity, before.severity):
        hours = repeats.acknowledged_hours.get(finding.severity, 0.0)
        if before.orders == orders_key(finding):
            hours = max(hours, repeats.same_order_hours)
        if at.now - before.acknowledged <= timedelta(hours=hours):
            return "同一问题已由医师说明理由，在有效期内不再提示"
    day = china_day(before.shown)
    if at.admitted is not None and finding.severity in repeats.once_per_admission and day >= at.admitted:
        return "本次住院期间已提示过"
    return ""


def _quieter(finding: Finding, policy: Policy, at: Moment) -> Finding:
    """Shown without interrupting where the policy says so; never what is contraindicated or on the never list."""
    if finding.never or finding.severity is _WORST or not finding.interruptive:
        return finding
    for line in policy.passive:
        fits = line.family in ("", finding.family) and line.scope.covers(at)
        if fits and finding.severity.rank < line.below.rank:
            return replace(finding, interruptive=False)
    return finding


def _hidden_because(finding: Finding, policy: Policy, at: Moment) -> str:
    if finding.never:
        return ""
    for s in policy.suppressions:
        if s.rule_id == finding.rule_id and china_day(at.now) <= s.until and s.scope.covers(at):
            return f"{s.by} 设置屏蔽至 {s.until.isoformat()}: {s.reason}"
    severity = finding.severity
    if severity is _WORST:
        return ""
    least = _least(finding, policy, at)
    below = least is not _LEAST and severity.rank < least.rank
    return f"低于机构设置的提示级别 ({least.value})" if below else ""


def _least(finding: Finding, policy: Policy, at: Moment) -> Severity:
    """The most specific threshold that applies: a named family before all families, later before earlier."""
    least = policy.secondary_least if _only_secondary(finding) else _LEAST
    for named in (False, True) if policy.thresholds else ():
        for threshold in policy.thresholds:
            fits = bool(threshold.family) is named and threshold.family in ("", finding.family)
            if fits and threshold.scope.covers(at):
                least = threshold.least
    return least


def _only_secondary(finding: Finding) -> bool:
    for reference in finding.references:
        if reference.standing != _SECONDARY:
            return False
    return bool(finding.references)


def _merge(findings: Iterable[Finding]) -> list[Finding]:
    """One finding per cause and set of orders: the worst stands, the others lend data and references."""
    by_cause: dict[object, list[Finding]] = {}
    for finding in findings:
        key = (finding.cause or finding.rule_id, frozenset(finding.orders))
        same = by_cause.get(key)
        if same is None:
            by_cause[key] = [finding]
        else:
            same.append(finding)
    return [same[0] if len(same) == 1 else _worst_with_all(same) for same in by_cause.values()]


def _worst_with_all(same: list[Finding]) -> Finding:
    worst = min(same, key=_order)
    return replace(
        worst,
        data=tuple(dict.fromkeys(d for f in (worst, *same) for d in f.data)),
        references=tuple(dict.fromkeys(r for f in (worst, *same) for r in f.references)),
        suggestions=tuple(dict.fromkeys(s for f in (worst, *same) for s in f.suggestions)),
    )


def _order(finding: Finding) -> tuple[bool, int, bool, str, tuple[str, ...], str]:
    """The never list first, so that neither the cap nor merging takes anything on it away."""
    return (
        not finding.never,
        -finding.severity.rank,
        not finding.interruptive,
        finding.family,
        finding.orders,
        finding.rule_id,
    )
