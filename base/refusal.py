"""What is refused, wherever it is decided: whoever answers requests tells all of these in one way and need not know
the rooms above the front of the service."""

from __future__ import annotations


class RefusedError(ValueError):
    """Something that cannot be done as asked: the field, and in Chinese what would be right."""

    def __init__(self, field: str, problem: str) -> None:
        super().__init__(f"{field}: {problem}" if field else problem)
        self.field, self.problem = field, problem


class MissingError(LookupError):
    """There is no such thing, or it is none of whoever asks; the message is Chinese."""


class TakenError(Exception):
    """Somebody else was quicker; the message is Chinese and says what to do."""
