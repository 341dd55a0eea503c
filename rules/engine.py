"""The review: every family over one case, each isolated, outcomes gathered."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from time import perf_counter

from clinical.finding import Fault, Finding, Gap, Outcome, Passed, Review
from rules.model import Case, Check, Family, fault


@dataclass(slots=True)
class Counters:
    """Faults per family since the process started; read by ``/metrics``."""

    faults: Counter[str] = field(default_factory=Counter)


COUNTERS = Counters()


@dataclass(slots=True)
class _Gathered:
    findings: list[Finding] = field(default_factory=list)
    gaps: dict[Gap, None] = field(default_factory=dict)
    passed: list[Passed] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)

    def take(self, outcome: Outcome) -> None:
        if isinstance(outcome, Finding):
            self.findings.append(outcome)
        elif isinstance(outcome, Gap):
            self.gaps[outcome] = None
        elif isinstance(outcome, Fault):
            COUNTERS.faults[outcome.family] += 1
            self.faults.append(outcome)
        else:
            self.passed.append(outcome)


def review(case: Case, families: Sequence[Family]) -> Review:
    """Run the families that concern the orders of the case.

    A family that raises keeps the findings it gave before, is reported as a ``Fault`` and
    counted; the others still answer. Nothing is suppressed here: see ``policy.apply``.
    """
    started = perf_counter()
    gathered = _Gathered()
    kinds = {order.kind for order in case.orders}
    for family in families:
        if not family.concerns(kinds, case.patient.stage):
            if case.explain:
                gathered.passed.append(Passed(family.name, "", "未评估: 没有该规则所涉及的医嘱类别"))
            continue
        if family.by_drug and case.told.isdisjoint(family.reads):
            continue
        _run(family.name, family.check, case, gathered)
    return Review(
        release=case.snapshot.release,
        findings=tuple(gathered.findings),
        gaps=tuple(gathered.gaps),
        passed=tuple(gathered.passed),
        faults=tuple(gathered.faults),
        elapsed_ms=(perf_counter() - started) * 1000,
    )


def _run(name: str, check: Check, case: Case, gathered: _Gathered) -> None:
    try:
        for outcome in check(case):
            gathered.take(outcome)
    except Exception as error:  # one family must never take the others down
        gathered.take(fault(name, "", error))
