"""A review as the plain interface answers it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from api.cards import as_json, review_extension
from api.cds_hooks import unmapped_json
from api.review import Reviewed
from clinical.finding import Passed, Review, Suppressed


def answered(reviewed: Reviewed, explain: bool = False) -> dict[str, Any]:
    """The answer of a plain review. ``explanation`` stands only where it was asked for."""
    found = reviewed.review
    unmapped = [unmapped_json(item) for item in reviewed.unmapped]
    answer: dict[str, Any] = {"id": reviewed.id}
    answer |= review_extension(found, unmapped, reviewed.elapsed_ms)
    answer["findings"] = [as_json(finding, found.release) for finding in found.findings]
    if found.suppressed:
        answer["suppressed"] = [_suppressed(item) for item in found.suppressed]
    if explain:
        answer["explanation"] = [*_told(found), *map(_passed, found.passed)]
    return answer


def _told(found: Review) -> Iterator[dict[str, Any]]:
    """Rules that fired (shown or not) and rules that could not be evaluated, with the reason."""
    for finding in (*found.findings, *(item.finding for item in found.suppressed)):
        yield _rule(finding.family, finding.rule_id, "fired", finding.summary, finding.orders)
    for gap in found.gaps:
        yield _rule(gap.family, gap.rule_id, "not evaluated", gap.reason, gap.orders)
    for fault in found.faults:
        yield _rule(fault.family, fault.rule_id, "not evaluated", "规则执行失败，已记录", ())


def _suppressed(item: Suppressed) -> dict[str, Any]:
    return {"ruleId": item.finding.rule_id, "family": item.finding.family, "reason": item.reason}


def _passed(item: Passed) -> dict[str, Any]:
    evaluated = "not evaluated" if item.reason.startswith("未评估") else "passed"
    return _rule(item.family, item.rule_id, evaluated, item.reason, item.orders)


def _rule(family: str, rule_id: str, said: str, reason: str, orders: tuple[str, ...]) -> dict[str, Any]:
    fields = {"family": family, "ruleId": rule_id, "outcome": said, "reason": reason, "orders": list(orders)}
    return {k: v for k, v in fields.items() if v}
