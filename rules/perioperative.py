"""Drugs around an operation: to stop, bridge, reduce or keep, whichever of the two was ordered first."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, timedelta
from math import ceil
from typing import Final

from clinical.coded import china_day
from clinical.finding import Datum, Finding, Gap, Outcome, Passed, Severity, Suggestion
from clinical.logic import Unknown
from clinical.order import Order, OrderKind
from clinical.patient import Procedure
from clinical.value import replace
from knowledge.model import ConceptKind, Predicate, Statement
from rules.measures import crcl
from rules.model import Case, Use, fault, severity_of
from rules.saying import drop, fitting
from rules.services import called, concerning, lineage

_HORIZON: Final = 30
"""Days ahead from which a planned operation says nothing about today's drugs."""
_LOWER: Final = {
    Severity.CONTRAINDICATED: Severity.MAJOR,
    Severity.MAJOR: Severity.MODERATE,
    Severity.MODERATE: Severity.MINOR,
    Severity.MINOR: Severity.INFO,
    Severity.INFO: Severity.INFO,
}
_WORDS: Final = {
    "stop": "术前需停用",
    "bridge": "术前需停用并评估桥接",
    "reduce": "围术期需减量",
    "day": "手术当日停用",
    "cover": "围术期不可停用，评估应激剂量",
    "assess": "术前需评估",
}
_AFTERWARDS: Final = re.compile(r"(?:^|[,，;；。、:：(（\s])(?:拟|待|于)?手?术后(?!长期|常规长期|一直)")
"""Words of a note that the drug begins after the operation (术后6小时首剂); an earlier one is named before them:
支架术后."""
_ANAESTHESIA: Final = re.compile(r"[^\s,，;；、。:：()（）\[\]【】下拟行后]*麻醉?")
"""The way of anaesthesia in the name or note of an operation: 拟行腰硬联合麻醉下, (腰麻)."""
_WINDOWED: Final = frozenset({"stop", "bridge"})
"""Actions that need days without the drug."""


def planned(case: Case) -> list[Order]:
    """Operations under review, already ordered or recorded as planned that lie ahead or have no date. One that
    stands in the record and is no order has no id."""
    return case.once("planned-operations", lambda: _planned(case))


def _planned(case: Case) -> list[Order]:
    medications, procedures = case.patient.medications, case.patient.procedures
    known = () if isinstance(medications, Unknown) else medications
    procedure = OrderKind.PROCEDURE
    unrecorded = isinstance(procedures, Unknown) or not procedures
    if unrecorded and procedure not in case.kinds and procedure not in [order.kind for order in known]:
        return []  # the usual case: there is neither a record nor an order of one
    today, drafts = case.today, {order.id for order in case.orders}
    standing = (o for o in known if o.kind is procedure and o.is_active() and o.id not in drafts)
    ordered = (*(o for o in case.orders if o.kind is procedure), *standing)
    orders = (*ordered, *_recorded(case, ordered))
    ahead = (o for o in orders if o.start is None or 0 <= (o.start - today).days <= _HORIZON)
    return [_with_anaesthesia(case, order) for order in ahead if order.what.concepts]


def _recorded(case: Case, ordered: tuple[Order, ...]) -> Iterator[Order]:
    """Operations that the record has as planned (拟行) and that nobody has ordered here."""
    procedures = case.patient.procedures
    known = {concept for order in ordered for concept in order.what.concepts}
    for procedure in () if isinstance(procedures, Unknown) else procedures:
        if procedure.lies_ahead(case.patient.as_of) and known.isdisjoint(procedure.what.concepts):
            yield Order("", OrderKind.PROCEDURE, procedure.what, start=_date(procedure), origin=procedure.origin)


def _date(procedure: Procedure) -> date | None:
    time = procedure.origin.time
    return None if time is None else china_day(time)


def _with_anaesthesia(case: Case, operation: Order) -> Order:
    """With the way of anaesthesia that its name or note tells, after what it is itself."""
    said = {word for text in (operation.what.text, operation.note) for word in _ANAESTHESIA.findall(text)}
    ways = {c.id for word in said for c in case.snapshot.by_name(word, ConceptKind.PROCEDURE)}
    more = sorted(ways.difference(operation.what.concepts))
    if not more:
        return operation
    return replace(operation, what=replace(operation.what, concepts=(*operation.what.concepts, *more)))


def drugs_around(case: Case, family: str) -> Iterator[Outcome]:
    """Every drug in use against every operation ahead; one of the two must be under review."""
    under_review = {order.id for order in case.orders}
    for operation in planned(case):
        fresh = operation.id in under_review
        kept: list[tuple[Use, Statement]] = []
        for use in case.uses if fresh else case.new_uses:
            if not case.in_focus(*(order.id for order in _concerned(operation, use))):
                continue
            try:
                yield from _judge(case, family, operation, use, kept)
            except Exception as error:  # one drug must not silence the others
                yield fault(family, use.concept, error)
        if kept and fresh:
            yield _keep(case, family, operation, kept)
        if fresh and isinstance(case.patient.medications, Unknown):
            yield Gap(family, "medications", "未提供在用药品，未能检查围术期用药", (operation.id,))


def _judge(
    case: Case, family: str, operation: Order, use: Use, kept: list[tuple[Use, Statement]]
) -> Iterator[Outcome]:
    narrower = _overridden(case, use.concept)
    rows = [s for s in fitting(case, Predicate.PERIOPERATIVE, use) if s.id not in narrower]
    rows = [s for s in rows if _concerns(case, s, operation)]
    if not rows:
        return
    chosen, unsure = _by_clearance(case, [s for s in rows if s.object] or rows)
    if unsure:
        reason = f"缺少近期肌酐清除率，{case.name(use.concept)}术前停药时间按最长者提示"
        yield Gap(family, "crcl", reason, (_concerned(operation, use)[0].id,))
    for s in chosen:
        if s.qualifiers["action"] == "continue":
            kept.append((use, s))
        else:
            yield from _advise(case, family, operation, use, s)


def _overridden(case: Case, drug: str) -> frozenset[str]:
    """Statements about a class of the drug that those about a narrower class, or the drug, replace."""
    return case.snapshot.remember(("perioperative-narrower", drug), lambda: _wider(case, drug))


def _wider(case: Case, drug: str) -> frozenset[str]:
    rows = case.snapshot.statements(Predicate.PERIOPERATIVE, drug)
    subjects = {s.subject for s in rows}
    wider = {w for n in subjects for w in case.snapshot.ancestors(n) if w != n}
    return frozenset(s.id for s in rows if s.subject in wider)


def _concerns(case: Case, s: Statement, operation: Order) -> bool:
    q, wider = s.qualifiers, lineage(case, operation)
    if s.object and s.object not in wider:
        return False
    risk, way = _attribute(case, operation, "bleeding"), _attribute(case, operation, "anaesthesia")
    if ("bleeding" in q and risk not in q["bleeding"]) or ("anaesthesia" in q and way not in q["anaesthesia"]):
        return False
    return "only" not in q or _has_any(case, s)


def _has_any(case: Case, s: Statement) -> bool:
    """Whether the patient has one of the diseases that a row is restricted to."""
    names = s.qualifiers["only"]
    kinds = ConceptKind.DISEASE
    wanted = case.snapshot.remember(
        ("perioperative", s.id), lambda: [c.id for name in names for c in case.snapshot.by_name(name, kinds)]
    )
    return any(concept in case.conditions for concept in wanted)


def _attribute(case: Case, operation: Order, name: str) -> str:
    """An attribute of the operation, its own or of the nearest that it is a kind of; a way of anaesthesia that is
    told goes before the usual one."""
    own = operation.what.concepts[::-1] if name == "anaesthesia" else operation.what.concepts
    for concept in (*own, *sorted(lineage(case, operation))):
        known = case.snapshot.concept(concept)
        if known is not None and name in known.attributes:
            return str(known.attributes[name])
    return ""


def _by_clearance(case: Case, rows: list[Statement]) -> tuple[list[Statement], bool]:
    """Rows that fit the creatinine clearance; of an unknown clearance, the one with the longest break."""
    banded = [s for s in rows if "crcl_min" in s.qualifiers or "crcl_max" in s.qualifiers]
    if not banded:
        return rows, False
    free = [s for s in rows if s not in banded]
    value = crcl(case)
    if isinstance(value, Unknown):
        return [*free, max(banded, key=lambda s: s.qualifiers.get("days", 0))], True
    bounds = ((s, s.qualifiers.get("crcl_min", 0), s.qualifiers.get("crcl_max", float("inf"))) for s in banded)
    return [*free, *(s for s, low, high in bounds if low <= value.value < high)], False


def _advise(case: Case, family: str, operation: Order, use: Use, s: Statement) -> Iterator[Outcome]:
    days, today = s.qualifiers.get("days", 0), case.today
    if _settled(operation, use, days, s.qualifiers["action"]):
        if case.explain:
            yield Passed(family, s.id, "手术前已停用或术后才开始", (_concerned(operation, use)[0].id,))
        return
    left = None if operation.start is None else (operation.start - today).days
    windowed = s.qualifiers["action"] in _WINDOWED and days > 0
    late = windowed and (operation.urgent or (left is not None and left < days))
    severity = severity_of(s) if late or not windowed else _LOWER[severity_of(s)]
    yield _found(case, family, operation, use, s, severity, _when(operation, days, left, late, windowed))


def _settled(operation: Order, use: Use, days: float, action: str) -> bool:
    """Stopped long enough before the operation, or begun on its day or later, or after it as the note says."""
    start = operation.start
    if use.new and _AFTERWARDS.search(use.order.note):
        return True
    if start is None:
        return False
    begun_after = use.new and use.order.start is not None and use.order.start >= start
    stopped = use.order.stop is not None and (start - use.order.stop).days >= max(days, 1)
    return begun_after or (stopped and action not in ("cover", "reduce"))


def _when(operation: Order, days: float, left: int | None, late: bool, windowed: bool) -> str:
    if not windowed:
        return ""
    if late:
        return "急诊手术来不及停药" if operation.urgent else f"距手术 {left} 天，不足停药所需 {days:g} 天"
    if operation.start is None:
        return f"需停药 {days:g} 天，手术日期未填"
    return f"需停药 {days:g} 天，最迟自 {_day(operation.start, days)} 起停用"


def _day(start: date, days: float) -> str:
    return (start - timedelta(days=ceil(days))).isoformat()


def _found(
    case: Case, family: str, operation: Order, use: Use, s: Statement, severity: Severity, when: str
) -> Finding:
    drug = case.name(use.concept)
    summary = f"{called(case, operation)}: {drug}{_WORDS[s.qualifiers['action']]}{f'（{when}）' if when else ''}"
    rescue = s.qualifiers.get("urgent", "") if operation.urgent else ""
    dropping: tuple[Suggestion, ...] = (drop(use),) if use.new and severity.rank >= Severity.MODERATE.rank else ()
    planned_for = operation.start.isoformat() if operation.start else "未填"
    value = crcl(case) if "crcl_min" in s.qualifiers or "crcl_max" in s.qualifiers else None
    measured = () if value is None or isinstance(value, Unknown) else value.data
    return concerning(
        case,
        family,
        s,
        _concerned(operation, use),
        summary,
        (*_origin(operation), Datum("计划手术日期", planned_for), *measured),
        f"{family}:{operation.id or operation.what.text}:{use.concept}:{s.id}",
        severity,
        advice=rescue or s.qualifiers["advice"],
        suggestions=dropping,
    )


def _concerned(operation: Order, use: Use) -> tuple[Order, ...]:
    """The operation and the drug; only the drug where the operation is none that was ordered."""
    return (operation, use.order) if operation.id else (use.order,)


def _origin(operation: Order) -> tuple[Datum, ...]:
    """Where the record has an operation that nobody ordered here."""
    return () if operation.id else (Datum.at("拟行手术", operation.what.text, operation.origin),)


def _keep(case: Case, family: str, operation: Order, kept: list[tuple[Use, Statement]]) -> Finding:
    """All drugs that go on through the operation, in one remark."""
    names = "、".join(dict.fromkeys(case.name(use.concept) for use, _ in kept))
    advice = "".join(dict.fromkeys(s.qualifiers["advice"] for _, s in kept))
    rows = list({s.id: s for _, s in kept}.values())
    return concerning(
        case,
        family,
        rows[0],
        (operation, *(use.order for use, _ in kept)),
        f"{called(case, operation)}: 围术期应继续使用{names}",
        cause=f"{family}:{operation.id}:keep",
        severity=max((severity_of(s) for s in rows), key=lambda severity: severity.rank),
        detail="".join(dict.fromkeys(s.qualifiers["reason"] for s in rows)),
        advice=advice,
        also=rows,
    )
