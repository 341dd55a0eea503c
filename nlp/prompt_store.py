"""Prompts kept: versions that are only added, decided by another person than their author, in use where a tenant
says.

A prompt belongs to a tenant and is for all below it. A version is written once; only where it stands changes, and
what changed it is kept. For a purpose the nearest level counts that has chosen a version: the institution's own, else
those above it up to the root, where what we ship stands.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from enum import StrEnum
from typing import Any, Final, NamedTuple
from uuid import uuid4

import msgspec
import orjson
from sqlalchemy import Connection, Engine, Row, delete, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from base.db import alone, inserting
from base.tenancy import above, system, tenant_path
from nlp.prompt_cases import Outcome
from nlp.prompt_tables import active, events, prompts, runs, versions
from nlp.prompts import Content, PromptError, check

_ABOVE: Final = "prompts of the levels above"
_MOST: Final = 500
_LONGEST_NAME, _LONGEST_PURPOSE, _LONGEST_NOTE = 80, 40, 400
PERSON, POLISH, SHIPPED = "person", "polish", "shipped"
"""Who made a version."""


class State(StrEnum):
    DRAFT = "draft"
    SUBMITTED = "submitted"
    APPROVED = "approved"
    REJECTED = "rejected"


class MissingPromptError(Exception):
    """There is no such prompt or version within reach."""


class PromptConflictError(Exception):
    """Somebody else was quicker."""


class Act(NamedTuple):
    """Who does something, when and why."""

    actor: str
    at: datetime
    note: str = ""


class Prompt(NamedTuple):
    id: str
    tenant: str
    name: str
    purpose: str
    standing: str
    author: str
    made: datetime


class Version(NamedTuple):
    """A version of a prompt; ``base`` is the one it was made from, 0 without."""

    prompt: str
    number: int
    tenant: str
    content: Content
    digest: str
    state: State
    author: str
    made: datetime
    origin: str
    base: int
    note: str
    submitted_by: str
    decided_by: str
    decided: datetime | None


class Use(NamedTuple):
    """What a tenant uses for a purpose, and the level that chose it."""

    prompt: Prompt
    version: Version
    tenant: str


class Run(NamedTuple):
    """The cases of a version, run once."""

    version: int
    at: datetime
    actor: str
    model: str
    passed: bool
    outcomes: tuple[Outcome, ...]


class Event(NamedTuple):
    version: int
    tenant: str
    at: datetime
    actor: str
    action: str
    note: str


class Prompts:
    """Prompts within the scope of whoever acts; those of the levels above are read by all below."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    # -- reading -----------------------------------------------------------------------------

    def listed(self, tenant: str, purpose: str = "") -> list[tuple[Prompt, list[Version]]]:
        """Prompts that a tenant may use or that whoever acts reaches, with their versions, oldest first."""
        query = select(prompts).order_by(prompts.c.purpose, prompts.c.name).limit(_MOST)
        query = query.where(prompts.c.purpose == purpose) if purpose else query
        with self._engine.connect() as connection:
            found = {row.id: _prompt(row) for row in connection.execute(query)}
            with system(_ABOVE):
                over = connection.execute(query.where(prompts.c.tenant.in_(above(tenant))))
                found |= {row.id: _prompt(row) for row in over}
                mine = select(versions).where(versions.c.prompt.in_(found)).order_by(versions.c.number)
                made = [_version(row) for row in connection.execute(mine)]
        return [(one, [version for version in made if version.prompt == one.id]) for one in found.values()]

    def prompt(self, tenant: str, prompt: str) -> Prompt:
        """Raises ``MissingPromptError``."""
        with self._engine.connect() as connection:
            return within_reach(connection, tenant, prompt)

    def version(self, tenant: str, prompt: str, number: int = 0) -> Version:
        """A version; 0 is the newest. Raises ``MissingPromptError``."""
        with self._engine.connect() as connection:
            return version_of(connection, tenant, prompt, number)

    def in_use(self, tenant: str, purpose: str) -> Use | None:
        """The version a tenant uses for a purpose: the nearest level's; None when no level has one."""
        chosen = self.choices(tenant).get(purpose)
        if chosen is None:
            return None
        level, prompt, number = chosen
        with self._engine.connect() as connection:
            known = within_reach(connection, tenant, prompt)
            return Use(known, version_of(connection, tenant, prompt, number), level)

    def choices(self, tenant: str) -> dict[str, tuple[str, str, int]]:
        """Purpose → (level that chose, prompt, version) for a tenant."""
        query = select(active).where(active.c.tenant.in_(above(tenant))).order_by(func.length(active.c.tenant))
        with system(_ABOVE), self._engine.connect() as connection:
            return {row.purpose: (row.tenant, row.prompt, row.version) for row in connection.execute(query)}

    def history(self, tenant: str, prompt: str) -> list[Event]:
        """What happened to a prompt as far as the scope reaches, oldest first. Raises ``MissingPromptError``."""
        with self._engine.connect() as connection:
            within_reach(connection, tenant, prompt)
            query = select(events).where(events.c.prompt == prompt).order_by(events.c.number).limit(_MOST)
            names = Event._fields
            return [Event(*(getattr(row, name) for name in names)) for row in connection.execute(query)]

    def last_run(self, tenant: str, prompt: str, number: int) -> Run | None:
        """The newest run of a version's cases. Raises ``MissingPromptError``."""
        with self._engine.connect() as connection:
            version_of(connection, tenant, prompt, number)
            return _last_run(connection, prompt, number)

    # -- writing -----------------------------------------------------------------------------

    def create(self, tenant: str, name: str, purpose: str, content: Content, act: Act) -> Version:
        """A new prompt with its first version. Raises ``PromptError``, ``PromptConflictError`` for a name in use."""
        check(content)
        row = new_prompt(tenant, name, purpose, act)
        try:
            with writing(self._engine) as connection:
                connection.execute(insert(prompts).values(row))
                add_version(connection, row["id"], tenant, 1, content, act)
        except IntegrityError:
            raise PromptConflictError(f"名为“{name.strip()}”的提示词已存在，请换名或为其新增版本") from None
        return self.version(tenant, row["id"], 1)

    def add(self, prompt: str, content: Content, act: Act, base: int = 0, origin: str = PERSON) -> Version:
        """One more version of a prompt of one's own. Raises ``PromptError``, ``MissingPromptError``,
        ``PromptConflictError`` when it says the same as the newest."""
        check(content)
        try:
            with writing(self._engine) as connection:
                owner = own_prompt(connection, prompt)
                newest = version_of(connection, owner.tenant, prompt)
                if newest.digest == content.digest:
                    raise PromptConflictError(f"内容与版本 {newest.number} 相同")
                number = newest.number + 1
                add_version(connection, prompt, owner.tenant, number, content, act, base, origin)
        except IntegrityError:
            raise PromptConflictError("他人刚刚新增了版本，请刷新后再操作") from None
        return self.version(owner.tenant, prompt, number)

    def record(self, prompt: str, number: int, model: str, outcomes: Sequence[Outcome], act: Act) -> Run:
        """Keep a run of a version's cases. Raises ``MissingPromptError``."""
        passed = bool(outcomes) and all(one.passed for one in outcomes)
        told = {
            "model": model[:120],
            "passed": passed,
            "outcomes": orjson.dumps(msgspec.to_builtins(outcomes)).decode(),
        }
        with writing(self._engine) as connection:
            owner = own_prompt(connection, prompt)
            version_of(connection, owner.tenant, prompt, number)
            row = {"prompt": prompt, "version": number, "tenant": owner.tenant, "at": act.at, "actor": act.actor[:80]}
            connection.execute(insert(runs).values(row | told))
        return Run(number, act.at, act.actor, model, passed, tuple(outcomes))

    def submit(self, prompt: str, number: int, act: Act) -> Version:
        """Hand a draft in for approval. Raises ``PromptError``, ``MissingPromptError``."""
        return self._move(prompt, number, State.DRAFT, State.SUBMITTED, act, {"submitted_by": act.actor[:80]})

    def approve(self, prompt: str, number: int, act: Act) -> Version:
        """By another person than who wrote or submitted it, once its cases have passed. Raises ``PromptError``."""
        with self._engine.connect() as connection:
            found = version_of(connection, own_prompt(connection, prompt).tenant, prompt, number)
            run = _last_run(connection, prompt, number)
        if act.actor in (found.author, found.submitted_by):
            raise PromptError("by", "须由编写和提交人以外的人审核")
        if not found.content.cases:
            raise PromptError("cases", "没有测试用例的版本不能通过审核，请新增带有测试用例的版本")
        if run is None or not run.passed:
            why = "测试用例尚未运行" if run is None else "最近一次测试用例未全部通过"
            raise PromptError("cases", f"{why}，通过后才能审核: POST /api/v1/prompts/{prompt}/versions/{number}/runs")
        return self._move(prompt, number, State.SUBMITTED, State.APPROVED, act, decided(act))

    def reject(self, prompt: str, number: int, act: Act) -> Version:
        """Send it back with a reason. Raises ``PromptError``."""
        if not act.note.strip():
            raise PromptError("note", "退回须写明理由")
        return self._move(prompt, number, State.SUBMITTED, State.REJECTED, act, decided(act))

    def activate(self, tenant: str, prompt: str, number: int, act: Act) -> Use:
        """Use an approved version at a tenant, and below it where nothing else was chosen. Raises ``PromptError``,
        ``MissingPromptError``."""
        with writing(self._engine) as connection:
            known = within_reach(connection, tenant, prompt)
            if known.tenant not in above(tenant):
                raise PromptError("tenant", f"该提示词只能用于 {known.tenant} 及其下级机构")
            found = version_of(connection, tenant, prompt, number)
            if found.state is not State.APPROVED:
                raise PromptError("version", "只有审核通过的版本才能启用")
            use(connection, tenant, known.purpose, found, act)
        return Use(known, found, tenant)

    def deactivate(self, tenant: str, purpose: str, act: Act) -> Use | None:
        """Use what the level above uses; gives that. Raises ``MissingPromptError`` when nothing was chosen."""
        here = (active.c.tenant == tenant_path(tenant), active.c.purpose == purpose)
        with writing(self._engine) as connection:
            row = connection.execute(select(active).where(*here)).first()
            if row is None or connection.execute(delete(active).where(*here)).rowcount != 1:
                raise MissingPromptError("该机构没有为此用途启用提示词")
            happened(connection, row.prompt, row.version, tenant, "deactivate", act)
        return self.in_use(tenant, purpose)

    def _move(
        self, prompt: str, number: int, before: State, after: State, act: Act, values: Mapping[str, Any]
    ) -> Version:
        with writing(self._engine) as connection:
            owner = own_prompt(connection, prompt)
            found = version_of(connection, owner.tenant, prompt, number)
            if found.state is not before:
                raise PromptError("version", f"版本 {number} 的状态为 {found.state.value}，不能执行此操作")
            here = (versions.c.prompt == prompt, versions.c.number == number, versions.c.state == before.value)
            changed = connection.execute(update(versions).where(*here).values(state=after.value, **values))
            if changed.rowcount != 1:
                raise PromptConflictError("该版本刚被他人处理，请刷新后再操作")
            happened(connection, prompt, number, owner.tenant, after.value, act)
        return self.version(owner.tenant, prompt, number)


# -- rows --------------------------------------------------------------------------------------


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """A transaction that writes from its beginning: on SQLite it waits for its turn instead of failing midway."""
    with engine.begin() as connection:
        alone(connection)
        yield connection


def within_reach(connection: Connection, tenant: str, prompt: str) -> Prompt:
    """A prompt of the scope, or of a level above. Raises ``MissingPromptError``."""
    query = select(prompts).where(prompts.c.id == prompt)
    row = connection.execute(query).first()
    if row is None:
        with system(_ABOVE):
            row = connection.execute(query.where(prompts.c.tenant.in_(above(tenant)))).first()
    if row is None:
        raise MissingPromptError("没有该提示词")
    return _prompt(row)


def own_prompt(connection: Connection, prompt: str) -> Prompt:
    """A prompt of the scope, to be changed. Raises ``MissingPromptError``."""
    row = connection.execute(select(prompts).where(prompts.c.id == prompt)).first()
    if row is None:
        raise MissingPromptError("没有该提示词，或它属于上级机构：请以其内容新建本机构的提示词")
    return _prompt(row)


def version_of(connection: Connection, tenant: str, prompt: str, number: int = 0) -> Version:
    """A version of a prompt within reach, the newest without a number. Raises ``MissingPromptError``."""
    within_reach(connection, tenant, prompt)
    query = select(versions).where(versions.c.prompt == prompt).order_by(versions.c.number.desc()).limit(1)
    with system(_ABOVE):
        row = connection.execute(query.where(versions.c.number == number) if number else query).first()
    if row is None:
        raise MissingPromptError(f"该提示词没有版本 {number}")
    return _version(row)


def new_prompt(tenant: str, name: str, purpose: str, act: Act) -> dict[str, Any]:
    """The row of a new prompt. Raises ``PromptError``."""
    name, purpose = name.strip(), purpose.strip()
    if not 0 < len(name) <= _LONGEST_NAME:
        raise PromptError("name", f"名称须为 1 至 {_LONGEST_NAME} 个字符")
    if not 0 < len(purpose) <= _LONGEST_PURPOSE:
        raise PromptError("purpose", f"用途须为 1 至 {_LONGEST_PURPOSE} 个字符")
    about = {"id": str(uuid4()), "tenant": tenant_path(tenant), "name": name, "purpose": purpose}
    return about | {"standing": "", "author": act.actor[:80], "made": act.at}


def add_version(
    connection: Connection,
    prompt: str,
    tenant: str,
    number: int,
    content: Content,
    act: Act,
    base: int = 0,
    origin: str = PERSON,
) -> None:
    """Write a version as a draft. Raises ``IntegrityError`` when there is one of this number."""
    row = {"prompt": prompt, "number": number, "tenant": tenant, "body": content.as_json(), "digest": content.digest}
    made = {"state": State.DRAFT.value, "author": act.actor[:80], "made": act.at, "origin": origin, "base": base}
    blank = {"note": act.note[:_LONGEST_NOTE], "submitted_by": "", "decided_by": "", "decided": None}
    connection.execute(insert(versions).values(row | made | blank))
    happened(connection, prompt, number, tenant, "create", act)


def use(connection: Connection, tenant: str, purpose: str, version: Version, act: Act) -> None:
    """Let a tenant use a version for a purpose."""
    row = {"tenant": tenant_path(tenant), "purpose": purpose, "prompt": version.prompt, "version": version.number}
    upsert(connection, active, row | {"actor": act.actor[:80], "at": act.at})
    happened(connection, version.prompt, version.number, tenant, "activate", act)


def happened(connection: Connection, prompt: str, number: int, tenant: str, action: str, act: Act) -> None:
    """Keep that something was done."""
    row = {"prompt": prompt, "version": number, "tenant": tenant, "at": act.at, "actor": act.actor[:80]}
    connection.execute(insert(events).values(row | {"action": action, "note": act.note[:_LONGEST_NOTE]}))


def decided(act: Act) -> dict[str, Any]:
    return {"decided_by": act.actor[:80], "decided": act.at}


def upsert(connection: Connection, table: Any, row: Mapping[str, Any], key: Sequence[str] = ()) -> None:
    """Write a row, in place of the one with the same key (the primary key unless given)."""
    made = inserting(connection, table).values(dict(row))
    index = list(key) or [column.name for column in table.primary_key]
    changed = {name: made.excluded[name] for name in row if name not in index}
    connection.execute(made.on_conflict_do_update(index_elements=index, set_=changed))


def _last_run(connection: Connection, prompt: str, number: int) -> Run | None:
    query = select(runs).where(runs.c.prompt == prompt, runs.c.version == number).order_by(runs.c.number.desc())
    with system(_ABOVE):
        row = connection.execute(query.limit(1)).first()
    if row is None:
        return None
    outcomes = tuple(msgspec.json.decode(row.outcomes, type=list[Outcome]))
    return Run(row.version, row.at, row.actor, row.model, row.passed, outcomes)


def _prompt(row: Row[Any]) -> Prompt:
    return Prompt(*(getattr(row, name) for name in Prompt._fields))


def _version(row: Row[Any]) -> Version:
    content = msgspec.json.decode(row.body, type=Content)
    told = dict(row._mapping) | {"content": content, "state": State(row.state)}
    return Version(*(told[name] for name in Version._fields))
