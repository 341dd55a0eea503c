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


def review(case: Case, families: Sequence[Family]) -> Review:
    """Run the families that concern the orders of the case.

    A family that raises keeps the findings it gave before, is reported as a ``Fault`` and
    counted; the others still answer. Nothing is suppressed here: see ``policy.apply``.
    """
    started = perf_counter()
    asked, others = _chosen(tuple(families), case.kinds, case.patient.stage, case.told)
    said: list[Outcome] = list(map(_left_out, others)) if case.explain else []
    for family in asked:
        try:
            for outcome in family.check(case):  # not extended by it: that costs twice as much for nothing said
                said.append(outcome)
        except Exception as error:  # one family must never take the others down
            said.append(fault(family.name, "", error))
    return _gathered(case.snapshot.release, said, started)


def _gathered(release: str, said: list[Outcome], started: float) -> Review:
    """Outcomes by their kind, every gap once; faults are counted."""
    findings: list[Finding] = []
    gaps: dict[Gap, None] = {}
    passed: list[Passed] = []
    faults: list[Fault] = []
    for outcome in said:
        if isinstance(outcome, Finding):
            findings.append(outcome)
        elif isinstance(outcome, Gap):
            gaps[outcome] = None
        elif isinstance(outcome, Passed):
            passed.append(outcome)
        else:
            faults.append(outcome)
            COUNTERS.faults[outcome.family] += 1
    elapsed = (perf_counter() - started) * 1000
    kinds = (tuple(findings), tuple(gaps), tuple(passed), tuple(faults))
    return Review(release, *kinds, elapsed_ms=elapsed)


def outcomes(case: Case, families: Sequence[Family]) -> Iterator[Outcome]:
    """What the families that concern the orders say, one after the other, for those who may stop early."""
    asked, others = _chosen(tuple(families), case.kinds, case.patient.stage, case.told)
    if case.explain:
        yield from map(_left_out, others)
    for family in asked:
        try:
            for outcome in family.check(case):
                if isinstance(outcome, Fault):
                    COUNTERS.faults[outcome.family] += 1
                yield outcome
        except Exception as error:  # one family must never take the others down
            COUNTERS.faults[family.name] += 1
            yield fault(family.name, "", error)


def _left_out(family: Family) -> Passed:
    return Passed(family.name, "", "未评估: 没有该规则所涉及的医嘱类别")


@lru_cache(maxsize=65536)
def _chosen(
    families: tuple[Family, ...], kinds: frozenset[OrderKind], stage: str, told: frozenset[Predicate]
) -> tuple[tuple[Family, ...], tuple[Family, ...]]:
    """The families to ask about orders of these kinds, of whose drugs so much is told, at this moment; and those
    that concern no such orders."""
    concerned = [family for family in families if family.concerns(kinds, stage)]
    asked = tuple(f for f in concerned if not (f.by_drug and told.isdisjoint(f.reads)))
    return asked, tuple(family for family in families if family not in concerned)
