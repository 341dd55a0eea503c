"""Where a statement can be read, as it is shown: source with edition, section, evidence, standing."""

from __future__ import annotations

from clinical.finding import Reference
from knowledge.model import Statement
from knowledge.snapshot import Snapshot


def references(snapshot: Snapshot, statement: Statement) -> tuple[Reference, ...]:
    """The citations of a statement, with the titles of their sources."""
    return snapshot.remember(
        ("inference-references", statement.id),
        lambda: tuple(_reference(snapshot, statement, c.source, c.section) for c in statement.citations),
    )


def _reference(snapshot: Snapshot, statement: Statement, source_id: str, section: str) -> Reference:
    source = snapshot.source(source_id)
    if source is None:
        return Reference(statement.id, source_id, section, statement.evidence, "", statement.standing.value)
    edition = source.edition or (str(source.year) if source.year else "")
    title = f"《{source.title}》({edition})" if edition else f"《{source.title}》"
    return Reference(statement.id, title, section, statement.evidence, source.url, statement.standing.value)
