"""A patient at one glance."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any, Final

import msgspec
from fastapi import APIRouter, Query, Request, Response

from api.access import Access, Principal
from api.asking import described
from api.errors import respond
from api.person_record import MOST, PersonRecords, Record
from base import masking
from clinical.logic import Unknown
from inference.picture import picture


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
        return respond(200, await asyncio.to_thread(_shown, records, found, patient, region, why))

    return routes


def _shown(records: PersonRecords, found: Principal, patient: str, region: bool, why: str) -> dict[str, Any]:
    record = records.read(found, patient, region, why or "picture")
    known = record.told
    snapshot = known.served.snapshot
    made = picture(known.context, known.history, record.stored, snapshot, known.sent)
    told: dict[str, Any] = msgspec.to_builtins(made)
    graph = {"nodes": told.pop("nodes"), "edges": told.pop("edges")}
    about: dict[str, Any] = {"release": snapshot.release, "asOf": known.context.as_of.isoformat(), "region": region}
    if record.glass:
        about["emergency"] = True
    if record.cut:
        about["cut"] = f"资料较多，仅含最近 {MOST} 条"
    return about | {"patient": _person(record, found)} | told | {"graph": graph}


def _person(record: Record, found: Principal) -> dict[str, Any]:
    """Who it is: without ``person.identify`` masked."""
    told = dict(next(iter(record.told.patients), {}))
    shown = told if found.may("person.identify") else masking.patient(told)
    years = record.told.context.age_years()
    fields = {
        "number": record.number,
        "name": _name(shown),
        "sex": str(told.get("gender", "")),
        "birthDate": str(shown.get("birthDate", "")),
        "ageYears": None if isinstance(years, Unknown) else years,
    }
    return {name: value for name, value in fields.items() if value not in ("", None)}


def _name(patient: dict[str, Any]) -> str:
    names = patient.get("name")
    first = names[0] if isinstance(names, list) and names and isinstance(names[0], dict) else {}
    return str(first.get("text") or f"{first.get('family', '')}{''.join(first.get('given', ()))}")


_PICTURE: Final = described(
    "患者画像（360°视图）",
    "`patient` 是本机构患者号或患者主索引号。含问题清单、在用药、过敏、检验趋势、慢病随访、建议评分、"
    "按就诊归并的时间轴，以及患者知识图谱。跨机构资料遵从患者授权与隐私设置，调阅计入审计。",
    "problems, drugs, allergies, trends, followUps, scores, timeline, graph; unknown 列出没有任何记录的项目",
    404,
)
