"""Which names of the standard a written name may mean, with the figures that they are ranked by."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from nlp.term_features import PLAIN, plain
from nlp.term_index import Index, Side, best

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from nlp.term_shift import Shift

    Numbers = NDArray[np.float32]
    Places = NDArray[np.intp]

_SHORT: Final = 50
_SIMILAR, _MOVED, _NEAR = 10, 25, 8
_CATEGORY: Final = 5
_CHAPTER: Final = 2
LEARNED: Final = (
    "moved",
    "moved_behind",
    "moved_ahead",
    "still",
    "still_behind",
    "grams_behind",
    "near",
    "near_behind",
    "share",
    "share_behind",
    "often",
    "known",
    "category_share",
    "chapter_share",
)
"""Names of the figures that confirmed pairs give; ``behind`` is the distance to the best candidate."""
FIGURES: Final = (*LEARNED, *PLAIN)


class Candidates(NamedTuple):
    """Pairs of a row of what was asked and a place in the index, rows of one name standing together."""

    rows: Places
    places: Places
    figures: Numbers


def without_training(index: Index, asked: Side) -> Candidates:
    """The nearest by n-grams, with the figures of ``PLAIN``."""
    import numpy as np

    found = best(index.similar(asked), _SHORT)
    rows = np.repeat(np.arange(len(found)), found.shape[1])
    places = np.sort(found, axis=1).ravel()
    return Candidates(rows, places, plain(index, asked, rows, places))


def with_training(index: Index, asked: Side, shift: Shift) -> Candidates:
    """The nearest by n-grams, the nearest once moved, and what names alike were confirmed to mean."""
    import numpy as np

    similar = index.similar(asked)
    moved, still, near, shares = shift.asked(shift.space.rows(asked.views))
    lists = [
        np.unique(np.concatenate(one))
        for one in zip(best(moved, _MOVED), best(similar, _SIMILAR), shift.known[best(near, _NEAR)], strict=True)
    ]
    rows = np.repeat(np.arange(len(lists)), [len(one) for one in lists])
    places = np.concatenate(lists) if lists else np.zeros(0, dtype=np.intp)
    columns = [
        moved[rows, places], *_standing(moved, rows, places),
        still[rows, places], _behind(still, rows, places),
        _behind(similar, rows, places),
        *_voted(index, shift, near, shares, rows, places),
    ]  # fmt: skip
    learned = np.column_stack(columns).astype(np.float32)
    return Candidates(rows, places, np.hstack([learned, plain(index, asked, rows, places)]))


def _behind(scores: Numbers, rows: Places, places: Places) -> Any:
    return scores[rows, places] - scores.max(axis=1)[rows] if len(rows) else scores[rows, places]


def _standing(scores: Numbers, rows: Places, places: Places) -> tuple[Any, Any]:
    """Distance to the best, and to the second best."""
    import numpy as np

    second = np.partition(scores, -2, axis=1)[:, -2] if scores.shape[1] > 1 else scores[:, 0]
    return _behind(scores, rows, places), scores[rows, places] - second[rows]


def _voted(index: Index, shift: Shift, near: Numbers, shares: Numbers, rows: Places, places: Places) -> list[Any]:
    """What confirmed pairs say of a candidate, its category and its chapter."""
    import numpy as np

    at = np.full(len(index.names), -1, dtype=np.intp)
    at[shift.known] = np.arange(len(shift.known))
    column = at[places]
    seen = column >= 0
    nearest, share = (np.where(seen, m[rows, column], 0) for m in (near, shares))
    often = np.where(seen, np.log(shift.counts[column]), 0)
    return [
        nearest, nearest - near.max(axis=1)[rows],
        share, share - shares.max(axis=1)[rows],
        often, seen,
        *(_group_share(index, shift, shares, rows, places, length) for length in (_CATEGORY, _CHAPTER)),
    ]  # fmt: skip


def _group_share(index: Index, shift: Shift, shares: Numbers, rows: Places, places: Places, length: int) -> Any:
    """Votes for all names whose code begins like the candidate's; those without a code stand alone."""
    import numpy as np

    heads = [code[:length] or f"\n{place}" for place, code in enumerate(index.codes)]
    _, group = np.unique(np.asarray(heads), return_inverse=True)
    summed = np.zeros((len(shares), int(group.max()) + 1), dtype=np.float32)
    np.add.at(summed.T, group[shift.known], shares.T)
    return summed[rows, group[places]]
