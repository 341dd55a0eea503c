"""Risks that add up over everything a patient takes: what pairs of drugs cannot show.

An alert takes three drugs from three orders, or two and a decisive factor of the patient (a laboratory
value, a disease), and a new order among them. Members of one class that the table names as a class count
once: the duplicate-therapy family speaks of those.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from clinical.finding import Datum, Finding, Gap, Outcome, Passed, Reference
from clinical.logic import Unknown
from clinical.value import Value
from knowledge.model import Predicate, Statement
from knowledge.snapshot import Snapshot
from rules.burdens import BURDENS, CONVENTION, NOTHING, Burden, Factor, Level
from rules.model import Case, Family, Use, Way, fault, may_interrupt
from rules.saying import drop

NAME = "burden"
_BURDEN: Final = Predicate.BURDEN
SHOWN_AS = "interaction"
_GRAVE = 3
"""Points of a factor that is an alarm by itself (potassium of 5.5 mmol/L)."""


class Part(Value, frozen=True):
    """What one drug (or several of one class) adds; those under review come first in ``uses``."""

    statement: Statement
    uses: tuple[Use, ...]
    points: int

    @property
    def new(self) -> bool:
        return self.uses[0].new


class Sum(Value, frozen=True):
    """Points of drugs and of the patient for one burden; ``unknown`` are the factors nobody told."""

    parts: tuple[Part, ...]
    data: tuple[tuple[int, Datum], ...]
    decisive: bool
    unknown: tuple[Factor, ...]
    total: int


def check(case: Case) -> Iterator[Outcome]:
    """Every burden that an order under review adds to."""
    counted = _counted(case)
    for burden, parts in counted.items():
        if len(parts) > 1 and _of_several(parts):
            try:
                yield from _judge(case, burden, parts)
            except Exception as error:  # one burden must not silence the others
                yield fault(NAME, f"{NAME}:{burden}", error)
    yield from _gap(case, counted)


def _counted(case: Case) -> dict[str, tuple[Part, ...]]:
    """Burden → what contributes; only burdens that a new order in focus adds to."""
    counted: dict[str, dict[str, tuple[Statement, list[Use]]]] = {}
    for _, way in case.ways:
        if way[_BURDEN]:
            for burden in _said(case, way):
                counted.setdefault(burden, {})
    if not counted:
        return {}
    adds = case.snapshot.remember((NAME, "adds"), lambda: _Adds(case.snapshot))
    for use in case.uses:
        if not (adds[use.concept].isdisjoint(counted) and (not use.product or adds[use.product].isdisjoint(counted))):
            for burden, s in _said(case, case.way(use)).items():
                by = counted.get(burden)
                if by is not None:
                    if s.id in by:
                        by[s.id][1].append(use)
                    else:
                        by[s.id] = (s, [use])
    return {burden: tuple([_part(s, of) for s, of in by.values()]) for burden, by in counted.items()}


class _Adds(dict[str, frozenset[str]]):
    """The burdens that a drug may add to, however and whenever it is given; looked up when first asked."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot

    def __missing__(self, concept: str) -> frozenset[str]:
        said = self._snapshot.statements(_BURDEN, concept)
        told = self[concept] = frozenset([s.qualifiers["burden"] for s in said])
        return told


def _part(s: Statement, uses: list[Use]) -> Part:
    return Part(s, tuple(uses), int(s.qualifiers["points"]))


def _said(case: Case, way: Way) -> dict[str, Statement]:
    if _BURDEN in way.dated:
        return _closest(way.in_force(_BURDEN, case.iso_day))
    return way.once(NAME, _lasting)


def _lasting(way: Way) -> dict[str, Statement]:
    return _closest(way[_BURDEN])


def _closest(statements: tuple[Statement, ...]) -> dict[str, Statement]:
    found: dict[str, Statement] = {}
    for s in statements:
        found.setdefault(s.qualifiers["burden"], s)
    return found


def _judge(case: Case, name: str, parts: tuple[Part, ...]) -> Iterator[Outcome]:
    burden, held = BURDENS[name], sum([part.points for part in parts])
    counted = _sum(case, burden, parts, held)
    level = _level(burden, counted)
    if level is not None and not _said_elsewhere(case, burden, counted):
        yield _finding(case, name, burden, counted, level)
    elif level is None and burden.asks <= held and counted.total > 0:
        yield from _missing(burden, counted)
    elif case.explain:
        yield Passed(NAME, f"{NAME}:{name}", f"{burden.title}累积未达提示水平，或患者情况不适用", _orders(parts))


def _sum(case: Case, burden: Burden, parts: tuple[Part, ...], total: int) -> Sum:
    """``total`` is what the drugs come to."""
    decisive = False
    data: list[tuple[int, Datum]] = []
    unknown: list[Factor] = []
    for factor in burden.factors:
        found = factor.read(case)
        if found is NOTHING:  # as most are
            continue
        if isinstance(found, Unknown):
            unknown.append(factor)
            continue
        points, datum = found
        total += points
        if points > 0:
            data.append((points, datum))
            decisive = decisive or factor.decisive
    return Sum(parts, tuple(data), decisive, tuple(unknown), total)


def _level(burden: Burden, counted: Sum) -> Level | None:
    """The worst level reached, if there are drugs and factors enough to be more than a pair."""
    for level in burden.levels:
        if counted.total >= level.points:
            enough = counted.decisive or (len(counted.parts) > 2 and len(_orders(counted.parts)) > 2)
            return level if enough else None
    return None


def _said_elsewhere(case: Case, burden: Burden, counted: Sum) -> bool:
    """Whether the drugs are what a guideline gives together, or what an authored rule speaks of."""
    new = [case.lineage[use.concept] for part in counted.parts for use in part.uses if use.new]
    lines = [case.lineage[use.concept] for part in counted.parts for use in part.uses]
    if burden.told and all(not line.isdisjoint(burden.told) for line in lines):
        return True
    if len(counted.parts) == 2 and any(points >= _GRAVE for points, _ in counted.data):
        return all(not line.isdisjoint(burden.told_if_grave) for line in new)
    usual = burden.usual
    if usual is None or counted.decisive or usual.diseases.isdisjoint(case.conditions):
        return False
    return all(not line.isdisjoint(usual.drugs) for line in lines)


def _finding(case: Case, name: str, burden: Burden, counted: Sum, level: Level) -> Finding:
    parts = sorted(counted.parts, key=lambda part: -part.points)
    drugs = "、".join([f"{'与'.join(_names(case, part))} {part.points}" for part in parts])
    patient = "".join([f"；{datum.what} {datum.value} +{points}" for points, datum in counted.data])
    ordered = sorted(parts, key=lambda p: not _worked_on(case, p)) if case.focus else parts
    first = next(part.uses[0] for part in ordered if part.new)
    taken = dict.fromkeys([case.datum(use.order) for part in counted.parts for use in part.uses])
    return Finding(
        family=SHOWN_AS,
        rule_id=f"{NAME}:{name}",
        rule_version="1",
        severity=level.severity,
        summary=f"{burden.title}风险累积 {counted.total} 分: {drugs}{patient}",
        detail=f"{burden.reason}。达 {level.points} 分提示，单看两药之间的相互作用不能反映。",
        orders=_orders(counted.parts),
        data=(*taken, *[datum for _, datum in counted.data]),
        references=(
            *case.snapshot.remember((NAME, name), lambda: tuple(_level_references(case, name, burden))),
            *[reference for part in parts for reference in case.references(part.statement)],
        ),
        advice=f"首先考虑停用或更换 {case.name(first.concept)}；{burden.watch}。",
        suggestions=(drop(first),),
        cause=f"{NAME}:{name}",
        interruptive=all(may_interrupt(part.statement) for part in parts),
    )


def _worked_on(case: Case, part: Part) -> bool:
    return case.in_focus(*(use.order.id for use in part.uses))


def _level_references(case: Case, name: str, burden: Burden) -> Iterator[Reference]:
    """The document that thresholds and factors are modelled on, and the convention itself."""
    for source_id, section in ((burden.source, burden.section), (CONVENTION, "分值与提示水平")):
        source = case.snapshot.source(source_id)
        title, url = (f"《{source.title}》", source.url) if source else (source_id, "")
        yield Reference(f"{NAME}:{name}", title, section, "expert", url)


def _missing(burden: Burden, counted: Sum) -> Iterator[Gap]:
    """A decisive value that nobody told, where it would settle the matter."""
    for factor in counted.unknown:
        if factor.needed:
            reason = f"{factor.missing}，未能判断{burden.title}累积风险"
            yield Gap(NAME, factor.needed, reason, _orders(counted.parts))


def _gap(case: Case, counted: dict[str, tuple[Part, ...]]) -> Iterator[Gap]:
    """The active drugs are unknown, and the new ones alone are short of a third."""
    if counted and isinstance(case.patient.medications, Unknown):
        short = {b: parts for b, parts in counted.items() if len(parts) == 2}
        if short:
            names = "、".join(BURDENS[burden].title for burden in short)
            orders = tuple(dict.fromkeys(order for parts in short.values() for order in _orders(parts)))
            yield Gap(NAME, "medications", f"未提供在用药品，{names}的累积风险仅按本次医嘱计算", orders)


def _of_several(parts: tuple[Part, ...]) -> bool:
    """Whether they come from more than one order."""
    first = parts[0].uses[0].order.id
    for part in parts:
        for use in part.uses:
            if use.order.id != first:
                return True
    return False


def _orders(parts: tuple[Part, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys([use.order.id for part in parts for use in part.uses]))


def _names(case: Case, part: Part) -> list[str]:
    return list(dict.fromkeys([case.name(use.concept) for use in part.uses]))


FAMILY = Family(NAME, "累积风险", check, reads=(Predicate.BURDEN,), by_drug=True)
