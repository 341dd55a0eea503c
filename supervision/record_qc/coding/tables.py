"""The tables of this folder as typed rows, read when first asked for."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Final, NamedTuple, TypeVar

from base.tabular import read

_FOLDER: Final = Path(__file__).parent


class Sexed(NamedTuple):
    """Codes of one sex."""

    system: str
    codes: str
    sex: str
    what: str


class Aged(NamedTuple):
    """Codes that belong to ages in years; empty: no bound."""

    codes: str
    least: str
    most: str
    what: str

    def fits(self, age: float) -> bool:
        """Whether somebody of that age may have such a code."""
        return float(self.least or 0) <= age <= float(self.most or 200)


class Asterisk(NamedTuple):
    """A manifestation and the causes of which one must stand with it."""

    codes: str
    daggers: str
    what: str


class Combination(NamedTuple):
    """Two codes of which ICD-10 makes one."""

    one: str
    other: str
    combined: str
    says: str


class Exclusion(NamedTuple):
    """Two codes that do not stand together."""

    one: str
    other: str
    says: str


class Symptom(NamedTuple):
    """A symptom and what causes it."""

    codes: str
    causes: str
    what: str


class Background(NamedTuple):
    """A disease in the background and the acute ones that outweigh it."""

    codes: str
    acute: str
    says: str


class Named(NamedTuple):
    """How a diagnosis is called (a regular expression), where its code may lie, what is proposed."""

    pattern: str
    codes: str
    proposed: str


class Operated(NamedTuple):
    """Operations and the diagnoses that carry them."""

    codes: str
    diagnoses: str
    what: str


class Implied(NamedTuple):
    """Diagnoses and the operations that come with them."""

    codes: str
    operations: str
    what: str


class Documented(NamedTuple):
    """A condition that notes tell of (a concept of the release) and the codes that would hold it."""

    concept: str
    codes: str
    what: str


class DocumentedOperation(NamedTuple):
    """A procedure that notes tell of (a concept of the release) and the codes that would hold it."""

    concept: str
    codes: str
    what: str


class Specific(NamedTuple):
    """A code that says little, a diagnosis (a regular expression) that says more, what is proposed."""

    codes: str
    pattern: str
    proposed: str


FILES: Final[dict[type, str]] = {
    Sexed: "sex",
    Aged: "age",
    Asterisk: "asterisks",
    Combination: "combinations",
    Exclusion: "exclusions",
    Symptom: "symptoms",
    Background: "backgrounds",
    Named: "names",
    Operated: "operations_need",
    Implied: "implied_operations",
    Documented: "documented",
    DocumentedOperation: "documented_operations",
    Specific: "specifics",
}
_R = TypeVar("_R")


@cache
def rows(kind: type[_R]) -> tuple[_R, ...]:
    """The rows of a table, by what its rows are."""
    return tuple(kind(*row.cells.values()) for row in read(_FOLDER / f"{FILES[kind]}.csv"))
