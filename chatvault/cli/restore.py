"""`chatvault restore`"""

from datetime import tzinfo
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import click

from chatvault.cli._group import Group
from chatvault.cli._options import (
    VaultOptions,
    asked,
    chosen,
    filter_options,
    json_option,
    local_zone,
    media_options,
    now_ms,
    vault_options,
)
from chatvault.cli._output import count, line, name, print_json, progress, size, talk
from chatvault.errors import Usage

if TYPE_CHECKING:
    from chatvault.services.restore_report import Restored

FORMATS = ("json", "csv", "txt", "md", "chatlab")
SHOWN = 20  # damaged files on the screen; more are in --json, all in the index

destination = click.argument("dest", type=click.Path(path_type=Path))
zone_option = click.option(
    "--timezone", metavar="ZONE", help="Zone of the times. [default: this computer's]"
)


@click.group(
    name="restore", cls=Group, epilog="Example: chatvault restore media ~/Pictures/from-my-chats"
)
def command() -> None:
    """Write photos, conversations or whole exports out of the vault, unencrypted.

    Nothing is ever overwritten. Exit code 13 means: something in the vault is damaged; everything
    else was written, and what is missing is listed.
    """


@command.command(
    epilog="Example: chatvault restore media ~/Photos-of-us --from Ottilie --has photo"
)
@destination
@click.option(
    "--keep-dangerous-extensions",
    "keep",
    is_flag=True,
    help="Do not append .bin to programs, pages and shortcuts.",
)
@zone_option
@filter_options
@media_options
@json_option
@vault_options
def media(
    dest: Path,
    filters: dict[str, tuple[str, ...]],
    media: dict[str, str | None],
    *,
    keep: bool,
    timezone: str | None,
    as_json: bool,
    vault: VaultOptions,
) -> None:
    """Photos, videos, voices and files, by conversation and year, with an index.

    Without filters everything comes back, media that no message refers to as well.
    """
    from chatvault.services import restore_media

    options = restore_media.Options(zone=_zone(timezone), keep_dangerous=keep, choice=chosen(media))
    tree = asked((), filters)
    with vault.searching(tree) as opened, progress() as tell:
        report = restore_media.restore_media(
            opened, dest, tree, options=options, note=talk, progress=tell
        )
    more = _listed(report.index)
    if report.renamed:
        more.append(f"{report.renamed:,} would be run or followed by a system: named .bin")
    what = f"{count(report.files, 'file')} of {count(report.conversations, 'conversation')}"
    _finish(report, what, *more, as_json=as_json)


@command.command(epilog="Example: chatvault restore originals ~/exports --import 3")
@destination
@click.option("--import", "number", type=int, metavar="N", help="Only this import.")
@json_option
@vault_options
def originals(dest: Path, *, number: int | None, as_json: bool, vault: VaultOptions) -> None:
    """The exports as they were imported, every file byte for byte."""
    from chatvault.services import restore_originals

    with vault.reading() as opened, progress() as tell:
        report = restore_originals.restore_originals(
            opened, dest, number=number, note=talk, progress=tell
        )
    more = _listed(report.index)
    if report.renamed:
        more.append(f"{report.renamed:,} have other names, because this system cannot hold theirs")
    if report.not_kept:
        more.append(f"{report.not_kept:,} could not be kept when they were imported")
    what = f"{count(report.files, 'file')} of {count(report.imports, 'import')}"
    _finish(report, what, *more, as_json=as_json)


@command.command(
    name="chats", epilog="Example: chatvault restore chats ~/conversations --format txt --in Jory"
)
@destination
@click.option(
    "--format", "form", type=click.Choice(FORMATS), required=True, help="json loses nothing."
)
@click.option(
    "--media/--no-media", "with_media", default=True, help="Write the files of messages, too."
)
@zone_option
@filter_options
@json_option
@vault_options
def conversations(
    dest: Path,
    filters: dict[str, tuple[str, ...]],
    *,
    form: str,
    with_media: bool,
    timezone: str | None,
    as_json: bool,
    vault: VaultOptions,
) -> None:
    """Conversations, a file for each, with their media in a folder beside them."""
    from chatvault.services import restore_chats
    from chatvault.services.writers.told import Frame

    frame = Frame(zone=_zone(timezone), now_ms=now_ms())
    options = restore_chats.Options(restore_chats.FORMS[form], frame, media=with_media)
    tree = asked((), filters)
    with vault.searching(tree) as opened, progress() as tell:
        report = restore_chats.restore_chats(
            opened, dest, tree, options=options, note=talk, progress=tell
        )
    what = f"{count(report.messages, 'message')} and {count(report.files, 'file')}"
    where = count(report.conversations, "conversation")
    _finish(report, f"{where} with {what}", as_json=as_json)


def _zone(text: str | None) -> tzinfo:
    if text is None:
        return local_zone()
    try:
        return ZoneInfo(text)
    except (ZoneInfoNotFoundError, ValueError, OSError) as cause:
        raise Usage(
            "there is no such time zone", remedy="for instance Europe/Berlin or Asia/Shanghai"
        ) from cause


def _finish(report: "Restored", what: str, *more: str, as_json: bool) -> None:
    """Say what was written, and end with the code that says whether that is everything."""
    if as_json:
        print_json(report)
    else:
        click.echo(f"{what}, {size(report.bytes)}, in {line(report.folder)}")
        for text in more:
            click.echo(f"  {text}")
        for lost in report.damaged[:SHOWN]:
            click.echo(f"  damaged: {name(lost.name)} ({line(lost.pack)}: {line(lost.reason)})")
        hidden = len(report.damaged) + report.more_damaged - SHOWN
        if hidden > 0:
            click.echo(f"  and {count(hidden, 'more damaged file')}")
    if report.damaged:
        talk("hint: bring the damaged packs back from a copy of the vault, then restore again")
    if report.stopped is not None:
        talk(f"chatvault: stopped: {line(report.stopped)}")
        talk("hint: what is listed is whole; free some space, and restore into another folder")
    if report.exit_code:
        click.get_current_context().exit(report.exit_code)


def _listed(index: tuple[str, ...]) -> list[str]:
    return [f"each file is listed in {' and '.join(map(line, index))}"] if index else []
