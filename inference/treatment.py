"""Treatment of a patient's diagnoses: what the release knows of each, fitted to the patient and checked by the rules.

Every drug is tried on the patient by the review function that is passed in before it is shown: what is
contraindicated is shown as such, last; what is grave is flagged. Nothing is left out silently.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Final

from clinical.coded import Coded, Origin
from clinical.finding import Finding, Gap, Reference, Review, Severity
from clinical.logic import UNKNOWN, Unknown
from clinical.order import Order, OrderKind
from clinical.patient import Condition, PatientContext
from clinical.value import replace
from inference.citing import references
from inference.dose import Dose, Need, dose_of
from inference.drafting import order_of, spared
from inference.plan import Asked, Fit, Plan, Verdict, is_situation, plans_of, verdict
from inference.score_form import concepts_named
from inference.subject import Subject
from knowledge.model import ConceptKind, Predicate
from knowledge.snapshot import Snapshot

Judge = Callable[[PatientContext, Order], Review]
"""Reviews one order for a resolved patient (``rules.engine``, with the policy of the tenant)."""

GROUPS: Final = {
    "emergency": "急救与抢救",
    "first-line": "首选",
    "alternative": "备选",
    "add-on": "联合用药",
    "symptomatic": "对症治疗",
    "non-drug": "非药物治疗",
    "procedure": "手术与操作",
    "tcm": "中医治疗",
    "rehabilitation": "康复",
    "monitoring": "监测与随访",
    "prevention": "预防",
    "referral": "转诊",
}
"""Groups of options in the order in which they are shown."""
_URGENT: Final = frozenset({"severe", "critical"})
_COMPANION: Final = "companion"
_DRUGS: Final = (ConceptKind.INGREDIENT, ConceptKind.DRUG_CLASS)
_NO_PLANS: Final = "知识库尚未收录该诊断的治疗方案"


class State(StrEnum):
    """What becomes of an option for this patient, best first."""

    PROPOSED = "proposed"
    ASKS = "asks"
    CAUTION = "caution"
    UNSUITABLE = "unsuitable"
    CONTRAINDICATED = "contraindicated"


_PLACE: Final = {state: place for place, state in enumerate(State)}
_ENDED: Final = (State.UNSUITABLE, State.CONTRAINDICATED)


@dataclass(frozen=True, slots=True)
class Option:
    """One option. ``title`` is the drug, test or procedure, or what is to be done. ``order`` can be written as it
    stands: a drug only with a known dose and route, and nothing that must not be given. ``adjusted`` says how the
    dose was held to kidneys or liver."""

    plan: Plan
    title: str
    state: State
    verdict: Verdict
    dose: Dose | Need | None
    order: Order | None
    findings: tuple[Finding, ...]
    gaps: tuple[Gap, ...]
    references: tuple[Reference, ...]
    adjusted: str = ""


@dataclass(frozen=True, slots=True)
class Group:
    """Options of one class."""

    name: str
    title: str
    options: tuple[Option, ...]


@dataclass(frozen=True, slots=True)
class Alarm:
    """A disease that must not wait: what to do at once."""

    advice: str
    urgency: str
    references: tuple[Reference, ...]


@dataclass(frozen=True, slots=True)
class Treatment:
    """How one diagnosis is treated. ``situations`` are those that rows are written for; ``elsewhere`` counts the rows
    that are for other patients, by reason; ``notes`` say what of the question could not be met."""

    disease: str
    name: str
    alarm: Alarm | None
    groups: tuple[Group, ...]
    situations: tuple[str, ...]
    elsewhere: tuple[tuple[str, int], ...]
    notes: tuple[str, ...]


def treatments(
    patient: PatientContext,
    diagnoses: Sequence[str],
    snapshot: Snapshot,
    judge: Judge,
    *,
    day: date,
    asked: Asked = Asked(),
) -> tuple[Treatment, ...]:
    """Treatment of each diagnosis (concept ids), in the order given. ``patient`` was resolved against the snapshot;
    the diagnoses count as present whether or not they are on record."""
    known = with_diagnoses(patient, diagnoses, snapshot)
    subject = Subject.of(patient, snapshot, diagnoses)
    desk = _Desk(known, subject, snapshot, judge, day, asked)
    return tuple(desk.treatment(disease) for disease in dict.fromkeys(diagnoses))


def with_diagnoses(patient: PatientContext, diagnoses: Iterable[str], snapshot: Snapshot) -> PatientContext:
    """The patient with these diagnoses on record."""
    conditions = () if isinstance(patient.conditions, Unknown) else patient.conditions
    present = {concept for condition in conditions for concept in condition.what.concepts}
    added = tuple(
        Condition(Coded(snapshot.name(d), (), (d,)), origin=Origin(f"diagnoses[{number}]"))
        for number, d in enumerate(dict.fromkeys(diagnoses))
        if d not in present
    )
    return replace(patient, conditions=(*conditions, *added))


@dataclass(frozen=True, slots=True)
class _Desk:
    """One patient at work."""

    patient: PatientContext
    subject: Subject
    snapshot: Snapshot
    judge: Judge
    day: date
    asked: Asked

    def treatment(self, disease: str) -> Treatment:
        plans = plans_of(self.snapshot, disease, self.day)
        asked, notes = self._asked(plans) if plans else (self.asked, (_NO_PLANS,))
        seen = [(plan, verdict(plan, self.subject, asked, self.snapshot)) for plan in plans]
        mine = [(plan, v) for plan, v in seen if v.fit is not Fit.ELSEWHERE]
        drugs = frozenset(plan.item for plan, v in mine if plan.kind == "drug" and v.fit is not Fit.UNSUITABLE)
        options = [self._option(plan, v, disease, drugs) for plan, v in mine]
        elsewhere = Counter(v.reasons[0] for _, v in seen if v.fit is Fit.ELSEWHERE)
        alarm = _alarm(self.snapshot, disease)
        return Treatment(
            disease,
            self.snapshot.name(disease),
            alarm,
            tuple(_groups(options, alarm is not None or asked.severity in _URGENT)),
            tuple(sorted({plan.situation for plan in plans if plan.situation})),
            tuple(elsewhere.most_common()),
            notes,
        )

    def _asked(self, plans: Sequence[Plan]) -> tuple[Asked, tuple[str, ...]]:
        """The question without a situation that no row is about, and what to say of that."""
        situation = self.asked.situation
        if not situation or any(is_situation(p.situation, situation) for p in plans if p.situation):
            return self.asked, ()
        return replace(self.asked, situation=""), (f"没有针对“{situation}”的方案，以下不区分情形",)

    def _option(self, plan: Plan, found: Verdict, disease: str, beside: frozenset[str]) -> Option:
        cited = references(self.snapshot, plan.statement)
        title = self.snapshot.name(plan.item) if plan.item else plan.content
        if found.fit is Fit.UNSUITABLE:
            return Option(plan, title, State.UNSUITABLE, found, None, None, (), (), cited)
        dose = dose_of(plan, self.subject)
        diagnosis = Coded(self.snapshot.name(disease), (), (disease,))
        order = order_of(plan, dose if isinstance(dose, Dose) else None, diagnosis, self.snapshot)
        option = Option(plan, title, _state(found, ()), found, dose, order, (), (), cited)
        if order is None:
            return option
        return self._tried(option, order, beside - {plan.item})

    def _tried(self, option: Option, order: Order, beside: frozenset[str]) -> Option:
        """The option as the rules see it; one that kidneys or liver allow only in part is tried once more within
        what they allow."""
        findings, gaps = self._judged(order, beside)
        adjusted, dose = "", option.dose
        less = spared(order, findings, self.snapshot)
        if less is not None:
            better, more = self._judged(less, beside)
            if _ranks(better) < _ranks(findings):
                adjusted, dose = _said(findings), _held(dose, less)
                order, findings, gaps = less, better, more
        state = _state(option.verdict, findings)
        ready = state not in _ENDED and _is_complete(order)
        return Option(
            option.plan,
            option.title,
            state,
            option.verdict,
            dose,
            order if ready else None,
            findings,
            gaps,
            option.references,
            adjusted,
        )

    def _judged(self, order: Order, beside: frozenset[str]) -> tuple[tuple[Finding, ...], tuple[Gap, ...]]:
        """What the rules say of one order, the worst first; other things they say of the patient are not about the
        option, nor is that it lacks what the plan has ``beside`` it (drugs): it is tried alone."""
        told = self.judge(self.patient, order)
        mine = (f for f in told.findings if order.id in f.orders and not self._is_supplied(f, order, beside))
        gaps = tuple(gap for gap in told.gaps if order.id in gap.orders)
        return tuple(sorted(mine, key=lambda f: -f.severity.rank)), gaps

    def _is_supplied(self, finding: Finding, order: Order, beside: frozenset[str]) -> bool:
        """Whether a finding says only that a drug needs another, which the plan has beside it."""
        if finding.family != _COMPANION:
            return False
        rows = (s for c in order.what.concepts for s in self.snapshot.statements(Predicate.COMPANION, c))
        named = tuple(n for s in rows if s.id == finding.rule_id for n in s.qualifiers["companions"])
        wanted = concepts_named(self.snapshot, named, _DRUGS)
        return any(not wanted.isdisjoint(self.snapshot.ancestors(drug)) for drug in beside)


def _state(found: Verdict, findings: tuple[Finding, ...]) -> State:
    worst = _worst(findings)
    if worst >= Severity.CONTRAINDICATED.rank:
        return State.CONTRAINDICATED
    if found.fit is Fit.ASKS:
        return State.ASKS
    return State.CAUTION if worst >= Severity.MAJOR.rank else State.PROPOSED


def _worst(findings: tuple[Finding, ...]) -> int:
    return max(_ranks(findings), default=-1)


def _ranks(findings: tuple[Finding, ...]) -> list[int]:
    """How grave findings are, the worst first."""
    return sorted((finding.severity.rank for finding in findings), reverse=True)


def _said(findings: tuple[Finding, ...]) -> str:
    return "；".join(dict.fromkeys(f.summary for f in findings if f.family in ("renal", "hepatic")))


def _held(dose: Dose | Need | None, order: Order) -> Dose | Need | None:
    """The dose as the order was held to less: beyond that nothing is proposed."""
    given = order.dosage
    if not isinstance(dose, Dose) or isinstance(given.dose, Unknown):
        return dose
    most = given.dose
    pace = given.times_per_day
    day = UNKNOWN if isinstance(pace, Unknown) else most.scale(max(pace, 1.0))
    low = min(dose.low, most)
    return replace(dose, chosen=most, low=low, high=most, daily=day, capped=True, pace=given.frequency_text)


def _is_complete(order: Order) -> bool:
    """Whether an order says enough to be written: of a drug how much and by which way."""
    dosage = order.dosage
    return order.kind is not OrderKind.DRUG or not (
        isinstance(dosage.dose, Unknown) or isinstance(dosage.route, Unknown)
    )


def _alarm(snapshot: Snapshot, disease: str) -> Alarm | None:
    for profile in snapshot.statements(Predicate.DISEASE_PROFILE, disease):
        if profile.subject == disease and profile.qualifiers.get("red_flag"):
            q = profile.qualifiers
            return Alarm(q.get("advice", ""), q.get("urgency", ""), references(snapshot, profile))
    return None


def _groups(options: Sequence[Option], urgent: bool) -> Iterator[Group]:
    """Groups that have options. Where haste is needed the referral stands beside the emergency measures."""
    names = list(GROUPS)
    if urgent:
        names.remove("referral")
        names.insert(1, "referral")
    for name in names:
        mine = sorted((o for o in options if o.plan.group == name), key=_rank)
        if mine:
            yield Group(name, GROUPS[name], tuple(mine))


def _rank(option: Option) -> tuple[int, float, int, str]:
    """What can be done first, then as the sources rank, then what raises least."""
    burden = sum(finding.severity.rank for finding in option.findings)
    return _PLACE[option.state], option.plan.rank, burden, option.title
