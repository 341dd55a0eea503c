"""Doses that are useless below a mark, or ruinous above it: a course, not only a dose, can be wrong."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Final

from clinical.finding import Datum, Gap, Outcome
from clinical.logic import UNKNOWN, Unknown
from clinical.patient import Condition
from knowledge.model import Predicate, Statement
from rules.bounds import Bound, alike, bound, fits, given, long_in_use, only_in, prophylactic, recently
from rules.dosing import TOLERANCE, amount
from rules.lifetimes import had
from rules.measures import crcl
from rules.model import Case, Family, Use, each_statement
from rules.saying import found, named, passed, worst

NAME = "dose-bound"
_OF: Final = {
    "single": "单次剂量",
    "daily": "每日剂量",
    "course": "总量",
    "times": "每日次数",
    "lifetime": "累积剂量(含本次)",
}


def check(case: Case) -> Iterator[Outcome]:
    """Every mark of every new drug; orders of one ingredient are judged together, by the first of them."""
    pairs = case.asked(Predicate.DOSE_BOUND)
    yield from worst(dict.fromkeys(each_statement(NAME, pairs, partial(_judge, case))))


def _judge(case: Case, use: Use, s: Statement) -> Iterator[Outcome]:
    uses = alike(case, use, s)
    if not uses or uses[0] != use or not fits(case, use, s):
        return
    dose = given(case, uses, s)
    if isinstance(dose, Unknown):
        yield from passed(case, NAME, s, use, "未评估: 剂量、频次或疗程缺失，或仅为单剂医嘱")
        return
    q = s.qualifiers
    mark = bound(case, q["value"], q.get("per", ""), q.get("cap"))
    if not _may_pass(s, dose, mark):
        yield from passed(case, NAME, s, use, "剂量未越过该条界限")
    elif _excused(case, use, s):
        yield from passed(case, NAME, s, use, "预防用药，近期用过该条所列药品，或该药已用较久")
    else:
        yield from _held(case, uses, s, dose, mark)


def _may_pass(s: Statement, dose: float, mark: Bound) -> bool:
    """Whether a dose passes the mark of this patient, or might, where weight or height is not known."""
    if s.qualifiers["side"] == "least":
        return dose < mark.most / TOLERANCE
    return dose > mark.least * (1 if s.qualifiers["of"] == "lifetime" else TOLERANCE)


def _excused(case: Case, use: Use, s: Statement) -> bool:
    too_little, within = s.qualifiers["side"] == "least", s.qualifiers.get("within")
    if within is not None and long_in_use(case, use, within):
        return True
    return (too_little and prophylactic(use)) or recently(case, s, "instead_of")


def _held(case: Case, uses: tuple[Use, ...], s: Statement, dose: float, mark: Bound) -> Iterator[Outcome]:
    """The diagnosis and the kidneys that the row asks for, then the finding."""
    orders = tuple(dict.fromkeys(use.order.id for use in uses))
    condition = only_in(case, s) if "only" in s.qualifiers else None
    if isinstance(condition, Unknown):
        yield Gap(NAME, "conditions", f"未提供诊断，未能核对{named(case, uses[0])}的剂量界限", orders)
        return
    if condition is None and "only" in s.qualifiers:
        yield from passed(case, NAME, s, uses[0], "无该条所列诊断，或确诊已久")
        return
    if "within" in s.qualifiers and isinstance(case.patient.medications, Unknown):
        yield Gap(NAME, "medications", f"未提供在用药品，未能判断{named(case, uses[0])}是否仍在初始足量期", orders)
        return
    least = s.qualifiers.get("crcl_min")
    kidneys = crcl(case) if least is not None else None
    if isinstance(kidneys, Unknown):
        yield Gap(NAME, "creatinine", f"缺少近期肌酐，未能判断{named(case, uses[0])}的剂量是否不足", orders)
    elif kidneys is not None and least is not None and kidneys.value < least:
        yield from passed(case, NAME, s, uses[0], "肾功能减退，该条不适用")
    elif mark.least != mark.most:
        yield Gap(NAME, "weight", f"缺少体重或身高，未能核对{named(case, uses[0])}的剂量界限", orders)
    else:
        data = (*(() if kidneys is None else kidneys.data), *_shown(condition), *_before(case, uses[0], s))
        yield _finding(case, uses, s, dose, mark, data)


def _shown(condition: Condition | None) -> tuple[Datum, ...]:
    return () if condition is None else (Datum.at("诊断", condition.what.text, condition.origin),)


def _before(case: Case, use: Use, s: Statement) -> tuple[Datum, ...]:
    """What was given before, where a row is about a lifetime."""
    before = had(case, use, s.qualifiers["unit"]) if s.qualifiers["of"] == "lifetime" else UNKNOWN
    return () if isinstance(before, Unknown) else (Datum.at("既往累积", before.shown, before.origin),)


def _finding(
    case: Case, uses: tuple[Use, ...], s: Statement, dose: float, mark: Bound, data: tuple[Datum, ...]
) -> Outcome:
    q = s.qualifiers
    unit = q["unit"]
    days = f"{q['days']} 天内" if q["of"] == "course" and "days" in q else ""
    passes = "低于有效下限" if q["side"] == "least" else "超过上限"
    what = f"{days}{_OF[q['of']]} {amount(dose, unit)} {passes} {amount(mark.most, unit)}"
    measured = () if isinstance(mark.measure, Unknown) else mark.measure.data
    # The cause of the family of doses, so that both are one alert.
    cause = f"dose:{uses[0].concept}"
    return found(case, NAME, s, uses, f"{named(case, uses[0])} {what}", (*measured, *data), (), cause)


FAMILY = Family(NAME, "剂量红线", check, reads=(Predicate.DOSE_BOUND,), by_drug=True)
