"""Drugs in pregnancy (by trimester) and breast-feeding."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import partial
from typing import Final

from clinical.finding import Datum, Gap, Outcome, Severity
from clinical.logic import Unknown
from clinical.patient import Pregnancy
from clinical.value import replace
from knowledge.model import Predicate, Statement
from rules.courses import exceptions
from rules.measures import PREGNANCY, lactating, pregnancy
from rules.model import Case, Family, Use, each_statement, severity_of
from rules.saying import degree, fitting, found, named, passed

NAME = "pregnancy-lactation"
_STATES: Final = ("pregnancy", "lactation")
_TRIMESTERS = {1: "妊娠早期", 2: "妊娠中期", 3: "妊娠晚期"}


def check(case: Case) -> Iterator[Outcome]:
    """Statements about pregnancy and lactation for every new drug."""
    statements = case.asked(Predicate.PREGNANCY_LACTATION)
    if statements and not case.explain and _is_neither(case):
        statements = [(use, s) for use, s in statements if s.qualifiers.get("state") not in _STATES]
    if statements:
        yield from each_statement(NAME, statements, partial(_judge, case))


def _is_neither(case: Case) -> bool:
    """Whether the patient is known to be neither pregnant nor breast-feeding, as most are: no row speaks then."""
    return PREGNANCY not in case.conditions and pregnancy(case) is None and lactating(case) is False


def _judge(case: Case, use: Use, s: Statement) -> Iterable[Outcome]:
    if _is_excepted(case, s):
        return passed(case, NAME, s, use, "诊断属该条的例外")
    if s.qualifiers["state"] != "pregnancy":
        return _in_lactation(case, use, s)
    state = pregnancy(case)
    if state is None:
        return passed(case, NAME, s, use, "患者未妊娠")
    if isinstance(state, Unknown):
        return (Gap(NAME, "pregnancy", "育龄女性妊娠状态未知，未能检查妊娠用药", (use.order.id,)),)
    return _by_trimester(case, use, s, state)


def _is_excepted(case: Case, s: Statement) -> bool:
    """Whether a diagnosis is one that the drug is given for in spite of the pregnancy, or to end it (例外疾病)."""
    return not exceptions(case, s).isdisjoint(case.conditions)


def _by_trimester(case: Case, use: Use, s: Statement, state: Pregnancy) -> Iterator[Outcome]:
    wanted, trimester = s.qualifiers.get("trimesters"), state.trimester()
    if wanted and isinstance(trimester, Unknown) and len(wanted) < 3:
        yield from _weeks_unknown(case, use, s, state)
    elif wanted and not isinstance(trimester, Unknown) and trimester not in wanted:
        yield from passed(case, NAME, s, use, f"{_TRIMESTERS[trimester]}不受限制")
    else:
        when = "妊娠期" if isinstance(trimester, Unknown) else _TRIMESTERS[trimester]
        yield found(case, NAME, s, (use,), f"{named(case, use, s)}: {when}{degree(s)}", (_datum(state, when),))


def _weeks_unknown(case: Case, use: Use, s: Statement, state: Pregnancy) -> Iterator[Outcome]:
    """Limits of some trimesters in a pregnancy of unknown weeks: the worst speaks once. It is as severe
    as is certain: no less than the mildest limit where every trimester has one, else no more than moderate."""
    rows = [r for r in fitting(case, Predicate.PREGNANCY_LACTATION, use) if _limits(r) and not _is_excepted(case, r)]
    worst = max(rows, key=lambda r: (severity_of(r).rank, r.id))
    names = "、".join(_TRIMESTERS[t] for t in s.qualifiers["trimesters"])
    yield Gap(NAME, "gestational-age", f"孕周未知，{named(case, use)}在{names}有用药限制", (use.order.id,), s.id)
    if s.id == worst.id:
        text = f"{named(case, use, s)}: {names}{degree(s)}，孕周未知，请核实"
        finding = found(case, NAME, s, (use,), text, (_datum(state, "孕周未知"),))
        yield replace(finding, severity=_certain(rows, finding.severity))


def _certain(rows: list[Statement], worst: Severity) -> Severity:
    all_limited = {t for r in rows for t in r.qualifiers["trimesters"]} == {1, 2, 3}
    mildest = min((severity_of(r) for r in rows), key=lambda severity: severity.rank)
    at_most = worst if worst.rank < Severity.MODERATE.rank else Severity.MODERATE
    return max((mildest, at_most), key=lambda severity: severity.rank) if all_limited else at_most


def _limits(s: Statement) -> bool:
    """Whether a statement limits a drug in some trimesters."""
    q = s.qualifiers
    return q["state"] == "pregnancy" and bool(q.get("trimesters"))


def _in_lactation(case: Case, use: Use, s: Statement) -> tuple[Outcome, ...]:
    state = lactating(case)
    if isinstance(state, Unknown):
        return (Gap(NAME, "lactation", "哺乳状态未知，未能检查哺乳期用药", (use.order.id,)),)
    if not state:
        return passed(case, NAME, s, use, "患者非哺乳期")
    text = f"{named(case, use, s)}: 哺乳期{degree(s)}"
    return (found(case, NAME, s, (use,), text, (Datum("人群", "哺乳期"),)),)


def _datum(state: Pregnancy, when: str) -> Datum:
    days = state.gestational_days
    value = when if isinstance(days, Unknown) else f"{when} (孕{days // 7}周+{days % 7}天)"
    return Datum.at("妊娠", value, state.origin)


FAMILY = Family(NAME, "妊娠哺乳用药", check, reads=(Predicate.PREGNANCY_LACTATION,), by_drug=True)
