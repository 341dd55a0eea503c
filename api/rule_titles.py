"""What rules are about, in a line each: people know them by that, not by their ids."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from knowledge.snapshot import Snapshot


def rule_titles(snapshot: Snapshot, families: Mapping[str, str], rules: Iterable[str]) -> dict[str, str]:
    """Titles by id: what a statement of the release relates, the title of a rule of the closed language, the concept
    that a computed rule is about or its family (``families`` by name); the id itself where there is none of these."""
    authored = {rule.id: rule.title for rule in snapshot.rules}
    return {rule: authored.get(rule) or _title(snapshot, families, rule) for rule in rules}


def _title(snapshot: Snapshot, families: Mapping[str, str], rule: str) -> str:
    from api.curation_text import title_of  # no worker waits for it to start

    if statement := snapshot.statement(rule):
        return title_of(statement, snapshot.name)
    family, _, what = rule.partition(":")
    named = families.get(family, rule)
    about = snapshot.concept(what)
    return f"{named}：{about.name}" if about else named


__all__ = ["rule_titles"]
