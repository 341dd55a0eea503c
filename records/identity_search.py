"""Who may be meant: candidates that share a blind key, opened, compared, and judged."""

from __future__ import annotations

import time
from collections.abc import Sequence
from enum import StrEnum
from functools import lru_cache
from typing import Final, NamedTuple

from sqlalchemy import Connection

from base.keyring import KeyRing
from records import identity_store as store
from records import identity_tables as tables
from records.identity_tables import Kept
from records.judging import Judged, Relation, Rule, Someone, belongs, judge
from records.matching import Field, Weights
from records.names import prior_share
from records.profiles import Block, Profile, blocks, profile

_COUNT_SECONDS: Final = 60.0
_PRIOR_RECORDS: Final = 50_000
"""How many records the shares of names that we bring along count for, beside those that are here."""
_CERTAIN: Final = 10.0
"""Bits above the threshold of linking from where on a match is certain: an error in many thousands."""


class Grade(StrEnum):
    """How sure a match is, in the words of FHIR."""

    CERTAIN = "certain"
    PROBABLE = "probable"
    POSSIBLE = "possible"


class Candidate(NamedTuple):
    """Somebody who may be meant, and their record that is most alike. ``score`` is in bits; ``probability`` follows
    from it as far as fields are independent."""

    person: int
    record: int
    score: float
    probability: float
    grade: Grade
    rule: Rule
    fields: tuple[Field, ...]

    @property
    def certain(self) -> bool:
        return self.grade is Grade.CERTAIN


class Nearby(NamedTuple):
    """Persons that may be meant, the surest first; the records that were looked at, by id; persons that are held."""

    found: list[Judged]
    near: dict[int, Kept]
    held: set[int]


class Search:
    """Looks for the persons that a description may mean."""

    def __init__(self, ring: KeyRing, weights: Weights) -> None:
        self._ring, self._weights, self._opener = ring, weights, tables.Opener(ring)
        self._counted, self._counts = -_COUNT_SECONDS, (0, 0)

    def keys(self, given: Profile) -> list[int]:
        """The blind keys by which a description is found."""
        return [tables.key_of(self._ring, block) for block in blocks(given)]

    def judged(
        self,
        connection: Connection,
        new: Profile,
        keys: Sequence[int],
        without: int = 0,
        own: tuple[str, str] = ("", ""),
        hold: bool = False,
    ) -> Nearby:
        """Persons that a description with these keys may mean. ``without`` is the description's own record; ``own``
        (institution, number) brings a record along if there is one by now. Who would be joined is judged by all of
        their records, and held if that is wanted."""
        found_by_key, bearers = store.candidates(connection, self._opener, keys, self._name_key(new), own)
        near = {one.id: one for one in found_by_key if one.id != without}
        persons, share = self._rarity(connection, new, bearers)
        found = judge(new, map(someone, near.values()), self._weights, persons, share)
        same = [one.person for one in found if one.relation is Relation.SAME]
        if hold:
            others, held = store.holding(connection, self._opener, same, {without, *near})
        else:
            others, held = store.of_persons(connection, self._ring, same, {without, *near}), set()
        if others:
            near |= {one.id: one for one in others}
            found = judge(new, map(someone, near.values()), self._weights, persons, share)
        return Nearby(found, near, held)

    def belongs(self, connection: Connection, new: Profile, kin: Sequence[Kept]) -> Judged:
        """What a description is to the person who has these records."""
        bearers = store.bearers(connection, self._name_key(new))
        return belongs(new, [someone(one) for one in kin], self._weights, *self._rarity(connection, new, bearers))

    def candidates(self, connection: Connection, new: Profile, limit: int) -> list[Candidate]:
        """Persons that a description may mean, graded."""
        found = self.judged(connection, new, self.keys(new)).found
        return [self._candidate(one) for one in found[:limit]]

    def _candidate(self, one: Judged) -> Candidate:
        compared = one.comparison
        sure = one.rule in _BY_NUMBER or compared.score >= self._weights.link + _CERTAIN
        same = one.relation is Relation.SAME
        grade = Grade.POSSIBLE if not same else Grade.CERTAIN if sure else Grade.PROBABLE
        return Candidate(
            one.person, one.record, compared.score, compared.probability, grade, one.rule, compared.fields
        )

    def _name_key(self, new: Profile) -> int:
        return tables.key_of(self._ring, Block("name", new.name.text))

    def _rarity(self, connection: Connection, new: Profile, bearers: int) -> tuple[int, float]:
        """How many persons there are, and what share of records bear the name of a description."""
        persons, known = self._highest(connection)
        return persons, (bearers + _PRIOR_RECORDS * prior_share(new.name)) / (known + _PRIOR_RECORDS)

    def _highest(self, connection: Connection) -> tuple[int, int]:
        if time.monotonic() - self._counted > _COUNT_SECONDS:
            self._counts, self._counted = store.highest(connection), time.monotonic()
        return self._counts


_BY_NUMBER: Final = frozenset((Rule.ID_CARD, Rule.DOCUMENT))


def someone(one: Kept) -> Someone:
    """A stored record as it is judged."""
    return Someone(one.person, one.id, _profile(one.given, one.tenant))


_profile: Final = lru_cache(20_000)(profile)
