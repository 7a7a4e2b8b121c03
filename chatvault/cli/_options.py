"""Options that several commands share, written once."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache, wraps
from pathlib import Path
from typing import Any, TypeVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import click

from chatvault.cli import _completing, _remembered
from chatvault.cli._output import count, line, progress, talk
from chatvault.cli._secrets import SecretOptions, read_secret

F = TypeVar("F", bound=Callable[..., Any])
FILTERS = ("from", "in", "on", "has", "kind", "before", "after", "until", "during")
MEDIA_FILTERS = ("larger", "smaller", "taken", "taken-after", "taken-before", "near")


@dataclass(frozen=True)
class VaultOptions:
    """Which vault, and where its passphrase is."""

    folder: Path
    secrets: SecretOptions

    @contextmanager
    def reading(self) -> Iterator[Any]:
        """The open vault, for commands that change nothing and do not search."""
        from chatvault.services import opening

        layout, ring = self.unlocked()
        with opening.reading(layout, ring) as vault:
            _tell_behind(vault)
            yield vault

    @contextmanager
    def searching(self, query: Any = None) -> Iterator[Any]:
        """The same for commands that look into the search index, or for those that do so for some
        queries. An index that an older ChatVault made is made anew first."""
        from chatvault.services import opening
        from chatvault.services.query import uses_index

        layout, ring = self.unlocked()
        with ExitStack() as stack:
            vault = stack.enter_context(opening.reading(layout, ring))
            if (query is None or uses_index(query)) and not opening.is_index_current(vault):
                stack.close()
                _renew_index(layout, ring)
                vault = stack.enter_context(opening.reading(layout, ring))
            _tell_behind(vault)
            yield vault

    @contextmanager
    def writing(self) -> Iterator[Any]:
        """The open vault, for the one command that changes it."""
        from chatvault.services import unlock

        layout, ring = self.unlocked()
        with ExitStack() as stack:
            with progress() as told:
                opening = unlock.writing(layout, ring, tell=talk, progress=told)
                vault = stack.enter_context(opening)
            yield vault

    def unlocked(self) -> tuple[Any, Any]:
        """The folder and the key ring."""
        from chatvault.services import opening

        layout = opening.layout_at(self.folder)
        opened = _remembered.opened(layout, self.secrets)
        if opened is None:
            opened = opening.unlock(layout, opening.parse_secret(read_secret(self.secrets)))
        for trouble in opened.trouble:
            talk(f"warning: keys/{trouble.slot}: {line(trouble.reason)}")
        return layout, opened.ring


def _tell_behind(vault: Any) -> None:
    behind = len(vault.compare().unknown)
    if behind:
        talk(f"note: {count(behind, 'pack')} not taken in yet; the next import does that")


def _renew_index(layout: Any, ring: Any) -> None:
    from chatvault.services import unlock

    with progress() as told:
        unlock.renew_index(layout, ring, tell=talk, progress=told)


def default_folder() -> Path:
    """Where a vault lies when nobody says where."""
    import platformdirs

    return Path(platformdirs.user_data_dir("chatvault", appauthor=False)) / "my.chatvault"


def vault_options(function: F) -> F:
    """--vault, --passphrase-file and --passphrase-command, as one `vault` parameter."""

    @click.option(
        "--vault",
        "folder",
        type=click.Path(path_type=Path),
        metavar="FOLDER",
        envvar="CHATVAULT_VAULT",
        help="The vault. [default: in the data folder of this computer's user]",
    )
    @click.option(
        "--passphrase-file",
        type=click.Path(path_type=Path),
        metavar="FILE",
        help="Read the passphrase from the first line of a file that only you can read.",
    )
    @click.option(
        "--passphrase-command",
        metavar="COMMAND",
        help="Run this command; it prints the passphrase.",
    )
    @wraps(function)
    def wrapper(
        *args: Any,
        folder: Path | None,
        passphrase_file: Path | None,
        passphrase_command: str | None,
        **more: Any,
    ) -> Any:
        secrets = SecretOptions(passphrase_file, passphrase_command)
        return function(*args, vault=VaultOptions(folder or default_folder(), secrets), **more)

    return wrapper  # type: ignore[return-value]  # click adds parameters; the function stays the same


def filter_options(function: F) -> F:
    """The filters, the same everywhere, as one `filters` parameter."""

    @click.option(
        "--from",
        "filter_from",
        multiple=True,
        metavar="NAME",
        shell_complete=_completing.people,
        help="Who sent it.",
    )
    @click.option(
        "--in",
        "filter_in",
        multiple=True,
        metavar="TITLE",
        shell_complete=_completing.conversations,
        help="In which conversation.",
    )
    @click.option(
        "--on",
        "filter_on",
        multiple=True,
        metavar="PLATFORM",
        shell_complete=_completing.choices,
        help="On which platform.",
    )
    @click.option(
        "--has",
        "filter_has",
        multiple=True,
        metavar="WHAT",
        shell_complete=_completing.choices,
        help="photo, video, voice, file or link.",
    )
    @click.option(
        "--kind",
        "filter_kind",
        multiple=True,
        metavar="KIND",
        shell_complete=_completing.choices,
        help="text, call, poll, ...",
    )
    @click.option(
        "--before", "filter_before", multiple=True, metavar="DATE", help="Before that day."
    )
    @click.option(
        "--after", "filter_after", multiple=True, metavar="DATE", help="From that day on."
    )
    @click.option(
        "--until", "filter_until", multiple=True, metavar="DATE", help="That day included."
    )
    @click.option(
        "--during",
        "filter_during",
        multiple=True,
        metavar="DATE",
        help="2019, 2019-05 or 2019-05-17.",
    )
    @wraps(function)
    def wrapper(*args: Any, **more: Any) -> Any:
        filters = {name: more.pop(f"filter_{name}") for name in FILTERS}
        return function(*args, filters=filters, **more)

    return wrapper  # type: ignore[return-value]  # click adds parameters; the function stays the same


def media_options(function: F) -> F:
    """Filters for pictures and other files, as one `media` parameter: what was typed, by option."""

    @click.option("--larger", metavar="SIZE", help="Larger than 500KB, 1.5MB, ...")
    @click.option("--smaller", metavar="SIZE", help="Smaller than that.")
    @click.option("--taken", metavar="DATE", help="Photos taken in 2019, 2019-05 or 2019-05-17.")
    @click.option("--taken-after", metavar="DATE", help="Photos taken from that day on.")
    @click.option("--taken-before", metavar="DATE", help="Photos taken before that day.")
    @click.option(
        "--near", metavar="LAT,LON[,KM]", help="Photos taken near a place. [default: 1 km]"
    )
    @wraps(function)
    def wrapper(*args: Any, **more: Any) -> Any:
        media = {name: more.pop(name.replace("-", "_")) for name in MEDIA_FILTERS}
        return function(*args, media=media, **more)

    return wrapper  # type: ignore[return-value]  # click adds parameters; the function stays the same


def chosen(media: dict[str, str | None]) -> Any:
    """The files that those options mean."""
    from chatvault.services.media_filters import file_choice

    return file_choice(media, now=datetime.now(UTC), zone=local_zone())


def asked(query: Sequence[str], filters: dict[str, tuple[str, ...]]) -> Any:
    """The query that words and options make together."""
    from chatvault.services.query import parse, with_filters

    now, zone = datetime.now(UTC), local_zone()
    tree = parse(" ".join(query), now=now, zone=zone)
    return with_filters(tree, filters, now=now, zone=zone)


@cache
def local_zone_name() -> str:
    """The zone of this computer, by its name."""
    import tzlocal

    try:
        name: str = tzlocal.get_localzone_name()
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, TypeError, OSError):
        return "UTC"
    return name


def local_zone() -> ZoneInfo:
    """The zone of this computer."""
    return ZoneInfo(local_zone_name())


def local_time(text: str | None) -> str:
    """A time of --json as the clock of this computer shows it, to the minute; empty for none."""
    if text is None:
        return ""
    return datetime.fromisoformat(text).astimezone(local_zone()).strftime("%Y-%m-%d %H:%M")


def local_day(text: str | None) -> str:
    """The day of it; empty for none."""
    return local_time(text)[:10]


def now_ms() -> int:
    """The time, in UTC milliseconds."""
    return time.time_ns() // 1_000_000


json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON (docs/json.md).")
