"""The shapes of FHIR resources as far as we read them, filled in one step by msgspec.

Only fields that decide something are declared, all optional: what a hospital sends beyond them costs
nothing. A field of another type than FHIR gives it is refused, named by its path. Shapes are filled from
JSON as it was sent (``msgspec.Raw``) or from what was parsed before, in a tenth of the time that reading
dictionaries by hand takes.

What hospitals send over and over (what is known of a patient, names of drugs and tests, ways of taking, who asked)
stays as sent: readers look up by its text what it said the last time, and give it its shape only the first. Its form
is checked where it is read.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Final, Generic, TypeVar

import msgspec

from exchange.worded import worded

OUTCOME: Final = "OperationOutcome"
_BUNDLE: Final = "Bundle"
ABSENT: Final = msgspec.Raw(b"null")
"""Stands for a part kept as sent that was not sent."""


class _Shape(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    pass


class Coding(_Shape, frozen=True):
    system: str | None = None
    code: str | None = None
    display: str | None = None


class Concept(_Shape, frozen=True):
    """A CodeableConcept."""

    text: str | None = None
    coding: tuple[Coding, ...] | None = None


class Ref(_Shape, frozen=True):
    """A Reference, or a backbone element whose ``actor`` is one."""

    reference: str | None = None
    display: str | None = None
    type: str | None = None
    actor: Ref | None = None


class Amount(_Shape, frozen=True):
    """A Quantity, SimpleQuantity or Duration."""

    value: float | None = None
    unit: str | None = None
    code: str | None = None


class Span(_Shape, frozen=True):
    """A Period."""

    start: str | None = None
    end: str | None = None


class Repeat(_Shape, frozen=True):
    frequency: int | None = None
    frequency_max: int | None = None
    period: float | None = None
    period_unit: str | None = None
    bounds_duration: Amount | None = None


class Timing(_Shape, frozen=True):
    code: Concept | None = None
    repeat: Repeat | None = None


class Range(_Shape, frozen=True):
    high: Amount | None = None


class DoseAndRate(_Shape, frozen=True):
    dose_quantity: Amount | None = None
    dose_range: Range | None = None
    rate_quantity: Amount | None = None


class Instruction(_Shape, frozen=True):
    """A Dosage."""

    text: str | None = None
    timing: Timing | None = None
    route: Concept | None = None
    dose_and_rate: tuple[DoseAndRate, ...] | None = None
    as_needed_boolean: bool | None = None
    as_needed_codeable_concept: Concept | None = None


class Dispense(_Shape, frozen=True):
    """A MedicationRequest's dispenseRequest."""

    validity_period: Span | None = None
    expected_supply_duration: msgspec.Raw = ABSENT
    quantity: Amount | None = None


class Extension(_Shape, frozen=True):
    url: str | None = None
    value_boolean: bool | None = None
    value_code: str | None = None
    value_string: str | None = None
    value_integer: int | None = None

    def value(self) -> bool | str | int | None:
        given = (self.value_boolean, self.value_code, self.value_string, self.value_integer)
        return next((value for value in given if value is not None), None)


class Identifier(_Shape, frozen=True):
    value: str | None = None


class Note(_Shape, frozen=True):
    text: str | None = None


class Reaction(_Shape, frozen=True):
    manifestation: tuple[Concept, ...] | None = None
    severity: str | None = None


class Resource(_Shape, frozen=True):
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


class _Entry(_Shape, frozen=True):
    resource: Resource


class _Sent(_Shape, frozen=True):
    """What stands where a Bundle or a single resource may: either, or an entry of a Bundle."""

    resource_type: str | None = None
    entry: msgspec.Raw = ABSENT
    resource: msgspec.Raw = ABSENT


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
_ENTRIES: Final[Any] = tuple[_Entry, ...] | None
_KEPT: Final = 1024
_MET: Final = 2048
"""Lists of a kind whose reading is kept, and that are known by their hash: some minutes of a busy hospital."""
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
    except msgspec.DecodeError as error:
        message, _, where = str(error).partition(" - at `$")
        where = where.rstrip("`")
        raise ReadError(f"{path}{where}" if path else where.removeprefix("."), worded(message)) from None


class _Readings(Generic[_S]):
    """What texts say, kept from the second time on that they come: what comes but once is not worth the memory that
    it would push out of the processor's caches. The least asked for are forgotten."""

    def __init__(self, read: Callable[[msgspec.Raw], _S]) -> None:
        self._read = read
        self._kept, self._met = OrderedDict[bytes, _S](), OrderedDict[int, None]()

    def of(self, sent: msgspec.Raw) -> _S:
        """Whatever ``read`` gives or raises; what it raises is not kept."""
        text, kept, met = bytes(sent), self._kept, self._met
        if text in kept:
            with suppress(KeyError):  # another thread made it be forgotten
                kept.move_to_end(text)
                return kept[text]
        made, known = self._read(sent), hash(text)
        if known in met:
            kept[text] = made
            if len(kept) > _KEPT:
                kept.popitem(last=False)
        else:
            met[known] = None
            if len(met) > _MET:
                met.popitem(last=False)
        return made


def once_a_text(read: Callable[[Resource], _S], untyped: bool = False) -> Callable[[Any, str], tuple[_S, ...] | None]:
    """A reader of resources: of a Bundle, as sent or parsed, or of a single one (bare, or as an entry). It reads them
    once for the text they were sent as: what is known of a patient comes again with every order that is chosen, and
    once more when they are signed. ``read`` hangs on a resource alone.

    The reader gives None for an OperationOutcome in their place; those among them, which speak of what could not be
    had, are read too. It raises ``ReadError``, of what says not what it is too: taken for one resource of no kind, a
    Bundle without its type would say that the patient has no disease. Where only one resource may stand, a single one
    that does not say what it is may pass (``untyped``).
    """

    def listed(text: msgspec.Raw) -> tuple[_S, ...]:
        entries = shaped(text, _ENTRIES, "entry") or ()
        found: list[_S] = []
        try:
            for entry in entries:
                found.append(read(entry.resource))
        except ReadError as error:
            raise error.within(f"entry[{len(found)}].resource") from None
        return tuple(found)

    lists = _Readings(listed)
    singles = _Readings(lambda text: (read(shaped(text, Resource, "")),))

    def reading(value: Any, path: str, within: bool = False) -> tuple[_S, ...] | None:
        text = value if isinstance(value, msgspec.Raw) else msgspec.Raw(msgspec.json.encode(value))
        sent: _Sent = shaped(text, _Sent, path)
        try:
            if sent.resource_type == _BUNDLE:
                return lists.of(sent.entry)
            if sent.entry is not ABSENT:
                raise ReadError("resourceType", f"有 entry 的须为 {_BUNDLE}")
            if sent.resource_type is not None or (untyped and sent.resource is ABSENT):
                return None if sent.resource_type == OUTCOME else singles.of(text)
        except ReadError as error:
            raise error.within(path) from None
        if within or sent.resource is ABSENT:
            raise ReadError(f"{path}.resourceType", "缺少资源类型")
        return reading(sent.resource, f"{path}.resource", within=True)

    return reading


def part(text: bytes, field: str) -> Any:
    """A part kept as sent in the shape that ``_PARTS`` gives it. Raises ``ReadError`` from the field on."""
    return shaped(msgspec.Raw(text), _PARTS[field], field)


def content(value: Any) -> Any:
    """All that a shape says, for JSON: the same however its parts were spelt and whatever stood beside them."""
    if isinstance(value, tuple):
        return [content(item) for item in value]
    if not isinstance(value, _Shape):
        return value
    fields = ((f.encode_name, getattr(value, f.name)) for f in msgspec.structs.fields(value))
    return {n: content(part(bytes(v), n) if isinstance(v, msgspec.Raw) else v) for n, v in fields}
