"""Where curators build and try rules: a condition as text and as a tree, sample patients, a rule's own cases."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any, Final

import msgspec

from api.serving import Serving
from base.refusal import RefusedError
from clinical.coded import china_day
from clinical.logic import Unknown
from exchange.plain import decode, read
from knowledge.model import RuleCase
from knowledge.snapshot import Snapshot
from rules.authored import KINDS, OUTCOMES, WORDS, compile_condition, name_problems, run_case
from rules.facts import CaseFacts
from rules.language import (
    FIELDS,
    FUNCTIONS,
    GROUPS,
    STATES,
    TYPES,
    Access,
    All,
    Among,
    Between,
    Compare,
    ConditionError,
    Literal,
    Node,
    Not,
    Term,
    accesses,
    parse,
    render,
    type_of,
)
from rules.language import Any as Either
from rules.model import Case

_DEEPEST: Final = 40
_FILE: Final = Path(__file__).parent / "sample_patients.yaml"
_TURNED: Final = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "=": "=", "!=": "!="}
"""Each comparison, and what it becomes when its sides change places."""


@dataclass(frozen=True, slots=True)
class Sample:
    """A synthetic patient with orders, as a request of the plain review."""

    name: str
    request: dict[str, Any]


class RuleLab:
    """Tries conditions on the release being served. ``derive`` works out clinical states."""

    def __init__(self, serving: Serving, derive: Callable[[Case], dict[str, bool]]) -> None:
        self._serving, self._derive = serving, derive

    def condition(self, text: str, tree: Any = None) -> dict[str, Any]:
        """A condition as text and tree, what it reads, and everything wrong with it. Raises ``RefusedError`` for a
        tree that is none."""
        written = text if tree is None else render(node_of(tree))
        try:
            node = parse(written)
        except ConditionError as error:
            return {"text": written, "problems": [_problem(p.at, p.message) for p in error.problems]}
        problems = [_problem(p.at, p.message) for p in name_problems(node, self._snapshot)]
        return {"text": render(node), "tree": tree_of(node), "reads": reads_of(node), "problems": problems}

    def trial(self, text: str, cases: Sequence[RuleCase], now: datetime) -> dict[str, Any]:
        """What a condition says of every sample patient and of its own cases. Raises ``ConditionError``."""
        node = parse(text)
        return {
            "patients": [self._tried(node, sample, now) for sample in samples()],
            "cases": [_case(node, case) for case in cases],
        }

    @property
    def _snapshot(self) -> Snapshot:
        return self._serving.now.snapshot

    def _tried(self, node: Node, sample: Sample, now: datetime) -> dict[str, Any]:
        served = self._serving.now
        incoming = read(decode(msgspec.json.encode(_dated(sample.request, now))), now)
        patient, orders, _ = served.terminology.resolve(incoming.context, incoming.orders)
        case = Case(patient, orders, served.snapshot, china_day(now), incoming.focus, False, self._derive)
        facts = CaseFacts(case)
        outcome = WORDS[compile_condition(node)(facts)]
        told = {access.key(): _shown(facts.value(access)) for access in accesses(node)}
        reads = [{"key": key, "label": _called(one), "value": told[key]} for key, one in _by_key(node).items()]
        return {"name": sample.name, "outcome": outcome, "reads": reads, "missing": list(facts.missing.values())}


def _case(node: Node, case: RuleCase) -> dict[str, Any]:
    got = WORDS[run_case(node, case)]
    return {"name": case.name, "expect": case.expect, "got": got, "passed": got == case.expect}


def _problem(at: int, message: str) -> dict[str, Any]:
    return {"at": at, "message": message}


# -- sample patients ---------------------------------------------------------------------------


@cache
def samples() -> tuple[Sample, ...]:
    """Every sample patient."""
    import yaml

    return tuple(Sample(one["name"], one["request"]) for one in yaml.safe_load(_FILE.read_text("utf-8")))


def _dated(value: Any, now: datetime) -> Any:
    """A request with times in place of ``daysAgo`` and ``ageYears``."""
    if isinstance(value, list):
        return [_dated(one, now) for one in value]
    if not isinstance(value, Mapping):
        return value
    made = {k: _dated(v, now) for k, v in value.items() if k not in ("daysAgo", "ageYears")}
    if "daysAgo" in value:
        made["time"] = now - timedelta(days=value["daysAgo"])
    if "ageYears" in value:
        made["birthDate"] = date(china_day(now).year - value["ageYears"], 1, 1)
    return made


# -- a condition as JSON -----------------------------------------------------------------------


def tree_of(node: Node) -> dict[str, Any]:
    """A tree as JSON: each node says its ``kind``."""
    if isinstance(node, All | Either):
        return {"kind": "all" if isinstance(node, All) else "any", "parts": [tree_of(part) for part in node.parts]}
    if isinstance(node, Not):
        return {"kind": "not", "part": tree_of(node.part)}
    if isinstance(node, Compare):
        left, operator, right = _read_first(node)
        return {"kind": "compare", "operator": operator, "left": tree_of(left), "right": tree_of(right)}
    if isinstance(node, Between):
        return {"kind": "between"} | {name: tree_of(getattr(node, name)) for name in ("value", "low", "high")}
    if isinstance(node, Among):
        return {"kind": "among", "value": tree_of(node.value), "options": [one.value for one in node.options]}
    if isinstance(node, Literal):
        return {"kind": "literal", "value": node.value}
    return {"kind": "read", "name": node.name, "arguments": [one.value for one in node.arguments]}


def _read_first(node: Compare) -> tuple[Term, str, Term]:
    """A comparison as it is clicked together: what is read stands before what it is compared with."""
    if isinstance(node.left, Literal) and isinstance(node.right, Access):
        return node.right, _TURNED[node.operator], node.left
    return node.left, node.operator, node.right


def node_of(tree: Any, depth: int = 0) -> Node:
    """The tree that JSON describes. Raises ``RefusedError``."""
    if not isinstance(tree, Mapping) or depth > _DEEPEST:
        raise RefusedError("tree", "条件的结构不能识别")
    make = _MAKE.get(str(tree.get("kind")))
    if make is None:
        raise RefusedError("tree", f"没有这种条件：{str(tree.get('kind'))[:20]}")
    try:
        return make(tree, depth + 1)
    except (KeyError, TypeError) as error:
        raise RefusedError("tree", f"条件缺少内容：{str(error)[:40]}") from None


def _joined(tree: Mapping[str, Any], depth: int) -> Node:
    parts = tuple(node_of(part, depth) for part in tree["parts"])
    if not parts:
        raise RefusedError("tree", "分组中至少要有一个条件")
    if len(parts) == 1:
        return parts[0]
    return All(parts) if tree["kind"] == "all" else Either(parts)


def _term(tree: Any, depth: int) -> Term:
    found = node_of(tree, depth)
    if not isinstance(found, Literal | Access):
        raise RefusedError("tree", "比较的两边应为字段或数值")
    return found


def _literal(value: Any) -> Literal:
    if isinstance(value, bool | str):
        return Literal(value)
    if isinstance(value, int | float):
        return Literal(float(value))
    raise RefusedError("tree", "值应为数字、文字或是非")


def _compare(tree: Mapping[str, Any], depth: int) -> Node:
    if tree["operator"] not in _TURNED:
        raise RefusedError("tree", f"比较符号应为 {' '.join(_TURNED)}")
    return Compare(tree["operator"], _term(tree["left"], depth), _term(tree["right"], depth))


_MAKE: Final[dict[str, Callable[[Mapping[str, Any], int], Node]]] = {
    "all": _joined,
    "any": _joined,
    "not": lambda t, d: Not(node_of(t["part"], d)),
    "compare": _compare,
    "between": lambda t, d: Between(_term(t["value"], d), _term(t["low"], d), _term(t["high"], d)),
    "among": lambda t, d: Among(_term(t["value"], d), tuple(_literal(one) for one in t["options"])),
    "literal": lambda t, d: _literal(t["value"]),
    "read": lambda t, d: Access(str(t["name"]), tuple(_literal(one) for one in t.get("arguments", ()))),
}


# -- words -------------------------------------------------------------------------------------


def reads_of(node: Node) -> list[dict[str, str]]:
    """Everything a condition reads: how its cases name it, what people call it, what it is."""
    return [
        {"key": key, "label": _called(one), "type": type_of(one).value, "field": one.name}
        for key, one in _by_key(node).items()
    ]


def _called(access: Access) -> str:
    """新开药品（华法林）, 推导状态（高钾血症风险）."""
    function = FUNCTIONS.get(access.name)
    if function is None:
        return FIELDS[access.name].label
    about = str(access.arguments[0].value)
    return f"{function.title}（{STATES.get(about, about)}）"


def _by_key(node: Node) -> dict[str, Access]:
    return {access.key(): access for access in accesses(node)}


def _shown(value: Any) -> Any:
    return None if isinstance(value, Unknown) else value


def vocabulary() -> dict[str, Any]:
    """Everything a condition may be made of."""
    return {
        "fields": [{"name": n, "type": f.type.value, "label": f.label} for n, f in FIELDS.items()],
        "functions": [
            {
                "name": name,
                "type": function.type.value,
                "label": function.title,
                "arguments": [group.value for group in function.arguments],
                "required": function.least,
            }
            for name, function in FUNCTIONS.items()
        ],
        "types": {one.value: title for one, title in TYPES.items()},
        "groups": {
            group.value: {"title": title, "kinds": [kind.value for kind in KINDS.get(group, ())]}
            for group, title in GROUPS.items()
        },
        "states": STATES,
        "outcomes": OUTCOMES,
        "patients": [sample.name for sample in samples()],
    }


__all__ = ["RuleLab", "samples", "vocabulary"]
