"""References to media, and words for media left out, in the languages of WhatsApp."""

import pytest

from chatvault.model import AttachmentState, MessageKind
from whatsapp_exports import LRM, android, iphone, messages, one, phrases

PHOTO = "00000042-PHOTO-2018-06-14-18-05-30.jpg"
IOS_WORDS = phrases("""
    attached · Anhang · angehängt · adjunto · allegato · anexo · anexado · pièce jointe
    bijgevoegd · bifogat · vedlagt · vedhæftet · liite · ceangailte · příloha · príloha
    załączono · csatolva · atașare · priloženo · eklendi · đính kèm · terlampir · dilampir
    прикреплено · додано · επισυνάφθηκε · المُرفق · مرفق · پیوست · پیوستہ · מצורף · अटैच किया गया
    संलग्न केले · જોડાયેલ · แนบ · 附件 · 已附加 · 添付ファイル · 添付 · 첨부됨 · in no table
""")
ANDROID_WORDS = phrases("""
    file attached · Datei angehängt · archivo adjunto · fichier joint · file allegato
    arquivo anexado · ficheiro anexado · bestand bijgevoegd · файл добавлен · файл прикреплен
    dosya ekli · ファイル添付 · 添付ファイル · 附件 · 附件檔案 · 文件附件 · 파일 첨부됨
    الملف مرفق
""")


@pytest.mark.parametrize("word", IOS_WORDS)
@pytest.mark.parametrize("colon", [": ", " : ", "："])
def test_an_iphone_refers_to_a_file_in_every_language(word: str, colon: str) -> None:
    found = one(f"{LRM}<{word}{colon}{PHOTO}>", "iphone")
    [attachment] = found.attachments
    assert (MessageKind.IMAGE, "", PHOTO) == (found.kind, found.text, attachment.name)
    assert AttachmentState.MISSING_FILE is attachment.state
    assert not attachment.stable_name
    assert "name:Ada" == found.sender_id


@pytest.mark.parametrize("words", ANDROID_WORDS)
def test_android_refers_to_a_file_in_every_language(words: str) -> None:
    found = one(f"{LRM}IMG-20180614-WA0007.jpg ({words})\nfresh loaf")
    [attachment] = found.attachments
    assert (MessageKind.IMAGE, "fresh loaf") == (found.kind, found.text)
    assert "IMG-20180614-WA0007.jpg" == attachment.name


def test_a_file_beside_the_text_is_found_whatever_its_case() -> None:
    [attachment] = one("IMG-1.jpg (nieznane)", files={"img-1.JPG": b"x"}).attachments
    assert ("img-1.JPG", AttachmentState.PRESENT) == (attachment.path, attachment.state)
    assert () == one("IMG-1.jpg (nieznane)").attachments


@pytest.mark.parametrize("name", ["../../etc/passwd.txt", "/etc/passwd.txt", "C:\\x.txt"])
def test_a_reference_never_leaves_the_export(name: str) -> None:
    assert None is one(f"<attached: {name}>", "iphone").attachments[0].path


def test_unknown_words_that_repeat_behind_file_names_are_references() -> None:
    bodies = ["Ada: VID-20180614-WA0001.mp4 (xyz abc)", "Ada: DOC-20180614-WA0002. (xyz abc)"]
    found = messages(android("Ada: a", *bodies, "Ada: see you (xyz)"))
    assert [MessageKind.VIDEO, MessageKind.FILE] == [message.kind for message in found[1:3]]
    assert "see you (xyz)" == found[3].text


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("IMG-20180614-WA0001.jpg", MessageKind.IMAGE),
        ("VID-20180614-WA0001.mp4", MessageKind.VIDEO),
        ("AUD-20180614-WA0001.m4a", MessageKind.AUDIO),
        ("PTT-20180614-WA0001.opus", MessageKind.VOICE),
        ("STK-20180614-WA0001.webp", MessageKind.STICKER),
        ("DOC-20180614-WA0001.pdf", MessageKind.FILE),
        ("00000001-PHOTO-2018-06-14-10-00-00.jpg", MessageKind.IMAGE),
        ("00000001-VIDEO-2018-06-14-10-00-00.mp4", MessageKind.VIDEO),
        ("00000001-AUDIO-2018-06-14-10-00-00.opus", MessageKind.VOICE),
        ("00000001-AUDIO-2018-06-14-10-00-00.m4a", MessageKind.AUDIO),
        ("00000001-GIF-2018-06-14-10-00-00.mp4", MessageKind.ANIMATION),
        ("00000001-STICKER-2018-06-14-10-00-00.webp", MessageKind.STICKER),
        ("2015-08-04-PHOTO-00004762.jpg", MessageKind.IMAGE),
        ("4f2680aa.jpg", MessageKind.IMAGE),
        ("00000009-Jory Penn.vcf", MessageKind.CONTACT),
        ("00000009-Plan.pdf", MessageKind.FILE),
    ],
)
def test_the_kind_is_told_by_prefix_and_extension(name: str, kind: MessageKind) -> None:
    found = one(f"<attached: {name}>", "iphone")
    assert (kind, kind) == (found.kind, found.attachments[0].kind)


@pytest.mark.parametrize("tail", [f"<{LRM}attached>", "<attached>"])
def test_old_references_name_the_file_first(tail: str) -> None:
    found = one(f"{LRM}2015-08-04-PHOTO-00004762.jpg {tail}", "iphone")
    assert "2015-08-04-PHOTO-00004762.jpg" == found.attachments[0].name


def test_spaces_in_a_reference_do_not_matter() -> None:
    assert PHOTO == one(f"< attached: {PHOTO} >", "iphone").attachments[0].name


def test_a_document_keeps_its_title_and_pages_apart_from_what_was_written() -> None:
    found = one(f"Plan.pdf • {LRM}2 pages {LRM}<attached: 00000007-Plan.pdf>", "iphone")
    assert ("", f"Plan.pdf • {LRM}2 pages") == (found.text, found.extra["document"])
    assert "timely" == one("Plan.pdf (file attached)\nPlan.pdf\ntimely").text


def test_words_in_front_of_a_reference_are_what_was_written() -> None:
    assert "look\nhere" == one(f"look\nhere {LRM}<attached: {PHOTO}>", "iphone").text


@pytest.mark.parametrize(
    "body", ["<see: below>", "a (good) idea", "x.jpg (nice one)", "1 < 2 > 0", "<3>"]
)
def test_brackets_that_people_write_stay_text(body: str) -> None:
    assert (body, ()) == (one(body).text, one(body).attachments)


OMITTED = phrases("""
    media weggelaat · تم استبعاد الوسائط · media buraxıldı · Без файл
    fitxers multimèdia omesos · Mitjans omesos · média vynechány · medier udeladt
    Mediefil udeladt · Medien ausgeschlossen · Medien weggelassen · αρχείο παραλήφθηκε
    Εξαίρεση πολυμέσων · Media omitted · Multimedia omitido · Archivo omitido
    meedia välja jäetud · رسانه حذف شد · media jätettiin pois · Médias omis · Fichier omis
    मीडिया के बिना · medijski zapis izostavljen · média elhagyva · Hiányzó médiafájl
    media tidak disertakan · Media omessi · Media omesso · המדיה לא נכללה · מדיה הושמטה
    メディアなし · メディアは含まれていません · файлдар қосылмаған · 미디어 파일 제외됨
    미디어 파일을 생략한 대화내용 · medija praleista · nav iekļauta multivide · без фајлови
    media dikecualikan · media utelatt · Uten vedlegg · Media weggelaten · pominięto multimedia
    pliki pominięto · ficheiro não revelado · Mídia omitida · Arquivo de mídia oculto
    Mídia oculta · conținut media omis · без медиафайлов · Файл пропущен · Médiá vynechané
    datoteke izpuščene · Medij izpuščen · media u hoq · медији су изостављени · media utelämnat
    Media har utelämnats · media hazijajumuishwa · கோப்புகள் விடப்பட்டன · మీడియా విస్మరించబడింది
    മീഡിയ ഒഴിവാക്കി · मीडिया वगळले · મિડિયા છોડી મૂકાયું · মিডিয়া বাদ দেওয়া হয়েছে
    ಮಾಧ್ಯಮ ಕೈಬಿಡಲಾಗಿದೆ · ਮੀਡੀਆ ਛੱਡਿਆ · میڈیا چھوڑ دیا گیا · ไฟล์สื่อถูกลบ · ບໍ່ລວມມີເດຍ
    fayl o‘tkazib yuborildi · medya dahil edilmedi · Medya atlanmış · медіа пропущено
    bỏ qua tệp phương tiện · Bỏ qua Media · 忽略多媒體檔 · 省略多媒体文件 · 省略影音内容
    已省略多媒體檔案
""")


@pytest.mark.parametrize("phrase", OMITTED)
def test_android_leaves_media_out_in_every_language(phrase: str) -> None:
    # Turkish capitals do not come back from what Python makes of them.
    other = phrase.upper() if phrase.upper().casefold() == phrase.casefold() else phrase
    for body in (f"<{phrase}>", f"< {other} >", f"{LRM}<{phrase}>"):
        found = one(body)
        [attachment] = found.attachments
        assert (MessageKind.MEDIA, "") == (found.kind, found.text)
        assert AttachmentState.ABSENT_NOT_EXPORTED is attachment.state
        assert not attachment.stable_name and attachment.as_exported


IOS_OMITTED = {
    MessageKind.IMAGE: "image omitted|Bild weggelassen|Bild ausgelassen|imagen omitida|"
    "image absente|imagem ocultada|immagine omessa|afbeelding weggelaten|"
    "изображение отсутствует|görüntü dahil edilmedi|画像は省略されました|圖片已略去|"
    "图片已省略|이미지 생략됨",
    MessageKind.VIDEO: "video omitted|video note omitted|Videonachricht weggelassen|"
    "video omitido|vidéo absente|vídeo omitido|video omesso|影片已略去",
    MessageKind.AUDIO: "audio omitted|audio omitido|audio absent|áudio ocultado|audio omesso|"
    "音訊已略去",
    MessageKind.ANIMATION: "GIF omitted|GIF weggelassen|GIF omitido",
    MessageKind.STICKER: "sticker omitted|sticker omitido|figurinha omitida|貼圖已忽略",
    MessageKind.FILE: "document omitted|Dokument weggelassen|documento omitido|documento ocultado",
    MessageKind.CONTACT: "Contact card omitted|Kontaktkarte weggelassen",
}


@pytest.mark.parametrize(
    ("kind", "phrase"),
    [(kind, phrase) for kind, phrases in IOS_OMITTED.items() for phrase in phrases.split("|")],
)
def test_an_iphone_says_what_it_left_out(kind: MessageKind, phrase: str) -> None:
    for body in (f"{LRM}{phrase}", phrase):
        found = one(body, "iphone")
        assert (kind, "", kind) == (found.kind, found.text, found.attachments[0].kind)
    assert kind is one(f"<{phrase}>").kind


def test_words_for_media_inside_a_longer_message_stay_text() -> None:
    assert "it only says\nimage omitted" == one("it only says\nimage omitted", "iphone").text


def test_a_document_left_out_keeps_its_title() -> None:
    for marks in (LRM, ""):
        found = one(f"Plan.pdf • {marks}3 pages {marks}document omitted", "iphone")
        assert (MessageKind.FILE, "") == (found.kind, found.text)
        assert str(found.extra["document"]).startswith("Plan.pdf • ")


def test_an_android_video_message_left_out_is_a_video() -> None:
    for words in ("Video message omitted", "Video note omitted", "Videonachricht weggelassen"):
        assert MessageKind.VIDEO is one(f"<{words}>").kind


def test_what_was_written_below_media_left_out_is_kept() -> None:
    assert "under the clock" == one("<Media omitted>\nunder the clock").text


def test_unknown_words_that_a_file_repeats_stand_for_media() -> None:
    found = messages(android("Ada: a", *["Ada: <qwe rty>"] * 3, "Ada: <once>"))
    assert [MessageKind.MEDIA] * 3 == [message.kind for message in found[1:4]]
    assert "<once>" == found[4].text
    stubs = messages(iphone("Ada: a", *[f"Ada: {LRM}qwe rty"] * 3, f"Ada: {LRM}other words"))
    assert [MessageKind.MEDIA] * 3 == [message.kind for message in stubs[1:4]]
    assert MessageKind.SYSTEM is stubs[4].kind
