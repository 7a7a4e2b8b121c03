"""The demo's WeChat conversations, as three of the tools of former years have exported them."""

import csv
import hashlib
import io
import random

import msgspec

from chatvault.services import demo_stories as stories
from chatvault.services.demo_pictures import Mosaic, jpeg
from chatvault.services.demo_stories import Line, Sort, timeline

ME = "小诺"
IDS = {
    ME: "wxid_noor0demo",
    "小满": "wxid_lin0demo",
    "老吴": "wxid_wu0demo",
    "阿哲": "wxid_zhe0demo",
}
GROUP = "10000000001@chatroom"
QUOTE = 57 << 32 | 49  # WeChat 4 packs the sort of an app message above its type


def _lines(seed: int, name: str, story: str, people: dict[str, str]) -> list[Line]:
    # Not for secrets: the same seed must give the same people and times on every machine.
    rng = random.Random(f"{seed} {name}")  # noqa: S311
    return timeline(story, stories.SMALL_TALK_CHINESE, people, rng)


def _server_id(conversation: int, index: int) -> str:
    return str(7_300_000_000_000_000_000 + conversation * 1_000_000 + index)


def weflow_folder(seed: int) -> dict[str, bytes]:
    """A conversation with its pictures, the JSON of WeFlow; one picture was never opened there."""
    lines = _lines(seed, "weflow", stories.XIAOMAN, {"N": ME, "X": "小满"})
    files: dict[str, bytes] = {}
    messages = []
    for index, line in enumerate(lines):
        kind, code, content = "文本消息", 1, line.text
        more: dict[str, str] = {}
        if line.sort is Sort.REPLY:
            quoted = lines[index - 1]
            shown = "[图片]" if quoted.sort is Sort.PICTURE else quoted.text
            kind, code = "引用消息", QUOTE
            content = f"{line.text}[引用 {quoted.who}：{shown}]"
            more = {
                "replyToMessageId": _server_id(1, index - 1),
                "appMsgType": "57",
                "appMsgKind": "quote",
                "quotedSender": quoted.who,
                "quotedContent": shown,
                "quotedType": "3" if quoted.sort is Sort.PICTURE else "1",
            }
        elif line.sort is Sort.PICTURE:
            kind, code = "图片消息", 3
            picture = jpeg(Mosaic.of(f"{seed} {line.text}"))
            print_of_it = hashlib.md5(picture, usedforsecurity=False).hexdigest()
            content = f"media\\images\\{index + 1}_{print_of_it}.jpg"
            if "通知书" in line.text:
                content = "[图片]"
            else:
                files[content.replace("\\", "/")] = picture
        messages.append(
            {
                "localId": index + 1,
                "createTime": line.unix,
                "formattedTime": f"{line.wall:%Y-%m-%d %H:%M:%S}",
                "type": kind,
                "localType": code,
                "content": content,
                "isSend": int(line.who == ME),
                "senderUsername": IDS[line.who],
                "senderDisplayName": line.who,
                "source": "",
                "senderAvatarKey": IDS[line.who],
                "platformMessageId": _server_id(1, index),
                **more,
            }
        )
    export = {
        "weflow": {"version": "1.0.3", "exportedAt": lines[-1].unix, "generator": "WeFlow"},
        "session": {
            "wxid": IDS["小满"],
            "nickname": "林小满",
            "remark": "小满",
            "displayName": "小满",
            "type": "私聊",
            "lastTimestamp": lines[-1].unix,
            "messageCount": len(lines),
        },
        "messages": messages,
    }
    data = msgspec.json.format(msgspec.json.encode(export), indent=2)
    folder = "私聊_小满"
    return {
        f"{folder}/{folder}.json": data,
        **{f"{folder}/{name}": picture for name, picture in files.items()},
    }


def memotrace_csv(seed: int) -> bytes:
    """An old conversation as MemoTrace wrote it: a table, and words in place of the pictures."""
    lines = _lines(seed, "memotrace", stories.LAOWU, {"N": ME, "W": "老吴"})
    names = {ME: (ME, "Noor"), "老吴": ("老吴", "吴建国")}
    text = io.StringIO(newline="")
    table = csv.writer(text)
    table.writerow(["消息ID", "类型", "发送人", "时间", "内容", "备注", "昵称", "更多信息"])
    for index, line in enumerate(lines):
        kind, content = "文本", line.text
        if line.sort is Sort.PICTURE:
            kind, content = "图片", "【图片】"
        elif line.sort is Sort.REPLY:
            quoted = lines[index - 1]
            kind, content = "引用消息", f"{line.text}\n引用：{quoted.who}: {quoted.text}"
        clock = f"{line.wall:%Y-%m-%d %H:%M:%S}"
        remark, nickname = names[line.who]
        row = [_server_id(2, index), kind, line.who, clock, content, remark, nickname, "more"]
        table.writerow(row)
    return text.getvalue().encode("utf-8-sig")


def chatlab_jsonl(seed: int) -> bytes:
    """A group in the exchange format of ChatLab, one JSON object a line."""
    people = {"N": ME, "X": "小满", "W": "老吴", "Z": "阿哲"}
    lines = _lines(seed, "chatlab", stories.HIKERS, people)
    about = {"version": "0.0.2", "exportedAt": lines[-1].unix, "generator": "WeFlow"}
    group = {"name": "周末爬山", "platform": "wechat", "type": "group", "groupId": GROUP}
    rows: list[dict[str, object]] = [{"_type": "header", "chatlab": about, "meta": group}]
    rows += [
        {"_type": "member", "platformId": IDS[name], "accountName": name}
        for name in people.values()
    ]
    for index, line in enumerate(lines):
        row: dict[str, object] = {
            "_type": "message",
            "sender": IDS[line.who],
            "accountName": line.who,
            "timestamp": line.unix,
            "type": 0,
            "content": line.text,
            "platformMessageId": _server_id(3, index),
        }
        if line.sort is Sort.PICTURE:
            row |= {"type": 1, "content": "[图片]"}
        elif line.sort is Sort.REPLY:
            quoted = lines[index - 1]
            row |= {"type": 25, "content": f"{line.text}[引用 {quoted.who}：{quoted.text}]"}
            row["replyToMessageId"] = _server_id(3, index - 1)
        rows.append(row)
    return b"".join(msgspec.json.encode(row) + b"\n" for row in rows)
