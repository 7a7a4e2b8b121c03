"""From what people ask for to a selection of messages: names looked up, filters made tokens."""

import difflib
from collections.abc import Iterable, Iterator, Sequence

from chatvault.errors import BadQuery, Damaged, Usage, Where
from chatvault.services import query as ask
from chatvault.services.named import folded
from chatvault.services.query import Query
from chatvault.vault import people, queries, search_index, tokens
from chatvault.vault.archive import Connection
from chatvault.vault.selection import Selection

HAS = {
    "photo": ("image",),
    "video": ("video", "animation"),
    "voice": ("voice", "audio"),
    "file": ("file",),
    "link": ("link",),
}


def select(db: Connection, query: Query) -> Selection:
    """The messages that a query means; BadQuery when it names somebody or something unknown."""
    dates: list[ask.Sent] = []
    rest: list[Query] = []
    for part in _conditions(query):
        if isinstance(part, ask.Sent):
            dates.append(part)
        else:
            rest.append(part)
    start = max((one.start for one in dates if one.start is not None), default=None)
    end = min((one.end for one in dates if one.end is not None), default=None)
    match = _all(db, rest) if rest else None
    if match is not None and not search_index.is_current(db):
        raise Damaged(
            "an older ChatVault made the search index, and nothing would be found by it",
            where=Where("archive.db"),
            remedy="any command that writes makes it anew",
        )
    return Selection(match, start, end)


def _conditions(query: Query) -> Iterator[Query]:
    """What must all hold, also inside of parentheses."""
    if isinstance(query, ask.And):
        for part in query.parts:
            yield from _conditions(part)
    else:
        yield query


def _expression(db: Connection, query: Query) -> str:
    if isinstance(query, ask.Word):
        return _text(tokens.match_word(query.text))
    if isinstance(query, ask.Phrase):
        return _text(tokens.match_phrase(query.text))
    if isinstance(query, ask.Filter):
        return _scope(_filter_tokens(db, query))
    if isinstance(query, ask.And):
        return _all(db, query.parts)
    if isinstance(query, ask.Or):
        return "(" + " OR ".join(_expression(db, part) for part in query.parts) + ")"
    if isinstance(query, ask.Not):
        return _all(db, [query])
    raise BadQuery(
        "a date cannot stand beside OR or |, nor behind a minus",
        column=query.column,
        remedy="dates hold for the whole query: after:2019 before:2021",
    )


def _all(db: Connection, parts: Iterable[Query]) -> str:
    wanted, unwanted = [], []
    for part in parts:
        if isinstance(part, ask.Not):
            unwanted.append(_expression(db, part.part))
        else:
            wanted.append(_expression(db, part))
    if not wanted:
        # FTS5 knows "a but not b", not "not b": every message has the token of its platform.
        known = [search_index.platform_token(name) for name in queries.platforms(db)]
        wanted = [_scope(known or ["none"])]
    found = " AND ".join(wanted)
    if unwanted:
        found = f"({found}) NOT ({' OR '.join(unwanted)})"
    return f"({found})"


def _text(phrases: Sequence[str]) -> str:
    return "(" + " AND ".join(phrases) + ")"


def _scope(names: Sequence[str]) -> str:
    return "(" + " OR ".join(f'"{name}"' for name in names) + ")"


def _filter_tokens(db: Connection, wanted: ask.Filter) -> list[str]:
    found: list[str] = []
    for value in wanted.values:
        if wanted.field is ask.Field.HAS:
            found += [search_index.has_token(kind) for kind in HAS[value]]
        elif wanted.field is ask.Field.KIND:
            found.append(search_index.kind_token(value))
        elif wanted.field is ask.Field.ON:
            found += [search_index.platform_token(name) for name in _platforms(db, value, wanted)]
        elif wanted.field is ask.Field.FROM:
            if value.casefold() == "me" and (mine := queries.my_participants(db)):
                rows = mine
            else:
                rows = _named(queries.participant_names(db), value, wanted, "participant")
            found += [search_index.sender_token(row) for row in people.expanded(db, rows)]
        else:
            rows = _named(queries.conversation_titles(db), value, wanted, "conversation")
            found += [search_index.conversation_token(row) for row in rows]
    return found


def _platforms(db: Connection, value: str, wanted: ask.Filter) -> list[str]:
    known = queries.platforms(db)
    asked = search_index.letters(value)
    found = [name for name in known if search_index.letters(name) == asked]
    if not found:
        close = difflib.get_close_matches(asked, map(search_index.letters, known), 3, 0.6)
        near = [name for name in known if search_index.letters(name) in close]
        _unknown(wanted, "platform", near, every=known)
    return found


def _named(
    names: Sequence[tuple[int, str]], value: str, wanted: ask.Filter, what: str
) -> list[int]:
    """Rows whose name is the value; if there is none, those whose name contains it."""
    asked = folded(value)
    exact = {row for row, name in names if folded(name) == asked}
    found = exact or {row for row, name in names if asked in folded(name)}
    if not found:
        close = difflib.get_close_matches(asked, {folded(name) for _, name in names}, 3, 0.6)
        _unknown(wanted, what, [name for _, name in names if folded(name) in close])
    return sorted(found)


def names_beginning(db: Connection, what: str, begin: str, *, limit: int) -> list[str]:
    """Names of `conversations` or `people` for somebody who typed the beginning of one."""
    rows = queries.conversation_titles(db)
    if what == "people":
        rows = queries.participant_names(db)
    wanted = folded(begin)
    names = {name for _, name in rows if folded(name).startswith(wanted)}
    return sorted(name for name in names if name and name.isprintable())[:limit]


def _unknown(
    wanted: ask.Filter, what: str, close: Sequence[str], *, every: Sequence[str] = ()
) -> None:
    listed = (
        "`chatvault list people`" if what == "participant" else "`chatvault list conversations`"
    )
    remedy = f"{listed} shows the names"
    if every:
        remedy = f"there are messages of {', '.join(every)}"
    if close:
        remedy = "did you mean " + " or ".join(dict.fromkeys(close[:3])) + f"? {remedy}"
    if wanted.column:
        raise BadQuery(f"there is no such {what}", column=wanted.column, remedy=remedy)
    raise Usage(f"there is no such {what}", where=Where(f"--{wanted.field.value}"), remedy=remedy)
