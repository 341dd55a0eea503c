"""辅助决策, reckoned a second time."""

from __future__ import annotations

from typing import Any

from tests.unit.supervision.references.reckoning import Reference, each, percent, yes


def _severe(d: Any) -> Any:
    return d.findings[d.findings.severity.isin(["contraindicated", "major"])]


def _response(*codes: str) -> Reference:
    return lambda d: percent(d.findings.response.isin(codes).sum(), len(d.findings))


def _overridden(d: Any) -> Any:
    return d.findings[d.findings.response == "overridden"]


def _matched(flag: str) -> Reference:
    return lambda d: percent(yes(d.concordance[flag]).sum(), d.concordance[flag].notna().sum())


def _plans_followed(d: Any) -> float | None:
    rows = d.concordance[yes(d.concordance.plan_offered)].plan_followed.dropna()
    return percent(yes(rows).sum(), len(rows))


def _gaps(d: Any, kind: str) -> Any:
    return d.gaps[d.gaps.kind == kind]["name"]


REFERENCES: dict[str, Reference] = {
    "support-requests": lambda d: len(d.requests),
    "requests-with-findings": lambda d: percent((d.requests.findings > 0).sum(), len(d.requests)),
    "findings-per-hundred": lambda d: percent(d.requests.findings.sum(), len(d.requests)),
    "requests-incomplete": lambda d: percent((d.requests.gaps > 0).sum(), len(d.requests)),
    "support-time": lambda d: each(d.requests.elapsed_ms.sum(), len(d.requests)),
    "rule-faults": lambda d: d.requests.faults.sum(),
    "inference-uses": lambda d: len(d.uses),
    "inference-doctors": lambda d: d.uses.doctor.nunique(),
    "inference-answered": lambda d: percent(yes(d.uses.answered).sum(), len(d.uses)),
    "inference-time": lambda d: each(d.uses.elapsed_ms.sum(), len(d.uses)),
    "alerts": lambda d: len(d.findings),
    "alerts-severe": lambda d: len(_severe(d)),
    "alerts-answered": _response("accepted", "overridden"),
    "alerts-accepted": _response("accepted"),
    "alerts-severe-accepted": lambda d: percent((_severe(d).response == "accepted").sum(), len(_severe(d))),
    "alerts-overridden": _response("overridden"),
    "overrides-reasoned": lambda d: percent(yes(_overridden(d).reasoned).sum(), len(_overridden(d))),
    "alert-response-time": lambda d: each(
        d.findings.response_seconds.sum(), d.findings.response_seconds.notna().sum()
    ),
    "diagnosis-first": _matched("first"),
    "diagnosis-among": _matched("among"),
    "plans-offered": _matched("plan_offered"),
    "plans-followed": _plans_followed,
    "terms-unmapped": lambda d: len(_gaps(d, "term")),
    "terms-unmapped-different": lambda d: _gaps(d, "term").nunique(),
    "questions-unanswered": lambda d: len(_gaps(d, "question")),
    "questions-unanswered-different": lambda d: _gaps(d, "question").nunique(),
}
