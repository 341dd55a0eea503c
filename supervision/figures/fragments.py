"""The part of SQL that measures may be written in: columns of the fact, literals, arithmetic, comparison, logic.

What is outside of it is refused when the catalogue is read, with the name of the indicator: a misspelt column, a code
that a column does not have, anything that could reach beyond the row.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from supervision.figures.fact import Fact

_TOKEN: Final = re.compile(r"\s*(?:('(?:[^']|'')*')|([A-Za-z_]\w*)|(\d+(?:\.\d+)?)|(<=|>=|<>|[-+*/(),<>=]))\s*")
_WORDS: Final = frozenset(
    "and or not in is null true false between like case when then else end coalesce least greatest abs nullif".split()
)
_COMPARED: Final = re.compile(r"\b(\w+)\s*(?:=|<>|(?:not\s+)?in\s*\()\s*((?:'[^']*'\s*,?\s*)+)", re.IGNORECASE)
_LITERAL: Final = re.compile(r"'([^']*)'")


def names(fragment: str) -> set[str]:
    """Columns that a fragment names."""
    return {word for _, word, _, _ in _TOKEN.findall(fragment) if word and word.lower() not in _WORDS}


def problems(fragment: str, fact: Fact) -> Iterator[str]:
    """What keeps a fragment from being used over a fact."""
    place = 0
    while place < len(fragment):
        found = _TOKEN.match(fragment, place)
        if found is None:
            yield f"`{fragment}`: {fragment[place : place + 12]!r} is outside of the language of measures"
            return
        place = found.end()
    if fragment.count("(") != fragment.count(")"):
        yield f"`{fragment}`: brackets do not match"
    for name in sorted(names(fragment) - fact.columns.keys()):
        yield f"`{fragment}`: {fact.name} has no column {name!r}"
    for name, literals in _COMPARED.findall(fragment):
        known = fact.columns[name].choices if name in fact.columns else {}
        for code in _LITERAL.findall(literals):
            if known and code not in known:
                yield f"`{fragment}`: {code!r} is none of {name}: {', '.join(known)}"


__all__ = ["names", "problems"]
