"""Pieces of names counted: TF-IDF of character n-grams as sparse rows of length one (numpy and scipy alone)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


def pieces(text: str, longest: int) -> Iterator[str]:
    """Runs of up to so many characters of each line."""
    for line in text.split("\n"):
        for size in range(1, longest + 1):
            yield from (line[at : at + size] for at in range(len(line) - size + 1))


class Grams:
    """A vocabulary of n-grams with their idf (smoothed: ln((1+n)/(1+df))+1)."""

    def __init__(self, terms: Sequence[str], idf: NDArray[np.float32], longest: int) -> None:
        self.terms, self.idf, self.longest = list(terms), idf, longest
        self._places = {term: place for place, term in enumerate(self.terms)}

    @classmethod
    def fit(cls, texts: Sequence[str], longest: int) -> Grams:
        """The vocabulary of some texts."""
        import numpy as np

        held = Counter(piece for text in texts for piece in set(pieces(text, longest)))
        terms = sorted(held)
        counts = np.asarray([held[term] for term in terms], dtype=np.float32)
        idf = np.log((1 + len(texts)) / (1 + counts)) + 1
        return cls(terms, idf.astype(np.float32), longest)

    def rows(self, texts: Sequence[str]) -> Any:
        """Sublinear counts times idf, a row of length one for each text (csr)."""
        import numpy as np

        counted = self._counted(texts)
        counted.data = (1 + np.log(counted.data)) * self.idf[counted.indices]
        return _unit(counted)

    def weights(self, texts: Sequence[str]) -> Any:
        """Each piece that a text holds with its idf, however often it stands there (csr)."""
        counted = self._counted(texts)
        counted.data = self.idf[counted.indices]
        return counted

    def unknown(self, text: str, size: int = 2) -> int:
        """How many runs of so many characters of its lines no text of the vocabulary holds."""
        runs = (line[at : at + size] for line in text.split("\n") for at in range(len(line) - size + 1))
        return sum(run not in self._places for run in runs)

    def _counted(self, texts: Sequence[str]) -> Any:
        import numpy as np
        from scipy.sparse import csr_matrix

        starts: list[int] = [0]
        places: list[int] = []
        counts: list[int] = []
        for text in texts:
            found = Counter(place for p in pieces(text, self.longest) if (place := self._places.get(p)) is not None)
            places.extend(sorted(found))
            counts.extend(found[place] for place in sorted(found))
            starts.append(len(places))
        data = np.asarray(counts, dtype=np.float32)
        return csr_matrix((data, places, starts), shape=(len(texts), len(self.terms)), dtype=np.float32)


def _unit(matrix: Any) -> Any:
    """Rows scaled to length one; empty rows stay."""
    import numpy as np

    lengths = np.sqrt(np.asarray(matrix.multiply(matrix).sum(axis=1)).ravel())
    matrix.data /= np.repeat(np.where(lengths > 0, lengths, 1), np.diff(matrix.indptr))
    return matrix
