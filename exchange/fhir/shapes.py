"""The shapes of FHIR resources as far as we read them, filled in one step by msgspec.

Only fields that decide something are declared, all optional: what a hospital sends beyond them costs
nothing. A field of another type than FHIR gives it is refused, named by its path. Shapes are filled from
JSON as it was sent (``msgspec.Raw``) or from what was parsed before, in a tenth of the time that reading
dictionaries by hand takes.

What hospitals send over and over (names of drugs and tests, ways of taking, who asked) stays as sent: readers look
up by its text what it said the last time, and give it its shape only the first. Its form is checked where it is read.
"""

from __future__ import annotations

from typing import Any, Final, TypeVar

import msgspec

from exchange.worded import worded

OUTCOME: Final = "OperationOutcome"
ABSENT: Final = msgspec.Raw(b"null")
"""Stands for a part kept as sent that was not sent."""


class Shape(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    pass


class Coding(Shape, frozen=True):
    system: str | None = None
    code: str | None = None
    display: str | None = None


class Concept(Shape, frozen=True):
    """A CodeableConcept."""

    text: str | None = None
    coding: tuple[Coding, ...] | None = None


class Ref(Shape, frozen=True):
    """A Reference, or a backbone element whose ``actor`` is one."""

    reference: str | None = None
    display: str | None = None
    type: str | None = None
    actor: Ref | None = None


class Amount(Shape, frozen=True):
    """A Quantity, SimpleQuantity or Duration."""

    value: float | None = None
    unit: str | None = None
    code: str | None = None


class Span(Shape, frozen=True):
    """A Period."""

    start: str | None = None
    end: str | None = None


class Repeat(Shape, frozen=True):
    frequency: int | None = None
    frequency_max: int | None = None
    period: float | None = None
    period_unit: str | None = None
    bounds_duration: Amount | None = None


class Timing(Shape, frozen=True):
    code: Concept | None = None
    repeat: Repeat | None = None


class Range(Shape, frozen=True):
    high: Amount | None = None


class DoseAndRate(Shape, frozen=True):
    dose_quantity: Amount | None = None
    dose_range: Range | None = None
    rate_quantity: Amount | None = None


class Instruction(Shape, frozen=True):
    """A Dosage."""

    text: str | None = None
    timing: Timing | None = None
    route: Concept | None = None
    dose_and_rate: tuple[DoseAndRate, ...] | None = None
    as_needed_boolean: bool | None = None
    as_needed_codeable_concept: Concept | None = None


class Dispense(Shape, frozen=True):
    """A MedicationRequest's dispenseRequest."""

    validity_period: Span | None = None
    expected_supply_duration: msgspec.Raw = ABSENT
    quantity: Amount | None = None


class Extension(Shape, frozen=True):
    url: str | None = None
    value_boolean: bool | None = None
    value_code: str | None = None
    value_string: str | None = None
    value_integer: int | None = None

    def value(self) -> bool | str | int | None:
        given = (self.value_boolean, self.value_code, self.value_string, self.value_integer)
        return next((value for value in given if value is not None), None)


class Identifier(Shape, frozen=True):
    value: str | None = None


class Note(Shape, frozen=True):
    text: str | None = None


class Reaction(Shape, frozen=True):
    manifestation: tuple[Concept, ...] | None = None
    severity: str | None = None


class Resource(Shape, frozen=True):
    """Any resource we read. Fields of one name that differ between types are unions or left as they are;
    ``_PARTS`` has the shapes of those kept as sent."""

    resource_type: str | None = None
    id: str | None = None
    status: str | None = None
    code: msgspec.Raw = ABSENT
    extension: tuple[Extension, ...] | None = None
    # orders
    authored_on: str | None = None
    date_asserted: str | None = None
    occurrence_date_time: str | None = None
    medication_codeable_concept: msgspec.Raw = ABSENT
    medication_reference: Ref | None = None
    contained: tuple[Resource, ...] | None = None
    form: Concept | None = None
    dosage_instruction: msgspec.Raw = ABSENT
    dosage: msgspec.Raw = ABSENT
    dispense_request: Dispense | None = None
    effective_period: Span | None = None
    reason_code: tuple[Concept, ...] | None = None
    requester: msgspec.Raw = ABSENT
    category: Any = None
    group_identifier: Identifier | None = None
    requisition: Identifier | None = None
    priority: str | None = None
    note: tuple[Note, ...] | None = None
    # what is known of the patient
    gender: str | None = None
    birth_date: str | None = None
    verification_status: msgspec.Raw = ABSENT
    clinical_status: msgspec.Raw = ABSENT
    recorded_date: str | None = None
    onset_date_time: str | None = None
    criticality: str | None = None
    reaction: tuple[Reaction, ...] | None = None
    value_quantity: Amount | None = None
    value_string: str | None = None
    value_codeable_concept: Concept | None = None
    effective_date_time: str | None = None
    issued: str | None = None
    conclusion: str | None = None
    performed_date_time: str | None = None
    when_handed_over: str | None = None
    when_prepared: str | None = None
    days_supply: Amount | None = None
    # where, and by whom
    performer: msgspec.Raw = ABSENT
    custodian: Ref | None = None
    recorder: Ref | None = None
    managing_organization: Ref | None = None
    service_provider: Ref | None = None
    service_type: Concept | tuple[Any, ...] | None = None
    class_: Any = msgspec.field(default=None, name="class")
    period: Span | None = None
    practitioner: Ref | None = None


class Entry(Shape, frozen=True):
    resource: Resource


class Bundle(Shape, frozen=True):
    resource_type: str | None = None
    entry: tuple[Entry, ...] | None = None


_PARTS: Final[dict[str, Any]] = {
    "code": Concept | tuple[Concept, ...] | None,
    "medicationCodeableConcept": Concept | None,
    "dosageInstruction": tuple[Instruction, ...] | None,
    "dosage": tuple[Instruction, ...] | None,
    "expectedSupplyDuration": Amount | None,
    "requester": Ref | None,
    "verificationStatus": Concept | None,
    "clinicalStatus": Concept | None,
    "performer": Ref | tuple[Ref, ...] | None,
}
_S = TypeVar("_S")
_DECODERS: Final[dict[Any, msgspec.json.Decoder[Any]]] = {}


class ReadError(Exception):
    """A resource does not have the shape FHIR gives it. ``path`` names the field (FHIRPath)."""

    def __init__(self, path: str, message: str) -> None:
        super().__init__(f"{path}: {message}")
        self.path, self.message = path, message

    def within(self, path: str) -> ReadError:
        """The same error seen from further out. Readers name fields within what they read, and only a
        failure pays for the whole path."""
        return ReadError(f"{path}.{self.path}" if self.path else path, self.message)


def shaped(value: Any, kind: type[_S], path: str) -> _S:
    """A JSON value, as sent or parsed, as a shape. Raises ``ReadError`` naming the field and what it must be."""
    decoder: msgspec.json.Decoder[_S] | None = _DECODERS.get(kind)
    if decoder is None:
        decoder = _DECODERS[kind] = msgspec.json.Decoder(kind)
    try:
        # What was parsed is written again: parts kept as sent have no other source.
        return decoder.decode(value if isinstance(value, msgspec.Raw) else msgspec.json.encode(value))
    except RecursionError:
        raise ReadError(path, "嵌套过深") from None
    except msgspec.DecodeError as error:
        message, _, where = str(error).partition(" - at `$")
        where = where.rstrip("`")
        raise ReadError(f"{path}{where}" if path else where.removeprefix("."), worded(message)) from None


def part(text: bytes, field: str) -> Any:
    """A part kept as sent in the shape that ``_PARTS`` gives it. Raises ``ReadError`` from the field on."""
    return shaped(msgspec.Raw(text), _PARTS[field], field)


def content(value: Any) -> Any:
    """All that a shape says, for JSON: the same however its parts were spelt and whatever stood beside them."""
    if isinstance(value, tuple):
        return [content(item) for item in value]
    if not isinstance(value, Shape):
        return value
    fields = ((f.encode_name, getattr(value, f.name)) for f in msgspec.structs.fields(value))
    return {n: content(part(bytes(v), n) if isinstance(v, msgspec.Raw) else v) for n, v in fields}
