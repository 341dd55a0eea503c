"""Text as tokens: words of jieba's dictionary, pairs of Chinese characters, Latin words and figures.

Pairs beside words make a token of a name that no dictionary knows, wherever it stands in a sentence.
"""

from __future__ import annotations

import re
from operator import add
from typing import Any, Final

from nlp.senses import folded

_RUN: Final = re.compile(r"[㐀-鿿]+|[a-z0-9]+(?:[.\-][a-z0-9]+)*")
_PAIR: Final = 2
_ASKING: Final = frozenset(
    "可以 能不能 是不是 怎么 怎么办 怎样 什么 哪些 哪个 如何 为什么 需要 要不要 有没有 多少 多久 请问 一下 应该 "
    "使用 患者 病人 时候 有何 能否 可否 行不行 还能 能用 能吃 会不会 是否 还是 一次 几天 几个 时间 问题 情况 "
    "进行".split()
)
"""Words that a question holds because it is one."""


def jieba() -> Any:
    """The segmenter with its own dictionary; its import, which takes a moment, waits until somebody asks."""
    import rjieba

    return rjieba


def words(text: str) -> list[str]:
    """Tokens of a text, repeated as often as they stand in it."""
    found: list[str] = []
    for run in _RUN.findall(folded(text)):
        if run[0] <= "z" or len(run) == 1:
            found.append(run)
        else:
            found += [word for word in jieba().cut(run, False) if len(word) > _PAIR]
            found += map(add, run, run[1:])
    return found


def asked(text: str) -> list[str]:
    """Different tokens of a question without what makes it one."""
    return [word for word in dict.fromkeys(words(text)) if word not in _ASKING]
