"""What in a resource is more private than the rest, and what in it names a person.

People may withhold kinds of facts from other institutions (``Category``). Which kinds a resource belongs to is told
by its security labels and by the codes and words in it: rather one too many, since the only harm is that another
hospital is not shown it, and only of those who asked for that.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from enum import IntFlag
from typing import Any, Final

from records.kinds import Json


class Category(IntFlag):
    """Kinds of facts that a person may withhold. ``RESTRICTED`` is what the sender marked as not for others."""

    NONE = 0
    MENTAL = 1
    INFECTION = 2
    REPRODUCTIVE = 4
    GENETIC = 8
    RESTRICTED = 16


TITLES: Final = {
    Category.MENTAL: "精神心理",
    Category.INFECTION: "艾滋病与性传播疾病",
    Category.REPRODUCTIVE: "生育与生殖健康",
    Category.GENETIC: "遗传与基因检测",
    Category.RESTRICTED: "来源机构限制共享",
}
_LABELS: Final = (
    dict.fromkeys(("PSY", "PSYTHPN", "BH", "ETH", "ETHUD", "SUD"), Category.MENTAL)
    | dict.fromkeys(("HIV", "STD"), Category.INFECTION)
    | dict.fromkeys(("SEX", "SDV"), Category.REPRODUCTIVE)
    | dict.fromkeys(("GDIS",), Category.GENETIC)
    | dict.fromkeys(("R", "V"), Category.RESTRICTED)
)
"""HL7 v3 ActCode and Confidentiality, as ``meta.security`` carries them."""
_TOLD: Final = {
    Category.MENTAL: (
        r'"(?:F\d\d|N05A|N06A)[A-Z\d.x]*"'
        r"|精神(?:分裂|障碍|病|科|卫生|心理)|抑郁|双相|躁狂|焦虑障碍|惊恐障碍|强迫症|自杀|自残|人格障碍|心理治疗"
        r"|(?:酒精|药物|毒品|阿片|海洛因)(?:依赖|成瘾|滥用)|氯氮平|奥氮平|利培酮|喹硫平|阿立哌唑|帕利哌酮|碳酸锂"
        r"|舍曲林|西酞普兰|氟西汀|帕罗西汀|文拉法辛|度洛西汀|美沙酮|丁丙诺啡"
    ),
    Category.INFECTION: (
        r'"(?:B2[0-4]|A5\d|A6[0-4]|Z21|R75|J05A[EFGJR])[A-Z\d.x]*"'
        r"|HIV|人类免疫缺陷|艾滋|梅毒|TPPA|RPR|淋病|淋球菌|尖锐湿疣|生殖器疱疹|软下疳|性病|性传播|沙眼衣原体"
        r"|齐多夫定|依非韦伦|多替拉韦|洛匹那韦|比克替拉韦|奈韦拉平"
    ),
    Category.REPRODUCTIVE: (
        r'"(?:O\d\d|Z3[0-9]|N97|N46|N96|G03[AG])[A-Z\d.x]*"'
        r"|流产|人流|引产|终止妊娠|不孕|不育|辅助生殖|试管婴儿|胚胎移植|避孕|绝育|输卵管|精液|勃起|米非司酮|妊娠|怀孕|产检|孕\d"
    ),
    Category.GENETIC: r'"(?:Q9\d|Z1[45])[A-Z\d.x]*"|基因|遗传|染色体|核型|BRCA',
}
_PATTERNS: Final = {category: re.compile(words) for category, words in _TOLD.items()}
_PEOPLE: Final = frozenset({"Patient", "RelatedPerson", "Person", "Coverage", "Account"})
_OF_PERSON: Final = tuple(f"{kind}/" for kind in _PEOPLE)
_SHORTEST_NUMBER: Final = 5


def category_of(resource: Json, text: str) -> Category:
    """The kinds of facts that a resource belongs to; ``text`` is its JSON."""
    found = Category.NONE
    for category, pattern in _PATTERNS.items():
        if pattern.search(text):
            found |= category
    meta = resource.get("meta")
    for label in _objects(meta.get("security") if isinstance(meta, dict) else None):
        found |= _LABELS.get(str(label.get("code")), Category.NONE)
    return found


def unnamed(node: Any) -> Any:
    """A resource without the words by which references to people name them (their names stand sealed with their
    identity), and without its narrative, which repeats in prose what its members say."""
    if isinstance(node, list):
        return [unnamed(item) for item in node]
    if not isinstance(node, dict):
        return node
    if _is_person(node):
        return {name: node[name] for name in ("reference", "type") if name in node}
    return {name: unnamed(value) for name, value in node.items() if not _is_narrative(name, value)}


def holds_person(resource: Json) -> bool:
    """Whether a resource carries one that describes a person within it."""
    return any(_describes_person(contained) for contained in _objects(resource.get("contained")))


def names_in(resources: Iterable[Json]) -> frozenset[str]:
    """Names, numbers, telephones and addresses of the people that a message describes: what contains one of them is
    not kept readable."""
    return frozenset(text for r in resources if _describes_person(r) for text in _naming(r))


def _is_person(node: dict[str, Any]) -> bool:
    reference = node.get("reference")
    if isinstance(reference, str):
        return reference.startswith(_OF_PERSON) or any(f"/{start}" in reference for start in _OF_PERSON)
    kind = node.get("type")  # of a Reference a text, of other things whatever they mean by it
    return isinstance(kind, str) and kind in _PEOPLE and ("identifier" in node or "display" in node)


def _describes_person(resource: Json) -> bool:
    return str(resource.get("resourceType")) in _PEOPLE


def _objects(value: Any) -> list[dict[str, Any]]:
    """The objects of what may be one or several."""
    return [item for item in (value if isinstance(value, list) else (value,)) if isinstance(item, dict)]


def _is_narrative(name: str, value: Any) -> bool:
    return name == "text" and isinstance(value, dict) and "div" in value


def _naming(person: Json) -> Iterator[str]:
    for holder in (person, *_objects(person.get("contact"))):
        yield from _names(holder.get("name"))
        yield from _values(holder.get("telecom"), "value")
        yield from _values(holder.get("address"), "text", "line")
    yield from _values(person.get("identifier"), "value")


def _names(given: Any) -> Iterator[str]:
    for name in _objects(given):
        first = name.get("given")
        parts = [name.get("family"), *(first if isinstance(first, list) else ())]
        whole = "".join(part for part in parts if isinstance(part, str))
        yield from (text for text in (name.get("text"), whole) if isinstance(text, str) and len(text) > 1)


def _values(given: Any, *members: str) -> Iterator[str]:
    for item in _objects(given):
        for member in members:
            value = item.get(member)
            for text in value if isinstance(value, list) else (value,):
                if isinstance(text, str) and len(text) >= _SHORTEST_NUMBER:
                    yield text


__all__ = ["TITLES", "Category", "category_of", "holds_person", "names_in", "unnamed"]
