"""What a note says of a patient where nothing else was sent."""

from __future__ import annotations

from typing import Final

from api.errors import bad_field
from clinical.logic import Unknown
from clinical.patient import PatientContext
from clinical.value import replace
from knowledge.snapshot import Snapshot
from rules.partial import LISTS

_LONGEST: Final = 20_000
_FIELDS: Final = ("sex", "birth_date", "pregnancy", "lactating", *LISTS)


def noted(patient: PatientContext, note: str, snapshot: Snapshot) -> tuple[PatientContext, frozenset[str]]:
    """The patient with what a note says of whatever is unknown, and the lists of which only that is known: a note
    names what mattered to its writer. Raises ``ApiError`` 400 when it is too long. Takes a millisecond for 400
    characters: call on a thread."""
    from nlp.context import context_of
    from nlp.facts import read
    from nlp.lexicon import Lexicon

    if len(note) > _LONGEST:
        raise bad_field("note", f"最多 {_LONGEST} 字")
    told = context_of(read(note, Lexicon.of(snapshot)), patient.as_of, snapshot, note)
    said = {
        name: getattr(told, name)
        for name in _FIELDS
        if isinstance(getattr(patient, name), Unknown) and not isinstance(getattr(told, name), Unknown)
    }
    return replace(patient, **said), frozenset(name for name in LISTS if said.get(name))


__all__ = ["noted"]
