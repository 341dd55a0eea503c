"""Notes and jobs go when they are old, and nothing else does."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sqlalchemy import Engine, func, select, update

from api.bootstrap import House, key_ring
from api.overseeing import Overseer
from base.jobs import Jobs, jobs
from base.retention import forget
from base.tenancy import guard, system
from records.unanswered import Unanswered, questions
from records.uses import Asker, Kind, Use, Uses, uses

NOW = datetime.now(UTC)
DAY = timedelta(days=1)


def asked(engine: Engine, *days_ago: float) -> None:
    """A question in vain, a use of inference and a job that is over, so many days ago."""
    used = Uses(engine, "league")
    for n, days in enumerate(days_ago):
        at = NOW - days * DAY
        with system("test"):
            Unanswered(engine, "league").keep(f"q{n}", "", "某病怎么报销", at)
        used.note(Use(Kind.SCORES, Asker("league/h1"), at, True, 1.0))
        job = Jobs(engine).start("shadow", "影子运行", "li", {}, alone=False)
        Jobs(engine).finish(job.id, {})
        with engine.begin() as connection:
            connection.execute(update(jobs).where(jobs.c.id == job.id).values(beat=at))
    assert used.flush()


def left(engine: Engine) -> list[int]:
    with system("test"), engine.connect() as connection:
        return [
            connection.execute(select(func.count()).select_from(table)).scalar_one()
            for table in (questions, uses, jobs)
        ]


def test_what_is_older_than_so_many_days_goes_and_the_rest_stays(engine: Engine) -> None:
    guard(engine)
    asked(engine, 0, 399.9, 400.1, 900)
    assert forget(engine, NOW, 400, questions.c.at, uses.c.at, jobs.c.beat) == 6
    assert left(engine) == [2, 2, 2]
    assert forget(engine, NOW, 400, questions.c.at) == 0


def test_for_ever_is_for_ever(engine: Engine) -> None:
    guard(engine)
    asked(engine, 4_000)
    assert forget(engine, NOW, 0, questions.c.at, uses.c.at, jobs.c.beat) == 0
    assert left(engine) == [1, 1, 1]


def test_an_installation_removes_them_after_as_many_days_as_its_settings_say(fresh: House) -> None:
    asked(fresh.engine, 1, 30)
    overseer = Overseer(fresh, key_ring(fresh))
    days = fresh.settings.note_days * DAY
    assert overseer.prune(NOW + days - 2 * DAY) == 3
    assert left(fresh.engine) == [1, 1, 1]
