"""What a review says: findings with their evidence, gaps, and rules that were passed."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from clinical.coded import Origin
from clinical.value import Value


class Severity(StrEnum):
    """How bad, from 禁忌 to 信息; compare with ``rank`` (greater is worse)."""

    CONTRAINDICATED = "contraindicated"
    MAJOR = "major"
    MODERATE = "moderate"
    MINOR = "minor"
    INFO = "info"

    @property
    def rank(self) -> int:
        return _RANKS[self]


_RANKS = {severity: rank for rank, severity in enumerate(reversed(Severity))}


class Datum(Value, frozen=True):
    """A patient datum that a finding rests on: what, which value, when, from whom.

    ``what`` and ``value`` are Chinese as a clinician reads them (血钾, 6.1 mmol/L).
    """

    what: str
    value: str = ""
    time: datetime | None = None
    institution: str = ""
    reference: str = ""

    @classmethod
    def at(cls, what: str, value: str, origin: Origin) -> Datum:
        """A datum with the time, institution and reference of its origin."""
        return cls(what, value, origin.time, origin.institution, origin.reference)


class Reference(Value, frozen=True):
    """A statement or rule that a finding rests on, and the document it comes from."""

    statement: str
    source: str
    section: str = ""
    evidence_level: str = ""
    url: str = ""
    standing: str = ""


class Suggestion(Value, frozen=True):
    """Something that can be applied with one click.

    ``action`` is ``delete`` (drop the order), ``replace`` (order ``concept``, called ``name``,
    instead) or ``adjust`` (set the named dosage values of the order).
    """

    label: str
    action: str
    order: str
    concept: str = ""
    name: str = ""
    dose_value: float | None = None
    dose_unit: str = ""
    times_per_day: float | None = None
    route: str = ""


class Finding(Value, frozen=True):
    """One thing wrong (or worth knowing) with some orders.

    ``rule_id`` is a statement id or an authored rule's id, ``rule_version`` its revision.
    ``cause`` groups findings of one cause, so that a policy can show one card for them.
    ``interruptive`` is False for findings that may be shown but may not interrupt. ``never`` marks the
    errors of the never list (intrathecal vincristine): no policy of a tenant can hide them.
    """

    family: str
    rule_id: str
    rule_version: str
    severity: Severity
    summary: str
    detail: str
    orders: tuple[str, ...]
    data: tuple[Datum, ...] = ()
    references: tuple[Reference, ...] = ()
    advice: str = ""
    suggestions: tuple[Suggestion, ...] = ()
    cause: str = ""
    interruptive: bool = True
    never: bool = False


class Gap(Value, frozen=True):
    """A check that could not be made: which input was missing, for which orders, and why it matters.

    ``needed`` is a stable name (``weight``, ``egfr``, ``allergies``); ``reason`` is Chinese.
    """

    family: str
    needed: str
    reason: str
    orders: tuple[str, ...] = ()
    rule_id: str = ""


class Passed(Value, frozen=True):
    """A rule that was evaluated and did not fire; made only when a review explains itself."""

    family: str
    rule_id: str
    reason: str
    orders: tuple[str, ...] = ()


class Fault(Value, frozen=True):
    """A family or rule that raised. ``error`` names the exception type only: messages may hold PHI."""

    family: str
    rule_id: str
    error: str


Outcome = Finding | Gap | Passed | Fault


class Suppressed(Value, frozen=True):
    """A finding that policy did not show, and why."""

    finding: Finding
    reason: str


class Review(Value, frozen=True):
    """The result of one review. ``findings`` are shown in this order."""

    release: str
    findings: tuple[Finding, ...] = ()
    gaps: tuple[Gap, ...] = ()
    passed: tuple[Passed, ...] = ()
    faults: tuple[Fault, ...] = ()
    suppressed: tuple[Suppressed, ...] = ()
    states: tuple[str, ...] = ()
    elapsed_ms: float = 0.0
