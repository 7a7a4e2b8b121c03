"""What to try when a search found nothing: only what is known to find more, or to be meant so."""

from itertools import pairwise

from chatvault.services import query as ask
from chatvault.services.named import folded
from chatvault.services.query import Field, Query
from chatvault.services.select import select
from chatvault.vault import queries
from chatvault.vault.archive import Connection


def advice(db: Connection, query: Query) -> str:
    """One sentence for somebody who found nothing; empty if there is nothing to say."""
    selection = select(db, query)
    if (
        selection.start_ms is not None
        and selection.end_ms is not None
        and selection.start_ms >= selection.end_ms
    ):
        return "no day lies within all of these dates"
    return _torn_name(db, query) or _beginnings(db, query) or _me(query)


def _torn_name(db: Connection, query: Query) -> str:
    """`from:Noor Hallam` is a filter and a word."""
    parts = query.parts if isinstance(query, ask.And) else ()
    for one, behind in pairwise(parts):
        if not (isinstance(one, ask.Filter) and isinstance(behind, ask.Word)):
            continue
        whole = f"{one.values[-1]} {behind.text}"
        if one.column and folded(whole) in _names(db, one.field):
            # Typed without the single quotes, the shell takes the others away.
            name = one.field.value
            return f'for a name with a space write --{name} "{whole}", or \'{name}:"{whole}"\''
    return ""


def _names(db: Connection, field: Field) -> set[str]:
    if field is Field.FROM:
        rows = queries.participant_names(db)
    elif field is Field.IN:
        rows = queries.conversation_titles(db)
    else:
        return set()
    return {folded(name) for _, name in rows}


def _beginnings(db: Connection, query: Query) -> str:
    """Whoever types half a word expects what other programs do with it."""
    begun = _begun(query)
    number = 0 if begun == query else queries.count(db, select(db, begun))
    if not number:
        return ""
    words = " ".join(word for word in ask.to_mark(begun)[0] if word.endswith("*"))
    return f"words are found whole; with * for words that begin so there are {number:,}: {words}"


def _begun(query: Query) -> Query:
    if isinstance(query, ask.Word) and not query.text.endswith("*"):
        return ask.Word(f"{query.text}*")
    if isinstance(query, ask.And | ask.Or):
        return type(query)(tuple(map(_begun, query.parts)))
    return query


def _me(query: Query) -> str:
    parts = query.parts if isinstance(query, ask.And) else (query,)
    asked = [
        value.casefold()
        for part in parts
        if isinstance(part, ask.Filter) and part.field is Field.FROM
        for value in part.values
    ]
    if "me" not in asked:
        return ""
    return (
        "me is whoever exports name as their owner, and some name nobody:"
        " `chatvault people merge --suggest` shows who else may be you"
    )
