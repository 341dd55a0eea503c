"""What commands share: the opened house, output, progress, and how a command is declared."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Final

import orjson
import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from api.bootstrap import House, open_house
from base.log import setup
from base.settings import Settings

OUT: Final = Console()
ERR: Final = Console(stderr=True)
By = Annotated[str, typer.Option("--by", help="who does this (recorded)")]
DataDir = Annotated[Path | None, typer.Option("--data-dir", help="data folder (YIGONG_DATA_DIR)")]


@dataclass(frozen=True, slots=True)
class Command:
    """A command of ``yigong``, one module of ``api.commands`` each: its name and what it runs."""

    name: str
    run: Callable[..., None]


def house(data_dir: Path | None) -> House:
    """The data folder of ``--data-dir``, else of the settings."""
    if data_dir is not None:
        os.environ["YIGONG_DATA_DIR"] = str(data_dir)
    settings = Settings()
    setup("WARNING" if settings.log_level == "INFO" else settings.log_level)
    return open_house(settings)


@contextmanager
def bar(title: str, total: int | None = None) -> Iterator[Callable[[int], None]]:
    """A progress bar on stderr; gives the function that advances it."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=ERR, transient=True) as progress:
        task = progress.add_task(title, total=total or None)
        yield lambda rows: progress.advance(task, rows)


def as_json(value: Any) -> None:
    """Print a value as indented JSON."""
    sys.stdout.buffer.write(orjson.dumps(value, option=orjson.OPT_INDENT_2) + b"\n")
