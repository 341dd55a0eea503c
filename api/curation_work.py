"""What jobs of the workbench do: try what would be published, publish it, load a source."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict
from datetime import timedelta
from pathlib import Path
from typing import Any, Final, Protocol

from api.bootstrap import House, loaders
from api.curation_text import text_of, title_of
from api.gates import GATES
from api.search_desk import artefacts
from api.shadowing import Shadowed, shadow_run
from base.jobs import Job
from base.security import sm3_file
from knowledge.differences import Difference, Differences, differences
from knowledge.merge import load
from knowledge.release import Gate, publish
from knowledge.snapshot import Snapshot

IMPACT, PUBLISH, LOAD = "impact", "publish", "load"
_MOST_SHOWN: Final = 500


class Progress(Protocol):
    """How a job says how far it is."""

    def begins(self, stage: str, total: int = 0) -> None: ...

    def advance(self, count: int) -> None: ...


def impact(house: House, job: Job, told: Progress) -> dict[str, Any]:
    """What another release would change: in the knowledge itself, and on recorded requests."""
    compared: dict[str, Any] = {}

    def look(old: Snapshot, new: Snapshot) -> None:
        told.begins("比较知识内容")
        digest = sm3_file(new.path)
        compared.update(release=digest, against=old.release, content=_content(differences(old, new), old, new))

    told.begins("编译候选发布版")
    asked = job.asked
    done = shadow_run(
        house,
        asked["release"],
        asked["against"],
        timedelta(days=asked["days"]),
        asked["limit"],
        lambda count: told.begins("影子运行", count),
        told.advance,
        look,
    )
    return compared | {"alerts": _alerts(done)}


def _content(found: Differences, old: Snapshot, new: Snapshot) -> dict[str, Any]:
    return {"counts": found.counts, "changes": [_change(one, old, new) for one in found.first]}


def _change(one: Difference, old: Snapshot, new: Snapshot) -> dict[str, str]:
    name = called(new, old)
    texts = {"before": text_of(one.before, name) if one.before else ""}
    texts |= {"after": text_of(one.after, name) if one.after else ""}
    return {"kind": one.kind, "id": one.id, "change": one.change, "title": title_of(one.record, name)} | texts


def called(*snapshots: Snapshot) -> Callable[[str], str]:
    """What concepts and sources are called, in the first release that knows them."""

    def name(id_: str) -> str:
        for snapshot in snapshots:
            if concept := snapshot.concept(id_):
                return concept.name
            if source := snapshot.source(id_):
                return source.title
        return id_

    return name


def _alerts(done: Shadowed) -> dict[str, Any]:
    report = done.report
    counts = {name: getattr(report, name) for name in ("requests", "failed", "orders", "before", "after")}
    rates = {"beforeRate": round(report.rate(report.before), 2), "afterRate": round(report.rate(report.after), 2)}
    shown = {"differences": [asdict(d) for d in report.differences[:_MOST_SHOWN]]}
    return counts | rates | {"total": len(report.differences), "lines": [asdict(m) for m in report.lines]} | shown


def published(house: House, job: Job, told: Progress) -> dict[str, Any]:
    """Publish what is approved; with ``expected`` only if it is what was tried."""
    told.begins("编译并检查")
    expected = job.asked["expected"]
    gates: Sequence[Gate] = (*GATES, _as_tried(expected)) if expected else GATES
    begun: list[bool] = []

    def advance(count: int) -> None:
        if not begun:
            begun.append(True)
            told.begins("建立检索索引")
        told.advance(count)

    beside = artefacts(house.settings, advance)
    made = publish(house.store, house.releases, house.key, gates, job.by, job.asked["note"], beside)
    faults = {name: built.fault for name, built in made.artefacts.items() if built.fault}
    return {"release": made.release, "counts": made.counts, "faults": faults}


def _as_tried(expected: str) -> Gate:
    def same(snapshot: Snapshot) -> list[str]:
        if sm3_file(snapshot.path) == expected:
            return []
        return ["影子运行之后知识又有变化，请重新生成影响报告"]

    return same


def loaded(house: House, job: Job, told: Progress) -> dict[str, Any]:
    """Read an uploaded file as drafts; the file is not kept."""
    loader, path = loaders()[job.asked["loader"]], Path(job.asked["path"])
    try:
        told.begins(loader.title, loader.total(path) * (1 if loader.ordered else 2))
        report = load(house.store, loader, path, job.by, told.advance)
    finally:
        path.unlink(missing_ok=True)
        path.parent.rmdir()
    counts = ("written", "unchanged", "kept", "merged", "candidates", "left_out", "kinds")
    return {"load": report.id, "errors": len(report.errors)} | {name: getattr(report, name) for name in counts}


Work = Callable[[House, Job, Progress], dict[str, Any]]
WORK: Final[dict[str, Work]] = {IMPACT: impact, PUBLISH: published, LOAD: loaded}
"""Jobs by kind."""
