"""QQ as PC QQ itself exports it with its pictures: one MHT of all conversations."""

from __future__ import annotations

import base64
import random
from html import escape
from pathlib import Path

from _make_history import WHOLE, Conversation, Part, clock, conversations, exported, places
from _make_media import picture
from _make_qq import number_of

EVERY = 500  # messages for one picture
PICTURE = 3000  # bytes, about
BOUNDARY = "----=_NextPart_A240C18D_603F_466a_8338.0D1C1796EFC3"
HEAD = f"""\
From: <Save by Tencent MsgMgr>
Subject: Tencent IM Message
MIME-Version: 1.0
Content-Type:multipart/related;
\tcharset="utf-8"
\ttype="text/html";
\tboundary="{BOUNDARY}"

--{BOUNDARY}
Content-Type: text/html
Content-Transfer-Encoding:7bit

<html xmlns="http://www.w3.org/1999/xhtml"><head><title>QQ Message</title>\
<style type="text/css">body{{font-size:12px; line-height:22px; margin:2px;}}</style></head>\
<body><table width=100% cellspacing=0>"""
SMALL = "<tr><td><div style=padding-left:10px;>{}</div></td></tr>"
ROW = """\
<tr><td><div style=color:{colour};padding-left:10px;><div style=float:left;margin-right:6px;>{name}\
</div>{time}</div><div style=padding-left:20px;><font style="font-size:9pt;font-family:'宋体',\
'MS Sans Serif',sans-serif;" color='000000'>{text}</font>{picture}</div></td></tr>
"""


def write_qq_mht(folder: Path, messages: int, seed: int, part: Part = WHOLE) -> None:
    """The page first, and then the pictures, as the message manager writes them."""
    talks = conversations(messages, seed)
    with (folder / "全部消息记录.mht").open("w", encoding="utf-8", newline="\r\n") as file:
        file.write(HEAD)
        for conversation in talks:
            friends = "我的群聊" if conversation.group else "我的好友"
            file.write(SMALL.format(f"消息分组:{friends}"))
            file.write(SMALL.format(f"消息对象:{escape(conversation.title)}"))
            file.write("<tr><td>&nbsp;</td></tr>")
            names = [_name(conversation, person) for person in range(len(conversation.people))]
            today = ""
            for place, one in exported(conversation, seed, part):
                day, _, time = clock(one.unix).partition("T")
                if day != today:
                    file.write(f"<tr><td>日期: {day}</td></tr>\n")
                    today = day
                shown = f'<IMG src="{_guid(conversation, place)}.dat">'
                file.write(ROW.format(
                    colour="#42B475" if one.person == 0 else "#006EFE", name=names[one.person],
                    time=time.removeprefix("0"), text=escape(one.text, quote=False),
                    picture=shown if place % EVERY == 0 else "",
                ))  # fmt: skip
        file.write("</table></body></html>\n\n")
        for conversation in talks:
            for place in range(*places(conversation, part)):
                if place % EVERY == 0:
                    file.write(_picture(conversation, place, seed))
        file.write(f"--{BOUNDARY}--\n")


def _name(conversation: Conversation, person: int) -> str:
    name = escape(conversation.people[person], quote=False)
    return f"{name}({number_of(conversation, person)})" if conversation.group else name


def _guid(conversation: Conversation, place: int) -> str:
    return f"{{96F1308E-{conversation.number:04X}-4000-8000-{place:012X}}}"


def _picture(conversation: Conversation, place: int, seed: int) -> str:
    rng = random.Random(f"{seed} {conversation.number} {place} picture")
    data = picture(rng, rng.randrange(PICTURE // 2, PICTURE * 3 // 2), width=160, height=120)
    return (
        f"--{BOUNDARY}\nContent-Type:image/jpeg\nContent-Transfer-Encoding:base64\n"
        f"Content-Location:{_guid(conversation, place)}.dat\n\n"
        f"{base64.encodebytes(data).decode()}\n"
    )
