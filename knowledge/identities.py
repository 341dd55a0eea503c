"""Which known concept is meant by what a source names: by strong code, exact name or what was mapped before, never by
guess."""

from __future__ import annotations

from msgspec import structs
from sqlalchemy import Column, Index, String, Table, select

from base.db import METADATA
from knowledge.intake import Row, RowError
from knowledge.model import Article, Concept, Record, Statement, Status
from knowledge.naming import normal_name
from knowledge.references import meant, why_not
from knowledge.store import Store

STRONG_CODES = frozenset({"icd-10", "icd-9-cm-3", "loinc", "hpo", "nhsa-drug", "nhsa-service", "omim", "orphanet"})
"""Codes that name one thing: two concepts of one kind with the same such code are the same."""
aliases = Table(
    "knowledge_alias",
    METADATA,
    Column("alias", String(160), primary_key=True),
    Column("concept", String(160), nullable=False),
    Column("because", String(200), nullable=False),
    Index("knowledge_alias_concept", "concept"),
)


class KnownNames:
    """Which concept a name, a code or a reference means; what is read once is remembered."""

    def __init__(self, store: Store, origin: str) -> None:
        self.store = store
        self.by_name: dict[str, dict[str, str]] = {}
        self.by_code: dict[tuple[str, str], dict[str, str]] = {}
        self.ids: set[str] = set()
        self.aliases: dict[str, str] = {}
        self.preferred: dict[str, str] = {}
        self.strong: dict[str, dict[str, str]] = {}
        self.own: set[str] = set()
        for concept, _ in store.heads(Concept):
            self.learn(concept)
            if concept.origin == origin:
                self.own.add(concept.id)
        with store.engine.connect() as connection:
            self.aliases = {row.alias: row.concept for row in connection.execute(select(aliases))}

    def learn(self, concept: Concept) -> None:
        """Remember what a concept is called."""
        self.ids.add(concept.id)
        self.preferred[concept.id] = normal_name(concept.name)
        self.strong[concept.id] = {r.system: r.code for r in concept.codes if r.system in STRONG_CODES}
        for name in _names(concept):
            self.by_name.setdefault(name, {})[concept.id] = concept.kind
        for ref in concept.codes:
            self.by_code.setdefault((ref.system, ref.code), {})[concept.id] = concept.kind

    def same_as(self, concept: Concept) -> tuple[str, str]:
        """Id of the known concept this one is, and why; empty when it is new."""
        if concept.id in self.aliases:
            return self.aliases[concept.id], "mapped before"
        if concept.id in self.ids:
            return concept.id, "same id"
        for ref in concept.codes:
            found = [i for i, k in self.by_code.get((ref.system, ref.code), {}).items() if k == concept.kind]
            if ref.system in STRONG_CODES and len(found) == 1:
                return found[0], f"code {ref.system} {ref.code}"
        named = [i for i, k in self.by_name.get(normal_name(concept.name), {}).items() if k == concept.kind]
        if len(named) == 1 and not self._clash(concept, named[0]):
            return named[0], f"name {concept.name}"
        return "", ""

    def _clash(self, concept: Concept, other: str) -> bool:
        """Same name, but different strong codes: two things, until a curator says otherwise."""
        theirs = self.strong.get(other, {})
        ours = {r.system: r.code for r in concept.codes if r.system in STRONG_CODES}
        return any(theirs[system] != code for system, code in ours.items() if system in theirs)

    def rivals(self, concept: Concept) -> list[tuple[str, str]]:
        """Other concepts that share a name with this one, and which name."""
        found: dict[str, str] = {}
        for name in _names(concept):
            for other, kind in self.by_name.get(name, {}).items():
                if other != concept.id and kind == concept.kind:
                    found[other] = f"都称作“{name}”"
        return sorted(found.items())

    def resolve(self, row: Row) -> Record | RowError:
        """A statement or an article about concepts instead of names, or what is wrong with it."""
        record = row.record
        assert isinstance(record, Statement | Article)
        places = {}
        for place in ("subject", "object") if isinstance(record, Statement) else ("concept",):
            text = getattr(record, place)
            found = self._concept(text) if text else ""
            if found is None:
                return RowError(row.file, row.line, place, self._why(text))
            places[place] = found
        # Compiling refuses statements of unknown sources; of an article nobody would notice.
        wrong = self._uncited(record) if isinstance(record, Article) else ""
        return RowError(row.file, row.line, "source", wrong) if wrong else structs.replace(record, **places)

    def _uncited(self, article: Article) -> str:
        """What to tell of sections whose source is not known; empty: all are."""
        cited = {("source", c.source): section.heading for section in article.sections for c in section.citations}
        heads = self.store.many(cited)
        live = {key for key, head in heads.items() if head.status is not Status.RETIRED}
        return "；".join(
            f"“{heading}”一节：没有编号为 {key[1]} 的来源，请先在来源表中登记，或写作 说明书:药品名"
            for key, heading in cited.items()
            if key not in live
        )

    def _concept(self, text: str) -> str | None:
        if not text.startswith("?"):
            text = self.aliases.get(text, text)
            return text if text in self.ids else None
        found = self._matching(text)
        return found[0] if len(found) == 1 else None

    def _matching(self, text: str) -> list[str]:
        group, _, name = text[1:].partition(":")
        wanted = normal_name(name)
        found = self.by_name.get(wanted, {})
        matching = meant(group, found, (i for i in found if self.preferred[i] == wanted))
        # A source that has one concept of the name means that one, whatever other sources call the same.
        own = [i for i in matching if i in self.own] if len(matching) > 1 else []
        return own if len(own) == 1 else matching

    def _why(self, text: str) -> str:
        return why_not(text, self._matching(text) if text.startswith("?") else [])


def _names(concept: Concept) -> set[str]:
    return {normal_name(n) for n in (concept.name, concept.name_en, *concept.synonyms) if n}
