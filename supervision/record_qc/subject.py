"""A record as checks see it: its documents by kind and time, what befell the patient, and what its texts say.

What is costly is worked out once, when the first check asks for it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import Final, TypeAlias

from clinical.medical_record import (
    Document,
    DocumentKind,
    Event,
    EventKind,
    MedicalRecord,
    RecordKind,
    Signature,
    Signer,
)
from knowledge.snapshot import Snapshot
from nlp.facts import Fact
from nlp.sections import section_of, sections
from supervision.record_qc.places import Place, Stage
from supervision.record_qc.similarity import Likeness

Reader: TypeAlias = Callable[[str, str], list[Fact]]
"""Reads a text that stands under a heading into facts (``nlp.facts.read`` over a release)."""
_ENDS: Final = "。！？!?；;\n"
_NEVER: Final = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Passage:
    """A text under its heading. ``name`` is the canonical heading (查体), ``title`` the one that was written, without
    blanks."""

    document: Document
    title: str
    name: str
    text: str

    def place(self, start: int = 0, end: int | None = None) -> Place:
        """A span of the text, with the sentence that it stands in as the quote."""
        to = len(self.text) if end is None else end
        return Place(self.document.id, self.title, sentence(self.text, start, to), start, to)


@dataclass(frozen=True, slots=True)
class Saying:
    """A fact with the passage that says it."""

    passage: Passage
    fact: Fact

    @property
    def place(self) -> Place:
        return self.passage.place(self.fact.start, self.fact.end)


class Subject:
    """A record at a stage and a moment. ``writing`` is the id of the document that is being written, where that is
    the stage. Without a ``reader`` nothing is known of what texts mean; ``release`` is what names and codes mean."""

    def __init__(
        self,
        record: MedicalRecord,
        stage: Stage,
        now: datetime,
        reader: Reader | None = None,
        writing: str = "",
        release: Snapshot | None = None,
    ) -> None:
        self.record, self.stage, self.now, self.writing, self.release = record, stage, now, writing, release
        self.likeness = Likeness()
        self._reader = reader
        self._passages: dict[str, tuple[Passage, ...]] = {}
        self._read: dict[tuple[str, str], list[Fact]] = {}

    @cached_property
    def kinds(self) -> frozenset[RecordKind]:
        """What sort of record it is; one with a front page is of that sort too."""
        own = {self.record.kind}
        return frozenset(own if self.record.front_page is None else own | {RecordKind.FRONT_PAGE})

    # -- documents ---------------------------------------------------------------------------

    @cached_property
    def documents(self) -> tuple[Document, ...]:
        """Everything that was written, in the order of the times that documents bear; undated ones last."""
        return tuple(sorted(self.record.documents, key=lambda d: (d.written or d.completed or _NEVER, d.id)))

    @cached_property
    def _by_kind(self) -> dict[DocumentKind, tuple[Document, ...]]:
        found: dict[DocumentKind, list[Document]] = {}
        for document in self.documents:
            found.setdefault(document.kind, []).append(document)
        return {kind: tuple(of) for kind, of in found.items()}

    def of(self, *kinds: DocumentKind) -> tuple[Document, ...]:
        """Documents of these kinds in order of time, whatever the stage."""
        if len(kinds) == 1:
            return self._by_kind.get(kinds[0], ())
        return tuple(document for document in self.documents if document.kind in kinds)

    def judged(self, *kinds: DocumentKind) -> tuple[Document, ...]:
        """Documents (of these kinds, or all) whose content is judged now: while one is written, that one alone."""
        found = self.of(*kinds) if kinds else self.documents
        return found if self.stage is not Stage.WRITING else tuple(d for d in found if d.id == self.writing)

    # -- what befell -------------------------------------------------------------------------

    def events(self, *kinds: EventKind) -> tuple[Event, ...] | None:
        """What befell the patient, in order of time; None when nobody told."""
        if self.record.events is None:
            return None
        found = [event for event in self.record.events if event.kind in kinds]
        if self.record.events_partial and not found:
            return None
        return tuple(sorted(found, key=lambda event: (event.at or _NEVER, event.id)))

    @property
    def until(self) -> datetime:
        """Up to when the stay can be judged: its end, else now."""
        return min(self.record.ended or self.now, self.now)

    # -- texts -------------------------------------------------------------------------------

    def passages(self, document: Document) -> tuple[Passage, ...]:
        """The texts of a document by heading; one that came as a whole is taken apart at the headings in it."""
        found = self._passages.get(document.id)
        if found is None:
            found = self._passages[document.id] = tuple(_passages(document))
        return found

    def section(self, document: Document, *names: str) -> Passage | None:
        """The first passage of a document under one of these headings (as written, or canonical)."""
        wanted = frozenset(names)
        return next((p for p in self.passages(document) if p.title in wanted or p.name in wanted), None)

    def texts(self, documents: Iterable[Document]) -> Iterator[Passage]:
        """All passages of some documents."""
        for document in documents:
            yield from self.passages(document)

    def says(self, documents: Iterable[Document], *kinds: str) -> Iterator[Saying] | None:
        """What documents say, of some kinds of fact (``nlp.facts.Fact.kind``) or all; None when nothing reads."""
        if self._reader is None:
            return None
        return self._said(documents, frozenset(kinds))

    def _said(self, documents: Iterable[Document], kinds: frozenset[str]) -> Iterator[Saying]:
        for passage in self.texts(documents):
            for fact in self.facts(passage.text, passage.name) or ():
                if not kinds or fact.kind in kinds:
                    yield Saying(passage, fact)

    def facts(self, text: str, section: str = "") -> list[Fact] | None:
        """What any text of the record says, of an order or a result too; None when nothing reads. Read once however
        often it was written: much is copied."""
        if self._reader is None:
            return None
        key = (section, text)
        if key not in self._read:
            self._read[key] = self._reader(text, section)
        return self._read[key]


def _passages(document: Document) -> Iterator[Passage]:
    for section in document.sections:
        if section.title:
            title = "".join(section.title.split())  # 主　　诉 is 主诉
            yield Passage(document, title, section_of(title), section.text)
            continue
        for part in sections(section.text):
            yield Passage(document, part.name, part.name, section.text[part.start : part.end])


def signed(document: Document, *roles: Signer) -> tuple[Signature, ...]:
    """The signatures of a document in some roles, or all."""
    return tuple(s for s in document.signatures or () if s.name.strip() and (not roles or s.role in roles))


def sentence(text: str, start: int, end: int, most: int = 120) -> str:
    """The sentence (or sentences) that a span stands in, shortened around the span where it is long."""
    begins = max((text.rfind(mark, 0, start) + 1 for mark in _ENDS), default=0)
    ends = min((place for mark in _ENDS if (place := text.find(mark, max(start, end - 1))) >= 0), default=len(text))
    begins, ends = max(begins, start - most), min(max(ends + 1, end), start + most)
    return text[begins:ends].strip()


__all__ = ["Passage", "Reader", "Saying", "Subject", "sentence", "signed"]
