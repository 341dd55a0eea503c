"""Questions answered from the release, as server-sent events."""

from __future__ import annotations

from typing import Any, Final

from fastapi import APIRouter, Request
from fastapi.responses import StreamingResponse

from api.access import Access
from api.answer_desk import AnswerBody, AnswerDesk
from api.asking import described
from api.bodies import asked, decoded

EXAMPLES: Final[dict[str, dict[str, Any]]] = {
    "plain": {"question": "华法林能和布洛芬一起吃吗"},
    "patient": {
        "question": "这个病人能用吗",
        "turns": [{"role": "user", "text": "布洛芬成人怎么吃"}],
        "context": {"drug": "布洛芬"},
        "patient": {
            "id": "P1",
            "sex": "女",
            "birthDate": "1950-05-12",
            "conditions": [{"text": "心力衰竭"}],
            "allergies": [],
            "medications": [{"id": "m1", "text": "华法林片", "dose": 3, "unit": "mg", "frequency": "qd"}],
        },
    },
}


def router(access: Access, desk: AnswerDesk) -> APIRouter:
    """``POST /api/v1/answers``."""
    routes = APIRouter(prefix="/api/v1", tags=["Answers"])

    @routes.post("/answers", **_ANSWERS)
    async def answer(request: Request) -> StreamingResponse:
        found = access.need(request, "knowledge.read")
        body = decoded(AnswerBody, await request.body())
        if body.patient is not None or body.prefetch is not None:
            access.need(request, "inference.use")
        begun = await desk.begin(body, found)
        headers = {"X-Accel-Buffering": "no"}  # a proxy that waits for the end would undo the stream
        return StreamingResponse(desk.stream(begun), media_type="text/event-stream", headers=headers)

    return routes


_ANSWERS: Final = described(
    "临床问答，逐句标注出处",
    "服务器发送事件：`sources` 编号的知识库原文，`sentence` 一句回答及其引用编号，"
    "`finding` 对所涉药品的规则审查结果，`refused` 资料不足不作答，`error` 大语言模型出错，"
    "`done` 结束（含未通过核对而未显示的句子）。"
    "带患者资料时另需 inference.use 权限；临床面板提问时即针对启动时的患者，无需也不能另带。",
    "text/event-stream",
    *(400, 404, 422),
) | asked(AnswerBody, EXAMPLES["patient"])
