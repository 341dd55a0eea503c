"""Chinese herbs and patent medicines: 十八反 and 十九畏, doses and use of toxic herbs, pregnancy, and the same
toxin or the same effect from several sources."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import Final

from clinical.finding import Datum, Finding, Gap, Outcome, Passed, Reference, Severity
from clinical.logic import Unknown
from clinical.patient import Pregnancy
from clinical.value import replace
from knowledge.model import Predicate, Statement
from rules.dosing import adjust, amount
from rules.herbs import (
    HERB,
    Herb,
    batches_daily,
    by_order,
    counting,
    grams_daily,
    grams_once,
    herbs,
    in_decoction,
    is_signed,
    label,
    told,
    worse,
)
from rules.measures import pregnancy
from rules.model import Case, Family, Use, fault, severity_of
from rules.saying import named

NAME = "tcm-incompatibility"
_Place = tuple[str, str]
_Member = tuple[str, Use, str]
"""Source, use and what it is called."""
_IN_PREGNANCY: Final = {
    # herb as a piece, inside a patent medicine, on the skin
    "forbidden": (Severity.CONTRAINDICATED, Severity.MAJOR, Severity.MODERATE),
    "avoided": (Severity.MAJOR, Severity.MODERATE, Severity.MINOR),
    "caution": (Severity.MODERATE, Severity.MINOR, None),
}
_SAID: Final = {"forbidden": "禁用", "avoided": "忌用", "caution": "慎用"}
_LONG: Final = frozenset({"先煎", "久煎"})
_FIRST: Final = ("先煎", "先煮", "久煎", "久煮", "另煎", "单煎", "先炖", "先下", "先熬", "(先)", "（先）")
_BOILED: Final = frozenset({"", "饮片"})
"""Forms of a herb that the patient or the pharmacy boils."""
_SIGN: Final = "确需使用须由处方医师再次签名"


def check(case: Case) -> Iterator[Outcome]:
    """Herbs under review beside each other and beside what is taken already."""
    if HERB not in case.new_lineage and Predicate.HERB_LIMIT not in case.told:
        return  # nothing under review is a herb or has one in it, and what is taken already is no news
    known = herbs(case)
    if known and known[0].use.new:  # those under review come first
        yield from _pairs(case, known)
        yield from _limits(case, known)
        yield from _pregnancy(case, known)
        yield from _boiling(case, known)
    yield from _from_several_sources(case, known)


# -- 十八反, 十九畏 ------------------------------------------------------------------------


def _pairs(case: Case, known: tuple[Herb, ...]) -> Iterator[Outcome]:
    if isinstance(case.patient.medications, Unknown):
        yield from _medications_unknown(case, known)
    meeting: dict[_Place, list[tuple[Herb, Herb, Statement]]] = {}
    for a, b, s in _incompatible(case, known):
        meeting.setdefault((a.order.id, b.order.id), []).append((a, b, s))
    for met in meeting.values():
        yield from _joined(case, met)


def _medications_unknown(case: Case, known: tuple[Herb, ...]) -> Iterator[Gap]:
    """Worth saying only of toxic herbs that something must not be taken with."""
    linked = [h for h in known if h.toxic and h.piece and h.paired]
    if linked:
        orders = tuple(dict.fromkeys(h.order.id for h in linked))
        yield Gap(NAME, "medications", "未提供患者在用药品，仅在本次医嘱之间检查中药配伍禁忌", orders)


def _incompatible(case: Case, known: tuple[Herb, ...]) -> Iterator[tuple[Herb, Herb, Statement]]:
    """Pairs from two orders that meet in the body or in one external remedy."""
    paired = [h for h in known if h.paired]
    for i, j in case.snapshot.linked(Predicate.HERB_INCOMPATIBLE, [h.use.concept for h in paired]):
        a, b = paired[i], paired[j]
        if not (a.use.new or b.use.new) or a.order.id == b.order.id or a.is_local != b.is_local:
            continue
        if not case.in_focus(a.order.id, b.order.id):
            continue
        between = case.snapshot.between(Predicate.HERB_INCOMPATIBLE, a.use.concept, b.use.concept)
        yield from ((a, b, s) for s in between[:1] if s.holds_on(case.iso_day))


def _joined(case: Case, met: list[tuple[Herb, Herb, Statement]]) -> Iterator[Outcome]:
    """One finding for two orders, however many pairs they make."""
    a, b, s = met[0]
    orders = (a.order.id, b.order.id)
    severity = _pair_severity(a, b, s)
    if severity is None or is_signed(a.use, b.use):
        if case.explain:
            yield Passed(NAME, s.id, "已再次签名，或均为外用中成药", orders)
        return
    finding = told(
        case, NAME, s, (a.use, b.use), severity, _pair_summary(case, met), cause=f"{NAME}:{'+'.join(orders)}"
    )
    yield replace(finding, references=_references(case, (s for _, _, s in met)))


def _pair_severity(a: Herb, b: Herb, s: Statement) -> Severity | None:
    """As the row says between pieces; less where a patent medicine's maker answers for its composition."""
    packed = (not a.piece) + (not b.piece)
    if a.is_local:
        return Severity.MINOR if packed < 2 else None
    worst = severity_of(s)
    return (worst, min(worst, Severity.MODERATE, key=_rank), min(worst, Severity.MINOR, key=_rank))[packed]


def _rank(severity: Severity) -> int:
    return severity.rank


def _pair_summary(case: Case, met: list[tuple[Herb, Herb, Statement]]) -> str:
    rules = "、".join(dict.fromkeys(s.qualifiers["rule"] for _, _, s in met))
    left = by_order(case, _unique(a for a, _, _ in met))
    right = by_order(case, _unique(b for _, b, _ in met))
    return f"{rules}: {left} 与 {right} 不宜同用"


def _unique(members: Iterable[Herb]) -> list[Herb]:
    return list({h.use.concept: h for h in members}.values())


def _references(case: Case, statements: Iterable[Statement]) -> tuple[Reference, ...]:
    return tuple(dict.fromkeys(r for s in statements for r in case.references(s)))


# -- what one herb may be given as, and how much of it ---------------------------------------


def _limits(case: Case, known: tuple[Herb, ...]) -> Iterator[Outcome]:
    for herb in known:
        if herb.use.new and herb.piece and herb.limit and case.in_focus(herb.order.id):
            try:
                yield from _limit(case, herb, herb.limit)
            except Exception as error:  # one row must not silence the others
                yield fault(NAME, herb.limit.id, error)


def _limit(case: Case, herb: Herb, s: Statement) -> Iterator[Outcome]:
    by_mouth = s.qualifiers.get("by_mouth")
    if by_mouth == "withdrawn":
        text = f"{named(case, herb.use)}: 已取消药用标准，不得使用"
        yield told(case, NAME, s, (herb.use,), severity_of(s), text)
    elif by_mouth:
        yield from _not_by_mouth(case, herb, s)
    elif "daily_max" in s.qualifiers and not herb.is_local and herb.is_swallowed is not False:
        yield from _dose(case, herb, s)


def _not_by_mouth(case: Case, herb: Herb, s: Statement) -> Iterator[Outcome]:
    swallowed, name = herb.is_swallowed, named(case, herb.use)
    if isinstance(swallowed, Unknown):
        yield Gap(NAME, "route", f"{name}的用法未知，未能检查是否内服", (herb.order.id,), s.id)
    elif swallowed and not _is_signed_for_raw(herb, s):
        what = "仅供外用，不得内服" if s.qualifiers["by_mouth"] == "external" else "为生品，内服须用炮制品"
        yield told(case, NAME, s, (herb.use,), severity_of(s), f"{name}: {what}")
    elif case.explain:
        yield Passed(NAME, s.id, "外用或已再次签名，不受内服限制", (herb.order.id,))


def _is_signed_for_raw(herb: Herb, s: Statement) -> bool:
    """A raw herb may be swallowed when the prescriber signed again, unless nobody may."""
    raw, worst = s.qualifiers["by_mouth"] == "raw", severity_of(s) is Severity.CONTRAINDICATED
    return raw and not worst and is_signed(herb.use)


def _dose(case: Case, herb: Herb, s: Statement) -> Iterator[Outcome]:
    once, most = grams_once(case, herb), s.qualifiers["daily_max"]
    if isinstance(once, Unknown):
        yield from _dose_unknown(case, herb, s)
        return
    grams = grams_daily(case, herb, once)
    if grams > most and not _is_allowed(s, herb, grams / most):
        yield _too_much(case, herb, s, once, grams)
    elif _is_ambiguous(case, herb, s, once):
        yield _each_time(case, herb, s, once)
    elif case.explain:
        yield Passed(NAME, s.id, "用量在范围内或已再次签名", (herb.order.id,))


def _dose_unknown(case: Case, herb: Herb, s: Statement) -> Iterator[Gap]:
    if s.qualifiers.get("toxicity") in ("great", "toxic"):
        reason = f"{named(case, herb.use)}的用量缺失或不是克，未能检查用量"
        yield Gap(NAME, "dose", reason, (herb.order.id,), s.id)


def _is_allowed(s: Statement, herb: Herb, ratio: float) -> bool:
    """Up to twice the greatest dose passes for herbs of little risk and where the prescriber signed again. Of
    the former a powder is not held against the dose of a decoction, nor what was signed again against any."""
    mild = severity_of(s).rank <= Severity.MINOR.rank
    return (ratio <= 2 and (mild or is_signed(herb.use))) or (mild and (herb.is_powder or is_signed(herb.use)))


def _too_much(case: Case, herb: Herb, s: Statement, once: float, grams: float) -> Finding:
    most, row = s.qualifiers["daily_max"], severity_of(s)
    beyond = grams > 2 * most and row.rank > Severity.MINOR.rank
    times = "，超过2倍" if grams > 2 * most else ""
    poison = {"great": "(大毒)", "toxic": "(有毒)", "slight": "(小毒)"}.get(s.qualifiers.get("toxicity", ""), "")
    text = f"{named(case, herb.use)}{poison} 每日 {amount(grams, 'g')} 超过最大用量 {amount(most, 'g')}{times}"
    finding = told(case, NAME, s, (herb.use,), worse(row) if beyond else row, text, data=_usual(case, s))
    return replace(finding, suggestions=(adjust(herb.use, most * once / grams, "g"), *finding.suggestions))


def _usual(case: Case, s: Statement) -> tuple[Datum, ...]:
    low, high = s.qualifiers.get("daily_min"), s.qualifiers["daily_max"]
    return (Datum("常用量", f"每日 {high:g} g" if low is None else f"每日 {low:g}~{high:g} g"),)


def _is_ambiguous(case: Case, herb: Herb, s: Statement, once: float) -> bool:
    """Whether the grams of a toxic herb in a decoction are too much if they are those of each drink."""
    times, most = herb.order.dosage.times_per_day, s.qualifiers["daily_max"]
    if not herb.toxic or isinstance(times, Unknown) or not once <= most < once * times:
        return False
    return in_decoction(case, herb) and not batches_daily(herb.order.dosage.frequency_text)


def _each_time(case: Case, herb: Herb, s: Statement, once: float) -> Finding:
    grams, most = amount(once, "g"), amount(s.qualifiers["daily_max"], "g")
    text = f"{named(case, herb.use)} {grams}、频次每日多次: 请核对为每剂用量还是每次用量，最大每日 {most}"
    advice = "每剂用量请把频次写为每日1剂；每次用量则已超量，应减量"
    return told(case, NAME, s, (herb.use,), Severity.MINOR, text, advice)


# -- how it is boiled -----------------------------------------------------------------------


def _boiling(case: Case, known: tuple[Herb, ...]) -> Iterator[Outcome]:
    """Toxic herbs that must be boiled first and for long (煎服法 先煎;久煎) in a decoction whose orders do not say
    so. Granules and powders are not boiled; what hardens a decoction but harms nobody is left alone."""
    for herb in known:
        s = herb.limit
        if not (herb.use.new and herb.piece and s and case.in_focus(herb.order.id)):
            continue
        if not _LONG.issubset(s.qualifiers.get("preparation", ())) or not _is_boiled(case, herb):
            continue
        if _says_boiled(case, herb, known):
            if case.explain:
                yield Passed(NAME, s.id, "已注明先煎", (herb.order.id,))
        else:
            text = f"{named(case, herb.use)}: 须先煎、久煎，医嘱未注明先煎"
            advice = "在该药旁注明先煎及时间，久煎后再与其他药同煎，并告知煎煮者和患者"
            yield told(case, NAME, s, (herb.use,), severity_of(s), text, advice, cause=f"{NAME}:{s.id}:boil")


def _is_boiled(case: Case, herb: Herb) -> bool:
    return herb.is_swallowed is True and herb.order.form in _BOILED and in_decoction(case, herb)


def _says_boiled(case: Case, herb: Herb, known: tuple[Herb, ...]) -> bool:
    """In the note, the name or the way it is taken: 先煎, 先煮, 久煎, 先, or 制川乌(先); or in the note of another
    herb of the decoction that names this one (附子先煎1小时). What needs no boiling (免煎) is left alone."""
    order, dosage = herb.order, herb.order.dosage
    said = f"{order.note} {order.what.text} {dosage.frequency_text} {dosage.route_text}"
    if order.note.strip() == "先" or "免煎" in said:
        return True
    names = (case.snapshot.name(herb.use.concept), order.what.text)
    beside = (h.order.note for h in known if h.source == herb.source and any(name in h.order.note for name in names))
    return any(word in text for text in (said, *beside) for word in _FIRST)


# -- pregnancy -----------------------------------------------------------------------------


def _pregnancy(case: Case, known: tuple[Herb, ...]) -> Iterator[Outcome]:
    state = pregnancy(case)
    if state is None and not case.explain:
        return
    new = (h for h in known if h.use.new and case.in_focus(h.order.id))
    graded = [(h, severity) for h in new if (severity := _graded(h)) is not None]
    if isinstance(state, Unknown):
        yield from _pregnancy_unknown(graded)
    elif state is None:
        yield from (Passed(NAME, h.limit.id, "患者未妊娠", (h.order.id,)) for h, _ in graded if h.limit)
    else:
        yield from _in_pregnancy(case, graded, state)


def _graded(herb: Herb) -> Severity | None:
    """How bad a herb is in pregnancy, by how it is given; None when it may be."""
    level = herb.limit.qualifiers.get("pregnancy") if herb.limit else None
    if level is None:
        return None
    piece, packed, local = _IN_PREGNANCY[level]
    return local if herb.is_local else piece if herb.piece else packed


def _pregnancy_unknown(graded: list[tuple[Herb, Severity]]) -> Iterator[Gap]:
    """Only for what must not be taken: half of all decoctions contain a herb to be careful with."""
    orders = tuple(dict.fromkeys(h.order.id for h, severity in graded if severity.rank >= Severity.MAJOR.rank))
    if orders:
        yield Gap(NAME, "pregnancy", "育龄女性妊娠状态未知，未能检查妊娠禁用中药", orders)


def _in_pregnancy(case: Case, graded: list[tuple[Herb, Severity]], state: Pregnancy) -> Iterator[Outcome]:
    """One finding for each severity; an order is named once, for the worst that is in it."""
    said: set[str] = set()
    ordered = sorted(graded, key=lambda g: -g[1].rank)
    for severity, same in groupby(ordered, key=lambda g: g[1]):
        members = [h for h, _ in same if h.order.id not in said]
        if members:
            yield _pregnant(case, members, severity, state)
        said |= {h.order.id for h in members}


def _pregnant(case: Case, members: list[Herb], severity: Severity, state: Pregnancy) -> Finding:
    limits = [h.limit for h in members if h.limit]
    levels = "、".join(dict.fromkeys(_SAID[s.qualifiers["pregnancy"]] for s in limits))
    datum = Datum.at("妊娠", _weeks(state), state.origin)
    summary = f"妊娠期{levels}中药: {by_order(case, members)}"
    advice = (
        "停用，改用不含妊娠禁用药味的方药" if severity.rank >= Severity.MAJOR.rank else f"避免使用；{_SIGN}并告知风险"
    )
    detail = "药典或说明书标注孕妇禁用、忌用或慎用，多有活血、攻下、滑利或有毒，可致流产或胎儿损害。"
    uses = tuple({h.order.id: h.use for h in members}.values())
    cause = f"{NAME}:pregnancy:{severity.value}"
    finding = told(case, NAME, limits[0], uses, severity, summary, advice, detail, (datum,), cause)
    return replace(finding, references=_references(case, limits))


def _weeks(state: Pregnancy) -> str:
    days = state.gestational_days
    return "妊娠期" if isinstance(days, Unknown) else f"孕{days // 7}周+{days % 7}天"


# -- the same toxin, or the same effect, from several sources ----------------------------------


def _from_several_sources(case: Case, known: tuple[Herb, ...]) -> Iterator[Finding]:
    """The worst finding for each set of orders: two aconite pills for rheumatism are one matter."""
    groups: dict[str, tuple[Statement, dict[str, _Member]]] = {}
    for s, member in _grouped(case, known):
        groups.setdefault(s.id, (s, {}))[1].setdefault(member[0], member)
    if not groups and not known:
        return
    several = (_several(case, s, list(members.values())) for s, members in groups.values())
    findings = [f for f in several if f is not None] + list(_same_toxic_herb(case, known))
    together: dict[frozenset[str], list[Finding]] = {}
    for finding in findings:
        together.setdefault(frozenset(finding.orders), []).append(finding)
    yield from (_worst(same) for same in together.values())


def _worst(same: list[Finding]) -> Finding:
    worst = max(same, key=lambda f: f.severity.rank)
    details = dict.fromkeys(f.detail for f in (worst, *same))
    references = dict.fromkeys(r for f in (worst, *same) for r in f.references)
    return replace(worst, detail="；".join(details), references=tuple(references))


def _grouped(case: Case, known: tuple[Herb, ...]) -> Iterator[tuple[Statement, _Member]]:
    """What is counted by source: herbs that reach the body, and patent medicines by their effect (those for
    emergencies only do not count)."""
    for herb in known:
        if herb.counted and not herb.is_local:
            member = (herb.source, herb.use, label(case, herb))
            yield from ((s, member) for s in herb.counted)
    lineage, statements, limit = case.lineage, case.snapshot.statements, Predicate.HERB_LIMIT
    for use in {use.order.id: use for use in case.uses}.values():
        order = use.order
        for concept in order.what.concepts:
            counted = () if concept in lineage else statements(limit, concept)
            if counted and not order.dosage.as_needed:
                yield from ((s, (order.id, use, order.what.text)) for s in counting(case, counted))


def _several(case: Case, s: Statement, members: list[_Member]) -> Finding | None:
    uses = tuple(use for _, use, _ in members)
    if len(members) <= s.qualifiers["allowed_count"] or not _is_fresh(case, uses):
        return None
    names = "、".join(name for _, _, name in members)
    concepts = {use.concept for use in uses}
    same_herb = len(concepts) == 1 and s.subject in case.lineage[uses[0].concept]
    medicines = {use.order.what.concepts for use in uses}
    cause = _twice(uses[0].concept) if same_herb else f"{NAME}:{s.subject}"
    if len(medicines) == 1 and len(uses[0].order.what.concepts) == 1:  # 滴丸 and 片 of one: told as a repeat
        cause = _twice(uses[0].order.what.concepts[0])
    return told(case, NAME, s, uses, severity_of(s), f"重复用药: {names} 同属{case.name(s.subject)}", cause=cause)


def _same_toxic_herb(case: Case, known: tuple[Herb, ...]) -> Iterator[Finding]:
    """One toxic herb from two sources, where no group of its toxin speaks."""
    found: dict[str, dict[str, Herb]] = {}
    for herb in known:
        if herb.toxic and herb.limit and not herb.counted and not herb.is_local:
            found.setdefault(herb.use.concept, {}).setdefault(herb.source, herb)
    for concept, by_source in found.items():
        members = list(by_source.values())
        limit, uses = members[0].limit, tuple(h.use for h in members)
        if len(members) > 1 and limit and _is_fresh(case, uses):
            severity = Severity.MAJOR if limit.qualifiers.get("toxicity") == "great" else Severity.MODERATE
            text = f"重复用药: {'、'.join(label(case, h) for h in members)} 均含有毒中药{case.name(concept)}"
            advice = "只保留一种，或按合计用量不超过药典日最大量调整"
            yield told(case, NAME, limit, uses, severity, text, advice, cause=_twice(concept))


def _twice(concept: str) -> str:
    """The cause under which duplicate-therapy speaks of the same herb, so that one card is shown for both."""
    return f"duplicate-therapy:{concept}"


def _is_fresh(case: Case, uses: tuple[Use, ...]) -> bool:
    return any(use.new for use in uses) and case.in_focus(*(use.order.id for use in uses))


FAMILY = Family(NAME, "中药合理用药", check, reads=(Predicate.HERB_INCOMPATIBLE, Predicate.HERB_LIMIT))
