"""What each piece of evidence weighs for each disease: ln P(evidence | d), as far as it adds to what was counted
before.

- A present finding counts P(f | d); where a wider one is known to be there too, P(f | d) / P(wider | d), so that
  水样便 and 腹泻 are not counted twice and 水样便 and 黏液便 share their 腹泻.
  What a patient says is there is now and then something else (``MISSAID``): P + m · (1 − P).
- An absent finding counts 1 − s · P(f | d) (of the narrower part, where the wider is there): s is how surely it
  would have been found (``SEEN``); who asks or looks misses some. Times 1 + P for what is asked or looked for: a
  doctor asks what he suspects, so that a question, even one that is answered with no, says something (``SUSPECTED``).
- A disease that somebody was told to have counts as a witness: P(told c | d) is ``TOLD_RIGHT`` if d is c or a
  kind of it, what the histories that mean c say of d, else ``TOLD_WRONG`` and more the more c looks like d. Those
  histories are not counted again.
- Findings that go together (fever, rigors, raised leucocytes) repeat each other: the weight of each is divided by
  1 + ``REPETITION`` · Σ ρ², ρ the correlation of its weights over diseases with those of each other present finding.

What nobody mentions is weighed by ``inference.silence``.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from inference.evidence import Evidence
from inference.likelihood import Likelihoods, Table
from inference.naming import Names
from knowledge.snapshot import Snapshot

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[Any]

SEEN: Final = {"lab": 0.95, "exam": 0.9, "sign": 0.75}
ASKED: Final = 0.75
"""How surely an absent finding would have been found: by a test, by looking; by asking (all other dimensions)."""
SUSPECTED: Final = {"symptom": 1.0, "sign": 1.0}
"""How much oftener a finding is asked or looked for in a disease that always shows it than in one that never does,
less one."""
MISSAID: Final = {"symptom": 0.01, "sign": 0.005}
"""Share of patients without a finding of whom it is said all the same."""
TOLD_RIGHT: Final = 0.6
TOLD_WRONG: Final = 0.03
TOLD_ALIKE: Final = 0.2
WIDE: Final = 12
"""A name of more diseases than this (感染) tells little."""
WIDE_RIGHT: Final = 0.35
WIDE_WRONG: Final = 0.15
REPETITION: Final = 0.25
DOUBT: Final = 0.5
"""What a finding that is only suspected weighs."""
_SURE: Final = 0.985
_TINY: Final = 1e-9


@dataclass(frozen=True, slots=True)
class Weighed:
    """Evidence with its weights (D); ``finding`` is its row, -1 for what is none."""

    evidence: Evidence
    finding: int
    weights: Floats


class Weighing:
    """Weighs evidence for the diseases of one release."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot
        self._likelihoods = Likelihoods.of(snapshot)
        self._profiles = self._likelihoods.profiles
        self._names = Names.of(snapshot)

    def weigh(self, evidence: Iterable[Evidence], table: Table) -> list[Weighed]:
        """Every piece that says something, present findings first."""
        place = self._profiles.place
        findings = [one for one in evidence if one.finding in place]
        told = [one for one in evidence if one.is_disease]
        findings = self._unrepeated(findings, told)
        there, present = self._present([one for one in findings if one.present], table)
        absent = self._absent([one for one in findings if not one.present], there, table)
        return [*_damped(present), *absent, *(self._told(one, table) for one in told)]

    def _depth(self, row: int) -> int:
        return len(self._profiles.above[row])

    def _present(self, findings: list[Evidence], table: Table) -> tuple[set[int], list[Weighed]]:
        """Present findings weighed, the widest first; and all rows that are there with them."""
        import numpy as np

        there: set[int] = set()
        found = []
        for one in sorted(findings, key=lambda e: (self._depth(self._profiles.place[e.finding]), e.finding)):
            row = self._profiles.place[one.finding]
            share = self._given(row, there, table)
            weights = np.log(share + MISSAID.get(one.dimension, 0.0) * (1 - share))
            found.append(Weighed(one, row, weights * DOUBT if one.doubtful else weights))
            if not one.doubtful:
                there |= {row, *self._profiles.above[row]}
        return there, found

    def _given(self, row: int, there: set[int], table: Table) -> Floats:
        """P(f | d) given the deepest wider finding that is there."""
        import numpy as np

        wider = [above for above in self._profiles.above[row] if above in there]
        if not wider:
            return np.asarray(table.of([row])[0])
        own, above = table.of([row, max(wider, key=self._depth)])
        return np.asarray(np.minimum(own / above, _SURE))

    def _absent(self, findings: list[Evidence], there: set[int], table: Table) -> list[Weighed]:
        import numpy as np

        rows = {self._profiles.place[one.finding]: one for one in findings}
        found = []
        for row, one in rows.items():
            if row not in there and not any(above in rows for above in self._profiles.above[row]):
                seen = SEEN.get(one.dimension, ASKED)
                share = self._given(row, there, table)
                weights = np.log(1 - seen * share) + np.log1p(SUSPECTED.get(one.dimension, 0.0) * share)
                found.append(Weighed(one, row, weights * DOUBT if one.doubtful else weights))
        return found

    # -- witnesses ---------------------------------------------------------------------------------

    def _unrepeated(self, findings: list[Evidence], told: list[Evidence]) -> list[Evidence]:
        """Findings without the histories that say the same as a disease somebody was told."""
        place, refers = self._profiles.place, self._profiles.refers
        rows = {(self._profiles.row.get(one.finding, -1), one.present) for one in told}
        named = {one.finding: refers.get(place[one.finding], ()) for one in findings}
        return [one for one in findings if not any((row, one.present) in rows for row in named[one.finding])]

    def _told(self, one: Evidence, table: Table) -> Weighed:
        import numpy as np

        chance = self._chance_told(one.finding, table)
        weights = np.log(chance) if one.present else np.log(1 - ASKED * chance)
        return Weighed(one, -1, weights * DOUBT if one.doubtful else weights)

    def _chance_told(self, disease: str, table: Table) -> Floats:
        """P(told that it is this disease | d) (D)."""
        import numpy as np

        profiles = self._profiles
        kinds = list(self._names.disease(self._snapshot.name(disease)).rows or self._names.rows(disease))
        chance = np.full(len(profiles.diseases), TOLD_WRONG)
        if len(kinds) > WIDE:
            chance[:] = WIDE_WRONG
        elif disease in profiles.row:
            chance += TOLD_ALIKE * self._likelihoods.likeness[profiles.row[disease]]
        histories = [row for row, names in profiles.refers.items() if profiles.row.get(disease, -1) in names]
        if histories:
            chance = np.maximum(chance, table.of(histories).max(axis=0))
        chance[kinds] = WIDE_RIGHT if len(kinds) > WIDE else TOLD_RIGHT
        least: Floats = np.minimum(chance, _SURE)
        return least


def _damped(present: list[Weighed]) -> list[Weighed]:
    """Present findings with the weight of those that repeat each other divided."""
    import numpy as np

    if len(present) < 2:
        return present
    centred = np.array([one.weights - one.weights.mean() for one in present])
    centred /= np.linalg.norm(centred, axis=1, keepdims=True) + _TINY  # what weighs the same in all repeats none
    related = (centred @ centred.T).clip(0)
    np.fill_diagonal(related, 0)
    repeated = (related**2).sum(axis=1)
    return [
        Weighed(one.evidence, one.finding, one.weights / (1 + REPETITION * times))
        for one, times in zip(present, repeated, strict=True)
    ]
