"""How likely each finding is in each disease, at an age and for a sex, also where nobody says so: P(f | d).

1. What is said. Of an unknown age the mean over the ages at which the disease occurs.
2. Findings are kinds of findings. Who shows the narrow one shows the wide one: a wide finding is at least as
   likely as the likeliest narrow one, and where nothing is said of it as their noisy-or (``_TOGETHER``). Of a
   disease that is said to show only the wide one, the narrow one is its usual part of it among all diseases, less
   (``DISCOUNT``), since it was worth no word of its own.
3. What is not said is as likely as it is by chance (偶见率), or more: as in the most similar diseases
   (``NEIGHBOURS``), times ``LIKENESS``; or because the disease often comes with another that shows it
   (前驱上呼吸道感染 before 肺炎), times ``ACCOMPANIED``.
4. Nobody has one disease only: with the chance ``CONCURRENT`` the patient has another beside it, so that f shows with
   1 − (1 − P)(1 − CONCURRENT · P(f)), P(f) the mean over diseases by how common they are at this age and for this
   sex.

Similarity of diseases is the cosine of √P weighted by √ln(D / diseases that show it).
"""

from __future__ import annotations

from collections import OrderedDict
from itertools import groupby
from threading import Lock
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from clinical.logic import UNKNOWN, Known, Unknown
from clinical.patient import Sex
from inference.profiles import MIDDLES, Ages, Profiles, Whom, band_of, bands_in
from knowledge.snapshot import Snapshot

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[Any]
    Rows = NDArray[Any]

DISCOUNT: Final = 0.5
NEIGHBOURS: Final = 10
LIKENESS: Final = 0.5
ACCOMPANIED: Final = 0.6
CONCURRENT: Final = 0.15
_TOGETHER: Final = 0.8
_MOST_ALIKE: Final = 0.3
_PARTS: Final = (0.03, 0.6)
_BOUNDS: Final = (5e-4, 0.985)
_SHOWN: Final = 0.05
_KEPT: Final = 24
"""Tables kept: of a release of 700 diseases one takes a megabyte."""
_OLDEST: Final = 32_000.0


class Table(NamedTuple):
    """P(f | d) at an age and for a sex: ``common`` (F × D) with the columns ``own`` (F × some diseases) in place of
    those of ``varying``. ``rates`` is P(f) (F)."""

    common: Floats
    varying: Rows
    own: Floats
    rates: Floats

    def of(self, findings: list[int] | Rows) -> Floats:
        """P(f | d) of some findings in all diseases."""
        rows = self.common[findings]
        rows[:, self.varying] = self.own[findings]
        return self._with_others(rows, self.rates[findings])

    def among(self, diseases: Rows) -> Floats:
        """P(f | d) of all findings in some diseases."""
        import numpy as np

        columns = self.common[:, diseases]
        place = np.full(self.common.shape[1], -1)
        place[self.varying] = np.arange(len(self.varying))
        varies = place[diseases] >= 0
        columns[:, varies] = self.own[:, place[diseases][varies]]
        return self._with_others(columns, self.rates)

    @staticmethod
    def _with_others(shares: Floats, rates: Floats) -> Floats:
        import numpy as np

        together = 1 - (1 - shares) * (1 - CONCURRENT * rates[:, None])
        return np.asarray(np.clip(together, *_BOUNDS), np.float64)


class Likelihoods:
    """The tables of a release. Safe between threads."""

    def __init__(self, profiles: Profiles) -> None:
        import numpy as np

        self.profiles = profiles
        self._kinds = _Kinds(profiles)
        self._lock = Lock()
        self._kept: OrderedDict[tuple[object, ...], Table] = OrderedDict()
        cells = profiles.cells
        limited = (cells.youngest > 0) | (cells.oldest < _OLDEST) | (cells.sex >= 0)
        self._varying = np.unique(cells.disease[limited])
        self._steps = np.unique(np.concatenate((cells.youngest, cells.oldest)))
        every = np.arange(len(profiles.diseases))
        said = self._said(None, UNKNOWN, every)
        self._rates = _rate(np.maximum(said, profiles.incidental[:, None]), self._weights(None, UNKNOWN))
        base = self._kinds.carried(said, self._rates)
        self.likeness = _likeness(base)
        self._unsaid = self._imputed(base)
        self._common = np.where(base > 0, base, self._unsaid)

    @classmethod
    def of(cls, snapshot: Snapshot) -> Likelihoods:
        """Those of a release, made once in half a second."""
        return snapshot.remember("likelihoods", lambda: cls(Profiles.of(snapshot)))

    def table(self, ages: Ages, sex: Known[Sex]) -> Table:
        """The table for an age in days (or a span of ages) and a sex."""
        key = (self._step(ages), None if isinstance(sex, Unknown) else sex)
        with self._lock:
            known = self._kept.get(key)
            if known is None:
                known = self._kept[key] = self._made(ages, sex)
            self._kept.move_to_end(key)
            while len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
        return known

    def _step(self, ages: Ages) -> object:
        """What two ages share for which the same is said."""
        if ages is None or isinstance(ages, tuple):
            return ages
        return int(self._steps.searchsorted(ages, side="right")), band_of(ages)

    def _made(self, ages: Ages, sex: Known[Sex]) -> Table:
        import numpy as np

        varying, weights = self._varying, self._weights(ages, sex)
        own = self._kinds.carried(self._said(ages, sex, varying), self._rates)
        own = np.where(own > 0, own, self._unsaid[:, varying])
        rates = _rate(own, weights[varying]) * weights[varying].sum()
        weights[varying] = 0
        rates = rates + self._common @ weights.astype(np.float32)
        total = self._weights(ages, sex).sum()
        return Table(self._common, varying, own, (rates / total).astype(np.float32))

    def _weights(self, ages: Ages, sex: Known[Sex]) -> Floats:
        """How common diseases (D) are at an age and for a sex."""
        return self.profiles.weights(Whom(ages, sex))

    # -- 1. what is said ---------------------------------------------------------------------------

    def _said(self, ages: Ages, sex: Known[Sex], diseases: Rows) -> Floats:
        """What is said of findings in some diseases (F × those), 0 where nothing is."""
        import numpy as np

        if ages is not None and not isinstance(ages, tuple):
            return self._at(ages, sex, diseases)
        bands = bands_in(ages or (0.0, _OLDEST))
        weights = self.profiles.age_shares[diseases][:, bands]
        weights = weights / weights.sum(axis=1, keepdims=True)
        total = np.zeros((len(self.profiles.findings), len(diseases)), np.float32)
        known = np.zeros_like(total)
        for band, weight in zip(bands, weights.T.astype(np.float32), strict=True):
            said = self._at(MIDDLES[band], sex, diseases)
            total += said * weight
            known += (said > 0) * weight
        # At ages of which nothing is said it is there by chance, if it is there at all.
        return total + (1 - known) * np.minimum(self.profiles.incidental[:, None], total)

    def _at(self, age_days: float, sex: Known[Sex], diseases: Rows) -> Floats:
        import numpy as np

        cells, shape = self.profiles.cells, (len(self.profiles.findings), len(self.profiles.diseases))
        holds = cells.holding(age_days, sex)
        said = np.zeros(shape, np.float32)
        said[cells.finding[holds], cells.disease[holds]] = cells.share[holds]  # of several the last stays
        return said if len(diseases) == shape[1] else said[:, diseases]

    # -- 3. what is not said -----------------------------------------------------------------------

    def _imputed(self, base: Floats) -> Floats:
        import numpy as np

        alike = np.minimum(LIKENESS * self._as_neighbours(base), _MOST_ALIKE)
        unsaid = np.maximum(np.maximum(alike, self._accompanied(base)), self.profiles.incidental[:, None])
        return unsaid.astype(np.float32)

    def _as_neighbours(self, base: Floats) -> Floats:
        """The mean of what the most similar diseases show, by the square of how similar they are."""
        import numpy as np
        from scipy.sparse import csr_matrix

        others = self.likeness - np.eye(len(self.likeness), dtype=np.float32)
        near = np.argsort(-others, axis=1)[:, :NEIGHBOURS]
        weights = np.take_along_axis(others, near, axis=1) ** 2
        weights /= weights.sum(axis=1, keepdims=True) + _SHOWN
        ends = np.arange(0, near.size + 1, near.shape[1])
        mean = csr_matrix((weights.ravel(), near.ravel(), ends), self.likeness.shape)
        return np.asarray((mean @ base.T).T)

    def _accompanied(self, base: Floats) -> Floats:
        """What a disease shows because of another that it often comes with."""
        import numpy as np

        made = np.zeros_like(base)
        for finding, others in self.profiles.refers.items():
            often = np.flatnonzero(base[finding] > _SHOWN)
            for other in others:
                hosts = often[often != other]
                shown = ACCOMPANIED * base[:, other, None] * base[finding, hosts]
                made[:, hosts] = np.maximum(made[:, hosts], shown)
        return made


class _Kinds:
    """Step 2, by depth of findings: tables of any number of diseases at once."""

    def __init__(self, profiles: Profiles) -> None:
        import numpy as np

        self._incidental = profiles.incidental
        depth = [len(above) for above in profiles.above]
        wide = sorted(profiles.children, key=lambda row: -depth[row])
        self._up = []
        for _, rows in groupby(wide, key=lambda row: depth[row]):
            level = list(rows)
            below = [profiles.children[row] for row in level]
            starts = np.cumsum([0, *map(len, below[:-1])])
            self._up.append((np.array(level), np.array([row for rows_ in below for row in rows_]), starts))
        pairs = sorted(
            (depth[row], number, row, parent)
            for row, parents in enumerate(profiles.parents)
            for number, parent in enumerate(parents)
        )
        self._down = [
            np.array([(row, parent) for _, _, row, parent in group]).T
            for _, group in groupby(pairs, key=lambda pair: pair[:2])
        ]

    def carried(self, said: Floats, rates: Floats) -> Floats:
        """What is said (F × D, 0: nothing) with what follows for wider and narrower findings; ``rates`` (F) is
        P(f)."""
        import numpy as np

        made = said.copy()
        for wide, below, starts in self._up:
            narrow = made[below]
            best = np.maximum.reduceat(narrow, starts)
            either = np.maximum(best, 1 - np.multiply.reduceat(1 - _TOGETHER * narrow, starts))
            guess = np.where(either > self._incidental[wide, None], either, 0)
            made[wide] = np.where(made[wide] > 0, np.maximum(made[wide], best), guess)
        for narrow_rows, wide in self._down:
            part = np.clip(rates[narrow_rows] / np.maximum(rates[wide], 1e-6), *_PARTS) * DISCOUNT
            above = made[wide]
            guess = np.minimum(np.maximum(above * part[:, None], self._incidental[narrow_rows, None]), above)
            made[narrow_rows] = np.where(made[narrow_rows] > 0, made[narrow_rows], guess)
        return np.asarray(made, np.float32)


# -- 4. chance ---------------------------------------------------------------------------------


def _rate(shares: Floats, weights: Floats) -> Floats:
    """The mean (F) over diseases by how common they are."""
    import numpy as np

    return np.asarray(shares @ (weights / weights.sum()).astype(np.float32))


def _likeness(base: Floats) -> Floats:
    """How similar diseases look (D × D), 1 on the diagonal."""
    import numpy as np

    shown = (base > _SHOWN).sum(axis=1)
    telling = np.sqrt(np.log(base.shape[1] / (1 + shown)).clip(0)).astype(np.float32)
    looks = np.sqrt(base) * telling[:, None]
    looks /= np.linalg.norm(looks, axis=0, keepdims=True) + 1e-9
    return np.asarray(looks.T @ looks)
