"""The curators' workbench as a service: records and their forms, steps of the review, jobs, what workers serve."""

from __future__ import annotations

import asyncio
import logging
import os
import socket
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from api import curation_forms
from api.bootstrap import House
from api.curation_checks import Checker
from api.curation_forms import TYPES, Flaws, Form
from api.serving import Serving
from api.spawning import spawn
from base.jobs import Job, Jobs
from base.refusal import Fault, RefusedError, RefusedTogetherError
from knowledge import workers
from knowledge.drafting import Drafted, Effect, drafted
from knowledge.joining import Joining
from knowledge.model import Concept, Record
from knowledge.review import Workflow, WorkflowError
from knowledge.store import ConflictError, Head, Store, StoreError
from knowledge.tables import Table

_log = logging.getLogger(__name__)
_BEAT_SECONDS: Final = 2.0
_NO_REASON: Final = "须写明修改理由"


@dataclass(frozen=True, slots=True)
class Stepped:
    """A record that took a step, or why it did not."""

    kind: str
    id: str
    revision: int
    problem: str = ""
    conflict: bool = False


@dataclass(frozen=True, slots=True)
class Drafting:
    """A form of a record, and the revision it was made from (0: a new record)."""

    id: str
    form: Form
    revision: int


class CurationDesk:
    """Everything curators do in one installation."""

    def __init__(self, house: House, serving: Serving) -> None:
        self.house, self.serving = house, serving
        self.store: Store = house.store
        self.checker = Checker(house.store, lambda: serving.now.snapshot)
        self.workflow = Workflow(house.store, self.checker.told)
        self.joining = Joining(house.store)
        self.jobs = Jobs(house.engine)
        self._name = f"{socket.gethostname()}:{os.getpid()}"

    # -- records -----------------------------------------------------------------------------

    def head(self, kind: str, id_: str) -> Head:
        """Raises ``StoreError``."""
        found = self.store.head(TYPES[kind], id_)
        if found is None:
            raise StoreError(f"没有 {kind} {id_}")
        return found

    def drawn(self, kind: str, id_: str, form: Form) -> tuple[Record | None, Flaws]:
        """The record that a form makes, and everything wrong with it."""
        before = self.store.head(TYPES[kind], id_)
        record, flaws = curation_forms.made(form, id_, before.record if before else None)
        return record, flaws + (self.checker.flaws(record) if record is not None else [])

    def save(self, kind: str, id_: str, form: Form, revision: int, by: str, reason: str) -> Head:
        """Keep a draft made from a revision (0: new). Raises ``RefusedError`` that names the field,
        ``ConflictError`` when somebody was faster."""
        if not reason.strip():
            raise RefusedError("reason", _NO_REASON)
        record, flaws = self.drawn(kind, id_, form)
        if flaws or record is None:
            raise RefusedError(flaws[0].field, flaws[0].problem)
        self.workflow.save_all([(record, revision)], by, reason)
        return self.head(kind, id_)

    def save_all(self, kind: str, drafts: Sequence[Drafting], by: str, reason: str) -> list[Head]:
        """Keep drafts, each of another record, all or none. Raises ``RefusedTogetherError`` that names each record by
        its place, and the field."""
        if not reason.strip():
            raise RefusedError("reason", _NO_REASON)
        try:
            self.workflow.save_all(self._sound(kind, drafts), by, reason)
        except ConflictError:
            self._sound(kind, drafts)  # says whose revision was written since
            raise
        return [self.head(kind, one.id) for one in drafts]

    def _sound(self, kind: str, drafts: Sequence[Drafting]) -> list[tuple[Record, int]]:
        made, faults, ids = list[tuple[Record, int]](), list[Fault](), [one.id for one in drafts]
        for at, one in enumerate(drafts):
            record, flaws = self.drawn(kind, one.id, one.form)
            faults += [Fault(_place(at, flaw.field), flaw.problem) for flaw in flaws]
            faults += _twice(ids, at) or self._overtaken(kind, at, one)
            if record is not None:
                made.append((record, one.revision))
        if faults:
            raise RefusedTogetherError(faults)
        return made

    def _overtaken(self, kind: str, at: int, draft: Drafting) -> list[Fault]:
        head = self.store.head(TYPES[kind], draft.id)
        now, seen = head.revision if head else 0, draft.revision
        if now == seen:
            return []
        if not seen:
            return [Fault(_place(at, "id"), f"编号 {draft.id} 已被使用，请另取编号", overtaken=True)]
        told = f"{draft.id} 已是第 {now} 版，您看到的是第 {seen} 版，请重新读取后再改"
        return [Fault(_place(at, "revision"), told, overtaken=True)]

    def name(self, concept: str) -> str:
        """What a concept or source is called; its id when nobody knows it."""
        return self.names([concept]).get(concept, concept)

    def names(self, ids: Iterable[str]) -> Mapping[str, str]:
        """Names of concepts and titles of sources."""
        wanted = list(dict.fromkeys(ids))
        found = self.store.many([("concept", one) for one in wanted] + [("source", one) for one in wanted])
        return {key[1]: _called(head.record) for key, head in found.items()}

    # -- tables ------------------------------------------------------------------------------

    def rows(self, table: Table, rows: Sequence[Mapping[str, str]]) -> list[Drafted]:
        """What rows of a table would change, or what is wrong with them."""
        return drafted(self.store, table, rows)

    def keep_rows(self, outcomes: Sequence[Drafted], by: str, reason: str) -> int:
        """Write what rows change, all or nothing. Raises ``RefusedError`` when one has a fault."""
        if not reason.strip():
            raise RefusedError("reason", _NO_REASON)
        if any(outcome.faults for outcome in outcomes):
            raise RefusedError("rows", "仍有未改正的单元格，未写入任何一行")
        proposals = {
            (type(p.record), p.record.id): (p.record, p.revision)
            for outcome in outcomes
            for p in outcome.proposals
            if p.effect is not Effect.SAME
        }
        return self.workflow.save_all(list(proposals.values()), by, reason) if proposals else 0

    # -- the review --------------------------------------------------------------------------

    def step(self, step: str, kind: str, id_: str, revision: int, by: str, reason: str) -> Stepped:
        """Take one step with what somebody saw; what does not allow it is told, so that others can go on."""
        try:
            head = self.head(kind, id_)
            done = self._stepped(step, head.record, revision, by, reason)
            return Stepped(kind, id_, done.revision)
        except ConflictError as error:
            return Stepped(kind, id_, revision, str(error), conflict=True)
        except StoreError as error:
            return Stepped(kind, id_, revision, str(error))

    def _stepped(self, step: str, record: Record, revision: int, by: str, reason: str) -> Head:
        if step == "submit":
            return self.workflow.submit(record, by, revision)
        if step == "approve":
            return self.workflow.approve(record, by, reason, revision)
        if step == "reject":
            return self.workflow.reject(record, by, reason, revision)
        if step == "retire":
            return self.workflow.retire(record, by, reason, revision)
        raise WorkflowError(f"没有步骤 {step}")

    # -- jobs --------------------------------------------------------------------------------

    def begin(self, kind: str, title: str, by: str, asked: Mapping[str, Any]) -> Job:
        """Have a process of its own do something long. Raises ``TakenError`` while the same runs."""
        job = self.jobs.start(kind, title, by, asked)
        spawn(self.house.settings, job.id, self.jobs)
        return job

    # -- meanwhile ---------------------------------------------------------------------------

    async def keep_watch(self, seconds: float = _BEAT_SECONDS) -> None:
        """Tell others which release this worker serves: at once after a swap, else from time to time."""
        told, beats = "", 0
        while True:
            release, fault = self.serving.now.snapshot.release, self.serving.fault
            if f"{release} {fault}" != told or beats >= 10:
                try:
                    await asyncio.to_thread(
                        workers.report, self.house.engine, self._name, release, fault, datetime.now(UTC)
                    )
                    told, beats = f"{release} {fault}", 0
                except Exception as error:  # a database that is away must not end the watch
                    _log.error("release not reported", extra={"error": type(error).__name__})
            beats += 1
            await asyncio.sleep(seconds)


def _called(record: Record) -> str:
    return record.name if isinstance(record, Concept) else getattr(record, "title", record.id)


def _twice(ids: Sequence[str], at: int) -> list[Fault]:
    """What stands against a record that was named before."""
    if ids[at] not in ids[:at]:
        return []
    return [Fault(_place(at, "id"), f"编号 {ids[at]} 与前面的一条重复，请另取编号")]


def _place(at: int, field: str) -> str:
    """Where something of a draft stands in what was asked: what is no part of its form stands beside it."""
    return f"records[{at}].{field}" if field in ("id", "revision") else f"records[{at}].form.{field}"
