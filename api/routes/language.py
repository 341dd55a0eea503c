"""What a record says, over HTTP: facts with their place in the text."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Final

import msgspec
from fastapi import APIRouter, Request, Response

from api.access import Access
from api.asking import described
from api.bodies import Body, asked, decoded
from api.errors import bad_field, respond
from api.serving import Serving

if TYPE_CHECKING:
    from knowledge.snapshot import Snapshot
    from nlp.facts import Fact

_LONGEST: Final = 200_000
_LONGEST_HEADING: Final = 40
_RENAMED: Final = {"dose_unit": "doseUnit"}


class ReadBody(Body, frozen=True):
    """A record or a part of one; ``section`` is the heading it stands under, when it has none inside."""

    text: str
    section: str = ""


EXAMPLE: Final[dict[str, Any]] = {
    "text": "咳嗽3天，体温最高39.2℃，无胸痛，考虑肺炎。既往高血压病史10年，口服氨氯地平5mg qd。父亲患糖尿病。",
    "section": "现病史",
}


def router(access: Access, serving: Serving) -> APIRouter:
    """``POST /api/v1/records/read``."""
    routes = APIRouter(prefix="/api/v1/records", tags=["Language"])

    @routes.post("/read", **_READ)
    async def read(request: Request) -> Response:
        access.need(request, "inference.use")
        body = decoded(ReadBody, await request.body())
        if not body.text.strip() or len(body.text) > _LONGEST:
            raise bad_field("text", f"应为 1 至 {_LONGEST} 个字，不能为空白")
        if len(body.section) > _LONGEST_HEADING:
            raise bad_field("section", f"应不超过 {_LONGEST_HEADING} 个字")
        snapshot = serving.now.snapshot
        facts = await asyncio.to_thread(_facts, body, snapshot)
        return respond(200, {"release": snapshot.release, "facts": [told(fact) for fact in facts]})

    return routes


def _facts(body: ReadBody, snapshot: Snapshot) -> list[Fact]:
    from nlp.facts import read
    from nlp.lexicon import Lexicon

    return read(body.text, Lexicon.of(snapshot), body.section)


def told(fact: Fact) -> dict[str, Any]:
    """A fact as the API gives it: without what the record does not say."""
    fields = msgspec.structs.asdict(fact)
    return {_RENAMED.get(name, name): value for name, value in fields.items() if value is not None and value != ""}


_READ: Final = asked(ReadBody, EXAMPLE) | described(
    "识别病历文本",
    "从病历文本识别症状体征、疾病、药品、检验、检查、手术操作和过敏原，给出原文位置，以及否认、可疑、假设，"
    "既往、已愈，家族，数值和单位，时间，部位和侧别，用法用量。文本不保存。",
    "facts: 按原文位置排列；start、end 为字符位置，concept 为知识库标识（知识库没有时不给）",
    400,
)
