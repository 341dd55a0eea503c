"""What an HL7 v2 sender is told: accepted (AA) when the message is durable, in error (AE) when it must be changed
before it is sent again, rejected (AR) when nothing was kept and it may be sent again as it is."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from clinical.coded import CHINA
from exchange.hl7v2._grammar import Segment, Text, escape, parse
from exchange.message import MessageError

_PLACE: Final = re.compile(r"([A-Z][A-Z0-9]{2})(?:\[(\d+)\])?(?:-(\d+))?")
_END: Final = re.compile(rb"[\r\n]")
_NEW_ERR: Final = "2.5"
"""From here on ERR says in fields of their own where, what and how bad."""
_CONDITIONS: Final = {
    "100": "Segment sequence error",
    "101": "Required field missing",
    "102": "Data type error",
    "103": "Table value not found",
    "205": "Duplicate key identifier",
    "207": "Application internal error",
}
"""HL7 table 0357."""
ILL_FORMED, MISSING, WRONG_VALUE, DUPLICATE, INTERNAL = "100", "101", "102", "205", "207"
_OURS: Final = "YIGONG"


class Verdict(StrEnum):
    """HL7 table 0008, original mode."""

    ACCEPTED = "AA"
    ERROR = "AE"
    REJECTED = "AR"


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a message is not accepted: the place (``PID-3``), a condition of HL7 table 0357, words for people."""

    field: str
    condition: str
    says: str


class Header:
    """The MSH of a message that is answered; readable where the rest is not."""

    __slots__ = ("_msh", "charset")

    def __init__(self, message: Text) -> None:
        self._msh: Segment = message.segments[0]
        self.charset = message.charset

    @property
    def number(self) -> str:
        """MSH-10."""
        return self._msh(10)

    @property
    def version(self) -> str:
        return self._msh(12) or "2.4"

    def __call__(self, field: int, component: int = 1) -> str:
        return self._msh(field, component)

    def raw(self, field: int) -> str:
        """A field with usual separators, whatever the sender's are."""
        parts = [self._msh(field, n) for n in (1, 2, 3)]
        return "^".join(escape(part) for part in parts).rstrip("^")

    def charset_named(self) -> str:
        return escape(self._msh(18))


def header_of(raw: bytes) -> Header:
    """The header of a message. Raises ``MessageError`` when it has none, no type or no number."""
    line = _END.split(raw.lstrip(b"\xef\xbb\xbf\x0b\r\n "), maxsplit=1)[0]
    header = Header(parse(line))
    for field, wanted in ((9, "须写明消息类型，如 ADT^A01"), (10, "须写明消息编号")):
        if not header(field):
            raise MessageError(f"MSH-{field}", wanted)
    return header


def acknowledge(header: Header, verdict: Verdict, number: str, at: datetime, fault: Fault | None = None) -> bytes:
    """The acknowledgement of a message, in its version and character set. ``number`` is ours for it."""
    event = header(9, 2)
    kind = "^".join(
        part for part in ("ACK", escape(event), "ACK" if event and header.version >= "2.4" else "") if part
    )
    msh = (
        "MSH", r"^~\&", header.raw(5) or _OURS, header.raw(6), header.raw(3), header.raw(4), _stamp(at), "",
        kind, number, header.raw(11) or "P", escape(header.version), "", "", "", "", "", header.charset_named(),
    )  # fmt: skip
    told = escape(fault.says) if fault is not None else ""
    lines = ["|".join(msh).rstrip("|"), "|".join(("MSA", verdict, escape(header.number), told)).rstrip("|")]
    if fault is not None:
        lines.append(_err(fault, header.version))
    return "".join(f"{line}\r" for line in lines).encode(header.charset, "replace")


def refuse(fault: Fault, number: str, at: datetime) -> bytes:
    """The answer to what has no header that could be answered to."""
    msh = ("MSH", r"^~\&", _OURS, "", "", "", _stamp(at), "", "ACK", number, "P", "2.4")
    lines = ("|".join(msh), f"MSA|{Verdict.REJECTED}||{escape(fault.says)}", _err(fault, "2.4"))
    return "".join(f"{line}\r" for line in lines).encode()


def _stamp(at: datetime) -> str:
    return at.astimezone(CHINA).strftime("%Y%m%d%H%M%S%z")


def _err(fault: Fault, version: str) -> str:
    """ERR: where, what, how bad; before 2.5 all in its first field."""
    match = _PLACE.fullmatch(fault.field)
    segment, count, field = match.groups() if match else ("MSH", None, None)
    what = (fault.condition, _CONDITIONS[fault.condition], "HL70357")
    if version < _NEW_ERR:
        return f"ERR|{segment}^{count or 1}^{field or ''}^{'&'.join(what)}"
    place = "^".join((segment, count or "1", *((field,) if field else ())))
    return f"ERR||{place}|{'^'.join(what)}|E||||{escape(fault.says)}"
