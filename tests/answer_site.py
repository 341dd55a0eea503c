"""A small search over passages of the starter release, for tests of answers: words that a passage shares count."""

from __future__ import annotations

from collections.abc import Callable

from knowledge.snapshot import Snapshot
from nlp.lexicon import Lexicon
from nlp.passages import Passage, passages
from nlp.questions import understood
from nlp.search import Answer, Found

Retrieve = Callable[[str, int], Answer]


class NoSpellings:
    """Nothing is spelled in pinyin."""

    def spelled(self, token: str) -> tuple[str, ...]:
        return ()


NAMES = ("华法林", "布洛芬", "甲氨蝶呤", "青霉素", "社区获得性肺炎", "阿莫西林")


def stand_in(snapshot: Snapshot, names: tuple[str, ...] = NAMES) -> Retrieve:
    """Finds passages about a few drugs and a disease (and the classes they belong to) by what a question names and
    asks for."""
    about = {one for name in names for concept in snapshot.by_name(name) for one in snapshot.lineage[concept.id]}
    kept = [p for p in passages(snapshot) if not about.isdisjoint((p.concept, *p.objects))]
    lexicon, spellings = Lexicon.of(snapshot), NoSpellings()

    def retrieve(query: str, limit: int) -> Answer:
        question = understood(query, snapshot, lexicon, spellings)  # type: ignore[arg-type]
        named = [set(mention.concepts) | set(mention.classes) for mention in question.mentions]
        asked = {one.value for one in question.predicates}

        def score(p: Passage) -> float:
            ids = {p.concept, *p.objects}
            words = sum(token in p.text for token in question.tokens) / 10
            return 3.0 * sum(not ids.isdisjoint(one) for one in named) + (p.predicate in asked) + min(words, 0.9)

        ranked = sorted(kept, key=lambda p: (-score(p), p.id))[:limit]
        return Answer([Found(p, 1 / (1 + at), ()) for at, p in enumerate(ranked)], question, "lexical")

    return retrieve
