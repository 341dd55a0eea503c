"""Data quality at intake: which rules the resources of a message break.

``check`` looks at one message: what breaks a rejecting rule sends it to the dead letters, a warning is stored with
it. Rules are compiled once; what a rule cannot know (a value that was not sent) it says nothing of.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Any, Final

from records.quality_forms import listed
from records.quality_paths import Scene
from records.quality_rules import ANY, MESSAGE, Compiled, Dimension, Rule, Severity, reference, shipped

Json = Mapping[str, Any]
Tally = dict[str, dict[str, list[int]]]
"""Resource type → rule → [checked, failed]; the rule ``""`` counts the resources themselves."""
RESOURCES: Final = ""
_COMPLETE: Final = Dimension.COMPLETENESS
_SUBSETTED: Final = "SUBSETTED"


@dataclass(frozen=True, slots=True)
class Context:
    """What a message says of itself: whose it is, when it was received, and when its sender sent it."""

    tenant: str
    received: datetime
    sent: datetime | None = None


@dataclass(frozen=True, slots=True)
class Fault:
    """A rule that a resource breaks. ``path`` is where to look, ``resource`` a reference (``Patient/p1``);
    ``Message`` for the message as a whole, empty for a resource without id. Never holds a value of a patient."""

    rule: str
    version: str
    severity: Severity
    path: str
    message: str
    resource: str
    dimension: Dimension
    kind: str

    @property
    def rejects(self) -> bool:
        return self.severity is Severity.REJECT


@dataclass(frozen=True, slots=True)
class Checked:
    """What checking a message found: its faults, how often each rule was applied, and which rules each resource
    (by reference) is clear of, by which faults found before are known to be put right."""

    faults: tuple[Fault, ...] = ()
    tally: Tally = field(default_factory=dict)
    clear: Mapping[str, Sequence[str]] = field(default_factory=dict)

    @property
    def rejected(self) -> bool:
        return any(fault.rejects for fault in self.faults)


class RuleSet:
    """Rules compiled for checking, safe between threads. Raises ``FormError`` for a rule that is none."""

    def __init__(self, rules: Iterable[Rule]) -> None:
        self.rules = tuple(rules)
        self._by_type: dict[str, tuple[Compiled, ...]] = {}
        made = [Compiled(rule) for rule in self.rules if rule.scope == "intake" and not rule.off]
        self._everywhere = tuple(one for one in made if ANY in one.rule.types)
        for kind in sorted({kind for one in made for kind in one.rule.types}):
            own = tuple(one for one in made if kind in one.rule.types)
            self._by_type[kind] = own if kind in (ANY, MESSAGE) else own + self._everywhere

    def check(self, resources: Sequence[Json], context: Context) -> Checked:
        """What of a message is at fault."""
        others = {reference(one): one for one in resources}
        scene = Scene(context.received, context.sent, others)
        sent = {} if context.sent is None else {"sent": context.sent.isoformat()}
        whole = {"resourceType": MESSAGE, "resources": list(resources)} | sent
        findings = _Findings()
        for resource in (whole, *resources):
            kind = resource.get("resourceType")
            kind = kind if isinstance(kind, str) else ""
            self._check(resource, kind, scene, findings)
        findings.clear.pop("", None)  # nothing by which it would be known again
        return Checked(tuple(findings.faults), findings.tally, findings.clear)

    def _check(self, resource: Json, kind: str, scene: Scene, findings: _Findings) -> None:
        rules = self._by_type.get(kind, () if kind == MESSAGE else self._everywhere)
        counts = findings.tally.setdefault(kind, {})
        counts.setdefault(RESOURCES, [0, 0])[0] += 1
        named = MESSAGE if kind == MESSAGE else reference(resource)
        whole = not _is_mentioned(resource)
        clear = findings.clear.setdefault(named, [])
        for one in rules:
            found = one.holds(resource, scene) if whole or one.rule.dimension is not _COMPLETE else None
            if found is None:
                if whole and one.is_alone:  # what the rule looked at is no longer there
                    clear.append(one.name)
                continue
            held = counts.get(one.name)
            if held is None:
                held = counts[one.name] = [0, 0]
            held[0] += 1
            if found:
                clear.append(one.name)
            else:
                held[1] += 1
                findings.faults.append(_fault(one.rule, named, kind))


@dataclass(slots=True)
class _Findings:
    faults: list[Fault] = field(default_factory=list)
    tally: Tally = field(default_factory=dict)
    clear: dict[str, list[str]] = field(default_factory=dict)


def _is_mentioned(resource: Json) -> bool:
    """Whether a sender says that a resource is only part of what it knows: nobody asks it to be complete."""
    meta = resource.get("meta")
    tags = meta.get("tag") if isinstance(meta, dict) else None
    return bool(tags) and any(isinstance(tag, dict) and tag.get("code") == _SUBSETTED for tag in listed(tags))


def _fault(rule: Rule, named: str, kind: str) -> Fault:
    return Fault(rule.id, rule.version, rule.severity, rule.path, rule.message, named, rule.dimension, kind)


@lru_cache(maxsize=1)
def shipped_set() -> RuleSet:
    """The rules we ship, compiled."""
    return RuleSet(shipped())


def check(resources: Sequence[Json], context: Context, rules: RuleSet | None = None) -> list[Fault]:
    """Faults of the resources of a message, by the rules we ship unless others are given."""
    return list((rules or shipped_set()).check(resources, context).faults)
