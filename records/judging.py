"""What a description is to somebody known: the same, a case for a person to look at, or another.

The sum of the fields is not enough: fields of one family agree without being of one person. The number of an identity
card decides unless name, sex and birth speak against it, and twins, the newborn and people with different cards are
never joined without a person looking.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import Final

from clinical.value import Value, replace
from records.matching import BY_RARITY, Comparison, Weights, compare
from records.names import Likeness, likeness
from records.profiles import Profile


class Relation(StrEnum):
    """What a description is to somebody known."""

    SAME = "same"
    GREY = "grey"
    OTHER = "other"


class Rule(StrEnum):
    """By what something was decided; counted in the statistics."""

    ID_CARD = "id-card"
    DOCUMENT = "document"
    CARD = "card"
    SCORE = "score"
    CARD_OTHER_NAME = "id-card-other-name"
    CARD_OF_ANOTHER = "id-card-of-another"
    CARDS_DIFFER = "id-cards-differ"
    NEWBORN = "newborn"
    NAMES_DIFFER = "names-differ"
    BIRTHS_DIFFER = "births-differ"
    SEXES_DIFFER = "sexes-differ"
    TWINS = "twins-perhaps"
    UNSURE = "unsure"
    NOBODY = "nobody-alike"


class Someone(Value, frozen=True):
    """A record that is known, and whose it is."""

    person: int
    record: int
    given: Profile


class Judged(Value, frozen=True):
    """What a description is to a known person: their record that is most alike, how alike, and why."""

    person: int
    record: int
    relation: Relation
    rule: Rule
    comparison: Comparison


def belongs(new: Profile, kin: Sequence[Someone], weights: Weights, persons: int, share: float) -> Judged:
    """What a description is to one person, of whom there is at least one record."""
    return _of_person(new, [(compare(new, one.given, weights, persons, share), one) for one in kin], weights)


def judge(new: Profile, known: Iterable[Someone], weights: Weights, persons: int, share: float) -> list[Judged]:
    """What a description is to each of the persons: the most alike first; others are left out."""
    of_person: dict[int, list[tuple[Comparison, Someone]]] = {}
    for one in known:
        compared = compare(new, one.given, weights, persons, share)
        of_person.setdefault(one.person, []).append((compared, one))
    judged = (_of_person(new, records, weights) for records in of_person.values())
    kept = _told_apart([one for one in judged if one.relation is not Relation.OTHER])
    return sorted(kept, key=lambda one: (one.relation is not Relation.SAME, -one.comparison.score))


def _of_person(new: Profile, records: Sequence[tuple[Comparison, Someone]], weights: Weights) -> Judged:
    """The strongest relation to any record of a person, unless their cards say that it is somebody else."""
    cards = {one.given.card for _, one in records if one.given.card and not one.given.suspect}
    conflict = bool(new.card and cards and new.card not in cards and not new.suspect)
    each = [(_relation(new, one.given, compared, weights), compared, one) for compared, one in records]
    (relation, rule), compared, one = min(each, key=lambda e: (_STRONGEST[e[0][0]], -e[1].score))
    if relation is Relation.SAME and conflict:
        relation, rule = Relation.GREY, Rule.CARDS_DIFFER
    return Judged(one.person, one.record, relation, rule, compared)


def _told_apart(judged: list[Judged]) -> list[Judged]:
    """Where a newborn could be either of two, a person must look."""
    children = [one for one in judged if one.relation is Relation.SAME and one.rule is Rule.NEWBORN]
    if len(children) < 2:
        return judged
    return [replace(one, relation=Relation.GREY) if one in children else one for one in judged]


_STRONGEST: Final = {Relation.SAME: 0, Relation.GREY: 1, Relation.OTHER: 2}


def _relation(new: Profile, other: Profile, compared: Comparison, weights: Weights) -> tuple[Relation, Rule]:
    if new.card and new.card == other.card:
        return _of_same_card(new, other, compared)
    if new.name.newborn or other.name.newborn:
        return _of_newborn(new, other, compared, weights)
    doubt = _doubt(new, other, compared)
    if compared.score < weights.review:
        return Relation.OTHER, Rule.NOBODY
    if doubt is not None:
        return Relation.GREY, doubt
    if compared.score < weights.link:
        return Relation.GREY, Rule.UNSURE
    return Relation.SAME, _reason(compared)


def _of_same_card(new: Profile, other: Profile, compared: Comparison) -> tuple[Relation, Rule]:
    """One card is one person, but for a card that was borrowed, mistaken, or a mother's used for her newborn."""
    name, birth, sex = (compared.level(field) for field in ("name", "birth", "sex"))
    agree = birth not in _ANOTHER_BIRTH and sex != "different"
    if new.name.newborn or other.name.newborn:
        return Relation.GREY, Rule.CARD_OF_ANOTHER
    if name in BY_RARITY:
        return Relation.SAME, Rule.ID_CARD
    if not agree or ((new.suspect or other.suspect) and name != ""):
        return Relation.GREY, Rule.CARD_OF_ANOTHER
    if name in ("", Likeness.ONE):
        return Relation.SAME, Rule.ID_CARD
    return Relation.GREY, Rule.CARD_OTHER_NAME


_ANOTHER_BIRTH: Final = frozenset(("different", "other-day"))


def _of_newborn(new: Profile, other: Profile, compared: Comparison, weights: Weights) -> tuple[Relation, Rule]:
    """A newborn is called after its mother until it has a name. It is the later child when day, sex, mother and home
    agree and nothing speaks of twins; two newborns without names may always be twins that nobody marked."""
    agree = compared.level("birth") in ("exact", "chosen-day") and compared.level("sex") == "same"
    mother = likeness(new.mother, other.mother) in (Likeness.EXACT, Likeness.SOUND)
    home = compared.level("phone") == "same" or compared.level("address") in ("same", "near")
    named = new.name.units or other.name.units
    if named and agree and mother and home and not (new.several or other.several):
        return Relation.SAME, Rule.NEWBORN
    likely = compared.score >= weights.review or (agree and (mother or home))
    return (Relation.GREY, Rule.NEWBORN) if likely else (Relation.OTHER, Rule.NOBODY)


def _doubt(new: Profile, other: Profile, compared: Comparison) -> Rule | None:
    """Why the sum of the fields does not suffice to join two without a person looking, None when it does."""
    name, birth = compared.level("name"), compared.level("birth")
    if compared.level("idCard") == "different":
        return Rule.CARDS_DIFFER
    if name not in BY_RARITY:
        return Rule.NAMES_DIFFER
    if compared.level("sex") == "different" and (name != Likeness.EXACT or birth != "exact"):
        return Rule.SEXES_DIFFER
    if _reason(compared) is not Rule.SCORE:
        return None
    if birth == "different":
        return Rule.BIRTHS_DIFFER
    alike_only = name not in (Likeness.EXACT, Likeness.SWAPPED) and birth in ("exact", "chosen-day")
    told = compared.level("phone") == "same" or compared.level("idCard") == "near"
    return Rule.TWINS if alike_only and not told else None


def _reason(compared: Comparison) -> Rule:
    if compared.level("document") == "same":
        return Rule.DOCUMENT
    return Rule.CARD if compared.level("card") in ("same", "visit") else Rule.SCORE
