"""Risks and notices as the API gives them."""

from __future__ import annotations

from typing import Final

from api.score_json import result_json
from api.treatment_json import datum_json
from exchange.building import slim
from exchange.fhir.values import Json
from inference.learned import Prediction
from inference.risk import Basis, Risk
from inference.score import Level
from records.notices import Notice

LEVELS: Final = {
    Level.NONE: "无",
    Level.LOW: "低",
    Level.MODERATE: "中",
    Level.HIGH: "高",
    Level.CRITICAL: "极高",
}


def risk_json(risk: Risk) -> Json:
    """A risk: the level that is certain, what it rests on, what could not speak."""
    made: Json = {"topic": risk.topic.name, "title": risk.topic.title, "alarm": risk.alarm}
    level: Json = {} if risk.level is None else {"level": risk.level.value, "levelText": LEVELS[risk.level]}
    more = slim(
        advice=risk.advice,
        note=risk.topic.note,
        scores=[basis_json(basis) for basis in risk.bases],
        predictions=[prediction_json(prediction) for prediction in risk.predictions],
        leftOut=list(risk.left_out),
    )
    return made | (level or {"level": "unknown", "levelText": "资料不足"}) | more


def basis_json(basis: Basis) -> Json:
    """A score as the basis of a risk: the certain level, and the highest that what is missing allows."""
    made: Json = {"score": basis.result.score, "title": basis.result.title}
    made |= {"floor": basis.floor.value, "ceiling": basis.ceiling.value, "result": result_json(basis.result)}
    return made | ({"data": [datum_json(d) for d in basis.data]} if basis.data else {})


def prediction_json(prediction: Prediction) -> Json:
    """What a model of the installation says."""
    made: Json = {"model": prediction.model, "title": prediction.title, "above": prediction.above}
    if prediction.probability is not None:
        made |= {"probability": round(prediction.probability, 4)}
    made |= {"threshold": round(prediction.threshold, 4), "known": prediction.known, "of": prediction.of}
    return made | slim(note=prediction.note, data=[datum_json(d) for d in prediction.data])


def notice_json(notice: Notice) -> Json:
    """A notice with its state."""
    told = notice.told
    made: Json = {"id": notice.id, "tenant": notice.tenant, "patient": told.patient, "topic": notice.topic}
    made |= {"title": told.title, "level": notice.level, "at": notice.at.isoformat(), "summary": told.summary}
    return made | slim(
        levelText=LEVELS[Level(notice.level)],
        advice=told.advice,
        ended=notice.ended.isoformat() if notice.ended else "",
        seen=notice.seen.isoformat() if notice.seen else "",
        seenBy=notice.seen_by,
        detail=told.detail,
    )
