"""A patient at one glance."""

from __future__ import annotations

import asyncio
from typing import Annotated, Final

from fastapi import APIRouter, Query, Request, Response

from api.access import Access
from api.asking import described
from api.errors import respond
from api.person_record import PersonRecords
from api.picture_json import pictured


def router(access: Access, records: PersonRecords) -> APIRouter:
    """``GET /api/v1/patients/{patient}/picture``."""
    routes = APIRouter(prefix="/api/v1/patients", tags=["Inference"])

    @routes.get("/{patient}/picture", **_PICTURE)
    async def shown(
        patient: str,
        request: Request,
        region: Annotated[bool, Query(description="查看全联盟的资料；患者不愿共享的不显示")] = True,
        why: Annotated[str, Query(max_length=200, description="调阅事由，记入审计")] = "",
    ) -> Response:
        found = access.need(request, "record.read")
        return respond(200, await asyncio.to_thread(pictured, records, found, patient, region, why))

    return routes


_PICTURE: Final = described(
    "患者画像（360°视图）",
    "`patient` 是本机构患者号或患者主索引号。含问题清单、在用药、过敏、检验趋势、慢病随访、建议评分、"
    "按就诊归并的时间轴，以及患者知识图谱。跨机构资料遵从患者授权与隐私设置，调阅计入审计。"
    "时间轴与在用药中，与另一机构重复的检查检验、手术操作和同一成分药品带 `repeats`："
    "所重复的名称、时间与机构。",
    "problems, drugs, allergies, trends, followUps, scores, timeline, graph; unknown 列出没有任何记录的项目",
    404,
)
