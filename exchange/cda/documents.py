"""Shared documents (WS/T 500): one reader for all, a message type each."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Final

from exchange.building import category, concept, extension, identifier, kept_elsewhere, listed, resource_id, slim, to
from exchange.cda import _tables as t
from exchange.cda._body import Body
from exchange.cda._header import Header
from exchange.cda._schema import check
from exchange.cda._xml import parse
from exchange.message import Json, Message, Parsed

_NAMES: Final = {
    t.OUTPATIENT: "outpatient-record",
    t.PRESCRIPTION: "prescription",
    t.EXAMINATION: "examination-report",
    t.LABORATORY: "laboratory-report",
    t.DISCHARGE_RECORD: "discharge-record",
    t.DISCHARGE: "discharge-summary",
}

loaded = t.loaded
"""Reads a site's changes to the table."""


def read(raw: bytes, table: t.Table = t.STANDARD) -> Parsed:
    """A document as resources: the patient and visit it mentions, what its sections say, the Composition, and a
    DocumentReference to the original. Raises ``MessageError`` that names the element."""
    root = parse(raw)
    header = Header(root, table)
    check(root)
    body = Body(header)
    resources = (
        header.patient,
        *listed(header.encounter),
        *body.resources,
        *_report(header, body),
        _composition(header, body),
        _reference(header, raw),
    )
    return Parsed(header.message_id, t.template_of(header.code), header.patient["id"], resources, sent=header.sent)


def _report(header: Header, body: Body) -> Iterator[Json]:
    """The DiagnosticReport of a report."""
    if header.code not in (t.EXAMINATION, t.LABORATORY):
        return
    exam = header.code == t.EXAMINATION
    said, request = body.report, header.number_of(header.table.request)
    number = header.number_of(header.table.exam_report if exam else header.table.lab_report)
    yield slim(
        resourceType="DiagnosticReport",
        id=body.report_id(),
        identifier=[identifier(number)] if number else None,
        basedOn=[{"type": "ServiceRequest", "identifier": {"value": request}}] if request else None,
        status="final",
        category=category("imaging" if exam else "laboratory"),
        code=body.item or concept(said.get(t.SERVICE_CLASS.code) or header.title),
        subject=header.subject,
        encounter=header.visit,
        effectiveDateTime=_observed(body) or header.written or header.at,
        issued=header.written if "T" in header.written else "",
        performer=[*listed(header.custodian), *listed(header.author)],
        result=[to("Observation", r["id"]) for r in body.resources if r["resourceType"] == "Observation"],
        conclusion=said.get(t.EXAM_CONCLUSION.code if exam else t.LAB_CONCLUSION.code),
    )


def _observed(body: Body) -> str:
    times = [r["effectiveDateTime"] for r in body.resources if r["resourceType"] == "Observation"]
    return max(times, default="")


def _composition(header: Header, body: Body) -> Json:
    replaced = header.replaced()
    return slim(
        resourceType="Composition",
        id=header.id,
        contained=body.contained,
        identifier=identifier(header.number or header.root_id, f"urn:oid:{header.root_id}" if header.number else ""),
        status="final",
        type=header.kind,
        subject=header.subject,
        encounter=header.visit,
        date=header.at,
        author=[header.author or header.custodian or {"display": "未注明"}],
        title=header.title,
        attester=list(header.attesters()),
        custodian=header.custodian,
        relatesTo=[{"code": "replaces", "targetReference": to("Composition", replaced)}] if replaced else None,
        section=body.sections,
        extension=[extension("written", valueDateTime=header.written)] if header.written else None,
    )


def _reference(header: Header, raw: bytes) -> Json:
    replaced = header.replaced()
    return slim(
        resourceType="DocumentReference",
        id=resource_id(header.number or header.root_id),
        masterIdentifier=identifier(
            header.number or header.root_id, f"urn:oid:{header.root_id}" if header.number else ""
        ),
        status="current",
        docStatus="final",
        type=header.kind,
        subject=header.subject,
        date=header.at if "T" in header.at else "",
        author=listed(header.author),
        custodian=header.custodian,
        relatesTo=[{"code": "replaces", "target": to("DocumentReference", replaced)}] if replaced else None,
        content=[{"attachment": kept_elsewhere(raw, "text/xml", header.title)}],
        context=slim(encounter=listed(header.visit)),
    )


def messages(table: t.Table = t.STANDARD, prefix: str = "") -> tuple[Message, ...]:
    """A message type for each shared document, read by a site's table. A site declares them by an entry point of
    ``yigong.exchange.cda``, with a prefix of its own."""
    reader = partial(read, table=table)
    return tuple(
        Message(
            prefix + _NAMES.get(code, f"document-{code.lower()}"),
            "cda",
            title,
            (*(template for template, of in table.templates.items() if of == code), code),
            reader,
        )
        for code, title in t.TITLES.items()
    )


MESSAGE = messages()
