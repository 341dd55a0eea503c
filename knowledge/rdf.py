"""A release as RDF and back: SKOS for terms, PROV-O for sources, nothing lost.

Everything that SKOS and PROV-O have words for is said in them; the whole record stands beside
as canonical JSON under ``yg:record``, so that a round trip gives the same records bit for bit.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import msgspec
from rdflib import Dataset, Graph, Literal, Namespace, URIRef
from rdflib.namespace import DCTERMS, PROV, RDF, SKOS, XSD

from knowledge.compile import Content
from knowledge.model import (
    Article,
    Concept,
    Predicate,
    Record,
    Rule,
    Source,
    Statement,
    Status,
    same_content,
)
from knowledge.snapshot import Snapshot
from knowledge.store import Change, Store, kind_of

YG: Final = Namespace("https://yigong.cn/ns#")
_BASE: Final = "https://yigong.cn/id/"
_TYPES: Final[dict[str, Any]] = {
    "concept": Concept,
    "statement": Statement,
    "article": Article,
    "rule": Rule,
    "source": Source,
}
_BATCH: Final = 2000
_TURTLE: Final = "ox-turtle"
"""Turtle by the store itself: the same language, twenty times as fast as rdflib's own reader and writer."""


class RdfError(Exception):
    """A Turtle file cannot be read; the message says what is wrong with it."""


def graph_of(snapshot: Snapshot) -> Graph:
    """The release as triples."""
    graph = _fresh()
    for record in _records(snapshot):
        for triple in _triples(record):
            graph.add(triple)
    return graph


def export(snapshot: Snapshot, path: Path) -> int:
    """Write a release as Turtle; gives the number of triples."""
    graph = graph_of(snapshot)
    graph.serialize(path, format=_TURTLE, encoding="utf-8")
    return len(graph)


def read(path: Path) -> Content:
    """Records of a Turtle export. Raises ``RdfError`` when it is no Turtle or holds a broken record."""
    graph = _fresh()
    try:
        graph.parse(path, format=_TURTLE)
    except Exception as error:  # rdflib raises many kinds; all mean the same to the caller
        raise RdfError(f"{path.name} is no Turtle: {error}") from error
    content = Content()
    lists: dict[str, list[Any]] = {
        "concept": content.concepts,
        "statement": content.statements,
        "article": content.articles,
        "rule": content.rules,
        "source": content.sources,
    }
    for subject, text in sorted(graph.subject_objects(YG.record), key=lambda pair: str(pair[0])):
        kind = str(subject).removeprefix(_BASE).partition("/")[0]
        if kind not in lists:
            raise RdfError(f"{path.name}: {subject} is none of {', '.join(lists)}")
        try:
            lists[kind].append(msgspec.json.decode(str(text), type=_TYPES[kind]))
        except msgspec.ValidationError as error:
            raise RdfError(f"{path.name}: {subject}: {error}") from error
    return content


def import_drafts(store: Store, path: Path, author: str) -> int:
    """Write the records of a Turtle export as drafts (sources as approved); what is equal to the
    present head is left alone. Gives the number written."""
    content = read(path)
    records: list[Record] = [
        *content.sources,
        *content.concepts,
        *content.statements,
        *content.articles,
        *content.rules,
    ]
    written = 0
    for start in range(0, len(records), _BATCH):
        part = records[start : start + _BATCH]
        heads = store.many((kind_of(r), r.id) for r in part)
        new = [r for r in part if not ((h := heads.get((kind_of(r), r.id))) and same_content(h.record, r))]
        written += store.write(_change(record, author, path.name) for record in new)
    return written


def query(snapshot: Snapshot, text: str) -> Iterator[tuple[str, ...]]:
    """Rows of a SPARQL query over a release, as text. Raises ``RdfError`` for a query that does not parse."""
    graph = graph_of(snapshot)
    try:
        for row in graph.query(text):
            yield tuple("" if value is None else str(value) for value in row)  # type: ignore[union-attr]
    except (SyntaxError, ValueError) as error:
        raise RdfError(f"the query does not parse: {error}") from error


def iri(kind: str, record_id: str) -> URIRef:
    """The IRI of a record."""
    return URIRef(f"{_BASE}{kind}/{quote(record_id, safe='')}")


def _fresh() -> Graph:
    """An empty graph in the oxigraph store: parsing and SPARQL are twenty times as fast as in Python."""
    dataset = Dataset(store="Oxigraph")
    graph: Graph = dataset.default_graph
    for prefix, namespace in (("yg", YG), ("skos", SKOS), ("prov", PROV), ("dcterms", DCTERMS)):
        graph.bind(prefix, namespace)
    return graph


def _records(snapshot: Snapshot) -> Iterator[Record]:
    yield from snapshot.sources()
    yield from snapshot.concepts()
    yield from snapshot.all_statements()
    yield from snapshot.articles()
    yield from snapshot.rules


_Triple = tuple[URIRef, URIRef, URIRef | Literal]


def _triples(record: Record) -> Iterator[_Triple]:
    kind = kind_of(record)
    subject = iri(kind, record.id)
    yield subject, YG.record, Literal(msgspec.json.encode(record, order="sorted").decode())
    if isinstance(record, Concept):
        yield from _concept(subject, record)
    elif isinstance(record, Statement):
        yield from _statement(subject, record)
    elif isinstance(record, Source):
        yield subject, RDF.type, PROV.Entity
        yield subject, DCTERMS.title, Literal(record.title, lang="zh")
        if record.year:
            yield subject, DCTERMS.issued, Literal(str(record.year), datatype=XSD.gYear)


def _concept(subject: URIRef, c: Concept) -> Iterator[_Triple]:
    yield subject, RDF.type, SKOS.Concept
    yield subject, YG.kind, Literal(c.kind.value)
    yield subject, SKOS.prefLabel, Literal(c.name, lang="zh")
    if c.name_en:
        yield subject, SKOS.prefLabel, Literal(c.name_en, lang="en")
    for name in dict.fromkeys(c.names()[1:]):
        yield subject, SKOS.altLabel, Literal(name)
    for code in c.codes:
        yield subject, SKOS.notation, Literal(code.code, datatype=YG[quote(code.system, safe="")])


def _statement(subject: URIRef, s: Statement) -> Iterator[_Triple]:
    """The statement as a node of its own, and as a direct edge between its concepts."""
    yield subject, RDF.type, YG.Statement
    yield subject, RDF.subject, iri("concept", s.subject)
    yield subject, RDF.predicate, YG[s.predicate.value]
    yield subject, YG.standing, Literal(s.standing.value)
    for citation in s.citations:
        yield subject, PROV.wasDerivedFrom, iri("source", citation.source)
    if "severity" in s.qualifiers:
        yield subject, YG.severity, Literal(s.qualifiers["severity"])
    if s.object:
        yield subject, RDF.object, iri("concept", s.object)
        edge = SKOS.broader if s.predicate is Predicate.IS_A else YG[s.predicate.value]
        yield iri("concept", s.subject), edge, iri("concept", s.object)


def _change(record: Record, author: str, name: str) -> Change:
    status = Status.APPROVED if isinstance(record, Source) else Status.DRAFT
    return Change(record, "created", status, author, f"导入自 {name}")
