"""A notice of risk as other systems know it: a RiskAssessment of FHIR R4.

FHIR keeps Flag for warnings that carry no assessment and DetectedIssue for what is wrong with orders. A notice is an
assessment of how likely an outcome is: by which method, on what basis, and what to do about it. While it stands, its
prediction has no end; when it is over, a new version says when that was.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from api.risk_json import LEVELS
from exchange.building import coded, coding, concept, named, slim, to
from exchange.fhir.values import Json
from inference.score import Level
from records.notices import Notice

TOPICS: Final = "urn:yigong:risk"
METHODS: Final = "urn:yigong:risk-method"
_LIKELIHOOD: Final = {Level.LOW: "low", Level.MODERATE: "moderate", Level.HIGH: "high", Level.CRITICAL: "high"}
"""Codes of risk-probability, which ends at high where a probability is not known for certain."""


def assessment(notice: Notice) -> Json:
    """The resource, by the number of the notice."""
    told = notice.told
    return slim(
        resourceType="RiskAssessment",
        id=notice.id,
        status="final",
        method=_method(told.detail),
        code=concept(told.title, [coding(TOPICS, notice.topic, told.title)]),
        subject=to("Patient", told.patient),
        occurrenceDateTime=notice.at.isoformat(),
        basis=[_basis(reference, notice.tenant) for reference in told.basis],
        prediction=[_outcome(notice), *_modelled(told.detail)],
        mitigation=told.advice,
    )


def _method(detail: Json) -> Json:
    """Scores and models that raised it; codes of one concept mean the same, so several are told in words."""
    ways = [(one["score"], one["title"]) for one in detail.get("scores", ())]
    ways += [(one["model"], one["title"]) for one in detail.get("predictions", ())]
    codes = [coding(METHODS, name, title) for name, title in ways] if len(ways) == 1 else []
    return concept("；".join(title for _, title in ways), codes)


def _basis(reference: str, tenant: str) -> Json:
    """A result of this institution by reference, one of another by whose it is and its number there."""
    *source, kind, number = reference.rsplit("/", 2)
    own = source in ([], [tenant])
    return to(kind, number) if own else named(kind, number, system=f"urn:yigong:{source[0]}")


def _outcome(notice: Notice) -> Json:
    """What may happen, how likely, why, and while what time this holds."""
    level = Level(notice.level)
    return slim(
        outcome=concept(notice.told.title),
        qualitativeRisk=coded("risk-probability", _LIKELIHOOD[level], LEVELS[level]),
        whenPeriod=slim(start=notice.at.isoformat(), end=notice.ended.isoformat() if notice.ended else ""),
        rationale=notice.told.summary,
    )


def _modelled(detail: Json) -> Iterator[Json]:
    """What models of the installation reckon, in per cent."""
    for one in detail.get("predictions", ()):
        if "probability" in one:
            percent = round(one["probability"] * 100, 2)
            yield slim(outcome=concept(one["title"]), probabilityDecimal=percent, rationale=one.get("note", ""))
