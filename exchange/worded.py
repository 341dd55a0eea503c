"""What msgspec says of JSON that has another shape, in the words of those who read it, and never what was sent: names
of fields are told where they are names."""

from __future__ import annotations

import re
from typing import Final

_KINDS: Final = {
    "str": "文本",
    "int": "整数",
    "float": "数值",
    "bool": "true 或 false",
    "array": "列表",
    "object": "对象",
    "null": "空值",
}
_KIND: Final = re.compile(r"\b(?:" + "|".join(_KINDS) + r")\b")
_WORDS: Final = (
    (re.compile(r"Expected `([^`]*)`, got `([^`]*)`"), r"须为<\1>，收到的是<\2>"),
    (re.compile(r"Expected `(\w+)` of length (\S+) (\d+)"), r"须为<\1>，长度 \2 \3"),
    (re.compile(r"Expected `(\w+)` (\S+) (\S+)"), r"须为<\1>，且 \2 \3"),
    (re.compile(r"Object missing required field `([^`]*)`"), r"缺少 \1"),
    (re.compile(r"Object contains unknown field `([A-Za-z_][A-Za-z0-9_.-]{0,40})`$"), r"没有 \1 这一项"),
    (re.compile(r"Object contains unknown field.*", re.DOTALL), "含有不认识的项"),
    (re.compile(r"Invalid RFC3339 encoded datetime"), "须为时刻，如 2026-11-26T08:30:00+08:00 或 2026-11-26 08:30"),
    (re.compile(r"Invalid RFC3339 encoded date"), "须为日期，如 2026-11-26"),
    (re.compile(r"Invalid (?:enum )?value\b.*", re.DOTALL), "不是可取的值"),
    (re.compile(r"(?:JSON is malformed|Input data was truncated).*", re.DOTALL), "不是 JSON"),
)
_MARKED: Final = re.compile(r"<([^>]*)>")


def worded(message: str) -> str:
    """A message of msgspec without its place."""
    for pattern, words in _WORDS:
        if pattern.match(message):
            return _MARKED.sub(_kinds, pattern.sub(words, message))
    return "内容的形式不对"


def _kinds(found: re.Match[str]) -> str:
    """Kinds of JSON by name; ``object | null`` is one of two."""
    return _KIND.sub(lambda kind: _KINDS[kind[0]], found[1]).replace(" | ", "或")
