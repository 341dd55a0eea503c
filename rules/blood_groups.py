"""Blood groups as they are written: A型RhD阳性, O Rh(D)(+), AB+, B型,RhD(-)."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import Final

from clinical.value import Value

_AMOUNT: Final = re.compile(r"\d+(?:\.\d+)?\s*(?:ML|U(?![A-NP-Z]|OR)|治疗量|单位|毫升|人份|袋|份)")
_QUOTES: Final = re.compile(r"[“”\"'‘’「」\s]")
_RELATIVE: Final = re.compile(
    r"(?:父|母|夫|妻|配偶|兄|弟|姐|妹|家属)[^,;。()A-Z]{0,6}(?:AB|[ABO0])(?:型血?)?"
    r"(?:[,(]?RH(?:\(D\)|D)?(?:血型)?[:]?\(?(?:[阳阴]性?|[+-])\)?)?"
)
_DONOR: Final = re.compile(r"供(?:者|体|血|髓)|献血")
_OTHER_TYPE: Final = re.compile(
    r"(?:AB|[ABO])型(?=主动脉|夹层|血友病|血管|超声|钠尿|利钠|胃炎|流感|肝炎|预激|行为|性格|肉毒|胸腺|骨折|骨盆|损伤|瘤|病变)"
    r"|(?:夹层|血友病|瘤|流感|炎|预激|骨折|[甲乙]型|维生素|[非亚])(?:AB|[ABO])型(?!血?[,(]*RH)"
)
"""Types of what is no blood: A型主动脉夹层, 血友病A型, B型超声; 非A型."""
_ABO: Final = re.compile(
    r"(?<![A-Z*\d抗])(?<!抗-)(AB|[ABO]|0(?=型))"
    r"(?=型|[,;/、(]*RH|[,;/、(]*D?(?:阳性|阴性)|\(?[+-]\)?(?:$|[),;\d]))"
)
_ABO_ALONE: Final = re.compile(r"(?:ABO)?(?:血型)?[:]?(AB|[ABO])(?:型|血)*")
_POSITIVE: Final = re.compile(r"阳|\+|POS")
_RHD: Final = re.compile(
    r"(?:RH(?:血型)?[:]?(?:\(D\)|D)?|(?<![A-Z抗弱分])(?<!抗-)D(?:抗原)?(?!-(?:二|D)))(?:血型)?"
    r"(?:[:-]?\(?(阳性?|阴性?|POS|NEG)|[:]?\(?([+-]))"
    r"|(?<![A-Z])(?:AB|[ABO])型?\(?([+-])\)?(?=$|[),;\d])|(?<![A-Z抗])(?<!抗-)(?:AB|[ABO])型?(阳性|阴性)"
)
_RHD_ALONE: Final = re.compile(r"\(?(阳性|阴性|[+-]|POS(?:ITIVE)?|NEG(?:ATIVE)?)\)?(?:\([+-]\))?")


class Group(Value, frozen=True):
    """ABO (A, B, AB, O) and RhD (阳性, 阴性); empty where not written or contradictory."""

    abo: str = ""
    rhd: str = ""


@lru_cache(maxsize=4096)
def blood_group(text: str, alone: bool = False) -> Group:
    """The group that a text names; ``alone``: the text is the result of a blood grouping and nothing else,
    so that a bare A or 阳性 counts too. Groups of relatives count never, a donor's only where it is asked for."""
    folded = _AMOUNT.sub("", unicodedata.normalize("NFKC", text).upper())
    plain = _RELATIVE.sub("", _QUOTES.sub("", folded).replace("—", "-"))
    plain = _OTHER_TYPE.sub("", plain)
    if alone and _DONOR.search(plain):
        return Group()
    abo, rhd = set(_ABO.findall(plain)), {next(filter(None, found)) for found in _RHD.findall(plain)}
    if alone:
        abo |= {found[1] for found in [_ABO_ALONE.fullmatch(plain)] if found}
        rhd |= {found[1] for found in [_RHD_ALONE.fullmatch(plain)] if found}
    signs = {"阳性" if _POSITIVE.match(sign) else "阴性" for sign in rhd}
    groups = {"O" if letter == "0" else letter for letter in abo}
    return Group(groups.pop() if len(groups) == 1 else "", signs.pop() if len(signs) == 1 else "")
