"""The demo for whoever sees the service for the first time, filled in by a program of its own (``python -m demo``)
as `make demo-data` does it: patients, then what takes longer, while the newcomer looks at them."""

from __future__ import annotations

import asyncio
import logging
import sys
from pathlib import Path
from typing import Any, Final

from supervision.figures.duck import engine

_log = logging.getLogger(__name__)
_CHECKOUT: Final = Path(__file__).parents[1]
PEOPLE: Final = 40
"""Fewer than `make demo-data` brings, so that nobody waits: the stories are the same."""
OPTIONS: Final = ("--some", "--telling")
_FILLED: Final = "demo/filled"
_FIGURES: Final = "facts/institutions"
_STARTING: Final = "starting"
_SECONDS: Final = 300.0
_FAILED: Final = "示例数据未能载入，请在安装目录运行 make demo-data 查看原因"


class DemoDesk:
    """Begins the program, and knows how far it is."""

    def __init__(self, data_dir: Path) -> None:
        self._data_dir = data_dir.resolve()
        self._task: asyncio.Task[None] | None = None
        self._doing = self._fault = ""

    def state(self) -> dict[str, Any]:
        """What there is of the demo; indicators come somewhat later than patients, and not without DuckDB."""
        there = {"filled": self._is_there(_FILLED), "figures": self._is_there(_FIGURES), "engine": engine()}
        return there | {"filling": bool(self._doing), "doing": self._doing, "fault": self._fault}

    def begin(self) -> None:
        """Unless it is being done already."""
        if self._task is None or self._task.done():
            self._doing, self._fault = _STARTING, ""
            self._task = asyncio.create_task(self._fill())

    async def close(self) -> None:
        """What was not come to the end of is begun anew by whoever asks next."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait({self._task})

    def _is_there(self, part: str) -> bool:
        return (self._data_dir / part).exists()

    async def _fill(self) -> None:
        try:
            if await self._run():
                return
            _log.error("the demo was not filled in")
            if not self._is_there(_FILLED):
                self._fault = _FAILED
        finally:
            self._doing = ""

    async def _run(self) -> bool:
        """Whether the program went well."""
        where = ("--data-dir", str(self._data_dir), "--people", str(PEOPLE))
        command = (sys.executable, "-m", "demo", *where, *OPTIONS)
        pipe, quiet = asyncio.subprocess.PIPE, asyncio.subprocess.DEVNULL
        try:
            process = await asyncio.create_subprocess_exec(*command, cwd=_CHECKOUT, stdout=pipe, stderr=quiet)
        except OSError:  # no memory, no more processes
            return False
        try:
            async with asyncio.timeout(_SECONDS):
                await self._hear(process.stdout)
                return await process.wait() == 0
        except TimeoutError:
            return False
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()

    async def _hear(self, said: asyncio.StreamReader | None) -> None:
        """What it is doing, a word a line, until it has nothing more to say."""
        assert said is not None
        async for line in said:
            self._doing = line.decode().strip()
