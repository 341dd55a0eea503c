"""What QC of medical records refuses, so that it can be answered without reading the rest of it."""

from __future__ import annotations

from collections.abc import Sequence


class QcError(Exception):
    """Something that cannot be done so; the message says what is."""


class MissingQcError(QcError):
    """There is no such thing, or it is not for whoever asks."""


class TakenQcError(QcError):
    """Somebody else was quicker."""


class SchemeError(QcError):
    """A scheme that is none; ``problems`` name the field and what to write instead."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("；".join(problems))
        self.problems = tuple(problems)
