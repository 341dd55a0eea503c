"""The same interaction rules on other engines, as ratios: thirteen drugs of one request, all pairs."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable, Iterator
from itertools import combinations

from benchmarks import json_rules
from benchmarks.timing import Times, timed
from knowledge.model import Predicate, Standing
from knowledge.snapshot import Snapshot
from rules.chaining import MOST_PER_FACT, Chain, ChainError, Fired, ForwardRule, Test

Pair = tuple[str, str]
_FEW = 300
_SOME = 5000


def measure(snapshot: Snapshot, drugs: list[str]) -> dict[str, Times | str]:
    """Our index on all pairs of the release; the others on as many as they can take in bearable time, those of the
    request's drugs first."""
    pairs = _nearest_first(set(_pairs(snapshot)), drugs)
    found: dict[str, Times | str] = {
        f"yigong index, {len(pairs):,} pairs": timed(lambda: _ours(snapshot, drugs)),
    }
    for name, engine, some, times in (
        ("durable_rules, one rule per pair", _durable, _fitting(pairs), 200),
        ("zen-engine, a table with a row per pair", _zen, pairs[:_SOME], 10),
        ("CLIPS, facts and one generic rule", _clips, pairs, 200),
    ):
        try:
            found[f"{name}, {len(some):,} pairs"] = timed(engine(some, drugs), times, 3)
        except (ImportError, ChainError) as error:
            found[name] = f"not measured ({error})"
    some = pairs[:_SOME]
    found[f"json-rules-engine, one rule per pair, {len(some):,} pairs"] = json_rules.measure(some, drugs)
    return found


def _pairs(snapshot: Snapshot) -> Iterator[Pair]:
    """Ingredient pairs, classes expanded, as the other engines would need them."""
    below: dict[str, list[str]] = {}
    for concept in snapshot.concepts():
        for ancestor in snapshot.ancestors(concept.id):
            below.setdefault(ancestor, []).append(concept.id)
    for s in snapshot.all_statements():
        if s.predicate is Predicate.INTERACTS_WITH and s.standing is not Standing.UNREVIEWED:
            for a in below.get(s.subject, ()):
                for b in below.get(s.object, ()):
                    if a != b:
                        yield min(a, b), max(a, b)


def _nearest_first(pairs: Iterable[Pair], drugs: Collection[str]) -> list[Pair]:
    """Pairs of two of the request's drugs, then of one: an engine with none of them has nothing to find."""
    return sorted(pairs, key=lambda pair: (-sum(drug in drugs for drug in pair), pair))


def _ours(snapshot: Snapshot, drugs: list[str]) -> int:
    hits = 0
    for i, j in snapshot.linked(Predicate.INTERACTS_WITH, drugs):
        hits += len(snapshot.between(Predicate.INTERACTS_WITH, drugs[i], drugs[j]))
    return hits


def _durable(pairs: list[Pair], drugs: list[str]) -> Callable[[], object]:
    def has(drug: str) -> tuple[Test, ...]:
        return (Test("kind", "=", "drug"), Test("concept", "=", drug))

    chain = Chain([ForwardRule(f"r{n}", (has(a), has(b)), None) for n, (a, b) in enumerate(pairs)])
    facts: list[dict[str, str | float]] = [{"kind": "drug", "concept": drug} for drug in drugs]

    def run() -> list[Fired]:
        chain._remembered.clear()  # else only the first of equal requests is asked of the engine
        return chain.fire(facts)

    return run


def _fitting(pairs: Iterable[Pair]) -> list[Pair]:
    """As many pairs, of so few drugs, as the engine takes: a clause of one kind of fact for each drug."""
    seen: set[str] = set()
    kept: list[Pair] = []
    for pair in pairs:
        if len(kept) < _FEW and len(seen.union(pair)) <= MOST_PER_FACT:
            seen.update(pair)
            kept.append(pair)
    return kept


def _zen(pairs: list[Pair], drugs: list[str]) -> Callable[[], object]:
    import zen

    inputs = [{"id": "a", "name": "a", "field": "a"}, {"id": "b", "name": "b", "field": "b"}]
    rules = [{"_id": f"{n}", "a": f'"{a}"', "b": f'"{b}"', "o": "true"} for n, (a, b) in enumerate(pairs)]
    table = {
        "hitPolicy": "first",
        "inputs": inputs,
        "outputs": [{"id": "o", "name": "o", "field": "hit"}],
        "rules": rules,
    }
    nodes = [
        {"id": "in", "type": "inputNode", "name": "in"},
        {"id": "t", "type": "decisionTableNode", "name": "t", "content": table},
        {"id": "out", "type": "outputNode", "name": "out"},
    ]
    edges = [{"id": "1", "sourceId": "in", "targetId": "t"}, {"id": "2", "sourceId": "t", "targetId": "out"}]
    decision = zen.ZenEngine().create_decision(json.dumps({"nodes": nodes, "edges": edges}))
    asked = [(min(a, b), max(a, b)) for a, b in combinations(drugs, 2)]
    return lambda: [decision.evaluate({"a": a, "b": b}) for a, b in asked]


def _clips(pairs: list[Pair], drugs: list[str]) -> Callable[[], object]:
    import clips

    environment = clips.Environment()
    environment.build("(deftemplate pair (slot a) (slot b))")
    environment.build("(deftemplate drug (slot id))")
    environment.build("(defrule hit (drug (id ?a)) (drug (id ?b)) (pair (a ?a) (b ?b)) => (printout nil hit))")
    pair, drug = environment.find_template("pair"), environment.find_template("drug")
    for a, b in pairs:
        pair.assert_fact(a=a, b=b)

    def run() -> int:
        facts = [drug.assert_fact(id=d) for d in drugs]
        fired = environment.run()
        for fact in facts:
            fact.retract()
        return int(fired)

    return run
