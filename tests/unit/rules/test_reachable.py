"""Every row of the shipped content can alert: a request made from it is answered with it."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Iterator
from typing import Any

import pytest

import tests.reaching
from base.plugins import discover
from knowledge.model import ConceptKind, Predicate, Statement
from knowledge.snapshot import Snapshot
from rules.model import Family
from tests.case_tables import reviewed
from tests.reaching import said
from tests.reaching.doses import again, allergen

Make = Callable[[Statement, Snapshot], dict[str, Any] | Iterator[dict[str, Any]]]
FAMILIES = discover("rules.families", "FAMILY", Family)
_MODULES = [
    importlib.import_module(f"tests.reaching.{m.name}") for m in pkgutil.iter_modules(tests.reaching.__path__)
]
REACH: dict[Predicate, tuple[str, Make]] = {p: found for module in _MODULES for p, found in module.REACH.items()}


@pytest.mark.parametrize("predicate", sorted(REACH))
def test_every_row_can_alert(predicate: Predicate, snapshot: Snapshot) -> None:
    family, make = REACH[predicate]
    rows = said(snapshot, predicate)
    silent = [_named(s, snapshot) for s in rows if not _answers(s, family, make, snapshot)]
    assert rows
    assert not silent, f"{len(silent)} of {len(rows)} rows never alert"


def test_every_interval_of_repetition_can_alert(snapshot: Snapshot) -> None:
    rows = said(snapshot, Predicate.REPEAT_INTERVAL)
    silent = [
        _named(s, snapshot) for s in rows if not _alerts(s, _repeating(s, snapshot), again(s, snapshot), snapshot)
    ]
    assert rows
    assert not silent, f"{len(silent)} of {len(rows)} rows never alert"


def _repeating(s: Statement, snapshot: Snapshot) -> str:
    concept = snapshot.concept(s.subject)
    return "duplicate-lab" if concept is not None and concept.kind is ConceptKind.LAB else "duplicate-exam"


def test_everything_that_an_allergen_stands_for_alerts_who_is_allergic_to_it(snapshot: Snapshot) -> None:
    rows = said(snapshot, Predicate.ALLERGEN_OF)
    silent = [_named(s, snapshot) for s in rows if not _alerts_at_all(s, snapshot)]
    assert rows
    assert not silent


def _alerts_at_all(s: Statement, snapshot: Snapshot) -> bool:
    """By whichever row speaks of it most closely."""
    return any(reviewed(snapshot, FAMILIES["allergy"], one).findings for one in allergen(s, snapshot))


def _answers(s: Statement, family: str, make: Make, snapshot: Snapshot) -> bool:
    made = make(s, snapshot)
    return any(_alerts(s, family, one, snapshot) for one in ([made] if isinstance(made, dict) else made))


def _alerts(s: Statement, family: str, request: dict[str, Any], snapshot: Snapshot) -> bool:
    findings = reviewed(snapshot, FAMILIES[family], request).findings
    return any(s.id == f.rule_id or any(s.id == r.statement for r in f.references) for f in findings)


def _named(s: Statement, snapshot: Snapshot) -> str:
    return f"{snapshot.name(s.subject)} – {snapshot.name(s.object)} {s.qualifiers.get('severity', '')} {s.id}"
