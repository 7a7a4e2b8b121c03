"""WeChat as WeFlow exports it: one JSON file for each conversation."""

from __future__ import annotations

from json.encoder import encode_basestring as quoted  # the fast one, where there is one
from pathlib import Path

from _make_history import WHOLE, Part, Said, clock, conversations, exported, places


def write_weflow(folder: Path, messages: int, seed: int, part: Part = WHOLE) -> None:
    """The same messages as WeFlow exports them: one JSON file for each conversation."""
    for conversation in conversations(messages, seed):
        number = conversation.number
        first = f"wxid_c{number:02}"
        ids = ["wxid_noor0demo", *(f"{first}p{k}demo" for k in range(1, len(conversation.people)))]
        here = f"{10_000_000_000 + number}@chatroom" if conversation.group else ids[1]
        kind = "群聊" if conversation.group else "私聊"
        title = quoted(conversation.title)
        names = [quoted(name) for name in conversation.people]
        path = folder / f"{kind}_{number:02}.json"
        with path.open("w", encoding="utf-8", newline="\n") as file:
            file.write('{\n  "weflow": {\n    "version": "1.0.3",\n    "exportedAt": 1735689600,\n')
            file.write('    "generator": "WeFlow"\n  },\n  "session": {\n')
            file.write(f'    "wxid": "{here}",\n    "nickname": {title},\n    "remark": "",\n')
            file.write(f'    "displayName": {title},\n    "type": "{kind}",\n')
            start, end = places(conversation, part)
            file.write(f'    "messageCount": {end - start}\n  }},\n  "messages": [')
            comma = ""
            for place, one in exported(conversation, seed, part):
                sender, name = ids[one.person], names[one.person]
                file.write(comma + _weflow_message(number, place, one, sender, name))
                comma = ","
            file.write("\n  ]\n}\n")


def _weflow_message(number: int, place: int, one: Said, sender: str, name: str) -> str:
    first = 7_300_000_000_000_000_000 + number * 1_000_000_000
    kind, reply = '"type": "文本消息",\n      "localType": 1', ""
    if one.reply_to is not None:
        kind = '"type": "引用消息",\n      "localType": 244813135921'
        reply = f',\n      "replyToMessageId": "{first + one.reply_to}"'
    return (
        "\n    {\n"
        f'      "localId": {place + 1},\n      "createTime": {one.unix},\n'
        f'      "formattedTime": "{clock(one.unix).replace("T", " ")}",\n      {kind},\n'
        f'      "content": {quoted(one.text)},\n      "isSend": {int(one.person == 0)},\n'
        f'      "senderUsername": "{sender}",\n      "senderDisplayName": {name},\n'
        f'      "source": "",\n      "senderAvatarKey": "{sender}",\n'
        f'      "platformMessageId": "{first + place}"{reply}\n    }}'
    )
