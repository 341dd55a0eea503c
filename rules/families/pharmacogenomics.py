"""Drugs in patients whose genotype or phenotype is known."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache, partial

from clinical.coded import Origin, zoned
from clinical.finding import Datum, Gap, Outcome, Severity
from clinical.logic import Unknown
from clinical.value import Value, replace
from knowledge.model import ConceptKind, Predicate, Statement
from rules.courses import course, in_use
from rules.dosing import has_cap, over_cap
from rules.model import Case, Family, Use, each_statement, severity_of
from rules.saying import degree, found, named, passed

NAME = "pharmacogenomics"


class _Result(Value, frozen=True):
    """A genetic result as it was written, the name of its test, and where it comes from."""

    text: str
    test: str
    origin: Origin

    @property
    def means(self) -> frozenset[str]:
        """What it says, see ``meaning``."""
        return meaning(self.text, self.test)


def check(case: Case) -> Iterator[Outcome]:
    """Every gene of every new drug; genes do not change, so that a result never grows old."""
    pairs = case.asked(Predicate.PHARMACOGENOMIC)
    if pairs and isinstance(case.patient.observations, Unknown):
        yield from _blind(case, pairs)
    yield from dict.fromkeys(each_statement(NAME, pairs, partial(_judge, case)))


def _blind(case: Case, pairs: list[tuple[Use, Statement]]) -> Iterator[Gap]:
    """One gap for what could be serious; a gene that nobody tested is no gap where results are known."""
    grave = [
        (use, s) for use, s in pairs if severity_of(s).rank >= Severity.MAJOR.rank and not _results(case, s.object)
    ]
    if grave:
        names = "、".join(dict.fromkeys(case.name(use.concept) for use, _ in grave))
        orders = tuple(dict.fromkeys(use.order.id for use, _ in grave))
        yield Gap(NAME, "observations", f"未提供检验结果，未能按基因检测检查用药: {names}", orders)


def _judge(case: Case, use: Use, s: Statement) -> Iterator[Outcome]:
    results = _results(case, s.object)
    if not results:
        yield from passed(case, NAME, s, use, f"未评估: 没有{case.name(s.object)}结果")
        return
    wanted = _wanted(case, s)
    held = next((result for result in _newest(results) if not result.means.isdisjoint(wanted)), None)
    if held is None or (wanted & _ABSENT and any("阳性" in result.means for result in results)):
        yield from _unheld(case, use, s, results)
    elif _tolerated(case, use, s):
        yield from passed(case, NAME, s, use, f"已连续使用满 {s.qualifiers['tolerated_days']} 天而未见不良反应记录")
    elif has_cap(s) and over_cap(case, use, s) == "":
        yield from passed(case, NAME, s, use, "剂量已按该基因型减低")
    else:
        summary = f"{named(case, use)}: {case.name(s.object)} {held.text}，{degree(s)}"
        datum = Datum.at(case.name(s.object), held.text, held.origin)
        yield found(case, NAME, s, (use,), summary, (datum,))


def _unheld(case: Case, use: Use, s: Statement, results: list[_Result]) -> Iterator[Outcome]:
    """A result that nobody can read is said; one that says something else is none of this row's business."""
    unread = next((result for result in _newest(results) if not result.means), None)
    if unread is None:
        yield from passed(case, NAME, s, use, f"{case.name(s.object)}结果不在限制范围")
        return
    reason = f"{case.name(s.object)}结果“{unread.text[:40]}”无法判读，未能检查{named(case, use)}"
    yield Gap(NAME, "gene-result", reason, (use.order.id,))


def _tolerated(case: Case, use: Use, s: Statement) -> bool:
    """Severe skin reactions come within months: who has taken the drug for longer bears it."""
    least = s.qualifiers.get("tolerated_days")
    if least is None or not in_use(case, use.concept):
        return False
    begun = course(case, use)
    return bool(begun.before) and (case.today - begun.first).days >= least


def _results(case: Case, lab: str) -> list[_Result]:
    """Results of a genetic test, the newest first: its own, and what a panel with it says of its gene. A panel
    that was not reported as such says what its tests do, when they all have a result and none found anything."""
    return case.once(("gene-results", lab), lambda: _own(case, lab) or list(_in_sum(case, lab)))


def _own(case: Case, lab: str) -> list[_Result]:
    told = [result for concept in (lab, *_panels(case, lab)) for result in _written(case, concept)]
    about = [replace(result, text=_about(case, lab, result.text)) for result in dict.fromkeys(told)]
    return sorted((result for result in about if result.text), key=_when, reverse=True)


def _panels(case: Case, lab: str) -> tuple[str, ...]:
    """Panels that a test is part of."""
    pointing = case.snapshot.pointing_at
    return case.snapshot.remember(
        ("panels", lab), lambda: tuple(s.subject for s in pointing(lab) if s.predicate is Predicate.CONTAINS)
    )


def _in_sum(case: Case, panel: str) -> Iterator[_Result]:
    parts = [s.object for s in case.statements(Predicate.CONTAINS, panel)]
    each = [_own(case, part) for part in parts]
    if parts and all(each) and all(result.means & _ABSENT for results in each for result in results[:1]):
        said = "、".join(f"{case.name(part)}{results[0].text}" for part, results in zip(parts, each, strict=True))
        yield replace(each[0][0], text=f"阴性({said})", test="")


def _written(case: Case, lab: str) -> Iterator[_Result]:
    """Values of observations and conclusions of reports."""
    for o in case.observed.get(lab, ()):
        if isinstance(o.value, str):
            yield _Result(o.value, o.what.text, o.origin)
        elif not isinstance(o.value, Unknown):
            yield _Result(f"{o.value.value:g} {o.value.unit}", o.what.text, o.origin)
    reports = case.patient.reports
    for report in () if isinstance(reports, Unknown) else reports:
        if lab in report.what.concepts and report.conclusion:
            yield _Result(report.conclusion, report.what.text, report.origin)


def _when(result: _Result) -> float:
    return zoned(result.origin.time).timestamp() if result.origin.time else 0.0


def _newest(results: list[_Result]) -> list[_Result]:
    """Those of the day of the newest: variants of one gene are often reported one by one."""
    return [result for result in results if _when(results[0]) - _when(result) < _A_DAY]


_ALL = re.compile(r"均|都(?!市)|皆|以上|上述")
_SYMBOL = re.compile(r"(?<![A-Z0-9])[A-Z][A-Z0-9]+(?:-[A-Z0-9]+)?(?![A-Z0-9])", re.IGNORECASE)
_A_DAY = 86_400.0
_ABSENT = frozenset({"阴性", "野生型"})
"""What a result says that found no change: rows about it hold only where no other result found one."""


class _Named(Value, frozen=True):
    """Genes that are named together in a clause, and where."""

    labs: frozenset[str]
    start: int
    end: int


def _about(case: Case, lab: str, text: str) -> str:
    """What a text that names genes says of one of them; all of it when it names none. A clause without a gene
    goes on about the last one, or about all of them when it says so."""
    kept: list[str] = []
    named = last = False
    for clause in re.split(r"[,;。\n]", unicodedata.normalize("NFKC", text)):
        genes = _genes(case, clause)
        if genes:
            named, last = True, lab in genes[-1].labs
            kept += _said_of(clause, genes, lab)
        elif last or (kept and _ALL.search(clause)):
            kept.append(clause)
    return ",".join(kept) if named else text


def _said_of(clause: str, genes: list[_Named], lab: str) -> Iterator[str]:
    """What stands before the first gene (未检出) holds for all, what follows a gene for it, up to the next."""
    for at, gene in enumerate(genes):
        if lab in gene.labs:
            end = len(clause) if _ALL.search(clause) or at + 1 == len(genes) else genes[at + 1].start
            yield clause[: genes[0].start] + clause[gene.end : end].strip("、 ")


def _genes(case: Case, clause: str) -> list[_Named]:
    """Genes in a clause; those that are listed together (KRAS、NRAS未见突变) as one."""
    found: list[_Named] = []
    for word in _SYMBOL.finditer(clause):
        labs = _known(case, word[0]) or _known(case, word[0].partition("-")[0])
        if labs and found and not clause[found[-1].end : word.start()].strip("、/+和及与 基因"):
            found[-1] = _Named(found[-1].labs | labs, found[-1].start, word.end())
        elif labs:
            found.append(_Named(labs, word.start(), word.end()))
    return found


def _known(case: Case, symbol: str) -> frozenset[str]:
    """The genetic tests that a word names (EGFR, which is also how some write eGFR, as EGFR基因)."""
    named = (lab for name in (symbol, f"{symbol}基因") for lab in case.snapshot.by_name(name, ConceptKind.LAB))
    return frozenset(lab.id for lab in named if _is_genetic(case, lab.id))


def _is_genetic(case: Case, lab: str) -> bool:
    asked = (s for concept in (lab, *_panels(case, lab)) for s in case.snapshot.pointing_at(concept))
    return case.snapshot.remember(
        ("genetic", lab), lambda: any(s.predicate is Predicate.PHARMACOGENOMIC for s in asked)
    )


def _wanted(case: Case, s: Statement) -> frozenset[str]:
    return case.snapshot.remember(
        ("gene-results", s.id), lambda: frozenset().union(*(meaning(text) for text in s.qualifiers["results"]))
    )


# -- reading results ---------------------------------------------------------------------

_NEGATED = re.compile(
    r"(?:未|无|不|非|没有|排除)(?:见|被|能|有|明显)?"
    r"(?:检出|检测到|检测出|查见|发现|携带|缺乏|缺陷|降低|减低|突变|变异|缺失|插入|融合|重排|易位|扩增|过?表达)[^,;。]*"
    r"|未见(?:异常|突变|变异)?|阴性|\([-—]\)|^[-—]$|正常(?!代谢)|(?<![A-Z])NEG(?:ATIVE)?(?![A-Z])"
)
_WORDS = {
    "阳性": r"阳性|检出|检测到|检测出|携带|\(\+\)|^\++$|(?<![\d+])3\+|(?<![A-Z])POS(?:ITIVE)?(?![A-Z])",
    "UM": r"超快(?:速)?代谢|超速代谢|ULTRA-?RAPID|(?<![A-Z])UM(?![A-Z])",
    "NM": r"正常代谢|广泛代谢|强代谢|(?<!超)快(?:速)?代谢|(?:NORMAL|EXTENSIVE)METABOLI|(?<![A-Z])[NE]M(?![A-Z])",
    "IM": r"中间(?:型)?代谢|中等代谢|中速代谢|INTERMEDIATEMETABOLI|(?<![A-Z])IM(?![A-Z])",
    "PM": r"(?<!非)(?:慢(?:速)?|弱|缓慢)代谢|POORMETABOLI|(?<![A-Z])PM(?![A-Z])",
    "慢乙酰化": r"(?<!非)慢乙酰化|SLOWACETYLAT",
    "快乙酰化": r"快乙酰化|RAPIDACETYLAT",
    "中间乙酰化": r"中间(?:型)?乙酰化|INTERMEDIATEACETYLAT",
    "缺乏": r"缺乏|缺陷|DEFICIEN",
    "功能差": r"功能差|低功能|POORFUNCTION",
    "降低": r"降低|减低|偏低|低活性|功能减退|(?:活性|功能)下降|DECREASED",
    "1+": r"(?<![\d+])1\+",
    "2+": r"(?<![\d+])2\+",
    "IHC0": r"^0分?$|(?:IHC|免疫组化|评分)[:(]*0(?![\d.+])",
}
"""What results say, by the word that tables use for it; 1+, 2+ and IHC0 are degrees of staining."""
_PHENOTYPES = frozenset({"UM", "NM", "IM", "PM"})
_READ = {word: re.compile(pattern) for word, pattern in _WORDS.items()}
_TESTING = re.compile(r"突变(?:基因)?(?:检测(?!到|出)|分析|筛查|位点|热点|状态|类型|频率|丰度)")
_VARIED = re.compile(r"突变|缺失|插入|融合|重排|易位|扩增|过表达")
_PROTEIN = re.compile(
    r"(?<![A-Z0-9*])(?![ACGT]\d{3,}[ACGT](?![A-Z]))(?:P\.)?[A-Z]\d{2,4}(?:[A-Z]|DEL|INS|FS)(?![A-Z0-9])"
    r"|(?:19|20)(?:号)?(?:外显子)?(?:DEL|INS|缺失|插入)"
)
"""A change of the protein (L858R, 19del), which no germline test of a metabolising enzyme is called by."""
_HLA = re.compile(r"\*(\d{2,3}):?(\d{2})(?!\d)")
_DIPLOTYPE = re.compile(r"\*(\d{1,3}[A-WYZ]?(?:X[N\d]+)?)/\*?(\d{1,3}[A-WYZ]?(?:X[N\d]+)?)")
_STAR = re.compile(r"\*(\d{1,2}[A-C]?)(?![\d:A-Z])")
_REPEATS = re.compile(r"\(?TA\)?([5-8])/\(?TA\)?([5-8])|(?<![\d*])([67])/([67])(?!\d)")
_CHANGE = re.compile(r"([ACGT])>([ACGT])")
_BASES = re.compile(r"(?<![A-Z>])([ACGT])/?([ACGT])(?![A-Z0-9>])")


@lru_cache(maxsize=4096)
def meaning(text: str, test: str = "") -> frozenset[str]:
    """What a genetic result says, in words that do not depend on how it is written: 阳性, 阴性, PM, 纯合,
    *2/*3, CT, *58:01. ``test`` is the name of the test, which may say of which allele or change it is
    (CYP2C19*2, c.415C>T). Empty when it says nothing readable, or contradicts itself."""
    plain = _TESTING.sub("", _plain(text))
    affirmed = _NEGATED.sub("", plain)
    words = {word for word, pattern in _READ.items() if pattern.search(affirmed)}
    if len(words & _PHENOTYPES) > 1:  # a report that explains all phenotypes
        words -= _PHENOTYPES
    changed = [part for part in re.split(r"[,;。、]", plain) if _says_change(part)]
    if affirmed != plain:
        return _denied(plain, words, changed)
    if changed:
        words.add("阳性")
    zygosity = _zygosity(plain) or _by_bases(plain, _plain(test))
    said = {*words, *zygosity, *_alleles(plain), *_genotypes(plain)}
    return frozenset(said | _diplotype(said, _plain(test)))


def _plain(text: str) -> str:
    folded = unicodedata.normalize("NFKC", text).upper().replace("×", "X").replace("＊", "*")
    return re.sub(r"\s", "", folded)


def _says_change(part: str) -> bool:
    denied = _NEGATED.search(part) or "野生" in part
    return not denied and bool(_VARIED.search(part) or _PROTEIN.search(part))


def _denied(text: str, words: set[str], changed: list[str]) -> frozenset[str]:
    """What a result that says 阴性 or 未检出 says besides; nothing when it also names a variant, unless it is
    a tumour's, of which one is found and another is not (L858R阳性, T790M阴性)."""
    genotypes = set(_genotypes(text))
    if any(_PROTEIN.search(part) for part in changed):
        return frozenset({"阳性"})
    denying = [part for part in re.split(r"[,;。、]", text) if _NEGATED.search(part) or "野生" in part]
    if all(_PROTEIN.search(part) for part in denying):
        return frozenset({*words, *genotypes, "位点阴性"})  # T790M未检出 says nothing of the rest of the gene
    named = {genotype for genotype in genotypes if genotype.startswith("*")} - {"*1/*1"}
    contradicts = "阳性" in words or named or changed
    return frozenset() if contradicts else frozenset({*words, *genotypes, "阴性"})


def _zygosity(text: str) -> set[str]:
    if "杂合" in text or "HETEROZYG" in text:
        return {"杂合"}
    if "野生" in text or "WILDTYPE" in text or re.search(r"(?<![A-Z])WT(?![A-Z])|WT$", text):
        return {"野生型"}
    return {"纯合"} if "纯合" in text or "HOMOZYG" in text else set()


def _by_bases(text: str, test: str) -> set[str]:
    """Zygosity from the two bases of a change that the result or the name of its test spells: C>T with TT."""
    changes = set(_CHANGE.findall(text) or _CHANGE.findall(test))
    bases = set(_BASES.findall(_CHANGE.sub("", text)))
    if len(changes) != 1 or len(bases) != 1:
        return set()
    (before, after), found = changes.pop(), bases.pop()
    if set(found) == {before, after}:
        return {"杂合"}
    return {"纯合"} if found == (after, after) else {"野生型"} if found == (before, before) else set()


def _diplotype(said: set[str], test: str) -> set[str]:
    """The pair of alleles that a zygosity means for a test of one allele (CYP2C19*2 杂合 → *1/*2)."""
    stars = set(_STAR.findall(_HLA.sub("", test)))
    if len(stars) != 1 or any("/" in word for word in said):
        return set()
    (star,) = stars
    return {f"*1/*{star}"} if "杂合" in said else {f"*{star}/*{star}"} if "纯合" in said else set()


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
