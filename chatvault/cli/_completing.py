"""What the shell offers behind an option: names out of the vault, where it opens without asking."""

import os
import re
from typing import TYPE_CHECKING, Any

import click
from click.shell_completion import CompletionItem

from chatvault.cli import _remembered
from chatvault.cli._secrets import SecretOptions, is_given, read_secret
from chatvault.errors import ChatVaultError

if TYPE_CHECKING:
    from collections.abc import Sequence

MOST = 200
NEEDS_BACKSLASH = re.compile(r"([\s\\'\"`$&|;<>()\[\]{}*?!#~])")


def conversations(
    ctx: click.Context, _param: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Titles of conversations."""
    return _names(ctx, "conversations", incomplete)


def people(ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Names of those who sent messages, and `me`."""
    return _names(ctx, "people", incomplete)


def choices(_ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """What `--has`, `--kind` and `--on` know."""
    from chatvault.services.identify import platforms
    from chatvault.services.query import HAS, KINDS

    known: dict[str, Sequence[str]] = {
        "filter_has": HAS,
        "filter_kind": KINDS,
        "filter_on": sorted({one.platform for one in platforms()}),
    }
    found = known.get(param.name or "", ())
    return [CompletionItem(name) for name in found if name.startswith(incomplete.casefold())]


def _names(ctx: click.Context, what: str, incomplete: str) -> list[CompletionItem]:
    """A shell that waits for us must never be asked for a passphrase, nor see an error."""
    vault = _vault(ctx)
    given = is_given(vault.secrets)
    if not given and not _remembered.may_be(vault.folder):
        return []
    from chatvault.services import opening, select

    try:
        layout = opening.layout_at(vault.folder)
        if given:
            found = opening.unlock(layout, opening.parse_secret(read_secret(vault.secrets)))
        elif (remembered := _remembered.opened_silently(layout)) is not None:
            found = remembered
        else:
            return []
        with opening.reading(layout, found.ring) as opened:
            names = select.names_beginning(opened.db, what, incomplete, limit=MOST)
    except (ChatVaultError, OSError):
        return []
    return [CompletionItem(_quoted(name)) for name in names]


def _vault(ctx: click.Context) -> Any:
    from chatvault.cli._options import VaultOptions, default_folder

    given = ctx.params
    secrets = SecretOptions(given.get("passphrase_file"), given.get("passphrase_command"))
    return VaultOptions(given.get("folder") or default_folder(), secrets)


def _quoted(name: str) -> str:
    """As it has to stand on the line: bash takes it as it is, other shells put in quotes."""
    if os.environ.get("_CHATVAULT_COMPLETE", "").startswith("bash"):
        # Doubled: the function of click's that hands it to bash takes one away.
        return NEEDS_BACKSLASH.sub(r"\\\\\1", name)
    return name
