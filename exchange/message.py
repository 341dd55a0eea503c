"""What every message standard is read into, before anything is stored: resources of one sender, and what else it
asks for. A standard's reader turns bytes into this and knows nothing of persons, tenants or tables."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

Json = dict[str, Any]


class MessageError(Exception):
    """A message that cannot be read: ``field`` names the place (``PID-3``, ``entry[2].resource.code``), the text
    what is wrong there and what would be right; never a value of a patient."""

    def __init__(self, field: str, problem: str) -> None:
        super().__init__(f"{field}: {problem}")
        self.field, self.problem = field, problem


@dataclass(frozen=True, slots=True)
class Envelope:
    """What is seen of a message before it is read: enough to tell it from others, to route it and to keep the order
    of its patient. ``message_id`` is empty where the sender gave none. ``kinds`` are the names that its standard
    gives to what it is (several templates of one document). ``other`` is a second patient that it speaks of (the
    retired one of a merge)."""

    message_id: str = ""
    kinds: tuple[str, ...] = ()
    subject: str = ""
    other: str = ""


@dataclass(frozen=True, slots=True)
class Merge:
    """The sender says that two of its patient ids are one person: ``retired`` is used no more."""

    survivor: str
    retired: str


@dataclass(frozen=True, slots=True)
class Parsed:
    """One message as resources. ``message_id`` is the sender's own number: the same number again is the same
    message. ``subject`` is the sender's id of the patient: messages of one subject are stored in their order.
    ``resources`` are FHIR R4, each with the sender's ``id``, referring to each other as ``Patient/<id>``; the
    Patient stands first. ``deletions`` are references (``Observation/17``) that the sender took back."""

    message_id: str
    kind: str
    subject: str
    resources: tuple[Json, ...]
    merges: tuple[Merge, ...] = ()
    deletions: tuple[str, ...] = ()
    sent: datetime | None = None


@dataclass(frozen=True, slots=True)
class Message:
    """A message type (a plug-in): ``types`` are what the standard calls it (``ADT^A01``, a template id of a
    document, ``Bundle``); ``read`` turns its bytes into ``Parsed`` or raises ``MessageError``."""

    name: str
    standard: str
    title: str
    types: tuple[str, ...]
    read: Callable[[bytes], Parsed]
