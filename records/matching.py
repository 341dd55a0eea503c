"""Whether two descriptions mean one person: field by field in bits of evidence, after Fellegi and Sunter.

Every field adds how much more often its agreement is seen between two descriptions of one person than between those
of two (in bits, log2 of the ratio); a rare name weighs more than a common one.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import msgspec
from rapidfuzz import fuzz
from rapidfuzz.distance import OSA

from clinical.logic import Known, Unknown
from clinical.patient import Sex
from clinical.person import CardKind
from clinical.value import Value
from records.births import births
from records.names import Likeness, likeness
from records.profiles import Profile

BY_RARITY: Final = frozenset(
    (Likeness.EXACT, Likeness.SWAPPED, Likeness.SOUND, Likeness.NEAR_SOUND, Likeness.LOOK, Likeness.PART)
)
"""Likenesses that mean one name written in two ways; they weigh as much as the name is rare."""
_HOUSE: Final = re.compile(r"\d+")


class WeightsError(Exception):
    """Weights that cannot be used; the message names file, field and what would be right."""


class Weights(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """What agreement and disagreement of a field weigh, in bits, and from which sum on something is done.

    Names that agree weigh the rarity of the name (at most ``rarest``) plus the number here. The prior of two records
    of one person among N persons, −log2(N), is part of the sum: 0 means as likely as not, 10 one error in a thousand.
    """

    name: dict[str, float] = msgspec.field(
        default_factory=lambda: {
            "exact": 0.0, "swapped": -4.0, "sound": -3.5, "near-sound": -6.0, "look": -5.0, "part": -6.0,
            "one": -1.0, "surname": -6.0, "different": -9.0,
        }
    )  # fmt: skip
    birth: dict[str, float] = msgspec.field(
        default_factory=lambda: {
            "exact": 14.5, "chosen-day": 8.5, "month": 9.0, "year": 5.5, "typo": 4.0, "near": 1.0, "other-day": -2.0,
            "different": -9.0,
        }
    )  # fmt: skip
    sex: dict[str, float] = msgspec.field(default_factory=lambda: {"same": 0.9, "different": -5.5})
    id_card: dict[str, float] = msgspec.field(
        default_factory=lambda: {"same": 19.0, "near": 9.0, "different": -12.0, "unlike": -3.0}
    )
    document: dict[str, float] = msgspec.field(default_factory=lambda: {"same": 15.0, "different": -1.0})
    card: dict[str, float] = msgspec.field(default_factory=lambda: {"same": 14.0, "visit": 12.0, "different": -2.5})
    phone: dict[str, float] = msgspec.field(default_factory=lambda: {"same": 9.0, "different": -1.0})
    address: dict[str, float] = msgspec.field(
        default_factory=lambda: {"same": 6.0, "near": 3.5, "area": 1.0, "different": -1.5}
    )
    rarest: float = 21.0
    link: float = 8.5
    review: float = 0.0


DEFAULT: Final = Weights()
_FIELDS: Final = ("name", "birth", "sex", "id_card", "document", "card", "phone", "address")


def load(path: Path) -> Weights:
    """Weights of a JSON file; levels that it leaves out keep their default. Raises ``WeightsError``."""
    try:
        given = msgspec.json.decode(path.read_bytes(), type=Weights)
    except (OSError, msgspec.DecodeError) as error:
        raise WeightsError(f"{path.name}: {error}") from None
    levels = {}
    for field in _FIELDS:
        known, said = getattr(DEFAULT, field), getattr(given, field)
        if strange := set(said) - set(known):
            named = "idCard" if field == "id_card" else field
            raise WeightsError(f"{path.name}: {named}.{min(strange)} is no level; known are {', '.join(known)}")
        levels[field] = known | said
    if given.review > given.link:
        raise WeightsError(f"{path.name}: review ({given.review}) must not lie above link ({given.link})")
    return msgspec.structs.replace(given, **levels)


def installed(path: Path) -> Weights:
    """The weights of an installation: those of its file, the default where there is none. Raises ``WeightsError``."""
    return load(path) if path.exists() else DEFAULT


class Field(Value, frozen=True):
    """How a field compares, and how many bits that weighs."""

    name: str
    level: str
    bits: float


class Comparison(Value, frozen=True):
    """Two descriptions side by side: the sum of all fields and the prior, in bits."""

    score: float
    fields: tuple[Field, ...]

    def level(self, field: str) -> str:
        """The level of a field, empty when one side does not say it."""
        return next((one.level for one in self.fields if one.name == field), "")

    @property
    def probability(self) -> float:
        """That both mean one person, as far as the fields are independent."""
        return 1 / (1 + 2 ** -max(-60.0, min(60.0, self.score)))


def compare(a: Profile, b: Profile, weights: Weights, persons: int, share: float) -> Comparison:
    """``share`` is what share of people bear the name of ``a``; ``persons`` how many there are."""
    fields = tuple(_compared(a, b, weights, share))
    prior = -math.log2(max(persons, _FEWEST))
    return Comparison(round(prior + sum(field.bits for field in fields), 2), fields)


_FEWEST: Final = 100_000
"""A small register is the beginning of a large one: a county's people may turn up in it."""


def _compared(a: Profile, b: Profile, weights: Weights, share: float) -> Iterator[Field]:
    alike = _names(a, b)
    if alike is not Likeness.MISSING:
        rarity = min(weights.rarest, -math.log2(max(share, 1e-9))) if alike in BY_RARITY else 0.0
        yield Field("name", alike.value, round(rarity + weights.name[alike.value], 2))
    levels = (
        ("birth", births(a.birth, b.birth), weights.birth),
        ("sex", _sexes(a.sex, b.sex), weights.sex),
        ("idCard", _id_cards(a, b), weights.id_card),
        ("document", _documents_level(a, b), weights.document),
        ("card", _cards_level(a, b), weights.card),
        ("phone", _sets(a.phones, b.phones), weights.phone),
        ("address", _addresses(a.address, b.address), weights.address),
    )
    for name, level, weigh in levels:
        if level:
            yield Field(name, level, weigh[level])


def _names(a: Profile, b: Profile) -> Likeness:
    """The closest likeness of any names of both."""
    if a.names == b.names and len(a.names) == 1:
        return likeness(a.names[0], b.names[0])
    found = [likeness(x, y) for x in a.names for y in b.names]
    return min(found, key=_CLOSEST.__getitem__, default=Likeness.MISSING)


_CLOSEST: Final = {alike: rank for rank, alike in enumerate(Likeness)}


def _sexes(a: Known[Sex], b: Known[Sex]) -> str:
    if isinstance(a, Unknown) or isinstance(b, Unknown):
        return ""
    return "same" if a is b else "different"


def _id_cards(a: Profile, b: Profile) -> str:
    if a.card and b.card:
        return "same" if a.card == b.card else "different"
    x, y = a.card or a.wrong_card, b.card or b.wrong_card
    if not x or not y:
        return ""
    return "near" if OSA.distance(x, y, score_cutoff=2) <= 2 else "unlike"


def _documents_level(a: Profile, b: Profile) -> str:
    if a.documents & b.documents:
        return "same"
    return "different" if {kind for kind, _ in a.documents} & {kind for kind, _ in b.documents} else ""


def _cards_level(a: Profile, b: Profile) -> str:
    """Cards of insurance and health tell people apart; of those that a hospital hands out somebody may have many."""
    common = a.cards & b.cards
    if common:
        return "visit" if all(kind == CardKind.VISIT for kind, _, _ in common) else "same"
    kinds = {kind for kind, _, _ in a.cards} & {kind for kind, _, _ in b.cards}
    return "different" if kinds - {CardKind.VISIT.value} else ""


def _sets(a: frozenset[str], b: frozenset[str]) -> str:
    if not a or not b:
        return ""
    return "different" if a.isdisjoint(b) else "same"


def _addresses(a: str, b: str) -> str:
    if not a or not b:
        return ""
    if a == b:
        return "same"
    alike = fuzz.ratio(a, b, score_cutoff=60)
    if alike >= 82 and _HOUSE.findall(a) == _HOUSE.findall(b):
        return "near"
    return "area" if alike >= 60 else "different"
