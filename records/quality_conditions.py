"""Conditions of data-quality rules: a closed tree of tests over FHIR paths, compiled to closures.

A tree is a test, a list of trees (all hold), or one of

    {any: [tree, …]}   {all: [tree, …]}   {not: tree}
    {each: path, holds: tree}   {some: path, holds: tree}

A test is ``{path: …, <operator>: <operand>}``; several operators must all hold. Every test is true, false or (None)
not known: what is missing breaks no rule but one that asks for it. There are no patterns, no loops and no arithmetic
but a shift of dates, so that what a rule costs is bounded by its length and by the resource.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from records.quality_forms import FORMS, ends, is_number
from records.quality_paths import FormError, Json, Scene, Values, compile_path, read_path
from records.quality_ranges import is_possible, is_within_reference

DEEPEST: Final = 12
MOST: Final = 120
_DATE: Final = re.compile(r"(now|sent)(?:([+-])(\d{1,5})(min|h|d|y))?")
_SPAN: Final = re.compile(r"([+-]?)(\d{1,5})(min|h|d|y)")
_UNITS: Final = {
    "min": timedelta(minutes=1),
    "h": timedelta(hours=1),
    "d": timedelta(days=1),
    "y": timedelta(days=365.25),
}


Truth = bool | None
"""True, false, or None: not known."""
Test = Callable[[Any, Scene], Truth]
Parameters = Mapping[str, Any]


def compile_test(tree: Any, parameters: Parameters) -> Test:
    """A tree as one closure; ``$name`` in it is a parameter. Raises ``FormError`` with every fault."""
    problems: list[str] = []
    made = _Compiler(parameters, problems).test(tree, "", 0)
    if problems:
        raise FormError(problems)
    return made


def sees_others(tree: Any) -> bool:
    """Whether a tree looks at other resources of the message."""
    if isinstance(tree, list):
        return any(sees_others(part) for part in tree)
    if isinstance(tree, Mapping):
        return "resolves" in tree or any(sees_others(part) for part in tree.values())
    return isinstance(tree, str) and "->" in tree


class _Compiler:
    """One walk over a tree that gathers every fault on its way."""

    def __init__(self, parameters: Parameters, problems: list[str]) -> None:
        self._parameters, self._problems, self._count = parameters, problems, 0

    def test(self, tree: Any, at: str, depth: int) -> Test:
        self._count += 1
        if depth > DEEPEST or self._count > MOST:
            return self._wrong(at, f"at most {DEEPEST} deep and {MOST} tests: split the rule")
        if isinstance(tree, list) and tree:
            return _all([self.test(part, f"{at}[{n}]", depth + 1) for n, part in enumerate(tree)])
        if not isinstance(tree, Mapping):
            return self._wrong(at, "must be a test {path: …, operator: …}, a list of tests, or any/all/not/each/some")
        for word, make in (("any", _any), ("all", _all)):
            if word in tree:
                return make(self._parts(tree, word, at, depth))
        if "not" in tree:
            return self._negation(tree, at, depth)
        if "each" in tree or "some" in tree:
            return self._quantified(tree, at, depth)
        return self._single(tree, at)

    def _wrong(self, at: str, problem: str) -> Test:
        self._problems.append(f"{at.lstrip('.') or 'condition'}: {problem}")
        return lambda value, scene: None

    def _parts(self, tree: Json, word: str, at: str, depth: int) -> list[Test]:
        parts = tree[word]
        if len(tree) > 1 or not isinstance(parts, list) or not parts:
            return [self._wrong(f"{at}.{word}", "must stand alone and hold a list of tests")]
        return [self.test(part, f"{at}.{word}[{n}]", depth + 1) for n, part in enumerate(parts)]

    def _negation(self, tree: Json, at: str, depth: int) -> Test:
        inner = self.test(tree["not"], f"{at}.not", depth + 1)
        if len(tree) > 1:
            return self._wrong(at, "not must stand alone")
        if any(word in _COMPARING for word in _words(tree["not"])):
            return self._wrong(f"{at}.not", "write the opposite comparison instead of negating one")
        return _not(inner)

    def _quantified(self, tree: Json, at: str, depth: int) -> Test:
        word = "each" if "each" in tree else "some"
        if set(tree) != {word, "holds"}:
            return self._wrong(at, f"{word} needs a path and holds: {{{word}: path, holds: tree}}")
        values = read_path(tree[word], f"{at}.{word}", self._problems)
        inner = self.test(tree["holds"], f"{at}.holds", depth + 1)
        return _each(values, inner) if word == "each" else _some(values, inner)

    def _single(self, tree: Json, at: str) -> Test:
        operators = [key for key in tree if key != "path"]
        unknown = [key for key in operators if key not in OPERATORS]
        if unknown or not operators or not isinstance(tree.get("path"), str):
            named = f", not {', '.join(map(repr, unknown))}" if unknown else ""
            return self._wrong(at, f"needs a path and an operator of {', '.join(OPERATORS)}{named}")
        values = read_path(tree["path"], f"{at}.path", self._problems)
        return _all([self._operator(values, key, tree[key], f"{at}.{key}") for key in operators])

    def _operator(self, values: Values, name: str, operand: Any, at: str) -> Test:
        try:
            given = self._given(operand)
            made = OPERATORS[name].make(given)
        except FormError as error:
            return self._wrong(at, "; ".join(error.problems))
        except (ValueError, KeyError, TypeError) as error:
            return self._wrong(at, str(error) or type(error).__name__)
        return made(values)

    def _given(self, operand: Any) -> Any:
        """The operand with its parameter put in, also within a date (``now-$within``)."""
        if isinstance(operand, str) and "$" in operand:
            name = operand.partition("$")[2]
            if name not in self._parameters:
                raise ValueError(f"names the parameter ${name}, which the rule does not declare")
            value = self._parameters[name]
            return value if operand == f"${name}" else operand.replace(f"${name}", str(value))
        if isinstance(operand, Mapping):
            return {key: self._given(value) for key, value in operand.items()}
        return operand


def _words(tree: Any) -> Iterator[str]:
    if isinstance(tree, list):
        for part in tree:
            yield from _words(part)
    elif isinstance(tree, Mapping):
        for key, value in tree.items():
            yield key
            yield from _words(value)


# -- joining -----------------------------------------------------------------------------------


def _all(parts: Sequence[Test]) -> Test:
    if len(parts) == 1:
        return parts[0]
    every = tuple(parts)

    def holds(value: Any, scene: Scene) -> Truth:
        known: Truth = True
        for part in every:
            found = part(value, scene)
            if found is False:
                return False
            if found is None:
                known = None
        return known

    return holds


def _any(parts: Sequence[Test]) -> Test:
    def holds(value: Any, scene: Scene) -> Truth:
        return _or(part(value, scene) for part in parts)

    return holds


def _not(part: Test) -> Test:
    def holds(value: Any, scene: Scene) -> Truth:
        found = part(value, scene)
        return None if found is None else not found

    return holds


def _each(values: Values, part: Test) -> Test:
    def holds(value: Any, scene: Scene) -> Truth:
        found = values(value, scene)
        return _and(part(one, scene) for one in found) if found else None

    return holds


def _some(values: Values, part: Test) -> Test:
    def holds(value: Any, scene: Scene) -> Truth:
        found = values(value, scene)
        return _or(part(one, scene) for one in found) if found else None

    return holds


def _and(found: Iterable[Truth]) -> Truth:
    known: Truth = True
    for one in found:
        if one is False:
            return False
        if one is None:
            known = None
    return known


def _or(found: Iterable[Truth]) -> Truth:
    known: Truth = False
    for one in found:
        if one is True:
            return True
        if one is None:
            known = None
    return known


# -- operators ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Operator:
    """An operator: what its operand is, and how it is made of one. ``make`` raises ``ValueError``."""

    operand: str
    make: Callable[[Any], Callable[[Values], Test]]


def _value_test(holds: Callable[[Any], Truth]) -> Callable[[Values], Test]:
    """A test that all values must pass; not known where there is none."""

    def over(values: Values) -> Test:
        def test(value: Any, scene: Scene) -> Truth:
            found = values(value, scene)
            if len(found) == 1:
                return holds(found[0])
            return _and(map(holds, found)) if found else None

        return test

    return over


def _present(operand: Any) -> Callable[[Values], Test]:
    if not isinstance(operand, bool):
        raise ValueError("must be true or false")
    return lambda values: lambda value, scene: bool(values(value, scene)) is operand


def _form(operand: Any) -> Callable[[Values], Test]:
    if operand not in FORMS:
        raise ValueError(f"must be one of {', '.join(FORMS)}")
    has = FORMS[operand][1]
    return _value_test(lambda value: has(value) if isinstance(value, str) else False)


def _among(operand: Any) -> Callable[[Values], Test]:
    options = _options(operand)
    return _value_test(lambda value: value in options if isinstance(value, str | int | float) else False)


def _outside(operand: Any) -> Callable[[Values], Test]:
    options = _options(operand)
    return _value_test(lambda value: value not in options if isinstance(value, str | int | float) else None)


def _options(operand: Any) -> frozenset[Any]:
    if not isinstance(operand, list) or not operand or not all(isinstance(o, str | int | float) for o in operand):
        raise ValueError("must be a list of texts or numbers")
    return frozenset(operand)


def _holding(operand: Any) -> Callable[[Values], Test]:
    words = tuple(_texts(operand))
    return _value_test(lambda value: any(word in value for word in words) if isinstance(value, str) else None)


def _without(operand: Any) -> Callable[[Values], Test]:
    words = tuple(_texts(operand))
    return _value_test(lambda value: not any(word in value for word in words) if isinstance(value, str) else None)


def _texts(operand: Any) -> list[str]:
    if not isinstance(operand, list) or not operand or not all(isinstance(one, str) and one for one in operand):
        raise ValueError("must be a list of texts")
    return operand


def _length(least: bool) -> Callable[[Any], Callable[[Values], Test]]:
    def make(operand: Any) -> Callable[[Values], Test]:
        bound = _whole(operand)

        def holds(value: Any) -> Truth:
            if not isinstance(value, str):
                return None
            return len(value.strip()) >= bound if least else len(value) <= bound

        return _value_test(holds)

    return make


def _number(least: bool) -> Callable[[Any], Callable[[Values], Test]]:
    def make(operand: Any) -> Callable[[Values], Test]:
        bound = _whole(operand)

        def over(values: Values) -> Test:
            def test(value: Any, scene: Scene) -> Truth:
                count = len(values(value, scene))
                return count >= bound if least else count <= bound

            return test

        return over

    return make


def _whole(operand: Any) -> int:
    if not isinstance(operand, int) or isinstance(operand, bool) or not 0 <= operand <= 1_000_000:
        raise ValueError("must be a whole number")
    return operand


def _different(operand: Any) -> Callable[[Values], Test]:
    if operand is not True:
        raise ValueError("must be true")

    def over(values: Values) -> Test:
        def test(value: Any, scene: Scene) -> Truth:
            found = [one for one in values(value, scene) if isinstance(one, str | int | float)]
            return len(set(found)) == len(found) if found else None

        return test

    return over


def _resolves(operand: Any) -> Callable[[Values], Test]:
    """Whether a reference leads to a resource of the same message; contained ones (``#``) count as there."""
    if operand is not True:
        raise ValueError("must be true")

    def over(values: Values) -> Test:
        def test(value: Any, scene: Scene) -> Truth:
            found = [one for one in values(value, scene) if isinstance(one, str)]
            return _and(one.startswith("#") or one in scene.others for one in found) if found else None

        return test

    return over


def _same(operand: Any) -> Callable[[Values], Test]:
    read = _operand(operand)

    def over(values: Values) -> Test:
        def test(value: Any, scene: Scene) -> Truth:
            found, others = values(value, scene), read(value, scene)
            return _and(one == other for one in found for other in others) if found and others else None

        return test

    return over


def _compared(fails: Callable[[Any, Any, Any, Any], bool]) -> Callable[[Any], Callable[[Values], Test]]:
    """A comparison of numbers or dates. ``fails(first, last, other first, other last)`` says when it surely does not
    hold: a date that is only known to the month gets the benefit of the doubt."""

    def make(operand: Any) -> Callable[[Values], Test]:
        read = _operand(operand)

        def over(values: Values) -> Test:
            def test(value: Any, scene: Scene) -> Truth:
                found = values(value, scene)
                others = read(value, scene) if found else found
                if not others:
                    return None
                if len(found) == len(others) == 1:
                    return _holds(found[0], others[0], fails)
                return _and(_holds(one, other, fails) for one in found for other in others)

            return test

        return over

    return make


def _holds(one: Any, other: Any, fails: Callable[[Any, Any, Any, Any], bool]) -> Truth:
    if is_number(one) and is_number(other):
        return not fails(one, one, other, other)
    span, than = ends(one), ends(other)
    return None if span is None or than is None else not fails(*span, *than)


def _operand(operand: Any) -> Values:
    """What is compared with: a number, ``now-7d``, ``sent``, a literal text (``{text: …}``) or
    ``{path: …, plus: -1d}``."""
    if is_number(operand):
        return lambda value, scene: [operand]
    if isinstance(operand, str):
        return _date(operand)
    if isinstance(operand, Mapping) and set(operand) == {"text"}:
        text = str(operand["text"])
        return lambda value, scene: [text]
    if isinstance(operand, Mapping) and "path" in operand and set(operand) <= {"path", "plus"}:
        values = compile_path(operand["path"])
        return _shifted(values, _span(operand["plus"])) if "plus" in operand else values
    raise ValueError("must be a number, a date like now-7d or sent, {text: …} or {path: …, plus: 1d}")


def _date(text: str) -> Values:
    match = _DATE.fullmatch(text)
    if match is None:
        raise ValueError(f"{text!r} is no date: write now, now-7d, now+2h or sent")
    start, sign, number, unit = match.groups()
    shift = _span(f"{sign}{number}{unit}") if unit else timedelta()
    if start == "now":
        return lambda value, scene: [scene.now + shift]
    return lambda value, scene: [] if scene.sent is None else [scene.sent + shift]


def _span(text: Any) -> timedelta:
    match = _SPAN.fullmatch(str(text))
    if match is None:
        raise ValueError(f"{text!r} is no span of time: write 30min, 12h, 7d or 1y")
    return (-1 if match[1] == "-" else 1) * int(match[2]) * _UNITS[match[3]]


def _shifted(values: Values, shift: timedelta) -> Values:
    def moved(value: Any, scene: Scene) -> list[Any]:
        spans = [span for one in values(value, scene) if (span := ends(one)) is not None]
        return [(first + shift, last + shift) for first, last in spans]

    return moved


def _measured(operand: Any) -> Callable[[Values], Test]:
    checks: Mapping[str, Callable[[Any], Truth]] = {"possible": is_possible, "as-flagged": is_within_reference}
    if operand not in checks:
        raise ValueError(f"must be one of {', '.join(checks)}")
    return _value_test(checks[operand])


OPERATORS: Final[Mapping[str, Operator]] = {
    "present": Operator("true or false", _present),
    "form": Operator("name of a form", _form),
    "in": Operator("list of values", _among),
    "not_in": Operator("list of values", _outside),
    "contains": Operator("list of words, one of which occurs", _holding),
    "contains_none": Operator("list of words, none of which occurs", _without),
    "shortest": Operator("least length of a text", _length(least=True)),
    "longest": Operator("greatest length of a text", _length(least=False)),
    "fewest": Operator("least number of values", _number(least=True)),
    "most": Operator("greatest number of values", _number(least=False)),
    "unique": Operator("true: values differ", _different),
    "resolves": Operator("true: the reference leads to a resource of the message", _resolves),
    "same_as": Operator("number, {text: …} or {path: …}", _same),
    "less_than": Operator("number, date or {path: …}", _compared(lambda a, b, c, d: bool(a >= d))),
    "at_most": Operator("number, date or {path: …}", _compared(lambda a, b, c, d: bool(a > d))),
    "more_than": Operator("number, date or {path: …}", _compared(lambda a, b, c, d: bool(b <= c))),
    "at_least": Operator("number, date or {path: …}", _compared(lambda a, b, c, d: bool(b < c))),
    "measurement": Operator("possible or as-flagged (path $this, an Observation)", _measured),
}
_COMPARING: Final = frozenset({"less_than", "at_most", "more_than", "at_least"})
