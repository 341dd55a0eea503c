"""``yigong backup`` and ``yigong restore``: the whole installation in one sealed file, and back."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from api.bootstrap import master_key
from api.terminal import ERR, OUT, Command, DataDir, bar, house
from base.audit import Event, append
from base.backup import CLUSTER, BackupError, back_up, check, recover, restore
from base.security import KeyFileError, sealing_key
from base.settings import Settings
from clinical.coded import zoned

_NAME = "yigong-{:%Y%m%dT%H%M%SZ}.backup"


def backup(
    folder: Annotated[Path, typer.Argument(help="where to put the file")],
    by: Annotated[str, typer.Option("--by", help="who does this (recorded)")] = "timer",
    keep: Annotated[int, typer.Option(min=0, help="remove all but the newest so many; 0: none")] = 0,
    data_dir: DataDir = None,
) -> None:
    """Back up database, releases, keys and policies into one file, sealed with the master key, while work goes on.
    Keep the master key apart: it is not in it."""
    opened = house(data_dir)
    settings, target = opened.settings, folder / _NAME.format(datetime.now(UTC))
    append(opened.engine, [Event(by, "backup.make", target.name)])
    try:
        with bar("备份") as advance:
            size = back_up(
                settings.data_dir,
                settings.database,
                master_key(settings),
                target,
                settings.postgres_programs,
                advance,
            )
        check(target, master_key(settings))
    except BackupError as error:
        ERR.print(f"[red]{error}")
        raise typer.Exit(1) from None
    OUT.print(f"{target} ({size / 1e6:,.0f} MB), read back whole", soft_wrap=True)
    for old in sorted(folder.glob("yigong-*.backup"))[:-keep] if keep else ():
        old.unlink()


def bring_back(
    file: Annotated[Path, typer.Argument(help="a file that backup made", exists=True, dir_okay=False)],
    into: Annotated[Path, typer.Option("--into", help="an empty or new data folder")],
    master: Annotated[Path, typer.Option("--master-key", help="file of the master key", exists=True)],
    archive: Annotated[Path | None, typer.Option(help="PostgreSQL: folder of archived log")] = None,
    at: Annotated[datetime | None, typer.Option(help="PostgreSQL: recover up to this moment")] = None,
) -> None:
    """Unpack a backup into an empty data folder. With PostgreSQL its cluster lies in postgresql/ there: start a
    server on it; with --archive it first replays the log, up to --at."""
    try:
        with bar("恢复") as advance:
            said = restore(file, sealing_key(master), into, advance)
        if said["database"] == CLUSTER and archive is not None:
            recover(into / CLUSTER, archive, None if at is None else zoned(at))
    except (BackupError, KeyFileError) as error:
        ERR.print(f"[red]{error}")
        raise typer.Exit(1) from None
    own = into / "keys" / "master.key"
    if Settings().master_key_file is None and not own.exists():
        own.write_bytes(master.read_bytes())
        own.chmod(0o600)
    OUT.print(f"{into}: as of {said['madeAt']}; check it with: yigong doctor --data-dir {into}", soft_wrap=True)


COMMANDS = (Command("backup", backup), Command("restore", bring_back))
