"""Suspected diagnoses of one release: evidence in, candidates with their grounds out (``inference.assessment``
has the formula)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date

from clinical.logic import UNKNOWN, Known, Unknown
from clinical.patient import Sex
from inference.assessment import Assessment
from inference.evidence import Evidence
from inference.explaining import Candidate, Explainer
from inference.likelihood import Likelihoods
from inference.naming import Names
from inference.profiles import CHILDREN, Ages, Profiles, Whom
from inference.silence import Silences
from inference.weighing import Weighing
from knowledge.snapshot import Snapshot


class NoProfilesError(Exception):
    """The release does not say of any disease how it shows."""


class Diagnoser:
    """Weighs patients against all diseases of one release. Safe between threads."""

    def __init__(self, snapshot: Snapshot) -> None:
        if not Profiles.of(snapshot).profiles:
            raise NoProfilesError
        self.snapshot = snapshot
        self._likelihoods = Likelihoods.of(snapshot)
        self._weighing = Weighing(snapshot)
        self._silences = Silences.of(snapshot)
        self._names = Names.of(snapshot)

    @classmethod
    def of(cls, snapshot: Snapshot) -> Diagnoser:
        """That of a release, made once in two seconds. Raises ``NoProfilesError``."""
        return snapshot.remember("diagnoser", lambda: cls(snapshot))

    def rank(
        self,
        evidence: Iterable[Evidence],
        age: Known[float] = UNKNOWN,
        sex: Known[Sex] = UNKNOWN,
        day: date | None = None,
        region: Iterable[str] = (),
        among: Sequence[str] = (),
        limit: int = 10,
    ) -> list[Candidate]:
        """The likeliest diseases with why, among all or among those that are named."""
        assessment = self.assess(evidence, whom(age, sex, day, region), among)
        explainer = Explainer(assessment)
        return [explainer.candidate(one) for one in assessment.ranked()[:limit]]

    def assess(self, evidence: Iterable[Evidence], whom: Whom, among: Sequence[str] = ()) -> Assessment:
        """What evidence says. ``among``: diseases by name to which the answer is restricted; where one of them is a
        child's and no age is known, a child is asked about."""
        told = tuple(evidence)
        named = tuple(self._names.disease(words) for words in dict.fromkeys(among))
        assumed: tuple[str, ...] = ()
        if whom.ages is None and any(one.child for one in named):
            whom, assumed = whom._replace(ages=CHILDREN), ("未提供年龄，候选诊断含小儿疾病，按14岁以下儿童计算",)
        table = self._likelihoods.table(whom.ages, whom.sex)
        profiles = self._likelihoods.profiles
        weighed = tuple(self._weighing.weigh(told, table))
        silence = self._silences.about(weighed, table, whom.ages)
        return Assessment(profiles, whom, table, told, weighed, silence, profiles.factors(whom), named, assumed)


def whom(
    age: Known[float],
    sex: Known[Sex],
    day: date | None = None,
    regions: Iterable[str] = (),
    institution_level: Known[int] | None = None,
) -> Whom:
    """Who is asked about. ``institution_level`` is 1 (township) to 3; unknown is between."""
    ages: Ages = None if isinstance(age, Unknown) else age
    level = -1 if institution_level is None or isinstance(institution_level, Unknown) else int(institution_level > 1)
    return Whom(ages, sex, day.month if day else 0, frozenset(regions), level)
