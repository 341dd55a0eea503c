"""Long work goes to a process of its own: a worker that answers prescribers has no time for it."""

from __future__ import annotations

import subprocess
import sys
import threading
from contextlib import suppress
from typing import Final

from base.jobs import Jobs
from base.settings import Settings

_NOT_BEGUN: Final = "执行任务的进程无法启动，详见服务日志"
_DIED: Final = "执行任务的进程意外结束，详见服务日志"


def spawn(settings: Settings, job: str, jobs: Jobs) -> None:
    """Begin a job that was noted. Settings go through a pipe, since they may hold keys. A process that dies is told
    of. Raises ``OSError`` when none can be had; the job has failed then."""
    command = [sys.executable, "-m", "api.job_process", job]
    try:
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
    except OSError:
        jobs.fail(job, _NOT_BEGUN)
        raise
    threading.Thread(target=_wait, args=(process, job, jobs), name=f"job-{job}", daemon=True).start()
    assert process.stdin is not None
    with suppress(BrokenPipeError), process.stdin as pipe:  # one that died already is told of all the same
        pipe.write(settings.model_dump_json().encode())


def _wait(process: subprocess.Popen[bytes], job: str, jobs: Jobs) -> None:
    process.wait()
    jobs.fail(job, _DIED)  # what ended by itself stays as it ended
