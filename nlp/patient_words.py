"""A patient in words for a model: what is known that bears on a clinical question, and nothing that tells who it is.

Lists that nobody sent are not mentioned; an empty one says that there is none. Results are told with how long ago.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from typing import Final

from clinical.age import MONTH
from clinical.coded import Coded, Origin, zoned
from clinical.logic import Known, Unknown
from clinical.order import Order
from clinical.patient import Allergy, ClinicalStatus, Observation, PatientContext, Pregnancy, Report, Sex
from clinical.quantity import Quantity
from clinical.units import shown
from knowledge.snapshot import Snapshot

_MOST: Final = 40
_LONGEST: Final = 200
_SEXES: Final = {Sex.MALE: "男", Sex.FEMALE: "女"}
_OLD: Final = 90
Clean = Callable[[str], str]
"""Takes what tells who somebody is out of a text."""


def described(patient: PatientContext, snapshot: Snapshot, clean: Clean) -> str:
    """What is known of a patient, a line for each kind; empty when nothing is."""
    return "\n".join(line for line in _lines(patient, snapshot, clean) if line)


def _lines(patient: PatientContext, snapshot: Snapshot, clean: Clean) -> Iterator[str]:
    def name(what: Coded) -> str:
        return snapshot.name(what.concepts[0]) if what.concepts else clean(what.text)[:_LONGEST]

    who = (_sex(patient.sex), _age(patient), _pregnancy(patient), _lactating(patient.lactating))
    yield "，".join(part for part in who if part)
    if not isinstance(patient.conditions, Unknown):
        active = (one for one in patient.conditions if one.status is ClinicalStatus.ACTIVE)
        yield _listed("诊断", (name(one.what) for one in active))
    if not isinstance(patient.allergies, Unknown):
        yield _listed("过敏", (_allergy(one, name, clean) for one in patient.allergies))
    if not isinstance(patient.medications, Unknown):
        yield _listed("在用药品", (_drug(one, name) for one in patient.medications if one.is_active()))
    if not isinstance(patient.observations, Unknown):
        yield _listed("检验与体征", _results(patient.observations, patient.as_of, name, clean))
    if not isinstance(patient.reports, Unknown):
        yield _listed("检查报告", (_report(one, patient.as_of, name, clean) for one in patient.reports))
    if not isinstance(patient.procedures, Unknown):
        yield _listed("手术操作", (name(one.what) + _ago(one.origin, patient.as_of) for one in patient.procedures))


def _listed(title: str, items: Iterable[str]) -> str:
    found = list(dict.fromkeys(item for item in items if item))[:_MOST]
    return f"{title}：{'；'.join(found) if found else '无'}"


def _sex(sex: Known[Sex]) -> str:
    return "" if isinstance(sex, Unknown) else _SEXES[sex]


def _age(patient: PatientContext) -> str:
    age, years = patient.age(), patient.age_years()
    if isinstance(age, Unknown) or isinstance(years, Unknown):
        return ""
    if years >= _OLD:
        return f"≥{_OLD}岁"
    if years >= 3:
        return f"{years}岁"
    return f"{patient.age_days()}天" if age < 2 * MONTH else f"{int(age / MONTH)}个月"


def _pregnancy(patient: PatientContext) -> str:
    found = patient.pregnancy
    if isinstance(found, Unknown):
        return ""
    return "未妊娠" if found is None else _gestation(found)


def _gestation(found: Pregnancy) -> str:
    days = found.gestational_days
    if not isinstance(days, Unknown):
        return f"妊娠{days // 7}周{f'+{days % 7}天' if days % 7 else ''}"
    trimester = found.trimester()
    return "妊娠" if isinstance(trimester, Unknown) else f"{'早中晚'[trimester - 1]}期妊娠"


def _lactating(lactating: Known[bool]) -> str:
    return "" if isinstance(lactating, Unknown) else "哺乳期" if lactating else ""


def _allergy(one: Allergy, name: Callable[[Coded], str], clean: Clean) -> str:
    reaction = clean("、".join(one.reactions))[:_LONGEST]
    return name(one.what) + (f"（{reaction}）" if reaction else "")


def _drug(order: Order, name: Callable[[Coded], str]) -> str:
    d = order.dosage
    dose = "" if isinstance(d.dose, Unknown) else _amount(d.dose)
    route = "" if isinstance(d.route, Unknown) else d.route
    return " ".join(filter(None, (name(order.what), dose, route, d.frequency_text[:20])))


def _amount(quantity: Quantity) -> str:
    return f"{quantity.value:g} {shown(quantity.unit)}".strip()


def _results(
    observations: Iterable[Observation], now: datetime, name: Callable[[Coded], str], clean: Clean
) -> Iterator[str]:
    """The newest value of each test."""
    newest: dict[str, Observation] = {}
    for one in sorted(observations, key=lambda o: zoned(o.origin.time).timestamp() if o.origin.time else 0.0):
        newest[name(one.what)] = one
    for title, one in newest.items():
        if not isinstance(one.value, Unknown):
            value = _amount(one.value) if isinstance(one.value, Quantity) else clean(one.value)[:_LONGEST]
            yield f"{title} {value}{_ago(one.origin, now)}"


def _report(report: Report, now: datetime, name: Callable[[Coded], str], clean: Clean) -> str:
    said = clean(report.conclusion)[:_LONGEST]
    return f"{name(report.what)}{_ago(report.origin, now)}{f'：{said}' if said else ''}"


def _ago(origin: Origin, now: datetime) -> str:
    if origin.time is None:
        return ""
    days = (zoned(now) - zoned(origin.time)).days
    return "（今日）" if days <= 0 else f"（{days}天前）" if days <= 730 else f"（约{round(days / 365.25)}年前）"
