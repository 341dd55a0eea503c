"""Whether a condition that examinations and procedures share holds for a patient."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Final

from clinical.age import YEAR
from clinical.coded import Coded, Origin, zoned
from clinical.finding import Datum, Gap, Outcome, Passed, Severity
from clinical.logic import UNKNOWN, Known, Unknown
from clinical.order import Order, OrderKind
from clinical.patient import Allergy, Observation
from clinical.value import Value
from knowledge.model import Predicate, Statement
from rules.devices import device_severity
from rules.measures import DIALYSIS, LACTATION, Measured, egfr, lactating, latest, measured, on_dialysis, pregnancy
from rules.model import Case, Use, fault, order_datum, severity_of
from rules.services import called, concerning, lineage, other_exams, said_of, take_back

NEEDED: Final = {
    "disease": ("conditions", "未提供诊断"),
    "drug": ("medications", "未提供在用药品"),
    "allergy": ("allergies", "未提供过敏史"),
    "egfr": ("egfr", "缺少近期肌酐或eGFR"),
    "pregnancy": ("pregnancy", "未提供妊娠状态"),
    "procedure": ("procedures", "未提供手术与植入物史"),
    "exam": ("reports", "未提供既往检查报告"),
    "age": ("birth_date", "未提供出生日期"),
}
"""The gap that a condition leaves when its input is unknown."""
_QUIET: Final = frozenset({"exam", "age"})
"""Inputs whose absence is no gap: without them these rows are worth nothing, with them little."""
_DAYS: Final = 365_000


class Held(Value, frozen=True):
    """A condition that holds: what to say of it, and the data it rests on."""

    words: str
    data: tuple[Datum, ...] = ()


Answer = Known[Held | None]
"""Held, None when it does not hold, UNKNOWN when nobody can say."""


def limits(case: Case, family: str, predicate: Predicate, order: Order) -> Iterator[Outcome]:
    """Every limit of one examination or procedure."""
    for s in said_of(case, predicate, order):
        try:
            yield from _judge(case, family, order, s)
        except Exception as error:  # one malformed row must not hide the others
            yield fault(family, s.id, error)


def _judge(case: Case, family: str, order: Order, s: Statement) -> Iterator[Outcome]:
    if (s.qualifiers.get("elective") and order.urgent) or _excepted(case, s, order):
        yield from _passed(case, family, s, order, "仅适用于择期，或该项目除外")
        return
    answer = _KINDS[s.qualifiers["kind"]](case, s, order)
    if isinstance(answer, Unknown):
        yield from _gap(family, s, order, case)
    elif answer is None:
        yield from _passed(case, family, s, order, "条件不成立")
    else:
        graded = _graded(case, order, s, answer)
        name, verb = called(case, order), _VERBS.get(graded or s.qualifiers["severity"], "提示")
        kept = (*other_exams(case, s, order), *take_back(case, s, order))
        cause = f"{family}:{order.id}:{_subject_of(s)}"
        summary = f"{name}: {answer.words}，{verb}"
        yield concerning(case, family, s, (order,), summary, answer.data, cause, graded, suggestions=kept)


def _graded(case: Case, order: Order, s: Statement, held: Held) -> Severity | None:
    """The severity of a row about an implant, by what is written of it; None: the row's own."""
    written = (held.words, *(datum.value for datum in held.data))
    return device_severity(case, order, ";".join(written)) if s.qualifiers.get("device") else None


def _subject_of(s: Statement) -> str:
    """What tells the causes of one order apart: grades of one allergy or value are one; so are a diagnosis
    and an operation that are given the same reason."""
    graded = s.qualifiers["kind"] in ("allergy", "lab", "egfr", "drug")
    return f"{s.qualifiers['kind']}:{s.object}" if graded else str(s.qualifiers["reason"])


_VERBS: Final = {"contraindicated": "不应进行", "major": "应避免", "moderate": "须慎重", "minor": "请留意"}


def _excepted(case: Case, s: Statement, order: Order) -> bool:
    names = s.qualifiers.get("except_for", ())
    return any(case.name(concept) in names for concept in order.what.concepts) if names else False


def _gap(family: str, s: Statement, order: Order, case: Case) -> Iterator[Gap]:
    """Nothing for hints, and for tests only where a row is serious and about this very procedure, of high
    risk: else every operation would ask for a dozen results."""
    kind = s.qualifiers["kind"]
    least = Severity.MAJOR if kind == "lab" else Severity.MODERATE
    if kind in _QUIET or severity_of(s).rank < least.rank:
        return
    if kind == "lab":
        known = case.snapshot.concept(s.subject)
        risky = known is not None and known.attributes.get("bleeding", "high") == "high"
        if s.subject not in order.what.concepts or not risky:
            return
        needed, said = s.object.partition(":")[2], f"缺少近期{case.name(s.object)}"
    else:
        needed, said = NEEDED[kind]
    yield Gap(family, needed, f"{said}，未能检查{called(case, order)}的禁忌", (order.id,), s.id)


def _passed(case: Case, family: str, s: Statement, order: Order, why: str) -> Iterator[Passed]:
    if case.explain:
        yield Passed(family, s.id, why, (order.id,))


def _disease(case: Case, s: Statement, order: Order) -> Answer:
    if isinstance(case.patient.conditions, Unknown):
        return UNKNOWN
    condition = case.conditions.get(s.object)
    if condition is None:
        return _breast_feeding(case) if s.object == LACTATION else None
    said = condition.what.text or case.name(s.object)
    return Held(f"患者有{case.name(s.object)}", (Datum.at("诊断", said, condition.origin),))


def _breast_feeding(case: Case) -> Held | None:
    """As stated outside the diagnoses."""
    state = lactating(case)
    return None if isinstance(state, Unknown) or not state else Held("哺乳期", (Datum("哺乳", "是"),))


def _drug(case: Case, s: Statement, order: Order) -> Answer:
    """The drug in use, or stopped within ``days``; bounds are of the eGFR."""
    use = next((u for u in case.uses if s.object in case.snapshot.ancestors(u.concept)), None) or _stopped(case, s)
    if use is None:
        return UNKNOWN if isinstance(case.patient.medications, Unknown) else None
    if "at_least" not in s.qualifiers and "below" not in s.qualifiers:
        return Held(f"患者在用{case.name(use.concept)}", (order_datum(use.order),))
    kidneys = _kidneys(case, s)
    if isinstance(kidneys, Unknown) or kidneys is None:
        return kidneys
    return Held(f"患者在用{case.name(use.concept)}且{kidneys.words}", (order_datum(use.order), *kidneys.data))


def _stopped(case: Case, s: Statement) -> Use | None:
    limit = case.today - timedelta(days=s.qualifiers.get("days", 0))
    past = (u for u in case.past_uses if u.order.stop and u.order.stop >= limit)
    return next((u for u in past if s.object in case.snapshot.ancestors(u.concept)), None)


def _allergy(case: Case, s: Statement, order: Order) -> Answer:
    allergies = case.patient.allergies
    if isinstance(allergies, Unknown):
        return UNKNOWN
    found = next((a for a in allergies if s.object in _covered(case, a)), None)
    if found is None or (s.qualifiers.get("severe") and not _was_severe(found)):
        return None
    said = "、".join((found.what.text, *found.reactions))
    return Held(f"患者对{found.what.text or case.name(s.object)}过敏", (Datum.at("过敏史", said, found.origin),))


def _was_severe(allergy: Allergy) -> bool:
    said = not isinstance(allergy.severe, Unknown) and allergy.severe
    return said or any("休克" in r or "喉头水肿" in r or "呼吸困难" in r for r in allergy.reactions)


def _covered(case: Case, allergy: Allergy) -> frozenset[str]:
    """What an allergy is to: what was written, its classes, and the allergens that cover these."""
    found: set[str] = set()
    for concept in allergy.what.concepts:
        found |= {s.object for s in case.statements(Predicate.ALLERGEN_OF, concept)}
        for wider in case.snapshot.ancestors(concept):
            covering = case.snapshot.pointing_at(wider)
            found |= {wider, *(s.subject for s in covering if s.predicate is Predicate.ALLERGEN_OF)}
    return frozenset(found)


def _lab(case: Case, s: Statement, order: Order) -> Answer:
    q = s.qualifiers
    if "word" in q:
        return _word(case, s)
    value = measured(case, s.object, q["unit"], q.get("days", 0))
    if isinstance(value, Unknown):
        return UNKNOWN
    return Held(f"{case.name(s.object)} {value.data[0].value}", value.data) if _within(s, value) else None


def _word(case: Case, s: Statement) -> Answer:
    found: Known[Observation] = latest(case, s.object, s.qualifiers.get("days", 0))
    if isinstance(found, Unknown) or not isinstance(found.value, str):
        return UNKNOWN
    said = found.value.strip()
    if s.qualifiers["word"] not in said:
        return None
    return Held(f"{case.name(s.object)}{said}", (Datum.at(case.name(s.object), said, found.origin),))


def _within(s: Statement, value: Measured) -> bool:
    return bool(s.qualifiers.get("at_least", 0) <= value.value < s.qualifiers.get("below", float("inf")))


def _egfr(case: Case, s: Statement, order: Order) -> Answer:
    """By the eGFR; in patients on dialysis only rows that say so, whatever their eGFR."""
    dialysed = on_dialysis(case)
    if not isinstance(dialysed, Unknown) and dialysed:
        return _dialysis(case) if s.qualifiers.get("dialysis") else None
    return _kidneys(case, s)


def _kidneys(case: Case, s: Statement) -> Answer:
    value = egfr(case)
    if isinstance(value, Unknown):
        return UNKNOWN
    return Held(f"eGFR {value.value:.0f} ml/min/1.73m²", value.data) if _within(s, value) else None


def _dialysis(case: Case) -> Held:
    condition = case.conditions[DIALYSIS]
    return Held("患者在透析", (Datum.at("诊断", condition.what.text or "透析", condition.origin),))


def _pregnancy(case: Case, s: Statement, order: Order) -> Answer:
    known = pregnancy(case)
    if isinstance(known, Unknown) or known is None:
        return known
    wanted, trimester = s.qualifiers.get("trimesters"), known.trimester()
    if wanted and not isinstance(trimester, Unknown) and trimester not in wanted:
        return None
    return Held("妊娠期", (Datum.at("妊娠", "是", known.origin),))


def _age(case: Case, s: Statement, order: Order) -> Answer:
    age = case.age
    if isinstance(age, Unknown):
        return UNKNOWN
    if not s.qualifiers.get("age_min", 0) <= age < s.qualifiers.get("age_max", _DAYS):
        return None
    shown = f"{case.patient.age_days()} 天" if age < YEAR else f"{case.age_years} 岁"
    return Held(f"患者年龄 {shown}", (Datum("年龄", shown),))


def _procedure(case: Case, s: Statement, order: Order) -> Answer:
    procedures = case.patient.procedures
    if isinstance(procedures, Unknown):
        return UNKNOWN
    done = (p for p in procedures if not p.lies_ahead(case.patient.as_of))
    found = next((p for p in done if _is_a(case, p.what, s.object)), None)
    if found is None:
        return None
    said = found.what.text or case.name(s.object)
    return Held(f"患者曾行{case.name(s.object)}", (Datum.at("手术史", said, found.origin),))


def _exam(case: Case, s: Statement, order: Order) -> Answer:
    """An examination done within ``days``, or ordered beside this one."""
    beside = (o for o in case.orders if o.kind is OrderKind.EXAM and o.id != order.id)
    together = next((o for o in beside if s.object in lineage(case, o)), None)
    if together is not None:
        return Held(f"同时开立了{called(case, together)}", (order_datum(together),))
    reports = case.patient.reports
    if isinstance(reports, Unknown):
        return UNKNOWN
    days = s.qualifiers.get("days", 0)
    done = (r for r in reports if _is_a(case, r.what, s.object) and _recent(case, r.origin, days))
    report = next(done, None)
    if report is None:
        return None
    said = report.what.text or case.name(s.object)
    return Held(f"{days} 天内做过{said}", (Datum.at("既往检查", said, report.origin),))


def _recent(case: Case, origin: Origin, days: int) -> bool:
    if origin.time is None:
        return False
    return timedelta(0) <= zoned(case.patient.as_of) - zoned(origin.time) <= timedelta(days=days)


def _is_a(case: Case, what: Coded, concept: str) -> bool:
    return any(concept in case.snapshot.ancestors(known) for known in what.concepts)


_KINDS: Final[dict[str, Callable[[Case, Statement, Order], Answer]]] = {
    "disease": _disease,
    "drug": _drug,
    "allergy": _allergy,
    "lab": _lab,
    "egfr": _egfr,
    "pregnancy": _pregnancy,
    "age": _age,
    "procedure": _procedure,
    "exam": _exam,
}
