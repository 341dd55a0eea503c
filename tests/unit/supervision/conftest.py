"""A small generated league, made once for all test processes."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pytest
from filelock import FileLock

from base.db import migrate, open_engine
from base.tenancy import guard, system
from demo import league
from supervision.figures import cubes
from supervision.figures.answers import Answers
from supervision.figures.catalogue import catalogue
from supervision.figures.lake import Lake
from supervision.figures.manifest import Manifest
from supervision.figures.periods import Period

YEARS = (2025, 2026)
"""The first two months of either: what is compared with the year before has one."""
_SOME = ("hanwula/people", "hanwula/township-1", "mingan/people", "mingan/community")


@dataclass(frozen=True)
class Generated:
    """A filled lake: ask ``answers``, or look at ``folder``."""

    folder: Path
    answers: Answers


@pytest.fixture(scope="session")
def generated(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Generated]:
    shared = tmp_path_factory.getbasetemp()
    if os.environ.get("PYTEST_XDIST_WORKER"):
        shared = shared.parent
    folder = shared / "league"
    engine = guard(open_engine(f"sqlite:///{shared / 'league.sqlite'}"))
    lake = Lake(folder, Manifest(engine))
    with FileLock(shared / "league.lock"):
        if not (shared / "league.done").exists():
            migrate(engine)
            _fill(lake)
            (shared / "league.done").touch()
    yield Generated(folder, Answers(lake, catalogue()))
    engine.dispose()


def _fill(lake: Lake) -> None:
    there = [place for place in league.places() if place.tenant.partition("/")[2] in _SOME]
    with system("test"):
        for year in YEARS:
            period = Period(date(year, 1, 1), date(year, 3, 1))
            league.fill(lake, catalogue(), period, 20_000, seed=year, there=there)  # each year its own rows
        cubes.refresh(lake, catalogue())
