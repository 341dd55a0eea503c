"""What national insurance restricts payment for a drug to. It decides about payment, never about care."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Final

from clinical.age import YEAR
from clinical.finding import Datum, Finding, Gap, Outcome
from clinical.logic import Unknown
from clinical.order import Order
from clinical.patient import Sex, Visit
from clinical.value import Value, replace
from knowledge.model import ConceptKind, Predicate, Statement
from rules.measures import measured
from rules.model import Case, Family, Use
from rules.regulations import diagnoses, each_order, gathered, orders_in_focus, ruled, stated
from rules.saying import found, named, passed

NAME = "insurance-limit"
_SELF_PAID: Final = re.compile(r"自费|商业|商保|无医保|未参保|^无$")
_CRITICAL: Final = re.compile(r"抢救|重症")
_WARDS: Final = re.compile(r"重症|ICU|抢救|急诊", re.IGNORECASE)
_OF_AGE: Final = 18 * YEAR
_SEXES: Final = {"male": "男", "female": "女"}
_VISITS: Final = {"inpatient": "住院", "outpatient": "门诊"}
_WORDING: Final = {
    "sex": "限{}性患者",
    "grade": "限{}及以上医疗机构",
    "visit": "限{}患者",
    "insurance": "限{}保险",
    "course": "支付不超过{}",
}
_ADVICE: Final = "按临床需要使用；请先告知患者本次可能不予医保支付并签署自费同意，或改用支付范围内的药品"


class _Broken(Value, frozen=True):
    """A limit that this patient or order does not meet; ``sure`` when the phrase could be read exactly."""

    datum: Datum
    sure: bool = True


_Answer = _Broken | Gap | None


def check(case: Case) -> Iterator[Outcome]:
    """Limits of every drug under review; without the type of cover nothing but one gap."""
    insurance = case.patient.insurance
    if _SELF_PAID.search(insurance):
        return
    if insurance:
        yield from gathered(each_order(NAME, case, _order))
        return
    concerned = [order.id for order in orders_in_focus(case) if _limits(case, order)]
    if concerned:
        yield Gap(NAME, "insurance", "未提供医保类型，未能核对医保支付限制", tuple(concerned))


def _limits(case: Case, order: Order) -> dict[str, list[tuple[Use, Statement]]]:
    """Limits that concern an order, by what they limit; one that names forms needs the form to be known."""
    by_kind: dict[str, list[tuple[Use, Statement]]] = {}
    if "自费" in order.note:
        return by_kind
    for use, rows in stated(case, Predicate.INSURANCE_LIMIT, order):
        for s in rows:
            if s.qualifiers["limit"] in _CHECKS and (order.form or not s.qualifiers.get("forms")):
                by_kind.setdefault(s.qualifiers["limit"], []).append((use, s))
    return by_kind


def _order(case: Case, order: Order) -> Iterator[Outcome]:
    for kind, limits in _limits(case, order).items():
        yield from _kind(case, limits, _CHECKS[kind])


def _kind(
    case: Case, limits: list[tuple[Use, Statement]], answer_of: Callable[[Case, Use, Statement], _Answer]
) -> Iterator[Outcome]:
    """Several limits of one kind are alternatives: that one is met is enough."""
    answers = [(use, s, answer_of(case, use, s)) for use, s in limits]
    for use, s, answer in answers:
        if answer is None:
            yield from passed(case, NAME, s, use, f"符合医保支付限制: {_phrase(s)}")
            return
    gap = next((answer for _, _, answer in answers if isinstance(answer, Gap)), None)
    if gap is not None:
        yield gap
        return
    broken = [(use, s, answer) for use, s, answer in answers if isinstance(answer, _Broken)]
    yield _finding(case, broken)


def _finding(case: Case, broken: list[tuple[Use, Statement, _Broken]]) -> Finding:
    use, s, answer = max(broken, key=lambda item: item[2].sure)
    phrase = _phrase(s)
    row = ruled(s, "minor" if answer.sure else "info", f"医保支付范围: {phrase}", _ADVICE)
    state = f"本例{answer.datum.what}为{answer.datum.value}" if answer.sure else "请核对是否符合"
    summary = f"医保支付限制: {named(case, use)} {phrase}，{state}"
    finding = found(case, NAME, row, (use,), summary, (answer.datum,), (), f"{NAME}:{s.qualifiers['limit']}")
    others = (reference for _, other, _ in broken if other is not s for reference in case.references(other))
    return replace(finding, references=(*finding.references, *others), interruptive=False)


def _phrase(s: Statement) -> str:
    """The phrase as people read it: ``(脑卒中|脑梗死)`` → 限脑卒中、脑梗死; a bare 二级 → 限二级及以上医疗机构."""
    plain = str(s.qualifiers["phrase"]).strip("()（）").replace("|", "、")
    if "限" in plain or "不超过" in plain:
        return plain
    return _WORDING.get(s.qualifiers["limit"], "限{}").format(plain)


def _gap(use: Use, needed: str, what: str) -> Gap:
    return Gap(NAME, needed, f"{what}，未能核对医保支付限制", (use.order.id,))


def _sex(case: Case, use: Use, s: Statement) -> _Answer:
    sex = case.patient.sex
    if isinstance(sex, Unknown):
        return _gap(use, "sex", "未提供性别")
    wanted = s.qualifiers.get("sex", sex.value)
    return None if sex is Sex(wanted) else _Broken(Datum("性别", _SEXES[sex.value]))


def _age(case: Case, use: Use, s: Statement) -> _Answer:
    age, q = case.age, s.qualifiers
    if isinstance(age, Unknown):
        return _gap(use, "birth-date", "未提供出生日期")
    most = _OF_AGE if q.get("age_group") == "child" else q.get("age_max", float("inf"))
    fits = q.get("age_min", 0) <= age < most
    return None if fits else _Broken(Datum("年龄", f"{case.age_years} 岁"))


def _grade(case: Case, use: Use, s: Statement) -> _Answer:
    level = case.patient.institution_level
    if isinstance(level, Unknown):
        return _gap(use, "institution-level", "未提供医疗机构等级")
    fits = level >= s.qualifiers.get("grade_min", 0)
    return None if fits else _Broken(Datum("机构等级", f"{'一二三'[level - 1]}级"))


def _visit(case: Case, use: Use, s: Statement) -> _Answer:
    visit = case.patient.visit
    if isinstance(visit, Unknown):
        return _gap(use, "visit", "未提供就诊类型")
    asked = "inpatient" if visit is Visit.INPATIENT else "outpatient"
    return None if s.qualifiers.get("visit", asked) == asked else _Broken(Datum("就医方式", _VISITS[asked]))


def _cover(case: Case, use: Use, s: Statement) -> _Answer:
    words = s.qualifiers.get("insurance", ())
    fits = not words or any(word in case.patient.insurance for word in words)
    return None if fits else _Broken(Datum("医保类型", case.patient.insurance))


def _course(case: Case, use: Use, s: Statement) -> _Answer:
    """Inpatients' standing orders have no days: they are no gap."""
    days, most = use.order.dosage.duration_days, s.qualifiers.get("course_days")
    if isinstance(days, Unknown):
        return None if case.patient.visit is Visit.INPATIENT else _gap(use, "duration", "未提供用药天数")
    return None if most is None or days <= most else _Broken(Datum("用药天数", f"{days:g} 日"))


def _disease(case: Case, use: Use, s: Statement) -> _Answer:
    """One of the named diseases, by text or by concept; what is given to save a life is not asked."""
    words = tuple(s.qualifiers.get("diseases", ()))
    urgent = use.order.urgent or _WARDS.search(case.patient.department)
    if not words or (_CRITICAL.search(s.qualifiers["phrase"]) and urgent):
        return None
    texts = diagnoses(case, use.order)
    if isinstance(case.patient.conditions, Unknown) and not texts:
        return _gap(use, "conditions", "未提供诊断")
    meant = case.snapshot.remember(("insurance-diseases", words), lambda: _concepts(case, words))
    known = {*case.conditions, *(c for reason in use.order.reason for c in reason.concepts)}
    if any(concept in known for concepts in meant for concept in concepts) or _named_in(words, texts):
        return _lab(case, use, s)
    return _Broken(Datum("诊断", "、".join(texts) or "无"), sure=all(meant))


def _concepts(case: Case, words: tuple[str, ...]) -> tuple[frozenset[str], ...]:
    """What each word means; empty for one that is no name of a disease."""
    return tuple(frozenset(c.id for c in case.snapshot.by_name(word, ConceptKind.DISEASE)) for word in words)


def _named_in(words: tuple[str, ...], texts: tuple[str, ...]) -> bool:
    return any(word in text for word in words for text in texts)


def _lab(case: Case, use: Use, s: Statement) -> _Answer:
    """A test that must be below a value as well."""
    q = s.qualifiers
    if "lab" not in q:
        return None
    tests = case.snapshot.by_name(q["lab"], ConceptKind.LAB)
    value = measured(case, tests[0].id, q["lab_unit"], 14)
    if isinstance(value, Unknown):
        return _gap(use, tests[0].id.partition(":")[2], f"近14天没有{q['lab']}结果")
    return None if value.value < q["lab_below"] else _Broken(value.data[0])


_CHECKS: Final[dict[str, Callable[[Case, Use, Statement], _Answer]]] = {
    "sex": _sex,
    "age": _age,
    "grade": _grade,
    "visit": _visit,
    "insurance": _cover,
    "course": _course,
    "disease": _disease,
}
"""What can be judged from a patient and an order; other limits (step, specialty) are left to people."""

FAMILY = Family(NAME, "医保支付限制", check, reads=(Predicate.INSURANCE_LIMIT,), by_drug=True)
