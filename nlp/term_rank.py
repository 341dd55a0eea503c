"""Ranks the candidates of a written name: a conditional logit over their figures, and boosted trees on top of it.

P(s | x) = exp(f(x, s)) / Σ exp(f(x, s')) over the candidates s' of x (McFadden 1974). f is linear in the scaled
figures plus trees that follow the gradient of the same likelihood (Friedman 2001, Newton steps in the leaves). Trees
are kept as arrays: what is stored is numbers, no objects.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Numbers = NDArray[np.float32]
    Places = NDArray[np.intp]

_L2: Final = 3.0
_ROUNDS: Final = 80
_LEAVES: Final = 12
_LEAST: Final = 20
_RATE: Final = 0.1
_COLUMNS: Final = 0.4
_LEAF_L2: Final = 1.0
_STEP: Final = 4.0
_KINDS: Final = {"feature": "i2", "threshold": "f8", "left": "i2", "right": "i2", "value": "f4"}


class Ranker:
    """``trees`` are arrays of (tree, node): feature, threshold, left, right, value; children of a leaf are itself."""

    def __init__(self, arrays: Mapping[str, Any]) -> None:
        self.arrays = dict(arrays)

    @classmethod
    def fit(
        cls,
        figures: Numbers,
        right: NDArray[np.bool_],
        groups: Places,
        rounds: int = _ROUNDS,
        advance: Callable[[], None] = lambda: None,
    ) -> Ranker:
        """``groups``: which written name each row belongs to, rows of one standing together. Names without a right
        candidate teach nothing."""
        import numpy as np

        has = np.isin(groups, groups[right])
        figures, right, groups = figures[has], right[has], groups[has]
        mean, scale = figures.mean(axis=0), figures.std(axis=0) + 1e-6
        scaled = ((figures - mean) / scale).astype(np.float64)
        starts = begins(groups)
        weights = _linear(scaled, right, starts)
        trees = _boosted(figures, right, starts, scaled @ weights, rounds, advance)
        return cls({"mean": mean, "scale": scale, "weights": weights, "heat": np.ones(1), **trees})

    def scores(self, figures: Numbers) -> NDArray[np.float64]:
        """f(x, s) for rows of figures."""
        import numpy as np

        held = self.arrays
        linear = ((figures - held["mean"]) / held["scale"]).astype(np.float64) @ held["weights"]
        return np.asarray((linear + _grown(held, figures)) * held["heat"][0])

    def heated(self, scores: NDArray[np.float64], right: NDArray[np.bool_], groups: Places) -> Ranker:
        """The same with the factor that makes probabilities fit names it was not fitted on."""
        import numpy as np

        starts = begins(groups)
        tried = np.linspace(0.3, 1.5, 25)
        losses = [-np.log(np.maximum(shares(scores * heat, starts)[right], 1e-9)).sum() for heat in tried]
        return Ranker(self.arrays | {"heat": np.asarray([tried[int(np.argmin(losses))]])})


def begins(groups: Places) -> Places:
    """Where the rows of each name begin."""
    import numpy as np

    return np.flatnonzero(np.r_[True, groups[1:] != groups[:-1]][: len(groups)])


def shares(scores: NDArray[np.float64], starts: Places) -> NDArray[np.float64]:
    """Softmax within groups that begin at ``starts``."""
    import numpy as np

    group = np.repeat(np.arange(len(starts)), np.diff(np.r_[starts, len(scores)]))
    raised = np.exp(scores - np.maximum.reduceat(scores, starts)[group])
    return np.asarray(raised / np.add.reduceat(raised, starts)[group])


def _linear(scaled: NDArray[np.float64], right: NDArray[np.bool_], starts: Places) -> NDArray[np.float64]:
    import numpy as np
    from scipy.optimize import minimize

    def loss(weights: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        share = shares(scaled @ weights, starts)
        slope = scaled.T @ (share - right) + _L2 * weights
        return float(-np.log(np.maximum(share[right], 1e-12)).sum() + _L2 * (weights @ weights) / 2), slope

    found = minimize(loss, np.zeros(scaled.shape[1]), jac=True, method="L-BFGS-B", options={"maxiter": 300})
    return np.asarray(found.x)


def _boosted(
    figures: Numbers,
    right: NDArray[np.bool_],
    starts: Places,
    scores: NDArray[np.float64],
    rounds: int,
    advance: Callable[[], None],
) -> dict[str, Any]:
    from sklearn.tree import DecisionTreeRegressor

    grown = []
    for number in range(rounds):
        share = shares(scores, starts)
        tree = DecisionTreeRegressor(
            max_leaf_nodes=_LEAVES, min_samples_leaf=_LEAST, max_features=_COLUMNS, random_state=number
        ).fit(figures, right - share)
        values = _newton(tree.apply(figures), right - share, share, tree.tree_.node_count)
        scores = scores + values[tree.apply(figures)]
        grown.append((tree.tree_, values))
        advance()
    return _arrays(grown)


def _newton(leaves: Any, slope: Any, share: Any, count: int) -> Any:
    """A step for each leaf: Σ gradient / (Σ curvature + λ), bounded."""
    import numpy as np

    curve = np.maximum(share * (1 - share), 1e-6)
    raw = np.bincount(leaves, slope, count) / (np.bincount(leaves, curve, count) + _LEAF_L2)
    return np.clip(raw, -_STEP, _STEP) * _RATE


def _arrays(grown: list[tuple[Any, Any]]) -> dict[str, Any]:
    """Trees side by side, padded to the largest."""
    import numpy as np

    size = max((tree.node_count for tree, _ in grown), default=1)
    made = {name: np.zeros((len(grown), size), dtype=kind) for name, kind in _KINDS.items()}
    for row, (tree, values) in enumerate(grown):
        nodes, leaf = np.arange(tree.node_count), tree.children_left < 0
        made["feature"][row, nodes] = np.where(leaf, 0, tree.feature)
        made["threshold"][row, nodes] = tree.threshold
        made["left"][row, nodes] = np.where(leaf, nodes, tree.children_left)
        made["right"][row, nodes] = np.where(leaf, nodes, tree.children_right)
        made["value"][row, nodes] = np.where(leaf, values, 0)
    return made


def _grown(held: Mapping[str, Any], figures: Numbers) -> NDArray[np.float64]:
    """Sum of what the trees say of each row: all trees step down at once."""
    import numpy as np

    left, right = held["left"], held["right"]
    which = np.arange(len(left))
    node = np.zeros((len(figures), len(left)), dtype=np.intp)
    rows = np.arange(len(figures))[:, None]
    for _ in range(_LEAVES):
        below = figures[rows, held["feature"][which, node]] <= held["threshold"][which, node]
        after = np.where(below, left[which, node], right[which, node])
        if np.array_equal(after, node):
            break
        node = after
    return np.asarray(held["value"][which, node].sum(axis=1), dtype=np.float64)
