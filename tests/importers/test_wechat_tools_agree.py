"""One message of WeChat, exported by several tools, is one: same conversation, id and sender."""

import json
from types import ModuleType

import pytest

from chatvault.importers import (
    wechat_memotrace,
    wechat_pywxdump,
    wechat_wda,
    wechat_weflow,
    wechat_weflow_html,
)
from chatvault.importers._source import Source, Told
from chatvault.model import Message

ID, AT, LIN = "7300000000000000201", 1767139200, "wxid_lin0demo"
HTML = '<div class="message-content"><div class="message-text">新年快乐</div></div>'


def dumped(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode()


WDA = {
    "manifest.json": dumped(
        {
            "schemaVersion": 1,
            "exportId": "x",
            "options": {"privacyMode": False},
            "stats": {"messagesExported": 1},
        }
    ),
    "conversations/1/messages.json": dumped(
        {
            "schemaVersion": 1,
            "account": "wxid_me0demo_1a2b",
            "conversation": {"username": LIN, "displayName": "小满", "isGroup": False},
            "messages": [
                {
                    "serverId": int(ID),
                    "createTime": AT,
                    "type": 1,
                    "renderType": "text",
                    "isSent": False,
                    "senderUsername": LIN,
                    "content": "新年快乐",
                }
            ],
        }
    ),
}
WEFLOW = {
    "a.json": dumped(
        {
            "weflow": {"generator": "WeFlow"},
            "session": {"wxid": LIN, "displayName": "小满", "type": "私聊"},
            "messages": [
                {
                    "createTime": AT,
                    "type": "文本消息",
                    "localType": 1,
                    "content": "新年快乐",
                    "isSend": 0,
                    "senderUsername": LIN,
                    "platformMessageId": ID,
                }
            ],
        }
    )
}
ROW = {"i": 1, "t": AT, "s": 0, "a": f'<img src="avatars/{LIN}.png" />', "b": HTML, "p": ID}
PAGE = {
    "a.html": b"<title>\xe5\xb0\x8f\xe6\xbb\xa1 - \xe8\x81\x8a\xe5\xa4\xa9\xe8\xae\xb0\xe5\xbd\x95"
    b"</title><script>window.WEFLOW_DATA = [" + dumped(ROW) + b"];</script>"
}
MEMOTRACE = {
    "小满.html.json": dumped(
        [
            {
                "type": "1",
                "is_send": False,
                "timestamp": AT,
                "server_id": ID,
                "display_name": "小满",
                "avatar_src": "",
                "xml_dict": {},
                "text": "新年快乐",
            }
        ]
    )
}
PYWXDUMP = {
    f"{LIN}_0_1.csv": (
        "id,MsgSvrID,type_name,is_sender,talker,room_name,msg,src,CreateTime\n"
        f"1,{ID},文本,0,{LIN},{LIN},新年快乐,,2025-12-31 08:00:00\n"
    ).encode()
}


@pytest.mark.parametrize(
    ("tool", "files", "name"),
    [
        (wechat_wda, WDA, "export"),
        (wechat_weflow, WEFLOW, "export"),
        (wechat_weflow_html, PAGE, "export"),
        (wechat_memotrace, MEMOTRACE, f"小满({LIN})"),
        (wechat_pywxdump, PYWXDUMP, LIN),
    ],
)
def test_the_tools_tell_one_message_alike(
    tool: ModuleType, files: dict[str, bytes], name: str
) -> None:
    source = Source.of(files, name=name, told=Told(zone="Asia/Shanghai"))
    assert tool.recognise(source)
    [message] = [one for one in tool.read(source) if isinstance(one, Message)]
    assert (LIN, LIN, ID, LIN, "新年快乐", AT * 1000) == (
        message.conversation_id,
        message.scope,
        message.id,
        message.sender_id,
        message.text,
        message.sent_at.utc_ms if message.sent_at else None,
    )
