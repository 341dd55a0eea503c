"""How much is said: alerts per hundred orders of right prescriptions, and planted errors that are caught.

Reads the two first audits (``tests/audit``), written by hands that did not write the knowledge, with all families and the
default policy: what clinicians would be told, not what one family says.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import yaml

from api.review import Reviewer
from clinical.finding import Finding, Severity
from exchange.plain import PlainReview, read

_AUDIT = Path(__file__).parents[1] / "tests" / "audit"
_NOW = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Noise:
    """Figures of both audits. ``false`` are alerts at moderate or above on right prescriptions that the
    auditors did not expect; ``interrupted`` prescriptions with one at major or above."""

    prescriptions: int
    orders: int
    by_severity: dict[str, int]
    false: int
    interrupted: int
    planted: int
    caught: int
    families: dict[str, int]


def measure(reviewer: Reviewer) -> Noise:
    """Review all prescriptions of both audits."""
    quiet, planted = tables("quiet"), tables("caught")
    severities: Counter[str] = Counter()
    families: Counter[str] = Counter()
    false = interrupted = orders = 0
    for told in quiet:
        found = _findings(reviewer, told)
        orders += len(told["orders"])
        severities.update(f.severity.value for f in found)
        families.update(f.family for f in found)
        loud = [f for f in found if f.severity.rank >= Severity.MODERATE.rank]
        false += sum(not any(word in f.summary for word in told.get("notice", ())) for f in loud)
        interrupted += any(f.severity.rank >= Severity.MAJOR.rank for f in found)
    caught = sum(_is_caught(_findings(reviewer, told), told) for told in planted)
    return Noise(
        len(quiet), orders, dict(severities), false, interrupted, len(planted), caught, dict(families.most_common(12))
    )


def report(noise: Noise) -> str:
    """The figures as text."""
    rates = ", ".join(f"{s.value} {100 * noise.by_severity.get(s.value, 0) / noise.orders:.1f}" for s in Severity)
    return (
        f"  right prescriptions: {noise.prescriptions} with {noise.orders} orders; alerts per 100 orders: {rates}\n"
        f"  unexpected at moderate or above: {noise.false} ({100 * noise.false / noise.orders:.1f} per 100 orders, "
        f"≤ 3); prescriptions with an alert at major or above: {noise.interrupted}\n"
        f"  planted errors: {noise.planted}, caught {noise.caught} ({noise.caught / noise.planted:.1%}, ≥ 98 %)\n"
        f"  what is said on right prescriptions, by family: {noise.families}"
    )


def tables(kind: str) -> list[dict[str, Any]]:
    """The prescriptions of both first audits: those that are right (``quiet``), or the planted errors (``caught``)."""
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    return list(yaml.load((_AUDIT / f"{kind}.yaml").read_text("utf-8"), loader))


def _findings(reviewer: Reviewer, told: dict[str, Any]) -> tuple[Finding, ...]:
    plain = msgspec.convert(asked(told), PlainReview, strict=False)
    return reviewer.review(read(plain, _NOW), day=_NOW.date(), seen={}).review.findings


def asked(told: dict[str, Any], patient_id: str = "p") -> dict[str, Any]:
    """A prescription of an audit as a plain review."""
    patient = {"id": patient_id, **told["patient"]}
    patient["medications"] = [{"id": f"m{n}", **d} for n, d in enumerate(patient.get("medications", ()), 1)]
    return {"patient": patient, "orders": [{"id": f"o{n}", **order} for n, order in enumerate(told["orders"], 1)]}


def _is_caught(found: tuple[Finding, ...], told: dict[str, Any]) -> bool:
    least = Severity(told["least"]).rank
    return any(f.family in told["by"] and f.severity.rank >= least for f in found)
