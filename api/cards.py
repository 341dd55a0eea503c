"""Findings to CDS Hooks cards: short, explained, with actions a client can apply."""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator, Mapping
from datetime import datetime, tzinfo
from functools import lru_cache
from typing import Any, Final, NamedTuple
from uuid import UUID

import orjson

from base.randomness import random_bytes
from clinical.coded import CHINA
from clinical.finding import Datum, Finding, Reference, Review, Severity, Suggestion
from exchange.fhir.orders import UNSENT
from exchange.fhir.values import Json

EXTENSION: Final = "cn.yigong.finding"
REVIEW_EXTENSION: Final = "cn.yigong.review"
TOPICS: Final = "https://yigong.cn/fhir/CodeSystem/rule-family"
REASONS_SYSTEM: Final = "http://terminology.hl7.org/CodeSystem/non-adherence-reason-codes"
REASONS: Final = {
    "risk-benefit-ratio": "已权衡利弊，获益大于风险",
    "mitigate-risk-negative-outcome": "已采取监测或预防措施",
    "action-performed-no-adverse-effect": "患者曾使用，未见不良反应",
    "patient-ineligible": "提示不适用于该患者",
    "does-not-align-latest-evidence": "提示与现有证据不符",
    "policy-contradicts": "本院规定或指南另有要求",
    "expert-contradicts": "上级医师或会诊意见",
    "service-not-available": "无可替代的药品或服务",
    "patient-refuses": "患者拒绝更改",
    "need-more-info": "需等待更多结果后再定",
}
"""HL7 non-adherence reasons we offer, in words a Chinese clinician would tick."""
_OVERRIDE_REASONS: Final = orjson.Fragment(
    orjson.dumps([{"code": c, "system": REASONS_SYSTEM, "display": d} for c, d in REASONS.items()])
)
"""The same on every card, so written once."""

ACTION_SELECTION: Final = "actionSelectionBehavior"
"""CDS Hooks 3.0.0 forbids it towards clients that did not say they know it."""
LABELS: Final = {
    Severity.CONTRAINDICATED: "禁忌",
    Severity.MAJOR: "严重",
    Severity.MODERATE: "一般",
    Severity.MINOR: "提示",
    Severity.INFO: "信息",
}
_STANDINGS: Final = {
    "starter": "起步内容，使用前须经本地专家审核",
    "secondary": "次级来源，尚未审核",
}
_EVIDENCE: Final = {"high": "证据等级高", "moderate": "证据等级中", "low": "证据等级低", "expert": "专家意见"}
_INDICATORS: Final = {
    Severity.CONTRAINDICATED: ("warning", "critical"),
    Severity.MAJOR: ("warning", "critical"),
    Severity.MODERATE: ("warning", "warning"),
    Severity.MINOR: ("info", "info"),
    Severity.INFO: ("info", "info"),
}
_SUMMARY_LIMIT: Final = 139
_VALUES: Final = {severity: severity.value for severity in Severity}  # asking a member for it takes 0.2 µs
_OPENINGS: Final = {severity: f"【{label}】" for severity, label in LABELS.items()}
_UUID_PARTS: Final = re.compile("(.{8})(.{4}).(.{3})(.)(.{3})(.{12})").findall
_UUID_VARIANTS: Final = dict(zip("0123456789abcdef", "89ab" * 4, strict=True))


def fresh_id() -> str:
    """A random UUID (version 4) as text."""
    return next(fresh_ids(1))


def fresh_ids(number: int) -> Iterator[str]:
    """Random UUIDs (version 4) as texts, from one draw: ``uuid.uuid4`` costs three times as much,
    most of it for its object."""
    parts = _UUID_PARTS(random_bytes(16 * number).hex())
    return iter([f"{a}-{b}-4{c}-{_UUID_VARIANTS[variant]}{d}-{e}" for a, b, c, variant, d, e in parts])


def named_id(digest: str) -> str:
    """The UUID (version 5) of what 32 hexadecimal digits name: the same thing has the same."""
    return str(UUID(digest, version=5))


def render(
    review: Review,
    titles: Mapping[str, str],
    resources: Mapping[str, Json],
    features: frozenset[str] = frozenset(),
) -> list[Json]:
    """One card per finding, worst first. ``titles`` name the families, ``resources`` are the orders
    as sent (by reference), needed for update actions that carry the whole resource; ``features`` are
    the optional CDS Hooks features the client declared."""
    findings = review.findings
    if not findings:
        return []
    said: _Said = {}
    ids = fresh_ids(len(findings) + sum([len(finding.suggestions) for finding in findings]))
    cards = [_card(finding, review.release, titles, resources, said, ids) for finding in findings]
    if ACTION_SELECTION in features:
        for suggestion in (s for card in cards for s in card.get("suggestions", ())):
            suggestion[ACTION_SELECTION] = "all"  # taking one drug back and giving another belong together
    return cards


def indicator(finding: Finding) -> str:
    """``critical`` for contraindicated and major, ``warning`` for moderate, else ``info``; what may
    not interrupt is never critical."""
    return _INDICATORS[finding.severity][finding.interruptive]


def review_extension(review: Review, unmapped: list[Json], elapsed_ms: float) -> Json:
    """What the whole review says of itself; empty lists are left out, as CDS Hooks asks."""
    incomplete = [
        {"family": g.family, "needed": g.needed, "reason": g.reason}
        | ({"orders": list(g.orders)} if g.orders else {})
        for g in review.gaps
    ]
    incomplete += [
        {"family": f.family, "needed": "rule", "reason": "规则执行失败，已记录"} for f in dict.fromkeys(review.faults)
    ]
    found: Json = {"release": review.release, "elapsedMs": round(elapsed_ms, 3)}
    if unmapped:
        found["unmapped"] = unmapped
    if incomplete:
        found["incomplete"] = incomplete
    return found


_Told = tuple[str, Json]
"""A datum as a line of detail and as evidence."""
_Said = dict[int, _Told]
"""What was told already, by the identity of a datum of the review: many findings rest on the same order, and to
hash its datum each time costs as much as to write it."""


class _Cited(NamedTuple):
    """The references of a finding as a card shows them. They are the release's, so this is made once; what is in
    it is written into answers, never changed."""

    detail: str
    evidence: tuple[Json, ...]
    links: tuple[Json, ...]
    label: str
    url: str


def _evidence(finding: Finding, said: _Said) -> tuple[list[str], list[Json]]:
    """What a finding rests on of the patient, as lines of detail and as evidence."""
    lines: list[str] = []
    written: list[Json] = []
    for datum in finding.data:
        line, evidence = said.get(id(datum)) or _told(datum, said)
        lines.append(line)
        written.append(evidence)
    return lines, written


def _extension(finding: Finding, finding_id: str, release: str, data: list[Json], cited: _Cited) -> Json:
    """The finding for machines: ids, severity, orders, evidence chain."""
    found: Json = {
        "findingId": finding_id,
        "family": finding.family,
        "ruleId": finding.rule_id,
        "ruleVersion": finding.rule_version,
        "severity": _VALUES[finding.severity],
        "orders": list(finding.orders),
        "release": release,
    }
    if data or cited.evidence:
        found["evidence"] = [*data, *cited.evidence]
    return found


def _card(
    finding: Finding,
    release: str,
    titles: Mapping[str, str],
    resources: Mapping[str, Json],
    said: _Said,
    ids: Iterator[str],
) -> Json:
    uuid, family = next(ids), finding.family
    (lines, data), cited = _evidence(finding, said), _cited(finding.references)
    source: Json = {"label": cited.label, "topic": _topic(family, titles.get(family, family))}
    if cited.url:
        source["url"] = cited.url
    card: Json = {
        "uuid": uuid,
        "summary": _short(_OPENINGS[finding.severity] + finding.summary),
        "detail": _detail(finding, lines, cited),
        "indicator": indicator(finding),
        "source": source,
        "overrideReasons": _OVERRIDE_REASONS,
        "extension": {EXTENSION: _extension(finding, uuid, release, data, cited)},
    }
    suggestions = _suggestions(finding, resources, ids) if finding.suggestions else None
    if suggestions:
        card["suggestions"] = suggestions
        card["selectionBehavior"] = "at-most-one"
    if cited.links:
        card["links"] = cited.links
    return card


def _short(text: str) -> str:
    return text if len(text) <= _SUMMARY_LIMIT else f"{text[: _SUMMARY_LIMIT - 1]}…"


@lru_cache(maxsize=512)
def _topic(family: str, title: str) -> Json:
    return {"system": TOPICS, "code": family, "display": title}


def _detail(finding: Finding, lines: list[str], cited: _Cited) -> str:
    """Markdown: why, what to do, on which data, from which source and rule."""
    summary, detail, advice = finding.summary, finding.detail, finding.advice
    what = f"{summary}\n\n" if len(summary) + 4 > _SUMMARY_LIMIT else ""
    why = f"**原因** {_plain(detail)}\n\n" if detail else ""
    then = f"**建议** {_plain(advice)}\n\n" if advice else ""
    told = "\n".join(lines)
    data = f"**依据数据**\n{told}\n\n" if lines else ""
    return f"{what}{why}{then}{data}{cited.detail}规则 {finding.rule_id} 第 {finding.rule_version} 版"


_MARKUP: Final = re.compile(r"[\\<\[`*]")


def _plain(text: str) -> str:
    """Text of outside origin must not become markup in the client."""
    if not ("*" in text or "<" in text or "[" in text or "`" in text or "\\" in text):  # half of a search's cost
        return text
    return _MARKUP.sub(lambda found: "&lt;" if found[0] == "<" else f"\\{found[0]}", text)


def _told(datum: Datum, said: _Said) -> _Told:
    shown, written = _clock(datum.time, datum.time.tzinfo) if datum.time else ("", "")
    found = said[id(datum)] = (_plain(_line(datum, shown)), _datum(datum, written))
    return found


def _line(datum: Datum, shown: str) -> str:
    where = f"{shown}，{datum.institution}" if shown and datum.institution else shown or datum.institution
    return f"- {datum.what}: {datum.value} ({where})" if where else f"- {datum.what}: {datum.value}"


@lru_cache(maxsize=4096)
def _clock(time: datetime, zone: tzinfo | None) -> tuple[str, str]:
    """A time as shown in China and as written; in two zones the same time is written differently. Many results of
    a day are of one round; writing a time takes longer than looking it up."""
    return time.astimezone(CHINA).strftime("%Y-%m-%d %H:%M"), time.isoformat()


@lru_cache(maxsize=65536)
def _cited(references: tuple[Reference, ...]) -> _Cited:
    """Of references a release has so many and no more."""
    lines = dict.fromkeys([f"- {_plain(_cited_line(reference))}" for reference in references])
    links = {r.url: {"label": r.source, "url": r.url, "type": "absolute"} for r in references if r.url}
    first = references[0] if references else None
    return _Cited(
        "**知识来源**\n" + "\n".join(lines) + "\n\n" if references else "",
        tuple(map(_reference, references)),
        tuple(links.values()),
        first.source if first else "医共 (Yigong)",
        first.url if first else "",
    )


def _cited_line(reference: Reference) -> str:
    notes = (
        reference.section,
        _EVIDENCE.get(reference.evidence_level, ""),
        _STANDINGS.get(reference.standing, ""),
    )
    return "，".join([x for x in (reference.source, *notes) if x])


def _datum(datum: Datum, written: str) -> Json:
    found: Json = {"type": "datum"}
    if datum.what:
        found["what"] = datum.what
    if datum.value:
        found["value"] = datum.value
    if written:
        found["time"] = written
    if datum.institution:
        found["institution"] = datum.institution
    if datum.reference:
        found["reference"] = datum.reference
    return found


def _reference(reference: Reference) -> Json:
    fields = {
        "type": "statement",
        "statement": reference.statement,
        "source": reference.source,
        "section": reference.section,
        "evidenceLevel": reference.evidence_level,
        "url": reference.url,
        "standing": reference.standing,
    }
    return {k: v for k, v in fields.items() if v}


def _suggestions(finding: Finding, resources: Mapping[str, Json], ids: Iterator[str]) -> list[Json]:
    found: list[Json] = []
    for suggestion in finding.suggestions:
        actions = _ACTIONS[suggestion.action](suggestion, resources)
        if actions:
            found.append({"label": suggestion.label, "uuid": next(ids), "actions": actions})
    return found


def _delete(suggestion: Suggestion, resources: Mapping[str, Json]) -> list[Json]:
    if not suggestion.order or suggestion.order.startswith(UNSENT):
        return []
    return [{"type": "delete", "description": suggestion.label, "resourceId": suggestion.order}]


def _adjust(suggestion: Suggestion, resources: Mapping[str, Json]) -> list[Json]:
    """The order with the changed dose or frequency, in its entirety; nothing when we were not
    sent an order to change."""
    resource = resources.get(suggestion.order)
    instructions = resource.get("dosageInstruction") if resource else None
    if not resource or not isinstance(instructions, list) or not instructions:
        return []
    changed = copy.deepcopy(resource)
    instruction = changed["dosageInstruction"][0]
    instruction.pop("text", None)  # it would contradict the changed figures
    if suggestion.dose_value is not None:
        dose = {"value": round(suggestion.dose_value, 4), "unit": suggestion.dose_unit}
        instruction["doseAndRate"] = [{"doseQuantity": dose}]
    if suggestion.times_per_day is not None:
        instruction["timing"] = {"repeat": _repeat(suggestion.times_per_day)}
    return [{"type": "update", "description": suggestion.label, "resource": changed}]


def _replace(suggestion: Suggestion, resources: Mapping[str, Json]) -> list[Json]:
    """The order taken back and another drug drafted in its place: same patient, visit and reason, but
    without the dosage, which was meant for the first drug."""
    resource = resources.get(suggestion.order)
    if resource is None or resource.get("resourceType") != "MedicationRequest":
        return []
    kept = {key: copy.deepcopy(resource[key]) for key in _KEPT if key in resource}
    drafted = {"resourceType": "MedicationRequest", "status": "draft", "intent": "order", **kept}
    drafted["medicationCodeableConcept"] = {"text": suggestion.name}
    return [
        {"type": "delete", "description": "取消原医嘱", "resourceId": suggestion.order},
        {"type": "create", "description": suggestion.label, "resource": drafted},
    ]


_KEPT = ("subject", "encounter", "requester", "recorder", "priority", "category", "reasonCode", "reasonReference")
_ACTIONS = {"delete": _delete, "adjust": _adjust, "replace": _replace}


def _repeat(times_per_day: float) -> Json:
    if times_per_day >= 1:
        return {"frequency": int(times_per_day), "period": 1, "periodUnit": "d"}
    if abs(times_per_day * 7 - round(times_per_day * 7)) < 1e-6:
        return {"frequency": round(times_per_day * 7), "period": 1, "periodUnit": "wk"}
    return {"frequency": 1, "period": round(1 / times_per_day), "periodUnit": "d"}


def as_json(finding: Finding, release: str) -> Json:
    """A finding for the plain JSON review."""
    _, data = _evidence(finding, {})
    found = _extension(finding, fresh_id(), release, data, _cited(finding.references))
    found |= {"summary": finding.summary, "interruptive": finding.interruptive}
    optional: dict[str, Any] = {"detail": finding.detail, "advice": finding.advice}
    optional["suggestions"] = [{"label": s.label, "action": s.action, "order": s.order} for s in finding.suggestions]
    return found | {k: v for k, v in optional.items() if v}
