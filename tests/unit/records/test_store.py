"""The repository: versions, order of messages, what others took back, what names a person, who may read."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, select

from base.keyring import KeyRing, reseal
from base.tenancy import Scope, TenancyError, acting, guard, system
from benchmarks.histories import histories
from records.kinds import NAMES, NUMBERS, key_of
from records.packing import pack, unpack, written
from records.privacy import Category, category_of, holds_person, names_in, unnamed
from records.resource_rows import heads, old, sealed
from records.store import Outcome, Repository, ResourceError

A, B = "league/county-a/hospital-1", "league/county-a/hospital-2"
AT = datetime(2026, 5, 4, 8, 30, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.fixture
def repository(engine: Engine) -> Iterator[Repository]:
    """A repository over a guarded database, in a scope that reaches everything."""
    ring = KeyRing(engine, bytes(16))
    with system("tests"):
        yield Repository(guard(engine), ring)


def potassium(value: float = 4.1, **more: Any) -> dict[str, Any]:
    return {
        "resourceType": "Observation",
        "id": "17",
        "status": "final",
        "code": {"coding": [{"system": "http://loinc.org", "code": "2823-3"}], "text": "血钾"},
        "subject": {"reference": "Patient/P1"},
        "encounter": {"reference": "Encounter/V9"},
        "effectiveDateTime": "2026-05-01T07:00:00+08:00",
        "valueQuantity": {"value": value, "unit": "mmol/L"},
    } | more


def put(
    repository: Repository, engine: Engine, *resources: dict[str, Any], at: datetime = AT, tenant: str = A
) -> Any:
    with engine.begin() as connection:
        return repository.put(connection, tenant, 7, resources, message=3, at=at)


def test_a_message_that_only_mentions_a_visit_takes_nothing_from_what_is_known_of_it(
    repository: Repository, engine: Engine
) -> None:
    visit = {"resourceType": "Encounter", "id": "V9", "status": "in-progress", "class": {"code": "IMP"}}
    part = visit | {"meta": {"tag": [{"code": "SUBSETTED"}]}}
    assert put(repository, engine, part)[0].outcome is Outcome.NEW
    full = visit | {"serviceType": {"text": "心内科"}}
    assert put(repository, engine, full, at=AT + HOUR)[0].outcome is Outcome.CHANGED
    assert put(repository, engine, part, at=AT + 2 * HOUR)[0].outcome is Outcome.SAME
    assert orjson.loads(head(repository, engine, "Encounter", "V9").resource)["serviceType"] == {"text": "心内科"}


def head(repository: Repository, engine: Engine, kind: str = "Observation", local: str = "17") -> Any:
    with engine.connect() as connection:
        return repository.get(connection, A, kind, local)


def test_what_was_put_is_found_by_its_place_with_what_it_is_found_by(repository: Repository, engine: Engine) -> None:
    assert put(repository, engine, potassium()) == [("Observation", "17", 1, Outcome.NEW)]
    found = head(repository, engine)
    assert orjson.loads(found.resource) == potassium()
    assert (found.at, found.record, found.version) == (datetime(2026, 4, 30, 23, 0, tzinfo=UTC), 7, 1)
    with engine.connect() as connection:
        row = connection.execute(select(heads)).one()
    assert (row.status, row.code, row.encounter, row.message) == ("final", "2823-3", "V9", 3)


def test_the_same_content_again_is_no_new_version(repository: Repository, engine: Engine) -> None:
    put(repository, engine, potassium())
    again = potassium(meta={"lastUpdated": "2026-05-04T10:00:00Z", "versionId": "2"})
    assert put(repository, engine, again, at=AT + HOUR)[0].outcome is Outcome.SAME
    with engine.connect() as connection:
        assert connection.execute(select(old)).all() == []


def test_a_correction_is_a_new_version_and_the_old_one_is_kept(repository: Repository, engine: Engine) -> None:
    put(repository, engine, potassium())
    assert put(repository, engine, potassium(6.1), at=AT + HOUR)[0] == ("Observation", "17", 2, Outcome.CHANGED)
    with engine.connect() as connection:
        versions = repository.history(connection, A, "Observation", "17")
    assert [orjson.loads(v.resource)["valueQuantity"]["value"] for v in versions] == [4.1, 6.1]
    assert [v.sent for v in versions] == [AT, AT + HOUR]


@pytest.mark.parametrize("late", [{}, {"meta": {"lastUpdated": "2026-05-04T08:00:00Z"}}])
def test_an_earlier_message_that_arrives_late_overwrites_nothing(
    repository: Repository, engine: Engine, late: dict[str, Any]
) -> None:
    """By the time of its message, or by the time that the resource itself states."""
    put(repository, engine, potassium(6.1), at=AT)
    sent = AT if late else AT - HOUR
    assert put(repository, engine, potassium(4.1) | late, at=sent)[0].outcome is Outcome.STALE
    assert orjson.loads(head(repository, engine).resource)["valueQuantity"]["value"] == 6.1


def test_what_the_sender_takes_back_is_gone_but_not_forgotten(repository: Repository, engine: Engine) -> None:
    put(repository, engine, potassium())
    with engine.begin() as connection:
        (gone,) = repository.remove(connection, A, ["Observation/17"], message=4, at=AT + HOUR)
        assert gone == ("Observation", "17", 2, Outcome.DELETED)
        assert (
            repository.remove(connection, A, ["Observation/17"], message=5, at=AT + HOUR)[0].outcome is Outcome.SAME
        )
        assert repository.of_records(connection, [7]) == []
        versions = repository.history(connection, A, "Observation", "17")
    assert head(repository, engine) is None
    assert [v.deleted for v in versions] == [False, True]


def test_what_was_taken_back_before_it_came_stays_away(repository: Repository, engine: Engine) -> None:
    with engine.begin() as connection:
        repository.remove(connection, A, ["Observation/17"], message=4, at=AT)
    assert put(repository, engine, potassium(), at=AT - HOUR)[0].outcome is Outcome.STALE
    assert head(repository, engine) is None
    assert put(repository, engine, potassium(), at=AT + HOUR)[0].outcome is Outcome.CHANGED
    assert head(repository, engine) is not None


def test_one_message_may_say_a_thing_twice_and_the_last_word_counts(repository: Repository, engine: Engine) -> None:
    placed = put(repository, engine, potassium(4.1), potassium(4.4))
    assert [p.version for p in placed] == [1, 2]
    assert orjson.loads(head(repository, engine).resource)["valueQuantity"]["value"] == 4.4


def test_institutions_number_things_for_themselves(repository: Repository, engine: Engine) -> None:
    put(repository, engine, potassium(4.1), tenant=A)
    put(repository, engine, potassium(5.9), tenant=B)
    with engine.connect() as connection:
        found = repository.of_records(connection, [7])
    assert {(k.tenant, orjson.loads(k.resource)["valueQuantity"]["value"]) for k in found} == {(A, 4.1), (B, 5.9)}


def test_a_timeline_is_the_newest_first_by_kind_and_time(repository: Repository, engine: Engine) -> None:
    days = [potassium(id=str(n), effectiveDateTime=f"2026-04-{n:02d}") for n in range(1, 9)]
    dispense = {
        "resourceType": "MedicationDispense",
        "id": "d",
        "status": "completed",
        "whenHandedOver": "2026-04-05",
    }
    put(repository, engine, *days, dispense)
    with engine.connect() as connection:
        since, until = datetime(2026, 4, 2, 16, tzinfo=UTC), datetime(2026, 4, 6, 16, tzinfo=UTC)
        found = repository.of_records(connection, [7], ["Observation"], since, until)
        assert [k.local_id for k in found] == ["6", "5", "4", "3"], "days begin in China"
        assert len(repository.of_records(connection, [7], limit=3)) == 3
        assert [k.kind for k in repository.of_records(connection, [7], ["MedicationDispense"])] == [
            "MedicationDispense"
        ]
        assert repository.of_records(connection, [8]) == []


def test_a_search_narrows_by_status_code_and_time_and_goes_on_where_it_stopped(
    repository: Repository, engine: Engine
) -> None:
    two = {"coding": [{"code": "K"}, {"code": "2823-3"}]}
    put(repository, engine, *[potassium(id=str(n)) for n in range(5)], potassium(id="p", status="preliminary"))
    put(repository, engine, potassium(id="q", code={"coding": [{"code": "718-7"}]}), potassium(id="two", code=two))
    with engine.connect() as connection:
        first = repository.search(connection, "Observation", records=[7], status="final", code="2823-3", limit=3)
        last = first[-1]
        rest = repository.search(
            connection, "Observation", status="final", code="2823-3", after=(last.tenant, last.local_id)
        )
        assert [k.local_id for k in (*first, *rest)] == ["0", "1", "2", "3", "4", "two"], "a second code may be it"
        assert repository.search(connection, "Observation", since=AT) == []
        assert repository.search(connection, "Observation", tenant=B) == []


def test_what_concerns_no_patient_is_kept_too(repository: Repository, engine: Engine) -> None:
    slot = {"resourceType": "Slot", "id": "s", "status": "free", "start": "2026-06-01T08:00:00+08:00"}
    with engine.begin() as connection:
        repository.put(connection, A, None, [slot], message=1, at=AT)
        assert [k.local_id for k in repository.search(connection, "Slot", tenant=A, since=AT)] == ["s"]


PATIENT = {
    "resourceType": "Patient",
    "id": "P1",
    "name": [{"text": "张三丰"}],
    "identifier": [{"value": "110101199003074477"}],
    "telecom": [{"value": "13800001234"}],
    "address": [{"text": "内蒙古锡林浩特市那达慕大街1号"}],
}


def test_nobody_who_reads_the_tables_learns_a_name(repository: Repository, engine: Engine) -> None:
    """A patient is sealed; references lose the name; what names the patient in free text is sealed as a whole."""
    named = potassium(subject={"reference": "Patient/P1", "display": "张三丰"})
    told = potassium(id="18", note=[{"text": "患者张三丰诉乏力，电话13800001234"}])
    document = {"resourceType": "DocumentReference", "id": "doc", "status": "current", "description": "出院小结"}
    put(repository, engine, PATIENT, named, told, document)
    with engine.connect() as connection:
        rows = connection.execute(select(heads)).all()
        hidden = connection.execute(select(sealed)).all()
    readable = {(NAMES[row.kind], row.local) for row in rows if row.resource}
    assert readable == {("Observation", "17")}
    assert "张三丰" not in unpack(next(row.resource for row in rows if row.resource)).decode()
    assert len(hidden) == 3
    assert b"138" not in b"".join(row.content for row in hidden)
    assert orjson.loads(head(repository, engine, "Patient", "P1").resource) == PATIENT
    assert orjson.loads(head(repository, engine, local="18").resource) == told
    assert orjson.loads(head(repository, engine).resource) == potassium()


def test_a_visit_with_types_and_participants_is_kept_without_the_patients_name(
    repository: Repository, engine: Engine
) -> None:
    kind = {"coding": [{"code": "transfer"}]}
    patient = {"individual": {"type": "Patient", "display": "张三丰", "identifier": {"value": "110101199003074477"}}}
    doctor = {"individual": {"reference": "Practitioner/1", "display": "李医生"}}
    visit = {"resourceType": "Encounter", "id": "e", "type": [kind], "participant": [patient, doctor]}
    put(repository, engine, visit)
    found = head(repository, engine, "Encounter", "e").resource.decode()
    assert "张三丰" not in found
    assert "1101" not in found
    assert "李医生" in found


def test_sealed_versions_are_read_after_the_key_was_changed(repository: Repository, engine: Engine) -> None:
    ring = repository._ring
    put(repository, engine, PATIENT)
    put(repository, engine, PATIENT | {"gender": "male"}, at=AT + HOUR)
    before = ring.rotate()
    assert reseal(engine, ring).done == 2
    with engine.connect() as connection:
        rows = connection.execute(select(sealed.c.content)).scalars().all()
        assert all(content.startswith(ring.head()) for content in rows)
        versions = repository.history(connection, A, "Patient", "P1")
    assert before in {key for key, _ in ring.known()}
    assert ["gender" in orjson.loads(v.resource) for v in versions] == [False, True]


def test_many_at_once_are_stored_as_one_by_one(repository: Repository, engine: Engine) -> None:
    resources = [resource for _, resource in histories(5, 900)]
    assert {p.outcome for p in put(repository, engine, *resources)} == {Outcome.NEW}
    mixed = [*(r | {"status": "entered-in-error"} for r in resources[:40]), *resources[40:700]]
    again = put(repository, engine, *mixed, at=AT + HOUR)
    assert [p.outcome for p in again].count(Outcome.CHANGED) == 40
    with engine.connect() as connection:
        assert len(repository.of_records(connection, [7], limit=2000)) == 900


def test_two_messages_about_one_new_thing_at_the_same_time(repository: Repository, engine: Engine) -> None:
    """Whoever comes second meets what the first left: two versions, none lost."""
    if engine.dialect.name == "sqlite":
        pytest.skip("SQLite has one writer at a time")
    inserted, go_on = threading.Event(), threading.Event()

    def first() -> None:
        with system("the first"), engine.begin() as connection:
            repository.put(connection, A, 7, [potassium(4.1)], message=1, at=AT)
            inserted.set()
            go_on.wait(10)

    thread = threading.Thread(target=first)
    thread.start()
    assert inserted.wait(10)
    second: list[Any] = []

    def then() -> None:
        with system("the second"):
            second.extend(put(repository, engine, potassium(6.1), at=AT + HOUR))

    other = threading.Thread(target=then)
    other.start()
    other.join(0.3)  # it waits for the first one's row
    go_on.set()
    thread.join(10)
    other.join(10)
    assert second == [("Observation", "17", 2, Outcome.CHANGED)]


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"resourceType": "Obsrvation", "id": "1"}, "resourceType"),
        ({"resourceType": "Observation"}, "Observation.id"),
        ({"resourceType": "Observation", "id": "1", "effectiveDateTime": "昨天"}, "Observation.effectiveDateTime"),
        ({"resourceType": "Encounter", "id": "1", "period": {"start": 5}}, "Encounter.period.start"),
        ({"resourceType": "Encounter", "id": "1\0"}, "Encounter.id"),
    ],
)
def test_a_resource_that_cannot_be_kept_is_refused_by_its_field_and_nothing_is_written(
    repository: Repository, engine: Engine, wrong: dict[str, Any], field: str
) -> None:
    with pytest.raises(ResourceError) as caught:
        put(repository, engine, potassium(), wrong)
    assert caught.value.field == field
    assert "昨天" not in str(caught.value)
    assert head(repository, engine) is None


def test_an_institution_neither_reads_nor_writes_in_another(repository: Repository, engine: Engine) -> None:
    put(repository, engine, potassium())
    with acting(Scope("dr", reads=(B,), writes=(B,))), engine.begin() as connection:
        assert repository.get(connection, A, "Observation", "17") is None
        assert repository.of_records(connection, [7]) == []
        assert repository.history(connection, A, "Observation", "17") == []
        for resources in ([potassium(9.9)], [potassium(id=str(n)) for n in range(200)]):
            with pytest.raises(TenancyError):
                repository.put(connection, A, 7, resources, message=1, at=AT + HOUR)
    assert orjson.loads(head(repository, engine).resource)["valueQuantity"]["value"] == 4.1


def test_numbers_of_types_never_move() -> None:
    """They stand in the rows of every installation."""
    assert (NUMBERS["Account"], NUMBERS["Observation"], NUMBERS["VisionPrescription"]) == (1, 96, 146)
    assert len(set(NUMBERS.values())) == len(NUMBERS)


@pytest.mark.parametrize(
    ("resource", "category"),
    [
        ({"code": {"coding": [{"code": "F32.900"}]}}, Category.MENTAL),
        ({"code": {"text": "HIV抗体"}}, Category.INFECTION),
        ({"code": {"text": "人工流产术"}}, Category.REPRODUCTIVE),
        ({"code": {"text": "BRCA1/2基因检测"}}, Category.GENETIC),
        ({"code": {"text": "血钾"}, "meta": {"security": [{"code": "R"}]}}, Category.RESTRICTED),
        ({"code": {"text": "血钾"}}, Category.NONE),
    ],
)
def test_what_is_more_private_is_known_when_it_is_stored(
    repository: Repository, engine: Engine, resource: dict[str, Any], category: Category
) -> None:
    put(repository, engine, {"resourceType": "Condition", "id": "1"} | resource)
    assert head(repository, engine, "Condition", "1").category == category


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.dictionaries(st.text(min_size=1, max_size=12), _JSON, max_size=8))
def test_whatever_is_packed_comes_back(resource: dict[str, Any]) -> None:
    assert orjson.loads(unpack(pack(written(resource)))) == resource


_MEMBERS = [
    "status",
    "code",
    "period",
    "participant",
    "encounter",
    "meta",
    "date",
    "contained",
    "type",
    "text",
    "name",
]


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.dictionaries(st.sampled_from(_MEMBERS), _JSON), st.sampled_from(["Encounter", "Patient"]))
def test_whatever_shape_a_resource_has_it_is_read_or_refused_never_a_crash(rest: dict[str, Any], kind: str) -> None:
    resource = {"resourceType": kind, "id": "1"} | rest
    try:
        assert key_of(resource).local == "1"
    except ResourceError as error:
        assert error.field  # noqa: PT017 the place is what is checked
    assert kind == "Patient" or not names_in([resource])
    assert unnamed(resource).keys() <= resource.keys()
    assert isinstance(category_of(unnamed(resource), ""), Category)
    assert not holds_person(resource) or "contained" in resource
