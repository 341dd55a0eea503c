"""What all readers of HL7 v2 do: take the message apart, name it, and put what it says in order."""

from __future__ import annotations

from collections.abc import Iterable

from exchange.hl7v2._grammar import Segment, parse
from exchange.hl7v2._person import patient_of
from exchange.hl7v2._values import sent_at
from exchange.hl7v2._visit import Visit
from exchange.message import Json, Merge, Parsed


def kind_of(msh: Segment) -> str:
    """MSH-9 as ``ADT^A01``; the event of EVN-1 has no say. Raises ``MessageError``."""
    code, event = msh(9, 1), msh(9, 2)
    if not code:
        raise msh.error(9, "须写明消息类型，如 ADT^A01")
    return f"{code}^{event}" if event else code


def number_of_message(msh: Segment) -> str:
    """MSH-10, after the application that counts (MSH-3): laboratory and registration count each for itself. Raises
    ``MessageError``."""
    control = msh(10)
    if not control:
        raise msh.error(10, "须写明消息编号，应答以此编号指明消息")
    return f"{msh(3)}/{control}" if msh(3) else control


class Reading:
    """A message being read: its text, its patient (first of the resources), what resources share."""

    __slots__ = ("kind", "message", "patient", "visit")

    def __init__(self, raw: bytes, types: tuple[str, ...], mentioned: bool = True) -> None:
        self.message = parse(raw)
        msh = self.message.segments[0]
        self.kind = kind_of(msh)
        if self.kind not in types:
            raise msh.error(9, f"须为 {', '.join(types)} 之一")
        self.patient = patient_of(self.message, mentioned)
        self.visit = Visit(self.message, self.patient["id"])

    def parsed(
        self, resources: Iterable[Json], deletions: Iterable[str] = (), merges: tuple[Merge, ...] = ()
    ) -> Parsed:
        msh = self.message.segments[0]
        told = _apart((self.patient, *resources))
        gone = tuple(dict.fromkeys(deletions))
        return Parsed(number_of_message(msh), self.kind, self.patient["id"], told, merges, gone, sent_at(msh))


def _apart(resources: tuple[Json, ...]) -> tuple[Json, ...]:
    """Each resource once: of two with one id the later says more."""
    found: dict[tuple[str, str], Json] = {}
    for resource in resources:
        found[resource["resourceType"], resource["id"]] = resource
    return tuple(found.values())
