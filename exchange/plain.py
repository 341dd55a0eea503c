"""The plain JSON review for hospitals without FHIR: one flat, documented shape to clinical nouns."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Annotated, Final, Literal, TypeVar

import msgspec

from clinical.administration import Frequency, frequency_of, route_of
from clinical.coded import Coded, Origin, zoned
from clinical.codes import Code, code_for
from clinical.logic import UNKNOWN, Known
from clinical.order import Dosage, Order, OrderKind, OrderStatus, Purpose
from clinical.patient import (
    Allergy,
    Authority,
    ClinicalStatus,
    Condition,
    Observation,
    PatientContext,
    Pregnancy,
    Prescriber,
    Procedure,
    Report,
    Sex,
    Visit,
    says_no_allergy,
)
from clinical.quantity import Quantity, QuantityError
from clinical.units import canonical_unit
from clinical.value import replace
from exchange.decoding import misread, shaped
from exchange.fhir.context import Incoming
from exchange.fhir.values import ReadError

_S = TypeVar("_S")
_N = TypeVar("_N")
_SYSTEMS: Final = {
    "icd-10": "http://hl7.org/fhir/sid/icd-10",
    "loinc": "http://loinc.org",
    "atc": "http://www.whocc.no/atc",
    "snomed": "http://snomed.info/sct",
}
_DRAFT: Final = OrderStatus.DRAFT  # bound once: looked up on the enumeration for every order they cost
_ACTIVE: Final = OrderStatus.ACTIVE
_ORDER_KINDS: Final = {kind.value: kind for kind in OrderKind}
_VISITS: Final = {visit.value: visit for visit in Visit}
_STATUSES: Final = {status.value: status for status in ClinicalStatus}
_TOLD: Final = re.compile(r"(?P<name>[^：]{2,60}?)\s*(?:：|:(?=\s|[^\x00-\xff]))\s*(?P<found>.+)", re.DOTALL)
"""A name with what was found behind a colon; that of an allele (15:02) or of a time is none."""
_SEXES: Final = {"男": Sex.MALE, "male": Sex.MALE, "女": Sex.FEMALE, "female": Sex.FEMALE}
_Amount = Annotated[float, msgspec.Meta(ge=0)]
"""What is counted or weighed: a negative one is a slip of the sender and is refused with the name of its field."""


class _Base(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    pass


class PlainCode(_Base, frozen=True):
    system: str
    code: str


class _Named(_Base, frozen=True, kw_only=True):
    text: str = ""
    codes: tuple[PlainCode, ...] = ()
    time: datetime | None = None
    institution: str = ""


class PlainCondition(_Named, frozen=True, kw_only=True):
    """A diagnosis; ``status`` active or inactive."""

    status: Literal["active", "inactive"] = "active"


class PlainAllergy(_Named, frozen=True, kw_only=True):
    reaction: str = ""
    severe: bool | None = None


class PlainObservation(_Named, frozen=True, kw_only=True):
    """A result: a number with its unit, or a word (阳性)."""

    value: float | str | None = None
    unit: str = ""


class PlainReport(_Named, frozen=True, kw_only=True):
    conclusion: str = ""
    recognised: bool | None = None


class PlainOrder(_Named, frozen=True, kw_only=True):
    """An order or an active drug. ``text`` is what the hospital calls it, ``amount`` what it costs in yuan: nothing
    is judged by that, supervision adds it up."""

    id: str
    kind: Literal["drug", "lab", "exam", "procedure", "blood", "other"] = "drug"
    form: str = ""
    dose: _Amount | None = None
    unit: str = ""
    route: str = ""
    frequency: str = ""
    days: _Amount | None = None
    start: date | None = None
    stop: date | None = None
    prescriber: str = ""
    group: str = ""
    rate: _Amount | None = None
    rate_unit: str = ""
    quantity: _Amount | None = None
    quantity_unit: str = ""
    purpose: Literal["prophylaxis", "treatment"] | None = None
    urgent: bool = False
    consulted: bool | None = None
    note: str = ""
    amount: _Amount | None = None


class PlainProcedure(_Named, frozen=True, kw_only=True):
    """A procedure that was done, or an implant that was put in."""


class PlainPrescriber(_Base, frozen=True, kw_only=True):
    """Who signs; ``antimicrobial`` is the highest grade they may prescribe, ``signed`` whether they have signed."""

    name: str = ""
    title: str = ""
    antimicrobial: Literal["none", "unrestricted", "restricted", "special"] | None = None
    controlled: bool | None = None
    signed: bool | None = None


class PlainPregnancy(_Base, frozen=True):
    pregnant: bool
    gestational_days: Annotated[int, msgspec.Meta(ge=0)] | None = None


class PlainPatient(_Base, frozen=True, kw_only=True):
    """Leave out what is not known; an empty list means: asked for, and there is none."""

    id: str
    sex: Literal["男", "女", "male", "female"] | None = None
    birth_date: date | None = None
    weight_kg: _Amount | None = None
    height_cm: _Amount | None = None
    pregnancy: PlainPregnancy | None = None
    lactating: bool | None = None
    conditions: tuple[PlainCondition, ...] | None = None
    allergies: tuple[PlainAllergy, ...] | None = None
    observations: tuple[PlainObservation, ...] | None = None
    medications: tuple[PlainOrder, ...] | None = None
    reports: tuple[PlainReport, ...] | None = None
    procedures: tuple[PlainProcedure, ...] | None = None


class PlainSubmit(_Base, frozen=True, kw_only=True):
    """Makes a review enter the pharmacist's queue. ``prescription`` is the hospital's own number,
    ``replaces`` the review that this changed prescription takes the place of, ``callback`` a URL that is
    told of every change of state."""

    prescription: str = ""
    replaces: str = ""
    callback: str = ""


class PlainBy(_Base, frozen=True):
    name: str
    role: str


class PlainDecision(_Base, frozen=True, kw_only=True):
    """Body of ``POST /api/v1/reviews/{id}/decisions``. ``version`` is what the person saw; ``findings`` are
    false alarms when approving, right ones when returning; ``to`` receives a reassigned prescription."""

    action: str
    by: PlainBy
    reason: str = ""
    code: str = ""
    version: int | None = None
    to: str = ""
    findings: tuple[str, ...] = ()


class PlainReview(_Base, frozen=True, kw_only=True):
    """Body of ``POST /api/v1/reviews``."""

    patient: PlainPatient
    orders: tuple[PlainOrder, ...]
    department: str = ""
    institution: str = ""
    stage: str = ""
    visit: Literal["outpatient", "emergency", "inpatient", "home"] | None = None
    admitted: date | None = None
    prescriber: PlainPrescriber | None = None
    institution_level: Literal[1, 2, 3] | None = None
    insurance: str = ""
    as_of: date | None = None
    explain: bool = False
    submit: PlainSubmit | None = None


_DECODER = msgspec.json.Decoder(PlainReview)
_DECISION = msgspec.json.Decoder(PlainDecision)
_T = TypeVar("_T")


def decode(body: bytes) -> PlainReview:
    """Read a review's body. Raises ``ReadError`` that names the field and what it should be."""
    return _decoded(_DECODER, body)


def decode_decision(body: bytes) -> PlainDecision:
    """Read a decision's body. Raises ``ReadError`` that names the field and what it should be."""
    return _decoded(_DECISION, body)


def submit_of(value: object) -> PlainSubmit:
    """A submission inside a CDS Hooks request. Raises ``ReadError``."""
    try:
        return msgspec.convert(value, PlainSubmit)
    except msgspec.ValidationError as error:
        raise misread(error).within("extension.cn.yigong.submit") from None


def _decoded(decoder: msgspec.json.Decoder[_T], body: bytes) -> _T:
    try:
        try:
            return decoder.decode(body)
        except msgspec.ValidationError:
            return shaped(body, decoder.type)
    except msgspec.DecodeError as error:
        raise misread(error) from None


def read(plain: PlainReview, now: datetime) -> Incoming:
    """The same nouns that a FHIR request gives. Raises ``ReadError`` for a unit of an order that nobody knows and for
    an order's id that stands twice: the two would be taken for one order."""
    p = plain.patient
    _each_its_id(plain.orders)
    return Incoming(
        PatientContext(
            id=p.id,
            as_of=now,
            sex=UNKNOWN if p.sex is None else _SEXES[p.sex],
            birth_date=UNKNOWN if p.birth_date is None else p.birth_date,
            pregnancy=_pregnancy(p.pregnancy),
            lactating=UNKNOWN if p.lactating is None else p.lactating,
            conditions=_all(p.conditions, "conditions", _condition),
            allergies=_all(_allergies(p.allergies), "allergies", _allergy),
            observations=_observations(p),
            medications=_all(p.medications, "medications", _medication),
            reports=_all(p.reports, "reports", _report),
            procedures=_all(p.procedures, "procedures", _procedure),
            department=plain.department,
            institution=plain.institution,
            stage=plain.stage,
            visit=UNKNOWN if plain.visit is None else _VISITS[plain.visit],
            admitted=UNKNOWN if plain.admitted is None else plain.admitted,
            prescriber=_prescriber(plain.prescriber),
            institution_level=UNKNOWN if plain.institution_level is None else plain.institution_level,
            insurance=plain.insurance,
        ),
        tuple([_order(o, f"orders[{i}]", _DRAFT) for i, o in enumerate(plain.orders)]),
    )


def _each_its_id(orders: tuple[PlainOrder, ...]) -> None:
    if len({order.id for order in orders}) == len(orders):
        return
    seen: set[str] = set()
    for number, order in enumerate(orders):
        if order.id in seen:
            raise ReadError(f"orders[{number}].id", f"{order.id!r} stands twice: give every order an id of its own")
        seen.add(order.id)


def _all(items: tuple[_S, ...] | None, field: str, make: Callable[[_S, str], _N]) -> Known[tuple[_N, ...]]:
    if items is None:
        return UNKNOWN
    if not items:
        return ()
    return tuple([make(item, f"patient.{field}[{number}]") for number, item in enumerate(items)])


def _what(item: _Named) -> Coded:
    if not item.codes:
        return Coded(item.text)
    codes = (_code(code) for code in item.codes)
    return Coded(item.text, tuple(code for code in codes if code is not None))


def _code(code: PlainCode) -> Code | None:
    try:
        return code_for(_SYSTEMS.get(code.system, code.system), code.code)
    except ValueError:
        return None


def _origin(item: _Named, reference: str) -> Origin:
    time = item.time
    if time is not None and time.tzinfo is None:
        time = zoned(time)
    return Origin(reference, time, item.institution)


def _pregnancy(given: PlainPregnancy | None) -> Known[Pregnancy | None]:
    if given is None:
        return UNKNOWN
    if not given.pregnant:
        return None
    return Pregnancy(UNKNOWN if given.gestational_days is None else given.gestational_days)


def _condition(item: PlainCondition, path: str) -> Condition:
    return Condition(_what(item), _STATUSES[item.status], None, _origin(item, path))


def _allergies(items: tuple[PlainAllergy, ...] | None) -> tuple[PlainAllergy, ...] | None:
    """Without entries that say there is none: asked for, and nothing found."""
    return items and tuple(item for item in items if not says_no_allergy(item.text))


def _allergy(item: PlainAllergy, path: str) -> Allergy:
    severe = UNKNOWN if item.severe is None else item.severe
    return Allergy(_what(item), (item.reaction,) if item.reaction else (), severe, _origin(item, path))


def _observation(item: PlainObservation, path: str) -> Observation:
    given, time = item.value, item.time
    value: Known[Quantity | str] = UNKNOWN
    if isinstance(given, str):
        value = given
    elif given is not None:
        value = Quantity(given, item.unit)
    # Results are most of what a patient has: ``_what`` and ``_origin`` are asked only where there is more to do.
    what = _what(item) if item.codes else Coded(item.text)
    if time is not None and time.tzinfo is None:
        time = zoned(time)
    return Observation(what, value, Origin(path, time, item.institution))


def _observations(p: PlainPatient) -> Known[tuple[Observation, ...]]:
    """Results, with body weight and height as two more."""
    given = _all(p.observations, "observations", _observation)
    body = [
        Observation(Coded(name), Quantity(value, unit), Origin(f"patient.{field}"))
        for name, value, unit, field in (
            ("体重", p.weight_kg, "kg", "weightKg"),
            ("身高", p.height_cm, "cm", "heightCm"),
        )
        if value is not None
    ]
    if not body:
        return given
    return (*(given if isinstance(given, tuple) else ()), *body)


def _report(item: PlainReport, path: str) -> Report:
    """A report whose name goes on with what it found (``HLA-B*15:02基因检测：阳性``) is told apart from it."""
    recognised = UNKNOWN if item.recognised is None else item.recognised
    what, conclusion = _what(item), item.conclusion
    told = None if conclusion else _TOLD.fullmatch(what.text)
    if told is not None:
        what, conclusion = replace(what, text=told["name"]), told["found"]
    return Report(what, conclusion, recognised, _origin(item, path))


def _procedure(item: PlainProcedure, path: str) -> Procedure:
    return Procedure(_what(item), _origin(item, path))


def _prescriber(given: PlainPrescriber | None) -> Known[Prescriber]:
    if given is None:
        return UNKNOWN
    authority = UNKNOWN if given.antimicrobial is None else Authority(given.antimicrobial)
    controlled = UNKNOWN if given.controlled is None else given.controlled
    signed = UNKNOWN if given.signed is None else given.signed
    return Prescriber(given.name, given.title, authority, controlled, signed)


def _medication(item: PlainOrder, path: str) -> Order:
    return _order(item, path, _ACTIVE)


def _order(item: PlainOrder, path: str, status: OrderStatus) -> Order:
    stop, packed = item.stop, item.quantity
    if stop is None and item.start is not None and item.days is not None:
        stop = item.start + timedelta(days=max(item.days - 1, 0))
    return Order(
        id=item.id,
        kind=_ORDER_KINDS[item.kind],
        what=_what(item),
        status=status,
        form=item.form,
        dosage=_dosage(item, path),
        start=item.start,
        stop=stop,
        prescriber=item.prescriber,
        origin=_origin(item, item.id),
        group=item.group,
        quantity=UNKNOWN if packed is None else _quantity(packed, item.quantity_unit, path, "quantityUnit"),
        purpose=UNKNOWN if item.purpose is None else Purpose(item.purpose),
        urgent=item.urgent,
        consulted=UNKNOWN if item.consulted is None else item.consulted,
        note=item.note,
    )


def _dosage(item: PlainOrder, path: str) -> Dosage:
    words, once = _regimen(item.route, item.frequency)
    days: Known[float] = UNKNOWN if item.days is None else item.days
    if once and item.days is None:
        days = 1.0
    return replace(
        words,
        dose=UNKNOWN if item.dose is None else _quantity(item.dose, item.unit, path, "unit"),
        duration_days=days,
        rate=UNKNOWN if item.rate is None else _quantity(item.rate, item.rate_unit, path, "rateUnit"),
    )


@lru_cache(maxsize=4096)
def _regimen(route: str, often: str) -> tuple[Dosage, bool]:
    """What the words for route and frequency say of a dosage, and whether they say that it is given once."""
    way = route_of(route) if route else UNKNOWN
    frequency = frequency_of(often) if often else UNKNOWN
    if not isinstance(frequency, Frequency):
        return Dosage(route=way, frequency_text=often, route_text=route), False
    said = Dosage(
        route=way,
        times_per_day=frequency.times_per_day,
        interval_hours=UNKNOWN if frequency.interval_hours is None else frequency.interval_hours,
        as_needed=frequency.as_needed,
        frequency_text=often,
        route_text=route,
    )
    return said, frequency.once


def _quantity(value: float, unit: str, path: str, field: str) -> Quantity:
    try:
        canonical_unit(unit)
        return Quantity(value, unit)
    except QuantityError as error:
        raise ReadError(f"{path}.{field}", str(error)) from None
