"""A CDS Hooks request as clinical nouns: the patient's context and the orders under review."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any, Final, TypeVar

from clinical.coded import Coded
from clinical.logic import UNKNOWN, Known, Unknown
from clinical.order import Order, OrderKind, OrderStatus
from clinical.patient import (
    Allergy,
    ClinicalStatus,
    Condition,
    Observation,
    PatientContext,
    Pregnancy,
    Procedure,
    Report,
    Sex,
    says_no_allergy,
)
from clinical.value import Value
from exchange.fhir.dosage import read_dosage
from exchange.fhir.values import (
    Json,
    ReadError,
    code_values,
    coded,
    day,
    listing,
    mapping,
    moment,
    origin,
    quantity,
    reference,
    texts,
)

_T = TypeVar("_T")
_STATUS: Final = {
    "draft": OrderStatus.DRAFT,
    "active": OrderStatus.ACTIVE,
    "intended": OrderStatus.ACTIVE,
    "on-hold": OrderStatus.ON_HOLD,
    "stopped": OrderStatus.STOPPED,
    "completed": OrderStatus.COMPLETED,
    "cancelled": OrderStatus.STOPPED,
    "revoked": OrderStatus.STOPPED,
    "not-taken": OrderStatus.STOPPED,
}
_IGNORED: Final = frozenset({"entered-in-error"})
_LAB: Final = frozenset({"laboratory", "LAB", "108252007", "检验"})
_EXAM: Final = frozenset({"imaging", "RAD", "363679005", "检查", "exam"})
_WOMB_STATES: Final = {"82810-3"}
_PREGNANT: Final = frozenset({"77386006", "LA15173-0", "pregnant", "怀孕", "妊娠", "已孕", "是"})
_NOT_PREGNANT: Final = frozenset({"60001007", "LA26683-5", "not pregnant", "未孕", "未妊娠", "否"})
_GESTATION: Final = {"18185-9", "11884-4", "49051-6"}
_LACTATING: Final = {"63895-7"}
_YES: Final = frozenset({"LA33-6", "yes", "是", "哺乳", "哺乳期"})


class Incoming(Value, frozen=True):
    """What a request says. ``focus`` are the selected orders (order-select), empty elsewhere."""

    context: PatientContext
    orders: tuple[Order, ...]
    focus: frozenset[str] = frozenset()


def read_context(hook_context: Json, prefetch: Mapping[str, Any], now: datetime, stage: str = "") -> Incoming:
    """Read hook context and prefetched resources. A prefetch key that is absent or null leaves its
    list UNKNOWN. Raises ``ReadError`` naming the field that has not the shape FHIR gives it."""
    orders = tuple(_orders(hook_context))
    selections = listing(hook_context.get("selections"), "context.selections")
    patient = _patient(prefetch, hook_context, now, stage)
    return Incoming(patient, orders, frozenset(s for s in selections if isinstance(s, str)))


def read_orders(bundle: Any, path: str) -> Iterator[Order]:
    """Orders of a Bundle; medications they refer to may stand beside them or be contained."""
    resources = list(_resources(bundle, path))
    beside = {reference(r): r for _, r in resources if r.get("resourceType") == "Medication"}
    for at, resource in resources:
        if resource.get("resourceType") != "Medication":
            yield _order(resource, beside, at)


def _orders(hook_context: Json) -> Iterator[Order]:
    for field in ("draftOrders", "medications", "order", "medication"):
        if hook_context.get(field) is not None:
            yield from _field_orders(hook_context[field], f"context.{field}")


def _field_orders(value: Any, path: str) -> Iterator[Order]:
    """A Bundle of orders, or a single order (medication-verify), bare or as an entry."""
    if isinstance(value, dict) and "resourceType" not in value and "resource" in value:
        value = {"entry": [value]}
    elif isinstance(value, dict) and value.get("resourceType") != "Bundle":
        value = {"entry": [{"resource": value}]}
    yield from read_orders(value, path)


def _resources(bundle: Any, path: str) -> Iterator[tuple[str, Json]]:
    for number, entry in enumerate(listing(mapping(bundle, path).get("entry"), f"{path}.entry")):
        at = f"{path}.entry[{number}].resource"
        resource = mapping(mapping(entry, f"{path}.entry[{number}]").get("resource"), at)
        if resource.get("resourceType") != "OperationOutcome":
            yield at, resource


def _order(resource: Json, beside: Mapping[str, Json], path: str) -> Order:
    reader = _ORDER_READERS.get(str(resource.get("resourceType")), _other_order)
    return reader(resource, beside, path)


def _drug_order(resource: Json, beside: Mapping[str, Json], path: str) -> Order:
    what, form = _medication(resource, beside, path)
    authored = moment(resource.get("authoredOn", resource.get("dateAsserted")), f"{path}.authoredOn")
    dosage = read_dosage(resource, path)
    start, stop = _period(resource, authored, dosage.duration_days, path)
    reasons = listing(resource.get("reasonCode"), f"{path}.reasonCode")
    return Order(
        id=reference(resource),
        kind=OrderKind.DRUG,
        what=what,
        status=_STATUS.get(str(resource.get("status", "draft")), OrderStatus.ACTIVE),
        form=form,
        dosage=dosage,
        start=start.date() if start else None,
        stop=stop.date() if stop else None,
        prescriber=_display(resource.get("requester")),
        reason=tuple(coded(r, f"{path}.reasonCode") for r in reasons),
        origin=origin(resource, authored),
    )


def _medication(resource: Json, beside: Mapping[str, Json], path: str) -> tuple[Coded, str]:
    """What drug an order names, inline, by reference beside it or contained; and its dosage form."""
    if "medicationCodeableConcept" in resource:
        return coded(resource["medicationCodeableConcept"], f"{path}.medicationCodeableConcept"), ""
    ref = resource.get("medicationReference")
    if ref is None:
        return Coded(), ""
    found = mapping(ref, f"{path}.medicationReference")
    target = str(found.get("reference", ""))
    contained = {
        f"#{c.get('id')}": c for c in listing(resource.get("contained"), f"{path}.contained") if isinstance(c, dict)
    }
    medication = contained.get(target) or beside.get(target)
    if medication is None:
        return Coded(_display(found)), ""
    what = coded(medication.get("code"), f"{path}.medicationReference")
    return what if what.text or what.codes else Coded(_display(found)), next(texts(medication.get("form")), "")


def _period(
    resource: Json, authored: datetime | None, days: Known[float], path: str
) -> tuple[datetime | None, datetime | None]:
    request = resource.get("dispenseRequest")
    validity = request.get("validityPeriod") if isinstance(request, dict) else resource.get("effectivePeriod")
    period = mapping(validity, f"{path}.validityPeriod") if validity is not None else {}
    start = moment(period.get("start"), f"{path}.validityPeriod.start") or authored
    stop = moment(period.get("end"), f"{path}.validityPeriod.end")
    if stop is None and start is not None and not isinstance(days, Unknown):
        stop = start + timedelta(days=max(days - 1, 0))
    return start, stop


def _service_order(resource: Json, beside: Mapping[str, Json], path: str) -> Order:
    authored = moment(resource.get("authoredOn"), f"{path}.authoredOn")
    return Order(
        id=reference(resource),
        kind=_service_kind(resource),
        what=coded(resource.get("code"), f"{path}.code"),
        status=_STATUS.get(str(resource.get("status", "draft")), OrderStatus.ACTIVE),
        prescriber=_display(resource.get("requester")),
        origin=origin(resource, authored),
    )


def _service_kind(resource: Json) -> OrderKind:
    """By category; without a usable one terminology decides later from what the code names."""
    words = {w for c in resource.get("category") or () for w in (*code_values(c), *texts(c))}
    if words & _LAB:
        return OrderKind.LAB
    return OrderKind.EXAM if words & _EXAM else OrderKind.OTHER


def _other_order(resource: Json, beside: Mapping[str, Json], path: str) -> Order:
    """Nutrition, devices …: listed, so that nothing vanishes; no family concerns them yet."""
    return Order(reference(resource), OrderKind.OTHER, coded(resource.get("code"), f"{path}.code"))


_ORDER_READERS: dict[str, Callable[[Json, Mapping[str, Json], str], Order]] = {
    "MedicationRequest": _drug_order,
    "MedicationStatement": _drug_order,
    "MedicationDispense": _drug_order,
    "ServiceRequest": _service_order,
}


def _patient(prefetch: Mapping[str, Any], hook_context: Json, now: datetime, stage: str) -> PatientContext:
    patient = _one(prefetch, "patient")
    encounter = _one(prefetch, "encounter")
    observations = _list(prefetch, "observations", _observation)
    state = _pregnancy(prefetch)
    return PatientContext(
        id=str(hook_context.get("patientId", "")),
        as_of=now,
        sex=_sex(patient),
        birth_date=day(patient.get("birthDate"), "prefetch.patient.birthDate"),
        pregnancy=state,
        lactating=_lactating(prefetch),
        conditions=_list(prefetch, "conditions", _condition),
        allergies=_list(prefetch, "allergies", _allergy),
        observations=observations,
        medications=_list(prefetch, "medications", _medication_use),
        reports=_list(prefetch, "reports", _report),
        procedures=_list(prefetch, "procedures", _procedure),
        department=_display(encounter.get("serviceType")) or next(texts(encounter.get("serviceType")), ""),
        institution=_display(encounter.get("serviceProvider")),
        stage=stage,
    )


def _one(prefetch: Mapping[str, Any], key: str) -> Json:
    value = prefetch.get(key)
    if value is None:
        return {}
    found = mapping(value, f"prefetch.{key}")
    if found.get("resourceType") == "Bundle":
        return next((resource for _, resource in _resources(found, f"prefetch.{key}")), {})
    return {} if found.get("resourceType") == "OperationOutcome" else found


def _list(prefetch: Mapping[str, Any], key: str, read: Callable[[Json, str], _T | None]) -> Known[tuple[_T, ...]]:
    """Resources of a prefetched Bundle (or a single one) as nouns; UNKNOWN when it was not given
    or could not be had (an OperationOutcome in its place)."""
    value = prefetch.get(key)
    if value is None:
        return UNKNOWN
    found = mapping(value, f"prefetch.{key}")
    kind = found.get("resourceType")
    if kind == "OperationOutcome":
        return UNKNOWN
    bundle = found if kind == "Bundle" else {"entry": [{"resource": found}]}
    nouns = (read(r, at) for at, r in _resources(bundle, f"prefetch.{key}") if r.get("status") not in _IGNORED)
    return tuple(noun for noun in nouns if noun is not None)


def _sex(patient: Json) -> Known[Sex]:
    gender = patient.get("gender")
    return Sex(gender) if gender in ("male", "female") else UNKNOWN


def _condition(resource: Json, path: str) -> Condition | None:
    if resource.get("resourceType") != "Condition" or "refuted" in code_values(resource.get("verificationStatus")):
        return None
    clinical = set(code_values(resource.get("clinicalStatus")))
    inactive = bool(clinical & {"inactive", "remission", "resolved"})
    time = moment(resource.get("recordedDate", resource.get("onsetDateTime")), f"{path}.recordedDate")
    onset = moment(resource.get("onsetDateTime"), f"{path}.onsetDateTime")
    return Condition(
        what=coded(resource.get("code"), f"{path}.code"),
        status=ClinicalStatus.INACTIVE if inactive else ClinicalStatus.ACTIVE,
        onset=onset.date() if onset else None,
        origin=origin(resource, time),
    )


def _allergy(resource: Json, path: str) -> Allergy | None:
    """Refuted, resolved and "no known allergy" entries are no allergies."""
    said = {*code_values(resource.get("verificationStatus")), *code_values(resource.get("clinicalStatus"))}
    if said & {"refuted", "entered-in-error", "resolved", "inactive"}:
        return None
    what = coded(resource.get("code"), f"{path}.code")
    if {c.value for c in what.codes} & {"716186003", "409137002"} or says_no_allergy(what.text):
        return None
    reactions = listing(resource.get("reaction"), f"{path}.reaction")
    words = [next(texts(m), "") for r in reactions if isinstance(r, dict) for m in r.get("manifestation") or ()]
    grades = {r.get("severity") for r in reactions if isinstance(r, dict)}
    severe: Known[bool] = True if "severe" in grades or resource.get("criticality") == "high" else UNKNOWN
    time = moment(resource.get("recordedDate"), f"{path}.recordedDate")
    return Allergy(what, tuple(w for w in words if w), severe, origin(resource, time))


def _observation(resource: Json, path: str) -> Observation | None:
    if resource.get("resourceType") != "Observation" or resource.get("status") == "cancelled":
        return None
    what = coded(resource.get("code"), f"{path}.code")
    return Observation(what, _value(resource, path), origin(resource, _effective(resource, path)))


def _value(resource: Json, path: str) -> Known[Any]:
    if resource.get("valueQuantity") is not None:
        return quantity(resource["valueQuantity"], f"{path}.valueQuantity")
    if isinstance(resource.get("valueString"), str):
        return resource["valueString"]
    return next(texts(resource.get("valueCodeableConcept")), UNKNOWN)


def _effective(resource: Json, path: str) -> datetime | None:
    period = resource.get("effectivePeriod")
    if isinstance(period, dict):
        return moment(period.get("start"), f"{path}.effectivePeriod.start")
    return moment(resource.get("effectiveDateTime", resource.get("issued")), f"{path}.effectiveDateTime")


def _medication_use(resource: Json, path: str) -> Order | None:
    """Active drugs only: drafts are under review, stopped ones are past."""
    if resource.get("resourceType") not in ("MedicationRequest", "MedicationStatement", "MedicationDispense"):
        return None
    order = _drug_order(resource, {}, path)
    return order if order.status in (OrderStatus.ACTIVE, OrderStatus.ON_HOLD) else None


def _report(resource: Json, path: str) -> Report | None:
    if resource.get("resourceType") != "DiagnosticReport":
        return None
    conclusion = resource.get("conclusion")
    recognised = _extension(resource, "recognised")
    return Report(
        what=coded(resource.get("code"), f"{path}.code"),
        conclusion=conclusion if isinstance(conclusion, str) else "",
        recognised=recognised if isinstance(recognised, bool) else UNKNOWN,
        origin=origin(resource, _effective(resource, path)),
    )


def _extension(resource: Json, name: str) -> Any:
    """Value of a boolean extension whose URL ends in our name (互认标识)."""
    for entry in resource.get("extension") or ():
        if isinstance(entry, dict) and str(entry.get("url", "")).rpartition("/")[2] == name:
            return entry.get("valueBoolean")
    return None


def _procedure(resource: Json, path: str) -> Procedure | None:
    if resource.get("resourceType") != "Procedure":
        return None
    time = moment(resource.get("performedDateTime"), f"{path}.performedDateTime")
    return Procedure(coded(resource.get("code"), f"{path}.code"), origin(resource, time))


def _pregnancy(prefetch: Mapping[str, Any]) -> Known[Pregnancy | None]:
    """From the observations: pregnancy status (LOINC 82810-3) and gestational age."""
    status = _stated(prefetch, _WOMB_STATES)
    age = _stated(prefetch, _GESTATION)
    days = _gestation_days(age)
    if status is not None and _words(status) & _NOT_PREGNANT:
        return None
    if status is not None and _words(status) & _PREGNANT:
        return Pregnancy(days, origin(status, _effective(status, "prefetch.observations")))
    return UNKNOWN


def _gestation_days(age: Json | None) -> Known[int]:
    found = UNKNOWN if age is None else quantity(age.get("valueQuantity"), "prefetch.observations.valueQuantity")
    return UNKNOWN if isinstance(found, Unknown) else round(found.to("d").value)


def _lactating(prefetch: Mapping[str, Any]) -> Known[bool]:
    status = _stated(prefetch, _LACTATING)
    return UNKNOWN if status is None else bool(_words(status) & _YES)


def _stated(prefetch: Mapping[str, Any], codes: set[str]) -> Json | None:
    bundle = prefetch.get("observations")
    if not isinstance(bundle, dict) or bundle.get("resourceType") != "Bundle":
        return None
    matching = [r for _, r in _resources(bundle, "prefetch.observations") if codes & set(code_values(r.get("code")))]
    return max(matching, key=lambda r: str(r.get("effectiveDateTime", "")), default=None)


def _words(resource: Json) -> set[str]:
    value = resource.get("valueCodeableConcept")
    found = {*code_values(value), *texts(value)}
    return found | {resource["valueString"]} if isinstance(resource.get("valueString"), str) else found


def _display(ref: Any) -> str:
    display = ref.get("display") if isinstance(ref, dict) else None
    return display if isinstance(display, str) else ""


__all__ = ["Incoming", "ReadError", "read_context", "read_orders"]
