"""Rare diseases that a patient's phenotypes suggest."""

from __future__ import annotations

import asyncio
from typing import Any, Final, Literal

from fastapi import APIRouter, Request, Response

from api.access import Access
from api.askers import asker
from api.asking import described
from api.bedside import AskerBody
from api.bodies import Body, asked, decoded
from api.errors import ApiError, bad_field, respond
from api.serving import Serving
from api.using import used
from clinical.finding import Reference
from clinical.logic import UNKNOWN, Known, Unknown
from clinical.patient import Sex
from inference.rare import (
    Matched,
    Missing,
    NoPhenotypesError,
    Observed,
    RareCandidate,
    RareDiseases,
    frequency,
    observed_in,
)
from knowledge.snapshot import Snapshot
from records.uses import Kind, Uses

_MOST: Final = 50
_MOST_FINDINGS: Final = 100
_OLDEST: Final = 122
_RELATIONS: Final = {
    "same": "相符",
    "narrower": "该病表现更具体",
    "broader": "该病有同类表现",
    "none": "该病未见记载",
}
_NONE: Final = (
    "当前知识版本未包含人类表型术语（HPO）及罕见病表型注释，无法推荐罕见病。"
    "请先装入：yigong load hpo 目录（内含 *.babelon.tsv），审核并发布后再试"
)
_CAUTION: Final = (
    "得分为各病出现这些表型的似然比（以10为底的对数），未计患病率，不是患病概率；须结合基因检测和专科会诊"
)


class RareFinding(Body, frozen=True):
    """A phenotype in words or as an HPO code."""

    text: str
    present: bool = True


class RareBody(AskerBody, frozen=True):
    """What is known of a patient: a record text, single findings, or both."""

    text: str = ""
    findings: tuple[RareFinding, ...] = ()
    age_years: float | None = None
    sex: Literal["male", "female", "男", "女"] | None = None
    limit: int = 10


EXAMPLE: Final[dict[str, Any]] = {
    "text": "患儿身材高大，蜘蛛样指，高度近视，漏斗胸，脊柱侧弯。无智力障碍。",
    "findings": [{"text": "晶状体脱位", "present": True}, {"text": "HP:0002616"}],
    "ageYears": 8,
    "sex": "男",
    "limit": 5,
}


def router(access: Access, serving: Serving, uses: Uses) -> APIRouter:
    """``POST /api/v1/inference/rare-diseases``."""
    routes = APIRouter(prefix="/api/v1/inference", tags=["Inference"])

    @routes.post("/rare-diseases", **_RARE)
    async def rare(request: Request) -> Response:
        caller = access.need(request, "inference.use")
        body = decoded(RareBody, await request.body())
        _check(body)
        snapshot, who = serving.now.snapshot, asker(caller, body)
        return respond(200, await asyncio.to_thread(used, uses, Kind.RARE, who, lambda: answered(snapshot, body)))

    return routes


def _check(body: RareBody) -> None:
    """Raises ``ApiError`` 400."""
    if not body.text.strip() and not body.findings:
        raise bad_field("text", "请给出 text（病历文本）或 findings（表现），至少一项")
    if len(body.findings) > _MOST_FINDINGS:
        raise bad_field("findings", f"最多 {_MOST_FINDINGS} 项")
    if not 1 <= body.limit <= _MOST:
        raise bad_field("limit", f"须在 1 至 {_MOST} 之间")
    if body.age_years is not None and not 0 <= body.age_years <= _OLDEST:
        raise bad_field("ageYears", f"须在 0 至 {_OLDEST} 之间（岁）")
    if any(not finding.text.strip() for finding in body.findings):
        raise bad_field("findings", "每一项的 text 不能为空")


def answered(snapshot: Snapshot, body: RareBody) -> dict[str, Any]:
    """The answer. Raises ``ApiError`` 422 when the release holds no phenotypes."""
    try:
        diseases = RareDiseases.of(snapshot)
    except NoPhenotypesError:
        raise ApiError(422, "not-supported", _NONE) from None
    observed, lost = observed_in(snapshot, body.text, [(one.text, one.present) for one in body.findings])
    years: Known[float] = UNKNOWN if body.age_years is None else body.age_years
    ranked = diseases.rank(observed, years, _sex(body.sex), body.limit)
    told: dict[str, Any] = {
        "release": snapshot.release,
        "phenotypes": [_observed(snapshot, one) for one in observed],
        "candidates": [_candidate(snapshot, one) for one in ranked],
        "notUnderstood": lost,
        "caution": _CAUTION,
    }
    if not ranked:
        told["message"] = "未识别到存在的表型，请补充症状、体征或检查所见（可用 HPO 编码）"
    return told


def _sex(sex: str | None) -> Known[Sex]:
    return UNKNOWN if sex is None else Sex.MALE if sex in ("male", "男") else Sex.FEMALE


# -- out ---------------------------------------------------------------------------------------


def _observed(snapshot: Snapshot, one: Observed) -> dict[str, Any]:
    return {"text": one.text, "present": one.present} | _phenotype(snapshot, one.phenotype)


def _phenotype(snapshot: Snapshot, concept_id: str) -> dict[str, str]:
    known = snapshot.concept(concept_id)
    code = next((ref.code for ref in known.codes if ref.system == "hpo"), "") if known else ""
    return {"id": concept_id, "code": code, "name": snapshot.name(concept_id)}


def _candidate(snapshot: Snapshot, one: RareCandidate) -> dict[str, Any]:
    known = snapshot.concept(one.id)
    fields: dict[str, Any] = {
        "id": one.id,
        "name": snapshot.name(one.id),
        "nameEn": known.name_en if known else "",
        "codes": [{"system": ref.system, "code": ref.code} for ref in one.codes],
        "score": round(one.score, 2),
        "relative": round(one.relative, 4),
        "matched": [_matched(snapshot, m) for m in one.matched],
        "against": [_matched(snapshot, m) for m in one.against],
        "missing": [_missing(snapshot, m) for m in one.missing],
        "onset": list(one.onset),
        "inheritance": list(one.inheritance),
        "notes": list(one.notes),
        "sources": [_source(r) for r in one.references],
    }
    return {name: value for name, value in fields.items() if value not in ("", [])}


def _matched(snapshot: Snapshot, one: Matched) -> dict[str, Any]:
    told = _observed(snapshot, one.observed) | {"relation": one.relation, "weight": round(one.weight, 2)}
    told["relationText"] = _RELATIONS[one.relation]
    if one.shown:
        told["shown"] = _phenotype(snapshot, one.shown)
    if one.relation in ("same", "narrower"):
        told["frequency"] = frequency(one.share)
    return told | ({} if isinstance(one.share, Unknown) else {"share": one.share})


def _missing(snapshot: Snapshot, one: Missing) -> dict[str, Any]:
    told = _phenotype(snapshot, one.phenotype) | {"frequency": one.frequency}
    return told | ({} if isinstance(one.share, Unknown) else {"share": one.share})


def _source(reference: Reference) -> dict[str, str]:
    told = {"title": reference.source, "section": reference.section, "url": reference.url}
    return {name: value for name, value in told.items() if value}


_RARE: Final = asked(RareBody, EXAMPLE) | described(
    "推荐疑似罕见病",
    "按人类表型术语（HPO）比较患者表型与各罕见病的表型及频率；否认的表型计为不存在，未提及的视为未知。",
    "candidates: 候选罕见病及相符、不符、待查表型和来源; notUnderstood: 未识别的表现",
    400,
    422,
)
