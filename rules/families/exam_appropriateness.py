"""Examinations that should not be done in this patient, and those that no diagnosis justifies."""

from __future__ import annotations

from collections.abc import Iterator

from clinical.finding import Outcome
from clinical.order import OrderKind
from knowledge.model import Predicate
from rules.indications import unjustified
from rules.limits import limits
from rules.model import Case, Family
from rules.services import in_hand, settled

NAME = "exam-appropriateness"


def check(case: Case) -> Iterator[Outcome]:
    """Limits of every examination under review, then its indication."""
    orders = in_hand(case, OrderKind.EXAM)
    yield from settled(o for order in orders for o in limits(case, NAME, Predicate.EXAM_LIMIT, order))
    yield from unjustified(case, NAME, Predicate.EXAM_INDICATED, orders, "检查")


FAMILY = Family(
    NAME,
    "检查合理性",
    check,
    reads=(Predicate.EXAM_LIMIT, Predicate.EXAM_INDICATED),
    kinds=(OrderKind.EXAM,),
)
