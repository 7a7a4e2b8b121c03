"""What WhatsApp writes in place of things that are no text, in the languages of its phones.

Tables only; a phrase is compared by `squash`: without spaces, direction marks, case and final stop.
Most are facts from the tables of public parsers (2018 to 2026), seen in exports by their authors.
"""

import unicodedata

from chatvault.model import MessageKind

MARKS = (
    "\u200e\u200f\ufeff\u200b\u200c\u200d\u2060\u00ad"
    "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
)
DROP_MARKS = dict.fromkeys(map(ord, MARKS))


def squash(text: str) -> str:
    """A phrase as it stands in the tables of this file."""
    return "".join(_folded(text).split()).rstrip(".。")


def plain(text: str) -> str:
    """A text without direction marks, in lower case, with single spaces."""
    return " ".join(_folded(text).split())


def _folded(text: str) -> str:
    if text.isascii():
        return text.lower()
    return unicodedata.normalize("NFKC", text).casefold().translate(DROP_MARKS)


def _set(phrases: str) -> frozenset[str]:
    return frozenset(squash(part) for part in phrases.replace("\n", "·").split("·") if part.strip())


# iPhone, `<attached: 00000042-PHOTO-2024-03-09-18-05-30.jpg>`: the word before the colon.
ATTACHED_WORDS = _set("""
    attached · Anhang · angehängt · adjunto · allegato · anexo · anexado · pièce jointe
    bijgevoegd
    bijlage · bifogat · vedlagt · vedhæftet · liite · ceangailte · příloha · príloha · załączono
    csatolva · atașare · priloženo · eklendi · ekli dosya · đính kèm · terlampir · dilampir
    прикреплено · вложение · додано · επισυνάφθηκε · المُرفق · المرفق · مرفق · پیوست · پیوستہ
    מצורף
    अटैच किया गया · संलग्न केले · જોડાયેલ · แนบ · 附件 · 已附加 · 添付ファイル · 添付 · 첨부됨
    첨부
    adjunt · fitxer adjunt · lampiran
""")

# Android, `IMG-20240309-WA0007.jpg (file attached)`: what stands in the parentheses.
FILE_ATTACHED = _set("""
    file attached · Datei angehängt · archivo adjunto · fichier joint · file allegato
    arquivo anexado · ficheiro anexado · bestand bijgevoegd · файл добавлен · файл прикреплен
    файл прикреплён · dosya ekli · ファイル添付 · 添付ファイル · 附件 · 附件檔案 · 文件附件
    파일 첨부됨
    الملف مرفق
""")

# Android, `<Media omitted>` without its brackets; the app's own string tables, old and new wording.
OMITTED_MEDIA = _set("""
    media weggelaat · تم استبعاد الوسائط · media buraxıldı · Media çıxarılmışdır · Без файл
    মিডিয়া বাদ দেওয়া হয়েছে · fitxers multimèdia omesos · Mitjans omesos · média vynechány
    medier udeladt · Mediefil udeladt · Medien ausgeschlossen · Medien weggelassen
    αρχείο παραλήφθηκε · Εξαίρεση πολυμέσων · Media omitted · Multimedia omitido · Archivo omitido
    meedia välja jäetud · Meedia ära jäetud · رسانه حذف شد · پيوست نما/آهنگ حذف شد
    media jätettiin pois · Media jätetty pois · médias omis · Fichier omis
    મિડિયા છોડી મૂકાયું · મીડિયા અવગણવામાં આવ્યા · मीडिया के बिना · medijski zapis izostavljen
    média elhagyva · Hiányzó médiafájl · media tidak disertakan · Media omessi · Media omesso
    המדיה לא נכללה · מדיה הושמטה · メディアなし · メディアは含まれていません · файлдар қосылмаған
    Файл қосылған жоқ · ಮಾಧ್ಯಮ ಕೈಬಿಡಲಾಗಿದೆ · 미디어 파일 제외됨 · 미디어 파일을 생략한 대화내용
    ບໍ່ລວມມີເດຍ · medija praleista · Praleistas medijos turinys · nav iekļauta multivide
    Bez multivides · без фајлови · Без фајл · മീഡിയ ഒഴിവാക്കി · मीडिया वगळण्यात आला · मीडिया वगळले
    media dikecualikan · Media disingkirkan · media utelatt · Uten vedlegg · Media weggelaten
    ਮੀਡੀਆ ਛੱਡਿਆ · ਮੀਡੀਆ ਛਡਿਆ ਗਿਆ · pominięto multimedia · pliki pominięto · ficheiro não revelado
    Mídia omitida · Mídia oculta · Arquivo de mídia oculto · conținut media omis
    без медиафайлов · Файл пропущен · Médiá vynechané · datoteke izpuščene · Medij izpuščen
    media u hoq · Media hequr · медији су изостављени · media utelämnat · Media har utelämnats
    media hazijajumuishwa · Media imerukwa · கோப்புகள் விடப்பட்டன · ஊடகங்கள் நீக்கப்பட்டது
    మీడియా విస్మరించబడింది · మాధ్యమం విస్మరించబడింది · ไฟล์สื่อถูกลบ · สื่อถูกลบ · ınalis ang media
    Walang kalakip na media · medya dahil edilmedi · Medya atlanmış · медіа пропущено
    میڈیا چھوڑ دیا گیا · میڈیا ہٹا دیا گیا · fayl o‘tkazib yuborildi · bỏ qua tệp phương tiện
    Bỏ qua Media · 忽略多媒體檔 · 省略多媒体文件 · 省略影音内容 · 已省略多媒體檔案
    省略多媒體檔案 · 媒体省略
""")

# iPhone, `image omitted` (and, on Android, the same in brackets), by what was left out.
OMITTED_KINDS: dict[str, MessageKind] = {
    phrase: kind
    for kind, phrases in {
        MessageKind.IMAGE: """
            image omitted · photo omitted · imagen omitida · foto omitida · Bild weggelassen
            Bild ausgelassen · image absente · imagem ocultada · imagem omitida · immagine omessa
            afbeelding weggelaten · изображение отсутствует · изображение опущено
            görüntü dahil edilmedi · 画像は省略されました · 圖片已略去 · 圖片已省略 · 图片已省略
            圖片已忽略 · 이미지 생략됨 · الصورة غير مشمولة""",
        MessageKind.VIDEO: """
            video omitted · video note omitted · video message omitted · video omitido
            Video weggelassen · Video ausgelassen · Videonachricht weggelassen
            Videonachricht ausgelassen · vidéo absente · vídeo omitido · vídeo ocultado
            video omesso
            video weggelaten · видео отсутствует · видео опущено · video dahil edilmedi
            動画は省略されました · ビデオは省略されました · 影片已略去 · 影片已省略 · 视频已省略
            동영상 생략됨 · الفيديو غير مشمول""",
        MessageKind.AUDIO: """
            audio omitted · audio omitido · Audio weggelassen · Audio ausgelassen · audio absent
            áudio ocultado · áudio omitido · audio omesso · audio weggelaten · аудио отсутствует
            аудио опущено · ses dahil edilmedi · 音声は省略されました · 音訊已略去 · 音訊已省略
            音频已省略 · 오디오 생략됨""",
        MessageKind.VOICE: """
            voice message omitted · 音声メッセージは省略されました · 語音訊息已省略
            语音消息已省略""",
        MessageKind.ANIMATION: """
            GIF omitted · GIF omitido · GIF omitida · GIF weggelassen · GIF ausgelassen
            GIF absent
            GIF ocultado · GIF omesso · GIF weggelaten · GIF отсутствует · GIF опущено
            GIF dahil edilmedi · GIFは省略されました · GIF已略去 · GIF已省略 · GIF 생략됨""",
        MessageKind.STICKER: """
            sticker omitted · sticker omitido · Sticker weggelassen · Sticker ausgelassen
            sticker absent · autocollant absent · figurinha omitida · sticker omesso
            sticker weggelaten · стикер отсутствует · стикер опущен · çıkartma dahil edilmedi
            スタンプは省略されました · ステッカーは省略されました · 貼圖已忽略 · 貼圖已略去
            貼圖已省略
            贴图已省略 · 스티커 생략됨""",
        MessageKind.FILE: """
            document omitted · documento omitido · Dokument weggelassen · Dokument ausgelassen
            document absent · documento ocultado · documento omesso · document weggelaten
            документ отсутствует · документ опущен · belge dahil edilmedi · 文書は省略されました
            文件已略去 · 文件已省略 · 文档已省略 · 문서 생략됨""",
        MessageKind.CONTACT: """
            Contact card omitted · Tarjeta de contacto omitida · Kontaktkarte weggelassen
            Kontaktkarte ausgelassen · fiche contact absente · cartão do contato omitido
            cartão de contato omitido · scheda contatto omessa · contactkaart weggelaten
            контакт отсутствует · карточка контакта отсутствует · kişi kartı dahil edilmedi
            連絡先カードは省略されました · 聯絡人名片已省略 · 名片已省略 · 연락처 카드 생략됨""",
    }.items()
    for phrase in _set(phrases)
}

# At the end of a text that was edited: `<This message was edited>`, without its brackets.
EDITED = _set("""
    This message was edited · Diese Nachricht wurde bearbeitet · Se editó este mensaje
    Este mensaje fue editado · Ce message a été modifié · Questo messaggio è stato modificato
    Mensagem editada · Esta mensagem foi editada · Essa mensagem foi editada · Сообщение изменено
    Это сообщение изменено · Это сообщение было изменено · ההודעה נערכה · Dit bericht is bewerkt
    Dit bericht werd bewerkt · Bu mesaj düzenlendi · このメッセージは編集されました · 此訊息已編輯
    此消息已编辑 · 수정된 메시지입니다 · تم تعديل هذه الرسالة
""")

# The whole of a message that was taken back: by somebody, and by the owner of the phone.
DELETED = _set("""
    This message was deleted · Message deleted · Se eliminó este mensaje
    Este mensaje fue eliminado
    Este mensaje ha sido eliminado · Diese Nachricht wurde gelöscht · Ce message a été supprimé
    Ce message a été effacé · Essa mensagem foi apagada · Esta mensagem foi apagada
    Mensagem apagada · Questo messaggio è stato eliminato · Dit bericht is verwijderd
    Dit bericht werd verwijderd · Это сообщение было удалено · Данное сообщение удалено
    Сообщение удалено · Bu mesaj silindi · このメッセージは削除されました · 此訊息已刪除
    此消息已删除
    這則訊息已刪除 · 삭제된 메시지입니다 · تم حذف هذه الرسالة · הודעה זו נמחקה
""")
DELETED_BY_ME = _set("""
    You deleted this message · Eliminaste este mensaje · Has eliminado este mensaje
    Du hast diese Nachricht gelöscht · Vous avez supprimé ce message · Você apagou esta mensagem
    Você apagou essa mensagem · Apagou esta mensagem · Hai eliminato questo messaggio
    U hebt dit bericht verwijderd · Je hebt dit bericht verwijderd · Вы удалили это сообщение
    Bu mesajı sildiniz · メッセージを削除しました · このメッセージを削除しました
    你已刪除這則訊息
    您已刪除這則訊息 · 您删除了此消息 · 你删除了此消息 · 메시지를 삭제했습니다
    나에게서 메시지를 삭제했습니다
    مسحت هذه الرسالة · מחקת הודעה זו
""")
# The admin's name stands behind the words, or between them.
DELETED_BY_ADMIN = (
    "this message was deleted by admin",
    "diese nachricht wurde von admin",
    "diese nachricht wurde vom admin",
    "un admin. eliminó este mensaje",
    "este mensaje fue eliminado por el admin",
    "ce message a été supprimé par l'admin",
    "essa mensagem foi apagada pelo admin",
    "esta mensagem foi apagada pelo admin",
    "questo messaggio è stato eliminato dall'admin",
    "dit bericht is verwijderd door beheerder",
)

# Not yet decrypted when the export was made; [unverified] except the English.
WAITING = (
    "waiting for this message",
    "warte auf diese nachricht",
    "warten auf diese nachricht",
    "esperando este mensaje",
    "esperando el mensaje",
    "en attente de ce message",
    "aguardando mensagem",
    "aguardando esta mensagem",
    "in attesa del messaggio",
    "in attesa di questo messaggio",
    "wachten op dit bericht",
    "ожидание данного сообщения",
    "ожидание сообщения",
    "bu mesaj bekleniyor",
    "正在等待此消息",
    "正在等待此訊息",
    "このメッセージを待っています",
)
# In the place of a picture that could be opened once; [unverified] except the English.
VIEW_ONCE = (
    "you received a view once message",
    "you received a view once photo",
    "you received a view once video",
    "you sent a view once message",
    "view once message",
    "du hast eine nachricht zur einmaligen ansicht erhalten",
    "recibiste un mensaje de visualización única",
    "recibiste un mensaje de una sola visualización",
    "vous avez reçu un message à vue unique",
    "você recebeu uma mensagem de visualização única",
    "hai ricevuto un messaggio visualizzabile una volta",
)

# `location: https://maps.google.com/?q=51.5,-0.1`: the word in front.
LOCATION_WORDS = _set("""
    location · Standort · ubicación · localisation · position · posizione · localização · locatie
    местоположение · локация · konum · 位置 · 位置情報 · 位置信息 · 위치 · الموقع · מיקום
    lokalizacja
    lokasi · sijainti · plats · placering · posisjon · poloha · locație · τοποθεσία · vị trí
    स्थान
""")
LIVE_LOCATION = _set("""
    live location shared · Live-Standort wird geteilt · ubicación en tiempo real compartida
    localisation en direct partagée · position en temps réel partagée
    localização em tempo real compartilhada · localização atual compartilhada
    posizione in tempo reale condivisa · posizione attuale condivisa · live locatie gedeeld
    данные о местоположении в режиме реального времени отправлены · canlı konum paylaşıldı
    已分享即時位置 · 已共享实时位置
""")
