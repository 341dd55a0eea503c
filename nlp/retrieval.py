"""What is found for a question: what the search gives, and what the release says of exactly what was named.

A class stands for its members: that 维生素K拮抗剂 and 非甾体抗炎药 interact answers a question about 华法林 and
布洛芬 that holds neither word. The release knows such statements; they are looked up and their passages fetched by
name.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import combinations
from typing import Final

from knowledge.model import Predicate, Statement
from knowledge.snapshot import Snapshot
from nlp.passages import Passage
from nlp.questions import Mention, Question, is_drug
from nlp.search import Answer, Found
from nlp.sentences import is_customary

Retrieve = Callable[[str, int], Answer]
"""Searches the release: a query, and how many passages at most."""
_DEPTH: Final = 40
_NEAR: Final = 20
_MOST_STATEMENTS: Final = 4
_MOST_BEARERS: Final = 3
_BETWEEN: Final = (Predicate.INTERACTS_WITH, Predicate.IV_INCOMPATIBLE, Predicate.HERB_INCOMPATIBLE)
_OF_DRUG: Final = (Predicate.CONTRAINDICATED_IN, Predicate.INDICATED_FOR)


def gathered(query: str, retrieve: Retrieve, snapshot: Snapshot) -> Answer:
    """What the search gives, with passages of exact statements in front. Raises what the search raises."""
    answer = retrieve(query, _DEPTH)
    fetched = (_fetched(statement, retrieve, snapshot) for statement in _exact(answer.question, snapshot))
    exact = [one for one in fetched if one is not None]
    ids = {one.passage.id for one in exact}
    return answer._replace(found=[*exact, *(one for one in answer.found if one.passage.id not in ids)])


def _fetched(statement: Statement, retrieve: Retrieve, snapshot: Snapshot) -> Found | None:
    """The passage of a statement, or the one that it is said in together with others."""
    names = f"{snapshot.name(statement.subject)} {snapshot.name(statement.object)}"
    near = retrieve(names, _NEAR).found
    return next((one._replace(score=1.0) for one in near if _says(one.passage, statement)), None)


def _says(passage: Passage, s: Statement) -> bool:
    if not is_customary(s):
        return passage.id == s.id
    return (passage.concept, passage.predicate) == (s.subject, s.predicate.value) and s.object in passage.objects


def _exact(question: Question, snapshot: Snapshot) -> list[Statement]:
    """Statements about two of the things that were named."""
    found: dict[str, Statement] = {}
    for a, b in combinations(question.mentions, 2):
        for statement in _of_pair(a, b, question, snapshot):
            found.setdefault(statement.id, statement)
    return list(found.values())[:_MOST_STATEMENTS]


def _of_pair(a: Mention, b: Mention, question: Question, snapshot: Snapshot) -> Iterator[Statement]:
    drugs = [is_drug(one, snapshot) for one in (a, b)]
    if all(drugs):
        asked = [one for one in _BETWEEN if one in question.predicates] or _BETWEEN[:1]
        for one in a.concepts[:_MOST_BEARERS]:
            for other in b.concepts[:_MOST_BEARERS]:
                yield from (s for predicate in asked for s in snapshot.between(predicate, one, other))
    elif any(drugs):
        drug, other_mention = (a, b) if drugs[0] else (b, a)
        yield from _in(drug, other_mention, question, snapshot)


def _in(drug: Mention, condition: Mention, question: Question, snapshot: Snapshot) -> Iterator[Statement]:
    """What is said of a drug in a disease or a wider one."""
    wider = {one for concept in condition.concepts[:_MOST_BEARERS] for one in snapshot.lineage[concept]}
    asked = _OF_DRUG if Predicate.INDICATED_FOR in question.predicates else _OF_DRUG[:1]
    for predicate in asked:
        for concept in drug.concepts[:_MOST_BEARERS]:
            yield from (s for s in snapshot.statements(predicate, concept) if s.object in wider)
