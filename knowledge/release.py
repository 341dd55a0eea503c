"""Releases: approved knowledge frozen into one signed, content-addressed file.

The identity of a release is the SM3 digest of its compiled file; an SM2 signature over
the digest says who vouches for it. ``ACTIVE`` names the release that workers serve and is
replaced in one step, so a worker sees the old one or the new one and nothing between.
Beside the file lie artefacts that are built of it (the search index), their digests in the
signed manifest; one that cannot be built or was altered costs what needs it, not the release.
"""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
from sqlalchemy import Column, Connection, DateTime, Integer, String, Table, Text, insert, select

from base.db import METADATA
from base.security import SigningKey, sm3_file, verify
from knowledge.artefacts import Artefact, Built, alone, build, digests, is_there
from knowledge.compile import Content, compile_release
from knowledge.model import Article, Concept, Record, Rule, Source, Statement, Status
from knowledge.snapshot import Snapshot
from knowledge.store import Store

_log = logging.getLogger(__name__)
Gate = Callable[[Snapshot], list[str]]
"""Looks at a compiled release before it is published; gives the reasons why it must not be."""


events = Table(
    "knowledge_release_event",
    METADATA,
    Column("number", Integer, primary_key=True, autoincrement=True),
    Column("release", String(64), nullable=False),
    Column("action", String(12), nullable=False),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("by", String(80), nullable=False),
    Column("note", Text, nullable=False, default=""),
)


class ReleaseError(Exception):
    """A release cannot be published, opened or gone back to; the message says why."""


class TamperedError(ReleaseError):
    """The file or its signature is not what was published: it is refused."""


class PendingError(ReleaseError):
    """What was asked for is not built yet."""


class Manifest(msgspec.Struct, frozen=True, omit_defaults=True):
    """What stands beside a compiled file: digest, counts, who published it when, signature, artefacts."""

    release: str
    counts: dict[str, int]
    published_at: str
    published_by: str
    note: str
    public_key: str
    signature: str
    artefacts: dict[str, Built] = {}


@dataclass(frozen=True, slots=True)
class Event:
    """One publish or rollback."""

    release: str
    action: str
    at: datetime
    by: str
    note: str


class Releases:
    """The folder of releases of one installation: ``<digest>.ygr``, ``<digest>.json``, ``<digest>.<artefact>/``,
    ``ACTIVE``.

    ``trusted`` are public keys whose signatures are accepted.
    """

    def __init__(self, folder: Path, trusted: Sequence[str]) -> None:
        self.folder, self.trusted = folder, tuple(trusted)
        self.folder.mkdir(parents=True, exist_ok=True)

    def active(self) -> str:
        """Digest of the release being served; empty when nothing was published yet."""
        try:
            return (self.folder / "ACTIVE").read_text().strip()
        except FileNotFoundError:
            return ""

    def activate(self, release: str) -> None:
        """Make workers serve a release. Raises ``ReleaseError`` when it is not there or not sound."""
        self.verify(release)
        temporary = self.folder / f"ACTIVE.{os.getpid()}"
        temporary.write_text(release)
        temporary.replace(self.folder / "ACTIVE")

    def manifest(self, release: str) -> Manifest:
        """Raises ``ReleaseError`` when the release is unknown or its manifest unreadable."""
        try:
            return msgspec.json.decode((self.folder / f"{release}.json").read_bytes(), type=Manifest)
        except FileNotFoundError:
            raise ReleaseError(f"没有发布版 {release}") from None
        except msgspec.DecodeError as error:
            raise TamperedError(f"manifest of {release} cannot be read: {error}") from error

    def verify(self, release: str) -> Manifest:
        """Check digest and signature. Raises ``TamperedError`` when either is wrong."""
        manifest = self.manifest(release)
        path = self.folder / f"{release}.ygr"
        if not path.exists():
            raise ReleaseError(f"the compiled file of release {release} is missing")
        if manifest.release != release or sm3_file(path) != release:
            raise TamperedError(f"release {release}: the file is not the one that was published")
        return self._vouched(manifest)

    def artefact(self, release: str, name: str) -> Path:
        """The folder of what was built of a release, read-only. Raises ``ReleaseError`` when it is not there
        (``PendingError``: not yet), ``TamperedError`` when it is not what was published."""
        manifest = self._vouched(self.manifest(release))
        built = manifest.artefacts.get(name)
        if built is None:
            raise ReleaseError(f"release {release[:12]} was published without {name}: publish again")
        if built.pending:
            raise PendingError(f"{name} of release {release[:12]} is being built")
        if built.fault:
            raise ReleaseError(f"{name} of release {release[:12]} could not be built: {built.fault}")
        folder = self.beside(release, name)
        if manifest.release != release or digests(folder) != built.files:
            raise TamperedError(f"{name} of release {release[:12]}: the files are not those that were published")
        return folder

    def _vouched(self, manifest: Manifest) -> Manifest:
        """A manifest that somebody signed whom we trust. Raises ``TamperedError``."""
        if manifest.public_key not in self.trusted:
            raise TamperedError(f"release {manifest.release} is signed with a key that is not trusted here")
        if not verify(manifest.public_key, _signed_part(manifest), manifest.signature):
            raise TamperedError(f"release {manifest.release}: the signature does not fit")
        return manifest

    def open(self, release: str) -> Snapshot:
        """Verified snapshot of a release."""
        self.verify(release)
        return Snapshot(self.folder / f"{release}.ygr", release)

    def open_unverified(self, release: str) -> Snapshot:
        """Snapshot of a release whose soundness another process of the same run has just checked."""
        return Snapshot(self.folder / f"{release}.ygr", release)

    def beside(self, release: str, name: str) -> Path:
        """Where an artefact of a release lies."""
        return self.folder / f"{release}.{name}"

    def has(self, manifest: Manifest, artefact: Artefact) -> bool:
        """Whether an artefact of a release is there, of its present edition."""
        folder = self.beside(manifest.release, artefact.name)
        return is_there(manifest.artefacts.get(artefact.name), artefact, folder)

    def lacks(self, release: str) -> bool:
        """Whether something of a release was left to be built later and is not there yet, or could not be built."""
        return any(built.pending or built.fault for built in self.manifest(release).artefacts.values())

    def known(self) -> list[Manifest]:
        """All releases here, oldest first."""
        found = [self.manifest(path.stem) for path in self.folder.glob("*.json")]
        return sorted(found, key=lambda m: (m.published_at, m.release))


def publish(
    store: Store,
    releases: Releases,
    key: SigningKey,
    gates: Sequence[Gate],
    by: str,
    note: str = "",
    artefacts: Sequence[Artefact] = (),
    later: bool = False,
) -> Manifest:
    """Freeze all approved knowledge into a release, build its artefacts, and serve it.

    Gates look at the compiled release first; if any objects, ``ReleaseError`` lists all
    objections and nothing changes. Publishing the same knowledge again gives the same release.
    Artefacts take minutes, during which the database is free and the release before is served; ``later``
    serves the release at once, and whoever publishes it has ``furnish`` build them.
    """
    with store.engine.begin() as connection:
        store.advance(connection, Status.APPROVED, Status.PUBLISHED, by, note)
        draft = releases.folder / f"draft-{os.getpid()}.ygr"
        try:
            counts = compile_release(content_of(store, connection), draft)
            objections = [o for gate in gates for o in gate(Snapshot(draft, "draft"))]
            if objections:
                raise ReleaseError("未能发布：" + "；".join(objections))
            manifest = _freeze(releases, key, draft, counts, by, note)
        finally:
            draft.unlink(missing_ok=True)
    if artefacts:
        furnished = _promised if later else furnish
        manifest = furnished(releases, key, manifest.release, artefacts)
    with store.engine.begin() as connection:
        _record(connection, manifest.release, "publish", by, note)
    releases.activate(manifest.release)
    return manifest


def candidate(store: Store, path: Path, gates: Sequence[Gate] = ()) -> dict[str, int]:
    """Compile what ``publish`` would, to a file, without publishing anything. Gives the counts.

    Raises ``ReleaseError`` when a gate objects.
    """
    with store.engine.connect() as connection:
        transaction = connection.begin()
        try:
            store.advance(connection, Status.APPROVED, Status.PUBLISHED, "candidate", "")
            counts = compile_release(content_of(store, connection), path)
        finally:
            transaction.rollback()
    objections = [o for gate in gates for o in gate(Snapshot(path, "candidate"))]
    if objections:
        raise ReleaseError("不能发布：" + "；".join(objections))
    return counts


def rollback(store: Store, releases: Releases, by: str, note: str, to: str = "") -> str:
    """Serve an earlier release again (the one before the active one unless ``to`` names it)."""
    target = to or _before(store, releases.active())
    releases.activate(target)
    with store.engine.begin() as connection:
        _record(connection, target, "rollback", by, note)
    return target


def history(store: Store) -> list[Event]:
    """Publications and rollbacks, oldest first."""
    with store.engine.connect() as connection:
        rows = connection.execute(select(events).order_by(events.c.number)).all()
    return [Event(r.release, r.action, r.at, r.by, r.note) for r in rows]


def content_of(store: Store, connection: Connection) -> Content:
    """The approved knowledge, sorted into kinds, with no statement about what is not in it."""
    content = Content()
    lists: dict[type, list[Any]] = {
        Concept: content.concepts,
        Statement: content.statements,
        Article: content.articles,
        Rule: content.rules,
        Source: content.sources,
    }
    record: Record
    for record in store.approved(connection):
        lists[type(record)].append(record)
    known = {concept.id for concept in content.concepts}
    kept = [s for s in content.statements if s.subject in known and (not s.object or s.object in known)]
    left_out = len(content.statements) - len(kept)
    if left_out:  # their concepts are retired or not approved yet
        _log.warning("statements without an approved concept left out", extra={"count": left_out})
    content.statements[:] = kept
    return content


class LiveRelease:
    """The release a worker serves. ``refresh`` looks for a newer one; requests keep the snapshot
    they started with, because they hold it themselves."""

    def __init__(self, releases: Releases) -> None:
        self._releases = releases
        self._lock = threading.Lock()
        self.current = releases.open(_existing(releases))
        self.swaps = 0
        self.fault = ""

    def refresh(self) -> bool:
        """Swap when another release became active. A bad one is refused, reported in ``fault``, and
        the old one stays. Gives whether a swap happened."""
        active = self._releases.active()
        if not active or active == self.current.release:
            return False
        with self._lock:
            try:
                self.current = self._releases.open(active)
            except ReleaseError as error:
                self.fault = str(error)
                return False
            self.swaps += 1
            self.fault = ""
            return True


def _existing(releases: Releases) -> str:
    active = releases.active()
    if not active:
        raise ReleaseError("nothing is published yet: run `yigong publish`")
    return active


def _freeze(releases: Releases, key: SigningKey, draft: Path, counts: dict[str, int], by: str, note: str) -> Manifest:
    digest = sm3_file(draft)
    manifest = Manifest(digest, counts, datetime.now(UTC).isoformat(), by, note, key.public, "")
    draft.replace(releases.folder / f"{digest}.ygr")
    return _signed(releases, key, msgspec.structs.replace(manifest, artefacts=_built_before(releases, digest)))


def _signed(releases: Releases, key: SigningKey, unsigned: Manifest) -> Manifest:
    """Sign a manifest and put it in place in one step."""
    manifest = msgspec.structs.replace(unsigned, signature=key.sign(_signed_part(unsigned)))
    temporary = releases.folder / f"{manifest.release}.json.part"
    temporary.write_bytes(msgspec.json.format(msgspec.json.encode(manifest)))
    temporary.replace(releases.folder / f"{manifest.release}.json")
    return manifest


def _built_before(releases: Releases, release: str) -> dict[str, Built]:
    """Artefacts of the same release when it was published before."""
    try:
        return releases.verify(release).artefacts
    except ReleaseError:
        return {}


def _promised(releases: Releases, key: SigningKey, release: str, artefacts: Sequence[Artefact]) -> Manifest:
    """Note which artefacts are still to come."""
    manifest = releases.verify(release)
    missing = [one for one in artefacts if not releases.has(manifest, one)]
    return _vouching(releases, key, manifest, {one.name: Built(one.edition, pending=True) for one in missing})


def furnish(releases: Releases, key: SigningKey, release: str, artefacts: Sequence[Artefact]) -> Manifest:
    """Build the artefacts of a release that are not there yet, and vouch for them. One process at a time: another one
    waits, and finds them there."""
    file = releases.folder / f"{release}.ygr"
    with alone(file):
        manifest = releases.verify(release)
        missing = [one for one in artefacts if not releases.has(manifest, one)]
        made = {one.name: build(one, file, releases.beside(release, one.name)) for one in missing}
        return _vouching(releases, key, manifest, made)


def given_up(releases: Releases, key: SigningKey, release: str, fault: str) -> Manifest:
    """Note why what is still to come of a release does not come."""
    with alone(releases.folder / f"{release}.ygr"):
        manifest = releases.verify(release)
        pending = {name: built for name, built in manifest.artefacts.items() if built.pending}
        made = {name: Built(built.edition, fault=fault) for name, built in pending.items()}
        return _vouching(releases, key, manifest, made)


def _vouching(releases: Releases, key: SigningKey, manifest: Manifest, made: dict[str, Built]) -> Manifest:
    """A manifest that says what came of artefacts, vouched for by whoever made them."""
    if not made:
        return manifest
    artefacts = manifest.artefacts | made
    return _signed(releases, key, msgspec.structs.replace(manifest, artefacts=artefacts, public_key=key.public))


def _signed_part(manifest: Manifest) -> bytes:
    """Everything in the manifest but the signature itself."""
    return msgspec.json.encode(msgspec.structs.replace(manifest, signature=""), order="sorted")


def _record(connection: Connection, release: str, action: str, by: str, note: str) -> None:
    now = datetime.now(UTC)
    connection.execute(insert(events).values(release=release, action=action, at=now, by=by, note=note))


def _before(store: Store, active: str) -> str:
    """The release that was served before the active one was published: going back twice goes two
    steps back, it does not swing to and fro."""
    served: list[str] = []
    for event in history(store):
        if event.release in served:  # published again, or gone back to: what came after is undone
            del served[served.index(event.release) + 1 :]
        else:
            served.append(event.release)
    if active not in served[1:]:
        raise ReleaseError("没有可以退回的更早发布版")
    return served[served.index(active) - 1]
