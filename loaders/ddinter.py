"""DDInter drug–drug interactions: ``DDInterID_A,Drug_A,DDInterID_B,Drug_B,Level`` in eight files.

Severity only, no mechanism, very broad: a *secondary* source. What it calls Major becomes
*moderate* here, Moderate *minor*, Minor *info*, and it never interrupts until somebody reviewed it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from base.tabular import count_lines, read
from knowledge.intake import Loader, Row, RowError, by_name, statement_id
from knowledge.model import Citation, Predicate, Source, Standing, Statement

_SOURCE: Final = Source(
    "ddinter",
    "DDInter 药物相互作用数据库",
    "standard",
    "中南大学",
    "2.0",
    2025,
    "https://ddinter2.scbdd.com/",
)
_SEVERITY: Final = {"Major": "moderate", "Moderate": "minor", "Minor": "info"}
_REASON: Final = "DDInter 收录该药物对存在相互作用；未给出机制，且未经本地审核。"
_ADVICE: Final = "核对两药说明书的相互作用项，必要时监测或换药。"
_AMERICAN: Final = """
acetaminophen=paracetamol; acetylsalicylic acid=aspirin; activated charcoal=medicinal charcoal;
acyclovir=aciclovir; albuterol=salbutamol; alpha-tocopherol=tocopherol; beclomethasone=beclometasone;
cephalexin=cefalexin; cephradine=cefradine; chlorpheniramine=chlorphenamine; cholecalciferol=colecalciferol;
cholestyramine=colestyramine; clomiphene=clomifene; conjugated estrogens=conjugated estrogens;
cyclosporine=ciclosporin; divalproex=valproic acid; estrogens, conjugated=conjugated estrogens;
ethacrynic acid=etacrynic acid; glyburide=glibenclamide; hydroxyurea=hydroxycarbamide;
indomethacin=indometacin; isoproterenol=isoprenaline; lithium carbonate=lithium; meperidine=pethidine;
mesalamine=mesalazine; methimazole=thiamazole; penicillin g=benzylpenicillin;
penicillin v=phenoxymethylpenicillin; phytonadione=phytomenadione; pitocin=oxytocin; rifampin=rifampicin;
succinylcholine=suxamethonium; torsemide=torasemide; valacyclovir=valaciclovir; valproate=valproic acid;
vitamin a=retinol; vitamin c=ascorbic acid; vitamin e=tocopherol
"""
_INTERNATIONAL: Final = {
    american.strip(): international.strip()
    for american, _, international in (pair.partition("=") for pair in _AMERICAN.split(";"))
}
_VARIANT: Final = re.compile(r"\s*\([^)]*\)\s*$")


def rows(path: Path) -> Iterator[Row | RowError]:
    """One statement per pair; the files overlap. Pairs of unknown level are left out, and counted in one row error.

    Raises ``FileNotFoundError`` when there is no file named ``ddinter*.csv``.
    """
    files = _files(path)
    yield Row(_SOURCE)
    seen: set[tuple[str, str]] = set()
    without: set[tuple[str, str]] = set()
    for file in files:
        for row in read(file):
            level = row.cells["Level"]
            a, b = sorted((_plain(row.cells["Drug_A"]), _plain(row.cells["Drug_B"])))
            if level not in _SEVERITY:
                without.add((a, b))
            elif a != b and (a, b) not in seen:
                seen.add((a, b))
                yield Row(_statement(a, b, level), row.file, row.line, many=True)
    if without - seen:
        yield RowError(files[-1].name, 0, "Level", f"来源未给出严重程度的药物对略去 {len(without - seen)} 对")


def total(path: Path) -> int:
    """Lines of all files."""
    return sum(count_lines(file) for file in _files(path))


def _files(path: Path) -> list[Path]:
    found = [path] if path.is_file() else sorted(path.glob("ddinter*.csv"))
    if not found:
        raise FileNotFoundError(f"{path}: no file named ddinter*.csv here")
    return found


def _plain(name: str) -> str:
    """``Insulin human (rDNA)`` → ``Insulin human``; salts and routes in brackets say nothing of the
    substance. American names become international ones."""
    bare = _VARIANT.sub("", name).strip()
    return _INTERNATIONAL.get(bare.lower(), bare)


def _statement(a: str, b: str, level: str) -> Statement:
    qualifiers = {
        "severity": _SEVERITY[level],
        "level": level,
        "effect": "存在药物相互作用",
        "mechanism": _REASON,
        "reason": _REASON,
        "advice": _ADVICE,
    }
    return Statement(
        statement_id(Predicate.INTERACTS_WITH, a.lower(), b.lower()),
        by_name("drug", a),
        Predicate.INTERACTS_WITH,
        by_name("drug", b),
        qualifiers,
        (Citation(_SOURCE.id, level),),
        "low",
    )


LOADER = Loader("ddinter", "DDInter 药物相互作用 (次级来源)", Standing.SECONDARY, rows, total, ordered=True)
