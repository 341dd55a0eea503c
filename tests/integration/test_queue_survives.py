"""A process that is killed with -9 while it works the queue loses nothing it had answered."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from base.db import open_engine
from base.keyring import KeyRing
from records.review_moves import State
from records.reviews import Reviews

_WORK = """
import sys
from datetime import UTC, datetime
from base.db import migrate, open_engine
from base.keyring import KeyRing
from records.review_moves import Action, Move, Role, State
from records.reviews import Reviews, Submission

engine = open_engine(sys.argv[1])
migrate(engine)
queue, now = Reviews(engine, KeyRing(engine, bytes(16))), datetime.now(UTC)
for number in range(100_000):
    review = f"{sys.argv[2]}-{number}"
    queue.submit(Submission(review, State.PENDING, now, "r", {"n": number}, callback="https://his/x"))
    print(review, 1, flush=True)
    queue.move(review, Move(Action.CLAIM, "w", Role.PHARMACIST, now))
    print(review, 2, flush=True)
    queue.move(review, Move(Action.APPROVE, "w", Role.PHARMACIST, now))
    print(review, 3, flush=True)
"""


@pytest.mark.parametrize("round_", range(3))
def test_what_was_answered_is_there_after_kill_9(tmp_path: Path, round_: int) -> None:
    url = f"sqlite:///{tmp_path / 'queue.sqlite'}"
    command = [sys.executable, "-c", _WORK, url, f"k{round_}"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2])
    assert process.stdout is not None
    first = process.stdout.readline()
    time.sleep(0.5 + 0.13 * round_)
    process.send_signal(signal.SIGKILL)
    said = [line.split() for line in (first + process.stdout.read()).splitlines()]
    process.stdout.close()
    process.wait()
    engine = open_engine(url)
    queue = Reviews(engine, KeyRing(engine, bytes(16)))
    answered = {line[0]: int(line[1]) for line in said if len(line) == 2}
    assert len(answered) > 3
    states = [State.PENDING, State.CLAIMED, State.APPROVED]
    for review, version in answered.items():
        found, history = queue.case(review), queue.history(review)
        assert found.version >= version
        assert found.version == len(history), "state and journal agree"
        assert [event.after for event in history] == states[: found.version]
    queue._engine.dispose()
