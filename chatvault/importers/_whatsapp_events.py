"""The lines that WhatsApp itself writes into a conversation, and calls, by their wording.

An unknown wording stays a system line without a name: classification refines, it never decides what
is kept. Stems are compared with `plain` text; `…` stands for a name between two words.
"""

from chatvault.importers._whatsapp_words import plain

NOTICES: dict[str, tuple[str, ...]] = {
    "encryption": (
        "end-to-end encrypted", "end-to-end encryption", "cifrados de extremo a extremo",
        "cifradas de extremo a extremo", "cifrado de extremo a extremo",
        "ende-zu-ende-verschlüssel", "chiffrés de bout en bout", "chiffrement de bout en bout",
        "criptograf…ponta a ponta", "crittografati end-to-end", "crittografia end-to-end",
        "end-to-end versleuteld", "сквозным шифрованием", "uçtan uca şifre", "エンドツーエンド",
        "端对端", "端對端", "端到端加密", "종단간 암호화", "مشفرة", "מוצפנות מקצה לקצה",
    ),
    "group_created": (
        "created group", "created this group", "created the group", "creó el grupo",
        "creaste el grupo", "hat die gruppe…erstellt", "hast die gruppe…erstellt",
        "a créé le groupe", "avez créé le groupe", "criou o grupo", "criou este grupo",
        "ha creato il gruppo", "hai creato il gruppo", "de groep…gemaakt", "groep…aangemaakt",
        "создал группу", "создала группу", "создали группу", "grubunu oluştur",
        "を作成しました", "建立了群組", "建立群組", "创建了群组", "创建了群聊",
        "그룹을 만들었습니다", "أنشأ المجموعة",
    ),
    "subject": (
        "changed the subject", "changed the group name", "cambió el asunto",
        "cambió el nombre del grupo", "den betreff…geändert", "den gruppennamen…geändert",
        "a changé le sujet", "a modifié le nom du groupe", "mudou o assunto",
        "mudou o nome do grupo", "ha cambiato l'oggetto", "ha cambiato il nome del gruppo",
        "het onderwerp…gewijzigd", "изменил тему", "изменила тему", "название группы",
        "グループ名を…変更", "更改了群組名稱", "更改了群名", "그룹 이름을…변경",
    ),
    "icon": (
        "changed this group's icon", "changed the group icon", "deleted this group's icon",
        "cambió el ícono", "cambió el icono", "gruppenbild", "l'icône de ce groupe",
        "mudou a imagem do grupo", "mudou a foto do grupo", "l'icona del gruppo",
        "groepsafbeelding", "グループのアイコンを変更", "更換了群組圖示", "更改了群图标",
    ),
    "description": (
        "changed the group description", "changed the description", "deleted the group description",
        "cambió la descripción", "gruppenbeschreibung", "la description du groupe",
        "mudou a descrição do grupo", "la descrizione del gruppo", "グループの説明を変更",
        "更改了群組說明", "更改了群描述",
    ),
    "settings": (
        "changed this group's settings", "changed the group settings", "only admins",
        "all participants", "gruppeneinstellungen", "los ajustes del grupo",
        "les paramètres de ce groupe", "as configurações do grupo", "le impostazioni del gruppo",
    ),
    "joined": (
        "joined using", "joined via", "joined from the community", "joined the group",
        "se unió usando", "se unió al grupo", "über den einladungslink",
        "ist der gruppe beigetreten", "a rejoint le groupe", "entrou usando", "si è unit",
        "招待リンクから参加", "透過群組邀請連結加入", "通过群邀请链接加入",
    ),
    "requested": ("requested to join", "requested to add", "solicitó unirse", "möchte beitreten"),
    "admin": (
        "now an admin", "no longer an admin", "you're an admin", "ahora eres admin",
        "ya no eres admin", "jetzt admin", "jetzt ein admin", "kein admin mehr",
        "maintenant admin", "agora é um admin", "agora é admin", "ora un amministratore",
    ),
    "number": (
        "changed their phone number", " changed to +", "changed to a new number",
        "cambió su número de teléfono", "telefonnummer", "zu…gewechselt",
        "a changé de numéro", "mudou de número", "mudou para +", "ha cambiato numero",
        "電話番号を変更", "번호를 변경했습니다",
    ),
    "security_code": (
        "security code", "código de seguridad", "sicherheitsnummer", "code de sécurité",
        "código de segurança", "codice di sicurezza", "beveiligingscode", "код безопасности",
        "güvenlik kodu", "セキュリティコード", "安全碼", "安全码",
    ),
    "disappearing": (
        "disappearing messages", "message timer", "mensajes temporales",
        "selbstlöschende nachrichten", "messages éphémères", "mensagens temporárias",
        "messaggi effimeri", "исчезающие сообщения", "verdwijnende berichten", "süreli mesaj",
        "消えるメッセージ", "限時訊息", "阅后即焚", "限时消息", "사라지는 메시지",
    ),
    "pinned": ("pinned a message", "fijó un mensaje", "nachricht angepinnt", "fixou uma mensagem"),
    "blocked": (
        "blocked this contact", "unblocked this contact", "bloqueaste a este contacto",
        "kontakt blockiert", "kontakt freigegeben", "bloqueou este contato",
    ),
    "business": (
        "business account", "this business", "this chat is with a business", "unternehmenskonto",
        "cuenta de empresa", "conta comercial", "compte professionnel",
    ),
    "meta_ai": ("meta ai", "messages are generated by ai"),
    "community": ("community", "comunidad", "communauté", "comunidade"),
    "privacy": ("advanced chat privacy", "erweiterter chat-datenschutz", "privacidad avanzada"),
    "group_call": (
        "started a call", "started a video call", "started a voice call", "einen anruf gestartet",
        "einen videoanruf gestartet", "inició una llamada", "inició una videollamada",
    ),
    "removed": (
        " removed ", "eliminó a", "te eliminó", "wurde entfernt", "hat…entfernt", "hast…entfernt",
        " a retiré", " a exclu", "removeu", "ha rimosso", "удалил", "verwijderd",
        "を削除しました", "移除了", "님을 내보냈습니다",
    ),
    "left": (
        " left ", "salió del grupo", "salió ", "die gruppe verlassen", "a quitté", " saiu",
        "è uscito", "è uscita", "ha abbandonato", "de groep verlaten", "покинул", "gruptan ayrıldı",
        "が退出しました", "退出しました", "退出了", "님이 나갔습니다", "غادر",
    ),
    "added": (
        " added ", " was added", "were added", "añadió a", "te añadió", "agregó a", "te agregó",
        "hinzugefügt", "a ajouté", "adicionou", "foi adicionado", "ha aggiunto", "toegevoegd",
        "добавил", "gruba ekledi", "grubuna ekledi", "を追加しました", "新增了", "加入了群",
        "님을 추가했습니다", "بإضافة",
    ),
}  # fmt: skip

GROUP_ONLY = frozenset({
    "group_created", "subject", "icon", "description", "settings", "joined", "requested", "admin",
    "removed", "left", "added", "community",
})  # fmt: skip

# Wordings that no name holds, to tell `Ada changed the subject from "A: B"` from a message of Ada.
STRONG = frozenset({
    "encryption", "group_created", "subject", "icon", "description", "joined", "number",
    "security_code", "disappearing",
})  # fmt: skip

# Calls are whole lines: the words, then nothing or a stop and how long it was.
CALLS: dict[str, tuple[str, ...]] = {
    "missed_video": (
        "missed video call", "missed group video call", "videollamada perdida",
        "verpasster videoanruf", "verpasster gruppenvideoanruf", "appel vidéo manqué",
        "chamada de vídeo perdida", "videochiamata persa", "gemist videogesprek",
        "пропущенный видеозвонок", "cevapsız görüntülü arama", "ビデオ通話の不在着信",
        "未接視訊通話", "未接视频通话", "부재중 영상통화", "مكالمة فيديو فائتة",
    ),
    "missed_voice": (
        "missed voice call", "missed group voice call", "missed call", "llamada perdida",
        "llamada de voz perdida", "verpasster sprachanruf", "verpasster gruppenanruf",
        "appel vocal manqué", "chamada de voz perdida", "chiamata vocale persa",
        "gemist spraakgesprek", "gemiste spraakoproep", "пропущенный аудиозвонок",
        "cevapsız sesli arama", "不在着信", "音声通話の不在着信", "未接語音通話", "未接语音通话",
        "부재중 음성통화", "مكالمة صوتية فائتة",
    ),
    "video": (
        "video call", "group video call", "silenced video call", "videollamada", "videoanruf",
        "gruppenvideoanruf", "appel vidéo", "chamada de vídeo", "videochiamata", "videogesprek",
        "видеозвонок", "görüntülü arama", "ビデオ通話", "視訊通話", "视频通话", "영상통화",
    ),
    "voice": (
        "voice call", "group voice call", "silenced voice call", "llamada de voz", "sprachanruf",
        "gruppenanruf", "appel vocal", "chamada de voz", "chiamata vocale", "spraakgesprek",
        "spraakoproep", "аудиозвонок", "sesli arama", "音声通話", "語音通話", "语音通话",
        "음성통화",
    ),
}  # fmt: skip


# Most lines are told by their first letters to be no call.
_CALL_STARTS = frozenset(start[:4] for starts in CALLS.values() for start in starts)


def notice_of(text: str) -> str:
    """The name of the event that a system line tells; empty if the wording is unknown."""
    padded = f" {plain(text[:2000]).rstrip('.')} "
    for event, stems in NOTICES.items():
        if any(_holds(padded, stem) for stem in stems):
            return event
    return ""


def is_encryption_notice(text: str) -> bool:
    """Whether this is the line about encryption with which conversations begin."""
    padded = plain(text[:1000])
    return any(_holds(padded, stem) for stem in NOTICES["encryption"])


def call_of(text: str) -> str:
    """The kind of call that a whole line tells (`voice`, `missed_video`); empty if none."""
    line = plain(text[:200])
    if len(line) > 100:
        return ""
    if line[:4] not in _CALL_STARTS:
        return ""
    for call, starts in CALLS.items():
        for start in starts:
            if line.startswith(start) and (
                not line[len(start) :] or line[len(start)] in ".,:،、。·"
            ):
                return call
    return ""


def _holds(text: str, stem: str) -> bool:
    at = 0
    for part in stem.split("…"):
        found = text.find(part, at)
        if found < 0:
            return False
        at = found + len(part)
    return True
