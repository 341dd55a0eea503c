"""A type per code system, so that taking an ICD-10 code for an ATC code is a type error.

Codes of different systems never compare equal, even when they are spelt alike
(``A02`` is an infection in ICD-10 and a group of antacids in ATC). Each type checks the
form of its codes, not whether the code exists: that is the terminology's business.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from typing import ClassVar

_BLANKS = re.compile(r"\s+")


@dataclass(frozen=True, slots=True)
class Code:
    """A code of one system; make one of the types below, or ask ``code_for``.

    Raises ``ValueError``, naming the system and the form wanted, for a malformed value.
    """

    value: str

    title: ClassVar[str] = ""
    """What the system is called, in Chinese."""
    systems: ClassVar[tuple[str, ...]] = ()
    """FHIR system URIs under which such codes are sent; the first is the one we send."""
    form: ClassVar[str] = ""
    pattern: ClassVar[re.Pattern[str]] = re.compile("")

    def __post_init__(self) -> None:
        if type(self) is Code:
            raise TypeError("Code is abstract: use Icd10, Atc, … or code_for(system, value)")
        value = self.tidy(_BLANKS.sub("", unicodedata.normalize("NFKC", self.value)))
        if not self.pattern.fullmatch(value):
            raise ValueError(
                f"“{self.value[:40]}”不是{self.title}编码，应为{self.form} "
                f"({type(self).__name__} wants {self.form}, got {self.value[:40]!r})"
            )
        object.__setattr__(self, "value", value)

    @staticmethod
    def tidy(value: str) -> str:
        """The one way a code of this system is spelt; upper case unless the system says otherwise."""
        return value.upper()

    @property
    def system(self) -> str:
        """The FHIR system URI that we send with this code."""
        return self.systems[0]

    def __str__(self) -> str:
        return self.value


@dataclass(frozen=True, slots=True)
class Icd10(Code):
    """ICD-10 as used in China: WHO categories, 国临版 and 医保版 extensions (``K25.001``, ``I10.x00x002``).

    Dagger and asterisk are dropped (``G01*``), a missing dot is put in (``E11900``), and
    the letter is upper, the filler ``x`` lower case. ``M8000/3`` (morphology) is accepted.
    """

    title: ClassVar[str] = "ICD-10"
    systems: ClassVar[tuple[str, ...]] = (
        "http://hl7.org/fhir/sid/icd-10",
        "http://hl7.org/fhir/sid/icd-10-cn",
        "urn:oid:2.16.156.10011.2.3.3.11",  # GB/T 14396, as WS/T 500 documents name it
        "urn:oid:2.16.156.10011.2.3.3.11.3",
        "urn:oid:2.16.156.10011.2.3.3.11.5",
        "urn:oid:2.16.840.1.113883.6.3",
        "http://hl7.org/fhir/sid/icd-10-cm",
        "urn:oid:2.16.840.1.113883.6.90",
    )
    form: ClassVar[str] = "K25、K25.0、K25.001 或 I10.x00x002"
    pattern: ClassVar[re.Pattern[str]] = re.compile(
        r"[A-Z][0-9][0-9A-Z](?:\.[0-9A-Zx][0-9A-Zx]{0,3}(?:x[0-9]{2,3})?)?|M[0-9]{4,5}/[0-9]{1,2}"
    )

    @staticmethod
    def tidy(value: str) -> str:
        value = value.upper().rstrip("+*†").rstrip(".")
        head, tail = value[:3], value[3:].removeprefix(".")
        if "/" in value or not tail:
            return value
        return f"{head}.{tail.replace('X', 'x')}"

    @property
    def category(self) -> str:
        """The three-character category: ``K25`` for ``K25.001``; a morphology code has none but itself."""
        return self.value if "/" in self.value else self.value[:3]

    def within(self, ranges: str) -> bool:
        """True when the code lies in one of the ranges or below one of the codes: ``"K25-K28;I20.0"``.

        A range includes everything below its last code (K28.9 lies within K25-K28). Parts are
        separated by ``;``, ``,`` or blanks. Raises ``ValueError`` for text that is no such list.
        """
        if "/" in self.value:  # M8000/3 is a neoplasm, M80 osteoporosis
            return False
        value = self.value.replace(".", "").upper()
        return any(low <= value[: len(low)] and value[: len(high)] <= high for low, high in _ranges(ranges))


@dataclass(frozen=True, slots=True)
class Icd9Cm3(Code):
    """ICD-9-CM volume 3, procedures, with the Chinese extensions (``47.0100``, ``81.5100x001``)."""

    title: ClassVar[str] = "ICD-9-CM-3手术操作"
    systems: ClassVar[tuple[str, ...]] = (
        "http://hl7.org/fhir/sid/icd-9-cm",
        "urn:oid:2.16.156.10011.2.3.3.12",  # 手术(操作)代码表
        "urn:oid:2.16.840.1.113883.6.104",
    )
    form: ClassVar[str] = "47、47.01、47.0100 或 81.5100x001"
    pattern: ClassVar[re.Pattern[str]] = re.compile(r"[0-9]{2}(?:\.[0-9][0-9x]?(?:[0-9]{2}(?:x[0-9]{3})?)?)?")

    @staticmethod
    def tidy(value: str) -> str:
        value = value.lower()
        return f"{value[:2]}.{value[2:]}" if len(value) > 2 and "." not in value else value


@dataclass(frozen=True, slots=True)
class Atc(Code):
    """WHO anatomical therapeutic chemical class, of any of its five levels (``N`` … ``N02BE01``)."""

    title: ClassVar[str] = "ATC"
    systems: ClassVar[tuple[str, ...]] = ("http://www.whocc.no/atc", "urn:oid:2.16.840.1.113883.6.73")
    form: ClassVar[str] = "N、N02、N02B、N02BE 或 N02BE01"
    pattern: ClassVar[re.Pattern[str]] = re.compile(r"[A-Z](?:[0-9]{2}(?:[A-Z](?:[A-Z](?:[0-9]{2})?)?)?)?")

    @property
    def level(self) -> int:
        """1 (anatomical group) to 5 (substance)."""
        return {1: 1, 3: 2, 4: 3, 5: 4, 7: 5}[len(self.value)]

    @property
    def parent(self) -> Atc | None:
        """The class one level up; None for an anatomical group."""
        return None if self.level == 1 else Atc(self.value[: (1, 3, 4, 5)[self.level - 2]])

    def within(self, ancestor: Atc) -> bool:
        """True when this is the class itself or lies below it."""
        return self.value.startswith(ancestor.value)


@dataclass(frozen=True, slots=True)
class Loinc(Code):
    """LOINC, observations and documents."""

    title: ClassVar[str] = "LOINC"
    systems: ClassVar[tuple[str, ...]] = ("http://loinc.org", "urn:oid:2.16.840.1.113883.6.1")
    form: ClassVar[str] = "2160-0 或 LP6378-5"
    pattern: ClassVar[re.Pattern[str]] = re.compile(r"(?:L[ALP])?[0-9]{1,7}-[0-9]")


@dataclass(frozen=True, slots=True)
class Snomed(Code):
    """SNOMED CT concept identifier, where the site holds a licence."""

    title: ClassVar[str] = "SNOMED CT"
    systems: ClassVar[tuple[str, ...]] = ("http://snomed.info/sct", "urn:oid:2.16.840.1.113883.6.96")
    form: ClassVar[str] = "6–18位数字"
    pattern: ClassVar[re.Pattern[str]] = re.compile(r"[1-9][0-9]{5,17}")


@dataclass(frozen=True, slots=True)
class DrugInsurance(Code):
    """医保药品编码 of the National Healthcare Security Administration, product or general-name level.

    X (western) 23 and Z (Chinese patent) 20 characters for a product, T (饮片) 10; shorter
    prefixes of X and Z stand for the general name. The administration has published no
    FHIR URI; the first one below is ours, after its code registry.
    """

    title: ClassVar[str] = "医保药品"
    systems: ClassVar[tuple[str, ...]] = ("http://code.nhsa.gov.cn/drug", "https://code.nhsa.gov.cn/drug")
    form: ClassVar[str] = "XB01AXA223B004010180963 (X、Z或T开头)"
    pattern: ClassVar[re.Pattern[str]] = re.compile(r"X[A-Z0-9]{8,22}|Z[A-Z0-9]{8,19}|T[0-9]{9}")

    @property
    def is_product(self) -> bool:
        """True for the code of one product of one maker, False for a general name."""
        return len(self.value) == {"X": 23, "Z": 20, "T": 10}[self.value[0]]


@dataclass(frozen=True, slots=True)
class Hpo(Code):
    """Human Phenotype Ontology term."""

    title: ClassVar[str] = "HPO"
    systems: ClassVar[tuple[str, ...]] = (
        "http://human-phenotype-ontology.org",
        "http://purl.obolibrary.org/obo/hp.owl",
        "http://purl.obolibrary.org/obo/hp.fhir",
    )
    form: ClassVar[str] = "HP:0001250"
    pattern: ClassVar[re.Pattern[str]] = re.compile(r"HP:[0-9]{7}")

    @staticmethod
    def tidy(value: str) -> str:
        return value.upper().replace("HP_", "HP:")


@dataclass(frozen=True, slots=True)
class Oid(Code):
    """An object identifier (data element, organisation); ``urn:oid:`` in front is dropped."""

    title: ClassVar[str] = "OID"
    systems: ClassVar[tuple[str, ...]] = ("urn:ietf:rfc:3986",)
    form: ClassVar[str] = "2.16.156.10011.2.3.3.11"
    pattern: ClassVar[re.Pattern[str]] = re.compile(r"[0-2](?:\.(?:0|[1-9][0-9]*))+")

    @staticmethod
    def tidy(value: str) -> str:
        return value.lower().removeprefix("urn:oid:")


@dataclass(frozen=True, slots=True)
class HospitalCode(Code):
    """A code of one hospital's own, or of a system that we do not know; kept exactly as sent.

    ``namespace`` is the system URI it came with, or the institution: the same code of two
    hospitals is two things.
    """

    namespace: str = ""

    title: ClassVar[str] = "院内"
    form: ClassVar[str] = "非空文本"
    pattern: ClassVar[re.Pattern[str]] = re.compile(r".+", re.DOTALL)

    def __post_init__(self) -> None:
        if not self.value.strip():
            raise ValueError("院内编码不能为空 (HospitalCode wants a value that is not empty)")

    @property
    def system(self) -> str:
        return self.namespace


_TYPES = (Icd10, Icd9Cm3, Atc, Loinc, Snomed, DrugInsurance, Hpo, Oid)
_BY_SYSTEM: dict[str, type[Code]] = {system: kind for kind in _TYPES for system in kind.systems}


@lru_cache(maxsize=16384)
def code_for(system: str, value: str) -> Code | None:
    """The typed code of a FHIR Coding; None when there is no value.

    An unknown system gives a ``HospitalCode`` with the system as its namespace. So does a
    value that is malformed in its system: it was sent, so it is kept and can be mapped or
    listed as unmapped, but it is not taken for a code of that system.
    """
    if not value.strip():
        return None
    kind = _BY_SYSTEM.get(_plain_system(system))
    if kind is None:
        return HospitalCode(value, system)
    try:
        return kind(value)
    except ValueError:
        return HospitalCode(value, system)


def _plain_system(system: str) -> str:
    """Without the version and slash that senders append: ``http://loinc.org/``, ``…/sct|2023``."""
    system = system.strip().partition("|")[0].rstrip("/")
    return f"urn:oid:{system}" if re.fullmatch(r"[0-2](\.[0-9]+){3,}", system) else system


_SPAN = re.compile(r"([A-Z][0-9A-Z.]{0,7}X?[0-9]*)(?:[-–~～至]([A-Z][0-9A-Z.]{0,7}X?[0-9]*))?")


@lru_cache(maxsize=4096)
def _ranges(text: str) -> tuple[tuple[str, str], ...]:
    """Bounds without dots of every part of a list of ICD-10 codes and ranges."""
    parts = [part for part in re.split(r"[;,、\s]+", unicodedata.normalize("NFKC", text)) if part]
    if not parts:
        raise ValueError("ICD-10范围为空 (want codes or ranges like K25-K28;I20, got nothing)")
    return tuple(_span(part) for part in parts)


def _span(part: str) -> tuple[str, str]:
    match = _SPAN.fullmatch(part.upper())
    if match:
        low = match[1].replace(".", "")
        high = (match[2] or match[1]).replace(".", "")
        if low[: len(high)] <= high:
            return low, high
    raise ValueError(f"“{part[:40]}”不是ICD-10编码或范围 (want codes or ranges like K25-K28;I20, got {part[:40]!r})")
