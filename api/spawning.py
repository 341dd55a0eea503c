"""Long work goes to a process of its own: a worker that answers prescribers has no time for it."""

from __future__ import annotations

import subprocess
import sys
import threading
from typing import Final

from base.jobs import Jobs
from base.settings import Settings

_DIED: Final = "执行任务的进程意外结束，详见服务日志"


def spawn(settings: Settings, job: str, jobs: Jobs) -> None:
    """Begin a job that was noted. Settings go through a pipe, since they may hold keys. A process that dies is told
    of."""
    process = subprocess.Popen(
        [sys.executable, "-m", "api.job_process", job], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL
    )
    assert process.stdin is not None
    process.stdin.write(settings.model_dump_json().encode())
    process.stdin.close()
    threading.Thread(target=_wait, args=(process, job, jobs), name=f"job-{job}", daemon=True).start()


def _wait(process: subprocess.Popen[bytes], job: str, jobs: Jobs) -> None:
    process.wait()
    jobs.fail(job, _DIED)  # what ended by itself stays as it ended
