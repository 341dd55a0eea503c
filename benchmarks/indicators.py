"""Indicators over a generated league: fifty million events of a year, in thirty institutions of three counties.

How long it takes to load and to sum up, and then what the design gives a second, three and five for: one indicator,
several over two or three dimensions, a theme with all its indicators. Each is asked for a whole year with comparisons.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from time import perf_counter, process_time
from typing import Final, NamedTuple

from base.db import migrate, open_engine
from base.tenancy import guard, system
from demo import league
from supervision.figures import cubes
from supervision.figures.answers import Answers, Each
from supervision.figures.catalogue import catalogue
from supervision.figures.indicator import THEMES, Indicator
from supervision.figures.lake import Lake
from supervision.figures.manifest import Load, Manifest
from supervision.figures.periods import Period
from supervision.figures.sums import Asked

YEAR: Final = Period(date(2025, 1, 1), date(2026, 1, 1))
EVENTS: Final = int(os.environ.get("YIGONG_BENCH_EVENTS", "50_000_000"))
_CROSSINGS: Final[Sequence[tuple[tuple[str, ...], tuple[str, ...]]]] = (
    (("visits-seen", "visit-cost", "visit-drug-share"), ("county", "disease")),
    (("visits-seen", "visit-cost", "antimicrobial-outpatient"), ("institution", "department", "disease")),
    (("essential-amount-share", "drug-amount", "drug-lines"), ("county", "department")),
    (("visits-seen", "visit-cost"), ("sex", "age-band", "payer")),
    (("drug-amount", "essential-amount-share"), ("institution", "drug_class", "setting")),
)
"""Indicators and what they are broken down by; the last two are of no monthly sums."""


def filled(folder: Path, events: int) -> Answers:
    """A league that was loaded and not yet summed up."""
    engine = guard(open_engine(f"sqlite:///{folder / 'bench.sqlite'}"))
    migrate(engine)
    lake = Lake(folder / "facts", Manifest(engine))
    with system("bench"):
        rows = league.fill(lake, catalogue(), YEAR, events)
    print(f"  {rows:,} rows of {events:,} events and what stood beside them", flush=True)
    return Answers(lake, catalogue())


def report() -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory(dir=os.environ.get("YIGONG_BENCH_DIR")) as name:
        with _taking("loaded", 120):
            answers = filled(Path(name), EVENTS)
        with _taking("summed up", None):
            cubes.refresh(answers.lake, catalogue())
        with system("bench"):
            _correct(answers)
            _single(answers)
            _crossed(answers)
            _themes(answers)
            _behind(answers)


def _correct(answers: Answers) -> None:
    """A hundred corrected visits of one month: only that month is written and summed up anew."""
    visits, tenant = answers.known.facts["visits"], f"{league.LEAGUE}/hanwula/people"
    [part] = answers.lake.manifest.parts(["visits"], [date(2025, 6, 1)], tenants=[tenant])
    given = ", ".join(visits.given)
    changed = f"SELECT {given} FROM ({answers.lake.rows(visits, [part])}) LIMIT 100"
    with _taking(f"100 corrections among {part.rows:,} rows of an institution's month", None):
        answers.lake.merge(visits, Load(tenant, "visits", "bench", "bench"), changed)
    with _taking("the month summed up again", None):
        cubes.refresh(answers.lake, catalogue())


def _single(answers: Answers) -> None:
    every = list(answers.known.indicators.values())
    taken = [(_timed(lambda one=one: answers.ask([one], YEAR, Asked())), one.name) for one in every]  # type: ignore[misc]
    _told("one indicator, a year with both comparisons", taken, 1.0)
    trends = [(_timed(lambda one=one: _trend(answers, one)), one.name) for one in every[:20]]  # type: ignore[misc]
    _told("one indicator, twelve months by institution", trends, 1.0)


def _trend(answers: Answers, one: Indicator) -> object:
    return answers.ask([one], YEAR, Asked(by=("institution",)), each=Each.MONTH, compare=False)


def _crossed(answers: Answers) -> None:
    taken = []
    for names, by in _CROSSINGS:
        chosen = [answers.known.indicator(name) for name in names]
        taken.append((_timed(lambda c=chosen, b=by: answers.ask(c, YEAR, Asked(by=b))), " × ".join(by)))  # type: ignore[misc]
    _told("several indicators over two or three dimensions", taken, 3.0)


def _themes(answers: Answers) -> None:
    themes = [theme for theme in THEMES if answers.known.of_theme(theme)]
    for title, asked in (("league", Asked()), ("institution", Asked(by=("institution",)))):
        taken = [(_timed(lambda t=t, a=asked: answers.ask(answers.known.of_theme(t), YEAR, a)), t) for t in themes]  # type: ignore[misc]
        _told(f"a theme with all its indicators by {title}", taken, 5.0)


def _behind(answers: Answers) -> None:
    one = answers.known.indicator("antimicrobial-outpatient")
    asked = Asked(only={"institution": (f"{league.LEAGUE}/hanwula/people",), "department": ("内科",)})
    _told("a page of the rows behind", [(_timed(lambda: answers.rows(one, YEAR, asked)), one.name)], 1.0)
    _told("where a figure came from", [(_timed(lambda: answers.lineage(one, YEAR, Asked())), one.name)], 1.0)


class Taken(NamedTuple):
    """How long something took, and how much of all processors."""

    seconds: float
    worked: float


def _timed(call: Callable[[], object]) -> Taken:
    begin, worked = perf_counter(), process_time()
    call()
    return Taken(perf_counter() - begin, process_time() - worked)


@contextmanager
def _taking(title: str, budget: float | None) -> Iterator[None]:
    begin, worked = perf_counter(), process_time()
    yield
    took, worked = perf_counter() - begin, process_time() - worked
    allowed = f" (≤ {budget:.0f} s)" if budget else ""
    print(f"  {title} in {took:.1f} s{allowed}, {worked:.1f} s of processor", flush=True)


def _told(title: str, taken: Sequence[tuple[Taken, str]], budget: float) -> None:
    """The median and the worst, each asked once. On a machine that does other things too, what counts is the time of
    processors: half of it is what two idle ones would take."""
    ordered = sorted(taken)
    longest, name = ordered[-1]
    most = max(one.worked for one, _ in taken)
    median = ordered[len(ordered) // 2][0].seconds
    print(
        f"  {title}: median {median:.2f} s, longest {longest.seconds:.2f} s ({name}) of {len(taken)} (≤ {budget:.0f} s); "
        f"at most {most:.2f} s of processors",
        flush=True,
    )


if __name__ == "__main__":
    report()
