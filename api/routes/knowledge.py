"""Reading the release: concepts, their neighbourhood, articles. What is read here is what decides."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response

from api.access import Access
from api.errors import ApiError, respond
from api.serving import Serving
from knowledge.graph import neighbourhood
from knowledge.model import Citation, Concept, ConceptKind, Section, Statement
from knowledge.shapes import attributes_of
from knowledge.snapshot import Snapshot
from nlp.sentences import said
from nlp.wording import said as worded

_LIMIT = 200


def router(access: Access, serving: Serving) -> APIRouter:
    """``/api/v1/concepts`` and ``/api/v1/articles``."""
    routes = APIRouter(prefix="/api/v1", tags=["Knowledge"], dependencies=[Depends(_reader(access))])
    _of_concepts(routes, serving)
    _of_articles(routes, serving)
    return routes


def _of_concepts(routes: APIRouter, serving: Serving) -> None:
    @routes.get("/concepts")
    def concepts(
        name: Annotated[str, Query(description="exact name, synonym or brand")] = "",
        system: Annotated[str, Query(description="code system: icd-10, atc, loinc …")] = "",
        code: str = "",
        kind: ConceptKind | None = None,
        limit: Annotated[int, Query(ge=1, le=_LIMIT)] = 50,
    ) -> Response:
        snapshot = serving.now.snapshot
        if not name and not code:
            raise ApiError(400, "required", "give `name`, or `system` and `code`", "name")
        found = snapshot.by_name(name) if name else snapshot.by_code(system, code)
        matching = [c for c in found if kind is None or c.kind is kind][:limit]
        return respond(200, {"release": snapshot.release, "concepts": [shown(c) for c in matching]})

    @routes.get("/concepts/{concept_id}")
    def concept(concept_id: str) -> Response:
        snapshot = serving.now.snapshot
        found = _known(snapshot, concept_id)
        about, pointing = snapshot.about(concept_id), snapshot.pointing_at(concept_id)
        told = [statement(snapshot, s) for s in (*about[:_LIMIT], *pointing[:_LIMIT])]
        articles = [{"id": one, "title": title} for one, title in _articles(snapshot).get(concept_id, ())]
        read = {"statements": told, "total": len(about) + len(pointing), "articles": articles}
        return respond(200, shown(found) | {"release": snapshot.release, "facts": _facts(found)} | read)

    @routes.get("/concepts/{concept_id}/graph")
    def graph(
        concept_id: str,
        depth: Annotated[int, Query(ge=1, le=3)] = 1,
        limit: Annotated[int, Query(ge=1, le=1000)] = 200,
    ) -> Response:
        snapshot = serving.now.snapshot
        _known(snapshot, concept_id)
        return respond(200, neighbourhood(snapshot, concept_id, depth, limit))


def _of_articles(routes: APIRouter, serving: Serving) -> None:
    @routes.get("/articles/{article_id}")
    def article(article_id: str) -> Response:
        snapshot = serving.now.snapshot
        found = next((a for a in snapshot.articles() if a.id == article_id), None)
        if found is None:
            raise ApiError(404, "not-found", f"there is no article {article_id!r}")
        sections = [_section(snapshot, one) for one in found.sections]
        about = {"id": found.id, "title": found.title, "concept": found.concept}
        return respond(200, about | {"sections": sections})


def _reader(access: Access) -> Callable[[Request], None]:
    def reads(request: Request) -> None:
        access.need(request, "knowledge.read")

    return reads


def shown(concept: Concept) -> dict[str, Any]:
    """A concept as the API gives it."""
    fields: dict[str, Any] = {
        "id": concept.id,
        "kind": concept.kind.value,
        "name": concept.name,
        "nameEn": concept.name_en,
        "synonyms": list(concept.synonyms),
        "codes": [{"system": c.system, "code": c.code} for c in concept.codes],
        "attributes": concept.attributes,
        "standing": concept.standing.value,
        "origin": concept.origin,
    }
    return {k: v for k, v in fields.items() if v}


def statement(snapshot: Snapshot, s: Statement) -> dict[str, Any]:
    """A statement as a sentence, with names beside ids and its sources by title."""
    title, text = said(s, snapshot.name(s.subject), snapshot.name(s.object) if s.object else "")
    fields: dict[str, Any] = {
        "id": s.id,
        "subject": {"id": s.subject, "name": snapshot.name(s.subject)},
        "predicate": s.predicate.value,
        "heading": title,
        "text": text,
        "object": {"id": s.object, "name": snapshot.name(s.object)} if s.object else {},
        "qualifiers": s.qualifiers,
        "evidence": s.evidence,
        "standing": s.standing.value,
        "revision": s.revision,
    }
    return {k: v for k, v in fields.items() if v} | _sources(snapshot, s.citations)


def _cited(snapshot: Snapshot, source_id: str, section: str) -> dict[str, str]:
    source = snapshot.source(source_id)
    fields = {"title": source.title if source else source_id, "section": section}
    return {k: v for k, v in fields.items() if v}


def _section(snapshot: Snapshot, section: Section) -> dict[str, Any]:
    told: dict[str, Any] = {"heading": section.heading, "text": section.text}
    return told | _sources(snapshot, section.citations)


def _sources(snapshot: Snapshot, citations: Iterable[Citation]) -> dict[str, Any]:
    cited = [_cited(snapshot, one.source, one.section) for one in citations]
    return {"sources": cited} if cited else {}


def _facts(concept: Concept) -> list[dict[str, str]]:
    """The attributes of a concept that tables have a column for, in its words."""
    labelled = ((c.label, worded(c, concept.attributes.get(c.field, ""))) for c in attributes_of(concept.kind))
    return [{"label": label, "text": text} for label, text in labelled if text]


def _articles(snapshot: Snapshot) -> dict[str, list[tuple[str, str]]]:
    """Articles of a release (id and title) by the concept they are about."""

    def by_concept() -> dict[str, list[tuple[str, str]]]:
        found: dict[str, list[tuple[str, str]]] = {}
        for article in snapshot.articles():
            found.setdefault(article.concept, []).append((article.id, article.title))
        return found

    return snapshot.remember("articles by concept", by_concept)


def _known(snapshot: Snapshot, concept_id: str) -> Concept:
    found = snapshot.concept(concept_id)
    if found is None:
        raise ApiError(404, "not-found", f"there is no concept {concept_id!r}")
    return found
