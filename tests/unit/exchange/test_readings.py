"""Lists that are read once for the text they were sent as."""

from __future__ import annotations

import sys
from typing import Any

import msgspec
import orjson
import pytest

from exchange.fhir import readings
from exchange.fhir.context import read_context, read_orders
from exchange.fhir.readings import Readings
from exchange.fhir.shapes import ReadError
from tests.case_tables import NOW


def raw(text: str) -> msgspec.Raw:
    return msgspec.Raw(text.encode())


def counted() -> tuple[Readings[str], list[str]]:
    read: list[str] = []

    def reading(text: msgspec.Raw) -> tuple[str]:
        read.append(bytes(text).decode())
        return (read[-1],)

    return Readings(reading), read


def test_what_comes_a_second_time_is_kept_and_not_read_a_third() -> None:
    kept, read = counted()
    assert [kept.of(raw(text)) for text in "abababa"] == [(text,) for text in "abababa"]
    assert read == list("abab")


def test_all_is_forgotten_when_told_so() -> None:
    kept, read = counted()
    for text in "aaa":
        kept.of(raw(text))
    kept.forget()
    kept.of(raw("a"))
    assert read == list("aaa")


def test_what_cannot_be_read_is_refused_each_time() -> None:
    def reading(text: msgspec.Raw) -> tuple[str]:
        raise ReadError("code", "wrong")

    kept = Readings(reading)
    for _ in range(4):
        with pytest.raises(ReadError):
            kept.of(raw("a"))


def test_few_bytes_are_kept_and_those_asked_for_least_go_first(monkeypatch: pytest.MonkeyPatch) -> None:
    room_for_two = 2 * (3 * len("aa") + readings._RESOURCE)
    monkeypatch.setattr(readings, "_HELD", room_for_two)
    kept, read = counted()
    for text in ("aa", "aa", "bb", "bb", "aa", "cc", "cc"):  # the last pushes out bb, since aa was asked for again
        kept.of(raw(text))
    read.clear()
    for text in ("aa", "cc", "bb"):
        kept.of(raw(text))
    assert read == ["bb"]


def test_a_long_list_is_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(readings, "_LONGEST", 1)
    kept, read = counted()
    for _ in range(3):
        kept.of(raw("aa"))
    assert read == ["aa"] * 3


ORDER = {"resourceType": "MedicationRequest", "id": "a", "medicationCodeableConcept": {"text": "华法林钠片"}}
PREGNANT = {
    "resourceType": "Observation",
    "code": {"coding": [{"system": "http://loinc.org", "code": "82810-3"}]},
    "valueString": "怀孕",
}
ROLE = {"resourceType": "PractitionerRole", "code": [{"text": "主治医师"}]}


def bundle(resource: dict[str, Any]) -> dict[str, Any]:
    return {"resourceType": "Bundle", "entry": [{"resource": resource}]}


def test_orders_that_come_again_are_those_that_were_read() -> None:
    found = [read_orders(bundle(ORDER | {"id": "same"}), "context.draftOrders")[0] for _ in range(4)]
    assert found[3] is found[2], "kept"
    assert found[3] == found[0]
    readings.forget()
    assert read_orders(bundle(ORDER | {"id": "same"}), "context.draftOrders")[0] is not found[3]


@pytest.mark.parametrize(
    ("key", "sent"),
    [
        ("medications", bundle(ORDER)),
        ("medications", ORDER),
        ("observations", bundle(PREGNANT)),
        ("practitionerRole", ROLE),
        ("practitionerRole", bundle(ROLE)),
    ],
)
def test_a_request_does_not_stay_in_memory_with_what_was_read_of_it(key: str, sent: dict[str, Any]) -> None:
    """It holds the caller's access token."""
    held = 0
    for again in range(4):
        body = orjson.dumps({"draftOrders": bundle(ORDER), key: sent, "token": f"secret-{again}"})
        before = sys.getrefcount(body)
        parts: dict[str, Any] = msgspec.json.decode(body, type=dict[str, msgspec.Raw])
        drafts = {"patientId": "1", "draftOrders": parts["draftOrders"]}
        assert len(read_context(drafts, parts, NOW).orders) == 1
        del parts, drafts
        held += sys.getrefcount(body) - before
    assert held == 0
