"""``yigong keys``: the key that signs releases, and the data keys that seal what may name a person."""

from __future__ import annotations

from enum import StrEnum
from importlib import import_module
from typing import Annotated, Final

import typer

from api.bootstrap import key_ring
from api.terminal import ERR, OUT, Command, DataDir, bar, house
from base.audit import Event, append
from base.keyring import reseal

_READ_LATE: Final = (
    *("records.comments", "records.launched", "records.reviews"),
    *("supervision.appraisal.tables", "supervision.record_qc.tables"),
)
"""Tables with sealed columns that no command reads at its start: what is not read is not sealed anew."""


class Act(StrEnum):
    """What to do with the keys."""

    SHOW = "show"
    ROTATE = "rotate"


def keys(
    act: Annotated[Act, typer.Argument(help="show or rotate")] = Act.SHOW,
    by: Annotated[str, typer.Option("--by", help="rotate: who does this (recorded)")] = "",
    data_dir: DataDir = None,
) -> None:
    """The public key that signs releases here (other sites trust it through YIGONG_TRUSTED_KEYS); or replace the
    data key and seal everything anew, while work goes on."""
    opened = house(data_dir)
    if act is Act.SHOW:
        OUT.print(opened.key.public, highlight=False, soft_wrap=True)
        return
    if not by:
        raise typer.BadParameter("who rotates must be said", param_hint="--by")
    ring = key_ring(opened)
    old = [key_id for key_id, _ in ring.known()]
    append(opened.engine, [Event(by, "keys.rotate", detail={"from": old})])
    new = ring.rotate()
    with bar("重新加密") as advance:
        for module in _READ_LATE:
            import_module(module)
        done = reseal(opened.engine, ring, advance)
    OUT.print(f"{done.done} values are sealed with the new key {new}; {', '.join(old)} still opens what comes late")
    if done.unreadable:
        ERR.print(f"{done.unreadable} values cannot be opened with any key and stay as they are")
        raise typer.Exit(1)


COMMANDS = (Command("keys", keys),)
