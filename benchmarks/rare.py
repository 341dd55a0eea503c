"""How well rare diseases are found among some twelve thousand, by patients who were made up from what their disease shows.

A patient shows each phenotype of their disease as often as patients with it do (where nobody counted, a share between
0.2 and 0.9 is drawn). What is told of them may be little, may hold phenotypes that have nothing to do with it
(``noise``), and may be vague (a phenotype replaced by one of its kind, ``imprecision``). Patients and ranking draw on
the same annotations: these figures compare methods and say nothing of real clinics, where histories are poorer.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np

from benchmarks import SHARED
from inference.rare import Observed, RareDiseases
from knowledge.compile import Content, compile_release
from knowledge.intake import Row, stamp
from knowledge.model import Article, Concept, Rule, Source, Statement
from knowledge.snapshot import Snapshot
from loaders.hpo import LOADER

PATIENTS: Final = 500
"""Of each kind."""
_LEAST, _MOST = 2, 8
_VAGUEST: Final = 1.0
"""Information content (nats) below which a kind is too wide for anybody to write it down."""


class Scene(NamedTuple):
    """How patients are told of: at most so many phenotypes, unrelated ones for each of theirs, share of vague ones."""

    title: str
    most: int = _MOST
    noise: float = 0.0
    imprecision: float = 0.0


SCENES: Final = (
    Scene("as they are"),
    Scene("half as many unrelated", noise=0.5),
    Scene("half of them vague", imprecision=0.5),
    Scene("both", noise=0.5, imprecision=0.5),
    Scene("four at most, both", 4, 0.5, 0.5),
)


class Patient(NamedTuple):
    """Row of the disease, rows of the phenotypes that are told."""

    disease: int
    told: tuple[int, ...]


class Found(NamedTuple):
    """Shares of patients whose disease comes first and among ten, mean of 1/rank, milliseconds a patient."""

    first: float
    ten: float
    reciprocal: float
    milliseconds: float


def release_of(folder: Path, labels: Path) -> Snapshot:
    """A release of nothing but the ontology and its diseases."""
    content = Content()
    kinds: dict[type, list[Any]] = {
        Concept: content.concepts,
        Statement: content.statements,
        Article: content.articles,
        Rule: content.rules,
        Source: content.sources,
    }
    for row in LOADER.rows(labels):
        if isinstance(row, Row):
            record = stamp(row.record, LOADER)
            kinds[type(record)].append(record)
    path = folder / "hpo.ygr"
    compile_release(content, path)
    return Snapshot(path, "hpo")


def patients(rare: RareDiseases, scene: Scene, number: int, seed: int) -> list[Patient]:
    """Patients of a scene, the same for the same seed."""
    draw, atlas = np.random.default_rng(seed), rare.atlas
    shown = atlas.shown
    enough = np.flatnonzero(np.diff(shown.indptr) > _LEAST)
    made: list[Patient] = []
    while len(made) < number:
        disease = int(draw.choice(enough))
        here = slice(shown.indptr[disease], shown.indptr[disease + 1])
        stated = atlas.stated.data[here] > 0
        share = np.where(stated, shown.data[here], draw.uniform(0.2, 0.9, here.stop - here.start))
        own = draw.permutation(shown.indices[here][draw.random(len(share)) < share])[: scene.most]
        if len(own) >= _LEAST:
            told = [_vague(rare, int(row), draw) if draw.random() < scene.imprecision else int(row) for row in own]
            told += [int(row) for row in draw.choice(shown.indices, round(len(own) * scene.noise))]
            made.append(Patient(disease, tuple(dict.fromkeys(told))))
    return made


def _vague(rare: RareDiseases, row: int, draw: np.random.Generator) -> int:
    """One of the kinds of a phenotype, itself when all are too wide."""
    atlas = rare.atlas
    kinds = [int(a) for a in atlas.above[row] if a != row and -np.log(atlas.rate[a]) > _VAGUEST]
    return int(draw.choice(kinds)) if kinds else row


Method = Callable[[RareDiseases, Sequence[int]], Any]


def likelihood(rare: RareDiseases, told: Sequence[int]) -> Any:
    """What the service does."""
    return rare.scores([Observed(rare.atlas.phenotypes[row]) for row in told])


def overlap(rare: RareDiseases, told: Sequence[int]) -> Any:
    """Jaccard index of the phenotypes as they are told."""
    shown, wanted = rare.atlas.shown, np.zeros(len(rare.atlas.phenotypes))
    wanted[list(told)] = 1
    both = (shown > 0) @ wanted
    return both / (np.diff(shown.indptr) + len(told) - both)


def jaccard(rare: RareDiseases, told: Sequence[int]) -> Any:
    """Jaccard index of the phenotypes with all they are a kind of."""
    carried, wanted = rare.atlas.carried > 0, np.zeros(len(rare.atlas.phenotypes))
    for row in told:
        wanted[rare.atlas.above[row]] = 1
    both = carried @ wanted
    return both / (np.asarray(carried.sum(1)).ravel() + wanted.sum() - both)


def resnik(rare: RareDiseases, told: Sequence[int], lin: bool = False) -> Any:
    """Mean of the best matches both ways (Köhler et al. 2009), by the information content of the nearest common
    kind, or by Lin's ratio."""
    atlas, shown = rare.atlas, rare.atlas.shown
    content = -np.log(np.maximum(np.diff(atlas.carried.indptr), 0.5) / len(atlas.diseases))
    alike = np.zeros((len(told), len(atlas.phenotypes)), np.float32)
    for number, row in enumerate(told):
        for kin in sorted(atlas.above[row], key=lambda a: content[a]):
            alike[number, atlas.below.indices[atlas.below.indptr[kin] : atlas.below.indptr[kin + 1]]] = content[kin]
        if lin:
            alike[number] = 2 * alike[number] / np.maximum(content[row] + content, 1e-6)
    some = np.flatnonzero(np.diff(shown.indptr))
    starts = shown.indptr[:-1][some]
    mine = np.mean([np.maximum.reduceat(alike[n, shown.indices], starts) for n in range(len(told))], axis=0)
    theirs = np.add.reduceat(alike.max(0)[shown.indices], starts) / np.diff(shown.indptr)[some]
    total = np.zeros(len(atlas.diseases))
    total[some] = (mine + theirs) / 2
    return total


def lin(rare: RareDiseases, told: Sequence[int]) -> Any:
    """``resnik`` by Lin's ratio."""
    return resnik(rare, told, lin=True)


METHODS: Final[dict[str, Method]] = {
    "likelihood (served)": likelihood,
    "Lin, best matches": lin,
    "Resnik, best matches": resnik,
    "term overlap": overlap,
    "Jaccard with kinds": jaccard,
}


def measured(rare: RareDiseases, method: Method, made: Sequence[Patient]) -> Found:
    """Ranks of the patients' diseases; of equal scores the middle of their places counts."""
    ranks, begin = [], time.process_time()
    for patient in made:
        scores = method(rare, patient.told)
        mine = scores[patient.disease]
        ranks.append(1 + float((scores > mine).sum()) + float((scores == mine).sum() - 1) / 2)
    took = time.process_time() - begin
    place = np.array(ranks)
    shares = (float(np.mean(place < 2)), float(np.mean(place <= 10)), float(np.mean(1 / place)))
    return Found(*shares, 1000 * took / len(made))


def report(shared: Path = SHARED, number: int = PATIENTS) -> None:
    """Measure and print."""
    labels = shared / "hpo_zh"
    if not labels.exists():
        print("  rare: no Chinese labels of HPO here, not measured", flush=True)
        return
    with tempfile.TemporaryDirectory() as folder:
        snapshot = release_of(Path(folder), labels)
        begin = time.process_time()
        rare = RareDiseases.of(snapshot)
        took, atlas = time.process_time() - begin, rare.atlas
        print(
            f"  rare: {len(atlas.diseases):,} diseases, {atlas.shown.nnz:,} annotations, made in {took:.1f} s",
            flush=True,
        )
        for scene in SCENES:
            made = patients(rare, scene, number, seed=20261126)
            mean = np.mean([len(patient.told) for patient in made])
            print(f"  {scene.title}: {number} patients, {mean:.1f} phenotypes each", flush=True)
            for title, method in METHODS.items():
                found = measured(rare, method, made)
                print(
                    f"    {title:22} first {found.first:6.1%}  among ten {found.ten:6.1%}  1/rank {found.reciprocal:.3f}  "
                    f"{found.milliseconds:5.1f} ms",
                    flush=True,
                )


if __name__ == "__main__":
    report()
