"""Which rules hold for an institution: what we ship, as a league published it, with what a site changed.

A change is a draft until somebody activates it, which its own cases must allow. A standard is a published version of
the whole rule set of a tenant: for all below it stands in place of the shipped rules, and each institution fetches
and confirms it. Once a tenant has published, changes of its own count with the next version.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple

import msgspec
import orjson
from sqlalchemy import Connection, Engine, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from base.security import sm3
from base.tenancy import above, system
from records.quality import RuleSet, shipped_set
from records.quality_paths import FormError
from records.quality_rules import Compiled, Rule, RuleError, changed, decode, decode_change, problems, shipped
from records.quality_tables import acknowledgements, edits, standards

_log = logging.getLogger(__name__)
DRAFT, ACTIVE, RETIRED = "draft", "active", "retired"
_LOOK_SECONDS: Final = 5.0
"""How soon a worker learns of changed rules."""
_MOST: Final = 500


class StandardError(Exception):
    """A change or standard that cannot be made so; the message says what to do."""


class MissingStandardError(StandardError):
    """There is no such change or standard."""


class Edit(NamedTuple):
    """A site's change of a rule (or a rule of its own), in one version."""

    tenant: str
    rule: str
    version: int
    body: dict[str, Any]
    state: str
    author: str
    made: datetime
    activated_by: str
    activated: datetime | None
    note: str


class Standard(NamedTuple):
    """A published version of a rule set; ``rules`` is empty in lists."""

    tenant: str
    number: int
    digest: str
    note: str
    author: str
    published: datetime
    withdrawn: datetime | None
    rules: tuple[Rule, ...] = ()


class Receipt(NamedTuple):
    """How far an institution is with a standard."""

    tenant: str
    number: int
    received: datetime | None
    confirmed: datetime | None
    actor: str


class Standards:
    """Rules by tenant. ``surveys`` are the surveys there are, with the parameters that each needs."""

    def __init__(self, engine: Engine, surveys: Mapping[str, Sequence[str]]) -> None:
        self._engine, self._surveys = engine, surveys
        self._sets: dict[str, RuleSet] = {}
        self._seen: tuple[Any, ...] = ()
        self._looked = 0.0

    # -- what holds ------------------------------------------------------------------------

    def of(self, tenant: str) -> RuleSet:
        """The rules that hold for a tenant, compiled; changes show within seconds."""
        self._look()
        known = self._sets.get(tenant)
        if known is None:
            rules = self.rules(tenant)
            known = shipped_set() if rules == shipped() else self._alike(_sound(rules))
            self._sets[tenant] = known
        return known

    def rules(self, tenant: str) -> tuple[Rule, ...]:
        """The rules that hold for a tenant, those that are off included."""
        with system("rules of a league hold for all below"), self._engine.connect() as connection:
            base, owner = _published(connection, tenant)
            below = [path for path in above(tenant) if len(path) > len(owner)]
            return _applied(base, _active(connection, below))

    def prepared(self, tenant: str) -> tuple[Rule, ...]:
        """What would be published for a tenant now: what holds for it with its own active changes."""
        with system("rules of a league hold for all below"), self._engine.connect() as connection:
            base, owner = _published(connection, tenant, above_only=True)
            return _applied(base, _active(connection, [path for path in above(tenant) if len(path) > len(owner)]))

    def _alike(self, rules: tuple[Rule, ...]) -> RuleSet:
        """The same rules of two institutions are compiled once."""
        known = next((known for known in self._sets.values() if known.rules == rules), None)
        return RuleSet(rules) if known is None else known

    def _look(self) -> None:
        """Forget compiled rules when somebody changed any."""
        if time.monotonic() - self._looked < _LOOK_SECONDS and self._looked:
            return
        with system("whether rules changed"), self._engine.connect() as connection:
            counts = [
                connection.execute(select(func.count(), func.max(edits.c.activated)).select_from(edits)).one(),
                connection.execute(
                    select(func.count(), func.max(standards.c.withdrawn)).select_from(standards)
                ).one(),
                connection.execute(select(func.count()).where(edits.c.state == ACTIVE)).one(),
            ]
        seen = tuple(tuple(row) for row in counts)
        if seen != self._seen:
            self._sets, self._seen = {}, seen
        self._looked = time.monotonic()

    # -- changes of a site -----------------------------------------------------------------

    def draft(self, tenant: str, body: Mapping[str, Any], author: str, at: datetime, note: str = "") -> Edit:
        """Keep a change (``{"rule": id, …}``) or a rule of one's own (``{"id": …}``) as a draft, whatever its cases
        say. Raises ``RuleError`` for what is no rule at all."""
        own = "id" in body
        rule = str(body.get("id" if own else "rule", ""))
        known = {one.id for one in self.rules(tenant)}
        if own:
            decode(dict(body))
            if rule in {one.id for one in shipped()}:
                raise RuleError([f"{rule}: 是内置规则的编号；修改内置规则请用 rule 指明，自建规则请换编号"])
        elif rule not in known:
            raise RuleError([f"rule: 没有编号为 {rule} 的规则"])
        else:
            decode_change({key: value for key, value in body.items() if key != "rule"})
        with self._engine.begin() as connection:
            version = _next(connection, edits.c.version, edits.c.tenant == tenant, edits.c.rule == rule)
            row = {
                "tenant": tenant,
                "rule": rule,
                "version": version,
                "body": orjson.dumps(body).decode(),
                "state": DRAFT,
                "author": author[:80],
                "made": at,
                "activated_by": "",
                "activated": None,
                "note": note[:400],
            }
            _insert(connection, edits, row)
            return _edit(_edit_row(connection, tenant, rule, version))

    def problems(self, tenant: str, rule: str, version: int) -> list[str]:
        """Why a draft may not be activated; empty when it may."""
        with self._engine.connect() as connection:
            edit = _edit(_edit_row(connection, tenant, rule, version))
        base = {one.id: one for one in self.prepared(tenant)}
        try:
            return problems(_made(base.get(rule), edit), self._surveys)
        except RuleError as error:
            return list(error.problems)

    def activate(self, tenant: str, rule: str, version: int, actor: str, at: datetime) -> Edit:
        """Put a draft into force, in place of the one before. Raises ``StandardError`` while its cases fail."""
        found = self.problems(tenant, rule, version)
        if found:
            raise StandardError("规则自带用例未通过，不能启用：" + "；".join(found[:5]))
        with self._engine.begin() as connection:
            here = (edits.c.tenant == tenant, edits.c.rule == rule)
            retire = update(edits).where(*here, edits.c.state == ACTIVE, edits.c.version != version)
            connection.execute(retire.values(state=RETIRED))
            change = update(edits).where(*here, edits.c.version == version, edits.c.state != ACTIVE)
            values = change.values(state=ACTIVE, activated_by=actor[:80], activated=at)
            if connection.execute(values).rowcount != 1:
                raise StandardError("该版本已经启用")
            return _edit(_edit_row(connection, tenant, rule, version))

    def retire(self, tenant: str, rule: str, version: int, actor: str, at: datetime) -> Edit:
        """Take a change back: the rule is again what it was above. Raises ``StandardError``."""
        with self._engine.begin() as connection:
            here = (edits.c.tenant == tenant, edits.c.rule == rule, edits.c.version == version)
            change = update(edits).where(*here, edits.c.state != RETIRED)
            if connection.execute(change.values(state=RETIRED, activated_by=actor[:80], activated=at)).rowcount != 1:
                raise MissingStandardError("没有这个版本，或已停用")
            return _edit(_edit_row(connection, tenant, rule, version))

    def edits(self, tenant: str, rule: str = "") -> list[Edit]:
        """Changes of a tenant, the newest first."""
        query = select(edits).where(edits.c.tenant == tenant)
        query = query.where(edits.c.rule == rule) if rule else query
        with self._engine.connect() as connection:
            found = connection.execute(query.order_by(edits.c.made.desc(), edits.c.version.desc()).limit(_MOST))
            return [_edit(row) for row in found]

    # -- standards -------------------------------------------------------------------------

    def publish(self, tenant: str, author: str, at: datetime, note: str) -> Standard:
        """Publish the rules of a tenant for all below as the next version. Raises ``StandardError``."""
        if not note.strip():
            raise StandardError("note: 请写明本版变更内容")
        rules = self.prepared(tenant)
        faulty = [problem for rule in rules for problem in problems(rule, self._surveys)]
        if faulty:
            raise StandardError("规则自带用例未通过，不能发布：" + "；".join(faulty[:5]))
        body = orjson.dumps(msgspec.to_builtins(rules), option=orjson.OPT_SORT_KEYS)
        with self._engine.begin() as connection:
            number = _next(connection, standards.c.number, standards.c.tenant == tenant)
            row = {"tenant": tenant, "number": number, "digest": sm3(body), "rules": body, "note": note[:1000]}
            _insert(connection, standards, row | {"author": author[:80], "published": at, "withdrawn": None})
        return self.standard(tenant, number)

    def withdraw(self, tenant: str, number: int, at: datetime) -> None:
        """Take a standard back: the one before holds again. Raises ``MissingStandardError``."""
        with self._engine.begin() as connection:
            here = (standards.c.tenant == tenant, standards.c.number == number, standards.c.withdrawn.is_(None))
            if connection.execute(update(standards).where(*here).values(withdrawn=at)).rowcount != 1:
                raise MissingStandardError(f"没有第 {number} 版标准，或已撤回")

    def listed(self, tenant: str) -> list[Standard]:
        """Standards for a tenant, its own and those above, the newest first."""
        columns = [column for column in standards.c if column.name != "rules"]
        query = select(*columns).where(standards.c.tenant.in_(above(tenant)))
        query = query.order_by(standards.c.published.desc(), standards.c.number.desc())
        with system("standards are for all below"), self._engine.connect() as connection:
            return [_standard(row) for row in connection.execute(query.limit(_MOST))]

    def standard(self, tenant: str, number: int) -> Standard:
        """A standard with its rules. Raises ``MissingStandardError``."""
        query = select(standards).where(standards.c.tenant == tenant, standards.c.number == number)
        with system("standards are for all below"), self._engine.connect() as connection:
            row = connection.execute(query).first()
        if row is None:
            raise MissingStandardError(f"没有第 {number} 版标准")
        return _standard(row)

    def acknowledge(
        self, tenant: str, owner: str, number: int, digest: str, actor: str, at: datetime, confirmed: bool
    ) -> Receipt:
        """Note that an institution fetched a standard, or put it into force. The digest proves that it has the very
        same content. Raises ``StandardError``."""
        if owner not in above(tenant):
            raise StandardError("owner: 不是本机构的上级")
        standard = self.standard(owner, number)
        if standard.withdrawn:
            raise StandardError(f"第 {number} 版标准已撤回，请订阅最新版")
        if digest != standard.digest:
            raise StandardError("digest: 内容摘要与发布的不一致，请重新获取标准")
        key = {"tenant": tenant, "owner": owner, "number": number}
        with self._engine.begin() as connection:
            here = [acknowledgements.c[name] == value for name, value in key.items()]
            known = connection.execute(select(acknowledgements).where(*here)).first()
            if known is None:
                row = key | {"received": at, "confirmed": at if confirmed else None, "actor": actor[:80]}
                _insert(connection, acknowledgements, row)
            elif confirmed and known.confirmed is None:
                change = update(acknowledgements).where(*here)
                connection.execute(change.values(confirmed=at, actor=actor[:80]))
            return _receipt(connection.execute(select(acknowledgements).where(*here)).one())

    def receipts(self, owner: str, number: int) -> list[Receipt]:
        """Which institutions (of those in scope) have a standard."""
        here = (acknowledgements.c.owner == owner, acknowledgements.c.number == number)
        with self._engine.connect() as connection:
            query = select(acknowledgements).where(*here).order_by(acknowledgements.c.tenant)
            return [_receipt(row) for row in connection.execute(query)]


def _sound(rules: Sequence[Rule]) -> tuple[Rule, ...]:
    """Rules without those that can no longer be read: a standard of an older release must not stop intake."""
    kept = []
    for rule in rules:
        try:
            if rule.scope == "intake" and not rule.off:
                Compiled(rule)
        except FormError as error:
            _log.error("a rule of quality is left out", extra={"rule": rule.id, "error": str(error)[:200]})
        else:
            kept.append(rule)
    return tuple(kept)


def compare(old: Iterable[Rule], new: Iterable[Rule]) -> dict[str, list[str]]:
    """Ids of rules that a version adds, takes away and changes."""
    before, after = ({rule.id: rule for rule in rules} for rules in (old, new))
    return {
        "added": sorted(set(after) - set(before)),
        "removed": sorted(set(before) - set(after)),
        "changed": sorted(name for name in set(before) & set(after) if before[name] != after[name]),
    }


def _published(connection: Connection, tenant: str, above_only: bool = False) -> tuple[tuple[Rule, ...], str]:
    """The newest standard of the nearest tenant that has one, with its owner; else what we ship."""
    for path in reversed(above(tenant)):
        if above_only and path == tenant:
            continue
        here = (standards.c.tenant == path, standards.c.withdrawn.is_(None))
        query = select(standards.c.rules).where(*here).order_by(standards.c.number.desc()).limit(1)
        body = connection.execute(query).scalar()
        if body is not None:
            return _rules(body), path
    return shipped(), ""


def _rules(body: bytes) -> tuple[Rule, ...]:
    return msgspec.convert(orjson.loads(body), tuple[Rule, ...])


def _active(connection: Connection, tenants: Sequence[str]) -> list[Edit]:
    """Active changes, those of upper tenants first."""
    query = select(edits).where(edits.c.tenant.in_(tenants), edits.c.state == ACTIVE)
    found = [_edit(row) for row in connection.execute(query)]
    return sorted(found, key=lambda edit: (len(edit.tenant), edit.rule))


def _applied(base: Iterable[Rule], given: Iterable[Edit]) -> tuple[Rule, ...]:
    rules = {rule.id: rule for rule in base}
    for edit in given:
        if "id" in edit.body or edit.rule in rules:  # a rule that went away takes changes of it along
            rules[edit.rule] = _made(rules.get(edit.rule), edit)
    return tuple(rules.values())


def _made(base: Rule | None, edit: Edit) -> Rule:
    """The rule that an edit makes. Raises ``RuleError``."""
    if "id" in edit.body:
        return decode(edit.body | {"version": f"{edit.tenant}#{edit.version}"[-40:]})
    if base is None:
        raise RuleError([f"{edit.rule}: 没有这条规则"])
    change = decode_change({key: value for key, value in edit.body.items() if key != "rule"})
    return changed(base, change, f"{base.version.partition('+')[0]}+{edit.version}"[:40])


def _next(connection: Connection, column: Any, *here: Any) -> int:
    return int(connection.execute(select(func.coalesce(func.max(column), 0)).where(*here)).scalar_one()) + 1


def _insert(connection: Connection, table: Any, row: Mapping[str, Any]) -> None:
    try:
        connection.execute(insert(table).values(row))
    except IntegrityError:
        raise StandardError("刚有他人同时修改，请重试") from None


def _edit_row(connection: Connection, tenant: str, rule: str, version: int) -> Any:
    here = (edits.c.tenant == tenant, edits.c.rule == rule, edits.c.version == version)
    row = connection.execute(select(edits).where(*here)).first()
    if row is None:
        raise MissingStandardError(f"没有规则 {rule} 的第 {version} 版修改")
    return row


def _edit(row: Any) -> Edit:
    return Edit(**dict(row._mapping) | {"body": orjson.loads(row.body)})


def _standard(row: Any) -> Standard:
    rules = _rules(row.rules) if "rules" in row._mapping else ()
    return Standard(row.tenant, row.number, row.digest, row.note, row.author, row.published, row.withdrawn, rules)


def _receipt(row: Any) -> Receipt:
    return Receipt(row.tenant, row.number, row.received, row.confirmed, row.actor)
