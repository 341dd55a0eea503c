"""Rows that a curator typed or pasted: every cell read, every name resolved, what each row would change; nothing is
written before all of it is sound."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from msgspec import structs

from base.tabular import TextRow
from knowledge.building import label_source, source_id
from knowledge.cells import read_row, split
from knowledge.lending import restated
from knowledge.model import Concept, Record, Source, Statement, Status, same_content
from knowledge.references import References, ReferralError, namesakes
from knowledge.store import Head, Store, kind_of
from knowledge.tables import Table

ORIGIN: Final = "curation"
_ORIGINS: Final = (ORIGIN, "formulary", "yigong")
"""Whose statements have ids made alike: the same row is then the same statement, whoever brought it."""


class Effect(StrEnum):
    """What a row does to a record."""

    NEW = "new"
    CHANGED = "changed"
    SAME = "same"


@dataclass(frozen=True, slots=True)
class CellFault:
    """What is wrong with a cell; ``column`` is its header, empty for the row as a whole."""

    column: str
    problem: str


@dataclass(frozen=True, slots=True)
class Proposal:
    """A record that a row makes, with the revision it changes (0: it is new)."""

    record: Record
    revision: int
    effect: Effect


@dataclass(slots=True)
class Drafted:
    """What became of one row."""

    proposals: list[Proposal] = field(default_factory=list)
    faults: list[CellFault] = field(default_factory=list)


def drafted(store: Store, table: Table, rows: Sequence[Mapping[str, str]]) -> list[Drafted]:
    """What each row (cells by header or field) would write, or what is wrong with it."""
    outcomes = [Drafted() for _ in rows]
    made = [_read(table, cells, outcome) for cells, outcome in zip(rows, outcomes, strict=True)]
    concepts = [r for records in made for r in records if isinstance(r, Concept)]
    statements = [r for records in made for r in records if isinstance(r, Statement)]
    names = References(store, statements, concepts)
    rivals = namesakes(store, concepts)
    cited = _cited(store, made)
    known = store.many(key for records in made for r in records for key in _keys(r))
    for cells, records, outcome in zip(rows, made, outcomes, strict=True):
        resolved = [_resolved(record, names, cells, outcome) for record in records]
        outcome.faults += _faults(records, rivals, cited)
        if not outcome.faults:
            outcome.proposals = [_proposal(r, known) for r in resolved]
    _refuse_twice(outcomes)
    return outcomes


def _read(table: Table, cells: Mapping[str, str], outcome: Drafted) -> list[Record]:
    """The records of a row, names not yet looked up."""
    known = {name for column in table.columns for name in (column.label, column.field)}
    outcome.faults += [CellFault(name, f"表“{table.title}”没有该列") for name in cells if name not in known]
    values, errors = read_row(table, TextRow(table.title, 0, dict(cells)))
    outcome.faults += [CellFault(error.field, error.message) for error in errors]
    if outcome.faults:
        return []
    try:
        return [_ours(record) for record in (*label_source(values), *table.build(values))]
    except ValueError as error:
        outcome.faults.append(CellFault("", str(error)))
        return []


def _ours(record: Record) -> Record:
    if isinstance(record, Source):
        return record
    marked = structs.replace(record, origin=ORIGIN)
    return structs.replace(marked, id=f"{ORIGIN}:{record.id}") if isinstance(record, Statement) else marked


def _resolved(record: Record, names: References, cells: Mapping[str, str], outcome: Drafted) -> Record:
    if not isinstance(record, Statement):
        return record
    try:
        return names.resolved(record)
    except ReferralError as error:
        column = next((name for name, text in cells.items() if error.name in split(text)), "")
        outcome.faults.append(CellFault(column, str(error)))
        return record


def _cited(store: Store, made: Sequence[Sequence[Record]]) -> set[str]:
    """Sources that exist, or that these rows bring along."""
    brought = {r.id for records in made for r in records if isinstance(r, Source)}
    wanted = {c.source for records in made for r in records if isinstance(r, Statement) for c in r.citations}
    return brought | {key[1] for key in store.many(("source", source_id(one)) for one in wanted - brought)}


def _faults(records: Sequence[Record], rivals: Mapping[str, str], cited: set[str]) -> Iterator[CellFault]:
    for record in records:
        if isinstance(record, Concept) and record.id in rivals:
            yield CellFault("", f"已有同名的概念 {rivals[record.id]}，请在其上修改")
    unknown = {c.source for r in records if isinstance(r, Statement) for c in r.citations} - cited
    for one in sorted(unknown):
        yield CellFault("来源", f"没有编号为 {one} 的来源，请先在来源表中登记，或写作 说明书:药品名")


def _keys(record: Record) -> Iterator[tuple[str, str]]:
    """Under which keys the same record may be known already."""
    if isinstance(record, Statement):
        bare = record.id.removeprefix(f"{ORIGIN}:")
        yield from (("statement", f"{origin}:{bare}") for origin in _ORIGINS)
    else:
        yield kind_of(record), record.id


def _proposal(record: Record, known: Mapping[tuple[str, str], Head]) -> Proposal:
    heads = [known[key] for key in _keys(record) if key in known]
    head = next((h for h in heads if h.status is not Status.RETIRED), heads[0] if heads else None)
    if head is None:
        return Proposal(record, 0, Effect.NEW)
    changed = _upon(head.record, record)
    same = head.status is not Status.RETIRED and same_content(head.record, changed)
    return Proposal(changed, head.revision, Effect.SAME if same else Effect.CHANGED)


def _upon(before: Record, row: Record) -> Record:
    """What is known already, with what the row says; where it came from stays."""
    if isinstance(before, Statement) and isinstance(row, Statement):
        return structs.replace(
            before, qualifiers=row.qualifiers, citations=row.citations, evidence=row.evidence, object=row.object
        )
    if isinstance(before, Concept) and isinstance(row, Concept):
        kept = structs.replace(row, origin=before.origin, standing=before.standing)
        return structs.replace(restated(before, kept), revision=before.revision)
    return row


def _refuse_twice(outcomes: Sequence[Drafted]) -> None:
    """Two rows that say the same thing differently: which of them is meant nobody can know."""
    first: dict[tuple[str, str], tuple[int, Record]] = {}
    for number, outcome in enumerate(outcomes, start=1):
        for proposal in outcome.proposals:
            key = (kind_of(proposal.record), proposal.record.id)
            row, record = first.setdefault(key, (number, proposal.record))
            if row != number and not same_content(record, proposal.record):
                outcome.faults.append(CellFault("", f"与第 {row} 行说的是同一件事，内容却不同"))
                break
