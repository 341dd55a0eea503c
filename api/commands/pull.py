"""``yigong pull``: fetch tables from hospitals that cannot send."""

from __future__ import annotations

import asyncio
import signal
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from api.bootstrap import House, key_ring
from api.intake import open_intake
from api.terminal import ERR, OUT, Command, DataDir, bar, house
from exchange.intake import BusyError
from exchange.pull import Pulled, Puller, PullError, SourceAwayError
from exchange.pull_config import Pull, load
from records.traffic import Kind, System, heard


def pull(
    config: Annotated[str, typer.Argument(help="file, or name of one in pulls/ of the data folder; empty: all")] = "",
    watch: Annotated[float, typer.Option(min=0, help="look again every so many seconds; 0: once")] = 0,
    data_dir: DataDir = None,
) -> None:
    """Fetch new rows of files or of a database query as messages, each once."""
    opened = house(data_dir)
    pulls = [_loaded(path) for path in _paths(config, opened.settings.data_dir / "pulls")]
    if not asyncio.run(_run(opened, pulls, watch)):
        raise typer.Exit(1)


def _paths(config: str, folder: Path) -> list[Path]:
    """The files meant. Raises ``BadParameter``."""
    if config:
        found = next((p for p in (Path(config), folder / config, folder / f"{config}.yaml") if p.is_file()), None)
        if found is None:
            raise typer.BadParameter(f"there is neither {config} nor {folder / config}.yaml", param_hint="config")
        return [found]
    found_all = sorted(folder.glob("*.yaml"))
    if not found_all:
        raise typer.BadParameter(f"{folder} holds no *.yaml: docs/exchange.md shows one", param_hint="config")
    return found_all


def _loaded(path: Path) -> Pull:
    try:
        return load(path)
    except PullError as error:
        raise typer.BadParameter(str(error), param_hint=path.name) from None


async def _run(opened: House, pulls: list[Pull], watch: float) -> bool:
    """Run pulls once, or until told to stop. Whether all went well."""
    intake, stop = open_intake(opened, key_ring(opened)), asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM) if watch else ():
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    try:
        with bar("拉取") as advance:
            pullers = [(one, Puller(opened.engine, intake, one, advance)) for one in pulls]
            well = await _round(opened.engine, pullers)
            while watch and not stop.is_set():
                try:
                    await asyncio.wait_for(stop.wait(), watch)
                except TimeoutError:
                    await _round(opened.engine, pullers)
    finally:
        await intake.close()
    return well or bool(watch)


async def _round(engine: Engine, pullers: list[tuple[Pull, Puller]]) -> bool:
    """Run each; one that fails stops no other, and is tried again in the next round."""
    well = True
    for one, puller in pullers:
        trouble = await _tried(one, puller)
        await asyncio.to_thread(_note, engine, one, trouble)
        well = well and not trouble
    return well


async def _tried(one: Pull, puller: Puller) -> str:
    """Why a pull failed; empty when it did not."""
    try:
        _say(one, await puller.run())
    except (PullError, SourceAwayError, BusyError) as error:
        ERR.print(f"[red]{one.name}: {error}[/red]", highlight=False, soft_wrap=True)
        return str(error)
    except SQLAlchemyError as error:
        ERR.print(f"[red]{one.name}: our database: {type(error).__name__}[/red]", highlight=False)
        return type(error).__name__
    return ""


def _note(engine: Engine, one: Pull, trouble: str) -> None:
    """Put down that the source was reached, or why not; not when our own database is away."""
    with suppress(SQLAlchemyError), engine.begin() as connection:
        heard(connection, System(one.tenant, Kind.PULL, one.name), datetime.now(UTC), trouble)


def _say(one: Pull, told: Pulled) -> None:
    if not (told.rows or told.waiting):
        return
    more = f", {told.unreadable} rows nothing can be made of (yigong exchange dead)" if told.unreadable else ""
    more += f", {told.waiting} files still being written" if told.waiting else ""
    text = f"{one.name}: {told.rows} rows, {told.messages} messages, {told.known} known before{more}"
    OUT.print(text, highlight=False, soft_wrap=True)


COMMANDS = (Command("pull", pull),)
