"""What a patient shows or does not, as evidence for diagnoses, from the record, from text and from words.

Twelve dimensions: 诱因, 症状, 体征, 检验, 检查, 病史, 过敏史, 用药史, 手术史, 家族史, 婚育史, 个人史. What nobody
speaks of is unknown and gives no evidence; a test that was made and lies within its limits is evidence that its
findings are absent.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import timedelta
from typing import Final

from clinical.coded import Origin, zoned
from clinical.finding import Datum
from clinical.logic import UNKNOWN, Known, Unknown
from clinical.patient import ClinicalStatus, Condition, Observation, PatientContext, Sex
from clinical.quantity import Quantity
from clinical.value import Value, replace
from inference import meanings
from inference.naming import Names
from inference.profiles import Profiles
from inference.results import Results
from knowledge.snapshot import Snapshot
from nlp.assertion import Assertion, When, Who
from nlp.facts import Fact, read
from nlp.lexicon import Lexicon

DIMENSIONS: Final = {
    "trigger": "诱因",
    "symptom": "症状",
    "sign": "体征",
    "lab": "检验",
    "exam": "检查",
    "history": "病史",
    "allergy": "过敏史",
    "medication": "用药史",
    "operation": "手术史",
    "family": "家族史",
    "reproductive": "婚育史",
    "personal": "个人史",
}
_REPORT_DAYS: Final = 30
_RESULT_DAYS: Final = 14
"""How old a report or a result may be and still say how the patient is now."""
_SWOLLEN: Final = ("肢体肿胀", "下肢水肿", "水肿")
_ONE_LEG: Final = "单侧下肢肿痛"
_LEG: Final = re.compile(r"下肢|腿")
_PRESENT: Final = frozenset({Assertion.PRESENT, Assertion.POSSIBLE})


class Span(Value, frozen=True):
    """Where in a text evidence stands: in which of the texts that were sent, from which character up to which."""

    start: int
    end: int
    text: str
    source: str = "text"


class Evidence(Value, frozen=True):
    """A finding (or a disease that somebody was told to have: ``is_disease``) that is present or absent, of one of
    the twelve dimensions, and where that is known from; ``within`` the value of the datum, where it was read in a
    text there. ``doubtful``: only suspected."""

    finding: str
    name: str
    present: bool
    dimension: str
    where: Datum | Span | None = None
    doubtful: bool = False
    is_disease: bool = False
    within: Span | None = None

    @property
    def state(self) -> str:
        return "present" if self.present else "absent"


def merged(*several: Iterable[Evidence]) -> list[Evidence]:
    """Evidence of several origins, each finding once: present before absent, certain before doubtful, the first."""
    found: dict[str, Evidence] = {}
    for one in (one for evidence in several for one in evidence):
        known = found.get(one.finding)
        if known is None or (one.present, not one.doubtful) > (known.present, not known.doubtful):
            found[one.finding] = one
    return list(found.values())


# -- words -------------------------------------------------------------------------------------


def of_names(findings: Iterable[tuple[str, bool]], snapshot: Snapshot) -> tuple[list[Evidence], list[str]]:
    """Evidence of findings in words, each with whether it is there; and the words that mean nothing known. Words that
    say more than one thing are read as a text."""
    found: list[Evidence] = []
    lost: list[str] = []
    for words, present in findings:
        meant = _meant(words, snapshot)
        found += [replace(one, present=one.present == present) for one in meant]
        lost += [] if meant else [words]
    return found, lost


def _meant(words: str, snapshot: Snapshot) -> list[Evidence]:
    names = Names.of(snapshot)
    where = Span(0, len(words), words, "findings")
    finding = names.exact_finding(words)
    disease = "" if finding else names.disease(words).concept
    finding = finding or ("" if disease else names.finding(words))
    if finding:
        return [_of_finding(finding, snapshot, True, where)]
    if disease:
        return of_disease(disease, snapshot, True, where)
    facts = read(words, Lexicon.of(snapshot))
    return [replace(one, where=where) for one in of_facts(facts, snapshot) if one.present]


def _of_finding(finding: str, snapshot: Snapshot, present: bool, where: Datum | Span | None) -> Evidence:
    profiles = Profiles.of(snapshot)
    dimension = profiles.dimensions[profiles.place[finding]]
    return Evidence(finding, snapshot.name(finding), present, dimension, where)


def of_disease(disease: str, snapshot: Snapshot, present: bool, where: Datum | Span | None) -> list[Evidence]:
    """A disease that somebody was told to have, with the histories that say the same of it."""
    told = Evidence(disease, snapshot.name(disease), present, "history", where, is_disease=True)
    found = [told]
    for finding in meanings.of_disease(disease, snapshot):
        found.append(_of_finding(finding, snapshot, present, where))
    return found


# -- text --------------------------------------------------------------------------------------


def of_text(
    text: str, snapshot: Snapshot, age: Known[float] = UNKNOWN, sex: Known[Sex] = UNKNOWN, source: str = "text"
) -> list[Evidence]:
    """Evidence of a record's text or of a part of one."""
    return of_facts(read(text, Lexicon.of(snapshot)), snapshot, age, sex, source)


def of_facts(
    facts: Iterable[Fact],
    snapshot: Snapshot,
    age: Known[float] = UNKNOWN,
    sex: Known[Sex] = UNKNOWN,
    source: str = "text",
) -> list[Evidence]:
    """Evidence of what was read in a text. What is only feared, planned or wished for is none, nor is a symptom of
    earlier years."""
    results = Results.of(snapshot)
    found: list[Evidence] = []
    for fact in facts:
        if fact.assertion is Assertion.HYPOTHETICAL:
            continue
        where = Span(fact.start, fact.end, fact.text, source)
        found += _of_fact(fact, snapshot, where, results, age, sex)
    return merged(found)


def _of_fact(
    fact: Fact, snapshot: Snapshot, where: Span, results: Results, age: Known[float], sex: Known[Sex]
) -> Iterator[Evidence]:
    present, doubtful = fact.assertion in _PRESENT, fact.assertion is Assertion.POSSIBLE
    if fact.who is Who.FAMILY:
        found = meanings.of_relative(fact.concept, snapshot)
        yield from [_of_finding(found, snapshot, present, where)] if found else []
    elif fact.kind == "test":
        yield from _measured(results.of_fact(fact, age, sex), snapshot, where)
    elif fact.kind == "finding":
        if fact.when is not When.PAST or _is_lasting(fact.concept, snapshot):
            yield from (replace(e, doubtful=doubtful) for e in _own(fact.concept, snapshot, present, where))
            one_leg = Names.of(snapshot).exact_finding(_ONE_LEG) if _is_swollen_leg(fact, snapshot) else ""
            if one_leg and present:
                yield replace(_of_finding(one_leg, snapshot, True, where), doubtful=doubtful)
    elif fact.kind == "disease":
        yield from (replace(e, doubtful=doubtful) for e in of_disease(fact.concept, snapshot, present, where))
    else:
        yield from _of_other(fact.kind, fact.concept, fact.name, snapshot, present, where)
        if fact.kind == "procedure" and present:
            yield from _lately(fact.concept, fact.name, fact.days, snapshot, where)


def _is_swollen_leg(fact: Fact, snapshot: Snapshot) -> bool:
    """Whether it is one leg that is swollen."""
    on_one = fact.side in ("left", "right") and _LEG.search(fact.site) is not None
    return on_one and snapshot.name(fact.concept) in _SWOLLEN


def _own(finding: str, snapshot: Snapshot, present: bool, where: Datum | Span) -> Iterator[Evidence]:
    """A finding that some disease of the release shows; else (of the loaded graph) one that only weighs there."""
    if finding in Profiles.of(snapshot).place:
        yield _of_finding(finding, snapshot, present, where)
    elif finding:
        same = Names.of(snapshot).exact_finding(snapshot.name(finding))
        if same:
            yield _of_finding(same, snapshot, present, where)


def _is_lasting(finding: str, snapshot: Snapshot) -> bool:
    """Whether a finding belongs to a history, so that it counts although it is past."""
    profiles = Profiles.of(snapshot)
    row = profiles.place.get(finding)
    return row is not None and profiles.dimensions[row] not in ("symptom", "sign", "lab", "exam")


def _of_other(
    kind: str, concept: str, name: str, snapshot: Snapshot, present: bool, where: Datum | Span
) -> Iterator[Evidence]:
    """Histories of drugs, operations and allergies."""
    found: Iterable[str] = ()
    if kind == "allergy":
        found = (meanings.of_allergy(concept, name, snapshot),)
    elif kind == "drug" and concept:
        found = meanings.of_drug(concept, snapshot)
    elif kind == "procedure":
        found = meanings.of_operation(name, snapshot)
    yield from (_of_finding(finding, snapshot, present, where) for finding in found if finding)


def _lately(operation: str, name: str, days: float | None, snapshot: Snapshot, where: Datum | Span) -> list[Evidence]:
    """What an operation means beside its histories while it is not long over."""
    found = meanings.of_recent(operation, name, days, snapshot)
    return [_of_finding(finding, snapshot, True, where) for finding in found if finding]


# -- the record --------------------------------------------------------------------------------


def of_patient(patient: PatientContext, snapshot: Snapshot) -> list[Evidence]:
    """Evidence of a patient whose entries were resolved against the release: diagnoses, drugs in use, operations,
    allergies, pregnancy, results against their limits, and what reports say."""
    return merged(
        _of_observations(patient, snapshot),
        _of_reports(patient, snapshot),
        _of_conditions(patient, snapshot),
        _of_drugs(patient, snapshot),
        _of_procedures(patient, snapshot),
        _of_allergies(patient, snapshot),
        _of_pregnancy(patient, snapshot),
    )


def _of_conditions(patient: PatientContext, snapshot: Snapshot) -> Iterator[Evidence]:
    for condition in () if isinstance(patient.conditions, Unknown) else patient.conditions:
        where = Datum.at("诊断", condition.what.text, condition.origin)
        for concept in _closest(condition, snapshot):
            past = condition.status is not ClinicalStatus.ACTIVE
            yield from (e for e in of_disease(concept, snapshot, True, where) if not (past and e.is_disease))


def _closest(condition: Condition, snapshot: Snapshot) -> list[str]:
    """What a diagnosis was understood as, without what is only wider than another."""
    concepts = condition.what.concepts
    wider = {a for c in concepts for a in snapshot.ancestors(c) if a != c}
    return [c for c in concepts if c not in wider]


def _of_drugs(patient: PatientContext, snapshot: Snapshot) -> Iterator[Evidence]:
    for order in () if isinstance(patient.medications, Unknown) else patient.medications:
        if order.is_active():
            where = Datum.at("在用药品", order.what.text, order.origin)
            for concept in (*order.what.concepts, *(i.concept for i in order.ingredients)):
                yield from _of_other("drug", concept, "", snapshot, True, where)


def _of_procedures(patient: PatientContext, snapshot: Snapshot) -> Iterator[Evidence]:
    for procedure in () if isinstance(patient.procedures, Unknown) else patient.procedures:
        if not procedure.lies_ahead(patient.as_of):
            where = Datum.at("手术", procedure.what.text, procedure.origin)
            concepts, time = procedure.what.concepts, procedure.origin.time
            for name in (procedure.what.text, *(snapshot.name(c) for c in concepts)):
                yield from _of_other("procedure", "", name, snapshot, True, where)
            days = None if time is None else (zoned(patient.as_of) - zoned(time)) / timedelta(days=1)
            for concept in concepts:
                yield from _lately(concept, snapshot.name(concept), days, snapshot, where)


def _of_allergies(patient: PatientContext, snapshot: Snapshot) -> Iterator[Evidence]:
    if isinstance(patient.allergies, Unknown):
        return
    for allergy in patient.allergies:
        where = Datum.at("过敏", allergy.what.text, allergy.origin)
        for concept in allergy.what.concepts[:1] or ("",):
            yield from _of_other("allergy", concept, allergy.what.text, snapshot, True, where)


def _of_pregnancy(patient: PatientContext, snapshot: Snapshot) -> Iterator[Evidence]:
    if isinstance(patient.pregnancy, Unknown):
        return
    finding = Names.of(snapshot).exact_finding("妊娠期")
    if finding:
        pregnant = patient.pregnancy is not None
        origin = patient.pregnancy.origin if patient.pregnancy is not None else Origin()
        yield _of_finding(finding, snapshot, pregnant, Datum.at("妊娠", "是" if pregnant else "否", origin))


def _of_observations(patient: PatientContext, snapshot: Snapshot) -> Iterator[Evidence]:
    """The newest result of each test, as the findings it is, and those it is not."""
    results, newest = Results.of(snapshot), dict[str, Observation]()
    for observation in () if isinstance(patient.observations, Unknown) else patient.observations:
        if _is_recent(patient, observation.origin, _RESULT_DAYS):
            for concept in observation.what.concepts:
                known = newest.get(concept)
                if known is None or _later(observation.origin, known.origin):
                    newest[concept] = observation
    for concept, observation in newest.items():
        found = results.of_observation(concept, observation.value, patient.age(), patient.sex)
        where = Datum.at(snapshot.name(concept), _shown(observation), observation.origin)
        yield from _measured(found, snapshot, where)


def _measured(found: Iterable[tuple[str, bool]], snapshot: Snapshot, where: Datum | Span) -> Iterator[Evidence]:
    for finding, present in found:
        yield _of_finding(finding, snapshot, present, where)


def _of_reports(patient: PatientContext, snapshot: Snapshot) -> Iterator[Evidence]:
    """What the conclusions of reports say."""
    for report in () if isinstance(patient.reports, Unknown) else patient.reports:
        if report.conclusion and _is_recent(patient, report.origin, _REPORT_DAYS):
            where = Datum.at(report.what.text, report.conclusion, report.origin)
            said = of_text(report.conclusion, snapshot, patient.age(), patient.sex)
            yield from (replace(one, where=where, within=_span(one)) for one in said)


def _span(one: Evidence) -> Span | None:
    return one.where if isinstance(one.where, Span) else None


def _is_recent(patient: PatientContext, origin: Origin, days: int) -> bool:
    """One without a time is not known to be old and counts."""
    return origin.time is None or zoned(patient.as_of) - zoned(origin.time) <= timedelta(days)


def _later(a: Origin, b: Origin) -> bool:
    if a.time is None or b.time is None:
        return b.time is None and a.time is not None
    return zoned(a.time) > zoned(b.time)


def _shown(observation: Observation) -> str:
    value = observation.value
    if isinstance(value, Quantity):
        return f"{value.value:g} {value.unit}".strip()
    return "" if isinstance(value, Unknown) else value
