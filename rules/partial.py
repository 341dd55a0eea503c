"""A review of a patient of whom some lists are known only in part: others told of some drugs, diagnoses or results,
but whoever asks sent no list of their own.

What is there may alert; what is not there proves nothing. So the patient is judged twice: once with these lists
unknown, which gives what is missing as usual, and once with what is known of them, of which only findings count that
rest on such a fact and come from families that conclude from what is there, never from what is not.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import Final

from clinical.finding import Finding, Gap, Outcome, Passed, Review
from clinical.logic import UNKNOWN
from clinical.value import replace
from rules.engine import review
from rules.model import Case, Family

LISTS: Final = ("allergies", "conditions", "medications", "observations", "procedures", "reports")
BY_PRESENCE: Final = frozenset(
    {
        *("allergy", "interaction", "duplicate-therapy", "duplicate-order", "duplicate-exam", "duplicate-lab"),
        *("contraindication", "tcm-incompatibility", "washout", "renal", "hepatic", "lab-based", "lab-interference"),
        *("pregnancy-lactation", "critical-value", "pharmacogenomics"),
    }
)
"""Families whose findings say that something is there. The others also conclude from what a list lacks (no diagnosis
that calls for a drug, no result of a skin test): on a part of a list they would be wrong."""


def review_in_part(case: Case, families: Sequence[Family], partial: Collection[str]) -> Review:
    """The review of a case whose lists named by ``partial`` hold only what others told."""
    others = frozenset(_references(case, partial))
    unknown = replace(case.patient, **dict.fromkeys(partial, UNKNOWN))
    sent = Case(unknown, case.orders, case.snapshot, case.day, case.focus, case.explain, case.derive)
    told = review(sent, families)
    asked = tuple(family for family in families if family.name in BY_PRESENCE)
    more = review(case, asked)
    found = [f for f in more.findings if any(datum.reference in others for datum in f.data)]
    said = {_place(finding) for finding in found}
    names = {family.name for family in asked}
    gaps = tuple(g for g in told.gaps if g.family not in names or g.needed in LISTS or g in more.gaps)
    kept = [f for f in told.findings if _place(f) not in said]
    passed = tuple(_passed(told, more, found, gaps)) if case.explain else ()
    return replace(told, findings=(*kept, *found), gaps=gaps, passed=passed, faults=(*told.faults, *more.faults))


def _passed(told: Review, more: Review, found: Sequence[Finding], gaps: Sequence[Gap]) -> Iterator[Passed]:
    """What an explained review says of rules that did not fire: nothing of what fired by what others told, and of a
    check that only they made possible what it then said. A family that spoke of nothing else is said to be open."""
    settled = {gap.family for gap in told.gaps if gap not in gaps}
    newly = (p for p in more.passed if p.family in settled)
    said = [p for p in dict.fromkeys((*told.passed, *newly)) if not any(_belies(f, p) for f in found)]
    yield from said
    heard: tuple[Outcome, ...] = (*told.findings, *found, *gaps, *said, *told.faults, *more.faults)
    for family in sorted(settled.difference(one.family for one in heard)):
        yield Passed(family, "", "未评估: 相关资料仅部分已知，不足以判断")


def _belies(finding: Finding, passed: Passed) -> bool:
    """Whether what fired is what is said not to have fired, or a part of it."""
    same = finding.family == passed.family and passed.rule_id in ("", finding.rule_id)
    return same and (not passed.orders or not set(passed.orders).isdisjoint(finding.orders))


def _references(case: Case, partial: Collection[str]) -> set[str]:
    return {fact.origin.reference for name in partial for fact in getattr(case.patient, name)} - {""}


def _place(finding: Finding) -> tuple[str, tuple[str, ...]]:
    return finding.rule_id, finding.orders
