"""Making elements of a CDA document."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, Final

from lxml import etree

from exchange.cda import _tables as t
from exchange.cda._values import oid_of
from exchange.cda._xml import NAMESPACE, XSI, XSI_TYPE, Node
from exchange.message import Json
from exchange.written import stamp

_NOT_XML: Final = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that XML cannot hold in any way."""
CATALOGUE: Final = "卫生信息数据元目录"


def root(name: str) -> Node:
    names: dict[str | None, str] = {None: NAMESPACE, "xsi": XSI}
    return etree.Element(f"{{{NAMESPACE}}}{name}", nsmap=names)  # type: ignore[arg-type]  # the stubs know no default


def add(parent: Node, name: str, words: str = "", /, **attributes: str) -> Node:
    """An element at the end of its parent; attributes that are empty are left out."""
    made: Node = etree.SubElement(parent, f"{{{NAMESPACE}}}{name}")
    for key, value in attributes.items():
        if value:
            made.set(key, clean(value))
    if words:
        made.text = clean(words)
    return made


def clean(words: str) -> str:
    """A text without what XML cannot hold; a carriage return is a line end as any other."""
    return _NOT_XML.sub("", words.replace("\r\n", "\n").replace("\r", "\n"))


def numbered(parent: Node, root_id: str, number: str) -> None:
    """An id; none without a number."""
    if number:
        add(parent, "id", root=root_id, extension=number)


def timed(parent: Node, name: str, moment: str) -> None:
    add(parent, name, value=stamp(moment)) if moment else add(parent, name)


def coded(parent: Node, name: str, concept: Json) -> Node:
    """A code with its name (CD without a type); only the name when there is no code."""
    held = first(concept.get("coding", ()))
    words = concept.get("text", "") or held.get("display", "")
    return add(parent, name, code=held.get("code", ""), codeSystem=oid_of(held.get("system", "")), displayName=words)


def typed(parent: Node, kind: str, words: str = "", /, **attributes: str) -> Node:
    """A ``value`` of a data type."""
    made = add(parent, "value", words, **attributes)
    made.set(XSI_TYPE, kind)
    return made


def observed(parent: Node, element: t.Element, name: str = "") -> Node:
    """An observation of a data element, without its value."""
    made = add(parent, "observation", classCode="OBS", moodCode="EVN")
    add(
        made,
        "code",
        code=element.code,
        codeSystem=t.ELEMENTS,
        codeSystemName=CATALOGUE,
        displayName=name or element.title,
    )
    return made


def told(parent: Node, element: t.Element, words: str, name: str = "") -> Node:
    """An observation of a data element that is a text."""
    made = observed(parent, element, name)
    typed(made, "ST", words)
    return made


def within(parent: Node) -> Node:
    """Where an observation that belongs to another one stands."""
    return add(parent, "entryRelationship", typeCode="COMP")


def entry(section: Node) -> Node:
    return add(section, "entry")


def valued(parent: Node, resource: Json) -> None:
    """The value of a FHIR Observation, by its type."""
    if "valueCodeableConcept" in resource:
        coded(parent, "value", resource["valueCodeableConcept"]).set(XSI_TYPE, "CD")
    elif "valueQuantity" in resource:
        amount = resource["valueQuantity"]
        typed(parent, "PQ", value=figure(amount), unit=str(amount.get("unit", "")))
    elif "valueInteger" in resource:
        typed(parent, "INT", value=str(resource["valueInteger"]))
    elif "valueBoolean" in resource:
        typed(parent, "BL", value="true" if resource["valueBoolean"] else "false")
    elif "valueDateTime" in resource:
        typed(parent, "TS", value=stamp(resource["valueDateTime"]))
    elif "valueString" in resource:
        typed(parent, "ST", resource["valueString"])


def figure(amount: Json) -> str:
    """A number as short as it can be written, after its comparator."""
    number = float(amount["value"])
    words = str(int(number)) if number.is_integer() and abs(number) < 1e15 else repr(number)
    return f"{amount.get('comparator', '')}{words}"


def first(items: Iterable[Any]) -> Any:
    """The first of a list of objects; an empty one of none."""
    return next(iter(items), {})
