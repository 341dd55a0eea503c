"""Records, rows, releases and jobs of the workbench as JSON."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from api.curation_desk import CurationDesk
from api.curation_forms import columns_of, filled
from api.curation_text import Name, text_of, title_of
from base.jobs import Job
from knowledge.browsing import Found
from knowledge.drafting import Drafted
from knowledge.joining import Candidate
from knowledge.load_runs import LoadRun
from knowledge.model import Article, Concept, Record, Statement
from knowledge.references import GROUPS
from knowledge.release import Event, Manifest
from knowledge.store import Head, Revision, kind_of
from knowledge.tables import Column, Kind, Table
from knowledge.titles import CHANGES
from knowledge.workers import Worker
from rules.authored import Flaw

_NAMED = {
    **dict.fromkeys((Kind.DRUG, Kind.DRUGS), "drug"),
    **dict.fromkeys((Kind.DISEASE, Kind.DISEASES), "disease"),
    Kind.LAB: "lab",
}
"""Kinds of column whose cells are names, and of what."""


def mentioned(records: Iterable[Record]) -> set[str]:
    """Concepts and sources that records speak of."""
    found: set[str] = set()
    for record in records:
        found |= {getattr(record, field, "") for field in ("subject", "object", "concept")}
        sections = record.sections if isinstance(record, Article) else ()
        for citing in (record, *sections):
            found |= {one.source for one in getattr(citing, "citations", ())}
    return found - {""}


def name_of(names: Mapping[str, str]) -> Name:
    """What ids are called, themselves where nobody knows."""
    return lambda id_: names.get(id_, id_)


def found_json(found: Found, name: Name) -> dict[str, Any]:
    """A record in a list."""
    record = found.record
    told: dict[str, Any] = {
        "kind": found.kind,
        "id": record.id,
        "title": title_of(record, name),
        "status": found.status.value,
    }
    told |= {"revision": found.revision, "at": found.at.isoformat(), "by": found.by, "reason": found.reason}
    return told | {"change": CHANGES.get(found.change, found.change)} | _trust(record) | _about(record, name)


def _trust(record: Record) -> dict[str, Any]:
    return {
        f: str(getattr(record, f)) for f in ("standing", "origin", "author", "reviewer") if getattr(record, f, "")
    }


def _about(record: Record, name: Name) -> dict[str, Any]:
    if isinstance(record, Statement):
        told: dict[str, Any] = {"predicate": record.predicate.value, "subject": _named(record.subject, name)}
        return told | ({"object": _named(record.object, name)} if record.object else {})
    if isinstance(record, Article):
        return {"concept": _named(record.concept, name)}
    return {"conceptKind": record.kind.value} if isinstance(record, Concept) else {}


def _named(id_: str, name: Name) -> dict[str, str]:
    return {"id": id_, "name": name(id_)}


def head_json(head: Head, name: Name, authors: Iterable[str]) -> dict[str, Any]:
    """A record with its form, ready to be edited."""
    record = head.record
    told: dict[str, Any] = {"kind": kind_of(record), "id": record.id, "title": title_of(record, name)}
    told |= {"revision": head.revision, "status": head.status.value, "form": msgspec.to_builtins(filled(record))}
    told |= {"columns": [column_json(c) for c in columns_of(record)], "text": text_of(record, name)}
    return told | {"authors": sorted(authors)} | _trust(record) | _about(record, name)


def whole_json(desk: CurationDesk, head: Head) -> dict[str, Any]:
    """A record with its form, what it speaks of called by its name."""
    name = name_of(desk.names(mentioned([head.record])))
    return head_json(head, name, desk.workflow.authors(head.record))


def revision_json(one: Revision, name: Name) -> dict[str, Any]:
    """One entry of a history."""
    told = {"revision": one.revision, "at": one.at.isoformat(), "by": one.author, "reason": one.reason}
    told |= {"change": CHANGES.get(one.change, one.change), "status": one.status.value}
    return told | {"text": text_of(one.record, name)}


def flaws_json(flaws: Iterable[Flaw]) -> list[dict[str, str]]:
    return [{"field": flaw.field, "problem": flaw.problem} for flaw in flaws]


def column_json(column: Column) -> dict[str, Any]:
    """How a cell is filled in: its label, kind, choices, and of which kinds of concept it gives names."""
    group = _NAMED.get(column.kind)
    told: dict[str, Any] = {"field": column.field, "label": column.label, "kind": column.kind.value}
    told |= {"required": column.required, "choices": list(column.choices or ())}
    return told | ({"names": sorted(kind.value for kind in GROUPS[group])} if group else {})


def table_json(table: Table) -> dict[str, Any]:
    return {"name": table.name, "title": table.title, "rank": table.rank} | {
        "columns": [column_json(c) for c in table.columns]
    }


def drafted_json(outcome: Drafted, names: Mapping[str, str]) -> dict[str, Any]:
    """What became of a row."""
    proposals = [
        {"kind": kind_of(p.record), "id": p.record.id, "effect": p.effect.value, "revision": p.revision}
        | {"title": title_of(p.record, name_of({**names, **_own(outcome)}))}
        for p in outcome.proposals
    ]
    return {"proposals": proposals, "faults": [{"column": f.column, "problem": f.problem} for f in outcome.faults]}


def _own(outcome: Drafted) -> dict[str, str]:
    """Names of concepts that the same row makes."""
    return {p.record.id: p.record.name for p in outcome.proposals if isinstance(p.record, Concept)}


def job_json(job: Job) -> dict[str, Any]:
    """A job; its result only when it is asked for alone."""
    told: dict[str, Any] = {
        "id": job.id,
        "kind": job.kind,
        "title": job.title,
        "by": job.by,
        "state": job.state.value,
    }
    told |= {"stage": job.stage, "done": job.done, "total": job.total, "started": job.started.isoformat()}
    ended = {"finished": job.finished.isoformat() if job.finished else "", "fault": job.fault}
    return told | {k: v for k, v in ended.items() if v} | ({"result": job.result} if job.result is not None else {})


def manifest_json(one: Manifest, active: str) -> dict[str, Any]:
    faults = {name: built.fault for name, built in one.artefacts.items() if built.fault}
    told = {"release": one.release, "counts": one.counts, "at": one.published_at, "by": one.published_by}
    return told | {"note": one.note, "active": one.release == active, "faults": faults}


def event_json(one: Event) -> dict[str, Any]:
    return {"release": one.release, "action": one.action, "at": one.at.isoformat(), "by": one.by, "note": one.note}


def worker_json(one: Worker) -> dict[str, Any]:
    told = {"name": one.name, "release": one.release, "since": one.since.isoformat(), "seen": one.seen.isoformat()}
    return told | ({"fault": one.fault} if one.fault else {})


def candidate_json(one: Candidate, concepts: Mapping[str, Concept]) -> dict[str, Any]:
    """A pair with what is known of both."""
    told = {"reason": one.reason, "state": one.state.value, "by": one.by, "confirmedBy": one.confirmed_by}
    told |= {"kept": one.kept, "note": one.note}
    return {k: v for k, v in told.items() if v} | {"a": _side(one.a, concepts), "b": _side(one.b, concepts)}


def _side(id_: str, concepts: Mapping[str, Concept]) -> dict[str, Any]:
    concept = concepts.get(id_)
    if concept is None:
        return {"id": id_, "name": id_}
    codes = [f"{ref.system} {ref.code}" for ref in concept.codes]
    told = {"id": id_, "name": concept.name, "nameEn": concept.name_en, "conceptKind": concept.kind.value}
    return told | {"synonyms": list(concept.synonyms), "codes": codes, "origin": concept.origin}


def load_json(one: LoadRun) -> dict[str, Any]:
    told: dict[str, Any] = {
        "id": one.id,
        "loader": one.loader,
        "file": one.file,
        "author": one.author,
        "position": one.position,
    }
    told |= {"written": one.written, "unchanged": one.unchanged, "kept": one.kept, "errors": one.errors}
    told["started"] = one.started.isoformat()
    return told | ({"finished": one.finished.isoformat()} if one.finished else {})
