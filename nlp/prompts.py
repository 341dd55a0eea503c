"""Prompts as data: what a prompt is for, what goes into it, its text as templates, and the cases it must pass.

Templates are a small part of Jinja: variables, ``if``, ``for`` over a list, a handful of filters. Nothing calls,
computes or reaches into objects, so that writing one gives nobody a way into the service and rendering ends.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final, Literal

import msgspec
import orjson

from base.security import sm3

if TYPE_CHECKING:
    from jinja2 import Template, nodes

PURPOSES: Final = (
    *("智能诊断", "循证治疗推荐", "风险预测与预警", "康复治疗", "MDT会诊记录"),
    *("智能病情分析", "智能评估", "中医治疗方案推荐", "智能问答"),
)
"""What prompts are for in the service itself; an installation names further purposes as it likes."""
ASKING: Final = "智能问答"
_NAME: Final = re.compile(r"[a-z][a-z0-9_]{0,39}")
LONGEST_TEMPLATE: Final = 20_000
LONGEST_TEXT: Final = 60_000
_MOST_ITEMS: Final = 200
_MOST_VARIABLES: Final = 40
_DEEPEST: Final = 2
_NESTED: Final = 40
_NODES: Final = frozenset(
    "Template Output TemplateData Name Const If For Filter Test Compare Operand "
    "And Or Not CondExpr Getattr Concat".split()
)
_FILTERS: Final = frozenset("join default trim upper lower length first last round".split())
_TESTS: Final = frozenset("defined undefined none".split())
_LOOP: Final = frozenset("index index0 first last length".split())

Kind = Literal["text", "number", "integer", "boolean", "date", "choice", "list"]
_EMPTY: Final[dict[str, Any]] = {"text": "", "choice": "", "date": "", "boolean": False, "list": ()}
"""What an optional variable is when it is not given; of numbers nothing stands for none."""


class PromptError(Exception):
    """Something about a prompt is not possible: the field and, in Chinese, what is wrong and what would be right."""

    def __init__(self, field: str, problem: str) -> None:
        super().__init__(f"{field}: {problem}")
        self.field, self.problem = field, problem


class _Data(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, kw_only=True):
    pass


class Variable(_Data, frozen=True):
    """What goes into a prompt: ``title`` says what it is in Chinese, ``choices`` what a choice may be, ``longest``
    how many characters a text or an item of a list may have."""

    name: str
    type: Kind = "text"
    title: str = ""
    required: bool = True
    choices: tuple[str, ...] = ()
    longest: int = 8_000


class Expectation(_Data, frozen=True):
    """What must hold of the rendered prompt (``on`` = prompt) or of what the model answers (output): it contains a
    text, contains none of some, has at most or at least so many characters, is a JSON object with some keys, or ends
    every sentence with a citation."""

    on: Literal["prompt", "output"] = "prompt"
    contains: str | None = None
    absent: tuple[str, ...] = ()
    most: int | None = None
    least: int | None = None
    json: tuple[str, ...] | None = None
    cites: bool = False


class Case(_Data, frozen=True):
    """A test: values of the variables, and what must hold."""

    name: str
    variables: dict[str, Any] = {}
    expect: tuple[Expectation, ...] = ()


class Content(_Data, frozen=True):
    """All that a version of a prompt says: instructions (``system``) and message (``template``), both templates."""

    template: str
    system: str = ""
    variables: tuple[Variable, ...] = ()
    cases: tuple[Case, ...] = ()

    @property
    def digest(self) -> str:
        """SM3 of the content: equal contents have the same."""
        return sm3(self.as_json().encode())

    def as_json(self) -> str:
        return orjson.dumps(msgspec.to_builtins(self), option=orjson.OPT_SORT_KEYS).decode()

    @classmethod
    def of(cls, value: Any, field: str = "content") -> Content:
        """Content from JSON or YAML. Raises ``PromptError`` that names the field."""
        try:
            return msgspec.convert(value, cls)
        except msgspec.ValidationError as error:
            message, _, path = str(error).partition(" - at `$.")
            raise PromptError(f"{field}.{path.rstrip('`')}" if path else field, message) from None


class Rendered(msgspec.Struct, frozen=True):
    """A prompt with its variables filled in."""

    system: str
    message: str

    @property
    def whole(self) -> str:
        return f"{self.system}\n{self.message}" if self.system else self.message


# -- checking ----------------------------------------------------------------------------------


def check(content: Content) -> None:
    """Raises ``PromptError`` for content that must not be kept: a template that cannot be read or does more than it
    may, variables that nobody declared or nothing uses, cases that do not fit."""
    _check_variables(content.variables)
    declared = {one.name: one for one in content.variables}
    used = set()
    for field in ("system", "template"):
        text = getattr(content, field)
        if len(text) > LONGEST_TEMPLATE:
            raise PromptError(field, f"超过 {LONGEST_TEMPLATE} 个字符")
        used |= _Reading(field, declared).read(text)
    if not content.template.strip():
        raise PromptError("template", "提示词正文不能为空")
    unused = sorted(declared.keys() - used)
    if unused:
        raise PromptError("variables", f"变量 {'、'.join(unused)} 在模板中没有用到")
    _check_cases(content)


def _check_variables(variables: Sequence[Variable]) -> None:
    if len(variables) > _MOST_VARIABLES:
        raise PromptError("variables", f"变量不能超过 {_MOST_VARIABLES} 个")
    seen: set[str] = set()
    for number, one in enumerate(variables):
        field = f"variables[{number}]"
        if not _NAME.fullmatch(one.name) or one.name == "loop":
            raise PromptError(f"{field}.name", "变量名须以小写字母开头，由小写字母、数字和下划线组成，且不能是 loop")
        if one.name in seen:
            raise PromptError(f"{field}.name", f"变量 {one.name} 重复")
        if (one.type == "choice") != bool(one.choices):
            raise PromptError(f"{field}.choices", "choice 类型须列出可选值，其他类型不能列出")
        if not 0 < one.longest <= LONGEST_TEXT:
            raise PromptError(f"{field}.longest", f"须在 1 至 {LONGEST_TEXT} 之间")
        seen.add(one.name)


def _check_cases(content: Content) -> None:
    for number, case in enumerate(content.cases):
        field = f"cases[{number}]"
        if not case.expect:
            raise PromptError(f"{field}.expect", "测试用例须至少有一条断言")
        if not all(any(_asserts(one)) for one in case.expect):
            raise PromptError(f"{field}.expect", "断言须写明 contains、absent、most、least、json 或 cites")
        try:
            render(content, case.variables)
        except PromptError as error:
            raise PromptError(f"{field}.{error.field}", error.problem) from None


def _asserts(one: Expectation) -> Iterator[bool]:
    yield from (one.contains is not None, bool(one.absent), one.cites, one.json is not None)
    yield from (one.most is not None, one.least is not None)


class _Reading:
    """Reads a template: which variables it uses, and that it does nothing else."""

    def __init__(self, field: str, declared: Mapping[str, Variable]) -> None:
        self._field, self._declared = field, declared
        self._used: set[str] = set()
        self._nested = 0
        self._own = {
            "Name": self._name,
            "Filter": self._filter,
            "Test": self._test,
            "Getattr": self._getattr,
            "For": self._for,
        }

    def read(self, text: str) -> set[str]:
        """Names of the variables used. Raises ``PromptError``."""
        from jinja2 import TemplateSyntaxError

        try:
            self._walk(_environment().parse(text), frozenset(), 0)
        except TemplateSyntaxError as error:
            raise PromptError(self._field, f"第 {error.lineno} 行模板语法错误: {error.message}") from None
        except RecursionError:
            raise PromptError(self._field, "模板嵌套过深") from None
        return self._used

    def _walk(self, node: nodes.Node, local: frozenset[str], depth: int) -> None:
        name = type(node).__name__
        if name not in _NODES:
            known = "、".join(sorted(_FILTERS))
            raise self._refused(node, f"模板中不允许使用 {name}；可用变量、if、for 和过滤器 {known}")
        self._nested += 1
        if self._nested > _NESTED:
            raise self._refused(node, "模板嵌套过深")
        self._own.get(name, self._inside)(node, local, depth)
        self._nested -= 1

    def _inside(self, node: Any, local: frozenset[str], depth: int) -> None:
        for child in node.iter_child_nodes():
            self._walk(child, local, depth)

    def _name(self, node: Any, local: frozenset[str], depth: int) -> None:
        if node.name in local:
            return
        if node.name not in self._declared:
            raise self._refused(node, f"变量 {node.name} 未声明")
        self._used.add(node.name)

    def _filter(self, node: Any, local: frozenset[str], depth: int) -> None:
        if node.name not in _FILTERS or node.node is None:
            raise self._refused(node, f"过滤器 {node.name} 不可用；可用 {'、'.join(sorted(_FILTERS))}")
        self._inside(node, local, depth)

    def _test(self, node: Any, local: frozenset[str], depth: int) -> None:
        if node.name not in _TESTS:
            raise self._refused(node, f"判断 is {node.name} 不可用；可用 {'、'.join(sorted(_TESTS))}")
        self._inside(node, local, depth)

    def _getattr(self, node: Any, local: frozenset[str], depth: int) -> None:
        if getattr(node.node, "name", "") != "loop" or "loop" not in local or node.attr not in _LOOP:
            raise self._refused(node, f"只能使用 loop 的 {'、'.join(sorted(_LOOP))}")

    def _for(self, node: Any, local: frozenset[str], depth: int) -> None:
        source, target = getattr(node.iter, "name", ""), getattr(node.target, "name", "")
        known = self._declared.get(source)
        if known is None or known.type != "list" or source in local or not target:
            raise self._refused(node, "for 只能逐项读取一个 list 类型的变量")
        if depth >= _DEEPEST or node.recursive:
            raise self._refused(node, f"for 最多嵌套 {_DEEPEST} 层")
        self._used.add(source)
        inner = local | {target, "loop"}
        for child in (*node.body, *node.else_, *((node.test,) if node.test else ())):
            self._walk(child, inner, depth + 1)

    def _refused(self, node: nodes.Node, problem: str) -> PromptError:
        return PromptError(self._field, f"第 {node.lineno} 行: {problem}")


# -- filling in --------------------------------------------------------------------------------


def render(content: Content, given: Mapping[str, Any]) -> Rendered:
    """The prompt with values filled in. Raises ``PromptError`` that names the variable."""
    values = typed(content.variables, given)
    return Rendered(_filled(content.system, values, "system"), _filled(content.template, values, "template"))


def typed(variables: Sequence[Variable], given: Mapping[str, Any]) -> dict[str, Any]:
    """Values by name, each of its type. Raises ``PromptError``."""
    unknown = sorted(given.keys() - {one.name for one in variables})
    if unknown:
        raise PromptError("variables", f"没有名为 {'、'.join(unknown)} 的变量")
    return {one.name: _typed(one, given.get(one.name)) for one in variables}


def _typed(one: Variable, value: Any) -> Any:
    field = f"variables.{one.name}"
    if value is None or value in ("", [], ()):
        if one.required:
            raise PromptError(field, f"缺少变量 {one.name}" + (f"（{one.title}）" if one.title else ""))
        return _EMPTY.get(one.type)
    problem = _WRONG[one.type](one, value)
    if problem:
        raise PromptError(field, problem)
    return tuple(value) if one.type == "list" else value


def _wrong_text(one: Variable, value: Any) -> str:
    if not isinstance(value, str):
        return "须为文本"
    return f"超过 {one.longest} 个字符" if len(value) > one.longest else ""


def _wrong_number(one: Variable, value: Any) -> str:
    good = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    return "" if good else "须为数值"


def _wrong_integer(one: Variable, value: Any) -> str:
    return "" if isinstance(value, int) and not isinstance(value, bool) else "须为整数"


def _wrong_boolean(one: Variable, value: Any) -> str:
    return "" if isinstance(value, bool) else "须为 true 或 false"


def _wrong_date(one: Variable, value: Any) -> str:
    try:
        date.fromisoformat(value)
    except (TypeError, ValueError):
        return "须为日期，如 2026-11-01"
    return ""


def _wrong_choice(one: Variable, value: Any) -> str:
    return "" if value in one.choices else f"须为 {'、'.join(one.choices)} 之一"


def _wrong_list(one: Variable, value: Any) -> str:
    if not isinstance(value, list | tuple) or len(value) > _MOST_ITEMS:
        return f"须为不超过 {_MOST_ITEMS} 项的列表"
    return next((problem for problem in (_wrong_text(one, item) for item in value) if problem), "")


_WRONG: Final = {
    "text": _wrong_text,
    "number": _wrong_number,
    "integer": _wrong_integer,
    "boolean": _wrong_boolean,
    "date": _wrong_date,
    "choice": _wrong_choice,
    "list": _wrong_list,
}


def _filled(text: str, values: Mapping[str, Any], field: str) -> str:
    """Raises ``PromptError`` when it becomes too long or a value does not suit a filter."""
    from jinja2 import TemplateError

    parts, size = [], 0
    try:
        for part in _compiled(text).generate(values):
            parts.append(part)
            size += len(part)
            if size > LONGEST_TEXT:
                raise PromptError(field, f"填入变量后超过 {LONGEST_TEXT} 个字符")
    except (TemplateError, TypeError, ValueError, ArithmeticError) as error:
        raise PromptError(field, f"填入变量时出错: {type(error).__name__}") from None
    return "".join(parts).strip()


@lru_cache(1)
def _environment() -> Any:
    from jinja2 import StrictUndefined
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    made = ImmutableSandboxedEnvironment(undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    made.globals.clear()
    return made


@lru_cache(256)
def _compiled(text: str) -> Template:
    made: Template = _environment().from_string(text)
    return made
