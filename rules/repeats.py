"""Orders that repeat what was done a short while ago, here or in another institution."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Final

from clinical.coded import Coded, Origin, china_day, zoned
from clinical.finding import Datum, Finding, Gap, Outcome, Passed, Severity, Suggestion
from clinical.logic import Unknown
from clinical.order import Order, OrderKind
from clinical.patient import ClinicalStatus, Condition
from clinical.value import Value, replace
from knowledge.model import Predicate, Statement
from knowledge.snapshot import Snapshot
from rules.model import Case, fault, may_interrupt


class Done(Value, frozen=True):
    """A finished test or examination: what, with which result, whether it is mutually recognised."""

    what: Coded
    result: str
    recognised: bool
    origin: Origin


def repeats(case: Case, family: str, kind: OrderKind, word: str) -> Iterator[Outcome]:
    """Orders of a kind against finished ones within the repeat interval, and against each other."""
    orders = [order for order in case.orders if order.kind is kind and case.in_focus(order.id)]
    missing = isinstance(case.patient.reports, Unknown) and isinstance(case.patient.observations, Unknown)
    if orders and missing:
        yield Gap(family, "reports", f"未提供既往报告，未能检查重复{word}", tuple(o.id for o in orders))
    yield from _twice_ordered(case, family, kind, word)
    for order in orders:
        try:
            yield from _judge(case, family, order, word)
        except Exception as error:  # one order must not silence the others
            yield fault(family, "", error)


def _judge(case: Case, family: str, order: Order, word: str) -> Iterator[Outcome]:
    for s, last in held(case, order):
        if last is not None:
            yield _excused(case, order, last, _finding(case, family, order, s, last, word))
        elif case.explain:
            yield Passed(family, s.id, f"间隔期内无既往{word}", (order.id,))


def held(case: Case, order: Order) -> Iterator[tuple[Statement, Done | None]]:
    """Of all that an order asks for and that has an interval here: that, and the newest finished one within it."""
    for concept in order.what.concepts:
        s = _window(case, concept)
        if s is not None:
            yield s, _last(case, order, concept, s.qualifiers["hours"])


def counts_here(case: Case, s: Statement, last: Done) -> bool:
    """Whether a result is mutually recognised where the order is written."""
    elsewhere = bool(last.origin.institution) and last.origin.institution != case.patient.institution
    return last.recognised or (elsewhere and bool(s.qualifiers.get("recognised")))


def _window(case: Case, concept: str) -> Statement | None:
    return chosen(case.statements(Predicate.REPEAT_INTERVAL, concept), case.patient.institution)


def chosen(rows: Iterable[Statement], here: str) -> Statement | None:
    """The interval that holds where the order is written: the institution's own before the general one."""
    known = list(rows)
    own = (s for s in known if here and here in s.qualifiers.get("institutions", ()))
    general = (s for s in known if not s.qualifiers.get("institutions"))
    recognising = sorted(general, key=lambda s: not s.qualifiers.get("recognised"))
    return next(own, None) or next(iter(recognising), None)


def _excused(case: Case, order: Order, last: Done, finding: Finding) -> Finding:
    """Milder where the repeat explains itself: a recorded reason, an emergency, a diagnosis newer than the
    last result."""
    if order.note.strip() and not _says_nothing(case, order):
        told = f"{finding.detail}；已记录重复理由: {order.note.strip()}"
        return replace(finding, severity=Severity.INFO, detail=told, interruptive=False)
    if order.urgent:
        told = f"{finding.detail}；本次为急诊医嘱"
        return replace(finding, severity=Severity.INFO, detail=told, interruptive=False)
    newer = next((c for c in _conditions(case) if _since(c, last)), None)
    if newer is None:
        return finding
    told = f"{finding.detail}；上次之后新增诊断 {newer.what.text}，病情变化者可复查"
    data = (*finding.data, Datum.at("新增诊断", newer.what.text, newer.origin))
    return replace(finding, severity=Severity.MINOR, detail=told, data=data)


_BARE: Final = re.compile(
    r"^[\s,，。;；]*(?:请|常规|定期|出院前|治疗后)?(?:复查|复诊|检查|常规|常规检查)[\s,，。;；]*$"
)
_RADIATING: Final = frozenset({"CT", "核医学"})


def _says_nothing(case: Case, order: Order) -> bool:
    """Whether the note of an examination of much radiation says no more than that it is one again."""
    known = (case.snapshot.concept(concept) for concept in order.what.concepts)
    modalities = {c.attributes.get("modality") for c in known if c is not None}
    return not modalities.isdisjoint(_RADIATING) and _BARE.match(order.note) is not None


def _conditions(case: Case) -> tuple[Condition, ...]:
    known = case.patient.conditions
    active = () if isinstance(known, Unknown) else known
    return tuple(c for c in active if c.status is ClinicalStatus.ACTIVE and c.what.text)


def _since(condition: Condition, last: Done) -> bool:
    """Whether a diagnosis is newer than a result, by onset, else by when it was recorded."""
    done, recorded = last.origin.time, condition.origin.time
    if done is None:
        return False
    if condition.onset is not None:
        return condition.onset > china_day(_instant(done))
    return recorded is not None and _instant(recorded) > _instant(done)


def _finding(case: Case, family: str, order: Order, s: Statement, last: Done, word: str) -> Finding:
    hours = s.qualifiers["hours"]
    day = china_day(last.origin.time).isoformat() if last.origin.time else ""
    place = f"于{last.origin.institution}" if last.origin.institution else ""
    name = order.what.text or case.name(s.subject)
    recognised = counts_here(case, s, last)
    mark = "，结果已互认" if recognised else ""
    return Finding(
        family=family,
        rule_id=s.id,
        rule_version=str(s.revision),
        severity=Severity.MODERATE if recognised or last.origin.institution else Severity.MINOR,
        summary=f"重复{word}: {name} {day} 已{place}完成{mark}",
        detail=f"距上次不足 {_interval(hours)}；上次结果: {last.result or '见原报告'}",
        orders=(order.id,),
        data=(Datum.at(f"既往{word}", last.result or last.what.text, last.origin),),
        references=case.references(s),
        advice="病情无变化时可直接引用上次结果；确需复查请注明理由。",
        suggestions=(Suggestion(f"取消 {name}", "delete", order.id),),
        cause=f"{family}:{order.id}",
        interruptive=may_interrupt(s),
    )


def _last(case: Case, order: Order, concept: str, hours: float) -> Done | None:
    """The newest finished one of this concept (or of a panel or exam that includes it) in the window."""
    wanted = {concept, *including(case.snapshot, concept)}
    same = (d for d in _done(case) if wanted.intersection(d.what.concepts) and same_side(order.what, d.what))
    within = [d for d in same if _recent(case, d, hours)]
    return max(within, key=lambda d: _instant(d.origin.time), default=None)


def including(snapshot: Snapshot, concept: str) -> list[str]:
    """Panels and combined exams that contain the concept."""
    return [s.subject for s in snapshot.pointing_at(concept) if s.predicate is Predicate.CONTAINS]


def _done(case: Case) -> Iterator[Done]:
    reports = case.patient.reports
    for r in () if isinstance(reports, Unknown) else reports:
        recognised = not isinstance(r.recognised, Unknown) and r.recognised
        yield Done(r.what, r.conclusion, recognised, r.origin)
    observations = case.patient.observations
    for o in () if isinstance(observations, Unknown) else observations:
        value = o.value
        text = (
            value if isinstance(value, str) else "" if isinstance(value, Unknown) else f"{value.value:g} {value.unit}"
        )
        yield Done(o.what, text, False, o.origin)


def _recent(case: Case, done: Done, hours: float) -> bool:
    if done.origin.time is None:
        return False
    elapsed = (_instant(case.patient.as_of) - _instant(done.origin.time)).total_seconds() / 3600
    return 0 <= elapsed < hours


def _twice_ordered(case: Case, family: str, kind: OrderKind, word: str) -> Iterator[Finding]:
    """The same test twice among the orders under review, or inside a panel ordered beside it. Panels
    that merely overlap are two orders, each with results of its own."""
    orders = [order for order in case.orders if order.kind is kind and order.what.concepts]
    for i, first in enumerate(orders):
        for second in orders[i + 1 :]:
            wide, narrow = sorted((first, second), key=lambda o: -len(_contents(case, o)))
            within = set(narrow.what.concepts) <= _contents(case, wide)
            if within and same_side(first.what, second.what) and case.in_focus(first.id, second.id):
                yield _same_order(case, family, wide, narrow, min(narrow.what.concepts), word)


def _same_order(case: Case, family: str, first: Order, second: Order, shared: str, word: str) -> Finding:
    names = f"{first.what.text}、{second.what.text}"
    return Finding(
        family=family,
        rule_id=f"{family}:same-order",
        rule_version="1",
        severity=Severity.MODERATE,
        summary=f"重复{word}: {names} 均包含{case.name(shared)}",
        detail="同一次开立的医嘱中重复。",
        orders=(first.id, second.id),
        data=(
            Datum.at("新开医嘱", first.what.text, first.origin),
            Datum.at("新开医嘱", second.what.text, second.origin),
        ),
        advice="保留其中一个。",
        suggestions=(Suggestion(f"取消 {second.what.text}", "delete", second.id),),
        cause=f"{family}:{first.id}+{second.id}",
    )


def _contents(case: Case, order: Order) -> set[str]:
    """What an order asks for: its concepts and, for panels, everything in them."""
    found: set[str] = set()
    for concept in order.what.concepts:
        found.add(concept)
        found.update(s.object for s in case.statements(Predicate.CONTAINS, concept))
    return found


def same_side(a: Coded, b: Coded) -> bool:
    """False when one text says left and the other right: the other knee is no repeat."""
    sides = [{side for side in "左右" if side in what.text} for what in (a, b)]
    return not sides[0] or not sides[1] or not sides[0].isdisjoint(sides[1])


def _interval(hours: float) -> str:
    return f"{hours:g} 小时" if hours < 48 else f"{hours / 24:.0f} 天"


def _instant(time: datetime | None) -> datetime:
    """A time that compares with any other; what has none comes first."""
    return datetime.min.replace(tzinfo=UTC) if time is None else zoned(time)
