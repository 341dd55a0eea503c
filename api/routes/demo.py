"""Synthetic patients for whoever looks at the service for the first time, on the machine itself."""

from __future__ import annotations

from typing import Final

from fastapi import APIRouter, Request, Response

from api.access import Access, Kind, Principal
from api.asking import described
from api.demo_desk import DemoDesk
from api.errors import ApiError, respond


def router(access: Access, desk: DemoDesk) -> APIRouter:
    """``/api/v1/demo``."""
    routes = APIRouter(prefix="/api/v1", tags=["Demo"])

    @routes.get("/demo", **_STATE)
    def state(request: Request) -> Response:
        return respond(200, {"possible": _is_newcomer(access.who(request))} | desk.state())

    @routes.post("/demo", **_FILL)
    async def fill(request: Request) -> Response:
        found = access.who(request)
        if not _is_newcomer(found):
            raise ApiError(403, "forbidden", "示例数据只能在本机、尚未开立账号时载入；或运行 make demo-data")
        desk.begin()
        access.note(found, "demo.fill")
        return respond(202, {"possible": True} | desk.state())

    return routes


def _is_newcomer(found: Principal) -> bool:
    return found.kind is Kind.LOCAL


_STATE: Final = described(
    "示例数据是否已载入",
    "",
    "possible: 可在此载入; filled: 患者已载入; figures: 指标数据已生成; filling: 正在载入; doing: 进行到哪一步"
    "（starting、sending、storing、submitting，患者载入后为 counting）; fault: 上次未能载入的原因; "
    "engine: 指标引擎 DuckDB 是否已安装，怎样安装",
)
_FILL: Final = described(
    "载入虚构的示例患者",
    "三家机构的虚构患者和待审处方，用时数秒，由 GET 查看进度；监管指标的数据随后生成（需要 DuckDB，未安装时 "
    "engine.installed 为 false）。仅限本机、尚未开立账号时；可重复。",
    "与 GET 相同",
    status=202,
)
