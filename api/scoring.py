"""Scores asked for, as JSON: the list, the empty form, the form of a patient with its result, suggestions."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from api.bedside import Bedside, Diagnosis, concepts_of
from api.errors import ApiError, bad_field
from api.score_json import form_json, listed_json, result_json, suggested_json
from clinical.patient import PatientContext
from exchange.fhir.values import Json
from inference.score import Answer, Score
from inference.scoring import AnswerError, form, scored, scores, suggest
from inference.treatment import with_diagnoses
from knowledge.snapshot import Snapshot


def listed(text: str) -> list[Json]:
    """Scores whose title, purpose or diseases hold a text."""
    return [listed_json(score) for score in scores().values() if _matches(score, text)]


def blank(name: str, snapshot: Snapshot) -> Json:
    """The empty form. Raises ``ApiError`` 404."""
    score = _known(name)
    told = form_json(score, form(score, _nobody(), snapshot))
    for item in told["items"]:
        item.pop("note", None)  # that nobody's record states nothing need not be said
    return told


def filled(name: str, values: Mapping[str, Answer | None], bedside: Bedside | None, snapshot: Snapshot) -> Json:
    """The form and its result, of a patient or by hand alone. Raises ``ApiError`` 404, or 400 that names the item
    whose answer cannot be."""
    score = _known(name)
    told = form(score, bedside.patient if bedside else _nobody(), snapshot)
    try:
        result = scored(score, values, told)
    except AnswerError as error:
        raise bad_field(f"values.{error.field}", str(error)) from None
    return {"form": form_json(score, told), "result": result_json(result)}


def suggested(
    bedside: Bedside, diagnoses: tuple[str | Diagnosis, ...], findings: tuple[str, ...], stage: str
) -> Json:
    """Scores worth filling, and what was not understood."""
    snapshot = bedside.served.snapshot
    known, lost = concepts_of(diagnoses, bedside.served.terminology)
    patient = with_diagnoses(bedside.patient, known, snapshot)
    answer: Json = {"suggestions": [suggested_json(one) for one in suggest(patient, snapshot, findings, stage)]}
    return answer | ({"notUnderstood": lost} if lost else {})


def _known(name: str) -> Score:
    found = scores().get(name)
    if found is None:
        raise ApiError(404, "not-found", f"there is no score {name!r}; see /api/v1/inference/scores")
    return found


def _matches(score: Score, text: str) -> bool:
    words = (score.name, score.title, score.purpose, *score.diseases, *score.findings)
    return any(text.casefold() in word.casefold() for word in words)


def _nobody() -> PatientContext:
    return PatientContext("", datetime.now(UTC))
