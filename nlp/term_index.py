"""The names of one subject, ready to be compared with what is written."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

from nlp.everyday import Everyday
from nlp.term_grams import Grams
from nlp.term_text import FACETS, View, view

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Numbers = NDArray[np.float32]
    Places = NDArray[np.intp]

_LONGEST: Final = 3
_PAIRS: Final = 2


class Side:
    """What is compared of some names, as sparse rows. Read with the vocabularies of the index, so that rows of what
    was written and of the standard's names fit together."""

    def __init__(self, index: Index, views: Sequence[View]) -> None:
        self.views = views
        self.grams = index.grams.rows([one.both for one in views])
        self.bare = index.pairs.weights([one.bare for one in views])
        self.common = index.pairs.weights([one.common for one in views])
        self.rest = index.pairs.weights([one.rest for one in views])
        self.marks = {facet: index.marked(views, facet) for facet in FACETS}

    def only(self, chosen: Places) -> Side:
        """Some of the rows."""
        part = object.__new__(Side)
        part.views = [self.views[row] for row in chosen.tolist()]
        part.grams, part.bare, part.common, part.rest = (
            getattr(self, name)[chosen] for name in ("grams", "bare", "common", "rest")
        )
        part.marks = {facet: held[chosen] for facet, held in self.marks.items()}
        return part


class Index:
    """Names of one subject with their codes ("" for none)."""

    def __init__(self, names: Sequence[str], codes: Sequence[str], subject: str) -> None:
        self.names, self.codes, self.subject = list(names), list(codes), subject
        views = [view(name, subject) for name in names]
        self.grams = Grams.fit([one.both for one in views], _LONGEST)
        self.pairs = Grams.fit([one.both for one in views], _PAIRS)
        self.everyday = Everyday(one.bare for one in views)
        self._marks = _numbered(views)
        self.targets = Side(self, views)
        self._across = self.targets.grams.T.tocsr()

    def read(self, texts: Sequence[str]) -> Side:
        """Written names, read as the index reads its own."""
        return Side(self, [view(text, self.subject) for text in texts])

    def similar(self, asked: Side) -> Numbers:
        """Cosine of n-grams: a row for each name asked, a column for each of ours."""
        found: Numbers = (asked.grams @ self._across).toarray()
        return found

    def marked(self, views: Sequence[View], facet: str) -> Any:
        """Which common words of a facet each name holds (csr of ones)."""
        import numpy as np
        from scipy.sparse import csr_matrix

        known = self._marks[facet]
        held = [[known[word] for kind, word in one.marks if kind == facet and word in known] for one in views]
        starts = np.cumsum([0, *map(len, held)])
        places = np.asarray([place for one in held for place in one], dtype=np.intp)
        ones = np.ones(len(places), dtype=np.float32)
        return csr_matrix((ones, places, starts), shape=(len(views), len(known) or 1))


def best(scores: Numbers, count: int) -> Places:
    """Columns of the greatest values of each row, in no order."""
    import numpy as np

    if scores.shape[1] <= count:
        return np.tile(np.arange(scores.shape[1]), (scores.shape[0], 1))
    return np.argpartition(-scores, count - 1, axis=1)[:, :count]


def _numbered(views: Sequence[View]) -> dict[str, dict[str, int]]:
    marks = sorted({mark for one in views for mark in one.marks})
    return {f: {word: n for n, word in enumerate(w for kind, w in marks if kind == f)} for f in FACETS}
