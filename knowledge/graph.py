"""Paths and neighbourhoods over a release, with networkx: why is X linked to Y.

networkx takes a third of a second to import and no review needs it: it is imported when asked for.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from knowledge.model import Statement
from knowledge.snapshot import Snapshot

if TYPE_CHECKING:
    import networkx as nx


class GraphError(Exception):
    """A path cannot be shown; the message says why."""


def links(snapshot: Snapshot, concept_id: str) -> Iterator[tuple[str, Statement]]:
    """(neighbour, statement) of a concept, in both directions."""
    for s in snapshot.about(concept_id):
        if s.object:
            yield s.object, s
    for s in snapshot.pointing_at(concept_id):
        yield s.subject, s


def around(snapshot: Snapshot, concept_ids: list[str], depth: int, most: int) -> nx.MultiDiGraph[str]:
    """The part of the graph within ``depth`` steps of some concepts, breadth first, at most so many nodes."""
    import networkx as nx

    graph: nx.MultiDiGraph[str] = nx.MultiDiGraph()
    waiting = deque((concept_id, 0) for concept_id in concept_ids)
    graph.add_nodes_from(concept_ids)
    while waiting:
        at, steps = waiting.popleft()
        if steps == depth:
            continue
        for neighbour, s in links(snapshot, at):
            if neighbour not in graph:
                if graph.number_of_nodes() >= most:
                    continue
                waiting.append((neighbour, steps + 1))
            graph.add_edge(s.subject, s.object, key=s.id, predicate=s.predicate.value)
    return graph


def neighbourhood(snapshot: Snapshot, concept_id: str, depth: int = 1, most: int = 200) -> dict[str, Any]:
    """Nodes and edges around a concept, as the workbench draws them. ``truncated`` tells that more exist."""
    graph = around(snapshot, [concept_id], depth, most)
    nodes = []
    for node in sorted(graph.nodes):
        concept = snapshot.concept(node)
        kind = concept.kind.value if concept else ""
        nodes.append({"id": node, "name": snapshot.name(node), "kind": kind})
    edges = [
        {"subject": a, "object": b, "statement": key, "predicate": data["predicate"]}
        for a, b, key, data in sorted(graph.edges(keys=True, data=True), key=lambda e: (e[0], e[1], e[2]))
    ]
    truncated = graph.number_of_nodes() >= most
    return {"concept": concept_id, "nodes": nodes, "edges": edges, "truncated": truncated}


def why(snapshot: Snapshot, a: str, b: str, depth: int = 4, most: int = 50_000) -> list[Statement]:
    """Statements of a shortest chain between two concepts, in order from ``a`` to ``b``.

    Raises ``GraphError`` when one is unknown or nothing links them within ``depth`` steps.
    """
    for concept_id in (a, b):
        if snapshot.concept(concept_id) is None:
            raise GraphError(f"there is no concept {concept_id!r}")
    half = (depth + 1) // 2
    import networkx as nx

    graph = nx.Graph(around(snapshot, [a, b], half, most))
    try:
        nodes = nx.shortest_path(graph, a, b)
    except nx.NetworkXNoPath:
        raise GraphError(f"nothing links {a} and {b} within {depth} steps") from None
    if len(nodes) - 1 > depth:
        raise GraphError(f"nothing links {a} and {b} within {depth} steps")
    return [_between(snapshot, x, y) for x, y in zip(nodes, nodes[1:], strict=False)]


def _between(snapshot: Snapshot, x: str, y: str) -> Statement:
    """The best-founded statement that links two neighbours."""
    found = [s for neighbour, s in links(snapshot, x) if neighbour == y]
    return max(found, key=lambda s: (_RANK[s.standing.value], s.id))


_RANK = {"unreviewed": 0, "secondary": 1, "starter": 2, "reviewed": 3}
