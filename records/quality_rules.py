"""Data-quality rules: what each asks for, its own cases, and how a site changes one.

A rule of ``scope: intake`` looks at a resource of a message when it arrives; one of ``scope: store`` names a survey
of what an institution has sent so far (``records.quality_surveys``). What we ship stands in ``quality_content``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from functools import lru_cache
from pathlib import Path
from typing import Any, Final, Literal

import msgspec
import yaml

from records.quality_conditions import Test, compile_test, sees_others
from records.quality_forms import ends
from records.quality_paths import FormError, Scene

FOLDER: Final = Path(__file__).parent / "quality_content"
CASE_NOW: Final = datetime.fromisoformat("2026-11-24T10:00:00+08:00")
"""The moment at which cases of rules are checked."""
MESSAGE: Final = "Message"
"""The type of a rule about a message as a whole: ``resources`` are what it holds."""
ANY: Final = "*"
"""The type of a rule about every resource."""
_ID: Final = re.compile(r"[a-z][a-z0-9-]{2,79}")
_TYPE: Final = re.compile(r"[A-Z][A-Za-z]{2,39}|\*")


class Dimension(StrEnum):
    """What a rule is about."""

    COMPLETENESS = "completeness"
    CONFORMANCE = "conformance"
    PLAUSIBILITY = "plausibility"
    TIMELINESS = "timeliness"
    CONSISTENCY = "consistency"
    REFERENTIAL = "referential"


DIMENSIONS: Final = {
    Dimension.COMPLETENESS: "完整性",
    Dimension.CONFORMANCE: "规范性",
    Dimension.PLAUSIBILITY: "合理性",
    Dimension.TIMELINESS: "及时性",
    Dimension.CONSISTENCY: "一致性",
    Dimension.REFERENTIAL: "关联性",
}


KINDS: Final = {
    "Patient": "患者",
    "Encounter": "就诊",
    "Condition": "诊断",
    "Observation": "检验与体征",
    "DiagnosticReport": "检查检验报告",
    "ServiceRequest": "检查检验申请",
    "Procedure": "手术操作",
    "MedicationRequest": "处方医嘱",
    "MedicationDispense": "发药",
    "MedicationStatement": "用药记录",
    "MedicationAdministration": "给药记录",
    "AllergyIntolerance": "过敏史",
    "Immunization": "预防接种",
    "DocumentReference": "病历文档",
    "Composition": "共享文档",
    "Organization": "机构",
    "Practitioner": "医务人员",
    MESSAGE: "整条消息",
}
"""What people call the resource types that rules are about."""


class Severity(StrEnum):
    """``REJECT`` sends the message to the dead letters, ``WARN`` is stored with it."""

    REJECT = "reject"
    WARN = "warn"


WEIGHTS: Final = {Severity.REJECT: 3, Severity.WARN: 1}
"""How much a rule counts in a score."""
Outcome = Literal["passed", "failed", "ignored"]


class Cases(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A rule's own cases: resources (without ``resourceType``) that pass, that fail, and that it says nothing of.
    ``$with`` are other resources of the message, ``$sent`` when it was sent."""

    passed: tuple[dict[str, Any], ...] = ()
    failed: tuple[dict[str, Any], ...] = ()
    ignored: tuple[dict[str, Any], ...] = ()


class Rule(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A rule as data. ``when`` narrows what it looks at, ``require`` must hold; ``path`` is where a person looks;
    ``message`` says what is wrong and how to put it right."""

    id: str
    title: str
    dimension: Dimension
    types: tuple[str, ...]
    message: str
    source: str
    version: str = "1"
    scope: Literal["intake", "store"] = "intake"
    severity: Severity = Severity.WARN
    path: str = ""
    when: Any = None
    require: Any = None
    survey: str = ""
    parameters: dict[str, Any] = {}
    cases: Cases = Cases()
    off: bool = False


class Change(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, omit_defaults=True):
    """What a site changes of a rule; what is None stays. ``cases`` replace the rule's own where a changed parameter
    makes them untrue."""

    off: bool | None = None
    severity: Severity | None = None
    parameters: dict[str, Any] | None = None
    message: str | None = None
    cases: Cases | None = None


class RuleError(ValueError):
    """Rules that are none; ``problems`` name the rule, the field and what to write instead."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("；".join(problems))
        self.problems = tuple(problems)


def changed(rule: Rule, change: Change, version: str) -> Rule:
    """The rule with what a site changed, as a version of its own. Raises ``RuleError`` for an unknown parameter."""
    given = dict(change.parameters or {})
    unknown = sorted(set(given) - set(rule.parameters))
    if unknown:
        known = "、".join(rule.parameters) or "无"
        raise RuleError([f"{rule.id}.parameters: 没有参数 {'、'.join(unknown)}，可改的参数：{known}"])
    return msgspec.structs.replace(
        rule,
        version=version,
        off=rule.off if change.off is None else change.off,
        severity=change.severity or rule.severity,
        parameters=rule.parameters | given,
        message=change.message or rule.message,
        cases=change.cases or rule.cases,
    )


def decode(given: Any, at: str = "rule") -> Rule:
    """A rule from JSON-like data. Raises ``RuleError`` that names the field."""
    return _converted(given, Rule, at)  # type: ignore[no-any-return]


def decode_change(given: Any) -> Change:
    """A change from JSON-like data. Raises ``RuleError`` that names the field."""
    return _converted(given, Change, "change")  # type: ignore[no-any-return]


def _converted(given: Any, kind: Any, at: str) -> Any:
    try:
        return msgspec.convert(given, kind)
    except msgspec.ValidationError as error:
        name = given.get("id", at) if isinstance(given, Mapping) else at
        raise RuleError([f"{name}: {error}"]) from None


def problems(rule: Rule, surveys: Mapping[str, Sequence[str]]) -> list[str]:
    """Everything wrong with a rule, and each of its cases that does not come out as it says. ``surveys`` are the
    surveys there are, with the parameters that each needs."""
    found = [f"{rule.id}: {problem}" for problem in _form_problems(rule)]
    if rule.scope == "store":
        needed = surveys.get(rule.survey)
        if needed is None:
            return [*found, f"{rule.id}.survey: 应为 {'、'.join(surveys)} 之一"]
        missing = sorted(set(needed) - set(rule.parameters))
        return found + [f"{rule.id}.parameters: 缺少 {name}" for name in missing]
    try:
        for name in ("when", "require"):
            tree = getattr(rule, name)
            if tree is not None or name == "require":
                compile_test(tree, rule.parameters)
    except FormError as error:
        return [*found, *(f"{rule.id}.{name}: {problem}" for problem in error.problems)]
    return found + list(_case_problems(rule))


def _form_problems(rule: Rule) -> Iterator[str]:
    if not _ID.fullmatch(rule.id):
        yield "id: 应为小写字母、数字和连字符"
    for name in ("title", "message", "source"):
        if not getattr(rule, name).strip():
            yield f"{name}: 不能为空"
    if not rule.types or not all(_TYPE.fullmatch(kind) for kind in rule.types):
        yield "types: 应为FHIR资源类型，如 Patient；全部资源写 *"
    if rule.scope == "store" and (rule.when or rule.require):
        yield "require: 全库检查不写条件，用 survey 和 parameters"


def _case_problems(rule: Rule) -> Iterator[str]:
    if not rule.cases.passed or not rule.cases.failed:
        yield f"{rule.id}.cases: 至少各写一个通过和不通过的例子"
    test = Compiled(rule)
    for expected in ("passed", "failed", "ignored"):
        for number, case in enumerate(getattr(rule.cases, expected)):
            found = test.outcome(*_case(rule, case))
            if found != expected:
                yield f"{rule.id}.cases.{expected}[{number}]: 结果为 {found}"


def _case(rule: Rule, case: dict[str, Any]) -> tuple[dict[str, Any], Scene]:
    resource = {"resourceType": rule.types[0] if rule.types[0] != ANY else "Basic"} | {
        key: value for key, value in case.items() if not key.startswith("$")
    }
    others = {reference(one): one for one in (resource, *case.get("$with", ()))}
    sent = ends(case.get("$sent"))
    return resource, Scene(CASE_NOW, sent[0] if sent else None, others)


def reference(resource: Mapping[str, Any]) -> str:
    """``Patient/p1``; empty when the resource has no id."""
    kind, name = resource.get("resourceType"), resource.get("id")
    return f"{kind}/{name}" if isinstance(kind, str) and isinstance(name, str) and name else ""


class Compiled:
    """A rule whose conditions are closures. Raises ``FormError``."""

    __slots__ = ("holds", "is_alone", "name", "rule")

    def __init__(self, rule: Rule) -> None:
        self.rule, self.name = rule, rule.id
        self.is_alone = not any(sees_others(tree) for tree in (rule.when, rule.require))
        """Whether the resource itself is all that it looks at."""
        require = compile_test(rule.require, rule.parameters)
        when = None if rule.when is None else compile_test(rule.when, rule.parameters)
        self.holds: Test = require if when is None else _where(when, require)
        """Whether a resource passes; None where the rule says nothing of it or too little is known."""

    def outcome(self, resource: Mapping[str, Any], scene: Scene) -> Outcome:
        found = self.holds(resource, scene)
        return "ignored" if found is None else "passed" if found else "failed"


def _where(when: Test, require: Test) -> Test:
    return lambda resource, scene: require(resource, scene) if when(resource, scene) is True else None


class _Loader(yaml.SafeLoader):
    """YAML whose dates stay texts, as they are in FHIR."""


_LOADED: Final = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_Loader.yaml_implicit_resolvers = _LOADED


def read(path: Path) -> list[Rule]:
    """Rules of a YAML file. Raises ``RuleError`` that names file, rule and field."""
    try:
        listed = yaml.load(path.read_text(encoding="utf-8"), _Loader)
    except yaml.YAMLError as error:
        raise RuleError([f"{path.name}: {error}"]) from None
    if not isinstance(listed, list):
        raise RuleError([f"{path.name}: 应为规则列表"])
    return [decode(one, f"{path.name}[{number}]") for number, one in enumerate(listed)]


@lru_cache(maxsize=1)
def shipped() -> tuple[Rule, ...]:
    """The rules we ship, in the order of their files."""
    rules = [rule for path in sorted(FOLDER.glob("*.yaml")) for rule in read(path)]
    twice = sorted({rule.id for rule in rules if [r.id for r in rules].count(rule.id) > 1})
    if twice:
        raise RuleError([f"{name}: 编号重复" for name in twice])
    return tuple(rules)
