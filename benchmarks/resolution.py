"""How many marketed products of the Chinese knowledge graph resolve to the right drug.

A product counts when its node names its drug (the drug's name stands in the product's text); it is
right when the text resolves to that drug's own node, or to ingredients of ours that the drug's
name names too. Products themselves are not in the release: nothing is looked up by its answer.
"""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from knowledge.compile import Content, compile_release
from knowledge.model import Concept, ConceptKind, Standing
from knowledge.naming import normal_name
from knowledge.snapshot import Snapshot
from records.drug_names import Drug
from records.terminology import Terminology

_KG_NODE = "kg-drug:"


@dataclass(frozen=True, slots=True)
class Result:
    """Counts and a few examples of what went wrong."""

    products: int
    right: int
    to_ingredients: int
    wrong: list[tuple[str, str, str]]
    unresolved: list[tuple[str, str]]

    @property
    def share(self) -> float:
        return self.right / self.products


def measure(folder: Path, snapshot: Snapshot, scratch: Path) -> Result:
    """Resolve every product of ``folder`` (the ``medical_kg`` folder) against the release plus the
    graph's drug names as unreviewed concepts."""
    truth = {row[0]: row[1] for row in _rows(folder / "rels" / "medical_drugs_of.csv") if len(row) == 2}
    terminology = Terminology(_with_graph_drugs(snapshot, folder, scratch))
    named = {p: d for p, d in truth.items() if normal_name(d) in normal_name(p)}
    right = to_ingredients = 0
    wrong: list[tuple[str, str, str]] = []
    unresolved: list[tuple[str, str]] = []
    for product, drug in named.items():
        found = terminology.drug(product, ())
        if not found.concepts:
            unresolved.append((product, drug))
        elif _is_right(found, drug, terminology):
            right += 1
            to_ingredients += bool(found.ingredients)
        else:
            names = "+".join(terminology.snapshot.name(c) for c in found.concepts)
            wrong.append((product, drug, names))
    return Result(len(named), right, to_ingredients, wrong, unresolved)


def disagreements(folder: Path, few: Snapshot, many: Snapshot) -> list[tuple[str, str, str]]:
    """Products that mean ingredients in one release and others (or none) in a release that knows more:
    unreviewed sources must never take an understood drug away. (product, there, here)"""
    narrow, wide = Terminology(few), Terminology(many)
    found = []
    for product, _ in (row for row in _rows(folder / "rels" / "medical_drugs_of.csv") if len(row) == 2):
        there, here = narrow.drug(product, ()).ingredients, wide.drug(product, ()).ingredients
        if there and there != here:
            texts = ["+".join(few.name(i.concept) for i in mix) for mix in (there, here)]
            found.append((product, texts[0], texts[1]))
    return found


def _is_right(found: Drug, drug: str, terminology: Terminology) -> bool:
    if found.concepts == (f"{_KG_NODE}{drug}",):
        return True
    return bool(found.ingredients) and all(
        _names(terminology.snapshot.concept(c), normal_name(drug)) for c in found.concepts
    )


def _names(concept: Concept | None, text: str) -> bool:
    """Whether a name of the concept stands in the drug's own name (or the other way round, for
    products that are called by their full name)."""
    names = [normal_name(n) for n in concept.names()] if concept else []
    return any(n in text or text in n for n in names if len(n) > 1)


def _with_graph_drugs(snapshot: Snapshot, folder: Path, scratch: Path) -> Snapshot:
    drugs = [
        Concept(f"{_KG_NODE}{name}", ConceptKind.PRODUCT, name, standing=Standing.UNREVIEWED)
        for name in sorted({row[0] for row in _rows(folder / "nodes" / "drug.csv")})
    ]
    content = Content(
        [*snapshot.concepts(), *drugs], list(snapshot.all_statements()), sources=list(snapshot.sources())
    )
    compile_release(content, scratch / "resolution.ygr")
    return Snapshot(scratch / "resolution.ygr", "resolution")


def _rows(path: Path) -> Iterator[list[str]]:
    with path.open(encoding="utf-8", newline="") as file:
        rows = csv.reader(file)
        next(rows)
        yield from (row for row in rows if row and row[0].strip())


def report(result: Result) -> str:
    """One paragraph and the commonest failures."""
    lines = [
        f"marketed products that name their drug: {result.products}",
        f"resolved to the right drug: {result.right} ({result.share:.2%}), "
        f"of these to ingredients we can check: {result.to_ingredients}",
        f"wrong: {len(result.wrong)}, unresolved: {len(result.unresolved)}",
    ]
    common = Counter(drug for _, drug, _ in result.wrong) + Counter(drug for _, drug in result.unresolved)
    lines += [f"  {count:4d} {drug}" for drug, count in common.most_common(10)]
    return "\n".join(lines)
