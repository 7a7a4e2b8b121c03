"""`chatvault platforms`: on one screen what can be read, and by name what to give."""

import json

from program import Terminal, environment, run

from chatvault.importers.registry import IMPORTERS
from chatvault.services.identify import by_app, platforms


def test_all_importers_fit_on_one_screen_with_their_apps() -> None:
    terminal = Terminal("platforms", env=environment(), columns=80)
    assert 0 == terminal.end()
    lines = terminal.shown.splitlines()
    assert 45 >= len(lines)
    assert [] == [one.INFO.key for one in IMPORTERS if one.INFO.key not in terminal.shown]
    assert any(line.startswith("WeChat ") for line in lines)
    assert "chatvault platforms whatsapp" in lines[-1]


def test_every_importer_belongs_to_one_app() -> None:
    known = platforms()
    grouped = [key for keys in by_app(known).values() for key in keys]
    assert sorted(one.importer for one in known) == sorted(grouped)


def test_the_name_of_an_app_or_importer_shows_what_to_give() -> None:
    telegram = run("platforms", "Telegram").out
    assert ["result.json" in telegram, "telegram-html" in telegram] == [True, True]
    one = run("platforms", "telegram-desktop").out
    assert "docs/platforms/telegram-desktop.md" in one
    assert "telegram-html" not in one
    told = json.loads(run("platforms", "--json", "line", "x").out)
    assert ["line-text", "x-dm"] == [one["importer"] for one in told]


def test_an_unknown_name_is_told_how_to_bring_messages_in_anyway() -> None:
    ended = run("platforms", "icq")
    assert (2, "") == (ended.code, ended.out)
    assert "chatvault platforms generic-csv" in ended.err
