"""HL7 v2 messages as hospitals send them; all persons are made up."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from fhir.resources.R4B import get_fhir_model_class

from base.plugins import discover
from exchange.hl7v2._grammar import parse
from exchange.message import Message, MessageError, Parsed

CARD = "11010519491231002X"


def segment(name: str, fields: dict[int, str] | None = None) -> str:
    """A segment by the numbers of its fields."""
    given = fields or {}
    return "|".join([name, *(given.get(n, "") for n in range(1, max(given, default=0) + 1))])


def msh(
    kind: str, number: str = "MSG1", version: str = "2.4", charset: str = "UNICODE UTF-8", app: str = "HIS"
) -> str:
    return rf"MSH|^~\&|{app}|县人民医院|YIGONG|LEAGUE|20260110083001||{kind}|{number}|P|{version}||||||{charset}"


PID = segment(
    "PID",
    {
        1: "1",
        3: f"0001234^^^HIS^MR~{CARD}^^^GA^IC~YB778^^^YBJ^YB",
        5: "张^三丰",
        7: "19491231",
        8: "M",
        11: "朝阳路1号^^北京市^北京^100020^CHN^H^^朝阳区",
        13: "13800000000",
        16: "M",
        22: "汉族",
    },
)
PV1 = segment(
    "PV1",
    {
        1: "1",
        2: "I",
        3: "NK1^301^02",
        7: "1001^王^医生",
        8: "1002^李^医生",
        10: "心内科",
        19: "ZY2026001",
        44: "20260110083000",
    },
)
ORC = segment("ORC", {1: "NW", 2: "P100", 3: "F100", 4: "G9", 9: "20260111090000", 12: "1001^王^医生"})
RXE = segment(
    "RXE",
    {
        1: "1^BID&每日两次^D7^20260111",
        2: "86900001^盐酸二甲双胍片^LOCAL",
        3: "0.5",
        5: "g",
        6: "片剂",
        7: "^餐后服用",
        10: "14",
        11: "片",
        25: "0.5",
        26: "g",
    },
)
RXR = "RXR|PO^口服"
OBR = segment(
    "OBR",
    {
        1: "1",
        2: "P200",
        3: "R200",
        4: "XHS^血红蛋白^L",
        7: "20260111080000",
        15: "^血清",
        22: "20260111100000",
        24: "HM",
        25: "F",
    },
)


def obx(
    number: int,
    code: str,
    value: str,
    kind: str = "NM",
    unit: str = "g/L",
    span: str = "130-175",
    flag: str = "N",
    status: str = "F",
) -> str:
    return f"OBX|{number}|{kind}|{code}||{value}|{unit}|{span}|{flag}|||{status}|||20260111093000"


def message(kind: str, *segments: str, **header: str) -> bytes:
    return ("\r".join((msh(kind, **header), *segments)) + "\r").encode()


def every(parsed: Parsed, kind: str) -> list[dict[str, Any]]:
    return [r for r in parsed.resources if r["resourceType"] == kind]


def one(parsed: Parsed, kind: str) -> dict[str, Any]:
    """The only resource of a kind."""
    found = every(parsed, kind)
    assert len(found) == 1, [r["resourceType"] for r in parsed.resources]
    return found[0]


READERS = {kind: m for m in discover("exchange.hl7v2", "MESSAGE", Message).values() for kind in m.types}


def read(raw: bytes) -> Parsed:
    """Read as intake does, by MSH-9; whatever comes out is valid FHIR."""
    kind = parse(raw).segments[0](9) + "^" + parse(raw).segments[0](9, 2)
    parsed = READERS[kind].read(raw)
    for resource in parsed.resources:
        get_fhir_model_class(resource["resourceType"]).model_validate_json(orjson.dumps(resource))
    return parsed


def refused(raw: bytes) -> MessageError:
    """What is said of a message that is not taken."""
    with pytest.raises(MessageError) as caught:
        read(raw)
    return caught.value
