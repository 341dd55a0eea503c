"""Learns from confirmed pairs how names are written: ``yigong train-terms``.

The ranker is fitted on figures that come from pairs other than the one at hand (five folds), as it will meet names
that were never confirmed. The split is by a hash of the written name, so that training twice gives the same.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from msgspec import structs

from knowledge.naming import normal_name
from knowledge.snapshot import hash_key
from nlp.term_candidates import FIGURES, Candidates, with_training
from nlp.term_floor import SHIPPED, Floor
from nlp.term_index import Index, Side
from nlp.term_model import VERSION, About, Model, ModelError
from nlp.term_rank import Ranker, begins
from nlp.term_scores import far
from nlp.term_shift import Shift, Space, solved

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

LEAST: Final = 200
"""Pairs below which there is nothing to learn."""
_FOLDS: Final = 5
_LOST: Final = 0.01
"""The share of names known to be of the kind that the floor may refuse."""
_ROUNDS: Final = 80
STEPS: Final = 2 * _ROUNDS + _FOLDS + 2
"""How often ``train`` says that it got further."""


class Trained(NamedTuple):
    """A model, and pairs that could not be used because their standard name is not known."""

    model: Model
    unknown: tuple[str, ...]


class _Pairs(NamedTuple):
    asked: Side
    written: Any
    targets: Any
    labels: NDArray[np.intp]
    folds: NDArray[np.intp]


def train(
    index: Index,
    system: str,
    pairs: Sequence[tuple[str, str]],
    strangers: Sequence[str],
    advance: Callable[[], None] = lambda: None,
) -> Trained:
    """Learn from (written name, standard name), and from ``strangers`` what is nothing of the kind. Raises
    ``ModelError`` when the pairs are too few."""
    import numpy as np

    places = {normal_name(name): place for place, name in enumerate(index.names)}
    given = sorted({(text, normal_name(name)) for text, name in pairs})
    known = [(text, places[name]) for text, name in given if name in places]
    if len(known) < LEAST:
        raise ModelError(f"{len(known)} pairs name something that the release knows: at least {LEAST} are needed")
    asked = index.read([text for text, _ in known])
    space = Space.fit([*index.targets.views, *asked.views])
    advance()
    held = _Pairs(
        asked, space.rows(asked.views), space.rows(index.targets.views),
        np.asarray([place for _, place in known], dtype=np.intp),
        np.asarray([hash_key(f"fold {text}") % _FOLDS for text, _ in known]),
    )  # fmt: skip
    unseen = _unseen(index, space, held, advance)
    ranker, top1 = _ranked(unseen, held, advance)
    moves = _moves(space, held, np.arange(len(known)))
    labels = [index.names[place] for place in held.labels]
    about = About(
        VERSION, system, "", datetime.now(UTC).isoformat(timespec="seconds"), len(known), round(top1, 4), FIGURES,
        space.grams.longest, tuple(space.grams.terms), tuple(text for text, _ in known), tuple(labels), SHIPPED,
    )  # fmt: skip
    model = Model(about, space, moves, ranker)
    model.about = structs.replace(about, floor=_floor(index, model, unseen, held, strangers))
    return Trained(model, tuple(name for _, name in given if name not in places))


def _floor(index: Index, model: Model, unseen: Candidates, held: _Pairs, strangers: Sequence[str]) -> Floor:
    """Names whose right candidate was found by what other pairs teach, against those that are nothing of the kind."""
    found = set(unseen.rows[unseen.places == held.labels[unseen.rows]].tolist())
    own = [one for row, one in far(index, held.asked, unseen).items() if row in found]
    asked = index.read(strangers)
    other = far(index, asked, with_training(index, asked, model.shift(index)))
    return Floor.fit(own, list(other.values()), _LOST)


def _moves(space: Space, held: _Pairs, chosen: Any) -> Any:
    """Moves of chosen pairs and of their standard names, which stay where they are."""
    from scipy.sparse import vstack

    labels = held.labels[chosen]
    own = held.targets[_own(labels)]
    return solved(space, vstack([held.written[chosen], own]).tocsr(), vstack([held.targets[labels], own]).tocsr())


def _own(labels: Any) -> Any:
    """Standard names of pairs, each once, in the order of the pairs (``Model.shift`` repeats it)."""
    import numpy as np

    return np.asarray(list(dict.fromkeys(labels.tolist())), dtype=np.intp)


def _unseen(index: Index, space: Space, held: _Pairs, advance: Callable[[], None]) -> Candidates:
    """Candidates of every pair by what the others teach."""
    import numpy as np
    from scipy.sparse import vstack

    vectors = np.asarray(held.targets @ space.components)
    found = []
    for fold in range(_FOLDS):
        inside, outside = np.flatnonzero(held.folds != fold), np.flatnonzero(held.folds == fold)
        labels = held.labels[inside]
        own = _own(labels)
        rows = vstack([held.written[inside], held.targets[own]]).tocsr()
        shift = Shift(space, rows, np.concatenate([labels, own]), _moves(space, held, inside), vectors)
        one = with_training(index, held.asked.only(outside), shift)
        found.append(one._replace(rows=outside[one.rows]))
        advance()
    return Candidates(*(np.concatenate(parts) for parts in zip(*found, strict=True)))


def _ranked(found: Candidates, held: _Pairs, advance: Callable[[], None]) -> tuple[Ranker, float]:
    """A ranker fitted on all, its heat and accuracy taken from one that had not seen the last fold."""
    import numpy as np

    right = found.places == held.labels[found.rows]
    last = held.folds[found.rows] == _FOLDS - 1
    first = Ranker.fit(found.figures[~last], right[~last], found.rows[~last], _ROUNDS, advance)
    scores, groups = first.scores(found.figures[last]), found.rows[last]
    top1 = _top1(scores, right[last], groups)
    heat = first.heated(scores, right[last], groups).arrays["heat"]
    whole = Ranker.fit(found.figures, right, found.rows, _ROUNDS, advance)
    advance()
    return Ranker(whole.arrays | {"heat": np.asarray(heat)}), top1


def _top1(scores: Any, right: Any, groups: Any) -> float:
    import numpy as np

    starts = begins(groups)
    ends = np.r_[starts[1:], len(groups)]
    first = [right[start + int(scores[start:end].argmax())] for start, end in zip(starts, ends, strict=True)]
    return float(np.mean(first))
