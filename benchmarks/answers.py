"""Answers without a model: how often a question is answered, how often the answer rests on a passage that answers it, and
how often a question that the sources do not carry is refused. Beside it a search by words whose first hits are given as
the answer: the same index, nothing that judges whether a passage answers.

Questions with an answer are the gold questions of search, with its judgements; those without one are in
``tests/gold/answers``. Of both, those whose number is divisible by three are held out: nothing was tuned on them.
"""

from __future__ import annotations

import asyncio
import statistics
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final, NamedTuple

import yaml

from api.bootstrap import ensure_release, open_house
from api.gates import GATES
from base.settings import Settings
from benchmarks.search import Asked, Judge, built, questions
from clinical.coded import china_day
from nlp.answers import Ask, Sentence, Sources, Tools, answered, prepared
from nlp.lexicon import Lexicon
from nlp.passages import Passage
from nlp.prompt_starter import shipped
from nlp.search import Index

GOLD: Final = Path(__file__).parents[1] / "tests" / "gold" / "answers" / "unanswerable.yaml"
SHOWN: Final = 6
"""Passages that an answer shows at most: so many hits the longer baseline gives."""
_PURPOSE: Final = "智能问答"
_MOST_ERRORS: Final = 12
Answerer = Callable[[str], list[Passage]]
"""Gives the passages that an answer to a question rests on, in its order; none when it refuses."""


class Reply(NamedTuple):
    """A question with the passages of its answer, and ids of all that answer it (none where no source does)."""

    asked: Asked
    given: list[Passage]
    right: frozenset[str]

    @property
    def hit(self) -> bool:
        return any(one.id in self.right for one in self.given)


class Figures(NamedTuple):
    """Of questions with an answer the shares that are answered, whose answer rests on a passage that answers, and whose
    first passage does; the share of the passages given that answer; of questions without one the share refused."""

    answerable: int
    answered: float
    hit: float
    first: float
    precision: float
    unanswerable: int
    refused: float

    @classmethod
    def of(cls, replies: Sequence[Reply]) -> Figures:
        able = [one for one in replies if one.right]
        unable = [one for one in replies if not one.right]
        given = [one for reply in able for one in ((p.id in reply.right) for p in reply.given)]
        return cls(
            len(able),
            _share([bool(one.given) for one in able]),
            _share([one.hit for one in able]),
            _share([bool(one.given) and one.given[0].id in one.right for one in able]),
            _share(given),
            len(unable),
            _share([not one.given for one in unable]),
        )

    def line(self) -> str:
        return (
            f"answered {self.answered:.1%}, a passage that answers cited {self.hit:.1%}, at first {self.first:.1%}, of the passages "
            f"cited {self.precision:.1%} answer; unanswerable refused {self.refused:.1%}"
        )


def _share(told: Sequence[bool]) -> float:
    return statistics.fmean(told) if told else 0.0


def unanswerable(path: Path = GOLD) -> list[Asked]:
    """Questions that no source of the starter release carries; their kind is why."""
    return [Asked(one["id"], one["question"], one["why"], ()) for one in yaml.safe_load(path.read_text("utf-8"))]


def by_passages(index: Index) -> Answerer:
    """Answers as the service gives them where there is no model. The rules are not asked: they only add to an answer."""
    content = next(one.content for one in shipped() if one.purpose == _PURPOSE)
    today = china_day(datetime.now(UTC))
    tools = Tools(
        Lexicon.of(index.snapshot),
        lambda query, limit: index.answer(query, limit=limit),
        lambda order, beside: (),
        content,
        today,
    )

    async def cited(question: str) -> list[Passage]:
        sources: Sources | None = None
        places: dict[int, None] = {}
        async for part in answered(prepared(Ask(question), tools), tools):
            if isinstance(part, Sources):
                sources = part
            elif isinstance(part, Sentence):
                places |= dict.fromkeys(part.cites)
        return [] if sources is None else [sources.passages[place] for place in places]

    return lambda question: asyncio.run(cited(question))


def by_words(index: Index, hits: int) -> Answerer:
    """The baseline: what a search by words finds first, as it stands."""
    return lambda question: [one.passage for one in index.find(question, mode="lexical", limit=hits)]


def measure(judge: Judge, gold: Sequence[Asked], answerer: Answerer) -> list[Reply]:
    """Ask; what should be answered and the release holds nothing of is left out."""
    replies = []
    for asked in gold:
        right = frozenset(id_ for one in asked.judgements for id_ in judge.holding(one))
        if right or not asked.judgements:
            replies.append(Reply(asked, answerer(asked.text), right))
    return replies


def print_figures(index: Index, gold: Sequence[Asked]) -> None:
    """Ours and the baselines, on what was developed on and on what was held out; errors of the former alone."""
    judge = Judge(index)
    answerers = {
        "ours": by_passages(index),
        "first hit by words": by_words(index, 1),
        f"first {SHOWN} hits by words": by_words(index, SHOWN),
    }
    for title, held in (("developed on", False), ("held out", True)):
        chosen = [one for one in gold if one.held_out is held]
        for name, answerer in answerers.items():
            replies = measure(judge, chosen, answerer)
            figures = Figures.of(replies)
            if name == "ours":
                print(
                    f"  {title}: {figures.answerable} questions, {figures.unanswerable} that nothing answers",
                    flush=True,
                )
            print(f"    {name}: {figures.line()}", flush=True)
            if name == "ours" and not held:
                for line in errors(replies):
                    print(f"      {line}", flush=True)


def errors(replies: Sequence[Reply], most: int = _MOST_ERRORS) -> Iterator[str]:
    """Lines that tell what went wrong, the worst kind first, so many of each."""
    kinds = {
        "answered though nothing carries it": [one for one in replies if not one.right and one.given],
        "answered from passages that do not answer": [
            one for one in replies if one.right and one.given and not one.hit
        ],
        "refused though there is an answer": [one for one in replies if one.right and not one.given],
    }
    for title, wrong in kinds.items():
        yield f"{title}: {len(wrong)}" + (f", the first {most}" if len(wrong) > most else "")
        for one in wrong[:most]:
            yield f"  {one.asked.id} {one.asked.text} ({one.asked.kind})" + _told(one.given)


def _told(given: Sequence[Passage]) -> str:
    return f": {given[0].title} · {given[0].heading}" if given else ""


def report() -> None:
    """Measure and print, on the starter release."""
    with TemporaryDirectory() as scratch:
        house = open_house(Settings(data_dir=Path(scratch) / "data"))
        ensure_release(house, GATES)
        folder = Path(scratch) / "index"
        folder.mkdir()
        index = built(house.releases.open(house.releases.active()), folder)
        print_figures(index, [*questions(), *unanswerable()])
        house.engine.dispose()


if __name__ == "__main__":
    report()
