"""``yigong screen``: stored orders of many patients through the same rules as at order entry."""

from __future__ import annotations

import os
from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated, Any, Final

import msgspec
import typer
from rich.table import Table

from api.serving import Served, settle
from api.terminal import OUT, Command, DataDir, bar, house
from base.plugins import discover
from base.settings import Settings
from clinical.coded import china_day
from clinical.finding import Finding, Review
from exchange.fhir.values import ReadError
from exchange.plain import PlainReview, read
from knowledge.release import Releases
from rules import policy
from rules.engine import review
from rules.model import Case, Family
from rules.states import States
from supervision.screening import patients_in, summary
from supervision.screening import screen as screen_all

_MISREAD: Final = (ReadError, msgspec.DecodeError, msgspec.ValidationError, ValueError)


class Screener:
    """One worker: a release, the families, a policy. The line of a request, without suggestions and journal."""

    def __init__(self, served: Served, chosen: policy.Policy, day: date, now: datetime) -> None:
        self._served, self._policy, self._day, self._now = served, chosen, day, now
        self._families = tuple(discover("rules.families", "FAMILY", Family).values())
        self._states = States.start()

    def rows(self, body: bytes) -> list[dict[str, Any]]:
        """Findings of one patient's plain review; a row of family ``error`` when it cannot be read."""
        try:
            plain = _read(body)
            answer = self.review(plain)
        except _MISREAD as error:
            return [_row("", "", "", None, f"{type(error).__name__}: {error}")]
        about = (plain.patient.id, plain.institution, plain.department)
        return [_row(*about, finding) for finding in answer.findings]

    def review(self, plain: PlainReview) -> Review:
        """What is shown for a plain review. Raises ``ReadError``."""
        incoming, served = read(plain, self._now), self._served
        patient, orders, _ = served.terminology.resolve(incoming.context, incoming.orders)
        case = Case(patient, orders, served.snapshot, plain.as_of or self._day, derive=self._states.derive)
        outcome = self._states.apply(review(case, self._families), case)
        return policy.apply(outcome, self._policy, policy.Moment.of(patient))


_HERE: list[Screener] = []
"""The screener of a worker process; empty in the parent."""


def prepare(data_dir: str, release: str, chosen: bytes, day: str, now: str) -> None:
    """Set up a worker process."""
    settings = Settings(data_dir=Path(data_dir))
    releases = Releases(settings.releases_dir, ())
    served = Served.of(releases.open_unverified(release))
    decoded = msgspec.msgpack.decode(chosen, type=policy.Policy)
    _HERE.append(Screener(served, decoded, date.fromisoformat(day), datetime.fromisoformat(now)))
    settle()


def judge(reviews: Sequence[bytes]) -> list[dict[str, Any]]:
    """Findings of a chunk of patients, in a prepared worker."""
    return [row for body in reviews for row in _HERE[0].rows(body)]


def screen(
    source: Annotated[Path, typer.Argument(exists=True, help="file with a `review` column, or folder of tables")],
    out: Annotated[Path, typer.Option(help="folder for the findings (parquet); a restart goes on there")],
    day: Annotated[str, typer.Option(help="date as of which ages and knowledge count; empty: today")] = "",
    tenant: Annotated[str, typer.Option(help="whose policy applies")] = "default",
    workers: Annotated[int, typer.Option(help="processes; 0: one a core")] = 0,
    chunk: Annotated[int, typer.Option(help="patients a part")] = 2_000,
    data_dir: DataDir = None,
) -> None:
    """Screen stored orders in bulk: the same findings as at order entry, in parquet."""
    opened = house(data_dir)
    release = opened.releases.manifest(opened.releases.active()).release
    file = opened.settings.policies_dir / f"{tenant}.json"
    chosen = policy.load(file) if file.exists() else policy.DEFAULT
    now = datetime.now(UTC)
    day = day or china_day(now).isoformat()
    given = (str(opened.settings.data_dir), release, msgspec.msgpack.encode(chosen), day, now.isoformat())
    opened.engine.dispose()
    with bar("筛查") as advance:

        def meanwhile() -> None:
            """What takes a second or two and can be done while workers begin: no part is written before."""
            opened.releases.verify(release)
            advance.of(patients_in(source))

        done = screen_all(
            source,
            out,
            release,
            judge,
            start=(prepare, given),
            workers=workers or os.cpu_count() or 1,
            chunk=chunk,
            progress=advance,
            meanwhile=meanwhile,
        )
    OUT.print(
        f"{done.patients} patients screened in {done.parts} parts ({done.resumed} parts were there already): "
        f"{done.findings} findings, {done.errors} rows could not be read",
        highlight=False,
    )
    table = Table("family", "severity", "findings", "patients")
    for row in summary(out):
        table.add_row(*(str(value) for value in row.values()))
    OUT.print(table)


_DECODER: Final = msgspec.json.Decoder(PlainReview)


def _read(body: bytes) -> PlainReview:
    """Raises ``msgspec.DecodeError``."""
    if b"null" not in body:
        return _DECODER.decode(body)
    return msgspec.convert(_without_nulls(msgspec.json.decode(body)), PlainReview)


def _without_nulls(value: Any) -> Any:
    """Tables have NULL where a review leaves a field out."""
    if isinstance(value, dict):
        return {key: _without_nulls(inner) for key, inner in value.items() if inner is not None}
    return [_without_nulls(inner) for inner in value] if isinstance(value, list) else value


def _row(patient: str, institution: str, department: str, f: Finding | None, error: str = "") -> dict[str, Any]:
    return {
        "patient": patient,
        "institution": institution,
        "department": department,
        "family": "error" if f is None else f.family,
        "rule": "" if f is None else f.rule_id,
        "version": "" if f is None else f.rule_version,
        "severity": "" if f is None else f.severity.value,
        "orders": "" if f is None else " ".join(f.orders),
        "summary": error if f is None else f.summary,
        "cause": "" if f is None else f.cause,
        "interruptive": f is not None and f.interruptive,
    }


COMMANDS = (Command("screen", screen),)
