"""The grammar of HL7 v2: bytes to segments, fields, repetitions, components; and text to what a field may hold.

Written for the parser of python-hl7 to agree with (a test compares them), not on top of it: that one takes a whole
message apart before the first field is read (a thirtieth of the speed), decodes by one character set that the caller
must know, and writes the value of a field it cannot unescape to the log.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from typing import Final, NamedTuple

from exchange.message import MessageError

MAX_SEGMENTS: Final = 20_000
_CHARSETS: Final = {
    "UNICODEUTF8": "utf-8",
    "UTF8": "utf-8",
    "GB18030": "gb18030",
    "GB180302000": "gb18030",
    "GB180302005": "gb18030",
    "GB180302022": "gb18030",
    "GBK": "gb18030",
    "GB2312": "gb18030",
    "CP936": "gb18030",
    "BIG5": "big5",
}
"""HL7 table 0211 and what is written in its place, without blanks and punctuation."""
_BOM: Final = "\ufeff"
_MARKS: Final = re.compile(rb"[^A-Z0-9]")
_HEAD: Final = re.compile(r"[A-Z][A-Z0-9]{2}")
_LIKE_HEAD: Final = re.compile(r"\s*[A-Za-z0-9]{3}[^\w\s]")
_TEXTUAL: Final = ("OBX", "NTE")
_HEX: Final = re.compile(r"X((?:[0-9A-Fa-f]{2})+)")
_LAYOUT: Final = {".br": "\n", ".sp": "\n", ".ce": "\n", ".fi": "", ".nf": "", "H": "", "N": ""}
_LINES: Final = re.compile(r"\.(?:sp|in|ti|sk)([+-]?\d{1,3})?")


class Separators(NamedTuple):
    """The characters of MSH-1 and MSH-2; what a message leaves out is empty and separates nothing."""

    field: str
    component: str
    repetition: str
    escape: str
    sub: str


USUAL: Final = Separators("|", "^", "~", "\\", "&")


class Cell:
    """One repetition of a field: components, each of subcomponents, as sent."""

    __slots__ = ("_components", "_of")

    def __init__(self, raw: str, of: Unescape) -> None:
        self._of = of
        self._components = raw.split(of.separators.component) if of.separators.component else [raw]

    def __call__(self, component: int = 1, sub: int = 1) -> str:
        """Text of a component, unescaped; empty when it is not there or HL7's null."""
        if component > len(self._components):
            return ""
        text = self._components[component - 1]
        if not text or self._of.telling(text) is None:
            return text if sub == 1 else ""
        mark = self._of.separators.sub
        subs = text.split(mark) if mark else [text]
        return self._of(subs[sub - 1]) if sub <= len(subs) else ""


class Segment:
    """One segment. ``number`` counts segments of its name from 1, so that an error can say which."""

    __slots__ = ("_apart", "_fields", "_of", "name", "number")

    def __init__(self, fields: list[str], number: int, of: Unescape) -> None:
        self.name, self.number, self._fields, self._of = fields[0], number, fields, of
        self._apart: dict[int, list[Cell]] = {}

    @property
    def last(self) -> int:
        """The number of its last field."""
        return len(self._fields) - 1

    def raw(self, field: int) -> str:
        """A field as sent; empty when it is not there."""
        return self._fields[field] if field < len(self._fields) else ""

    def __call__(self, field: int, component: int = 1, sub: int = 1) -> str:
        """Text of a component of a field's first repetition, unescaped; empty when it is not there."""
        try:
            text = self._fields[field]
        except IndexError:
            return ""
        if not text or self._of.telling(text) is None:
            return text if component == 1 and sub == 1 else ""
        cells = self.cells(field)
        return cells[0](component, sub) if cells else ""

    def cells(self, field: int) -> list[Cell]:
        """Repetitions of a field; none when it is empty."""
        try:
            text = self._fields[field]
        except IndexError:
            return []
        if not text or text == '""':
            return []
        found = self._apart.get(field)
        if found is None:
            mark = self._of.separators.repetition
            parts = text.split(mark) if mark and mark in text else (text,)
            found = self._apart[field] = [Cell(part, self._of) for part in parts]
        return found

    def where(self, field: int) -> str:
        """Its name for an error: ``PID-3``, ``OBX[2]-5`` for the second of its kind."""
        return f"{self.name}[{self.number}]-{field}" if self.number > 1 else f"{self.name}-{field}"

    def error(self, field: int, problem: str) -> MessageError:
        return MessageError(self.where(field), problem)


class Unescape:
    """What escape sequences of one message mean: its separators, and bytes of its character set."""

    __slots__ = ("_pattern", "charset", "separators", "telling")

    def __init__(self, separators: Separators, charset: str) -> None:
        self.separators, self.charset = separators, charset
        self._pattern = _between(separators.escape) if separators.escape else None
        self.telling = _telling(separators).search
        """Finds what makes a text say something else than itself: a separator, an escape, the null."""

    def __call__(self, text: str) -> str:
        """The text meant. A sequence that nobody knows is left as it stands: it may be a path of Windows."""
        if text == '""':
            return ""
        if self._pattern is None or self.separators.escape not in text:
            return text
        return self._pattern.sub(lambda m: self._meaning(m[1], m[0]), text)

    def _meaning(self, code: str, whole: str) -> str:
        literal = _literals(self.separators).get(code)
        if literal is not None:
            return literal
        if match := _HEX.fullmatch(code):
            try:
                return bytes.fromhex(match[1]).decode(self.charset)
            except UnicodeDecodeError:
                return whole
        if match := _LINES.fullmatch(code):
            count = min(int(match[1] or 1), 100)
            return ("\n" if code.startswith(".sp") else " ") * max(count, 0)
        return whole


@lru_cache(maxsize=64)
def _telling(separators: Separators) -> re.Pattern[str]:
    return re.compile("|".join(re.escape(mark) for mark in (*separators[1:], '""') if mark))


@lru_cache(maxsize=64)
def _between(escape: str) -> re.Pattern[str]:
    mark = re.escape(escape)
    return re.compile(f"{mark}([^{mark}]{{1,512}}){mark}")


@lru_cache(maxsize=64)
def _literals(separators: Separators) -> dict[str, str]:
    field, component, repetition, escape, sub = separators
    return _LAYOUT | {"F": field, "S": component, "R": repetition, "E": escape, "T": sub}


def escape(text: str, separators: Separators = USUAL) -> str:
    """A text as a field may hold it, whatever is in it; unescaped it is the same again."""
    mark, codes = separators.escape, _escapes(separators)
    made = "".join(f"{mark}{codes[c]}{mark}" if c in codes else c for c in text)
    return f'{mark}X22{mark}"' if made == '""' else made


@lru_cache(maxsize=64)
def _escapes(separators: Separators) -> dict[str, str]:
    controls = {chr(n): f"X{n:02X}" for n in (*range(0x20), 0x7F)}
    return controls | dict(zip(separators, "FSRET", strict=True))


class Text:
    """A message: its segments in order. Z segments and others that nobody reads stay among them."""

    __slots__ = ("_by_name", "charset", "segments", "separators")

    def __init__(self, segments: list[Segment], separators: Separators, charset: str) -> None:
        self.segments, self.separators, self.charset = segments, separators, charset
        self._by_name: dict[str, list[Segment]] = {}
        for segment in segments:
            self._by_name.setdefault(segment.name, []).append(segment)

    def first(self, name: str) -> Segment | None:
        found = self._by_name.get(name)
        return found[0] if found else None

    def all(self, name: str) -> Sequence[Segment]:
        return self._by_name.get(name, ())

    def need(self, name: str, why: str) -> Segment:
        """The first segment of a name. Raises ``MessageError`` that says why it is needed."""
        found = self.first(name)
        if found is None:
            raise MessageError(name, f"缺少该段: {why}")
        return found

    def groups(self, begins: Callable[[Segment], bool]) -> Iterator[list[Segment]]:
        """Segments from each one that begins a group up to the next that does; what stands before is left out."""
        group: list[Segment] = []
        for segment in self.segments:
            if begins(segment):
                if group:
                    yield group
                group = [segment]
            elif group:
                group.append(segment)
        if group:
            yield group


def charset_of(raw: bytes) -> str:
    """The character set that MSH-18 names; empty when it names none we know. Read from the bytes: a field's
    separator may be the second half of a Chinese character, so all fields from there on are looked at."""
    header = re.split(rb"[\r\n]", raw.lstrip(b"\xef\xbb\xbf\r\n\x0b "), maxsplit=1)[0]
    if len(header) < 5:
        return ""
    named = ""
    for field in header.split(header[3:4])[17:]:
        for part in field.split(b"~"):
            known = _CHARSETS.get(_MARKS.sub(b"", part.upper()).decode("ascii"))
            named = known or named
    return named


def decoded(raw: bytes) -> tuple[str, str]:
    """The text of a message and its character set. Without MSH-18, or with one that cannot hold Chinese, UTF-8 is
    tried, then GB18030. Raises ``MessageError`` for bytes that are not of the set named."""
    named = charset_of(raw)
    for charset in (named,) if named else ("utf-8", "gb18030"):
        try:
            return raw.decode(charset).lstrip(_BOM), charset
        except UnicodeDecodeError:
            continue
    known = named.upper() if named else "UTF-8 或 GB18030"
    raise MessageError("MSH-18", f"原文不是 {known} 编码，请写明所用字符集")


def parse(raw: bytes) -> Text:
    """Segments of one message, whatever its separators, line ends and character set. Raises ``MessageError``."""
    text, charset = decoded(raw)
    text = text.strip("\x0b\x1c\r\n\t ")
    if not text.startswith("MSH"):
        raise MessageError("MSH", "消息须以 MSH 及分隔符开头: MSH|^~\\&|…")
    separators = separators_of(text)
    of = Unescape(separators, charset)
    lines = _lines(text, separators.field)
    counts: dict[str, int] = {}
    segments = []
    for line in lines:
        fields = line.split(separators.field)
        if fields[0] == "MSH":  # the separator itself is MSH-1
            fields[1:2] = [separators.field, fields[1]]
        counts[fields[0]] = counts.get(fields[0], 0) + 1
        segments.append(Segment(fields, counts[fields[0]], of))
    if counts["MSH"] > 1:
        raise MessageError("MSH", "一次含有两条消息，请分别发送")
    return Text(segments, separators, charset)


def separators_of(text: str) -> Separators:
    """MSH-1 and MSH-2. Raises ``MessageError``."""
    field = text[3:4]
    end = text.find(field, 4) if field else -1
    if end < 0 or field.isalnum() or field.isspace():
        raise MessageError("MSH-1", "MSH 之后须为字段分隔符: MSH|^~\\&|…")
    marks = text[4:end]
    if (
        not 1 <= len(marks) <= 5
        or len({field, *marks}) <= len(marks)
        or any(m.isalnum() or m.isspace() for m in marks)
    ):
        raise MessageError("MSH-2", "须为互不相同的分隔符: ^~\\&")
    return Separators(field, *(marks[n : n + 1] for n in range(4)))


def _lines(text: str, field: str) -> list[str]:
    """Segments as lines. A line that begins none goes on with the text of the OBX or NTE before it: some senders do
    not escape the ends of lines in a report. Raises ``MessageError``."""
    lines: list[str] = []
    for number, line in enumerate(text.replace("\r\n", "\r").replace("\n", "\r").split("\r"), 1):
        if _HEAD.match(line) and line[3:4] in ("", field):
            lines.append(line)
        elif not line.strip():
            continue
        elif lines and lines[-1].startswith(_TEXTUAL) and not _LIKE_HEAD.match(line):
            lines[-1] += f"\n{line}"
        else:
            raise MessageError(f"line {number}", "不是段: 每段以三个大写字母和分隔符开头")
    if len(lines) > MAX_SEGMENTS:
        raise MessageError("MSH", f"超过 {MAX_SEGMENTS:,} 段，请分次发送")
    return lines
