"""Drugs at the patient's hepatic function: Child-Pugh class or transaminases."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from clinical.finding import Datum, Gap, Outcome
from clinical.logic import UNKNOWN, Known, Unknown
from knowledge.model import Predicate, Statement
from rules.dosing import has_cap, over_cap
from rules.measures import ALT, AST, child_pugh, measured, upper_limit
from rules.model import Case, Family, Use, each_statement
from rules.saying import degree, found, named, passed

NAME = "hepatic"
_LIVER = ("disease:cirrhosis", "disease:active-liver-disease", "disease:hepatic-impairment")


def check(case: Case) -> Iterator[Outcome]:
    """Hepatic rows of every new drug."""
    statements = case.asked(Predicate.HEPATIC_LIMIT)
    if statements and not case.explain and _without_liver_disease(case) and isinstance(child_pugh(case), Unknown):
        statements = [(use, s) for use, s in statements if not s.qualifiers.get("child_pugh")]
    if statements:
        yield from each_statement(NAME, statements, partial(_judge, case))


def _judge(case: Case, use: Use, s: Statement) -> Iterator[Outcome]:
    evidence = _by_class(case, s) if s.qualifiers.get("child_pugh") else _by_transaminases(case, s)
    if isinstance(evidence, Unknown):
        yield from _unknown(case, use, s)
    elif evidence is None:
        yield from passed(case, NAME, s, use, "肝功能不在限制范围")
    else:
        yield from _held(case, use, s, evidence)


def _held(case: Case, use: Use, s: Statement, evidence: tuple[Datum, ...]) -> Iterator[Outcome]:
    told = over_cap(case, use, s) if has_cap(s) and s.qualifiers["action"] != "avoid" else degree(s)
    if isinstance(told, Unknown):
        yield Gap(NAME, "dose", f"{named(case, use)}的剂量或频次缺失，未能按肝功能检查剂量", (use.order.id,), s.id)
    elif not told:
        yield from passed(case, NAME, s, use, "剂量未超过该肝功能水平的上限")
    else:
        state = f"{evidence[0].what} {evidence[0].value}"
        yield found(case, NAME, s, (use,), f"{named(case, use, s)}: {state}，{told}", evidence)


def _unknown(case: Case, use: Use, s: Statement) -> Iterator[Outcome]:
    """Without any sign of liver disease nobody grades a liver: only then is silence right."""
    if s.qualifiers.get("child_pugh") and _without_liver_disease(case):
        yield from passed(case, NAME, s, use, "无肝病诊断")
    else:
        needed = "child-pugh" if s.qualifiers.get("child_pugh") else "transaminases"
        word = "Child-Pugh 分级" if needed == "child-pugh" else "近期转氨酶"
        yield Gap(NAME, needed, f"缺少{word}，未能检查肝功能用药", (use.order.id,))


def _without_liver_disease(case: Case) -> bool:
    known = not isinstance(case.patient.conditions, Unknown)
    return known and case.conditions.keys().isdisjoint(_LIVER)


def _by_class(case: Case, s: Statement) -> Known[tuple[Datum, ...] | None]:
    graded = child_pugh(case)
    if isinstance(graded, Unknown):
        return UNKNOWN
    grade, data = graded
    return data if grade in s.qualifiers["child_pugh"] else None


def _by_transaminases(case: Case, s: Statement) -> Known[tuple[Datum, ...] | None]:
    """The first of ALT and AST that surely exceeds the multiple; None when those known surely do not."""
    within: list[bool] = []
    for lab in (ALT, AST):
        value, limit = measured(case, lab, "U/L"), upper_limit(case, lab, "U/L")
        if isinstance(value, Unknown) or isinstance(limit, Unknown):
            continue
        least, most = (upper * s.qualifiers["alt_times_uln"] for upper in limit)
        if value.value > most:
            return value.data
        within.append(value.value <= least)
    return None if within and all(within) else UNKNOWN


FAMILY = Family(NAME, "肝功能", check, reads=(Predicate.HEPATIC_LIMIT,), by_drug=True)
