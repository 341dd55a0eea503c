"""Terminology as a service: what routes, commands and the line of intake share."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any, Final

import orjson
from sqlalchemy import Engine

from api.again import again
from api.quality_desk import csv_lines
from api.serving import Serving
from base.tabular import XLSX, workbook
from base.tenancy import tenant_path
from clinical.coded import Coded
from records.code_exchange import (
    code_system_json,
    concept_rows,
    read_code_system,
    read_concepts,
    read_pairs,
    shipped,
)
from records.code_intake import Coder, add_up
from records.code_maps import CodeMaps, Pair
from records.code_systems import CodeSystem, CodeSystems, Concept, TermError, Version
from records.map_proposals import Proposer
from records.value_sets import ValueSets

_SHORT: Final = {
    "http://hl7.org/fhir/sid/icd-10": "icd-10",
    "http://hl7.org/fhir/sid/icd-9-cm": "icd-9-cm-3",
    "http://loinc.org": "loinc",
    "http://www.whocc.no/atc": "atc",
    "http://code.nhsa.gov.cn/drug": "nhsa-drug",
}
"""URIs of standards → what the release calls them."""
_MOST: Final = 20_000


class TermsDesk:
    """Code systems, value sets and maps of one installation. ``serving`` gives the release whose knowledge helps to
    propose maps; without one there are names alone."""

    def __init__(self, engine: Engine, league: str, serving: Serving | None = None) -> None:
        self.engine, self.league, self._serving = engine, league, serving
        self.systems = CodeSystems(engine)
        self.sets = ValueSets(engine, self.systems)
        self.maps = CodeMaps(engine)
        self.coder = Coder(engine, self.maps)

    # -- dictionaries ------------------------------------------------------------------------

    def exported(self, owner: CodeSystem, version: str, form: str) -> tuple[bytes, str]:
        """A version as ``json`` (FHIR), ``csv`` or ``xlsx``, with its media type."""
        concepts = self.systems.concepts(owner, version)
        if form == "json":
            made = code_system_json(owner, self.systems.version(owner, version), concepts)
            return orjson.dumps(made), "application/fhir+json"
        return table(concept_rows(concepts), form, owner.title)

    def imported(self, owner: CodeSystem, name: str, content: bytes) -> list[Concept]:
        """Concepts of a file. Raises ``TermError``."""
        return from_file(name, content, read_concepts)

    def starter(self, tenant: str, author: str, confirmer: str, at: datetime) -> list[Version]:
        """Publish the short national tables that we ship, those that are not there yet."""
        made = []
        known = {system.id for system in self.systems.listed(tenant)}
        for owner, version, concepts in shipped(tenant_path(tenant)):
            if owner.id not in known:
                self.systems.register(owner, at)
                self.systems.draft(owner, version, concepts, author, at, "随软件提供")
                made.append(self.systems.activate(owner, version, confirmer, at))
        return made

    def fhir(self, resource: Any, tenant: str) -> tuple[CodeSystem, str, list[Concept]]:
        """A FHIR CodeSystem of a request. Raises ``TermError``."""
        if not isinstance(resource, dict):
            raise TermError("resource", "应为 CodeSystem")
        return read_code_system(resource, tenant)

    # -- maps --------------------------------------------------------------------------------

    def propose(
        self, tenant: str, source: str, target: CodeSystem, items: Sequence[tuple[str, str]], at: datetime
    ) -> int:
        """Propose codes of a standard for (code, name). Gives how many pairs are new."""
        concepts = self.systems.concepts(target)
        learned = self.maps.learned(target.uri)
        proposer = Proposer(target.subject, concepts, learned, self._knowledge(target))
        found = proposer.propose(items)
        triples = [(c, t, proposals) for (c, t), proposals in zip(items, found, strict=True)]
        return self.maps.propose(tenant, source, target, triples, at)

    def to_map(self, tenant: str, source: str) -> list[tuple[str, str]]:
        """Codes of a source that want a map: of the hospital's dictionary when it is here, else what was seen."""
        owner = next((s for s in self.systems.listed(tenant) if source in (s.uri, s.id)), None)
        if owner is not None:
            return [(concept.code, concept.display) for concept in self.systems.concepts(owner) if concept.active]
        seen = self.coder.work_list(tenant, source, _MOST)
        return list({one.code: (one.code, one.display) for one in seen if one.tenant == tenant}.values())

    def pairs(self, name: str, content: bytes, tenant: str, source: str, target: str) -> list[Pair]:
        """Pairs of a table. Raises ``TermError``."""
        return from_file(name, content, lambda path: read_pairs(path, tenant, source, target))

    def _knowledge(self, target: CodeSystem) -> Callable[[str], Iterable[str]]:
        """What the release's terminology knows of names, as codes of a standard."""
        short = _SHORT.get(target.uri)
        if self._serving is None or short is None or target.subject not in ("disease", "drug"):
            return lambda text: ()
        served = self._serving.now
        terms = served.terminology

        def codes(text: str) -> Iterable[str]:
            named = terms.disease(Coded(text)) if target.subject == "disease" else terms.drug(text, ()).concepts
            concepts = (served.snapshot.concept(one) for one in named)
            return [ref.code for c in concepts if c is not None for ref in c.codes if ref.system == short]

        return codes

    # -- meanwhile ---------------------------------------------------------------------------

    async def keep_watch(self, seconds: float = 30.0) -> None:
        """Add up the codes that nobody mapped."""
        await again(partial(add_up, self.engine), seconds, "unmapped codes not added up")


def table(rows: list[dict[str, Any]], form: str, title: str) -> tuple[bytes, str]:
    """Rows as ``csv`` or ``xlsx``, with the media type."""
    if form == "xlsx":
        return workbook({title[:31].translate(_NO_SHEET): rows}), XLSX
    return b"".join(csv_lines(rows)), "text/csv"


_NO_SHEET: Final = dict.fromkeys(map(ord, "[]:*?/\\"), "-")
"""Signs that the name of a worksheet may not have."""


def from_file(name: str, content: bytes, reading: Callable[[Path], list[Any]]) -> list[Any]:
    """Read an uploaded table. Raises ``TermError``."""
    suffix = Path(name).suffix.lower()
    if suffix not in (".csv", ".tsv", ".txt", ".xlsx", ".xlsm"):
        raise TermError("name", "应为 .csv、.tsv 或 .xlsx 文件")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"table{suffix}"
        path.write_bytes(content)
        return reading(path)
