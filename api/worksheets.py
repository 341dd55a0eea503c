"""A stored prescription, however it was sent, as prescription comment sees it: drugs, patient, suggested problems."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from typing import Any, Final

import orjson

from api.cards import EXTENSION
from api.cds_hooks import incoming_of
from api.hook import Hook
from api.serving import Served
from clinical.administration import INJECTED, SYSTEMIC, route_among
from clinical.age import MONTH
from clinical.coded import china_day
from clinical.logic import Unknown, is_known
from clinical.order import Dosage, Order, OrderKind, Purpose
from clinical.patient import ClinicalStatus, PatientContext, Sex, Visit
from exchange.fhir.context import Incoming, read_bundle
from exchange.plain import decode, read
from knowledge.naming import normal_name
from records.comment_codes import CODES, suggested
from records.journal import Entry
from records.prescriptions import Prescription, Stored
from records.sampling import About, Line, Problem, Sheet

ANTIMICROBIAL: Final = frozenset({"drug-class:antibacterial", "drug-class:antifungal"})
_ANTITUBERCULOSIS: Final = "drug-class:antituberculosis"
_FLUID: Final = "drug-class:infusion-fluid"
_INJECTION: Final = "注射剂"
_VISITS: Final = {
    Visit.OUTPATIENT: "门诊",
    Visit.EMERGENCY: "急诊",
    Visit.INPATIENT: "住院",
    Visit.HOME: "居家",
}
_SEXES: Final = {Sex.MALE: "男", Sex.FEMALE: "女"}
_AROUND_DAYS: Final = 14
_CHILD_YEARS, _BABY_MONTHS = 3, 1
_SIGNS: Final = re.compile(r"[;；:：\s]+")
_GRADE: Final = re.compile(r"^【.{1,4}】")


class Worksheets:
    """Reads stored prescriptions with one release. ``hooks`` are the services by name, ``entry`` gives the
    journal's request where the queue keeps only a part of it."""

    def __init__(self, served: Served, hooks: Mapping[str, Hook], entry: Callable[[str], Entry]) -> None:
        self._served, self._hooks, self._entry = served, hooks, entry

    def read(self, stored: Stored) -> Prescription:
        """What a prescription says. Raises when it cannot be read."""
        incoming, number, encounter = self._incoming(stored)
        patient, orders, _ = self._served.terminology.resolve(incoming.context, incoming.orders)
        about = self._about(stored, patient, orders, encounter)
        return Prescription(about, lambda: self._sheet(stored, patient, orders, number))

    def _sheet(self, stored: Stored, patient: PatientContext, orders: tuple[Order, ...], number: str) -> Sheet:
        drugs = tuple(order for order in orders if order.kind is OrderKind.DRUG)
        lines = {order.id: line for order, line in zip(drugs, self._lines(drugs), strict=True)}
        return Sheet(
            number=number,
            age=age_of(patient),
            sex=_SEXES[patient.sex] if is_known(patient.sex) and patient.sex in _SEXES else "",
            visit=_VISITS[patient.visit] if is_known(patient.visit) else "",
            diagnoses=tuple(dict.fromkeys(_diagnoses(patient, drugs))),
            lines=tuple(lines.values()),
            suggested=tuple(suggestions(stored.answer, lines)),
        )

    # -- what was sent ---------------------------------------------------------------------

    def _incoming(self, stored: Stored) -> tuple[Incoming, str, str]:
        """The request, the hospital's number of it, and the encounter it belongs to."""
        asked = stored.request
        if not stored.service and "patientId" in asked:  # a hook: the queue keeps its context only
            entry = self._entry(stored.id)
            return self._hooked(entry.service, entry.request, stored)
        if stored.service in self._hooks:
            return self._hooked(stored.service, asked, stored)
        if "resourceType" in asked:
            identifier = asked.get("identifier")
            number = str(identifier.get("value", "")) if isinstance(identifier, dict) else ""
            return read_bundle(asked, stored.at), number, ""
        plain = decode(orjson.dumps(asked))
        return read(plain, stored.at), plain.submit.prescription if plain.submit else "", ""

    def _hooked(self, service: str, asked: Any, stored: Stored) -> tuple[Incoming, str, str]:
        context = asked["context"]
        incoming = incoming_of(self._hooks[service], context, asked["prefetch"], stored.at)
        return incoming, "", str(context.get("encounterId", ""))

    def _about(self, stored: Stored, patient: PatientContext, orders: tuple[Order, ...], encounter: str) -> About:
        drugs = [order for order in orders if order.kind is OrderKind.DRUG]
        day = str(china_day(stored.at))
        department = stored.department or patient.department
        institution = stored.institution or patient.institution
        inside = institution, patient.id, encounter or day, department, *sorted(order.id for order in drugs)
        admitted = encounter or (str(patient.admitted) if is_known(patient.admitted) else day)
        held = (concept for order in drugs for concept in self._held(order))
        return About(
            id=stored.id,
            at=stored.at,
            key="\x1f".join(inside) if stored.service else stored.id,
            stay=f"{institution}\x1f{patient.id}\x1f{admitted}",
            institution=institution,
            department=department,
            prescriber=stored.prescriber or _prescriber(patient, drugs),
            inpatient=patient.visit is Visit.INPATIENT,
            perioperative=_perioperative(patient, orders),
            drugs=len(drugs),
            concepts=frozenset().union(*(self._served.snapshot.ancestors(concept) for concept in held)),
        )

    # -- drugs -----------------------------------------------------------------------------

    def _held(self, order: Order) -> tuple[str, ...]:
        return (*order.what.concepts, *(ingredient.concept for ingredient in order.ingredients))

    def _lines(self, drugs: tuple[Order, ...]) -> Iterator[Line]:
        """A fluid counts as a drug of its own only where it dissolves no other."""
        fluids = {order.id for order in drugs if self._is_fluid(order)}
        mixed = any(order.id not in fluids and _injected(order) for order in drugs)
        for order in drugs:
            yield self._line(order, mixed and order.id in fluids)

    def _line(self, order: Order, solvent: bool) -> Line:
        known = order.what.concepts or tuple(ingredient.concept for ingredient in order.ingredients)
        name = "、".join(self._served.snapshot.name(concept) for concept in known)
        text = _SIGNS.sub(" ", order.what.text).strip()
        return Line(
            text=text,
            name=_SIGNS.sub(" ", name) or text,
            directions=directions(order),
            antimicrobial=self._antimicrobial(order),
            injection=_injected(order),
            solvent=solvent,
            generic=self._generic(text, known) if known else None,
        )

    def _is_fluid(self, order: Order) -> bool:
        snapshot = self._served.snapshot
        return bool(order.ingredients) and all(snapshot.is_a(i.concept, _FLUID) for i in order.ingredients)

    def _antimicrobial(self, order: Order) -> bool:
        """Antibacterials and antifungals that reach the whole body, without drugs against tuberculosis."""
        route = order.dosage.route
        if is_known(route) and not route_among(route, SYSTEMIC):
            return False
        kinds = (self._served.snapshot.ancestors(i.concept) for i in order.ingredients)
        return any(not ANTIMICROBIAL.isdisjoint(k) and _ANTITUBERCULOSIS not in k for k in kinds)

    def _generic(self, text: str, known: tuple[str, ...]) -> bool:
        """Whether a drug is called by its generic name: a brand alone is not one."""
        written = normal_name(text)
        concepts = [c for c in map(self._served.snapshot.concept, known) if c is not None]
        brands = [normal_name(brand) for c in concepts for brand in c.attributes.get("brands", ())]
        if not any(brand in written for brand in brands):
            return True
        return any(normal_name(c.name) in written for c in concepts)


def _injected(order: Order) -> bool:
    return order.form == _INJECTION or (is_known(order.dosage.route) and order.dosage.route in INJECTED)


def directions(order: Order) -> str:
    """Dose, route, frequency and days in words, what is known of them."""
    dosage = order.dosage
    parts = (
        str(dosage.dose) if is_known(dosage.dose) else "",
        dosage.route if is_known(dosage.route) else "",
        frequency(dosage),
        f"{dosage.duration_days:.3g}天" if is_known(dosage.duration_days) else "",
    )
    return " ".join(part for part in parts if part)


def frequency(dosage: Dosage) -> str:
    """How often, as it was written, else in words; empty when nobody said."""
    times = "" if isinstance(dosage.times_per_day, Unknown) else f"每日{dosage.times_per_day:.3g}次"
    return dosage.frequency_text or times


# -- patient -------------------------------------------------------------------------------


def age_of(patient: PatientContext) -> str:
    """In years; for the smallest in days and months, as a prescription has to say it."""
    age, years = patient.age(), patient.age_years()
    if isinstance(age, Unknown) or isinstance(years, Unknown):
        return ""
    if years >= _CHILD_YEARS:
        return f"{years}岁"
    months = int(age / MONTH)
    return f"{months}月" if months >= _BABY_MONTHS else f"{patient.age_days()}天"


def _diagnoses(patient: PatientContext, drugs: tuple[Order, ...]) -> Iterator[str]:
    conditions = () if isinstance(patient.conditions, Unknown) else patient.conditions
    present = (c.what for c in conditions if c.status is ClinicalStatus.ACTIVE)
    for what in (*present, *(reason for order in drugs for reason in order.reason)):
        if what.text or what.codes:
            yield what.text or what.codes[0].value


def _prescriber(patient: PatientContext, drugs: list[Order]) -> str:
    signer = patient.prescriber
    if is_known(signer) and signer.name:
        return signer.name
    return next((order.prescriber for order in drugs if order.prescriber), "")


def _perioperative(patient: PatientContext, orders: tuple[Order, ...]) -> bool:
    """An operation ordered or done lately, or an antimicrobial given to prevent infection."""
    if any(order.kind is OrderKind.PROCEDURE or order.purpose is Purpose.PROPHYLAXIS for order in orders):
        return True
    done = () if isinstance(patient.procedures, Unknown) else patient.procedures
    times = (procedure.origin.time for procedure in done)
    return any(time and patient.as_of - time <= timedelta(days=_AROUND_DAYS) for time in times)


# -- problems ------------------------------------------------------------------------------


def suggestions(answer: Mapping[str, Any], lines: Mapping[str, Line]) -> Iterator[Problem]:
    """Problems that the findings of an answer suggest, one of a code for each drug, in the norm's order."""
    told: dict[tuple[str, str], Problem] = {}
    for finding in _findings(answer):
        code = suggested(finding.get("family", ""), finding.get("ruleId", ""), finding.get("severity", ""))
        text = _SIGNS.sub(" ", _GRADE.sub("", finding.get("summary", ""))).strip()
        names = [lines[order].name for order in finding.get("orders", ()) if order in lines]
        for name in (names or [""]) if code else ():
            told.setdefault((code, name), Problem(code, name, text))
    places = {code: place for place, code in enumerate(CODES)}
    yield from sorted(told.values(), key=lambda problem: places[problem.code])


def _findings(answer: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Findings of a plain answer or of cards."""
    if "cards" not in answer:
        return list(answer.get("findings", ()))
    return [card["extension"][EXTENSION] | {"summary": card["summary"]} for card in answer["cards"]]
