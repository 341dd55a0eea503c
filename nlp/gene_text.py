"""Names of genetic tests as laboratories write them: the allele, the variant and the gene that they name.

NUDT15基因c.415C>T, NUDT15(rs116855232) and NUDT15基因多态性检测 are one test; EGFR T790M is another one than EGFR.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from knowledge.naming import normal_name

_HLA: Final = re.compile(r"hla-?([abc]|d[rqp]b?1)[-*]?(\d{2}):?(\d{2})(?!\d)")
_VARIANT: Final = re.compile(
    r"[cgm]\.[-*]?\d+(?:[+-]\d+)?(?:[acgt]>[acgt]|[\w+-]*)|-\d{2,}[acgt]>[acgt]|(?<![a-z0-9])\d{2,}[acgt]>[acgt]|"
    r"(?<=[a-z])\d{3,}[acgt]>[acgt]|(?<![a-z0-9])[acgt]\d{3,4}[acgt](?![a-z0-9])|rs\d{4,}"
)
"""A change of the DNA: c.415C>T, m.1555A>G, -1639G>A, A1555G, rs4244285."""
_STARS: Final = re.compile(r"\*\d{1,3}[a-z]?(?:[,/和及]\*?\d{1,3}[a-z]?)*")
_EXONS: Final = re.compile(r"(?:第|exon)?\d+(?:号)?(?:[-~至,/]\d+(?:号)?)+(?:号)?(?:外显子)?|(?:全部|热点)外显子")
_RESTRICTED: Final = re.compile(
    r"[(\[](?:[^)\]]*(?:(?<![a-z0-9])(?![acgt]\d{3,4}[acgt])[a-z]\d{2,4}[a-z](?![a-z0-9])|\d{2}(?:del|ins))|(?:第|exon|外显子)?\d+号?(?:外显子|[)\]]))"
)
"""Brackets that limit a test to one change of the protein or one exon: EGFR(T790M), EGFR(20外显子)."""
_TUMOUR: Final = re.compile(r"(?<![a-z])(?:egfr|braf|alk|ros-?1|her-?2|erbb-?2)")
"""Genes of tumours of which a whole test that found nothing speaks against a drug: a test of one change does not."""
_OTHER_TEST: Final = re.compile(
    r"^(?!.*突变)(?=.*egfr)(?=.*(?:扩增|拷贝|蛋白|免疫组化|ihc|fish|荧光原位))"
    r"|^(?!.*(?:扩增|表达|状态|免疫组化|ihc|fish|荧光原位))(?=.*(?:her-?2|erbb-?2))(?=.*突变)"
)
"""The protein or the copies of EGFR, the mutations of HER2: not what drugs go by."""
_WORDS: Final = re.compile(
    r"(?:靶向)?(?:药物)?(?:代谢)?(?:相关)?基因(?:分?型)?|突变|变异|重排|融合|扩增|多态性?|位点|等位|分型|定性|型别|"
    r"测序|检测|检查|分析|筛查|结果|热点|ngs|pcr|arms|ihc|fish|sanger|免疫组化|荧光原位杂交|二代"
)
_EDGES: Final = "()[],:;-_/+."
_SPACES: Final = re.compile(r"\s+")
_SEVERAL: Final = re.compile(r"[/+,和及与]")


def is_restricted(text: str) -> bool:
    """Whether the name of a test limits it (to a change, an exon, another method), so that the name without
    brackets or change is another test."""
    plain = normal_name(text)
    one_change = _TUMOUR.search(plain) and _VARIANT.search(normal_name(_SPACES.sub("_", text.strip())))
    return bool(_RESTRICTED.search(plain) or one_change or _OTHER_TEST.search(plain))


def gene_names(text: str) -> Iterator[str]:
    """Names that a genetic test may be known by, the narrowest first; the same text gives the same names."""
    plain = normal_name(_SPACES.sub("_", text.strip()))
    allele = _HLA.search(plain)
    if allele:
        yield "hla-{}*{}:{}".format(*allele.groups())
        return
    if is_restricted(text):
        yield re.sub(r"[()\[\]_]", "", plain)
        return
    yield from (found[0] for found in _VARIANT.finditer(plain))
    bare = _WORDS.sub("", _EXONS.sub("", _STARS.sub("", _VARIANT.sub("", plain))))
    for name in (bare, re.sub(r"[(\[].*?[)\]]", "", bare), re.sub(r"[()\[\]]", "", bare)):
        if name.strip(_EDGES):
            yield (known := name.strip(_EDGES).replace("_", ""))
            yield f"{known}基因"


def genes_of(text: str) -> tuple[str, ...]:
    """The parts of a name that lists several genes (TPMT/NUDT15基因); empty for any other name."""
    plain = _WORDS.sub("", re.sub(r"[(\[].*?[)\]]", "", normal_name(text))).strip(_EDGES)
    parts = tuple(part for part in _SEVERAL.split(plain) if part)
    return parts if len(parts) > 1 and all(re.fullmatch(r"[a-z][a-z0-9-]{2,9}", part) for part in parts) else ()
