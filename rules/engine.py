"""The review: every family over one case, each isolated, outcomes gathered."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from time import perf_counter
from typing import Final

from clinical.finding import Fault, Finding, Gap, Outcome, Passed, Review
from clinical.order import OrderKind
from knowledge.model import Predicate
from rules.model import Case, Family, fault


@dataclass(slots=True)
class Counters:
    """Faults per family since the process started; read by ``/metrics``."""

    faults: Counter[str] = field(default_factory=Counter)


COUNTERS = Counters()
_NO_ORDERS: Final = "未评估: 没有该规则所涉及的医嘱类别"
_NOT_CHOSEN: Final = "未评估: 当前所选医嘱不属于该规则所涉及的类别"
_NOT_NOW: Final = "未评估: 该规则不在当前诊疗环节检查"
_NOT_UNDERSTOOD: Final = "未评估: 本次医嘱的名称未被识别"
_NOTHING_KNOWN: Final = "未评估: 知识库没有本次医嘱在该规则下的条目"
_NOT_IN_FORCE: Final = "未评估: 知识库中本次医嘱在该规则下的条目当日不在有效期内"
_NOT_MET: Final = "未见符合该规则条件的情况"


def review(case: Case, families: Sequence[Family]) -> Review:
    """Run the families that concern the orders of the case.

    A family that raises keeps the findings it gave before, is reported as a ``Fault`` and
    counted; the others still answer. Nothing is suppressed here: see ``policy.apply``.
    """
    started = perf_counter()
    said: list[Outcome] = []
    for family in _chosen(tuple(families), case.kinds, case.patient.stage, case.told):
        try:
            for outcome in family.check(case):  # not extended by it: that costs twice as much for nothing said
                said.append(outcome)
        except Exception as error:  # one family must never take the others down
            said.append(fault(family.name, "", error))
    if case.explain:
        said += _unheard(case, families, said)
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
    """What the families that concern the orders say, one after the other, for those who may stop early: of families
    that say nothing, nothing is explained."""
    for family in _chosen(tuple(families), case.kinds, case.patient.stage, case.told):
        try:
            for outcome in family.check(case):
                if isinstance(outcome, Fault):
                    COUNTERS.faults[outcome.family] += 1
                yield outcome
        except Exception as error:  # one family must never take the others down
            COUNTERS.faults[family.name] += 1
            yield fault(family.name, "", error)


def _unheard(case: Case, families: Iterable[Family], said: Iterable[Outcome]) -> list[Passed]:
    """The families that said nothing, each with the reason: an explained review leaves none out."""
    spoke = {outcome.family for outcome in said}
    return [Passed(family.name, "", _why(case, family)) for family in families if family.name not in spoke]


def _why(case: Case, family: Family) -> str:
    """Why a family said nothing. Of one that goes by statements about the drug it is certain that nothing was there
    to be evaluated; the others looked, unless nobody understood what was ordered."""
    if not family.concerns(case.kinds, ""):
        return _NO_ORDERS
    if not family.concerns(case.kinds, case.patient.stage):
        return _NOT_NOW
    if not family.kinds or not family.reads:
        return _NOT_MET
    orders = [order for order in case.orders if order.kind in family.kinds and case.in_focus(order.id)]
    subjects = {i.concept for order in orders for i in order.ingredients}
    subjects.update(concept for order in orders for concept in order.what.concepts)
    if not subjects:
        return _NOT_UNDERSTOOD if orders else _NOT_CHOSEN
    asked = [(predicate, subject) for subject in subjects for predicate in family.reads]
    if not family.by_drug or any(case.statements(*one) for one in asked):
        return _NOT_MET
    return _NOT_IN_FORCE if any(case.snapshot.statements(*one) for one in asked) else _NOTHING_KNOWN


@lru_cache(maxsize=65536)
def _chosen(
    families: tuple[Family, ...], kinds: frozenset[OrderKind], stage: str, told: frozenset[Predicate]
) -> tuple[Family, ...]:
    """The families to ask about orders of these kinds, of whose drugs so much is told, at this moment."""
    concerned = [family for family in families if family.concerns(kinds, stage)]
    return tuple(f for f in concerned if not (f.by_drug and told.isdisjoint(f.reads)))
