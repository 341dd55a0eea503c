"""How well and how fast the release is searched: the gold questions by words, by vectors and by both.

A question's judgements name statements by subject, predicate and object; a passage that holds one counts. Questions
whose number is divisible by three are held out: nothing was tuned on them.
"""

from __future__ import annotations

import math
import statistics
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final, NamedTuple

import yaml

from api.bootstrap import House, ensure_release, open_house
from api.gates import GATES
from base.settings import Settings
from base.tenancy import system
from benchmarks import SHARED, release
from knowledge.model import SYMMETRIC, Predicate
from knowledge.release import publish
from knowledge.snapshot import Snapshot
from nlp import search
from nlp.passages import Passage
from nlp.search import MODES, Found, Index

GOLD: Final = Path(__file__).parents[1] / "tests" / "gold" / "search" / "queries.yaml"
FIRST: Final = 10
_HELD_OUT: Final = 3
Ask = Callable[[str], list[Found]]


class Judgement(NamedTuple):
    """A statement that answers (grade 2) or helps (1): without an object any of that subject and predicate."""

    subject: str
    predicate: Predicate
    object: str
    grade: int


class Asked(NamedTuple):
    """A gold question."""

    id: str
    text: str
    kind: str
    judgements: tuple[Judgement, ...]

    @property
    def held_out(self) -> bool:
        return int(self.id.rpartition("-")[2]) % _HELD_OUT == 0


class Score(NamedTuple):
    """Of one question: the share of its judgements with a passage among the first ten, nDCG of those ten, and the
    share of the passages that could be there."""

    recall: float
    ndcg: float
    passages: float


def questions(path: Path = GOLD) -> list[Asked]:
    """The gold questions."""
    return [
        Asked(
            q["id"],
            q["question"],
            q["kind"],
            tuple(
                Judgement(r["subject"], Predicate(r["predicate"]), r.get("object", ""), r["grade"])
                for r in q["relevant"]
            ),
        )
        for q in yaml.safe_load(path.read_text("utf-8"))
    ]


class Judge:
    """Grades the passages of one release."""

    def __init__(self, index: Index) -> None:
        self._index = index
        self._about: dict[tuple[str, str], list[Passage]] = {}
        for row in range(len(index)):
            p = index.passage(row)
            for name in (
                {p.concept, *(p.objects if Predicate(p.predicate) in SYMMETRIC else ())} if p.predicate else ()
            ):
                self._about.setdefault((index.snapshot.name(name), p.predicate), []).append(p)

    def holding(self, wanted: Judgement) -> set[str]:
        """Ids of the passages that hold a judgement."""
        found = self._about.get((wanted.subject, wanted.predicate.value), ())
        return {p.id for p in found if not wanted.object or wanted.object in self._named(p, wanted)}

    def _named(self, p: Passage, wanted: Judgement) -> set[str]:
        ids = {*p.objects, p.concept} if wanted.predicate in SYMMETRIC else set(p.objects)
        names = {self._index.snapshot.name(one) for one in ids}
        return names - {wanted.subject} if self._index.snapshot.name(p.concept) != wanted.object else names

    def score(self, asked: Asked, found: Sequence[Found]) -> Score | None:
        """None when the release holds nothing of what was asked for."""
        held = [(self.holding(j), j.grade) for j in asked.judgements]
        held = [(ids, grade) for ids, grade in held if ids]
        if not held:
            return None
        grades: dict[str, int] = {}
        for ids, grade in held:
            grades.update({id_: max(grade, grades.get(id_, 0)) for id_ in ids})
        first = [f.passage.id for f in found[:FIRST]]
        hit = sum(bool(ids.intersection(first)) for ids, _ in held) / len(held)
        gained = _gain([grades.get(id_, 0) for id_ in first])
        best = _gain(sorted(grades.values(), reverse=True)[:FIRST])
        there = sum(id_ in grades for id_ in first) / min(FIRST, len(grades))
        return Score(hit, gained / best, there)


def _gain(grades: Iterable[int]) -> float:
    """Discounted cumulative gain (Järvelin and Kekäläinen 2002), gain 2^grade − 1."""
    return sum((2**grade - 1) / math.log2(place + 2) for place, grade in enumerate(grades))


class Figures(NamedTuple):
    """Means over questions, and how many there were."""

    questions: int
    recall: float
    ndcg: float
    passages: float

    @classmethod
    def of(cls, scores: Sequence[Score]) -> Figures:
        if not scores:
            return cls(0, 0.0, 0.0, 0.0)
        return cls(len(scores), *(statistics.fmean(column) for column in zip(*scores, strict=True)))

    def line(self) -> str:
        return f"recall@10 {self.recall:.3f}, nDCG@10 {self.ndcg:.3f}, passages@10 {self.passages:.3f}"


def measure(index: Index, gold: Sequence[Asked], mode: str) -> dict[str, Score]:
    """Scores by question, those that the release can answer."""
    return measured(Judge(index), gold, lambda text: index.find(text, mode=mode, limit=FIRST))


def measured(judge: Judge, gold: Sequence[Asked], ask: Ask) -> dict[str, Score]:
    """The same with any way to ask."""
    scored = ((asked.id, judge.score(asked, ask(asked.text))) for asked in gold)
    return {id_: score for id_, score in scored if score is not None}


def latencies(index: Index, gold: Sequence[Asked], rounds: int = 3, **filters: Any) -> tuple[float, float, float]:
    """Milliseconds at the median, at 95 and at 99 of 100 hybrid searches, one after another."""
    taken = []
    for _ in range(rounds):
        for asked in gold:
            begin = time.perf_counter()
            index.find(asked.text, **filters)
            taken.append(1000 * (time.perf_counter() - begin))
    cut = statistics.quantiles(taken, n=100)
    return cut[49], cut[94], cut[98]


# -- what is printed ---------------------------------------------------------------------------


def print_figures(index: Index, gold: Sequence[Asked]) -> None:
    """Words, vectors and both, on the questions developed on and on those held out."""
    judge = Judge(index)
    for mode in MODES:
        scores = measured(judge, gold, lambda text, mode=mode: index.find(text, mode=mode, limit=FIRST))
        for title, held in (("developed on", False), ("held out", True)):
            chosen = [scores[a.id] for a in gold if a.held_out is held and a.id in scores]
            figures = Figures.of(chosen)
            print(f"  {mode:8} {title:12} ({figures.questions} questions): {figures.line()}", flush=True)


def print_speed(index: Index, gold: Sequence[Asked]) -> None:
    """How long a search takes."""
    index.find(gold[0].text)
    half, most, nearly_all = latencies(index, gold)
    print(
        f"  {len(index):,} passages: p50 {half:.1f} ms, p95 {most:.1f} ms (≤ 50), p99 {nearly_all:.1f} ms", flush=True
    )
    half, most, _ = latencies(index, gold, 1, kinds=("ingredient",), since=2015)
    print(f"  with filters: p50 {half:.1f} ms, p95 {most:.1f} ms", flush=True)


def built(snapshot: Snapshot, folder: Path) -> Index:
    """Build and open an index; says how long both took."""
    begin, busy = time.perf_counter(), time.process_time()
    meta = search.build(snapshot, folder)
    took, worked = time.perf_counter() - begin, time.process_time() - busy
    print(
        f"  {meta.passages:,} passages built in {took:.0f} s ({worked:.0f} s of processor; "
        f"{worked * 100_000 / meta.passages:.0f} s for 100,000, ≤ 120)",
        flush=True,
    )
    begin = time.perf_counter()
    index = Index.open(folder, snapshot)
    print(f"  opened in {time.perf_counter() - begin:.1f} s", flush=True)
    return index


def of_release(house: House, title: str, folder: Path) -> None:
    """Everything about the active release of a house."""
    print(f"  -- {title}", flush=True)
    folder.mkdir()
    index, gold = built(house.releases.open(house.releases.active()), folder), questions()
    print_figures(index, gold)
    print_speed(index, gold)


def report(shared: Path = SHARED) -> None:
    """Measure and print: the starter release, and one with all shared data."""
    with TemporaryDirectory() as scratch, system("benchmark"):
        house = open_house(Settings(data_dir=Path(scratch) / "data"))
        ensure_release(house, GATES)
        of_release(house, "starter release", Path(scratch) / "starter")
        if shared.exists():
            release.load_shared(house, shared, lambda line: None)
            publish(house.store, house.releases, house.key, GATES, "benchmark")
            of_release(house, "with shared data", Path(scratch) / "full")
        house.engine.dispose()


if __name__ == "__main__":
    report(Path(sys.argv[1]) if len(sys.argv) > 1 else SHARED)
