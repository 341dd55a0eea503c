"""When a record is checked, and where in it something stands."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Stage(StrEnum):
    """When a record is checked: one document while it is written, a stay that goes on, a record that is complete."""

    WRITING = "writing"
    RUNNING = "running"
    FINAL = "final"


STAGES: Final = {Stage.WRITING: "书写实时质控", Stage.RUNNING: "运行病历质控", Stage.FINAL: "终末病历质控"}


@dataclass(frozen=True, slots=True)
class Place:
    """Where something stands: of a document (empty: the record as a whole) and its section, with the words. What is
    stored says what the document is ``called``, since the record itself is not kept."""

    document: str = ""
    section: str = ""
    quote: str = ""
    start: int = 0
    end: int = 0
    called: str = ""


NOWHERE: Final = Place()
