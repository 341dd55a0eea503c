"""How culture reports and diagnoses are read for an organism: named, doubted, denied."""

from __future__ import annotations

import pytest

from rules.susceptibility import _pattern, _plain, _shows

MRSA, VRE, ESBL, CARBAPENEM = (
    _pattern(words) for words in (["MRSA"], ["VRE"], ["ESBL+", "ESBL阳性", "产ESBL"], ["耐碳青霉烯"])
)


@pytest.mark.parametrize(
    ("words", "text", "named"),
    [
        (MRSA, "痰培养: MRSA", True),
        (MRSA, "MRSA阳性、VRE阴性", True),
        (VRE, "MRSA阳性、VRE阴性", False),
        (VRE, "MRSA阴性、VRE阳性", True),
        (VRE, "未检出MRSA、VRE、CRE", False),
        (MRSA, "MRSA、VRE均阴性", False),
        (MRSA, "MRSA(-)", False),
        (MRSA, "鼻拭子MRSA定植", False),
        (MRSA, "疑似MRSA感染", False),
        (MRSA, "MRSAX", False),
        (ESBL, "E. coli ESBL+", True),
        (ESBL, "大肠埃希菌(非产ESBL)", False),
        (ESBL, "大肠埃希菌,产ESBL", True),
        (CARBAPENEM, "不耐碳青霉烯", False),
        (CARBAPENEM, "鲍曼不动杆菌,耐碳青霉烯", True),
    ],
)
def test_an_organism_is_taken_as_found_only_where_the_report_says_so(words: str, text: str, named: bool) -> None:
    assert _shows(words, _plain(text)) is named
