"""Clinical cases as a pharmacist reads them: ``tests/cases/<family>.yaml``.

Each case is a plain JSON review (Chinese texts, as a hospital sends them) and what is expected of
one family: findings (each a severity and words that the summary must hold), gaps, or nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

import msgspec

from base.plugins import discover
from clinical.finding import Finding, Review
from exchange.plain import PlainReview, read
from knowledge.snapshot import Snapshot
from records.terminology import Terminology
from rules import policy
from rules.engine import review
from rules.model import Case, Family
from rules.states import States
from tests.yaml_tables import load

FOLDER = Path(__file__).parent / "cases"
AUDIT = Path(__file__).parent / "audit"
ALL_FAMILIES = tuple(discover("rules.families", "FAMILY", Family).values())
NOW = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Told:
    """One case: a name, its kind (positive, negative, missing), the request, and what is expected."""

    family: str
    name: str
    kind: str
    request: dict[str, Any]
    findings: tuple[dict[str, Any], ...]
    gaps: tuple[str, ...]


def tables() -> dict[str, list[Told]]:
    """All cases by family. The file's ``patient`` and ``review`` (visit, prescriber, department, stage …)
    are the ground every case builds on."""
    found: dict[str, list[Told]] = {}
    for path in sorted(FOLDER.glob("*.yaml")):
        document = load(path)
        found[document["family"]] = [_told(document, case) for case in document["cases"]]
    return found


def _told(document: dict[str, Any], case: dict[str, Any]) -> Told:
    patient = {"id": "P-1", **document.get("patient", {}), **case.get("patient", {})}
    patient = {k: v for k, v in patient.items() if v != "unknown"}
    orders = [{"id": f"order-{n}", **order} for n, order in enumerate(case.get("orders", ()), 1)]
    taking = patient.get("medications")
    if taking:
        patient["medications"] = [{"id": f"active-{n}", **drug} for n, drug in enumerate(taking, 1)]
    about = {**document.get("review", {}), **case.get("review", {})}
    request = {**about, "patient": patient, "orders": orders}
    expect = case["expect"]
    findings = expect.get("findings", ()) if expect else ()
    gaps = expect.get("gaps", ()) if expect else ()
    return Told(document["family"], case["name"], case["kind"], request, tuple(findings), tuple(gaps))


@lru_cache(maxsize=4)
def _terminology(snapshot: Snapshot) -> Terminology:
    return Terminology(snapshot)


@lru_cache(maxsize=1)
def _states() -> States:
    return States.start()


def reviewed(snapshot: Snapshot, family: Family, request: dict[str, Any]) -> Review:
    """What one family says of a request."""
    return reviewed_by(snapshot, [family], request)


def reviewed_by(snapshot: Snapshot, families: Sequence[Family], request: dict[str, Any]) -> Review:
    """What some families say of a request."""
    return review(_case(snapshot, request), families)


def shown(snapshot: Snapshot, request: dict[str, Any]) -> tuple[Finding, ...]:
    """What a clinician sees: every family, derived states, the default policy. No family may fail."""
    case = _case(snapshot, request)
    outcome = _states().apply(review(case, ALL_FAMILIES), case)
    assert not outcome.faults
    return policy.apply(outcome, policy.DEFAULT, policy.Moment.of(case.patient)).findings


def _case(snapshot: Snapshot, request: dict[str, Any]) -> Case:
    incoming = read(msgspec.convert(request, PlainReview, strict=False), NOW)
    patient, orders, _ = _terminology(snapshot).resolve(incoming.context, incoming.orders)
    return Case(patient, orders, snapshot, NOW.date(), derive=_states().derive)


@cache
def audit(name: str) -> tuple[dict[str, Any], ...]:
    """The prescriptions of one audit (``tests/audit``)."""
    return tuple(load(AUDIT / name))


def fits(finding: Finding, expected: dict[str, Any]) -> bool:
    """Severity equal, every word in the summary or the advice, orders (when named) the same."""
    text = finding.summary + finding.advice + finding.detail
    words = expected.get("says", "")
    wanted = [words] if isinstance(words, str) else list(words)
    orders = expected.get("orders")
    return (
        finding.severity.value == expected["severity"]
        and all(word in text for word in wanted)
        and (orders is None or set(orders) == set(finding.orders))
    )
