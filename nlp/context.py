"""Facts of a record as the pieces of a ``PatientContext``: what is there, of the patient, and not only feared.

What is denied, doubted, planned or another's never becomes a condition, drug or allergy. What a record does not speak
of stays UNKNOWN. Names keep their words, so that ``records.terminology`` can resolve what the release knows better.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Final, TypeVar

from clinical.administration import Frequency, frequency_of
from clinical.coded import Coded, Origin, china_day
from clinical.logic import UNKNOWN, Known, Unknown
from clinical.order import Dosage, Ingredient, Order, OrderKind, OrderStatus
from clinical.patient import Allergy, ClinicalStatus, Condition, Observation, PatientContext, Pregnancy, Procedure
from clinical.quantity import Quantity, QuantityError
from clinical.units import is_known
from knowledge.model import ConceptKind
from knowledge.snapshot import Snapshot
from nlp.assertion import Assertion, When, Who
from nlp.facts import Fact
from nlp.persons import person_in

_T = TypeVar("_T")
_PREGNANCY: Final = "妊娠"
_LACTATION: Final = "哺乳期"
_USUAL: Final = {
    "体温": "Cel",
    "脉搏": "/min",
    "心率": "/min",
    "呼吸频率": "/min",
    "收缩压": "mmHg",
    "舒张压": "mmHg",
    "血氧饱和度": "%",
}
"""Units of vital signs that records leave out because everybody knows them; of other tests none is assumed."""
_COUNTED: Final = "次/分"
_LIFE: Final = 122 * 366.0
_REACTION: Final = 24
"""So far behind an allergen the reaction to it may stand."""


def context_of(facts: Sequence[Fact], as_of: datetime, snapshot: Snapshot, text: str = "") -> PatientContext:
    """The pieces of a context as of a time; ``text`` is the record, for the sex and age of the patient."""
    own = [fact for fact in facts if fact.who is Who.PATIENT]
    person = person_in(text, china_day(as_of))
    return PatientContext(
        id="",
        as_of=as_of,
        sex=person.sex,
        birth_date=person.birth_date,
        pregnancy=_pregnancy(own),
        lactating=_lactating(own),
        conditions=_some(_conditions(own, as_of, snapshot)),
        allergies=_allergies(own),
        observations=_some(_observations(own, as_of)),
        medications=_some(_medications(own, snapshot)),
        procedures=_some(_procedures(own, as_of)),
    )


def _some(found: Iterable[_T]) -> Known[tuple[_T, ...]]:
    """What a record names; UNKNOWN when it names nothing of the kind: nobody was asked."""
    kept = tuple(found)
    return kept or UNKNOWN


def _there(facts: Iterable[Fact], kind: str) -> Iterator[Fact]:
    return (fact for fact in facts if fact.kind == kind and fact.assertion is Assertion.PRESENT)


def _coded(fact: Fact) -> Coded:
    return Coded(fact.name if fact.kind == "test" else fact.text, (), (fact.concept,) if fact.concept else ())


def _origin(fact: Fact, as_of: datetime) -> Origin:
    """Where it stands in the record, and when it was as far as that says: now, or so many days ago."""
    if fact.when is When.CURRENT and fact.kind == "test":
        return Origin(_place(fact), as_of)
    return Origin(_place(fact), _ago(as_of, fact.days))


def _place(fact: Fact) -> str:
    """By characters, as a reference."""
    return f"note#{fact.start}-{fact.end}"


def _ago(as_of: datetime, days: float | None) -> datetime | None:
    """So many days before; None when nobody says how many, or more than a life has."""
    return as_of - timedelta(days=days) if days is not None and 0 <= days < _LIFE else None


# -- conditions, pregnancy, allergies --------------------------------------------------------------


def _conditions(facts: Sequence[Fact], as_of: datetime, snapshot: Snapshot) -> Iterator[Condition]:
    """Diseases that are there, and symptoms and signs of now that the release keeps as conditions too (无尿).
    Those of the history go on, unless the record says that they are over."""
    seen: set[str] = set()
    for fact in facts:
        if fact.assertion is Assertion.PRESENT:
            for what in _diseases(fact, snapshot):
                if not seen.issuperset(what.concepts) or not what.concepts:
                    seen.update(what.concepts)
                    yield _condition(fact, what, as_of)


def _diseases(fact: Fact, snapshot: Snapshot) -> Iterator[Coded]:
    """What a fact puts on the list of diagnoses."""
    if fact.kind == "disease":
        yield _coded(fact)
    elif fact.kind == "finding" and fact.when is When.CURRENT:
        known = snapshot.concept(fact.concept) if fact.concept else None
        if known is not None and known.kind is ConceptKind.SYMPTOM:
            for name in known.attributes.get("diseases", ()):
                yield Coded(fact.text, (), tuple(c.id for c in snapshot.by_name(name, ConceptKind.DISEASE)))


def _condition(fact: Fact, what: Coded, as_of: datetime) -> Condition:
    status = ClinicalStatus.INACTIVE if fact.when is When.RESOLVED else ClinicalStatus.ACTIVE
    onset = _ago(as_of, fact.days)
    return Condition(what, status, china_day(onset) if onset else None, Origin(_place(fact)))


def _pregnancy(facts: Sequence[Fact]) -> Known[Pregnancy | None]:
    told = [fact for fact in facts if fact.name == _PREGNANCY and fact.when is When.CURRENT]
    there = [fact for fact in told if fact.assertion is Assertion.PRESENT]
    if there:
        weeks = next((fact.days for fact in there if fact.days is not None), None)
        return Pregnancy(UNKNOWN if weeks is None else int(weeks))
    return None if any(fact.assertion is Assertion.ABSENT for fact in told) else UNKNOWN


def _lactating(facts: Sequence[Fact]) -> Known[bool]:
    told = {fact.assertion for fact in facts if fact.name == _LACTATION and fact.when is When.CURRENT}
    if Assertion.PRESENT in told:
        return True
    return False if Assertion.ABSENT in told else UNKNOWN


def _allergies(facts: Sequence[Fact]) -> Known[tuple[Allergy, ...]]:
    """Allergies named; none when all that are named are denied (否认药物过敏史)."""
    told = [fact for fact in facts if fact.kind == "allergy"]
    there = [fact for fact in told if fact.assertion is Assertion.PRESENT]
    found = tuple(Allergy(_coded(fact), _reactions(fact, facts), origin=Origin(_place(fact))) for fact in there)
    denied = any(fact.assertion is Assertion.ABSENT for fact in told)
    return found if found or denied else UNKNOWN


def _reactions(allergy: Fact, facts: Sequence[Fact]) -> tuple[str, ...]:
    return tuple(
        fact.name
        for fact in _there(facts, "finding")
        if fact.section == "过敏史" and 0 <= fact.start - allergy.end <= _REACTION
    )


# -- tests -----------------------------------------------------------------------------------------


def _observations(facts: Sequence[Fact], as_of: datetime) -> Iterator[Observation]:
    """Results. Earlier ones only when the record says how long ago they were."""
    for fact in facts:
        if fact.kind != "test" or fact.assertion is Assertion.HYPOTHETICAL:
            continue
        if fact.when is not When.CURRENT and fact.days is None:
            continue
        value = _value(fact)
        if not isinstance(value, Unknown):
            yield Observation(_coded(fact), value, _origin(fact, as_of))


def _value(fact: Fact) -> Known[Quantity | str]:
    """A number with its unit; a range, a limit and a number without unit as they are written; 阳性 or 阴性."""
    unit = "/min" if fact.unit.startswith(_COUNTED) else fact.unit or _USUAL.get(fact.name, "")
    if fact.value is not None and not fact.comparator and unit and is_known(unit):
        return Quantity(fact.value, unit)
    if fact.value is not None:
        return f"{fact.comparator}{fact.value:g}{fact.unit}"
    if fact.low is not None and fact.high is not None:
        return f"{fact.low:g}-{fact.high:g}{fact.unit}"
    if fact.text and fact.assertion in (Assertion.PRESENT, Assertion.ABSENT) and _worded(fact):
        return "阳性" if fact.assertion is Assertion.PRESENT else "阴性"
    return UNKNOWN


def _worded(fact: Fact) -> bool:
    """Whether a result in words stands with the name of a test."""
    return any(word in fact.text for word in ("阳性", "阴性", "+", "＋", "(-", "（-", "(－", "（－"))


# -- drugs and operations --------------------------------------------------------------------------


def _medications(facts: Sequence[Fact], snapshot: Snapshot) -> Iterator[Order]:
    """Drugs that are taken now."""
    taken = (fact for fact in _there(facts, "drug") if fact.when is When.CURRENT)
    for number, fact in enumerate(taken, 1):
        concept = snapshot.concept(fact.concept) if fact.concept else None
        single = concept is not None and concept.kind is ConceptKind.INGREDIENT
        yield Order(
            f"fact-{number}",
            OrderKind.DRUG,
            _coded(fact),
            OrderStatus.ACTIVE,
            (Ingredient(fact.concept),) if single else (),
            dosage=dosage_of(fact),
            origin=Origin(_place(fact)),
        )


def dosage_of(fact: Fact) -> Dosage:
    """How a drug is taken, as far as its fact says."""
    found = frequency_of(fact.frequency) if fact.frequency else UNKNOWN
    often = found if isinstance(found, Frequency) else None
    return Dosage(
        dose=_dose(fact),
        route=fact.route or UNKNOWN,
        times_per_day=often.times_per_day if often else UNKNOWN,
        interval_hours=often.interval_hours if often and often.interval_hours else UNKNOWN,
        duration_days=fact.days if fact.days is not None else UNKNOWN,
        as_needed=often.as_needed if often else False,
        frequency_text=fact.frequency,
        route_text=fact.route,
    )


def _dose(fact: Fact) -> Known[Quantity]:
    """Per kilogram it is no dose yet."""
    if fact.dose is None or not fact.dose_unit or "/" in fact.dose_unit:
        return UNKNOWN
    try:
        return Quantity(fact.dose, fact.dose_unit)
    except QuantityError:
        return UNKNOWN


def _procedures(facts: Sequence[Fact], as_of: datetime) -> Iterator[Procedure]:
    """Operations and treatments that were done or are being done."""
    return (Procedure(_coded(fact), _origin(fact, as_of)) for fact in _there(facts, "procedure"))
