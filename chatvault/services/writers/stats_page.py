"""The numbers as one page of HTML: it needs nothing besides itself, runs nothing, and asks nobody.

Names from exports pass `name`; everything else on the page is ours. The browser is told to load
nothing at all, and of styles only the one whose hash stands in the page.
"""

import base64
import hashlib
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, tzinfo
from html import escape
from itertools import count

from chatvault.services.dates import show_time
from chatvault.services.escape import Lines, for_terminal, short_name
from chatvault.services.stats import ConversationCount, PersonCount, Stats
from chatvault.services.stats_gaps import Gap
from chatvault.services.writers import stats_plots as plots
from chatvault.services.writers.stats_plots import Axis
from chatvault.services.writers.stats_style import STYLE
from chatvault.services.writers.stats_words import (
    MONTHS,
    counted,
    long_day,
    long_month,
    platform_title,
    short_month,
    size,
)

COLOURS = 6  # for platforms; those beyond share the one of the rest
MOST_ROWS = 50  # conversations and people on the page; the others are summed up
MOST_GAPS = 40
Row = tuple[str, int, int]  # a name as HTML, its number, its colour


def page(found: Stats, *, zone: tzinfo, now_ms: int) -> str:
    """The whole page."""
    return "".join(_Page(found, zone, now_ms).pieces())


def name(text: str, *, instead: str = "no name") -> str:
    """A name from an export: harmless, of bounded length, and unable to turn its surroundings."""
    return f"<bdi>{escape(short_name(text)) or instead}</bdi>"


def policy() -> str:
    """What the browser may load."""
    digest = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
    return f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"


class _Page:
    def __init__(self, found: Stats, zone: tzinfo, now_ms: int) -> None:
        self._found = found
        self._zone = zone
        self._now = show_time(now_ms, zone)[:10]
        self._ids = count(1)
        self._colour = {
            one.platform: min(place, COLOURS) for place, one in enumerate(found.platforms)
        }
        self._axis = plots.axis(found.months) if found.months else None

    def pieces(self) -> Iterator[str]:
        """From the first line to the last."""
        found = self._found
        yield (
            '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
            f'<meta http-equiv="Content-Security-Policy" content="{policy()}">'
            '<meta name="viewport" content="width=device-width, initial-scale=1">'
            '<meta name="referrer" content="no-referrer">'
            f"<title>{counted(found.totals.messages, 'message')}</title>"
            f"<style>{STYLE}</style></head>\n<body><main>\n"
        )
        yield self._head()
        if self._axis is not None:
            yield self._months(self._axis)
            yield self._days()
            yield self._conversations(self._axis)
        yield self._people()
        yield self._kinds()
        if found.gaps is not None and found.months:
            yield self._gaps(found.gaps)
        yield (
            f"<footer>Made by ChatVault on {long_day(self._now)}, on the computer that holds the"
            f" messages. Days and hours are those of {escape(found.zone)}. This page is not"
            " encrypted: whoever has the file can read it.</footer>\n</main></body></html>\n"
        )

    def _head(self) -> str:
        found, totals = self._found, self._found.totals
        lead = f"in {counted(totals.conversations, 'conversation')}"
        if found.first is not None and found.last is not None:
            first, last = self._day(found.first), self._day(found.last)
            when = f"on {first}" if first == last else f"from {first} to {last}"
            lead = f"{when}, {lead}"
        if totals.people:
            lead = f"{lead}, written by {counted(totals.people, 'person', 'people')}"
        lead = f"{lead}."
        tiles = "".join(
            f"<div><dt>{title}</dt><dd>{value}"
            + (f' <span class="note">{note}</span>' if note else "")
            + "</dd></div>"
            for title, value, note in self._tiles()
        )
        return (
            f"<header><h1>{counted(totals.messages, 'message')}</h1>"
            f'<p class="lead">{lead[0].upper()}{lead[1:]}</p><dl class="tiles">{tiles}</dl>'
            "</header>\n"
        )

    def _tiles(self) -> Iterator[tuple[str, str, str]]:
        found, totals = self._found, self._found.totals
        yield "days with messages", f"{totals.days:,}", ""
        if found.months:
            best = max(found.months, key=lambda one: one.messages)
            yield "busiest month", long_month(best.month), counted(best.messages, "message")
        if totals.media:
            lacking = f", {totals.media_missing:,} missing" if totals.media_missing else ""
            yield "photos and files", f"{totals.media:,}", size(totals.media_bytes) + lacking
        if found.longest_silence is not None:
            silence = found.longest_silence
            since = f"from {long_day(silence.start)}"
            yield "longest silence", counted(silence.days, "day"), since

    def _day(self, at: str) -> str:
        return long_day(datetime.fromisoformat(at).astimezone(self._zone).date().isoformat())

    def _months(self, axis: Axis) -> str:
        found = self._found
        parts = [one.months for one in found.platforms[:COLOURS]]
        rest = [month for one in found.platforms[COLOURS:] for month in one.months]
        shown = [*parts, rest] if rest else parts
        key = [
            f"<li>{plots.dot(place)}{name(platform_title(one.platform))} {one.messages:,}</li>"
            for place, one in enumerate(found.platforms[:COLOURS])
        ]
        if rest:
            more = found.platforms[COLOURS:]
            key.append(
                f"<li>{plots.dot(COLOURS)}{counted(len(more), 'other')}"
                f" {sum(one.messages for one in more):,}</li>"
            )
        told = "; ".join(f"{one.year}: {one.messages:,}" for one in found.years)
        drawn = plots.svg(
            plots.timeline(shown, axis), title="Messages over time, by platform",
            told=f"Messages of each year: {told}.", kind="tall", ids=self._ids,
        )  # fmt: skip
        left_out = ""
        if axis.left_out:
            left_out = (
                f'<p class="note">{counted(axis.left_out, "message")} of many years before or'
                " after are not drawn: their dates may be wrong. They are in the table.</p>"
            )
        return (
            f"<section><h2>Over time</h2><figure>{drawn}"
            f'<ul class="key">{"".join(key)}</ul></figure>{left_out}{self._month_table()}'
            "</section>\n"
        )

    def _month_table(self) -> str:
        numbers = {one.month: one.messages for one in self._found.months}
        rows = [
            [
                one.year,
                *(f"{numbers.get(f'{one.year}-{month:02}', 0):,}" for month in range(1, 13)),
                f"{one.messages:,}",
            ]
            for one in self._found.years
        ]
        return _table(["year", *(month[:3] for month in MONTHS), "all"], rows)

    def _days(self) -> str:
        found = self._found
        busiest = max(range(24), key=lambda hour: found.hours[hour])
        hours = plots.svg(
            plots.hours(found.hours), title="Messages by hour of the day", kind="low",
            told=f"Most are of {busiest}:00 to {busiest + 1}:00. All numbers: the table below.",
            ids=self._ids,
        )  # fmt: skip
        week = plots.svg(
            plots.week(found.weekdays), title="Messages by day of the week and hour", kind="week",
            told="The stronger the colour, the more messages. All numbers: the table below.",
            ids=self._ids,
        )  # fmt: skip
        scale = "".join(
            f'<svg aria-hidden="true" viewBox="0 0 2 2"><rect class="h{step}" width="2"'
            ' height="2"/></svg>'
            for step in range(plots.LEVELS + 1)
        )
        rows = [
            [day.weekday, *(f"{number:,}" for number in day.hours), f"{day.messages:,}"]
            for day in found.weekdays
        ]
        head = ["", *map(str, range(24)), "all"]
        days = [(day.weekday, day.messages, 0) for day in found.weekdays]
        return (
            "<section><h2>Hours and days</h2>"
            f"<figure><figcaption>by hour of the day</figcaption>{hours}</figure>"
            f"<figure><figcaption>by day of the week and hour</figcaption>{week}"
            f'<ul class="key scale"><li>fewer {scale} more</li></ul></figure>'
            f"{_bars('day', days)}{_table(head, rows)}</section>\n"
        )

    def _conversations(self, axis: Axis) -> str:
        listed = self._found.conversations[:MOST_ROWS]
        rows = "".join(self._conversation(one, axis) for one in listed)
        more = self._found.conversations[MOST_ROWS:]
        return (
            '<section><h2>Conversations</h2><table class="bars"><thead><tr>'
            '<th class="name" scope="col">conversation</th>'
            '<th class="number" scope="col">messages</th>'
            f'<th scope="col">over time</th><th class="when" scope="col">first and last</th>'
            f"</tr></thead><tbody>{rows}</tbody></table>"
            f"{_rest(more, 'other conversation')}</section>\n"
        )

    def _conversation(self, one: ConversationCount, axis: Axis) -> str:
        colour = self._colour[one.platform]
        when = ""
        if one.first is not None and one.last is not None:
            when = " to ".join(
                dict.fromkeys(
                    short_month(datetime.fromisoformat(at).astimezone(self._zone).isoformat())
                    for at in (one.first, one.last)
                )
            )
        outline = plots.spark(plots.summed(one.months, axis), axis, colour)
        return (
            f'<tr><th class="name dotted" scope="row">{plots.dot(colour)}{name(one.title)}</th>'
            f'<td class="number">{one.messages:,}</td><td>{outline}</td>'
            f'<td class="when">{when}</td></tr>'
        )

    def _people(self) -> str:
        people = self._found.people
        if not people:
            return ""
        rows = [(_person(one), one.messages, 1 if one.is_me else 0) for one in people[:MOST_ROWS]]
        return (
            f"<section><h2>People</h2>{_bars('person', rows)}"
            f"{_rest(people[MOST_ROWS:], 'other person', 'other people')}</section>\n"
        )

    def _kinds(self) -> str:
        found = self._found
        kinds = [(words(one.kind), one.messages, 0) for one in found.kinds]
        platforms = [
            (name(platform_title(one.platform)), one.messages, self._colour[one.platform])
            for one in found.platforms
        ]
        if not kinds:
            return ""
        media = ""
        if found.media:
            rows = [
                [
                    words(one.kind), f"{one.count:,}", size(one.bytes) if one.bytes else "-",
                    f"{one.missing:,}" if one.missing else "-",
                ]
                for one in found.media
            ]  # fmt: skip
            lines = _lines(["kind", "number", "size", "missing"], rows, more="facts")
            media = (
                f"<section><h2>Photos and other files</h2>{lines}"
                '<p class="note">Missing are those that no export had.</p></section>\n'
            )
        return (
            '<section class="pair"><div><h2>Kinds of messages</h2>'
            f"{_bars('kind', kinds)}</div><div><h2>Platforms</h2>{_bars('platform', platforms)}"
            f"</div></section>\n{media}"
        )

    def _gaps(self, gaps: Sequence[Gap]) -> str:
        if not gaps:
            return (
                "<section><h2>Gaps in the record</h2><p>None were found: no conversation falls"
                " silent in a way that looks as if an export was missing.</p></section>\n"
            )
        more = len(gaps) - MOST_GAPS
        rest = f'<p class="note">And {more:,} more.</p>' if more > 0 else ""
        return (
            "<section><h2>Gaps in the record</h2><p>Here conversations fall silent although they"
            " evidently went on. Perhaps an export of this time is missing, or another phone has"
            f" it.</p>{''.join(map(_gap, gaps[:MOST_GAPS]))}{rest}</section>\n"
        )


def words(kind: str) -> str:
    """A word of the records for people."""
    return escape(kind.replace("_", " "))


def _gap(gap: Gap) -> str:
    platform = name(platform_title(gap.platform))
    where = f"all of {platform} ({counted(gap.conversations, 'conversation')})"
    if gap.conversation is not None:
        where = f"{name(gap.conversation)} ({platform})"
    why = "".join(f"<li>{escape(for_terminal(reason, Lines.SHOWN))}</li>" for reason in gap.why)
    return (
        f'<div class="gap"><p><strong>{where}</strong>: nothing from {long_day(gap.start)} to'
        f" {long_day(gap.end)}, {counted(gap.days, 'day')}</p><ul>{why}</ul></div>"
    )


def _person(one: PersonCount) -> str:
    told = ", ".join(name(platform_title(platform)) for platform in one.platforms)
    return f'{name(one.name)}{" (you)" * one.is_me} <span class="note">{told}</span>'


def _rest(more: Iterable[ConversationCount | PersonCount], one: str, many: str = "") -> str:
    numbers = [item.messages for item in more]
    if not numbers:
        return ""
    return (
        f'<p class="note">And {counted(len(numbers), one, many)} with'
        f" {counted(sum(numbers), 'message')}.</p>"
    )


def _bars(what: str, rows: Sequence[Row]) -> str:
    top = max((number for _, number, _ in rows), default=0)
    return (
        f'<table class="bars"><thead><tr><th class="name" scope="col">{what}</th>'
        '<th class="number" scope="col">messages</th><td></td></tr></thead><tbody>'
        + "".join(
            f'<tr><th class="name" scope="row">{title}</th><td class="number">{number:,}</td>'
            f"<td>{plots.bar(number, top, colour)}</td></tr>"
            for title, number, colour in rows
        )
        + "</tbody></table>"
    )


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    return f"<details><summary>As a table</summary>{_lines(head, rows)}</details>"


def _lines(head: Sequence[str], rows: Sequence[Sequence[str]], *, more: str = "") -> str:
    top = "".join(f'<th scope="col">{cell}</th>' for cell in head)
    body = "".join(
        f'<tr><th scope="row">{row[0]}</th>' + "".join(f"<td>{c}</td>" for c in row[1:]) + "</tr>"
        for row in rows
    )
    return (
        f'<div class="scroll"><table class="numbers {more}"><thead><tr>{top}</tr></thead>'
        f"<tbody>{body}</tbody></table></div>"
    )
