"""A Slack workspace as Slack exports it: a folder for each conversation, a file for each day."""

from __future__ import annotations

import html
import itertools
import json
from datetime import UTC, datetime
from json.encoder import encode_basestring as quoted  # the fast one, where there is one
from pathlib import Path

from _make_history import ME, WHOLE, Conversation, Part, Said, answering, conversations

TEAM = "T0HARBOUR"
DAY = 86_400


def write_slack(folder: Path, messages: int, seed: int, part: Part = WHOLE) -> None:
    """Groups as private channels, the others as direct messages; in years thousands of files."""
    talks = conversations(messages, seed)
    people = [(_person(one, k), name) for one in talks for k, name in enumerate(one.people) if k]
    _write(folder / "users.json", [_user(*one) for one in [("U0NOORHAL", ME), *people]])
    _write(folder / "channels.json", [_channel("C0GENERAL", "general", [], created=1_450_000_000)])
    _write(folder / "groups.json", [
        _channel(_id(one), _name(one), _members(one), created=1_451_000_000)
        for one in talks if one.group
    ])  # fmt: skip
    _write(folder / "dms.json", [
        {"id": _id(one), "created": 1_451_000_000, "members": _members(one)}
        for one in talks if not one.group
    ])  # fmt: skip
    for conversation in talks:
        days = folder / (_name(conversation) if conversation.group else _id(conversation))
        days.mkdir()
        told = answering(conversation, seed, part)
        for day, those in itertools.groupby(told, lambda found: found[1].unix // DAY):
            path = days / f"{datetime.fromtimestamp(day * DAY, UTC).date()}.json"
            found = ",".join(_message(conversation, *one) for one in those)
            path.write_text(f"[{found}\n]\n", encoding="utf-8", newline="\n")


def _write(path: Path, value: object) -> None:
    text = json.dumps(value, ensure_ascii=False, indent=4) + "\n"
    path.write_text(text, encoding="utf-8", newline="\n")


def _id(conversation: Conversation) -> str:
    return f"{'G' if conversation.group else 'D'}0BENCH{conversation.number:02}"


def _name(conversation: Conversation) -> str:
    return f"room-{conversation.number:02}"


def _person(conversation: Conversation, person: int) -> str:
    return f"U0C{conversation.number:02}P{person:03}" if person else "U0NOORHAL"


def _members(conversation: Conversation) -> list[str]:
    return [_person(conversation, person) for person in range(len(conversation.people))]


def _user(identifier: str, name: str) -> dict[str, object]:
    return {
        "id": identifier, "team_id": TEAM, "name": identifier.lower(), "deleted": False,
        "color": "9f69e7", "real_name": name, "tz": "Asia/Singapore", "is_bot": False,
        "profile": {"real_name": name, "display_name": name, "title": ""},
    }  # fmt: skip


def _channel(identifier: str, name: str, members: list[str], *, created: int) -> dict[str, object]:
    topic = {"value": "", "creator": "", "last_set": 0}
    return {
        "id": identifier, "name": name, "created": created, "creator": "U0NOORHAL",
        "is_archived": False, "is_general": False, "members": members, "topic": topic,
        "purpose": topic,
    }  # fmt: skip


def _message(conversation: Conversation, place: int, one: Said, answered: Said | None) -> str:
    user = _person(conversation, one.person)
    thread = ""
    if answered is not None and one.reply_to is not None:
        thread = (
            f'\n        "thread_ts": "{_ts(answered, one.reply_to)}",'
            f'\n        "parent_user_id": "{_person(conversation, answered.person)}",'
        )
    name = quoted(conversation.people[one.person])
    return (
        f'\n    {{\n        "user": "{user}",\n        "type": "message",\n'
        f'        "ts": "{_ts(one, place)}",{thread}\n'
        '        "client_msg_id":'
        f' "00000000-0000-4000-8{conversation.number:03}-{place:012}",\n'
        f'        "text": {quoted(html.escape(one.text, quote=False))},\n'
        f'        "team": "{TEAM}",\n'
        f'        "user_team": "{TEAM}",\n        "source_team": "{TEAM}",\n'
        f'        "user_profile": {{"real_name": {name}, "display_name": {name},'
        f' "name": "{user.lower()}", "team": "{TEAM}"}},\n'
        f'        "blocks": [{{"type": "rich_text", "block_id": "b{place}", "elements": ['
        '{"type": "rich_text_section", "elements": [{"type": "text",'
        f' "text": {quoted(one.text)}}}]}}]}}]\n    }}'
    )


def _ts(one: Said, place: int) -> str:
    # Time and id in one: what is behind the milliseconds tells messages of one second apart.
    return f"{one.unix}.{place % 1000:06}"
