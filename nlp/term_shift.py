"""What confirmed pairs teach: how written names move to get where the standard's names are.

Names are vectors (n-grams, truncated SVD). For pairs (x, s) the shift v(s) − v(x) is learned by kernel ridge
regression on the n-grams of x: W = (K + λI)⁻¹ (V_s − V_x), shift(x) = k(x, X) W. A name like none of the pairs
stays where it is, so that what was never confirmed is found as before.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

from nlp.embed import unit
from nlp.term_grams import Grams
from nlp.term_text import View

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Numbers = NDArray[np.float32]

_LONGEST: Final = 2
_DIMENSIONS: Final = 400
_RIDGE: Final = 0.3
_POWER: Final = 4


class Space:
    """Names as vectors. ``components`` has a row for each n-gram."""

    def __init__(self, grams: Grams, components: Numbers) -> None:
        self.grams, self.components = grams, components

    @classmethod
    def fit(cls, views: Sequence[View]) -> Space:
        """Learn from names of the standard and written ones."""
        import numpy as np
        from sklearn.decomposition import TruncatedSVD

        texts = [one.sided for one in views]
        grams = Grams.fit(texts, _LONGEST)
        rows = grams.rows(texts)
        kept = min(_DIMENSIONS, min(rows.shape) - 1)
        reduced = TruncatedSVD(kept, n_iter=3, random_state=0).fit(rows)
        return cls(grams, np.ascontiguousarray(reduced.components_.T, dtype=np.float32))

    def rows(self, views: Sequence[View]) -> Any:
        return self.grams.rows([one.sided for one in views])


class Shift:
    """Confirmed pairs against the names of one index: ``written`` are rows of n-grams, ``labels`` the place of each
    one's standard name (-1: not in this index), ``moves`` what was solved, ``targets`` the index's vectors."""

    def __init__(
        self, space: Space, written: Any, labels: NDArray[np.intp], moves: Numbers, targets: Numbers
    ) -> None:
        import numpy as np

        order = np.argsort(labels, kind="stable")
        self.space, self._moves, self._targets = space, moves[order], unit(targets)
        self._across = written[order].T.tocsr()
        known, starts, counts = np.unique(labels[order], return_index=True, return_counts=True)
        here = known >= 0
        self._first = int(counts[~here].sum())
        self.known, self.counts = known[here], counts[here]
        self._starts = starts[here] - self._first

    def asked(self, rows: Any) -> tuple[Numbers, Numbers, Numbers, Numbers]:
        """For written names: cosine with every name of the standard once moved, and before; for each known label the
        likeness of the nearest pair, and its share of the votes of all (likeness to the fourth power)."""
        import numpy as np

        near = (rows @ self._across).toarray()
        still = np.asarray(rows @ self.space.components)
        moved = unit(still + near @ self._moves) @ self._targets.T
        voters = near[:, self._first :]
        nearest = np.maximum.reduceat(voters, self._starts, axis=1)
        votes = np.add.reduceat(voters**_POWER, self._starts, axis=1)
        shares = votes / np.maximum(votes.sum(axis=1, keepdims=True), 1e-9)
        return moved, unit(still) @ self._targets.T, nearest, shares


def solved(space: Space, written: Any, targets: Any) -> Numbers:
    """W of the module's formula for pairs of rows: what was written, and its standard name."""
    import numpy as np

    kernel = (written @ written.T).toarray()
    kernel[np.diag_indices_from(kernel)] += _RIDGE
    moves: Numbers = np.linalg.solve(kernel, (targets - written) @ space.components).astype(np.float32)
    return moves
