"""An answer without a model: sentences of the best passages that answer, in the release's own words, each cited."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

from nlp.answer_text import Said
from nlp.grounds import Ground
from nlp.passages import Passage
from nlp.tokens import jieba

_WHOLE: Final = 240
"""A passage of so many characters is said as it stands."""
_MOST: Final = 3
"""Of a longer one so many sentences."""
_SENTENCE: Final = re.compile(r"[^。！？!?\n]+[。！？!?]?")
_STOPS: Final = "。！？!?"


def extracted(question: str, grounds: Sequence[Ground]) -> list[Said]:
    """Sentences in the order of the passages, each citing its own (numbered from 1)."""
    words = _words(question)
    return [Said(text, (number,)) for number, one in enumerate(grounds, 1) for text in _of(one.passage, words)]


def _of(passage: Passage, words: frozenset[str]) -> Iterator[str]:
    text = " ".join(passage.text.split("\n")).strip()
    if len(text) <= _WHOLE:
        yield _named(text, passage)
        return
    parts = [part.strip() for part in _SENTENCE.findall(passage.text) if part.strip()]
    best = sorted(range(len(parts)), key=lambda at: (-_answers(parts[at], words), at))[:_MOST]
    chosen = [at for at in sorted(best) if _answers(parts[at], words) > 0] or sorted(best)[:1]
    yield _named("".join(_stopped(parts[at]) for at in chosen), passage)


def _answers(sentence: str, words: frozenset[str]) -> float:
    """How much of a question's words a sentence holds, by length; long sentences have it easier."""
    held = sum(len(word) for word in words if word in sentence)
    return float(held / (1 + len(sentence) / 200))


def _named(text: str, passage: Passage) -> str:
    """With the title in front where the text does not say what it speaks of."""
    subject = passage.title.split(" ")[0]
    said = text if subject in text else f"{passage.title.replace(' ', '·')}：{text}"
    return _stopped(said)


def _stopped(text: str) -> str:
    return text if text.endswith(tuple(_STOPS)) else f"{text}。"


def _words(question: str) -> frozenset[str]:
    return frozenset(word for word in jieba().cut_for_search(question) if len(word) > 1)
