"""Words that records use and the tables of a release lack: lay expressions, abbreviations, general terms.

They stand in ``nlp/vocabulary``, one file a kind. Each names something by its preferred name; where the release knows
that name, its concept is meant. A name of the release wins over the same word here. Words that mean several things
count only where the text around them fits.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

_FOLDER: Final = Path(__file__).parent / "vocabulary"
_FILES: Final = {
    "finding": ("finding", False),
    "disease": ("disease", False),
    "test": ("test", False),
    "exam": ("exam", False),
    "procedure": ("procedure", False),
    "drug": ("drug", False),
    "general_finding": ("finding", True),
    "general_disease": ("disease", True),
}
"""Files of words: the kind of what they name, and whether they are general."""


class Word(NamedTuple):
    """A word, what it names, and when it counts.

    ``gate``: value, percent, count or molar (a number, with such a unit, follows), sign (阳性 or the like follows),
    dose (a dose or a form follows), degree (轻度, 中度 … stands before), diagnosis (it stands among diagnoses), exam
    (what is found follows), allergy (过敏 is said of it), planned (行, 择期 … stands before), denied (it says that
    the thing is not there). ``general`` words name what the part of the body beside them makes more exact.
    """

    text: str
    kind: str
    name: str
    gate: str = ""
    general: bool = False


def words() -> Iterator[Word]:
    """Every word of the vocabulary but allergens, the plain ones first."""
    for file, (kind, general) in _FILES.items():
        for name, text in _named(file):
            yield Word(text, kind, name, "", general)
    for line in lines("gated"):
        text, kind, name, gate = line.split()
        yield Word(text, kind, name, gate)


def allergens() -> Iterator[Word]:
    """What people are allergic to: words that count only where 过敏 is said of them."""
    for name, text in _named("allergen"):
        yield Word(text, "allergy", name, "allergy")


def swallowing() -> frozenset[str]:
    """Longer words that keep a name inside of them from counting (引流液: 流液)."""
    return frozenset(lines("swallowing"))


def _named(file: str) -> Iterator[tuple[str, str]]:
    """(preferred name, word) pairs of a file; the name itself is a word too."""
    for name, others in pairs(file, bare=False):
        for word in (name, *others.split()):
            yield name, word


def pairs(file: str, bare: bool) -> Iterator[tuple[str, str]]:
    """What stands before and behind the colon of each line of a file; with ``bare`` every line has one."""
    for line in lines(file):
        name, colon, others = line.partition(":")
        if bare and not colon:
            raise ValueError(f"nlp/vocabulary/{file}.txt: a line without colon: {line[:40]}")
        yield name.strip(), others.strip()


def lines(file: str) -> Iterator[str]:
    """The lines of a file of the vocabulary, without comments."""
    text = (_FOLDER / f"{file}.txt").read_text("utf-8")
    return (line.strip() for line in text.splitlines() if line.strip() and not line.startswith("#"))
