"""What a FHIR search finds: every kind of parameter, what it refuses, and that narrowing never loses a match."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exchange.fhir.searching import PARAMETERS, SearchError, matches, read_query, span_of
from exchange.fhir.services import SERVICES

POTASSIUM: dict[str, Any] = {
    "resourceType": "Observation",
    "id": "o-1",
    "status": "final",
    "identifier": [{"system": "urn:lis", "value": "20261125-7"}],
    "category": [{"coding": [{"system": "http://terminology.hl7.org/x", "code": "laboratory"}]}],
    "code": {"text": "血钾", "coding": [{"system": "http://loinc.org", "code": "2823-3", "display": "Potassium"}]},
    "subject": {"reference": "Patient/P1"},
    "encounter": {"reference": "Encounter/E9"},
    "effectiveDateTime": "2026-11-25T08:30:00+08:00",
    "meta": {"lastUpdated": "2026-11-25T01:00:00Z"},
}


def found(resource: dict[str, Any], query: str) -> bool:
    pairs = [tuple(part.split("=", 1)) for part in query.split("&")]
    return matches(resource, read_query(resource["resourceType"], pairs).criteria)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("patient=P1", True),
        ("patient=Patient/P1", True),
        ("subject:Patient=P1", True),
        ("patient=Group/P1", False),
        ("patient=P2", False),
        ("patient=P2,P1", True),
        ("code=2823-3", True),
        ("code=http://loinc.org|2823-3", True),
        ("code=http://snomed.info/sct|2823-3", False),
        ("code=http://loinc.org|", True),
        ("code=|2823-3", False),
        ("code:not=2823-3", False),
        ("code:not=718-7", True),
        ("code:text=钾", True),
        ("category=laboratory&status=final", True),
        ("category=laboratory&status=preliminary", False),
        ("identifier=urn:lis|20261125-7", True),
        ("identifier=20261125-8", False),
        ("_id=o-1", True),
        ("encounter=E9", True),
        ("date=2026-11-25", True),
        ("date=2026-11", True),
        ("date=2026-11-24", False),
        ("date=ge2026-11-25T00:00:00+08:00", True),
        ("date=gt2026-11-25T08:30:00+08:00", False),
        ("date=lt2026-11-25T08:30:01+08:00", True),
        ("date=lt2026-11-25T08:30:00+08:00", False),
        ("date=ne2026-11-25", False),
        ("date=ge2026-11-01&date=le2026-11-30", True),
        ("date=sa2026-11-24&date=eb2026-11-26", True),
        ("_lastUpdated=ge2026-11-25T00:59:00Z", True),
    ],
)
def test_an_observation_is_found_by(query: str, expected: bool) -> None:
    assert found(POTASSIUM, query) is expected


def test_a_stay_without_an_end_is_going_on_today() -> None:
    stay = {
        "resourceType": "Encounter",
        "id": "E9",
        "status": "in-progress",
        "class": {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "IMP"},
        "subject": {"reference": "Patient/P1"},
        "period": {"start": "2026-11-20"},
    }
    assert found(stay, "date=ge2026-11-26&class=IMP")
    assert not found(stay, "date=lt2026-11-20")


def test_a_name_is_found_by_how_it_begins() -> None:
    hospital = {"resourceType": "Organization", "id": "h", "name": "青山县人民医院", "alias": ["县医院"]}
    assert found(hospital, "name=青山")
    assert found(hospital, "name=县医院")
    assert found(hospital, "name:contains=人民")
    assert not found(hospital, "name:exact=青山县")


@pytest.mark.parametrize(
    ("kind", "query", "names"),
    [
        ("Observation", [("valuE", "1")], "valuE"),
        ("Observation", [("code:above", "1")], "above"),
        ("Observation", [("date", "yesterday")], "date"),
        ("Observation", [("date", "2026-13")], "date"),
        ("Observation", [("_count", "-1")], "_count"),
        ("Observation", [("_sort", "code")], "_sort"),
        ("Observation", [("code", "")], "code"),
        ("Rocket", [], "Rocket"),
    ],
)
def test_what_cannot_be_answered_is_refused_by_name(kind: str, query: list[tuple[str, str]], names: str) -> None:
    with pytest.raises(SearchError, match=names):
        read_query(kind, query)


_TIMES = st.datetimes(datetime(1950, 1, 1), datetime(2100, 1, 1)).map(lambda t: t.replace(microsecond=0, tzinfo=UTC))
_PREFIXES = st.sampled_from(["", "eq", "ge", "le", "gt", "lt", "sa", "eb"])


@given(time=_TIMES, other=_TIMES, prefix=_PREFIXES, length=st.sampled_from([4, 7, 10, 25]))
def test_the_window_for_the_index_loses_nothing_that_matches(
    time: datetime, other: datetime, prefix: str, length: int
) -> None:
    resource = {"resourceType": "Observation", "effectiveDateTime": time.isoformat()}
    query = read_query("Observation", [("date", prefix + other.isoformat()[:length])])
    if matches(resource, query.criteria):
        assert query.hints.since is None or query.hints.since <= time
        assert query.hints.until is None or time <= query.hints.until


@given(start=_TIMES, end=st.none() | _TIMES, other=_TIMES, prefix=_PREFIXES)
def test_what_began_long_ago_and_goes_on_is_not_lost_by_the_window(
    start: datetime, end: datetime | None, other: datetime, prefix: str
) -> None:
    period = {"start": start.isoformat()} | ({"end": max(start, end).isoformat()} if end else {})
    query = read_query("Encounter", [("date", prefix + other.isoformat())])
    if matches({"resourceType": "Encounter", "period": period}, query.criteria):
        assert query.hints.since is None or query.hints.since <= start
        assert query.hints.until is None or start <= query.hints.until


@given(st.text(max_size=30))
def test_any_text_as_a_date_is_read_or_refused(text: str) -> None:
    try:
        read_query("Observation", [("date", text)])
    except SearchError:
        return
    assert span_of(text.removeprefix("eq").lstrip("abegilnqst")) is not None


def test_a_time_without_a_zone_is_chinas() -> None:
    span = span_of("2026-11-25T08:30:00")
    assert span is not None
    assert span[0] == datetime(2026, 11, 25, 0, 30, tzinfo=UTC)
    assert span[1] - span[0] == timedelta(seconds=1)


def test_all_sixty_nine_services_are_named_and_their_queries_known() -> None:
    assert [s.number for s in SERVICES] == list(range(1, 70))
    assert len({s.name for s in SERVICES}) == 69
    for service in SERVICES:
        subject = service.subject
        if subject.parameter:
            assert subject.parameter in PARAMETERS[subject.resource], service.name
