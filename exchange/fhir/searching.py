"""FHIR search over stored resources: what a query asks for, checked against the parameters we know, and whether a
resource is it. Parameters are data: a type, and the path at which a resource says it.

What an index can narrow (patient, time, code, status) is told as ``Hints``; the rest is decided on the resource.
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Literal, NamedTuple

from clinical.coded import zoned

Json = Mapping[str, Any]
Kind = Literal["token", "reference", "date", "string"]
MOST: Final = 500
"""Largest page of a search."""
PAGE: Final = 50


class SearchError(ValueError):
    """A query that cannot be answered as asked: ``parameter`` and what is wrong with it."""

    def __init__(self, parameter: str, problem: str) -> None:
        super().__init__(f"{parameter}: {problem}")
        self.parameter, self.problem = parameter, problem


class Parameter(NamedTuple):
    """A search parameter: its kind and the paths at which resources say it."""

    kind: Kind
    paths: tuple[str, ...]


def _token(*paths: str) -> Parameter:
    return Parameter("token", paths)


def _reference(*paths: str) -> Parameter:
    return Parameter("reference", paths)


def _date(*paths: str) -> Parameter:
    return Parameter("date", paths)


def _string(*paths: str) -> Parameter:
    return Parameter("string", paths)


_COMMON: Final = {"_id": _token("id"), "_lastUpdated": _date("meta.lastUpdated"), "identifier": _token("identifier")}
_OF_PATIENT: Final = {"patient": _reference("subject", "patient"), "subject": _reference("subject", "patient")}
_IN_ENCOUNTER: Final = {"encounter": _reference("encounter")}
_REQUEST: Final = (
    _OF_PATIENT
    | _IN_ENCOUNTER
    | {
        "status": _token("status"),
        "intent": _token("intent"),
        "authoredon": _date("authoredOn"),
        "requester": _reference("requester"),
    }
)
_FLAT: Final[dict[str, dict[str, Parameter]]] = {
    "Patient": {
        "name": _string("name.text", "name.family", "name.given"),
        "gender": _token("gender"),
        "birthdate": _date("birthDate"),
        "phone": _token("telecom"),
    },
    "Organization": {"name": _string("name", "alias"), "type": _token("type"), "partof": _reference("partOf")},
    "Practitioner": {"name": _string("name.text", "name.family", "name.given"), "active": _token("active")},
    "PractitionerRole": {
        "practitioner": _reference("practitioner"),
        "organization": _reference("organization"),
        "role": _token("code"),
        "active": _token("active"),
    },
    "Encounter": _OF_PATIENT
    | {
        "status": _token("status"),
        "class": _token("class"),
        "type": _token("type"),
        "date": _date("period"),
        "part-of": _reference("partOf"),
        "service-provider": _reference("serviceProvider"),
    },
    "Condition": _OF_PATIENT
    | _IN_ENCOUNTER
    | {
        "code": _token("code"),
        "category": _token("category"),
        "clinical-status": _token("clinicalStatus"),
        "onset-date": _date("onsetDateTime", "onsetPeriod"),
        "recorded-date": _date("recordedDate"),
    },
    "AllergyIntolerance": _OF_PATIENT
    | {"code": _token("code"), "clinical-status": _token("clinicalStatus"), "date": _date("recordedDate")},
    "MedicationRequest": _REQUEST | {"code": _token("medicationCodeableConcept"), "category": _token("category")},
    "MedicationStatement": _OF_PATIENT
    | {
        "code": _token("medicationCodeableConcept"),
        "status": _token("status"),
        "effective": _date("effectiveDateTime", "effectivePeriod"),
    },
    "MedicationDispense": _OF_PATIENT
    | {
        "code": _token("medicationCodeableConcept"),
        "status": _token("status"),
        "whenhandedover": _date("whenHandedOver"),
        "prescription": _reference("authorizingPrescription"),
    },
    "MedicationAdministration": _OF_PATIENT
    | {
        "code": _token("medicationCodeableConcept"),
        "status": _token("status"),
        "effective-time": _date("effectiveDateTime", "effectivePeriod"),
        "request": _reference("request"),
    },
    "ServiceRequest": _REQUEST
    | {"code": _token("code"), "category": _token("category"), "priority": _token("priority")},
    "Observation": _OF_PATIENT
    | _IN_ENCOUNTER
    | {
        "code": _token("code"),
        "category": _token("category"),
        "status": _token("status"),
        "date": _date("effectiveDateTime", "effectivePeriod", "issued"),
        "based-on": _reference("basedOn"),
    },
    "DiagnosticReport": _OF_PATIENT
    | _IN_ENCOUNTER
    | {
        "code": _token("code"),
        "category": _token("category"),
        "status": _token("status"),
        "date": _date("effectiveDateTime", "effectivePeriod", "issued"),
        "based-on": _reference("basedOn"),
    },
    "Specimen": _OF_PATIENT | {"status": _token("status"), "type": _token("type")},
    "Procedure": _OF_PATIENT
    | _IN_ENCOUNTER
    | {
        "code": _token("code"),
        "category": _token("category"),
        "status": _token("status"),
        "date": _date("performedDateTime", "performedPeriod"),
        "based-on": _reference("basedOn"),
    },
    "Immunization": _OF_PATIENT
    | {"vaccine-code": _token("vaccineCode"), "status": _token("status"), "date": _date("occurrenceDateTime")},
    "DocumentReference": _OF_PATIENT
    | {
        "type": _token("type"),
        "category": _token("category"),
        "status": _token("status"),
        "date": _date("date"),
        "encounter": _reference("context.encounter"),
    },
    "Composition": _OF_PATIENT
    | _IN_ENCOUNTER
    | {"type": _token("type"), "status": _token("status"), "date": _date("date"), "title": _string("title")},
    "CarePlan": _OF_PATIENT | {"status": _token("status"), "category": _token("category"), "date": _date("period")},
    "EpisodeOfCare": _OF_PATIENT | {"status": _token("status"), "type": _token("type"), "date": _date("period")},
    "QuestionnaireResponse": _OF_PATIENT | {"status": _token("status"), "authored": _date("authored")},
    "RiskAssessment": _OF_PATIENT
    | _IN_ENCOUNTER
    | {"date": _date("occurrenceDateTime"), "method": _token("method"), "risk": _token("prediction.qualitativeRisk")},
    "Appointment": {
        "patient": _reference("participant.actor"),
        "actor": _reference("participant.actor"),
        "status": _token("status"),
        "date": _date("start"),
        "service-category": _token("serviceCategory"),
        "service-type": _token("serviceType"),
        "slot": _reference("slot"),
        "based-on": _reference("basedOn"),
    },
    "Schedule": {
        "actor": _reference("actor"),
        "active": _token("active"),
        "date": _date("planningHorizon"),
        "service-type": _token("serviceType"),
    },
    "Slot": {
        "schedule": _reference("schedule"),
        "status": _token("status"),
        "start": _date("start"),
        "service-type": _token("serviceType"),
    },
    "Task": {
        "patient": _reference("for"),
        "subject": _reference("for"),
        "code": _token("code"),
        "status": _token("status"),
        "business-status": _token("businessStatus"),
        "focus": _reference("focus"),
        "authored-on": _date("authoredOn"),
        "modified": _date("lastModified"),
    },
    "Basic": _OF_PATIENT | {"code": _token("code"), "created": _date("created")},
    "Binary": {},
    "Consent": _OF_PATIENT | {"status": _token("status"), "category": _token("category"), "date": _date("dateTime")},
}
PARAMETERS: Final = {kind: _COMMON | own for kind, own in _FLAT.items()}
"""Search parameters by resource type: the types we hold."""
_DATE: Final = re.compile(r"(eq|ne|gt|lt|ge|le|sa|eb)?(\d{4}(?:-\d{2}(?:-\d{2}(?:T.+)?)?)?)")
_MODIFIERS: Final[dict[str, frozenset[str]]] = {
    "token": frozenset({"not", "text"}),
    "string": frozenset({"exact", "contains"}),
    "reference": frozenset(),
    "date": frozenset(),
}
_FOREVER: Final = (datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC))
Span = tuple[datetime, datetime]


class Criterion(NamedTuple):
    """One parameter of a query; a resource meets it by any of its values."""

    name: str
    parameter: Parameter
    modifier: str
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Hints:
    """What an index can narrow before resources are read; empty: no limit. Codes are without their systems."""

    ids: frozenset[str] = frozenset()
    patients: frozenset[str] = frozenset()
    codes: frozenset[str] = frozenset()
    statuses: frozenset[str] = frozenset()
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Query:
    """A checked query. ``sort`` is a parameter's name, with ``-`` before it for the newest first."""

    kind: str
    criteria: tuple[Criterion, ...] = ()
    count: int = PAGE
    sort: str = ""
    after: str = ""
    total: bool = False
    hints: Hints = field(default_factory=Hints)


def read_query(kind: str, given: Iterable[tuple[str, str]]) -> Query:
    """A query string's pairs as a query. Raises ``SearchError``: an unknown type, parameter, modifier or value is
    refused, because an ignored one would show too much."""
    if kind not in PARAMETERS:
        raise SearchError(kind, f"本服务没有该类资源，现有: {', '.join(sorted(PARAMETERS))}")
    criteria: list[Criterion] = []
    control: dict[str, str] = {}
    for name, value in given:
        if name in ("_count", "_sort", "_after", "_total", "_format"):
            control[name] = value
        else:
            criteria.append(_criterion(kind, name, value))
    found = tuple(criteria)
    total = control.get("_total", "none") == "accurate"
    return Query(kind, found, _count(control), _sort(kind, control), control.get("_after", ""), total, _hints(found))


def _criterion(kind: str, name: str, value: str) -> Criterion:
    bare, _, modifier = name.partition(":")
    parameter = PARAMETERS[kind].get(bare)
    if parameter is None:
        raise SearchError(name, f"{kind} 没有该检索参数，可用: {', '.join(sorted(PARAMETERS[kind]))}")
    if parameter.kind == "reference" and modifier in PARAMETERS:
        value, modifier = ",".join(f"{modifier}/{v}" for v in value.split(",")), ""
    if modifier and modifier not in _MODIFIERS[parameter.kind]:
        raise SearchError(name, f"{parameter.kind} 类参数没有修饰符 {modifier}")
    values = tuple(v for v in value.split(",") if v)
    if not values:
        raise SearchError(name, "没有值")
    if parameter.kind == "date":
        for one in values:
            _asked_span(name, one)
    return Criterion(bare, parameter, modifier, values)


def _count(control: Mapping[str, str]) -> int:
    text = control.get("_count", str(PAGE))
    if not text.isdecimal() or len(text) > 9:
        raise SearchError("_count", "须为整数")
    return min(int(text), MOST)


def _sort(kind: str, control: Mapping[str, str]) -> str:
    sort = control.get("_sort", "")
    if sort and PARAMETERS[kind].get(sort.removeprefix("-"), _token()).kind != "date":
        dates = [name for name, p in PARAMETERS[kind].items() if p.kind == "date"]
        raise SearchError("_sort", f"只能按时间排序: {', '.join(sorted(dates))}")
    return sort


def _hints(criteria: Sequence[Criterion]) -> Hints:
    by_name = {c.name: c for c in criteria if not c.modifier}
    since, until = _window(criteria)
    return Hints(
        ids=_bare(by_name.get("_id")),
        patients=_bare(by_name.get("patient") or by_name.get("subject")),
        codes=_bare(by_name.get("code")),
        statuses=_bare(by_name.get("status")),
        since=since,
        until=until,
    )


def _bare(criterion: Criterion | None) -> frozenset[str]:
    """Values without system or type before them."""
    if criterion is None:
        return frozenset()
    cut = "|" if criterion.parameter.kind == "token" else "/"
    return frozenset(v.rpartition(cut)[2] for v in criterion.values)


_WHEN: Final = frozenset({"date", "authoredon", "effective", "effective-time", "whenhandedover", "recorded-date"})


def _window(criteria: Sequence[Criterion]) -> tuple[datetime | None, datetime | None]:
    """The widest window of beginnings that dates of a query leave; ``ne`` narrows nothing, and what began long ago
    may last until now. A day more on each side: what is stored may have been told without its zone."""
    since, until = None, None
    for criterion in criteria:
        if criterion.name in _WHEN and len(criterion.values) == 1:
            prefix, (low, high) = _asked_span(criterion.name, criterion.values[0])
            lasting = any(path.lower().endswith("period") for path in criterion.parameter.paths)
            if prefix in ("eq", "sa") or (prefix in ("ge", "gt") and not lasting):
                since = max(since or low, low)
            if prefix in ("eq", "le", "lt", "eb"):
                until = min(until or high, high)
    day = timedelta(days=1)
    return (None if since is None else _shifted(since, -day)), (None if until is None else _shifted(until, day))


def _shifted(time: datetime, by: timedelta) -> datetime:
    try:
        return time + by
    except OverflowError:
        return time


def matches(resource: Json, criteria: Iterable[Criterion]) -> bool:
    """Whether a resource meets every criterion."""
    return all(_meets(resource, criterion) for criterion in criteria)


def _meets(resource: Json, criterion: Criterion) -> bool:
    said = [value for path in criterion.parameter.paths for value in at(resource, path)]
    kind = criterion.parameter.kind
    if kind == "token":
        found = any(_is_token(value, asked, criterion.modifier) for value in said for asked in criterion.values)
        return not found if criterion.modifier == "not" else found
    if kind == "string":
        return any(_is_string(str(v), asked, criterion.modifier) for v in said for asked in criterion.values)
    if kind == "reference":
        return any(_refers(value, asked) for value in said for asked in criterion.values)
    return any(_is_when(value, criterion.name, asked) for value in said for asked in criterion.values)


def at(value: Any, path: str) -> Iterator[Any]:
    """What stands at a dotted path; lists are gone through."""
    head, _, rest = path.partition(".")
    inner = value.get(head) if isinstance(value, Mapping) else None
    for one in inner if isinstance(inner, list) else () if inner is None else (inner,):
        if rest:
            yield from at(one, rest)
        else:
            yield one


def _is_token(value: Any, asked: str, modifier: str) -> bool:
    if modifier == "text":
        return any(asked.casefold() in text.casefold() for text in _texts(value))
    system, bar, code = asked.rpartition("|")
    return any((not bar or system == s) and (code == c or (bool(bar) and not code)) for s, c in _codes(value))


def _codes(value: Any) -> Iterator[tuple[str, str]]:
    """System and code of a code, boolean, Coding, CodeableConcept, Identifier or ContactPoint."""
    if isinstance(value, bool):
        yield "", "true" if value else "false"
    elif isinstance(value, str):
        yield "", value
    elif isinstance(value, Mapping):
        for coding in value.get("coding") or ():
            yield from _codes(coding)
        code = value.get("code", value.get("value"))
        if isinstance(code, str):
            yield str(value.get("system") or ""), code


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        for key in ("text", "display"):
            if isinstance(value.get(key), str):
                yield value[key]
        for coding in value.get("coding") or ():
            yield from _texts(coding)


def _is_string(value: str, asked: str, modifier: str) -> bool:
    if modifier == "exact":
        return value == asked
    plain, wanted = value.casefold(), asked.casefold()
    return wanted in plain if modifier == "contains" else plain.startswith(wanted)


def _refers(value: Any, asked: str) -> bool:
    reference = value.get("reference") if isinstance(value, Mapping) else value
    if not isinstance(reference, str):
        return False
    return reference == asked or ("/" not in asked and reference.rpartition("/")[2] == asked)


def _is_when(value: Any, name: str, asked: str) -> bool:
    said = span_of(value)
    if said is None:
        return False
    prefix, (low, high) = _asked_span(name, asked)
    start, end = said
    return {
        "eq": low <= start and end <= high,
        "ne": not (low <= start and end <= high),
        "gt": end > high,
        "lt": start < low,
        "ge": end > high or low <= start,
        "le": start < low or end <= high,
        "sa": start >= high,
        "eb": end <= low,
    }[prefix]


def _asked_span(name: str, text: str) -> tuple[str, Span]:
    shape = _DATE.fullmatch(text)
    span = None if shape is None else _span(shape[2])
    if shape is None or span is None:
        raise SearchError(name, "须为日期，如 2026-11、2026-11-26 或 ge2026-11-26T08:00:00+08:00")
    return shape[1] or "eq", span


def span_of(value: Any) -> Span | None:
    """From when until when a date, dateTime, instant or Period lasts; None when it says no time. An open end of a
    Period has no limit."""
    if isinstance(value, str):
        return _span(value)
    if not isinstance(value, Mapping) or not (value.get("start") or value.get("end")):
        return None
    start = _span(value["start"]) if isinstance(value.get("start"), str) else _FOREVER
    end = _span(value["end"]) if isinstance(value.get("end"), str) else _FOREVER
    return None if start is None or end is None else (start[0], end[1])


def _span(text: str) -> Span | None:
    """A year, month and day last as long as they do; a time lasts a second. None when it is no date."""
    try:
        if len(text) == 4:
            return _zoned(datetime(int(text), 1, 1)), _zoned(datetime(int(text), 12, 31)) + timedelta(days=1)
        if len(text) == 7:
            year, month = int(text[:4]), int(text[5:])
            last = datetime(year, month, calendar.monthrange(year, month)[1])
            return _zoned(datetime(year, month, 1)), _zoned(last) + timedelta(days=1)
        start = _zoned(datetime.fromisoformat(text))
        return start, start + (timedelta(days=1) if len(text) == 10 else timedelta(seconds=1))
    except (ValueError, OverflowError):
        return None


def _zoned(time: datetime) -> datetime:
    """In China's time where none is told, comparable with all others."""
    return zoned(time).astimezone(UTC)
