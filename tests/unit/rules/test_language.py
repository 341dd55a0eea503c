"""The closed condition language: grammar, three-valued truth, every fault told, bounded cost."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clinical.logic import Truth
from knowledge.model import Citation, Rule, RuleCase
from knowledge.snapshot import Snapshot
from rules.authored import Table, compile_condition, flaws
from rules.language import (
    DEEPEST,
    FIELDS,
    FUNCTIONS,
    LONGEST,
    MOST_NODES,
    STATES,
    Access,
    All,
    Among,
    Between,
    Compare,
    ConditionError,
    Group,
    Literal,
    Not,
    Type,
    parse,
    render,
)
from rules.language import Any as Either
from rules.states import NEEDS

T, F, U = Truth.TRUE, Truth.FALSE, Truth.UNKNOWN
GIVEN: dict[Truth, dict[str, Any]] = {T: {"pregnant": True}, F: {"pregnant": False}, U: {}}


def truth(text: str, **facts: Any) -> Truth:
    return compile_condition(parse(text))(Table(facts))


def two(first: Truth, second: Truth) -> dict[str, Any]:
    facts: dict[str, Any] = {}
    for name, value in (("pregnant", first), ("lactating", second)):
        if value is not U:
            facts[name] = value is T
    return facts


AND = {(T, T): T, (T, F): F, (T, U): U, (F, T): F, (F, F): F, (F, U): F, (U, T): U, (U, F): F, (U, U): U}
OR = {(T, T): T, (T, F): T, (T, U): T, (F, T): T, (F, F): F, (F, U): U, (U, T): T, (U, F): U, (U, U): U}


@pytest.mark.parametrize(("a", "b"), list(product((T, F, U), repeat=2)))
def test_and_or_truth_tables(a: Truth, b: Truth) -> None:
    assert truth("pregnant and lactating", **two(a, b)) is AND[a, b]
    assert truth("pregnant or lactating", **two(a, b)) is OR[a, b]


@pytest.mark.parametrize(("a", "negated"), [(T, F), (F, T), (U, U)])
def test_not_truth_table(a: Truth, negated: Truth) -> None:
    assert truth("not pregnant", **GIVEN[a]) is negated


@pytest.mark.parametrize(
    ("operator", "below", "same", "above"),
    [("<", T, F, F), ("<=", T, T, F), (">", F, F, T), (">=", F, T, T), ("=", F, T, F), ("!=", T, F, T)],
)
def test_comparisons(operator: str, below: Truth, same: Truth, above: Truth) -> None:
    text = f"age_years {operator} 18"
    assert [truth(text, age_years=years) for years in (17, 18, 19)] == [below, same, above]
    assert truth(text) is U, "an unknown age compares with nothing"


def test_between_includes_its_bounds_and_may_be_decided_by_one() -> None:
    assert [truth("age_years between 2 and 4", age_years=y) for y in (1, 2, 4, 5)] == [F, T, T, F]
    assert truth("age_years between 2 and 4") is U


def test_in_and_text_comparisons() -> None:
    assert truth('department in ("儿科", "新生儿科")', department="儿科") is T
    assert truth('department in ("儿科", "新生儿科")', department="内科") is F
    assert truth('department in ("儿科")') is U
    assert truth('sex != "male"', sex="female") is T
    assert truth('sex = "male"') is U


def test_unknown_is_never_false() -> None:
    assert truth('not takes("华法林")') is U
    assert truth('takes("华法林") or age_years > 60', age_years=70) is T
    assert truth('takes("华法林") and age_years > 60', age_years=50) is F


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "条件不完整"),
        ("age_years", "须与一个值比较"),
        ("colour = 3", "没有 colour"),
        ("age_years > 3 and colour = 3 and smell = 2", "smell"),
        ("age_years > 'x'", "不是字段、数字"),
        ('age_years > "x"', "两边类型须相同"),
        ('sex < "male"', "只有数值可以比较大小"),
        ('lab("血钾") > 5', "lab 的参数应为：检验、单位、天数"),
        ("has(3)", "疾病应为文字"),
        ('state("bored")', "没有状态 bored"),
        ("(age_years > 3", "此处缺少 )"),
        ("age_years > 3 age_years < 5", "条件之间用 and 或 or 连接"),
        ("age_years between 3", "须有两个界限"),
        ("and pregnant", "之前缺少条件"),
        ('__import__("os")', "没有 __import__"),
        ("takes(age_years)", "应为数字或带引号的"),
        ("pregnant = 1 or" * 1000, "超过 4000 个字符"),
        ("not " * (DEEPEST + 2) + "pregnant", "嵌套超过"),
        (" or ".join(["pregnant"] * (MOST_NODES + 1)), "项，请拆分规则"),
    ],
)
def test_a_bad_condition_says_what_is_wrong_and_where(text: str, says: str) -> None:
    with pytest.raises(ConditionError, match=".") as raised:
        parse(text)
    assert says in str(raised.value)
    assert all(0 <= problem.at <= max(len(text), 1) for problem in raised.value.problems)


def test_all_faults_are_told_at_once() -> None:
    with pytest.raises(ConditionError) as raised:
        parse('colour = 1 and smell = 2 and sex > "a"')
    assert len(raised.value.problems) == 3


def _literals(kind: Type) -> st.SearchStrategy[Literal]:
    if kind is Type.NUMBER:
        return st.integers(-1000, 1000).map(lambda n: Literal(n / 4))
    if kind is Type.TEXT:
        return st.text("甲乙丙abc 0", max_size=6).map(Literal)
    return st.booleans().map(Literal)


def _arguments(name: str) -> st.SearchStrategy[tuple[Literal, ...]]:
    groups = FUNCTIONS[name].arguments[: FUNCTIONS[name].least]
    one = {Group.DAYS: st.just(Literal(7.0)), Group.STATE: st.sampled_from(sorted(STATES)).map(Literal)}
    return st.tuples(*(one.get(group, st.sampled_from(["甲", "乙"]).map(Literal)) for group in groups))


def _access(kind: Type) -> st.SearchStrategy[Access]:
    fields = [name for name, field in FIELDS.items() if field.type is kind]
    functions = [name for name, function in FUNCTIONS.items() if function.type is kind]
    called = st.sampled_from(functions).flatmap(lambda n: _arguments(n).map(lambda a: Access(n, a)))
    return st.sampled_from(fields).map(Access) | called


def _leaves() -> st.SearchStrategy[Any]:
    number = _access(Type.NUMBER)
    compare = st.builds(Compare, st.sampled_from(["<", "<=", ">", ">=", "=", "!="]), number, _literals(Type.NUMBER))
    between = st.builds(Between, number, _literals(Type.NUMBER), _literals(Type.NUMBER))
    options = st.lists(_literals(Type.TEXT), min_size=1, max_size=3).map(tuple)
    return _access(Type.TRUTH) | compare | between | st.builds(Among, _access(Type.TEXT), options)


def _parts(inner: st.SearchStrategy[Any], kind: type) -> st.SearchStrategy[Any]:
    """Two or more parts, none of the same kind: written out, a chain is one node."""
    flat = inner.filter(lambda node: not isinstance(node, kind))
    return st.lists(flat, min_size=2, max_size=4).map(lambda parts: kind(tuple(parts)))


TREES = st.recursive(
    _leaves(),
    lambda inner: inner.map(Not) | _parts(inner, All) | _parts(inner, Either),
    max_leaves=12,
)


@given(TREES)
@settings(max_examples=300, deadline=None)
def test_every_tree_has_one_text_form(tree: Any) -> None:
    text = render(tree)
    assert render(parse(text)) == text


@given(TREES, st.dictionaries(st.sampled_from(sorted(FIELDS)), st.integers(0, 90), max_size=4))
@settings(max_examples=200, deadline=None)
def test_more_knowledge_never_turns_a_certain_answer_round(tree: Any, facts: dict[str, int]) -> None:
    """Kleene's logic is monotone: what is decided without a fact stays so when the fact arrives."""
    numbers = {name: value for name, value in facts.items() if FIELDS[name].type is Type.NUMBER}
    condition = compile_condition(tree)
    before, after = condition(Table({})), condition(Table(numbers))
    assert before is U or before is after


@given(st.text(max_size=LONGEST + 10) | st.text('()"<>=andorti nk_0123456789.,', max_size=300))
@settings(max_examples=500, deadline=None)
def test_hostile_text_is_parsed_or_refused_and_nothing_else(text: str) -> None:
    try:
        node = parse(text)
    except ConditionError as error:
        told = error.problems
    else:
        told = [] if render(node) else None
    assert told is not None


def _rule(**changed: Any) -> Rule:
    given_: dict[str, Any] = {
        "id": "rule:t",
        "title": "测试",
        "family": "authored",
        "condition": 'takes("华法林") and age_years >= 75',
        "severity": "moderate",
        "message": "高龄者用华法林",
        "citations": (Citation("label:x"),),
        "cases": (
            RuleCase("高龄", {'takes("华法林")': True, "age_years": 80}, "fired"),
            RuleCase("年轻", {"age_years": 40}, "passed"),
            RuleCase("年龄未知", {'takes("华法林")': True}, "unknown"),
        ),
    }
    return Rule(**{**given_, **changed})


def test_a_sound_rule_has_no_faults(snapshot: Snapshot) -> None:
    assert flaws(_rule(), snapshot) == []


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"condition": 'takes("不存在的药")'}, "没有名为“不存在的药”的药品"),
        ({"condition": 'lab("血钾", "furlong") > 5'}, "furlong"),
        ({"severity": "terrible"}, "没有严重程度 terrible"),
        ({"message": " "}, "message: 提示内容不能为空"),
        ({"citations": ()}, "citations: 须注明来源"),
        ({"cases": ()}, "至少要有一个触发的和一个不触发的"),
        ({"cases": (RuleCase("错", {"age_years": 10}, "fired"),)}, "预期触发，实际不触发"),
        ({"cases": (RuleCase("错", {"weight_kg": 10}, "fired"),)}, "条件没有用到 weight_kg"),
    ],
)
def test_a_rule_is_refused_at_save_with_every_reason(snapshot: Snapshot, changed: dict[str, Any], says: str) -> None:
    assert any(says in str(flaw) for flaw in flaws(_rule(**changed), snapshot))


def test_every_state_says_which_inputs_it_needs() -> None:
    assert set(NEEDS) == set(STATES)
