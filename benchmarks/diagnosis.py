"""Suspected diagnoses: how often the right one is first or among five, whether probabilities mean what they say, against
naive Bayes on two sets of real dialogues.

Simulated patients (``benchmarks.simulated_patients``) come from the release itself: they measure the arithmetic, not the truth
of the knowledge, and they are what ``TEMPER`` is fitted on. Beside them stands c(d) alone, how common each disease is for
such a patient before anything is told: what a probability is worth that has looked at no evidence. The dialogues measure both; nothing is trained on them, but constants were chosen in their sight.
"""

from __future__ import annotations

import json
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import permutations
from math import log, sqrt
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from api.bootstrap import ensure_release, open_house
from api.gates import GATES
from base.settings import Settings
from benchmarks import SHARED
from benchmarks.simulated_patients import Simulated, patients
from inference.assessment import Assessment
from inference.calibration import TEMPER
from inference.diagnosis import Diagnoser
from inference.evidence import merged, of_names
from inference.profiles import Whom
from knowledge.snapshot import Snapshot

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[Any]

SETS: Final = ("dxy", "muzhi")
TEMPERS: Final = (0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0, 1.1)
BINS: Final = 10
_FOLDS: Final = 5
_SEEN_IN_BINS: Final = 10


class Bin(NamedTuple):
    """Probabilities from a tenth to the next: how many, their mean, and how many were right."""

    number: int
    said: float
    right: float


class Prior(NamedTuple):
    """The same of c(d) alone, for age, sex and season, before any evidence: shares with the right disease first and among
    five, expected calibration error, mean −ln P of the right disease. Diseases that are as common share a place."""

    first: float
    five: float
    error: float
    loss: float


class Measured(NamedTuple):
    """Of simulated patients: shares with the right disease first and among five, by department too; reliability, expected
    calibration error, mean −ln P of the right disease by temper; milliseconds of processor time a ranking; the baseline."""

    number: int
    first: float
    five: float
    by_department: dict[str, tuple[int, float, float]]
    bins: list[Bin]
    error: float
    losses: dict[float, float]
    milliseconds: float
    prior: Prior


def measure(snapshot: Snapshot, number: int = 1500, seed: int = 1) -> Measured:
    """Diagnose simulated patients."""
    diagnoser = Diagnoser.of(snapshot)
    drawn = list(patients(snapshot, number, seed))
    diagnoser.assess(drawn[0].evidence, drawn[0].whom)
    began = time.process_time()
    made = [diagnoser.assess(one.evidence, one.whom) for one in drawn]
    for assessment in made:
        assessment.ranked()
    took = time.process_time() - began
    places = [_place(assessment.posterior, one.disease) for assessment, one in zip(made, drawn, strict=True)]
    bins = reliability(_leading([assessment.posterior for assessment in made], drawn))
    return Measured(
        number,
        sum(p == 0 for p in places) / number,
        sum(p < 5 for p in places) / number,
        _by_department(made[0], drawn, places),
        bins,
        expected_error(bins),
        {temper: _loss(made, drawn, temper) for temper in TEMPERS},
        1000 * took / number,
        _prior(made, drawn),
    )


def _prior(made: Sequence[Assessment], drawn: Sequence[Simulated]) -> Prior:
    chances = [assessment.common / assessment.common.sum() for assessment in made]
    number = len(drawn)
    return Prior(
        sum(_within(one, who.disease, 1) for one, who in zip(chances, drawn, strict=True)) / number,
        sum(_within(one, who.disease, 5) for one, who in zip(chances, drawn, strict=True)) / number,
        expected_error(reliability(_leading(chances, drawn))),
        _loss(made, drawn, 0.0),
    )


def _within(chances: Floats, disease: int, first: int) -> float:
    """The chance of a disease to be among so many, where those that are as likely share their places."""
    before, alike = (int((chances > chances[disease]).sum()), int((chances == chances[disease]).sum()))
    return min(max((first - before) / alike, 0.0), 1.0)


def _place(posterior: Floats, disease: int) -> int:
    return int((posterior > posterior[disease]).sum())


def _leading(chances: Iterable[Floats], drawn: Sequence[Simulated]) -> Iterator[tuple[float, bool]]:
    """The leading probabilities of each patient, and whether they were right."""
    for one, who in zip(chances, drawn, strict=True):
        for row in (-one).argsort(kind="stable")[:_SEEN_IN_BINS]:
            yield float(one[row]), int(row) == who.disease


def reliability(said: Iterable[tuple[float, bool]]) -> list[Bin]:
    """Probabilities in ten bins, with how often they came true."""
    found: dict[int, list[tuple[float, bool]]] = defaultdict(list)
    for probability, right in said:
        found[min(int(probability * BINS), BINS - 1)].append((probability, right))
    return [
        Bin(len(pairs), sum(p for p, _ in pairs) / len(pairs), sum(r for _, r in pairs) / len(pairs))
        for _, pairs in sorted(found.items())
    ]


def expected_error(bins: Iterable[Bin]) -> float:
    """Expected calibration error: how far off what was said is, on average."""
    found = list(bins)
    return sum(b.number * abs(b.said - b.right) for b in found) / max(sum(b.number for b in found), 1)


def _by_department(
    any_: Assessment, drawn: Sequence[Simulated], places: Sequence[int]
) -> dict[str, tuple[int, float, float]]:
    found: dict[str, list[int]] = defaultdict(list)
    for one, place in zip(drawn, places, strict=True):
        departments = any_.profiles.profiles[one.disease].qualifiers.get("departments", ("其他",))
        found[departments[0]].append(place)
    ordered = sorted(found.items(), key=lambda pair: -len(pair[1]))
    return {d: (len(p), sum(x == 0 for x in p) / len(p), sum(x < 5 for x in p) / len(p)) for d, p in ordered}


def _loss(made: Sequence[Assessment], drawn: Sequence[Simulated], temper: float) -> float:
    """Mean −ln P of the right disease were the evidence tempered so."""
    import numpy as np

    total = 0.0
    for assessment, one in zip(made, drawn, strict=True):
        logits = np.log(np.maximum(assessment.common, 1e-12)) + assessment.weight * temper / TEMPER
        top = logits.max()
        total -= logits[one.disease] - top - log(np.exp(logits - top).sum())
    return total / len(made)


# -- dialogues ---------------------------------------------------------------------------------


class Compared(NamedTuple):
    """Of a set of dialogues: how many we and naive Bayes (trained on the other four fifths) get right, and how many who
    always names the disease that is commonest by c(d); its share on what it was trained on; words that we did not
    understand."""

    number: int
    ours: int
    prior: int
    bayes: int
    bayes_on_its_own: float
    not_understood: Counter[str]


Case = dict[str, Any]
Said = list[tuple[str, bool]]
"""Names of what a case says, each with whether it is there."""
Reader = Callable[[Case], Said]


def compare(snapshot: Snapshot, name: str, shared: Path = SHARED) -> Compared | None:
    """Ours against naive Bayes on a set; None where the set is not here."""
    cases = _cases(name, shared)
    if not cases:
        return None
    lost = Counter(words for case in cases for words in of_names(_said(case), snapshot)[1])
    table = _table(cases, _said)
    return Compared(
        len(cases),
        _ours(snapshot, cases),
        _commonest(snapshot, cases),
        _crossed(cases),
        float(_bayes().fit(*table).score(*table)),
        lost,
    )


def _cases(name: str, shared: Path) -> list[Case]:
    file = shared / "symptom_diagnosis" / f"{name}_train.json"
    return list(json.loads(file.read_text("utf-8"))) if file.exists() else []


def _said(case: Case) -> Said:
    return list((case["stated"] | case["elicited"]).items())


def _ours(snapshot: Snapshot, cases: list[Case]) -> int:
    """How many we get right among the diseases of all."""
    diseases, diagnoser = sorted({case["disease"] for case in cases}), Diagnoser.of(snapshot)
    told = ((case["disease"], merged(of_names(_said(case), snapshot)[0])) for case in cases)
    return sum(diagnoser.assess(said, Whom(), diseases).ranked()[0].words == right for right, said in told)


def _commonest(snapshot: Snapshot, cases: list[Case]) -> int:
    """How many are right if the same is always said: the disease of all that comes first before any evidence."""
    diseases = sorted({case["disease"] for case in cases})
    first = Diagnoser.of(snapshot).assess((), Whom(), diseases).ranked()[0].words
    return sum(case["disease"] == first for case in cases)


def _table(cases: list[Case], reader: Reader, others: Iterable[Case] = ()) -> tuple[Floats, Floats]:
    """Cases as two features (0 or 1) of each name that they or others say, there and said to be absent; and their
    diseases."""
    import numpy as np

    said = [set(reader(case)) for case in cases]
    names = {name for case in (*cases, *others) for name, _ in reader(case)}
    columns = [(name, present) for present in (True, False) for name in sorted(names)]
    return np.array([[c in s for c in columns] for s in said], float), np.array([case["disease"] for case in cases])


def _bayes() -> Any:
    """A Bernoulli naive Bayes (Laplace smoothing)."""
    from sklearn.naive_bayes import BernoulliNB

    return BernoulliNB()


def _crossed(cases: list[Case]) -> int:
    """How many naive Bayes gets right in cross-validation on these very cases."""
    from sklearn.model_selection import StratifiedKFold, cross_val_predict

    folds = StratifiedKFold(_FOLDS, shuffle=True, random_state=0)
    table, wanted = _table(cases, _said)
    return int((cross_val_predict(_bayes(), table, wanted, cv=folds) == wanted).sum())


class Carried(NamedTuple):
    """Of the dialogues about diseases that both sets have: how many we get right; how many naive Bayes does that was
    trained on the other set, by its words and by the findings that we read in them; and on this set itself."""

    number: int
    ours: int
    by_words: int
    by_findings: int
    at_home: int


def carry(snapshot: Snapshot, name: str, other: str, shared: Path = SHARED) -> Carried | None:
    """Ours against what naive Bayes learned at another site; None where a set is not here."""
    here, there = _cases(name, shared), _cases(other, shared)
    both = {case["disease"] for case in here} & {case["disease"] for case in there}
    here, there = ([case for case in cases if case["disease"] in both] for cases in (here, there))
    if not both:
        return None

    def findings(case: Case) -> Said:
        return [(one.finding, one.present) for one in merged(of_names(_said(case), snapshot)[0])]

    carried = [_learned(there, here, reader) for reader in (_said, findings)]
    return Carried(len(here), _ours(snapshot, here), *carried, _crossed(here))


def _learned(train: list[Case], test: list[Case], reader: Reader) -> int:
    """How many naive Bayes gets right that was trained on other cases."""
    model = _bayes().fit(*_table(train, reader, test))
    table, wanted = _table(test, reader, train)
    return int((model.predict(table) == wanted).sum())


def interval(right: int, number: int) -> tuple[float, float]:
    """95 % confidence interval of a share (Wilson 1927)."""
    z, share = 1.96, right / number
    middle = (share + z * z / (2 * number)) / (1 + z * z / number)
    half = z * sqrt(share * (1 - share) / number + z * z / (4 * number**2)) / (1 + z * z / number)
    return middle - half, middle + half


# -- report ------------------------------------------------------------------------------------


def report(shared: Path = SHARED) -> None:
    """Publish the starter release, measure and print."""
    with tempfile.TemporaryDirectory() as folder:
        house = open_house(Settings(data_dir=Path(folder)))
        ensure_release(house, GATES)
        print_figures(house.releases.open(house.releases.active()), shared)
        house.engine.dispose()


def print_figures(snapshot: Snapshot, shared: Path = SHARED) -> None:
    """Measure on a release and print."""
    found = measure(snapshot)
    print(
        f"  simulated: {found.number} patients: first {found.first:.1%}, first five {found.five:.1%}, "
        f"{found.milliseconds:.1f} ms a ranking, expected calibration error {found.error:.3f}, "
        f"loss (mean −ln P of the right disease) {found.losses[TEMPER]:.3f}",
        flush=True,
    )
    prior = found.prior
    print(
        f"    c(d) for age, sex and season alone: first {prior.first:.1%}, first five {prior.five:.1%}, expected calibration "
        f"error {prior.error:.3f}, loss {prior.loss:.3f}",
        flush=True,
    )
    for department, (number, first, five) in list(found.by_department.items())[:15]:
        print(f"    {department}: {number} patients, first {first:.0%}, first five {five:.0%}", flush=True)
    for one in found.bins:
        print(f"    said {one.said:.2f}: came true {one.right:.2f} of {one.number}", flush=True)
    best = min(found.losses, key=lambda temper: found.losses[temper])
    told = ", ".join(f"{temper}: {loss:.3f}" for temper, loss in found.losses.items())
    print(f"    loss by temper: {told}; best {best}, shipped {TEMPER}", flush=True)
    for name in SETS:
        compared = compare(snapshot, name, shared)
        if compared is not None:
            print(_line(name, compared), flush=True)
    for name, other in permutations(SETS):
        carried = carry(snapshot, name, other, shared)
        if carried is not None:
            print(_carried(name, other, carried), flush=True)


def _line(name: str, found: Compared) -> str:
    low, high = interval(found.ours, found.number)
    bayes_low, bayes_high = interval(found.bayes, found.number)
    return (
        f"  {name}: {found.number} dialogues: ours {found.ours / found.number:.1%} ({low:.1%} to {high:.1%}); c(d) "
        f"alone {found.prior / found.number:.1%}; naive Bayes "
        f"trained on them {found.bayes / found.number:.1%} ({bayes_low:.1%} to {bayes_high:.1%}), "
        f"on its own training part {found.bayes_on_its_own:.1%}; not understood: "
        + (", ".join(f"{words} {times}" for words, times in found.not_understood.most_common(5)) or "nothing")
    )


def _carried(name: str, other: str, found: Carried) -> str:
    ours, words, findings, home = (right / found.number for right in found[1:])
    return (
        f"  {name}, {found.number} dialogues of diseases that {other} has too: ours {ours:.1%}; naive Bayes trained on "
        f"{other} {words:.1%} by words, {findings:.1%} by findings as we read them; on {name} itself {home:.1%}"
    )


if __name__ == "__main__":
    report()
