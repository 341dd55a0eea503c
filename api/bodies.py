"""JSON bodies that are read straight into what they mean."""

from __future__ import annotations

from typing import Any, Final, TypeVar

import msgspec

from exchange.decoding import misread, shaped

FHIR: Final = "application/fhir+json"
_B = TypeVar("_B", bound=msgspec.Struct)


class Body(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="camel", kw_only=True):
    """A JSON object; a field that is not named is refused, so that a misspelt one does not go unnoticed."""


def decoded(kind: type[_B], body: bytes) -> _B:
    """A body of a kind. Raises ``ReadError`` that names the field and what it should be."""
    try:
        return shaped(body, kind)
    except msgspec.DecodeError as error:
        raise misread(error) from None


def schema(kind: type[msgspec.Struct]) -> dict[str, Any]:
    """The JSON Schema of a body, its parts in place."""
    whole = msgspec.json.schema(kind)
    parts = whole.pop("$defs")

    def placed(node: Any) -> Any:
        if isinstance(node, list):
            return [placed(part) for part in node]
        if not isinstance(node, dict):
            return node
        name = node.get("$ref", "").rpartition("/")[2]
        if name:
            return placed(parts[name])
        kept = node if "anyOf" not in node else {key: node[key] for key in node if key != "discriminator"}
        return {key: placed(value) for key, value in kept.items()}  # it names parts, which stand in their place

    return dict(placed(whole))


def asked(kind: type[msgspec.Struct], example: Any = None) -> dict[str, Any]:
    """What OpenAPI says of a route that takes such a body."""
    content: dict[str, Any] = {"schema": schema(kind)}
    if example is not None:
        content["example"] = example
    return {"openapi_extra": {"requestBody": {"required": True, "content": {"application/json": content}}}}


def asked_fhir(what: str) -> dict[str, Any]:
    """What OpenAPI says of a route that takes FHIR."""
    schema = {"type": "object", "description": what}
    return {"openapi_extra": {"requestBody": {"required": True, "content": {FHIR: {"schema": schema}}}}}
