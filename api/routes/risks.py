"""Risks of a patient when asked, and notices of what was told unasked."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal

from fastapi import APIRouter, Query, Request, Response

from api.access import Access
from api.askers import asker
from api.bedside import BedsideBody, Ward
from api.bodies import asked, decoded
from api.errors import ApiError, moment_of, respond
from api.using import used
from base.tenancy import acting
from records.notices import MissingNoticeError, Notices
from records.uses import Kind, Uses

if TYPE_CHECKING:
    from api.risk_desk import RiskDesk


class RiskBody(BedsideBody, frozen=True):
    """Without ``topics`` all risks, and all models of the installation."""

    topics: tuple[str, ...] = ()


EXAMPLE: Final[dict[str, Any]] = {
    "topics": ["sepsis", "deterioration", "aki"],
    "patient": {
        "id": "P1",
        "sex": "男",
        "birthDate": "1950-01-01",
        "conditions": [{"text": "肺炎"}],
        "observations": [
            {"text": "呼吸频率", "value": 30, "unit": "次/分"},
            {"text": "收缩压", "value": 86, "unit": "mmHg"},
            {"text": "血氧饱和度", "value": 88, "unit": "%"},
        ],
    },
}


def router(
    access: Access, ward: Ward, notices: Notices, uses: Uses, models: Path, keys: Collection[str]
) -> APIRouter:
    """``POST /api/v1/inference/risks`` and ``/api/v1/inference/notices``. ``models`` is the folder of the
    installation's own models, ``keys`` who may have signed them. What is needed is read when first asked: no worker
    waits for it to start."""

    @cache
    def desk() -> RiskDesk:
        from api.risk_desk import RiskDesk

        return RiskDesk(models, keys)

    routes = APIRouter(prefix="/api/v1/inference", tags=["Inference"])
    _notices(routes, access, notices)

    @routes.post("/risks", summary="风险预测与预警", **asked(RiskBody, EXAMPLE))
    async def risk(request: Request) -> Response:
        """Risks by published scores, and by models that this installation trained; each with what it rests on and the
        level that is certain whatever is missing."""
        caller = access.need(request, "inference.use")
        body = decoded(RiskBody, await request.body())
        bedside = await ward.of(body, caller)
        who = asker(caller, body, bedside)
        told = await asyncio.to_thread(used, uses, Kind.RISKS, who, lambda: desk().answered(bedside, body.topics))
        return respond(200, told)

    return routes


def _notices(routes: APIRouter, access: Access, notices: Notices) -> None:
    @routes.get("/notices", summary="风险预警提醒")
    def listed(
        request: Request,
        status: Annotated[Literal["standing", "all"], Query(description="standing: not ended yet")] = "standing",
        topic: str = "",
        before: Annotated[str, Query(description="page: older than this time")] = "",
        limit: Annotated[int, Query(ge=1, le=500)] = 100,
    ) -> Response:
        """Notices that arose when a result arrived: told once for each crossing of a threshold."""
        from api.risk_json import notice_json

        caller = access.need(request, "record.read")
        standing = status == "standing"
        with acting(caller.scope):
            found = notices.listed(standing=standing, topic=topic, before=moment_of(before, "before"), limit=limit)
        return respond(200, {"notices": [notice_json(notice) for notice in found]})

    @routes.post("/notices/{notice_id}/acknowledgement", summary="确认风险预警提醒")
    def acknowledge(notice_id: str, request: Request) -> Response:
        """Somebody saw it. The first who did stays recorded."""
        from api.risk_json import notice_json

        caller = access.need(request, "inference.use")
        with acting(caller.scope):
            try:
                found = notices.acknowledge(notice_id, caller.name, datetime.now(UTC))
            except MissingNoticeError as error:
                raise ApiError(404, "not-found", str(error)) from None
        return respond(200, notice_json(found))
