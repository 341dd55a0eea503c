"""How likely each candidate of a written name is: by weights set by hand, or as the installation's model learned."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from nlp.term_candidates import FIGURES, Candidates, with_training, without_training
from nlp.term_features import PLAIN
from nlp.term_floor import SHIPPED, Distance, Floor, distance
from nlp.term_index import Index, Side
from nlp.term_model import Model
from nlp.term_rank import begins, shares

if TYPE_CHECKING:
    from nlp.term_shift import Shift

_WEIGHTS: Final = {
    "grams": 1.0,
    "ratio_bare": 0.3,
    "ratio_common": 0.5,
    "bare_target": 0.3,
    "common_target": 0.4,
    "common_written": 0.2,
    "rest_target": 0.4,
    "rest_written": 0.3,
    "order_target": 0.2,
}
"""Shares of the score of an untrained system, set by hand; together with the penalties below."""
_PENALTIES: Final = {
    "action_lacking": 0.12,
    "action_more": 0.12,
    "approach_more": 0.15,
    "approach_lacking": 0.06,
    "device_more": 0.08,
    "extent_more": 0.08,
    "lesion_more": 0.08,
    "sides_differ": 0.15,
    "other": 0.1,
    "heading": 0.03,
}


_RATIO: Final = PLAIN.index("ratio_bare") - len(PLAIN)
"""Counted from the end, since learned figures stand in front."""


class Scored(NamedTuple):
    """Candidates of some names: the score of each, how alike they look by hand; by row how far the name is from all
    of them, and how far it may be."""

    found: Candidates
    scores: Any
    alike: Any
    distances: Mapping[int, Distance]
    floor: Floor

    @classmethod
    def of(cls, index: Index, asked: Side, model: tuple[Model, Shift] | None) -> Scored:
        """Score the candidates of names that the index has read."""
        if model is None:
            found, floor = without_training(index, asked), SHIPPED
        else:
            found, floor = with_training(index, asked, model[1]), model[0].floor
        alike = by_hand(found)
        scores = alike if model is None else _learned(found, model[0])
        return cls(found, scores, alike, far(index, asked, found), floor)

    def near(self, row: int) -> bool:
        """Whether a name is of the kind at all."""
        return row in self.distances and self.floor.holds(self.distances[row])

    def within(self, row: int) -> slice:
        """Where the candidates of a name stand."""
        import numpy as np

        return slice(*(int(np.searchsorted(self.found.rows, row, side)) for side in ("left", "right")))


def far(index: Index, asked: Side, found: Candidates) -> dict[int, Distance]:
    """By row of what was asked, how far its candidates are."""
    alike, ratio = by_hand(found), found.figures[:, _RATIO]
    made = {}
    for start, end in zip(*runs(found.rows), strict=True):
        row, at = int(found.rows[start]), start + int(alike[start:end].argmax())
        plain = distance(asked.views[row], index, float(alike[at]), float(ratio[at]))
        made[row] = plain._replace(**_learned_distance(found.figures[start:end]))
    return made


def _learned_distance(figures: Any) -> dict[str, float]:
    if figures.shape[1] == len(PLAIN):
        return {}
    return {name: float(figures[:, FIGURES.index(name)].max()) for name in ("moved", "near")}


def runs(rows: Any) -> tuple[list[int], list[int]]:
    """Where the candidates of each name begin and end."""
    starts = begins(rows).tolist()
    return starts, [*starts[1:], len(rows)][: len(starts)]


def by_hand(found: Candidates) -> Any:
    """The hand-set score of each pair, between 0 and 1."""
    import numpy as np

    figures = found.figures[:, -len(PLAIN) :]
    places = {name: column for column, name in enumerate(PLAIN)}
    total = sum(_WEIGHTS.values())
    gain = sum(w / total * figures[:, places[name]] for name, w in _WEIGHTS.items())
    loss = sum(w * np.minimum(figures[:, places[name]], 2) for name, w in _PENALTIES.items())
    return np.clip(gain - loss, 0, 0.98)


def _learned(found: Candidates, model: Model) -> Any:
    """The learned probability of each pair among the candidates of its name."""

    return shares(model.ranker.scores(found.figures), begins(found.rows))
