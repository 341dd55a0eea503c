"""The form of a score, filled from the record.

Unknown is not normal: what the record does not state stays empty, with the reason. A diagnosis that is not in the
list, or a result without a time, is only proposed, for a person to confirm.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from clinical.coded import Coded, Origin, china_day, zoned
from clinical.finding import Datum
from clinical.logic import Unknown
from clinical.patient import ClinicalStatus, Observation, PatientContext
from clinical.quantity import Quantity, UnitMismatch
from clinical.units import plain_unit, shown
from inference.score import Age, Answer, Diagnosed, Item, Kind, Lab, Pick, Population, Score, SexOf, Taking
from knowledge.model import ConceptKind
from knowledge.snapshot import Snapshot

CONDITION_KINDS: Final = (ConceptKind.DISEASE, ConceptKind.SYMPTOM, ConceptKind.FINDING, ConceptKind.PHENOTYPE)
_LAB_KINDS: Final = (ConceptKind.LAB,)
_DRUG_KINDS: Final = (ConceptKind.INGREDIENT, ConceptKind.DRUG_CLASS)
_PLACES: Final = 9
_PREGNANCY: Final = "妊娠"


@dataclass(frozen=True, slots=True)
class FormItem:
    """An item to be shown. ``value`` is what the record states, with its ``source``; ``proposed`` what the record
    only suggests and a person must confirm; ``note`` says why an item is empty or only proposed."""

    field: str
    label: str
    kind: str
    choices: tuple[tuple[str, str, float], ...]
    unit: str
    low: float | None
    high: float | None
    required: bool
    help: str
    value: Answer | None = None
    proposed: Answer | None = None
    source: Datum | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Form:
    """A score as it is filled for one patient; ``warnings`` say why it may not fit this patient."""

    score: str
    title: str
    purpose: str
    population: str
    citation: str
    note: str
    items: tuple[FormItem, ...]
    warnings: tuple[str, ...] = ()

    def values(self) -> dict[str, Answer]:
        """What the record states, by field."""
        return {item.field: item.value for item in self.items if item.value is not None}


def form(score: Score, patient: PatientContext, snapshot: Snapshot) -> Form:
    """The score's items, filled from a context whose entries were resolved against the snapshot."""
    return Form(
        score.name,
        score.title,
        score.purpose,
        score.population.text,
        str(score.citation),
        score.note,
        tuple(_form_item(score, item, _read(item, patient, snapshot)) for item in score.items),
        tuple(misfits(score.population, patient, snapshot)),
    )


@dataclass(frozen=True, slots=True)
class _Reading:
    """What the record says about an item."""

    value: Answer | None = None
    proposed: Answer | None = None
    source: Datum | None = None
    note: str = ""


def _form_item(score: Score, item: Item, read: _Reading) -> FormItem:
    numeric = item.kind is Kind.NUMBER
    return FormItem(
        item.field,
        item.label,
        item.kind.value,
        tuple((c.key, c.label, c.points) for c in item.choices),
        unit_of(item),
        item.low if numeric else None,
        item.high if numeric else None,
        not item.optional,
        item.help,
        read.value,
        read.proposed,
        read.source,
        read.note,
    )


def misfits(population: Population, patient: PatientContext, snapshot: Snapshot) -> Iterator[str]:
    """Why a score was not made for a patient, as far as is known."""
    years = patient.age_years()
    if not isinstance(years, Unknown) and not population.min_age <= years <= population.max_age:
        yield f"患者{years}岁，本评分适用于{population.text}。"
    found = _condition(population.excluded, False, patient, snapshot) if population.excluded else None
    if found is not None:
        yield f"患者有“{found.value}”，本评分不适用或须谨慎解读。"


def _read(item: Item, patient: PatientContext, snapshot: Snapshot) -> _Reading:
    fill = item.fill
    if isinstance(fill, Lab):
        return _read_lab(item, fill, patient, snapshot)
    if isinstance(fill, Age):
        return _read_age(item, patient)
    if isinstance(fill, SexOf):
        return _read_sex(patient)
    if isinstance(fill, Diagnosed):
        return _read_condition(fill, patient, snapshot)
    return _read_drug(fill, patient, snapshot) if isinstance(fill, Taking) else _Reading()


def _read_age(item: Item, patient: PatientContext) -> _Reading:
    years = patient.age_years()
    if isinstance(years, Unknown):
        return _Reading(note="未取得出生日期，请填写。")
    if not item.low <= years <= item.high:
        return _Reading(note=f"患者{years}岁，超出本项范围{range_of(item)}。")
    return _Reading(float(years), source=Datum.at("年龄", f"{years} 岁", patient.origin))


def _read_sex(patient: PatientContext) -> _Reading:
    if isinstance(patient.sex, Unknown):
        return _Reading(note="未取得性别，请填写。")
    told = patient.sex.value
    return _Reading(told, source=Datum.at("性别", "女" if told == "female" else "男", patient.origin))


def _read_condition(fill: Diagnosed, patient: PatientContext, snapshot: Snapshot) -> _Reading:
    found = _condition(fill.names, fill.ever, patient, snapshot)
    if found is not None:
        return _Reading(True, source=found)
    if isinstance(patient.conditions, Unknown):
        return _Reading(note="未取得诊断记录，请填写。")
    return _Reading(proposed=False, note="诊断记录中未见，请确认。")


def _condition(names: tuple[str, ...], ever: bool, patient: PatientContext, snapshot: Snapshot) -> Datum | None:
    """The first diagnosis that is one of the names or a kind of it, as evidence; a pregnancy also where it is stated
    and no diagnosis."""
    wanted = concepts_named(snapshot, names, CONDITION_KINDS)
    conditions = patient.conditions
    for condition in () if isinstance(conditions, Unknown) else conditions:
        counts = ever or condition.status is ClinicalStatus.ACTIVE
        if counts and _is_any(condition.what, wanted, snapshot):
            return Datum.at("诊断", condition.what.text, condition.origin)
    stated = None if isinstance(patient.pregnancy, Unknown) else patient.pregnancy
    return Datum.at(_PREGNANCY, _PREGNANCY, stated.origin) if stated is not None and _PREGNANCY in names else None


def _read_drug(fill: Taking, patient: PatientContext, snapshot: Snapshot) -> _Reading:
    if isinstance(patient.medications, Unknown):
        return _Reading(note="未取得用药记录，请填写。")
    wanted = concepts_named(snapshot, fill.names, _DRUG_KINDS)
    for order in patient.medications:
        parts = (i.concept for i in order.ingredients)
        going_on = order.is_active() and not (order.stop and order.stop < china_day(patient.as_of))
        if going_on and _is_any(Coded(concepts=(*order.what.concepts, *parts)), wanted, snapshot):
            return _Reading(True, source=Datum.at("在用药品", order.what.text, order.origin))
    return _Reading(proposed=False, note="用药记录中未见，请确认。")


def _is_any(what: Coded, wanted: frozenset[str], snapshot: Snapshot) -> bool:
    return any(not wanted.isdisjoint(snapshot.ancestors(concept)) for concept in what.concepts)


def concepts_named(snapshot: Snapshot, names: tuple[str, ...], kinds: tuple[ConceptKind, ...]) -> frozenset[str]:
    """Ids of the concepts that bear these names; a preferred name goes before synonyms."""
    return snapshot.remember(("score-names", names, kinds), lambda: _find(snapshot, names, kinds))


def _find(snapshot: Snapshot, names: tuple[str, ...], kinds: tuple[ConceptKind, ...]) -> frozenset[str]:
    found: set[str] = set()
    for name in names:
        all_so_called = snapshot.by_name(name, *kinds)
        preferred = [concept for concept in all_so_called if concept.name == name]
        found.update(concept.id for concept in preferred or all_so_called)
    return frozenset(found)


# Results of tests and signs


@dataclass(frozen=True, slots=True)
class _Result:
    """A result in the item's unit, or why it cannot be used."""

    observation: Observation
    value: float = 0
    fault: str = ""

    @property
    def time(self) -> datetime | None:
        return self.observation.origin.time


def _read_lab(item: Item, fill: Lab, patient: PatientContext, snapshot: Snapshot) -> _Reading:
    if isinstance(patient.observations, Unknown):
        return _Reading(note="未取得检验与体征记录，请填写。")
    wanted = concepts_named(snapshot, fill.names, _LAB_KINDS)
    seen = [o for o in patient.observations if not wanted.isdisjoint(o.what.concepts)]
    results = [_in_unit(item, fill, o, snapshot) for o in seen]
    dated = [r for r in results if r.time is not None and _within(r.time, patient.as_of, fill.hours)]
    usable = [r for r in dated if not r.fault]
    if usable:
        best = _pick(item, fill.pick, usable)
        return _Reading(best.value, source=_datum(item, best))
    return _left_empty(item, fill, results, dated)


def _left_empty(item: Item, fill: Lab, results: list[_Result], dated: list[_Result]) -> _Reading:
    """Why no result counts; one without a time is proposed."""
    if dated:
        return _Reading(note=dated[-1].fault)
    undated = [r for r in results if r.time is None and not r.fault]
    if undated:
        last = undated[-1]
        return _Reading(None, last.value, _datum(item, last), "结果没有时间，请确认是否近期。")
    if results:
        return _Reading(note=f"没有近{_window(fill.hours)}内的结果，请复查或填写。")
    return _Reading(note="记录中没有结果，请填写。")


def _in_unit(item: Item, fill: Lab, observation: Observation, snapshot: Snapshot) -> _Result:
    told = observation.value
    if not isinstance(told, Quantity):
        return _Result(observation, fault="结果不是数值，请填写。")
    substances = [None if fill.molar else snapshot.substance(c) for c in observation.what.concepts] or [None]
    try:
        value = round(told.to(item.unit, substances[0]).value, _PLACES)
    except UnitMismatch:
        hint = "(按质量报告的尿素与尿素氮不同)" if fill.molar else ""
        return _Result(observation, fault=f"单位“{shown(told.unit)}”不能换算为“{unit_of(item)}”{hint}，请填写。")
    if not item.low <= value <= item.high:
        return _Result(observation, fault=f"结果{told}超出{range_of(item)}，请核对。")
    return _Result(observation, value)


def _within(time: datetime, as_of: datetime, hours: float) -> bool:
    """Whether a result was there at ``as_of`` and is not too old."""
    now = zoned(as_of)
    return now - timedelta(hours=hours) <= zoned(time) <= now


def _pick(item: Item, pick: Pick, usable: list[_Result]) -> _Result:
    latest = sorted(usable, key=lambda r: _moment(r.time), reverse=True)
    if pick is Pick.HIGHEST:
        return max(latest, key=lambda r: r.value)
    if pick is Pick.LOWEST:
        return min(latest, key=lambda r: r.value)
    return max(latest, key=lambda r: item.points_for(r.value)) if pick is Pick.WORST else latest[0]


def _moment(time: datetime | None) -> float:
    return 0 if time is None else zoned(time).timestamp()


def _datum(item: Item, result: _Result) -> Datum:
    origin: Origin = result.observation.origin
    return Datum.at(item.label, str(result.observation.value), origin)


def _window(hours: float) -> str:
    return f"{hours:g}小时" if hours < 72 else f"{hours / 24:g}天"


def unit_of(item: Item) -> str:
    """The unit of a number as clinicians read it."""
    return item.unit if not item.unit or item.unit == "分" else shown(plain_unit(item.unit))


def range_of(item: Item) -> str:
    """The limits of a number with its unit."""
    return f"{item.low:g}~{item.high:g} {unit_of(item)}".rstrip()
