"""Suspected diagnoses, differentials and examinations as the API gives them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from api.cards import LABELS
from clinical.finding import Datum, Reference
from exchange.fhir.values import Json
from inference.alarms import Alarm
from inference.availability import Availability
from inference.differentials import Differential, Point
from inference.evidence import DIMENSIONS, Evidence, Span
from inference.examinations import Reason, Recommended
from inference.explaining import Candidate, Expected, Ground
from inference.items import LEVEL_NAMES
from inference.profiles import Profiles
from inference.questions import Asking
from knowledge.snapshot import Snapshot
from nlp.quoting import quoted

URGENCIES: Final = {"now": "立即", "today": "当日", "soon": "近期", "elective": "择期"}
PURPOSES: Final = {"confirm": "确诊", "exclude": "排除", "cause": "病因", "assess": "评估", "follow-up": "随访"}
GRADES: Final = {"none": "无", "low": "低", "moderate": "中", "high": "高"}
_AVAILABLE: Final = {
    ("list", True): "本机构已登记开展",
    ("list", False): "本机构未登记开展",
    ("grade", True): "按机构等级通常可开展",
    ("grade", False): "按机构等级通常不开展",
    ("grade", None): "机构等级未知，能否开展待确认",
}
_CIRCUMSTANCES: Final = {"age": "年龄", "sex": "性别", "season": "季节", "region": "地区"}


def candidate_json(one: Candidate, snapshot: Snapshot) -> Json:
    """A suspected disease with its grounds."""
    known = snapshot.concept(one.id) if one.id else None
    names = [] if known is None else [n for n in (known.name, *known.synonyms) if n != one.name]
    code = next((c.code for c in known.codes if c.system.startswith("icd-10")), "") if known else ""
    told: Json = {
        "id": one.id,
        "name": one.name,
        "synonyms": names,
        "code": code,
        "probability": round(one.probability, 4),
        "evidence": [ground_json(g) for g in one.evidence],
        "unexplained": [_evidence(e) for e in one.unexplained],
        "expected": [_expected(e) for e in one.expected],
        "kinds": [{"id": i, "name": snapshot.name(i), "probability": round(p, 4)} for i, p in one.kinds],
        "redFlag": one.red_flag,
        "urgency": one.urgency,
        "urgencyText": URGENCIES.get(one.urgency, ""),
        "departments": list(one.departments),
        "advice": one.advice,
        "standing": one.standing,
        "references": [reference_json(r) for r in one.references],
    }
    kept = ("id", "name", "synonyms", "code", "probability", "evidence", "redFlag", "standing")
    return {name: value for name, value in told.items() if name in kept or value not in ("", [])}


def ground_json(one: Ground) -> Json:
    """Something that speaks for a disease or against it."""
    told: Json = {
        "label": one.label,
        "dimension": one.dimension,
        "dimensionText": DIMENSIONS.get(one.dimension, _CIRCUMSTANCES.get(one.dimension, "")),
        "direction": "for" if one.bits >= 0 else "against",
        "bits": round(one.bits, 2),
        "frequency": one.frequency,
        "basis": one.basis,
        "note": one.note,
        "references": [reference_json(r) for r in one.references],
    }
    kept = {name: value for name, value in told.items() if value not in ("", [])}
    return kept | (_evidence(one.evidence) if one.evidence is not None else {})


def _evidence(one: Evidence) -> Json:
    told: Json = {"id": one.finding, "name": one.name, "present": one.present}
    if one.doubtful:
        told["doubtful"] = True
    place = {"start": one.within.start, "end": one.within.end} if one.within is not None else {}
    return told | ({"where": _where(one.where) | place} if one.where is not None else {})


def quotes(evidence: Iterable[Json], text: str) -> list[list[str]]:
    """The sentences that evidence was read in, of the text that was sent and of texts on record: see
    ``nlp.quoting``."""
    spans: dict[str, set[tuple[int, int]]] = {}
    for where in (one["where"] for one in evidence if "start" in one.get("where", ())):
        said = text if where.get("source") == "text" else where.get("value", "")
        spans.setdefault(said, set()).add((where["start"], where["end"]))
    return [sentence for said, found in spans.items() for sentence in quoted(said, found)]


def evidence_json(one: Evidence) -> Json:
    """A finding as it was understood."""
    return _evidence(one) | {"dimension": one.dimension, "dimensionText": DIMENSIONS.get(one.dimension, "")}


def _where(where: Datum | Span) -> Json:
    """A place in the text (to highlight), or a datum of the record."""
    if isinstance(where, Span):
        return {"source": where.source, "start": where.start, "end": where.end, "text": where.text}
    time = where.time.isoformat() if where.time else ""
    told = {"what": where.what, "value": where.value, "time": time, "institution": where.institution}
    return {name: value for name, value in told.items() if value}


def _expected(one: Expected) -> Json:
    told = {"id": one.finding, "name": one.name, "dimensionText": DIMENSIONS[one.dimension]}
    return told | {"frequency": one.frequency, "share": round(one.share, 2)}


def alarm_json(one: Alarm, snapshot: Snapshot) -> Json:
    """A disease that must not be missed, and what stands open."""
    found = one.candidate
    return {
        "id": found.id,
        "name": found.name,
        "probability": round(found.probability, 4),
        "urgency": found.urgency,
        "urgencyText": URGENCIES.get(found.urgency, ""),
        "advice": found.advice,
        "departments": list(found.departments),
        "supporting": [g.label for g in found.supporting if g.evidence is not None],
        "open": [{"id": finding, "name": snapshot.name(finding)} for finding in one.open],
        "references": [reference_json(r) for r in found.references],
    }


def asking_json(one: Asking, profiles: Profiles) -> Json:
    """A question, a look or a test, with what its answer speaks for."""
    names = [profiles.snapshot.name(profiles.diseases[row]) for row in one.yes]
    others = [profiles.snapshot.name(profiles.diseases[row]) for row in one.no]
    told: Json = {"id": one.finding, "name": one.name, "dimension": one.dimension}
    told |= {"dimensionText": DIMENSIONS[one.dimension], "gain": round(one.gain, 3)}
    if one.item is not None:
        told["item"] = {"id": one.item.concept, "name": one.item.name, "kind": one.item.kind}
    return told | {"ifPresent": names, "ifAbsent": others}


def reference_json(one: Reference) -> Json:
    """Where a statement can be read."""
    told = {"statement": one.statement, "source": one.source, "section": one.section}
    told |= {"evidenceLevel": one.evidence_level, "standing": one.standing, "url": one.url}
    return {name: value for name, value in told.items() if value}


# -- differentials and examinations ------------------------------------------------------------


def differential_json(one: Differential, snapshot: Snapshot) -> Json:
    """A disease to think of beside a diagnosis."""
    said = [{"speaksFor": d, "speaksForName": snapshot.name(d), "points": points} for d, points in one.said]
    told: dict[str, Any] = {
        "id": one.disease,
        "name": snapshot.name(one.disease),
        "curated": one.curated,
        "likeness": round(one.likeness, 2),
        "redFlag": one.red_flag,
        "points": said,
        "tests": list(one.tests),
        "findings": [_point(p) for p in one.points],
        "references": [reference_json(r) for r in one.references],
    }
    return told | ({} if one.probability is None else {"probability": round(one.probability, 4)})


def _point(one: Point) -> Json:
    told: Json = {"id": one.finding, "name": one.name, "dimensionText": DIMENSIONS[one.dimension]}
    told |= {"ownShare": round(one.own_share, 2), "otherShare": round(one.other_share, 2), "present": one.present}
    return told | {"speaksForOther": one.speaks_for_other}


def recommended_json(one: Recommended, snapshot: Snapshot) -> Json:
    """A test or examination worth ordering, or what was done of it."""
    item = one.item
    told: Json = {
        "id": item.concept,
        "name": item.name,
        "kind": item.kind,
        "worth": round(one.worth, 3),
        "gain": round(one.gain, 3),
        "harm": GRADES[item.harm],
        "cost": GRADES[item.cost],
        "level": item.level,
        "levelText": LEVEL_NAMES[item.level],
        "reasons": [_reason(r, snapshot) for r in one.reasons],
    }
    told |= _availability(one.availability)
    told |= {"against": [f"【{LABELS[f.severity]}】{f.summary}" for f in one.against]} if one.against else {}
    return told | ({} if one.done is None else {"done": _where(one.done)})


def _availability(one: Availability) -> Json:
    """Whether it is had here, by what that is said, and where else it is had."""
    by = "list" if one.listed else "grade"
    told: Json = {"available": one.here, "availableBy": by, "availableText": _AVAILABLE[by, one.here]}
    return told | ({"elsewhere": list(one.elsewhere)} if one.elsewhere else {})


def _reason(one: Reason, snapshot: Snapshot) -> Json:
    told: Json = {
        "disease": one.disease,
        "name": snapshot.name(one.disease),
        "probability": round(one.probability, 4),
    }
    told |= {"purpose": one.purpose, "purposeText": PURPOSES[one.purpose], "value": GRADES[one.value]}
    told |= {"expected": one.expected, "note": one.note, "references": [reference_json(r) for r in one.references]}
    return {name: value for name, value in told.items() if value not in ("", [])}
