"""Findings to CDS Hooks cards: short, explained, with actions a client can apply."""

from __future__ import annotations

import copy
import os
import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any, Final

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
_OVERRIDE_REASONS: Final = [{"code": c, "system": REASONS_SYSTEM, "display": d} for c, d in REASONS.items()]

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
_SUMMARY_LIMIT: Final = 139


def fresh_id() -> str:
    """A random UUID (version 4) as text; ``uuid.uuid4`` spends three times as long on its object."""
    h = os.urandom(16).hex()
    return f"{h[:8]}-{h[8:12]}-4{h[13:16]}-{'89ab'[int(h[16], 16) & 3]}{h[17:20]}-{h[20:]}"


def render(
    review: Review,
    titles: Mapping[str, str],
    resources: Mapping[str, Json],
    features: frozenset[str] = frozenset(),
) -> list[Json]:
    """One card per finding, worst first. ``titles`` name the families, ``resources`` are the orders
    as sent (by reference), needed for update actions that carry the whole resource; ``features`` are
    the optional CDS Hooks features the client declared."""
    said: _Said = {}
    cards = [_card(finding, review.release, titles, resources, said) for finding in review.findings]
    if ACTION_SELECTION in features:
        for suggestion in (s for card in cards for s in card.get("suggestions", ())):
            suggestion[ACTION_SELECTION] = "all"  # taking one drug back and giving another belong together
    return cards


def indicator(finding: Finding) -> str:
    """``critical`` for contraindicated and major, ``warning`` for moderate, else ``info``; what may
    not interrupt is never critical."""
    if finding.severity.rank >= Severity.MAJOR.rank:
        return "critical" if finding.interruptive else "warning"
    return "warning" if finding.severity is Severity.MODERATE else "info"


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


def finding_extension(finding: Finding, finding_id: str, release: str, said: _Said | None = None) -> Json:
    """The finding for machines: ids, severity, orders, evidence chain."""
    said = {} if said is None else said
    found: Json = {
        "findingId": finding_id,
        "family": finding.family,
        "ruleId": finding.rule_id,
        "ruleVersion": finding.rule_version,
        "severity": finding.severity.value,
        "orders": list(finding.orders),
        "release": release,
    }
    evidence = [*(_told(datum, said)[1] for datum in finding.data), *map(_reference, finding.references)]
    return found | ({"evidence": evidence} if evidence else {})


_Said = dict[Datum, tuple[str, Json]]
"""A datum as a line of detail and as evidence: many findings of one review rest on the same order."""


def _card(
    finding: Finding, release: str, titles: Mapping[str, str], resources: Mapping[str, Json], said: _Said
) -> Json:
    uuid = fresh_id()
    card: Json = {
        "uuid": uuid,
        "summary": _short(f"【{LABELS[finding.severity]}】{finding.summary}"),
        "detail": _detail(finding, said),
        "indicator": indicator(finding),
        "source": _source(finding, titles),
        "overrideReasons": _OVERRIDE_REASONS,
        "extension": {EXTENSION: finding_extension(finding, uuid, release, said)},
    }
    suggestions = list(_suggestions(finding, resources))
    if suggestions:
        card["suggestions"] = suggestions
        card["selectionBehavior"] = "at-most-one"
    links = [{"label": r.source, "url": r.url, "type": "absolute"} for r in finding.references if r.url]
    if links:
        card["links"] = list({link["url"]: link for link in links}.values())
    return card


def _short(text: str) -> str:
    return text if len(text) <= _SUMMARY_LIMIT else f"{text[: _SUMMARY_LIMIT - 1]}…"


def _source(finding: Finding, titles: Mapping[str, str]) -> Json:
    topic = {"system": TOPICS, "code": finding.family, "display": titles.get(finding.family, finding.family)}
    cited = next(iter(finding.references), None)
    source: Json = {"label": cited.source if cited else "医共 (Yigong)", "topic": topic}
    return source | ({"url": cited.url} if cited and cited.url else {})


def _detail(finding: Finding, said: _Said) -> str:
    """Markdown: why, what to do, on which data, from which source and rule."""
    parts = [finding.summary] if len(finding.summary) + 4 > _SUMMARY_LIMIT else []
    if finding.detail:
        parts.append(f"**原因** {_plain(finding.detail)}")
    if finding.advice:
        parts.append(f"**建议** {_plain(finding.advice)}")
    if finding.data:
        parts.append("**依据数据**\n" + "\n".join(_told(d, said)[0] for d in finding.data))
    if finding.references:
        cited = dict.fromkeys(map(_cited, finding.references))
        parts.append("**知识来源**\n" + "\n".join(cited))
    parts.append(f"规则 {finding.rule_id} 第 {finding.rule_version} 版")
    return "\n\n".join(parts)


_MARKUP: Final = re.compile(r"[\\<\[`*]")


def _plain(text: str) -> str:
    """Text of outside origin must not become markup in the client."""
    return _MARKUP.sub(lambda found: "&lt;" if found[0] == "<" else f"\\{found[0]}", text)


def _told(datum: Datum, said: _Said) -> tuple[str, Json]:
    found = said.get(datum)
    if found is None:
        found = said[datum] = (f"- {_plain(_line(datum))}", _datum(datum))
    return found


def _line(datum: Datum) -> str:
    where = "，".join(x for x in (_clock(datum.time) if datum.time else "", datum.institution) if x)
    return f"{datum.what}: {datum.value}" + (f" ({where})" if where else "")


@lru_cache(maxsize=4096)
def _clock(time: datetime) -> str:
    """Many results of a day are of one round; writing a time takes longer than looking it up."""
    return time.astimezone(CHINA).strftime("%Y-%m-%d %H:%M")


@lru_cache(maxsize=65536)
def _cited(reference: Reference) -> str:
    """A line of the sources; of these a release has so many and no more."""
    notes = (
        reference.section,
        _EVIDENCE.get(reference.evidence_level, ""),
        _STANDINGS.get(reference.standing, ""),
    )
    return f"- {_plain('，'.join(x for x in (reference.source, *notes) if x))}"


def _datum(datum: Datum) -> Json:
    fields = {
        "type": "datum",
        "what": datum.what,
        "value": datum.value,
        "time": datum.time.isoformat() if datum.time else "",
        "institution": datum.institution,
        "reference": datum.reference,
    }
    return {k: v for k, v in fields.items() if v}


@lru_cache(maxsize=65536)
def _reference(reference: Reference) -> Json:
    """As evidence; written into answers, never changed."""
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


def _suggestions(finding: Finding, resources: Mapping[str, Json]) -> Iterator[Json]:
    for suggestion in finding.suggestions:
        actions = _ACTIONS[suggestion.action](suggestion, resources.get(suggestion.order))
        if actions:
            yield {"label": suggestion.label, "uuid": fresh_id(), "actions": actions}


def _delete(suggestion: Suggestion, resource: Json | None) -> list[Json]:
    if not suggestion.order or suggestion.order.startswith(UNSENT):
        return []
    return [{"type": "delete", "description": suggestion.label, "resourceId": suggestion.order}]


def _adjust(suggestion: Suggestion, resource: Json | None) -> list[Json]:
    """The order with the changed dose or frequency, in its entirety; nothing when we were not
    sent an order to change."""
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


def _replace(suggestion: Suggestion, resource: Json | None) -> list[Json]:
    """The order taken back and another drug drafted in its place: same patient, visit and reason, but
    without the dosage, which was meant for the first drug."""
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
    found: Json = finding_extension(finding, fresh_id(), release)
    found |= {"summary": finding.summary, "interruptive": finding.interruptive}
    optional: dict[str, Any] = {"detail": finding.detail, "advice": finding.advice}
    optional["suggestions"] = [{"label": s.label, "action": s.action, "order": s.order} for s in finding.suggestions]
    return found | {k: v for k, v in optional.items() if v}
