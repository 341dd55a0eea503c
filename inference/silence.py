"""What it says that a story mentions none of the complaints that bring patients with a disease.

How surely a patient who has f names it unasked, m(f), is written in the table of complaints (主诉倾向, ``TOLD``). A
leading complaint of d is one that most patients with d name: m(f) · P(f | d) is ``LEADING`` or more. Where none of
those of d was mentioned,

    P(silent | d) = Π 1 − r · m(f) · P(f | d)   over the leading complaints f of d,   r = n / (n + 1)

n symptoms were spoken of: the more, the surer the story is whole. Complaints of one disease stand for each other: who
named one has said why he came, and may have left out the rest; one that was denied was asked for and counts as such
(``inference.weighing``). A complaint and its kinds are one (the likeliest to be named of them counts).

Nothing is said by silence where no symptom is there that somebody told (a list of results is no story), about what a
child of this age only feels and cannot say yet, and about findings without a row in the table.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from inference.likelihood import Likelihoods, Table
from inference.profiles import Ages, deciding
from inference.weighing import Weighed
from knowledge.model import Predicate, Statement
from knowledge.snapshot import Snapshot
from knowledge.tables.diagnosis import TOLD

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[Any]
    Flags = NDArray[Any]

LEADING: Final = 0.5
"""More patients with the disease name it than not."""


class Silence(NamedTuple):
    """Complaints, what is said of each; against which diseases it counts that nobody mentioned it (complaints × D);
    and what all of that weighs (D)."""

    complaints: tuple[Statement, ...]
    against: Flags
    weights: Floats

    def unsaid(self, disease: int) -> list[Statement]:
        """What counts against a disease (row)."""
        return [said for said, counts in zip(self.complaints, self.against[:, disease], strict=True) if counts]


class Silences:
    """What is told unasked, by one release. Safe between threads."""

    def __init__(self, snapshot: Snapshot) -> None:
        import numpy as np

        self._profiles = Likelihoods.of(snapshot).profiles
        place = self._profiles.place
        told = [s for s in deciding(snapshot, Predicate.TOLD_UNASKED) if s.subject in place and _share(s) >= LEADING]
        told.sort(key=lambda s: (self._widest(place[s.subject]), len(self._profiles.above[place[s.subject]]), s.id))
        self._rows = [place[s.subject] for s in told]
        self._shares = np.array([_share(s) for s in told])
        self._youngest = np.array([s.qualifiers.get("age_min", 0) for s in told])
        kinds = groupby(range(len(told)), key=lambda number: self._widest(self._rows[number]))
        families = {widest: list(members) for widest, members in kinds}
        self._widests = list(families)
        self._starts = np.array([members[0] for members in families.values()], np.int64)
        self._complaints = tuple(told[members[0]] for members in families.values())

    @classmethod
    def of(cls, snapshot: Snapshot) -> Silences:
        """Those of a release, read once."""
        return snapshot.remember("silences", lambda: cls(snapshot))

    def about(self, weighed: Iterable[Weighed], table: Table, ages: Ages) -> Silence:
        """What it says that nothing but what was ``weighed`` was mentioned."""
        import numpy as np

        findings = [one for one in weighed if one.finding >= 0]
        symptoms = [one.evidence for one in findings if one.evidence.dimension == "symptom"]
        if not self._rows or not any(one.present for one in symptoms):
            return self._nothing()
        named = self._named(table, ages)
        leading = named >= LEADING
        mentioned = {row for one in findings for row in (one.finding, *self._profiles.above[one.finding])}
        spoken = np.isin(self._widests, list(mentioned))
        against = leading & ~leading[spoken].any(axis=0)
        whole = len(symptoms) / (len(symptoms) + 1)
        return Silence(self._complaints, against, np.log1p(-whole * np.where(against, named, 0)).sum(axis=0))

    def _nothing(self) -> Silence:
        import numpy as np

        diseases = len(self._profiles.diseases)
        return Silence((), np.zeros((0, diseases), bool), np.zeros(diseases))

    def _widest(self, row: int) -> int:
        return (self._profiles.above[row] or (row,))[0]

    def _named(self, table: Table, ages: Ages) -> Floats:
        """Share of patients with each disease who name a complaint unasked (complaints × D)."""
        import numpy as np

        if ages is None:
            shares = self._shares
        else:
            shares = np.where(self._youngest <= (ages[0] if isinstance(ages, tuple) else ages), self._shares, 0)
        return np.asarray(np.maximum.reduceat(table.of(self._rows) * shares[:, None], self._starts))


def _share(said: Statement) -> float:
    return TOLD[said.qualifiers["telling"]]
