"""HL7 v2 as hospitals send it: its grammar in any encoding, and what cannot be read says where and what is wrong."""

from __future__ import annotations

import logging
from datetime import UTC, datetime

import hl7
import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exchange.hl7v2._grammar import Separators, Unescape, escape, parse
from exchange.message import MessageError
from exchange.written import when
from tests.hl7v2_samples import (
    CARD,
    OBR,
    ORC,
    PID,
    PV1,
    READERS,
    RXE,
    RXR,
    message,
    msh,
    obx,
    one,
    read,
    refused,
    segment,
)

# -- grammar ---------------------------------------------------------------------------

WORDS = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)


@given(WORDS)
def test_any_text_survives_being_escaped(text: str) -> None:
    usual = Separators("|", "^", "~", "\\", "&")
    assert Unescape(usual, "utf-8")(escape(text)) == text
    odd = Separators("#", "@", "!", "%", "$")
    assert Unescape(odd, "utf-8")(escape(text, odd)) == text


@given(name=WORDS, street=WORDS, charset=st.sampled_from(["utf-8", "gb18030"]))
def test_any_text_in_a_field_is_read_as_it_was_meant(name: str, street: str, charset: str) -> None:
    named = {"utf-8": "UNICODE UTF-8", "gb18030": "GB 18030-2000"}[charset]
    pid = segment("PID", {3: "1^^^HIS^MR", 5: escape(name), 11: escape(street), 30: "N"})
    read_pid = parse("\r".join((msh("ADT^A28", charset=named), pid)).encode(charset)).first("PID")
    assert read_pid is not None
    assert (read_pid(5), read_pid(11)) == (name, street)


PLAIN = st.text(
    st.characters(exclude_characters="\r\n\x0b\x1c\\", exclude_categories=["Cs", "Zs", "Cc", "Zl", "Zp"]), max_size=12
)


@given(st.lists(st.lists(PLAIN, min_size=1, max_size=6), min_size=1, max_size=5))
def test_fields_are_where_python_hl7_finds_them(rows: list[list[str]]) -> None:
    """An independent parser of the same grammar agrees on every component."""
    text = "\r".join((msh("ADT^A01"), *("|".join(("ZXX", *row)) for row in rows)))
    ours, theirs = parse(text.encode()), hl7.parse(text)
    for mine, other in zip(ours.segments[1:], theirs[1:], strict=True):
        for field in range(1, len(other)):
            for r, cell in enumerate(mine.cells(field)):
                repetition = other[field][r]
                components = (
                    [str(c) for c in repetition] if isinstance(repetition, hl7.Repetition) else [str(repetition)]
                )
                for n, wanted in enumerate(components, 1):
                    if '""' not in wanted:
                        assert "&".join(filter(None, (cell(n, s) for s in range(1, 9)))) == "&".join(
                            filter(None, wanted.split("&"))
                        )


@pytest.mark.parametrize("end", ["\r", "\n", "\r\n", "\r\r\n"])
def test_line_ends_do_not_matter(end: str) -> None:
    raw = end.join((msh("ADT^A01"), "EVN|A01|20260110", PID, PV1)) + end
    assert one(read(raw.encode()), "Patient")["birthDate"] == "1949-12-31"


@pytest.mark.parametrize(
    ("named", "charset"),
    [
        ("UNICODE UTF-8", "utf-8"),
        ("GB 18030-2000", "gb18030"),
        ("GBK", "gbk"),
        ("", "gb18030"),
        ("", "utf-8"),
        ("ASCII", "gb2312"),
        ("ASCII~GB18030", "gb18030"),
    ],
)
def test_chinese_is_read_in_the_character_set_it_was_written_in(named: str, charset: str) -> None:
    raw = "\r".join((msh("ADT^A01", charset=named), PID, PV1)).encode(charset)
    parsed = read(raw)
    assert one(parsed, "Patient")["name"][0]["text"] == "张三丰"
    assert one(parsed, "Encounter")["serviceProvider"]["display"] == "县人民医院"


def test_text_that_is_not_of_the_set_it_names_is_refused_rather_than_garbled() -> None:
    raw = "\r".join((msh("ADT^A01"), PID, PV1)).encode("gb18030")
    assert refused(raw).field == "MSH-18"


def test_the_separators_are_those_that_the_message_names() -> None:
    raw = "\r".join((msh("ADT^A01"), PID, PV1)).translate(str.maketrans("|^~\\&", "#@!%$")).encode()
    assert one(read(raw), "Patient")["identifier"][1]["value"] == CARD


@pytest.mark.parametrize(
    ("sent", "meant"),
    [
        (r"血压\T\脉搏", "血压&脉搏"), (r"第一行\.br\第二行", "第一行\n第二行"), (r"a\X0D0A\b", "a\r\nb"),
        (r"\XE4B8AD\文", "中文"), (r"C:\dir\x", r"C:\dir\x"), (r"\H\要点\N\。", "要点。"), (r"\.sp2\x", "\n\nx"),
        (r"\.sp99999999\x", r"\.sp99999999\x"), (r"半个\X", r"半个\X"), ('""', ""),
    ],
)  # fmt: skip
def test_escapes_say_what_the_standard_says_and_others_stay(sent: str, meant: str) -> None:
    assert Unescape(Separators("|", "^", "~", "\\", "&"), "utf-8")(sent) == meant


def test_a_line_end_that_was_not_escaped_belongs_to_the_text() -> None:
    found = read(message("ORU^R01", PID, OBR, "OBX|1|TX|IMP^印象||右肺上叶结节\n建议复查||||||F"))
    assert one(found, "DiagnosticReport")["conclusion"] == "右肺上叶结节\n建议复查"


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(raw: bytes) -> None:
    for reader in set(READERS.values()):
        with pytest.raises(MessageError):
            reader.read(raw)


WHOLE = [
    message(
        "ADT^A01",
        "EVN|A01|20260110",
        PID,
        PV1,
        "AL1|1|DA|^青霉素|SV|^皮疹",
        "DG1|1||I10.x00^高血压^I10||20260110|A",
        obx(1, "HR^心率", "72"),
    ),
    message(
        "ORM^O01",
        PID,
        PV1,
        ORC,
        segment("OBR", {2: "P100", 4: "CT01^胸部CT平扫", 24: "CT", 31: "^咳嗽"}),
        "NTE|1||增强",
    ),
    message("RDE^O11", PID, PV1, ORC, RXE, RXR, "RXC|B|NS^0.9%氯化钠注射液|100|ml"),
    message(
        "RDS^O13", PID, PV1, ORC, RXE, "RXD|1|86900001^盐酸二甲双胍片|20260111|14|片||RX1||餐后|2001^赵^药师", RXR
    ),
    message(
        "ORU^R01",
        PID,
        PV1,
        ORC,
        OBR,
        obx(1, "HGB^血红蛋白^L^718-7^Hemoglobin^LN", "95", flag="L"),
        "NTE|1||复查",
        obx(2, "HIV^抗体", "^阴性", "CE", "", "", ""),
    ),
    message(
        "SIU^S12",
        "SCH|A1|B1|||||^复诊|^门诊|15|min|^^^20260301090000^20260301091500",
        PID,
        PV1,
        "AIP|1||1001^王^医生",
    ),
    message(
        "MDM^T02",
        PID,
        PV1,
        segment("TXA", {1: "1", 2: "CN^会诊记录", 4: "20260110", 9: "1001^王", 12: "D1", 17: "AU"}),
        "OBX|1|TX|||会诊意见",
    ),
    message("ADT^A40", "EVN|A40", PID, "MRG|0009999^^^HIS^MR"),
]


@settings(max_examples=300)
@given(st.sampled_from(WHOLE), st.data())
def test_a_message_cut_off_or_damaged_is_read_or_refused_and_nothing_else(raw: bytes, data: st.DataObject) -> None:
    kind = parse(raw).segments[0]
    reader = READERS[f"{kind(9)}^{kind(9, 2)}"]
    at = data.draw(st.integers(0, len(raw)))
    damage = data.draw(
        st.one_of(st.just(b""), st.binary(max_size=6), st.text('|^~&\\\r"0A', max_size=6).map(str.encode))
    )
    skipped = data.draw(st.integers(0, 40))
    for damaged in (raw[:at], raw[:at] + damage + raw[at + skipped :]):
        try:
            parsed = reader.read(damaged)
        except MessageError:
            continue
        assert parsed.resources[0]["resourceType"] == "Patient"
        orjson.dumps(parsed.resources)


@pytest.mark.parametrize("raw", WHOLE, ids=lambda raw: raw.split(b"|")[8].decode())
def test_what_is_read_is_valid_fhir_and_every_resource_is_named_once(raw: bytes) -> None:
    parsed = read(raw)
    names = [(r["resourceType"], r["id"]) for r in parsed.resources]
    assert len(names) == len(set(names))
    assert parsed.resources[0]["resourceType"] == "Patient"
    assert parsed.subject == "0001234"
    assert parsed.message_id == "HIS/MSG1"
    assert parsed.sent == datetime(2026, 1, 10, 0, 30, 1, tzinfo=UTC)
    assert READERS[parsed.kind].read(raw) == parsed


# -- what is wrong is said -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("raw", "field"),
    [
        (b"", "MSH"), (b"PID|1", "MSH"), (b"MSH", "MSH-1"), (b"MSH|^^^^|", "MSH-2"), (b"MSH|^~\\&|a\rpid|x", "line 2"),
        (message("ADT^A01", "PV1|1|I"), "PID"), (message("ADT^A01", "PID|1"), "PID-3"),
        (message("ADT^A28", segment("PID", {3: "1^^^H^MR", 7: "1949-31-12"})), "PID-7"),
        (message("ADT^A28", PID, number=""), "MSH-10"), (message("ADT^A28", PID) + message("ADT^A28", PID), "MSH"),
        (message("ADT^A01", PID, PV1, "DG1|1"), "DG1-3"), (message("ADT^A01", PID, PV1, "AL1|1|DA"), "AL1-3"),
        (message("ORU^R01", PID), "OBR"), (message("ORU^R01", PID, "OBR|1||R1"), "OBR-4"),
    ],
)  # fmt: skip
def test_an_error_names_the_segment_and_field(raw: bytes, field: str) -> None:
    kind = "ORU^R01" if b"ORU" in raw else "ADT^A01"
    with pytest.raises(MessageError) as caught:
        READERS[kind].read(raw)
    assert caught.value.field == field


def test_a_reader_refuses_what_is_not_its_own() -> None:
    with pytest.raises(MessageError, match="MSH-9"):
        READERS["ORU^R01"].read(message("ADT^A01", PID, PV1))


def test_nothing_of_a_patient_is_logged_or_said(caplog: pytest.LogCaptureFixture) -> None:
    """The library's own unescape writes such a field to the log."""
    caplog.set_level(logging.DEBUG)
    read(message("ADT^A28", segment("PID", {3: "1^^^HIS^MR", 5: "王\\Qx\\五\\C2842\\"})))
    assert not caplog.records


def test_other_segments_and_unknown_fields_do_not_matter() -> None:
    parsed = read(
        message("ADT^A01", "EVN|A01", PID, "ZPD|1|院内扩展", PV1, "ZZ1|x^y", "IN1|1|310^城镇职工基本医疗保险")
    )
    assert one(parsed, "Encounter")["extension"][0]["valueString"] == "城镇职工基本医疗保险"


@pytest.mark.parametrize(
    ("sent", "meant"),
    [("20260110", "2026-01-10"), ("202601100830", "2026-01-10T08:30:00+08:00"), ("20260110083001.5+0900", "2026-01-10T08:30:01.5+09:00"),
     ("2026-01-10 08:30:00", "2026-01-10T08:30:00+08:00"), ("1949", "1949"), ("194912", "1949-12"), ("20260110240000", "2026-01-11T00:00:00+08:00"),
     ("20260110T0830Z", "2026-01-10T08:30:00+00:00"), ("00000000", ""), ("", "")],
)  # fmt: skip
def test_a_time_keeps_the_precision_it_was_sent_with(sent: str, meant: str) -> None:
    assert when(sent) == meant


@given(st.text("0123456789-:TZ+. ", max_size=24))
def test_any_time_is_one_or_none(text: str) -> None:
    try:
        made = when(text)
    except ValueError:
        return
    assert made == "" or len(made) in (4, 7, 10) or datetime.fromisoformat(made).tzinfo is not None
