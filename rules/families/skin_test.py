"""Drugs that need a negative skin test on record before they are given."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from datetime import timedelta
from functools import lru_cache
from typing import Final

from clinical.coded import Origin
from clinical.finding import Datum, Gap, Outcome, Severity
from clinical.logic import UNKNOWN, Known, Unknown
from clinical.order import Order
from clinical.value import Value, replace
from knowledge.model import Predicate, Statement
from rules.model import Case, Family, Use, fault, severity_of
from rules.saying import found, passed
from rules.stewardship import allergic_to, called, hours_since

NAME = "skin-test"
_SKIN_TEST: Final = Predicate.SKIN_TEST  # bound once, as in ``rules.model``
_TEST: Final = re.compile(r"皮试|皮肤试验|皮肤过敏试验|过敏试验|皮敏|\bast\b", re.IGNORECASE)
_READING: Final = re.compile(
    r"(?:皮试|皮肤试验|过敏试验|\bast\b)(?:结果)?[\s:,(]*(?:已做|结果)?[\s:,(]*(阴|阳|-|\+|neg|pos)", re.IGNORECASE
)
_EXEMPT: Final = re.compile(r"免皮?试|(?<![持连])续[注用点滴]")
_DONE_AT_GIVING: Final = "medication-verify"
"""At the bedside an ordered test is not enough: the result must be there."""


class Result(Value, frozen=True):
    """A skin test that was read: negative, positive or not understood."""

    positive: Known[bool]
    shown: str
    origin: Origin


def check(case: Case) -> Iterator[Outcome]:
    """Every new drug that needs a skin test, each test once an order."""
    asked = [(use, s) for use, s in case.asked(_SKIN_TEST) if not _is_test(use.order)]
    for use, s in _once_each(asked):
        try:
            yield from _judge(case, use, s)
        except Exception as error:  # isolation is the point
            yield fault(NAME, s.id, error)


def _once_each(asked: list[tuple[Use, Statement]]) -> list[tuple[Use, Statement]]:
    """The severest row of each order and test: a compound holds several drugs of a class."""
    if len(asked) < 2:
        return asked
    worst = sorted(asked, key=lambda pair: severity_of(pair[1]).rank)
    return list({(use.order.id, s.object): (use, s) for use, s in worst}.values())


def _judge(case: Case, use: Use, s: Statement) -> Iterable[Outcome]:
    """What is on record decides."""
    result = _latest(case, use, s)
    if allergic_to(case, use.concept):
        return passed(case, NAME, s, use, "已有该药过敏记录，由过敏检查提示")
    if result is None:
        return _untested(case, use, s)
    if result.positive is True:
        return (_positive(case, use, s, result),)
    test = case.name(s.object)
    if isinstance(result.positive, Unknown):
        reason = f"{test}结果“{result.shown}”无法判读，未能检查皮试"
        return (Gap(NAME, "skin-test", reason, (use.order.id,), s.id),)
    return passed(case, NAME, s, use, f"{test}阴性") if case.explain else ()


def _untested(case: Case, use: Use, s: Statement) -> Iterator[Outcome]:
    """Without a result: whether the drug goes on without a pause, or the test is under way."""
    test = case.name(s.object)
    if _continued(case, s) or _EXEMPT.search(_written(use.order)):
        yield from passed(case, NAME, s, use, "连续用药或注明免试，无需重做皮试")
    elif _under_way(case, s):
        yield from passed(case, NAME, s, use, f"已开{test}，待结果")
    elif isinstance(case.patient.observations, Unknown):
        yield Gap(NAME, "observations", f"未提供检验检查结果，未能检查{test}", (use.order.id,), s.id)
    else:
        summary = f"皮试结果缺失: {called(case, use)} 用药前未见有效的{test}阴性结果"
        yield found(case, NAME, s, (use,), summary, _asked(s), (), f"{NAME}:{use.order.id}:{s.object}")


def _positive(case: Case, use: Use, s: Statement, result: Result) -> Outcome:
    told = Severity(s.qualifiers["positive"])
    word = "禁用" if told is Severity.CONTRAINDICATED else "须换药或脱敏注射"
    summary = f"{case.name(s.object)}阳性，{called(case, use)} {word}"
    datum = Datum.at(case.name(s.object), result.shown, result.origin)
    finding = found(case, NAME, s, (use,), summary, (datum,), cause=f"{NAME}:{use.order.id}:{s.object}")
    return replace(finding, severity=told)


def _asked(s: Statement) -> tuple[Datum, ...]:
    """What the test is and how long it holds."""
    q = s.qualifiers
    batch = "，更换批号须重做" if q.get("per_batch") else ""
    held = Datum("皮试要求", f"结果 {q['valid_hours']:g} 小时内有效{batch}")
    return (held, Datum("皮试液", q["reagent"])) if "reagent" in q else (held,)


# -- results -----------------------------------------------------------------------------------


def _latest(case: Case, use: Use, s: Statement) -> Result | None:
    """The newest reading; a negative one only while it holds, a positive one always. What the order itself
    says (皮试(-)) goes before records."""
    order = use.order
    noted = _noted(order.what.text, order.note)
    if noted is not None:
        return Result(noted, order.note or order.what.text, order.origin)
    results = _results(case, use, s)
    if not results:
        return None
    newest = min(results, key=lambda r: _age(case, r.origin)) if len(results) > 1 else results[0]
    if newest.positive is True or _age(case, newest.origin) <= s.qualifiers["valid_hours"]:
        return newest
    return None


@lru_cache(maxsize=4096)
def _noted(text: str, note: str) -> bool | None:
    """Whether the reading that an order of this text and note states is positive; None when it states none."""
    noted = _READING.search(_in_one_width(text, note))
    return None if noted is None else noted[1].casefold() in ("阳", "+", "pos")


def _results(case: Case, use: Use, s: Statement) -> list[Result]:
    """Observations and reports of the test, or of a test that names the drug itself."""
    observations, reports = case.patient.observations, case.patient.reports
    test, drug, found = s.object, case.name(use.concept), []
    for o in () if isinstance(observations, Unknown) else observations:
        if test in o.what.concepts or (drug in o.what.text and _TEST.search(o.what.text)):
            shown = o.value if isinstance(o.value, str) else ""
            found.append(Result(_read(shown), shown, o.origin))
    for r in () if isinstance(reports, Unknown) else reports:
        if test in r.what.concepts or (drug in r.what.text and _TEST.search(r.what.text)):
            found.append(Result(_read(r.conclusion), r.conclusion, r.origin))
    return found


def _age(case: Case, origin: Origin) -> float:
    """Hours since a result; one without a time is not known to be old."""
    return 0.0 if origin.time is None else hours_since(case, origin.time)


@lru_cache(maxsize=1024)
def _read(text: str) -> Known[bool]:
    """Positive or negative, as 阴性, (-), 阳性(+), ++; what is doubtful (±, 可疑) is unknown."""
    plain = unicodedata.normalize("NFKC", text).strip().casefold()
    if not plain or "±" in plain or "可疑" in plain:
        return UNKNOWN
    if "阳" in plain or "+" in plain or plain.startswith("pos"):
        return True
    return False if "阴" in plain or plain.startswith("neg") or plain.strip("()- −—") == "" else UNKNOWN


# -- no result yet -----------------------------------------------------------------------------


def _written(order: Order) -> str:
    """All that the order says."""
    return _in_one_width(order.what.text, order.note)


def _in_one_width(text: str, note: str) -> str:
    """Text and note in one width, with one kind of minus."""
    plain = unicodedata.normalize("NFKC", f"{text} {note}")
    return plain.replace("−", "-").replace("—", "-").replace("–", "-")


def _is_test(order: Order) -> bool:
    """Whether the order is the skin test, not the treatment."""
    return order.dosage.route == "皮内注射"


def _under_way(case: Case, s: Statement) -> bool:
    """Whether the test is ordered: among the orders under review, on the order itself, or lately."""
    if case.patient.stage == _DONE_AT_GIVING:
        return False
    medications = case.patient.medications
    lately = () if isinstance(medications, Unknown) else medications
    recent = [o for o in lately if o.is_active() and _began_within(case, o, s.qualifiers["valid_hours"])]
    return any(_tests(case, order, s) for order in (*case.orders, *recent))


def _tests(case: Case, order: Order, s: Statement) -> bool:
    """An order of this test, a drug given into the skin, or one that says it is to be tested first."""
    if s.object in order.what.concepts:
        return True
    concerned = any(s.subject in case.snapshot.ancestors(i.concept) for i in order.ingredients)
    if concerned:
        return _is_test(order) or bool(_TEST.search(_written(order)))
    return bool(_TEST.search(order.what.text)) and _bare(case.name(s.object)) in order.what.text


def _bare(test: str) -> str:
    """What is tested: 青霉素 of 青霉素皮试."""
    return _TEST.sub("", test)


def _began_within(case: Case, order: Order, hours: float) -> bool:
    return order.start is None or (case.today - order.start) <= timedelta(hours=hours)


def _continued(case: Case, s: Statement) -> bool:
    """Whether the patient has been given a drug of this row and has not paused for longer than a result holds."""
    medications, today = case.patient.medications, case.today
    drafts = {order.id for order in case.orders}
    for order in () if isinstance(medications, Unknown) else medications:
        same = any(s.subject in case.snapshot.ancestors(i.concept) for i in order.ingredients)
        begun = order.id not in drafts and (order.start is None or order.start <= today)
        if same and begun and not _is_test(order) and _not_long_over(case, order, s.qualifiers["valid_hours"]):
            return True
    return False


def _not_long_over(case: Case, order: Order, hours: float) -> bool:
    last = order.start if order.stop is None and order.dosage.is_single() else order.stop
    return order.is_active() if last is None else case.today - last <= timedelta(hours=hours)


FAMILY = Family(NAME, "用药前皮试", check, reads=(Predicate.SKIN_TEST,), by_drug=True)
