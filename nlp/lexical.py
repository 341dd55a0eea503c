"""Words of the release in tantivy: text, titles, other names and their pinyin, and what a passage is about."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from shutil import rmtree
from tempfile import mkdtemp
from typing import TYPE_CHECKING, Any, Final

from knowledge.model import Predicate, Standing
from knowledge.snapshot import Snapshot
from nlp.passages import Passage
from nlp.questions import Mention, Question
from nlp.spelling import key, names, pinyin
from nlp.tokens import words

if TYPE_CHECKING:
    import tantivy

_TOKENS: Final = ("text", "title", "names", "pinyin")
_EXACT: Final = ("subject", "object", "above", "predicate", "kind", "department", "source", "trust")
_HEAP_BYTES: Final = 256_000_000
_MOST_OBJECTS: Final = 12
_MOST_PAIRED: Final = 4
"""Mentions of a question that are looked for together, two by two."""
_TRIES: Final = 20
_REST: Final = 0.01
"""Seconds between attempts to remove a folder."""
_TRUSTED: Final = frozenset({Standing.REVIEWED.value, Standing.STARTER.value})
_DULL: Final = frozenset(
    {
        Predicate.IS_A,
        Predicate.CONTAINS,
        Predicate.ALLERGEN_OF,
        Predicate.REPEAT_INTERVAL,
        Predicate.ITEM_PROFILE,
        Predicate.TOLD_UNASKED,
    }
)
"""What passages say that are rarely what somebody looks for."""


@dataclass(frozen=True, slots=True)
class Weights:
    """What a match is worth: shares of BM25 for the first three, points for all else. Found by random search on the
    gold questions that are not held out."""

    text: float = 0.5
    title: float = 0.12
    names: float = 0.18
    pinyin: float = 1.7
    subject: float = 20.0
    object: float = 15.0
    subject_class: float = 20.0
    object_class: float = 8.0
    above: float = 18.0
    together: float = 4.0
    cue: float = 0.5
    predicate: float = 28.0
    telling: float = 10.0
    trusted: float = 3.5


@dataclass(frozen=True, slots=True)
class Filters:
    """What passages must be: of any of these kinds, departments and sources (ids, or kinds of source), not from
    before a year. Empty: anything."""

    kinds: tuple[str, ...] = ()
    departments: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    since: int = 0

    def __bool__(self) -> bool:
        return bool(self.kinds or self.departments or self.sources or self.since)


def _schema() -> tantivy.Schema:
    import tantivy

    builder = tantivy.SchemaBuilder()
    for field in _TOKENS:
        builder.add_text_field(field, tokenizer_name="whitespace", index_option="freq")
    for field in _EXACT:
        builder.add_text_field(field, tokenizer_name="raw", index_option="basic")
    builder.add_unsigned_field("year", indexed=True)
    builder.add_unsigned_field("row", fast=True)
    return builder.build()


def build(passages: Iterable[Passage], snapshot: Snapshot, folder: Path) -> None:
    """Write the index of passages; their place in the order given is their row."""
    import tantivy

    folder.mkdir(parents=True, exist_ok=True)
    index = tantivy.Index(_schema(), path=str(folder))
    writer = index.writer(heap_size=_HEAP_BYTES, num_threads=1)
    spoken = _Spoken(snapshot)
    for row, passage in enumerate(passages):
        writer.add_document(_document(row, passage, spoken))
    writer.commit()
    writer.wait_merging_threads()
    for lock in folder.glob("*.lock"):
        lock.unlink()


class _Spoken:
    """Names of concepts as tokens and in pinyin, worked out once each."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot
        self._kept: dict[str, tuple[str, str]] = {}

    def of(self, id_: str) -> tuple[str, str]:
        """Tokens of all names, and their pinyin and initials."""
        kept = self._kept.get(id_)
        if kept is None:
            concept = self._snapshot.concept(id_)
            said = names(concept) if concept is not None else []
            tokens = " ".join(dict.fromkeys(token for name in said for token in words(name)))
            kept = self._kept[id_] = tokens, " ".join(dict.fromkeys(s for name in said for s in pinyin(name)))
        return kept

    def above(self, ids: Iterable[str]) -> list[str]:
        """Classes of concepts."""
        return sorted({one for id_ in ids for one in self._snapshot.lineage[id_] if one != id_})


def _document(row: int, p: Passage, spoken: _Spoken) -> Any:
    import tantivy

    about = (p.concept, *p.objects[:_MOST_OBJECTS])
    said = [spoken.of(one) for one in about]
    document = tantivy.Document()
    document.add_text("text", " ".join(words(p.text)))
    document.add_text("title", " ".join(words(p.title)))
    document.add_text("names", " ".join(tokens for tokens, _ in said))
    document.add_text("pinyin", " ".join((*pinyin(p.heading), *(letters for _, letters in said))))
    for field, values in _exact(p, spoken).items():
        for value in values:
            document.add_text(field, value)
    document.add_unsigned("year", p.year)
    document.add_unsigned("row", row)
    return document


def _exact(p: Passage, spoken: _Spoken) -> dict[str, Sequence[str]]:
    return {
        "subject": (p.concept,),
        "object": p.objects,
        "above": spoken.above((p.concept, *p.objects[:_MOST_OBJECTS])),
        "predicate": (p.predicate,) if p.predicate else (),
        "kind": (p.kind,),
        "department": p.departments,
        "source": tuple(dict.fromkeys((p.source, p.source_kind))),
        "trust": (*(("trusted",) if p.standing in _TRUSTED else ()), *(() if p.predicate in _DULL else ("telling",))),
    }


def _removed(folder: Path) -> None:
    """Remove a folder that the library's watcher of new commits, not stopped at once, may put its lock into again."""
    for _ in range(_TRIES):
        rmtree(folder, ignore_errors=True)
        if not folder.exists():
            return
        time.sleep(_REST)


class Lexical:
    """The index, opened. Safe to share between threads."""

    def __init__(self, folder: Path, weights: Weights | None = None) -> None:
        import tantivy

        # Opening takes a lock, a file beside the index: where releases lie nothing is written. All files of the index
        # are mapped once it is open.
        beside = Path(mkdtemp(prefix="yigong-search-"))
        try:
            for path in folder.iterdir():
                (beside / path.name).symlink_to(path.resolve())
            index = tantivy.Index.open(str(beside))
            index.config_reader(reload_policy="manual")
            self._searcher = index.searcher()
        finally:
            _removed(beside)
        self._schema = index.schema
        self.weights = weights or Weights()

    def find(self, question: Question, filters: Filters, limit: int) -> list[int]:
        """Rows of passages, the best first."""
        import tantivy

        if not (question.tokens or question.letters):
            return []
        one_of = tantivy.Query.boolean_query([(tantivy.Occur.Should, one) for one in self._wanted(question)])
        parts = [(tantivy.Occur.Must, one) for one in (one_of, *self._filtering(filters))]
        parts += [(tantivy.Occur.Should, one) for one in self._favoured(question)]
        query = tantivy.Query.boolean_query(parts)
        hits = self._searcher.search(query, limit=limit, count=False).hits
        rows = self._searcher.fast_field_values("row", [address for _, address in hits])
        return [row for row in rows if isinstance(row, int)]

    def _wanted(self, question: Question) -> Iterator[tantivy.Query]:
        """What a passage must have any of."""
        import tantivy

        w, make = self.weights, tantivy.Query
        for token in question.tokens:
            yield make.boost_query(self._term("text", token), w.text)
            yield make.boost_query(self._term("title", token), w.title)
            yield make.boost_query(self._term("names", token), w.names)
        for letters in question.letters:
            yield make.boost_query(self._term("pinyin", key(letters)), w.pinyin)
        about = [self._about(mention) for mention in question.mentions]
        yield from about
        for pair in combinations(about[:_MOST_PAIRED], 2):
            both = make.boolean_query([(tantivy.Occur.Must, one) for one in pair])
            yield make.const_score_query(both, w.together)

    def _favoured(self, question: Question) -> Iterator[tantivy.Query]:
        """What most passages have: it raises those that are wanted, and alone makes none so."""
        w = self.weights
        for predicate, weight in question.predicates.items():
            yield self._flat("predicate", (predicate.value,), w.predicate * weight)
        yield self._flat("trust", ("trusted",), w.trusted)
        yield self._flat("trust", ("telling",), w.telling)

    def _about(self, mention: Mention) -> tantivy.Query:
        """The best way in which a passage is about what was named."""
        import tantivy

        w = self.weights
        share = w.cue if mention.cue else 1.0
        ways = [
            self._flat("subject", mention.concepts, w.subject * share),
            self._flat("object", mention.concepts, w.object * share),
            self._flat("above", mention.concepts, w.above * share),
        ]
        if mention.classes:
            ways.append(self._flat("subject", mention.classes, w.subject_class * share))
            ways.append(self._flat("object", mention.classes, w.object_class * share))
        return tantivy.Query.disjunction_max_query(ways)

    def _filtering(self, filters: Filters) -> Iterator[tantivy.Query]:
        import tantivy

        named = {"kind": filters.kinds, "department": filters.departments, "source": filters.sources}
        for field, values in named.items():
            if values:
                yield self._flat(field, values, 0.0)
        if filters.since:
            kind = tantivy.FieldType.Unsigned
            years = tantivy.Query.range_query(
                self._schema, "year", kind, lower_bound=filters.since, use_inverted_index=True
            )
            yield tantivy.Query.const_score_query(years, 0.0)

    def _term(self, field: str, token: str) -> tantivy.Query:
        import tantivy

        return tantivy.Query.term_query(self._schema, field, token, "freq")

    def _flat(self, field: str, values: Sequence[str], score: float) -> tantivy.Query:
        """The same score for every passage with one of some values."""
        import tantivy

        if len(values) == 1:
            found = tantivy.Query.term_query(self._schema, field, values[0], "basic")
        else:
            found = tantivy.Query.term_set_query(self._schema, field, list(values))
        return tantivy.Query.const_score_query(found, score)
