"""Which rare diseases show which phenotypes, how often: the annotations of a release as sparse matrices.

Rows are diseases, columns phenotypes. A disease that shows a phenotype shows everything the phenotype is a kind of:
``carried`` holds, for a phenotype and all above it, the share of patients who show it or anything below it,
1 − ∏(1 − fᵢ). ``rate`` is the mean of that over all diseases, by which chance is reckoned: −ln(rate) is the
information content of a phenotype (Resnik 1995).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import msgspec

from knowledge.model import Predicate
from knowledge.snapshot import Snapshot
from nlp.phenotype_names import ROOT, below

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from scipy.sparse import csc_matrix, csr_matrix

    Floats = NDArray[Any]

UNSTATED: Final = 0.5
"""Share of patients taken where a source says nothing of how often: the mean of those that are counted."""
_BOUNDS: Final = (0.01, 0.99)
"""No share is certain: the one patient in three who was described does not make it 100 %."""
_SMOOTHING: Final = 5.0
"""Diseases by which every rate is raised: that a phenotype was described in one disease only is no proof of it."""
SPOKEN: Final = 0.15
"""How likely a phenotype that somebody shows stands in what we are told of them."""


class _Share(msgspec.Struct, frozen=True, gc=False):
    share_min: float = -1.0
    share_max: float = -1.0


class _Shown(msgspec.Struct, frozen=True, gc=False):
    """A has-phenotype statement, no more than is needed: there are a quarter of a million."""

    subject: str
    predicate: Predicate
    object: str
    qualifiers: _Share = _Share()


class NoPhenotypesError(Exception):
    """The release holds no phenotypes, or no disease that shows any."""


@dataclass(frozen=True, slots=True)
class Atlas:
    """See the module. ``above[i]`` lists a phenotype and all it is a kind of; ``below`` (csc, P × P) has in its
    columns all that is a kind of one. ``shown`` (csr) holds the shares as they are told, ``stated`` whether they are
    (1) or only taken (0), ``excluded`` phenotypes that speak against a disease. ``hush`` is ln(1 − SPOKEN · f) of
    each share, ``silence`` its sum by disease."""

    phenotypes: tuple[str, ...]
    row: dict[str, int]
    above: tuple[Floats, ...]
    below: csc_matrix
    diseases: tuple[str, ...]
    shown: csr_matrix
    stated: csr_matrix
    excluded: csc_matrix
    carried: csc_matrix
    rate: Floats
    hush: csr_matrix
    silence: Floats

    @classmethod
    def of(cls, snapshot: Snapshot) -> Atlas:
        """The atlas of a release, made once in some three seconds. Raises ``NoPhenotypesError``."""
        return snapshot.remember("rare-atlas", lambda: _made(snapshot))

    def covered(self, rows: list[int]) -> Floats:
        """1 for phenotypes that are spoken of when these are: themselves, all above and all below."""
        import numpy as np

        marks = np.zeros(len(self.phenotypes), np.float32)
        for row in rows:
            marks[self.above[row]] = 1
            marks[self.below.indices[self.below.indptr[row] : self.below.indptr[row + 1]]] = 1
        return marks


def _made(snapshot: Snapshot) -> Atlas:
    import numpy as np
    from scipy.sparse import csr_matrix

    phenotypes = tuple(sorted(concept.id for concept in below(snapshot, ROOT)))
    row = {phenotype: number for number, phenotype in enumerate(phenotypes)}
    told = _told(snapshot, row) if row else []
    if not told:
        raise NoPhenotypesError
    diseases = tuple(sorted({one.subject for one in told}))
    number = {disease: n for n, disease in enumerate(diseases)}
    places = np.array([(number[one.subject], row[one.object]) for one in told], np.int32).T
    low = np.array([one.qualifiers.share_min for one in told], np.float32)
    high = np.array([one.qualifiers.share_max for one in told], np.float32)
    shape = (len(diseases), len(phenotypes))
    above = tuple(_rows_above(snapshot, phenotype, row) for phenotype in phenotypes)
    up = _closure(above)
    there, stated = high != 0, (low >= 0).astype(np.float32)
    shares = np.clip(np.where(low >= 0, (low + high) / 2, UNSTATED), *_BOUNDS).astype(np.float32)
    shown = csr_matrix((shares[there], places[:, there]), shape)
    excluded = csr_matrix((np.ones(int((~there).sum()), np.float32), places[:, ~there]), shape)
    carried = _carried(shown, up)
    hush = shown.copy()
    hush.data = np.log1p(-SPOKEN * hush.data)
    return Atlas(
        phenotypes,
        row,
        above,
        up.tocsc(),
        diseases,
        shown,
        csr_matrix((stated[there], places[:, there]), shape),
        excluded.tocsc(),
        carried,
        (np.asarray(carried.sum(0)).ravel() + _SMOOTHING) / len(diseases),
        hush,
        np.asarray(hush.sum(1)).ravel(),
    )


def _told(snapshot: Snapshot, row: dict[str, int]) -> list[_Shown]:
    """What diseases show; of two that say it of one disease, merged from two sources, the one with the larger
    share."""
    best: dict[tuple[str, str], _Shown] = {}
    for one in snapshot.saying(Predicate.HAS_PHENOTYPE, _Shown):
        if one.object in row:
            known = best.setdefault((one.subject, one.object), one)
            if one.qualifiers.share_max > known.qualifiers.share_max:
                best[(one.subject, one.object)] = one
    return list(best.values())


def _rows_above(snapshot: Snapshot, phenotype: str, row: dict[str, int]) -> Floats:
    import numpy as np

    return np.array(sorted(row[one] for one in snapshot.ancestors(phenotype) if one in row), np.int32)


def _closure(above: tuple[Floats, ...]) -> csr_matrix:
    """P × P: 1 where the column is the row or above it."""
    import numpy as np
    from scipy.sparse import csr_matrix

    ends = np.cumsum([0, *(len(rows) for rows in above)])
    indices = np.concatenate(above)
    return csr_matrix((np.ones(len(indices), np.float32), indices, ends), (len(above), len(above)))


def _carried(shown: csr_matrix, up: csr_matrix) -> csc_matrix:
    """1 − ∏(1 − f) over a phenotype and all below it, by disease."""
    import numpy as np

    missed = shown.copy()
    missed.data = np.log1p(-missed.data)
    carried = (missed @ up).tocsc()
    carried.data = -np.expm1(carried.data)
    return carried


__all__ = ["SPOKEN", "UNSTATED", "Atlas", "NoPhenotypesError"]
