"""A shadow run from beginning to end: recorded requests asked of what is served and of what would be."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from api.bootstrap import House
from api.front import Front
from api.gates import GATES
from api.replay import again
from api.serving import Served
from knowledge.release import candidate
from knowledge.snapshot import Snapshot
from records.journal import Entry
from supervision.shadow import Answer, ShadowReport, compare

DRAFT: Final = "draft"
"""In place of a release: all approved knowledge as it stands now."""


@dataclass(frozen=True, slots=True)
class Shadowed:
    """What differs, between which two releases."""

    report: ShadowReport
    old: Snapshot
    new: Snapshot


def shadow_run(
    house: House,
    release: str,
    against: str,
    since: timedelta,
    limit: int,
    begins: Callable[[int], None],
    progress: Callable[[int], None],
    look: Callable[[Snapshot, Snapshot], None] = lambda old, new: None,
) -> Shadowed:
    """Ask the newest ``limit`` requests of the time ``since`` again. ``against`` empty: what is served now;
    ``begins`` hears how many requests there are, ``look`` sees both releases first. Raises ``ReleaseError``."""
    reviewer = Front.open(house).reviewer
    draft = house.settings.data_dir / f"shadow-{os.getpid()}.ygr"
    try:
        new = _new(house, release, draft)
        old = Served.of(house.releases.open(against)) if against else reviewer.serving.now
        look(old.snapshot, new.snapshot)
        ids = reviewer.journal.since(datetime.now(UTC) - since, limit)
        begins(len(ids))

        def ask(entry: Entry, served: Served) -> Answer:
            reviewed = again(reviewer, entry, served)
            return Answer(reviewed.institution, reviewed.review.findings, len(reviewed.orders))

        report = compare(ids, reviewer.journal.entry, lambda e: ask(e, old), lambda e: ask(e, new), progress)
        return Shadowed(report, old.snapshot, new.snapshot)
    finally:
        draft.unlink(missing_ok=True)


def _new(house: House, release: str, path: Path) -> Served:
    if release != DRAFT:
        return Served.of(house.releases.open(release))
    candidate(house.store, path, GATES)
    return Served.of(Snapshot(path, DRAFT))
