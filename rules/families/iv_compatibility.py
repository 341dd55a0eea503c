"""What runs into a vein: drugs and solvents that must not meet, and how a bag is made and run."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from clinical.finding import Finding, Gap, Outcome, Severity, Suggestion
from clinical.logic import Unknown
from clinical.value import replace
from knowledge.model import Predicate, Statement
from rules.courses import exceptions
from rules.dosing import TOLERANCE
from rules.infusion import (
    DROPS_PER_ML,
    LIPID,
    VEIN,
    Bag,
    LackingError,
    bags,
    concepts_in,
    dissolves,
    dose,
    is_vehicle,
    shown,
)
from rules.model import Case, Family, Use, each_statement, fault, severity_of
from rules.nutrition import is_nutrition, limits
from rules.saying import fitting, found, instead, meant, named, passed

NAME = "iv-compatibility"
_WATER = "ingredient:water-for-injection"
_PREPARING = frozenset({"order-dispatch", "medication-verify"})
"""When a bag is made or hung: what must be seen to then (light, filters) is told then and not before."""
_NEEDED = {
    "volume": "未写明溶媒或其体积，未能检查药液浓度与输注时间",
    "rate": "未提供输注速度，未能检查滴速与输注时间",
    "dose": "剂量或规格缺失，未能换算药液浓度与输注速度",
    "weight": "未提供体重，未能按体重检查输注速度",
    "strength": "氨基酸的浓度或体积缺失，未能检查氨基酸终浓度",
    "birth-date": "未提供出生日期，未能检查限于某年龄的配伍与输注要求",
}


_Judge = Callable[[Case, Bag, Use, Statement], Iterator[Finding]]
_Placed = tuple[Use, Bag | None]
"""A use and the bag it is in; None for what the patient has running already."""


def check(case: Case) -> Iterator[Outcome]:
    """Every bag under review: what meets in it and beside it, its solvents, concentration and pace."""
    made = tuple(bags(case))
    if made:
        yield from _one_card_each((*_mixes(case, made), *(o for bag in made for o in _within(case, bag))))


def _one_card_each(outcomes: Iterable[Outcome]) -> Iterator[Outcome]:
    """Findings of one cause as one, the worst; gaps of one kind as one for all their orders."""
    cards: dict[tuple[str, frozenset[str]], Finding] = {}
    gaps: dict[str, tuple[str, ...]] = {}
    for outcome in outcomes:
        if isinstance(outcome, Finding):
            key = (outcome.cause, frozenset(outcome.orders))
            cards[key] = _joined(cards[key], outcome) if key in cards else outcome
        elif isinstance(outcome, Gap):
            gaps[outcome.needed] = tuple(dict.fromkeys((*gaps.get(outcome.needed, ()), *outcome.orders)))
        else:
            yield outcome
    yield from cards.values()
    yield from (Gap(NAME, needed, _NEEDED[needed], orders) for needed, orders in gaps.items())


def _joined(one: Finding, other: Finding) -> Finding:
    """The worse of two, with what both rest on."""
    first, second = (other, one) if other.severity.rank > one.severity.rank else (one, other)
    return replace(
        first,
        data=tuple(dict.fromkeys((*first.data, *second.data))),
        references=tuple(dict.fromkeys((*first.references, *second.references))),
        suggestions=tuple(dict.fromkeys((*first.suggestions, *second.suggestions))),
        never=first.never or second.never,
    )


# What must not meet


def _mixes(case: Case, made: tuple[Bag, ...]) -> Iterator[Outcome]:
    placed: list[_Placed] = [(use, bag) for bag in made for use in bag.uses]
    placed += [(use, None) for use in case.active_uses if use.order.dosage.route in VEIN]
    if len({use.order.id for use, _ in placed}) < 2:  # what one order holds is its maker's
        return
    concepts = [use.concept for use, _ in placed]
    for i, j in case.snapshot.linked(Predicate.IV_INCOMPATIBLE, concepts):
        (a, inside), (b, other) = placed[i], placed[j]
        if a.order.id != b.order.id and (inside or other) and case.in_focus(a.order.id, b.order.id):
            yield from _meeting(case, a, b, inside if inside is other else None)


def _meeting(case: Case, a: Use, b: Use, inside: Bag | None) -> Iterator[Outcome]:
    """What is said of two that meet in a bag, or (without one) only in a line or the patient."""
    if inside and LIPID in (a.concept, b.concept) and is_nutrition(inside):
        return  # what a nutrition bag may hold of electrolytes has limits of its own
    for s in case.snapshot.between(Predicate.IV_INCOMPATIBLE, a.concept, b.concept):
        if not s.holds_on(case.iso_day) or (s.qualifiers["where"] == "bag" and not inside):
            yield from passed(case, NAME, s, a, "不在同一袋液体中")
            continue
        try:
            yield from _incompatible(case, a, b, s, bool(inside))
        except Exception as error:  # a malformed statement must not silence other pairs
            yield fault(NAME, s.id, error)


def _incompatible(case: Case, a: Use, b: Use, s: Statement, together: bool) -> Iterator[Outcome]:
    aged = _age_fits(case, s)
    if aged is None:
        yield Gap(NAME, "birth-date", "", (a.order.id, b.order.id), s.id)
    elif not aged:
        yield from passed(case, NAME, s, a, "年龄不在该条范围")
    else:
        yield _mixed(case, a, b, s, together)


def _mixed(case: Case, a: Use, b: Use, s: Statement, together: bool) -> Finding:
    where = s.qualifiers["where"]
    verb = "禁止" if severity_of(s) is Severity.CONTRAINDICATED else "不宜"
    place, detail = _place(where, together)
    names = f"{named(case, a)} 与 {named(case, b)}"
    said = found(case, NAME, s, (a, b), f"{names} {verb}{place}: {s.qualifiers['effect']}", (), (), f"{NAME}:mix")
    severity = said.severity if together or where == "any" else _milder(said.severity)
    return replace(said, severity=severity, detail=detail, never=said.never and severity is said.severity)


def _place(where: str, together: bool) -> tuple[str, str]:
    """Where two meet, as the summary and as the detail say it."""
    if together:
        return "同瓶配伍", "两药同组，配制在同一袋(瓶、注射器)中。"
    if where == "any":
        return "同时静脉使用(不同管路也不可)", "两药分别静脉给药，即使经不同管路也会在体内相遇。"
    return "经同一管路输注", "两药不同组，经同一管路先后或并行输注时会相遇；分路输注或中间充分冲管即可。"


def _milder(severity: Severity) -> Severity:
    """What bags are worth that meet only if nobody flushes the line: giving both is right, mixing them is not."""
    if severity is Severity.CONTRAINDICATED:
        return Severity.MODERATE
    return severity if severity is Severity.INFO else Severity.MINOR


def _age_fits(case: Case, s: Statement) -> bool | None:
    """Whether the patient is of the age a statement is about; None when that cannot be told."""
    if "age_min" not in s.qualifiers and "age_max" not in s.qualifiers:
        return True
    age = case.age
    if isinstance(age, Unknown):
        return None
    return bool(s.qualifiers.get("age_min", 0) <= age < s.qualifiers.get("age_max", float("inf")))


# How a bag is made and run


def _within(case: Case, bag: Bag) -> Iterator[Outcome]:
    if case.focus and not case.in_focus(*(order.id for order in bag.orders)):
        return
    said = [(use, s) for use in bag.uses for s in fitting(case, Predicate.INFUSION_LIMIT, use) if meant(s, use)]
    if said:
        fed = is_nutrition(bag)
        said = [(use, s) for use, s in said if _concerns(case, bag, s)]
        said = [(use, s) for use, s in said if (fed if "measure" in s.qualifiers else not is_vehicle(use))]
    yield from each_statement(NAME, said, lambda use, s: _judge(case, bag, use, s))


def _judge(case: Case, bag: Bag, use: Use, s: Statement) -> Iterator[Outcome]:
    aged = _age_fits(case, s)
    if aged is None:
        yield from _lacking(bag, use, s, "birth-date")
    elif not aged:
        yield from passed(case, NAME, s, use, "年龄不在该条范围")
    else:
        judge = _limits if "measure" in s.qualifiers else _requirements
        if _too_little(bag, use, s):
            yield from passed(case, NAME, s, use, "该条仅限更大的剂量")
            return
        outcomes = [*judge(case, bag, use, s)]
        yield from outcomes or passed(case, NAME, s, use, "溶媒、浓度与速度未超出该条要求")


def _concerns(case: Case, bag: Bag, s: Statement) -> bool:
    """Whether a row is about a bag: by its line (静脉通路), and unless a diagnosis excepts it (例外疾病)."""
    line = s.qualifiers.get("line")
    return (line is None or bag.central == (line == "central")) and exceptions(case, s).isdisjoint(case.conditions)


def _too_little(bag: Bag, use: Use, s: Statement) -> bool:
    """Whether a row for a bag that holds more than some dose (maintenance, not loading) is about less, or
    nobody can tell."""
    above = s.qualifiers.get("dose_above")
    if above is None:
        return False
    try:
        return bool(sum(dose(bag.case, other, s.qualifiers["dose_unit"]) for other in bag.alike(use)) <= above)
    except LackingError:
        return True


def _lacking(bag: Bag, use: Use, s: Statement, needed: str) -> Iterator[Gap]:
    """A gap for a grouped infusion only: elsewhere diluent and rate are seldom ordered, and nobody can add them."""
    if bag.grouped and bag.runs:
        yield Gap(NAME, needed, "", (use.order.id,), s.id)


def _limits(case: Case, bag: Bag, use: Use, s: Statement) -> Iterator[Outcome]:
    """Limits of parenteral nutrition."""
    try:
        yield from limits(case, NAME, bag, use, s)
    except LackingError as lacking:
        yield from _lacking(bag, use, s, lacking.needed)


def _requirements(case: Case, bag: Bag, use: Use, s: Statement) -> Iterator[Outcome]:
    """What a row says of solvents and other drugs, then whatever it sets a limit to."""
    q = s.qualifiers
    if "solvents" in q or "forbidden" in q:
        yield from _solvents(case, bag, use, s)
    if q.get("alone"):
        yield from _beside(case, bag, use, s)
    for limit, judge in _JUDGES:
        if limit in q:
            try:
                yield from judge(case, bag, use, s)
            except LackingError as lacking:
                yield from _lacking(bag, use, s, lacking.needed)
    if case.patient.stage in _PREPARING:
        yield from _reminder(case, use, s)


def _solvents(case: Case, bag: Bag, use: Use, s: Statement) -> Iterator[Finding]:
    """Fluids of other orders in the bag that the drug must not, or is not said to, be dissolved in."""
    allowed, forbidden = concepts_in(case, s, "solvents"), concepts_in(case, s, "forbidden")
    if not allowed and not forbidden:
        return
    for fluid in bag.uses:
        if fluid.order.id == use.order.id or not dissolves(case, fluid):
            continue
        kinds = case.snapshot.ancestors(fluid.concept)
        wrong = not kinds.isdisjoint(forbidden)
        unsuited = bool(allowed) and kinds.isdisjoint(allowed) and fluid.concept != _WATER
        if wrong or unsuited:
            yield _unsuited(case, use, fluid, s)


def _unsuited(case: Case, use: Use, fluid: Use, s: Statement) -> Finding:
    names = "、".join(s.qualifiers.get("solvents", ()))
    rather = f"，可用溶媒: {names}" if names else ""
    summary = f"{named(case, use)} 的溶媒不宜用{named(case, fluid)}{rather}"
    offered: tuple[Suggestion, ...] = tuple(instead(case, s, fluid, "solvents"))
    return found(case, NAME, s, (use, fluid), summary, (), offered, f"{NAME}:mix")


def _beside(case: Case, bag: Bag, use: Use, s: Statement) -> Iterator[Finding]:
    """Other drugs in a bag that must hold nothing but this one and its solvent."""
    if is_nutrition(bag):  # what a nutrition bag may hold has a limit of its own
        return
    others = [u for u in bag.uses if u.order.id != use.order.id and not is_vehicle(u) and not dissolves(case, u)]
    for other in {u.order.id: u for u in others}.values():
        summary = f"{named(case, use, s)} 应单独配制，不与其他药物同瓶: {named(case, other)}"
        yield found(case, NAME, s, (use, other), summary, (), (), f"{NAME}:mix")


def _bounded(
    limit: str, unit: str, what: str, cause: str, reckon: Callable[[Bag, Use, str], float], most: bool = True
) -> _Judge:
    """A judge of what the bag comes to against the row's ``limit`` (the highest allowed, else the lowest)."""

    def judge(case: Case, bag: Bag, use: Use, s: Statement) -> Iterator[Finding]:
        bound = s.qualifiers.get(limit)
        if bound is None:
            return
        measured_in = s.qualifiers[unit]
        value = reckon(bag, use, measured_in)
        if value > bound * TOLERANCE if most else value < bound / TOLERANCE:
            never = "超过" if most else "低于"
            told = f"{what} {shown(value, measured_in)}，不应{never} {shown(bound, measured_in)}"
            yield _told(case, bag, use, s, told, cause)

    return judge


def _too_short(case: Case, bag: Bag, use: Use, s: Statement) -> Iterator[Finding]:
    least = s.qualifiers.get("minutes_min")
    if least is not None:
        value = bag.minutes
        if value < least / TOLERANCE:
            told = f"输注时间约 {value:.0f} 分钟，不应少于 {least:g} 分钟"
            yield _told(case, bag, use, s, told, "pace")


def _too_long(case: Case, bag: Bag, use: Use, s: Statement) -> Iterator[Finding]:
    """Longer than it keeps; a rate nobody stated is no gap here: bags are rarely run so slowly."""
    most = s.qualifiers.get("stable")
    if most is None:
        return
    try:
        value = bag.minutes / 60
    except LackingError:
        return
    if value > most * TOLERANCE:
        told = f"按所开速度需输注约 {value:.1f} 小时，超过配制后稳定时间 {most:g} 小时"
        yield _told(case, bag, use, s, told, "stability")


def _told(case: Case, bag: Bag, use: Use, s: Statement, told: str, cause: str) -> Finding:
    """A finding about one drug of a bag and what it was reckoned from."""
    drops = f"(滴速按 {DROPS_PER_ML:g} 滴/ml 折算)" if bag.by_drops and "浓度" not in told else ""
    summary = f"{named(case, use)}: {told}{drops}"
    return found(
        case, NAME, s, bag.alike(use), summary, bag.evidence("kg" in told), (), f"{NAME}:{use.concept}:{cause}"
    )


_JUDGES: tuple[tuple[str, _Judge], ...] = (
    ("conc_max", _bounded("conc_max", "conc_unit", "药液浓度", "concentration", Bag.concentration)),
    ("conc_min", _bounded("conc_min", "conc_unit", "药液浓度", "concentration", Bag.concentration, most=False)),
    ("rate_max", _bounded("rate_max", "rate_unit", "输注速度", "pace", Bag.pace)),
    ("minutes_min", _too_short),
    ("stable", _too_long),
)
"""What a bag is held to by one row, each by its limit: what cannot be reckoned for one says nothing of the others."""


def _reminder(case: Case, use: Use, s: Statement) -> Iterator[Finding]:
    """What whoever prepares or hangs the bag must see to."""
    needs = [*(["避光"] if s.qualifiers.get("light") else []), s.qualifiers.get("handling", "")]
    if any(needs):
        summary = f"{named(case, use)}: 调配与输注时{'；'.join(need for need in needs if need)}"
        said = found(case, NAME, s, (use,), summary, (), (), f"{NAME}:{use.concept}:handling")
        yield replace(said, severity=Severity.INFO)


FAMILY = Family(NAME, "静脉配伍与输注", check, reads=(Predicate.IV_INCOMPATIBLE, Predicate.INFUSION_LIMIT))
