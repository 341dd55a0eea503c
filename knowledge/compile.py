"""Writing a compiled release: records in, one deterministic file out."""

from __future__ import annotations

import os
from array import array
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

import msgspec

from knowledge.model import (
    SYMMETRIC,
    Article,
    Concept,
    Predicate,
    Rule,
    Source,
    Standing,
    Statement,
)
from knowledge.naming import normal_name
from knowledge.snapshot import MAGIC, hash_key, subject_key


class CompileError(Exception):
    """The records do not fit together; the message lists every fault."""


@dataclass(frozen=True, slots=True)
class Content:
    """What goes into a release. Any order; compiling sorts by id."""

    concepts: list[Concept] = field(default_factory=list)
    statements: list[Statement] = field(default_factory=list)
    articles: list[Article] = field(default_factory=list)
    rules: list[Rule] = field(default_factory=list)
    sources: list[Source] = field(default_factory=list)


def compile_release(content: Content, path: Path) -> dict[str, int]:
    """Write the content to ``path`` (replacing it in one step) and give the counts per kind.

    Raises ``CompileError`` naming every statement whose subject, object or source is missing.
    """
    concepts = sorted(content.concepts, key=lambda c: c.id)
    statements = sorted(content.statements, key=lambda s: s.id)
    rows = {concept.id: row for row, concept in enumerate(concepts)}
    _check(content, rows)
    lineage = _Lineage(statements, rows)
    sections: dict[str, bytes] = {}
    sections |= _blobs("concepts", concepts) | _blobs("statements", statements)
    for name, records in (
        ("articles", content.articles),
        ("rules", content.rules),
        ("sources", content.sources),
    ):
        sections[name] = _encode(sorted(records, key=lambda r: r.id))
    sections |= _naming_indexes(concepts) | _statement_indexes(statements, rows, lineage)
    counts = {
        "concepts": len(concepts),
        "statements": len(statements),
        "articles": len(content.articles),
        "rules": len(content.rules),
        "sources": len(content.sources),
    }
    _write(path, sections, counts)
    return counts


class _Lineage:
    """Ancestors and descendants by row, from the is-a statements that may decide."""

    def __init__(self, statements: list[Statement], rows: dict[str, int]) -> None:
        self.parents: dict[int, set[int]] = defaultdict(set)
        self.children: dict[int, set[int]] = defaultdict(set)
        for s in statements:
            if s.predicate is Predicate.IS_A and s.standing is not Standing.UNREVIEWED:
                self.parents[rows[s.subject]].add(rows[s.object])
                self.children[rows[s.object]].add(rows[s.subject])

    def above(self, row: int) -> set[int]:
        return self._closure(self.parents, row)

    def below(self, row: int) -> set[int]:
        return self._closure(self.children, row)

    @staticmethod
    def _closure(links: dict[int, set[int]], row: int) -> set[int]:
        seen: set[int] = set()
        waiting = list(links.get(row, ()))
        while waiting:
            at = waiting.pop()
            if at not in seen and at != row:
                seen.add(at)
                waiting.extend(links.get(at, ()))
        return seen


def _check(content: Content, rows: dict[str, int]) -> None:
    sources = {source.id for source in content.sources}
    faults: list[str] = []
    for s in content.statements:
        faults += [
            f"{s.id}: {end} {name!r} is no concept"
            for end, name in (("subject", s.subject), ("object", s.object))
            if name and name not in rows
        ]
        faults += [f"{s.id}: source {c.source!r} is unknown" for c in s.citations if c.source not in sources]
    if len(rows) != len(content.concepts):
        faults.append("two concepts share an id")
    if faults:
        raise CompileError(f"{len(faults)} faults: " + "; ".join(faults[:20]))


_ENCODER = msgspec.msgpack.Encoder(order="sorted")


def _encode(value: Any) -> bytes:
    return _ENCODER.encode(value)


def _blobs(name: str, records: Iterable[Any]) -> dict[str, bytes]:
    offsets, data = array("Q", [0]), bytearray()
    for record in records:
        data += _encode(record)
        offsets.append(len(data))
    return {f"{name}.offsets": offsets.tobytes(), f"{name}.data": bytes(data)}


def _grouped(name: str, groups: dict[int, list[int]]) -> dict[str, bytes]:
    keys, starts, values = array("Q"), array("I", [0]), array("I")
    for key in sorted(groups):
        keys.append(key)
        values.extend(groups[key])
        starts.append(len(values))
    return {
        f"{name}.keys": keys.tobytes(),
        f"{name}.starts": starts.tobytes(),
        f"{name}.values": values.tobytes(),
    }


def _naming_indexes(concepts: list[Concept]) -> dict[str, bytes]:
    ids: dict[int, list[int]] = defaultdict(list)
    names: dict[int, list[int]] = defaultdict(list)
    codes: dict[int, list[int]] = defaultdict(list)
    for row, concept in enumerate(concepts):
        ids[hash_key(concept.id)].append(row)
        for name in sorted({normal_name(n) for n in concept.names()}):
            names[hash_key(name)].append(row)
        for ref in sorted(set(concept.codes)):
            codes[hash_key(f"{ref.system}|{ref.code}")].append(row)
    return _grouped("ids", ids) | _grouped("names", names) | _grouped("codes", codes)


def _statement_indexes(statements: list[Statement], rows: dict[str, int], lineage: _Lineage) -> dict[str, bytes]:
    deciding: dict[int, list[tuple[int, int]]] = defaultdict(list)
    pairs: dict[int, list[int]] = defaultdict(list)
    outgoing: dict[int, list[int]] = defaultdict(list)
    incoming: dict[int, list[int]] = defaultdict(list)
    below: dict[int, list[int]] = {}

    def family(row: int) -> list[int]:
        if row not in below:
            below[row] = [row, *sorted(lineage.below(row))]
        return below[row]

    for number, s in enumerate(statements):
        subject = rows[s.subject]
        outgoing[subject].append(number)
        if s.object:
            incoming[rows[s.object]].append(number)
        if s.standing is Standing.UNREVIEWED or s.predicate is Predicate.IS_A:
            continue
        if s.predicate in SYMMETRIC and s.object:
            _add_pairs(pairs, s.predicate, family(subject), family(rows[s.object]), number)
        else:
            for row in family(subject):
                deciding[subject_key(s.predicate, row)].append((row != subject, number))
    ordered = {key: [number for _, number in sorted(found)] for key, found in deciding.items()}
    ancestors = {row: sorted(lineage.above(row)) for row in sorted(lineage.parents)}
    children = {row: sorted(found) for row, found in lineage.children.items()}
    return (
        _grouped("deciding", ordered)
        | _grouped("pairs", pairs)
        | _grouped("ancestors", ancestors)
        | _grouped("children", children)
        | _grouped("outgoing", outgoing)
        | _grouped("incoming", incoming)
    )


def _add_pairs(
    pairs: dict[int, list[int]], predicate: Predicate, left: list[int], right: list[int], number: int
) -> None:
    """Both directions once each, also where the two classes overlap; nothing interacts with itself."""
    directed = {(a, b) for a in left for b in right if a != b}
    directed |= {(b, a) for a, b in directed}
    for a, b in sorted(directed):
        pairs[subject_key(predicate, a)] += (b, number)


def _write(path: Path, sections: dict[str, bytes], counts: dict[str, int]) -> None:
    contents = _contents(sections, counts)
    temporary = path.with_suffix(".part")
    with temporary.open("wb") as file:
        file.write(MAGIC + len(contents).to_bytes(8, "little") + contents)
        for data in sections.values():
            _pad(file)
            file.write(data)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)


def _contents(sections: dict[str, bytes], counts: dict[str, int]) -> bytes:
    """Table of contents; its own length moves the sections, so lay out until it settles."""
    length = 0
    while True:
        at, places = 16 + length, {}
        for name, data in sections.items():
            at += -at % 8
            places[name] = [at, len(data)]
            at += len(data)
        contents = msgspec.json.encode({"sections": places, "counts": counts, "format": 1}, order="sorted")
        if len(contents) <= length:
            return contents.ljust(length)
        length = len(contents)


def _pad(file: BinaryIO) -> None:
    file.write(b"\0" * (-file.tell() % 8))
