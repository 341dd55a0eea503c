"""Shadow runs: recorded requests asked of two releases, and what differs, by hospital and rule."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

import orjson

from base.tabular import write_workbook
from clinical.finding import Finding
from records.journal import Entry


@dataclass(frozen=True, slots=True)
class Answer:
    """What one release says of one request."""

    institution: str
    findings: tuple[Finding, ...]
    orders: int


@dataclass(frozen=True, slots=True)
class Difference:
    """One alert that differs between two releases for one request (by the id it is stored under)."""

    review: str
    institution: str
    family: str
    rule: str
    change: str
    before: str
    after: str
    summary: str


@dataclass(frozen=True, slots=True)
class Line:
    """Differences of one rule at one hospital."""

    institution: str
    family: str
    rule: str
    appeared: int
    vanished: int
    changed: int
    example: str


@dataclass(frozen=True, slots=True)
class ShadowReport:
    """Requests asked, those that could not be, alerts before and after, and every difference."""

    requests: int
    failed: int
    orders: int
    before: int
    after: int
    differences: tuple[Difference, ...]

    def rate(self, alerts: int) -> float:
        """Alerts per hundred orders."""
        return 100 * alerts / self.orders if self.orders else 0.0

    @property
    def lines(self) -> list[Line]:
        """By hospital and rule, the most differences first."""
        counted: dict[tuple[str, str, str], Counter[str]] = {}
        examples: dict[tuple[str, str, str], str] = {}
        for d in self.differences:
            key = (d.institution, d.family, d.rule)
            counted.setdefault(key, Counter())[d.change] += 1
            examples.setdefault(key, d.summary)
        made = [
            Line(*key, counts["appeared"], counts["vanished"], counts["changed"], examples[key])
            for key, counts in counted.items()
        ]
        return sorted(made, key=lambda m: (-(m.appeared + m.vanished + m.changed), m.institution, m.rule))


Ask = Callable[[Entry], Answer]


def compare(
    ids: Iterable[str],
    read: Callable[[str], Entry],
    old: Ask,
    new: Ask,
    progress: Callable[[int], None] = lambda n: None,
) -> ShadowReport:
    """Ask each stored request twice. One that cannot be read, or that one release cannot answer, is counted, not
    fatal."""
    requests = failed = orders = before = after = 0
    found: list[Difference] = []
    for id_ in ids:
        requests += 1
        try:
            entry = read(id_)
            first, second = old(entry), new(entry)
        except Exception:  # whatever an old request holds, the others are still worth asking
            failed += 1
        else:
            orders += first.orders
            before, after = before + len(first.findings), after + len(second.findings)
            found += _differences(id_, first, second)
        progress(1)
    return ShadowReport(requests, failed, orders, before, after, tuple(found))


def _differences(review: str, first: Answer, second: Answer) -> list[Difference]:
    """Findings are the same when they speak of the same cause and orders."""
    was, now = ({_place(f): f for f in answer.findings} for answer in (first, second))
    made: list[Difference] = []
    for place in was.keys() | now.keys():
        before, after = was.get(place), now.get(place)
        if before is None and after is not None:
            made.append(_difference(review, second.institution, after, "appeared", "", after.severity.value))
        elif after is None and before is not None:
            made.append(_difference(review, first.institution, before, "vanished", before.severity.value, ""))
        elif before is not None and after is not None and before.severity is not after.severity:
            grades = (before.severity.value, after.severity.value)
            made.append(_difference(review, second.institution, after, "changed", *grades))
    return sorted(made, key=lambda d: (d.change, d.rule))


def _place(finding: Finding) -> tuple[str, tuple[str, ...]]:
    return finding.cause or finding.rule_id, tuple(sorted(finding.orders))


def _difference(review: str, institution: str, f: Finding, change: str, before: str, after: str) -> Difference:
    return Difference(review, institution, f.family, f.rule_id, change, before, after, f.summary)


def save(report: ShadowReport, path: Path) -> None:
    """Write lines and differences as a workbook (.xlsx) or JSON."""
    lines, differences = ([asdict(row) for row in rows] for rows in (report.lines, report.differences))
    if path.suffix == ".xlsx":
        write_workbook(path, {"按机构和规则": lines, "差异": differences})
        return
    totals = {"requests": report.requests, "failed": report.failed, "orders": report.orders}
    path.write_bytes(orjson.dumps(totals | {"lines": lines, "differences": differences}))
