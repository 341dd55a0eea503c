"""Written names of diagnoses, operations, drugs, tests, examinations and symptoms to concepts of the release."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

from fastapi import APIRouter, Request, Response

from api.access import Access
from api.asking import described
from api.bodies import Body, asked, decoded
from api.errors import bad_field, respond
from api.serving import Served, Serving
from clinical.coded import Coded
from knowledge.titles import CONCEPTS
from nlp.terms import SYSTEMS, Candidate, Normaliser, otherwise

_MOST: Final = 500
_MOST_LIMIT: Final = 20
_LONGEST: Final = 400
_KNOWN: Final = 0.97
"""Score of what the release's terminology knows a name to mean, without doubt."""


class NormalizeBody(Body, frozen=True):
    """Names as they were written; ``system`` says what they are names of."""

    texts: tuple[str, ...]
    system: str
    limit: int = 5


EXAMPLE: Final[dict[str, Any]] = {
    "texts": ["腹腔镜下胆囊切除", "右锁骨钢板取出术"],
    "system": "icd-9-cm-3",
    "limit": 3,
}


def router(access: Access, serving: Serving, models: Path) -> APIRouter:
    """``POST /api/v1/terms/normalize``; ``models`` is the folder that ``yigong train-terms`` writes to."""
    routes = APIRouter(prefix="/api/v1/terms", tags=["Terminology"])

    @routes.post("/normalize", **_NORMALIZE)
    async def normalize(request: Request) -> Response:
        access.need(request, "knowledge.read")
        body = decoded(NormalizeBody, await request.body())
        _check(body)
        return respond(200, await asyncio.to_thread(answered, serving.now, models, body))

    return routes


def _check(body: NormalizeBody) -> None:
    """Raises ``ApiError`` 400."""
    if body.system not in SYSTEMS:
        raise bad_field("system", f"应为 {'、'.join(SYSTEMS)} 之一")
    if not 1 <= len(body.texts) <= _MOST:
        raise bad_field("texts", f"应为 1 至 {_MOST} 个名称")
    for place, text in enumerate(body.texts):
        if not text.strip() or len(text) > _LONGEST:
            raise bad_field(f"texts[{place}]", f"应为 1 至 {_LONGEST} 个字，不能为空白")
    if not 1 <= body.limit <= _MOST_LIMIT:
        raise bad_field("limit", f"应在 1 至 {_MOST_LIMIT} 之间")


def answered(served: Served, models: Path, body: NormalizeBody) -> dict[str, Any]:
    """The answer, names in the order given."""
    found = Normaliser.of(served.snapshot, models).many(body.texts, body.system, body.limit)
    told = [_result(served, body, text, parts) for text, parts in zip(body.texts, found, strict=True)]
    return {"release": served.snapshot.release, "system": body.system, "results": told}


def _result(served: Served, body: NormalizeBody, text: str, parts: list[list[Candidate]]) -> dict[str, Any]:
    """The first of each part stands first; ``parts`` only where a name lists several things."""
    if len(parts) == 1:
        parts = [_known_first(served, body.system, text, parts[0])]
    firsts = [part[0] for part in parts if part]
    others = sorted((one for part in parts for one in part[1:]), key=lambda one: -one.score)
    every = _distinct([*firsts, *others])[: max(body.limit, len(firsts))]
    result: dict[str, Any] = {"text": text, "candidates": [one._asdict() for one in every]}
    if len(parts) > 1:
        result["parts"] = [[one._asdict() for one in part[: body.limit]] for part in parts]
    if not all(parts):
        result["note"] = _nothing(served, body.system, text, parts)
    return result


def _nothing(served: Served, system: str, text: str, parts: list[list[Candidate]]) -> str:
    """Says that nothing is near enough, and what the release knows the name to be otherwise."""
    if any(parts):
        return f"其中 {sum(not part for part in parts)} 项没有足够接近的标准名称"
    kinds = "、".join(CONCEPTS[kind] for kind in otherwise(served.snapshot, text, system))
    return "没有足够接近的标准名称" + (f"；知识库中它是{kinds}的名称" if kinds else "")


def _known_first(served: Served, system: str, text: str, found: list[Candidate]) -> list[Candidate]:
    """What terminology knows a diagnosis or drug to be goes before what is merely alike."""
    if found and found[0].score == 1.0:
        return found
    codes = SYSTEMS[system].codes
    made = []
    for concept_id in _resolved(served, system, text):
        concept = served.snapshot.concept(concept_id)
        if concept is not None and concept.kind in SYSTEMS[system].kinds:
            code = next((r.code for wanted in codes for r in concept.codes if r.system == wanted), "")
            made.append(Candidate(concept.id, concept.name, code, _KNOWN))
    lower = [one._replace(score=min(one.score, _KNOWN - 0.01)) for one in found] if made else found
    return _distinct([*made, *lower])


def _resolved(served: Served, system: str, text: str) -> Iterable[str]:
    if system == "icd-10":
        return served.terminology.disease(Coded(text))
    return served.terminology.drug(text, ()).concepts if system == "drug" else ()


def _distinct(found: Iterable[Candidate]) -> list[Candidate]:
    """Each name of each concept once, the first one."""
    return list({(one.id, one.name): one for one in reversed(list(found))}.values())[::-1]


_NORMALIZE: Final = asked(NormalizeBody, EXAMPLE) | described(
    "术语标准化",
    "把书写的诊断、手术、药品、检验、检查、症状名称对应到知识库的标准名称；一个名称含多项时逐项给出。"
    "yigong train-terms 用已确认的对照训练后更准确。",
    "results: 每个名称的候选（标识、名称、编码、0至1的得分），最可能的在前，没有足够接近的标准名称时为空，note 说明; "
    "parts: 含多项时各项的候选",
    400,
)
