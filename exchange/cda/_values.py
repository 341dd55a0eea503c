"""Data types of CDA as parts of FHIR resources: numbers of things, times, codes, quantities, people."""

from __future__ import annotations

from typing import Final

from exchange.building import ICD_9_CM_3, ICD_10, LOINC, coding, concept, named, quantity, slim
from exchange.cda import _tables as t
from exchange.cda._tables import Table
from exchange.cda._xml import XSI_TYPE, Node, child, children, error, text, value, where
from exchange.message import Json, MessageError
from exchange.written import number, when

_OIDS: Final = {t.ICD_10: ICD_10, t.ICD_9_CM_3: ICD_9_CM_3, t.LOINC: LOINC}
ELEMENT_SYSTEM: Final = f"urn:oid:{t.ELEMENTS}"
DOCUMENT_SYSTEM: Final = f"urn:oid:{t.DOCUMENTS}"
_CODED: Final = frozenset({"CD", "CE", "CV", "CO", "CS"})


def said(table: Table, words: str) -> str:
    """A text, or nothing where a placeholder stands (``NA``, ``/``)."""
    return "" if words in table.placeholders else words


def number_under(table: Table, node: Node | None, path: str, roots: tuple[str, ...]) -> str:
    """The extension of the first id under a path that has one of the roots, in their order."""
    ids = {one.get("root", ""): said(table, value(one, "", "extension")) for one in reversed(children(node, path))}
    return next((ids[root] for root in roots if ids.get(root)), "")


def time_at(table: Table, node: Node | None, path: str) -> str:
    """A time stamp under a path. Raises ``MessageError`` that names it."""
    found = child(node, path) if path else node
    words = said(table, value(found, "", "value"))
    try:
        return when(words)
    except ValueError:
        place = where(found) if found is not None else path
        raise MessageError(f"{place}/@value", "不是时间，请写 20260131 或 20260131083000") from None


def system_of(oid: str) -> str:
    """The FHIR URI of a code system; the tables of ICD-10 editions are one system."""
    if oid == t.ICD_10 or oid.startswith(f"{t.ICD_10}."):
        return ICD_10
    return _OIDS.get(oid, f"urn:oid:{oid}" if oid else "")


def oid_of(system: str) -> str:
    """The object identifier of a FHIR code system; empty for one that has none here."""
    return next((oid for oid, uri in _OIDS.items() if uri == system), system.removeprefix("urn:oid:"))


def concept_at(table: Table, node: Node | None) -> Json:
    """A code (CD, CE) with its name: the displayName, else the text that some put into the element."""
    if node is None:
        return {}
    name = said(table, value(node, "", "displayName")) or said(table, text(node))
    code = said(table, value(node, "", "code"))
    return concept(name or code, (coding(system_of(value(node, "", "codeSystem")), code, name),))


def value_of(table: Table, node: Node | None) -> Json:
    """The value of an observation by its type, as a member of a FHIR Observation; empty without one. A number that is
    none stays a text: it was written by somebody for somebody."""
    if node is None:
        return {}
    kind = (node.get(XSI_TYPE) or "").rpartition(":")[2]
    if kind in _CODED:
        return slim(valueCodeableConcept=concept_at(table, node))
    words = said(table, value(node, "", "value")) or said(table, text(node))
    if kind in ("PQ", "REAL", "MO"):
        return _measured(words, value(node, "", "unit") or value(node, "", "currency"))
    if kind == "INT" and words.lstrip("+-").isascii() and words.lstrip("+-").isdigit() and len(words) < 10:
        return {"valueInteger": int(words)}
    if kind == "BL" and words in ("true", "false", "1", "0"):
        return {"valueBoolean": words in ("true", "1")}
    if kind == "TS":
        return _moment(words)
    return slim(valueString=words)


def _measured(words: str, unit: str) -> Json:
    read = number(words)
    return (
        {"valueQuantity": quantity(read[0], unit, read[1])}
        if read
        else slim(valueString=f"{words}{unit}" if words else "")
    )


def _moment(words: str) -> Json:
    try:
        return slim(valueDateTime=when(words))
    except ValueError:
        return slim(valueString=words)


def amount_at(table: Table, node: Node | None) -> Json:
    """A quantity that must be one. Raises ``MessageError``."""
    words = said(table, value(node, "", "value"))
    if node is None or not words:
        return {}
    read = number(words)
    if read is None or read[1]:
        raise error(node, "@value", "须为数字，单位写在 @unit")
    return quantity(read[0], said(table, value(node, "", "unit")))


def person_at(table: Table, node: Node | None, name: str = "assignedPerson/name") -> Json:
    """A reference to whoever an author, authenticator or performer is, by number and name."""
    system = next((root for root in table.staff if number_under(table, node, "id", (root,))), "")
    who = number_under(table, node, "id", table.staff)
    return named("Practitioner", who, said(table, text(child(node, name))), f"urn:oid:{system}" if system else "")


def organisation_at(table: Table, node: Node | None) -> Json:
    """A reference to an organisation by number and name."""
    who, name = number_under(table, node, "id", (table.organisation,)), said(table, text(child(node, "name")))
    return named("Organization", who, name, f"urn:oid:{table.organisation}" if who else "")
