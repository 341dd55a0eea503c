"""Drugs that must not be given without another: rescue, premedication, a second drug against resistance."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import partial
from typing import Final

from clinical.finding import Datum, Gap, Outcome
from clinical.logic import Unknown
from knowledge.model import Predicate, Statement
from rules.bounds import bound, fits, only_in, taken
from rules.courses import GRACE_DAYS, in_use
from rules.dosing import single_dose
from rules.infusion import concepts_in
from rules.model import Case, Family, Use, each_statement
from rules.saying import found, named, passed, worst

NAME = "companion"
_TOLERANCE_DAYS: Final = 7
"""How long a patient bears a drug like one taken before: opioids are lost within a week or so."""
_ALONE: Final = re.compile(r"单用|(?:未|不|没有)(?:再|曾)?(?:使用|合用|联用|联合|加用|并用|同用)")


def check(case: Case) -> Iterator[Outcome]:
    """Every new drug that calls for another, against all that is ordered, in use or just stopped."""
    pairs = case.asked(Predicate.COMPANION)
    yield from worst(dict.fromkeys(each_statement(NAME, pairs, partial(_judge, case))))


def _judge(case: Case, use: Use, s: Statement) -> Iterator[Outcome]:
    if not fits(case, use, s) or (s.qualifiers.get("starting") and in_use(case, use.concept)):
        yield from passed(case, NAME, s, use, "该药品、年龄或用药阶段不适用")
    elif taken(case, concepts_in(case, s, "companions"), use, _lookback(s)) or _noted(use, s):
        yield from passed(case, NAME, s, use, "已合用，或医嘱已注明")
    else:
        yield from _alone(case, use, s)


def _lookback(s: Statement) -> int:
    """Days for which a companion counts after its last day: longer where it only had to come before (仅起始)."""
    return _TOLERANCE_DAYS if s.qualifiers.get("starting") else GRACE_DAYS


def _noted(use: Use, s: Statement) -> bool:
    note = use.order.note
    if not note or _denied(use):
        return False
    return any(word in note for word in (*s.qualifiers.get("noted", ()), *s.qualifiers["companions"]))


def _denied(use: Use) -> bool:
    """Whether the note says that the drug is given alone (单用, 未联用…)."""
    return _ALONE.search(use.order.note) is not None


def _alone(case: Case, use: Use, s: Statement) -> Iterator[Outcome]:
    """The dose and the diagnosis that the row asks for, then whether the list of drugs in use is known."""
    orders, drug = (use.order.id,), named(case, use)
    large = _large(case, use, s)
    condition = only_in(case, s) if "only" in s.qualifiers else None
    if large is False or (condition is None and "only" in s.qualifiers):
        yield from passed(case, NAME, s, use, "剂量或诊断不在该条范围")
    elif large is None:
        yield Gap(NAME, "weight", f"缺少体重或身高，未能判断{drug}是否须合用{_names(s)}", orders)
    elif isinstance(condition, Unknown):
        yield Gap(NAME, "conditions", f"未提供诊断，未能判断{drug}是否须合用其他药品", orders)
    elif isinstance(case.patient.medications, Unknown) and not _denied(use):
        yield Gap(NAME, "medications", f"未提供在用药品，未能核对{drug}须合用的{_names(s)}", orders)
    else:
        data = () if condition is None else (Datum.at("诊断", condition.what.text, condition.origin),)
        summary = f"{drug}: 未见须合用的{_names(s)}"
        yield found(case, NAME, s, (use,), summary, data, (), f"{NAME}:{use.concept}")


def _large(case: Case, use: Use, s: Statement) -> bool | None:
    """Whether the single dose is one from which the row holds; None when weight or height is missing for that."""
    q = s.qualifiers
    if "dose_from" not in q:
        return True
    dose = single_dose(case, use, q["dose_unit"])
    mark = bound(case, q["dose_from"], q.get("per", ""))
    if isinstance(dose, Unknown) or dose < mark.least:
        return False
    return True if dose >= mark.most else None


def _names(s: Statement) -> str:
    companions = s.qualifiers["companions"]
    return "、".join(companions[:3]) + ("等" if len(companions) > 3 else "")


FAMILY = Family(NAME, "必须合用", check, reads=(Predicate.COMPANION,), by_drug=True)
