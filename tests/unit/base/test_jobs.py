"""Long work, on SQLite and on PostgreSQL: one of a kind at a time, seen from everywhere, never stuck for good."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from sqlalchemy import Engine, update

from base.jobs import SILENCE, Jobs, State, jobs
from base.refusal import MissingError, TakenError


def begun(engine: Engine) -> tuple[Jobs, str]:
    made = Jobs(engine)
    return made, made.start("publish", "发布", "王主任", {"note": "新规则"}).id


def test_how_far_it_is_and_what_came_of_it_is_seen_by_everybody(engine: Engine) -> None:
    made, one = begun(engine)
    made.advance(one, "建立检索索引", 40, 100)
    seen = Jobs(engine).one(one)
    assert (seen.state, seen.stage, seen.done, seen.total, seen.asked) == (
        State.RUNNING,
        "建立检索索引",
        40,
        100,
        {"note": "新规则"},
    )
    made.finish(one, {"release": "abc"})
    assert Jobs(engine).one(one).result == {"release": "abc"}
    assert [job.id for job in made.listed("publish")] == [one]
    assert made.listed("load") == []


def test_two_of_a_kind_do_not_run_at_once(engine: Engine) -> None:
    made, one = begun(engine)
    with pytest.raises(TakenError, match="已在运行"):
        made.start("publish", "发布", "李药师", {})
    made.start("load", "载入", "李药师", {})
    made.fail(one, "未能发布")
    made.start("publish", "发布", "李药师", {})


def test_how_it_ended_stays(engine: Engine) -> None:
    made, one = begun(engine)
    made.fail(one, "未能发布")
    made.finish(one, {})
    made.advance(one, "以后", 1, 1)
    seen = made.one(one)
    assert (seen.state, seen.fault, seen.stage) == (State.FAILED, "未能发布", "")


def test_a_job_whose_process_is_gone_is_told_as_failed_and_stands_in_nobodys_way(engine: Engine) -> None:
    made, one = begun(engine)
    with engine.begin() as connection:
        connection.execute(update(jobs).values(beat=datetime.now(UTC) - 2 * SILENCE))
    assert (made.one(one).state, made.one(one).fault[:7]) == (State.FAILED, "执行任务的进程")
    assert made.start("publish", "发布", "李药师", {}).state is State.RUNNING


def test_a_job_that_has_nothing_new_to_tell_but_lives_is_not_given_up(engine: Engine) -> None:
    made, one = begun(engine)
    with engine.begin() as connection:
        connection.execute(update(jobs).values(beat=datetime.now(UTC) - 2 * SILENCE))
    made.beat(one)
    assert made.one(one).state is State.RUNNING
    with pytest.raises(TakenError):
        made.start("publish", "发布", "李药师", {})


def test_an_unknown_job_is_said_to_be_unknown(engine: Engine) -> None:
    with pytest.raises(MissingError):
        Jobs(engine).one("none")
