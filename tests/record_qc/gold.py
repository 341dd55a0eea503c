"""The gold records of QC (``tests/gold/qc``), and how well checks do on them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final, NamedTuple

from clinical.medical_record import MedicalRecord
from knowledge.snapshot import Snapshot
from supervision.record_qc.engine import Examination, examine
from supervision.record_qc.model import Check
from supervision.record_qc.places import Stage
from supervision.record_qc.subject import Reader, Subject
from tests.record_qc.written import moment, record
from tests.yaml_tables import load

FOLDER: Final = Path(__file__).parents[1] / "gold" / "qc"


class Seeded(NamedTuple):
    """A defect by what tells it: the check, and the document it stands in."""

    check: str
    document: str


@dataclass(frozen=True, slots=True)
class Gold:
    """A gold record with every defect in it."""

    id: str
    about: str
    record: MedicalRecord
    stage: Stage
    now: datetime
    defects: Counter[Seeded]


@dataclass(slots=True)
class Measure:
    """How a check does: seeded defects that it found, that it missed, and what it found that is none."""

    found: int = 0
    missed: int = 0
    false: int = 0

    @property
    def recall(self) -> float | None:
        seeded = self.found + self.missed
        return self.found / seeded if seeded else None

    @property
    def precision(self) -> float | None:
        told = self.found + self.false
        return self.found / told if told else None


def gold(files: str = "*.yaml") -> list[Gold]:
    """The gold records of some files; all when not said."""
    return [one for path in sorted(FOLDER.glob(files)) for one in _file(path)]


def _file(path: Path) -> list[Gold]:
    written: dict[str, dict[str, Any]] = {}
    found = []
    for given in load(path)["records"]:
        told = written[given["id"]] = given.get("record") or _like(written[given["like"]], given)
        found.append(_gold(given, told))
    return found


def _gold(given: Mapping[str, Any], told: dict[str, Any]) -> Gold:
    defects: Counter[Seeded] = Counter()
    for one in given["defects"]:
        defects[Seeded(one["check"], one.get("document", ""))] += one.get("times", 1)
    return Gold(
        given["id"],
        given["about"],
        record({"id": given["id"]}, told),
        Stage(given.get("stage", "final")),
        moment(given.get("now", "2026-12-31 08:00")),
        defects,
    )


def _like(other: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """A record like another, with documents changed, removed and added, and other parts replaced."""
    changes, removed = given.get("change", {}), set(given.get("remove", ()))
    ids = {document["id"] for document in other["documents"]}
    lost = (set(changes) | removed) - ids
    assert not lost, f"{given['id']}: no documents {sorted(lost)}"
    kept = [d for d in other["documents"] if d["id"] not in removed]
    documents = [_changed(d, changes.get(d["id"], {})) for d in kept]
    more = given.get("with", {})
    visit = {**other["visit"], **more.get("visit", {})}
    return {**other, **more, "visit": visit, "documents": [*documents, *given.get("add", ())]}


def _changed(document: Mapping[str, Any], change: Mapping[str, Any]) -> dict[str, Any]:
    sections = {**document.get("sections", {}), **change.get("sections", {})}
    return {**document, **change, **({"sections": sections} if sections else {})}


def examined(one: Gold, chosen: Iterable[Check], reader: Reader, release: Snapshot) -> Examination:
    """What some checks say of a gold record."""
    return examine(Subject(one.record, one.stage, one.now, reader, release=release), chosen)


def told(examination: Examination) -> Counter[Seeded]:
    """Defects that were found, by what tells them."""
    return Counter(Seeded(check.name, defect.place.document) for check, defect in examination.defects())


def measures(pairs: Sequence[tuple[Gold, Counter[Seeded]]]) -> dict[str, Measure]:
    """By check, over gold records and what was found in them."""
    made: dict[str, Measure] = {}
    for one, found in pairs:
        for key in {*one.defects, *found}:
            of = made.setdefault(key.check, Measure())
            both = min(one.defects[key], found[key])
            of.found += both
            of.missed += one.defects[key] - both
            of.false += found[key] - both
    return made


def total(made: Mapping[str, Measure]) -> Measure:
    """Over all checks."""
    found, missed, false = (sum(getattr(m, name) for m in made.values()) for name in ("found", "missed", "false"))
    return Measure(found, missed, false)
