"""`chatvault stats`"""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from chatvault.cli._options import (
    VaultOptions,
    asked,
    filter_options,
    json_option,
    local_day,
    local_zone,
    local_zone_name,
    now_ms,
    vault_options,
)
from chatvault.cli._output import (
    count,
    data,
    hanging,
    line,
    name,
    print_json,
    size,
    table,
    talk,
    terminal_columns,
)
from chatvault.cli._plots import bars, outline, shades, title

if TYPE_CHECKING:
    from chatvault.services.query import Query
    from chatvault.services.stats import Stats, Weekday
    from chatvault.services.stats_gaps import Gap

SHOWN = 15  # conversations, people and gaps on the screen; all are in --json
MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
INDENT = "  "


@click.command(epilog="Example: chatvault stats --in Family --html family.html")
@filter_options
@click.option(
    "--html",
    "page",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Write a page with plots into this new file, not encrypted.",
)
@json_option
@vault_options
def command(
    filters: dict[str, tuple[str, ...]],
    page: Path | None,
    *,
    as_json: bool,
    vault: VaultOptions,
) -> None:
    """Count messages by month, person, conversation, platform and hour; tell what may be missing.

    Months in which a conversation is silent although it evidently went on before and after are
    told, with the reasons: perhaps an export is missing. More: docs/stats.md.
    """
    tree = asked((), filters)
    found = _counted(tree, vault) if page is None else _written(page, tree, vault)
    if as_json:
        print_json(found)
    elif page is None:
        _show(found)
    if page is not None:
        talk(f"wrote {line(str(page))}: open it in a browser. It is not encrypted.")


def _counted(tree: "Query", vault: VaultOptions) -> "Stats":
    from chatvault.services.stats import stats

    with vault.searching(tree) as opened:
        return stats(opened.db, tree, zone=local_zone(), zone_name=local_zone_name())


def _written(page: Path, tree: "Query", vault: VaultOptions) -> "Stats":
    from chatvault.services.new_file import new_file
    from chatvault.services.writers import stats_page

    with new_file(page, vault.folder) as write:
        found = _counted(tree, vault)
        write(stats_page.page(found, zone=local_zone(), now_ms=now_ms()).encode())
    return found


def _show(found: "Stats") -> None:
    for text in _summary(found):
        hanging(text, INDENT)
    if not found.totals.messages:
        return
    if found.months:
        title("months")
        _months(found)
        title("hours and days of the week")
        _week(found.weekdays)
    _listed("conversations", [(c.title, c.messages) for c in found.conversations])
    _listed("people", [(p.name, p.messages) for p in found.people])
    title("platforms")
    bars(["platform", "messages"], [(line(p.platform), p.messages) for p in found.platforms])
    title("kinds of messages")
    bars(["kind", "messages"], [(k.kind.replace("_", " "), k.messages) for k in found.kinds])
    if found.media:
        title("photos and other files")
        rows = [[m.kind, f"{m.count:,}", size(m.bytes), f"{m.missing:,}"] for m in found.media]
        table(["kind", "number", "size", "missing"], rows)
    if found.gaps:
        title("gaps in the record")
        _gaps(found.gaps)


def _summary(found: "Stats") -> Iterator[str]:
    totals = found.totals
    places = count(totals.conversations, "conversation")
    people = count(totals.people, "person", "people")
    yield f"{count(totals.messages, 'message')} in {places}, by {people}"
    if found.first is not None:
        span = " to ".join(dict.fromkeys([local_day(found.first), local_day(found.last)]))
        yield f"{span}, messages on {count(totals.days, 'day')}"
    if found.longest_silence is not None:
        silence = found.longest_silence
        days = count(silence.days, "day")
        yield f"longest silence: {days}, {silence.start} to {silence.end}"
    if totals.media:
        lacking = f", {totals.media_missing:,} missing" if totals.media_missing else ""
        media = count(totals.media, "photo or other file", "photos and other files")
        yield f"{media}, {size(totals.media_bytes)}{lacking}"
    if totals.without_time:
        yield f"{count(totals.without_time, 'message')} without a time"


def _listed(what: str, rows: list[tuple[str, int]]) -> None:
    if not rows:
        return
    title(what)
    bars([what, "messages"], [(name(told) or "-", number) for told, number in rows[:SHOWN]])
    if len(rows) > SHOWN:
        data(f"and {len(rows) - SHOWN:,} more: chatvault list {what}")


def _months(found: "Stats") -> None:
    """On a terminal a line for each year with its twelve months, elsewhere one for each month."""
    if terminal_columns() is None:
        table(["month", "messages"], [[one.month, str(one.messages)] for one in found.months])
        return
    numbers = {one.month: one.messages for one in found.months}
    top = max(numbers.values())
    wide = 4 if (terminal_columns() or 0) >= 72 else 2
    heads = [month[: wide - 1].ljust(wide) for month in MONTHS]
    data(f"{'':6}{''.join(heads)}".rstrip())
    right = max(len(f"{year.messages:,}") for year in found.years)
    for year in found.years:
        months = [numbers.get(f"{year.year}-{month:02}", 0) for month in range(1, 13)]
        data(f"{year.year}  {outline(months, top, wide=wide)}{INDENT}{year.messages:>{right},}")


def _week(days: "tuple[Weekday, ...]") -> None:
    """On a terminal a field for each hour of the week, elsewhere a line for each day."""
    columns = terminal_columns()
    if columns is None:
        table(
            ["day", "messages", *map(str, range(24))],
            [[day.weekday, str(day.messages), *map(str, day.hours)] for day in days],
        )
        return
    top = max((max(day.hours) for day in days), default=0) or 1
    wide = 3 if columns >= 96 else 2 if columns >= 64 else 1
    data(f"{'':5}" + "".join(f"{hour:<{6 * wide}}" for hour in (0, 6, 12, 18)).rstrip())
    right = max(len(f"{day.messages:,}") for day in days)
    for day in days:
        drawn = shades(day.hours, top, wide=wide)
        data(f"{day.weekday[:3]}  {drawn}{INDENT}{day.messages:>{right},}")


def _gaps(gaps: "tuple[Gap, ...]") -> None:
    for gap in gaps[:SHOWN]:
        where = (name(gap.conversation) or "-") if gap.conversation is not None else "all"
        days = count(gap.days, "day")
        hanging(
            f"{where} ({line(gap.platform)}): nothing from {gap.start} to {gap.end}, {days}", INDENT
        )
        for reason in gap.why:
            hanging(f"{INDENT}{line(reason)}", INDENT * 2)
    if len(gaps) > SHOWN:
        data(f"and {len(gaps) - SHOWN:,} more: chatvault stats --json")
    talk("perhaps an export of that time is missing: more in docs/stats.md")
