"""PID, MRG, NK1, IN1: the patient."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from clinical.person import IdCardError, id_card
from exchange.building import HEALTH_CARD, ID_CARD, SUBSETTED, extension, identifier, listed, resource_id, slim
from exchange.hl7v2._grammar import Cell, Segment, Text
from exchange.hl7v2._values import address_of, coded_field, day_of, name_of, phone_of, text_of, time_of
from exchange.message import Json, Merge, MessageError

_GENDERS: Final = {
    **dict.fromkeys(("M", "1", "男", "男性"), "male"),
    **dict.fromkeys(("F", "2", "女", "女性"), "female"),
    **dict.fromkeys(("O", "A", "9", "其他", "未说明的性别"), "other"),
    **dict.fromkeys(("U", "N", "0", "未知", "未知的性别"), "unknown"),
}
"""HL7 table 0001 and GB/T 2261.1, codes and words."""


class Number(NamedTuple):
    """A kind of number that names a patient: its code of HL7 table 0203, its FHIR system, what it is called."""

    code: str
    system: str
    title: str


_LOCAL: Final = Number("MR", "", "病案号")
_CARD: Final = Number("NI", ID_CARD, "居民身份证")
_INSURANCE: Final = Number("SS", "", "医保卡号")
_HEALTH: Final = Number("JHN", HEALTH_CARD, "居民健康卡")
_VISIT: Final = Number("VN", "", "就诊卡号")
_KINDS: Final = {
    **dict.fromkeys(("MR", "MRN", "PI", "PT", "PATIENTID", "HISID", "病案号", "病人ID", "患者ID"), _LOCAL),
    **dict.fromkeys(("NI", "NNCHN", "IC", "ID", "IDCARD", "IDCARDNO", "IDENTITYCARD", "IDNO", "SFZ", "SFZH"), _CARD),
    **dict.fromkeys(("01", "身份证", "身份证号", "居民身份证"), _CARD),
    **dict.fromkeys(("SS", "MC", "YB", "YBKH", "MEDICARE", "INSURANCE", "医保卡", "医保卡号", "医保号"), _INSURANCE),
    **dict.fromkeys(("JHN", "HC", "JKK", "HEALTHCARD", "EHC", "健康卡", "居民健康卡", "电子健康卡"), _HEALTH),
    **dict.fromkeys(("VN", "JZK", "VISITCARD", "门诊卡", "就诊卡", "就诊卡号"), _VISIT),
    **dict.fromkeys(("PPN", "PASSPORT", "护照"), Number("PPN", "", "护照")),
    **dict.fromkeys(("DL", "驾驶证"), Number("DL", "", "驾驶证")),
    **dict.fromkeys(("BCT", "BIRTH", "出生证"), Number("BCT", "", "出生医学证明")),
    **dict.fromkeys(("MI", "MILITARY", "JGZ", "军官证"), Number("MI", "", "军官证")),
}
"""What hospitals write in CX-5 or, for want of that, in CX-4."""
_KNOWN: Final = frozenset(_KINDS.values())
_UNSAID: Final = Number("", "", "")
_SAID: Final = {"person-ethnicity": 22, "person-nationality": 28}
"""What PID says that FHIR has no place for."""
_TRUE: Final = frozenset({"Y", "1", "是"})


def patient_of(message: Text, mentioned: bool = False) -> Json:
    """The Patient of a message. ``mentioned``: the message is about something else, and may know little of whom it
    names. Raises ``MessageError``."""
    pid = message.need("PID", "须在此写明患者")
    made = patient_in(pid, message.all("NK1"), message.all("IN1"))
    return made | {"meta": SUBSETTED} if mentioned else made


def patient_in(pid: Segment, kin: Sequence[Segment] = (), insurances: Sequence[Segment] = ()) -> Json:
    """The Patient of a PID. Raises ``MessageError``."""
    made = slim(
        resourceType="Patient",
        id=local_id(pid),
        identifier=[*_identifiers(pid), *_policies(insurances)],
        name=[name for field in (5, 9) for cell in pid.cells(field) if (name := name_of(cell))],
        gender=_gender(pid),
        birthDate=day_of(pid, 7),
        telecom=[phone for field in (13, 14) for cell in pid.cells(field) if (phone := phone_of(cell))],
        address=[address for cell in pid.cells(11) if (address := address_of(cell))],
        maritalStatus=coded_field(pid, 16),
        contact=[contact for nk1 in kin if (contact := _contact(nk1))],
        extension=[extension(n, valueString=t) for n, f in _SAID.items() if (t := text_of(pid, f))],
        deceasedDateTime=time_of(pid, 29),
    )
    if "deceasedDateTime" not in made and pid(30).upper() in _TRUE:
        made["deceasedBoolean"] = True
    return made


def local_id(pid: Segment) -> str:
    """The patient's number in the sender's institution, as an id. Raises ``MessageError`` when no number is one: that
    of an identity card will not do, because ids are not sealed."""
    number = _local_number(pid.cells(3))
    if number or (pid(2) and not _is_card(pid(2))):
        return resource_id(number or pid(2))
    raise pid.error(3, "请填写患者在贵机构的编号，类型为 MR 或 PI，如 0001234^^^HIS^MR")


def _local_number(cells: Sequence[Cell]) -> str:
    """Of several numbers the one of a type for patients, else without a type, else of a type that we do not know."""
    for likely in (_LOCAL, _UNSAID, None):
        for cell in cells:
            kind = _kind(cell)
            if cell() and (kind is likely or (likely is None and kind not in _KNOWN)):
                return cell()
    return ""


def merges_of(message: Text) -> tuple[Merge, ...]:
    """Who was joined with whom (A40): each PID with the MRG that follows it. Raises ``MessageError``."""
    found: list[Merge] = []
    pid: Segment | None = None
    for segment in message.segments:
        if segment.name == "PID":
            pid = segment
        elif segment.name == "MRG" and pid is not None:
            found.append(Merge(local_id(pid), _retired(segment)))
    if not found:
        message.need("MRG", "须在此写明不再使用的患者编号")
        raise MessageError("PID", "须在 MRG 之前，写明保留的编号")
    for merge in found:
        if merge.survivor == merge.retired:
            raise MessageError("MRG-1", "是保留的编号 (PID-3)，请填写不再使用的编号")
    return tuple(found)


def _retired(mrg: Segment) -> str:
    number = _local_number(mrg.cells(1))
    if number:
        return resource_id(number)
    raise mrg.error(1, "请填写患者在贵机构的原编号，类型为 MR 或 PI")


def _kind(cell: Cell) -> Number:
    """What a number is: by its type, else by who gave it, else by its form."""
    for name in (cell(5), cell(4), cell(4, 2)):
        if name:
            known = _KINDS.get(name.upper())
            if known is not None:
                return known
    kind = cell(5)
    if kind:
        return Number(kind, "", kind)
    return _CARD if _is_card(cell()) else _UNSAID


def _is_card(text: str) -> bool:
    try:
        id_card(text)
    except IdCardError:
        return False
    return True


def _identifiers(pid: Segment) -> Iterator[Json]:
    for cell in pid.cells(3):
        if cell():
            kind = _kind(cell)
            yield identifier(cell(), kind.system, kind.code, kind.title, cell(4))
    known = {cell() for cell in pid.cells(3)}
    for field, kind in ((2, _UNSAID), (4, _UNSAID), (19, _CARD), (20, _KINDS["DL"])):
        for cell in pid.cells(field):
            if cell() and cell() not in known:
                kind = _kind(cell) if field in (2, 4) else kind
                yield identifier(cell(), kind.system, kind.code, kind.title)


def _policies(insurances: Sequence[Segment]) -> Iterator[Json]:
    """The insured person's number (IN1-49), else the policy's (IN1-36)."""
    for insurance in insurances:
        number = insurance(49) or insurance(36)
        if number:
            yield identifier(number, _INSURANCE.system, _INSURANCE.code, _INSURANCE.title, insurance(4))


def _gender(pid: Segment) -> str:
    """Empty for a code that nobody knows: a guess would be worse than nothing."""
    return _GENDERS.get(pid(8).upper(), "")


def _contact(nk1: Segment) -> Json:
    names, phones = nk1.cells(2), nk1.cells(5)
    return slim(
        relationship=listed(coded_field(nk1, 3)),
        name=name_of(names[0]) if names else None,
        telecom=[phone for cell in phones if (phone := phone_of(cell))],
    )
