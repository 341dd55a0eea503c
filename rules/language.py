"""The closed condition language of authored rules: text to a typed tree and back.

Grammar (whitespace is free, keywords are lower case)::

    condition  = conjunction { "or" conjunction }
    conjunction = negation { "and" negation }
    negation   = [ "not" ] primary
    primary    = "(" condition ")" | comparison | term
    comparison = term ( "<" | "<=" | ">" | ">=" | "=" | "!=" ) term
               | term "between" term "and" term
               | term "in" "(" literal { "," literal } ")"
    term       = field | function "(" literal { "," literal } ")" | literal
    literal    = number | "text" | true | false

Fields and functions are those of ``FIELDS`` and ``FUNCTIONS`` and no others; there are no loops,
no recursion, no regular expressions and no arithmetic, so the cost of a condition is bounded by
its length. Every value may be unknown; comparisons with it are unknown (Kleene).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

LONGEST: Final = 4000
DEEPEST: Final = 24
MOST_NODES: Final = 200


class Type(StrEnum):
    """What a term gives."""

    NUMBER = "number"
    TEXT = "text"
    TRUTH = "truth"


class Group(StrEnum):
    """What a name inside a function must name in the release."""

    DRUG = "drug"
    DISEASE = "disease"
    LAB = "lab"
    ALLERGY = "allergy"
    TEST = "test"
    STATE = "state"
    UNIT = "unit"
    DAYS = "days"


TYPES: Final[dict[Type, str]] = {Type.NUMBER: "数值", Type.TEXT: "文字", Type.TRUTH: "是非"}
GROUPS: Final[dict[Group, str]] = {
    Group.DRUG: "药品",
    Group.DISEASE: "疾病",
    Group.LAB: "检验",
    Group.ALLERGY: "过敏原",
    Group.TEST: "检验或检查",
    Group.STATE: "状态",
    Group.UNIT: "单位",
    Group.DAYS: "天数",
}
"""What curators call them."""


@dataclass(frozen=True, slots=True)
class Field:
    """A field of the patient: type, what it means, and what clinicians call it."""

    type: Type
    help: str
    label: str


@dataclass(frozen=True, slots=True)
class Function:
    """A function: what each argument names, what it gives, what it means; ``least`` are required.
    ``label`` is what clinicians call the input when it is missing, ``title`` what curators choose it by."""

    type: Type
    arguments: tuple[Group, ...]
    least: int
    help: str
    label: str
    title: str


FIELDS: Final[dict[str, Field]] = {
    "age_years": Field(Type.NUMBER, "completed years", "年龄"),
    "age_days": Field(Type.NUMBER, "completed days", "日龄"),
    "sex": Field(Type.TEXT, "male or female", "性别"),
    "weight_kg": Field(Type.NUMBER, "latest usable body weight", "体重"),
    "height_cm": Field(Type.NUMBER, "latest usable body height", "身高"),
    "egfr": Field(Type.NUMBER, "eGFR, reported or computed, ml/min/1.73m²", "eGFR"),
    "crcl": Field(Type.NUMBER, "creatinine clearance, reported or computed, ml/min", "肌酐清除率"),
    "pregnant": Field(Type.TRUTH, "whether the patient is pregnant", "妊娠状态"),
    "gestational_weeks": Field(Type.NUMBER, "completed weeks of gestation", "孕周"),
    "lactating": Field(Type.TRUTH, "whether the patient breast-feeds", "哺乳状态"),
    "on_dialysis": Field(Type.TRUTH, "whether the patient is dialysed", "是否透析"),
    "department": Field(Type.TEXT, "department of the encounter, as sent", "科室"),
}
FUNCTIONS: Final[dict[str, Function]] = {
    "has": Function(
        Type.TRUTH, (Group.DISEASE,), 1, "an active diagnosis, or one that is a kind of it", "诊断", "诊断"
    ),
    "takes": Function(
        Type.TRUTH, (Group.DRUG,), 1, "a drug or class, under review or active", "在用药品", "在用药品"
    ),
    "orders": Function(Type.TRUTH, (Group.DRUG,), 1, "a drug or class under review", "新开药品", "新开药品"),
    "orders_test": Function(
        Type.TRUTH, (Group.TEST,), 1, "a test or examination under review", "新开项目", "新开检验检查"
    ),
    "count": Function(
        Type.NUMBER, (Group.DRUG,), 1, "different ingredients of a class in use", "在用药品", "在用药品种数"
    ),
    "allergic": Function(Type.TRUTH, (Group.ALLERGY,), 1, "a recorded allergy to it", "过敏史", "过敏史"),
    "lab": Function(
        Type.NUMBER,
        (Group.LAB, Group.UNIT, Group.DAYS),
        2,
        "latest value in a unit, no older than so many days",
        "近期检验",
        "检验数值",
    ),
    "lab_text": Function(
        Type.TEXT, (Group.LAB, Group.DAYS), 1, "latest worded result (阳性)", "近期检验", "检验文字结果"
    ),
    "daily_dose": Function(
        Type.NUMBER,
        (Group.DRUG, Group.UNIT),
        2,
        "greatest daily dose of an ingredient in use, in a unit",
        "日剂量",
        "日剂量",
    ),
    "state": Function(
        Type.TRUTH, (Group.STATE,), 1, "a derived clinical state (see docs/rules)", "判断所需数据", "推导状态"
    ),
}
STATES: Final[dict[str, str]] = {
    "aki": "急性肾损伤 (KDIGO 肌酐标准)",
    "ckd-3": "慢性肾脏病3期及以上 (eGFR < 60)",
    "ckd-4": "慢性肾脏病4期及以上 (eGFR < 30)",
    "hyperkalaemia": "高钾血症 (血钾 ≥ 5.5 mmol/L)",
    "hyperkalaemia-risk": "高钾血症风险",
    "hypokalaemia": "低钾血症 (血钾 < 3.5 mmol/L)",
    "triple-whammy": "肾损伤三联 (NSAID + RAS抑制剂 + 利尿药)",
    "bleeding-risk": "出血风险叠加",
    "qt-risk": "QT延长风险叠加",
    "thrombocytopenia": "血小板减少 (< 100×10⁹/L)",
}
"""Derived states a rule may ask for; ``rules.states`` derives them."""


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with a condition, where (character from 0), and what to write instead."""

    at: int
    message: str


class ConditionError(ValueError):
    """A condition that does not parse or asks for what does not exist; ``problems`` lists all faults."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("; ".join(f"at {p.at}: {p.message}" for p in problems))
        self.problems = problems


@dataclass(frozen=True, slots=True)
class Literal:
    value: float | str | bool
    at: int = 0


@dataclass(frozen=True, slots=True)
class Access:
    """A field (no arguments) or a function call."""

    name: str
    arguments: tuple[Literal, ...] = ()
    at: int = 0

    def key(self) -> str:
        """Canonical text: how test cases name the value."""
        return self.name + (f"({', '.join(_quoted(a.value) for a in self.arguments)})" if self.arguments else "")

    def label(self) -> str:
        """What a clinician is told when the value is missing: 体重, 近期检验 血钾, 判断“QT…”所需数据."""
        if self.name in FIELDS:
            return FIELDS[self.name].label
        label, about = FUNCTIONS[self.name].label, str(self.arguments[0].value)
        if self.name == "state":
            return f"判断“{STATES.get(about, about)}”所需的数据"
        return f"{label}（{about}）"


@dataclass(frozen=True, slots=True)
class Compare:
    operator: str
    left: Term
    right: Term
    at: int = 0


@dataclass(frozen=True, slots=True)
class Between:
    value: Term
    low: Term
    high: Term
    at: int = 0


@dataclass(frozen=True, slots=True)
class Among:
    value: Term
    options: tuple[Literal, ...]
    at: int = 0


@dataclass(frozen=True, slots=True)
class Not:
    part: Node


@dataclass(frozen=True, slots=True)
class All:
    parts: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Any:
    parts: tuple[Node, ...]


Term = Literal | Access
Node = All | Any | Not | Compare | Between | Among | Literal | Access

_TOKEN: Final = re.compile(
    r"""\s*(?:(?P<number>-?\d{1,12}(?:\.\d{1,6})?)|"(?P<text>[^"\n]{0,200})"|(?P<word>[a-z_]{1,40})"""
    r"""|(?P<sign><=|>=|!=|[<>=(),]))"""
)
_COMPARING: Final = ("<", "<=", ">", ">=", "=", "!=")


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    value: str
    at: int


def parse(text: str) -> Node:
    """The tree of a condition. Raises ``ConditionError`` listing every fault that can be told at once."""
    if len(text) > LONGEST:
        raise ConditionError([Problem(0, f"超过 {LONGEST} 个字符，请拆成几条规则")])
    node = _Parser(list(_tokens(text)), len(text)).whole()
    problems = list(_type_problems(node, Type.TRUTH))
    if problems:
        raise ConditionError(problems)
    return node


def render(node: Node) -> str:
    """The one text form of a tree; parsing it gives the same tree (but for positions)."""
    if isinstance(node, Literal):
        return _quoted(node.value)
    if isinstance(node, Access):
        return node.key()
    if isinstance(node, Compare):
        return f"{render(node.left)} {node.operator} {render(node.right)}"
    if isinstance(node, Between):
        return f"{render(node.value)} between {render(node.low)} and {render(node.high)}"
    if isinstance(node, Among):
        return f"{render(node.value)} in ({', '.join(_quoted(o.value) for o in node.options)})"
    if isinstance(node, Not):
        return f"not {_bracketed(node.part)}"
    word = " and " if isinstance(node, All) else " or "
    return word.join(_bracketed(part) for part in node.parts)


def accesses(node: Node) -> Iterator[Access]:
    """Every field and function a tree reads, from left to right."""
    if isinstance(node, Access):
        yield node
    elif isinstance(node, Compare):
        yield from (t for t in (node.left, node.right) if isinstance(t, Access))
    elif isinstance(node, Between):
        yield from (t for t in (node.value, node.low, node.high) if isinstance(t, Access))
    elif isinstance(node, Among):
        yield from (t for t in (node.value,) if isinstance(t, Access))
    elif isinstance(node, Not):
        yield from accesses(node.part)
    elif isinstance(node, All | Any):
        for part in node.parts:
            yield from accesses(part)


def type_of(term: Term) -> Type:
    """What a term gives. Raises ``KeyError`` for a name that is neither field nor function."""
    if isinstance(term, Literal):
        return _literal_type(term)
    return FIELDS[term.name].type if term.name in FIELDS else FUNCTIONS[term.name].type


def _literal_type(literal: Literal) -> Type:
    if isinstance(literal.value, bool):
        return Type.TRUTH
    return Type.TEXT if isinstance(literal.value, str) else Type.NUMBER


def _tokens(text: str) -> Iterator[_Token]:
    position = 0
    while text[position:].strip():
        match = _TOKEN.match(text, position)
        if not match:
            at = position + len(text[position:]) - len(text[position:].lstrip())
            raise ConditionError([Problem(at, f'{text[at : at + 10]} 不是字段、数字、带引号的 "文字" 或符号')])
        kind = str(match.lastgroup)
        yield _Token(kind, match[kind], match.start(kind))
        position = match.end()


class _Parser:
    """Recursive descent, bounded in depth and nodes."""

    def __init__(self, tokens: list[_Token], end: int) -> None:
        self._tokens, self._end, self._next, self._depth, self._nodes = tokens, end, 0, 0, 0

    def whole(self) -> Node:
        node = self._or()
        if self._next < len(self._tokens):
            token = self._tokens[self._next]
            raise self._fault(token.at, f"此处不应有 {token.value}，条件之间用 and 或 or 连接")
        return node

    def _or(self) -> Node:
        return self._chain(self._and, "or", Any)

    def _and(self) -> Node:
        return self._chain(self._not, "and", All)

    def _chain(self, part: Callable[[], Node], word: str, join: Callable[[tuple[Node, ...]], Node]) -> Node:
        parts = [part()]
        while self._take("word", word):
            parts.append(part())
        return parts[0] if len(parts) == 1 else join(tuple(parts))

    def _not(self) -> Node:
        self._enter()
        negated = self._take("word", "not")
        node = self._not() if negated else self._primary()
        self._depth -= 1
        return Not(node) if negated else node

    def _primary(self) -> Node:
        if self._take("sign", "("):
            node = self._or()
            self._expect(")")
            return node
        left = self._term()
        token = self._peek()
        if token and token.kind == "sign" and token.value in _COMPARING:
            self._next += 1
            return Compare(token.value, left, self._term(), token.at)
        if token and self._take("word", "between"):
            low = self._term()
            if not self._take("word", "and"):
                raise self._fault(self._here(), "between 须有两个界限，如 between 1 and 2")
            return Between(left, low, self._term(), token.at)
        if token and self._take("word", "in"):
            return Among(left, self._literals(), token.at)
        return left

    def _term(self) -> Term:
        self._count()
        token = self._peek()
        if token is None:
            raise self._fault(self._end, "条件不完整")
        self._next += 1
        if token.kind == "word" and token.value not in ("true", "false"):
            if token.value in ("and", "or", "not", "in", "between"):
                raise self._fault(token.at, f"{token.value} 之前缺少条件")
            follows = self._peek()
            called = follows is not None and follows.kind == "sign" and follows.value == "("
            return Access(token.value, self._literals() if called else (), token.at)
        if token.kind == "sign":
            raise self._fault(token.at, f"此处不应有 {token.value}")
        return _literal(token)

    def _literals(self) -> tuple[Literal, ...]:
        self._expect("(")
        found = [self._one_literal()]
        while self._take("sign", ","):
            found.append(self._one_literal())
        self._expect(")")
        return tuple(found)

    def _one_literal(self) -> Literal:
        self._count()
        token = self._peek()
        if token is None or token.kind == "sign" or (token.kind == "word" and token.value not in ("true", "false")):
            raise self._fault(self._here(), '此处应为数字或带引号的 "文字"')
        self._next += 1
        return _literal(token)

    def _peek(self) -> _Token | None:
        return self._tokens[self._next] if self._next < len(self._tokens) else None

    def _take(self, kind: str, value: str) -> bool:
        token = self._peek()
        if token is None or token.kind != kind or token.value != value:
            return False
        self._next += 1
        return True

    def _expect(self, sign: str) -> None:
        if not self._take("sign", sign):
            raise self._fault(self._here(), f"此处缺少 {sign}")

    def _here(self) -> int:
        token = self._peek()
        return self._end if token is None else token.at

    def _enter(self) -> None:
        self._depth += 1
        if self._depth > DEEPEST:
            raise self._fault(self._here(), f"嵌套超过 {DEEPEST} 层，请拆分规则")

    def _count(self) -> None:
        self._nodes += 1
        if self._nodes > MOST_NODES:
            raise self._fault(self._here(), f"超过 {MOST_NODES} 项，请拆分规则")

    @staticmethod
    def _fault(at: int, message: str) -> ConditionError:
        return ConditionError([Problem(at, message)])


def _literal(token: _Token) -> Literal:
    if token.kind == "number":
        return Literal(float(token.value), token.at)
    return Literal(token.value == "true" if token.kind == "word" else token.value, token.at)


def _type_problems(node: Node, wanted: Type) -> Iterator[Problem]:
    """Every name that does not exist and every term of the wrong type, in the whole tree."""
    if isinstance(node, All | Any):
        for part in node.parts:
            yield from _type_problems(part, Type.TRUTH)
    elif isinstance(node, Not):
        yield from _type_problems(node.part, Type.TRUTH)
    elif isinstance(node, Compare):
        yield from _same_types((node.left, node.right), node.at, node.operator not in ("=", "!="))
    elif isinstance(node, Between):
        yield from _same_types((node.value, node.low, node.high), node.at, True)
    elif isinstance(node, Among):
        yield from _same_types((node.value, *node.options), node.at, False)
    else:
        yield from _term_problems(node)
        if not list(_term_problems(node)) and type_of(node) is not wanted:
            yield Problem(node.at, f"{render(node)} 是{TYPES[type_of(node)]}，须与一个值比较")


def _same_types(terms: tuple[Term, ...], at: int, ordered: bool) -> Iterator[Problem]:
    problems = [problem for term in terms for problem in _term_problems(term)]
    yield from problems
    if problems:
        return
    types = {type_of(term) for term in terms}
    if len(types) > 1:
        yield Problem(at, f"{'与'.join(TYPES[one] for one in sorted(types))}不能比较，两边类型须相同")
    elif ordered and types != {Type.NUMBER}:
        yield Problem(at, "只有数值可以比较大小，请用 = 或 !=")


def _term_problems(term: Term) -> Iterator[Problem]:
    if isinstance(term, Literal) or (term.name in FIELDS and not term.arguments):
        return
    function = FUNCTIONS.get(term.name)
    if function is None:
        known = ", ".join((*FIELDS, *(f"{name}()" for name in FUNCTIONS)))
        yield Problem(term.at, f"没有 {term.name}；可用：{known}")
        return
    if not function.least <= len(term.arguments) <= len(function.arguments):
        yield Problem(term.at, f"{term.name} 的参数应为：{'、'.join(GROUPS[one] for one in function.arguments)}")
        return
    for argument, group in zip(term.arguments, function.arguments, strict=False):
        wanted = Type.NUMBER if group is Group.DAYS else Type.TEXT
        if _literal_type(argument) is not wanted:
            yield Problem(argument.at, f"{GROUPS[group]}应为{TYPES[wanted]}")
        elif group is Group.STATE and argument.value not in STATES:
            yield Problem(argument.at, f"没有状态 {argument.value}；可用：{', '.join(STATES)}")


def _quoted(value: float | str | bool) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return f'"{value}"' if isinstance(value, str) else f"{value:.6f}".rstrip("0").rstrip(".")


def _bracketed(node: Node) -> str:
    return f"({render(node)})" if isinstance(node, All | Any) else render(node)
