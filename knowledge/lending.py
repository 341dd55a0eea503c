"""What one concept takes over from another that is the same: names and codes, marked as lent."""

from __future__ import annotations

from typing import Any, Final

from msgspec import structs

from knowledge.model import CodeRef, Concept, Standing

LENT: Final = "lent"
"""The attribute that says what of a concept is another's."""


def lend(base: Concept, other: Concept) -> Concept:
    """The base with the other's names and codes added; what the base says of itself stays. What was lent
    is marked, so that it outlives a new edition of the base and nothing else does."""
    own = {base.name, base.name_en, *base.synonyms}
    names = [n for n in (other.name, other.name_en, *other.synonyms) if n and n not in own]
    codes = [[c.system, c.code] for c in other.codes if c not in base.codes]
    return _with_lent(base, {"names": names, "codes": codes}, other.attributes)


def _with_lent(base: Concept, lent: dict[str, Any], attributes: dict[str, Any]) -> Concept:
    before = base.attributes.get(LENT, {"names": [], "codes": []})
    names = list(dict.fromkeys((*before["names"], *lent["names"])))
    codes = [list(c) for c in dict.fromkeys(tuple(c) for c in (*before["codes"], *lent["codes"]))]
    kept = {k: v for k, v in attributes.items() if k != LENT} | base.attributes
    if names or codes:
        kept = kept | {LENT: {"names": names, "codes": codes}}
    return structs.replace(
        base,
        synonyms=tuple(dict.fromkeys((*base.synonyms, *names))),
        codes=tuple(dict.fromkeys((*base.codes, *(CodeRef(system, code) for system, code in codes)))),
        attributes=kept,
    )


def retold(base: Concept, other: Concept) -> Concept:
    """What becomes of a known concept when a source names it again: the same source (or a person's
    own table) says the whole; another source adds names and codes; an unreviewed one adds nothing."""
    if base.origin == other.origin and base.id == other.id:
        return restated(base, other)
    return base if other.standing is Standing.UNREVIEWED else lend(base, other)


def restated(base: Concept, other: Concept) -> Concept:
    """A concept that is told anew as a whole; what other sources lent it stays."""
    return _with_lent(other, base.attributes[LENT], {}) if LENT in base.attributes else other
