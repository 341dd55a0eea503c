"""Derived clinical states and policies over findings: what forward chaining is good at, sealed.

Facts of one case (drug groups in use, laboratory values, findings) go into a durable_rules
session; rules that fire name states (AKI, triple whammy …) or change findings (escalate,
suppress). The engine below has sharp edges, so ``rules.chaining`` guards it; when it is not
installed or fails, states are unknown and findings stand as they are.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Final

from clinical.finding import Fault, Finding, Review, Severity, Suppressed
from clinical.logic import Unknown
from clinical.patient import Observation
from clinical.quantity import Quantity, UnitMismatch
from clinical.value import replace
from rules.chaining import Chain, ChainError, Fact, ForwardRule, Test
from rules.engine import COUNTERS
from rules.measures import CREATININE, EGFR, egfr, measured
from rules.model import Case, fault

NAME: Final = "states"
GROUPS: Final[dict[str, frozenset[str]]] = {
    "nsaid": frozenset({"drug-class:nsaid"}),
    "raas": frozenset({"drug-class:raas-inhibitor"}),
    "diuretic": frozenset({"drug-class:diuretic"}),
    "potassium-raising": frozenset(
        {
            "drug-class:raas-inhibitor",
            "drug-class:potassium-sparing-diuretic",
            "drug-class:potassium-supplement",
        }
    ),
    "bleeding": frozenset(
        {"drug-class:anticoagulant", "drug-class:antiplatelet", "drug-class:nsaid", "drug-class:ssri"}
    ),
    "qt": frozenset({"drug-class:qt-prolonging"}),
}
"""Groups of drugs that states count, by the classes of the release."""
LABS: Final = {
    "potassium": ("lab:potassium", "mmol/L", 14),
    "platelets": ("lab:platelets", "10*9/L", 30),
}
"""Laboratory values that states read: concept, unit, greatest age in days."""


@dataclass(frozen=True, slots=True)
class Derive:
    """The rule names a state."""

    state: str


@dataclass(frozen=True, slots=True)
class Escalate:
    """The finding that the rule matched becomes at least so severe."""

    severity: Severity
    reason: str


@dataclass(frozen=True, slots=True)
class Suppress:
    """The finding that the rule matched is not shown."""

    reason: str


def _count(group: str, least: int) -> tuple[Test, ...]:
    return (Test("kind", "=", "count"), Test("group", "=", group), Test("n", ">=", float(least)))


def _lab(name: str, operator: str, value: float) -> tuple[Test, ...]:
    return (Test("kind", "=", "lab"), Test("name", "=", name), Test("value", operator, value))


def _state(name: str) -> tuple[Test, ...]:
    return (Test("kind", "=", "state"), Test("name", "=", name))


def _finding(family: str, least: Severity, most: Severity = Severity.CONTRAINDICATED) -> tuple[Test, ...]:
    return (
        Test("kind", "=", "finding"),
        Test("family", "=", family),
        Test("rank", ">=", float(least.rank)),
        Test("rank", "<=", float(most.rank)),
    )


_CREATININE: Final = frozenset({"creatinine"})
STATE_RULES: Final[tuple[ForwardRule, ...]] = (
    # KDIGO 2012 AKI guideline, section 2.1: 1.5 times within 7 days, or 26.5 µmol/L within 48 h.
    ForwardRule("aki-ratio", (_lab("creatinine-ratio-7d", ">=", 1.5),), Derive("aki")),
    ForwardRule("aki-rise", (_lab("creatinine-rise-48h", ">=", 26.5),), Derive("aki")),
    # KDIGO 2024 CKD guideline, chapter 1: below the limit for more than three months.
    ForwardRule("ckd-3", (_lab("egfr-chronic", "<", 60.0),), Derive("ckd-3")),
    ForwardRule("ckd-4", (_lab("egfr-chronic", "<", 30.0),), Derive("ckd-4")),
    ForwardRule("hyperkalaemia", (_lab("potassium", ">=", 5.5),), Derive("hyperkalaemia")),
    ForwardRule("hypokalaemia", (_lab("potassium", "<", 3.5),), Derive("hypokalaemia")),
    ForwardRule("thrombocytopenia", (_lab("platelets", "<", 100.0),), Derive("thrombocytopenia")),
    ForwardRule("potassium-two-drugs", (_count("potassium-raising", 2),), Derive("hyperkalaemia-risk")),
    ForwardRule(
        "potassium-drug-high",
        (_count("potassium-raising", 1), _lab("potassium", ">", 5.0)),
        Derive("hyperkalaemia-risk"),
    ),
    ForwardRule(
        "potassium-drug-kidney",
        (_count("potassium-raising", 1), _lab("egfr", "<", 30.0)),
        Derive("hyperkalaemia-risk"),
    ),
    ForwardRule(
        "triple-whammy",
        (_count("nsaid", 1), _count("raas", 1), _count("diuretic", 1)),
        Derive("triple-whammy"),
    ),
    ForwardRule("bleeding-three", (_count("bleeding", 3),), Derive("bleeding-risk")),
    ForwardRule("bleeding-platelets", (_count("bleeding", 1), _lab("platelets", "<", 50.0)), Derive("bleeding-risk")),
    ForwardRule("qt-three", (_count("qt", 3),), Derive("qt-risk")),
    ForwardRule("qt-potassium", (_count("qt", 2), _lab("potassium", "<", 3.5)), Derive("qt-risk")),
)
"""Which facts make which state."""
FINDING_RULES: Final[tuple[ForwardRule, ...]] = (
    ForwardRule(
        "interaction-in-aki",
        (_state("aki"), _state("triple-whammy"), _finding("interaction", Severity.MINOR, Severity.MODERATE)),
        Escalate(Severity.MAJOR, "患者存在急性肾损伤且三联用药，升级为严重"),
    ),
    ForwardRule(
        "potassium-interaction-in-hyperkalaemia",
        (
            _state("hyperkalaemia"),
            _state("hyperkalaemia-risk"),
            _finding("interaction", Severity.MODERATE, Severity.MODERATE),
        ),
        Escalate(Severity.MAJOR, "患者已有高钾血症，升级为严重"),
    ),
    ForwardRule(
        "dose-of-forbidden-drug",
        (_finding("renal", Severity.CONTRAINDICATED), _finding("dose", Severity.INFO, Severity.MAJOR)),
        Suppress("该药因肾功能禁用，剂量提示不再显示"),
    ),
)
"""What states and findings together do to findings. The last clause is the finding acted upon."""
NEEDS: Final[dict[str, frozenset[str]]] = {
    "aki": _CREATININE,
    "ckd-3": frozenset({"egfr-chronic"}),
    "ckd-4": frozenset({"egfr-chronic"}),
    "hyperkalaemia": frozenset({"potassium"}),
    "hypokalaemia": frozenset({"potassium"}),
    "thrombocytopenia": frozenset({"platelets"}),
    "hyperkalaemia-risk": frozenset({"medications", "potassium", "egfr"}),
    "triple-whammy": frozenset({"medications"}),
    "bleeding-risk": frozenset({"medications"}),
    "qt-risk": frozenset({"medications", "potassium"}),
}
"""Inputs without which a state that did not fire is unknown rather than absent."""
STATE_DRUGS: Final[dict[str, frozenset[str]]] = {
    "triple-whammy": GROUPS["nsaid"] | GROUPS["raas"] | GROUPS["diuretic"],
    "hyperkalaemia-risk": GROUPS["potassium-raising"],
    "bleeding-risk": GROUPS["bleeding"],
    "qt-risk": GROUPS["qt"],
}
"""Classes whose drugs make up a state: the orders that an alert about it concerns."""


class States:
    """Derives states and applies finding rules. ``chain`` None: the engine is not installed."""

    def __init__(self, chain: Chain | None) -> None:
        self._chain = chain

    @classmethod
    def start(cls) -> States:
        """With the engine where it is installed and its rules pass the guards; else without."""
        try:
            return cls(Chain((*STATE_RULES, *FINDING_RULES)))
        except ChainError as error:
            COUNTERS.faults[NAME] += not error.absent
            return cls(None)

    @property
    def available(self) -> bool:
        return self._chain is not None

    def derive(self, case: Case) -> dict[str, bool]:
        """State → whether it holds; a state whose inputs are missing is left out."""
        if self._chain is None:
            return {}
        try:
            facts, known = _facts(case)
            fired = self._chain.fire(facts)
        except Exception as error:  # what helps the families must never take them down
            COUNTERS.faults[NAME] += 1
            fault(NAME, "", error)
            return {}
        present = {f.rule.then.state for f in fired if isinstance(f.rule.then, Derive)}
        absent = {state for state, needs in NEEDS.items() if state not in present and needs <= known}
        return dict.fromkeys(sorted(present), True) | dict.fromkeys(sorted(absent), False)

    def apply(self, review: Review, case: Case) -> Review:
        """The review with findings escalated or suppressed; states are derived only where a rule over findings may
        act on one. If the engine fails, they stand unchanged and the failure is a counted fault."""
        if self._chain is None:
            return review
        told = {(_family_of(f), f.severity) for f in review.findings if f.family in _FAMILIES}
        if not any(_may_change(family, severity) for family, severity in told):
            return review
        present = [name for name, holds in case.states.items() if holds]
        keys = [("state", "name", name) for name in present] + [("finding", "family", family) for family, _ in told]
        facts: list[Fact] = []
        if self._chain.may_fire(frozenset(keys)):  # seldom: most findings need no fact made of them
            facts += [{"kind": "state", "name": name} for name in present]
            facts += [_as_fact(n, f) for n, f in enumerate(review.findings) if f.family in _FAMILIES]
        try:
            fired = self._chain.fire(facts)
        except ChainError:
            COUNTERS.faults[NAME] += 1
            fault = Fault(NAME, "", "ChainError")
            return replace(review, faults=(*review.faults, fault), states=tuple(present))
        changed = {int(f.matched[-1]["number"]): f for f in fired if f.matched and "number" in f.matched[-1]}
        same_order = {n: f for n, f in changed.items() if _concerns(f.matched)}
        return _changed(review, {n: f.rule for n, f in same_order.items()}, tuple(present))


_ACTED_ON: Final = tuple(rule.when[-1] for rule in FINDING_RULES)
"""Of each rule over findings the clause about the finding that it changes."""
_FAMILIES: Final = frozenset(
    t.value for rule in FINDING_RULES for clause in rule.when for t in clause if t.field == "family"
)
"""Findings that a rule speaks of at all."""


@lru_cache(maxsize=256)
def _may_change(family: str, severity: Severity) -> bool:
    """Whether a finding alone may be one that a rule changes."""
    fact: Fact = {"kind": "finding", "family": family, "rank": float(severity.rank)}
    return any(all(test.may_pass(fact) for test in clause) for clause in _ACTED_ON)


def _changed(review: Review, rules: dict[int, ForwardRule], states: tuple[str, ...]) -> Review:
    if not rules:
        return replace(review, states=states)
    kept: list[Finding] = []
    hidden = list(review.suppressed)
    for number, finding in enumerate(review.findings):
        then = rules[number].then if number in rules else None
        if isinstance(then, Suppress):
            hidden.append(Suppressed(finding, then.reason))
        elif isinstance(then, Escalate) and finding.interruptive and then.severity.rank > finding.severity.rank:
            kept.append(replace(finding, severity=then.severity, detail=f"{finding.detail} {then.reason}。"))
        else:
            kept.append(finding)
    return replace(review, findings=tuple(kept), suppressed=tuple(hidden), states=states)


def _worse(then: Escalate, finding: Finding) -> bool:
    return then.severity.rank > finding.severity.rank


def _concerns(matched: tuple[Fact, ...]) -> bool:
    """Findings matched together must concern a common order."""
    orders = [set(str(fact["orders"]).split()) for fact in matched if fact["kind"] == "finding"]
    return len(orders) < 2 or bool(set.intersection(*orders))


def _family_of(finding: Finding) -> str:
    """Rules over findings speak of pairs of drugs; what else counts as interaction goes by its cause."""
    family, cause = finding.family, finding.cause
    pair = family != "interaction" or not cause or cause.startswith("interaction:")
    return family if pair else cause.partition(":")[0]


def _as_fact(number: int, finding: Finding) -> Fact:
    return {
        "kind": "finding",
        "family": _family_of(finding),
        "rank": float(finding.severity.rank),
        "number": float(number),
        "orders": " ".join(finding.orders),
    }


def _facts(case: Case) -> tuple[list[Fact], set[str]]:
    """The facts, and the names of the inputs that are known."""
    counted: dict[str, float] = {}
    for lineage in case.lineage.values():
        for group in _groups(lineage):
            counted[group] = counted.get(group, 0.0) + 1
    facts: list[Fact] = [{"kind": "count", "group": group, "n": members} for group, members in counted.items()]
    known = set() if isinstance(case.patient.medications, Unknown) else {"medications"}
    for fact, name in _measures(case):
        facts.append(fact)
        known.add(name)
    return facts, known


def _measures(case: Case) -> Iterator[tuple[Fact, str]]:
    """What was measured, with the name of the input it makes known."""
    for name, (concept, unit, days) in LABS.items():
        found = measured(case, concept, unit, days)
        if not isinstance(found, Unknown):
            yield _value(name, found.value), name
    function = egfr(case)
    if not isinstance(function, Unknown):
        yield _value("egfr", function.value), "egfr"
    yield from _creatinine_course(case)
    yield from _egfr_course(case)


@lru_cache(maxsize=16384)
def _groups(lineage: frozenset[str]) -> tuple[str, ...]:
    """Groups a drug counts in, by its classes."""
    return tuple([group for group, classes in GROUPS.items() if not lineage.isdisjoint(classes)])


def _value(name: str, value: float) -> Fact:
    return {"kind": "lab", "name": name, "value": round(value, 4)}


def _creatinine_course(case: Case) -> Iterator[tuple[Fact, str]]:
    """The last creatinine against the least of the 7 days and 48 hours before it."""
    if len(case.observed.get(CREATININE, ())) < 2:  # most patients have one: nothing to compare it with
        return
    course = _course(case, CREATININE, "umol/L")
    if len(course) < 2:
        return
    at, last = course[-1]
    week = [value for time, value in course[:-1] if at - time <= timedelta(days=7)]
    two_days = [value for time, value in course[:-1] if at - time <= timedelta(hours=48)]
    if week and min(week) > 0:
        yield _value("creatinine-ratio-7d", last / min(week)), "creatinine"
    if two_days:
        yield _value("creatinine-rise-48h", last - min(two_days)), "creatinine"


def _egfr_course(case: Case) -> Iterator[tuple[Fact, str]]:
    """The best eGFR of the last value and those at least ninety days before it."""
    course = sorted(_course(case, EGFR, "mL/min") + _course(case, EGFR, "mL/min/1.73m2"))
    if course:
        at, last = course[-1]
        old = [value for time, value in course if at - time >= timedelta(days=90)]
        if old:
            yield _value("egfr-chronic", max(last, *old)), "egfr-chronic"


def _course(case: Case, concept: str, unit: str) -> list[tuple[datetime, float]]:
    """Dated values of a test in a unit, oldest first."""
    observed = case.observed.get(concept)
    if not observed:
        return []
    values = ((o.origin.time, _number(o, unit)) for o in observed)
    return sorted((time, value) for time, value in values if time is not None and value is not None)


def _number(observation: Observation, unit: str) -> float | None:
    if not isinstance(observation.value, Quantity):
        return None
    try:
        return observation.value.to(unit).value
    except UnitMismatch:
        return None
