"""Reading Chinese records: what is recognised and how it is meant, on the gold fragments, per phenomenon; speed."""

from __future__ import annotations

import tempfile
import time
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import yaml

from api.bootstrap import ensure_release, open_house
from api.gates import GATES
from base.settings import Settings
from knowledge.snapshot import Snapshot
from nlp.facts import Fact, read
from nlp.lexicon import Lexicon

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
_DEFAULTS: Final = {"assertion": "present", "when": "current", "who": "patient"}
_PROBLEMS: Final = frozenset({"finding", "disease"})


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
    """Names recognised, facts right in every aspect, each phenomenon, and what went wrong (fragment, what)."""

    names: Tally = field(default_factory=Tally)
    facts: Tally = field(default_factory=Tally)
    phenomena: dict[str, Tally] = field(default_factory=lambda: defaultdict(Tally))
    errors: list[tuple[str, str]] = field(default_factory=list)
    fragments: int = 0


def gold(folder: Path = GOLD) -> list[dict[str, Any]]:
    """The fragments of the gold set."""
    return [one for file in sorted(folder.glob("*.yaml")) for one in yaml.safe_load(file.read_text("utf-8"))]


def held_out(fragment: dict[str, Any]) -> bool:
    """The fresh fragments: nobody looks at what goes wrong there while the reading is being made better."""
    return str(fragment["id"]).startswith("fresh")


def measure(lexicon: Lexicon, fragments: Iterable[dict[str, Any]]) -> Measured:
    """Read every fragment and compare."""
    found = Measured()
    for fragment in fragments:
        found.fragments += 1
        _compare(fragment, read(fragment["text"], lexicon, fragment.get("section", "")), lexicon, found)
    return found


def _compare(fragment: dict[str, Any], facts: list[Fact], lexicon: Lexicon, into: Measured) -> None:
    left = list(facts)
    into.names.found += len(facts)
    into.facts.found += len(facts)
    for wanted in fragment["facts"]:
        into.names.wanted += 1
        into.facts.wanted += 1
        start, end = _place(fragment["text"], wanted)
        match = next((one for one in left if _same(one, wanted, start, end)), None)
        if match is None:
            into.errors.append((fragment["id"], f"missed {wanted['span']} ({wanted['name']}, {wanted['kind']})"))
        else:
            left.remove(match)
            into.names.right += 1
        wrong = [] if match is None else _wrong(match, wanted, lexicon.snapshot)
        into.facts.right += match is not None and not wrong
        for phenomenon in fragment["phenomena"]:
            aspects = _ASPECTS.get(phenomenon, ())
            if _concerns(wanted, aspects):
                tally = into.phenomena[phenomenon]
                tally.wanted += 1
                tally.found += match is not None
                tally.right += match is not None and not any(name in aspects for name, _, _ in wrong)
        into.errors += [
            (fragment["id"], f"{wanted['span']}: {name} is {got!r}, not {should!r}") for name, got, should in wrong
        ]
    into.errors += [(fragment["id"], f"nobody wants {one.text} ({one.name}, {one.kind})") for one in left]


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
    """Measure and print: the part that was developed on and the part that was held out, then speed."""
    lexicon, fragments = Lexicon.of(starter()), gold()
    for title, part in parts(fragments).items():
        found = measure(lexicon, part)
        print(f"\nReading records, {title}: {found.fragments} fragments, {found.facts.wanted} facts")
        print(f"  names: {_line(found.names)}")
        print(f"  facts right in every aspect: {_line(found.facts)}")
        for name, tally in sorted(found.phenomena.items()):
            print(f"  {name}: {tally.right} of {tally.wanted} ({tally.recall:.1%})")
    print(f"\n  speed: {speed(lexicon, fragments) / 1000:,.0f} KB/s a core (≥ 200)", flush=True)


def parts(fragments: list[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    """The fragments that were developed on, and those that were held out."""
    return {
        "developed on": [one for one in fragments if not held_out(one)],
        "held out": [one for one in fragments if held_out(one)],
    }


def _line(tally: Tally) -> str:
    return f"precision {tally.precision:.1%}, recall {tally.recall:.1%}, F1 {tally.f1:.3f}"


if __name__ == "__main__":
    report()
