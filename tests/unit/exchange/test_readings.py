"""Lists that are read once for the text they were sent as."""

from __future__ import annotations

import sys
from typing import Any

import msgspec
import orjson
import pytest

from exchange.fhir import readings
from exchange.fhir.context import read_orders
from exchange.fhir.readings import Readings
from exchange.fhir.shapes import ReadError


def raw(text: str) -> msgspec.Raw:
    return msgspec.Raw(text.encode())


def counted() -> tuple[Readings[str], list[str]]:
    read: list[str] = []

    def reading(text: msgspec.Raw) -> str:
        read.append(bytes(text).decode())
        return read[-1]

    return Readings(reading), read


def test_what_comes_a_second_time_is_kept_and_not_read_a_third() -> None:
    kept, read = counted()
    assert [kept.of(raw(text)) for text in "abababa"] == list("abababa")
    assert read == list("abab")


def test_all_is_forgotten_when_told_so() -> None:
    kept, read = counted()
    for text in "aaa":
        kept.of(raw(text))
    kept.forget()
    kept.of(raw("a"))
    assert read == list("aaa")


def test_what_cannot_be_read_is_refused_each_time() -> None:
    def reading(text: msgspec.Raw) -> str:
        raise ReadError("code", "wrong")

    kept = Readings(reading)
    for _ in range(4):
        with pytest.raises(ReadError):
            kept.of(raw("a"))


def test_few_bytes_are_kept_and_those_asked_for_least_go_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(readings, "_HELD", 4)
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


def test_a_request_does_not_stay_in_memory_with_what_was_read_of_it() -> None:
    """It holds the caller's access token."""
    order = {"resourceType": "MedicationRequest", "id": "a", "medicationCodeableConcept": {"text": "华法林钠片"}}
    sent = {"resourceType": "Bundle", "entry": [{"resource": order}]}
    held = 0
    for again in range(4):
        body = orjson.dumps({"draftOrders": sent, "token": f"secret-{again}"})
        before = sys.getrefcount(body)
        parts: dict[str, Any] = msgspec.json.decode(body, type=dict[str, msgspec.Raw])
        assert len(read_orders(parts["draftOrders"], "context.draftOrders")) == 1
        del parts
        held += sys.getrefcount(body) - before
    assert held == 0
