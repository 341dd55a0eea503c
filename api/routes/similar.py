"""Patients who are alike."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any, Final, Literal

from fastapi import APIRouter, Request, Response

from api.access import Access, Principal
from api.askers import asker
from api.asking import described
from api.bedside import AskerBody
from api.bodies import asked, decoded
from api.errors import bad_field, respond
from api.serving import Serving
from api.similar_desk import Similar, SimilarDesk, findings_in
from api.using import used
from clinical.coded import Coded
from inference.similar import ALLERGY, DISEASE, DRUG, FINDING, Case, Has, decade, has
from knowledge.snapshot import Snapshot
from records.identity import Identity
from records.terminology import Terminology
from records.uses import Kind, Uses

_MOST: Final = 50
_MOST_NAMES: Final = 100
_OLDEST: Final = 122


class SimilarBody(AskerBody, frozen=True):
    """Whom others are to be like: ``patient`` (id in one's own institution, or a person's number), or what is told of
    somebody; both are taken together."""

    patient: str = ""
    text: str = ""
    diagnoses: tuple[str, ...] = ()
    medications: tuple[str, ...] = ()
    age_years: float | None = None
    sex: Literal["male", "female", "男", "女"] | None = None
    limit: int = 10


EXAMPLE: Final[dict[str, Any]] = {
    "text": "咳嗽、发热3天",
    "diagnoses": ["社区获得性肺炎", "2型糖尿病"],
    "medications": ["二甲双胍"],
    "ageYears": 66,
    "sex": "女",
    "limit": 5,
}


def router(access: Access, desk: SimilarDesk, serving: Serving, identity: Identity, uses: Uses) -> APIRouter:
    """``POST /api/v1/inference/similar-cases``."""
    routes = APIRouter(prefix="/api/v1/inference", tags=["Inference"])

    @routes.post("/similar-cases", **_SIMILAR)
    async def similar(request: Request) -> Response:
        access.need(request, "inference.use")
        found, body = access.need(request, "record.read"), decoded(SimilarBody, await request.body())
        _check(body)

        def work() -> dict[str, Any]:
            asked_of, without, lost = _asked(desk, found, body, serving.now.terminology)
            alike = desk.find(found, asked_of, without, body.limit) if asked_of.has else []
            _note(access, found, alike)
            snapshot = serving.now.snapshot
            told = {"release": snapshot.release, "indexed": len(desk), "complete": desk.whole}
            told["asked"] = _named(snapshot, asked_of.has)
            told["cases"] = [_shown(snapshot, identity, one) for one in alike]
            return told | {"notUnderstood": lost}

        return respond(200, await asyncio.to_thread(used, uses, Kind.SIMILAR, asker(found, body), work))

    return routes


def _asked(
    desk: SimilarDesk, found: Principal, body: SimilarBody, terminology: Terminology
) -> tuple[Case, frozenset[int], list[str]]:
    """Whom others are to be like, the person who is meant, and the words that nobody understands."""
    case, without = Case(0, found.tenant, {}), frozenset[int]()
    if body.patient.strip():
        case, without = desk.of_patient(found, body.patient.strip())
    said, lost = _said(body, terminology)
    case = case._replace(has={**case.has, **said})
    if body.age_years is not None:
        case = case._replace(years=body.age_years)
    if body.sex is not None:
        case = case._replace(sex="male" if body.sex in ("male", "男") else "female")
    return case, without, lost


def _said(body: SimilarBody, terminology: Terminology) -> tuple[dict[str, Has], list[str]]:
    findings, diseases, drugs = findings_in(body.text, terminology.snapshot) if body.text.strip() else ([], [], [])
    lost: list[str] = []
    for words in body.diagnoses:
        concepts = terminology.disease(Coded(words))
        diseases += concepts[:1]
        lost += [] if concepts else [words]
    for words in body.medications:
        ingredients = [one.concept for one in terminology.drug(words, ()).ingredients]
        drugs += ingredients
        lost += [] if ingredients else [words]
    told = {FINDING: findings, DISEASE: diseases, DRUG: drugs}
    return {concept: has(kind) for kind, concepts in told.items() for concept in concepts}, lost


def _note(access: Access, found: Principal, alike: list[Similar]) -> None:
    """Record whose cases were shown; of those that name nobody only how many."""
    for one in alike:
        if one.own:
            access.note(found, "person.read", f"person/{one.person}", "similar-cases")
    access.note(found, "record.similar", "", "similar-cases", own=sum(o.own for o in alike), count=len(alike))


# -- out ---------------------------------------------------------------------------------------


def _shown(snapshot: Snapshot, identity: Identity, one: Similar) -> dict[str, Any]:
    """A case; of another institution nothing that names or places anybody."""
    case = one.alike.case
    told: dict[str, Any] = {
        "score": round(one.alike.score, 3),
        "ageBand": decade(case.years),
        "sex": case.sex,
        "shared": [{"id": c, "name": snapshot.name(c), "kind": case.has[c].kind} for c in one.alike.shared],
        "deidentified": not one.own,
    } | _named(snapshot, case.has)
    if one.own:
        told |= {"patient": one.local_id, "person": identity.number(one.person), "tenant": case.tenant}
    return {name: value for name, value in told.items() if value not in ("", [])}


def _named(snapshot: Snapshot, concepts: Mapping[str, Has]) -> dict[str, list[str]]:
    """Names by kind, what counts most first."""
    found: dict[str, list[str]] = {name: [] for name in _MEMBERS.values()}
    for concept, (kind, _) in sorted(concepts.items(), key=lambda item: (-item[1].weight, item[0])):
        found[_MEMBERS[kind]].append(snapshot.name(concept))
    return {name: names for name, names in found.items() if names}


_MEMBERS: Final = {DISEASE: "problems", FINDING: "findings", DRUG: "drugs", ALLERGY: "allergies"}


def _check(body: SimilarBody) -> None:
    """Raises ``ApiError`` 400."""
    if not (body.patient.strip() or body.text.strip() or body.diagnoses or body.medications):
        raise bad_field("patient", "请给出 patient，或 text、diagnoses、medications 至少一项")
    for field, names in (("diagnoses", body.diagnoses), ("medications", body.medications)):
        if len(names) > _MOST_NAMES:
            raise bad_field(field, f"最多 {_MOST_NAMES} 项")
    if not 1 <= body.limit <= _MOST:
        raise bad_field("limit", f"须在 1 至 {_MOST} 之间")
    if body.age_years is not None and not 0 <= body.age_years <= _OLDEST:
        raise bad_field("ageYears", f"须在 0 至 {_OLDEST} 之间（岁）")


_SIMILAR: Final = asked(SimilarBody, EXAMPLE) | described(
    "查找相似病例",
    "按诊断、表现、用药、年龄比较权限范围内的患者。本机构病例给出患者号；其他机构仅给出去标识摘要，"
    "且遵从患者授权与隐私设置。`complete` 为 false 时索引仍在后台建立。",
    "cases: 相似病例、相似度和共同点; notUnderstood: 未识别的词",
    400,
    404,
)
