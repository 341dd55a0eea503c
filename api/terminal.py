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
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

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


@dataclass(frozen=True, slots=True)
class Bar:
    """Advances a progress bar when it is called; ``of`` tells it how far it goes."""

    progress: Progress
    task: TaskID

    def __call__(self, rows: int) -> None:
        self.progress.advance(self.task, rows)

    def of(self, total: int) -> None:
        self.progress.update(self.task, total=total)


@contextmanager
def bar(title: str, total: int | None = None) -> Iterator[Bar]:
    """A progress bar on stderr; gives what advances it."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=ERR, transient=True) as progress:
        yield Bar(progress, progress.add_task(title, total=total or None))


def as_json(value: Any) -> None:
    """Print a value as indented JSON."""
    sys.stdout.buffer.write(orjson.dumps(value, option=orjson.OPT_INDENT_2) + b"\n")
