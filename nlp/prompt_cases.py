"""The test cases of a prompt, run: what holds of the rendered prompt, and of what a model makes of it."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Iterator
from typing import Final

import msgspec
import orjson

from nlp.llm import ModelError
from nlp.prompts import Case, Content, Expectation, PromptError, Rendered, render

Asking = Callable[[Rendered], Awaitable[str]]
"""Asks a model. Raises ``ModelError``."""
_LONGEST_KEPT: Final = 2_000
_SENTENCE: Final = re.compile(r"[^。！？!?\n]+[。！？!?]?(?:\s*[\[【]\d+[\]】])*")
_CITES: Final = re.compile(r"[\[【]\s*\d+")
_FENCE: Final = re.compile(r"```(?:json)?\s*(.*?)```", re.DOTALL)
UNASKED: Final = "该用例对模型输出有断言，但未配置大语言模型，无法运行"


class Outcome(msgspec.Struct, frozen=True):
    """What came of a case: its problems, none when it passed, and the beginning of what the model said."""

    case: str
    problems: tuple[str, ...] = ()
    output: str = ""

    @property
    def passed(self) -> bool:
        return not self.problems


async def run(content: Content, ask: Asking | None) -> list[Outcome]:
    """Run every case; without a model those that need one fail and say so."""
    return [await _run(content, case, ask) for case in content.cases]


async def _run(content: Content, case: Case, ask: Asking | None) -> Outcome:
    try:
        rendered = render(content, case.variables)
    except PromptError as error:
        return Outcome(case.name, (str(error),))
    problems = [p for one in case.expect if one.on == "prompt" for p in unmet(one, rendered.whole)]
    wanted = [one for one in case.expect if one.on == "output"]
    if not wanted:
        return Outcome(case.name, tuple(problems))
    if ask is None:
        return Outcome(case.name, (*problems, UNASKED))
    try:
        output = await ask(rendered)
    except ModelError as error:
        return Outcome(case.name, (*problems, str(error)))
    problems += [p for one in wanted for p in unmet(one, output)]
    return Outcome(case.name, tuple(problems), output[:_LONGEST_KEPT])


def unmet(one: Expectation, text: str) -> Iterator[str]:
    """What of an expectation does not hold of a text, in Chinese."""
    what = "提示词" if one.on == "prompt" else "输出"
    if one.contains is not None and one.contains not in text:
        yield f"{what}中没有“{one.contains}”"
    yield from (f"{what}中出现了“{word}”" for word in one.absent if word in text)
    if one.most is not None and len(text) > one.most:
        yield f"{what}有 {len(text)} 个字符，多于 {one.most}"
    if one.least is not None and len(text) < one.least:
        yield f"{what}有 {len(text)} 个字符，少于 {one.least}"
    if one.json is not None:
        yield from _not_json(one.json, text, what)
    if one.cites:
        bare = [part for part in _sentences(text) if not _CITES.search(part)]
        yield from (f"{what}中有未标注出处的句子: {part[:40]}" for part in bare[:3])


def object_in(text: str) -> dict[str, object] | None:
    """The JSON object that a model wrote, also within a fence; None when there is none."""
    fenced = _FENCE.search(text)
    body = (fenced[1] if fenced else text).strip()
    try:
        told = orjson.loads(body[body.index("{") : body.rindex("}") + 1])
    except ValueError:
        return None
    return told if isinstance(told, dict) else None


def _not_json(keys: tuple[str, ...], text: str, what: str) -> Iterator[str]:
    told = object_in(text)
    if told is None:
        yield f"{what}不是 JSON 对象"
        return
    missing = [key for key in keys if key not in told]
    if missing:
        yield f"{what}的 JSON 中缺少 {'、'.join(missing)}"


def _sentences(text: str) -> list[str]:
    return [part.strip() for part in _SENTENCE.findall(text) if re.search(r"\w", part)]
