"""What readers of messages build FHIR resources of: ids, identifiers, concepts, references, attachments."""

from __future__ import annotations

import re
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Iterable
from hashlib import sha1, sha256
from typing import Any, Final

from exchange.message import Json

ID_CARD: Final = "urn:oid:2.16.156.10011.1.3"
"""居民身份证号码."""
HEALTH_CARD: Final = "urn:oid:2.16.156.10011.1.19"
"""居民健康卡号."""
IDENTIFIER_TYPES: Final = "http://terminology.hl7.org/CodeSystem/v2-0203"
ICD_10: Final = "http://hl7.org/fhir/sid/icd-10"
ICD_9_CM_3: Final = "http://hl7.org/fhir/sid/icd-9-cm"
LOINC: Final = "http://loinc.org"
INTERPRETATION: Final = "http://terminology.hl7.org/CodeSystem/v3-ObservationInterpretation"
SUBSETTED: Final = {
    "tag": [{"system": "http://terminology.hl7.org/CodeSystem/v3-ObservationValue", "code": "SUBSETTED"}]
}
"""``meta`` of what a message only mentions: a laboratory knows less of a patient than the registration, and must not
replace what is known."""
_EXTENSIONS: Final = "https://yigong.cn/fhir/StructureDefinition/"
_CATEGORIES: Final = "http://terminology.hl7.org/CodeSystem/observation-category"
_PLAIN_ID: Final = re.compile(r"[A-Za-z0-9\-.]{1,64}")


def slim(**members: Any) -> Json:
    """An object without what is empty; ``class_`` is spelt ``class``. False and 0 stay: they say something."""
    made = {name: value for name, value in members.items() if value or value == 0}
    if "class_" in made:
        made["class"] = made.pop("class_")
    return made


def listed(one: Json) -> list[Json]:
    """A list of one, where FHIR wants a list; an empty one of nothing."""
    return [one] if one else []


def resource_id(*parts: str) -> str:
    """The sender's number as an id that FHIR allows, always the same for the same parts. What FHIR does not allow
    in an id is replaced, and a digest of the whole keeps two numbers apart that then look alike."""
    text = ".".join(part for part in parts if part)
    if _PLAIN_ID.fullmatch(text):
        return text
    plain = re.sub(r"[^A-Za-z0-9\-.]+", "-", text).strip("-.")[:40]
    return f"{plain}.{digest(text)}".lstrip(".")


def digest(*parts: str) -> str:
    """A short digest of what makes a thing this one, for ids that must not say what it is (a diagnosis)."""
    return sha256("\x1f".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:16]


def identifier(value: str, system: str = "", kind: str = "", text: str = "", assigner: str = "") -> Json:
    """An Identifier; ``kind`` is a code of HL7 table 0203 (``MR``), ``text`` what the number is called."""
    coding = [{"system": IDENTIFIER_TYPES, "code": kind}] if kind else None
    return slim(type=slim(coding=coding, text=text), system=system, value=value, assigner=slim(display=assigner))


def coding(system: str, code: str, display: str = "") -> Json:
    return slim(system=system, code=code, display=display)


def concept(text: str, codings: Iterable[Json] = ()) -> Json:
    """A CodeableConcept; empty when there is neither text nor code."""
    return slim(text=text, coding=[one for one in codings if one.get("code")])


def coded(system: str, code: str, text: str = "") -> Json:
    """A CodeableConcept of one code of a FHIR code system."""
    return concept(text, (coding(f"http://terminology.hl7.org/CodeSystem/{system}", code),))


def category(code: str) -> list[Json]:
    """The category of an Observation (``laboratory``, ``imaging``, ``vital-signs``, ``exam``); none for none."""
    return [{"coding": [{"system": _CATEGORIES, "code": code}]}] if code else []


def to(kind: str, id_: str, display: str = "") -> Json:
    """A Reference to a resource of the same sender; empty without an id."""
    return slim(reference=f"{kind}/{id_}", display=display) if id_ else {}


def named(kind: str, value: str, display: str = "", system: str = "") -> Json:
    """A logical Reference: whom or what the sender names by number and name without sending it."""
    if not value and not display:
        return {}
    return slim(type=kind, identifier=slim(system=system, value=value), display=display)


def extension(name: str, **value: Any) -> Json:
    """One of our extensions: ``extension("insurance-type", valueString="职工医保")``."""
    return {"url": _EXTENSIONS + name, **value}


def quantity(value: float, unit: str = "", comparator: str = "") -> Json:
    return slim(value=value, comparator=comparator, unit=unit)


def kept_elsewhere(content: bytes, kind: str, title: str = "", url: str = "") -> Json:
    """An Attachment by reference: what the original is, its size and digests, and by default its name after
    RFC 6920 (``ni:///sha-256;…``), under which the raw message is found."""
    name = urlsafe_b64encode(sha256(content).digest()).rstrip(b"=").decode()
    return slim(
        contentType=kind,
        url=url or f"ni:///sha-256;{name}",
        size=len(content),
        hash=b64encode(sha1(content, usedforsecurity=False).digest()).decode(),
        title=title,
    )


def enclosed(text: str, title: str = "") -> Json:
    """An Attachment that holds a text."""
    data = b64encode(text.encode()).decode()
    return slim(contentType="text/plain; charset=utf-8", data=data, title=title)
