"""What is refused, wherever it is decided: whoever answers requests tells all of these in one way and need not know
the rooms above the front of the service."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


class RefusedError(ValueError):
    """Something that cannot be done as asked: the field, and in Chinese what would be right."""

    def __init__(self, field: str, problem: str) -> None:
        super().__init__(f"{field}: {problem}" if field else problem)
        self.field, self.problem = field, problem


class MissingError(LookupError):
    """There is no such thing, or it is none of whoever asks; the message is Chinese."""


class TakenError(Exception):
    """Somebody else was quicker; the message is Chinese and says what to do."""


@dataclass(frozen=True, slots=True)
class Fault:
    """What stands against one part of something; ``overtaken``: somebody else was quicker."""

    field: str
    problem: str
    overtaken: bool = False


class RefusedTogetherError(ValueError):
    """Several things asked for together, of which none was done: everything that stands against it."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__("; ".join(f"{one.field}: {one.problem}" for one in faults))
        self.faults = tuple(faults)
