"""Which diseases a patient's evidence suggests, with how likely each is.

    P(d | evidence) ∝ c(d, who, when, where) · Π P(eᵢ | d) ^ TEMPER

c is how common the disease is among first visits at this age, for this sex, in this season and region
(``inference.profiles``), P(eᵢ | d) what each piece of evidence weighs (``inference.weighing``) and what nobody
mentioned (``inference.silence``), TEMPER how far that can be believed (``inference.calibration``). Diseases without
a profile enter as ``inference.loaded`` says.

Among diseases that somebody named, each stands for itself and its kinds (the narrowest name that fits counts),
and the probabilities are those given that one of them is right.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from inference import loaded as graphs
from inference.calibration import NAMED_PRIOR, TEMPER
from inference.evidence import Evidence
from inference.likelihood import Table
from inference.loaded import Loaded
from inference.naming import Named
from inference.profiles import Profiles, Whom
from inference.silence import Silence
from inference.weighing import Weighed

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[Any]

_MOST_LOADED: Final = 20
_TINY: Final = 1e-12


@dataclass(frozen=True, slots=True)
class Ranked:
    """A disease and how likely it is. ``rows`` are the profiles it stands for, the likeliest first; ``loaded`` what a
    loaded graph says where it has none; ``words`` how somebody named it."""

    disease: str
    probability: float
    rows: tuple[int, ...] = ()
    loaded: Loaded | None = None
    words: str = ""


@dataclass(frozen=True)
class Assessment:
    """What evidence says of all diseases. ``weighed`` lists every piece with its weights (D), ``silence`` what nobody
    mentioned; ``factors`` what each circumstance multiplies how common they are by; ``assumed`` (Chinese) what was
    taken to be so without being told."""

    profiles: Profiles
    whom: Whom
    table: Table
    evidence: tuple[Evidence, ...]
    weighed: tuple[Weighed, ...]
    silence: Silence
    factors: dict[str, Floats]
    named: tuple[Named, ...] = ()
    assumed: tuple[str, ...] = ()

    @cached_property
    def weight(self) -> Floats:
        """ln of the evidence (D), tempered."""
        import numpy as np

        if not self.weighed:
            return np.zeros(len(self.profiles.diseases))
        told = np.sum([one.weights for one in self.weighed], axis=0)
        return np.asarray(TEMPER * (told + self.silence.weights))

    @cached_property
    def common(self) -> Floats:
        """How common each disease (D) is among visits like this one."""
        import numpy as np

        return np.asarray(np.prod(list(self.factors.values()), axis=0))

    @cached_property
    def loaded(self) -> list[Loaded]:
        """Diseases of loaded graphs that compete."""
        return graphs.loaded(self.evidence, self.rates, self.profiles.snapshot, _MOST_LOADED)

    @cached_property
    def rates(self) -> dict[str, float]:
        """How often each finding of the evidence is seen at all, at this age."""
        place = self.profiles.place
        rows = {one.finding: place[one.finding] for one in self.evidence if one.finding in place}
        return {finding: max(float(self.table.rates[row]), _TINY) for finding, row in rows.items()}

    @cached_property
    def _logits(self) -> tuple[Floats, Floats]:
        """ln of common times evidence, of diseases with a profile and of loaded ones."""
        import numpy as np

        own = np.log(np.maximum(self.common, _TINY)) + self.weight
        others = np.array([np.log(one.common) + TEMPER * one.weight for one in self.loaded])
        return own, others

    @cached_property
    def posterior(self) -> Floats:
        """P(d | evidence) of the diseases with a profile (D); loaded ones have the rest."""
        import numpy as np

        own, others = self._logits
        top = max(own.max(), others.max(initial=-np.inf))
        total = np.exp(own - top).sum() + np.exp(others - top).sum()
        return np.asarray(np.exp(own - top) / total)

    def ranked(self) -> list[Ranked]:
        """All diseases, or those that were named, the likeliest first."""
        return self._among() if self.named else self._all()

    def _all(self) -> list[Ranked]:
        import numpy as np

        posterior, diseases = self.posterior, self.profiles.diseases
        found = [Ranked(diseases[row], float(posterior[row]), (int(row),)) for row in np.argsort(-posterior)]
        own, others = self._logits
        rest = float(1 - posterior.sum())
        share = np.exp(others - others.max(initial=-np.inf)) if len(others) else others
        share = share / share.sum() * rest if len(share) else share
        found += [Ranked(one.disease, float(p), loaded=one) for one, p in zip(self.loaded, share, strict=True)]
        return sorted(found, key=lambda one: (-one.probability, one.disease))

    def _among(self) -> list[Ranked]:
        """Those that were named; what nobody knows comes last."""
        import numpy as np

        parts = [self._one_of(named, rows) for named, rows in zip(self.named, self._shared_out(), strict=True)]
        scores = np.array([score for score, _ in parts])
        top = scores.max(initial=-np.inf)
        chances = np.exp(scores - top) if np.isfinite(top) else np.zeros(len(scores))
        chances = chances / max(chances.sum(), _TINY)
        found = [
            Ranked(one.disease, float(chance), one.rows, one.loaded, one.words)
            for chance, (_, one) in zip(chances, parts, strict=True)
        ]
        return sorted(found, key=lambda one: -one.probability)

    def _shared_out(self) -> list[tuple[int, ...]]:
        """The profiles of each name, those that several stand for under the narrowest."""
        owner: dict[int, int] = {}
        for place, named in sorted(enumerate(self.named), key=lambda pair: -len(pair[1].rows)):
            owner |= dict.fromkeys(named.rows, place)
        shared = [tuple(r for r in named.rows if owner[r] == place) for place, named in enumerate(self.named)]
        return [own or named.rows for own, named in zip(shared, self.named, strict=True)]

    def _one_of(self, named: Named, rows: tuple[int, ...]) -> tuple[float, Ranked]:
        """ln of how well a name fits, and the name ranked (its probability is not known yet)."""
        import numpy as np

        snapshot = self.profiles.snapshot
        if not rows:
            if not named.concept:
                return -np.inf, Ranked("", 0.0, words=named.words)
            one = graphs.named(named.concept, self.evidence, self.rates, snapshot)
            score = TEMPER * one.weight + NAMED_PRIOR * np.log(one.common)
            return score, Ranked(named.concept, 0.0, loaded=one, words=named.words)
        places = np.array(rows)
        common = np.maximum(self.common[places], _TINY)
        inside = self.weight[places] + np.log(common / common.sum())
        top = inside.max()
        score = float(top + np.log(np.exp(inside - top).sum()) + NAMED_PRIOR * np.log(common.sum()))
        order = tuple(int(row) for row in places[np.argsort(-inside)])
        return score, Ranked(named.concept or self.profiles.diseases[order[0]], 0.0, order, words=named.words)
