"""Reading the release: concepts, their neighbourhood, articles. What is read here is what decides."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response

from api.access import Access
from api.errors import ApiError, respond
from api.serving import Serving
from knowledge.graph import neighbourhood
from knowledge.model import Concept, ConceptKind, Statement
from knowledge.snapshot import Snapshot
from nlp.sentences import said

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
        told = [statement(snapshot, s) for s in _statements(snapshot, concept_id)]
        articles = [{"id": one, "title": title} for one, title in _articles(snapshot).get(concept_id, ())]
        about = {"release": snapshot.release, "statements": told, "articles": articles}
        return respond(200, shown(found) | about)

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
        sections = [{"heading": s.heading, "text": s.text} for s in found.sections]
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
        "sources": [_cited(snapshot, c.source, c.section) for c in s.citations],
        "evidence": s.evidence,
        "standing": s.standing.value,
        "revision": s.revision,
    }
    return {k: v for k, v in fields.items() if v}


def _cited(snapshot: Snapshot, source_id: str, section: str) -> dict[str, str]:
    source = snapshot.source(source_id)
    fields = {"title": source.title if source else source_id, "section": section}
    return {k: v for k, v in fields.items() if v}


def _statements(snapshot: Snapshot, concept_id: str) -> Iterator[Statement]:
    yield from snapshot.about(concept_id)[:_LIMIT]
    yield from snapshot.pointing_at(concept_id)[:_LIMIT]


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
