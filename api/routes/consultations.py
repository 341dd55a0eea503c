"""A multidisciplinary meeting (MDT) about a patient, prepared without a model."""

from __future__ import annotations

import asyncio
from typing import Any, Final

from fastapi import APIRouter, Request, Response

from api.access import Access
from api.askers import asker
from api.bedside import ConsultationBody, Ward
from api.bodies import asked, decoded
from api.errors import respond
from api.using import used
from records.uses import Kind, Uses

EXAMPLE: Final[dict[str, Any]] = {
    "question": "抗凝与止血如何取舍",
    "visit": "inpatient",
    "admitted": "2026-11-01",
    "patient": {
        "id": "P1",
        "sex": "男",
        "birthDate": "1952-05-01",
        "conditions": [{"text": "心房颤动"}, {"text": "急性上消化道出血"}],
        "allergies": [],
        "medications": [{"id": "m1", "text": "华法林片", "route": "口服"}],
        "observations": [],
        "reports": [],
        "procedures": [],
    },
}


def router(access: Access, ward: Ward, uses: Uses) -> APIRouter:
    """``POST /api/v1/inference/consultations``."""
    routes = APIRouter(prefix="/api/v1/inference", tags=["Inference"])

    @routes.post("/consultations", summary="多学科会诊准备", **asked(ConsultationBody, EXAMPLE))
    async def prepare(request: Request) -> Response:
        """The case in words, the departments concerned with what each is asked, what must be known first, where the
        patient stands on pathways; every question with its sources. Nothing is concluded."""
        from api.consulting import answered

        caller = access.need(request, "inference.use")
        body = decoded(ConsultationBody, await request.body())
        bedside = await ward.of(body, caller)
        who = asker(caller, body, bedside, body.diagnoses)
        told = await asyncio.to_thread(used, uses, Kind.CONSULTATIONS, who, lambda: answered(bedside, body))
        return respond(200, told)

    return routes
