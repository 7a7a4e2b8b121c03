"""Discord as DiscordChatExporter exports it: one JSON file for each channel."""

from __future__ import annotations

from datetime import UTC, datetime
from json.encoder import encode_basestring as quoted  # the fast one, where there is one
from pathlib import Path

from _make_history import WHOLE, Conversation, Part, Said, conversations, exported, places

SERVER = 930_000_000_000_000_000
NOW = "2026-01-01T00:00:00+00:00"


def write_discord(folder: Path, messages: int, seed: int, part: Part = WHOLE) -> None:
    """Groups as channels of a server, the others as direct messages."""
    for conversation in conversations(messages, seed):
        channel = SERVER + 1000 + conversation.number
        server, kind = ("Harbour", "GuildTextChat") if conversation.group else (
            "Direct Messages", "DirectTextChat")  # fmt: skip
        title = quoted(conversation.title)
        authors = [_author(conversation, person) for person in range(len(conversation.people))]
        path = folder / f"{server} - {conversation.title} [{channel}].json"
        with path.open("w", encoding="utf-8", newline="\n") as file:
            identifier = SERVER if conversation.group else 0
            file.write(f'{{\n  "guild": {{\n    "id": "{identifier}",\n    "name": "{server}",\n')
            file.write('    "iconUrl": "https://cdn.discordapp.com/embed/avatars/0.png"\n  },\n')
            file.write(f'  "channel": {{\n    "id": "{channel}",\n    "type": "{kind}",\n')
            file.write('    "categoryId": null,\n    "category": null,\n')
            file.write(f'    "name": {title},\n    "topic": null\n  }},\n')
            file.write('  "dateRange": {\n    "after": null,\n    "before": null\n  },\n')
            file.write(f'  "exportedAt": "{NOW}",\n  "messages": [')
            comma = ""
            for place, one in exported(conversation, seed, part):
                file.write(comma + _message(conversation, channel, place, one, authors[one.person]))
                comma = ","
            start, end = places(conversation, part)
            file.write(f'\n  ],\n  "messageCount": {end - start}\n}}\n')


def _author(conversation: Conversation, person: int) -> str:
    identifier = SERVER + 1 if person == 0 else SERVER + 10_000 + conversation.number * 100 + person
    return (
        f'{{\n        "id": "{identifier}",\n        "name": "user{identifier - SERVER}",\n'
        '        "discriminator": "0000",\n'
        f'        "nickname": {quoted(conversation.people[person])},\n        "color": null,\n'
        '        "isBot": false,\n        "roles": [],\n        "avatarUrl":'
        f' "https://cdn.discordapp.com/avatars/{identifier}/0a1b2c3d.png?size=512"\n      }}'
    )


def _message(conversation: Conversation, channel: int, place: int, one: Said, author: str) -> str:
    kind, reference = "Default", ""
    if one.reply_to is not None:
        kind = "Reply"
        reference = (
            f',\n      "reference": {{\n        "messageId": "{_id(conversation, one.reply_to)}",\n'
            f'        "channelId": "{channel}",\n'
            f'        "guildId": "{SERVER if conversation.group else 0}"\n      }}'
        )
    return (
        f'\n    {{\n      "id": "{_id(conversation, place)}",\n      "type": "{kind}",\n'
        f'      "timestamp": "{datetime.fromtimestamp(one.unix, UTC).isoformat()}",\n'
        '      "timestampEdited": null,\n      "callEndedTimestamp": null,\n'
        f'      "isPinned": false,\n      "content": {quoted(one.text)},\n'
        f'      "author": {author},\n      "attachments": [],\n      "embeds": [],\n'
        '      "stickers": [],\n      "reactions": [],\n      "mentions": [],\n'
        f'      "inlineEmojis": []{reference}\n    }}'
    )


def _id(conversation: Conversation, place: int) -> int:
    return 1_100_000_000_000_000_000 + conversation.number * 1_000_000_000 + place
