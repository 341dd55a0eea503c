"""The outside of a message, seen without reading it: its number, its type, its patient. Nothing here fails: what
cannot be seen stays empty, the message is kept all the same, and its reader will say what is wrong with it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

import orjson

from exchange.hl7v2._grammar import parse
from exchange.hl7v2._person import local_id, merges_of
from exchange.hl7v2._reading import kind_of, number_of_message
from exchange.message import Envelope, MessageError

_TELLING: Final = (b"MSH", b"PID", b"MRG")
_FRAME: Final = b"\xef\xbb\xbf\x0b\r\n\t "
_CDA: Final = "{urn:hl7-org:v3}"


def envelope(standard: str, raw: bytes) -> Envelope:
    """The envelope of a message of a standard; an empty one where nothing is seen."""
    look = _LOOKS.get(standard)
    return look(raw) if look else Envelope()


def reference_id(reference: Any, kind: str) -> str:
    """The id in a reference to a resource of a kind (``Patient/17``, also with a server before it); else empty."""
    parts = reference.rstrip("/").split("/") if isinstance(reference, str) else []
    return parts[-1] if len(parts) >= 2 and parts[-2] == kind else ""


def _hl7v2(raw: bytes) -> Envelope:
    """What the readers of HL7 v2 see of the first MSH, PID and MRG alone: the rest of a message is long."""
    lines: dict[bytes, bytes] = {}
    for line in raw.lstrip(_FRAME).replace(b"\n", b"\r").split(b"\r"):
        if line[:3] in _TELLING:
            lines.setdefault(line[:3], line)
    try:
        text = parse(b"\r".join(lines.values()))
    except MessageError:
        return Envelope()
    msh, pid = text.segments[0], text.first("PID")
    number, kind = _said(lambda: number_of_message(msh)), _said(lambda: kind_of(msh))
    subject = _said(lambda: local_id(pid)) if pid is not None else ""
    other = _said(lambda: merges_of(text)[0].retired) if b"MRG" in lines else ""
    return Envelope(number, (kind,) if kind else (), subject, other)


def _said(read: Callable[[], str]) -> str:
    """What a reader finds; empty where it finds fault, which it will say again in its turn."""
    try:
        return read()
    except MessageError:
        return ""


def _fhir(raw: bytes) -> Envelope:
    """The identifier of a Bundle, or its id, and the patient it is about; a single resource has no number."""
    try:
        sent = orjson.loads(raw)
    except orjson.JSONDecodeError:
        return Envelope()
    if not isinstance(sent, dict):
        return Envelope()
    kind = sent.get("resourceType")
    identifier = sent.get("identifier")
    number = identifier.get("value") if isinstance(identifier, dict) and kind == "Bundle" else None
    if number is None and kind == "Bundle":
        number = sent.get("id")
    kinds = (kind,) if isinstance(kind, str) else ()
    return Envelope(number if isinstance(number, str) else "", kinds, subject_of(list(_resources(sent))))


def _resources(sent: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    if sent.get("resourceType") != "Bundle":
        yield sent
        return
    entries = sent.get("entry")
    for entry in entries if isinstance(entries, list) else ():
        resource = entry.get("resource") if isinstance(entry, dict) else None
        if isinstance(resource, dict):
            yield resource


def subject_of(resources: list[Mapping[str, Any]]) -> str:
    """The id of the patient that resources are about: of the Patient among them, else of the first they refer to."""
    for resource in resources:
        if resource.get("resourceType") == "Patient" and isinstance(resource.get("id"), str):
            return str(resource["id"])
    return next(filter(None, map(patient_of, resources)), "")


def patient_of(resource: Mapping[str, Any]) -> str:
    """The id of the patient that one resource refers to; empty where it refers to none."""
    for member in ("subject", "patient", "beneficiary", "individual", "for"):
        said = resource.get(member)
        found = reference_id(said.get("reference"), "Patient") if isinstance(said, dict) else ""
        if found:
            return found
    parties = resource.get("participant")  # of an appointment
    actors = [p.get("actor") for p in parties if isinstance(p, Mapping)] if isinstance(parties, list) else []
    named = (reference_id(a.get("reference"), "Patient") for a in actors if isinstance(a, Mapping))
    return next(filter(None, named), "")


def _cda(raw: bytes) -> Envelope:
    """The document's id; what it is by its code, which is right where templates are not; its patient."""
    from exchange.cda._header import patient_at  # takes its time to load, and most workers never see a document
    from exchange.cda._tables import STANDARD
    from exchange.cda._xml import parse as opened

    try:
        root = opened(raw)
    except MessageError:
        return Envelope()
    own, role = root.find(f"{_CDA}id"), root.find(f"{_CDA}recordTarget/{_CDA}patientRole")
    named = [(root.find(f"{_CDA}code"), "code"), *((t, "root") for t in root.findall(f"{_CDA}templateId"))]
    kinds = tuple(kind for node, name in named if node is not None and (kind := node.get(name, "")))
    subject = "" if role is None else _said(lambda: str(patient_at(role, STANDARD)["id"]))
    number = "" if own is None else f"{own.get('root', '')}/{own.get('extension', '')}".strip("/")
    return Envelope(number, kinds, subject)


def _tables(raw: bytes) -> Envelope:
    """The template of rows, and whose the first one is."""
    try:
        sent = orjson.loads(raw)
    except orjson.JSONDecodeError:
        return Envelope()
    rows = sent.get("rows") if isinstance(sent, dict) else None
    first = rows[0] if isinstance(rows, list) and rows else None
    subject = first.get("患者编号") if isinstance(first, dict) else None
    template = sent.get("template") if isinstance(sent, dict) else None
    return Envelope("", (f"rows/{template}",) if isinstance(template, str) else (), str(subject or "").strip())


_LOOKS: Final[Mapping[str, Callable[[bytes], Envelope]]] = {
    "hl7v2": _hl7v2,
    "fhir": _fhir,
    "cda": _cda,
    "tables": _tables,
}
