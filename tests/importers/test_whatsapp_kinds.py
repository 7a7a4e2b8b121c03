"""Messages that are no plain text: edited, deleted, calls, polls, places, contacts."""

import pytest

from chatvault.model import Mark, MessageKind
from whatsapp_exports import LRM, android, messages, one, phrases

EDITED = phrases("""
    This message was edited · Diese Nachricht wurde bearbeitet. · Se editó este mensaje.
    Este mensaje fue editado · Ce message a été modifié · Questo messaggio è stato modificato
    Mensagem editada · Esta mensagem foi editada · Сообщение изменено · ההודעה נערכה
""")


@pytest.mark.parametrize("words", EDITED)
def test_the_mark_of_editing_is_cut_off_and_kept(words: str) -> None:
    for form, mark in (("iphone", LRM), ("android", "")):
        found = one(f"two\nlines {mark}<{words}>", form)
        assert ("two\nlines", (Mark.EDITED,)) == (found.text, found.marks)
        assert f"<{words}>" == found.extra["edited"]


def test_unknown_words_that_end_several_texts_are_a_mark_of_editing() -> None:
    bodies = ["a <qwe rty zui>", "b <qwe rty zui>", "c <just once>", "<qwe rty zui>"]
    found = messages(android(*(f"Ada: {body}" for body in bodies)))
    assert ["a", "b", "c <just once>", "<qwe rty zui>"] == [message.text for message in found]


DELETED = phrases("""
    This message was deleted · You deleted this message · This message was deleted by admin Bo
    Se eliminó este mensaje · Eliminaste este mensaje · Diese Nachricht wurde gelöscht
    Du hast diese Nachricht gelöscht · Ce message a été supprimé · Vous avez supprimé ce message
    Essa mensagem foi apagada · Você apagou esta mensagem · Questo messaggio è stato eliminato
    Hai eliminato questo messaggio · Dit bericht is verwijderd · Это сообщение было удалено
    Вы удалили это сообщение · Bu mesaj silindi · このメッセージは削除されました · 此訊息已刪除
    此消息已删除 · 삭제된 메시지입니다 · تم حذف هذه الرسالة
""")


@pytest.mark.parametrize("words", DELETED)
def test_a_message_taken_back_has_a_mark_and_no_text(words: str) -> None:
    for body, form in ((f"{LRM}{words}.", "iphone"), (words, "android")):
        found = one(body, form)
        assert ("", (Mark.DELETED,), "name:Ada") == (found.text, found.marks, found.sender_id)
        assert body.strip(LRM) == found.extra["literal"]


@pytest.mark.parametrize(
    ("body", "form", "event"),
    [
        (f"{LRM}Voice call, {LRM}5 min", "iphone", "voice_call"),
        (f"{LRM}Video call. {LRM}No answer", "iphone", "video_call"),
        (f"{LRM}Missed voice call", "iphone", "missed_voice_call"),
        (f"{LRM}Missed video call. {LRM}Tap to call back", "iphone", "missed_video_call"),
        (f"{LRM}Sprachanruf. {LRM}42 Sek.", "iphone", "voice_call"),
        ("Missed voice call", "android", "missed_voice_call"),
        ("Verpasster Videoanruf", "android", "missed_video_call"),
    ],
)
def test_calls_are_calls(body: str, form: str, event: str) -> None:
    found = one(body, form)
    assert (MessageKind.CALL, event, body) == (found.kind, found.extra["event"], found.text)
    assert "name:Ada" == found.sender_id


def test_a_call_without_author_is_a_call() -> None:
    found = messages(android("Ada: a", "Missed video call"))[1]
    assert (MessageKind.CALL, None) == (found.kind, found.sender_id)


def test_a_poll_has_a_question_and_options_in_any_language() -> None:
    for word, option, votes in (
        ("POLL", "OPTION", "votes"),
        ("ENCUESTA", "OPCIÓN", "votos"),
        ("ABSTIMMUNG", "OPTION", "Stimmen"),
    ):
        options = f"{LRM}{option}: Lemon (2 {votes})\n{LRM}{option}: Plum (0 {votes})"
        body = f"{LRM}{word}:\nCake?\n{options}"
        found = one(body, "iphone")
        assert (MessageKind.POLL, "Cake?") == (found.kind, found.text)
        assert ("Lemon", "Plum") == found.more_text
        assert [2, 0] == [each["votes"] for each in found.extra["options"]]  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "body",
    ["location: https://maps.google.com/?q=51.5007,-0.1246",
     f"{LRM}Location: https://maps.google.com/?q=51.5007,-0.1246",
     "Standort: https://maps.google.com/?q=51.5007,-0.1246"],
)  # fmt: skip
def test_a_location_is_told_by_its_address_not_by_the_word(body: str) -> None:
    found = one(body, "iphone")
    assert (MessageKind.LOCATION, "https://maps.google.com/?q=51.5007,-0.1246") == (
        found.kind,
        found.text,
    )
    assert (51.5007, -0.1246) == (found.extra["latitude"], found.extra["longitude"])


def test_a_venue_keeps_its_name() -> None:
    body = "Corner Mill (Upper Street 4): https://foursquare.com/v/5b1c0ffee"
    assert (MessageKind.LOCATION, body) == (one(body).kind, one(body).text)


def test_an_address_that_somebody_sent_stays_text() -> None:
    for body in ("https://maps.google.com/?q=51.5,-0.1", "here: https://example.org/a", "https://"):
        assert (MessageKind.TEXT, body) == (one(body).kind, one(body).text)


@pytest.mark.parametrize("body", ["live location shared", "Live-Standort wird geteilt."])
def test_a_live_location_is_a_location(body: str) -> None:
    assert (MessageKind.LOCATION, body) == (one(body).kind, one(body).extra["literal"])


def test_a_contact_is_a_file_with_what_is_on_its_card() -> None:
    card = b"BEGIN:VCARD\r\nFN:Jory Penn\r\nitem1.TEL;waid=1:+44 7700 900123\r\nEND:VCARD\r\n"
    found = one("Jory.vcf (file attached)", files={"Jory.vcf": card})
    assert (MessageKind.CONTACT, ("Jory Penn", "+44 7700 900123")) == (found.kind, found.more_text)
    assert "Jory.vcf" == found.attachments[0].path


def test_an_empty_body_was_to_be_seen_once() -> None:
    found = messages(android("Ada: a", "Ada:", "Ada: b"))[1]
    assert ((Mark.VIEW_ONCE,), "", "name:Ada") == (found.marks, found.text, found.sender_id)


def test_what_was_not_decrypted_says_so() -> None:
    found = one("Waiting for this message. This may take a while.")
    assert ((Mark.UNDECRYPTED,), "") == (found.marks, found.text)


def test_null_is_of_another_kind_and_kept() -> None:
    assert (MessageKind.OTHER, "null") == (one("null").kind, one("null").text)


def test_marks_of_mentions_and_formatting_stay_in_the_text() -> None:
    body = "Lovely, @\u2068Jory\u2069 *bold* _it_ ~no~ ```x``` "
    assert body == one(body).text


def test_two_equal_messages_in_one_minute_stay_two() -> None:
    assert 2 == len(messages("13/06/2018, 21:25 - Ada: ok\n" * 2))
