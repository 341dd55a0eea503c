"""What a sender of HL7 v2 is told of its message."""

from __future__ import annotations

from datetime import UTC, datetime

import hl7
import pytest
from hypothesis import given
from hypothesis import strategies as st

from exchange.acknowledgement import DUPLICATE, Fault, Verdict, acknowledge, header_of
from exchange.hl7v2._grammar import decoded
from exchange.message import MessageError
from tests.hl7v2_samples import PID, message, msh

NOW = datetime(2026, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("version", "kind"), [("2.3.1", "ACK^A01"), ("2.4", "ACK^A01^ACK"), ("2.5.1", "ACK^A01^ACK")]
)
def test_an_acknowledgement_goes_back_to_its_sender_in_its_version_and_characters(version: str, kind: str) -> None:
    raw = "\r".join((msh("ADT^A01", "M\\F\\7", version, "GB 18030-2000"), PID)).encode("gb18030")
    answer, _ = decoded(acknowledge(header_of(raw), Verdict.ACCEPTED, "YG1", NOW))
    back = hl7.parse(answer)
    assert (str(back["MSH.F3"]), str(back["MSH.F5"]), str(back["MSH.F6"])) == ("YIGONG", "HIS", "县人民医院")
    assert (str(back.segment("MSH")[9]), str(back["MSH.F12"])) == (kind, version)
    assert (str(back.segment("MSA")[1]), str(back.segment("MSA")[2])) == ("AA", r"M\F\7")


@pytest.mark.parametrize(
    ("version", "err"),
    [
        ("2.4", "ERR|MSH^1^10^205&Duplicate key identifier&HL70357"),
        ("2.5.1", "ERR||MSH^1^10|205^Duplicate key identifier^HL70357|E||||used before"),
    ],
)
def test_a_fault_names_its_place(version: str, err: str) -> None:
    header = header_of(message("ADT^A01", version=version))
    answer = acknowledge(header, Verdict.ERROR, "YG1", NOW, Fault("MSH-10", DUPLICATE, "used before")).decode()
    assert answer.split("\r")[1:3] == ["MSA|AE|MSG1|used before", err]


@given(st.binary(max_size=120))
def test_any_header_is_answered_or_refused(raw: bytes) -> None:
    try:
        header = header_of(b"MSH|^~\\&|" + raw)
    except MessageError:
        return
    answer = acknowledge(header, Verdict.ACCEPTED, "YG1", NOW)
    assert answer.startswith(b"MSH|")
    assert answer.count(b"\r") == 2
