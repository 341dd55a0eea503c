"""Scores as the API gives them: what there is, the form, the result."""

from __future__ import annotations

from typing import Any

from api.treatment_json import datum_json
from exchange.building import slim
from exchange.fhir.values import Json
from inference.score import Band, Item, Score
from inference.scoring import Form, FormItem, Result, ScoredItem, Suggested


def listed_json(score: Score) -> Json:
    """A score in the list of all."""
    return slim(
        name=score.name,
        title=score.title,
        purpose=score.purpose,
        population=score.population.text,
        items=len(score.items),
        diseases=list(score.diseases),
        findings=list(score.findings),
        source=str(score.citation),
    )


def form_json(score: Score, form: Form) -> Json:
    """The form of a score: items with what the record states or proposes, and the bands of the total."""
    return slim(
        name=form.score,
        title=form.title,
        purpose=form.purpose,
        population=form.population,
        unit=score.unit,
        items=[_item(item, score.fields()[item.field]) for item in form.items],
        bands=[band_json(band) for band in score.bands],
        alternatives=[list(group) for group in score.any_of],
        warnings=list(form.warnings),
        note=form.note,
        source=form.citation,
    )


def _item(item: FormItem, of: Item) -> Json:
    made: Json = {"field": item.field, "label": item.label, "kind": item.kind, "required": item.required}
    optional: dict[str, Any] = {
        "choices": [{"key": key, "label": label, "points": points} for key, label, points in item.choices],
        "unit": item.unit,
        "help": item.help,
        "note": item.note,
        "source": datum_json(item.source) if item.source else None,
    }
    made |= {key: value for key, value in optional.items() if value}
    stated = {"low": item.low, "high": item.high, "value": item.value, "proposed": item.proposed}
    made |= {key: value for key, value in stated.items() if value is not None}
    return made | {"fromRecord": of.fill is not None}


def band_json(band: Band) -> Json:
    """What totals mean, and what to do next."""
    made: Json = {"label": band.label, "level": band.level.value, "meaning": band.meaning, "nextStep": band.next_step}
    return made if band.at_least is None else made | {"atLeast": band.at_least, "over": band.over}


def result_json(result: Result) -> Json:
    """A total with its band, or how far it may still come out; `text` is for copying into the record."""
    made: Json = {"complete": result.complete, "unit": result.unit, "text": result.text, "source": result.citation}
    stated = {"total": result.total, "lowest": result.lowest, "highest": result.highest}
    made |= {key: value for key, value in stated.items() if value is not None}
    if result.band is not None:
        made["band"] = band_json(result.band)
    made["items"] = [_scored(item) for item in result.items]
    lists = {
        "possible": [] if result.complete else [band_json(band) for band in result.possible],
        "missing": list(result.missing),
        "notes": list(result.notes),
    }
    return made | {key: value for key, value in lists.items() if value}


def _scored(item: ScoredItem) -> Json:
    made: Json = {"field": item.field, "label": item.label, "value": item.value, "shown": item.shown}
    made["manual"] = item.manual
    if item.points is not None:
        made["points"] = item.points
    return made | ({"source": datum_json(item.source)} if item.source else {})


def suggested_json(suggested: Suggested) -> Json:
    """A score worth filling, and why."""
    reasons = list(suggested.reasons)
    return {"name": suggested.score, "title": suggested.title, "purpose": suggested.purpose, "reasons": reasons}
