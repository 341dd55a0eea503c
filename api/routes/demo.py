"""Synthetic patients for whoever looks at the service for the first time, on the machine itself."""

from __future__ import annotations

import asyncio
import logging
import sys
from pathlib import Path
from typing import Final

from fastapi import APIRouter, Request, Response

from api.access import Access, Kind, Principal
from api.asking import described
from api.errors import ApiError, respond
from supervision.figures.duck import engine

_log = logging.getLogger(__name__)
_CHECKOUT: Final = Path(__file__).parents[2]
PEOPLE: Final = 40
"""Fewer than `make demo-data` brings, so that nobody waits: the stories are the same."""
_FILLED: Final = "demo/first-day"
_FIGURES: Final = "facts/institutions"
_SECONDS: Final = 300.0


def router(access: Access, data_dir: Path) -> APIRouter:
    """``/api/v1/demo``. The demo is a program of its own (``python -m demo``), as `make demo-data` runs it."""
    routes = APIRouter(prefix="/api/v1", tags=["Demo"])
    filling = asyncio.Lock()
    later: set[asyncio.Task[None]] = set()

    def told(found: Principal) -> Response:
        """What there is of the demo; indicators come somewhat later than patients, and not without DuckDB."""
        there = {"filled": (data_dir / _FILLED).exists(), "figures": (data_dir / _FIGURES).exists()}
        return respond(200, {"possible": _is_newcomer(found), "filling": bool(later), "engine": engine(), **there})

    @routes.get("/demo", **_STATE)
    def state(request: Request) -> Response:
        return told(access.who(request))

    @routes.post("/demo", **_FILL)
    async def fill(request: Request) -> Response:
        found = access.who(request)
        if not _is_newcomer(found):
            raise ApiError(403, "forbidden", "示例数据只能在本机、尚未开立账号时载入；或运行 make demo-data")
        async with filling:
            if not await _run(data_dir, "--no-figures"):
                raise ApiError(503, "transient", "示例数据未能载入，请在安装目录运行 make demo-data 查看原因")
            task = asyncio.create_task(_figures(data_dir))
            later.add(task)
            task.add_done_callback(later.discard)
        access.note(found, "demo.fill")
        return told(found)

    return routes


def _is_newcomer(found: Principal) -> bool:
    return found.kind is Kind.LOCAL


async def _figures(data_dir: Path) -> None:
    """What takes longer, while the newcomer looks at the rest."""
    if not await _run(data_dir, "--some"):
        _log.error("the demo's indicators were not filled in")


async def _run(data_dir: Path, *options: str) -> bool:
    """Whether the program went well."""
    command = (sys.executable, "-m", "demo", "--data-dir", str(data_dir.resolve()), "--people", str(PEOPLE), *options)
    quiet = asyncio.subprocess.DEVNULL
    process = await asyncio.create_subprocess_exec(*command, cwd=_CHECKOUT, stdout=quiet, stderr=quiet)
    try:
        return await asyncio.wait_for(process.wait(), _SECONDS) == 0
    except TimeoutError:
        return False
    finally:
        if process.returncode is None:
            process.kill()


_STATE: Final = described(
    "示例数据是否已载入",
    "",
    "possible: 可在此载入; filled: 已载入; figures: 指标数据已生成; filling: 指标数据正在生成; "
    "engine: 指标引擎 DuckDB 是否已安装，怎样安装",
)
_FILL: Final = described(
    "载入虚构的示例患者",
    "三家机构的虚构患者和待审处方，用时数秒；监管指标的数据随后在后台生成（需要 DuckDB，未安装时 engine.installed "
    "为 false）。仅限本机、尚未开立账号时；可重复。",
    "filled, engine",
    503,
)
