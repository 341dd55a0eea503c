"""Record QC as JSON: checks, results, reports, defects, scores, figures."""

from __future__ import annotations

from typing import Any

import msgspec

from api.record_qc_desk import Result
from supervision.record_qc.disputes import Happened
from supervision.record_qc.model import Check, Defect, Reminder
from supervision.record_qc.nationals import Behind, Figure
from supervision.record_qc.places import STAGES, Place, Stage
from supervision.record_qc.reports import Report, Standing
from supervision.record_qc.scheme import Score
from supervision.record_qc.schemes import Edition
from supervision.record_qc.states import ACTIONS, STATES

Json = dict[str, Any]


def check_json(check: Check) -> Json:
    """A check as the catalogue lists it."""
    told = {
        "name": check.name,
        "version": check.version,
        "title": check.title,
        "group": check.group.value,
        "aspect": check.aspect.value,
        "severity": check.severity.value,
        "kinds": sorted(kind.value for kind in check.kinds),
        "stages": [stage.value for stage in Stage if stage in check.stages],
        "points": check.points,
        "most": check.most,
        "veto": check.veto.value if check.veto else None,
        "source": check.source,
        "mend": check.mend,
    }
    return _full(told)


def result_json(made: Result) -> Json:
    """The answer to a record: defects with how to mend them, reminders, what was not known, the score."""
    examination = made.examined.examination
    told: Json = {
        "stage": made.examined.stage.value,
        "stageTitle": STAGES[made.examined.stage],
        "scheme": made.edition.id,
        "defects": [found_json(check, defect) for check, defect in examination.defects()],
        "reminders": [reminder_json(check, one) for check, one in examination.reminders()],
        "gaps": [{"check": check.name, "needed": gap.needed} for check, gap in examination.gaps()],
        "failed": [outcome.check.name for outcome in examination.outcomes if outcome.failed],
        "checked": len(examination.outcomes),
        "elapsedMs": round(examination.elapsed_ms, 2),
    }
    if made.report is not None:
        told |= {"report": made.report, "new": made.new}
    if made.score is not None and made.examined.stage is not Stage.WRITING:
        told["score"] = score_json(made.score)
    return told


def found_json(check: Check, defect: Defect) -> Json:
    """A defect that a check found just now."""
    return {"check": check.name, "version": check.version, **_about(check), **_said(defect, words=True)}


def _about(check: Check) -> Json:
    told = ("title", "group", "aspect", "severity", "source", "mend")
    return {name: getattr(check, name) for name in told}


def _said(defect: Defect, words: bool) -> Json:
    """What is wrong and where; with the words of the record only for whoever may read records."""
    others = [_place(place, words) for place in defect.others]
    return _full({"says": defect.says if words else "", "place": _place(defect.place, words), "others": others})


def _place(place: Place, words: bool) -> Json:
    """Where: with the span only where there is one, and words to show."""
    where = _full({"document": place.document, "called": place.called, "section": place.section})
    return where | {k: getattr(place, k) for k in ("quote", "start", "end")} if words and place.quote else where


def reminder_json(check: Check, one: Reminder) -> Json:
    """Something that is not yet written and not yet due."""
    place = _place(one.place, words=True)
    told = {"check": check.name, "what": one.what, "says": one.says, "due": one.due.isoformat(), "place": place}
    return _full(told)


def score_json(score: Score) -> Json:
    """A score that explains itself."""
    return {
        "points": score.points,
        "of": score.of,
        "grade": score.grade.value,
        "gradeByPoints": score.by_points.value,
        "vetoes": list(score.vetoes),
        "uncounted": list(score.uncounted),
        "items": [
            {"group": one.group.value, "points": one.points, "charged": one.charged, "lost": one.lost}
            for one in score.items
        ],
        "deductions": [
            _full(
                {
                    "check": one.check,
                    "title": one.title,
                    "group": one.group.value,
                    "times": one.times,
                    "each": one.each,
                    "lost": one.lost,
                    "veto": one.veto.value if one.veto else None,
                }
            )
            for one in score.deductions
        ],
    }


def report_json(report: Report) -> Json:
    """A report in a list."""
    told = report._asdict() | {"kind": report.kind.value, "stage": report.stage.value, "at": report.at.isoformat()}
    told["firstScore"] = told.pop("first_score")
    del told["measures"], told["gaps"]
    return told | {"stageTitle": STAGES[report.stage]}


def standing_json(one: Standing, check: Check | None, words: bool) -> Json:
    """A stored defect; ``words``: with what the record says."""
    told = {name: getattr(one, name) for name in ("id", "tenant", "record", "report", "check", "version", "severity")}
    told |= {name: getattr(one, name) for name in ("document", "department", "doctor", "revision", "handler")}
    told |= {"state": one.state.value, "stateTitle": STATES[one.state]}
    told |= {"found": one.found.isoformat(), "seen": one.seen.isoformat()}
    return _full((_about(check) if check else {}) | told | _said(one.said, words))


def happened_json(one: Happened, words: bool) -> Json:
    """Something that happened to a defect."""
    told = one._asdict() | {"at": one.at.isoformat(), "action": one.action.value}
    told["actionTitle"] = ACTIONS[one.action]
    return _full(told if words else {**told, "reason": ""})


def edition_json(edition: Edition) -> Json:
    """A scheme with its sheets and changes."""
    told = {
        "id": edition.id,
        "tenant": edition.tenant,
        "number": edition.number,
        "note": edition.note,
        "author": edition.author,
        "published": edition.published.isoformat() if edition.published else "",
        "withdrawn": edition.withdrawn.isoformat() if edition.withdrawn else "",
    }
    return _full(told) | {"scheme": msgspec.to_builtins(edition.scheme)}


def figure_json(figure: Figure) -> Json:
    """A national indicator of a period; ``value`` null: not known, ``note`` says why."""
    one = figure.indicator
    return {
        "name": one.name,
        "number": one.number,
        "title": one.title,
        "numeratorTitle": one.numerator,
        "denominatorTitle": one.denominator,
        "basis": one.basis.value,
        "unit": one.unit,
        "direction": "down" if one.falling else "up",
        "source": one.source,
        "numerator": figure.numerator,
        "denominator": figure.denominator,
        "unknown": figure.unknown,
        "value": figure.value,
        "note": figure.note,
    }


def behind_json(one: Behind) -> Json:
    """A record behind a number."""
    return one._asdict() | {"part": one.part.value}


def words_json() -> Json:
    """What states and moves are called."""
    return {
        "states": {state.value: title for state, title in STATES.items()},
        "actions": {action.value: title for action, title in ACTIONS.items()},
        "stages": {stage.value: title for stage, title in STAGES.items()},
    }


def _full(told: Json) -> Json:
    """Without what is empty; 0 and false stay."""
    return {key: value for key, value in told.items() if value not in ("", None, [], {}, ())}
