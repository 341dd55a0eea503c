"""Texts as vectors: an embedder trained on the release itself, a sentence-transformers model from a folder, or an
endpoint that speaks OpenAI's protocol.

The trained one: TF-IDF of words and pairs of characters (sublinear counts), truncated SVD of a sample of the release
(Deerwester et al. 1990), rows of length one. Asking it needs numpy alone.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Protocol

import msgspec

from nlp.tokens import words

if TYPE_CHECKING:
    import httpx
    import numpy as np
    from numpy.typing import NDArray

    Vectors = NDArray[np.float32]

DIMENSIONS: Final = 256
_SAMPLE: Final = 30_000
_VOCABULARY: Final = 80_000
_POWER_ITERATIONS: Final = 1
_LEAST_TEXTS: Final = 2
_BATCH: Final = 64
_TRIES: Final = 4


class EmbedderError(Exception):
    """An embedder that cannot be opened or does not answer; the message says what to do."""


class Embedder(Protocol):
    """What makes vectors of texts. ``name`` tells models apart: vectors of two do not compare. ``away``: texts leave
    the machine for it."""

    away: bool

    @property
    def name(self) -> str: ...

    @property
    def dimensions(self) -> int: ...

    def vectors(self, texts: Sequence[str]) -> Vectors:
        """One row for each text, of length 1 (a text without anything known: zeros)."""
        ...


def unit(rows: Any) -> Vectors:
    """Rows scaled to length one; rows of zeros stay."""
    import numpy as np

    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    return np.ascontiguousarray(rows / np.where(lengths > 0, lengths, 1), dtype=np.float32)


# -- trained on the release --------------------------------------------------------------------


class Trained:
    """Latent semantic vectors of the release. ``components`` has a row for each term, weighted by its idf."""

    name = "trained"
    away = False

    def __init__(self, terms: Sequence[str], components: Vectors) -> None:
        self._places = {term: place for place, term in enumerate(terms)}
        self._components = components
        self.dimensions = int(components.shape[1])

    @classmethod
    def fit(cls, texts: Sequence[str], dimensions: int = DIMENSIONS) -> Trained:
        """Learn from texts (from an even sample of very many). Raises ``EmbedderError`` when they are too few."""
        import numpy as np
        from sklearn.decomposition import TruncatedSVD
        from sklearn.feature_extraction.text import TfidfVectorizer

        step = max(1, len(texts) // _SAMPLE)
        counted = TfidfVectorizer(
            analyzer=words, min_df=_LEAST_TEXTS, max_features=_VOCABULARY, sublinear_tf=True, dtype=np.float32
        )
        try:
            matrix = counted.fit_transform(texts[::step])
        except ValueError:  # nothing occurs twice
            raise EmbedderError(f"{len(texts)} passages are too few to train an embedder on") from None
        kept = min(dimensions, matrix.shape[1] - 1, matrix.shape[0] - 1)
        if kept < 1:
            raise EmbedderError(f"{len(texts)} passages are too few to train an embedder on")
        reduced = TruncatedSVD(kept, n_iter=_POWER_ITERATIONS, random_state=0).fit(matrix)
        components = reduced.components_.T * counted.idf_[:, None]
        return cls(counted.get_feature_names_out().tolist(), np.ascontiguousarray(components, dtype=np.float32))

    def save(self, folder: Path) -> None:
        """Terms and components as files of a folder."""
        import numpy as np

        folder.mkdir(parents=True, exist_ok=True)
        (folder / "terms.msgpack").write_bytes(msgspec.msgpack.encode(list(self._places)))
        np.save(folder / "components.npy", self._components)

    @classmethod
    def load(cls, folder: Path) -> Trained:
        """What was saved, its components mapped read-only. Raises ``EmbedderError``."""
        import numpy as np

        try:
            terms = msgspec.msgpack.decode((folder / "terms.msgpack").read_bytes(), type=list[str])
            return cls(terms, np.load(folder / "components.npy", mmap_mode="r"))
        except (OSError, ValueError, msgspec.DecodeError) as error:
            raise EmbedderError(
                f"the trained embedder cannot be read ({type(error).__name__}): publish again"
            ) from error

    def vectors(self, texts: Sequence[str]) -> Vectors:
        """Terms that the release does not know count for nothing."""
        import numpy as np

        made = np.zeros((len(texts), self.dimensions), dtype=np.float32)
        if len(texts) > _BATCH:
            return unit(self._weights(texts) @ np.asarray(self._components))
        for row, text in enumerate(texts):
            counts = Counter(place for word in words(text) if (place := self._places.get(word)) is not None)
            if counts:
                made[row] = (1 + np.log(list(counts.values()))) @ self._components[list(counts)]
        return unit(made)

    def _weights(self, texts: Sequence[str]) -> Any:
        """Sublinear counts of many texts as a sparse matrix."""
        import numpy as np
        from scipy.sparse import csr_matrix

        starts, places, counts = [0], list[int](), list[int]()
        for text in texts:
            counted = Counter(place for word in words(text) if (place := self._places.get(word)) is not None)
            places.extend(counted)
            counts.extend(counted.values())
            starts.append(len(places))
        weights = 1 + np.log(np.asarray(counts, dtype=np.float32))
        return csr_matrix((weights, places, starts), shape=(len(texts), len(self._places)), dtype=np.float32)


# -- others ------------------------------------------------------------------------------------


class SentenceModel:
    """A sentence-transformers model from a folder (extra ``embeddings``)."""

    away = False

    def __init__(self, folder: Path) -> None:
        try:
            from sentence_transformers import SentenceTransformer
        except ImportError:
            raise EmbedderError("sentence-transformers is not installed: pip install 'yigong[embeddings]'") from None
        try:
            self._model = SentenceTransformer(str(folder), device="cpu", local_files_only=True)
            self.dimensions: int = self.vectors(["医"]).shape[1]  # the method that tells it was renamed in version 6
        except Exception as error:  # whatever a model folder may lack
            raise EmbedderError(f"{folder} is no sentence-transformers model: {type(error).__name__}") from error
        self.name = f"model {folder.name}"

    def vectors(self, texts: Sequence[str]) -> Vectors:
        return unit(
            self._model.encode(list(texts), batch_size=_BATCH, convert_to_numpy=True, show_progress_bar=False)
        )


class Endpoint:
    """``POST {url}/embeddings`` as OpenAI does. ``patience``: seconds for one call."""

    away = True

    def __init__(self, url: str, model: str = "", key: str = "", patience: float = 30.0) -> None:
        base = url.rstrip("/")
        self._url = base if base.endswith("/embeddings") else f"{base}/embeddings"
        self._model, self._patience = model, patience
        self._headers = {"Authorization": f"Bearer {key}"} if key else {}
        self.name = f"endpoint {model or self._url}"
        self._dimensions = 0

    @property
    def dimensions(self) -> int:
        """As the endpoint answers; asked once."""
        if not self._dimensions:
            self._dimensions = int(self.vectors(["维度"]).shape[1])
        return self._dimensions

    def vectors(self, texts: Sequence[str]) -> Vectors:
        """Raises ``EmbedderError`` when there is no usable answer."""
        import numpy as np

        rows = [row for at in range(0, len(texts), _BATCH) for row in self._asked(texts[at : at + _BATCH])]
        return unit(np.asarray(rows, dtype=np.float32).reshape(len(texts), -1))

    def _asked(self, texts: Sequence[str]) -> list[list[float]]:
        import httpx

        body = {"model": self._model, "input": list(texts), "encoding_format": "float"}
        for attempt in range(_TRIES):
            try:
                answer = httpx.post(self._url, json=body, headers=self._headers, timeout=self._patience)
            except httpx.HTTPError as error:
                raise EmbedderError(f"the embedding endpoint does not answer ({type(error).__name__})") from error
            if answer.status_code != httpx.codes.TOO_MANY_REQUESTS or attempt == _TRIES - 1:
                return _rows(answer, len(texts))
            time.sleep(min(self._patience, _pause(answer, attempt)))
        raise AssertionError("unreachable")


def _pause(answer: httpx.Response, attempt: int) -> float:
    """Seconds that an endpoint asks to wait."""
    asked = answer.headers.get("retry-after", "")
    return float(asked) if asked.replace(".", "", 1).isdigit() else 0.5 * 2**attempt


def _rows(answer: httpx.Response, wanted: int) -> list[list[float]]:
    """Vectors of an answer in the order of the texts. Raises ``EmbedderError``."""
    if answer.status_code != 200:
        raise EmbedderError(
            f"the embedding endpoint answers {answer.status_code}: check YIGONG_EMBEDDER, model and key"
        )
    try:
        told = sorted(answer.json()["data"], key=lambda one: int(one["index"]))
        rows = [[float(x) for x in one["embedding"]] for one in told]
    except (ValueError, KeyError, TypeError):
        raise EmbedderError("the embedding endpoint does not answer as OpenAI's protocol says") from None
    if len(rows) != wanted or len({len(row) for row in rows}) != 1 or not rows[0]:
        raise EmbedderError(
            f"the embedding endpoint gave {len(rows)} vectors for {wanted} texts, or of several lengths"
        )
    return rows


def open_embedder(setting: str, folder: Path, model: str = "", key: str = "", patience: float = 30.0) -> Embedder:
    """What ``YIGONG_EMBEDDER`` names: a URL, a model's folder, or (empty) what was trained and saved in ``folder``.

    Raises ``EmbedderError``.
    """
    if not setting:
        return Trained.load(folder)
    if setting.startswith(("http://", "https://")):
        return Endpoint(setting, model, key, patience)
    if not Path(setting).is_dir():
        raise EmbedderError(f"YIGONG_EMBEDDER={setting}: neither a URL nor a folder")
    return SentenceModel(Path(setting))
