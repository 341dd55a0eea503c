"""A prompt made clearer by a model: what it proposes beside what was, as a draft that a person decides about."""

from __future__ import annotations

import difflib
from typing import Final

import msgspec

from nlp.llm import Message, Model
from nlp.prompt_cases import object_in
from nlp.prompts import Content, PromptError, check

_TRIES: Final = 2
_LONGEST_WISH: Final = 1_000
_SYSTEM: Final = """你是医疗大语言模型提示词的编辑。把给定的提示词改得更清晰、更专业、更有结构，不改变它的任务和边界。
要求：
1. 保留全部变量占位符（形如 {{ 变量名 }} 以及 {% for %}、{% if %} 语句）的名称和用法，不新增变量；
2. 写明角色、任务、输入、步骤、输出格式和不能做的事；
3. 保留“只依据给定资料、逐句标注出处、资料不足时不作答”一类的约束，没有的予以补充；
4. 不加入任何具体的药品剂量、诊断结论或患者信息；
5. 使用简体中文。
只输出一个 JSON 对象：{"system": "系统指令", "template": "消息模板", "changes": ["改了什么以及为什么"]}"""


class Polished(msgspec.Struct, frozen=True):
    """What a model made of a prompt: the content, what it says it changed, the difference line by line."""

    content: Content
    changes: tuple[str, ...]
    diff: str


async def polish(content: Content, wish: str, model: Model) -> Polished:
    """Ask a model to improve a prompt; what it gives is checked as if somebody had written it, and it is told once
    what was wrong. Raises ``ModelError``, ``PromptError``."""
    messages = [Message("system", _SYSTEM), Message("user", _asked(content, wish[:_LONGEST_WISH]))]
    problem = PromptError("output", "模型没有给出结果")
    for _ in range(_TRIES):
        said = await model.whole(messages)
        try:
            return _polished(content, said)
        except PromptError as error:
            problem = error
            messages += [Message("assistant", said), Message("user", f"不符合要求：{error}。请改正后重新输出 JSON。")]
    raise PromptError("polish", f"模型润色的结果不可用（{problem}），请重试或自行修改")


def difference(before: Content, after: Content) -> str:
    """The texts of two contents line by line, as a unified diff; empty when they are the same."""
    parts: list[str] = []
    for field, title in (("system", "系统指令"), ("template", "消息模板")):
        old, new = getattr(before, field).splitlines(), getattr(after, field).splitlines()
        parts += difflib.unified_diff(old, new, f"{title}（原）", f"{title}（新）", lineterm="")
    return "\n".join(parts)


def _asked(content: Content, wish: str) -> str:
    names = "、".join(f"{one.name}（{one.title or one.type}）" for one in content.variables)
    wanted = f"\n\n修改意见：{wish}" if wish.strip() else ""
    return f"变量：{names or '无'}\n\n系统指令：\n{content.system}\n\n消息模板：\n{content.template}{wanted}"


def _polished(before: Content, said: str) -> Polished:
    """Raises ``PromptError`` when it is no JSON, loses or adds variables, or is no template."""
    told = object_in(said)
    if told is None:
        raise PromptError("output", "输出不是 JSON 对象")
    system, template, changes = told.get("system", before.system), told.get("template"), told.get("changes", [])
    if not isinstance(system, str) or not isinstance(template, str):
        raise PromptError("output", "JSON 中须有文本 system 和 template")
    after = msgspec.structs.replace(before, system=system, template=template)
    check(after)
    listed = changes if isinstance(changes, list) else [changes]
    return Polished(after, tuple(str(one)[:400] for one in listed[:20]), difference(before, after))
