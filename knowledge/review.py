"""The review workflow: draft → submitted → approved or rejected → published → retired.

The one who wrote is never the one who approves. What is refused keeps its history.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from msgspec import structs
from sqlalchemy import Connection, select

from knowledge.merge import loads
from knowledge.model import Article, Concept, Record, Rule, Source, Standing, Statement, Status
from knowledge.store import Change, ConflictError, Head, Store, StoreError, kind_of

Check = Callable[[Record], list[str]]
"""Finds the faults of a record, all at once, in words a curator understands."""

_ALLOWED: dict[str, frozenset[Status]] = {
    "submitted": frozenset({Status.DRAFT, Status.REJECTED}),
    "approved": frozenset({Status.SUBMITTED}),
    "rejected": frozenset({Status.SUBMITTED}),
    "retired": frozenset({Status.DRAFT, Status.APPROVED, Status.PUBLISHED, Status.REJECTED}),
}


WRITING: Final = ("created", "edited", "submitted")
"""Changes that make somebody an author."""
_NAMED: Final = 5
"""Records that a refusal names."""


class WorkflowError(StoreError):
    """A step that the workflow does not allow; the message says which steps are possible."""


class Workflow:
    """Steps a record takes on its way into a release. ``check`` is asked before a save and a submit."""

    def __init__(self, store: Store, check: Check = lambda record: []) -> None:
        self.store, self._check = store, check

    def save(self, record: Record, author: str, reason: str, expected: int = 0) -> Head:
        """Write a new draft of a record. ``expected`` is the revision the author edited (0: a new one).

        Raises ``WorkflowError`` listing every fault, or ``ConflictError`` when somebody was faster.
        """
        _required(author=author, reason=reason)
        self._refuse_faults(record)
        before = self.store.head(type(record), record.id)
        if before is not None and not expected:
            raise WorkflowError(f"{record.id} 已存在，请在第 {before.revision} 版上修改")
        self.store.write([_draft(record, author, reason, expected)])
        return self._head(record)

    def save_all(self, records: Sequence[tuple[Record, int]], author: str, reason: str) -> int:
        """Write drafts, each with the revision it was made from (0: a new one); all or none. Faults are the caller's
        to have looked for. Raises ``ConflictError`` when somebody was faster."""
        _required(author=author, reason=reason)
        return self.store.write([_draft(record, author, reason, expected) for record, expected in records])

    def submit(self, record: Record, author: str, expected: int = 0) -> Head:
        """Hand a draft to review. ``expected``, here and below, is the revision somebody saw (0: whichever)."""
        self._refuse_faults(record)
        return self._step(record, "submitted", Status.SUBMITTED, author, "", expected)

    def approve(self, record: Record, reviewer: str, reason: str = "", expected: int = 0) -> Head:
        """Approve what another person submitted; from then on it counts as reviewed."""
        authors = self.authors(record)
        if reviewer in authors:
            raise WorkflowError(f"{record.id} 由 {reviewer} 编写，须由他人审核")
        return self._step(record, "approved", Status.APPROVED, reviewer, reason, expected)

    def reject(self, record: Record, reviewer: str, reason: str, expected: int = 0) -> Head:
        """Send a submission back, with the reason."""
        _required(reason=reason)
        return self._step(record, "rejected", Status.REJECTED, reviewer, reason, expected)

    def retire(self, record: Record, author: str, reason: str, expected: int = 0) -> Head:
        """Take a record out of all future releases."""
        _required(author=author, reason=reason)
        return self._step(record, "retired", Status.RETIRED, author, reason, expected)

    def accept_load(self, origin: str, reviewer: str, reason: str, reviewed: bool = False) -> int:
        """Approve all drafts of one loaded source as they stand. Gives the number.

        Their standing stays what it is, so that secondary and unreviewed sources gain no right to
        alert; ``reviewed`` (an institution's own tables, each row read by the reviewer) makes them
        reviewed knowledge. Raises ``WorkflowError`` when the reviewer loaded them, or wrote some of them by
        another way (an edit, an import): those go to somebody else, then the reviewer may accept the others.
        """
        _required(source=origin, reviewer=reviewer, reason=reason)
        with self.store.engine.begin() as connection:
            loaded_by = select(loads.c.author).where(loads.c.loader == origin).distinct()
            if reviewer in set(connection.execute(loaded_by).scalars()):
                raise WorkflowError(f"{origin} 由 {reviewer} 载入，须由他人接受")
            if not reviewed:
                self._refuse_own(connection, origin, reviewer)
                return self.store.advance(connection, Status.DRAFT, Status.APPROVED, reviewer, reason, origin)
        return self._review_all(origin, reviewer, reason)

    def _refuse_own(self, connection: Connection, origin: str, reviewer: str) -> None:
        own = self.store.written_by(connection, reviewer, origin, Status.DRAFT, WRITING)
        if own:
            named = "、".join(own[:_NAMED]) + (" 等" if len(own) > _NAMED else "")
            raise WorkflowError(
                f"{origin} 有 {len(own)} 条草稿由 {reviewer} 编写或修改（{named}），须由他人接受；"
                "也可先将这些草稿提交审核，由他人批准，再接受其余草稿"
            )

    def _review_all(self, origin: str, reviewer: str, reason: str) -> int:
        """Every draft of a source as reviewed knowledge, with the reviewer's name, in one transaction."""
        kinds: tuple[type[Concept | Statement | Article | Rule], ...] = (Concept, Statement, Article, Rule)
        draft = [Status.DRAFT]
        drafts = [r for kind in kinds for r, _ in self.store.heads(kind, statuses=draft, origin=origin)]
        changes = [
            Change(
                _signed(structs.replace(record, standing=Standing.REVIEWED), "", reviewer),
                "approved",
                Status.APPROVED,
                reviewer,
                reason,
                record.revision,
            )
            for record in drafts
        ]
        with self.store.engine.begin() as connection:  # whatever is edited after they were read is a conflict
            self._refuse_own(connection, origin, reviewer)
            return self.store.write(changes, connection)

    def authors(self, record: Record) -> set[str]:
        """Who wrote what is now waiting for review: all edits since the last approval."""
        found: set[str] = set()
        for revision in self.store.history(type(record), record.id):
            if revision.status in (Status.APPROVED, Status.PUBLISHED):
                found.clear()
            elif revision.change in WRITING:
                found.add(revision.author)
        return found

    def _step(self, record: Record, change: str, status: Status, who: str, reason: str, expected: int) -> Head:
        head = self._head(record)
        if expected and expected != head.revision:
            raise ConflictError(f"{record.id} 已是第 {head.revision} 版，您看到的是第 {expected} 版，请重新读取")
        if head.status not in _ALLOWED[change]:
            allowed = ", ".join(sorted(s.value for s in _ALLOWED[change]))
            raise WorkflowError(f"{record.id} 的状态是 {head.status.value}，只有 {allowed} 才能 {change}")
        kept = head.record
        if status is Status.APPROVED and isinstance(kept, Concept | Statement | Article | Rule):
            kept = _signed(structs.replace(kept, standing=Standing.REVIEWED), "", who)
        self.store.write([Change(kept, change, status, who, reason, head.revision)])
        return self._head(record)

    def _head(self, record: Record) -> Head:
        head = self.store.head(type(record), record.id)
        if head is None:
            raise WorkflowError(f"没有 {kind_of(record)} {record.id}")
        return head

    def _refuse_faults(self, record: Record) -> None:
        faults = self._check(record)
        if faults:
            raise WorkflowError(f"{record.id}: " + "; ".join(faults))


def _draft(record: Record, author: str, reason: str, expected: int) -> Change:
    """A draft of what a person wrote. A new source may be cited at once, as one that is loaded."""
    change = "edited" if expected else "created"
    if isinstance(record, Source):
        status = Status.DRAFT if expected else Status.APPROVED
        return Change(record, change, status, author, reason, expected, not expected)
    made = _signed(structs.replace(record, standing=Standing.UNREVIEWED), author, "")
    return Change(made, change, Status.DRAFT, author, reason, expected, not expected)


def _signed(record: Record, author: str, reviewer: str) -> Record:
    if not isinstance(record, Statement | Article | Rule):
        return record
    return structs.replace(record, author=author or record.author, reviewer=reviewer or record.reviewer)


def _required(**fields: str) -> None:
    for name, value in fields.items():
        if not value.strip():
            raise WorkflowError(f"{name} 不能为空")
