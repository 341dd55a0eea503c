"""Drugs in patients whose genotype or phenotype is known."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache, partial

from clinical.coded import Origin, zoned
from clinical.finding import Datum, Gap, Outcome, Severity
from clinical.logic import Unknown
from clinical.value import Value
from knowledge.model import Predicate, Statement
from rules.courses import course, in_use
from rules.model import Case, Family, Use, each_statement, severity_of
from rules.saying import degree, found, named, passed

NAME = "pharmacogenomics"


class _Result(Value, frozen=True):
    """A genetic result as it was written, and where it comes from."""

    text: str
    origin: Origin


def check(case: Case) -> Iterator[Outcome]:
    """Every gene of every new drug; genes do not change, so that a result never grows old."""
    pairs = case.asked(Predicate.PHARMACOGENOMIC)
    if pairs and isinstance(case.patient.observations, Unknown):
        yield from _blind(case, pairs)
    yield from dict.fromkeys(each_statement(NAME, pairs, partial(_judge, case)))


def _blind(case: Case, pairs: list[tuple[Use, Statement]]) -> Iterator[Gap]:
    """One gap for what could be serious; a gene that nobody tested is no gap where results are known."""
    grave = [
        (use, s) for use, s in pairs if severity_of(s).rank >= Severity.MAJOR.rank and not _result(case, s.object)
    ]
    if grave:
        names = "、".join(dict.fromkeys(case.name(use.concept) for use, _ in grave))
        orders = tuple(dict.fromkeys(use.order.id for use, _ in grave))
        yield Gap(NAME, "observations", f"未提供检验结果，未能按基因检测检查用药: {names}", orders)


def _judge(case: Case, use: Use, s: Statement) -> Iterator[Outcome]:
    result = _result(case, s.object)
    if result is None:
        yield from passed(case, NAME, s, use, f"未评估: 没有{case.name(s.object)}结果")
        return
    meant = meaning(result.text)
    if not meant:
        reason = f"{case.name(s.object)}结果“{result.text[:40]}”无法判读，未能检查{named(case, use)}"
        yield Gap(NAME, "gene-result", reason, (use.order.id,))
    elif meant.isdisjoint(_wanted(case, s)):
        yield from passed(case, NAME, s, use, f"{case.name(s.object)}结果不在限制范围")
    elif _tolerated(case, use, s):
        yield from passed(case, NAME, s, use, f"已连续使用满 {s.qualifiers['tolerated_days']} 天而未见不良反应记录")
    else:
        summary = f"{named(case, use)}: {case.name(s.object)} {result.text}，{degree(s)}"
        datum = Datum.at(case.name(s.object), result.text, result.origin)
        yield found(case, NAME, s, (use,), summary, (datum,))


def _tolerated(case: Case, use: Use, s: Statement) -> bool:
    """Severe skin reactions come within months: who has taken the drug for longer bears it."""
    least = s.qualifiers.get("tolerated_days")
    if least is None or not in_use(case, use.concept):
        return False
    begun = course(case, use)
    return bool(begun.before) and (case.patient.as_of.date() - begun.first).days >= least


def _result(case: Case, lab: str) -> _Result | None:
    """The newest result of a genetic test, as an observation or as the conclusion of a report."""
    found = [_Result(o.value, o.origin) for o in case.observed.get(lab, ()) if isinstance(o.value, str)]
    found += [
        _Result(f"{o.value.value:g} {o.value.unit}", o.origin)
        for o in case.observed.get(lab, ())
        if not isinstance(o.value, (str, Unknown))
    ]
    reports = case.patient.reports
    for report in () if isinstance(reports, Unknown) else reports:
        if lab in report.what.concepts and report.conclusion:
            found.append(_Result(report.conclusion, report.origin))
    return max(found, key=lambda r: zoned(r.origin.time).timestamp() if r.origin.time else 0.0, default=None)


def _wanted(case: Case, s: Statement) -> frozenset[str]:
    return case.snapshot.remember(
        ("gene-results", s.id), lambda: frozenset().union(*(meaning(text) for text in s.qualifiers["results"]))
    )


# -- reading results ---------------------------------------------------------------------

_NEGATED = re.compile(
    r"(?:未|无|不|非|没有|排除)(?:见|被|能|有|明显)?"
    r"(?:检出|检测到|检测出|查见|发现|携带|缺乏|缺陷|降低|减低|突变|变异)[^,;。]*"
    r"|未见(?:异常|突变|变异)?|阴性|\(-\)|^-$|正常(?!代谢)|(?<![A-Z])NEG(?:ATIVE)?(?![A-Z])"
)
_WORDS = {
    "阳性": r"阳性|检出|检测到|检测出|携带|\(\+\)|^\++$|(?<![A-Z])POS(?:ITIVE)?(?![A-Z])",
    "UM": r"超快(?:速)?代谢|超速代谢|ULTRA-?RAPID|(?<![A-Z])UM(?![A-Z])",
    "NM": r"正常代谢|广泛代谢|强代谢|(?<!超)快(?:速)?代谢|(?:NORMAL|EXTENSIVE)METABOLI|(?<![A-Z])[NE]M(?![A-Z])",
    "IM": r"中间(?:型)?代谢|中等代谢|中速代谢|INTERMEDIATEMETABOLI|(?<![A-Z])IM(?![A-Z])",
    "PM": r"(?<!非)(?:慢|弱|缓慢)代谢|POORMETABOLI|(?<![A-Z])PM(?![A-Z])",
    "慢乙酰化": r"(?<!非)慢乙酰化|SLOWACETYLAT",
    "快乙酰化": r"快乙酰化|RAPIDACETYLAT",
    "中间乙酰化": r"中间(?:型)?乙酰化|INTERMEDIATEACETYLAT",
    "缺乏": r"缺乏|缺陷|DEFICIEN",
    "功能差": r"功能差|低功能|POORFUNCTION",
    "降低": r"降低|减低|偏低|低活性|功能减退|DECREASED",
}
"""What results say, by the word that tables use for it."""
_PHENOTYPES = frozenset({"UM", "NM", "IM", "PM"})
_READ = {word: re.compile(pattern) for word, pattern in _WORDS.items()}
_HLA = re.compile(r"\*(\d{2,3}):?(\d{2})(?!\d)")
_DIPLOTYPE = re.compile(r"\*(\d{1,3}[A-WYZ]?(?:X[N\d]+)?)/\*?(\d{1,3}[A-WYZ]?(?:X[N\d]+)?)")
_REPEATS = re.compile(r"\(?TA\)?([5-8])/\(?TA\)?([5-8])|(?<![\d*])([67])/([67])(?!\d)")
_CHANGE = re.compile(r"[ACGT]>[ACGT]")
_BASES = re.compile(r"(?<![A-Z>])([ACGT])/?([ACGT])(?![A-Z0-9>])")


@lru_cache(maxsize=4096)
def meaning(text: str) -> frozenset[str]:
    """What a genetic result says, in words that do not depend on how it is written: 阳性, 阴性, PM, 纯合,
    *2/*3, CT, *58:01. Empty when it says nothing readable, or contradicts itself."""
    plain = unicodedata.normalize("NFKC", text).upper().replace("×", "X").replace("＊", "*")
    plain = re.sub(r"\s", "", plain)
    affirmed = _NEGATED.sub("", plain)
    words = {word for word, pattern in _READ.items() if pattern.search(affirmed)}
    if len(words & _PHENOTYPES) > 1:  # a report that explains all phenotypes
        words -= _PHENOTYPES
    if affirmed != plain:
        return _denied(plain, words)
    if "突变" in plain and "野生" not in plain:
        words.add("阳性")
    return frozenset({*words, *_zygosity(plain), *_alleles(plain), *_genotypes(plain)})


def _denied(text: str, words: set[str]) -> frozenset[str]:
    """What a result that says 阴性 or 未检出 says besides; nothing when it also names a variant."""
    genotypes = set(_genotypes(text))
    named = {genotype for genotype in genotypes if genotype.startswith("*")} - {"*1/*1"}
    return frozenset() if "阳性" in words or named else frozenset({*words, *genotypes, "阴性"})


def _zygosity(text: str) -> set[str]:
    if "杂合" in text or "HETEROZYG" in text:
        return {"杂合"}
    if "野生" in text or "WILDTYPE" in text:
        return {"野生型"}
    return {"纯合"} if "纯合" in text or "HOMOZYG" in text else set()


def _alleles(text: str) -> Iterator[str]:
    return (f"*{a}:{b}" for a, b in _HLA.findall(text))


def _genotypes(text: str) -> Iterator[str]:
    rest = _HLA.sub("", text)
    yield from (f"*{a}/*{b}" for a, b in map(sorted, _DIPLOTYPE.findall(rest)))
    rest = _DIPLOTYPE.sub("", rest)
    for match in _REPEATS.finditer(rest):
        a, b = sorted(part for part in match.groups() if part)
        yield f"TA{a}/TA{b}"
    rest = _CHANGE.sub("", _REPEATS.sub("", rest))
    yield from ("".join(sorted(pair)) for pair in _BASES.findall(rest))


FAMILY = Family(NAME, "药物基因", check, reads=(Predicate.PHARMACOGENOMIC,), by_drug=True)
