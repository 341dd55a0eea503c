"""The compiled release: one file, mapped read-only, read by every worker.

Layout: magic, length of the table of contents, table of contents (JSON), then
sections aligned to eight bytes. Records are MessagePack blobs decoded on first use;
indexes are sorted arrays searched by bisection. Writing the same knowledge twice gives
the same bytes, so that the digest of the file is the identity of the release.
"""

from __future__ import annotations

import mmap
import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from contextlib import suppress
from hashlib import blake2b
from itertools import pairwise
from pathlib import Path
from typing import Any, Final, Literal, Protocol, TypeVar
from weakref import ref

import msgspec

from clinical.quantity import Substance
from knowledge.model import Article, Concept, ConceptKind, Predicate, Rule, Source, Statement
from knowledge.naming import normal_name

MAGIC: Final = b"YIGONG\x00\x01"
_MOST_REMEMBERED: Final = 50_000
_ABSENT: Final = object()
_NO_PARTNERS: Final[dict[int, list[int]]] = {}
_T = TypeVar("_T")


class _Saying(Protocol):
    @property
    def predicate(self) -> Predicate: ...


_S = TypeVar("_S", bound=_Saying)
_PREDICATE_NUMBER: Final = {predicate: number for number, predicate in enumerate(Predicate)}


class SnapshotError(Exception):
    """The file is not a compiled release this version can read."""


def hash_key(text: str) -> int:
    """64-bit key of a text, as the hash indexes store it."""
    return int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "big")


def subject_key(predicate: Predicate, row: int) -> int:
    """Key of (predicate, subject row) in the statement index."""
    return _PREDICATE_NUMBER[predicate] << 32 | row


class _Blobs:
    """A column of MessagePack records: offsets and bytes, decoded once and kept."""

    def __init__(self, offsets: memoryview, data: memoryview, type_: type) -> None:
        self._offsets, self._data = offsets, data
        self._decode: Callable[[memoryview], object] = msgspec.msgpack.Decoder(type_).decode
        self._kept: dict[int, object] = {}

    def __len__(self) -> int:
        return len(self._offsets) - 1

    def __getitem__(self, row: int) -> object:
        kept = self._kept.get(row)
        if kept is None:
            kept = self._decode(self._data[self._offsets[row] : self._offsets[row + 1]])
            self._kept[row] = kept
        return kept

    def __iter__(self) -> Iterator[object]:
        """Every record once, none kept."""
        return (self._decode(self._data[a:b]) for a, b in pairwise(self._offsets))

    def holding(self, mark: bytes, type_: type[_T]) -> Iterator[_T]:
        """Records whose bytes hold a mark, in order, decoded as they pass and not kept."""
        decode, end = msgspec.msgpack.Decoder(type_).decode, 0
        for place in re.finditer(re.escape(mark), self._data):
            if place.start() >= end:
                row = bisect_right(self._offsets, place.start()) - 1
                end = self._offsets[row + 1]
                yield decode(self._data[self._offsets[row] : end])


class _Grouped:
    """Sorted keys, each with a run of 32-bit values."""

    def __init__(self, keys: memoryview, starts: memoryview, values: memoryview) -> None:
        self._keys, self._starts, self._values = keys, starts, values

    def get(self, key: int) -> memoryview | tuple[int, ...]:
        at = bisect_left(self._keys, key)
        if at == len(self._keys) or self._keys[at] != key:
            return ()
        return self._values[self._starts[at] : self._starts[at + 1]]


class _Lineage(dict[str, frozenset[str]]):
    """Concept → itself and its ancestors; looked up when first asked, in a release that is still there."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = ref(snapshot)  # it keeps this: a circle would outlive every swap

    def __missing__(self, concept_id: str) -> frozenset[str]:
        snapshot = self._snapshot()
        if snapshot is None:
            raise ReferenceError("the release is gone: keep the snapshot, not its lineage alone")
        found = self[concept_id] = snapshot._ancestors(concept_id)
        return found


class Snapshot:
    """A release as the rules read it. Immutable; safe to share between threads.

    ``release`` is the id (hex digest) the caller opened it under.
    """

    def __init__(self, path: Path, release: str) -> None:
        self.path, self.release = path, release
        with path.open("rb") as file:
            self._map = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        view = memoryview(self._map)
        if view[:8].tobytes() != MAGIC:
            raise SnapshotError(f"{path.name}: not a compiled Yigong release (wrong first bytes); compile it again")
        length = int.from_bytes(view[8:16], "little")
        contents = msgspec.json.decode(view[16 : 16 + length])
        self.counts: dict[str, int] = contents["counts"]
        self._sections: dict[str, list[int]] = contents["sections"]
        self._view = view
        self._concepts = self._blobs("concepts", Concept)
        self._statements = self._blobs("statements", Statement)
        self._by_id = self._grouped("ids")
        self._by_name = self._grouped("names")
        self._by_code = self._grouped("codes")
        self._deciding = self._grouped("deciding")
        self._pairs = self._grouped("pairs")
        self._up = self._grouped("ancestors")
        self._down = self._grouped("children")
        self._out = self._grouped("outgoing")
        self._in = self._grouped("incoming")
        self._rows: dict[str, int | None] = {}
        self._found: dict[tuple[Predicate, str], tuple[Statement, ...]] = {}
        self._dated: set[tuple[Predicate, str]] = set()
        self._partners: dict[int, dict[int, list[int]]] = {}
        self.lineage: Mapping[str, frozenset[str]] = _Lineage(self)
        self._names: dict[str, str] = {}
        self._told: dict[str, frozenset[Predicate]] = {}
        self.rules: tuple[Rule, ...] = self._all("rules", Rule)
        self._sources: dict[str, Source] = {source.id: source for source in self._all("sources", Source)}
        self._articles: dict[str, Article] = {}
        self._remembered: dict[Hashable, Any] = {}

    # -- what rules read ---------------------------------------------------------------

    def concept(self, concept_id: str) -> Concept | None:
        """The concept of an id, or None."""
        row = self._row(concept_id)
        return None if row is None else self._concept_at(row)

    def name(self, concept_id: str) -> str:
        """Preferred Chinese name, or the id itself when the release does not know it."""
        name = self._names.get(concept_id)
        if name is None:
            concept = self.concept(concept_id)
            if concept is None:
                return concept_id
            name = self._names[concept_id] = concept.name
        return name

    def statement(self, statement_id: str) -> Statement | None:
        """The statement of an id, or None: they lie in order of id."""
        rows = range(len(self._statements))
        row = bisect_left(rows, statement_id, key=lambda r: self._statement_at(r).id)
        found = self._statement_at(row) if row < len(rows) else None
        return found if found and found.id == statement_id else None

    def statements(self, predicate: Predicate, subject: str) -> tuple[Statement, ...]:
        """Statements that may decide about a subject, its own first, then those of its ancestors.

        Unreviewed statements are never among them.
        """
        key = (predicate, subject)
        found = self._found.get(key)
        if found is None:
            row = self._row(subject)
            rows = () if row is None else self._deciding.get(subject_key(predicate, row))
            found = tuple(self._statement_at(number) for number in rows)
            if any(s.valid_from or s.valid_to for s in found):
                self._dated.add(key)
            self._found[key] = found
        return found

    def told(self, subject: str) -> frozenset[Predicate]:
        """Predicates of which some statement may decide about a subject."""
        told = self._told.get(subject)
        if told is None:
            told = self._told[subject] = frozenset(p for p in Predicate if self.statements(p, subject))
        return told

    def in_force(self, predicate: Predicate, subject: str, day: str) -> tuple[Statement, ...]:
        """``statements`` that are effective on an ISO date; most have no dates and need no look."""
        key = (predicate, subject)
        found = self._found.get(key)
        if found is None:
            found = self.statements(predicate, subject)
        if not found or key not in self._dated:
            return found
        return tuple(s for s in found if s.holds_on(day))

    def linked(
        self, predicate: Predicate, concept_ids: Sequence[str], leading: int | None = None
    ) -> list[tuple[int, int]]:
        """Positions (i, j), i < j, of concepts that a symmetric predicate links, classes expanded; ``leading``:
        only of pairs with one of so many at the front."""
        known = self._rows
        try:
            rows = [known[concept_id] for concept_id in concept_ids]
        except KeyError:  # one was never asked for before
            rows = [self._row(concept_id) for concept_id in concept_ids]
        found: list[tuple[int, int]] = []
        for i, row in enumerate(rows[:leading]):
            partners = _NO_PARTNERS if row is None else self._partners_of(predicate, row)
            if not partners.keys().isdisjoint(rows):
                found += [(i, j) for j in range(i + 1, len(rows)) if rows[j] in partners]
        return found

    def between(self, predicate: Predicate, a: str, b: str) -> tuple[Statement, ...]:
        """Statements of a symmetric predicate that hold between two concepts or their classes."""
        row, other = self._row(a), self._row(b)
        if row is None or other is None:
            return ()
        return tuple(self._statement_at(number) for number in self._partners_of(predicate, row).get(other, ()))

    def ancestors(self, concept_id: str) -> frozenset[str]:
        """The concept itself and everything it is a kind of, at any distance; ``lineage`` gives the same without a
        call."""
        return self.lineage[concept_id]

    def is_a(self, concept_id: str, ancestor: str) -> bool:
        """Whether a concept is, or is a kind of, another."""
        return ancestor in self.ancestors(concept_id)

    def children(self, concept_id: str) -> tuple[Concept, ...]:
        """Concepts directly below this one."""
        row = self._row(concept_id)
        return () if row is None else tuple(self._concept_at(r) for r in self._down.get(row))

    def source(self, source_id: str) -> Source | None:
        """A cited document."""
        return self._sources.get(source_id)

    def remember(self, key: Hashable, make: Callable[[], _T]) -> _T:
        """What readers work out from the release alone, worked out once (until ``forget``): it never changes. Beyond
        so many answers (some 50 MB) it is worked out again each time."""
        made: _T = self._remembered.get(key, _ABSENT)
        if made is not _ABSENT:
            return made
        made = make()
        if len(self._remembered) < _MOST_REMEMBERED:
            self._remembered[key] = made
        return made

    def forget(self) -> None:
        """What was worked out goes, and is worked out again for whoever still asks. Much of it holds the release in
        turn: of one that is served no more nothing would ever go, as the garbage collector does not look at it."""
        while self._remembered:  # one by one: requests go on beside it
            with suppress(KeyError):
                self._remembered.popitem()

    def substance(self, concept_id: str) -> Substance | None:
        """What the release knows for converting amounts of an ingredient or analyte (mmol, IU), if anything."""
        return self.remember(("substance", concept_id), lambda: _substance(self.concept(concept_id)))

    # -- finding concepts --------------------------------------------------------------

    def by_name(self, text: str, *kinds: ConceptKind) -> tuple[Concept, ...]:
        """Concepts whose preferred name or a synonym equals the text after ``normal_name``."""
        wanted = normal_name(text)
        rows = self._by_name.get(hash_key(wanted))
        found = (self._concept_at(row) for row in rows)
        return tuple(c for c in found if (not kinds or c.kind in kinds) and _named(c, wanted))

    def by_code(self, system: str, code: str) -> tuple[Concept, ...]:
        """Concepts that carry a code of a system (short names, see ``CodeRef``)."""
        rows = self._by_code.get(hash_key(f"{system}|{code}"))
        found = (self._concept_at(row) for row in rows)
        return tuple(c for c in found if any(r.system == system and r.code == code for r in c.codes))

    # -- reading and graphs ------------------------------------------------------------

    def about(self, concept_id: str) -> tuple[Statement, ...]:
        """All statements with this subject, unreviewed ones too: for reading, never for deciding."""
        row = self._row(concept_id)
        return () if row is None else tuple(self._statement_at(r) for r in self._out.get(row))

    def pointing_at(self, concept_id: str) -> tuple[Statement, ...]:
        """All statements with this object: for reading, never for deciding."""
        row = self._row(concept_id)
        return () if row is None else tuple(self._statement_at(r) for r in self._in.get(row))

    def concepts(self) -> Iterator[Concept]:
        """Every concept, in order of id."""
        return (self._concept_at(row) for row in range(len(self._concepts)))

    def all_statements(self) -> Iterator[Statement]:
        """Every statement, in order of id; none is kept, a release may hold a million."""
        return iter(self._statements)  # type: ignore[arg-type]

    def saying(self, predicate: Predicate, type_: type[_S]) -> Iterator[_S]:
        """Every statement of a predicate, in order of id, as ``Statement`` or as a struct that has only the fields
        that are wanted. None is kept: who makes an index of hundreds of thousands holds them once."""
        found = self._statements.holding(predicate.value.encode(), type_)
        return (statement for statement in found if statement.predicate is predicate)

    def sources(self) -> Iterator[Source]:
        """Every source, in order of id."""
        return iter(self._sources.values())

    def articles(self) -> Iterator[Article]:
        """Every article, in order of id."""
        return iter(self._all("articles", Article))

    # -- inside ------------------------------------------------------------------------

    def _section(self, name: str, code: Literal["I", "Q"] | None = None) -> memoryview:
        start, length = self._sections[name]
        part = self._view[start : start + length]
        return part.cast(code) if code else part

    def _blobs(self, name: str, type_: type) -> _Blobs:
        return _Blobs(self._section(f"{name}.offsets", "Q"), self._section(f"{name}.data"), type_)

    def _all(self, name: str, type_: type[_T]) -> tuple[_T, ...]:
        return tuple(msgspec.msgpack.decode(self._section(name), type=list[type_]))  # type: ignore[valid-type]

    def _grouped(self, name: str) -> _Grouped:
        return _Grouped(
            self._section(f"{name}.keys", "Q"),
            self._section(f"{name}.starts", "I"),
            self._section(f"{name}.values", "I"),
        )

    def _ancestors(self, concept_id: str) -> frozenset[str]:
        row = self._row(concept_id)
        rows = () if row is None else self._up.get(row)
        return frozenset({concept_id, *(self._concept_at(r).id for r in rows)})

    def _row(self, concept_id: str) -> int | None:
        try:
            return self._rows[concept_id]
        except KeyError:
            rows = self._by_id.get(hash_key(concept_id))
            row = self._rows[concept_id] = next((r for r in rows if self._concept_at(r).id == concept_id), None)
            return row

    def _concept_at(self, row: int) -> Concept:
        return self._concepts[row]  # type: ignore[return-value]

    def _statement_at(self, row: int) -> Statement:
        return self._statements[row]  # type: ignore[return-value]

    def _partners_of(self, predicate: Predicate, row: int) -> dict[int, list[int]]:
        """Row of the other side → statement rows; statements are decoded only when asked for."""
        key = subject_key(predicate, row)
        partners = self._partners.get(key)
        if partners is None:
            partners = {}
            flat = self._pairs.get(key)
            for at in range(0, len(flat), 2):
                partners.setdefault(flat[at], []).append(flat[at + 1])
            self._partners[key] = partners
        return partners


def _substance(known: Concept | None) -> Substance | None:
    if known is None or not ("molar_mass" in known.attributes or "iu_per_mg" in known.attributes):
        return None
    return Substance(known.name, known.attributes.get("molar_mass"), known.attributes.get("iu_per_mg"))


def _named(concept: Concept, wanted: str) -> bool:
    return any(normal_name(n) == wanted for n in concept.names())
