"""Prompts are data that cannot do harm: templates that only fill in, values of their types, cases that must pass."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from nlp.llm import Endpoint, Model
from nlp.polishing import difference, polish
from nlp.prompt_cases import UNASKED, run
from nlp.prompt_starter import shipped
from nlp.prompts import PURPOSES, Content, PromptError, Rendered, check, render
from tests.chat_server import chat_server, says

GOOD: dict[str, Any] = {
    "system": "只依据资料回答。",
    "template": "{% for p in passages %}\n[{{ loop.index }}] {{ p }}\n{% endfor %}\n{% if patient %}患者：{{ patient }}\n{% endif %}问题：{{ question }}",
    "variables": [{"name": "question"}, {"name": "passages", "type": "list"}, {"name": "patient", "required": False}],
    "cases": [
        {
            "name": "编号",
            "variables": {"question": "怎么吃", "passages": ["甲", "乙"]},
            "expect": [{"contains": "[2] 乙"}, {"absent": ["患者：", "{{"], "most": 100}],
        }
    ],
}


def content(**changes: Any) -> Content:
    return Content.of(GOOD | changes)


def test_a_prompt_is_filled_in_with_what_is_given() -> None:
    made = render(content(), {"question": "怎么吃", "passages": ["甲", "乙"], "patient": "女，68岁"})
    assert made.message == "[1] 甲\n[2] 乙\n患者：女，68岁\n问题：怎么吃"
    assert "患者" not in render(content(), {"question": "怎么吃", "passages": ["甲"]}).message


def test_what_is_filled_in_is_never_read_as_a_template() -> None:
    assert "{{ passages }}" in render(content(), {"question": "{{ passages }}", "passages": ["甲"]}).message


@pytest.mark.parametrize(
    "template",
    [
        "{{ question.__class__.__mro__ }}",
        "{{ ''.__class__ }}",
        "{{ question['x'] }}",
        "{{ range(10) }}",
        "{{ cycler() }}",
        "{{ question * 1000000000 }}",
        "{{ 9 ** 9 ** 9 }}",
        "{% for i in range(1000000) %}x{% endfor %}",
        "{% for c in question %}{{ c }}{% endfor %}",
        "{% set x = 1 %}{{ x }}",
        "{% include 'other' %}",
        "{% import 'os' as os %}",
        "{% macro m() %}{% endmacro %}",
        "{{ question | attr('x') }}",
        "{{ question | center(100000000) }}",
        "{{ unknown }}",
        "{{ question",
        "{% if question %}",
        "(" * 50 + "{{ " + "not " * 60 + "question }}",
    ],
)
def test_a_template_that_does_more_than_fill_in_is_refused(template: str) -> None:
    with pytest.raises(PromptError) as told:
        check(Content.of({"template": template, "variables": [{"name": "question"}]}))
    assert told.value.field == "template"


def test_loops_within_loops_end() -> None:
    deep = "{% for a in x %}{% for b in x %}{% for c in x %}{{ c }}{% endfor %}{% endfor %}{% endfor %}"
    with pytest.raises(PromptError, match="嵌套"):
        check(Content.of({"template": deep, "variables": [{"name": "x", "type": "list"}]}))
    wide = Content.of(
        {
            "template": "{% for a in x %}{% for b in x %}{{ b }}{% endfor %}{% endfor %}",
            "variables": [{"name": "x", "type": "list"}],
        }
    )
    check(wide)
    with pytest.raises(PromptError, match="字符"):
        render(wide, {"x": ["长" * 1000] * 200})


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"variables": [*GOOD["variables"], {"name": "unused"}]}, "variables"),
        ({"variables": [*GOOD["variables"], {"name": "question"}]}, "variables[3].name"),
        ({"variables": [{"name": "Q"}]}, "variables[0].name"),
        ({"variables": [{"name": "q", "type": "choice"}]}, "variables[0].choices"),
        ({"template": "  ", "system": "", "variables": [], "cases": []}, "template"),
        ({"cases": [{"name": "空", "expect": []}]}, "cases[0].expect"),
        ({"cases": [{"name": "空", "expect": [{"on": "prompt"}]}]}, "cases[0].expect"),
        ({"cases": [{"name": "缺", "expect": [{"contains": "x"}]}]}, "cases[0].variables.question"),
    ],
)
def test_what_does_not_fit_together_is_refused_by_name(changes: dict[str, Any], field: str) -> None:
    with pytest.raises(PromptError) as told:
        check(content(**changes))
    assert told.value.field == field


def test_a_misspelt_field_is_told() -> None:
    with pytest.raises(PromptError, match="templat"):
        Content.of({"templat": "x"})


@pytest.mark.parametrize(
    ("kind", "good", "bad"),
    [
        ("text", "甲", 3),
        ("number", 1.5, float("nan")),
        ("integer", 3, 1.5),
        ("boolean", True, "true"),
        ("date", "2026-11-01", "2026-13-01"),
        ("list", ["甲"], "甲"),
    ],
)
def test_values_are_of_their_type(kind: str, good: Any, bad: Any) -> None:
    body = "{% for a in x %}{{ a }}{% endfor %}" if kind == "list" else "{{ x }}"
    one = Content.of({"template": body, "variables": [{"name": "x", "type": kind}]})
    render(one, {"x": good})
    for wrong in (bad, None):
        with pytest.raises(PromptError) as told:
            render(one, {"x": wrong})
        assert told.value.field == "variables.x"
    with pytest.raises(PromptError, match="没有名为"):
        render(one, {"x": good, "y": 1})


# -- cases -------------------------------------------------------------------------------------


async def _cited(rendered: Rendered) -> str:
    return '可以使用。[1]一日3次。[2]\n```json\n{"结论": "可用"}\n```'


async def _uncited(rendered: Rendered) -> str:
    return "可以使用。一日3次。[2]"


def outcomes(expect: list[dict[str, Any]], ask: Any) -> list[tuple[str, ...]]:
    made = content(cases=[{"name": "甲", "variables": {"question": "问", "passages": ["甲"]}, "expect": expect}])
    return [one.problems for one in asyncio.run(run(made, ask))]


def test_cases_hold_the_prompt_and_what_a_model_makes_of_it() -> None:
    assert outcomes([{"contains": "[1] 甲"}, {"absent": ["乙"], "least": 3}], None) == [()]
    assert outcomes([{"on": "output", "json": ["结论"]}], _cited) == [()]
    (cited,), (uncited,) = (
        outcomes([{"on": "output", "contains": "可以"}], _cited),
        outcomes([{"on": "output", "cites": True}], _uncited),
    )
    assert cited == ()
    assert "可以使用" in uncited[0]
    (problems,) = outcomes([{"contains": "丙"}, {"most": 3}, {"on": "output", "json": ["用量"]}], _cited)
    assert len(problems) == 3


def test_without_a_model_what_needs_one_fails_and_says_so() -> None:
    assert outcomes([{"on": "output", "contains": "可以"}], None) == [(UNASKED,)]


# -- what we ship ------------------------------------------------------------------------------


def test_every_purpose_has_a_prompt_whose_cases_pass() -> None:
    assert {one.purpose for one in shipped()} == set(PURPOSES)
    for one in shipped():
        assert len(one.content.cases) >= 2
        assert all(outcome.passed for outcome in asyncio.run(run(one.content, None))), one.name


# -- polishing ---------------------------------------------------------------------------------


def polished(*replies: str) -> tuple[Any, str]:
    async def asked(url: str) -> Any:
        model = Model(Endpoint(url, "m", seconds=5, pause=0.01), str)
        try:
            return await polish(content(), "更清楚", model)
        finally:
            await model.close()

    with chat_server(*(says(reply) for reply in replies)) as server:
        try:
            return asyncio.run(asked(server.url)), server.told()
        except PromptError as error:
            return error, server.told()


BETTER = '```json\n{"system": "你是助手。", "template": "{% for p in passages %}[{{ loop.index }}] {{ p }}{% endfor %}{{ patient }}{{ question }}", "changes": ["写明角色"]}\n```'
LOSING = '{"system": "你是助手。", "template": "{{ question }}", "changes": []}'


def test_a_model_improves_a_prompt_and_the_difference_is_shown() -> None:
    made, told = polished(BETTER)
    assert made.changes == ("写明角色",)
    assert made.content.variables == content().variables
    assert "-只依据资料回答。" in made.diff
    assert "+你是助手。" in made.diff
    assert "更清楚" in told


def test_a_model_that_loses_a_variable_is_told_once_and_then_refused() -> None:
    made, told = polished(LOSING, BETTER)
    assert made.changes == ("写明角色",)
    assert "没有用到" in told
    refused, _ = polished(LOSING, LOSING)
    assert isinstance(refused, PromptError)
    refused, _ = polished("好的，我来改", "还是不行")
    assert isinstance(refused, PromptError)


def test_the_same_text_has_no_difference() -> None:
    assert difference(content(), content()) == ""
