"""A whole Telegram account, as Telegram Desktop 4 exported it in summer 2022."""

from __future__ import annotations

from json.encoder import encode_basestring as quoted  # the fast one, where there is one
from pathlib import Path

from _make_history import WHOLE, Conversation, Part, clock, conversations, exported


def write_telegram(folder: Path, messages: int, seed: int, part: Part = WHOLE) -> None:
    """A whole account as Telegram Desktop 4 exported it in summer 2022: one result.json."""
    with (folder / "result.json").open("w", encoding="utf-8", newline="\n") as file:
        file.write('{\n "about": "Here is the data you requested.",\n')
        file.write(' "personal_information": {\n  "user_id": 700100300,\n  "first_name": "Noor",\n')
        file.write('  "last_name": "Hallam",\n  "phone_number": "+65 0000 0000"\n },\n')
        file.write(' "chats": {\n  "about": "This page lists all chats.",\n  "list": [')
        for conversation in conversations(messages, seed):
            file.write(",\n" if conversation.number else "\n")
            kind = "private_supergroup" if conversation.group else "personal_chat"
            file.write(f'   {{\n    "name": {quoted(conversation.title)},\n    "type": "{kind}",\n')
            file.write(f'    "id": {700_200_000 + conversation.number},\n    "messages": [')
            ids = _telegram_ids(conversation)
            names = [quoted(name) for name in conversation.people]
            comma = ""
            for place, one in exported(conversation, seed, part):
                reply = "" if one.reply_to is None else (
                    f'      "reply_to_message_id": {one.reply_to + 1},\n')  # fmt: skip
                file.write(
                    f"{comma}\n     {{\n"
                    f'      "id": {place + 1},\n      "type": "message",\n'
                    f'      "date": "{clock(one.unix)}",\n      "date_unixtime": "{one.unix}",\n'
                    f'      "from": {names[one.person]},\n      "from_id": "{ids[one.person]}",\n'
                    f'{reply}      "text": {quoted(one.text)}\n     }}'
                )
                comma = ","
            file.write("\n    ]\n   }")
        file.write("\n  ]\n }\n}\n")


def _telegram_ids(conversation: Conversation) -> list[str]:
    if not conversation.group:  # a conversation of two has the other's number
        return ["user700100300", f"user{700_200_000 + conversation.number}"]
    first = 710_000_000 + conversation.number * 100
    return ["user700100300", *(f"user{first + k}" for k in range(1, len(conversation.people)))]
