"""Vectors of passages in faiss: exact for a small release, an inverted file for a large one, mapped read-only."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from nlp.embed import Vectors

FLAT_UP_TO: Final = 20_000
_LISTS_PER_ROOT: Final = 2
_TRAINED_ON: Final = 40
"""Vectors for each list that the clusters are learned from."""
_PROBES: Final = 16
_FILE: Final = "vectors.faiss"


def build(vectors: Vectors, folder: Path) -> None:
    """Write an index of rows of length one; a row's number is its place."""
    import faiss

    count, dimensions = vectors.shape
    index: Any = faiss.IndexFlatIP(dimensions)
    if count > FLAT_UP_TO:
        lists = int(_LISTS_PER_ROOT * count**0.5)
        index = faiss.IndexIVFFlat(index, dimensions, lists, faiss.METRIC_INNER_PRODUCT)
        index.cp.seed = 1234
        index.train(vectors[:: max(1, count // (lists * _TRAINED_ON))])
    index.add(vectors)
    folder.mkdir(parents=True, exist_ok=True)
    faiss.write_index(index, str(folder / _FILE))


class Nearest:
    """The index, opened. Safe to share between threads."""

    def __init__(self, folder: Path) -> None:
        import faiss

        faiss.omp_set_num_threads(1)  # one question, one core: others are being answered meanwhile
        self._index: Any = faiss.read_index(str(folder / _FILE), faiss.IO_FLAG_MMAP_IFC)
        self._inverted = hasattr(self._index, "nprobe")
        self._lists = int(getattr(self._index, "nlist", 1))
        self.dimensions: int = self._index.d

    def __len__(self) -> int:
        return int(self._index.ntotal)

    def find(self, vector: Vectors, limit: int, among: NDArray[np.bool_] | None = None) -> list[int]:
        """Rows nearest to a vector (one row), the nearest first; ``among`` marks the rows that may be."""
        if not vector.any():
            return []
        _, rows = self._index.search(vector, min(limit, len(self)), params=self._parameters(among))
        return [int(row) for row in rows[0] if row >= 0]

    def _parameters(self, among: NDArray[np.bool_] | None) -> Any:
        """The fewer rows may be, the more lists are looked through: as many of them are met as without a choice."""
        import numpy as np

        faiss: Any = import_module("faiss")  # its stubs do not know the keywords that it takes
        chosen, probes = {}, _PROBES
        if among is not None:
            chosen["sel"] = faiss.IDSelectorBitmap(np.packbits(among, bitorder="little"))
            probes = min(self._lists, -(-_PROBES * len(among) // max(1, int(among.sum()))))
        if self._inverted:
            return faiss.SearchParametersIVF(nprobe=probes, **chosen)
        return faiss.SearchParameters(**chosen)
