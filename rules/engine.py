"""The review: every family over one case, each isolated, outcomes gathered."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from time import perf_counter

from clinical.finding import Fault, Finding, Gap, Outcome, Passed, Review
from clinical.order import OrderKind
from knowledge.model import Predicate
from rules.model import Case, Family, fault


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
    take = gathered.take
    for outcome in outcomes(case, families):
        take(outcome)
    return Review(
        release=case.snapshot.release,
        findings=tuple(gathered.findings),
        gaps=tuple(gathered.gaps),
        passed=tuple(gathered.passed),
        faults=tuple(gathered.faults),
        elapsed_ms=(perf_counter() - started) * 1000,
    )


def outcomes(case: Case, families: Sequence[Family]) -> Iterator[Outcome]:
    """What the families that concern the orders say, one after the other."""
    asked, others = _chosen(tuple(families), case.kinds, case.patient.stage, case.told)
    if case.explain:
        yield from (Passed(family.name, "", "未评估: 没有该规则所涉及的医嘱类别") for family in others)
    for family in asked:
        try:
            for outcome in family.check(case):
                if isinstance(outcome, Fault):
                    COUNTERS.faults[outcome.family] += 1
                yield outcome
        except Exception as error:  # one family must never take the others down
            COUNTERS.faults[family.name] += 1
            yield fault(family.name, "", error)


@lru_cache(maxsize=65536)
def _chosen(
    families: tuple[Family, ...], kinds: frozenset[OrderKind], stage: str, told: frozenset[Predicate]
) -> tuple[tuple[Family, ...], tuple[Family, ...]]:
    """The families to ask about orders of these kinds, of whose drugs so much is told, at this moment; and those
    that concern no such orders."""
    concerned = [family for family in families if family.concerns(kinds, stage)]
    asked = tuple(f for f in concerned if not (f.by_drug and told.isdisjoint(f.reads)))
    return asked, tuple(family for family in families if family not in concerned)
