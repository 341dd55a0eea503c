"""A patient as a graph: what is on record of them as nodes, what the release says between these as edges."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import combinations
from typing import Final

from inference.citing import references
from inference.picture_parts import Edge, Intolerance, Node, Problem, Taken
from knowledge.model import Predicate, Standing, Statement
from knowledge.snapshot import Snapshot

PATIENT: Final = "patient"
_LABELS: Final[Mapping[Predicate, str]] = {
    Predicate.INDICATED_FOR: "适应证",
    Predicate.TREATED_WITH: "治疗用药",
    Predicate.CONTRAINDICATED_IN: "禁忌或慎用",
    Predicate.INTERACTS_WITH: "相互作用",
    Predicate.HAS_FINDING: "临床表现",
    Predicate.HAS_SYMPTOM: "症状",
    Predicate.COMPLICATED_BY: "并发症",
    Predicate.ALLERGEN_OF: "过敏原涵盖",
    Predicate.CROSS_REACTS: "交叉过敏",
}
"""Statements between two things of a patient, and how each is called."""
_UNASKED: Final = "诊断相符"
"""What a diagnosis is that a drug goes unasked beside, by custom: not what the drug is for."""
_OF_PATIENT: Final = {"disease": "患有", "drug": "正在使用", "allergy": "过敏", "finding": "表现"}
_MOST: Final = 400


def graph(
    snapshot: Snapshot,
    problems: Iterable[Problem],
    drugs: Iterable[Taken],
    allergies: Iterable[Intolerance],
    findings: Sequence[tuple[str, str]],
) -> tuple[tuple[Node, ...], tuple[Edge, ...]]:
    """Nodes and edges. ``findings`` are concepts that the patient shows, each with what shows it. A statement about a
    class or a wider disease counts for its kinds; what nobody reviewed is marked ``unreviewed``."""
    nodes: dict[str, Node] = {}
    for problem in problems:
        if problem.concept:
            status = "active" if problem.active else "inactive"
            nodes.setdefault(problem.concept, Node(problem.concept, "disease", problem.name, status))
    for drug in drugs:
        nodes |= {c: Node(c, "drug", snapshot.name(c), "active") for c in drug.ingredients if c not in nodes}
    for allergy in allergies:
        nodes |= {c: Node(c, "allergy", snapshot.name(c)) for c in allergy.concepts[:1] if c not in nodes}
    told = {concept: shown for concept, shown in findings if concept not in nodes}
    nodes |= {concept: Node(concept, "finding", snapshot.name(concept)) for concept in told}
    said = list(_said(snapshot, nodes))[:_MOST]
    own = [
        Edge(PATIENT, n.id, f"has-{n.kind}", _OF_PATIENT[n.kind], "record", text=told.get(n.id, ""))
        for n in nodes.values()
    ]
    return (Node(PATIENT, "patient", "患者"), *nodes.values()), (*own, *said)


def _said(snapshot: Snapshot, nodes: Mapping[str, Node]) -> Iterator[Edge]:
    """What the release says between nodes, the reviewed before the rest."""
    standing: dict[str, list[str]] = {}
    for concept in nodes:
        for one in snapshot.ancestors(concept):
            standing.setdefault(one, []).append(concept)
    seen: set[tuple[str, str, Predicate]] = set()
    for concept in nodes:
        for statement in _about(snapshot, concept):
            for other in standing.get(statement.object, ()):
                key = (concept, other, statement.predicate)
                if other != concept and key not in seen:
                    seen.add(key)
                    yield _edge(snapshot, statement, concept, other)
    yield from _between(snapshot, [n.id for n in nodes.values() if n.kind == "drug"])


def _about(snapshot: Snapshot, concept: str) -> Iterator[Statement]:
    for predicate in _LABELS:
        if predicate is not Predicate.INTERACTS_WITH:
            yield from snapshot.statements(predicate, concept)
    for statement in snapshot.about(concept):
        if statement.predicate in _LABELS and statement.standing is Standing.UNREVIEWED:
            yield statement


def _between(snapshot: Snapshot, drugs: Sequence[str]) -> Iterator[Edge]:
    for first, second in combinations(drugs, 2):
        for statement in snapshot.between(Predicate.INTERACTS_WITH, first, second)[:1]:
            yield _edge(snapshot, statement, first, second)


def _edge(snapshot: Snapshot, statement: Statement, start: str, end: str) -> Edge:
    q = statement.qualifiers
    sources = references(snapshot, statement)
    return Edge(
        start,
        end,
        statement.predicate.value,
        _UNASKED if q.get("basis") == "practice" else _LABELS[statement.predicate],
        "release",
        statement.id,
        str(q.get("severity", "")),
        str(q.get("reason") or q.get("effect") or q.get("purpose") or q.get("note") or ""),
        sources[0].source if sources else "",
        statement.standing.value,
    )


__all__ = ["PATIENT", "graph"]
