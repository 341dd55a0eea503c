"""Bodies as hospitals' systems send them: times that end with minutes are times, what is no time is told of."""

from __future__ import annotations

from datetime import datetime

import msgspec
import pytest

from exchange.decoding import misread, shaped


class Note(msgspec.Struct):
    written: datetime
    text: str = ""
    signed: datetime | None = None


class Stay(msgspec.Struct):
    admitted: datetime
    notes: list[Note] = []


@pytest.mark.parametrize(
    "text", ["2026-11-01 08:00", "2026-11-01T08:00", "2026-11-01 08:00:00", "2026-11-01T08:00:00"]
)
def test_a_time_may_end_with_its_minutes(text: str) -> None:
    assert shaped(msgspec.json.encode({"admitted": text}), Stay) == Stay(datetime(2026, 11, 1, 8))


def test_a_time_with_its_zone_keeps_it() -> None:
    found = shaped(b'{"admitted": "2026-11-01T08:00:00+08:00"}', Stay)
    assert found.admitted.isoformat() == "2026-11-01T08:00:00+08:00"


def test_words_that_look_like_a_time_stay_as_they_were_written() -> None:
    note = {"written": "2026-11-01 08:00", "text": "2026-11-01 08:00", "signed": "2026-11-01 09:30"}
    found = shaped(msgspec.json.encode({"admitted": "2026-11-01 07:10", "notes": [note, note]}), Stay)
    assert [(one.written.minute, one.text, one.signed.minute) for one in found.notes if one.signed] == [
        (0, "2026-11-01 08:00", 30)
    ] * 2


@pytest.mark.parametrize("text", ["昨日8时", "2026-11-01", "2026-13-01 08:00", "2026-11-01 08"])
def test_what_is_no_time_is_told_by_its_field_and_never_by_its_words(text: str) -> None:
    with pytest.raises(msgspec.ValidationError) as raised:
        shaped(msgspec.json.encode({"admitted": "2026-11-01 08:00", "notes": [{"written": text}]}), Stay)
    told = misread(raised.value)
    assert (told.path, text in told.message) == ("notes[0].written", False)
    assert "2026-11-26 08:30" in told.message
