"""The same order issued again: a prescription whose supply lasts, or the same thing twice in one signing.

Other strengths, brands and doses of one ingredient are the matter of duplicate therapy; here the order itself comes
again, which that family takes for a prescription continued. It is one in the last week or quarter of the supply,
whichever is longer, but never in its first half: twelve weeks for a chronic disease (长期处方) may so be renewed
three weeks ahead.
"""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterable, Iterator
from datetime import date, timedelta
from typing import Final

from clinical.finding import Datum, Finding, Outcome, Severity, Suggestion
from clinical.logic import Unknown
from clinical.order import Order, OrderKind, OrderStatus
from clinical.patient import PatientContext, Visit
from clinical.value import Value
from rules.infusion import FLUID
from rules.ingredients import may_be_twice, reaches
from rules.model import Case, Family, order_datum
from rules.regulations import cited, supply_days

NAME = "duplicate-order"
_LAW: Final = "moh-prescription-2007"
_SECTION: Final = "第三十五条"
_WEEK: Final = 7
_LONGEST: Final = 3660
"""Days beyond which a supply is a slip of the pen."""
_NAMED: Final = 160
"""Characters of a cause that are remembered."""
_VERIFYING: Final = frozenset({"medication-verify", "order-dispatch"})
"""Stages at which the very orders under review may already be on record, under a number of another system."""
_REASON: Final = re.compile(
    r"外出|出差|旅行|旅游|外地|返乡|遗失|丢失|药\S{0,4}(?:丢|破损|损坏)|假期|节假日|春节|国庆|提前(?:取药|开药|配药|备药|续方)"
)
"""Why somebody gets a drug before the last supply is used up, as prescribers note it."""
_TIMES: Final = (
    (re.compile(r"[早晨]|上午|(?<![a-z])qa?m(?![a-z])"), "早"),
    (re.compile(r"中午|午餐|午饭|下午|午后|(?<![a-z])qpm(?![a-z])"), "午"),
    (re.compile(r"晚|(?<![a-z])qn(?![a-z])"), "晚"),
    (re.compile(r"睡|(?<![a-z])q?hs(?![a-z])"), "睡前"),
)
_VEIN: Final = frozenset({"静脉滴注", "静脉泵入", "静脉注射", "静脉给药"})
_CARE: Final = re.compile(r"护理|饮食|监护|监测|吸氧|氧疗|病重|病危|陪护|隔离|卧床|制动|体位|翻身|出入量|压疮|口腔")
"""What orders of nursing are about. Of other things (devices) two of a kind may be meant."""
_WITH_DRUGS: Final = re.compile(r"注射|输液|滴注|静滴|皮试|采血")
"""Procedures that go with each drug or sample: two lines are two of them."""


class Again(Value, frozen=True):
    """An order under review and the same one that is still in force. ``left`` are the days on which both would be
    taken, of ``course`` days; both are 0 when nobody wrote for how long, but both are of one day."""

    order: Order
    earlier: Order
    left: int
    course: int


def check(case: Case) -> Iterator[Outcome]:
    """Among the orders under review, then against the drugs in force."""
    orders = case.orders
    if len({order.what.text for order in orders}) < len(orders):
        yield from _at_once(case)
    medications = case.patient.medications
    if isinstance(medications, Unknown) or not medications:
        return
    texts = {order.what.text for order in case.drugs}
    called = [m for m in medications if m.what.text in texts]
    if called:
        yield from _again(case, called)


# -- in force -----------------------------------------------------------------------------


def _again(case: Case, called: list[Order]) -> Iterator[Finding]:
    """One finding for each earlier prescription, however many of its drugs come again."""
    ids = {order.id for order in case.orders}
    taken = [m for m in called if m.is_active() and m.id not in ids and m.kind is OrderKind.DRUG]
    by_prescription: dict[Hashable, list[Again]] = {}
    seen: set[Hashable] = set()
    for order in case.drugs:
        way = (_way(order), _times(order))
        if way in seen or not case.in_focus(order.id):  # the second of two identical drafts has a finding of its own
            continue
        seen.add(way)
        lasting = [again for m in taken if (again := _lasting(case, order, m)) is not None]
        if lasting:
            last = max(lasting, key=lambda again: (again.left, again.earlier.id))
            m = last.earlier
            by_prescription.setdefault((m.origin.institution, m.start, last.left, last.course), []).append(last)
    for same in by_prescription.values():
        yield _renewed(case, same)


def _lasting(case: Case, order: Order, earlier: Order) -> Again | None:
    """What an order repeats, unless it is a renewal in time or nobody can tell."""
    if earlier.start is None or not _is_same(order, earlier) or _is_one_order(case.patient, order, earlier):
        return None
    begins = order.start or case.today
    same_day = earlier.start == begins
    if earlier.start > begins or order.dosage.is_single():  # a dose given once may be needed again
        return None
    if order.dosage.as_needed and not same_day:  # nobody knows how much of it was used
        return None
    if _is_inpatient(case.patient):
        return Again(order, earlier, 0, 0) if same_day and _is_of_ward(case.patient, order, earlier) else None
    last = _last_day(earlier)
    if (
        last is None
    ):  # a drug that a patient was said to take has no prescriber: what is ordered now is its first supply
        return Again(order, earlier, 0, 0) if same_day and earlier.prescriber else None
    if last < case.today:
        return None
    left, course = (last - begins).days + 1, (last - earlier.start).days + 1
    return Again(order, earlier, left, course) if left > _tolerated(course) else None


def _tolerated(course: int) -> float:
    """Days before its end from which a course may be renewed."""
    return min(max(_WEEK, course / 4), course / 2)


def _last_day(order: Order) -> date | None:
    """The last day the supply lasts: as stated, else by what was dispensed."""
    if order.stop is not None or order.start is None:
        return order.stop
    days = supply_days(order)
    if isinstance(days, Unknown) or not 1 <= days <= _LONGEST:
        return None
    return order.start + timedelta(days=int(days) - 1)


def _is_one_order(patient: PatientContext, order: Order, earlier: Order) -> bool:
    """Whether the earlier one is the order under review itself, as another system numbered it: written at the same
    moment, or on its day where prescriptions are verified that were signed before."""
    mine, theirs = order.origin.time, earlier.origin.time
    if _is_elsewhere(patient, order, earlier):
        return False
    if mine is not None and mine == theirs:
        return True
    return patient.stage in _VERIFYING and (order.start is None or order.start == earlier.start)


def _is_inpatient(patient: PatientContext) -> bool:
    if isinstance(patient.visit, Unknown):
        return not isinstance(patient.admitted, Unknown)
    return patient.visit is Visit.INPATIENT


def _is_of_ward(patient: PatientContext, order: Order, earlier: Order) -> bool:
    """Whether both are standing orders of this stay. What a patient brought along or takes home is the same drug by
    right, and orders are written anew when a patient moves or was operated on: only two of one day count."""
    same_days = order.dosage.duration_days == earlier.dosage.duration_days
    return same_days and not order.dosage.as_needed and not _is_elsewhere(patient, order, earlier)


def _is_elsewhere(patient: PatientContext, order: Order, earlier: Order) -> bool:
    here, there = order.origin.institution or patient.institution, earlier.origin.institution
    return bool(here) and bool(there) and here != there


def _renewed(case: Case, same: list[Again]) -> Finding:
    first = same[0]
    orders = [again.order for again in same]
    reason = next((order.note for order in orders if _REASON.search(order.note)), "")
    detail = "药品、途径、剂量和频次均与在用医嘱相同" + (f"；已注明理由: {reason.strip()}" if reason else "")
    return Finding(
        family=NAME,
        rule_id=f"{NAME}:in-force",
        rule_version="1",
        severity=Severity.INFO if reason else _severity(case.patient, first),
        summary=f"重复开立: {_listed(orders)} {_told(first)}",
        detail=detail,
        orders=tuple(order.id for order in orders),
        data=tuple(datum for again in same for datum in (order_datum(again.order), _in_force(again))),
        references=(cited(case, f"{NAME}:in-force", _LAW, _SECTION),),
        advice=_advice(first),
        suggestions=tuple(map(_drop, orders)),
        cause=_cause(orders),
        interruptive=not reason,
    )


def _severity(patient: PatientContext, again: Again) -> Severity:
    """Milder where the same institution renews in the second half of the supply: too soon, but known to it."""
    early = again.left * 2 > again.course or _is_elsewhere(patient, again.order, again.earlier) or not again.course
    return Severity.MODERATE if early else Severity.MINOR


def _told(again: Again) -> str:
    m = again.earlier
    place = f"由{m.origin.institution}" if m.origin.institution else ""
    if not again.course:
        return f"当日已{place}开立，仍在执行"
    return f"已{place}于 {m.start} 开具 {again.course} 天用量，尚余 {again.left} 天"


def _in_force(again: Again) -> Datum:
    m = again.earlier
    course = f"共 {again.course} 天，尚余 {again.left} 天" if again.course else "未写天数"
    by = f"，{m.prescriber}开具" if m.prescriber else ""
    return Datum.at("在用药品", f"{m.what.text}，{m.start} 起，{course}{by}", m.origin)


def _advice(again: Again) -> str:
    start = again.earlier.start
    if start is None or not again.course:
        return "核对是否重复开立，保留其中一条。"
    after = start + timedelta(days=again.course)
    return f"先用完在用的药量，再从 {after} 起续方；确需提前的（外出、遗失等）请注明理由。"


# -- in one signing -----------------------------------------------------------------------


def _at_once(case: Case) -> Iterator[Finding]:
    """Identical orders under review. Duplicate therapy speaks of the same drugs where their ingredients count: one
    card is shown for both, by the cause and the orders. What it passes over (herbs, drugs nobody understood) is one
    finding."""
    alike: dict[Hashable, list[Order]] = {}
    for order in case.orders:
        if _may_repeat(case, order):
            alike.setdefault((order.kind, _line(order)), []).append(order)
    others: list[list[Order]] = []
    for same in alike.values():
        if len(same) < 2 or not case.in_focus(*(order.id for order in same)):
            continue
        counted = _counted(case, same[0])
        if same[0].kind is not OrderKind.DRUG:
            yield _twice(case, [same], "service", _cause(same))
        elif not counted:
            others.append(same)
        elif _takers(case, counted, same[0]) <= {order.id for order in same}:
            yield _twice(case, [same], "twice", f"duplicate-therapy:{counted}")
    if others:
        yield _twice(case, others, "twice", _cause([same[0] for same in others]))


def _may_repeat(case: Case, order: Order) -> bool:
    """Whether two such orders are one too many: drafts, or of one known day, that say enough to be compared."""
    text = order.what.text
    if not text or (order.status is not OrderStatus.DRAFT and order.start is None):
        return False
    if order.kind is OrderKind.DRUG:
        return _is_dosed(order) and not _is_solvent(case, order)
    if order.kind is OrderKind.PROCEDURE:
        return not _WITH_DRUGS.search(text)
    return order.kind is OrderKind.BLOOD or (order.kind is OrderKind.OTHER and _CARE.search(text) is not None)


def _is_solvent(case: Case, order: Order) -> bool:
    """Whether it is (or, run into a vein by a name nobody knows, may be) what other drugs are dissolved in."""
    if not order.ingredients:
        return order.dosage.route in _VEIN
    return any(FLUID in case.snapshot.ancestors(i.concept) for i in order.ingredients)


def _counted(case: Case, order: Order) -> str:
    """The ingredient by which duplicate therapy speaks of an order; empty when it does not."""
    concepts = (i.concept for i in order.ingredients)
    return next((c for c in concepts if not may_be_twice(case.snapshot.ancestors(c))), "")


def _takers(case: Case, concept: str, order: Order) -> set[str]:
    """The orders by which an ingredient reaches one place: when there are more than the identical ones, duplicate
    therapy names all of them in one finding."""
    place = reaches(order)
    return {use.order.id for use in case.uses if use.concept == concept and reaches(use.order) == place}


def _twice(case: Case, alike: list[list[Order]], rule: str, cause: str) -> Finding:
    orders = [order for same in alike for order in same]
    care = orders[0].kind is OrderKind.OTHER
    is_drug = orders[0].kind is OrderKind.DRUG
    return Finding(
        family=NAME,
        rule_id=f"{NAME}:{rule}",
        rule_version="1",
        severity=Severity.MINOR if care else Severity.MODERATE,
        summary=f"重复开立: {_listed([same[0] for same in alike])} 在本次医嘱中开立了 {len(alike[0])} 条",
        detail="各条内容完全相同。",
        orders=tuple(order.id for order in orders),
        data=tuple(Datum.at("本次医嘱", order.what.text, order.origin) for order in orders),
        references=(cited(case, f"{NAME}:{rule}", _LAW, _SECTION),) if is_drug else (),
        advice="保留其中一条；确需多次的，在一条医嘱中写明次数或分别注明部位、时间。",
        suggestions=tuple(_drop(order) for same in alike for order in same[1:]),
        cause=cause,
    )


# -- the same order -----------------------------------------------------------------------


def _is_same(order: Order, other: Order) -> bool:
    """The same drug by the same name, in the same known dose, way and frequency, at no other time of the day."""
    return _is_dosed(order) and _way(order) == _way(other) and not _is_of_other_times(order, other)


def _is_dosed(order: Order) -> bool:
    how = order.dosage
    return not isinstance(how.dose, Unknown) and not isinstance(how.times_per_day, Unknown)


def _way(order: Order) -> Hashable:
    what, how = order.what, order.dosage
    return what.text, what.concepts, how.dose, how.route, how.times_per_day, how.as_needed


def _line(order: Order) -> Hashable:
    """All that an order says: what is written otherwise is meant otherwise (noon and night, another bag)."""
    how = order.dosage
    said = (how.frequency_text, how.route_text, how.rate, how.duration_days, order.quantity, order.note)
    return _way(order), said, order.form, order.group, order.start


def _is_of_other_times(order: Order, other: Order) -> bool:
    mine, theirs = _times(order), _times(other)
    return bool(mine) and bool(theirs) and mine != theirs


def _times(order: Order) -> frozenset[str]:
    said = f"{order.dosage.frequency_text} {order.note}".casefold()
    return frozenset(time for pattern, time in _TIMES if pattern.search(said))


def _listed(orders: Iterable[Order]) -> str:
    return "、".join(dict.fromkeys(order.what.text for order in orders))


def _cause(orders: list[Order]) -> str:
    names = {"+".join(order.what.concepts) or order.what.text for order in orders}
    return f"{NAME}:{','.join(sorted(names))}"[:_NAMED]


def _drop(order: Order) -> Suggestion:
    return Suggestion(f"取消 {order.what.text}", "delete", order.id)


FAMILY = Family(
    NAME, "重复开立", check, kinds=(OrderKind.DRUG, OrderKind.PROCEDURE, OrderKind.BLOOD, OrderKind.OTHER)
)
