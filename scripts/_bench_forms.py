"""The same messages out of every form of export that has to stream: rate, and memory above all."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import make_export
import msgspec
from _bench_results import Form
from _bench_tools import MeasuredVault, Ran, folder_size, imported
from _environment import say
from _make_history import WHOLE

NAMES = {
    "telegram": "Telegram Desktop, JSON",
    "weflow": "WeChat by WeFlow, JSON",
    "qq-jsonl": "QQ by qq-chat-exporter, JSONL in chunks",
    "qq-mht": "QQ's own MHT, with pictures",
    "sms": "SMS Backup & Restore, XML",
    "discord": "Discord by DiscordChatExporter, JSON",
    "slack": "Slack, a workspace",
}


def measure(work: Path, messages: int, *, seed: int, rounds: int) -> tuple[Form, ...]:
    """Import each into an empty vault. One export and one vault are on the disk at a time."""
    found = []
    for form, name in NAMES.items():
        say(f"  {name}")
        export = work / f"form-{form}"
        export.mkdir()
        make_export.MESSAGES[form](export, messages, seed, WHOLE)
        took = tuple(_import(work, export, form, messages).took for _ in range(rounds))
        files = sum(path.is_file() for path in export.rglob("*"))
        found.append(Form(name, messages, folder_size(export), files, took))
        shutil.rmtree(export)
    shutil.rmtree(work / "form.chatvault")
    return tuple(found)


def _import(work: Path, export: Path, form: str, messages: int) -> Ran:
    ran, counts = imported(MeasuredVault.make(work / "form.chatvault"), export)
    if (messages, messages) != (counts.items, counts.new):
        said = msgspec.json.encode(counts).decode()
        sys.exit(f"{form}: {messages:,} messages should be new, but the receipt says {said}")
    return ran
