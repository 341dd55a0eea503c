"""Suspected diagnoses, differentials of a diagnosis, and the tests and examinations that settle them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Final, TypeVar

from fastapi import APIRouter, Request, Response

from api.access import Access
from api.askers import asker
from api.asking import described
from api.bedside import Diagnosis, Ward
from api.bodies import asked, decoded
from api.errors import respond
from api.inferring import (
    DiagnosesBody,
    DifferentialsBody,
    ExaminationsBody,
    InferenceBody,
    Seen,
    check,
    diagnosed,
    recommended,
    told_apart,
)
from api.offering import Offering
from api.using import used
from clinical.coded import china_day
from clinical.logic import UNKNOWN
from clinical.patient import PatientContext
from exchange.fhir.context import Incoming
from exchange.fhir.values import Json
from records.uses import Kind, Uses

_B = TypeVar("_B", bound=InferenceBody)


def router(access: Access, ward: Ward, uses: Uses, offering: Offering) -> APIRouter:
    """``POST /api/v1/inference/diagnoses``, ``/differentials`` and ``/examinations``."""
    routes = APIRouter(prefix="/api/v1/inference", tags=["Inference"])

    async def answer(request: Request, kind: Kind, form: type[_B], make: Callable[[Seen, _B], Json]) -> Response:
        caller = access.need(request, "inference.use")
        body = decoded(form, await request.body())
        check(body)
        now, bedside = datetime.now(UTC), None
        if body.names_nobody:
            level = UNKNOWN if body.institution_level is None else body.institution_level
            nobody = PatientContext("", now, institution=body.institution, institution_level=level)
            day = body.as_of or china_day(now)
            there = ward.at(Incoming(nobody, ()), day=day)
        else:
            there = bedside = await ward.of(body, caller)
        seen = Seen.at(there, offering.around(caller.tenant, there.patient.institution))
        who = asker(caller, body, bedside, _named(body))
        return respond(200, await asyncio.to_thread(used, uses, kind, who, lambda: make(seen, body)))

    @routes.post("/diagnoses", **_DIAGNOSES)
    async def diagnoses(request: Request) -> Response:
        return await answer(request, Kind.DIAGNOSES, DiagnosesBody, diagnosed)

    @routes.post("/differentials", **_DIFFERENTIALS)
    async def differentials(request: Request) -> Response:
        return await answer(request, Kind.DIFFERENTIALS, DifferentialsBody, told_apart)

    @routes.post("/examinations", **_EXAMINATIONS)
    async def examinations(request: Request) -> Response:
        return await answer(request, Kind.EXAMINATIONS, ExaminationsBody, recommended)

    return routes


def _named(body: InferenceBody) -> tuple[str | Diagnosis, ...]:
    """Diagnoses that a question is about."""
    if isinstance(body, DifferentialsBody):
        return (body.diagnosis,)
    return body.diagnoses if isinstance(body, ExaminationsBody) else ()


# -- OpenAPI -----------------------------------------------------------------------------------

EXAMPLES: Final[dict[str, dict[str, Any]]] = {
    "diagnoses": {
        "ageYears": 58,
        "sex": "男",
        "text": "胸痛2小时，伴大汗、恶心。既往高血压病史10年，吸烟。否认发热、咳嗽。",
        "findings": [{"text": "胸痛持续超过20分钟", "present": True}],
        "limit": 5,
    },
    "differentials": {"diagnosis": "急性阑尾炎", "ageYears": 25, "sex": "女", "text": "右下腹痛1天，伴恶心、发热。"},
    "examinations": {"ageYears": 25, "sex": "女", "text": "右下腹痛1天，伴恶心、发热。", "institutionLevel": 2},
}
"""Bodies that are complete; the tests send them."""
_DIAGNOSES: Final = asked(DiagnosesBody, EXAMPLES["diagnoses"]) | described(
    "推荐疑似诊断",
    "按诱因、症状、体征、检验、检查、病史等12个维度推荐；未提及的视为未知。`among` 只在所列诊断中排序。",
    "candidates: 候选诊断及概率、支持与反对依据; mustNotMiss: 不可漏诊; next: 最有鉴别价值的问题和检查",
    400,
)
_DIFFERENTIALS: Final = asked(DifferentialsBody, EXAMPLES["differentials"]) | described(
    "推荐鉴别诊断",
    "先列知识库中的鉴别诊断，再列表现相似的疾病。",
    "differentials: 鉴别疾病、要点和本患者已知情况",
    400,
)
_EXAMINATIONS: Final = asked(ExaminationsBody, EXAMPLES["examinations"]) | described(
    "推荐检查检验",
    "按诊断价值与信息增益推荐，扣除危害和费用，经规则核查；近期已做的列入 alreadyDone，禁忌的列入 contraindicated。"
    "available 按本机构登记的项目（availableBy 为 list），未登记的按机构等级（grade）。"
    "本机构不开展的，elsewhere 列出已登记开展的机构。",
    "examinations: 建议项目及理由; contraindicated: 本患者禁忌; alreadyDone: 近期已做",
    400,
)
