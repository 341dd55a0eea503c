"""Tests and examinations: what they cost a patient, at which level of care they are had, and which findings they
show."""

from __future__ import annotations

from typing import Final, NamedTuple

from clinical.logic import Known, Unknown
from knowledge.model import Concept, ConceptKind, Predicate, Standing, Statement
from knowledge.naming import normal_name
from knowledge.snapshot import Snapshot

LEVELS: Final = ("village", "township", "county", "city")
LEVEL_NAMES: Final = {"village": "村卫生室", "township": "乡镇卫生院", "county": "县级医院", "city": "市级医院"}
_OF_INSTITUTION: Final = {1: 1, 2: 2, 3: 3}
"""Grade of a hospital (一级, 二级, 三级) → place among ``LEVELS``."""


class Item(NamedTuple):
    """A test or examination. ``harm``, ``cost`` and ``level`` (the lowest that usually offers it) are taken to be
    moderate and county where the release says nothing (``statement`` None)."""

    concept: str
    name: str
    kind: str
    harm: str = "low"
    cost: str = "moderate"
    level: str = "county"
    statement: Statement | None = None

    def available(self, institution_level: Known[int]) -> bool | None:
        """Whether an institution of a grade usually offers it; None when its grade is unknown."""
        if isinstance(institution_level, Unknown):
            return None
        return LEVELS.index(self.level) <= _OF_INSTITUTION.get(institution_level, 3)


class Items:
    """Those of one release."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot
        said = snapshot.saying(Predicate.ITEM_PROFILE, Statement)
        self._profiles = {s.subject: s for s in said if s.standing is not Standing.UNREVIEWED}

    @classmethod
    def of(cls, snapshot: Snapshot) -> Items:
        """Those of a release, read once."""
        return snapshot.remember("item-profiles", lambda: cls(snapshot))

    def item(self, concept: str) -> Item:
        """A test or examination by its concept; of one without a profile that of the panel it is in."""
        known = self._snapshot.concept(concept)
        kind = "exam" if known is not None and known.kind is ConceptKind.EXAM else "lab"
        told = self._profiles.get(concept) or next(
            (self._profiles[p] for p in self.panels(concept) if p in self._profiles), None
        )
        name = self._snapshot.name(concept)
        if told is None:
            return Item(concept, name, kind)
        q = told.qualifiers
        return Item(concept, name, kind, q["harm"], q["cost"], q["level"], told)

    def panels(self, concept: str) -> list[str]:
        """Panels and combined examinations that contain it."""
        said = self._snapshot.pointing_at(concept)
        return [s.subject for s in said if s.predicate is Predicate.CONTAINS]

    def members(self, concept: str) -> list[str]:
        """What is in a panel or combined examination."""
        return [s.object for s in self._snapshot.statements(Predicate.CONTAINS, concept)]

    def wider(self, concept: str) -> set[str]:
        """Itself, the classes it is of, and panels and combined examinations that contain it."""
        return {concept, *self._snapshot.lineage[concept], *self.panels(concept)}

    def showing(self, finding: Concept) -> Item | None:
        """What to order to see a finding: the panel of its test, its test or its examination."""
        own = self._own(finding)
        if not own:
            return None
        profiled = (p for p in self.panels(own) if p in self._profiles)
        return self.item(own if own in self._profiles else next(profiled, own))

    def all_showing(self, finding: Concept) -> list[str]:
        """Everything that shows a finding: its test or examination, and panels that contain it."""
        own = self._own(finding)
        return [own, *self.panels(own)] if own else []

    def _own(self, finding: Concept) -> str:
        for attribute, kind in (("lab", ConceptKind.LAB), ("exam", ConceptKind.EXAM)):
            name = str(finding.attributes.get(attribute, ""))
            found = self._snapshot.by_name(name, kind) if name else ()
            preferred = [c for c in found if normal_name(c.name) == normal_name(name)] or list(found)
            if preferred:
                return preferred[0].id
        return ""
