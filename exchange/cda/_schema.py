"""The schema of what we read and write (``schema.rng``, RELAX NG), and what to do about each way of missing it."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from threading import Lock
from typing import Final

from lxml import etree

from exchange.cda._xml import NAMESPACE, Node, child, children, local, where
from exchange.message import MessageError

_ONE_AT_A_TIME: Final = Lock()
"""A schema keeps what it found wrong last."""
_NEEDS: Final[dict[str, tuple[str, ...]]] = {
    "ClinicalDocument": (
        "id",
        "code",
        "effectiveTime",
        "recordTarget/patientRole/patient",
        "author/assignedAuthor",
        "custodian/assignedCustodian/representedCustodianOrganization",
        "component",
    ),
    "section": ("code",),
    "observation": ("code",),
    "substanceAdministration": ("consumable/manufacturedProduct",),
}
"""What an element must hold."""
_STATEMENTS: Final = "observation, organizer, substanceAdministration, procedure, act, encounter, supply"
_KNOWN: Final = frozenset({*_STATEMENTS.split(", "), "observationMedia", "regionOfInterest"})
_BESIDE: Final = frozenset({"sequenceNumber", "priorityNumber", "seperatableInd"})


def check(root: Node) -> None:
    """Raises ``MessageError`` that names the element and what it lacks."""
    _required(root)
    _single(root)
    with _ONE_AT_A_TIME:
        schema = _schema()
        if schema.validate(root):
            return
        entry = schema.error_log.last_error
    node = _at(root, entry.path if entry is not None else "")
    raise MessageError(where(node), _advice(node))


def _required(root: Node) -> None:
    for node in root.iter(*(f"{{*}}{name}" for name in _NEEDS)):
        for path in _NEEDS[local(node)]:
            if child(node, path) is None:
                raise MessageError(where(node, path), "缺失")


def _single(root: Node) -> None:
    """Each entry holds one statement: of two nobody could say which is meant."""
    for node in root.iter(f"{{{NAMESPACE}}}entry", f"{{{NAMESPACE}}}entryRelationship"):
        count = sum(local(one) in _KNOWN for one in node)
        if count != 1 or any(local(one) not in _KNOWN | _BESIDE for one in node):
            raise MessageError(where(node), f"须恰好含有 {_STATEMENTS} 之一")


def _at(root: Node, path: str | None) -> Node:
    found = root.xpath(path) if path else []
    return found[0] if isinstance(found, list) and found and isinstance(found[0], etree._Element) else root


def _advice(node: Node) -> str:
    name = local(node)
    doubled = next((local(c) for c in node if len(children(node, local(c))) > 1), "")
    hint = f"；{doubled} 出现多次" if doubled else ""
    return f"不符合共享文档对 {name} 的格式规定{hint}"


@lru_cache(maxsize=1)
def _schema() -> etree.RelaxNG:
    return etree.RelaxNG(etree.parse(str(Path(__file__).with_name("schema.rng"))))
