"""What is built of a compiled release and lies beside it (the search index), its digests in the signed manifest."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fcntl import LOCK_EX, flock
from pathlib import Path

import msgspec

from base.security import sm3_file
from knowledge.snapshot import Snapshot

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Artefact:
    """What is built of a compiled release into an empty folder and lies beside it. ``edition`` tells what it depends
    on besides: while that is the same it is not built again."""

    name: str
    build: Callable[[Snapshot, Path], object]
    edition: str = ""


class Built(msgspec.Struct, frozen=True, omit_defaults=True):
    """An artefact of a release: SM3 digests by file name; or why it is not there: a fault, or it comes later."""

    edition: str = ""
    files: dict[str, str] = {}
    fault: str = ""
    pending: bool = False


def is_there(built: Built | None, artefact: Artefact, folder: Path) -> bool:
    """Whether what a manifest says of an artefact is what its folder holds, of the present edition."""
    if built is None or built.fault or built.pending or built.edition != artefact.edition:
        return False
    return digests(folder) == built.files


def build(artefact: Artefact, file: Path, folder: Path) -> Built:
    """One artefact of a compiled file (``<release>.ygr``), put in its place when it is whole. What goes wrong is its
    fault, not the release's: knowledge that was corrected must reach the wards all the same."""
    draft = folder.with_name(f"draft-{folder.name}")
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir()
    try:
        artefact.build(Snapshot(file, file.stem), draft)
        made = Built(artefact.edition, digests(draft))
    except Exception as error:
        _log.error("artefact not built", extra={"artefact": artefact.name, "reason": str(error)}, exc_info=error)
        shutil.rmtree(draft, ignore_errors=True)
        return Built(artefact.edition, fault=str(error) or type(error).__name__)
    shutil.rmtree(folder, ignore_errors=True)
    draft.replace(folder)
    return made


def digests(folder: Path) -> dict[str, str]:
    """SM3 of every file below a folder, by path; locks are left out. Nothing when there is no folder."""
    files = sorted(path for path in folder.rglob("*") if path.is_file() and path.suffix != ".lock")
    return {path.relative_to(folder).as_posix(): sm3_file(path) for path in files}


@contextmanager
def alone(file: Path) -> Iterator[None]:
    """Nobody else builds what belongs to a compiled file meanwhile; whoever dies gives it back."""
    with file.with_suffix(".lock").open("wb") as lock:
        flock(lock, LOCK_EX)
        yield
