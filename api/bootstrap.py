"""From an empty folder to a published starter release; does nothing when that was done before."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, TypeVar

from sqlalchemy import Engine

import knowledge
from base.db import migrate, open_engine
from base.keyring import KeyRing
from base.plugins import discover
from base.security import SigningKey, sealing_key, sm3
from base.settings import Settings
from base.tenancy import guard
from knowledge.artefacts import Artefact
from knowledge.intake import Loader, Row, stamp
from knowledge.merge import LoadReport, load, without_cycle_search
from knowledge.model import Concept, ConceptKind, Record, Rule, Standing, Statement, Status
from knowledge.release import Gate, Manifest, Releases, publish
from knowledge.review import Workflow
from knowledge.store import Change, Store
from records.identity import Identity
from records.matching import installed

_log = logging.getLogger(__name__)
_Shipped = TypeVar("_Shipped", Statement, Rule, Concept)
CONTENT: Final = Path(knowledge.__file__).parent / "content"
AUTHOR: Final = "yigong-content"
SECOND: Final = "yigong-second-pass"
"""Who wrote the starter content and who tried to refute it: two passes by different hands."""


_LEFT_OUT: Final = "起步内容已不再收入"
_LEFT_OUT_BEFORE: Final = "no longer in the starter content"
"""How databases of earlier editions say it."""


class BootstrapError(Exception):
    """The starter content could not be published; the message says why."""


@dataclass(frozen=True, slots=True)
class House:
    """What every command and the service need: settings, database, knowledge store, releases, key."""

    settings: Settings
    engine: Engine
    store: Store
    releases: Releases
    key: SigningKey


def open_house(settings: Settings) -> House:
    """Open (and on first use create) the data folder: database migrated, signing key made."""
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    engine = guard(open_engine(settings.database))
    migrate(engine)
    key = SigningKey.load_or_create(settings.key_file)
    releases = Releases(settings.releases_dir, (key.public, *settings.trusted_keys))
    return House(settings, engine, Store(engine), releases, key)


def key_ring(house: House) -> KeyRing:
    """The data keys of an installation, under its master key (made at first use)."""
    return KeyRing(house.engine, master_key(house.settings), sealing_key(house.settings.patient_key_file))


def who_is_who(house: House, ring: KeyRing) -> Identity:
    """The index of persons, with the weights of the installation. Raises ``WeightsError``."""
    settings = house.settings
    return Identity(house.engine, ring, settings.league, installed(settings.identity_file))


def master_key(settings: Settings) -> bytes:
    """The key that wraps all data keys and seals backups; made at first use."""
    return sealing_key(settings.master_key_file or settings.data_dir / "keys" / "master.key")


def content_digest(folder: Path = CONTENT) -> str:
    """SM3 over the shipped tables: tells whether they changed since they were loaded."""
    parts = [
        f"{path.name} {sm3(path.read_bytes())}"
        for path in sorted(folder.iterdir())
        if path.suffix in (".csv", ".yaml")
    ]
    return sm3("\n".join(parts).encode())


def ensure_release(
    house: House,
    gates: tuple[Gate, ...],
    progress: Callable[[int], None] = lambda rows: None,
    artefacts: Sequence[Artefact] = (),
) -> Manifest | None:
    """Load, accept and publish the starter content unless its present edition was published here
    before. Local knowledge stays as it is. Gives the new release, or None when nothing was to do;
    its artefacts are still to be built.

    Raises ``BootstrapError`` when the shipped tables have faults.
    """
    mark = house.settings.data_dir / "starter.sm3"
    digest = content_digest()
    if house.releases.active() and mark.exists() and mark.read_text().strip() == digest:
        return None
    note = "起步内容"
    with without_cycle_search():
        report = load_starter(house, progress)
        _log.info("starter content loaded", extra={"count": report.written})
        manifest = publish(house.store, house.releases, house.key, gates, AUTHOR, note, artefacts, later=True)
    mark.write_text(digest)
    return manifest


def load_starter(house: House, progress: Callable[[int], None] = lambda rows: None) -> LoadReport:
    """Load the shipped tables as drafts and accept them in the name of the second pass."""
    loader = loaders()["yigong"]
    rows = list(loader.rows(CONTENT))  # read once, for two passes and what is shipped
    report = load(house.store, replace(loader, rows=lambda _: iter(rows)), CONTENT, AUTHOR, progress)
    if report.errors:
        first = "; ".join(f"{e.file}:{e.line} {e.field} {e.message}" for e in report.errors[:10])
        raise BootstrapError(f"{len(report.errors)} faults in the shipped tables: {first}")
    shipped = [row.record for row in rows if isinstance(row, Row)]
    retire_left_out(house.store, shipped)
    bring_back(house.store, shipped)
    Workflow(house.store).accept_load("yigong", SECOND, "起步内容的第二遍核对")
    return report


def retire_left_out(store: Store, shipped: list[Record]) -> int:
    """Take out of future releases what an earlier edition shipped and this one does not: statements and
    rules, and products whose contents went with them. What a local reviewer made his own stays."""
    loader = loaders()["yigong"]
    kept = {stamp(record, loader).id for record in shipped}
    said: list[Statement | Rule] = [*_left_out(store, Statement, kept), *_left_out(store, Rule, kept)]
    gone = [one for one in said if one.standing is Standing.STARTER]
    store.write([Change(r, "retired", Status.RETIRED, AUTHOR, _LEFT_OUT, r.revision) for r in gone])
    products = [c for c in _left_out(store, Concept, kept) if c.kind is ConceptKind.PRODUCT]
    empty = [p for p in products if not _said_of(store, p.id)]
    store.write([Change(p, "retired", Status.RETIRED, AUTHOR, _LEFT_OUT, p.revision) for p in empty])
    return len(gone) + len(empty)


def bring_back(store: Store, shipped: list[Record]) -> int:
    """What an earlier edition left out and this one ships again becomes a draft again; what a local reviewer retired
    stays retired."""
    loader = loaders()["yigong"]
    here = {stamp(record, loader).id for record in shipped}
    kinds: tuple[type[Statement | Rule | Concept], ...] = (Statement, Rule, Concept)
    retired = [r for kind in kinds for r, _ in store.heads(kind, statuses=[Status.RETIRED], origin="yigong")]
    again = [(r, store.history(type(r), r.id)[-1]) for r in retired if r.id in here]
    back = [r for r, last in again if last.author == AUTHOR and last.reason in (_LEFT_OUT, _LEFT_OUT_BEFORE)]
    return store.write([Change(r, "restored", Status.DRAFT, AUTHOR, "起步内容重新收入", r.revision) for r in back])


def _left_out(store: Store, kind: type[_Shipped], kept: set[str]) -> list[_Shipped]:
    """Records of ours that are not retired and not kept."""
    return [store.get(kind, one) for one in sorted(store.ids(kind, "yigong") - kept)]


def _said_of(store: Store, concept: str) -> bool:
    return any(status is not Status.RETIRED for _, status in store.about(concept))


def loaders() -> dict[str, Loader]:
    """Every knowledge source that can be loaded, by name."""
    return discover("loaders", "LOADER", Loader)
