"""What of a person is shown to those who need not know who it is: 张*三, 1101**********1234, 138****5678."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

STAR: Final = "*"
_PLACE_ENDS: Final = "省市区县旗盟州"


def name(text: str) -> str:
    """First and last character of a name; of two only the first, of western names the first letter of each part."""
    text = text.strip()
    if len(text) < 2:
        return STAR if text else ""
    if text.isascii():
        return " ".join(part[0] + STAR * (len(part) - 1) for part in text.split())
    return text[0] + STAR if len(text) == 2 else text[0] + STAR * (len(text) - 2) + text[-1]


def number(text: str, head: int = 4, tail: int = 4) -> str:
    """An identity or card number: how it begins and ends, when it is long enough that this tells nothing."""
    text = text.strip()
    if len(text) < 2 * (head + tail):
        return STAR * len(text)
    return text[:head] + STAR * (len(text) - head - tail) + text[-tail:]


def phone(text: str) -> str:
    """138****5678; of short and foreign numbers only the last two digits."""
    digits = text.strip()
    if len(digits) == 11 and digits.isdigit():
        return f"{digits[:3]}{STAR * 4}{digits[-4:]}"
    return STAR * max(0, len(digits) - 2) + digits[-2:] if len(digits) > 4 else STAR * len(digits)


def address(text: str) -> str:
    """Down to county or banner; what is more exact is left out."""
    text = text.strip()
    end = max((text.rfind(mark, 0, 20) for mark in _PLACE_ENDS), default=-1)
    return text[: end + 1] + STAR * 4 if end > 0 else STAR * 4 if text else ""


def birth_date(text: str) -> str:
    """The year."""
    return f"{text[:4]}-**-**" if len(text) >= 4 else ""


def patient(resource: dict[str, Any]) -> dict[str, Any]:
    """A FHIR Patient (or RelatedPerson) as somebody without ``person.identify`` sees it; the original is left
    alone."""
    shown = {k: v for k, v in resource.items() if k not in ("photo", "text", "extension")}
    if "name" in resource:
        shown["name"] = [_human(part) for part in resource["name"]]
    if "identifier" in resource:
        shown["identifier"] = [_replaced(part, "value", number) for part in resource["identifier"]]
    if "telecom" in resource:
        shown["telecom"] = [_replaced(part, "value", phone) for part in resource["telecom"]]
    if "address" in resource:
        shown["address"] = [_place(part) for part in resource["address"]]
    if "birthDate" in resource:
        shown["birthDate"] = str(resource["birthDate"])[:4]
    if "contact" in resource:
        shown["contact"] = [_contact(part) for part in resource["contact"]]
    return shown


def _human(part: dict[str, Any]) -> dict[str, Any]:
    """A HumanName: the whole as one text, so that its pieces do not tell more than the whole."""
    whole = part.get("text") or str(part.get("family", "")) + "".join(part.get("given", ()))
    return {k: v for k, v in part.items() if k == "use"} | {"text": name(str(whole))}


def _replaced(part: dict[str, Any], key: str, mask: Callable[[str], str]) -> dict[str, Any]:
    kept = {k: v for k, v in part.items() if k in ("use", "type", "system")}
    return kept | ({key: mask(str(part[key]))} if key in part else {})


def _place(part: dict[str, Any]) -> dict[str, Any]:
    kept = {k: v for k, v in part.items() if k in ("use", "type", "country", "state", "city", "district")}
    return kept | ({"text": address(str(part["text"]))} if "text" in part else {})


def _contact(part: dict[str, Any]) -> dict[str, Any]:
    shown = {k: v for k, v in part.items() if k in ("relationship", "gender")}
    if "name" in part:
        shown["name"] = _human(part["name"])
    if "telecom" in part:
        shown["telecom"] = [_replaced(t, "value", phone) for t in part["telecom"]]
    if "address" in part:
        shown["address"] = _place(part["address"])
    return shown
