"""Search over a release: words and vectors, fused, with filters and highlights.

Both lists are fused by reciprocal ranks (Cormack et al. 2009), words counting more: the score of a passage is the sum
of share / (5 + rank) over the lists that hold it. The index is built with the release and opened read-only.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import msgspec

from clinical.coded import china_day
from knowledge.snapshot import Snapshot
from nlp import lexical, vectors
from nlp.columns import Strings, write
from nlp.embed import Embedder, EmbedderError, Trained, open_embedder, unit
from nlp.identifiers import without
from nlp.lexical import Filters, Lexical
from nlp.lexicon import Lexicon
from nlp.passages import Passage, passages
from nlp.questions import Question, understood
from nlp.senses import folded
from nlp.spelling import Spellings
from nlp.vectors import Nearest

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from nlp.embed import Vectors

FORMAT: Final = 1
MODES: Final = ("hybrid", "lexical", "vector")
_DEPTH: Final = 60
"""Passages taken of each list."""
_SMOOTHING: Final = 5
_LEXICAL_SHARE: Final = 0.8
_BATCH: Final = 4096
_HEAD: Final = 200
"""Characters of a passage that its vector takes in beside its title."""
_HEAD_SHARE: Final = 0.5


class SearchError(Exception):
    """An index that cannot be used, or a question that cannot be answered; the message says what to do."""


class Span(NamedTuple):
    """A stretch of a passage's text, in characters."""

    start: int
    end: int


class Found(NamedTuple):
    """A passage found: its score falls from 1, ``highlights`` are what of its text answers to the question."""

    passage: Passage
    score: float
    highlights: tuple[Span, ...]


class Answer(NamedTuple):
    """What was found, how the question was understood, and in which mode it was answered; ``note`` says why that is
    not the one asked for."""

    found: list[Found]
    question: Question
    mode: str
    note: str = ""


class Meta(msgspec.Struct, frozen=True):
    """What an index was built of."""

    format: int
    release: str
    passages: int
    embedder: str
    dimensions: int


# -- building ----------------------------------------------------------------------------------


def build(
    snapshot: Snapshot,
    folder: Path,
    embedder: Callable[[], Embedder] | None = None,
    told: Callable[[int], None] = lambda done: None,
) -> Meta:
    """Write the index of a release into an empty folder. Without ``embedder`` one is trained on it. ``told`` hears
    how many passages one of the steps is done with.

    Raises ``EmbedderError``.
    """
    found = list(_counted(passages(snapshot), told))
    rows = write(folder, "passages", (msgspec.msgpack.encode(p) for p in found))
    _write_filters(found, folder)
    (folder / "names").mkdir()
    Spellings.build(snapshot, folder / "names")
    lexical.build(_counted(found, told), snapshot, folder / "words")
    titles, heads = [p.title for p in found], [p.text[:_HEAD] for p in found]
    del found
    made = embedder() if embedder is not None else _trained([*titles, *heads], folder / "embedder")
    vectors.build(_passage_vectors(made, titles, heads, told), folder / "vectors")
    meta = Meta(FORMAT, snapshot.release, rows, made.name, made.dimensions)
    (folder / "meta.json").write_bytes(msgspec.json.encode(meta))
    return meta


def _counted(found: Iterable[Passage], told: Callable[[int], None]) -> Iterator[Passage]:
    for passage in found:
        yield passage
        told(1)


def _trained(texts: list[str], folder: Path) -> Trained:
    made = Trained.fit(texts)
    made.save(folder)
    return made


def _passage_vectors(embedder: Embedder, titles: list[str], heads: list[str], told: Callable[[int], None]) -> Vectors:
    """Title and head of the text as one vector: what a passage is about counts more than how it says it."""
    places = {title: place for place, title in enumerate(dict.fromkeys(titles))}
    named = _all(embedder, list(places), lambda done: None)[[places[title] for title in titles]]
    return unit(named + _HEAD_SHARE * _all(embedder, heads, told))


def _all(embedder: Embedder, texts: list[str], told: Callable[[int], None]) -> Vectors:
    import numpy as np

    parts = []
    for at in range(0, len(texts), _BATCH):
        parts.append(embedder.vectors(texts[at : at + _BATCH]))
        told(len(parts[-1]))
    return np.concatenate(parts)


def _write_filters(found: list[Passage], folder: Path) -> None:
    """What filters ask of passages, as numbers: columns of codes and the names they stand for."""
    import numpy as np

    codes: dict[str, list[str]] = {}
    for field in ("kind", "source", "source_kind"):
        names = sorted({getattr(p, field) for p in found})
        places = {name: place for place, name in enumerate(names)}
        np.save(folder / f"{field}.npy", np.asarray([places[getattr(p, field)] for p in found], dtype=np.uint32))
        codes[field] = names
    names = codes["department"] = sorted({name for p in found for name in p.departments})
    held = np.zeros((len(names), len(found)), dtype=bool)
    for place, name in enumerate(names):
        held[place] = [name in p.departments for p in found]
    np.save(folder / "department.npy", np.packbits(held, axis=1))
    np.save(folder / "year.npy", np.asarray([p.year for p in found], dtype=np.uint16))
    (folder / "codes.json").write_bytes(msgspec.json.encode(codes))


# -- asking ------------------------------------------------------------------------------------


class Index:
    """The index of one release, opened. Safe to share between threads."""

    def __init__(self, folder: Path, snapshot: Snapshot, embedder: Embedder | None = None) -> None:
        self.meta = _meta(folder, snapshot)
        self.snapshot = snapshot
        self.spellings = Spellings(folder / "names", snapshot)
        self._lexicon = Lexicon.of(snapshot)
        self._passages = Strings(folder, "passages")
        self._decode = msgspec.msgpack.Decoder(Passage).decode
        self._words = Lexical(folder / "words")
        self._nearest = Nearest(folder / "vectors")
        self._embedder = embedder or open_embedder("", folder / "embedder")
        self._filter = _Filter(folder)
        if self._embedder.name != self.meta.embedder:
            raise SearchError(
                f"the index was built with {self.meta.embedder}, not {self._embedder.name}: publish again"
            )

    @classmethod
    def open(cls, folder: Path, snapshot: Snapshot, embedder: Embedder | None = None) -> Index:
        """The index in a folder. ``embedder``: the one it was built with, unless that was trained on the release.

        Raises ``SearchError`` or ``EmbedderError``.
        """
        return cls(folder, snapshot, embedder)

    def __len__(self) -> int:
        return len(self._passages)

    def find(
        self,
        query: str,
        kinds: Sequence[str] = (),
        departments: Sequence[str] = (),
        sources: Sequence[str] = (),
        since: int = 0,
        mode: str = "hybrid",
        limit: int = 10,
    ) -> list[Found]:
        """Passages that answer a question, the best first. ``sources``: ids, or kinds (label, guideline …);
        ``since``: a year. Raises ``SearchError`` for an unknown mode, ``EmbedderError`` in mode ``vector`` alone."""
        filters = Filters(tuple(kinds), tuple(departments), tuple(sources), since)
        return self.answer(query, filters, mode, limit).found

    def answer(self, query: str, filters: Filters | None = None, mode: str = "hybrid", limit: int = 10) -> Answer:
        """The same with how the question was understood. An embedder that is away costs a hybrid its vectors, and is
        told of."""
        if mode not in MODES:
            raise SearchError(f"mode {mode!r} is none of {', '.join(MODES)}")
        filters, depth = filters or Filters(), max(_DEPTH, limit)
        question = understood(query, self.snapshot, self._lexicon, self.spellings)
        by_words = self._words.find(question, filters, depth) if mode != "vector" else []
        by_sense: list[int] = []
        note = ""
        if mode != "lexical":
            try:
                by_sense = self._near(question, filters, depth)
            except EmbedderError as error:
                if mode == "vector":
                    raise
                mode, note = "lexical", str(error)
        ranked = fused(by_words, by_sense)[:limit]
        marks = self._marks(question)
        return Answer([self._found(row, score, marks) for row, score in ranked], question, mode, note)

    def passage(self, row: int) -> Passage:
        """The passage of a row."""
        return self._decode(self._passages[row])

    def _near(self, question: Question, filters: Filters, depth: int) -> list[int]:
        sense = question.sense
        if self._embedder.away:
            sense = without(sense, china_day(datetime.now(UTC)), self._lexicon).text
        return self._nearest.find(self._embedder.vectors([sense]), depth, self._filter.mask(filters))

    def _found(self, row: int, score: float, marks: re.Pattern[str] | None) -> Found:
        passage = self.passage(row)
        return Found(passage, score, tuple(_highlights(passage.text, marks)))

    def _marks(self, question: Question) -> re.Pattern[str] | None:
        """What is highlighted: tokens of the question, names of what it speaks of."""
        said = {token for token in question.tokens if len(token) > 1}
        for mention in question.mentions:
            concepts = (self.snapshot.concept(one) for one in mention.concepts[:3])
            said.update(folded(name) for concept in concepts if concept is not None for name in concept.names()[:4])
            said.update(folded(self.snapshot.name(one)) for one in mention.classes)
        ordered = sorted((re.escape(one) for one in said if len(one) > 1), key=len, reverse=True)
        return re.compile("|".join(ordered)) if ordered else None


def fused(by_words: Sequence[int], by_sense: Sequence[int]) -> list[tuple[int, float]]:
    """Two ranked lists as one, with scores that fall from at most 1."""
    both = bool(by_words and by_sense)
    shares = ((by_words, _LEXICAL_SHARE if both else 1.0), (by_sense, 1 - _LEXICAL_SHARE if both else 1.0))
    scores: dict[int, float] = {}
    for rows, share in shares:
        for rank, row in enumerate(rows):
            scores[row] = scores.get(row, 0.0) + share * (_SMOOTHING + 1) / (_SMOOTHING + 1 + rank)
    return sorted(scores.items(), key=lambda one: (-one[1], one[0]))


def _highlights(text: str, marks: re.Pattern[str] | None) -> Iterator[Span]:
    """Matches, those that touch as one."""
    start = end = -1
    for match in marks.finditer(folded(text)) if marks is not None else ():
        if match.start() > end >= 0:
            yield Span(start, end)
            start = -1
        start, end = (match.start() if start < 0 else start), match.end()
    if start >= 0:
        yield Span(start, end)


def _meta(folder: Path, snapshot: Snapshot) -> Meta:
    try:
        meta = msgspec.json.decode((folder / "meta.json").read_bytes(), type=Meta)
    except (OSError, msgspec.DecodeError) as error:
        raise SearchError(f"the search index cannot be read ({type(error).__name__}): publish again") from error
    if meta.format != FORMAT:
        raise SearchError(f"the search index has format {meta.format}, this version reads {FORMAT}: publish again")
    return meta


class _Filter:
    """Which passages a filter lets through."""

    def __init__(self, folder: Path) -> None:
        import numpy as np

        self._codes = msgspec.json.decode((folder / "codes.json").read_bytes(), type=dict[str, list[str]])
        fields = (*self._codes, "year")
        self._columns: dict[str, Any] = {field: np.load(folder / f"{field}.npy", mmap_mode="r") for field in fields}

    def mask(self, filters: Filters) -> NDArray[np.bool_] | None:
        """Marks of the passages that may be found; None: all."""
        import numpy as np

        if not filters:
            return None
        year = self._columns["year"]
        kept: NDArray[np.bool_] = year >= filters.since
        if filters.kinds:
            kept &= self._coded("kind", filters.kinds)
        if filters.sources:
            kept &= self._coded("source", filters.sources) | self._coded("source_kind", filters.sources)
        if filters.departments:
            rows = [place for place, name in enumerate(self._codes["department"]) if name in filters.departments]
            packed = np.bitwise_or.reduce(self._columns["department"][rows], axis=0)
            kept &= np.unpackbits(packed, count=len(year)).astype(bool)
        return kept

    def _coded(self, field: str, names: Sequence[str]) -> NDArray[np.bool_]:
        import numpy as np

        wanted = [place for place, name in enumerate(self._codes[field]) if name in names]
        marked: NDArray[np.bool_] = np.isin(self._columns[field], wanted)
        return marked
