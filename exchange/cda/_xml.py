"""Reading XML of strangers: no DTD, no entities, nothing fetched, limits to size and depth; and places by name."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Final

from lxml import etree

from exchange.message import MessageError

NAMESPACE: Final = "urn:hl7-org:v3"
XSI: Final = "http://www.w3.org/2001/XMLSchema-instance"
XSI_TYPE: Final = f"{{{XSI}}}type"
MAX_BYTES: Final = 20_000_000
MAX_DEPTH: Final = 100
MAX_ELEMENTS: Final = 200_000
_TOO_DEEP: Final = etree.XPath("/*" * (MAX_DEPTH + 1))
Node = etree._Element


def parse(raw: bytes) -> Node:
    """The root of a document. Raises ``MessageError``; the parser's own words are not repeated, they may hold what
    stands in the document."""
    if len(raw) > MAX_BYTES:
        raise MessageError("ClinicalDocument", f"超过 {MAX_BYTES:,} 字节，图像请以引用方式附上")
    if raw.count(b"<") > 2 * MAX_ELEMENTS:
        raise MessageError("ClinicalDocument", f"超过 {MAX_ELEMENTS:,} 个元素")
    if b"<!DOCTYPE" in raw or b"<!ENTITY" in raw:
        raise MessageError("DOCTYPE", "不接受文档类型声明，请删去")
    try:
        root = etree.fromstring(raw, _parser())
    except etree.XMLSyntaxError as error:
        line = error.position[0] if error.position else 0
        raise MessageError(f"line {line}", "不是所声明编码下格式正确的 XML") from None
    except ValueError:
        raise MessageError("ClinicalDocument", "不是 XML 文档") from None
    if root.getroottree().docinfo.internalDTD is not None:
        raise MessageError("DOCTYPE", "不接受文档类型声明，请删去")
    if _TOO_DEEP(root):
        raise MessageError("ClinicalDocument", f"嵌套超过 {MAX_DEPTH} 层")
    return root


def _parser() -> etree.XMLParser:
    return etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )


@lru_cache(maxsize=1024)
def _path(names: str) -> str:
    return "/".join(f"{{{NAMESPACE}}}{name}" for name in names.split("/"))


def child(node: Node | None, names: str) -> Node | None:
    """The first element under a path of names; None when it is not there."""
    return None if node is None else node.find(_path(names))


def children(node: Node | None, names: str) -> list[Node]:
    return [] if node is None else node.findall(_path(names))


def value(node: Node | None, names: str, attribute: str) -> str:
    """An attribute of the first element under a path, without blanks around it; empty when it is not there."""
    found = child(node, names) if names else node
    return "" if found is None else (found.get(attribute) or "").strip()


def text(node: Node | None, names: str = "") -> str:
    """All text of the first element under a path, without blanks around it; empty when it is not there."""
    found = child(node, names) if names and node is not None else node
    return "" if found is None else "".join(map(str, found.itertext())).strip()


def local(node: Node) -> str:
    """An element's name without its namespace."""
    return etree.QName(node).localname


def where(node: Node, below: str = "") -> str:
    """The place of an element as an XPath of names: ``ClinicalDocument/component/section[2]/code``."""
    steps = [_step(one) for one in (node, *_above(node))]
    return "/".join((*reversed(steps), *([below] if below else [])))


def _above(node: Node) -> Iterator[Node]:
    yield from node.iterancestors()


def _step(node: Node) -> str:
    parent = node.getparent()
    alike = [] if parent is None else [one for one in parent if one.tag == node.tag]
    return f"{local(node)}[{alike.index(node) + 1}]" if len(alike) > 1 else local(node)


def error(node: Node, below: str, problem: str) -> MessageError:
    return MessageError(where(node, below), problem)
