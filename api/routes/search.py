"""Searching the release in natural language, and names as they are typed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Final, Literal

from fastapi import APIRouter, Query, Request, Response

from api.access import Access
from api.asking import described, within
from api.bodies import Body, asked, decoded
from api.errors import ApiError, bad_field, respond
from api.search_desk import SearchDesk
from knowledge.model import ConceptKind

if TYPE_CHECKING:
    from nlp.search import Answer, Found, Index

_MOST: Final = 50
_LONGEST: Final = 500


class SearchBody(Body, frozen=True):
    """A question or keywords (may be pinyin), and what passages must be: ``kinds`` of concept (ingredient,
    disease …), ``departments`` by name, ``sources`` by id or kind (label, guideline, regulation …), not from before
    the year ``since`` (sources without a year are left out then)."""

    query: str
    kinds: tuple[str, ...] = ()
    departments: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    since: int = 0
    mode: Literal["hybrid", "lexical", "vector"] = "hybrid"
    limit: int = 10


def router(access: Access, desk: SearchDesk) -> APIRouter:
    """``/api/v1/search`` and ``/api/v1/suggest``."""
    routes = APIRouter(prefix="/api/v1", tags=["Search"])

    @routes.post("/search", **_SEARCH)
    async def search(request: Request) -> Response:
        found = access.need(request, "knowledge.read")
        body = _checked(decoded(SearchBody, await request.body()))
        return respond(200, await within(found, lambda: _searched(desk.index(), body)))

    @routes.get("/suggest", **_SUGGEST)
    def suggest(
        request: Request,
        q: Annotated[str, Query(description="名称、拼音、拼音首字母或编码的开头", max_length=100)],
        kind: Annotated[list[ConceptKind] | None, Query(description="只要这些类型")] = None,
        limit: Annotated[int, Query(ge=1, le=_MOST)] = 10,
    ) -> Response:
        access.need(request, "knowledge.read")
        index = desk.index()
        made = index.spellings.suggest(q, [one.value for one in kind or ()], limit)
        told = [
            {
                "id": s.concept.id,
                "kind": s.concept.kind.value,
                "name": s.concept.name,
                "matched": s.matched,
                "by": s.by,
            }
            for s in made
        ]
        return respond(200, {"release": index.meta.release, "suggestions": told})

    return routes


def _checked(body: SearchBody) -> SearchBody:
    """Raises ``ApiError`` 400 naming the field."""
    if not body.query.strip():
        raise bad_field("query", "请输入要检索的问题或关键词")
    if len(body.query) > _LONGEST:
        raise bad_field("query", f"过长，最多 {_LONGEST} 字")
    if not 1 <= body.limit <= _MOST:
        raise bad_field("limit", f"应为 1 至 {_MOST}")
    known = {kind.value for kind in ConceptKind}
    unknown = [kind for kind in body.kinds if kind not in known]
    if unknown:
        raise bad_field("kinds", f"没有类型 {unknown[0]!r}，可用：{', '.join(sorted(known))}")
    if not 0 <= body.since <= 9999:
        raise bad_field("since", "应为年份，如 2020")
    return body


def _searched(index: Index, body: SearchBody) -> dict[str, Any]:
    from nlp.embed import EmbedderError
    from nlp.lexical import Filters

    filters = Filters(body.kinds, body.departments, body.sources, body.since)
    try:
        answer = index.answer(body.query, filters, body.mode, body.limit)
    except EmbedderError as error:
        raise ApiError(503, "transient", f"向量检索暂不可用，可改用 lexical：{error}", "mode") from None
    told = {"release": index.meta.release, "mode": answer.mode, "note": answer.note}
    shown = {k: v for k, v in told.items() if v}
    return shown | {"understood": _understood(index, answer), "results": [_hit(index, one) for one in answer.found]}


def _understood(index: Index, answer: Answer) -> dict[str, Any]:
    """What the question was taken to speak of, and to ask for."""
    name = index.snapshot.name
    mentions = [
        {"text": m.text, "concepts": [{"id": one, "name": name(one)} for one in m.concepts]}
        for m in answer.question.mentions
    ]
    return {"mentions": mentions, "predicates": [p.value for p in answer.question.predicates]}


def _hit(index: Index, found: Found) -> dict[str, Any]:
    p = found.passage
    source: dict[str, Any] = {
        "id": p.source,
        "title": p.source_title,
        "kind": p.source_kind,
        "edition": p.edition,
        "year": p.year,
        "section": p.section,
    }
    fields: dict[str, Any] = {
        "id": p.id,
        "score": round(found.score, 4),
        "title": p.title,
        "heading": p.heading,
        "text": p.text,
        "highlights": [{"start": span.start, "end": span.end} for span in found.highlights],
        "concept": {"id": p.concept, "name": index.snapshot.name(p.concept)},
        "kind": p.kind,
        "predicate": p.predicate,
        "source": {k: v for k, v in source.items() if v},
        "evidence": p.evidence,
        "standing": p.standing,
        "departments": list(p.departments),
    }
    return {k: v for k, v in fields.items() if v or k == "highlights"}


EXAMPLE: Final[dict[str, Any]] = {
    "query": "华法林能和布洛芬一起吃吗",
    "kinds": ["drug-class", "ingredient"],
    "limit": 5,
}
_HIT: Final[dict[str, Any]] = {
    "type": "object",
    "properties": {
        "id": {"type": "string"},
        "score": {"type": "number", "description": "由 1 递减"},
        "title": {"type": "string"},
        "heading": {"type": "string"},
        "text": {"type": "string"},
        "highlights": {
            "type": "array",
            "items": {"type": "object", "properties": {"start": {"type": "integer"}, "end": {"type": "integer"}}},
        },
        "concept": {"type": "object", "properties": {"id": {"type": "string"}, "name": {"type": "string"}}},
        "kind": {"type": "string"},
        "predicate": {"type": "string"},
        "source": {"type": "object", "description": "id, title, kind, edition, year, section"},
        "evidence": {"type": "string"},
        "standing": {"type": "string"},
        "departments": {"type": "array", "items": {"type": "string"}},
    },
}
_SEARCH: Final = asked(SearchBody, EXAMPLE) | described(
    "检索知识库",
    "自然语言问句或关键词；按词与向量检索并融合，命中处给出字符位置，每条附来源、版本、章节和证据等级。",
    "命中的段落，最相关的在前",
    400,
)
_SEARCH["responses"][503] = {"description": "检索索引不可用；其他功能不受影响"}
_SEARCH["responses"][200]["content"] = {
    "application/json": {
        "schema": {
            "type": "object",
            "properties": {
                "release": {"type": "string"},
                "mode": {"type": "string"},
                "note": {"type": "string", "description": "为何未按所要求的方式检索"},
                "understood": {"type": "object", "description": "问句中识别出的概念和所问的知识类型"},
                "results": {"type": "array", "items": _HIT},
            },
        }
    }
}
_SUGGEST: Final = described(
    "按开头提示名称", "汉字、全拼（huafal）、首字母（hfl）或编码。", "release, suggestions", 400
)
_SUGGEST["responses"][503] = {"description": "检索索引不可用；其他功能不受影响"}
