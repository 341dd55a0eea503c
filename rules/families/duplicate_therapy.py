"""The same ingredient twice, or more members of a class than should be taken together."""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterator, Sequence
from functools import partial
from itertools import combinations
from typing import Final

from clinical.administration import frequency_of
from clinical.finding import Finding, Gap, Outcome, Severity
from clinical.logic import Unknown
from clinical.order import Order
from knowledge.model import Predicate, Statement
from rules.herbs import HERB
from rules.ingredients import may_be_twice, reaches
from rules.model import Case, Family, Use, each_statement, order_datum
from rules.saying import drop, found, named, passed, route_fits

NAME = "duplicate-therapy"
_TIMES: Final = (
    (re.compile(r"晨|早(?!期|产)|上午|(?<![a-z])qa?m(?![a-z])"), "早"),
    (re.compile(r"中午|午餐|午饭|正午"), "中"),
    (re.compile(r"下午|午后"), "下午"),
    (re.compile(r"晚(?!期)|(?<![a-z])qn(?![a-z])"), "晚"),
    (re.compile(r"睡前|临睡|(?<![a-z])q?hs(?![a-z])"), "睡前"),
)
"""Words and codes for a time of day, in the frequency or the note."""
_HOUR: Final = re.compile(r"(\d{1,2})\s*(?:[:：]\d\d|[点时])")
_UNTIL: Final = ((11, "早"), (14, "中"), (18, "下午"), (21, "晚"), (25, "睡前"))
"""Hours before which it is which time of day, where only a clock time is written: 8点, 16:00."""
_MEALS: Final = re.compile(r"三餐|每餐")
_STRENGTH: Final = re.compile(r"[\s\d(（].*")
_STAGES: Final = re.compile(r"首剂|首袋|首次|负荷|冲击|维持|序贯|第[一二三四五1-5](?:段|袋|瓶|组|步|阶段|剂|次)")
"""Words for a stage of a regimen that is ordered stage by stage, in the notes."""
_INFUSED: Final = ("静脉滴注", "静脉泵入")


def check(case: Case) -> Iterator[Outcome]:
    """Same ingredient in two orders, then class groups."""
    if isinstance(case.patient.medications, Unknown) and case.new_uses:
        orders = tuple(dict.fromkeys(use.order.id for use in case.new_uses))
        yield Gap(NAME, "medications", "未提供患者在用药品，仅在本次医嘱之间检查重复用药", orders)
    yield from _same_ingredient(case)
    seen: set[str] = set()
    group = Predicate.DUPLICATE_GROUP
    statements = [(use, s) for use in case.new_uses for s in case.statements(group, use.concept)]
    unique = [(use, s) for use, s in statements if not (s.id in seen or seen.add(s.id))]  # type: ignore[func-returns-value]
    if unique and not case.explain:
        lineages = [case.lineage[use.concept] for use in case.uses]
        unique = [(use, s) for use, s in unique if _may_be_many(s, lineages)]
    if unique:
        yield from each_statement(NAME, unique, partial(_group, case))


def _may_be_many(s: Statement, lineages: list[frozenset[str]]) -> bool:
    """Whether so many uses are of a class that ``_group`` has to look: seldom."""
    allowed = s.qualifiers.get("allowed_count")
    return not isinstance(allowed, int) or sum([s.subject in lineage for lineage in lineages]) > allowed


def _same_ingredient(case: Case) -> Iterator[Finding]:
    if len(case.lineage) == len(case.uses):  # every ingredient is there once
        return
    by_concept: dict[str, list[Use]] = {}
    for use in case.uses:
        by_concept.setdefault(use.concept, []).append(use)
    for concept, uses in by_concept.items():
        if len(uses) < 2 or may_be_twice(case.lineage[concept]):
            continue
        for reaching in _reaching_the_same(uses):
            same = _without_loading(reaching)
            several = len(same) > _allowed(case, concept) and any(u.new for u in same) and not _planned(same)
            if several and case.in_focus(*(u.order.id for u in same)):
                yield _twice(case, concept, same)
    yield from _same_medicine(case)


def _same_medicine(case: Case) -> Iterator[Finding]:
    """One Chinese medicine in two orders (滴丸 and 片): its herbs, each of which may well be in two, do not tell."""
    by_medicine: dict[str, list[Use]] = {}
    for use in case.uses:
        if use.product and HERB in case.lineage[use.concept]:
            by_medicine.setdefault(use.product, []).append(use)
    for medicine, uses in by_medicine.items():
        for same in _reaching_the_same(uses) if len(uses) > 1 else ():
            names = {_STRENGTH.sub("", use.order.what.text) for use in same}  # of one name: duplicate-order
            several = len(names) > 1 and any(u.new for u in same)
            if several and case.in_focus(*(u.order.id for u in same)):
                yield _the_same(case, medicine, same)


def _the_same(case: Case, medicine: str, uses: list[Use]) -> Finding:
    names = "、".join(use.order.what.text for use in uses)
    summary = f"重复用药: {names} 均为{case.name(medicine)}"
    detail = "同一处方的中成药由多个医嘱同时给予，合计剂量可能超过说明书用量。"
    return _repeated("same-medicine", Severity.MODERATE, summary, detail, medicine, uses)


def _repeated(rule: str, severity: Severity, summary: str, detail: str, what: str, uses: Sequence[Use]) -> Finding:
    """A repeat that no row speaks of: the orders themselves show it."""
    return Finding(
        family=NAME,
        rule_id=f"{NAME}:{rule}",
        rule_version="1",
        severity=severity,
        summary=summary,
        detail=detail,
        orders=tuple(use.order.id for use in uses),
        data=tuple(order_datum(use.order) for use in uses),
        advice="保留其中一个，或按合计剂量调整。",
        suggestions=(drop(next(use for use in uses if use.new)),),
        cause=f"{NAME}:{what}",
    )


def _reaching_the_same(uses: list[Use]) -> Iterator[list[Use]]:
    """Uses that reach the whole body, and by each local route those that reach the same place."""
    places: dict[str, list[Use]] = {"": []}
    for use in uses:
        places.setdefault(reaches(use.order), []).append(use)
    yield from map(_distinct_orders, places.values())


def _without_loading(uses: list[Use]) -> list[Use]:
    """Without single doses of a drug that is also given as a course, or pushed where it is also infused:
    loading, then maintenance."""
    return [use for use in uses if not any(_loads(use.order, other.order) for other in uses)]


def _loads(first: Order, then: Order) -> bool:
    if first.id == then.id or first.what.concepts != then.what.concepts or not first.dosage.is_single():
        return False
    pushed = first.dosage.route == "静脉注射" and then.dosage.route in ("静脉滴注", "静脉泵入")
    at_once = _is_at_once(first) and not _is_at_once(then)
    return pushed or at_once or not then.dosage.is_single()


def _planned(uses: list[Use]) -> bool:
    """Whether one product is ordered several times on purpose. What it comes to in all is held against the
    limit by the family of doses."""
    names = {(use.order.what.concepts, _STRENGTH.sub("", use.order.what.text)) for use in uses}
    return len(names) == 1 and all(use.new for use in uses) and (_split(uses) or _staged(uses))


def _staged(uses: list[Use]) -> bool:
    """Whether the orders are stages of one regimen: each note names another stage (首剂, 第二袋, 维持), or they are
    infusions given once, in bags of their own that differ in both dose and rate."""
    orders = [use.order for use in uses]
    told = [_STAGES.findall(order.note) for order in orders]
    if all(told) and _differ(["".join(words) for words in told]):
        return True
    doses, rates = [order.dosage.dose for order in orders], [order.dosage.rate for order in orders]
    known = not any(isinstance(x, Unknown) for x in (*doses, *rates)) and all(order.group for order in orders)
    once = all(order.dosage.is_single() and order.dosage.route in _INFUSED for order in orders)
    return known and once and _differ(doses) and _differ(rates) and _differ([order.group for order in orders])


def _differ(things: Sequence[Hashable]) -> bool:
    return len(set(things)) == len(things)


def _split(uses: list[Use]) -> bool:
    """Whether the orders are for stated times of the day that differ (晨 15mg, 午后 5mg): one day's dose in unequal
    parts."""
    times = [_times(use.order) for use in uses]
    return all(times) and all(a.isdisjoint(b) for a, b in combinations(times, 2))


def _times(order: Order) -> frozenset[str]:
    """The times of day that an order states; none when it is given more often than it states."""
    said, times = f"{order.dosage.frequency_text} {order.note}".casefold(), order.dosage.times_per_day
    told = {time for pattern, time in _TIMES if pattern.search(said)}
    told |= {"早", "中", "晚"} if _MEALS.search(said) else set()
    told = told or {time for hour in _HOUR.findall(said) for time in [_time_at(int(hour))] if time}
    known = not isinstance(times, Unknown) and times <= len(told)
    return frozenset(told) if known else frozenset()


def _time_at(hour: int) -> str:
    return next((time for until, time in _UNTIL if hour < until), "")


def _is_at_once(order: Order) -> bool:
    """Whether it is given now and not again (st), where a day's infusion is written qd."""
    frequency = frequency_of(order.dosage.frequency_text)
    return not isinstance(frequency, Unknown) and frequency.once


def _allowed(case: Case, concept: str) -> int:
    """Orders of one ingredient that go together: one, unless a row names the ingredient itself (mesalazine
    by mouth and rectum)."""
    row = _own_row(case, concept)
    return 1 if row is None else int(row.qualifiers["allowed_count"])


def _own_row(case: Case, concept: str) -> Statement | None:
    return next((s for s in case.statements(Predicate.DUPLICATE_GROUP, concept) if s.subject == concept), None)


def _twice(case: Case, concept: str, uses: list[Use]) -> Finding:
    products = "、".join(use.order.what.text or case.name(concept) for use in uses)
    new = next(use for use in uses if use.new)
    row, summary = _own_row(case, concept), f"重复用药: {products} 均含{case.name(concept)}"
    if row is not None:
        cause = f"{NAME}:{concept}"
        return found(case, NAME, row, tuple(uses), summary, suggestions=(drop(new),), cause=cause)
    severity = Severity.MODERATE if HERB in case.lineage[concept] else Severity.MAJOR
    detail = "同一有效成分由多个医嘱同时给予，合计剂量可能超过上限。"
    return _repeated("same-ingredient", severity, summary, detail, concept, uses)


def _group(case: Case, use: Use, s: Statement) -> Iterator[Outcome]:
    subject, lineage, allowed = s.subject, case.lineage, int(s.qualifiers["allowed_count"])
    members = [u for u in case.uses if subject in lineage[u.concept]]
    members = [u for u in members if route_fits(s, u)] if len(members) > allowed else []
    distinct = {u.concept: u for u in reversed(members)}
    uses = _distinct_orders(list(reversed(distinct.values()))) if len(distinct) > allowed else []
    fresh = any(u.new for u in uses) and case.in_focus(*(u.order.id for u in uses))
    if len(uses) <= allowed or not fresh or _excepted(case, s, distinct):
        if case.explain:
            yield from passed(case, NAME, s, use, f"{case.name(subject)}未超过允许的 {allowed} 种")
        return
    names = "、".join(named(case, u) for u in uses)
    new = next(u for u in uses if u.new)
    summary = f"重复用药: {names} 同属{case.name(s.subject)}"
    yield found(case, NAME, s, tuple(uses), summary, suggestions=(drop(new),), cause=f"{NAME}:{s.subject}")


def _excepted(case: Case, s: Statement, members: dict[str, Use]) -> bool:
    """Whether all members together are an allowed pair (``A+B``, names of drugs or classes)."""
    for pair in s.qualifiers.get("except_for", ()):
        sides = [name.strip() for name in pair.split("+")]
        if len(members) == len(sides) and _matches(case, sides, list(members)):
            return True
    return False


def _matches(case: Case, sides: list[str], concepts: list[str]) -> bool:
    if not sides:
        return True
    first, rest = sides[0], sides[1:]
    return any(
        first in {case.name(a) for a in case.lineage[c]} and _matches(case, rest, concepts[:i] + concepts[i + 1 :])
        for i, c in enumerate(concepts)
    )


def _distinct_orders(uses: list[Use]) -> list[Use]:
    return list({use.order.id: use for use in reversed(uses)}.values())[::-1]


FAMILY = Family(NAME, "重复用药", check, reads=(Predicate.DUPLICATE_GROUP,))
