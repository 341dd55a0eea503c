"""A sentence is quoted with what was read in it marked: here between brackets."""

from __future__ import annotations

import pytest

from nlp.quoting import quoted

TEXT = "反复胸闷3天，伴气促。无发热；双下肢水肿\n饮食可。"


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ([], []),
        (["胸闷"], ["反复[胸闷]3天，伴气促。"]),
        (["胸闷", "气促"], ["反复[胸闷]3天，伴[气促]。"]),
        (["反复胸闷"], ["[反复胸闷]3天，伴气促。"]),
        (["胸闷3天", "3天，伴气促"], ["反复[胸闷3天][，伴气促]。"]),
        (["胸闷3天", "胸闷"], ["反复[胸闷][3天]，伴气促。"]),
        (["水肿", "发热"], ["无[发热]；", "双下肢[水肿]"]),
        (["气促。无发热"], ["反复胸闷3天，伴[气促。]", "[无发热]；"]),
    ],
)
def test_sentences_are_quoted_whole_with_their_words_marked(words: list[str], expected: list[str]) -> None:
    spans = [(TEXT.index(word), TEXT.index(word) + len(word)) for word in words]
    assert [
        "".join(f"[{t}]" if n % 2 else t for n, t in enumerate(pieces)) for pieces in quoted(TEXT, spans)
    ] == expected


def test_nothing_of_a_quoted_sentence_is_lost() -> None:
    assert "".join(t for pieces in quoted(TEXT, [(2, 4), (12, 14), (17, 19)]) for t in pieces) == TEXT.split("\n")[0]
