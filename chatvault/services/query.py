"""The query language: what people type into a search, as a tree.

    word "exact phrase" -not a OR b (c d) conv* from:"Old Wu" has:photo|video during:2019-05

Terms side by side must all match, and OR binds closer than that: `a b OR c` is `a` and one of `b`
and `c`. Pure: names and platforms are not looked up here, dates become spans by the clock and
zone that are passed in. Whatever is typed gives a tree or a `BadQuery` that points at a column.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, tzinfo
from enum import StrEnum
from typing import NoReturn

import msgspec

from chatvault.errors import BadQuery, Usage, Where
from chatvault.model import MessageKind
from chatvault.services.dates import is_ago, span
from chatvault.vault.tokens import match_phrase, match_word

# Ten thousand prefixes are a bomb and not a question; a query must also fit into an address.
LONGEST = 4096
MOST_TERMS = 100
DEEPEST = 20


class Field(StrEnum):
    """What a filter looks at."""

    FROM = "from"
    IN = "in"
    ON = "on"
    HAS = "has"
    KIND = "kind"


class Word(msgspec.Struct, frozen=True):
    """A word as typed; a `*` at its end asks for words that begin so. See `tokens.match_word`."""

    text: str


class Phrase(msgspec.Struct, frozen=True):
    """Words that stand one behind the other. See `tokens.match_phrase`."""

    text: str


class Filter(msgspec.Struct, frozen=True):
    """A property of a message that must have one of the values; `column` is 0 for an option."""

    field: Field
    values: tuple[str, ...]
    column: int = 0


class Sent(msgspec.Struct, frozen=True):
    """The time a message was sent: from `start`, and before `end`; None is no border. `column` is
    0 for an option."""

    start: int | None = None
    end: int | None = None
    column: int = 0


class Not(msgspec.Struct, frozen=True):
    """What must not match."""

    part: "Query"


class And(msgspec.Struct, frozen=True):
    """All parts must match; with no parts, every message does."""

    parts: tuple["Query", ...]


class Or(msgspec.Struct, frozen=True):
    """One of the parts must match."""

    parts: tuple["Query", ...]


Query = Word | Phrase | Filter | Sent | Not | And | Or
EVERYTHING = And(())

HAS = ("photo", "video", "voice", "file", "link")
KINDS = tuple(kind.value for kind in MessageKind)
_CHOICES = {Field.HAS: HAS, Field.KIND: KINDS}
_DATES = ("before", "after", "until", "during")
_FILTERS = (*(field.value for field in Field), *_DATES)
# What other programs call the same; also the commonest slips of the fingers.
_MEANT = {
    "by": "from", "sender": "from", "author": "from", "user": "from", "form": "from",
    "chat": "in", "group": "in", "conversation": "in", "channel": "in", "with": "in",
    "app": "on", "platform": "on", "source": "on", "service": "on",
    "hase": "has", "is": "kind", "type": "kind",
    "since": "after", "newer": "after", "newer_than": "after", "afer": "after",
    "older": "before", "older_than": "before", "befor": "before", "bevore": "before",
    "untill": "until", "till": "until", "date": "during", "sent": "during", "when": "during",
}  # fmt: skip
_EXAMPLES = {
    **{"from": 'from:Ada or from:"Old Wu"', "in": 'in:Family or in:"Book club"'},
    **{"on": "on:whatsapp", "has": "has:photo|video", "kind": "kind:voice"},
    **{"before": "before:2024-05", "after": "after:2024-05-17"},
    **{"until": "until:2024-05-17", "during": "during:2019-05"},
}
# The quotes that keyboards of several languages and phones put in.
_CLOSED_BY = {
    **dict.fromkeys('"“”„＂', '“”＂"'),
    **{"«": "»", "「": "」", "『": "』"},
}
_KEY = re.compile(r"([A-Za-z_]+)[:：]")
_MINUS = re.compile(r"-+(?=[^\s)])")
_JOINER = re.compile(r"(?:OR|AND)(?=[\s()]|$)")


def parse(text: str, *, now: datetime, zone: tzinfo) -> Query:
    """The tree of a query; an empty one is `EVERYTHING`."""
    if len(text) > LONGEST:
        raise BadQuery(
            f"the query is longer than {LONGEST:,} characters",
            column=LONGEST + 1,
            remedy="search for a part of it",
        )
    parser = _Parser(text, now=now, zone=zone)
    found = parser.group()
    if found is not None:
        return found
    if text.strip():
        raise BadQuery(
            "there is nothing to search for",
            column=len(text) - len(text.lstrip()) + 1,
            remedy="give a letter, a digit or an emoji; punctuation is not in the index",
        )
    return EVERYTHING


def with_filters(
    query: Query, options: Mapping[str, Sequence[str]], *, now: datetime, zone: tzinfo
) -> Query:
    """The query, and the filters of a command's options: `{"from": ["Ada"], "before": ["2024"]}`.

    Several values of one option are alternatives, but dates are limits that must all hold. Names
    are taken as they are: there is nothing to quote.
    """
    added: list[Query] = []
    for name in _FILTERS:
        values = tuple(options.get(name, ()))
        if not values:
            continue
        try:
            for value in values:
                _must_be_given(name, value)
            if name in _DATES:
                added += [_sent(name, value, now=now, zone=zone) for value in values]
            else:
                field = Field(name)
                if field in _CHOICES:
                    values = tuple(part for value in values for part in value.split("|"))
                added.append(Filter(field, tuple(_value(field, value) for value in values)))
        except Usage as wrong:
            where = Where(f"--{name}")
            raise Usage(wrong.message, where=where, remedy=wrong.remedy) from wrong
    own = query.parts if isinstance(query, And) else (query,)
    return _all_of([*own, *added]) or EVERYTHING


def uses_index(query: Query) -> bool:
    """Whether it asks for more than a stretch of time: then the search index answers."""
    parts = query.parts if isinstance(query, And) else (query,)
    return not all(isinstance(part, Sent) for part in parts)


def to_mark(query: Query) -> tuple[list[str], list[str]]:
    """The words and the phrases that a hit may be marked with: those not behind a minus."""
    terms = list(_positive(query))
    words = [term.text for term in terms if isinstance(term, Word)]
    return words, [term.text for term in terms if isinstance(term, Phrase)]


def _positive(query: Query) -> Iterator[Word | Phrase]:
    if isinstance(query, Word | Phrase):
        yield query
    elif isinstance(query, And | Or):
        for part in query.parts:
            yield from _positive(part)


def _all_of(parts: Sequence[Query]) -> Query | None:
    if len(parts) < 2:
        return parts[0] if parts else None
    return And(tuple(parts))


def _must_be_given(name: str, value: str) -> None:
    if not value.strip():
        raise Usage(f"{name} has no value", remedy=f"write {_EXAMPLES[name]}")


def _value(field: Field, value: str) -> str:
    """A value as the index knows it; free for names, one of a list for the rest."""
    value = value.strip()
    if field in (Field.FROM, Field.IN):
        return value
    value = value.casefold()
    if field in _CHOICES and value not in _CHOICES[field]:
        raise Usage(
            f"{field.value} does not know this", remedy=f"it knows {', '.join(_CHOICES[field])}"
        )
    return value


def _sent(name: str, value: str, *, now: datetime, zone: tzinfo, column: int = 0) -> Sent:
    found = span(value, now=now, zone=zone)
    if name == "before":
        return Sent(end=found.start, column=column)
    if name == "until":
        return Sent(end=found.end, column=column)
    if name == "after":
        return Sent(start=found.start, column=column)
    # "during 7d" is said of the last seven days and not of one day a week ago.
    return Sent(found.start, None if is_ago(value) else found.end, column)


class _Parser:
    """Goes through a query once, from left to right."""

    def __init__(self, text: str, *, now: datetime, zone: tzinfo) -> None:
        self._text = text
        self._now = now
        self._zone = zone
        self._at = 0
        self._terms = 0
        self._depth = 0  # of parentheses

    def group(self) -> Query | None:
        """All terms up to the end of the query or of these parentheses; None if there are none."""
        alternatives: list[list[Query]] = []
        joiner, joiner_at = "", 0
        while not self._group_ends():
            if found := _JOINER.match(self._text, self._at):
                if joiner or not alternatives:
                    self._fail_joiner(found[0], self._at)
                joiner, joiner_at = found[0], self._at
                self._at = found.end()
                continue
            terms = self._term()
            if joiner == "OR":
                alternatives[-1] += terms
            else:
                alternatives.append(terms)
            joiner = ""
        if joiner:
            self._fail_joiner(joiner, joiner_at)
        return _all_of(
            [Or(tuple(any_of)) if any_of[1:] else any_of[0] for any_of in alternatives if any_of]
        )

    def _group_ends(self) -> bool:
        while self._at < len(self._text) and self._text[self._at].isspace():
            self._at += 1
        return self._peek() == "" or (self._depth > 0 and self._peek() == ")")

    def _peek(self) -> str:
        return self._text[self._at : self._at + 1]

    def _fail(self, message: str, at: int, *, remedy: str) -> NoReturn:
        raise BadQuery(message, column=at + 1, remedy=remedy)

    def _fail_joiner(self, joiner: str, at: int) -> NoReturn:
        remedy = (
            f'write a {joiner} b; to search for the word itself, put it into quotes: "{joiner}"'
        )
        self._fail(f"{joiner} needs something on both sides", at, remedy=remedy)

    def _term(self) -> list[Query]:
        """One term, or nothing where there are only signs that are not in the index."""
        self._terms += 1
        if self._terms > MOST_TERMS:
            remedy = "search for a sentence in quotes"
            self._fail(f"more than {MOST_TERMS} terms", self._at, remedy=remedy)
        if minus := _MINUS.match(self._text, self._at):
            self._at = minus.end()
            return [Not(part) for part in self._unsigned()]
        return self._unsigned()

    def _unsigned(self) -> list[Query]:
        if self._peek() == "(":
            return self._parentheses()
        if self._peek() in _CLOSED_BY:
            text = self._quoted()
            return [Phrase(text)] if match_phrase(text) else []
        if key := _KEY.match(self._text, self._at):
            name = key[1].casefold()
            if name in _FILTERS:
                return [self._filter(name, self._at, key.end())]
            if name in _MEANT and self._text[key.end() : key.end() + 1].strip():
                example = _EXAMPLES[_MEANT[name]]
                remedy = f"write {example}; to search for the text, put it into quotes"
                self._fail("there is no such filter", self._at, remedy=remedy)
        text = self._bare(stops="")
        return [Word(text)] if match_word(text) else []

    def _parentheses(self) -> list[Query]:
        opened = self._at
        if self._depth == DEEPEST:
            self._fail("too many parentheses inside each other", opened, remedy="write fewer")
        self._at += 1
        self._depth += 1
        found = self.group()
        if self._peek() != ")":
            remedy = 'write ")" behind it, or put the text into quotes'
            self._fail('this "(" is never closed', opened, remedy=remedy)
        self._at += 1
        self._depth -= 1
        return [] if found is None else [found]

    def _quoted(self) -> str:
        opened = self._at
        closing = _CLOSED_BY[self._text[opened]]
        rest = range(opened + 1, len(self._text))
        closed = next((at for at in rest if self._text[at] in closing), None)
        if closed is None:
            self._fail(
                "this quotation never ends", opened, remedy=f"write {closing[-1]} at its end"
            )
        self._at = closed + 1
        return self._text[opened + 1 : closed]

    def _bare(self, *, stops: str) -> str:
        """What stands here up to a space, a stop, or the end of the parentheses around it."""
        start, inner = self._at, 0
        while (char := self._peek()) and not char.isspace() and char not in stops:
            inner += (char == "(") - (char == ")")
            if inner < 0 and self._depth > 0:
                break
            self._at += 1
        return self._text[start : self._at]

    def _filter(self, name: str, key_at: int, value_at: int) -> Query:
        self._at = value_at
        values: list[str] = []
        spans: list[Query] = []
        while True:
            at = self._at
            quoted = self._peek() in _CLOSED_BY if self._peek() else False
            value = self._quoted() if quoted else self._bare(stops="|")
            try:
                _must_be_given(name, value)
                if name in _DATES:
                    column = (at if spans else key_at) + 1
                    spans.append(_sent(name, value, now=self._now, zone=self._zone, column=column))
                else:
                    values.append(_value(Field(name), value))
            except Usage as wrong:
                raise BadQuery(wrong.message, column=at + 1, remedy=wrong.remedy) from wrong
            if self._peek() != "|":
                break
            self._at += 1
        if name in _DATES:
            return Or(tuple(spans)) if len(spans) > 1 else spans[0]
        return Filter(Field(name), tuple(values), column=key_at + 1)
