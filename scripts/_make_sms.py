"""Texts of a phone as SMS Backup & Restore writes them: one XML file in order of time."""

from __future__ import annotations

from html import escape
from pathlib import Path

from _make_history import WHOLE, Conversation, Part, Said, clock, conversations, in_order_of_time

OWN = "insert-address-token"  # what Android writes for the number of the phone itself
FROM, TO = 137, 151


def write_sms(folder: Path, messages: int, seed: int, part: Part = WHOLE) -> None:
    """Messages between two as SMS, those of groups as MMS without pictures."""
    numbers = {
        one.number: [f"+6590{one.number:02}{k:04}" for k in range(len(one.people))]
        for one in conversations(messages, seed)
    }
    with (folder / "sms-20260101080000.xml").open("w", encoding="utf-8", newline="\n") as file:
        file.write("<?xml version='1.0' encoding='UTF-8' standalone='yes' ?>\n")
        count = round(messages * (part[1] - part[0]))
        file.write(f'<smses count="{count}" backup_date="1767225600000" type="full">\n')
        for conversation, place, one in in_order_of_time(messages, seed, part):
            theirs = numbers[conversation.number]
            if conversation.group:
                file.write(_mms(conversation, theirs, place, one))
            else:
                file.write(_sms(conversation, theirs, one))
        file.write("</smses>\n")


def _sms(conversation: Conversation, numbers: list[str], one: Said) -> str:
    sent = one.person == 0
    return (
        f'  <sms protocol="0" address="{numbers[1]}" date="{one.unix}000"'
        f' type="{2 if sent else 1}" subject="null" body="{escape(one.text)}" toa="null"'
        ' sc_toa="null" service_center="null" read="1" status="-1" locked="0"'
        f' date_sent="{0 if sent else one.unix}000" sub_id="1" readable_date="{clock(one.unix)}"'
        f' contact_name="{escape(conversation.people[1])}" />\n'
    )


def _mms(conversation: Conversation, numbers: list[str], place: int, one: Said) -> str:
    sent = one.person == 0
    name = f"{conversation.number:02}{place:09}"
    addresses = "".join(
        f'      <addr address="{OWN if k == 0 else number}"'
        f' type="{FROM if k == one.person else TO}" charset="106" />\n'
        for k, number in enumerate(numbers)
    )
    return (
        f'  <mms date="{one.unix}000" rr="129" sub="null" msg_box="{2 if sent else 1}"'
        f' address="{"~".join(numbers[1:])}" text_only="1" locked="0" m_id="mm-{name}"'
        f' tr_id="T{name}" m_type="{128 if sent else 132}" read="1" v="18"'
        f' date_sent="{0 if sent else one.unix}" readable_date="{clock(one.unix)}"'
        f' contact_name="{escape(", ".join(conversation.people[1:]))}">\n    <parts>\n'
        '      <part seq="0" ct="text/plain" name="null" chset="106" cd="null" fn="null"'
        ' cid="&lt;text_0&gt;" cl="text_0.txt" ctt_s="null" ctt_t="null"'
        f' text="{escape(one.text)}" />\n    </parts>\n    <addrs>\n{addresses}    </addrs>\n'
        "  </mms>\n"
    )
