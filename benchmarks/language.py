"""Reading Chinese records: what is recognised and how it is meant, on the gold fragments, per phenomenon; speed.

Beside it stand two baselines over the very same names: the longest at each place, all taken as the patient's own, there
and of now; and the same with a word of denial before it in its clause read as a denial.
"""

from __future__ import annotations

import re
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, NamedTuple

import yaml
from ahocorasick_rs import AhoCorasick, MatchKind

from api.bootstrap import ensure_release, open_house
from api.gates import GATES
from base.settings import Settings
from knowledge.snapshot import Snapshot
from nlp.assertion import Assertion
from nlp.facts import Fact, read
from nlp.lexicon import Lexicon
from nlp.senses import entries, folded

GOLD: Final = Path(__file__).parents[1] / "tests" / "gold" / "language"
_ASPECTS: Final[dict[str, tuple[str, ...]]] = {
    "negation": ("assertion",),
    "uncertainty": ("assertion",),
    "hypothetical": ("assertion",),
    "family": ("who", "assertion"),
    "history": ("when",),
    "resolved": ("when",),
    "value": ("value", "low", "high", "comparator", "unit"),
    "duration": ("days",),
    "site": ("site",),
    "side": ("side",),
    "drug": ("dose", "dose_unit", "frequency", "route"),
}
"""What must be right of a recognised fact for a phenomenon to count as read."""
DEVELOPED: Final = "developed on"
_DEFAULTS: Final = {"assertion": "present", "when": "current", "who": "patient"}
_PROBLEMS: Final = frozenset({"finding", "disease"})
_WORST_FIRST: Final = (
    *("assertion", "who", "dose", "dose_unit", "frequency", "route", "value", "low", "high", "comparator", "unit"),
    *("missed", "when", "unwanted", "name", "side", "days", "site"),
)
"""What can be wrong, what could harm most in front: a denial read as a complaint, a relative's disease, a dose."""
_MOST_ERRORS: Final = 40
_DENIED: Final = re.compile(r"(?:无|否认|未|没|不伴)[^，,。；;\n]*$")
"""A word of denial, with nothing that ends its clause behind it."""
Reader = Callable[[str, Lexicon, str], list[Fact]]
"""Gives the facts of a text, of which a heading may be known."""


class Error(NamedTuple):
    """What went wrong with a fragment: which aspect of a fact, or that a name is ``missed`` or ``unwanted``."""

    fragment: str
    aspect: str
    told: str


@dataclass(slots=True)
class Tally:
    """``right`` of ``found``, out of ``wanted``."""

    right: int = 0
    found: int = 0
    wanted: int = 0

    @property
    def precision(self) -> float:
        return self.right / self.found if self.found else 1.0

    @property
    def recall(self) -> float:
        return self.right / self.wanted if self.wanted else 1.0

    @property
    def f1(self) -> float:
        both = self.precision + self.recall
        return 2 * self.precision * self.recall / both if both else 0.0


@dataclass(slots=True)
class Measured:
    """Names recognised, facts meant right (there or not, of whom, when), facts right in every aspect, each phenomenon, and
    what went wrong. A phenomenon counts the facts that show it, so that to say "present" of all is right of no denial;
    what a reading costs where there is none, ``meant`` tells, of all facts."""

    names: Tally = field(default_factory=Tally)
    meant: Tally = field(default_factory=Tally)
    facts: Tally = field(default_factory=Tally)
    phenomena: dict[str, Tally] = field(default_factory=lambda: defaultdict(Tally))
    errors: list[Error] = field(default_factory=list)
    fragments: int = 0


def gold(folder: Path = GOLD) -> list[dict[str, Any]]:
    """The fragments of the gold set."""
    return [one for file in sorted(folder.glob("*.yaml")) for one in yaml.safe_load(file.read_text("utf-8"))]


def held_out(fragment: dict[str, Any]) -> bool:
    """The fresh fragments: nobody looks at what goes wrong there while the reading is being made better."""
    return str(fragment["id"]).startswith("fresh")


def measure(lexicon: Lexicon, fragments: Iterable[dict[str, Any]], reader: Reader = read) -> Measured:
    """Read every fragment and compare."""
    found = Measured()
    for fragment in fragments:
        found.fragments += 1
        _compare(fragment, reader(fragment["text"], lexicon, fragment.get("section", "")), lexicon, found)
    return found


def longest(snapshot: Snapshot, denials: bool = False) -> Reader:
    """A baseline: of the very names that we read by, the longest at each place, in the first of its meanings. All is
    taken as the patient's own, there, and of now, but for what is denied in its clause, if ``denials`` are looked for;
    no value, time, part of the body or dose is read."""
    known = entries(snapshot)
    names = list(known)
    automaton = AhoCorasick(names, matchkind=MatchKind.LeftmostLongest)

    def reader(text: str, lexicon: Lexicon, section: str) -> list[Fact]:
        found = []
        for number, start, end in automaton.find_matches_as_indexes(folded(text)):
            denied = denials and _DENIED.search(text[:start]) is not None
            assertion = Assertion.ABSENT if denied else Assertion.PRESENT
            for sense in known[names[number]].senses[:1]:  # none: a word that only keeps shorter names from counting
                found.append(Fact(start, end, text[start:end], sense.kind, sense.concept, sense.name, assertion))
        return found

    return reader


def _compare(fragment: dict[str, Any], facts: list[Fact], lexicon: Lexicon, into: Measured) -> None:
    left = list(facts)
    for tally in (into.names, into.meant, into.facts):
        tally.found += len(facts)
        tally.wanted += len(fragment["facts"])
    for wanted in fragment["facts"]:
        start, end = _place(fragment["text"], wanted)
        match = next((one for one in left if _same(one, wanted, start, end)), None)
        if match is None:
            into.errors.append(
                Error(fragment["id"], "missed", f"missed {wanted['span']} ({wanted['name']}, {wanted['kind']})")
            )
        else:
            left.remove(match)
            into.names.right += 1
        wrong = [] if match is None else _wrong(match, wanted, lexicon.snapshot)
        into.facts.right += match is not None and not wrong
        into.meant.right += match is not None and not any(name in _DEFAULTS for name, _, _ in wrong)
        for phenomenon in fragment["phenomena"]:
            aspects = _ASPECTS.get(phenomenon, ())
            if _concerns(wanted, aspects):
                tally = into.phenomena[phenomenon]
                tally.wanted += 1
                tally.found += match is not None
                tally.right += match is not None and not any(name in aspects for name, _, _ in wrong)
        into.errors += [
            Error(fragment["id"], name, f"{wanted['span']}: {name} is {_plain(got)}, not {_plain(should)}")
            for name, got, should in wrong
        ]
    into.errors += [
        Error(fragment["id"], "unwanted", f"nobody wants {one.text} ({one.name}, {one.kind}, {one.assertion})")
        for one in left
    ]


def _plain(value: Any) -> str:
    return "not told" if value is None or value == "" else str(value)


def _concerns(wanted: dict[str, Any], aspects: tuple[str, ...]) -> bool:
    """Whether a fact shows a phenomenon; where names are all that is asked, every fact does."""
    return not aspects or any(name in wanted for name in aspects)


def _place(text: str, wanted: dict[str, Any]) -> tuple[int, int]:
    start = -1
    for _ in range(wanted.get("nth", 1)):
        start = text.index(wanted["span"], start + 1)
    return start, start + len(wanted["span"])


def _same(fact: Fact, wanted: dict[str, Any], start: int, end: int) -> bool:
    """Whether a fact stands where the gold one does and is of its kind."""
    kinds = _PROBLEMS if wanted["kind"] in _PROBLEMS else {wanted["kind"]}
    if fact.kind not in kinds or fact.end <= start or end <= fact.start:
        return False
    if wanted["kind"] == "test" and fact.name in ("收缩压", "舒张压"):
        return bool(fact.name == wanted["name"])
    return True


def _wrong(fact: Fact, wanted: dict[str, Any], snapshot: Snapshot) -> list[tuple[str, Any, Any]]:
    aspects = dict.fromkeys(name for names in _ASPECTS.values() for name in names)
    if wanted.get("assertion") in ("absent", "hypothetical"):
        del aspects["when"]  # of what is not there nobody asks when
    meant = {concept.id for concept in snapshot.by_name(wanted["name"])}
    other = [("name", fact.name, wanted["name"])] if meant and fact.concept not in meant else []
    return other + [
        (name, getattr(fact, name), wanted.get(name, _DEFAULTS.get(name)))
        for name in aspects
        if (name in wanted or name in _DEFAULTS)
        and not _equal(getattr(fact, name), wanted.get(name, _DEFAULTS.get(name)))
    ]


def _equal(got: Any, wanted: Any) -> bool:
    if isinstance(wanted, int | float) and isinstance(got, int | float):
        return abs(got - wanted) <= 0.02 * max(abs(wanted), 1e-9) + 0.001
    return bool((got or None) == (wanted or None))


def records(fragments: list[dict[str, Any]], least: int = 1500) -> list[str]:
    """The fragments put together under their headings, to texts as long as a record of some weeks."""
    made, text = [], ""
    for one in fragments:
        text += (f"{one['section']}：" if one.get("section") else "") + one["text"] + "\n"
        if len(text) >= least:
            made.append(text)
            text = ""
    return [*made, text] if text else made


def speed(lexicon: Lexicon, fragments: list[dict[str, Any]], rounds: int = 7) -> float:
    """Bytes (UTF-8) of record text read in a second of one core's time: the best of some rounds, which what else the
    machine does disturbs least."""
    texts = records(fragments)
    size = sum(len(text.encode()) for text in texts)
    best = 0.0
    for _ in range(rounds):
        started = time.process_time()
        for text in texts:
            read(text, lexicon)
        best = max(best, size / (time.process_time() - started))
    return best


def starter() -> Snapshot:
    """The shipped release, in a folder of its own that goes with the process."""
    folder = tempfile.mkdtemp()
    house = open_house(Settings(data_dir=Path(folder)))
    ensure_release(house, GATES)
    return house.releases.open(house.releases.active())


def report() -> None:
    """Measure and print: the part that was developed on, with its worst errors, and the part that was held out, of which
    only totals are printed; then speed."""
    lexicon, fragments = Lexicon.of(starter()), gold()
    readers = {
        "ours": read,
        "longest names": longest(lexicon.snapshot),
        "… with denials": longest(lexicon.snapshot, denials=True),
    }
    for title, part in parts(fragments).items():
        found = {name: measure(lexicon, part, reader) for name, reader in readers.items()}
        ours = found["ours"]
        print(f"\nReading records, {title}: {ours.fragments} fragments, {ours.facts.wanted} facts", flush=True)
        for line in compared(found):
            print(f"  {line}")
        if title == DEVELOPED:
            for line in worst(ours.errors):
                print(f"  {line}")
    print(f"\n  speed: {speed(lexicon, fragments) / 1000:,.0f} KB/s a core (≥ 200)", flush=True)


def compared(found: dict[str, Measured]) -> Iterator[str]:
    """Lines of a table, a column for each way of reading: of names and facts precision, recall and F1, of a phenomenon the
    share that is read right."""
    first = next(iter(found.values()))
    yield " " * 34 + "".join(f"{name:>22}" for name in found)
    for title, tallies in (
        ("names", [one.names for one in found.values()]),
        ("there or not, of whom, when", [one.meant for one in found.values()]),
        ("facts right in every aspect", [one.facts for one in found.values()]),
    ):
        yield f"{title:34}" + "".join(f"{_line(one):>22}" for one in tallies)
    for name in sorted(first.phenomena):
        wanted = first.phenomena[name].wanted
        told = "".join(f"{one.phenomena[name].recall:>22.1%}" for one in found.values())
        yield f"{f'{name} ({wanted})':34}{told}"


def worst(errors: list[Error], most: int = _MOST_ERRORS) -> list[str]:
    """Lines that tell how often what went wrong, and the worst errors."""
    times = Counter(one.aspect for one in errors)
    ordered = sorted(errors, key=lambda one: _WORST_FIRST.index(one.aspect))
    told = ", ".join(f"{aspect} {number}" for aspect, number in times.most_common())
    return [
        f"errors: {len(errors)} ({told}); the {min(most, len(errors))} that could harm most:",
        *(f"  {one.fragment}: {one.told}" for one in ordered[:most]),
    ]


def parts(fragments: list[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    """The fragments that were developed on, and those that were held out."""
    return {
        DEVELOPED: [one for one in fragments if not held_out(one)],
        "held out": [one for one in fragments if held_out(one)],
    }


def _line(tally: Tally) -> str:
    return f"{tally.precision:.1%} {tally.recall:.1%} {tally.f1:.3f}"


if __name__ == "__main__":
    report()
