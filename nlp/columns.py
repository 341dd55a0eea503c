"""Columns of byte strings as two mapped files: what an index keeps of each passage, name or key."""

from __future__ import annotations

import mmap
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


def write(folder: Path, name: str, values: Iterable[bytes]) -> int:
    """Store values one after another. Gives how many."""
    import numpy as np

    offsets = [0]
    with (folder / f"{name}.bin").open("wb") as file:
        for value in values:
            file.write(value)
            offsets.append(offsets[-1] + len(value))
    np.save(folder / f"{name}.offsets.npy", np.asarray(offsets, dtype=np.uint64))
    return len(offsets) - 1


class Strings:
    """A column that was written, mapped read-only."""

    def __init__(self, folder: Path, name: str) -> None:
        import numpy as np

        self.offsets: NDArray[np.uint64] = np.load(folder / f"{name}.offsets.npy", mmap_mode="r")
        self._data: mmap.mmap | bytes = b""
        path = folder / f"{name}.bin"
        if path.stat().st_size:
            with path.open("rb") as file:
                self._data = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def __getitem__(self, row: int) -> bytes:
        if not 0 <= row < len(self):
            raise IndexError(row)
        return self._data[int(self.offsets[row]) : int(self.offsets[row + 1])]

    def bisect(self, value: bytes) -> int:
        """First row of a sorted column that is not below a value."""
        low, high = 0, len(self)
        while low < high:
            middle = (low + high) // 2
            if self[middle] < value:
                low = middle + 1
            else:
                high = middle
        return low
