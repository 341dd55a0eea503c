"""What an installation learned of how its doctors write names: a folder of plain arrays with their digest.

Nothing in it is executed when it is opened (no pickles). Standard names are kept as names, so that a model goes on
working when a newer release numbers them otherwise; pairs whose standard name is gone are passed over.
"""

from __future__ import annotations

import io
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec

from nlp.term_floor import Floor
from nlp.term_grams import Grams
from nlp.term_index import Index
from nlp.term_rank import Ranker
from nlp.term_shift import Shift, Space
from nlp.term_text import view

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_ARRAYS: Final = "model.npz"
_ABOUT: Final = "model.json"
VERSION: Final = 2


class ModelError(Exception):
    """A model that cannot be read or made; the message says what to do."""


class About(msgspec.Struct, frozen=True):
    """What stands beside the arrays. ``figures`` are the names of the ranker's columns; ``top1`` was measured on
    pairs that the ranker was not fitted on; ``floor`` is how near a name must be to be of the kind."""

    version: int
    system: str
    digest: str
    trained_at: str
    pairs: int
    top1: float
    figures: tuple[str, ...]
    longest: int
    terms: tuple[str, ...]
    written: tuple[str, ...]
    labels: tuple[str, ...]
    floor: Floor


class Model:
    """A trained model. ``written`` and ``labels`` are confirmed pairs; ``moves`` has a row for each pair and then
    one for each standard name of them (see ``nlp.term_shift``)."""

    def __init__(self, about: About, space: Space, moves: NDArray[np.float32], ranker: Ranker) -> None:
        self.about, self.space, self.moves, self.ranker = about, space, moves, ranker

    @property
    def floor(self) -> Floor:
        return self.about.floor

    def shift(self, index: Index) -> Shift:
        """What the pairs teach about the names of an index."""
        import numpy as np

        own = dict.fromkeys(self.about.labels)
        views = [view(name, index.subject) for name in (*self.about.written, *own)]
        places = {name: place for place, name in enumerate(index.names)}
        labels = np.asarray([places.get(name, -1) for name in (*self.about.labels, *own)], dtype=np.intp)
        vectors = np.asarray(self.space.rows(index.targets.views) @ self.space.components)
        return Shift(self.space, self.space.rows(views), labels, self.moves, vectors)

    def save(self, folder: Path) -> None:
        """Write the folder; a reader sees the old model or the new one, since the description comes last."""
        import numpy as np

        folder.mkdir(parents=True, exist_ok=True)
        buffer = io.BytesIO()
        ranked = {f"rank_{name}": array for name, array in self.ranker.arrays.items()}
        half = self.space.components.astype(np.float16)
        np.savez_compressed(buffer, idf=self.space.grams.idf, components=half, moves=self.moves, **ranked)
        content = buffer.getvalue()
        about = msgspec.structs.replace(self.about, digest=sha256(content).hexdigest())
        for name, data in ((_ARRAYS, content), (_ABOUT, msgspec.json.encode(about))):
            fresh = folder / f"{name}.new"
            fresh.write_bytes(data)
            fresh.replace(folder / name)

    @classmethod
    def load(cls, folder: Path) -> Model:
        """What was saved. Raises ``ModelError``."""
        import numpy as np

        again = "train again with `yigong train-terms`"
        try:
            about = msgspec.json.decode((folder / _ABOUT).read_bytes(), type=About)
            content = (folder / _ARRAYS).read_bytes()
        except (OSError, msgspec.DecodeError) as error:
            raise ModelError(f"{folder.name}: the model cannot be read ({type(error).__name__}): {again}") from error
        if about.version != VERSION or sha256(content).hexdigest() != about.digest:
            raise ModelError(f"{folder.name}: the model is of another version or was changed: {again}")
        held = np.load(io.BytesIO(content), allow_pickle=False)
        grams = Grams(about.terms, held["idf"], about.longest)
        ranked = {name.removeprefix("rank_"): held[name] for name in held.files if name.startswith("rank_")}
        return cls(about, Space(grams, held["components"].astype(np.float32)), held["moves"], Ranker(ranked))


def mark(folder: Path) -> tuple[int, int]:
    """What changes when a folder's model does; zeros when there is none."""
    try:
        found = (folder / _ABOUT).stat()
    except OSError:
        return 0, 0
    return found.st_mtime_ns, found.st_size
