"""How often a written name is normalised to the right name of the standard, and how fast.

Operations: pairs of the CHIP term normalisation set; a pair is held out when the hash of its written name is divisible
by five, the others are what is trained on. Others: of each shipped concept one synonym is taken out of the release,
then asked for.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final, NamedTuple

from benchmarks import SHARED, term_floor
from knowledge.compile import Content, compile_release
from knowledge.model import Concept
from knowledge.naming import normal_name
from knowledge.snapshot import Snapshot, hash_key
from loaders import icd9cm3
from nlp.term_index import Index
from nlp.term_strangers import strangers
from nlp.term_training import train
from nlp.terms import SYSTEMS, Candidate, Normaliser

_EVERY: Final = 5
_LEAST: Final = 2
Pair = tuple[str, tuple[str, ...]]


class Score(NamedTuple):
    """Shares of names: something is offered, the first candidate is right, one of the first five is, all that a name
    lists is found and nothing else; and names a second. ``first`` is of all names, those refused too."""

    names: int
    answered: float
    first: float
    five: float
    whole: float
    per_second: float


def pairs(shared: Path) -> list[Pair]:
    """Written names with what they mean, as normal names."""
    table = shared / "clinical_terms_norm/procedure_terms_train.csv"
    rows = (line.split("\t") for line in table.read_text("utf-8").splitlines()[1:])
    return [(written, tuple(map(normal_name, meant.split("##")))) for written, meant in rows]


def is_held_out(written: str) -> bool:
    return hash_key(written) % _EVERY == 0


def standard(shared: Path, scratch: Path) -> Snapshot:
    """A release of nothing but ICD-9-CM-3."""
    rows = icd9cm3.rows(shared / "icd")
    return _compiled(
        [row.record for row in rows if isinstance(getattr(row, "record", None), Concept)], scratch / "icd9.ygr"
    )


def measure(normaliser: Normaliser, system: str, asked: Sequence[Pair]) -> Score:
    """Ask for names and compare."""
    texts = [written for written, _ in asked]
    normaliser.many(texts[:_LEAST], system)
    begin = time.perf_counter()
    answers = normaliser.many(texts, system)
    took = time.perf_counter() - begin
    return Score(len(asked), *_shares(answers, asked), len(asked) / took)


def _shares(answers: Sequence[list[list[Candidate]]], asked: Sequence[Pair]) -> tuple[float, float, float, float]:
    answered = first = five = whole = 0
    for told, (_, meant) in zip(answers, asked, strict=True):
        names = [[normal_name(one.name) for one in part] for part in told]
        answered += any(names)
        first += bool(names[0]) and names[0][0] in meant
        five += any(name in meant for name in names[0][:5])
        whole += {part[0] for part in names if part} == set(meant)
    return answered / len(asked), first / len(asked), five / len(asked), whole / len(asked)


def baseline(index: Index, asked: Sequence[Pair]) -> float:
    """Nearest name by TF-IDF of one to three characters as scikit-learn counts them."""
    from sklearn.feature_extraction.text import TfidfVectorizer

    counted = TfidfVectorizer(analyzer="char", ngram_range=(1, 3))
    names = counted.fit_transform(index.names)
    nearest = (counted.transform([normal_name(text) for text, _ in asked]) @ names.T).toarray().argmax(axis=1)
    return sum(index.names[at] in meant for at, (_, meant) in zip(nearest, asked, strict=True)) / len(asked)


def held_out_synonyms(snapshot: Snapshot, system: str, scratch: Path) -> tuple[Snapshot, list[tuple[str, str]]]:
    """A release without one synonym of each concept of a system, and those synonyms with the concept's id."""
    asked, kept = [], []
    for concept in snapshot.concepts():
        taken = _taken(snapshot, concept) if concept.kind in SYSTEMS[system].kinds else ""
        if taken:
            asked.append((taken, concept.id))
        kept.append(_without(concept, taken) if taken else concept)
    return _compiled(kept, scratch / f"without-{system}.ygr"), asked


def _taken(snapshot: Snapshot, concept: Concept) -> str:
    """The synonym to ask for: the one with the least hash, of those that nothing else bears."""
    own = [
        s for s in concept.synonyms if len(snapshot.by_name(s)) == 1 and normal_name(s) != normal_name(concept.name)
    ]
    return min(own, key=hash_key) if own else ""


def _without(concept: Concept, name: str) -> Concept:
    from msgspec import structs

    return structs.replace(
        concept, synonyms=tuple(s for s in concept.synonyms if normal_name(s) != normal_name(name))
    )


def _compiled(concepts: Sequence[Concept], path: Path) -> Snapshot:
    compile_release(Content(list(concepts), []), path)
    return Snapshot(path, path.stem)


def report(shared: Path = SHARED) -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as folder:
        scratch = Path(folder)
        whole, trial = starter(scratch), term_floor.Trial()
        if (shared / "clinical_terms_norm").exists() and (shared / "icd").exists():
            _operations(shared, scratch, whole, trial)
        _synonyms(scratch, whole, trial)
        term_floor.report(trial)


def starter(scratch: Path) -> Snapshot:
    """The release that we ship."""
    from api.bootstrap import ensure_release, open_house
    from api.gates import GATES
    from base.settings import Settings

    house = open_house(Settings(data_dir=scratch / "house"))
    ensure_release(house, GATES)
    return house.releases.open(house.releases.active())


def _operations(shared: Path, scratch: Path, whole: Snapshot, trial: term_floor.Trial) -> None:
    snapshot, found = standard(shared, scratch), pairs(shared)
    held = [pair for pair in found if is_held_out(pair[0])]
    learned = [(w, meant[0]) for w, meant in found if not is_held_out(w) and len(meant) == 1]
    plain = Normaliser(snapshot)
    index = plain.index("icd-9-cm-3")
    print(f"  operations: {len(held)} held-out names against {len(index.names)}", flush=True)
    print(f"  n-gram baseline: first {baseline(index, held):.1%}", flush=True)
    _say("untrained", measure(plain, "icd-9-cm-3", held))
    begin = time.perf_counter()
    others = [t for t in strangers(whole, "icd-9-cm-3", frozenset(index.names)) if not term_floor.held_out(t)]
    model = train(index, "icd-9-cm-3", learned, others).model
    print(f"  trained on {model.about.pairs} pairs in {time.perf_counter() - begin:.0f} s", flush=True)
    model.save(scratch / "terms/icd-9-cm-3")
    trained = Normaliser(snapshot, scratch / "terms")
    _say("trained", measure(trained, "icd-9-cm-3", held))
    _say("trained, names of one operation", measure(trained, "icd-9-cm-3", [p for p in held if len(p[1]) == 1]))
    _say("trained, names of several", measure(trained, "icd-9-cm-3", [p for p in held if len(p[1]) > 1]))
    foreign = term_floor.foreign(whole, index, "icd-9-cm-3")
    share = term_floor.offered(trained, "icd-9-cm-3", foreign)
    print(
        f"  trained: something is offered for {share:.1%} of {len(foreign)} texts that are no operation", flush=True
    )
    asked = [pair for pair in found if len(pair[1]) == 1]
    trial.add(index, term_floor.Asked(tuple(w for w, _ in asked), tuple(frozenset(meant) for _, meant in asked)))


def _synonyms(scratch: Path, whole: Snapshot, trial: term_floor.Trial) -> None:
    for system in SYSTEMS:
        snapshot, asked = held_out_synonyms(whole, system, scratch)
        normaliser = Normaliser(snapshot)
        trial.add(normaliser.index(system), term_floor.synonyms(snapshot, asked))
        answers = normaliser.many([text for text, _ in asked], system)
        ids = [[one.id for one in part[0]] for part in answers]
        first = sum(found[:1] == [right] for found, (_, right) in zip(ids, asked, strict=True)) / len(asked)
        five = sum(right in found for found, (_, right) in zip(ids, asked, strict=True)) / len(asked)
        print(
            f"  {system}: {len(asked)} synonyms not in the release: first {first:.1%}, first five {five:.1%}",
            flush=True,
        )


def _say(what: str, score: Score) -> None:
    print(
        f"  {what}: {score.names} names, answered {score.answered:.1%}, first {score.first:.1%} (of those answered "
        f"{score.first / max(score.answered, 1e-9):.1%}), first five {score.five:.1%}, "
        f"exactly what is meant {score.whole:.1%}, {score.per_second:,.0f} names/s",
        flush=True,
    )


if __name__ == "__main__":
    report()
