"""Authored rules: conditions compiled to closures, faults found at save, their own cases run.

A condition reads the patient through ``Facts``: a case in production, a table of values in a
rule's own tests. What it read becomes the evidence of the finding.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any as Anything
from typing import Final, Protocol

from clinical.finding import Severity
from clinical.logic import (
    UNKNOWN,
    Known,
    Truth,
    all_of,
    any_of,
    at_least,
    at_most,
    equal,
    less,
    more,
    truth,
)
from clinical.units import QuantityError, canonical_unit
from knowledge.model import ConceptKind, Rule, RuleCase
from knowledge.snapshot import Snapshot
from rules.language import (
    FUNCTIONS,
    GROUPS,
    Access,
    All,
    Among,
    Any,
    Between,
    Compare,
    ConditionError,
    Group,
    Literal,
    Node,
    Not,
    Problem,
    Term,
    Type,
    accesses,
    parse,
    type_of,
)

Value = Known[float | str | bool]
KINDS: Final[dict[Group, tuple[ConceptKind, ...]]] = {
    Group.DRUG: (ConceptKind.INGREDIENT, ConceptKind.DRUG_CLASS, ConceptKind.PRODUCT),
    Group.DISEASE: (ConceptKind.DISEASE,),
    Group.LAB: (ConceptKind.LAB,),
    Group.ALLERGY: (ConceptKind.ALLERGEN, ConceptKind.INGREDIENT, ConceptKind.DRUG_CLASS),
    Group.TEST: (ConceptKind.LAB, ConceptKind.EXAM),
}
_OUTCOMES: Final = {"fired": Truth.TRUE, "passed": Truth.FALSE, "unknown": Truth.UNKNOWN}
WORDS: Final = {value: word for word, value in _OUTCOMES.items()}
"""What a case expects of a truth."""
OUTCOMES: Final = {"fired": "触发", "passed": "不触发", "unknown": "资料不足"}
"""What curators call it."""


@dataclass(frozen=True, slots=True)
class Flaw:
    """What is wrong with a record: the field, and in Chinese what would be right."""

    field: str
    problem: str

    def __str__(self) -> str:
        return f"{self.field}: {self.problem}"


class Facts(Protocol):
    """Where a condition reads from. A value nobody told is ``UNKNOWN``."""

    def value(self, access: Access) -> Value: ...


class Table:
    """Facts of a rule's own test by canonical text: ``{'age_years': 70, 'takes("华法林")': true}``."""

    def __init__(self, values: Mapping[str, Anything]) -> None:
        self._values = values

    def value(self, access: Access) -> Value:
        found = self._values.get(access.key(), UNKNOWN)
        return UNKNOWN if found is None else found


Condition = Callable[[Facts], Truth]


def compile_condition(node: Node) -> Condition:
    """A tree as one closure from facts to truth."""
    if isinstance(node, All | Any):
        # Derived states cost most: asked last, they are often not asked at all. Order changes no truth.
        parts = tuple(compile_condition(part) for part in sorted(node.parts, key=_asks_for_state))
        join = all_of if isinstance(node, All) else any_of
        return lambda facts: join(part(facts) for part in parts)
    if isinstance(node, Not):
        inner = compile_condition(node.part)
        return lambda facts: ~inner(facts)
    if isinstance(node, Compare):
        return _comparison(node)
    if isinstance(node, Between):
        value, low, high = _reader(node.value), _reader(node.low), _reader(node.high)
        return lambda f: at_least(value(f), low(f)) & at_most(value(f), high(f))
    if isinstance(node, Among):
        read, options = _reader(node.value), tuple(option.value for option in node.options)
        return lambda f: _is_among(read(f), options)
    single = _reader(node)
    return lambda f: _as_truth(single(f))


def must_order(node: Node) -> frozenset[str] | None:
    """Names of drugs of which one must be under review for the condition to be anything but false; None
    when it may hold without."""
    if isinstance(node, Access) and node.name == "orders":
        return frozenset({str(node.arguments[0].value)})
    if isinstance(node, All):
        return min((found for part in node.parts if (found := must_order(part)) is not None), key=len, default=None)
    if isinstance(node, Any):
        each = [must_order(part) for part in node.parts]
        known = [names for names in each if names is not None]
        return frozenset().union(*known) if len(known) == len(each) else None
    return None


def _asks_for_state(node: Node) -> bool:
    return any(access.name == "state" for access in accesses(node))


def flaws(rule: Rule, snapshot: Snapshot) -> list[Flaw]:
    """Everything wrong with a rule: condition, names that name nothing, severity, cases that fail.

    For the workflow before a save, and for the gate before a release.
    """
    found = list(_form_flaws(rule))
    try:
        node = parse(rule.condition)
    except ConditionError as error:
        return [*found, *map(_of_condition, error.problems)]
    found += map(_of_condition, name_problems(node, snapshot))
    return found + list(_case_flaws(rule, node))


def _of_condition(problem: Problem) -> Flaw:
    return Flaw("condition", f"第 {problem.at + 1} 个字符：{problem.message}")


def name_problems(node: Node, snapshot: Snapshot) -> Iterator[Problem]:
    """Names in a condition that do not name one concept of the release, and units nobody knows."""
    for access in accesses(node):
        function = FUNCTIONS.get(access.name)
        for argument, group in zip(access.arguments, function.arguments if function else (), strict=False):
            trouble = _name_trouble(str(argument.value), group, snapshot)
            if trouble:
                yield Problem(argument.at, trouble)


def resolve(text: str, group: Group, snapshot: Snapshot) -> str:
    """Concept id of a name in a condition; empty when it names nothing or several things."""
    return snapshot.remember((group, text), lambda: _find(text, group, snapshot))


def _find(text: str, group: Group, snapshot: Snapshot) -> str:
    if snapshot.concept(text):
        return text
    found = snapshot.by_name(text, *KINDS[group])
    preferred = [c for c in found if c.name == text]
    for kind in KINDS[group]:  # an allergen before the class it is named after
        named = [c for c in preferred or found if c.kind is kind]
        if len(named) == 1:
            return named[0].id
        if named:
            return ""
    return ""


def run_case(node: Node, case: RuleCase) -> Truth:
    """Truth of a condition over the facts of a rule's own case."""
    return compile_condition(node)(Table(case.facts))


def _form_flaws(rule: Rule) -> Iterator[Flaw]:
    if rule.severity not in set(Severity):
        yield Flaw("severity", f"没有严重程度 {rule.severity}，可用：{', '.join(Severity)}")
    if not rule.message.strip():
        yield Flaw("message", "提示内容不能为空，用一句话说明问题")
    if not rule.citations:
        yield Flaw("citations", "须注明来源")
    outcomes = {case.expect for case in rule.cases}
    if not {"fired", "passed"} <= outcomes:
        yield Flaw("cases", "用例至少要有一个触发的和一个不触发的")


def _case_flaws(rule: Rule, node: Node) -> Iterator[Flaw]:
    known = {access.key() for access in accesses(node)}
    for number, case in enumerate(rule.cases):
        problem = _case_problem(case, node, known)
        if problem:
            yield Flaw(f"cases[{number}]", f"用例“{case.name}”：{problem}")


def _case_problem(case: RuleCase, node: Node, known: set[str]) -> str:
    strange = sorted(set(case.facts) - known)
    if strange:
        return f"条件没有用到 {', '.join(strange)}"
    if case.expect not in _OUTCOMES:
        return f"预期结果应为 {', '.join(_OUTCOMES)} 之一"
    got = run_case(node, case)
    return "" if got is _OUTCOMES[case.expect] else f"预期{OUTCOMES[case.expect]}，实际{OUTCOMES[WORDS[got]]}"


def _name_trouble(text: str, group: Group, snapshot: Snapshot) -> str:
    if group is Group.UNIT:
        try:
            canonical_unit(text)
        except QuantityError as error:
            return str(error)
    elif group in KINDS and not resolve(text, group, snapshot):
        return f"发布版中没有名为“{text}”的{GROUPS[group]}，或不止一个"
    return ""


def _comparison(node: Compare) -> Condition:
    left, right = _reader(node.left), _reader(node.right)
    if type_of(node.left) is not Type.NUMBER:
        same = node.operator == "="
        return lambda f: _same(left(f), right(f)) if same else ~_same(left(f), right(f))
    compare = _ORDER[node.operator]
    return lambda f: compare(left(f), right(f))


_ORDER: Final[dict[str, Callable[[Anything, Anything], Truth]]] = {
    "<": less,
    "<=": at_most,
    ">": more,
    ">=": at_least,
    "=": equal,
    "!=": lambda a, b: ~equal(a, b),
}


def _reader(term: Term) -> Callable[[Facts], Value]:
    if isinstance(term, Literal):
        value = term.value
        return lambda facts: value
    return lambda facts: facts.value(term)


def _same(a: Value, b: Value) -> Truth:
    return Truth.UNKNOWN if a is UNKNOWN or b is UNKNOWN else truth(a == b)


def _is_among(value: Value, options: tuple[float | str | bool, ...]) -> Truth:
    return Truth.UNKNOWN if value is UNKNOWN else truth(value in options)


def _as_truth(value: Value) -> Truth:
    return Truth.UNKNOWN if value is UNKNOWN else truth(bool(value))
