"""A thing as it was sent, what it was understood to be, and where it came from."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from clinical.codes import Code


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a datum came from: FHIR reference, time it was true, institution that recorded it."""

    reference: str = ""
    time: datetime | None = None
    institution: str = ""


@dataclass(frozen=True, slots=True)
class Coded:
    """A thing as it was sent and what it was understood to be.

    ``concepts`` are concept ids; empty means the thing stayed unmapped.
    """

    text: str = ""
    codes: tuple[Code, ...] = ()
    concepts: tuple[str, ...] = ()
